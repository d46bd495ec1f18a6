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

from geo import pixel_area
from geo.kernel_cache import stamped
from geo.pixel_area import add_edge

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
def _rings(area, xy, starts, chosen, x0, y0, scale):  # type: ignore[no-untyped-def]
    for ring in chosen:
        for i in range(starts[ring], starts[ring + 1] - 1):
            add_edge(
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
                    add_edge(area, px, py, qx, qy)
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
            add_edge(area, ax - nx, ay - ny, bx - nx, by - ny)
            add_edge(area, bx - nx, by - ny, bx + nx, by + ny)
            add_edge(area, bx + nx, by + ny, ax + nx, ay + ny)
            add_edge(area, ax + nx, ay + ny, ax - nx, ay - ny)


stamped(_rings, pixel_area)
stamped(_strokes, pixel_area)
