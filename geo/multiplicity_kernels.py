"""Compiled loops of `geo.multiplicity`: where polygons cross scan lines, and a sweep along each line.

One number of 64 bits is one crossing: the line (9 bits), the place on it in quanta from the strip's left (33), the
polygon (22). Sorted, the crossings of a strip lie line by line from west to east. A polygon is entered at an odd
crossing and left at an even one, so neither the orientation of rings nor holes need care.

A line takes the edges with low <= y < high, both ends of an edge being compared by one formula; so every ring has an
even number of crossings on every line, and two polygons that share an edge share its crossings exactly.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

LINE_BITS, PLACE_BITS, POLYGON_BITS = 9, 33, 22
MOST_LINES, MOST_POLYGONS = 1 << LINE_BITS, 1 << POLYGON_BITS
MOST_PLACE = (1 << PLACE_BITS) - 1
_SPREAD = 0x1E3779B97F4A7C15  # odd: multiplied by it, keys that lie together fall apart
CELL = -1  # in `camera_of`: the polygon is a cell


@njit(cache=True, nogil=True)
def lines_between(low: float, high: float, step: float) -> tuple[int, int]:
    """Return the first line at or above `low` and the first at or above `high`; line j lies at (j + 1/2) step."""
    return int(np.ceil(low / step - 0.5)), int(np.ceil(high / step - 0.5))


@njit(cache=True, nogil=True)
def count_crossings(edges: Any, first: int, lines: int, step: float) -> Any:
    """Return how many crossings each of `lines` lines from `first` on has, int64 (lines,)."""
    change = np.zeros(lines + 1, np.int64)
    for e in range(len(edges)):
        below, above = edges[e, 1], edges[e, 3]
        if below > above:
            below, above = above, below
        begin, end = lines_between(below, above, step)
        begin, end = max(begin - first, 0), min(end - first, lines)
        if begin < end:
            change[begin] += 1
            change[end] -= 1
    return np.cumsum(change)[:lines]


@njit(cache=True, nogil=True)
def find_crossings(
    edges: Any, polygon_of: Any, first: int, lines: int, step: float, left: float, quantum: float, out: Any
) -> None:
    """Write the crossings of `lines` lines from `first` on, in any order."""
    count = 0
    for e in range(len(edges)):
        ax, ay, bx, by = edges[e, 0], edges[e, 1], edges[e, 2], edges[e, 3]
        if ay > by:
            ax, ay, bx, by = bx, by, ax, ay
        begin, end = lines_between(ay, by, step)
        begin, end = max(begin - first, 0), min(end - first, lines)
        if begin >= end:
            continue
        slope = (bx - ax) / (by - ay)
        low, high = min(ax, bx), max(ax, bx)
        for line in range(begin, end):
            x = ax + ((first + line + 0.5) * step - ay) * slope
            place = int(np.rint((min(max(x, low), high) - left) / quantum))
            place = min(max(place, 0), MOST_PLACE)
            key = (line << (PLACE_BITS + POLYGON_BITS)) | (place << POLYGON_BITS) | int(polygon_of[e])
            out[count] = np.uint64(key)
            count += 1


@njit(cache=True, nogil=True)
def _slot(keys: Any, key: Any) -> Any:
    """Return where `key` is, or belongs, in a table whose size is a power of two; -1 marks a free place."""
    mask = len(keys) - 1
    at = ((key * _SPREAD) >> 20) & mask
    while keys[at] != -1 and keys[at] != key:
        at = (at + 1) & mask
    return at


@njit(cache=True, nogil=True)
def sweep(
    crossings: Any, camera_of: Any, certain: Any, cell_of: Any, cameras: int, seen: Any, seen_certain: Any
) -> Any:
    """Measure the lengths that 1, 2, 3 or more cameras see of each cell.

    Parameters
    ----------
    crossings
        uint64, sorted.
    camera_of, certain, cell_of
        Per polygon: the camera and whether the view is certain; or `CELL` and the cell.
    cameras
        How many there are.
    seen, seen_certain
        int64 (cells, 3): lengths in quanta seen by exactly 1, exactly 2, and 3 or more cameras are added here.

    Returns
    -------
    pairs, lengths
        int64: cell * cameras + camera, and the length that only that camera sees of that cell.
    """
    pairs, lengths, used = np.full(1024, -1, np.int64), np.zeros(1024, np.int64), 0
    inside = np.zeros(len(camera_of), np.bool_)
    depth, depth_certain = np.zeros(cameras, np.int32), np.zeros(cameras, np.int32)
    entered, place_of = np.empty(len(camera_of), np.int32), np.empty(len(camera_of), np.int32)  # the cells now inside
    within = count = count_certain = mixed = 0
    last = np.int64(0)
    for crossing in crossings:
        key = np.int64(crossing)  # 9 bits for the line: the sign bit may be set, and is masked away below
        place = (key >> POLYGON_BITS) & MOST_PLACE
        polygon = key & (MOST_POLYGONS - 1)
        length = place - last
        if count > 0 and within > 0 and length > 0:
            for k in range(within):
                cell = cell_of[entered[k]]
                seen[cell, min(count, 3) - 1] += length
                if count_certain > 0:
                    seen_certain[cell, min(count_certain, 3) - 1] += length
                if count == 1:
                    pair = np.int64(cell) * cameras + mixed  # the only one left of the exclusive or is that camera
                    at = _slot(pairs, pair)
                    if pairs[at] == -1:
                        pairs[at] = pair
                        used += 1
                    lengths[at] += length
                    if 2 * used > len(pairs):
                        old_pairs, old_lengths = pairs, lengths
                        pairs, lengths = np.full(4 * len(pairs), -1, np.int64), np.zeros(4 * len(pairs), np.int64)
                        for old in range(len(old_pairs)):
                            if old_pairs[old] != -1:
                                to = _slot(pairs, old_pairs[old])
                                pairs[to], lengths[to] = old_pairs[old], old_lengths[old]
        last = place
        enters = not inside[polygon]
        inside[polygon] = enters
        camera = camera_of[polygon]
        if camera == CELL:
            if enters:
                entered[within], place_of[polygon] = polygon, within
                within += 1
            else:
                within -= 1
                entered[place_of[polygon]] = entered[within]
                place_of[entered[within]] = place_of[polygon]
            continue
        by = 1 if enters else -1
        before = depth[camera]
        depth[camera] = before + by
        if before + depth[camera] == 1:  # from none to one, or from one to none
            count += by
            mixed ^= camera
        if certain[polygon]:
            before = depth_certain[camera]
            depth_certain[camera] = before + by
            if before + depth_certain[camera] == 1:
                count_certain += by
    found = pairs != -1
    return pairs[found], lengths[found]
