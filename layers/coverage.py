"""First coverage of each grid: how much of its open area is certainly, possibly or not seen."""

from __future__ import annotations

from typing import Any

import numpy as np
from branca.element import Element

from geo.columns import Snapshot
from geo.coverage import Coverage, first_coverage
from geo.errors import N_
from layers.base import LayerFrame, Legend, LegendItem, Params, chosen_level, features, rows_of_level, text_or_none
from layers.drawn import fetched_layer
from layers.memo import Memo
from layers.sight import assumptions, sight

# More of these would keep a request waiting for minutes.
MOST = {"grids": 5_000, "buildings": 20_000, "cameras": 1_000}
STEPS = (0.2, 0.4, 0.6, 0.8, 1.0)
AREAS = ("area_m2", "built_m2", "open_m2", "certain_m2", "possible_m2", "blind_m2")
_memo = Memo(6)


class CoverageLayer:
    """Where the cameras cannot see."""

    name = "coverage"
    title = N_("Coverage by grid")
    needs = ("grids", "buildings", "cameras")

    def too_large(self, snapshot: Snapshot, level: str | None) -> dict[str, Any] | None:
        """Return what there is too much of to measure in a request (what, count, limit), None where nothing is."""
        counts = {
            "grids": len(rows_of_level(snapshot["grids"], level)),
            "buildings": len(snapshot["buildings"]),
            "cameras": len(snapshot["cameras"]),
        }
        for what, count in counts.items():
            if count > MOST[what]:
                return {"what": what, "count": count, "limit": MOST[what]}
        return None

    def result(self, snapshot: Snapshot, level: str | None, params: Params) -> Coverage:
        """Return the areas of every grid of `level`, in square metres, however long it takes (see `too_large`)."""
        grids, cameras, buildings = snapshot["grids"], snapshot["cameras"], snapshot["buildings"]

        def make() -> Coverage:
            rows = rows_of_level(grids, level)
            cells = np.zeros(0, dtype=object) if grids.geometry is None else grids.geometry[rows]
            built = np.zeros(0, dtype=object) if buildings.geometry is None else buildings.geometry
            certain, possible = sight(snapshot, params.assumed_range_m, params.online_only).views(
                np.arange(len(cameras), dtype=np.int64)
            )
            return first_coverage(cells, built, certain, possible)

        return _memo.get((grids, cameras, buildings), (level, params.assumed_range_m, params.online_only), make)

    def frame(self, snapshot: Snapshot, params: Params) -> LayerFrame:
        """Return the grids of the level: areas, blind share of the open area (None without any) and its symbol.

        No grids where there is too much to measure: `meta["not_computed"]` says of what.
        """
        grids = snapshot["grids"]
        level = chosen_level(grids, params.level)
        assumed = assumptions(snapshot, np.arange(len(snapshot["cameras"])), params.assumed_range_m)
        meta: dict[str, Any] = {
            "level": level,
            "buildings": len(snapshot["buildings"]),
            "not_computed": self.too_large(snapshot, level),
            **assumed,
        }
        if meta["not_computed"] is not None:
            return LayerFrame(features(snapshot.crs, np.zeros(0, dtype=object), {}), None, {**meta, "rows": 0})
        every = rows_of_level(grids, level)
        keep = np.isin(every, rows_of_level(grids, level, params.parent))
        rows = every[keep]
        result = self.result(snapshot, level, params)
        areas = {name: np.asarray(getattr(result, name))[keep] for name in AREAS}
        open_m2, blind_m2 = areas["open_m2"], areas["blind_m2"]
        share = np.divide(blind_m2, open_m2, out=np.full(len(rows), np.nan), where=open_m2 > 0)
        known = np.isfinite(share)
        classes = np.full(len(rows), -1, dtype=np.int64)
        classes[known] = np.minimum(np.searchsorted(STEPS, share[known], side="left"), len(STEPS) - 1)
        geometry = np.zeros(0, dtype=object) if grids.geometry is None else grids.geometry[rows]
        frame = features(
            snapshot.crs,
            geometry,
            {
                "code": text_or_none(grids.text("code")[rows]),
                "name": text_or_none(grids.text("name")[rows]),
                "parent": text_or_none(grids.text("parent")[rows]),
                **areas,
                "blind_share": np.array(
                    [float(value) if np.isfinite(value) else None for value in share], dtype=object
                ),
                "symbol": np.array(["no-data" if step < 0 else f"blind-{step}" for step in classes], dtype=object),
            },
        )
        items = [
            LegendItem(
                f"blind-{step}",
                "",
                100 * (STEPS[step - 1] if step else 0.0),
                100 * STEPS[step],
                int((classes == step).sum()),
            )
            for step in reversed(range(len(STEPS)))
        ]
        if (classes == -1).any():
            items.append(LegendItem("no-data", N_("no open area"), count=int((classes == -1).sum())))
        meta["rows"] = len(rows)
        legend = Legend(N_("Blind share of the open area"), "%", tuple(items)) if len(rows) else None
        return LayerFrame(frame, legend, meta)

    def draw(self, url: str, title: str) -> Element:
        """Return the element that registers the layer with the page."""
        return fetched_layer(self.name, url, title, depends=["level", "parent", "assumed_range_m", "online_only"])
