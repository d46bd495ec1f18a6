"""Compiled loops of `geo.visibility`, part 1b: the edges that can bound a beam, found from the camera outward.

Cells are walked ring by ring, so that a table of directions (`depth`, squared distances) soon knows how near sight is
cut off. A cell or an edge that lies farther in all directions it spans is passed over before anything is computed.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from geo.visibility_edges import FAR, LEAST, MOST, WIDTH, E, S, cut, sorted_by_start, turn_of

BINS = 256
_MARGIN_M = 1e-6


@njit(nogil=True, error_model="numpy")
def farther(depth: Any, per: float, s: float, e: float, square: float) -> bool:
    """Return whether something surely hides all that is farther than a (squared) distance from turn s to turn e."""
    b, last = min(int(s * per), BINS - 1), min(int(e * per), BINS - 1)
    while b <= last and depth[b] < square:
        b += 1
    return b > last


@njit(nogil=True, error_model="numpy")
def out_of_sight(beam: Any, depth: Any, per: float, west: float, south: float, east: float, north: float) -> bool:
    """Return whether nothing in a box (relative to the camera, which is outside it) can be seen."""
    dx, dy = max(west, -east, 0.0), max(south, -north, 0.0)
    square = dx * dx + dy * dy
    if square > beam[FAR] * beam[FAR]:
        return True
    # Its two outermost corners, counter-clockwise.
    if west > 0:
        sx, ex = (east if south > 0 else west), (west if north >= 0 else east)
    elif east < 0:
        sx, ex = (east if north >= 0 else west), (west if south > 0 else east)
    else:
        sx, ex = (east, west) if south > 0 else (west, east)
    if south > 0:
        sy, ey = (north if east < 0 else south), (north if west > 0 else south)
    elif north < 0:
        sy, ey = (south if west > 0 else north), (south if east < 0 else north)
    else:
        sy, ey = (south, north) if west > 0 else (north, south)
    s, e, width = turn_of(beam, sx, sy), turn_of(beam, ex, ey), beam[WIDTH]
    if s <= e:
        if s > width:
            return True
        return farther(depth, per, s, min(e, width), square)
    if s <= width and not farther(depth, per, s, width, square):
        return False
    return farther(depth, per, 0.0, min(e, width), square)


@njit(nogil=True, error_model="numpy")
def gather(
    beam: Any, x: float, y: float, box: Any, frame: Any, shape: Any, starts: Any, items: Any, ends: Any,
    marks: Any, mark: int, depth: Any, found: Any,
) -> Any:  # fmt: skip
    """Write the front edges that may be seen as rows of `found`; return how many, and `found`.

    `marks` holds for each edge the last beam that met it.
    """
    x0, y0, per_m = frame
    columns, rows = shape
    cell, far2, per, width = 1 / per_m, beam[FAR] * beam[FAR], BINS / beam[WIDTH], beam[WIDTH]
    depth[:BINS] = np.inf
    count = 0
    left, low = math.floor((x + box[0] - x0) * per_m), math.floor((y + box[1] - y0) * per_m)
    right, high = math.floor((x + box[2] - x0) * per_m), math.floor((y + box[3] - y0) * per_m)
    if left >= columns or low >= rows or right < 0 or high < 0:
        return 0, found
    middle_column, middle_row = math.floor((x - x0) * per_m), math.floor((y - y0) * per_m)
    left, low, right, high = max(left, 0), max(low, 0), min(right, columns - 1), min(high, rows - 1)
    rings = max(middle_column - left, right - middle_column, middle_row - low, high - middle_row)
    for ring in range(rings + 1):
        for row in range(max(middle_row - ring, low), min(middle_row + ring, high) + 1):
            step = 1 if ring == 0 or abs(row - middle_row) == ring else 2 * ring
            for column in range(middle_column - ring, middle_column + ring + 1, step):
                if column < left or column > right:
                    continue
                begin, end = starts[row * columns + column], starts[row * columns + column + 1]
                if begin == end:
                    continue
                if ring > 1:
                    west, south = x0 + column * cell - x - _MARGIN_M, y0 + row * cell - y - _MARGIN_M
                    east, north = west + cell + 2 * _MARGIN_M, south + cell + 2 * _MARGIN_M
                    if out_of_sight(beam, depth, per, west, south, east, north):
                        continue
                if count + 2 * (end - begin) > len(found):
                    grown = np.empty((2 * len(found) + 2 * (end - begin), 8))
                    grown[:count] = found[:count]
                    found = grown
                for k in range(begin, end):
                    sx, sy, ex, ey = ends[k, 2] - x, ends[k, 3] - y, ends[k, 0] - x, ends[k, 1] - y
                    c = sx * ey - sy * ex
                    if c <= 0:
                        continue
                    dx, dy = ex - sx, ey - sy
                    line2 = c * c / (dx * dx + dy * dy)
                    if line2 >= far2:
                        continue
                    if marks[items[k]] == mark:
                        continue
                    marks[items[k]] = mark
                    if ring > 0:
                        s, e = turn_of(beam, sx, sy), turn_of(beam, ex, ey)
                        if s < e and e - s < 2.5 and (s >= width or farther(depth, per, s, min(e, width), line2)):
                            continue
                    before, count = count, cut(beam, sx, sy, ex, ey, found, count)
                    for j in range(before, count):
                        most2 = found[j, MOST] * found[j, MOST]
                        for b in range(math.ceil(found[j, S] * per), min(int(found[j, E] * per), BINS)):
                            if most2 < depth[b]:
                                depth[b] = most2
    return count, found


@njit(nogil=True, error_model="numpy")
def keep_near(beam: Any, found: Any, count: int, depth: Any, order: Any) -> Any:
    """List in `order` the rows that may be seen, by where they start; return how many, and `order`."""
    if count > len(order):
        order = np.empty(2 * count, np.int64)
    per = BINS / beam[WIDTH]
    kept = 0
    for i in range(count):
        row = found[i]
        if not farther(depth, per, row[S], row[E], row[LEAST] * row[LEAST]):
            order[kept] = i
            kept += 1
    return sorted_by_start(found, order, kept), order
