"""Every point in exactly one polygon of a level, or in none.

Polygons are closed: a point on an edge or corner touches every polygon that has it. Of all polygons that touch a
point, the one with the lowest code in text order (then the lowest index) takes it. So a point on a shared border is
counted once, whichever way the polygons were drawn or sorted.
"""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from geo import pip_kernels as kernels
from geo.border import border_distance
from geo.lattice import edges_of, lattice

_CELLS_PER_EDGE = 24
_AREAL = (3, 6)  # shapely type ids of Polygon and MultiPolygon


def text_rank(codes: ArrayLike) -> NDArray[np.int64]:
    """Return the place of each code in text order; equal codes in the order of their index."""
    texts = [str(code) for code in np.asarray(codes, dtype=object)]
    rank = np.empty(len(texts), np.int64)
    rank[sorted(range(len(texts)), key=lambda i: (texts[i], i))] = np.arange(len(texts))
    return rank


class Locator:
    """The polygons of one level, prepared once and asked many times, by any number of threads.

    Agrees with GEOS' `intersects` on every point: what floating point cannot decide is decided by GEOS itself, and so
    is all that concerns polygons that are not valid.

    Parameters
    ----------
    polygons
        Object array (n,) of polygons or multipolygons in one projected CRS; None and empty ones hold nothing.
    codes
        Text (n,), decides ties.
    """

    def __init__(self, polygons: ArrayLike, codes: ArrayLike) -> None:
        shapes = np.asarray(polygons, dtype=object)
        rank = text_rank(codes)
        if len(rank) != len(shapes):
            raise ValueError("polygons and codes differ in length")
        self._index = np.append(np.argsort(rank), -1)  # rank -> index; rank -1 -> -1
        self._shapes: NDArray[Any] = shapes[self._index[:-1]]
        self._exact_lock = threading.Lock()
        self._exact_tree: shapely.STRtree | None = None
        self._copies: NDArray[Any] = np.empty(0, dtype=object)
        self._build()

    def __len__(self) -> int:
        return len(self._shapes)

    def locate(self, x: ArrayLike, y: ArrayLike) -> NDArray[np.int64]:
        """Return the index of the polygon that takes each point, -1 for none.

        Parameters
        ----------
        x, y
            float64 (m,) in the polygons' CRS; a point that is not finite is in none.

        Returns
        -------
        int64 (m,)
        """
        px, py = np.ascontiguousarray(x, np.float64), np.ascontiguousarray(y, np.float64)
        if px.shape != py.shape or px.ndim != 1:
            raise ValueError("x and y must be of one length")
        found = np.empty(len(px), np.int64)
        if len(self._edges) == 0 and not self._exact.any():
            found[:] = kernels.NONE
        elif kernels.locate(px, py, *self._tables, self._index, found):
            asking = np.flatnonzero(found == kernels.ASK)
            found[asking] = self._index[self._decide(px[asking], py[asking])]
        return found

    def _build(self) -> None:
        shapes = self._shapes
        bounds = shapely.bounds(shapes).reshape(-1, 4)
        absent = ~np.isfinite(bounds).all(axis=1)
        bounds[absent] = [np.inf, np.inf, -np.inf, -np.inf]
        self._exact = ~absent & ~(shapely.is_valid(shapes) & np.isin(shapely.get_type_id(shapes), _AREAL))
        plain = shapes.copy()
        plain[self._exact | absent] = None
        self._edges, edge_start = edges_of(plain)
        if absent.all():
            return
        box = np.concatenate([bounds[~absent, :2].min(axis=0), bounds[~absent, 2:].max(axis=0)])
        per_x, per_y, columns, rows = lattice(box, _CELLS_PER_EDGE * len(self._edges))

        def row_of(y: NDArray[np.float64]) -> NDArray[np.int64]:
            row: NDArray[np.int64] = ((y - box[1]) * per_y).astype(np.int64)
            return np.minimum(row, rows - 1)

        first_row, height = np.zeros(len(shapes), np.int64), np.zeros(len(shapes), np.int64)
        first_row[~absent] = row_of(bounds[~absent, 1])
        height[~absent] = row_of(bounds[~absent, 3]) - first_row[~absent] + 1
        band_start = np.concatenate([[0], np.cumsum(height)])[:-1]
        counts = np.zeros(int(height.sum()), np.int64)
        where = (self._edges, edge_start, band_start, first_row, box[1], per_y, rows)
        kernels.fill_bands(*where, counts, np.empty(0, np.int32))
        band_of = np.concatenate([[0], np.cumsum(counts)])
        bands = np.empty(int(band_of[-1]), np.int32)
        if len(bands):
            kernels.fill_bands(*where, band_of[:-1].copy(), bands)
        lists = (bands, band_of, band_start, first_row)
        size = (per_x, per_y, columns, rows)
        cells = kernels.build_cells(self._edges, edge_start, bounds, self._exact, *lists, box[0], box[1], *size)
        head, start, members, last = kernels.index_cells(*cells)
        self._tables = (head, start, members, last, bounds, self._exact, self._edges, *lists, box, *size)

    def _decide(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.int32]:
        """Ranks by GEOS alone; one thread at a time, as prepared geometries build their index when first asked."""
        with self._exact_lock:
            if self._exact_tree is None:
                # Copies: the caller's geometries may be in use by other threads, and preparing changes them. An
                # invalid one is left unprepared, as prepared it would answer by another rule.
                self._copies = np.asarray(shapely.from_wkb(shapely.to_wkb(self._shapes)), dtype=object)
                shapely.prepare(self._copies[~self._exact])
                self._exact_tree = shapely.STRtree(self._copies)
            which, rank = self._exact_tree.query(np.atleast_1d(np.asarray(shapely.points(x, y), dtype=object)))
            touches = shapely.intersects_xy(self._copies[rank], x[which], y[which])
        best = np.full(len(x), len(self._shapes), np.int64)
        np.minimum.at(best, which[touches], rank[touches])
        return np.where(best < len(self._shapes), best, kernels.NONE).astype(np.int32)


def assign(x: ArrayLike, y: ArrayLike, polygons: ArrayLike, codes: ArrayLike) -> NDArray[np.int64]:
    """Return the index of the polygon that takes each point, -1 for none.

    A `Locator` that is kept saves the preparation. Parameters and tie rule as there.

    Examples
    --------
    >>> import shapely
    >>> east, west = shapely.box(1, 0, 2, 1), shapely.box(0, 0, 1, 1)
    >>> assign([0.5, 1.0, 9.0], [0.5, 0.5, 9.0], [east, west], ["b", "a"]).tolist()
    [1, 1, -1]
    """
    return Locator(polygons, codes).locate(x, y)


def warm() -> None:
    """Compile what `Locator` and `geo.border` need (some seconds once; kept on disk by numba)."""
    squares = np.array([shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)], dtype=object)
    assign([0.5, 5.0], [0.5, 5.0], squares, ["a", "b"])
    border_distance([0.5], [0.5], squares)
