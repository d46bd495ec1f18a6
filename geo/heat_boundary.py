"""The city's boundary for the heat map: which part of a kernel lies inside.

Near the boundary a plain kernel density is too low, as a part of each kernel lies where no incident can be. The uniform
correction divides by the kernel's mass inside the boundary at the place asked about (Diggle, A kernel method for
smoothing point process data, Applied Statistics 34, 1985; Jones, Simple boundary correction for kernel density
estimation, Statistics and Computing 3, 1993):

    f(s) = sum_i w_i K(s - x_i) / integral over the city of K(s - u) du

It is a weighted mean of the density in the part of the city within reach: a uniform town is shown as uniform up to its
edge. Incidents outside are left out, and outside nothing is claimed.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
import shapely
from numba import njit
from numpy.typing import ArrayLike, NDArray

from geo import pixel_area
from geo.heat_kernel import Kernel
from geo.kernel_cache import stamped
from geo.lattice import edges_of
from geo.pixel_area import add_edge

Floats = NDArray[np.float64]
_FINE = 20  # cells within the kernel's reach where the mass at one place is asked for
_BANDS = 4096
_KEPT = 256 << 20 >> 2  # numbers of the windows kept, in all


def city_boundary(polygons: Sequence[Any] | NDArray[Any]) -> Any | None:
    """Return the union of the grids of a level; None where they have no area.

    Parameters
    ----------
    polygons
        Polygons in a metric CRS; they need not be valid as a coverage.
    """
    shapes = np.asarray(polygons, dtype=object)
    shapes = shapes[~shapely.is_missing(shapes)]
    if len(shapes) == 0:
        return None
    whole = shapely.union_all(shapely.make_valid(shapes))
    if whole.geom_type == "GeometryCollection":
        whole = shapely.buffer(whole, 0)
    return whole if whole.area > 0 else None


class Boundary:
    """A boundary, indexed once; safe to share between threads.

    Parameters
    ----------
    area
        Polygon or multipolygon in a metric CRS.
    """

    def __init__(self, area: Any) -> None:
        self.area = area
        self.area_m2 = float(area.area)
        self.box: tuple[float, float, float, float] = tuple(area.bounds)
        edges, _ = edges_of(np.array([shapely.orient_polygons(area)], dtype=object))
        self._edges = edges
        low, high = np.minimum(edges[:, 1], edges[:, 3]), np.maximum(edges[:, 1], edges[:, 3])
        self._south = float(self.box[1])
        self._band_m = max((self.box[3] - self.box[1]) / min(max(len(edges), 1), _BANDS), 1e-6)
        first = np.floor((low - self._south) / self._band_m).astype(np.int64)
        last = np.floor((high - self._south) / self._band_m).astype(np.int64)
        which = np.repeat(np.arange(len(edges)), last - first + 1)
        band = np.arange(len(which)) - np.repeat(np.cumsum(last - first + 1) - (last - first + 1), last - first + 1)
        band += np.repeat(first, last - first + 1)
        order = np.argsort(band, kind="stable")
        self._order = which[order]
        self._starts = np.searchsorted(band[order], np.arange(int(last.max()) + 2)).astype(np.int64)
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, tuple[NDArray[np.float32], NDArray[np.float32]] | float] = OrderedDict()

    def contains(self, x: ArrayLike, y: ArrayLike) -> NDArray[np.bool_]:
        """Return which places lie inside or on the edge."""
        from geo.assign import assign

        x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
        return np.asarray(assign(x, y, np.array([self.area], dtype=object), ["city"]) == 0)

    def share(self, west: float, south: float, step: float, shape: tuple[int, int]) -> NDArray[np.float32]:
        """Return how much of each cell of a lattice lies inside, exactly; row 0 is the south.

        Parameters
        ----------
        west, south, step, shape
            South-west corner of the first cell, size of a cell, (rows, columns).
        """
        rows, columns = shape
        area = np.zeros((rows, columns + 2), np.float32)
        _accumulate(self._edges, self._chosen(south, south + rows * step), west, south, 1.0 / step, area)
        total = np.abs(np.cumsum(area[:, :columns], axis=1, dtype=np.float64))
        return np.minimum(total, 1.0, out=total).astype(np.float32)

    def mass(self, x: ArrayLike, y: ArrayLike, kernel: Kernel) -> Floats:
        """Return the kernel's mass inside at some places: 1 deep inside, 0 out of reach."""
        x, y = np.asarray(x, np.float64).ravel(), np.asarray(y, np.float64).ravel()
        step = kernel.reach_m / _FINE
        at = np.arange(-_FINE, _FINE + 1) * step
        weights = kernel.at(np.hypot(at[:, None], at))
        weights /= weights.sum()
        out = np.zeros(len(x))
        _mass_at(x, y, self._edges, self._order, self._starts, self._south, self._band_m, step, weights, out)
        return out

    def lattice(
        self, kernel: Kernel, coarser: int, window: tuple[int, int, int, int]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]] | float:
        """Return the mass at the nodes of a lattice, and how much of their cells lies inside; kept for the next asker.

        Parameters
        ----------
        kernel, coarser
            The lattice's step is ``kernel.step_m * 2**coarser``.
        window
            First column, first row, columns, rows; node (0, 0) is at the CRS's origin.

        Returns
        -------
        Spline coefficients and shares, float32 (rows, columns); only 1.0 or 0.0 where all of it, and all within
        reach, lies inside or outside.
        """
        key = (kernel, coarser, window)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = self._lattice(kernel, coarser, window)
        with self._lock:
            self._kept[key] = made
            while sum(2 * one[0].size for one in self._kept.values() if not isinstance(one, float)) > _KEPT:
                self._kept.popitem(last=False)
        return made

    def _lattice(
        self, kernel: Kernel, coarser: int, window: tuple[int, int, int, int]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]] | float:
        step = kernel.step_m * 2**coarser
        taps = kernel.taps(coarser, 3)
        far = taps.shape[0] // 2
        column, row, columns, rows = window
        west, south = (column - far - 0.5) * step, (row - far - 0.5) * step
        shares = self.share(west, south, step, (rows + 2 * far, columns + 2 * far))
        lowest, highest = float(shares.min()), float(shares.max())
        if lowest > 0.9999 or highest == 0:
            return 1.0 if highest > 0 else 0.0
        return kernel.smooth(shares, coarser, 3), np.ascontiguousarray(shares[far : rows + far, far : columns + far])

    def blank(self, values: NDArray[np.float32], shares: NDArray[np.float32], mesh_x: Floats, mesh_y: Floats) -> None:
        """Set the pixels of a picture outside the boundary to 0.

        Parameters
        ----------
        values
            (rows, columns), changed in place.
        shares
            Of the same shape: how much of the ground around each pixel lies inside; only those between 0 and 1 are
            looked at closely.
        mesh_x, mesh_y
            See `geo.heat_field.HeatField.mesh`.
        """
        _blank(values, shares, mesh_x, mesh_y, self._edges, self._order, self._starts, self._south, self._band_m)

    def _chosen(self, low: float, high: float) -> NDArray[np.int64]:
        """The edges that meet a band."""
        count = len(self._starts) - 1
        first = min(max(int(np.floor((low - self._south) / self._band_m)), 0), count)
        last = min(max(int(np.floor((high - self._south) / self._band_m)) + 1, 0), count)
        return np.unique(self._order[self._starts[first] : self._starts[last]])


