"""Shared points that stand for all places about them, so that a published point is nobody's address.

Of each grid its addresses are parted by halves, along the longer side of where they lie, as long as both halves keep
k. Each part has one point: where the nearest street passes its middle, inside the grid; without a street the middle
itself, or some point inside. Then each address counts for the nearest point of its grid, and a point with fewer than k
is given up, the poorest first. So all points have k addresses or more behind them, and none leaves its grid. A grid
with fewer than k addresses has no point; what happened there is not published as points.

An address is a building, or in a grid without any another place that is told apart from its neighbours by `PLACE_M`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from geo.errors import N_, ParameterError
from geo.suppress import LEAST_K, K

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

PLACE_M = 10.0
INSIDE_M = 0.25  # from the border: a point written with rounded coordinates is still in its grid
STEP_M = 0.1  # points are on whole steps

_NONE = np.zeros(0, np.int64)


@dataclass(frozen=True)
class SnapPoints:
    """Shared points, sorted by grid; arrays (n,).

    Attributes
    ----------
    x, y
        float64, metres.
    grid
        int64: the polygon it lies in.
    addresses
        int64: for how many it is the nearest point of their grid.
    """

    x: Floats
    y: Floats
    grid: Rows
    addresses: Rows

    def __len__(self) -> int:
        return len(self.x)

    def nearest(self, x: ArrayLike, y: ArrayLike, grid: ArrayLike) -> Rows:
        """Return the nearest point of its grid for each place, -1 where there is none.

        Parameters
        ----------
        x, y
            float64 (m,), metres.
        grid
            int (m,): the polygon each place lies in, -1 for none.
        """
        xy = np.column_stack([np.asarray(x, np.float64), np.asarray(y, np.float64)])
        grids = np.asarray(grid, dtype=np.int64)
        found = np.full(len(xy), -1, dtype=np.int64)
        order = np.argsort(grids, kind="stable")
        for rows in np.split(order, np.flatnonzero(np.diff(grids[order])) + 1):
            if len(rows) == 0:
                continue
            start, end = np.searchsorted(self.grid, [grids[rows[0]], grids[rows[0]] + 1])
            if end > start:
                here = np.column_stack([self.x[start:end], self.y[start:end]])
                found[rows] = start + _nearest(here, xy[rows])
        return found


def places_of(x: ArrayLike, y: ArrayLike) -> Rows:
    """Return one row for each place: places in one square of `PLACE_M` are one.

    Examples
    --------
    >>> places_of([1.0, 2.0, 11.0], [1.0, 1.0, 1.0]).tolist()
    [0, 2]
    """
    cells = np.floor(np.column_stack([np.asarray(x, np.float64), np.asarray(y, np.float64)]) / PLACE_M)
    return np.sort(np.unique(cells, axis=0, return_index=True)[1]).astype(np.int64)


def snap_points(
    x: ArrayLike, y: ArrayLike, grid: ArrayLike, polygons: ArrayLike, streets: ArrayLike = (), k: int = K
) -> SnapPoints:
    """Return the shared points of grids.

    Parameters
    ----------
    x, y
        Addresses, float64 (n,), metres.
    grid
        int (n,): the polygon each lies in, -1 for none.
    polygons
        Grids, in the same CRS.
    streets
        Lines, in the same CRS.
    k
        Addresses behind each point, at least.

    Raises
    ------
    ParameterError
        `k` is too small.
    """
    if k < LEAST_K:
        raise ParameterError(N_("Counts under {k} protect nobody."), N_("Use {least} or more."), k=k, least=LEAST_K)
    xy = np.column_stack([np.asarray(x, np.float64), np.asarray(y, np.float64)])
    grids, shapes = np.asarray(grid, dtype=np.int64), np.asarray(polygons, dtype=object)
    lines = np.asarray(streets, dtype=object)
    tree = shapely.STRtree(lines) if len(lines) else None
    order = np.lexsort((xy[:, 1], xy[:, 0], grids))
    found: list[tuple[int, Floats, Rows]] = []
    for rows in np.split(order, np.flatnonzero(np.diff(grids[order])) + 1):
        if len(rows) < k or grids[rows[0]] < 0:
            continue
        here = int(grids[rows[0]])
        inside = shapely.buffer(shapes[here], -INSIDE_M)
        if shapely.is_empty(inside):
            continue
        near = lines[np.sort(tree.query(inside))] if tree is not None else lines
        points = _anchors(xy[rows], inside, near, k)
        if len(points):
            found.append((here, *_kept(points, xy[rows], k)))
    return SnapPoints(
        np.concatenate([np.zeros(0), *(points[:, 0] for _, points, _ in found)]),
        np.concatenate([np.zeros(0), *(points[:, 1] for _, points, _ in found)]),
        np.concatenate([_NONE, *(np.full(len(points), here, np.int64) for here, points, _ in found)]),
        np.concatenate([_NONE, *(behind for _, _, behind in found)]),
    )


def _anchors(xy: Floats, inside: Any, lines: NDArray[Any], k: int) -> Floats:
    """One point for each part of the addresses, no two the same."""
    middles = np.array([part.mean(axis=0) for part in _halves(xy, k)])
    street = shapely.union_all(shapely.intersection(lines, inside)) if len(lines) else None
    if street is not None and shapely.length(street) > 0:
        points = shapely.get_coordinates(shapely.shortest_line(shapely.points(middles), street))[1::2]
    else:
        points = np.where(shapely.contains_xy(inside, *middles.T)[:, None], middles, _some_point(inside))
    points = np.unique(np.round(points / STEP_M) * STEP_M, axis=0)
    kept: Floats = points[shapely.dwithin(shapely.points(points), inside, STEP_M)]
    return kept


def _some_point(inside: Any) -> Floats:
    return np.asarray(shapely.get_coordinates(shapely.point_on_surface(inside))[0])


def _halves(xy: Floats, k: int) -> list[Floats]:
    """Parts of k to 2 k - 1 addresses, cut by halves."""
    if len(xy) < 2 * k:
        return [xy]
    axis = int(np.argmax(np.ptp(xy, axis=0)))
    order = np.argsort(xy[:, axis], kind="stable")
    middle = len(xy) // 2
    return _halves(xy[order[:middle]], k) + _halves(xy[order[middle:]], k)


def _kept(points: Floats, xy: Floats, k: int) -> tuple[Floats, Rows]:
    """The points that have k addresses, and how many; the poorest is given up until all have."""
    while True:
        behind = np.bincount(_nearest(points, xy), minlength=len(points))
        poorest = int(np.argmin(behind))
        if behind[poorest] >= k:
            return points, behind
        points = np.delete(points, poorest, axis=0)


def _nearest(points: Floats, xy: Floats) -> Rows:
    """The nearest point to each place; the first of those that are equally near."""
    if len(points) * len(xy) <= 1 << 20:
        square = ((xy[:, None, :] - points[None, :, :]) ** 2).sum(axis=2)
        return np.asarray(square.argmin(axis=1), dtype=np.int64)
    from scipy.spatial import cKDTree  # slow to import

    return np.asarray(cKDTree(points).query(xy)[1], dtype=np.int64)
