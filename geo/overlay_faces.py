"""Compiled loops of `geo.overlay`: the faces of a labelled planar graph as simple rings."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from geo.overlay_sweep import class_of


@njit(nogil=True)
def _root(parent: Any, i: Any) -> Any:
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


@njit(nogil=True)
def trace(
    nodes: Any, edges: Any, left: Any, right: Any, follows: Any, same: Any, classes: Any
) -> tuple[Any, Any, Any, Any, Any]:
    """Return the rings of the faces of classes 0 .. classes - 1.

    A border that comes back to a node is parted there, so that every ring is simple; of the rings of a face the one
    with a positive area is its shell.

    Returns
    -------
    points, starts
        int32 nodes of all rings, the first not repeated; int64 (r + 1,) where each begins.
    kind, face, area
        int8, int32, float64 (r,): class, number of the face, signed area in square units of the lattice.
    """
    halves = len(follows)
    cycle = np.full(halves, -1, np.int32)
    points, starts = np.empty(halves + 1, np.int32), np.empty(halves + 1, np.int64)
    kind, owner, area = np.empty(halves, np.int8), np.empty(halves, np.int32), np.empty(halves, np.float64)
    place = np.full(len(nodes), -1, np.int32)  # where on the stack a node is
    stack = np.empty(halves + 1, np.int32)
    rings, used, cycles = 0, 0, 0
    for begin in range(halves):
        if follows[begin] < 0 or cycle[begin] >= 0:
            continue
        what = class_of(left[begin >> 1, 0] if begin & 1 == 0 else right[begin >> 1, 0])
        depth = 0
        half = begin
        while cycle[half] < 0:
            cycle[half] = cycles
            node = edges[half >> 1, half & 1]  # where it starts from
            half = follows[half]
            if what < 0 or what >= classes:
                continue
            if place[node] >= 0:
                base = place[node]
                used, rings = _close(nodes, stack, base, depth, points, used, starts, rings, area)
                kind[rings - 1], owner[rings - 1] = what, cycles
                for i in range(base + 1, depth):
                    place[stack[i]] = -1
                depth = base + 1
            else:
                place[node] = depth
                stack[depth] = node
                depth += 1
        if depth:
            used, rings = _close(nodes, stack, 0, depth, points, used, starts, rings, area)
            kind[rings - 1], owner[rings - 1] = what, cycles
            for i in range(depth):
                place[stack[i]] = -1
        cycles += 1
    starts[rings] = used
    parent = np.arange(cycles).astype(np.int32)
    for i in range(len(same)):
        a, b = _root(parent, cycle[same[i, 0]]), _root(parent, cycle[same[i, 1]])
        parent[a] = b
    for r in range(rings):
        owner[r] = _root(parent, owner[r])
    return points[:used], starts[: rings + 1], kind[:rings], owner[:rings], area[:rings]


@njit(nogil=True)
def _close(
    nodes: Any, stack: Any, base: Any, depth: Any, points: Any, used: Any, starts: Any, rings: Any, area: Any
) -> tuple[Any, Any]:
    """Add the ring of the nodes on the stack from `base`."""
    starts[rings] = used
    twice = 0.0
    before = stack[depth - 1]
    ox, oy = nodes[before, 0], nodes[before, 1]
    for i in range(base, depth):
        node = stack[i]
        twice += np.float64(nodes[before, 0] - ox) * np.float64(nodes[node, 1] - oy)
        twice -= np.float64(nodes[node, 0] - ox) * np.float64(nodes[before, 1] - oy)
        points[used] = node
        used += 1
        before = node
    area[rings] = 0.5 * twice
    return used, rings + 1
