"""Compiled loops of `geo.assign`: a uniform lattice over polygons, and the crossing test at their edges.

Polygons are numbered by rank (the lowest wins). A lattice cell that no edge enters has one answer for every point in
it. In the others the polygons whose edges enter it are tested in the order of their rank by counting how many edges a
ray to the east crosses; only the edges in the row of cells ("band") of the point are looked at. The side of an edge
is the sign of an orientation determinant, trusted only where it exceeds its own rounding error (Shewchuk, Adaptive
Precision Floating-Point Arithmetic, 1997, ccwerrboundA); else the point is handed back to be decided exactly.

`int((x - x0) * per_x)` never decreases as x grows, in floating point too, so a point between the ends of an edge lies
between their columns. Where along an edge a row begins is computed with a margin of a thousandth of a cell, far above
rounding (`geo.assign` keeps cells larger than a billionth of the coordinates).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

OUTSIDE, INSIDE, UNSURE = 0, 1, 2
NONE, ASK = -1, -2  # answers: no polygon; decide exactly

_ERROR = 3.3306690738754716e-16  # (3 + 16 u) u with u = 2**-53
_MARGIN = 1e-3  # of a cell


@njit(cache=True, nogil=True)
def side(x: float, y: float, edges: Any, bands: Any, begin: int, end: int) -> int:
    """Say whether the point is in the (closed) polygon, given the edges of its band."""
    odd = False
    for k in range(begin, end):
        e = bands[k]
        ax, ay, bx, by = edges[e, 0], edges[e, 1], edges[e, 2], edges[e, 3]
        if (y < ay and y < by) or (y > ay and y > by) or (x > ax and x > bx):
            continue
        if x < ax and x < bx:
            odd ^= (ay > y) != (by > y)
            continue
        # The point lies in the closed box of the edge.
        if ay == by or ax == bx or (x == ax and y == ay) or (x == bx and y == by):
            return INSIDE
        left = (ax - x) * (by - y)
        right = (ay - y) * (bx - x)
        turn = left - right
        if abs(turn) <= _ERROR * (abs(left) + abs(right)):
            return UNSURE
        if (ay > y) != (by > y):
            odd ^= (turn > 0) == (by > ay)
    return INSIDE if odd else OUTSIDE


@njit(cache=True, nogil=True)
def fill_bands(
    edges: Any,
    edge_start: Any,
    band_start: Any,
    first_row: Any,
    y0: float,
    per_y: float,
    rows: int,
    fill: Any,
    out: Any,
) -> None:
    """Count (`out` empty) or list the edges of every polygon and row; `fill` is the running place of each band."""
    for polygon in range(len(edge_start) - 1):
        base = band_start[polygon] - first_row[polygon]
        for e in range(edge_start[polygon], edge_start[polygon + 1]):
            low, high = min(edges[e, 1], edges[e, 3]), max(edges[e, 1], edges[e, 3])
            for row in range(min(int((low - y0) * per_y), rows - 1), min(int((high - y0) * per_y), rows - 1) + 1):
                if len(out):
                    out[fill[base + row]] = e
                fill[base + row] += 1


@njit(cache=True, nogil=True)
def columns_in_row(
    ax: float, ay: float, bx: float, by: float, y_low: float, y_high: float, margin: float
) -> tuple[float, float]:
    """Return the smallest and largest x of the edge (ay <= by) between two heights, with a margin."""
    low, high = min(ax, bx), max(ax, bx)
    if by > ay:
        slope = (bx - ax) / (by - ay)
        at_low = ax if y_low <= ay else ax + (y_low - ay) * slope
        at_high = bx if y_high >= by else ax + (y_high - ay) * slope
        low, high = max(low, min(at_low, at_high) - margin), min(high, max(at_low, at_high) + margin)
    return low, high


@njit(cache=True, nogil=True)
def build_cells(
    edges: Any,
    edge_start: Any,
    bounds: Any,
    exact: Any,
    bands: Any,
    band_of: Any,
    band_start: Any,
    first_row: Any,
    x0: float,
    y0: float,
    per_x: float,
    per_y: float,
    columns: int,
    rows: int,
) -> Any:
    """Classify every cell.

    Returns `full` (cells,): lowest polygon that covers the whole cell, -1 for none; and pairs (cell, polygon) of edges
    that enter a cell not yet covered, in the order of rank.
    """
    full = np.full(columns * rows, -1, np.int32)
    stamp = np.full(columns * rows, -1, np.int32)
    pair_cell = np.empty(1024, np.int32)
    pair_rank = np.empty(1024, np.int32)
    count = 0
    for polygon in range(len(edge_start) - 1):
        if bounds[polygon, 0] > bounds[polygon, 2]:
            continue  # empty
        left = min(int((bounds[polygon, 0] - x0) * per_x), columns - 1)
        right = min(int((bounds[polygon, 2] - x0) * per_x), columns - 1)
        bottom = min(int((bounds[polygon, 1] - y0) * per_y), rows - 1)
        top = min(int((bounds[polygon, 3] - y0) * per_y), rows - 1)
        for e in range(edge_start[polygon], edge_start[polygon + 1]):
            ax, ay, bx, by = edges[e, 0], edges[e, 1], edges[e, 2], edges[e, 3]
            if ay > by:
                ax, ay, bx, by = bx, by, ax, ay
            for row in range(min(int((ay - y0) * per_y), rows - 1), min(int((by - y0) * per_y), rows - 1) + 1):
                low, high = columns_in_row(
                    ax, ay, bx, by, y0 + (row - _MARGIN) / per_y, y0 + (row + 1 + _MARGIN) / per_y, _MARGIN / per_x
                )
                first = max(min(int((low - x0) * per_x), columns - 1), left)
                last = min(int((high - x0) * per_x), columns - 1)
                for cell in range(row * columns + first, row * columns + last + 1):
                    stamp[cell] = polygon
        for row in range(bottom, top + 1):
            known = False
            state = UNSURE
            for column in range(left, right + 1):
                cell = row * columns + column
                entered = exact[polygon] or stamp[cell] == polygon
                if entered:
                    known = False
                elif not known:
                    band = band_start[polygon] + row - first_row[polygon]
                    x, y = x0 + (column + 0.5) / per_x, y0 + (row + 0.5) / per_y
                    state = side(x, y, edges, bands, band_of[band], band_of[band + 1])
                    known = state != UNSURE
                if full[cell] >= 0:
                    continue
                if entered or state == UNSURE:
                    if count == len(pair_cell):
                        pair_cell = np.concatenate((pair_cell, np.empty(count, np.int32)))
                        pair_rank = np.concatenate((pair_rank, np.empty(count, np.int32)))
                    pair_cell[count] = cell
                    pair_rank[count] = polygon
                    count += 1
                elif state == INSIDE:
                    full[cell] = polygon
    return full, pair_cell[:count], pair_rank[:count]


@njit(cache=True, nogil=True)
def index_cells(full: Any, pair_cell: Any, pair_rank: Any) -> Any:
    """Turn the pairs into one head per cell.

    Head >= -1 is the answer itself; head <= -2 names list number -2 - head: the polygons to test, in order of rank,
    then the answer if none of them holds the point.
    """
    head = full.copy()
    length = np.zeros(len(full), np.int32)
    for cell in pair_cell:
        length[cell] += 1
    lists = 0
    for cell in range(len(full)):
        if length[cell]:
            lists += 1
    start = np.zeros(lists + 1, np.int64)
    last = np.empty(lists, np.int32)
    lists = 0
    for cell in range(len(full)):
        if length[cell]:
            last[lists] = full[cell]
            head[cell] = -2 - lists
            start[lists + 1] = start[lists] + length[cell]
            lists += 1
    place = start[:-1].copy()
    members = np.empty(len(pair_cell), np.int32)
    for k in range(len(pair_cell)):
        which = -2 - head[pair_cell[k]]
        members[place[which]] = pair_rank[k]
        place[which] += 1
    return head, start, members, last


@njit(cache=True, nogil=True)
def locate(
    x: Any,
    y: Any,
    head: Any,
    start: Any,
    members: Any,
    last: Any,
    bounds: Any,
    exact: Any,
    edges: Any,
    bands: Any,
    band_of: Any,
    band_start: Any,
    first_row: Any,
    box: Any,
    per_x: float,
    per_y: float,
    columns: int,
    rows: int,
    index: Any,
    out: Any,
) -> int:
    """Write `index` of the polygon of each point, NONE, or ASK; return how many ask."""
    asked = 0
    for i in range(len(x)):
        px, py = x[i], y[i]
        if not (box[0] <= px <= box[2] and box[1] <= py <= box[3]):
            out[i] = NONE
            continue
        column = min(int((px - box[0]) * per_x), columns - 1)
        row = min(int((py - box[1]) * per_y), rows - 1)
        found = head[row * columns + column]
        if found <= -2:
            which = -2 - found
            found = last[which]
            for k in range(start[which], start[which + 1]):
                polygon = members[k]
                if px < bounds[polygon, 0] or px > bounds[polygon, 2]:
                    continue
                if py < bounds[polygon, 1] or py > bounds[polygon, 3]:
                    continue
                band = band_start[polygon] + row - first_row[polygon]
                state = UNSURE if exact[polygon] else side(px, py, edges, bands, band_of[band], band_of[band + 1])
                if state == INSIDE:
                    found = polygon
                    break
                if state == UNSURE:
                    found = ASK
                    asked += 1
                    break
        out[i] = index[found] if found >= 0 else found
    return asked
