"""Compiled loops of `geo.overlay`: from polygons to segments of whole numbers within a box."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit


@njit(nogil=True)
def clamp_segment(
    ax: float,
    ay: float,
    bx: float,
    by: float,
    wide: float,
    high: float,
    delta: Any,
    who: Any,
    segments: Any,
    deltas: Any,
    n: Any,
) -> Any:
    """Add a segment, in lattice units, as whole numbers; what lies outside the box is pressed onto its border.

    Closed lines stay closed and wind about each point within the box as before. Returns the new number of segments.
    """
    if min(ax, bx) >= 0.0 and max(ax, bx) <= wide and min(ay, by) >= 0.0 and max(ay, by) <= high:
        return _push(np.int64(np.rint(ax)), np.int64(np.rint(ay)), np.int64(np.rint(bx)), np.int64(np.rint(by)),
                     delta, who, segments, deltas, n)  # fmt: skip
    cuts = np.empty(6)
    cuts[0] = 0.0
    count = 1
    dx, dy = bx - ax, by - ay
    for side in range(4):
        step, start, limit = (dx, ax, 0.0 if side == 0 else wide) if side < 2 else (dy, ay, 0.0 if side == 2 else high)
        if step != 0.0:
            share = (limit - start) / step
            if 0.0 < share < 1.0:
                at = count
                while at > 1 and cuts[at - 1] > share:
                    cuts[at] = cuts[at - 1]
                    at -= 1
                cuts[at] = share
                count += 1
    cuts[count] = 1.0
    px = np.int64(np.rint(min(max(ax, 0.0), wide)))
    py = np.int64(np.rint(min(max(ay, 0.0), high)))
    for i in range(1, count + 1):
        x, y = (bx, by) if i == count else (ax + cuts[i] * dx, ay + cuts[i] * dy)
        qx = np.int64(np.rint(min(max(x, 0.0), wide)))
        qy = np.int64(np.rint(min(max(y, 0.0), high)))
        n = _push(px, py, qx, qy, delta, who, segments, deltas, n)
        px, py = qx, qy
    return n


@njit(nogil=True)
def _push(ax: Any, ay: Any, bx: Any, by: Any, delta: Any, who: Any, segments: Any, deltas: Any, n: Any) -> Any:
    """Add a segment directed upwards (to the right where level)."""
    if ax == bx and ay == by:
        return n
    if by > ay or (by == ay and bx > ax):
        segments[n, 0], segments[n, 1], segments[n, 2], segments[n, 3] = ax, ay, bx, by
        deltas[n, 0], deltas[n, 1] = delta, who
    else:
        segments[n, 0], segments[n, 1], segments[n, 2], segments[n, 3] = bx, by, ax, ay
        deltas[n, 0], deltas[n, 1] = -delta, -who
    return n + 1
