"""Contiguous groups of about equal size, by recursive bisection of an adjacency graph."""

from __future__ import annotations

import heapq

import numpy as np
from numpy.typing import NDArray


def contiguous_groups(xy: NDArray[np.float64], pairs: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Group units into contiguous groups of about `size` units.

    Each connected part of the graph is divided into ``max(1, round(n / size))`` groups: the units are halved again
    and again across the longer axis of their centres, one half grown along that axis from its end over shared
    borders only; what is cut off from the rest goes to the grown half. Groups are numbered by their first unit.

    Parameters
    ----------
    xy
        float64, shape (n, 2): centres in metres.
    pairs
        int64, shape (m, 2): units that share a border.
    size
        Wished number of units in a group.
    """
    near: list[list[int]] = [[] for _ in range(len(xy))]
    for first, second in pairs.tolist():
        near[first].append(second)
        near[second].append(first)
    group = np.full(len(xy), -1, dtype=np.int64)
    for part in _components(list(range(len(xy))), near):
        for number, members in enumerate(_bisect(part, near, xy, max(1, round(len(part) / size))), group.max() + 1):
            group[members] = number
    first = np.unique(group, return_index=True)[1]
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[group]


def _components(units: list[int], near: list[list[int]]) -> list[list[int]]:
    """Return the connected parts of `units`, largest first, then by first unit."""
    left = set(units)
    parts = []
    for seed in units:
        if seed not in left:
            continue
        left.remove(seed)
        part, stack = [seed], [seed]
        while stack:
            for other in near[stack.pop()]:
                if other in left:
                    left.remove(other)
                    part.append(other)
                    stack.append(other)
        parts.append(sorted(part))
    return sorted(parts, key=lambda part: (-len(part), part[0]))


def _bisect(units: list[int], near: list[list[int]], xy: NDArray[np.float64], count: int) -> list[list[int]]:
    if count <= 1 or len(units) <= 1:
        return [units]
    centred = xy[units] - xy[units].mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    axis = axes[:, -1]
    if axis[np.argmax(np.abs(axis))] < 0:  # the sign of an eigenvector is arbitrary: fix it
        axis = -axis
    along = np.round(centred @ axis, 6)
    place = dict(zip(units, along.tolist(), strict=True))
    half = count // 2
    wanted = max(1, round(len(units) * half / count))
    seed = min(units, key=lambda unit: (place[unit], unit))
    allowed = set(units)
    grown: list[int] = []
    seen = {seed}
    queue = [(place[seed], seed)]
    while queue and len(grown) < wanted:
        unit = heapq.heappop(queue)[1]
        grown.append(unit)
        for other in near[unit]:
            if other in allowed and other not in seen:
                seen.add(other)
                heapq.heappush(queue, (place[other], other))
    rest = _components([unit for unit in units if unit not in set(grown)], near)
    if not rest:
        return [units]
    for cut_off in rest[1:]:
        grown += cut_off
    first = max(1, min(count - 1, round(count * len(grown) / len(units))))
    return [*_bisect(sorted(grown), near, xy, first), *_bisect(rest[0], near, xy, count - first)]
