"""Compiled loops of `geo.overlay`: grids, one after the other, from flat polygons to the rings of their parts."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from geo import overlay_faces, overlay_nodes, overlay_segments, overlay_sweep
from geo.kernel_cache import stamped
from geo.overlay_faces import trace
from geo.overlay_nodes import node_segments
from geo.overlay_segments import clamp_segment
from geo.overlay_sweep import CELL, SOLID, areas, sweep

MARGIN_M = 1.0  # beyond the box of a grid, so that what is pressed onto the border does not meet the grid
FINEST_BITS = 20  # the lattice is 2**-20 m, coarser only where a grid is larger than half a kilometre
_MOST = 1 << 30
LARGE = 1e-8  # share of a grid by which sums may differ besides: the lattice of large grids is coarser
SOUND, TORN, ASTRAY = 0, 1, 2  # TORN: not planar; ASTRAY: sums that must agree do not
CLASSES = 3


@njit(nogil=True)
def _add(shape: Any, flat: Any, delta: Any, who: Any, frame: Any, segments: Any, deltas: Any, n: Any) -> Any:
    """Add the rings of a shape as segments."""
    xy, rings, signs, firsts = flat
    ox, oy, scale, wide, high = frame
    for ring in range(firsts[shape], firsts[shape + 1]):
        sign = signs[ring]
        begin, end = rings[ring], rings[ring + 1]
        ax, ay = (xy[begin, 0] - ox) * scale, (xy[begin, 1] - oy) * scale
        for i in range(begin + 1, end):
            bx, by = (xy[i, 0] - ox) * scale, (xy[i, 1] - oy) * scale
            n = clamp_segment(ax, ay, bx, by, wide, high, delta * sign, who * sign, segments, deltas, n)
            ax, ay = bx, by
    return n


@njit(nogil=True)
def _corners(shape: Any, flat: Any) -> Any:
    return flat[1][flat[3][shape + 1]] - flat[1][flat[3][shape]]


@njit(nogil=True)
def _times_area(label: Any) -> Any:
    """How many views and solids lie over a place."""
    return ((label >> 16) & 0xFFFF) + ((label >> 32) & 0xFFFF) + ((label >> 48) & 0xFFFF)


@njit(nogil=True)
def _gain(delta: Any) -> Any:
    """The same for what an edge changes: its fields are signed."""
    total = np.int64(0)
    for field in range(4):
        low = ((delta + 0x8000) & 0xFFFF) - 0x8000
        if field > 0:
            total += low
        delta = (delta - low) >> 16
    return total


@njit(nogil=True)
def _twice(ax: Any, ay: Any, bx: Any, by: Any) -> float:
    return np.float64(ax) * np.float64(by) - np.float64(bx) * np.float64(ay)


@njit(nogil=True)
def _agree(
    segments: Any, deltas: Any, nodes: Any, edges: Any, left: Any, right: Any, unit: float, slack: float
) -> bool:
    """Say whether faces times what covers them is what all views and solids measure."""
    given, found = 0.0, 0.0
    for s in range(len(segments)):
        given += _gain(deltas[s, 0]) * _twice(segments[s, 0], segments[s, 1], segments[s, 2], segments[s, 3])
    for e in range(len(edges)):
        a, b = edges[e, 0], edges[e, 1]
        twice = _twice(nodes[a, 0], nodes[a, 1], nodes[b, 0], nodes[b, 1])
        found += (_times_area(left[e, 0]) - _times_area(right[e, 0])) * twice
    return abs(given - found) * 0.5 * unit <= slack


@njit(nogil=True)
def _grown(array: Any, size: Any, more: Any) -> Any:
    if size + more <= len(array):
        return array
    larger = np.empty((2 * len(array) + more, *array.shape[1:]), array.dtype)
    larger[:size] = array[:size]
    return larger


@njit(nogil=True)
def _frame(box: Any) -> Any:
    """Origin, units per metre, width and height in units of the lattice of a grid; the origin is a whole metre."""
    ox, oy = np.floor(box[0]) - MARGIN_M, np.floor(box[1]) - MARGIN_M
    across, up = np.ceil(box[2]) + MARGIN_M - ox, np.ceil(box[3]) + MARGIN_M - oy
    bits = FINEST_BITS
    while max(across, up) * 2.0**bits >= _MOST:
        bits -= 1
    return ox, oy, 2.0**bits, across * 2.0**bits, up * 2.0**bits


@njit(nogil=True)
def _in_order(kind: Any, face: Any, area: Any) -> Any:
    """Rings by class, by face, the shell first."""
    keys = np.empty(len(kind), np.int64)
    for r in range(len(kind)):
        keys[r] = (np.int64(kind[r]) << 40) | (np.int64(face[r]) << 1) | (1 if area[r] < 0 else 0)
    return np.argsort(keys, kind="mergesort")


@njit(cache=True, nogil=True)
def cover_cells(
    boxes: Any, bases: Any, layers: Any, kinds: Any, starts: Any, items: Any, slack: float, least: float
) -> tuple[Any, Any, Any, Any, Any, Any, Any]:
    """Return the parts of grids; see `geo.overlay.lay_over`.

    Parameters
    ----------
    boxes
        float64 (k, 4) of the grids.
    bases, layers
        Flat polygons of the grids, and of what lies over them (`geo.overlay.Flat.arrays`).
    kinds
        int64: what each of `layers` adds to a label.
    starts, items
        CSR: which of `layers` lie over each grid.
    slack
        m2 by which sums may differ, besides `LARGE`.
    least
        m2 of the smallest face or hole that becomes a polygon.

    Returns
    -------
    states, measures
        int8 (k,); float64 (k, 10), see `geo.overlay_sweep.areas`, m2.
    alone
        float64, one for each of `items`, m2.
    points, rings, shells, multis
        float64 (p, 2) and the offsets of rings, polygons and multipolygons (k * 3: certain, possible, blind).
    """
    count = len(boxes)
    states, measures, alone = np.zeros(count, np.int8), np.zeros((count, 10)), np.zeros(len(items))
    points, used = np.empty((4096, 2)), 0
    rings, ring_count = np.zeros(512, np.int64), 0
    shells, shell_count = np.zeros(256, np.int64), 0
    multis = np.zeros(count * CLASSES + 1, np.int64)
    for k in range(count):
        most = _corners(k, bases)
        if most == 0:
            multis[k * CLASSES + 1 : (k + 1) * CLASSES + 1] = shell_count
            continue
        for i in range(starts[k], starts[k + 1]):
            most += _corners(items[i], layers)
        frame = _frame(boxes[k])
        ox, oy, scale, wide, high = frame
        unit = 1.0 / (scale * scale)
        allowed = slack + LARGE * wide * high * unit
        segments, deltas = np.empty((5 * most, 4), np.int64), np.empty((5 * most, 2), np.int64)
        n = _add(k, bases, CELL, 0, frame, segments, deltas, 0)
        for i in range(starts[k], starts[k + 1]):
            who = 0 if kinds[items[i]] == SOLID else i - starts[k] + 1
            n = _add(items[i], layers, kinds[items[i]], who, frame, segments, deltas, n)
        segments, deltas = segments[:n], deltas[:n]
        nodes, edges, delta = node_segments(segments, deltas, np.int64(wide), np.int64(high))
        sound, left, right, follows, same = sweep(nodes, edges, delta)
        traced, begins, kind, face, area = trace(nodes, edges, left, right, follows, same, CLASSES if sound else 0)
        if not sound:
            states[k] = TORN
        elif not _agree(segments, deltas, nodes, edges, left, right, unit, allowed):
            states[k] = ASTRAY
        else:
            own = alone[starts[k] : starts[k + 1]]
            areas(nodes, edges, left, right, measures[k], own)
            for r in range(len(kind)):
                measures[k, kind[r]] -= area[r]
            for c in range(CLASSES):
                if abs(measures[k, c]) * unit > allowed:
                    states[k] = ASTRAY
            for r in range(len(kind)):
                measures[k, kind[r]] += area[r]
            measures[k] *= unit
            own *= unit
        order = _in_order(kind, face, area)
        points = _grown(points, used, len(traced) + len(kind))
        rings, shells = _grown(rings, ring_count, len(kind) + 1), _grown(shells, shell_count, len(kind) + 1)
        at = 0
        for c in range(CLASSES):
            known, kept = np.int64(-1), False  # the face whose shell came last, and whether it is large enough
            while at < len(order) and kind[order[at]] == c:
                r = order[at]
                at += 1
                shell = face[r] != known
                if shell != (area[r] > 0):  # a face without a shell, or with two
                    states[k] = ASTRAY
                large = abs(area[r]) * unit >= least
                if shell:
                    known, kept = face[r], large
                if not (kept and large):
                    continue
                if shell:
                    shells[shell_count] = ring_count
                    shell_count += 1
                rings[ring_count] = used
                ring_count += 1
                for i in range(begins[r], begins[r + 1] + 1):
                    node = traced[i if i < begins[r + 1] else begins[r]]
                    points[used, 0], points[used, 1] = ox + nodes[node, 0] / scale, oy + nodes[node, 1] / scale
                    used += 1
            multis[k * CLASSES + c + 1] = shell_count
    rings[ring_count], shells[shell_count] = used, ring_count
    return states, measures, alone, points[:used], rings[: ring_count + 1], shells[: shell_count + 1], multis


stamped(cover_cells, overlay_faces, overlay_nodes, overlay_segments, overlay_sweep)
