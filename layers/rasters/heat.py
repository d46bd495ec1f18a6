"""Heat tiles: a density of incidents, coloured on one scale for all tiles and zoom levels."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from geo.crs import transform_xy
from geo.errors import N_, ParameterError
from geo.heat_field import HeatField
from layers.rasters.mercator import TILE_PX, WEB_MERCATOR, ground_factor, metres_per_px, tile_bounds
from layers.rasters.palette_png import palette_png
from layers.rasters.ramps import FAINT, HOUSE, RAMPS, table

THEMES = ("light", "dark")
SCALES = (1, 2)
_MESH, _MESH_FAR, _FAR = 16, 64, 6  # parts of a tile's side between which the projection is linear


def heat_tile(
    field: HeatField,
    crs: str,
    z: int,
    x: int,
    y: int,
    *,
    scale: int = 1,
    theme: str = "light",
    ramp: str = HOUSE,
    top: float | None = None,
) -> bytes:
    """Return a tile as a palette PNG of ``256 * scale`` px, transparent where there is nothing.

    Parameters
    ----------
    field
        In `crs`; its peak is the top of the scale, unless `top` is given.
    z, x, y
        Number of the tile (XYZ scheme).
    scale
        1, or 2 for dense screens.
    top
        Density of the darkest colour; what is denser has it too.

    Raises
    ------
    ParameterError
        There is no such tile, theme, scale or ramp.
    """
    tile_bounds(z, x, y)
    if theme not in THEMES or scale not in SCALES or ramp not in RAMPS:
        raise ParameterError(
            N_("The heat map has no theme “{theme}” at scale {scale} with the colours “{ramp}”."),
            N_("Use light or dark, 1 or 2, and one of: {known}."),
            theme=theme,
            scale=scale,
            ramp=ramp,
            known=", ".join(RAMPS),
        )
    values = heat_values(field, crs, z, x, y, TILE_PX * scale)
    if values is None:
        return empty_tile(scale)
    share = np.minimum(values * np.float32(255 / (top or field.peak())), np.float32(255))
    share[share < 255 * FAINT] = 0
    index = np.rint(share).astype(np.uint8)
    return palette_png(index, table(ramp, theme)) if index.any() else empty_tile(scale)


def heat_values(field: HeatField, crs: str, z: int, x: int, y: int, size: int = TILE_PX) -> NDArray[np.float32] | None:
    """Return the density at the pixel centres of a tile, incidents per km2; None where it is 0 throughout.

    The projection is taken exactly at the corners of 16 x 16 parts and linearly between them: within a hundredth of a
    pixel from zoom 8 on.
    """
    x0, y0, x1, y1 = tile_bounds(z, x, y)
    if field.peak() <= 0:
        return None
    parts = _MESH if z >= _FAR else _MESH_FAR
    east, north = np.meshgrid(np.linspace(x0, x1, parts + 1), np.linspace(y1, y0, parts + 1))
    mesh_x, mesh_y = (one.reshape(east.shape) for one in transform_xy(east, north, WEB_MERCATOR, crs))
    if not (np.isfinite(mesh_x).all() and np.isfinite(mesh_y).all()):
        return None  # so far away that the projection ends
    pixel_m = metres_per_px(z) * TILE_PX / size * ground_factor(middle_of(field, crs))
    return field.mesh(mesh_x, mesh_y, (size, size), pixel_m)


def middle_of(field: HeatField, crs: str) -> float:
    """Return the Web Mercator northing of the incidents' middle: one size of pixels for all tiles of a zoom level."""
    columns = field.columns
    x = columns.west + columns.across * columns.cell_m / 2
    y = columns.south + columns.down * columns.cell_m / 2
    return _northing(x, y, crs)


@lru_cache(maxsize=64)
def _northing(x: float, y: float, crs: str) -> float:
    return float(transform_xy([x], [y], crs, WEB_MERCATOR)[1][0])


@lru_cache(maxsize=4)
def empty_tile(scale: int = 1) -> bytes:
    """Return the transparent tile, always the same bytes."""
    return palette_png(np.zeros((TILE_PX * scale, TILE_PX * scale), np.uint8), table(HOUSE, "light"))
