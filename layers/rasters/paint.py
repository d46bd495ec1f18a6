"""Exact-area antialiasing: how much of each pixel polygons and strokes cover.

Signed trapezoid areas are accumulated edge by edge and summed along each row (the method of font rasterisers such as
font-rs and stb_truetype). It needs no supersampling, neighbours meet without a seam, also across tiles, and rings of
opposite orientation cut holes.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

_ROUND = 10  # corners of the disc at a stroke's vertices


def cover_rings(
    xy: NDArray[np.float64],
    starts: NDArray[np.int64],
    chosen: NDArray[np.int64],
    origin: tuple[float, float],
    per_px: float,
    size: int | tuple[int, int],
) -> NDArray[np.float32]:
    """Return the share of each pixel that rings cover.

    Parameters
    ----------
    xy
        float64, shape (n, 2): closed rings one after another; outer rings turn one way, holes the other.
    starts
        int64, shape (rings + 1,): where each ring begins in `xy`.
    chosen
        int64: rings to draw.
    origin
        Coordinates of the picture's north-west corner.
    per_px
        Coordinate units in a pixel.
    size
        Pixels along a side, or (width, height).

    Returns
    -------
    float32, shape (height, width), 0 to 1; where shapes overlap it stays 1.
    """
    area = _ground(size)
    _rings(area, xy, starts, chosen, origin[0], origin[1], 1.0 / per_px)
    return _shares(area)


def cover_strokes(
    xy: NDArray[np.float64],
    starts: NDArray[np.int64],
    chosen: NDArray[np.int64],
    width_px: NDArray[np.float64],
    origin: tuple[float, float],
    per_px: float,
    size: int | tuple[int, int],
) -> NDArray[np.float32]:
    """Return the share of each pixel that strokes along lines cover, with round joints and ends (from 1.2 px).

    Parameters are those of `cover_rings`, `width_px` is the full width of each chosen line in pixels.
    """
    area = _ground(size)
    _strokes(area, xy, starts, chosen, width_px, origin[0], origin[1], 1.0 / per_px)
    return _shares(area)


def warm() -> None:
    """Compile (or load from the disk cache) what tiles need, so that the first tile is not slow."""
    line = np.array([[0.0, 0.0], [4.0, 3.0], [4.0, 0.0], [0.0, 0.0]])
    starts, chosen = np.array([0, 4], dtype=np.int64), np.array([0], dtype=np.int64)
    cover_rings(line, starts, chosen, (0.0, 4.0), 1.0, 4)
    cover_strokes(line, starts, chosen, np.array([2.0]), (0.0, 4.0), 1.0, 4)


def _ground(size: int | tuple[int, int]) -> NDArray[np.float32]:
    width, height = (size, size) if isinstance(size, int) else size
    return np.zeros((height, width + 2), np.float32)


def _shares(area: NDArray[np.float32]) -> NDArray[np.float32]:
    total = np.abs(np.cumsum(area[:, :-2], axis=1, dtype=np.float64))
    return np.minimum(total, 1.0, out=total).astype(np.float32)


@njit(cache=True, nogil=True)
def _span(area, row, left, right, middle, height):  # type: ignore[no-untyped-def]
    """Add one edge's part inside one pixel row, between the columns left <= right (inside the picture)."""
    first = int(left)
    last = math.ceil(right)
    if last <= first + 1:
        share = middle - first
        area[row, first] += height * (1 - share)
        area[row, first + 1] += height * share
        return
    slope = 1.0 / (right - left)
    start = left - first
    end = right - last + 1
    begin = 0.5 * slope * (1 - start) * (1 - start)
    finish = 0.5 * slope * end * end
    area[row, first] += height * begin
    if last == first + 2:
        area[row, first + 1] += height * (1 - begin - finish)
    else:
        second = slope * (1.5 - start)
        area[row, first + 1] += height * (second - begin)
        for column in range(first + 2, last - 1):
            area[row, column] += height * slope
        before = second + (last - first - 3) * slope
        area[row, last - 1] += height * (1 - before - finish)
    area[row, last] += height * finish


@njit(cache=True, nogil=True)
def _edge(area, x0, y0, x1, y1):  # type: ignore[no-untyped-def]
    """Add one directed edge in pixel coordinates; what is left of the picture counts from its first column."""
    rows = area.shape[0]
    columns = area.shape[1] - 2
    if y0 == y1:
        return
    sign = 1.0
    if y0 > y1:
        sign = -1.0
        x0, y0, x1, y1 = x1, y1, x0, y0
    if y1 <= 0 or y0 >= rows or (x0 >= columns and x1 >= columns):
        return
    slope = (x1 - x0) / (y1 - y0)
    top = max(y0, 0.0)
    bottom = min(y1, float(rows))
    x = x0 + (top - y0) * slope
    for row in range(int(top), min(rows, math.ceil(bottom))):
        low = max(float(row), top)
        high = min(row + 1.0, bottom)
        after = x + slope * (high - low)
        height = sign * (high - low)
        left = min(x, after)
        right = max(x, after)
        x = after
        if right <= 0:
            area[row, 0] += height
        elif left >= columns:
            continue
        else:
            width = right - left
            share = 1.0
            if left < 0:
                area[row, 0] += height * (-left / width)
                share -= -left / width
                left = 0.0
            if right > columns:
                share -= (right - columns) / width
                right = float(columns)
            _span(area, row, left, right, 0.5 * (left + right), height * share)


@njit(cache=True, nogil=True)
def _rings(area, xy, starts, chosen, x0, y0, scale):  # type: ignore[no-untyped-def]
    for ring in chosen:
        for i in range(starts[ring], starts[ring + 1] - 1):
            _edge(
                area,
                (xy[i, 0] - x0) * scale,
                (y0 - xy[i, 1]) * scale,
                (xy[i + 1, 0] - x0) * scale,
                (y0 - xy[i + 1, 1]) * scale,
            )


@njit(cache=True, nogil=True)
def _strokes(area, xy, starts, chosen, width, x0, y0, scale):  # type: ignore[no-untyped-def]
    rows = area.shape[0]
    columns = area.shape[1] - 2
    turn = 2 * math.pi / _ROUND
    for k in range(len(chosen)):
        line = chosen[k]
        half = 0.5 * width[k]
        for i in range(starts[line], starts[line + 1]):
            ax = (xy[i, 0] - x0) * scale
            ay = (y0 - xy[i, 1]) * scale
            if half > 0.6 and -half < ax < columns + half and -half < ay < rows + half:
                px, py = ax + half, ay
                for corner in range(1, _ROUND + 1):
                    qx = ax + half * math.cos(corner * turn)
                    qy = ay + half * math.sin(corner * turn)
                    _edge(area, px, py, qx, qy)
                    px, py = qx, qy
            if i + 1 == starts[line + 1]:
                continue
            bx = (xy[i + 1, 0] - x0) * scale
            by = (y0 - xy[i + 1, 1]) * scale
            if max(ax, bx) < -half or min(ax, bx) > columns + half or max(ay, by) < -half or min(ay, by) > rows + half:
                continue
            length = math.hypot(bx - ax, by - ay)
            if length == 0:
                continue
            nx = -(by - ay) / length * half
            ny = (bx - ax) / length * half
            # The same turning sense as the disc, so that overlaps add up and are cut off at 1.
            _edge(area, ax - nx, ay - ny, bx - nx, by - ny)
            _edge(area, bx - nx, by - ny, bx + nx, by + ny)
            _edge(area, bx + nx, by + ny, ax + nx, ay + ny)
            _edge(area, ax + nx, ay + ny, ax - nx, ay - ny)
