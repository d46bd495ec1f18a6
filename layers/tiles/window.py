"""Where a tile lies in the metric CRS, and how metres become its units."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geo.crs import transform_xy
from layers.rasters.mercator import WEB_MERCATOR, tile_bounds

EXTENT = 4096  # units of a tile's side
TILE_PX = 512  # its width on the page
BUFFER = 64  # units that polygons reach beyond the tile, so that no edge of it is drawn
_DEGREE = 4
_NODES = 9  # along each side of the part of the tile that is fitted
_CLOSE = 0.25  # units that the fit may be off
_BORDER = 17  # points along each side of a box that is carried over to the other CRS

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Extent:
    """What a layer covers: its box in metres of `crs` and in Web Mercator."""

    crs: str
    metric: tuple[float, float, float, float]
    mercator: tuple[float, float, float, float]


def extent_of(crs: str, box: tuple[float, float, float, float]) -> Extent:
    """Return the extent of a box in metres of `crs`."""
    return Extent(crs, box, _carried(box, crs, WEB_MERCATOR))


@dataclass(frozen=True)
class Window:
    """The part of a tile that a layer can fill.

    Attributes
    ----------
    box
        West, south, east, north in metres of the CRS: all that the tile and its border may show, and a little more.
    unit_m
        Length on the ground of a unit, roughly.
    """

    box: tuple[float, float, float, float]
    unit_m: float
    _crs: str
    _corner: tuple[float, float]  # north-west, Web Mercator
    _per_unit: float
    _fit: tuple[Floats, Floats] | None

    def units(self, xy: Floats) -> Floats:
        """Return coordinates (n, 2) in units of the tile, from its north-west corner, y to the south."""
        if self._fit is None:
            x, y = transform_xy(xy[:, 0], xy[:, 1], self._crs, WEB_MERCATOR)
        else:
            x, y = self._fit[0][:, 0], self._fit[1][:, 0]
            terms = _terms(_normal(xy, self.box))
            x, y = terms @ x, terms @ y
        return np.column_stack([(x - self._corner[0]) / self._per_unit, (self._corner[1] - y) / self._per_unit])


def window(z: int, x: int, y: int, extent: Extent) -> Window | None:
    """Return where a tile lies, None where it holds nothing of `extent`.

    The projection is nearly plain within a tile: a polynomial of the fourth degree is fitted to a lattice of points
    and used if it is within a quarter of a unit at points between them, else every vertex is projected.
    """
    x0, y0, x1, y1 = tile_bounds(z, x, y)
    per_unit = (x1 - x0) / EXTENT
    border = BUFFER * per_unit
    near = extent.mercator
    part = (max(x0 - border, near[0]), max(y0 - border, near[1]), min(x1 + border, near[2]), min(y1 + border, near[3]))
    if part[0] > part[2] or part[1] > part[3]:
        return None
    west, south, east, north = _carried(part, WEB_MERCATOR, extent.crs)
    most = 1e-3 * max(east - west, north - south, 1.0)
    box = (west - most, south - most, east + most, north + most)
    ground = max(east - west, north - south, 1e-9) / max(part[2] - part[0], part[3] - part[1], 1e-9)
    return Window(box, per_unit * ground, extent.crs, (x0, y1), per_unit, _fitted(box, extent.crs, per_unit))


def _fitted(box: tuple[float, float, float, float], crs: str, per_unit: float) -> tuple[Floats, Floats] | None:
    steps = np.linspace(0, 1, 2 * _NODES - 1)
    gx, gy = np.meshgrid(box[0] + steps * (box[2] - box[0]), box[1] + steps * (box[3] - box[1]))
    x, y = transform_xy(gx.ravel(), gy.ravel(), crs, WEB_MERCATOR)
    terms = _terms(_normal(np.column_stack([gx.ravel(), gy.ravel()]), box))
    on = (np.add.outer(np.arange(len(steps)), np.arange(len(steps))) % 2 == 0).ravel()  # the others test the fit
    found, *_ = np.linalg.lstsq(terms[on], np.column_stack([x, y])[on], rcond=None)
    off = np.abs(terms @ found - np.column_stack([x, y])).max()
    return (found[:, :1], found[:, 1:]) if off <= _CLOSE * per_unit else None


def _normal(xy: Floats, box: tuple[float, float, float, float]) -> Floats:
    low, size = np.array(box[:2]), np.array([box[2] - box[0], box[3] - box[1]])
    normal: Floats = (xy - low) / size * 2 - 1
    return normal


def _terms(xy: Floats) -> Floats:
    x, y = xy[:, 0], xy[:, 1]
    powers_x, powers_y = [np.ones_like(x), x], [np.ones_like(y), y]
    for _ in range(_DEGREE - 1):
        powers_x.append(powers_x[-1] * x)
        powers_y.append(powers_y[-1] * y)
    return np.column_stack([powers_x[i] * powers_y[j] for i in range(_DEGREE + 1) for j in range(_DEGREE + 1 - i)])


def _carried(box: tuple[float, float, float, float], source: str, target: str) -> tuple[float, float, float, float]:
    """Return the box around a box's border in another CRS."""
    steps = np.linspace(0, 1, _BORDER)
    x, y = box[0] + steps * (box[2] - box[0]), box[1] + steps * (box[3] - box[1])
    gx = np.concatenate([x, x, np.full(_BORDER, box[0]), np.full(_BORDER, box[2])])
    gy = np.concatenate([np.full(_BORDER, box[1]), np.full(_BORDER, box[3]), y, y])
    out_x, out_y = transform_xy(gx, gy, source, target)
    return float(out_x.min()), float(out_y.min()), float(out_x.max()), float(out_y.max())
