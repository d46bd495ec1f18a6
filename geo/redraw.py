"""Redrawing the border of a grid along streets: its nodes move to the street lines, in all grids that share them.

Method: a corner within the tolerance of where two streets meet moves there, else to the nearest point of the nearest
street within the tolerance. Between corners the border is walked in steps of `STEP_M`, the first and last stretch of a
tolerance left out (there another street may be nearer); each place near a street moves to its nearest point, where that
lies aside and not ahead. Of these places those are kept that bend the new line by more than `BEND_M` (Douglas-Peucker).
What lies on the outer border of the division or on a street stays. The moves are made by `geo.reshape`, so neighbours,
parents and children follow. Where all of them together would make a border cross itself, each half of them is tried by
itself, and so on: what cannot be drawn stays as it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from geo.edit_rings import EPS_M, rings_of
from geo.errors import N_, ReshapeError
from geo.grid_changes import GridChange, GridState, Key, applied, folded
from geo.reshape import MOST_MOVES, Sheets, reshape
from geo.split import state_of

TOLERANCE_M = 25.0
STEP_M = 10.0
BEND_M = 0.5
LEAST_MOVE_M = 0.05
ON_M = 0.5  # this near to a street a place lies on it
MOST_TRIES = 120

Floats = NDArray[np.float64]


def redraw(
    states: Mapping[Key, GridState], level: str, code: str, streets: ArrayLike, tolerance_m: float = TOLERANCE_M,
    sheets: Sheets | None = None,
) -> list[GridChange]:  # fmt: skip
    """Return the changes that put the border of a grid on the streets beside it.

    Parameters
    ----------
    streets
        Lines in the CRS of the states, metres.
    tolerance_m
        How far from a street the border may be to be drawn along it.

    Raises
    ------
    UnknownGridError, ReshapeError
        There is no such grid; no street is near its border, or the border cannot be drawn along them.
    """
    shape = state_of(states, level, code).geometry
    known = sheets or Sheets(states)
    lines = np.asarray(streets, dtype=object)
    lines = lines[shapely.length(lines) > 0]  # one that is a point has no way to follow
    near = lines[shapely.dwithin(lines, shape, tolerance_m)] if len(lines) else lines
    if not len(near):
        raise ReshapeError(
            N_("No street lies within {metres} m of the border of grid {code}."),
            N_("Give a larger tolerance, or move the border by hand."),
            metres=round(tolerance_m, 1), code=code,
        )  # fmt: skip
    rows = known.near(shapely.get_coordinates(shape), EPS_M, level)
    ground = shapely.union_all(shapely.buffer(known.shapes[rows], 2 * EPS_M))
    shapely.prepare(ground)
    start, end = _moves(ground, shape, near, tolerance_m)
    changes = _as_many(states, level, start, end, known)
    if not changes:
        raise ReshapeError(
            N_("The border of grid {code} cannot be drawn along streets: it lies on them, or is the outer border."),
            N_("Move it by hand."),
            code=code,
        )
    return changes


def _as_many(
    states: Mapping[Key, GridState], level: str, start: Floats, end: Floats, known: Sheets
) -> list[GridChange]:
    """Return the changes of as many of the moves as can be made: all, else of each half of them, and so on."""
    here, sheets = states, known
    done: list[GridChange] = []
    waiting = [(start, end)]
    for _ in range(MOST_TRIES):
        if not waiting:
            break
        some, target = waiting.pop()
        if not len(some):
            continue
        try:
            changes = reshape(here, level, some, target, sheets=sheets)
        except ReshapeError:
            half = len(some) // 2
            if half:
                waiting += [(some[half:], target[half:]), (some[:half], target[:half])]
            continue
        done += changes
        if waiting:
            here = applied(here, changes)
            sheets = Sheets(here)
    return list(folded(done))


def _moves(ground: Any, shape: object, streets: NDArray[np.object_], tolerance: float) -> tuple[Floats, Floats]:
    """Return from where to where places of the border move; those on the border of the ground stay."""
    tree = shapely.STRtree(streets)
    found: list[tuple[Floats, Floats]] = []
    for ring in (ring for polygon in rings_of(shape) for ring in polygon):
        places, corner = _walked(ring)
        target = _snapped(places, streets, tree, tolerance)
        target[corner] = _met(places[corner], target[corner], streets, tree, tolerance)
        shared = np.asarray(shapely.covers(ground, shapely.buffer(shapely.points(places), EPS_M, quad_segs=2)))
        shared &= shapely.covers(ground, shapely.points(target))  # a street outside leads nowhere
        target[~shared] = places[~shared]
        on = np.hypot(*(target - places).T) <= ON_M
        target[on] = places[on]
        free = corner | ((_from_corner(places, corner) > tolerance) & _aside(places, target))
        kept = free & _bends(target, corner, free)
        # A place between corners that stays is no node.
        chosen = kept & (np.hypot(*(target - places).T) > LEAST_MOVE_M)
        found.append((places[chosen], target[chosen]))
    start = np.concatenate([one for one, _ in found])[:MOST_MOVES]
    end = np.concatenate([other for _, other in found])[:MOST_MOVES]
    _, first = np.unique(np.round(start / EPS_M), axis=0, return_index=True)
    return start[np.sort(first)], end[np.sort(first)]


def _walked(ring: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Return places every `STEP_M` along a ring, and which of them are its corners."""
    after = np.roll(ring, -1, axis=0)
    counts = np.maximum(1, np.ceil(np.hypot(*(after - ring).T) / STEP_M)).astype(np.int64)
    edge = np.repeat(np.arange(len(ring)), counts)
    step = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    share = (step / counts[edge])[:, None]
    return ring[edge] * (1 - share) + after[edge] * share, step == 0


