"""Areas by direction: how much of polygons about a place lies in each small step of azimuth, exactly."""

from __future__ import annotations

from math import atan2, cos, floor, hypot, pi, sin
from typing import Any

import numba
import numpy as np
import shapely
from numpy.typing import NDArray

Floats = NDArray[np.float64]

STEPS = 3600
STEP_DEG = 360.0 / STEPS


def by_step(polygons: NDArray[Any], owner: NDArray[np.int64], centres: Floats) -> Floats:
    """Return the area of polygons by owner and step of azimuth.

    Parameters
    ----------
    polygons
        Polygons (m,) with disjoint interiors; missing ones count nothing.
    owner
        int64 (m,): row of `centres` it belongs to.
    centres
        float64 (n, 2): where azimuths are taken, metres.

    Returns
    -------
    float64 (n, STEPS): square metres from `STEP_DEG * i` to `STEP_DEG * (i + 1)`, clockwise from grid north.

    Examples
    --------
    >>> found = by_step(np.array([shapely.box(-1, -1, 1, 1)]), np.zeros(1, int), np.zeros((1, 2)))
    >>> found.sum().round(9).tolist(), found[0, :450].sum().round(9).tolist()
    (4.0, 0.5)
    """
    found = np.zeros((len(centres), STEPS))
    present = ~shapely.is_missing(polygons)
    parts, row = shapely.get_parts(polygons[present], return_index=True)
    flat = shapely.get_dimensions(parts) == 2
    parts, row = shapely.orient_polygons(parts[flat]), owner[present][row[flat]]
    rings, part = shapely.get_rings(parts, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    if len(xy):
        _add(xy, ring.astype(np.int64), row[part].astype(np.int64), np.ascontiguousarray(centres, np.float64), found)
    return np.maximum(found, 0.0)


@numba.njit(cache=True, nogil=True)
def _add(xy: Any, ring: Any, owner: Any, centres: Any, found: Any) -> None:
    """Add the triangles from the centre to every edge, parted at the steps; edges that turn back take away."""
    steps = found.shape[1]
    width = 2 * pi / steps
    for i in range(len(xy) - 1):
        if ring[i] != ring[i + 1]:
            continue
        row = owner[ring[i]]
        ax, ay = xy[i, 0] - centres[row, 0], xy[i, 1] - centres[row, 1]
        bx, by = xy[i + 1, 0] - centres[row, 0], xy[i + 1, 1] - centres[row, 1]
        cross = ax * by - ay * bx
        if abs(cross) <= 1e-12 * (hypot(ax, ay) * hypot(bx, by) + 1e-300):
            continue
        sign = 1.0 if cross > 0 else -1.0
        turn = abs(atan2(cross, ax * bx + ay * by))
        # Azimuths run clockwise: an edge that goes round to the left starts at its greater one.
        start = atan2(bx, by) if cross > 0 else atan2(ax, ay)
        dx, dy = bx - ax, by - ay
        end = start + turn
        left = start
        step = floor(start / width)
        while left < end:
            right = min((step + 1) * width, end)
            r0 = abs(cross / (sin(left) * dy - cos(left) * dx))
            r1 = abs(cross / (sin(right) * dy - cos(right) * dx))
            found[row, step % steps] += sign * 0.5 * r0 * r1 * sin(right - left)
            left = right
            step += 1
