"""Coverage of each grid: how much of its open area is certainly, possibly or not seen."""

from __future__ import annotations

from typing import Any

import numpy as np
from branca.element import Element
from numpy.typing import NDArray

from geo.columns import Snapshot
from geo.errors import N_
from layers.base import LayerFrame, Legend, LegendItem, Params, chosen_level, features
from layers.complete import Complete
from layers.drawn import fetched_layer
from layers.engine import RULES, compute, rules_of
from layers.memo import Memo
from layers.sight import assumptions, sight_of

STEPS = (0.2, 0.4, 0.6, 0.8, 1.0)
AREAS = ("area_m2", "built_m2", "open_m2", "certain_m2", "possible_m2", "blind_m2")
_memo = Memo(2)


def blind_classes(blind_m2: NDArray[np.float64], open_m2: NDArray[np.float64]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the blind share of the open area (NaN without any) and the symbol of its class."""
    share = np.divide(blind_m2, open_m2, out=np.full(len(open_m2), np.nan), where=open_m2 > 0)
    classes = np.minimum(np.searchsorted(STEPS, np.nan_to_num(share), side="left"), len(STEPS) - 1)
    names = np.array([f"blind-{step}" for step in range(len(STEPS))], dtype=object)
    return share, np.where(np.isnan(share), "no-data", names[classes])


class CoverageLayer:
    """Where the cameras cannot see."""

    name = "coverage"
    title = N_("Coverage by grid")
    needs = ("grids", "buildings", "cameras")

    def frame(self, snapshot: Snapshot, params: Params) -> LayerFrame:
        """Return the grids of the level, worked out at once however long it takes; see `frame_of`."""
        if snapshot.crs is None:
            return self.frame_of(None, snapshot, params)
        owners = tuple(snapshot[name] for name in self.needs)
        level, rules = chosen_level(snapshot["grids"], params.level), rules_of(params)
        complete = _memo.get(owners, (snapshot.crs, level, rules), lambda: compute(snapshot, level, rules))
        return self.frame_of(complete, snapshot, params)

    def frame_of(self, complete: Complete | None, snapshot: Snapshot, params: Params) -> LayerFrame:
        """Return the grids of a result: areas, blind share of the open area (None without any) and its symbol.

        No grids without a result.
        """
        meta: dict[str, Any] = {
            "level": chosen_level(snapshot["grids"], params.level),
            "buildings": len(snapshot["buildings"]),
        }
        if complete is None:
            return LayerFrame(features(snapshot.crs, np.zeros(0, dtype=object), {}), None, {**meta, "rows": 0})
        wanted = np.ones(len(complete), bool) if params.parent is None else complete.parents == params.parent
        rows = np.flatnonzero(wanted)
        coverage = complete.city.coverage
        areas = {name: np.asarray(getattr(coverage, name))[rows] for name in AREAS}
        share, symbols = blind_classes(areas["blind_m2"], areas["open_m2"])
        frame = features(
            complete.crs,
            complete.city.cells.polygons[rows],
            {
                "code": complete.codes[rows],
                "name": complete.names[rows],
                "parent": complete.parents[rows],
                **areas,
                "blind_share": np.array([None if np.isnan(value) else float(value) for value in share], dtype=object),
                "symbol": symbols,
            },
        )
        meta |= {"rows": len(rows), **assumptions(sight_of(complete.city))}
        return LayerFrame(frame, legend_of(symbols) if len(rows) else None, meta)

    def draw(self, url: str, title: str) -> Element:
        """Return the element that registers the layer with the page."""
        return fetched_layer(self.name, url, title, depends=["level", "parent", *RULES])


def legend_of(symbols: NDArray[Any]) -> Legend:
    """Return the legend of grids drawn with these symbols."""
    items = [
        LegendItem(
            f"blind-{step}",
            "",
            100 * (STEPS[step - 1] if step else 0.0),
            100 * STEPS[step],
            int((symbols == f"blind-{step}").sum()),
        )
        for step in reversed(range(len(STEPS)))
    ]
    bare = int((symbols == "no-data").sum())
    if bare:
        items.append(LegendItem("no-data", N_("no open area"), count=bare))
    return Legend(N_("Blind share of the open area"), "%", tuple(items))
