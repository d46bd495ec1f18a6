"""Which beams see a place, and why the others do not: sight lines instead of polygons.

A place is seen as `geo.visibility.visible` draws it, but to the true arcs. The line from the camera is held against the
edges it crosses, front and back: see `geo.visibility_over` for what lower obstacles hide.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from geo import visibility_edges
from geo.kernel_cache import stamped
from geo.obstacles import Obstacles
from geo.parallel import THREADS
from geo.visibility import Beams
from geo.visibility_edges import WIDTH, aim, edges_in, turn_of
from geo.visibility_index import index_edges

Floats = NDArray[np.float64]

SEEN, RANGE, NEAR_ZONE, DIRECTION, WALL = 0, 1, 2, 3, 4
_CELL_M = 64.0


@dataclass(frozen=True)
class Sightings:
    """The beams that see each of n points: `beam[starts[i]:starts[i + 1]]`, ascending."""

    starts: NDArray[np.int64]
    beam: NDArray[np.int32]


def look(
    px: float,
    py: float,
    beams: Beams,
    obstacles: Obstacles,
    *,
    rows: ArrayLike | None = None,
    target_height_m: float = 1.6,
) -> NDArray[np.int8]:
    """Say of each beam whether it sees a place.

    Parameters
    ----------
    px, py
        The place, metres.
    beams, obstacles
        See `geo.visibility.visible`.
    rows
        Beams to ask; all if None.
    target_height_m
        Height of what is to be seen.

    Returns
    -------
    int8, one for each asked beam; the first that applies of: 1 out of range, 2 in the near blind zone, 3 out of the
    sector, 4 behind or in an obstacle; else 0, seen.

    Examples
    --------
    >>> import shapely
    >>> from geo.obstacles import build_obstacles
    >>> wall, one = build_obstacles([shapely.box(-5, 10, 5, 11)]), np.ones(1)
    >>> north = Beams(0 * one, 0 * one, 0 * one, 90 * one, 2 * one, 50 * one, np.nan * one)
    >>> [int(look(*place, north, wall)[0]) for place in [(0, 9), (0, 60), (0, 1), (9, 0), (0, 12)]]
    [0, 1, 2, 3, 4]
    """
    asked = np.arange(len(beams.x), dtype=np.int64) if rows is None else np.asarray(rows, np.int64)
    out = np.empty(len(asked), np.int8)
    x, y, azimuth, angle, near, far, height = _columns(beams)
    o, cells = obstacles, obstacles.cells
    look_from(
        px, py, asked, x, y, azimuth, angle, near, far, height, o.owner, o.height_m,
        (cells.x0, cells.y0, 1 / cells.cell_m), (cells.columns, cells.rows), cells.starts, cells.items, cells.ends,
        target_height_m, out,
    )  # fmt: skip
    return out


def look_many(
    px: ArrayLike,
    py: ArrayLike,
    beams: Beams,
    obstacles: Obstacles,
    *,
    target_height_m: float = 1.6,
    threads: int | None = None,
) -> Sightings:
    """Find the beams that see each of many points; see `look`.

    Examples
    --------
    >>> import shapely
    >>> from geo.obstacles import build_obstacles
    >>> wall, two = build_obstacles([shapely.box(-5, 10, 5, 11)]), np.ones(2)
    >>> round_ = Beams(np.array([0.0, 1.0]), 0 * two, 0 * two, 360 * two, 0 * two, 50 * two, np.nan * two)
    >>> look_many([0.0, 0.0], [9.0, 12.0], round_, wall).starts.tolist()
    [0, 2, 2]
    """
    xs, ys = np.ascontiguousarray(px, np.float64), np.ascontiguousarray(py, np.float64)
    x, y, azimuth, angle, near, far, height = _columns(beams)
    index = index_edges(x - far, y - far, x + far, y + far, _CELL_M)
    o, cells = obstacles, obstacles.cells
    workers = threads or THREADS
    size = max(1024, -(-len(xs) // (4 * workers)))

    def some(begin: int) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        part = slice(begin, begin + size)
        counts = np.empty(len(xs[part]), np.int64)
        found: NDArray[np.int32] = look_at_all(
            xs[part], ys[part], (index.x0, index.y0, 1 / index.cell_m), (index.columns, index.rows), index.starts,
            index.items, x, y, azimuth, angle, near, far, height, o.owner, o.height_m,
            (cells.x0, cells.y0, 1 / cells.cell_m), (cells.columns, cells.rows), cells.starts, cells.items, cells.ends,
            target_height_m, counts,
        )  # fmt: skip
        return counts, found

    with ThreadPoolExecutor(workers) as pool:
        parts = list(pool.map(some, range(0, len(xs), size)))
    starts = np.concatenate([[0], *(counts for counts, _ in parts)]).cumsum().astype(np.int64)
    return Sightings(starts, np.concatenate([np.zeros(0, np.int32), *(found for _, found in parts)]))


def _columns(beams: Beams) -> tuple[Floats, Floats, Floats, Floats, Floats, Floats, Floats]:
    x, y, azimuth, angle, near, far, height = (
        np.ascontiguousarray(column, np.float64)
        for column in (
            beams.x, beams.y, beams.azimuth_deg, beams.angle_deg, beams.near_m, beams.far_m, beams.height_m,
        )
    )  # fmt: skip
    return x, y, azimuth, angle, near, far, height


@njit(cache=True, nogil=True, error_model="numpy")
def hidden(
    dx: float, dy: float, x: float, y: float, height: float, target: float, listed: Any, count: int,
    ends: Any, items: Any, owner: Any, tall: Any,
) -> bool:  # fmt: skip
    """Return whether the listed edges hide the place at (dx, dy) from the camera."""
    depth = 0
    for k in range(count):
        i = listed[k]
        px, py, qx, qy = ends[i, 0] - x, ends[i, 1] - y, ends[i, 2] - x, ends[i, 3] - y
        p_side, q_side = dx * py - dy * px, dx * qy - dy * qx
        if (p_side > 0) == (q_side > 0):
            continue
        # Where along the line, 1 at the place, the edge is crossed.
        along = (px * qy - py * qx) / (q_side - p_side)
        if not 0 <= along < 1:
            continue
        low = tall[owner[items[i]]]
        front = p_side > 0
        if not height > low:
            if front:
                return True
        elif front:
            depth += 1
        elif along * max((height - target) / (height - low), 1.0) < 1:
            depth -= 1
    return depth > 0


@njit(cache=True, nogil=True, error_model="numpy")
def state_of(
    beam: Any, dx: float, dy: float, x: float, y: float, azimuth: float, angle: float, near: float, far: float,
    height: float, target: float, owner: Any, tall: Any,
    frame: Any, shape: Any, starts: Any, items: Any, ends: Any, listed: Any,
) -> Any:  # fmt: skip
    """Return the state of one beam towards (dx, dy), and the list, which may have grown."""
    away = math.hypot(dx, dy)
    if away > far:
        return RANGE, listed
    if away < near:
        return NEAR_ZONE, listed
    if angle < 360.0:
        aim(beam, azimuth, angle, near, far)
        if away > 0 and turn_of(beam, dx, dy) > beam[WIDTH]:
            return DIRECTION, listed
    count, listed = edges_in(
        x + min(dx, 0.0), y + min(dy, 0.0), x + max(dx, 0.0), y + max(dy, 0.0),
        frame, shape, starts, ends, listed,
    )  # fmt: skip
    behind = hidden(dx, dy, x, y, height, target, listed, count, ends, items, owner, tall)
    return (WALL if behind else SEEN), listed


@njit(cache=True, nogil=True, error_model="numpy")
def look_from(
    px: float, py: float, asked: Any, x: Any, y: Any, azimuth: Any, angle: Any, near: Any, far: Any, height: Any,
    owner: Any, tall: Any, frame: Any, shape: Any, starts: Any, items: Any, ends: Any,
    target: float, out: Any,
) -> None:  # fmt: skip
    """Write the state of each asked beam."""
    beam, listed = np.empty(8), np.empty(256, np.int32)
    for k in range(len(asked)):
        i = asked[k]
        if (px - x[i]) ** 2 + (py - y[i]) ** 2 > far[i] ** 2 * 1.000001:
            out[k] = RANGE
            continue
        out[k], listed = state_of(
            beam, px - x[i], py - y[i], x[i], y[i], azimuth[i], angle[i], near[i], far[i], height[i], target,
            owner, tall, frame, shape, starts, items, ends, listed,
        )  # fmt: skip


@njit(cache=True, nogil=True, error_model="numpy")
def look_at_all(
    px: Any, py: Any, beam_frame: Any, beam_shape: Any, beam_starts: Any, beam_items: Any,
    x: Any, y: Any, azimuth: Any, angle: Any, near: Any, far: Any, height: Any,
    owner: Any, tall: Any, frame: Any, shape: Any, starts: Any, items: Any, ends: Any,
    target: float, counts: Any,
) -> Any:  # fmt: skip
    """Return the beams that see each point, and write how many."""
    beam, listed, found = np.empty(8), np.empty(256, np.int32), np.empty(4 * len(px) + 16, np.int32)
    at = 0
    columns, rows = beam_shape
    for k in range(len(px)):
        before = at
        column = math.floor((px[k] - beam_frame[0]) * beam_frame[2])
        row = math.floor((py[k] - beam_frame[1]) * beam_frame[2])
        if 0 <= column < columns and 0 <= row < rows:
            cell = row * columns + column
            if at + beam_starts[cell + 1] - beam_starts[cell] > len(found):
                more = len(found) + beam_starts[cell + 1] - beam_starts[cell]
                found = np.concatenate((found, np.empty(more, np.int32)))
            for item in range(beam_starts[cell], beam_starts[cell + 1]):
                i = beam_items[item]
                if (px[k] - x[i]) ** 2 + (py[k] - y[i]) ** 2 > far[i] ** 2 * 1.000001:
                    continue
                state, listed = state_of(
                    beam, px[k] - x[i], py[k] - y[i], x[i], y[i], azimuth[i], angle[i], near[i], far[i], height[i],
                    target, owner, tall, frame, shape, starts, items, ends, listed,
                )  # fmt: skip
                if state == SEEN:
                    found[at] = i
                    at += 1
        counts[k] = at - before
    return found[:at].copy()


stamped(look_from, visibility_edges)
stamped(look_at_all, visibility_edges)
