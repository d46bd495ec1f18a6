"""First coverage: how much of each grid cell is built, certainly seen, possibly seen, or blind.

    free  = cell - buildings
    rest  = free - certain views
    blind = rest - possible views

Built, certain, possible and blind are disjoint and fill the cell; that is asserted for every cell, each of the four
being an overlay of its own and not what is left of the others. Overlays run on the lattice of `geo.view`: in plain
floating point a difference and an intersection can be wrong by the same amount, which no sum would show. A view is
certain or possible by the rules of `geo.cameras.camera_states`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from geo.errors import N_, ConservationError
from geo.view import GRID_M, polygons_of

TOLERANCE_M2 = 0.05

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Coverage:
    """Areas (m2) of each cell, in the order of the cells; float64 (n,).

    `area_m2` is the cell, `open_m2` = area - built, and certain + possible + blind + built = area within 0.05 m2.
    `possible_m2` is what only possible views see. `blind` holds the unseen polygons, object (n,).
    """

    area_m2: Floats
    built_m2: Floats
    open_m2: Floats
    certain_m2: Floats
    possible_m2: Floats
    blind_m2: Floats
    blind: NDArray[Any]


def first_coverage(
    cells: ArrayLike, buildings: ArrayLike, views_certain: ArrayLike, views_possible: ArrayLike
) -> Coverage:
    """Measure the coverage of each cell.

    Parameters
    ----------
    cells
        Polygons (n,), valid, in the metric CRS of the rest; each is measured by itself, even where cells overlap. A
        missing or empty one measures 0.
    buildings
        Polygons, any number; they may overlap.
    views_certain, views_possible
        Polygons, any number; None and empty ones see nothing. A possible view may lie over a certain one.

    Raises
    ------
    ConservationError
        The parts of a cell do not add up to it.

    Examples
    --------
    >>> cell, house, view = shapely.box(0, 0, 10, 10), shapely.box(0, 0, 2, 10), shapely.box(1, 0, 5, 10)
    >>> result = first_coverage([cell], [house], [view], [])
    >>> float(result.built_m2[0]), float(result.certain_m2[0]), float(result.blind_m2[0])
    (20.0, 30.0, 50.0)
    """
    cell_array = np.asarray(cells, dtype=object)
    trees = [shapely.STRtree(_present(layer)) for layer in (buildings, views_certain, views_possible)]
    measures = np.zeros((len(cell_array), 6))
    blind = np.empty(len(cell_array), dtype=object)
    for i, given in enumerate(cell_array):
        cell = Polygon() if given is None else given
        layers = [tree.geometries[tree.query(cell, predicate="intersects")] for tree in trees]
        row, gap = _measure(cell, layers)
        if abs(_excess(row)) > TOLERANCE_M2:
            raise ConservationError(
                N_("The parts of grid {number} add up to {excess} m2 more than its area."),
                N_("This is a fault of the program; please report it with the boundaries of the grid."),
                number=i + 1,
                excess=round(_excess(row), 3),
            )
        measures[i], blind[i] = row, gap
    area, built, open_, certain, possible, unseen = measures.T.copy()
    return Coverage(area, built, open_, certain, possible, unseen, blind)


def _measure(cell: BaseGeometry, layers: list[NDArray[Any]]) -> tuple[tuple[float, ...], BaseGeometry]:
    """Area, built, open, certain, possible, blind of one cell, and the blind polygons."""
    # An overlay on the lattice may leave lines and points beside the areas; the next overlay would refuse the mixture.
    built, certain, possible = (polygons_of(shapely.union_all(layer, grid_size=GRID_M)) for layer in layers)
    free = polygons_of(shapely.difference(cell, built, grid_size=GRID_M))
    rest = polygons_of(shapely.difference(free, certain, grid_size=GRID_M))
    blind = polygons_of(shapely.difference(rest, possible, grid_size=GRID_M))
    parts = (
        cell.area,
        shapely.intersection(cell, built, grid_size=GRID_M).area,
        free.area,
        shapely.intersection(free, certain, grid_size=GRID_M).area,
        shapely.intersection(rest, possible, grid_size=GRID_M).area,
        blind.area,
    )
    return parts, blind


def _excess(row: tuple[float, ...]) -> float:
    """How much the parts are more than the whole; the worse of the two identities."""
    area, built, open_, certain, possible, blind = row
    return max(certain + possible + blind + built - area, open_ + built - area, key=abs)


def _present(geometry: ArrayLike) -> NDArray[Any]:
    """The geometries that are neither missing nor empty."""
    array = np.asarray(geometry, dtype=object)
    return array[~(shapely.is_missing(array) | shapely.is_empty(array))] if len(array) else array
