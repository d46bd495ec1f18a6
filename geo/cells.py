"""Grids and what is built in them, prepared once for all coverage of the same buildings.

    free = cell - buildings

What is built is summed over the clipped buildings, so that free + built = cell compares two different overlays.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from geo.errors import N_, ConservationError
from geo.parallel import in_chunks, never, silent
from geo.view import GRID_M, polygons_of

if TYPE_CHECKING:  # a start need not load what stands behind it
    from geo.obstacles import Obstacles

TOLERANCE_M2 = 0.05  # of every identity of areas within a grid
LATTICES_M = (None, GRID_M, 1e-3)  # plain floating point first; a coarser lattice where that fails

Floats = NDArray[np.float64]
Objects = NDArray[Any]
Rows = NDArray[np.int64]

_CHUNK = 32


@dataclass(frozen=True)
class Cells:
    """Grids of one level among the buildings; arrays (n,).

    Attributes
    ----------
    polygons
        Object: the grids as given, an empty polygon for a missing one. Metric CRS.
    free
        Object: each grid without the buildings.
    area_m2, built_m2
        float64: of the grid, and of what is built in it; free + built = area within 0.05 m2.
    lattice
        int8: which of `LATTICES_M` the overlay needed; 0 for nearly all.
    """

    polygons: Objects
    free: Objects
    area_m2: Floats
    built_m2: Floats
    lattice: NDArray[np.int8]
    _kept: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.polygons)

    def tree(self) -> shapely.STRtree:
        """Index of the grids, made when first asked for."""
        if "tree" not in self._kept:
            self._kept["tree"] = shapely.STRtree(self.polygons)
        tree: shapely.STRtree = self._kept["tree"]
        return tree

    def touching(self, geometry: Objects) -> Rows:
        """Return the grids, in order, that any of the geometries touches."""
        return np.unique(self.tree().query(geometry, predicate="intersects")[1])


def prepare_cells(
    polygons: ArrayLike,
    obstacles: Obstacles,
    *,
    threads: int | None = None,
    progress: Callable[[float], None] = silent,
    cancelled: Callable[[], bool] = never,
) -> Cells:
    """Cut the buildings out of the grids.

    Parameters
    ----------
    polygons
        Grids (n,), valid; each is measured by itself, even where they overlap. A missing one measures 0.
    obstacles
        In the same metric CRS.
    threads, progress, cancelled
        See `geo.parallel.in_chunks`.

    Raises
    ------
    ConservationError
        Free and built do not add up to a grid.
    Cancelled
        `cancelled()` said so.
    """
    given = np.array(polygons, dtype=object).reshape(-1)
    given[shapely.is_missing(given)] = Polygon()
    n = len(given)
    made = Cells(
        polygons=given,
        free=given.copy(),
        area_m2=shapely.area(given),
        built_m2=np.zeros(n),
        lattice=np.zeros(n, np.int8),
    )
    _cut(made, np.arange(n), obstacles, threads, progress, cancelled)
    return made


def update_cells(old: Cells, obstacles: Obstacles, rows: ArrayLike, *, threads: int | None = None) -> Cells:
    """Cut anew the buildings out of the grids at `rows`; the others are kept."""
    chosen = np.asarray(rows, dtype=np.int64)
    made = Cells(**{item.name: getattr(old, item.name).copy() for item in fields(Cells) if item.init})
    made._kept.update(old._kept)
    made.free[chosen], made.built_m2[chosen], made.lattice[chosen] = old.polygons[chosen], 0.0, 0
    _cut(made, chosen, obstacles, threads, silent, never)
    return made


def _cut(
    made: Cells,
    rows: Rows,
    obstacles: Obstacles,
    threads: int | None,
    progress: Callable[[float], None],
    cancelled: Callable[[], bool],
) -> None:
    """Write free, built and lattice of `rows`."""
    tree = obstacles.tree()
    tree.query(Polygon())  # the index is built on first use, which must not happen on two threads

    def work(chunk: Rows) -> None:
        cell, solid = tree.query(made.polygons[chunk], predicate="intersects")
        order = np.argsort(cell, kind="stable")
        cell, solid = chunk[cell[order]], solid[order]
        for row, start, end in runs(cell):
            made.free[row], made.built_m2[row], made.lattice[row] = _without(
                made.polygons[row], obstacles.solids[solid[start:end]], row
            )

    in_chunks(work, rows, _CHUNK, threads=threads, progress=progress, cancelled=cancelled)


def runs(values: Rows) -> list[tuple[int, int, int]]:
    """Return (value, start, end) of each run of equal values in a sorted array."""
    if not len(values):
        return []
    starts = np.concatenate([[0], np.flatnonzero(np.diff(values)) + 1])
    ends = np.append(starts[1:], len(values))
    return list(zip(values[starts].tolist(), starts.tolist(), ends.tolist(), strict=True))


def _without(cell: BaseGeometry, solids: Objects, row: int) -> tuple[BaseGeometry, float, int]:
    """The free part of a cell, the area of what is built, and the lattice that was needed."""
    excess = np.inf
    for step, grid in enumerate(LATTICES_M):
        try:
            shapely.prepare(cell)
            inside = shapely.contains_properly(cell, solids)
            clipped = shapely.intersection(cell, solids[~inside], grid_size=grid)
            built = float(shapely.area(solids[inside]).sum() + shapely.area(clipped).sum())
            solid = (
                shapely.multipolygons(solids) if step == 0 else polygons_of(shapely.union_all(solids, grid_size=grid))
            )
            free = polygons_of(shapely.difference(cell, solid, grid_size=grid))
            excess = free.area + built - cell.area
        except shapely.errors.GEOSException:
            continue
        if abs(excess) <= TOLERANCE_M2:
            return free, built, step
    raise not_conserved(row, excess)


def not_conserved(row: int, excess: float) -> ConservationError:
    """Return the error of a grid whose parts do not add up."""
    return ConservationError(
        N_("The parts of grid {number} add up to {excess} m2 more than its area."),
        N_("This is a fault of the program; please report it with the boundaries of the grid."),
        number=row + 1,
        excess=round(excess, 3),
    )
