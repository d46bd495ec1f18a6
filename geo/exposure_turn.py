"""The least that takes private ground out of a camera's view: a turn, a shorter range, a narrower angle, or a mask.

All that a camera could see round about is looked at once, in steps of `STEP_DEG`: how much private ground, how much
other open ground lies in each, and how much of that no other camera sees. A turned camera sees another run of the same
steps. What all cameras together cover is what counts: ground that another one sees as well is not lost. A turn is
allowed if the union of all views falls by at most `MOST_LOSS` of the open ground that the camera covers now; the
smallest one is taken, clockwise if two are equal. It is then worked out as a view, and told only if that is free of
private ground. For range, angle and mask it is said what they lose of the union; the reader decides. Each camera is
looked at with all others as they are: two that take the same ground for the other's must not both be turned unlooked.

The whole view is meant, certain and possible. A camera that turns, looks all round, or has no known direction or angle
has no turn or angle that helps.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.cameras import CameraBeams, CameraFacts, ViewRules, beams_of, extents_of
from geo.crs import grid_azimuth
from geo.exposure import expose, masked, meetings, overlaps
from geo.exposure_steps import STEP_DEG, STEPS, by_step
from geo.obstacles import Obstacles
from geo.others import seen_by_others, without
from geo.parallel import Cancelled, never, silent
from geo.private import Objects, Private, Rows
from geo.sectors import shown_sectors, shown_share
from geo.views import Views, views_of
from geo.visibility import Beams, visible

Floats = NDArray[np.float64]

MOST_LOSS = 0.02
GONE_M2 = 0.001  # private ground that may be left in steps of azimuth, five times that in the view worked out


_AT_ONCE = 250  # cameras whose steps are held at once, and that are looked at before `cancelled` is asked again


@dataclass(frozen=True)
class Masks:
    """What pictures do not show: polygons (m,), and the camera row each belongs to, -1 for all cameras."""

    polygons: Objects
    camera: Rows


@dataclass(frozen=True)
class Remedies:
    """What would take private ground out of the view of each camera asked for; arrays (k,), NaN where nothing does.

    Attributes
    ----------
    turn_deg
        float64: by how much to turn, clockwise positive.
    turn_loss
        float64: ground that no camera sees any more, less what none saw before, as a share of the open ground that the
        camera covers now; negative where more is covered.
    range_m, range_loss
        float64: the range to shorten it to, and the share that loses, whatever it is.
    hfov_deg, hfov_loss
        float64: the angle to narrow it to about its direction, and the share that loses.
    mask_from_deg, mask_to_deg
        float64: the narrowest sector that holds all private ground in view, clockwise from true north.
    mask_loss
        float64: share of the open ground covered now that lies in the sector and that no other camera sees.
    """

    turn_deg: Floats
    turn_loss: Floats
    range_m: Floats
    range_loss: Floats
    hfov_deg: Floats
    hfov_loss: Floats
    mask_from_deg: Floats
    mask_to_deg: Floats
    mask_loss: Floats


@dataclass(frozen=True)
class _Round:
    """Sums of steps of azimuth, from any direction over any angle (degrees)."""

    sums: Floats

    def of(self, first: Floats | float, width: Floats | float) -> Floats:
        """Return the sum from `first` clockwise over `width` up to 360."""
        return self._up_to(np.asarray(first, np.float64) + width) - self._up_to(first)

    def _up_to(self, angle: Floats | float) -> Floats:
        turns, rest = np.divmod(np.asarray(angle, np.float64), 360.0)
        found: Floats = turns * self.sums[-1] + np.interp(rest / STEP_DEG, np.arange(STEPS + 1), self.sums)
        return found


def remedies(
    facts: CameraFacts,
    rows: Rows,
    views: Views,
    private: Private,
    masks: Masks,
    rules: ViewRules,
    obstacles: Obstacles,
    *,
    crs: str,
    progress: Callable[[float], None] = silent,
    cancelled: Callable[[], bool] = never,
) -> Remedies:
    """Return the remedies of some cameras.

    Parameters
    ----------
    facts, views
        All cameras, and their views by `rules` among `obstacles`, masks taken off.
    rows
        The cameras asked for, (k,), ascending; they see something.
    private, masks
        In `crs`.
    progress, cancelled
        Called with the share done, asked whether to stop, after every `_AT_ONCE` cameras.

    Raises
    ------
    geo.parallel.Cancelled
        `cancelled()` said so.
    """
    found = []
    for start in range(0, len(rows), _AT_ONCE):
        if cancelled():
            raise Cancelled
        found.append(_of_some(facts, rows[start : start + _AT_ONCE], views, private, masks, rules, obstacles, crs))
        progress(min(1.0, (start + _AT_ONCE) / len(rows)))
    return Remedies(*np.concatenate([np.zeros((9, 0)), *found], axis=1))


def _of_some(
    facts: CameraFacts,
    rows: Rows,
    views: Views,
    private: Private,
    masks: Masks,
    rules: ViewRules,
    obstacles: Obstacles,
    crs: str,
) -> Floats:
    """The fields of `Remedies` of some cameras, (9, k)."""
    k = len(rows)
    extents = extents_of(facts.take(rows), rules)
    own = np.where(masks.camera < 0, -1, np.searchsorted(rows, masks.camera))
    mine = (masks.camera < 0) | np.isin(masks.camera, rows)
    around = masked(
        _round_about(views, rows, extents.possible_near_m, extents.possible_m, rules, obstacles),
        masks.polygons[mine],
        own[mine],
    )
    beams = around.of.beams
    centres = np.column_stack([beams.x, beams.y])
    camera, piece = meetings(around.polygons, private.pieces)
    parts = overlaps(around.polygons[camera], private.pieces[piece])
    north = grid_azimuth(np.zeros(k), beams.x, beams.y, crs)
    shown = np.ones((k, STEPS))
    for i in np.flatnonzero(facts.masks[rows]).tolist():
        shown[i] = shown_share(shown_sectors(facts.masks[rows[i]]), STEPS, float(north[i]))
    others = seen_by_others(views, rows, around.polygons)
    alone = without(around.polygons, others)
    secret = by_step(parts, camera, centres) * shown
    free = np.maximum(by_step(around.polygons, np.arange(k), centres) * shown - secret, 0.0)
    camera, piece = meetings(alone, private.pieces)
    hidden_alone = by_step(overlaps(alone[camera], private.pieces[piece]), camera, centres)
    own_free = np.maximum((by_step(alone, np.arange(k), centres) - hidden_alone) * shown, 0.0)
    width = extents.possible_deg
    aimed = np.isfinite(extents.azimuth_deg) & (width < 360)
    first = np.where(aimed, np.nan_to_num(extents.azimuth_deg) + north - width / 2, 0.0)
    found = np.full((9, k), np.nan)
    before, sole = np.zeros(k), np.zeros(k)
    for i in range(k):
        hidden, open_, only = (
            _Round(np.concatenate([[0.0], np.cumsum(steps[i])])) for steps in (secret, free, own_free)
        )
        before[i], sole[i] = open_.of(first[i], width[i]), only.of(first[i], width[i])
        if aimed[i]:
            found[0:2, i] = _turn(hidden, only, first[i], width[i], before[i])
            found[4:6, i] = _narrow(hidden, only, first[i], width[i], before[i])
        low, high = _sector(secret[i], first[i], width[i])
        found[6:8, i] = np.mod([low - north[i], high - north[i]], 360.0)
        found[8, i] = _share(only.of(low, high - low), before[i])
    found[2:4] = _shorter(views, rows, private, others, before, sole)
    turned = np.flatnonzero(np.isfinite(found[0]))
    failed = turned[_still_seen(facts, rows[turned], found[0, turned], private, masks, rules, obstacles, crs)]
    found[0:2, failed] = np.nan
    return found


def _round_about(views: Views, rows: Rows, near: Floats, far: Floats, rules: ViewRules, obstacles: Obstacles) -> Views:
    """What the cameras see if they look all round, as far as they may see now."""
    k = len(rows)
    start = np.searchsorted(views.of.camera, rows)
    x, y, height = (getattr(views.of.beams, name)[start] for name in ("x", "y", "height_m"))
    beams = Beams(x, y, np.zeros(k), np.full(k, 360.0), near, np.maximum(far, near + 1e-3), height)
    seen = visible(beams, obstacles, target_height_m=rules.target_height_m)
    of = CameraBeams(beams, np.arange(k, dtype=np.int32), np.ones(k, dtype=bool), np.zeros(k), far, {})
    return Views(of, seen.area_m2, seen.polygons)


def _share(lost: Floats | float, before: float) -> float:
    return min(max(float(lost) / before, 0.0), 1.0) if before > 0 else 0.0


def _turn(hidden: _Round, only: _Round, first: float, width: float, before: float) -> tuple[float, float]:
    """The smallest turn, and what it loses."""
    turns = np.arange(1, STEPS // 2 + 1, dtype=np.float64) * STEP_DEG
    both = np.column_stack([turns, -turns]).ravel()  # by size, clockwise first
    lost = only.of(first, width) - only.of(first + both, width)
    good = np.flatnonzero((hidden.of(first + both, width) <= GONE_M2) & (lost <= MOST_LOSS * before))
    if len(good) == 0:
        return np.nan, np.nan
    return float(both[good[0]]), float(lost[good[0]]) / before if before > 0 else 0.0


def _narrow(hidden: _Round, only: _Round, first: float, width: float, before: float) -> tuple[float, float]:
    """The widest angle about the same direction without private ground, and what it loses."""
    angles: Floats = np.arange(1, max(int(width / STEP_DEG), 1), dtype=np.float64) * STEP_DEG
    starts: Floats = first + (width - angles) / 2
    good = np.flatnonzero(hidden.of(starts, angles) <= GONE_M2)
    if len(good) == 0:
        return np.nan, np.nan
    last = good[-1]
    lost = only.of(first, width) - only.of(starts[last], angles[last])
    return float(angles[last]), _share(lost, before)


def _sector(secret: Floats, first: float, width: float) -> tuple[float, float]:
    """The narrowest sector of the view that holds all its private ground, from and to."""
    offsets = np.sort(np.mod(np.flatnonzero(secret > 0) * STEP_DEG - first, 360.0))
    if width < 360:
        offsets = offsets[(offsets < width) | (offsets > 360.0 - STEP_DEG)]
        offsets = np.sort(np.where(offsets > 360.0 - STEP_DEG, offsets - 360.0, offsets))
        if len(offsets) == 0:
            return np.nan, np.nan
        return first + max(float(offsets[0]), 0.0), first + min(float(offsets[-1]) + STEP_DEG, width)
    if len(offsets) == 0:
        return np.nan, np.nan
    gaps = np.diff(np.append(offsets, offsets[0] + 360.0))
    widest = int(np.argmax(gaps))
    low = float(offsets[(widest + 1) % len(offsets)])
    return first + low, first + low + 360.0 - float(gaps[widest]) + STEP_DEG


def _shorter(views: Views, rows: Rows, private: Private, others: Objects, before: Floats, sole: Floats) -> Floats:
    """The farthest range without private ground, and what it loses, (2, k)."""
    beams = np.flatnonzero(np.isin(views.of.camera, rows))
    at, piece = meetings(views.polygons[beams], private.pieces)
    parts = overlaps(views.polygons[beams[at]], private.pieces[piece])
    solid = shapely.area(parts) > 0
    at, parts = at[solid], parts[solid]
    centres: Any = shapely.points(views.of.beams.x[beams], views.of.beams.y[beams])
    owner = np.searchsorted(rows, views.of.camera[beams])
    reach = np.full(len(rows), np.inf)
    np.minimum.at(reach, owner[at], shapely.distance(parts, centres[at]))
    radius = reach[owner]
    present = np.flatnonzero(np.isfinite(radius) & (radius > 0) & ~shapely.is_missing(views.polygons[beams]))
    discs = shapely.buffer(centres[present], radius[present], quad_segs=64)
    left = overlaps(views.polygons[beams[present]], np.asarray(discs, dtype=object))
    kept = np.bincount(owner[present], shapely.area(without(left, others[owner[present]])), len(rows))
    lost = np.where(before > 0, (sole - kept) / np.where(before > 0, before, 1.0), 0.0)
    return np.where(np.isfinite(reach) & (reach > 0), np.vstack([reach, np.clip(lost, 0.0, 1.0)]), np.nan)


def _still_seen(
    facts: CameraFacts,
    rows: Rows,
    turn: Floats,
    private: Private,
    masks: Masks,
    rules: ViewRules,
    obstacles: Obstacles,
    crs: str,
) -> NDArray[np.bool_]:
    """Which cameras would see private ground after all when turned: of some that move with it, for one."""
    if len(rows) == 0:
        return np.zeros(0, dtype=bool)
    some = facts.take(rows)
    some = replace(some, azimuth_deg=np.mod(some.azimuth_deg + turn, 360.0))
    own = np.where(masks.camera < 0, -1, np.searchsorted(rows, masks.camera))
    mine = (masks.camera < 0) | np.isin(masks.camera, rows)
    views = views_of(beams_of(some, rules, obstacles, crs=crs), obstacles, target_height_m=rules.target_height_m)
    seen = expose(masked(views, masks.polygons[mine], own[mine]), some, private, year=rules.edition)
    found: NDArray[np.bool_] = seen.certain_m2 + seen.possible_m2 > 5 * GONE_M2
    return found
