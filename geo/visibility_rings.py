"""Compiled loops of `geo.visibility`, part 4: runs become rings in the CRS's coordinates; the loop over beams."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from geo import visibility_draw, visibility_edges, visibility_gather, visibility_over, visibility_sweep
from geo.kernel_cache import stamped
from geo.visibility_draw import (
    DOUBT,
    POINTS,
    R_AT,
    R_AX,
    R_AY,
    R_BT,
    R_BX,
    R_BY,
    R_FIRST,
    R_LAST,
    RUNS,
    draw,
    onto,
    wedge_of,
)  # fmt: skip
from geo.visibility_edges import FAR, NEAR, WIDTH, aim, box_of, cull, edges_in, front_edges
from geo.visibility_gather import gather, keep_near
from geo.visibility_over import area_over, lines_of
from geo.visibility_sweep import area_of, sweep

_SAME_M = 1e-8
_LEAST_M2 = 1e-9
_LEAST_M = 1e-6  # of a reach


@njit(nogil=True, error_model="numpy")
def put(ring: Any, count: int, x: float, y: float) -> int:
    """Add a point to the ring unless it repeats the last; return the count."""
    if count and abs(ring[count - 1, 0] - x) + abs(ring[count - 1, 1] - y) < _SAME_M:
        return count
    ring[count, 0], ring[count, 1] = x, y
    return count + 1


@njit(nogil=True, error_model="numpy")
def close(ring: Any, begin: int, end: int, x: float, y: float) -> int:
    """Close the ring `begin:end` and move it to the camera; return where it ends, or `begin` if nothing is in it."""
    while end - begin > 1 and abs(ring[end - 1, 0] - ring[begin, 0]) + abs(ring[end - 1, 1] - ring[begin, 1]) < _SAME_M:
        end -= 1
    if end - begin < 3:
        return begin
    area = 0.0
    for i in range(begin, end):
        j = i + 1 if i + 1 < end else begin
        area += ring[i, 0] * ring[j, 1] - ring[i, 1] * ring[j, 0]
    if abs(area) < _LEAST_M2:
        return begin
    for i in range(begin, end):
        ring[i, 0] += x
        ring[i, 1] += y
    ring[end, 0], ring[end, 1] = ring[begin, 0], ring[begin, 1]
    return end + 1


@njit(nogil=True, error_model="numpy")
def inner_path(beam: Any, last: Any, begin: Any, drawn: Any, units: Any, chords: Any, ring: Any, at: int) -> int:
    """Add the near bound from the end of one run back to the beginning of one (the same, or one joined to it)."""
    first, top, count = drawn
    share = beam[NEAR] / beam[FAR]
    end = wedge_of(beam, first, top, count, units, last[R_BX], last[R_BY], last[R_BT])
    start = wedge_of(beam, first, top, count, units, begin[R_AX], begin[R_AY], begin[R_AT])
    x, y = onto(chords[end, 0], chords[end, 1], chords[end + 1, 0], chords[end + 1, 1], last[R_BX], last[R_BY])
    at = put(ring, at, share * x, share * y)
    for k in range(end - start if begin[R_AT] < last[R_BT] else end - start + count):
        corner = end - k if end - k >= 0 else end - k + count
        at = put(ring, at, share * chords[corner, 0], share * chords[corner, 1])
    x, y = onto(
        chords[start, 0], chords[start, 1], chords[start + 1, 0], chords[start + 1, 1], begin[R_AX], begin[R_AY]
    )
    return put(ring, at, share * x, share * y)


@njit(nogil=True, error_model="numpy")
def rings_of(
    beam: Any, x: float, y: float, drawn: Any, units: Any, chords: Any, points: Any, runs: Any, state: Any,
    ring: Any, at: int, ring_ends: Any, ring_count: int, polygon_ends: Any, polygon_count: int,
) -> tuple[int, int, int]:  # fmt: skip
    """Write the rings of one beam into `ring` from `at` on; return the new places in the three outputs."""
    near, count = beam[NEAR], state[RUNS]
    whole = beam[WIDTH] >= 4.0
    full = whole and count == 1 and runs[0, R_AT] <= 0 and runs[0, R_BT] >= 4.0
    joined = whole and not full and count > 1 and runs[0, R_AT] <= 0 and runs[count - 1, R_BT] >= 4.0
    for k in range(1 if joined else 0, count):
        begin, start = at, at
        run = runs[k]
        if near == 0 and not whole:
            ring[at, 0], ring[at, 1] = 0.0, 0.0
            at += 1
        for i in range(int(run[R_FIRST]), int(run[R_LAST])):
            at = begin + put(ring[begin:], at - begin, points[i, 0], points[i, 1])
        last = run
        if joined and k == count - 1:
            last = runs[0]
            for i in range(int(last[R_FIRST]), int(last[R_LAST])):
                at = begin + put(ring[begin:], at - begin, points[i, 0], points[i, 1])
        if near > 0 and not full:
            at = begin + inner_path(beam, last, run, drawn, units, chords, ring[begin:], at - begin)
        at = close(ring, begin, at, x, y)
        if at == start:
            continue
        ring_ends[ring_count] = at
        ring_count += 1
        if near > 0 and full:
            begin = at
            for i in range(len(units)):
                ring[at, 0], ring[at, 1] = near * units[i, 0], near * units[i, 1]
                at += 1
            at = close(ring, begin, at, x, y)
            if at > begin:
                ring_ends[ring_count] = at
                ring_count += 1
        polygon_ends[polygon_count] = ring_count
        polygon_count += 1
    return at, ring_count, polygon_count


@njit(nogil=True, error_model="numpy")
def longer(array: Any, needed: int) -> Any:
    """Return a copy with room for `needed` and half as much again."""
    grown = np.empty((needed + needed // 2, array.shape[1]), array.dtype)
    grown[: len(array)] = array
    return grown


@njit(nogil=True, error_model="numpy")
def any_lower(height: float, listed: Any, count: int, items: Any, owner: Any, tall: Any) -> bool:
    """Return whether the camera is higher than the solid of any listed edge."""
    lower = False
    for k in range(count):
        lower |= height > tall[owner[items[listed[k]]]]
    return lower


@njit(cache=True, nogil=True, error_model="numpy")
def look_out(
    x: Any, y: Any, azimuth: Any, angle: Any, near: Any, far: Any, height: Any, units: Any,
    owner: Any, tall: Any, frame: Any, shape: Any, starts: Any, items: Any, ends: Any,
    target: float, area: Any, doubt: Any, over: Any, polygons_of_beam: Any, wanted: bool,
) -> Any:  # fmt: skip
    """Do all beams; return points, ends of rings, ends of polygons (in rings)."""
    beam, state = np.empty(8), np.zeros(4, np.int64)
    listed, found, order = np.empty(1024, np.int32), np.empty((1024, 8)), np.empty(256, np.int64)
    depth, active, pieces = np.empty(1024), np.empty(256, np.int64), np.empty((512, 7))
    chords = np.empty((len(units) + 4, 2))
    points, runs = np.empty((1024, 2)), np.empty((64, 8))
    ring = np.empty((64 * len(x) + 1024, 2))
    ring_ends, polygon_ends = np.empty((2 * len(x) + 64, 1), np.int64), np.empty((2 * len(x) + 64, 1), np.int64)
    marks = np.zeros(len(owner), np.int32)
    at = rings = polygons = 0
    for i in range(len(x)):
        if not (far[i] > near[i] and far[i] > _LEAST_M and angle[i] > 0):
            continue
        aim(beam, azimuth[i], angle[i], near[i], far[i])
        west, south, east, north = box_of(beam)
        if math.isnan(height[i]):
            met = 0
            count, found = gather(
                beam, x[i], y[i], (west, south, east, north), frame, shape, starts, items, ends,
                marks, i + 1, depth, found,
            )  # fmt: skip
            kept, order = keep_near(beam, found, count, depth, order)
        else:
            met, listed = edges_in(
                x[i] + west, y[i] + south, x[i] + east, y[i] + north, frame, shape, starts, ends, listed
            )
            count, found = front_edges(beam, x[i], y[i], height[i], listed, met, ends, items, owner, tall, found)
            kept, order = cull(beam, found, count, depth, order)
        count, active, pieces = sweep(beam, found, order, kept, active, pieces)
        over[i] = not math.isnan(height[i]) and any_lower(height[i], listed, met, items, owner, tall)
        if over[i]:
            lines, line_count = lines_of(
                beam, x[i], y[i], height[i], target, listed, met, ends, items, owner, tall, pieces, count
            )
            area[i] = area_over(beam, lines, line_count)
        else:
            area[i] = area_of(beam, angle[i], pieces, count)
        if not wanted:
            continue
        needed = 8 * count + 8 * len(units) + 16
        if needed > len(points):
            points = longer(points, needed)
        if 2 * (count + len(units)) + 8 > len(runs):
            runs = longer(runs, 2 * (count + len(units)) + 8)
        drawn = draw(beam, azimuth[i], angle[i], pieces, count, units, chords, points, runs, state)
        needed = state[POINTS] + (state[RUNS] + 2) * (len(units) + 4)
        if at + needed > len(ring):
            ring = longer(ring, at + needed)
        if rings + state[RUNS] + 2 > len(ring_ends):
            ring_ends = longer(ring_ends, rings + state[RUNS] + 2)
            polygon_ends = longer(polygon_ends, len(ring_ends))
        before = polygons
        at, rings, polygons = rings_of(
            beam, x[i], y[i], drawn, units, chords, points, runs, state,
            ring, at, ring_ends, rings, polygon_ends, polygons,
        )  # fmt: skip
        polygons_of_beam[i] = polygons - before
        doubt[i] = state[DOUBT]
    return ring[:at], ring_ends[:rings, 0], polygon_ends[:polygons, 0]


stamped(look_out, visibility_edges, visibility_gather, visibility_sweep, visibility_draw, visibility_over)
