"""Surfaces as values of equal cells, to be judged by `geo.score`: the heat map, the density of grids, plain counts."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from geo.heat import heat_grid
from geo.score import Box, Cells, cell_size_m, lattice_box

_STEPS_IN_RADIUS = 3  # samples along the kernel's radius, so that no incident falls between them
_MOST_STEPS = 10  # samples along a cell
_MOST_SAMPLES = 16_000_000

Floats = NDArray[np.float64]


def cells_of(polygons: ArrayLike, codes: ArrayLike, cell_m: float | None = None) -> Cells:
    """Return the cells whose centres lie in one of the polygons.

    Parameters
    ----------
    polygons
        Object (n,), of the city, in a metric CRS.
    codes
        Text (n,), see `geo.assign`.
    cell_m
        Side of the cells; chosen by `geo.score.cell_size_m` when not given.
    """
    from geo.assign import assign  # brings in the compiler

    shapes = np.asarray(polygons, dtype=object)
    x0, y0, x1, y1 = (float(side) for side in shapely.total_bounds(shapes))
    side = cell_size_m(float(shapely.area(shapes).sum()), (x0, y0, x1, y1)) if cell_m is None else cell_m
    whole = cells_in((x0, y0, x1, y1), side)
    x, y = whole.centres()
    inside = assign(x, y, shapes, codes) >= 0
    return Cells(side, whole.box, inside.reshape(whole.inside.shape))


def cells_in(box: Box, cell_m: float) -> Cells:
    """Return all cells of a box, for a place without grids."""
    whole, shape = lattice_box(box, cell_m)
    return Cells(cell_m, whole, np.ones(shape, np.bool_))


def heat_values(x: ArrayLike, y: ArrayLike, cells: Cells, bandwidth_m: float) -> Floats:
    """Return the mean heat of each cell, incidents per km2, (cells,).

    The kernel is that of the map (`geo.heat`), sampled within the cells finely enough for its bandwidth.
    """
    rows, columns = cells.inside.shape
    steps = int(np.clip(np.ceil(cells.cell_m * _STEPS_IN_RADIUS / bandwidth_m), 1, _MOST_STEPS))
    steps = max(1, min(steps, int((_MOST_SAMPLES / (rows * columns)) ** 0.5)))
    fine = heat_grid(x, y, cells.box, (rows * steps, columns * steps), bandwidth_m)
    mean = fine.reshape(rows, steps, columns, steps).mean(axis=(1, 3))
    return np.asarray(mean[cells.inside], np.float64)
