"""A measure taken in some grids or around a place: its four areas, and the incidents in them before and after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.columns import Snapshot
from geo.displacement import Difference, Placebo, placebo, ring, similar, weighted_difference, zone_of
from geo.errors import N_, ParameterError
from geo.periods import Window
from layers.base import Params, chosen_level, levels_of, rows_of_level
from layers.by_grid import position
from layers.compared import Side, in_window, known_record, side_of
from layers.joins import assigned

State = Literal["ok", "no_dates", "before_not_covered", "after_not_covered"]
MOST_GRIDS = 50
Objects = NDArray[Any]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Measure:
    """What was done where and when, and how it is to be judged.

    Attributes
    ----------
    codes
        Of the treated grids; empty where `place` is given.
    place
        (x, y, radius) in metres: a treated disc; None where grids are.
    control
        Codes of the control grids; empty: chosen.
    before, after
        Windows.
    ring_m
        Width of the rings.
    """

    codes: tuple[str, ...]
    place: tuple[float, float, float] | None
    control: tuple[str, ...]
    before: Window
    after: Window
    ring_m: float


@dataclass(frozen=True)
class Outcome:
    """The four areas and their counts, in the order of `geo.displacement.AREAS`.

    Attributes
    ----------
    state
        "ok", else why there are no counts.
    level
        Of the grids.
    before, after
        Windows and what of them the data cover.
    areas
        Object (4,) of polygons.
    control
        Codes of the control grids (of the grids in whose middle the control disc stands).
    first, last
        int64 (4,): incidents before and after.
    total, local, spill
        All areas; treated against control; ring against ring of the control.
    placebo
        How often other grids, judged as if treated, differ as much as `local`.
    """

    state: State
    level: str | None
    before: Side | None = None
    after: Side | None = None
    areas: Objects | None = None
    control: tuple[str, ...] = ()
    first: Ints | None = None
    last: Ints | None = None
    total: Difference | None = None
    local: Difference | None = None
    spill: Difference | None = None
    placebo: Placebo | None = None


def outcome(snapshot: Snapshot, params: Params, measure: Measure) -> Outcome:
    """Count the four areas of a measure before and after, and judge the difference.

    Raises
    ------
    geo.errors.UnknownGridError
        A code is not one of the level.
    ParameterError
        No grid can serve as control, or the areas meet.
    """
    level = chosen_level(snapshot["grids"], params.level)
    incidents = snapshot["incidents"]
    treated, wanted = _treated(snapshot, level, measure)
    if known_record(snapshot) is None or incidents.x is None or incidents.y is None:
        return Outcome("no_dates", level)
    before, after = (side_of(snapshot, params, window) for window in (measure.before, measure.after))
    if before.covered is None or not before.exposure_s:
        return Outcome("before_not_covered", level, before, after)
    if after.covered is None or not after.exposure_s:
        return Outcome("after_not_covered", level, before, after)
    early, late = (np.flatnonzero(in_window(snapshot, params, side.covered)) for side in (before, after))
    units = _units(snapshot, level, measure, treated, wanted, (early, late))
    control, codes = _control(snapshot, level, measure, units)
    areas = _areas(snapshot, treated, control, measure.ring_m)
    counts = []
    for rows in (early, late):
        zone = zone_of(incidents.x[rows], incidents.y[rows], areas)
        counts.append(np.bincount(zone[zone >= 0], minlength=4).astype(np.int64))
    lengths = {"exposure_before": before.exposure_s, "exposure_after": after.exposure_s}
    total, local, spill = (
        weighted_difference(counts[0], counts[1], **lengths, areas=which) for which in ((0, 1, 2, 3), (0, 1), (2, 3))
    )
    tried = None
    if np.isfinite(local.z):
        scale = after.exposure_s / before.exposure_s
        tried = placebo(units.first, units.last, units.free, local.z, size=len(units.wanted), scale=scale)
    return Outcome("ok", level, before, after, areas, codes, counts[0], counts[1], total, local, spill, tried)


@dataclass(frozen=True)
class _Units:
    """What could be treated: the grids of the level, or discs around a point within each, the treated one last.

    `shapes` and `codes` follow them, as do the counts `first` and `last`; `free` are those far from the treated
    `wanted` ones, so that the rings do not meet.
    """

    shapes: Objects
    codes: NDArray[Any]
    area_m2: NDArray[np.float64]
    first: Ints
    last: Ints
    free: NDArray[np.bool_]
    wanted: Ints


def _units(
    snapshot: Snapshot, level: str | None, measure: Measure, treated: Any, wanted: Ints, windows: tuple[Ints, Ints]
) -> _Units:
    shapes = _polygons(snapshot, level)
    joined = assigned(snapshot, level)
    codes = snapshot["grids"].text("code")[joined.rows]
    if measure.place is None:
        first, last = (np.bincount(joined.index[rows] + 1, minlength=len(shapes) + 1)[1:] for rows in windows)
        free = shapely.distance(shapes, treated) > 2 * measure.ring_m
        return _Units(shapes, codes, joined.area_m2, first, last, free, wanted)
    from scipy.spatial import cKDTree

    incidents = snapshot["incidents"]
    assert incidents.x is not None and incidents.y is not None
    x, y, radius = measure.place
    middle = np.vstack([shapely.get_coordinates(shapely.point_on_surface(shapes)), [x, y]])
    first, last = (
        cKDTree(np.column_stack([incidents.x[rows], incidents.y[rows]])).query_ball_point(
            middle, radius, return_length=True
        )
        for rows in windows
    )
    discs = shapely.buffer(shapely.points(middle), radius, quad_segs=32)
    free = np.hypot(*(middle - [x, y]).T) > 2 * radius + 2 * measure.ring_m
    return _Units(discs, np.append(codes, ""), np.ones(len(discs)), first, last, free, np.array([len(discs) - 1]))


def _treated(snapshot: Snapshot, level: str | None, measure: Measure) -> tuple[Any, Ints]:
    """Return the treated area and the positions of its grids (none for a disc)."""
    if measure.place is not None:
        x, y, radius = measure.place
        return shapely.buffer(shapely.Point(x, y), radius, quad_segs=32), np.zeros(0, np.int64)
    wanted = np.array([position(snapshot, level, code) for code in dict.fromkeys(measure.codes)], dtype=np.int64)
    return shapely.union_all(_polygons(snapshot, level)[wanted]), wanted


def _polygons(snapshot: Snapshot, level: str | None) -> Objects:
    geometry = snapshot["grids"].geometry
    rows = assigned(snapshot, level).rows
    return np.zeros(0, dtype=object) if geometry is None else geometry[rows]


def _control(snapshot: Snapshot, level: str | None, measure: Measure, units: _Units) -> tuple[Any, tuple[str, ...]]:
    """Return the control area and the codes of its grids: those named, else those most like the treated before."""
    if measure.control:
        shapes = _polygons(snapshot, level)
        codes = snapshot["grids"].text("code")[assigned(snapshot, level).rows]
        chosen = np.array([position(snapshot, level, code) for code in dict.fromkeys(measure.control)], np.int64)
    else:
        shapes, codes = units.shapes, units.codes
        chosen = similar(units.wanted, units.first, units.area_m2, codes, units.free)
    return shapely.union_all(shapes[chosen]), tuple(codes[chosen].tolist())


def _areas(snapshot: Snapshot, treated: Any, control: Any, ring_m: float) -> Objects:
    """Return treated, control and both rings; what is named by the reader must not meet."""
    grids = snapshot["grids"]
    levels = levels_of(grids)
    city = np.zeros(0, dtype=object)
    if levels and grids.geometry is not None:
        city = grids.geometry[rows_of_level(grids, levels[0])]
    around = ring(treated, city, ring_m)
    if shapely.area(shapely.intersection(control, shapely.union_all([treated, around]))) > 0.01:
        raise ParameterError(
            N_("The control area overlaps the treated one or its ring."),
            N_("Choose control grids further away, or a narrower ring."),
            field="control",
        )
    beside = ring(control, city, ring_m, shapely.union_all([treated, around]))
    areas = np.empty(4, dtype=object)
    areas[:] = [treated, control, around, beside]
    return areas
