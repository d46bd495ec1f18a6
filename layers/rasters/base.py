"""The base map: streets, buildings, water and street names in quiet greys, one tile at a time."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from geo.crs import transform_xy
from geo.errors import N_, ParameterError
from layers.rasters.labels import Labels
from layers.rasters.lettering import plain
from layers.rasters.look import (
    BUILDINGS_FROM,
    FAR,
    FIRST_ZOOM,
    FOOT,
    HIDDEN,
    LEAST_PX,
    OUTLINES_FROM,
    PALETTES,
    TERTIARY,
    WIDTH_M,
    Colour,
    Theme,
    map_ranks,
)
from layers.rasters.mercator import TILE_PX, WEB_MERCATOR, ground_factor, metres_per_px, tile_bounds
from layers.rasters.paint import cover_rings, cover_strokes


class _Parts:
    """Rings or lines as flat Web Mercator coordinates with an index of their boxes."""

    def __init__(self, parts: NDArray[Any], crs: str) -> None:
        coordinates, owner = shapely.get_coordinates(parts, return_index=True)
        x, y = transform_xy(coordinates[:, 0], coordinates[:, 1], crs, WEB_MERCATOR)
        self.xy = np.column_stack((x, y))
        self.starts = np.searchsorted(owner, np.arange(len(parts) + 1)).astype(np.int64)
        moved = shapely.bounds(shapely.set_coordinates(parts.copy(), self.xy)) if len(parts) else np.empty((0, 4))
        self.tree = shapely.STRtree(shapely.box(*moved.T))

    def within(self, x0: float, y0: float, x1: float, y1: float) -> NDArray[np.int64]:
        """Return the parts whose box meets the given one, in order."""
        return np.sort(self.tree.query(shapely.box(x0, y0, x1, y1))).astype(np.int64)


class BaseMap:
    """What the base map shows, projected and indexed once; `tile` may be called from many threads.

    Parameters
    ----------
    streets, kinds, names
        Object arrays of lines (metres, `crs`), their kind and their name (None where missing).
    buildings
        Object array of polygons.
    crs
        The metric CRS of all geometries.
    water
        Object array of polygons, if any.
    fonts
        Paths of fonts for street names; the first that exists is used, and no name is drawn without one.
    """

    def __init__(
        self,
        streets: ArrayLike,
        kinds: Sequence[str | None] | NDArray[Any],
        names: Sequence[str | None] | NDArray[Any],
        buildings: ArrayLike,
        crs: str,
        *,
        water: ArrayLike = (),
        fonts: Sequence[str] = (),
    ) -> None:
        lines, street = shapely.get_parts(np.asarray(streets, dtype=object), return_index=True)
        self.rank = map_ranks(kinds, np.asarray(streets, dtype=object))[street]
        self.lines = _Parts(lines, crs)
        self.buildings = _Parts(_rings(buildings), crs)
        self.water = _Parts(_rings(water), crs)
        names = np.array([plain(name) if isinstance(name, str) else "" for name in names], dtype=object)
        has_name = np.asarray(names != "", dtype=bool)
        named = has_name[street] & (self.rank != HIDDEN)
        moved = shapely.set_coordinates(lines[named], self.lines.xy[np.repeat(named, np.diff(self.lines.starts))])
        self.labels = Labels(moved, names[street[named]], self.rank[named], fonts)

    def tile(self, z: int, x: int, y: int, theme: Theme = "light", scale: int = 1) -> bytes:
        """Return one tile as a PNG of ``256 * scale`` px.

        Parameters
        ----------
        z, x, y
            Number of the tile (XYZ scheme).
        theme
            "light" or "dark".
        scale
            1, or 2 for dense screens.

        Raises
        ------
        ParameterError
            There is no such tile, theme or scale.
        """
        bounds = tile_bounds(z, x, y)
        if theme not in PALETTES or scale not in (1, 2):
            raise ParameterError(
                N_("The base map has no theme “{theme}” at scale {scale}."),
                N_("Use light or dark, and 1 or 2."),
                theme=theme,
                scale=scale,
            )
        palette = PALETTES[theme]
        size, per_px = TILE_PX * scale, metres_per_px(z) / scale
        origin = (bounds[0], bounds[3])
        picture = np.empty((size, size, 3), np.float32)
        picture[:] = palette.ground

        def put(share: NDArray[np.float32], colour: Colour) -> None:
            if share.any():
                picture[:] += share[..., None] * (np.array(colour, np.float32) - picture)

        wet = self.water.within(*bounds)
        if len(wet):
            put(cover_rings(self.water.xy, self.water.starts, wet, origin, per_px, size), palette.water)
        houses = self.buildings.within(*bounds) if z >= BUILDINGS_FROM else np.empty(0, np.int64)
        streets, rank, width = self._streets(z, bounds, scale)
        foot = rank == FOOT
        cased = ~foot & ((rank < TERTIARY) | (z > FAR))
        for chosen, extra, colour in (
            (foot, 0.0, palette.path),
            (cased, 1.6 * scale, palette.casing),
            (~foot & (rank < TERTIARY), 0.0, palette.street),
            (rank >= TERTIARY, 0.0, palette.main if z > FAR else palette.far),
        ):
            if chosen.any():
                put(
                    cover_strokes(
                        self.lines.xy, self.lines.starts, streets[chosen], width[chosen] + extra, origin, per_px, size
                    ),
                    colour,
                )
        if len(houses):  # above the streets: a passage under a house is hidden
            flat = (self.buildings.xy, self.buildings.starts, houses)
            put(cover_rings(*flat, origin, per_px, size), palette.building)
            if z >= OUTLINES_FROM:
                thin = np.full(len(houses), (0.6 if z == OUTLINES_FROM else 1.0) * scale)
                put(cover_strokes(*flat, thin, origin, per_px, size), palette.outline)
        image = Image.fromarray(np.rint(picture).astype(np.uint8))
        self.labels.draw(image, z, origin, scale, palette.text, palette.halo)
        return encode(image)

    def _streets(
        self, z: int, bounds: tuple[float, float, float, float], scale: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int8], NDArray[np.float64]]:
        """Return the streets to draw in a tile, their rank and their width in pixels."""
        per_px = metres_per_px(z)
        margin = 24 * per_px
        found = self.lines.within(bounds[0] - margin, bounds[1] - margin, bounds[2] + margin, bounds[3] + margin)
        rank = self.rank[found]
        found = found[(rank != HIDDEN) & (z >= FIRST_ZOOM[rank])]
        rank = self.rank[found]
        ground = ground_factor((bounds[1] + bounds[3]) / 2)
        width = np.clip(WIDTH_M[rank] / (per_px * ground), LEAST_PX[rank], 40.0) * scale
        return found, rank, width


def encode(image: Image.Image) -> bytes:
    """Return `image` as PNG bytes; the same picture gives the same bytes."""
    out = BytesIO()
    image.save(out, format="PNG", compress_level=5)
    return out.getvalue()


def _rings(polygons: ArrayLike) -> NDArray[Any]:
    """Return all rings of polygons, outer ones turning one way and holes the other."""
    parts = shapely.get_parts(np.asarray(polygons, dtype=object))
    return np.asarray(shapely.get_rings(shapely.orient_polygons(parts)), dtype=object)
