"""The audit of a snapshot's division, kept by what it was made of; after an edit only what it touches is worked out."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from geo.columns import LayerColumns, Snapshot
from geo.parallel import never
from layers.memo import Memo

if TYPE_CHECKING:  # the compiler comes with it; only where there is something to look at
    from geo.audit import Audit
    from geo.audit_division import Division
    from geo.audit_rules import AuditRules
    from geo.audit_things import Spots, Things

NEEDS = ("grids", "buildings", "cameras", "places", "incidents")
MOST_KEPT = 2
_memo = Memo(4)
_latest: list[tuple[Snapshot, Audit]] = []
_lock = threading.Lock()


def nobody(share: float, step: str) -> None:
    """Nobody looks at the progress."""


def _owners(snapshot: Snapshot) -> tuple[LayerColumns, ...]:
    return tuple(snapshot[name] for name in NEEDS)


def kept_audit(snapshot: Snapshot, rules: AuditRules | None = None) -> Audit | None:
    """Return the audit of a snapshot where it was made before, None where not."""
    found: Audit | None = _memo.kept(_owners(snapshot), (snapshot.crs, rules))
    return found


def audit_of(
    snapshot: Snapshot, progress: Callable[[float, str], None] = nobody, cancelled: Callable[[], bool] = never,
    rules: AuditRules | None = None,
) -> Audit:  # fmt: skip
    """Return the audit of a snapshot, made when it is not there, however long that takes.

    Where an audit of nearly the same is there, of which few grids were edited or points were added, only these are
    looked at.

    Raises
    ------
    geo.parallel.Cancelled
        `cancelled()` said so.
    """
    from geo.audit import audit

    def make() -> Audit:
        known = _nearest(snapshot, rules)
        if known is not None:
            return _again(*known, snapshot)
        return audit(division_of(snapshot["grids"]), things_of(snapshot), rules, progress=progress, cancelled=cancelled)

    found = _memo.get(_owners(snapshot), (snapshot.crs, rules), make)
    with _lock:
        _latest[:] = [(snapshot, found), *((one, other) for one, other in _latest if other is not found)][:MOST_KEPT]
    return found


def _nearest(snapshot: Snapshot, rules: AuditRules | None) -> tuple[Snapshot, Audit] | None:
    """An audit by the same rules of the same buildings and of grids of the same names in the same order."""
    from geo.audit_rules import AuditRules

    asked = rules or AuditRules()
    with _lock:
        known = list(_latest)
    for before, found in known:
        grids, others = snapshot["grids"], before["grids"]
        if (
            before.crs == snapshot.crs
            and found.rules == asked
            and before["buildings"] is snapshot["buildings"]
            and (
                grids is others
                or (
                    np.array_equal(grids.fid, others.fid)
                    and all(np.array_equal(grids.text(name), others.text(name)) for name in ("code", "level", "parent"))
                )
            )
        ):
            return before, found
    return None


def _again(before: Snapshot, found: Audit, snapshot: Snapshot) -> Audit:
    from geo.audit_again import audit_again, audit_points_again

    if any(before[name] is not snapshot[name] for name in ("cameras", "places", "incidents")):
        found = audit_points_again(found, things_of(snapshot))
    grids = snapshot["grids"]
    if grids is before["grids"] or grids.geometry is None:
        return found
    return audit_again(found, grids.geometry, grids.text("team"), grids.number("population"))


def division_of(grids: LayerColumns) -> Division:
    """Return the grids of all levels as the audit takes them."""
    from geo.audit_division import division

    shapes = np.zeros(0, dtype=object) if grids.geometry is None else grids.geometry
    return division(
        grids.text("code"), grids.text("level"), grids.text("parent"), shapes, grids.text("team"),
        grids.number("population"),
    )  # fmt: skip


def things_of(snapshot: Snapshot) -> Things:
    """Return what lies in the grids of a snapshot."""
    from geo.audit_things import Incidents, Spots, Things

    buildings, cameras, incidents = (snapshot[name] for name in ("buildings", "cameras", "incidents"))
    return Things(
        buildings=buildings.geometry if len(buildings) else None,
        building_ids=buildings.text("id") if len(buildings) else None,
        cameras=None if cameras.x is None or cameras.y is None else Spots(cameras.text("id"), cameras.x, cameras.y),
        places=_places(snapshot["places"]),
        incidents=None
        if incidents.x is None or incidents.y is None
        else Incidents(incidents.x, incidents.y, incidents.text("grid_code")),
    )


def _places(places: LayerColumns) -> Spots | None:
    """Places by a point inside each, called by their names, else by their ids."""
    from geo.audit_things import Spots

    if places.geometry is None or not len(places):
        return None
    spots = shapely.point_on_surface(places.geometry)
    name: Any = np.array(
        [own or other for own, other in zip(places.text("name"), places.text("id"), strict=True)], dtype=object
    )
    return Spots(name, shapely.get_x(spots), shapely.get_y(spots))
