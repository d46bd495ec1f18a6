"""What the audit found, as areas, lines and points on the map."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from branca.element import Element
from numpy.typing import NDArray

from geo.audit_kinds import SEVERITIES, TITLES
from geo.columns import Snapshot
from geo.errors import N_
from layers.audited import NEEDS, audit_of
from layers.base import LayerFrame, Legend, LegendItem, Params, features
from layers.drawn import fetched_layer

if TYPE_CHECKING:
    from geo.audit import Audit

LIMIT = 3_000
STATES = OPEN, ACCEPTED = ("open", "accepted")
GONE = "gone"  # of none that is there
SEVERITY_TITLES = {"error": N_("Error"), "warning": N_("Warning"), "note": N_("Remark")}


class FindingsLayer:
    """The findings in view, the gravest and largest first."""

    name = "findings"
    title = N_("Findings of the audit")
    needs = NEEDS

    def frame(self, snapshot: Snapshot, params: Params) -> LayerFrame:
        """Return the findings, worked out at once however long it takes; see `frame_of`."""
        return self.frame_of(audit_of(snapshot) if len(snapshot["grids"]) else None, snapshot, params)

    def frame_of(
        self, audit: Audit | None, snapshot: Snapshot, params: Params, accepted: Collection[str] = ()
    ) -> LayerFrame:
        """Return at most 3,000 findings of the kinds, severity, level and state asked for that meet the box."""
        if audit is None:
            nothing = features(snapshot.crs, np.zeros(0, dtype=object), {})
            return LayerFrame(nothing, None, {"rows": 0, "in_view": 0, "truncated": False})
        found = audit.findings
        wanted = chosen(audit, params, accepted)
        shapes = found.shape
        present = wanted[~shapely.is_missing(shapes[wanted])]
        if params.bbox is not None:
            west, south, east, north = params.bbox
            boxes = shapely.bounds(shapes[present])
            present = present[
                (boxes[:, 0] <= east) & (boxes[:, 2] >= west) & (boxes[:, 1] <= north) & (boxes[:, 3] >= south)
            ]
        shown = present[:LIMIT]
        severity = found.severity
        words = np.array(SEVERITIES, dtype=object)
        frame = features(
            snapshot.crs,
            _on_the_map(shapes[shown]),
            {
                "id": found.id[shown],
                "kind": found.kind[shown],
                "title": np.array([TITLES[kind] for kind in found.kind[shown]], dtype=object),
                "severity": words[severity[shown]],
                "symbol": np.array([f"finding-{word}" for word in words[severity[shown]]], dtype=object),
                "measure": found.measure[shown],
            },
        )
        meta = {"rows": len(wanted), "in_view": len(present), "truncated": len(present) > LIMIT}
        return LayerFrame(frame, _legend(self.title, severity[wanted]), meta)

    def draw(self, url: str, title: str) -> Element:
        """Return the element that registers the layer with the page."""
        return fetched_layer(self.name, url, title, depends=["kind", "severity", "at_level", "state", "bbox"])


def chosen(audit: Audit, params: Params, accepted: Collection[str] = ()) -> NDArray[np.int64]:
    """Return the positions of the findings that a reader asks for, in their order.

    Parameters
    ----------
    accepted
        Ids of those that are accepted as they are: all others are open.
    """
    found = audit.findings
    wanted = np.ones(len(found), dtype=bool)
    if params.finding_kinds:
        wanted &= np.isin(found.kind.astype(str), list(params.finding_kinds))
    if params.finding_severity is not None:
        wanted &= found.severity == SEVERITIES.index(params.finding_severity)
    if params.finding_level is not None:
        wanted &= found.level == params.finding_level
    if params.finding_state == GONE:
        wanted[:] = False
    elif params.finding_state is not None:
        wanted &= np.isin(found.id.astype(str), list(accepted)) == (params.finding_state == ACCEPTED)
    return np.flatnonzero(wanted).astype(np.int64)


def _on_the_map(shapes: NDArray[Any]) -> NDArray[Any]:
    """Of several points the one in their midst; anything else as it is."""
    several = np.flatnonzero(shapely.get_type_id(shapes) == 4)
    shapes[several] = shapely.point_on_surface(shapes[several])
    return shapes


def _legend(title: str, severity: NDArray[Any]) -> Legend:
    items = tuple(
        LegendItem(f"finding-{word}", SEVERITY_TITLES[word], count=int((severity == rank).sum()))
        for rank, word in reversed(list(enumerate(SEVERITIES)))
    )
    return Legend(title, N_("findings"), items, N_("Areas under 0.01 m² are remarks."))
