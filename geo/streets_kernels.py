"""Compiled loops of `geo.streets`: cut segments where edges cross or touch them, and say in what each piece lies.

Edges are listed by horizontal bands. What lies within `tolerance` metres of an edge is on it; so segments that run
along an edge are cut at its ends, and their pieces are found to be on it although rounding puts them a hair beside.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

_MOST_BANDS = 4096
_EDGES_PER_BAND = 4


@njit(cache=True, nogil=True)
def make_bands(edges: Any, tolerance: float) -> Any:
    """Return where the lowest band begins, bands per metre, and the edges of each band: starts and members."""
    low, high = np.inf, -np.inf
    for e in range(len(edges)):
        low = min(low, edges[e, 1], edges[e, 3])
        high = max(high, edges[e, 1], edges[e, 3])
    if len(edges) == 0:
        low, high = 0.0, 0.0
    low, high = low - tolerance, high + tolerance
    count = min(max(len(edges) // _EDGES_PER_BAND, 1), _MOST_BANDS)
    per_m = count / (high - low) if high > low else 0.0
    start = np.zeros(count + 1, np.int64)
    for e in range(len(edges)):
        first, last = band_range(edges[e, 1], edges[e, 3], low, per_m, count, tolerance)
        for band in range(first, last + 1):
            start[band + 1] += 1
    start = np.cumsum(start)
    place = start[:-1].copy()
    members = np.empty(start[-1], np.int32)
    for e in range(len(edges)):
        first, last = band_range(edges[e, 1], edges[e, 3], low, per_m, count, tolerance)
        for band in range(first, last + 1):
            members[place[band]] = e
            place[band] += 1
    return low, per_m, start, members


@njit(cache=True, nogil=True)
def band_range(ay: float, by: float, low: float, per_m: float, count: int, tolerance: float) -> Any:
    """Return the first and the last band that the heights ay..by, or what is as near as `tolerance`, lie in."""
    first = int((min(ay, by) - tolerance - low) * per_m)
    last = int((max(ay, by) + tolerance - low) * per_m)
    return min(max(first, 0), count - 1), min(max(last, 0), count - 1)


@njit(cache=True, nogil=True)
def _distance(px: float, py: float, ax: float, ay: float, bx: float, by: float) -> Any:
    """Return how far a point is from a segment, and the share of the way from a to b where it is nearest."""
    dx, dy = bx - ax, by - ay
    square = dx * dx + dy * dy
    share = 0.0 if square == 0 else min(max(((px - ax) * dx + (py - ay) * dy) / square, 0.0), 1.0)
    return np.hypot(ax + share * dx - px, ay + share * dy - py), share


@njit(cache=True, nogil=True)
def _shares(ax: float, ay: float, bx: float, by: float, edges: Any, bands: Any, tolerance: float, found: Any) -> Any:
    """Return shares 0..1 of the way at which edges meet the segment, sorted, with both ends; `found` is room."""
    low, per_m, start, members = bands
    found[0], found[1] = 0.0, 1.0
    count = 2
    left, right = min(ax, bx) - tolerance, max(ax, bx) + tolerance
    bottom, top = min(ay, by) - tolerance, max(ay, by) + tolerance
    first, last = band_range(ay, by, low, per_m, len(start) - 1, tolerance)
    for k in range(start[first], start[last + 1]):
        cx, cy, dx, dy = edges[members[k], 0], edges[members[k], 1], edges[members[k], 2], edges[members[k], 3]
        if (cx < left and dx < left) or (cx > right and dx > right) or (cy < bottom and dy < bottom):
            continue
        if cy > top and dy > top:
            continue
        if count + 3 > len(found):
            found = np.concatenate((found, np.empty(len(found))))
        from_c = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        from_d = (bx - ax) * (dy - ay) - (by - ay) * (dx - ax)
        if (from_c > 0) != (from_d > 0):
            found[count] = ((cx - ax) * (dy - cy) - (cy - ay) * (dx - cx)) / (from_d - from_c)
            if 0 < found[count] < 1:
                count += 1
        for x, y in ((cx, cy), (dx, dy)):
            distance, share = _distance(x, y, ax, ay, bx, by)
            if distance <= tolerance and 0 < share < 1:
                found[count] = share
                count += 1
    found[:count].sort()
    return found, count


@njit(cache=True, nogil=True)
def cut(segments: Any, edges: Any, tolerance: float) -> Any:
    """Cut segments where edges meet them.

    Returns
    -------
    pieces, segment
        float64 (k, 4), in the order of the segments and along each; int64 (k,): the segment of each.
    """
    bands = make_bands(edges, tolerance)
    found = np.empty(64)
    pieces, of, count = np.empty((len(segments) + 64, 4)), np.empty(len(segments) + 64, np.int64), 0
    for s in range(len(segments)):
        ax, ay, bx, by = segments[s, 0], segments[s, 1], segments[s, 2], segments[s, 3]
        found, shares = _shares(ax, ay, bx, by, edges, bands, tolerance, found)
        if count + shares > len(pieces):
            more = len(pieces) + shares
            pieces, of = np.concatenate((pieces, np.empty((more, 4)))), np.concatenate((of, np.empty(more, np.int64)))
        for k in range(shares - 1):
            if found[k] < found[k + 1]:
                pieces[count, 0], pieces[count, 1] = ax + found[k] * (bx - ax), ay + found[k] * (by - ay)
                pieces[count, 2], pieces[count, 3] = ax + found[k + 1] * (bx - ax), ay + found[k + 1] * (by - ay)
                of[count] = s
                count += 1
    return pieces[:count], of[:count]


@njit(cache=True, nogil=True)
def state_at(x: float, y: float, edges: Any, kind: Any, kinds: int, bands: Any, tolerance: float) -> int:
    """Return the lowest kind of polygon that a point is in or on, `kinds` for none."""
    low, per_m, start, members = bands
    inside = 0
    band, _ = band_range(y, y, low, per_m, len(start) - 1, 0.0)
    for k in range(start[band], start[band + 1]):
        e = members[k]
        ax, ay, bx, by = edges[e, 0], edges[e, 1], edges[e, 2], edges[e, 3]
        beside = x < min(ax, bx) - tolerance or x > max(ax, bx) + tolerance
        if not beside and _distance(x, y, ax, ay, bx, by)[0] <= tolerance:
            inside |= 1 << (kinds + kind[e])
        if (ay > y) != (by > y) and x < ax + (y - ay) * ((bx - ax) / (by - ay)):
            inside ^= 1 << kind[e]
    for which in range(kinds):
        if inside & ((1 << which) | (1 << (kinds + which))):
            return which
    return kinds


@njit(cache=True, nogil=True)
def measure(segments: Any, edges: Any, kind: Any, kinds: int, tolerance: float, out: Any) -> None:
    """Add to `out` (kinds + 1,) the length of the segments in each kind of polygon, the lowest first, and in none."""
    bands = make_bands(edges, tolerance)
    found = np.empty(64)
    for s in range(len(segments)):
        ax, ay, bx, by = segments[s, 0], segments[s, 1], segments[s, 2], segments[s, 3]
        length = np.hypot(bx - ax, by - ay)
        found, shares = _shares(ax, ay, bx, by, edges, bands, tolerance, found)
        for k in range(shares - 1):
            if found[k] < found[k + 1]:
                middle = (found[k] + found[k + 1]) / 2
                x, y = ax + middle * (bx - ax), ay + middle * (by - ay)
                out[state_at(x, y, edges, kind, kinds, bands, tolerance)] += length * (found[k + 1] - found[k])
