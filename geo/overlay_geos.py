"""The same parts of a grid by GEOS: what stands in where the planar graph of `geo.overlay` contradicts itself.

    free     = cell - buildings
    certain  = union of the certain views, in the cell
    possible = union of the possible views, in the cell, without certain
    blind    = free - certain - possible

Overlays run on the lattice of `geo.view`, then on one of a millimetre. It has never been needed so far; tests hold
the graph against it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from geo.errors import N_, ConservationError
from geo.view import GRID_M, polygons_of

TOLERANCE_M2 = 0.05  # of every identity of areas within a grid, in one below 5 km2
_LARGE = 1e-8  # of its area, in a larger one: its borders are longer
LATTICES_M = (GRID_M, 1e-3)

Objects = NDArray[Any]


def tolerance_m2(area_m2: float | NDArray[np.float64]) -> Any:
    """Return by how much the parts of grids of some areas may differ from the whole."""
    return np.maximum(TOLERANCE_M2, _LARGE * area_m2)


def without(cell: BaseGeometry, solids: Objects, row: int) -> tuple[BaseGeometry, float, int]:
    """Return the free part of a cell, the area of what is built, and which of `LATTICES_M` was needed, from 1."""
    excess = np.inf
    for step, grid in enumerate(LATTICES_M, 1):
        try:
            built = float(shapely.area(shapely.intersection(cell, solids, grid_size=grid)).sum())
            free = polygons_of(shapely.difference(cell, union(solids, grid), grid_size=grid))
            excess = free.area + built - cell.area
        except shapely.errors.GEOSException:
            continue
        if abs(excess) <= tolerance_m2(cell.area):
            return free, built, step
    raise not_conserved(row, excess)


def divide(
    cell: BaseGeometry, free: BaseGeometry, built_m2: float, certain: Objects, possible: Objects, row: int
) -> tuple[list[BaseGeometry], int]:
    """Return certain, possible and blind polygons of a cell, and which of `LATTICES_M` was needed, from 1."""
    excess = np.inf
    for step, grid in enumerate(LATTICES_M, 1):
        try:
            parts = divided(cell, free, certain, possible, grid)
            excess = sum(part.area for part in parts) + built_m2 - cell.area
        except shapely.errors.GEOSException:
            continue
        if abs(excess) <= tolerance_m2(cell.area):
            return parts, step
    raise not_conserved(row, excess)


def divided(
    cell: BaseGeometry, free: BaseGeometry, certain: Objects, possible: Objects, grid: float | None
) -> list[BaseGeometry]:
    """Return certain, possible and blind polygons of a cell on one lattice; None is plain floating point."""
    sure, maybe = (
        polygons_of(shapely.intersection(union(layer, grid), cell, grid_size=grid)) for layer in (certain, possible)
    )
    maybe = polygons_of(shapely.difference(maybe, sure, grid_size=grid))
    rest = polygons_of(shapely.difference(free, sure, grid_size=grid))
    return [sure, maybe, polygons_of(shapely.difference(rest, maybe, grid_size=grid))]


def union(shapes: Objects, grid: float | None) -> BaseGeometry:
    """Return the union of polygons, None and empty ones left out."""
    present = shapes[~shapely.is_missing(shapes)] if len(shapes) else shapes
    return polygons_of(shapely.union_all(present, grid_size=grid)) if len(present) else Polygon()


def not_conserved(row: int, excess: float) -> ConservationError:
    """Return the error of a grid whose parts do not add up."""
    return ConservationError(
        N_("The parts of grid {number} add up to {excess} m2 more than its area."),
        N_("This is a fault of the program; please report it with the boundaries of the grid."),
        number=row + 1,
        excess=round(excess, 3),
    )
