"""Compiled loops of `geo.visibility`, part 5: the exact area where a camera looks over lower obstacles.

A ray that enters a footprint at s and leaves it at e sees nothing from s to k e, k = `geo.view.hides_until`. Along a
direction the unseen is therefore counted: one more at every front edge of a lower solid and at what bounds the view
for good (the pieces of the sweep), one less at every back edge moved k times as far. What counts zero between the near
and the far arc is seen. The count changes its order only where an edge starts or ends or two of them cross; between
such directions the seen area is a sum of triangles and sectors.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from geo.visibility_edges import EX, EY, FAR, FX, FY, LX, LY, NEAR, SX, SY, WIDTH, E, S, cut, turn_of
from geo.visibility_sweep import EDGE, FROM, PX, PY, QX, QY, TO, angle_between

ADDS, ARC = 6, 7  # columns of a line after those of an edge's turns and points: +1 or -1, 1 where it is the near arc
L_PX, L_PY, L_QX, L_QY, L_MID, L_ADDS, L_ARC = range(7)  # of a line between two directions


@njit(nogil=True, error_model="numpy")
def add_line(lines: Any, count: int, row: Any, near: float, adds: float) -> int:
    """Add one cut edge, split where it crosses the near circle (inside it counts from the circle on)."""
    sx, sy, dx, dy = row[SX], row[SY], row[EX] - row[SX], row[EY] - row[SY]
    enter = leave = 2.0
    square = dx * dx + dy * dy
    if near > 0 and square > 0:
        foot = -(sx * dx + sy * dy) / square
        rest = foot * foot - (sx * sx + sy * sy - near * near) / square
        if rest > 0:
            enter, leave = foot - math.sqrt(rest), foot + math.sqrt(rest)
    begin = 0.0
    for k in range(3):
        end = enter if k == 0 else (leave if k == 1 else 1.0)
        end = min(max(end, 0.0), 1.0)
        if end > begin:
            line = lines[count]
            line[SX], line[SY] = sx + begin * dx, sy + begin * dy
            line[EX], line[EY] = (row[EX], row[EY]) if end == 1.0 else (sx + end * dx, sy + end * dy)
            share = row[E] - row[S]
            line[S], line[E] = row[S], row[E]
            line[ADDS], line[ARC] = adds, 1.0 if k == 1 else 0.0
            if begin > 0:
                line[S] = -1.0 - share  # to be filled from the point
            if end < 1.0:
                line[E] = -1.0 - share
            count += 1
            begin = end
    return count


@njit(nogil=True, error_model="numpy")
def fill_turns(beam: Any, lines: Any, begin: int, count: int, s: float, e: float) -> None:
    """Fill the turns of split lines, kept between those of the whole edge."""
    for k in range(begin, count):
        if lines[k, S] < 0:
            lines[k, S] = lines[k - 1, E] if k > begin else s
        if lines[k, E] < 0:
            lines[k, E] = min(max(turn_of(beam, lines[k, EX], lines[k, EY]), lines[k, S]), e)


@njit(nogil=True, error_model="numpy")
def lines_of(
    beam: Any, x: float, y: float, height: float, target: float, listed: Any, listed_count: int,
    ends: Any, items: Any, owner: Any, tall: Any, pieces: Any, piece_count: int,
) -> Any:  # fmt: skip
    """Return the lines at which the count changes, and how many."""
    lines = np.empty((6 * listed_count + 3 * piece_count + 6, 8))
    rows = np.empty((2, 8))
    count = 0
    for i in range(piece_count):
        piece = pieces[i]
        if piece[EDGE] >= 0:
            row = rows[0]
            row[S], row[E] = piece[FROM], piece[TO]
            row[SX], row[SY], row[EX], row[EY] = piece[PX], piece[PY], piece[QX], piece[QY]
            before, count = count, add_line(lines, count, row, beam[NEAR], 1.0)
            fill_turns(beam, lines, before, count, row[S], row[E])
    for k in range(listed_count):
        i = listed[k]
        low = tall[owner[items[i]]]
        if not height > low:
            continue
        px, py, qx, qy = ends[i, 2] - x, ends[i, 3] - y, ends[i, 0] - x, ends[i, 1] - y
        c = px * qy - py * qx
        if c == 0:
            continue
        adds = 1.0
        if c < 0:
            adds, until = -1.0, max((height - target) / (height - low), 1.0)
            px, py, qx, qy = qx * until, qy * until, px * until, py * until
        for j in range(cut(beam, px, py, qx, qy, rows, 0)):
            before, count = count, add_line(lines, count, rows[j], beam[NEAR], adds)
            fill_turns(beam, lines, before, count, rows[j, S], rows[j, E])
    return lines, count


@njit(nogil=True, error_model="numpy")
def at_direction(line: Any, ux: float, uy: float) -> Any:
    """Return how far a line is along a unit direction."""
    dx, dy = line[EX] - line[SX], line[EY] - line[SY]
    across = ux * dy - uy * dx
    least = min(math.hypot(line[SX], line[SY]), math.hypot(line[EX], line[EY]))
    most = max(math.hypot(line[SX], line[SY]), math.hypot(line[EX], line[EY]))
    if across <= 0:
        return least
    return min((line[SX] * dy - line[SY] * dx) / across, most)


@njit(nogil=True, error_model="numpy")
def between(
    beam: Any, lines: Any, active: Any, running: int, work: Any, ux: float, uy: float, vx: float, vy: float
) -> bool:
    """Fill and order `work` for the lines between two unit directions; return whether some cross there."""
    mx, my = ux + vx, uy + vy
    long = math.hypot(mx, my)
    if long > 0:
        mx, my = mx / long, my / long
    for k in range(running):
        line = lines[active[k]]
        if line[ARC] > 0:
            near = beam[NEAR]
            p, q, middle = near, near, near
        else:
            p, q, middle = at_direction(line, ux, uy), at_direction(line, vx, vy), at_direction(line, mx, my)
        j = k - 1
        while j >= 0 and work[j, L_MID] > middle:
            work[j + 1] = work[j]
            j -= 1
        row = work[j + 1]
        row[L_PX], row[L_PY], row[L_QX], row[L_QY] = p * ux, p * uy, q * vx, q * vy
        row[L_MID], row[L_ADDS], row[L_ARC] = middle, line[ADDS], line[ARC]
    for k in range(running - 1):
        one, two = work[k], work[k + 1]
        slack = 1e-12 * beam[FAR]
        if (one[L_PX] - two[L_PX]) * ux + (one[L_PY] - two[L_PY]) * uy > slack:
            return True
        if (one[L_QX] - two[L_QX]) * vx + (one[L_QY] - two[L_QY]) * vy > slack:
            return True
    return False


@njit(nogil=True, error_model="numpy")
def seen_between(beam: Any, work: Any, running: int, angle: float) -> Any:
    """Return the seen area between two directions from the ordered lines."""
    under = beam[NEAR] * beam[NEAR] * angle / 2
    area, hidden = 0.0, 0
    for k in range(running):
        row = work[k]
        below = (row[L_PX] * row[L_QY] - row[L_PY] * row[L_QX]) / 2
        if row[L_ARC] > 0:
            below = beam[NEAR] * beam[NEAR] * angle / 2
        if row[L_ADDS] > 0:
            if hidden == 0:
                area += below - under
            hidden += 1
        else:  # below zero among lines that tie: what adds is then still to come
            hidden -= 1
            if hidden == 0:
                under = below
    if hidden <= 0:
        area += beam[FAR] * beam[FAR] * angle / 2 - under
    return area


@njit(nogil=True, error_model="numpy")
def area_over(beam: Any, lines: Any, count: int) -> Any:
    """Return the exact seen area."""
    order = np.argsort(lines[:count, S])
    active, work = np.empty(count + 1, np.int64), np.empty((count + 1, 7))
    position, ux, uy = 0.0, beam[FX], beam[FY]
    running = following = 0
    area = 0.0
    while position < beam[WIDTH]:
        while following < count and lines[order[following], S] <= position:
            active[running] = order[following]
            running += 1
            following += 1
        ahead, wx, wy = beam[WIDTH], beam[LX], beam[LY]
        k = 0
        while k < running:
            line = lines[active[k]]
            if line[E] <= position:
                running -= 1
                active[k] = active[running]
                continue
            if line[E] < ahead:
                ahead, wx, wy = line[E], line[EX], line[EY]
            k += 1
        if following < count and lines[order[following], S] < ahead:
            line = lines[order[following]]
            ahead, wx, wy = line[S], line[SX], line[SY]
        long = math.hypot(wx, wy)
        wx, wy = wx / long, wy / long
        if running and between(beam, lines, active, running, work, ux, uy, wx, wy):
            area += crossing(beam, lines, active, running, work, ux, uy, wx, wy)
        else:
            area += seen_between(beam, work, running, angle_between(ux, uy, wx, wy, ahead - position))
        position, ux, uy = ahead, wx, wy
    return area


@njit(nogil=True, error_model="numpy")
def crossing(
    beam: Any, lines: Any, active: Any, running: int, work: Any, ux: float, uy: float, wx: float, wy: float
) -> float:
    """Return the seen area between two directions where lines cross: cut at every crossing."""
    turns, points = np.empty(running * running + 2), np.empty((running * running + 2, 2))
    span = math.atan2(ux * wy - uy * wx, ux * wx + uy * wy)
    turns[0], points[0, 0], points[0, 1] = 0.0, ux, uy
    turns[1], points[1, 0], points[1, 1] = span, wx, wy
    count = 2
    for i in range(running):
        for j in range(i):
            one, two = work[i], work[j]
            dx, dy = one[L_QX] - one[L_PX], one[L_QY] - one[L_PY]
            ex, ey = two[L_QX] - two[L_PX], two[L_QY] - two[L_PY]
            across = dx * ey - dy * ex
            if across == 0:
                continue
            share = ((two[L_PX] - one[L_PX]) * ey - (two[L_PY] - one[L_PY]) * ex) / across
            if not 0 < share < 1:
                continue
            px, py = one[L_PX] + share * dx, one[L_PY] + share * dy
            long = math.hypot(px, py)
            turn = math.atan2(ux * py - uy * px, ux * px + uy * py)
            if long > 0 and 0 < turn < span:
                turns[count], points[count, 0], points[count, 1] = turn, px / long, py / long
                count += 1
    order = np.argsort(turns[:count])
    area = 0.0
    for k in range(count - 1):
        a, b = order[k], order[k + 1]
        if turns[b] > turns[a]:
            between(beam, lines, active, running, work, points[a, 0], points[a, 1], points[b, 0], points[b, 1])
            area += seen_between(beam, work, running, turns[b] - turns[a])
    return area
