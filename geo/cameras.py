"""From what is known of a camera to what it certainly sees and what it may see, before anything stands in its way.

A camera's picture is a sector: a middle, an angle, from a near radius to a reach. What is not known of it leaves many
sectors. A place is certain if all of them hold it, possible if at least one does. The rules of `beams_of`, in order:

1. Known to be offline: with `online_only` it sees nothing. Online unknown: with `online_only` it is only possible.
2. Range 0 or angle of view 0 sees nothing.
3. Reach without a class is the range. Range unknown: the stated assumption stands in for it, nothing is certain.
4. Reach for a class is where its density is met (`geo.reach.reach_m`), at most the range; where the range is unknown it
   is that distance alone. Pixels or angle unknown: as rule 3, and nothing is certain.
5. Angle known to be 360, or `panoramic` without an angle: all round. A direction has no meaning for it.
6. `ptz` and `dome` turn: possible is the circle to the range, for a class too as they can zoom. Azimuth and angle, when
   both are set, are the home view, which is certain as far as rules 3 and 4 say.
7. Others, azimuth and angle known: azimuth within +-t (t = 0 where no tolerance is stated, 22.5 for eight compass
   points) makes the sector angle - 2 t certain, because every allowed azimuth has it in view, and angle + 2 t possible.
   t counts for the home view of rule 6 in the same way.
8. `fixed`, azimuth known, angle unknown: possible 180 + 2 t, as no fixed flat picture is wider.
9. Everything else: possible all round.
10. Near blind zone (`geo.reach.near_blind_m`): cut where height, tilt and vertical angle are known, else taken as 0. A
    turning camera can look down, so that its zone is still possible.
11. A camera of unknown height is taken to be no higher than any building: every building hides all behind it.

12. What a mask hides (`geo.sectors`) is neither certain nor possible, wherever the camera turns.

The possible beams of a camera are without its certain one: flanks beside it, a ring beyond it, what is beneath it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.camera_facts import CameraFacts, ViewRules, angle_deg, px_per_m_at
from geo.crs import grid_azimuth
from geo.obstacles import Obstacles
from geo.reach import capped_reach_m, near_blind_m, reach_m
from geo.sectors import shown_sectors, unmasked
from geo.visibility import Beams, settle_cameras

__all__ = [
    "FARTHEST_M",
    "CameraBeams",
    "CameraFacts",
    "Extents",
    "ViewRules",
    "beams_of",
    "extents_of",
    "px_per_m_at",
]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Parts = tuple[NDArray[np.int32], Flags, Floats, Floats, Floats, Floats]

WIDEST_FIXED_DEG = 180.0
FARTHEST_M = 10_000.0  # of a class by its density, where no range is recorded: the longest range that can be


@dataclass(frozen=True)
class Extents:
    """The certain and the possible sector of each camera; arrays (n,).

    Attributes
    ----------
    certain_deg, possible_deg
        float64: angles about `azimuth_deg`; 0 for none, 360 for all round. Possible >= certain.
    certain_m, possible_m
        float64: reach; possible >= certain.
    certain_near_m, possible_near_m
        float64: near blind radius; possible <= certain.
    azimuth_deg
        float64: clockwise from true north, NaN where unknown.
    assumed
        Which fact is missing, bool (n,): "range" (the assumption stands in for it), "direction", "fov", "pixels",
        "near", "height", "state"; and "turning": which cameras turn.
    """

    certain_deg: Floats
    possible_deg: Floats
    certain_m: Floats
    possible_m: Floats
    certain_near_m: Floats
    possible_near_m: Floats
    azimuth_deg: Floats
    assumed: Mapping[str, Flags]


@dataclass(frozen=True)
class CameraBeams:
    """What to compute of each camera: its certain and possible beams, none of which lies over another of the camera.

    Attributes
    ----------
    beams
        Rows (b,) in the order of the cameras.
    camera
        int32 (b,): row of the camera.
    certain
        bool (b,).
    moved_m
        float64 (n,): how far a camera drawn inside a footprint was moved to the façade, 0 for none.
    reach_m
        float64 (n,): reach of the possible view, 0 where nothing is seen.
    assumed
        See `Extents`.
    """

    beams: Beams
    camera: NDArray[np.int32]
    certain: Flags
    moved_m: Floats
    reach_m: Floats
    assumed: Mapping[str, Flags]

    def __len__(self) -> int:
        return len(self.camera)

    def take(self, rows: NDArray[np.int64] | Flags) -> Beams:
        """Return the beams at `rows` alone."""
        return Beams(*(getattr(self.beams, field.name)[rows] for field in fields(Beams)))


def extents_of(facts: CameraFacts, rules: ViewRules) -> Extents:
    """Decide what of each camera's view is certain and what is possible; the rules are the module's text."""
    angle, slack = np.minimum(angle_deg(facts), 360.0), np.nan_to_num(facts.azimuth_tolerance_deg)
    azimuth, ranged = facts.azimuth_deg, np.isfinite(facts.range_m)
    fixed, turning = facts.kind == "fixed", (facts.kind == "ptz") | (facts.kind == "dome")
    all_round = angle >= 360
    home = np.isfinite(azimuth) & np.isfinite(angle)

    certain = np.where(all_round, 360.0, np.where(home, np.maximum(angle - 2 * slack, 0.0), 0.0))
    half = np.isfinite(azimuth) & np.isnan(angle) & fixed
    possible = np.where(home, angle + 2 * slack, np.where(half, WIDEST_FIXED_DEG + 2 * slack, 360.0))
    possible = np.where(all_round | turning, 360.0, np.minimum(possible, 360.0))

    farthest = np.where(ranged, facts.range_m, rules.assumed_range_m)
    if rules.px_per_m is None:
        near_end, far_end, assumed = np.where(ranged, facts.range_m, 0.0), farthest, ~ranged
    else:
        reach = reach_m(facts.pixels_h, angle, rules.px_per_m)
        met = np.isfinite(facts.pixels_h) & np.isfinite(angle)
        near_end = np.where(met, np.minimum(capped_reach_m(reach, facts.range_m), FARTHEST_M), 0.0)
        far_end = np.where(met & ~turning, near_end, np.maximum(farthest, near_end))
        assumed = ~ranged & (~met | turning)

    near = near_blind_m(facts.height_m, facts.tilt_deg, facts.vfov_deg)
    blind = np.nan_to_num(near)
    nothing = (facts.range_m == 0) | (angle == 0)
    if rules.online_only:
        nothing = nothing | (facts.online == 0)
        certain = np.where(facts.online == -1, 0.0, certain)
    surely = ~nothing & (certain > 0) & (near_end > blind)
    perhaps = ~nothing & (far_end > np.where(turning, 0.0, blind))
    return Extents(
        certain_deg=np.where(surely, certain, 0.0),
        possible_deg=np.where(perhaps, possible, 0.0),
        certain_m=np.where(surely, near_end, 0.0),
        possible_m=np.where(perhaps, far_end, 0.0),
        certain_near_m=blind,
        possible_near_m=np.where(turning, 0.0, blind),
        azimuth_deg=azimuth,
        assumed={
            "range": assumed,
            "direction": np.isnan(azimuth) & ~all_round & ~turning,
            "fov": np.isnan(angle) & ~turning,
            "pixels": np.isnan(facts.pixels_h) & (rules.px_per_m is not None),
            "near": np.isnan(near),
            "height": np.isnan(facts.height_m),
            "turning": turning & ~all_round,
            "state": facts.online == -1,
        },
    )


def beams_of(facts: CameraFacts, rules: ViewRules, obstacles: Obstacles, *, crs: str) -> CameraBeams:
    """Return the beams of cameras among obstacles.

    Parameters
    ----------
    facts
        Cameras (n,), in `crs`.
    rules
        What is asked for.
    obstacles
        In `crs`. A camera drawn inside one is moved to its façade (`geo.visibility.settle_cameras`).
    crs
        Needed to turn azimuths from true north to grid north.
    """
    extents = extents_of(facts, rules)
    x, y, moved = facts.x.astype(np.float64), facts.y.astype(np.float64), np.zeros(len(facts))
    aim = np.full(len(facts), np.nan)
    active = np.flatnonzero((extents.possible_deg > 0) | (extents.certain_deg > 0))
    aimed = active[np.isfinite(extents.azimuth_deg[active])]
    if len(aimed):
        aim[aimed] = grid_azimuth(extents.azimuth_deg[aimed], x[aimed], y[aimed], crs)
    if len(active):
        settled = settle_cameras(x[active], y[active], aim[active], obstacles)
        x[active], y[active], moved[active] = settled.x, settled.y, settled.moved_m

    parts = _parts(extents, np.nan_to_num(aim))
    camera, certain, azimuth, angle, near, far = _without_masks(parts, facts.masks, x, y, crs)
    return CameraBeams(
        beams=Beams(x[camera], y[camera], azimuth, angle, near, far, facts.height_m[camera].astype(np.float64)),
        camera=camera,
        certain=certain,
        moved_m=moved,
        reach_m=extents.possible_m,
        assumed=extents.assumed,
    )


def _without_masks(parts: Parts, masks: NDArray[Any], x: Floats, y: Floats, crs: str) -> Parts:
    """The beams without what masks hide: cut into narrower ones, in the order of the cameras still."""
    camera, certain, azimuth, angle, near, far = parts
    sectors = {row: shown_sectors(masks[row]) for row in np.unique(camera).tolist() if masks[row]}
    beams = np.flatnonzero(np.isin(camera, [row for row, found in sectors.items() if found]))
    if not len(beams):
        return parts
    own = np.unique(camera[beams])
    north = dict(zip(own.tolist(), grid_azimuth(np.zeros(len(own)), x[own], y[own], crs).tolist(), strict=True))
    source, about, width = [], [], []
    for beam in beams.tolist():
        row = int(camera[beam])
        turned = tuple((first + north[row], angle_) for first, angle_ in sectors[row])
        for middle, wide in unmasked(float(azimuth[beam]), float(angle[beam]), turned):
            source.append(beam)
            about.append(middle)
            width.append(wide)
    whole = np.setdiff1d(np.arange(len(camera)), beams)
    rows = np.concatenate([whole, np.array(source, np.int64)])
    order = np.argsort(rows, kind="stable")
    azimuth = np.concatenate([azimuth[whole], about])[order]
    angle = np.concatenate([angle[whole], width])[order]
    rows = rows[order]
    return camera[rows], certain[rows], azimuth, angle, near[rows], far[rows]


def _parts(extents: Extents, aim: Floats) -> Parts:
    """Camera, certain, azimuth, angle, near, far of every beam, sorted by camera."""
    inner, outer = extents.certain_deg, extents.possible_deg
    start, end, low, high = extents.certain_near_m, extents.certain_m, extents.possible_near_m, extents.possible_m
    seen, closed = inner > 0, outer >= 360
    flank = np.maximum(outer - inner, 0.0)
    one, back, sides = ~seen, seen & closed, seen & ~closed
    sections = (  # which cameras, certain, azimuth, angle, near, far
        (seen, True, aim, inner, start, end),
        (one, False, aim, outer, low, high),
        (back, False, aim + 180.0, flank, low, high),
        (sides, False, aim - (inner + outer) / 4, flank / 2, low, high),
        (sides, False, aim + (inner + outer) / 4, flank / 2, low, high),
        (seen, False, aim, inner, end, high),  # the ring beyond
        (seen, False, aim, inner, low, np.minimum(start, high)),  # what is beneath
    )
    rows = [np.flatnonzero(which & (angle > 0) & (far > near)) for which, _, _, angle, near, far in sections]
    camera = np.concatenate(rows)
    order = np.argsort(camera, kind="stable")
    sure = np.repeat([section[1] for section in sections], [len(row) for row in rows])
    azimuth, angle, near, far = (
        np.concatenate([np.asarray(section[i])[row] for row, section in zip(rows, sections, strict=True)])[order]
        for i in (2, 3, 4, 5)
    )
    return camera[order].astype(np.int32), sure[order], np.mod(azimuth, 360.0), angle, near, far
