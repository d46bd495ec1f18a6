"""Compiled loops of `geo.overlay`: which class lies on either side of each edge of a planar graph, and its faces.

A line sweeps up over the nodes and keeps the edges that it cuts from left to right. No two cross, so an edge only comes
and goes at its ends, and what lies to its right follows from what lies to the right of its left neighbour. How often
each layer covers a place is counted in 16 bits of one number:

    label = cell + solids * 2**16 + certain * 2**32 + possible * 2**48

A second number sums the numbers of the views there: where one alone sees a place, it says which.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from geo.overlay_nodes import orient

CELL, SOLID, CERTAIN, POSSIBLE = 1, 1 << 16, 1 << 32, 1 << 48
OUTSIDE, IS_CERTAIN, IS_POSSIBLE, IS_BLIND, IS_BUILT = -1, 0, 1, 2, 3
_FIELD = 0xFFFF


@njit(nogil=True, inline="always")
def class_of(label: Any) -> Any:
    """Return what a place is of which the label says what covers it."""
    if label & _FIELD == 0:
        return OUTSIDE
    if (label >> 16) & _FIELD:
        return IS_BUILT
    if (label >> 32) & _FIELD:
        return IS_CERTAIN
    return IS_POSSIBLE if (label >> 48) & _FIELD else IS_BLIND


@njit(nogil=True)
def sweep(nodes: Any, edges: Any, delta: Any) -> tuple[bool, Any, Any, Any, Any]:
    """Label the sides of all edges and join them to the borders of faces.

    Returns
    -------
    sound
        False where labels contradict one another: the graph is not planar.
    left, right
        int64 (m, 2): labels and sums of numbers.
    follows
        int32 (2 m,): half edge 2 e goes up e and has its left side to the left, 2 e + 1 goes down and has its right
        side to the left; the next one along the border of the class that lies to the left, -1 where both sides are
        of one class.
    same
        int32 (k, 2): half edges whose borders belong to one face.
    """
    m = len(edges)
    left, right = np.zeros((m, 2), np.int64), np.zeros((m, 2), np.int64)
    follows, same = np.full(2 * m, -1, np.int32), np.empty((m + 1, 2), np.int32)
    links = 0
    status = np.empty(64, np.int32)
    size = 0
    first = 0
    around, heads = np.empty(256, np.int32), np.empty(256, np.bool_)
    for p in range(len(nodes)):
        last = first
        while last < m and edges[last, 0] == p:
            last += 1
        px, py = nodes[p, 0], nodes[p, 1]
        low, high = 0, size
        while low < high:
            middle = (low + high) >> 1
            e = status[middle]
            a, b = edges[e, 0], edges[e, 1]
            if orient(nodes[a, 0], nodes[a, 1], nodes[b, 0], nodes[b, 1], px, py) < 0:
                low = middle + 1
            else:
                high = middle
        end = low
        while end < size and edges[status[end], 1] == p:
            end += 1
        if end < size:  # an edge that only passes here would be cut
            e = status[end]
            a, b = edges[e, 0], edges[e, 1]
            if orient(nodes[a, 0], nodes[a, 1], nodes[b, 0], nodes[b, 1], px, py) <= 0:
                return False, left, right, follows, same[:links]
        ended, begun = end - low, last - first
        if ended + begun == 0:
            continue
        _sort_left_to_right(nodes, edges, delta, first, last)
        if ended + begun > len(around):
            around, heads = np.empty(2 * (ended + begun), np.int32), np.empty(2 * (ended + begun), np.bool_)
        # Counter-clockwise about the node, borders only; `heads` are edges that end here.
        count = 0
        label, who = (right[status[low - 1], 0], right[status[low - 1], 1]) if low > 0 else (np.int64(0), np.int64(0))
        for e in range(first, last):
            left[e, 0], left[e, 1] = label, who
            label -= delta[e, 0]
            who -= delta[e, 1]
            right[e, 0], right[e, 1] = label, who
        if label != (left[status[end], 0] if end < size else 0) or who != (left[status[end], 1] if end < size else 0):
            return False, left, right, follows, same[:links]
        for e in range(last - 1, first - 1, -1):
            if class_of(left[e, 0]) != class_of(right[e, 0]):
                around[count], heads[count] = e, False
                count += 1
        rising = count
        for i in range(low, end):
            e = status[i]
            if class_of(left[e, 0]) != class_of(right[e, 0]):
                around[count], heads[count] = e, True
                count += 1
        for i in range(count):
            j = i + 1 if i + 1 < count else 0
            outward = 2 * around[i] + (1 if heads[i] else 0)
            inward = 2 * around[j] + (0 if heads[j] else 1)
            follows[inward] = outward
        if rising == count and rising > 0:  # a border begins: what lies to its left belongs to the next one there
            i = low - 1
            while i >= 0 and class_of(left[status[i], 0]) == class_of(right[status[i], 0]):
                i -= 1
            if i >= 0:
                same[links, 0], same[links, 1] = 2 * around[rising - 1], 2 * status[i] + 1
                links += 1
        grown = size - ended + begun
        if grown > len(status):
            more = np.empty(2 * grown, np.int32)
            more[:size] = status[:size]
            status = more
        if begun > ended:
            for i in range(size - 1, end - 1, -1):
                status[i + begun - ended] = status[i]
        elif begun < ended:
            for i in range(end, size):
                status[i + begun - ended] = status[i]
        for i in range(begun):
            status[low + i] = first + i
        size = grown
        first = last
    return size == 0, left, right, follows, same[:links]


@njit(nogil=True)
def _sort_left_to_right(nodes: Any, edges: Any, delta: Any, first: Any, last: Any) -> None:
    """Sort the edges that begin at a node by their direction, from the left over upwards to the right."""
    for i in range(first + 1, last):
        upper, gain, who = edges[i, 1], delta[i, 0], delta[i, 1]
        a = edges[i, 0]
        j = i
        while j > first:
            b = edges[j - 1, 1]
            if orient(nodes[a, 0], nodes[a, 1], nodes[b, 0], nodes[b, 1], nodes[upper, 0], nodes[upper, 1]) <= 0:
                break
            edges[j, 1], delta[j, 0], delta[j, 1] = b, delta[j - 1, 0], delta[j - 1, 1]
            j -= 1
        edges[j, 1], delta[j, 0], delta[j, 1] = upper, gain, who


@njit(nogil=True)
def areas(nodes: Any, edges: Any, left: Any, right: Any, result: Any, alone: Any) -> None:
    """Add the areas to `result`, in square units of the lattice, and to `alone` by the number of the view.

    Certain, possible, blind, built; then of what is not built: seen by at least 1, 2, 3 cameras, and certainly so.
    """
    for e in range(len(edges)):
        a, b = edges[e, 0], edges[e, 1]
        twice = np.float64(nodes[a, 0]) * np.float64(nodes[b, 1]) - np.float64(nodes[b, 0]) * np.float64(nodes[a, 1])
        for side in range(2):
            label, who = (left[e, 0], left[e, 1]) if side == 0 else (right[e, 0], right[e, 1])
            kind = class_of(label)
            if kind == OUTSIDE:
                continue
            area = 0.5 * twice if side == 0 else -0.5 * twice
            result[kind] += area
            if kind != IS_BUILT:
                sure = (label >> 32) & _FIELD
                seen = sure + ((label >> 48) & _FIELD)
                for times in range(min(seen, 3)):
                    result[4 + times] += area
                for times in range(min(sure, 3)):
                    result[7 + times] += area
                if seen == 1:
                    alone[who - 1] += area
