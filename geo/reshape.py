"""Moving nodes of the division: every border that passes through a node moves with it, so that no gap comes.

A node is moved in every grid that has it as a corner or that it lies on the edge of (a T-junction); parents and
children whose border it is move too. Where another grid's border meets an edge that moves, the edge is cut there first,
and only the part next to the node moves. The result is checked by what it is, not by how it was made: grids valid, the
ground the grids cover the same as before, no ground covered twice that was not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from geo.edit_rings import EPS_M, Parts, feet, mapped, rings_of, shape_of, with_nearest, with_node
from geo.errors import N_, OuterBorderError, ReshapeError, UnknownLevelError
from geo.grid_changes import GridChange, GridState, Key

REACH_M = 0.05  # from a place that is named to the border that is meant
MOST_MOVES = 2_000
SLACK_M2 = 1e-4  # of rounding, in the areas that are compared

Floats = NDArray[np.float64]


class Sheets:
    """The shapes of a division with their boxes, prepared once and asked for what is near a place."""

    def __init__(self, states: Mapping[Key, GridState]) -> None:
        self.keys = list(states)
        self.shapes = np.empty(len(states), dtype=object)
        self.shapes[:] = [state.geometry for state in states.values()]
        self.levels = np.array([key[0] for key in self.keys], dtype=object)
        self.boxes = shapely.bounds(self.shapes).reshape(-1, 4)

    def near(self, places: Floats, reach_m: float, level: str | None = None) -> list[int]:
        """Return the rows of the grids within `reach_m` of any of the places (n, 2); of all levels without one."""
        if not len(places):
            return []
        low, high = places.min(axis=0) - reach_m, places.max(axis=0) + reach_m
        rows = np.array(self.in_box((*low.tolist(), *high.tolist()), level), dtype=np.int64)
        close = shapely.dwithin(self.shapes[rows], shapely.multipoints(places), reach_m)
        found: list[int] = rows[close].tolist()
        return found

    def in_box(self, box: tuple[float, float, float, float] | None, level: str | None = None) -> list[int]:
        """Return the rows of the grids whose box meets a box (x0, y0, x1, y1); None: all."""
        x0, y0, x1, y1 = (-np.inf, -np.inf, np.inf, np.inf) if box is None else box
        own = self.boxes
        hit = (own[:, 0] <= x1) & (own[:, 2] >= x0) & (own[:, 1] <= y1) & (own[:, 3] >= y0)
        if level is not None:
            hit &= self.levels == level
        found: list[int] = np.flatnonzero(hit).tolist()
        return found

    def nodes_near(self, edges: Floats, level: str | None) -> Floats:
        """Return the corners of grids that lie on any of the edges (n, 4), (m, 2)."""
        if not len(edges):
            return np.zeros((0, 2))
        lines = shapely.multilinestrings(np.asarray(shapely.linestrings(edges.reshape(-1, 2, 2)), dtype=object))
        low, high = edges.reshape(-1, 2).min(axis=0) - EPS_M, edges.reshape(-1, 2).max(axis=0) + EPS_M
        rows = self.in_box((*low.tolist(), *high.tolist()), level)
        close = shapely.dwithin(self.shapes[rows], lines, EPS_M)
        nodes = np.unique(shapely.get_coordinates(self.shapes[rows][close]), axis=0)
        found: Floats = nodes[shapely.dwithin(shapely.points(nodes), lines, EPS_M)]
        return found


def reshape(
    states: Mapping[Key, GridState],
    level: str,
    from_: ArrayLike,
    to: ArrayLike,
    *,
    family: bool = True,
    outer: bool = False,
    sheets: Sheets | None = None,
) -> list[GridChange]:
    """Return the changes that move nodes of the division.

    Parameters
    ----------
    states
        Every grid of the division, in one metric CRS.
    level
        Of the grids whose borders are meant.
    from_, to
        (n, 2), metres: where a node is, and where it goes. A place within `REACH_M` of a border that has no node there
        becomes one.
    family
        Let the grids of other levels that have the same border move with it.
    outer
        Let ground join or leave the division, as where its outer border is moved.
    sheets
        Of `states`, where they are prepared already.

    Raises
    ------
    UnknownLevelError
        There is no grid of this level.
    ReshapeError
        There is no border at a place; a border would cross itself; ground would be lost, added or covered twice.
    """
    known = sheets or Sheets(states)
    start, end = (np.asarray(part, np.float64).reshape(-1, 2) for part in (from_, to))
    if not (known.levels == level).any():
        raise UnknownLevelError(
            N_("There is no grid level “{level}”."), N_("The levels are: {levels}."), level=level[:80],
            levels=", ".join(sorted(set(known.levels.tolist()))) or "–",
        )  # fmt: skip
    if not len(start) or len(start) != len(end) or len(start) > MOST_MOVES or not np.isfinite([start, end]).all():
        raise ReshapeError(
            N_("The moves cannot be read."), N_("Give 1 to {most} pairs of places."), most=MOST_MOVES, field="moves"
        )
    start = np.array([_on_border(known, level, place) for place in start])
    rows = known.near(start, EPS_M, None if family else level)
    noded = [_noded(rings_of(known.shapes[row]), start) for row in rows]
    others = known.nodes_near(_leaving([parts for parts, _ in noded], start), None if family else level)
    changes, slack = [], dict.fromkeys(known.levels.tolist(), SLACK_M2)
    for row, (parts, spare) in zip(rows, noded, strict=True):
        key = known.keys[row]
        parts, more = _moved(parts, start, end, others)
        slack[key[0]] += spare + more
        changes.append(GridChange(*key, states[key], replace(states[key], geometry=_valid(key, parts))))
    changes = [one for one in changes if one.before != one.after]
    _require_same_ground(known, changes, slack, outer=outer)
    return changes


def no_border() -> ReshapeError:
    """Return the error of a place where no border is."""
    return ReshapeError(
        N_("There is no border of a grid where a node was to be moved."), N_("Load the borders again."), field="moves"
    )


def _on_border(known: Sheets, level: str, place: Floats) -> Floats:
    """Return the node nearest to a place, else the nearest point of a border, within `REACH_M`."""
    best, least = None, REACH_M
    edge, nearest = None, REACH_M
    for row in known.near(place[None, :], REACH_M, level):
        for ring in (ring for polygon in rings_of(known.shapes[row]) for ring in polygon):
            far = np.hypot(*(ring - place).T)
            if far.min() <= least:
                best, least = ring[far.argmin()], float(far.min())
            foot, distance = feet(ring, place)
            if distance.min() <= nearest:
                edge, nearest = foot[distance.argmin()], float(distance.min())
    found = best if best is not None else edge
    if found is None:
        raise no_border()
    return np.asarray(found, np.float64)


def _noded(parts: Parts, start: Floats) -> tuple[Parts, float]:
    """Return the rings of one grid with a node wherever one is to be moved, and by how much area that changed them."""
    slack = 0.0

    def change(ring: Floats) -> Floats:
        nonlocal slack
        low, high = ring.min(axis=0) - EPS_M, ring.max(axis=0) + EPS_M
        near = start[((start >= low) & (start <= high)).all(axis=1)]
        line = shapely.LinearRing(ring)
        for place in near[shapely.dwithin(shapely.points(near), line, 2 * EPS_M)] if len(near) else near:
            ring, spare = with_node(ring, place)
            slack += spare
        return ring

    return mapped(parts, change), slack


def _single(places: Floats) -> NDArray[np.complex128]:
    """Return places as one number each, to be looked up."""
    return places[:, 0] + 1j * places[:, 1]


def _leaving(noded: Sequence[Parts], start: Floats) -> Floats:
    """Return the edges that leave the nodes to be moved, (n, 4)."""
    found = [np.zeros((0, 4))]
    for ring in (ring for parts in noded for polygon in parts for ring in polygon):
        edges = np.hstack([ring, np.roll(ring, -1, axis=0)])
        ends = np.isin(_single(ring), _single(start))
        found.append(edges[ends | np.roll(ends, -1)])
    return np.unique(np.concatenate(found), axis=0)


def _moved(parts: Parts, start: Floats, end: Floats, others: Floats) -> tuple[Parts, float]:
    """Return the rings of one grid with the nodes moved, and by how much area new nodes changed them before."""
    slack = 0.0

    def change(ring: Floats) -> Floats:
        nonlocal slack
        mine = np.flatnonzero(np.isin(_single(start), _single(ring)))
        if not len(mine):
            return ring
        ring, spare = with_nearest(ring, start[mine], others)
        slack += spare
        goes = ring.copy()
        for row in mine:
            goes[(ring == start[row]).all(axis=1)] = end[row]
        return goes

    return mapped(parts, change), slack


def _valid(key: Key, parts: Parts) -> Any:
    try:
        shape = shape_of(parts)
    except ValueError:
        shape = None
    if shape is None or not shapely.is_valid(shape) or shape.area <= 0:
        raise ReshapeError(
            N_("The border of grid {code} would cross or touch itself."), N_("Move the node less far."), code=key[1]
        )
    return shape


def _require_same_ground(
    known: Sheets, changes: Iterable[GridChange], slack: Mapping[str, float], *, outer: bool
) -> None:
    """Refuse where the grids of a level would cover other ground than before, or some of it twice that they did not."""
    by_level: dict[str, list[GridChange]] = {}
    for one in changes:
        by_level.setdefault(one.level, []).append(one)
    for level, some in by_level.items():
        before = np.array([one.before.geometry for one in some if one.before], dtype=object)
        after = np.array([one.after.geometry for one in some if one.after], dtype=object)
        was, now = shapely.union_all(before), shapely.union_all(after)
        allowed = slack[level] + 1e-12 * float(was.area)
        twice = (shapely.area(after).sum() - now.area) - (shapely.area(before).sum() - was.area)
        if twice > allowed:
            raise ReshapeError(
                N_("Grids would overlap by {area} m²."), N_("Move the node less far."), area=f"{twice:.2f}"
            )
        left, added = shapely.difference(was, now), shapely.difference(now, was)
        if added.area > allowed:
            keys = {one.key for one in some}
            rows = [row for row in known.in_box(added.bounds, level) if known.keys[row] not in keys]
            over = float(shapely.area(shapely.intersection(known.shapes[rows], added)).sum()) if rows else 0.0
            if over > allowed:
                raise ReshapeError(
                    N_("Grids would overlap by {area} m²."), N_("Move the node less far."), area=f"{over:.2f}"
                )
        if not outer and max(left.area, added.area) > allowed:
            raise OuterBorderError(
                N_("The outer border of the division would move: {area} m² would join or leave it."),
                N_("Choose a border between two grids, or say that the outer border is meant."),
                area=f"{max(left.area, added.area):.2f}",
            )
