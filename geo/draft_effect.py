"""What changes hands by a change of the division: ground, points, streets and people, from which grid to which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.grid_changes import GridChange, GridState, Key

LEAST_M2 = 0.01  # less ground is rounding
WHOLE = 0.999  # of a grid's ground: all of it, and so all of its people

Floats = NDArray[np.float64]


@dataclass
class Flow:
    """What goes from one grid to another; None: ground that is in no grid of the level.

    Attributes
    ----------
    area_m2, streets_m
        Ground and street lines that change hands.
    points
        By kind ("incidents", "cameras", ...): how many.
    population
        People; None where the source does not say how many live on a part of a grid.
    """

    source: Key | None
    target: Key | None
    area_m2: float = 0.0
    streets_m: float = 0.0
    population: float | None = None
    points: dict[str, int] = field(default_factory=dict)


def flows(
    before: Mapping[Key, GridState],
    after: Mapping[Key, GridState],
    changes: Sequence[GridChange],
    level: str,
    points: Mapping[str, tuple[Floats, Floats]],
    streets: NDArray[Any],
) -> list[Flow]:
    """Return what changes hands at a level, the most points and ground first.

    Something changes hands where the grid, its team or its parent is another one than before. Points are located in
    all grids of the level, before and after, by the rule for ties of `geo.assign`.

    Parameters
    ----------
    before, after
        The division; both in one metric CRS.
    changes
        That lead from one to the other, folded.
    points
        By kind, x and y in metres.
    streets
        Lines.
    """
    some = [one for one in changes if one.level == level]
    if not some:
        return []
    found: dict[tuple[Key | None, Key | None], Flow] = {}

    def flow(source: Key | None, target: Key | None) -> Flow:
        return found.setdefault((source, target), Flow(source, target, points=dict.fromkeys(points, 0)))

    shapes = [state.geometry for one in some for state in (one.before, one.after) if state is not None]
    box = shapely.total_bounds(np.array(shapes, dtype=object))
    for source, target, ground in _grounds(some):
        one = flow(source, target)
        one.area_m2 += float(ground.area)
        one.streets_m += _length(streets, ground)
    sides = [_located(side, level, box, points) for side in (before, after)]
    for kind in points:
        for source, target in zip(sides[0][kind], sides[1][kind], strict=True):
            if _hands(before, source) != _hands(after, target):
                flow(source, target).points[kind] += 1
    for one in found.values():
        was = None if one.source is None else before[one.source]
        if was is not None and one.area_m2 >= WHOLE * was.geometry.area:
            one.population = was.population
    return sorted(found.values(), key=lambda one: (-sum(one.points.values()), -one.area_m2, str(one.source)))


def _hands(states: Mapping[Key, GridState], key: Key | None) -> Any:
    """Whose a place is: the grid, its team, its parent."""
    return None if key is None else (key, states[key].team, states[key].parent)


def _grounds(some: Sequence[GridChange]) -> list[tuple[Key | None, Key | None, Any]]:
    """Return the ground that changes hands, as areas."""
    was = [(one.key, one.before) for one in some if one.before is not None]
    now = [(one.key, one.after) for one in some if one.after is not None]
    old, new = (np.array([state.geometry for _, state in side], dtype=object) for side in (was, now))
    found: list[tuple[Key | None, Key | None, Any]] = []
    if len(old) and len(new):
        for i, j in zip(*shapely.STRtree(new).query(old, predicate="intersects").tolist(), strict=True):
            (source, first), (target, last) = was[i], now[j]
            if (source, first.team, first.parent) == (target, last.team, last.parent):
                continue
            ground = shapely.intersection(first.geometry, last.geometry)
            if ground.area > LEAST_M2:
                found.append((source, target, ground))
    covered = (shapely.union_all(side) for side in (new, old))
    for side, cover, leaves in zip((was, now), covered, (True, False), strict=True):
        for key, state in side:
            ground = shapely.difference(state.geometry, cover)
            if ground.area > LEAST_M2:
                found.append((key, None, ground) if leaves else (None, key, ground))
    return found


def _length(streets: NDArray[Any], ground: Any) -> float:
    near = streets[shapely.intersects(streets, ground)] if len(streets) else streets
    return float(shapely.length(shapely.intersection(near, ground)).sum()) if len(near) else 0.0


def _located(
    states: Mapping[Key, GridState], level: str, box: Floats, points: Mapping[str, tuple[Floats, Floats]]
) -> dict[str, list[Key | None]]:
    """Return the grid of each point in the box, by kind."""
    from geo.assign import assign  # brings in the compiler; only where there is something to locate

    keys = [key for key in states if key[0] == level]
    shapes = np.array([states[key].geometry for key in keys], dtype=object)
    bounds = shapely.bounds(shapes).reshape(-1, 4)
    near = np.flatnonzero(
        (bounds[:, 0] <= box[2]) & (bounds[:, 2] >= box[0]) & (bounds[:, 1] <= box[3]) & (bounds[:, 3] >= box[1])
    )
    codes = [keys[row][1] for row in near]
    found: dict[str, list[Key | None]] = {}
    for kind, (x, y) in points.items():
        inside = (x >= box[0]) & (x <= box[2]) & (y >= box[1]) & (y <= box[3])
        rows = assign(x[inside], y[inside], shapes[near], codes) if inside.any() else np.zeros(0, np.int64)
        found[kind] = [None if row < 0 else keys[near[row]] for row in rows.tolist()]
    return found
