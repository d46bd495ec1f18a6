"""Compiled loops of the audit: which values are the same, plain rings, edges strung together, turns of a border."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

_MIX, _STIR = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xFF51AFD7ED558CCD)
_PROBES = 32  # on average; more is data made to collide, or nearly so


@njit(cache=True, nogil=True)
def same_values(bits: Any) -> Any:
    """Number the distinct rows of uint64 (n, k) in the order in which they are first seen, by a table of hashes.

    The mixing is that of MurmurHash3's last step (Appleby, 2011), places are probed one after the other.

    Returns
    -------
    which, first
        int64 (n,): the number of each row; int64 (m,): the row at which each number is first seen. Both are empty where
        too many rows fall on the same places of the table.
    """
    n, columns = bits.shape
    size = 16
    while size < 2 * n:
        size *= 2
    mask = np.uint64(size - 1)
    table = np.full(size, -1, np.int32)
    which, first = np.empty(n, np.int64), np.empty(n, np.int64)
    count, left = 0, _PROBES * n + size
    for i in range(n):
        value = np.uint64(0)
        for k in range(columns):
            value = (value ^ bits[i, k]) * _MIX
            value ^= value >> np.uint64(32)
        value *= _STIR
        place = np.int64((value ^ (value >> np.uint64(29))) & mask)
        while True:
            known = table[place]
            if known < 0:
                table[place] = count
                first[count] = i
                which[i] = count
                count += 1
                break
            row = first[known]
            equal = True
            for k in range(columns):
                equal &= bits[row, k] == bits[i, k]
            if equal:
                which[i] = known
                break
            place = (place + 1) & (size - 1)
            left -= 1
            if left < 0:
                return which[:0], first[:0]
    return which, first[:count].copy()


@njit(cache=True, nogil=True)
def plain_rings(xy: Any, start: Any) -> Any:
    """Say whether each part of xy (p, 2) is one ring that meets its start at its end only, and how it turns.

    `start`: int64 (n + 1,). Returns a bool and int64 (n,): 1 counter-clockwise, else -1.
    """
    n = len(start) - 1
    signs = np.empty(n, np.int64)
    for i in range(n):
        begin, end = start[i], start[i + 1]
        if end - begin < 2:
            return False, signs
        x0, y0 = xy[begin, 0], xy[begin, 1]
        turning = 0.0
        for k in range(begin + 1, end):
            if (xy[k, 0] == x0 and xy[k, 1] == y0) != (k == end - 1):
                return False, signs
            ax, ay = xy[k - 1, 0] - x0, xy[k - 1, 1] - y0
            turning += ax * (xy[k, 1] - y0) - (xy[k, 0] - x0) * ay
        signs[i] = 1 if turning > 0 else -1
    return True, signs


@njit(cache=True, nogil=True)
def directed(corner: Any, rings: Any, signs: Any, firsts: Any) -> Any:
    """List the edges of polygons (`geo.overlay.Flat`) whose corners are numbered, the inside to the left.

    Returns their tails, heads and polygons, int64 (e,); edges without length are left out.
    """
    count, most = 0, len(corner)
    tail, head, owner = np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most, np.int64)
    for shape in range(len(firsts) - 1):
        for ring in range(firsts[shape], firsts[shape + 1]):
            for i in range(rings[ring], rings[ring + 1] - 1):
                here, there = corner[i], corner[i + 1]
                if here == there:
                    continue
                inward = signs[ring] > 0
                tail[count] = here if inward else there
                head[count] = there if inward else here
                owner[count] = shape
                count += 1
    return tail[:count].copy(), head[:count].copy(), owner[:count].copy()


@njit(cache=True, nogil=True)
def keyed(tail: Any, head: Any, chosen: Any, group: Any, sign: Any, corners: int) -> Any:
    """Number some edges by group and ends, both directions alike, and count one as `sign`, against it the other way.

    Returns int64 and float64, one for each of `chosen`.
    """
    key, gain = np.empty(len(chosen), np.int64), np.empty(len(chosen))
    for i in range(len(chosen)):
        here, there = tail[chosen[i]], head[chosen[i]]
        if here < there:
            key[i], gain[i] = (group[i] * corners + here) * corners + there, sign[i]
        else:
            key[i], gain[i] = (group[i] * corners + there) * corners + here, -sign[i]
    return key, gain


@njit(cache=True, nogil=True)
def walks(tail: Any, head: Any, corners: int) -> Any:
    """String directed edges between `corners` numbered corners together: each walk goes on as long as there is an edge.

    Returns
    -------
    order, start
        int64 (e,): the edges, walk by walk; int64 (w + 1,): where each walk begins.
    """
    count = len(tail)
    begin = np.zeros(corners + 1, np.int64)
    for edge in range(count):
        begin[tail[edge] + 1] += 1
    for corner in range(corners):
        begin[corner + 1] += begin[corner]
    fill, out = begin[:-1].copy(), np.empty(count, np.int64)
    for edge in range(count):
        out[fill[tail[edge]]] = edge
        fill[tail[edge]] += 1
    used = begin[:-1].copy()
    order, start = np.empty(count, np.int64), np.empty(count + 1, np.int64)
    done, walked = 0, 0
    for corner in range(corners):
        while used[corner] < begin[corner + 1]:
            start[walked] = done
            walked += 1
            here = corner
            while used[here] < begin[here + 1]:
                edge = out[used[here]]
                used[here] += 1
                order[done] = edge
                done += 1
                here = head[edge]
    start[walked] = done
    return order, start[: walked + 1].copy()


@njit(cache=True, nogil=True)
def turns(segments: Any, begin: Any, x: Any, y: Any) -> Any:
    """Count what crosses the ray from each place (n,), in ascending order of y, to the west: 1 down, -1 up.

    `segments`: float64 (k, 4); `begin`: int64 (k,), the first place not below each. Returns int64 (n,).
    """
    found = np.zeros(len(x), np.int64)
    for k in range(len(segments)):
        ax, ay, bx, by = segments[k, 0], segments[k, 1], segments[k, 2], segments[k, 3]
        high, west = max(ay, by), min(ax, bx)
        for i in range(begin[k], len(y)):
            px, py = x[i], y[i]
            if py >= high:
                break
            if px < west:
                continue
            side = (bx - ax) * (py - ay) - (by - ay) * (px - ax)  # positive: the place is to the left
            if by < ay:
                found[i] += side > 0
            else:
                found[i] -= side < 0
    return found