@njit(cache=True, nogil=True)
def _accumulate(edges: Any, chosen: Any, west: float, south: float, per: float, area: Any) -> None:
    for k in chosen:
        add_edge(
            area,
            (edges[k, 0] - west) * per,
            (edges[k, 1] - south) * per,
            (edges[k, 2] - west) * per,
            (edges[k, 3] - south) * per,
        )


@njit(cache=True, nogil=True)
def _mass_at(
    x: Any, y: Any, edges: Any, order: Any, starts: Any, bottom: float, band_m: float, step: float, weights: Any,
    out: Any,
) -> None:  # fmt: skip
    size = weights.shape[0]
    half = size * step / 2
    area = np.zeros((size, size + 2), np.float32)
    per = 1.0 / step
    bands = len(starts) - 1
    for k in range(len(x)):
        west, south = x[k] - half, y[k] - half
        area[:] = 0
        near = False
        first = max(0, int(np.floor((south - bottom) / band_m)))
        last = min(bands - 1, int(np.floor((south + 2 * half - bottom) / band_m)))
        for band in range(first, last + 1):
            for place in range(starts[band], starts[band + 1]):
                e = order[place]
                low = min(edges[e, 1], edges[e, 3])
                # An edge is listed in each band it meets; it counts once.
                if band > first and int(np.floor((low - bottom) / band_m)) < band:
                    continue
                if max(edges[e, 0], edges[e, 2]) > west and min(edges[e, 0], edges[e, 2]) < west + 2 * half:
                    near = True
                add_edge(
                    area,
                    (edges[e, 0] - west) * per,
                    (edges[e, 1] - south) * per,
                    (edges[e, 2] - west) * per,
                    (edges[e, 3] - south) * per,
                )
        if not near:
            out[k] = min(abs(round(area[0, 0])), 1.0)
            continue
        total = 0.0
        for i in range(size):
            inside = 0.0
            for j in range(size):
                inside += area[i, j]
                total += weights[i, j] * min(abs(inside), 1.0)
        out[k] = total


@njit(cache=True, nogil=True)
def _blank(
    values: Any, shares: Any, mesh_x: Any, mesh_y: Any, edges: Any, order: Any, starts: Any, bottom: float,
    band_m: float,
) -> None:  # fmt: skip
    rows, columns = values.shape
    cells = mesh_x.shape[0] - 1
    for row in range(rows):
        at = (row + 0.5) * cells / rows
        i = min(int(at), cells - 1)
        v = at - i
        for column in range(columns):
            share = shares[row, column]
            if share > 0.99999:
                continue
            inside = False
            if share > 0.00001:
                across = (column + 0.5) * cells / columns
                j = min(int(across), cells - 1)
                u = across - j
                x = (mesh_x[i, j] * (1 - u) + mesh_x[i, j + 1] * u) * (1 - v)
                x += (mesh_x[i + 1, j] * (1 - u) + mesh_x[i + 1, j + 1] * u) * v
                y = (mesh_y[i, j] * (1 - u) + mesh_y[i, j + 1] * u) * (1 - v)
                y += (mesh_y[i + 1, j] * (1 - u) + mesh_y[i + 1, j + 1] * u) * v
                band = int(np.floor((y - bottom) / band_m))
                if 0 <= band < len(starts) - 1:
                    for place in range(starts[band], starts[band + 1]):
                        e = order[place]
                        ay, by = edges[e, 1], edges[e, 3]
                        if (ay > y) != (by > y):
                            ax = edges[e, 0]
                            if x < ax + (edges[e, 2] - ax) * (y - ay) / (by - ay):
                                inside = not inside
            if not inside:
                values[row, column] = 0


stamped(_accumulate, pixel_area)
stamped(_mass_at, pixel_area)
