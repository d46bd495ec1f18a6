"""Heat tiles: a kernel density of points, coloured on one scale for all tiles and zoom levels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from io import BytesIO
from itertools import pairwise
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from geo.crs import transform_xy
from geo.errors import N_, ParameterError
from geo.heat import heat_grid, peak
from layers.rasters.mercator import TILE_PX, WEB_MERCATOR, ground_factor, metres_per_px, tile_bounds, tile_points

_STEPS = 12  # lattice steps in a bandwidth, at the finest
_ROWS = 512
_FAINT = 0.03  # below this share of the peak nothing is drawn
UNIT = N_("incidents per km²")

# One hue family for incidents, the same as in the pages' style sheet; it grows darker on light ground and lighter on
# dark ground, so that it is told apart by colour-blind eyes and in greyscale.
RAMPS = MappingProxyType(
    {
        "light": ((249, 217, 228), (240, 166, 194), (221, 107, 155), (176, 46, 114), (107, 15, 78)),
        "dark": ((74, 34, 56), (123, 43, 87), (180, 63, 128), (226, 116, 168), (255, 194, 218)),
    }
)
_ALPHA = (0.35, 0.70, 0.80, 0.86, 0.90)
_GROUND = MappingProxyType({"light": 255.0, "dark": 30.0})


@dataclass(frozen=True)
class HeatStep:
    """One line of the legend: a range of densities in incidents per km2 and the colour of its middle."""

    low: float
    high: float
    colour: str


class HeatMap:
    """The density of some points, prepared once; `tile` may be called from many threads.

    Parameters
    ----------
    x, y
        float64, shape (n,), metres in `crs`, finite: the incidents that were selected.
    crs
        The metric CRS.
    radius_m
        Bandwidth of the quartic kernel: how far one incident reaches.
    highest
        Top of the colour scale in incidents per km2; by default the highest density anywhere.

    Raises
    ------
    ParameterError
        The radius is not a positive number.
    """

    def __init__(
        self, x: ArrayLike, y: ArrayLike, crs: str, *, radius_m: float = 100.0, highest: float | None = None
    ) -> None:
        if not (math.isfinite(radius_m) and radius_m > 0):
            raise ParameterError(
                N_("The radius of a heat map, {radius_m} m, cannot be used."),
                N_("Give a radius above 0."),
                radius_m=radius_m,
            )
        x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
        self.crs, self.radius_m, self.count = crs, float(radius_m), len(x)
        self.highest = peak(x, y, radius_m) if highest is None else float(highest)
        self._bottom = y.min() if len(y) else 0.0
        self._row_m = max(radius_m, (np.ptp(y) if len(y) else 0.0) / _ROWS)
        middle = transform_xy([np.median(x)], [np.median(y)], crs, WEB_MERCATOR)[1][0] if len(x) else 0.0
        self._ground = ground_factor(float(middle))
        row = np.floor((y - self._bottom) / self._row_m).astype(np.int64)
        order = np.lexsort((x, row))
        self._x, self._y = x[order], y[order]
        self._starts = np.searchsorted(row[order], np.arange((row.max() if len(row) else -1) + 2))

    def tile(self, z: int, x: int, y: int, scale: int = 1, theme: str = "light") -> bytes:
        """Return one tile as a palette PNG of ``256 * scale`` px, transparent where there is nothing.

        Raises
        ------
        ParameterError
            There is no such tile, theme or scale.
        """
        tile_bounds(z, x, y)
        if theme not in RAMPS or scale not in _EMPTY:
            raise ParameterError(
                N_("The heat map has no theme “{theme}” at scale {scale}."),
                N_("Use light or dark, and 1 or 2."),
                theme=theme,
                scale=scale,
            )
        values = self.values(z, x, y, TILE_PX * scale)
        if values is None:
            return empty_tile(scale)
        share = np.minimum(values * (255 / self.highest), 255.0)
        index = np.rint(share).astype(np.uint8)
        index[share < 255 * _FAINT] = 0
        return _encode(index, theme) if index.any() else empty_tile(scale)

    def values(self, z: int, x: int, y: int, size: int = TILE_PX) -> NDArray[np.float64] | None:
        """Return the density at the pixel centres of a tile in incidents per km2; None where it is 0 throughout.

        The density is computed on a metric lattice common to all tiles of a zoom level (two pixels, or a twelfth of
        the radius, whichever is larger), and interpolated at the pixels.
        """
        if not self.count or self.highest <= 0:
            return None
        steps = 16 if z >= 6 else 64
        at_x, at_y = tile_points(z, x, y, self.crs, steps=steps, size=size)
        step = self._step(z)
        left, right = math.floor(at_x.min() / step) - 1, math.ceil(at_x.max() / step) + 1
        low, high = math.floor(at_y.min() / step) - 1, math.ceil(at_y.max() / step) + 1
        near_x, near_y = self._near(left * step, low * step, right * step, high * step)
        if not len(near_x):
            return None
        box = (left * step, low * step, right * step, high * step)
        grid = heat_grid(near_x, near_y, box, (high - low, right - left), self.radius_m)
        rows = high - at_y / step - 0.5
        columns = at_x / step - left - 0.5
        from scipy import ndimage  # slow to import, and only heat needs it

        fine = ndimage.map_coordinates(grid, [rows, columns], order=1, mode="nearest", output=np.float64)
        return np.asarray(fine)

    def legend(self, steps: int = 5, theme: str = "light") -> list[HeatStep]:
        """Return equal steps from 0 to the top of the scale, with their colours on the theme's ground."""
        edges = np.linspace(0.0, self.highest, steps + 1)
        return [
            HeatStep(float(low), float(high), _hex(_on_ground((low + high) / 2 / self.highest, theme)))
            for low, high in pairwise(edges)
            if self.highest > 0
        ]

    def _step(self, z: int) -> float:
        """Return the lattice step in metres: one for all tiles of a zoom level, so that they join."""
        finest = self.radius_m / _STEPS
        wanted = 2 * metres_per_px(z) * self._ground
        return finest * 2 ** max(0, math.ceil(math.log2(wanted / finest)))

    def _near(self, x0: float, y0: float, x1: float, y1: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the points whose kernel may reach into a box."""
        reach = self.radius_m * 1.01
        first = max(0, int((y0 - reach - self._bottom) // self._row_m))
        last = min(len(self._starts) - 2, int((y1 + reach - self._bottom) // self._row_m))
        ranges = []
        for row in range(first, last + 1):
            begin, end = self._starts[row], self._starts[row + 1]
            within = self._x[begin:end]
            a, b = begin + np.searchsorted(within, x0 - reach), begin + np.searchsorted(within, x1 + reach, "right")
            if b > a:
                ranges.append(np.arange(a, b))
        chosen = np.concatenate(ranges) if ranges else np.empty(0, np.int64)
        return self._x[chosen], self._y[chosen]


def _ramp(colours: tuple[tuple[int, int, int], ...]) -> NDArray[np.uint8]:
    """Return 256 RGBA colours; the first is transparent."""
    at = np.linspace(0, 1, 256)
    stops = np.linspace(0, 1, len(colours))
    rgb = [np.interp(at, stops, [colour[channel] for colour in colours]) for channel in range(3)]
    fade = np.clip((at - _FAINT) / 0.12, 0, 1)
    alpha = 255 * fade * np.interp(at, stops, _ALPHA)
    table = np.rint(np.column_stack((*rgb, alpha))).astype(np.uint8)
    table[0, 3] = 0
    return table


_TABLES = {theme: _ramp(colours) for theme, colours in RAMPS.items()}


def _on_ground(share: float, theme: str) -> tuple[int, int, int]:
    red, green, blue, alpha = (float(v) for v in _TABLES[theme][round(255 * min(max(share, 0.0), 1.0))])
    ground = _GROUND[theme]
    mixed = [round(ground + (channel - ground) * alpha / 255) for channel in (red, green, blue)]
    return mixed[0], mixed[1], mixed[2]


def _hex(colour: tuple[int, int, int]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _encode(index: NDArray[np.uint8], theme: str = "light") -> bytes:
    table = _TABLES[theme]
    image = Image.fromarray(index, mode="P")
    image.putpalette(table[:, :3].tobytes())
    out = BytesIO()
    image.save(out, format="PNG", transparency=table[:, 3].tobytes(), compress_level=3)
    return out.getvalue()


_EMPTY = {scale: _encode(np.zeros((TILE_PX * scale, TILE_PX * scale), np.uint8)) for scale in (1, 2)}


def empty_tile(scale: int = 1) -> bytes:
    """Return the transparent tile, always the same bytes."""
    return _EMPTY[scale]
