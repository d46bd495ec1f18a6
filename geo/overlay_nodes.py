"""Compiled loops of `geo.overlay`: from segments to a planar graph on a lattice, by snap rounding.

Every end and every crossing of segments is rounded to a point of the lattice, its pixel is "hot", and each segment is
bent to the centre of every hot pixel that it passes. What is left meets only in points of the lattice (Hobby,
"Practical segment intersection with finite precision output", 1999). Coordinates are whole numbers below 2**30, so
that every orientation is exact in 64 bits.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit


@njit(nogil=True, inline="always")
def orient(ax: Any, ay: Any, bx: Any, by: Any, px: Any, py: Any) -> Any:
    """Return twice the signed area of a, b, p: positive where p lies to the left of a -> b; exact."""
    return (bx - ax) * (py - ay) - (by - ay) * (px - ax)


@njit(nogil=True, inline="always")
def _columns(ax: Any, ay: Any, bx: Any, by: Any, row: Any, shift: Any) -> tuple[Any, Any]:
    """First and last column of bins that an upward segment can have to do with in a row of bins, with a margin."""
    low, high = max(ay, (row << shift) - 2), min(by, ((row + 1) << shift) + 2)
    if by == ay:
        left, right = ax, bx
    else:
        slope = (bx - ax) / (by - ay)
        one, two = ax + np.int64(slope * (low - ay)), ax + np.int64(slope * (high - ay))
        left, right = max(min(one, two) - 2, min(ax, bx) - 1), min(max(one, two) + 2, max(ax, bx) + 1)
    return max(left, 0) >> shift, right >> shift


@njit(nogil=True)
def _bin_segments(segments: Any, columns: Any, rows: Any, shift: Any) -> tuple[Any, Any]:
    """CSR of the segments that can enter each bin."""
    starts = np.zeros(columns * rows + 1, np.int32)
    items = np.empty(0, np.int32)
    for turn in range(2):
        if turn == 1:  # from ends to beginnings, filling from behind
            for i in range(columns * rows):
                starts[i + 1] += starts[i]
            items = np.empty(starts[-1], np.int32)
        for s in range(len(segments)):
            ax, ay, bx, by = segments[s, 0], segments[s, 1], segments[s, 2], segments[s, 3]
            for row in range(ay >> shift, (by >> shift) + 1):
                first, last = _columns(ax, ay, bx, by, row, shift)
                for place in range(row * columns + first, row * columns + min(last, columns - 1) + 1):
                    if turn == 0:
                        starts[place] += 1
                    else:
                        starts[place] -= 1
                        items[starts[place]] = s
    return starts, items


@njit(nogil=True)
def _crossings(segments: Any, starts: Any, items: Any) -> Any:
    """Proper crossings of segments that share a bin, rounded to the lattice, (k, 2); some more than once."""
    found = np.empty((max(64, len(segments)), 2), np.int64)
    n = 0
    for cell in range(len(starts) - 1):
        for i in range(starts[cell], starts[cell + 1]):
            s = items[i]
            ax, ay, bx, by = segments[s, 0], segments[s, 1], segments[s, 2], segments[s, 3]
            left, right = min(ax, bx), max(ax, bx)
            for j in range(i + 1, starts[cell + 1]):
                t = items[j]
                cx, cy, dx, dy = segments[t, 0], segments[t, 1], segments[t, 2], segments[t, 3]
                if dy < ay or cy > by or max(cx, dx) < left or min(cx, dx) > right:
                    continue
                one, two = orient(ax, ay, bx, by, cx, cy), orient(ax, ay, bx, by, dx, dy)
                if (one >= 0 and two >= 0) or (one <= 0 and two <= 0):
                    continue
                three, four = orient(cx, cy, dx, dy, ax, ay), orient(cx, cy, dx, dy, bx, by)
                if (three >= 0 and four >= 0) or (three <= 0 and four <= 0):
                    continue
                if n == len(found):
                    more = np.empty((2 * n, 2), np.int64)
                    more[:n] = found
                    found = more
                share = np.float64(three) / (np.float64(three) - np.float64(four))
                found[n, 0] = ax + np.int64(np.rint(share * (bx - ax)))
                found[n, 1] = ay + np.int64(np.rint(share * (by - ay)))
                n += 1
    return found[:n]


@njit(nogil=True)
def _distinct(segments: Any, crossings: Any) -> Any:
    """The hot pixels, sorted from below and from the left, (k, 2)."""
    n, k = len(segments), len(crossings)
    keys = np.empty(2 * n + k, np.int64)
    for s in range(n):
        keys[2 * s] = (segments[s, 1] << 31) | segments[s, 0]
        keys[2 * s + 1] = (segments[s, 3] << 31) | segments[s, 2]
    for i in range(k):
        keys[2 * n + i] = (crossings[i, 1] << 31) | crossings[i, 0]
    keys.sort()
    nodes = np.empty((len(keys), 2), np.int64)
    count = 0
    for i in range(len(keys)):
        if i == 0 or keys[i] != keys[i - 1]:
            nodes[count, 0], nodes[count, 1] = keys[i] & 0x7FFFFFFF, keys[i] >> 31
            count += 1
    return nodes[:count]


@njit(nogil=True)
def _bin_nodes(nodes: Any, columns: Any, rows: Any, shift: Any) -> tuple[Any, Any]:
    """CSR of the nodes in each bin."""
    starts = np.zeros(columns * rows + 1, np.int32)
    for i in range(len(nodes)):
        starts[(nodes[i, 1] >> shift) * columns + (nodes[i, 0] >> shift)] += 1
    for i in range(columns * rows):
        starts[i + 1] += starts[i]
    items = np.empty(len(nodes), np.int32)
    for i in range(len(nodes) - 1, -1, -1):
        place = (nodes[i, 1] >> shift) * columns + (nodes[i, 0] >> shift)
        starts[place] -= 1
        items[starts[place]] = i
    return starts, items


@njit(nogil=True)
def node_segments(segments: Any, deltas: Any, wide: Any, high: Any) -> tuple[Any, Any, Any]:
    """Return the planar graph of segments.

    Parameters
    ----------
    segments
        int64 (n, 4): ax, ay, bx, by, directed upwards; whole numbers from 0 to `wide`, `high` < 2**30.
    deltas
        int64 (n, 2): how much more lies to the left of each than to its right: label and sum of numbers.

    Returns
    -------
    nodes, edges, delta
        int64 (k, 2), sorted by y, then x; int32 (m, 2) lower and upper node of each edge, no two the same, none
        crossing another, sorted by lower node; int64 (m, 2), none 0.
    """
    n = len(segments)
    shift = 1
    while ((wide >> shift) + 1) * ((high >> shift) + 1) > max(16, 2 * n):
        shift += 1
    columns, rows = (wide >> shift) + 1, (high >> shift) + 1
    seg_starts, seg_items = _bin_segments(segments, columns, rows, shift)
    nodes = _distinct(segments, _crossings(segments, seg_starts, seg_items))
    pieces, gains = _bent(segments, deltas, nodes, columns, rows, shift)
    return _merged(nodes, pieces, gains)


@njit(nogil=True)
def _bent(segments: Any, deltas: Any, nodes: Any, columns: Any, rows: Any, shift: Any) -> tuple[Any, Any]:
    """Bend each segment to the nodes whose pixels it passes: lower and upper node of each piece, and its delta."""
    starts, items = _bin_nodes(nodes, columns, rows, shift)
    n = len(segments)
    pieces, gains = np.empty((4 * n + 16, 2), np.int32), np.empty((4 * n + 16, 2), np.int64)
    count = 0
    passed, along = np.empty(256, np.int64), np.empty(256, np.int64)
    for s in range(n):
        ax, ay, bx, by = segments[s, 0], segments[s, 1], segments[s, 2], segments[s, 3]
        dx, dy = bx - ax, by - ay
        reach, left, right = abs(dx) + abs(dy), min(ax, bx), max(ax, bx)
        hits = 0
        for row in range(ay >> shift, (by >> shift) + 1):
            first, last = _columns(ax, ay, bx, by, row, shift)
            for place in range(starts[row * columns + first], starts[row * columns + min(last, columns - 1) + 1]):
                p = items[place]
                px, py = nodes[p, 0], nodes[p, 1]
                if px < left or px > right or py < ay or py > by:
                    continue
                off = dx * (py - ay) - dy * (px - ax)
                if 2 * abs(off) > reach:
                    continue
                if hits == len(passed):
                    more = np.empty(2 * hits, np.int64)
                    more[:hits] = passed
                    passed = more
                    more = np.empty(2 * hits, np.int64)
                    more[:hits] = along
                    along = more
                key = dx * (px - ax) + dy * (py - ay)
                at = hits
                while at > 0 and along[at - 1] > key:
                    along[at], passed[at] = along[at - 1], passed[at - 1]
                    at -= 1
                along[at], passed[at] = key, p
                hits += 1
        if count + hits > len(pieces):
            longer = np.empty((2 * len(pieces) + hits, 2), np.int32)
            longer[:count] = pieces[:count]
            pieces = longer
            wider = np.empty((len(pieces), 2), np.int64)
            wider[:count] = gains[:count]
            gains = wider
        for i in range(1, hits):
            u, v = passed[i - 1], passed[i]
            if u < v:
                pieces[count, 0], pieces[count, 1] = u, v
                gains[count, 0], gains[count, 1] = deltas[s, 0], deltas[s, 1]
            else:  # nodes are numbered upwards; bending can turn a flat piece over
                pieces[count, 0], pieces[count, 1] = v, u
                gains[count, 0], gains[count, 1] = -deltas[s, 0], -deltas[s, 1]
            count += 1
    return pieces[:count], gains[:count]


@njit(nogil=True)
def _merged(nodes: Any, pieces: Any, gains: Any) -> tuple[Any, Any, Any]:
    """Nodes, edges and deltas with pieces between the same nodes made one, and those that change nothing left out."""
    starts, n = np.zeros(len(nodes) + 1, np.int32), len(pieces)
    for i in range(n):
        starts[pieces[i, 0]] += 1
    for node in range(len(nodes)):
        starts[node + 1] += starts[node]
    order = np.empty(n, np.int32)
    for i in range(n - 1, -1, -1):
        starts[pieces[i, 0]] -= 1
        order[starts[pieces[i, 0]]] = i
    edges, delta = np.empty((n, 2), np.int32), np.empty((n, 2), np.int64)
    count = 0
    for node in range(len(nodes)):
        begin = count
        for k in range(starts[node], starts[node + 1]):
            i = order[k]
            upper = pieces[i, 1]
            at = begin
            while at < count and edges[at, 1] != upper:
                at += 1
            if at == count:
                edges[at, 0], edges[at, 1], delta[at, 0], delta[at, 1] = node, upper, 0, 0
                count += 1
            delta[at, 0] += gains[i, 0]
            delta[at, 1] += gains[i, 1]
        kept = begin
        for at in range(begin, count):
            if delta[at, 0] != 0 or delta[at, 1] != 0:
                edges[kept, 0], edges[kept, 1] = edges[at, 0], edges[at, 1]
                delta[kept, 0], delta[kept, 1] = delta[at, 0], delta[at, 1]
                kept += 1
        count = kept
    return nodes, edges[:count], delta[:count]
