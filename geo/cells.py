"""Grids and what is built in them, prepared once for all coverage of the same buildings: free = cell - buildings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from shapely.geometry import Polygon

from geo.overlay_geos import tolerance_m2, without
from geo.parallel import chunks_of, in_chunks, never, silent

if TYPE_CHECKING:  # a start need not load the compiled loops that stand behind it
    from geo.obstacles import Obstacles

Floats = NDArray[np.float64]
Objects = NDArray[Any]
Rows = NDArray[np.int64]

_FEW = 64  # polygons for which all boxes are looked through
CHUNK = 1500.0  # shapes that are laid over one another in a piece of work: some hundredths of a second


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
    fallback
        int8: 0 where the planar graph held, as it always did so far; else which lattice of `geo.overlay_geos`.
    """

    polygons: Objects
    free: Objects
    area_m2: Floats
    built_m2: Floats
    fallback: NDArray[np.int8]
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
        fallback=np.zeros(n, np.int8),
    )
    _cut(made, np.arange(n), obstacles, threads, progress, cancelled)
    return made


def update_cells(old: Cells, obstacles: Obstacles, rows: ArrayLike, *, threads: int | None = None) -> Cells:
    """Cut the buildings anew out of the grids at `rows`; the others are kept."""
    chosen = np.asarray(rows, dtype=np.int64)
    made = Cells(**{item.name: getattr(old, item.name).copy() for item in fields(Cells) if item.init})
    made._kept.update(old._kept)
    made.free[chosen], made.built_m2[chosen], made.fallback[chosen] = old.polygons[chosen], 0.0, 0
    _cut(made, chosen, obstacles, threads, silent, never)
    return made


def meetings(polygons: Objects, shapes: Objects, boxes: Floats | None = None) -> tuple[Rows, Rows]:
    """Return which shapes have a box that meets the box of each polygon, as CSR: starts (n + 1,) and rows of shapes.

    Few polygons are held against all shapes one by one, which needs no index of them.

    Parameters
    ----------
    boxes
        float64 (m, 4): boxes at least as large as those of the shapes, where they are known; missing shapes may have
        any. They spare measuring all shapes for few polygons.
    """
    n = len(polygons)
    if n > _FEW:
        place, row = shapely.STRtree(polygons).query(shapes)[::-1]
        order = np.argsort(place, kind="stable")
        return np.searchsorted(place[order], np.arange(n + 1)).astype(np.int64), row[order].astype(np.int64)
    wide = shapely.bounds(shapes) if boxes is None else boxes
    found = []
    for x0, y0, x1, y1 in shapely.bounds(polygons):
        near = np.flatnonzero((wide[:, 0] <= x1) & (wide[:, 2] >= x0) & (wide[:, 1] <= y1) & (wide[:, 3] >= y0))
        left, low, right, high = shapely.bounds(shapes[near]).T
        found.append(near[(left <= x1) & (right >= x0) & (low <= y1) & (high >= y0)])
    starts = np.concatenate([[0], np.cumsum([len(near) for near in found])])
    return starts.astype(np.int64), np.concatenate([*found, np.zeros(0, np.int64)]).astype(np.int64)


def _cut(
    made: Cells,
    rows: Rows,
    obstacles: Obstacles,
    threads: int | None,
    progress: Callable[[float], None],
    cancelled: Callable[[], bool],
) -> None:
    """Write free, built and fallback of `rows`."""
    from geo.overlay import SOLID, lay_over

    solids = obstacles.solids
    kinds = np.full(len(solids), SOLID)
    starts, items = meetings(made.polygons[rows], solids)

    def work(chunk: Rows) -> None:
        begin, end = starts[chunk[0]], starts[chunk[-1] + 1]
        at = rows[chunk]
        parts = lay_over(made.polygons[at], solids, kinds, starts[chunk[0] : chunk[-1] + 2] - begin, items[begin:end])
        made.free[at], made.built_m2[at] = parts.polygons[:, 2], parts.measures[:, 3]
        excess = parts.measures[:, 2:4].sum(axis=1) - made.area_m2[at]
        for i in np.flatnonzero(~parts.sound | (np.abs(excess) > tolerance_m2(made.area_m2[at]))).tolist():
            found, row = items[starts[chunk[i]] : starts[chunk[i] + 1]], int(at[i])
            made.free[row], made.built_m2[row], made.fallback[row] = without(made.polygons[row], solids[found], row)

    pieces = chunks_of(np.diff(starts) + 1.0, CHUNK, threads)
    in_chunks(work, pieces, threads=threads, progress=progress, cancelled=cancelled)