def _snapped(places: Floats, streets: NDArray[np.object_], tree: shapely.STRtree, tolerance: float) -> Floats:
    """Return the nearest point of a street for each place within the tolerance, else the place itself."""
    points = np.asarray(shapely.points(places), dtype=object)
    (rows, lines), _ = tree.query_nearest(points, max_distance=tolerance, return_distance=True, all_matches=False)
    target = places.copy()
    if len(rows):
        onto = streets[lines]
        target[rows] = shapely.get_coordinates(
            shapely.line_interpolate_point(onto, shapely.line_locate_point(onto, points[rows]))
        )
    return target


def _met(
    corners: Floats, target: Floats, streets: NDArray[np.object_], tree: shapely.STRtree, tolerance: float
) -> Floats:
    """Return the nearest meeting of two streets for each corner within the tolerance, else its `target`."""
    one, other = tree.query(streets, predicate="intersects")
    meetings = shapely.intersection(streets[one[one < other]], streets[other[one < other]])
    points = shapely.get_parts(meetings)
    points = points[shapely.get_type_id(points) == 0]
    away = np.flatnonzero(np.hypot(*(target - corners).T) > ON_M)  # one that lies on a street stays there
    if len(points) and len(away):
        (rows, found), far = shapely.STRtree(points).query_nearest(
            shapely.points(corners[away]), max_distance=tolerance, return_distance=True, all_matches=False
        )
        order = np.argsort(far, kind="stable")
        _, first = np.unique(found[order], return_index=True)  # of several corners only the nearest goes to a meeting
        chosen = order[first]
        target[away[rows[chosen]]] = shapely.get_coordinates(points[found[chosen]])
    return target


def _from_corner(places: Floats, corner: NDArray[np.bool_]) -> Floats:
    """Return how far each place is from the corner before or after it, whichever is nearer, along the ring."""
    ends = np.flatnonzero(corner)
    before = ends[np.searchsorted(ends, np.arange(len(places)), side="right") - 1]
    after = np.append(ends, ends[0])[np.searchsorted(ends, np.arange(len(places)), side="right")]
    found: Floats = np.minimum(np.hypot(*(places - places[before]).T), np.hypot(*(places - places[after]).T))
    return found


def _aside(places: Floats, target: Floats) -> NDArray[np.bool_]:
    """Return which places move aside rather than along the border: those that do not lie beside a street along it."""
    along = np.roll(places, -1, axis=0) - places
    shift = target - places
    ahead = np.abs((shift * along).sum(axis=1))
    across = np.abs(shift[:, 0] * along[:, 1] - shift[:, 1] * along[:, 0])
    found: NDArray[np.bool_] = ahead <= across
    return found


def _bends(target: Floats, corner: NDArray[np.bool_], free: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which of the places that are `free` are needed to draw the line between two corners to `BEND_M`."""
    kept = corner.copy()
    ends = np.append(np.flatnonzero(corner), len(target))
    for first, last in zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True):
        rows = [first, *(row for row in range(first + 1, last) if free[row]), last % len(target)]
        line = shapely.LineString(target[rows])
        simple = shapely.get_coordinates(shapely.simplify(line, BEND_M, preserve_topology=False))
        nodes = set(map(tuple, simple.tolist()))
        for row in rows[1:-1]:
            kept[row] |= tuple(target[row].tolist()) in nodes
    return kept
