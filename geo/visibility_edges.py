"""Compiled loops of `geo.visibility`, part 1: which edges can bound what one beam sees.

All coordinates are relative to the camera. Directions are compared by their diamond angle, counter-clockwise from the
first side of the beam (its right-hand one, at azimuth + angle / 2): `turn` in 0..4, monotone in the angle, without any
arc tangent. A beam is the row (far, near, start, width, fx, fy, lx, ly): reach, blind radius, diamond angle of the
first side, diamond width, unit vectors of the first and last side.

An edge has its solid on the left from a to b, so the camera sees its face only where it goes clockwise about the
camera; the others are behind it or hidden by the solid's own front (back-face culling). A front edge is kept as a row
of `found`: turn and point where it starts, turn and point where it ends, least and greatest distance.

Culling: a table of directions holds how near some edge surely hides what is behind it; an edge that is farther in all
directions it spans is dropped.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

S, E, SX, SY, EX, EY, LEAST, MOST = range(8)
FAR, NEAR, START, WIDTH, FX, FY, LX, LY = range(8)


@njit(nogil=True, error_model="numpy")
def diamond(x: float, y: float) -> float:
    """Return the diamond angle of a direction: 0 east, 1 north, 2 west, 3 south."""
    if y >= 0:
        if x >= 0:
            return y / (x + y) if x + y > 0 else 0.0
        return 1.0 - x / (y - x)
    if x < 0:
        return 2.0 + y / (x + y)
    return 3.0 + x / (x - y)


@njit(nogil=True, error_model="numpy")
def turn_of(beam: Any, x: float, y: float) -> Any:
    """Return the turn of a direction from the first side of the beam."""
    turn = diamond(x, y) - beam[START]
    return turn + 4.0 if turn < 0 else turn


@njit(nogil=True, error_model="numpy")
def aim(beam: Any, azimuth_deg: float, angle_deg: float, near: float, far: float) -> None:
    """Fill the row of one beam."""
    beam[FAR], beam[NEAR] = far, near
    if angle_deg >= 360.0:
        beam[FX], beam[FY], beam[LX], beam[LY] = 0.0, 1.0, 0.0, 1.0
        beam[START], beam[WIDTH] = 1.0, 4.0
        return
    first, last = math.radians(azimuth_deg + angle_deg / 2), math.radians(azimuth_deg - angle_deg / 2)
    beam[FX], beam[FY], beam[LX], beam[LY] = math.sin(first), math.cos(first), math.sin(last), math.cos(last)
    beam[START] = diamond(beam[FX], beam[FY])
    beam[WIDTH] = turn_of(beam, beam[LX], beam[LY])
    if angle_deg > 180.0 and beam[WIDTH] < 1.0:
        beam[WIDTH] = 4.0
    elif angle_deg < 180.0 and beam[WIDTH] > 3.0:
        beam[WIDTH] = 0.0


@njit(nogil=True, error_model="numpy")
def box_of(beam: Any) -> tuple[float, float, float, float]:
    """Return the box around the beam: west, south, east, north of the camera."""
    return (
        -side(beam, 2.0, -beam[FX], -beam[LX]),
        -side(beam, 3.0, -beam[FY], -beam[LY]),
        side(beam, 0.0, beam[FX], beam[LX]),
        side(beam, 1.0, beam[FY], beam[LY]),
    )


@njit(nogil=True, error_model="numpy")
def side(beam: Any, axis: float, first: float, last: float) -> Any:
    """Return how far the beam reaches along one axis, given how far its two sides do (in reaches)."""
    turn = axis - beam[START]
    if turn < 0:
        turn += 4.0
    return beam[FAR] if turn <= beam[WIDTH] else beam[FAR] * max(first, last, 0.0)


@njit(nogil=True, error_model="numpy")
def edges_in(
    west: float, south: float, east: float, north: float,
    frame: Any, shape: Any, starts: Any, ends: Any, listed: Any,
) -> Any:  # fmt: skip
    """List the edges whose boxes meet a box, as rows of `ends`; return how many, and the list, which may have grown.

    `frame` is (x0, y0, cells per metre), `shape` (columns, rows) of the cells.
    """
    x0, y0, per_m = frame
    columns, rows = shape
    count = 0
    if west > x0 + columns / per_m or south > y0 + rows / per_m or east < x0 or north < y0:
        return count, listed
    left, right = max(int((west - x0) * per_m), 0), min(int((east - x0) * per_m), columns - 1)
    low, high = max(int((south - y0) * per_m), 0), min(int((north - y0) * per_m), rows - 1)
    for row in range(low, high + 1):
        for column in range(left, right + 1):
            begin, end = starts[row * columns + column], starts[row * columns + column + 1]
            if count + end - begin > len(listed):
                listed = np.concatenate((listed, np.empty(len(listed) + end - begin, np.int32)))
            for k in range(begin, end):
                ax, ay, bx, by = ends[k, 0], ends[k, 1], ends[k, 2], ends[k, 3]
                x_low, y_low = min(ax, bx), min(ay, by)
                if x_low > east or y_low > north or max(ax, bx) < west or max(ay, by) < south:
                    continue
                # An edge is in every cell of its box; it counts in the first that is also one of the asked box.
                if max(min(int((x_low - x0) * per_m), columns - 1), left) != column:
                    continue
                if max(min(int((y_low - y0) * per_m), rows - 1), low) != row:
                    continue
                listed[count] = k
                count += 1
    return count, listed


@njit(nogil=True, error_model="numpy")
def reach_along(c: float, dx: float, dy: float, ux: float, uy: float, least: float, most: float) -> float:
    """Return how far the unit direction u meets the line, c = start x end, kept within what the edge can be."""
    across = ux * dy - uy * dx
    return min(max(c / across, least), most) if across > 0 else most


@njit(nogil=True, error_model="numpy")
def keep(
    found: Any, count: int, s: float, e: float, sx: float, sy: float, ex: float, ey: float, least: float, most: float
) -> None:
    """Write one row."""
    row = found[count]
    row[S], row[E], row[SX], row[SY], row[EX], row[EY], row[LEAST], row[MOST] = s, e, sx, sy, ex, ey, least, most


@njit(nogil=True, error_model="numpy")
def cut(beam: Any, sx: float, sy: float, ex: float, ey: float, found: Any, count: int) -> int:
    """Cut a front edge (counter-clockwise, start x end > 0) to the beam; write up to two rows, return the count."""
    far = beam[FAR]
    dx, dy = ex - sx, ey - sy
    s2, e2 = sx * sx + sy * sy, ex * ex + ey * ey
    square = dx * dx + dy * dy
    foot = -(sx * dx + sy * dy) / square
    if max(s2, e2) > far * far:
        rest = foot * foot - (s2 - far * far) / square
        if rest <= 0:
            return count
        root = math.sqrt(rest)
        begin, end = max(0.0, foot - root), min(1.0, foot + root)
        if begin >= end:
            return count
        if end < 1.0:
            ex, ey = sx + end * dx, sy + end * dy
            e2 = far * far
        if begin > 0.0:
            sx, sy = sx + begin * dx, sy + begin * dy
            s2 = far * far
        dx, dy = ex - sx, ey - sy
        square = dx * dx + dy * dy
        if square == 0:
            return count
        foot = -(sx * dx + sy * dy) / square
    c = sx * ey - sy * ex
    if c <= 0:
        return count
    s_long, e_long = math.sqrt(s2), math.sqrt(e2)
    most = max(s_long, e_long)
    least = c / math.sqrt(square) if 0 < foot < 1 else min(s_long, e_long)
    s, e, width = turn_of(beam, sx, sy), turn_of(beam, ex, ey), beam[WIDTH]
    if s == e:
        return count
    if s < e:
        if e - s > 2.5 or s >= width:  # spans less than half a turn: more is rounding
            return count
        if e > width:
            along = reach_along(c, dx, dy, beam[LX], beam[LY], least, most)
            ex, ey, e = along * beam[LX], along * beam[LY], width
        keep(found, count, s, e, sx, sy, ex, ey, least, most)
        return count + 1
    if e + 4.0 - s > 2.5:
        return count
    # It lies across the first side of the beam.
    along = reach_along(c, dx, dy, beam[FX], beam[FY], least, most)
    fx, fy = along * beam[FX], along * beam[FY]
    if s < width:
        if width < 4.0:
            along = reach_along(c, dx, dy, beam[LX], beam[LY], least, most)
            keep(found, count, s, width, sx, sy, along * beam[LX], along * beam[LY], least, most)
        else:
            keep(found, count, s, width, sx, sy, fx, fy, least, most)
        count += 1
    if e > 0:
        if e > width:
            along = reach_along(c, dx, dy, beam[LX], beam[LY], least, most)
            ex, ey, e = along * beam[LX], along * beam[LY], width
        keep(found, count, 0.0, e, fx, fy, ex, ey, least, most)
        count += 1
    return count


@njit(nogil=True, error_model="numpy")
def front_edges(
    beam: Any, x: float, y: float, height: float, listed: Any, listed_count: int,
    ends: Any, items: Any, owner: Any, tall: Any, found: Any,
) -> Any:  # fmt: skip
    """Write what the beam meets of the listed edges whose solids block it; return the count and `found`."""
    count = 0
    if 2 * listed_count > len(found):
        found = np.empty((4 * listed_count, 8))
    far = beam[FAR]
    looks_over = not math.isnan(height)
    for k in range(listed_count):
        i = listed[k]
        sx, sy, ex, ey = ends[i, 2] - x, ends[i, 3] - y, ends[i, 0] - x, ends[i, 1] - y
        c = sx * ey - sy * ex
        if c <= 0:
            continue
        if looks_over and height > tall[owner[items[i]]]:
            continue
        dx, dy = ex - sx, ey - sy
        if c * c >= far * far * (dx * dx + dy * dy):
            continue
        count = cut(beam, sx, sy, ex, ey, found, count)
    return count, found


@njit(nogil=True, error_model="numpy")
def cull(beam: Any, found: Any, count: int, depth: Any, order: Any) -> Any:
    """List in `order` the edges that may be seen, by where they start; return how many, and `order`."""
    if count > len(order):
        order = np.empty(2 * count, np.int64)
    kept = 0
    if count > 4:
        bins = min(len(depth), max(32, count))
        per = bins / beam[WIDTH]
        depth[:bins] = np.inf
        for i in range(count):
            row = found[i]
            most = row[MOST]
            for b in range(math.ceil(row[S] * per), min(int(row[E] * per), bins)):
                if most < depth[b]:
                    depth[b] = most
        for i in range(count):
            row = found[i]
            least = row[LEAST]
            for b in range(min(int(row[S] * per), bins - 1), min(int(row[E] * per), bins - 1) + 1):
                if least <= depth[b]:
                    order[kept] = i
                    kept += 1
                    break
    else:
        for i in range(count):
            order[i] = i
        kept = count
    return sorted_by_start(found, order, kept), order


@njit(nogil=True, error_model="numpy")
def sorted_by_start(found: Any, order: Any, kept: int) -> int:
    """Sort the first rows of `order` by where they start; return how many they are."""
    if kept > 64:
        order[:kept] = order[:kept][np.argsort(found[order[:kept], S])]
        return kept
    for i in range(1, kept):
        item = order[i]
        at = found[item, S]
        j = i - 1
        while j >= 0 and found[order[j], S] > at:
            order[j + 1] = order[j]
            j -= 1
        order[j + 1] = item
    return kept
