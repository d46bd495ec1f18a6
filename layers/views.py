"""Views of the cameras in the map's window: certain, or only possible."""

from __future__ import annotations

from typing import Any

import numpy as np
from branca.element import Element

from geo.columns import Snapshot
from geo.errors import N_
from layers.base import LayerFrame, Legend, LegendItem, Params, features, in_bbox, text_or_none
from layers.drawn import fetched_layer
from layers.engine import RULES, rules_of
from layers.sight import Sight, View, assumptions, sight

LIMIT = 250
MOVED_M = 0.5  # a camera on a façade is not worth a word
CROWD = 2_500  # more views than this in one window are dots: none is drawn


def view_columns(known: Sight, views: list[View]) -> dict[str, Any]:
    """Return what is said of each view: whose it is, its state, exact area and reach, what was assumed."""
    rows = np.array([view.row for view in views], dtype=np.int64)
    moved = known.beams.moved_m[rows]
    return {
        "camera": text_or_none(known.facts.id[rows]),
        "state": np.array([view.state for view in views], dtype=object),
        "area_m2": np.array([view.area_m2 for view in views], dtype=np.float64),
        "reach_m": known.beams.reach_m[rows],
        "range_assumed": known.beams.assumed["range"][rows],
        "moved_m": np.where(moved >= MOVED_M, moved, 0.0),
    }


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
        if snapshot.crs is None or cameras.x is None or cameras.y is None or len(cameras) == 0:
            empty = {"truncated": False, "in_view": 0, "shown": 0, "cameras": 0}
            return LayerFrame(features(snapshot.crs, np.zeros(0, dtype=object), {}), None, empty)
        known = sight(snapshot, rules_of(params))
        reach, moves = known.beams.reach_m, known.beams.moved_m
        rows = np.flatnonzero(reach > 0)
        rows = rows[in_bbox(cameras.x[rows], cameras.y[rows], params.bbox, float(reach.max()))]
        shown = rows[:0] if len(rows) > CROWD else rows
        if len(shown) > LIMIT:
            x0, y0, x1, y1 = params.bbox or (cameras.x.min(), cameras.y.min(), cameras.x.max(), cameras.y.max())
            away = np.hypot(cameras.x[rows] - (x0 + x1) / 2, cameras.y[rows] - (y0 + y1) / 2)
            shown = np.sort(rows[np.argsort(away, kind="stable")[:LIMIT]])
        views = sorted(known.views(shown), key=lambda view: view.state == "certain")  # drawn over the possible ones
        columns = view_columns(known, views)
        geometry = np.empty(len(views), dtype=object)
        geometry[:] = [view.polygon for view in views]
        states = [view.state for view in views]
        items = (
            LegendItem("view-certain", N_("certainly visible"), count=states.count("certain")),
            LegendItem("view-possible", N_("possibly visible"), count=states.count("possible")),
        )
        meta = {
            "truncated": len(rows) > LIMIT,
            "in_view": len(rows),
            "shown": len(shown),
            **assumptions(known, rows),
        }
        inside = int(np.count_nonzero(moves[shown] >= MOVED_M))
        meta["moved"] = inside
        note = N_("{count} recorded inside a building: seen from the façade.") if inside else ""
        legend = Legend(self.title, N_("views"), items, note, {"count": inside}) if len(rows) else None
        return LayerFrame(features(snapshot.crs, geometry, columns), legend, meta)

    def draw(self, url: str, title: str) -> Element:
        """Return the element that registers the layer with the page."""
        return fetched_layer(self.name, url, title, depends=["bbox", *RULES])
