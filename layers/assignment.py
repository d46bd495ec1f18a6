"""Incidents whose grid is in doubt: recorded elsewhere, in no grid, or close to a border."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING

import numpy as np
from branca.element import Element
from numpy.typing import NDArray

from geo.columns import Snapshot
from geo.errors import N_
from layers.base import (
    LayerFrame,
    Legend,
    LegendItem,
    Params,
    chosen_level,
    features,
    in_bbox,
    number_or_none,
    points,
    rows_of_level,
    text_or_none,
)
from layers.drawn import fetched_layer
from layers.incidents import iso_times
from layers.joins import selected
from layers.tails import Arrays, Tails

if TYPE_CHECKING:
    from geo.assignment import AssignmentCheck

LIMIT = 3_000
_tails = Tails(16)


def decided_rows(snapshot: Snapshot, level: str | None) -> NDArray[np.bool_]:
    """Return which incidents were decided at `level`: they are in no doubt there any more."""
    incidents = snapshot["incidents"]
    found = np.zeros(len(incidents), dtype=bool)
    if incidents.decided is not None:
        rows = incidents.decided.rows_in(incidents.fid)
        found[rows[(incidents.decided.level == level) & (rows >= 0)]] = True
    return found


class AssignmentLayer:
    """The doubtful incidents, the gravest doubt first."""

    name = "assignment"
    title = N_("Assignment check")
    needs = ("grids", "incidents")

    def result(self, snapshot: Snapshot, level: str | None, near_m: float) -> AssignmentCheck | None:
        """Return the check of every incident against the grids of `level`; None without grids or incidents."""
        grids, incidents = snapshot["grids"], snapshot["incidents"]
        rows = rows_of_level(grids, level)
        if len(rows) == 0 or len(incidents) == 0 or grids.geometry is None:
            return None
        from geo.assignment import AssignmentCheck, check_assignment  # brings in the compiler; only to check something

        shapes, codes, names = grids.geometry, grids.text("code"), [one.name for one in fields(AssignmentCheck)]

        def some(part: slice) -> Arrays:
            other = np.setdiff1d(np.arange(len(grids)), rows)
            assert incidents.x is not None and incidents.y is not None
            found = check_assignment(
                incidents.x[part],
                incidents.y[part],
                incidents.text("grid_code")[part],
                shapes[rows],
                codes[rows],
                near_m=0.0,
                others=(shapes[other], codes[other]),
            )
            return tuple(getattr(found, name) for name in names)

        # A decision, or an incident more, is no reason to look at all others again.
        kept = AssignmentCheck(*_tails.get(incidents, (grids,), ("check", level), some))
        return replace(kept, near=kept.distance_m <= near_m)

    def frame(self, snapshot: Snapshot, params: Params) -> LayerFrame:
        """Return at most 3,000 doubtful incidents of the box: their doubts, and the gravest of them as `why`."""
        grids, incidents = snapshot["grids"], snapshot["incidents"]
        level = chosen_level(grids, params.level)
        check = self.result(snapshot, level, params.near_m)
        chosen = selected(snapshot, params)
        meta = {
            "level": level,
            "near_m": params.near_m,
            "total": int(chosen.sum()),
            "outside": 0,
            "differs": 0,
            "near_border": 0,
            "doubtful": 0,
            "truncated": False,
        }
        if check is None or snapshot.crs is None or incidents.x is None or incidents.y is None:
            return LayerFrame(features(snapshot.crs, np.zeros(0, dtype=object), {}), None, meta)
        chosen = chosen & ~decided_rows(snapshot, level)
        differs, outside, near = (np.asarray(mask) & chosen for mask in (check.differs, check.outside, check.near))
        gravity = np.select([outside, differs, near], [3, 2, 1], default=0)
        doubtful = int((gravity > 0).sum())
        rows = np.flatnonzero((gravity > 0) & in_bbox(incidents.x, incidents.y, params.bbox))
        rows = rows[np.lexsort((check.distance_m[rows], -gravity[rows]))]
        shown = rows[:LIMIT]
        codes = np.append(grids.text("code")[rows_of_level(grids, level)], None)
        frame = points(
            snapshot.crs,
            incidents.x[shown],
            incidents.y[shown],
            {
                "id": text_or_none(incidents.text("id")[shown]),
                "category": text_or_none(incidents.text("category")[shown]),
                "occurred_at": iso_times(incidents.columns["occurred_at"][shown]),
                "recorded": text_or_none(incidents.text("grid_code")[shown]),
                "located": text_or_none(codes[check.located[shown]]),
                "distance_m": number_or_none(check.distance_m[shown]),
                "differs": differs[shown],
                "outside": outside[shown],
                "near": near[shown],
                "why": np.array(["", "near_border", "differs", "outside"], dtype=object)[gravity[shown]],
            },
        )
        meta |= {
            "outside": int(outside.sum()),
            "differs": int(differs.sum()),
            "near_border": int(near.sum()),
            "doubtful": doubtful,
            "in_view": len(rows),
            "truncated": len(rows) > LIMIT,
        }
        items = (
            LegendItem("doubt-differs", N_("recorded in another grid"), count=int(differs.sum())),
            LegendItem("doubt-outside", N_("in no grid"), count=int(outside.sum())),
            LegendItem("doubt-near_border", N_("close to a border"), count=int(near.sum())),
        )
        legend = Legend(
            self.title, N_("incidents"), items, N_("Close: within {near_m} m"), {"near_m": f"{params.near_m:g}"}
        )
        return LayerFrame(frame, legend, meta)

    def draw(self, url: str, title: str) -> Element:
        """Return the element that registers the layer with the page."""
        return fetched_layer(
            self.name, url, title, depends=["level", "near_m", "from", "to", "category", "hours", "weekdays", "bbox"]
        )
