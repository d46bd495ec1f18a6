"""Views of the cameras in the map's window: certain, or only possible."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from branca.element import Element

from geo.columns import Snapshot
from geo.errors import N_
from layers.base import LayerFrame, Legend, LegendItem, Params, features, in_bbox
from layers.drawn import fetched_layer
from layers.sight import assumptions, drawable, sight

LIMIT = 250
MOVED_M = 0.5  # a camera on a façade is not worth a word
CROWD = 2_500  # more views than this in one window are dots: none is drawn


class ViewsLayer:
    """One polygon a camera and state."""

    name = "views"
    title = N_("Camera views")
    needs = ("cameras", "buildings")

    def frame(self, snapshot: Snapshot, params: Params) -> LayerFrame:
        """Return the views that reach into the box, of the 250 cameras nearest to its middle, of none in a crowd.

        `meta["truncated"]` says when not all are there.
        """
        cameras = snapshot["cameras"]
        seen = sight(snapshot, params.assumed_range_m, params.online_only)
        rows = np.flatnonzero((seen.states.certain_deg > 0) | (seen.states.possible_deg > 0))
        if len(rows) == 0 or cameras.x is None or cameras.y is None:
            return LayerFrame(
                features(snapshot.crs, np.zeros(0, dtype=object), {}),
                None,
                {"truncated": False, "in_view": 0, **assumptions(snapshot, rows, params.assumed_range_m)},
            )
        reach = float(seen.states.range_m[rows].max())
        rows = rows[in_bbox(cameras.x[rows], cameras.y[rows], params.bbox, reach)]
        shown = rows[:0] if len(rows) > CROWD else rows
        if len(shown) > LIMIT:
            x0, y0, x1, y1 = params.bbox or (cameras.x.min(), cameras.y.min(), cameras.x.max(), cameras.y.max())
            away = np.hypot(cameras.x[rows] - (x0 + x1) / 2, cameras.y[rows] - (y0 + y1) / 2)
            shown = np.sort(rows[np.argsort(away, kind="stable")[:LIMIT]])
        ids = cameras.text("id")
        records: list[dict[str, Any]] = []
        shapes: list[shapely.Geometry] = []
        moves = seen.moved_m(shown)
        moved = dict(zip(shown.tolist(), np.where(moves >= MOVED_M, moves, 0.0).tolist(), strict=True))
        for state, views in zip(("possible", "certain"), reversed(seen.views(shown)), strict=True):
            for row, shape in zip(shown[drawable(views)], views[drawable(views)], strict=True):
                records.append(
                    {
                        "camera": None if ids[row] is None else str(ids[row]),
                        "state": state,
                        "area_m2": float(shapely.area(shape)),
                        "reach_m": float(seen.states.range_m[row]),
                        "range_assumed": bool(seen.states.range_assumed[row]),
                        "moved_m": moved[row],
                    }
                )
                shapes.append(shape)
        columns = {
            name: np.array([record[name] for record in records], dtype=object)
            for name in ("camera", "state", "area_m2", "reach_m", "range_assumed", "moved_m")
        }
        geometry = np.empty(len(shapes), dtype=object)
        geometry[:] = shapes
        states = [record["state"] for record in records]
        items = (
            LegendItem("view-certain", N_("certainly visible"), count=states.count("certain")),
            LegendItem("view-possible", N_("possibly visible"), count=states.count("possible")),
        )
        meta = {
            "truncated": len(rows) > LIMIT,
            "in_view": len(rows),
            "shown": len(shown),
            **assumptions(snapshot, rows, params.assumed_range_m),
        }
        inside = sum(distance > 0 for distance in moved.values())
        meta["moved"] = inside
        note = N_("{count} recorded inside a building: seen from the façade.") if inside else ""
        legend = Legend(self.title, N_("views"), items, note, {"count": inside}) if len(rows) else None
        return LayerFrame(features(snapshot.crs, geometry, columns), legend, meta)

    def draw(self, url: str, title: str) -> Element:
        """Return the element that registers the layer with the page."""
        return fetched_layer(self.name, url, title, depends=["bbox", "assumed_range_m", "online_only"])
