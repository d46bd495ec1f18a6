"""The exposure audit: what each camera sees of private places, what it may not see, what is not recorded of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.camera_facts import ViewRules
from geo.columns import LayerColumns, Snapshot
from geo.duties import Duties, duties, forbidden_rows, standing_in
from geo.exposure import Exposure, expose, masked, meetings, overlaps, seen_zones
from geo.exposure_turn import Masks, Remedies, remedies
from geo.parallel import Cancelled, never
from geo.private import MASKS, Objects, Private, Rows, is_kind, private_ground
from geo.view import merged
from geo.views import Views, views_of
from layers.exposure import NEEDS
from layers.memo import Memo
from layers.sight import sight

_audits = Memo(4)
Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Finding:
    """A forbidden place that a camera stands in (`how` "in") or looks into ("sees")."""

    camera: int
    layer: str
    row: int
    how: str


@dataclass(frozen=True)
class Audit:
    """The audit of all cameras (n,).

    Attributes
    ----------
    exposure, duties
        See `geo.exposure`, `geo.duties`.
    rows, remedies
        The exposed cameras, and what would help each.
    seen
        Exposed camera and private zone in its view: pairs of rows.
    forbidden
        Where cameras may not be.
    private, masks
        What was taken as private, and how many masks there are.
    parts
        Object (k, 2): the private ground in the certain view of each of `rows`, and in the possible one, merged; None
        for none.
    """

    exposure: Exposure
    duties: Duties
    rows: Rows
    remedies: Remedies
    seen: tuple[Rows, Rows]
    forbidden: tuple[Finding, ...]
    private: Private
    masks: Masks
    parts: Objects


def nobody(share: float, step: str) -> None:
    """Nobody looks at the progress."""


def audited(
    snapshot: Snapshot, rules: ViewRules, progress: Progress = nobody, cancelled: Callable[[], bool] = never
) -> Audit:
    """Return the audit of a snapshot by `rules`, kept while what it reads stays the same.

    Raises
    ------
    geo.parallel.Cancelled
        `cancelled()` said so.
    """
    return _audits.get(_owners(snapshot), (snapshot.crs, rules), lambda: audit(snapshot, rules, progress, cancelled))


def audit_kept(snapshot: Snapshot, rules: ViewRules) -> Audit | None:
    """Return the audit if it is there; None where `audited` would have to work."""
    found: Audit | None = _audits.kept(_owners(snapshot), (snapshot.crs, rules))
    return found


def _owners(snapshot: Snapshot) -> tuple[LayerColumns, ...]:
    return tuple(snapshot[name] for name in NEEDS)


def audit(
    snapshot: Snapshot, rules: ViewRules, progress: Progress = nobody, cancelled: Callable[[], bool] = never
) -> Audit:
    """Work out the audit of a snapshot by `rules`; progress and stop as `audited`."""

    def within(step: str, low: float, high: float) -> Callable[[float], None]:
        if cancelled():
            raise Cancelled
        progress(low, step)
        return lambda share: progress(low + (high - low) * share, step)

    within("views", 0.0, 0.1)
    cameras, buildings, zones = (snapshot[name] for name in ("cameras", "buildings", "zones"))
    known = sight(snapshot, rules)
    private = private_ground(shapes(zones), zones.text("kind"), shapes(buildings), buildings.text("kind"))
    masks = masks_of(zones, cameras)
    views = masked(views_of(known.beams, known.obstacles, target_height_m=rules.target_height_m), masks.polygons,
                   masks.camera)  # fmt: skip
    told = within("private", 0.1, 0.2)
    exposure = expose(views, known.facts, private, year=rules.edition, progress=told, cancelled=cancelled)
    rows = np.flatnonzero(exposure.exposed).astype(np.int64)
    told = within("remedies", 0.2, 0.95)
    helps = remedies(known.facts, rows, views, private, masks, rules, known.obstacles, crs=known.crs, progress=told,
                     cancelled=cancelled)  # fmt: skip
    within("places", 0.95, 1.0)
    camera, zone = seen_zones(views, shapes(zones)[private.zones])
    return Audit(
        exposure,
        duties(cameras.text("purpose"), cameras.text("owner"), np.asarray(cameras.columns["sign"]),
               cameras.number("retention_days")),
        rows,
        helps,
        (camera, private.zones[zone]),
        _forbidden(snapshot, views),
        private,
        masks,
        _parts(views, rows, private),
    )  # fmt: skip


def shapes(layer: LayerColumns) -> NDArray[Any]:
    """Return the geometries of a layer, none where it has none."""
    return np.zeros(0, dtype=object) if layer.geometry is None else layer.geometry


def masks_of(zones: LayerColumns, cameras: LayerColumns) -> Masks:
    """Return what pictures do not show: zones of the kind, of the camera that their name is the id of, or of all."""
    rows = np.flatnonzero(is_kind(zones.text("kind"), MASKS))
    place = {camera: row for row, camera in enumerate(cameras.text("id"))}
    owner = [place.get(name, -1) for name in zones.text("name")[rows]]
    return Masks(shapes(zones)[rows], np.array(owner, dtype=np.int64))


def _forbidden(snapshot: Snapshot, views: Views) -> tuple[Finding, ...]:
    cameras, found = snapshot["cameras"], []
    if cameras.x is None or cameras.y is None:
        return ()
    for name in ("zones", "places"):
        layer = snapshot[name]
        rows = forbidden_rows(layer.text("kind"))
        areas = shapes(layer)[rows]
        inside = set(zip(*(part.tolist() for part in standing_in(cameras.x, cameras.y, areas)), strict=True))
        seen = set(zip(*(part.tolist() for part in seen_zones(views, areas)), strict=True)) - inside
        found += [Finding(camera, name, int(rows[area]), "in") for camera, area in inside]
        found += [Finding(camera, name, int(rows[area]), "sees") for camera, area in seen]
    return tuple(sorted(found, key=lambda one: (one.camera, one.how, one.layer, one.row)))


def _parts(views: Views, rows: Rows, private: Private) -> Objects:
    """The private ground that each exposed camera sees, certainly and possibly."""
    found = np.full((len(rows), 2), None, dtype=object)
    beams = np.flatnonzero(np.isin(views.of.camera, rows))
    at, piece = meetings(views.polygons[beams], private.pieces)
    cut = overlaps(views.polygons[beams[at]], private.pieces[piece])
    of = 2 * np.searchsorted(rows, views.of.camera[beams[at]]) + ~views.of.certain[beams[at]]
    order = np.argsort(of, kind="stable")
    for part in np.split(order, np.flatnonzero(np.diff(of[order])) + 1):
        if len(part):
            found[divmod(int(of[part[0]]), 2)] = merged([shape for shape in cut[part] if shape.area > 0])
    return found
