"""Points drawn together by square cells, so that a map of a million of them stays readable."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.errors import N_, ParameterError


@dataclass(frozen=True)
class Clusters:
    """One entry per occupied cell, by row (south to north), then column (west to east).

    Attributes
    ----------
    x, y
        float64 metres: mean place of the cell's points.
    count
        int64; `count.sum()` is the number of points given.
    first
        int64: index of the first of the cell's points; for a count of 1 that is the point itself.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    count: NDArray[np.int64]
    first: NDArray[np.int64]


def cluster_points(x: ArrayLike, y: ArrayLike, cell_m: float) -> Clusters:
    """Group points by the cells of a square lattice through the origin of the CRS.

    The lattice does not move with the map section, so panning does not regroup the points.

    Parameters
    ----------
    x, y
        Shape (n,), metres, finite.
    cell_m
        Side of a cell, > 0.

    Raises
    ------
    ParameterError
        `cell_m` is not a positive finite number.

    Examples
    --------
    >>> clusters = cluster_points([1.0, 3.0, 12.0], [1.0, 1.0, 1.0], 10.0)
    >>> clusters.x.tolist(), clusters.count.tolist(), clusters.first.tolist()
    ([2.0, 12.0], [2, 1], [0, 2])
    """
    if not np.isfinite(cell_m) or cell_m <= 0:
        raise ParameterError(
            N_("The cell size {cell_m} m cannot be used."), N_("Give a positive number of metres."), cell_m=cell_m
        )
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if len(x) == 0:
        return Clusters(x, y, np.zeros(0, np.int64), np.zeros(0, np.int64))
    column, row = np.floor(x / cell_m), np.floor(y / cell_m)
    # One exact integer per cell: offsets from the smallest keep the product small.
    column, row = (column - column.min()).astype(np.int64), (row - row.min()).astype(np.int64)
    key = row * (int(column.max()) + 1) + column
    _, first, owner, count = np.unique(key, return_index=True, return_inverse=True, return_counts=True)
    # Means of offsets from the first point: no digits are lost to large coordinates.
    dx, dy = x - x[first][owner], y - y[first][owner]
    mean_x = x[first] + np.bincount(owner, dx) / count
    mean_y = y[first] + np.bincount(owner, dy) / count
    return Clusters(mean_x, mean_y, count.astype(np.int64), first.astype(np.int64))
