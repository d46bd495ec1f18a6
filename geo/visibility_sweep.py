"""Compiled loops of `geo.visibility`, part 2: the sweep over directions, and the exact area.

Between two directions at which an edge starts or ends, the nearest of the edges there is seen (edges of disjoint solids
do not cross), or the arc of the reach where there is none. Such pieces, joined where the same edge stays nearest, are
rows of `pieces`: edge (-1: the arc), first and last turn, first and last point. The area is the sum of the triangles
under the edges and of the sectors under the arcs, less what lies in the near disc.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from geo.visibility_edges import EX, EY, FAR, FX, FY, LEAST, LX, LY, MOST, NEAR, SX, SY, WIDTH, E, S, reach_along

EDGE, FROM, TO, PX, PY, QX, QY = range(7)


@njit(nogil=True, error_model="numpy")
def nearest_of(found: Any, active: Any, count: int, ux: float, uy: float) -> int:
    """Return the place in `active` of the edge nearest along a direction (any length)."""
    best, place = np.inf, 0
    for k in range(count):
        row = found[active[k]]
        dx, dy = row[EX] - row[SX], row[EY] - row[SY]
        across = ux * dy - uy * dx
        along = (row[SX] * dy - row[SY] * dx) / across if across > 0 else np.inf
        if along < best:
            best, place = along, k
    return place


@njit(nogil=True, error_model="numpy")
def point_at(found: Any, edge: int, far: float, vx: float, vy: float) -> tuple[float, float]:
    """Return where the direction v meets an edge, or the arc."""
    long = math.sqrt(vx * vx + vy * vy)
    ux, uy = vx / long, vy / long
    if edge < 0:
        return far * ux, far * uy
    row = found[edge]
    dx, dy = row[EX] - row[SX], row[EY] - row[SY]
    along = reach_along(row[SX] * dy - row[SY] * dx, dx, dy, ux, uy, row[LEAST], row[MOST])
    return along * ux, along * uy


@njit(nogil=True, error_model="numpy")
def sweep(beam: Any, found: Any, order: Any, kept: int, active: Any, pieces: Any) -> Any:
    """Write the pieces; return how many, and the two buffers, which may have grown."""
    if kept > len(active):
        active = np.empty(2 * kept, np.int64)
    if 2 * kept + 2 > len(pieces):
        pieces = np.empty((4 * kept + 2, 7))
    far, width = beam[FAR], beam[WIDTH]
    position, vx, vy = 0.0, beam[FX], beam[FY]
    count, running, following = 0, 0, 0
    while position < width:
        while following < kept and found[order[following], S] <= position:
            active[running] = order[following]
            running += 1
            following += 1
        k, ahead, ahead_edge = 0, width, -1
        while k < running:
            end = found[active[k], E]
            if end <= position:
                running -= 1
                active[k] = active[running]
                continue
            if end < ahead:
                ahead, ahead_edge = end, active[k]
            k += 1
        wx, wy = beam[LX], beam[LY]
        if ahead_edge >= 0:
            wx, wy = found[ahead_edge, EX], found[ahead_edge, EY]
        if following < kept and found[order[following], S] < ahead:
            ahead = found[order[following], S]
            wx, wy = found[order[following], SX], found[order[following], SY]
        edge = -1
        if running == 1:
            edge = active[0]
        elif running > 1:
            one, two = math.sqrt(vx * vx + vy * vy), math.sqrt(wx * wx + wy * wy)
            edge = active[nearest_of(found, active, running, vx / one + wx / two, vy / one + wy / two)]
        if count == 0 or pieces[count - 1, EDGE] != edge:
            if count:
                finish(pieces[count - 1], found, far, position, vx, vy)
            row = pieces[count]
            row[EDGE], row[FROM] = edge, position
            if edge >= 0 and found[edge, S] == position:
                row[PX], row[PY] = found[edge, SX], found[edge, SY]
            else:
                row[PX], row[PY] = point_at(found, edge, far, vx, vy)
            count += 1
        position, vx, vy = ahead, wx, wy
    if count:
        finish(pieces[count - 1], found, far, width, beam[LX], beam[LY])
    return count, active, pieces


@njit(nogil=True, error_model="numpy")
def finish(row: Any, found: Any, far: float, position: float, vx: float, vy: float) -> None:
    """Write where a piece ends."""
    edge = int(row[EDGE])
    row[TO] = position
    if edge >= 0 and found[edge, E] == position:
        row[QX], row[QY] = found[edge, EX], found[edge, EY]
    else:
        row[QX], row[QY] = point_at(found, edge, far, vx, vy)


@njit(nogil=True, error_model="numpy")
def angle_between(px: float, py: float, qx: float, qy: float, turn: float) -> float:
    """Return the angle from p counter-clockwise to q, radians; `turn` is its diamond width."""
    angle = math.atan2(px * qy - py * qx, px * qx + py * qy)
    if turn > 1.0:
        return angle + 2 * math.pi if angle <= 0 else angle
    return max(angle, 0.0)


@njit(nogil=True, error_model="numpy")
def beyond(px: float, py: float, qx: float, qy: float, near: float) -> float:
    """Return the area between the near circle and the segment p-q where that is farther."""
    dx, dy = qx - px, qy - py
    square = dx * dx + dy * dy
    if square == 0:
        return 0.0
    foot = -(px * dx + py * dy) / square
    rest = foot * foot - (px * px + py * py - near * near) / square
    if rest <= 0:
        return outside(px, py, qx, qy, near)
    root = math.sqrt(rest)
    enter, leave = min(max(foot - root, 0.0), 1.0), min(max(foot + root, 0.0), 1.0)
    area = 0.0
    if enter > 0:
        area += outside(px, py, px + enter * dx, py + enter * dy, near)
    if leave < 1:
        area += outside(px + leave * dx, py + leave * dy, qx, qy, near)
    return area


@njit(nogil=True, error_model="numpy")
def outside(px: float, py: float, qx: float, qy: float, near: float) -> float:
    """Return the area between the near circle and a segment wholly outside it."""
    cross = px * qy - py * qx
    return (cross - near * near * math.atan2(cross, px * qx + py * qy)) / 2


@njit(nogil=True, error_model="numpy")
def area_of(beam: Any, angle_deg: float, pieces: Any, count: int) -> Any:
    """Return the exact area of what the pieces bound."""
    far, near = beam[FAR], beam[NEAR]
    if count == 1 and pieces[0, EDGE] < 0:
        return math.radians(min(angle_deg, 360.0)) * (far * far - near * near) / 2
    area = 0.0
    for i in range(count):
        row = pieces[i]
        if row[EDGE] < 0:
            angle = angle_between(row[PX], row[PY], row[QX], row[QY], row[TO] - row[FROM])
            area += angle * (far * far - near * near) / 2
        elif near > 0:
            area += beyond(row[PX], row[PY], row[QX], row[QY], near)
        else:
            area += (row[PX] * row[QY] - row[PY] * row[QX]) / 2
    return area
