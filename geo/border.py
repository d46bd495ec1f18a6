"""How far a point is from the nearest border of any grid: segments in a lattice of cells, searched ring by ring."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from geo.lattice import edges_of, lattice
from geo.pip_kernels import columns_in_row

_CELLS_PER_SEGMENT = 4
_MARGIN = 1e-3  # of a cell


def border_segments(polygons: ArrayLike) -> NDArray[np.float64]:
    """Return the distinct edges of all rings, float64 (k, 4); an edge that two polygons share occurs once."""
    edges, _ = edges_of(np.asarray(polygons, dtype=object))
    swap = (edges[:, 0] > edges[:, 2]) | ((edges[:, 0] == edges[:, 2]) & (edges[:, 1] > edges[:, 3]))
    edges[swap] = edges[swap][:, [2, 3, 0, 1]]
    order = np.lexsort(edges.T)
    sorted_ = edges[order]
    first = np.ones(len(edges), dtype=np.bool_)
    first[1:] = (sorted_[1:] != sorted_[:-1]).any(axis=1)
    distinct: NDArray[np.float64] = np.ascontiguousarray(sorted_[first])
    return distinct


def border_distance(x: ArrayLike, y: ArrayLike, polygons: ArrayLike) -> NDArray[np.float64]:
    """Return the distance of each point to the nearest border line of any of the polygons.

    Parameters
    ----------
    x, y
        (n,), metres, in the polygons' CRS.
    polygons
        Object array of polygons; None and empty ones have no border.

    Returns
    -------
    float64 (n,), metres; infinite where there is no border or the point is not finite.

    Examples
    --------
    >>> import shapely
    >>> border_distance([2.0, 13.0], [5.0, 5.0], [shapely.box(0, 0, 10, 10)]).tolist()
    [2.0, 3.0]
    """
    px, py = np.ascontiguousarray(x, np.float64), np.ascontiguousarray(y, np.float64)
    distance = np.full(len(px), np.inf)
    segments = border_segments(polygons)
    if len(segments) == 0 or len(px) == 0:
        return distance
    box = np.concatenate([segments.reshape(-1, 2).min(axis=0), segments.reshape(-1, 2).max(axis=0)])
    size = lattice(box, _CELLS_PER_SEGMENT * len(segments))
    count = np.zeros(size[2] * size[3] + 1, np.int64)
    _enter_cells(segments, box[0], box[1], *size, count[1:], np.empty(0, np.int32))
    start = np.cumsum(count)
    members = np.empty(int(start[-1]), np.int32)
    _enter_cells(segments, box[0], box[1], *size, start[:-1].copy(), members)
    _nearest(px, py, segments, start, members, box, *size, distance)
    return distance


@njit(cache=True, nogil=True)
def _enter_cells(
    segments: Any, x0: float, y0: float, per_x: float, per_y: float, columns: int, rows: int, place: Any, members: Any
) -> None:
    """Count (`members` empty) or list the segments that enter each cell; `place` is the running place of each cell."""
    for s in range(len(segments)):
        ax, ay, bx, by = segments[s, 0], segments[s, 1], segments[s, 2], segments[s, 3]
        if ay > by:
            ax, ay, bx, by = bx, by, ax, ay
        for row in range(min(int((ay - y0) * per_y), rows - 1), min(int((by - y0) * per_y), rows - 1) + 1):
            low, high = columns_in_row(
                ax, ay, bx, by, y0 + (row - _MARGIN) / per_y, y0 + (row + 1 + _MARGIN) / per_y, _MARGIN / per_x
            )
            first = min(int((low - x0) * per_x), columns - 1)
            last = min(int((high - x0) * per_x), columns - 1)
            for cell in range(row * columns + first, row * columns + last + 1):
                if len(members):
                    members[place[cell]] = s
                place[cell] += 1


@njit(cache=True, nogil=True)
def _nearest(
    x: Any,
    y: Any,
    segments: Any,
    start: Any,
    members: Any,
    box: Any,
    per_x: float,
    per_y: float,
    columns: int,
    rows: int,
    distance: Any,
) -> None:
    """Search the cells around each point in growing rings until no further ring can hold a nearer segment."""
    side = 0.999 * min(1.0 / per_x, 1.0 / per_y)
    for i in range(len(x)):
        px, py = x[i], y[i]
        if not (np.isfinite(px) and np.isfinite(py)):
            continue
        # From outside the box the search starts at the nearest place in it: what is r away from there is at least
        # sqrt(out^2 + r^2) away from the point.
        cx, cy = min(max(px, box[0]), box[2]), min(max(py, box[1]), box[3])
        out = (px - cx) ** 2 + (py - cy) ** 2
        column = min(int((cx - box[0]) * per_x), columns - 1)
        row = min(int((cy - box[1]) * per_y), rows - 1)
        best = np.inf
        for ring in range(max(columns, rows) + 1):
            if ring > 0 and out + ((ring - 1) * side) ** 2 > best:
                break
            for r in range(max(row - ring, 0), min(row + ring, rows - 1) + 1):
                whole = abs(r - row) == ring
                step = 1 if whole or ring == 0 else 2 * ring
                for c in range(column - ring, column + ring + 1, step):
                    if c < 0 or c >= columns:
                        continue
                    cell = r * columns + c
                    for k in range(start[cell], start[cell + 1]):
                        s = members[k]
                        ex, ey = segments[s, 2] - segments[s, 0], segments[s, 3] - segments[s, 1]
                        fx, fy = px - segments[s, 0], py - segments[s, 1]
                        length = ex * ex + ey * ey
                        share = min(max((fx * ex + fy * ey) / length, 0.0), 1.0) if length > 0 else 0.0
                        best = min(best, (fx - share * ex) ** 2 + (fy - share * ey) ** 2)
        distance[i] = best**0.5
