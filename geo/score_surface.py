"""Surfaces as values of equal cells, to be judged by `geo.score`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from geo.score import Box, Cells, cell_size_m, lattice_box

_STEPS_IN_RADIUS = 5  # samples along the kernel's radius, so that no incident falls between them
_MOST_STEPS = 20  # samples along a cell
_MOST_SAMPLES = 4_000_000
_NOISE = 1e-6  # of the highest value: what is less is rounding, and must not rank cells in which nothing is

Floats = NDArray[np.float64]
Density = Callable[[Floats, Floats], Floats]


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


def heat_values(density: Density, cells: Cells, radius_m: float) -> Floats:
    """Return the mean heat of each cell, incidents per km2, (cells,); NaN for a cell that lies outside the boundary.

    Parameters
    ----------
    density
        Function of x, y (of one shape, metres) that returns the heat there, NaN outside the boundary, such as
        `geo.heat_field.HeatField.sampled`.
    radius_m
        Of its kernel: cells are sampled finely enough that none falls between the samples.

    Examples
    --------
    >>> heat_values(lambda x, y: x, cells_in((0, 0, 300, 100), 100.0), 50.0).tolist()
    [50.0, 150.0, 250.0]
    """
    steps = int(np.clip(np.ceil(cells.cell_m * _STEPS_IN_RADIUS / radius_m), 1, _MOST_STEPS))
    steps = max(1, min(steps, int((_MOST_SAMPLES / max(len(cells), 1)) ** 0.5)))
    offset = ((np.arange(steps) + 0.5) / steps - 0.5) * cells.cell_m
    x, y = cells.centres()
    at = np.broadcast_arrays(x[:, None, None] + offset[None, None, :], y[:, None, None] + offset[None, :, None])
    value = density(*at)
    known = ~np.isnan(value)
    count = known.sum(axis=(1, 2))
    total = np.where(known, value, 0.0).sum(axis=(1, 2))
    mean: Floats = np.full(len(x), np.nan)
    np.divide(total, count, out=mean, where=count > 0)
    if known.any():
        mean[mean < _NOISE * np.nanmax(mean)] = 0.0
    return mean
