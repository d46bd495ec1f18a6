"""Coverage of each grid: what is certainly seen, only possibly seen, not seen, and built.

    certain  = union of the certain views, in the cell
    possible = union of the possible views, in the cell, without certain
    blind    = free - certain - possible

Views never lie over buildings, so certain + possible + blind + built is the cell; that is asserted for every cell.
Overlays run in plain floating point first; a cell whose parts do not add up, or that fails, is done again on the
lattice of `geo.view`, then on one of a millimetre.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from geo.cells import LATTICES_M, TOLERANCE_M2, Cells, not_conserved
from geo.errors import N_, ConservationError
from geo.parallel import in_chunks, never, silent
from geo.view import GRID_M, polygons_of

if TYPE_CHECKING:  # compiled loops stand behind it, which a start need not load
    from geo.views import Views

Floats = NDArray[np.float64]
Objects = NDArray[Any]
Rows = NDArray[np.int64]

_CHUNK = 32
_FEW = 64  # cells for which all views are looked through one by one


@dataclass(frozen=True)
class Coverage:
    """Areas (m2) and polygons of each cell, in the order of the cells; arrays (n,).

    Attributes
    ----------
    area_m2, built_m2, open_m2, certain_m2, possible_m2, blind_m2
        float64. `area_m2` is the cell, `open_m2` = area - built, certain + possible + blind + built = area within
        0.05 m2. `possible_m2` is what only possible views see.
    certain, possible, blind
        Object: disjoint polygons within the cell, empty ones where there is nothing.
    lattice
        int8: which of `geo.cells.LATTICES_M` the overlays needed, 0 for nearly all.
    """

    area_m2: Floats
    built_m2: Floats
    open_m2: Floats
    certain_m2: Floats
    possible_m2: Floats
    blind_m2: Floats
    blind: Objects
    certain: Objects = field(default_factory=lambda: np.zeros(0, dtype=object))
    possible: Objects = field(default_factory=lambda: np.zeros(0, dtype=object))
    lattice: NDArray[np.int8] = field(default_factory=lambda: np.zeros(0, np.int8))

    @property
    def fallbacks(self) -> int:
        """How many cells needed a lattice."""
        return int((self.lattice > 0).sum())


def cover(
    cells: Cells,
    views: Views,
    *,
    rows: ArrayLike | None = None,
    threads: int | None = None,
    progress: Callable[[float], None] = silent,
    cancelled: Callable[[], bool] = never,
) -> Coverage:
    """Measure the coverage of cells.

    Parameters
    ----------
    cells
        See `geo.cells.prepare_cells`.
    views
        Of all cameras that may see into them, in the same CRS.
    rows
        Which cells, (k,); None for all. The result is in their order.
    threads, progress, cancelled
        See `geo.parallel.in_chunks`.

    Raises
    ------
    ConservationError
        The parts of a cell do not add up to it on any lattice.
    Cancelled
        `cancelled()` said so.
    """
    chosen = np.arange(len(cells)) if rows is None else np.asarray(rows, dtype=np.int64)
    n = len(chosen)
    parts = np.full((3, n), Polygon(), dtype=object)
    parts[2] = cells.free[chosen]
    lattice = np.zeros(n, np.int8)
    place, view = _meetings(cells.polygons[chosen], views)
    starts = np.searchsorted(place, np.arange(n + 1))

    def work(chunk: Rows) -> None:
        for at in chunk.tolist():
            found = view[starts[at] : starts[at + 1]]
            if len(found):
                sure = views.of.certain[found]
                polygons = views.polygons[found]
                parts[:, at], lattice[at] = _measure(cells, int(chosen[at]), polygons[sure], polygons[~sure])

    in_chunks(work, np.arange(n), _CHUNK, threads=threads, progress=progress, cancelled=cancelled)
    area, built = cells.area_m2[chosen], cells.built_m2[chosen]
    certain, possible, blind = shapely.area(parts)
    return Coverage(
        area, built, np.maximum(area - built, 0.0), certain, possible, blind, parts[2], parts[0], parts[1], lattice
    )


def _meetings(polygons: Objects, views: Views) -> tuple[Rows, Rows]:
    """Pairs of cell and view whose boxes meet, sorted by cell."""
    boxes = shapely.bounds(views.polygons) if len(views.polygons) else np.zeros((0, 4))
    if len(polygons) <= _FEW:
        places, found = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        for i, (x0, y0, x1, y1) in enumerate(shapely.bounds(polygons)):
            near = np.flatnonzero((boxes[:, 0] <= x1) & (boxes[:, 2] >= x0) & (boxes[:, 1] <= y1) & (boxes[:, 3] >= y0))
            places.append(np.full(len(near), i))
            found.append(near)
        return np.concatenate(places), np.concatenate(found)
    view, place = shapely.STRtree(polygons).query(views.polygons)
    order = np.argsort(place, kind="stable")
    return place[order], view[order]


def _measure(cells: Cells, row: int, certain: Objects, possible: Objects) -> tuple[list[BaseGeometry], int]:
    """Certain, possible and blind polygons of one cell, and the lattice that was needed."""
    cell, free = cells.polygons[row], cells.free[row]
    excess = np.inf
    for step, grid in enumerate(LATTICES_M):
        try:
            sure = _union(cell, certain, grid)
            maybe = _union(cell, possible, grid)
            maybe = maybe if sure.is_empty else polygons_of(shapely.difference(maybe, sure, grid_size=grid))
            blind = free if sure.is_empty else polygons_of(shapely.difference(free, sure, grid_size=grid))
            blind = blind if maybe.is_empty else polygons_of(shapely.difference(blind, maybe, grid_size=grid))
            excess = sure.area + maybe.area + blind.area + cells.built_m2[row] - cells.area_m2[row]
        except shapely.errors.GEOSException:
            continue
        if abs(excess) <= TOLERANCE_M2:
            return [sure, maybe, blind], step
    raise not_conserved(row, excess)


def _union(cell: BaseGeometry, views: Objects, grid: float | None) -> BaseGeometry:
    """The union of views within the cell."""
    if not len(views):
        return Polygon()
    shapely.prepare(cell)
    inside = shapely.contains_properly(cell, views)
    clipped = shapely.get_parts(shapely.intersection(views[~inside], cell, grid_size=grid))
    pieces = np.concatenate([views[inside], clipped[shapely.get_dimensions(clipped) == 2]])
    return polygons_of(shapely.union_all(pieces, grid_size=grid))


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
        row, gap = _measure_first(cell, layers)
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


def _measure_first(cell: BaseGeometry, layers: list[NDArray[Any]]) -> tuple[tuple[float, ...], BaseGeometry]:
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
