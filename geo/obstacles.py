"""What blocks sight: dissolved footprints, their edges, and a flat index of square cells over the edges.

Footprints of one height that overlap or touch become one solid; where heights differ the taller one wins the overlap.
A footprint of unknown height blocks whatever looks at it, so it counts as the tallest. Interiors of solids are
disjoint, which is what the angular sweep of `geo.visibility` relies on. Overlays run on the lattice of `geo.view`.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from geo.errors import N_, ParameterError
from geo.parallel import THREADS
from geo.view import GRID_M, polygons_of
from geo.visibility_index import Cells, index_edges

Floats = NDArray[np.float64]
Objects = NDArray[Any]


@dataclass(frozen=True)
class Obstacles:
    """Dissolved footprints and their edges.

    Attributes
    ----------
    solids
        Polygons (n,) with disjoint interiors, sorted along the rows of the cells.
    height_m
        float64 (n,): height of each, NaN where unknown (it then blocks every camera).
    ax, ay, bx, by
        float64 (m,): the edges of all rings, metres, with the solid on the left from a to b. Those of one solid are
        contiguous.
    owner
        int32 (m,): solid of each edge.
    first
        int64 (n + 1,): the edges of solid i are `first[i]:first[i + 1]`.
    cells
        Index of the edges.
    """

    solids: Objects
    height_m: Floats
    ax: Floats
    ay: Floats
    bx: Floats
    by: Floats
    owner: NDArray[np.int32]
    first: NDArray[np.int64]
    cells: Cells
    _kept: dict[str, shapely.STRtree] = field(default_factory=dict, repr=False, compare=False)

    def tree(self) -> shapely.STRtree:
        """Index of the solids, made when first asked for."""
        if "tree" not in self._kept:
            self._kept["tree"] = shapely.STRtree(self.solids)
        return self._kept["tree"]


def build_obstacles(footprints: ArrayLike, height_m: ArrayLike | None = None, *, cell_m: float = 64.0) -> Obstacles:
    """Dissolve footprints and index their edges.

    Parameters
    ----------
    footprints
        Polygons or multipolygons (any number), metres; they may overlap. None and empty ones are left out; an invalid
        one is repaired by `shapely.make_valid`.
    height_m
        Of each footprint; NaN, or None for all, where unknown.
    cell_m
        Side of the cells of the index; larger where the index would not fit.

    Raises
    ------
    ParameterError
        A corner is not finite, or the heights do not fit the footprints.

    Examples
    --------
    >>> solid = build_obstacles([shapely.box(0, 0, 4, 4), shapely.box(2, 0, 6, 4)]).solids
    >>> len(solid), solid[0].area
    (1, 24.0)
    """
    shapes = np.asarray(footprints, dtype=object).reshape(-1)
    heights = np.full(len(shapes), np.nan) if height_m is None else np.asarray(height_m, np.float64).reshape(-1)
    if len(heights) != len(shapes) or not np.isfinite(shapely.bounds(shapes[~_missing(shapes)])).all():
        raise ParameterError(
            N_("The building footprints cannot be used."),
            N_("Every corner must be finite, and there must be one height, which may be unknown, for each footprint."),
        )
    return from_solids(*dissolve(shapes, heights), cell_m)


def from_solids(solids: Objects, height_m: Floats, cell_m: float) -> Obstacles:
    """Index solids that are disjoint already."""
    if len(solids):
        x0, y0, x1, y1 = shapely.bounds(solids).T
        order = np.lexsort(((x0 + x1) / 2, np.floor((y0 + y1) / 2 / cell_m)))
        solids, height_m = shapely.orient_polygons(solids[order], exterior_cw=False), height_m[order]
    rings, ring_owner = shapely.get_rings(solids, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    same = (ring[1:] == ring[:-1]) & (xy[1:] != xy[:-1]).any(axis=1) if len(xy) else np.zeros(0, bool)
    ax, ay = (np.ascontiguousarray(xy[:-1, axis][same]) for axis in (0, 1))
    bx, by = (np.ascontiguousarray(xy[1:, axis][same]) for axis in (0, 1))
    owner = ring_owner[ring[:-1][same]].astype(np.int32) if len(xy) else np.zeros(0, np.int32)
    first = np.searchsorted(owner, np.arange(len(solids) + 1)).astype(np.int64)
    return Obstacles(solids, height_m, ax, ay, bx, by, owner, first, index_edges(ax, ay, bx, by, cell_m))


def dissolve(shapes: Objects, heights: Floats) -> tuple[Objects, Floats]:
    """Return polygons with disjoint interiors and the height of each."""
    present = ~_missing(shapes)
    shapes, heights = shapes[present], heights[present]
    broken = ~shapely.is_valid(shapes)
    if broken.any():
        shapes = shapes.copy()
        shapes[broken] = [polygons_of(shapely.make_valid(shape)) for shape in shapes[broken]]
    shapes, owner = shapely.get_parts(shapes, return_index=True)
    heights = heights[owner]
    solid = shapely.get_dimensions(shapes) == 2
    shapes, heights = shapes[solid], heights[solid]
    pairs = shapely.STRtree(shapes).query(shapes)
    pairs = pairs[:, pairs[0] < pairs[1]]
    pairs = pairs[:, shapely.intersects(shapes[pairs[0]], shapes[pairs[1]])]
    if not pairs.size:
        return shapes, heights
    met = np.unique(pairs)
    alone = np.ones(len(shapes), dtype=bool)
    alone[met] = False
    left, right = np.searchsorted(met, pairs)
    graph = coo_array((np.ones(len(left), np.int8), (left, right)), shape=(len(met), len(met)))
    label = connected_components(graph, directed=False)[1]
    order = np.argsort(label, kind="stable")
    groups = np.split(met[order], np.flatnonzero(np.diff(label[order])) + 1)
    with ThreadPoolExecutor(THREADS) as pool:
        merged = list(pool.map(partial(_merge, shapes, heights), groups, chunksize=256))
    parts, tall = shapes[alone].tolist(), heights[alone].tolist()
    for pieces, height in merged:
        parts += pieces
        tall += height
    return np.array(parts, dtype=object), np.array(tall)


def _merge(shapes: Objects, heights: Floats, group: NDArray[np.int64]) -> tuple[list[Any], list[float]]:
    """Dissolve footprints that hang together: height by height from the tallest, each without what is taller."""
    height = np.where(np.isnan(heights[group]), np.inf, heights[group])
    taken = None
    parts: list[Any] = []
    tall: list[float] = []
    levels = np.unique(height)[::-1]
    for level in levels:
        here = polygons_of(shapely.union_all(shapes[group[height == level]], grid_size=GRID_M))
        rest = here if taken is None else polygons_of(shapely.difference(here, taken, grid_size=GRID_M))
        pieces = [piece for piece in shapely.get_parts(rest) if not piece.is_empty]
        parts += pieces
        tall += [np.nan if np.isinf(level) else float(level)] * len(pieces)
        if len(levels) > 1:
            taken = here if taken is None else polygons_of(shapely.union(taken, here, grid_size=GRID_M))
    return parts, tall


def _missing(shapes: Objects) -> NDArray[np.bool_]:
    return np.asarray(shapely.is_missing(shapes) | shapely.is_empty(shapes))
