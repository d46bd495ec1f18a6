"""Compiled loops of `geo.visibility`, part 3: pieces of one beam become rings.

Arcs are drawn as chords between whole steps from north and the sides of the beam, as `geo.view.sector` draws them; an
edge that lies between chord and arc gives way to the chord. The near arc is drawn by the same rule, so that a ring from
a radius and a sector to it share their chords. What is open from the near arc outward in one go of directions is one
ring ("run").

Pieces thinner than `THIN_M` where they part from their neighbours are left out of the rings (never of the area):
rounded to the CRS's coordinates their sides could cross, and the lattice leaves such seams between solids of different
heights. Whatever came near that is marked, so that its validity is looked
at.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from geo.visibility_edges import FAR, FX, FY, LX, LY, NEAR, WIDTH, turn_of
from geo.visibility_sweep import EDGE, FROM, PX, PY, QX, QY, TO

THIN_M, DOUBTFUL_M, SHORT_M = 2e-6, 2e-5, 0.02
POINTS, RUNS, OPEN, DOUBT = range(4)  # of `state`
R_FIRST, R_LAST, R_AX, R_AY, R_AT, R_BX, R_BY, R_BT = range(8)  # of a run: points, and direction and turn of both ends


@njit(nogil=True, error_model="numpy")
def corners_of(beam: Any, azimuth_deg: float, angle_deg: float, units: Any, chords: Any) -> Any:
    """Fill the corners of the far chords; return azimuth of the first side, number of the first corner, chords."""
    step = 360.0 / len(units)
    first, last = (360.0, 0.0) if angle_deg >= 360 else (azimuth_deg + angle_deg / 2, azimuth_deg - angle_deg / 2)
    if abs(first / step - round(first / step)) < 1e-10:
        first = round(first / step) * step
    if abs(last / step - round(last / step)) < 1e-10:
        last = round(last / step) * step
    top, bottom = math.ceil(first / step) - 1, math.floor(last / step) + 1
    count = max(top - bottom + 2, 1)
    chords[0, 0], chords[0, 1] = beam[FAR] * beam[FX], beam[FAR] * beam[FY]
    for i in range(1, count):
        unit = units[(top + 1 - i) % len(units)]
        chords[i, 0], chords[i, 1] = beam[FAR] * unit[0], beam[FAR] * unit[1]
    chords[count, 0], chords[count, 1] = beam[FAR] * beam[LX], beam[FAR] * beam[LY]
    return first, top, count


@njit(nogil=True, error_model="numpy")
def wedge_of(beam: Any, first: float, top: int, count: int, units: Any, vx: float, vy: float, turn: float) -> int:
    """Return which chord a direction meets."""
    if turn <= 0:
        return 0
    if turn >= beam[WIDTH]:
        return count - 1
    angle = math.atan2(beam[FX] * vy - beam[FY] * vx, beam[FX] * vx + beam[FY] * vy)
    if angle < 0:
        angle = 0.0 if turn < 1 else angle + 2 * math.pi
    elif turn > 3 and angle < 1:
        return count - 1
    k = math.floor((first - math.degrees(angle)) * len(units) / 360.0)
    return min(max(top - k, 0), count - 1)


@njit(nogil=True, error_model="numpy")
def push(points: Any, state: Any, x: float, y: float) -> None:
    """Add a point of the outer bound."""
    points[state[POINTS], 0], points[state[POINTS], 1] = x, y
    state[POINTS] += 1


@njit(nogil=True, error_model="numpy")
def open_run(runs: Any, state: Any, x: float, y: float, turn: float) -> None:
    """Begin a run if none is open."""
    if state[OPEN]:
        return
    state[OPEN] = 1
    run = runs[state[RUNS]]
    run[R_FIRST], run[R_AX], run[R_AY], run[R_AT] = state[POINTS], x, y, turn


@njit(nogil=True, error_model="numpy")
def close_run(runs: Any, state: Any, x: float, y: float, turn: float) -> None:
    """End the open run, if any."""
    if not state[OPEN]:
        return
    state[OPEN] = 0
    run = runs[state[RUNS]]
    run[R_LAST], run[R_BX], run[R_BY], run[R_BT] = state[POINTS], x, y, turn
    state[RUNS] += 1


@njit(nogil=True, error_model="numpy")
def height_over(ax: float, ay: float, bx: float, by: float, px: float, py: float) -> float:
    """Return how far (times the length of a-b) p lies beyond the chord a-b, seen from the camera."""
    return (px - ax) * (by - ay) - (py - ay) * (bx - ax)


@njit(nogil=True, error_model="numpy")
def onto(ax: float, ay: float, bx: float, by: float, px: float, py: float) -> tuple[float, float]:
    """Return where the direction p meets the line a-b."""
    along = (ax * by - ay * bx) / (px * (by - ay) - py * (bx - ax))
    return along * px, along * py


@njit(nogil=True, error_model="numpy")
def across_chords(
    beam: Any, row: Any, first: float, top: int, count: int, units: Any, chords: Any, points: Any, runs: Any, state: Any
) -> None:
    """Draw an edge piece that may pass a far or a near chord: wedge by wedge, cut where it meets them."""
    px, py, qx, qy, near = row[PX], row[PY], row[QX], row[QY], beam[NEAR]
    dx, dy, c = qx - px, qy - py, px * qy - py * qx
    begin = wedge_of(beam, first, top, count, units, px, py, row[FROM])
    end = max(wedge_of(beam, first, top, count, units, qx, qy, row[TO]), begin)
    sx, sy, s_turn, share = px, py, row[FROM], near / beam[FAR]
    cuts = np.empty(4)
    for wedge in range(begin, end + 1):
        ax, ay, bx, by = chords[wedge, 0], chords[wedge, 1], chords[wedge + 1, 0], chords[wedge + 1, 1]
        nax, nay, nbx, nby = share * ax, share * ay, share * bx, share * by
        ex, ey, e_turn = qx, qy, row[TO]
        if wedge < end:
            across = bx * dy - by * dx
            if across > 0:
                ex, ey = c / across * bx, c / across * by
            e_turn = min(max(turn_of(beam, ex, ey), s_turn), row[TO])
        fs, fe = height_over(ax, ay, bx, by, sx, sy), height_over(ax, ay, bx, by, ex, ey)
        gs, ge = height_over(nax, nay, nbx, nby, sx, sy), height_over(nax, nay, nbx, nby, ex, ey)
        cuts[0], parts = 0.0, 1
        if fs * fe < 0:
            cuts[parts] = fs / (fs - fe)
            parts += 1
        if near > 0 and gs * ge < 0:
            cuts[parts] = gs / (gs - ge)
            parts += 1
        if parts == 3 and cuts[1] > cuts[2]:
            cuts[1], cuts[2] = cuts[2], cuts[1]
        cuts[parts] = 1.0
        for k in range(parts):
            t0, t1 = cuts[k], cuts[k + 1]
            ux, uy, wx, wy = sx + t0 * (ex - sx), sy + t0 * (ey - sy), sx + t1 * (ex - sx), sy + t1 * (ey - sy)
            middle = (t0 + t1) / 2
            u_turn = s_turn if k == 0 else min(max(turn_of(beam, ux, uy), s_turn), e_turn)
            if near > 0 and gs + middle * (ge - gs) <= 0:
                close_run(runs, state, ux, uy, u_turn)
                state[DOUBT] = 1
                continue
            open_run(runs, state, ux, uy, u_turn)
            if fs + middle * (fe - fs) > 0:
                ux, uy = onto(ax, ay, bx, by, ux, uy)
                wx, wy = onto(ax, ay, bx, by, wx, wy)
            push(points, state, ux, uy)
            push(points, state, wx, wy)
        sx, sy, s_turn = ex, ey, e_turn


@njit(nogil=True, error_model="numpy")
def along_arc(
    beam: Any, row: Any, first: float, top: int, count: int, units: Any, chords: Any, points: Any, state: Any
) -> None:
    """Draw an arc piece."""
    begin = wedge_of(beam, first, top, count, units, row[PX], row[PY], row[FROM])
    end = max(wedge_of(beam, first, top, count, units, row[QX], row[QY], row[TO]), begin)
    x, y = onto(chords[begin, 0], chords[begin, 1], chords[begin + 1, 0], chords[begin + 1, 1], row[PX], row[PY])
    push(points, state, x, y)
    for corner in range(begin + 1, end + 1):
        push(points, state, chords[corner, 0], chords[corner, 1])
    x, y = onto(chords[end, 0], chords[end, 1], chords[end + 1, 0], chords[end + 1, 1], row[QX], row[QY])
    push(points, state, x, y)


@njit(nogil=True, error_model="numpy")
def thick_pieces(beam: Any, pieces: Any, count: int, state: Any) -> int:
    """Move the pieces that are not too thin to draw to the front; return how many."""
    kept = 0
    whole = beam[WIDTH] >= 4.0
    for i in range(count):
        row = pieces[i]
        if row[TO] - row[FROM] < 1e-3:
            before = pieces[kept - 1] if kept else pieces[count - 1]
            after = pieces[(i + 1) % count]
            least = math.hypot(row[PX], row[PY])
            least = min(least, math.hypot(row[QX], row[QY]))
            mouth = math.hypot(before[QX], before[QY]) if kept or whole else 0.0
            if i + 1 < count or whole:
                mouth = max(mouth, math.hypot(after[PX], after[PY]))
            if count == 1:
                mouth = least
            sine = row[PX] * row[QY] - row[PY] * row[QX]
            sine /= max(math.hypot(row[PX], row[PY]) * math.hypot(row[QX], row[QY]), 1e-300)
            wide = sine * min(least, mouth)
            if wide < DOUBTFUL_M:
                state[DOUBT] = 1
            if wide < THIN_M:
                continue
        if i != kept:
            pieces[kept] = pieces[i]
        kept += 1
    return kept


@njit(nogil=True, error_model="numpy")
def draw(
    beam: Any, azimuth_deg: float, angle_deg: float, pieces: Any, count: int, units: Any,
    chords: Any, points: Any, runs: Any, state: Any,
) -> tuple[float, int, int]:  # fmt: skip
    """Fill `points` and `runs` from the pieces; return what `corners_of` returns."""
    first, top, chord_count = corners_of(beam, azimuth_deg, angle_deg, units, chords)
    state[:] = 0
    if 359.9 < angle_deg < 360 or angle_deg < 0.01:
        state[DOUBT] = 1
    count = thick_pieces(beam, pieces, count, state)
    flat, near = beam[FAR] * math.cos(math.pi / len(units)), beam[NEAR]
    for i in range(count):
        row, before = pieces[i], pieces[i - 1 if i else count - 1]
        # A short step back along a wall seen at a grazing angle can come to lie on it.
        if 1e-9 < math.hypot(row[PX] - before[QX], row[PY] - before[QY]) < SHORT_M:
            state[DOUBT] = 1
        if row[EDGE] < 0:
            open_run(runs, state, row[PX], row[PY], row[FROM])
            along_arc(beam, row, first, top, chord_count, units, chords, points, state)
            continue
        px, py, qx, qy = row[PX], row[PY], row[QX], row[QY]
        dx, dy, c = qx - px, qy - py, px * qy - py * qx
        p2, q2, square = px * px + py * py, qx * qx + qy * qy, dx * dx + dy * dy
        if square == 0:
            continue
        least = c * c / square
        if not 0 < -(px * dx + py * dy) < square:
            least = min(p2, q2)
        if least < 1e-6:
            state[DOUBT] = 1
        if max(p2, q2) > flat * flat or least < near * near:
            across_chords(beam, row, first, top, chord_count, units, chords, points, runs, state)
        else:
            open_run(runs, state, px, py, row[FROM])
            push(points, state, px, py)
            push(points, state, qx, qy)
    if count:
        last = pieces[count - 1]
        close_run(runs, state, last[QX], last[QY], last[TO])
    return first, top, chord_count
