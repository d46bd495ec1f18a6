"""The base map: streets, buildings, water and street names in quiet greys, one tile at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from geo.crs import transform_xy
from geo.errors import N_, ParameterError
from layers.rasters.labels import Labels
from layers.rasters.mercator import TILE_PX, WEB_MERCATOR, ground_factor, metres_per_px, tile_bounds
from layers.rasters.paint import cover_rings, cover_strokes

Theme = Literal["light", "dark"]
Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Palette:
    """Colours of one theme; only greys, so that colour belongs to the data."""

    ground: Colour
    water: Colour
    building: Colour
    outline: Colour
    casing: Colour
    street: Colour
    main: Colour
    far: Colour
    path: Colour
    text: Colour
    halo: Colour


PALETTES = MappingProxyType(
    {
        "light": Palette(
            (245, 245, 243),
            (214, 220, 223),
            (230, 229, 226),
            (208, 206, 202),
            (214, 213, 209),
            (255, 255, 255),
            (255, 255, 255),
            (172, 172, 168),
            (226, 225, 221),
            (96, 98, 102),
            (255, 255, 255),
        ),
        "dark": Palette(
            (30, 32, 35),
            (20, 24, 28),
            (42, 44, 48),
            (58, 61, 66),
            (22, 23, 26),
            (58, 61, 66),
            (72, 75, 81),
            (98, 102, 109),
            (46, 49, 53),
            (178, 181, 186),
            (30, 32, 35),
        ),
    }
)

# Rank of a street by its OpenStreetMap kind, else by words of road registers; any other kind counts as ordinary.
FOOT, SERVICE, ORDINARY, TERTIARY, SECONDARY, PRIMARY = range(6)
HIDDEN = -1
_RANKS = MappingProxyType(
    {
        **dict.fromkeys(("motorway", "motorway_link", "trunk", "trunk_link", "primary", "primary_link"), PRIMARY),
        **dict.fromkeys(("secondary", "secondary_link"), SECONDARY),
        **dict.fromkeys(("tertiary", "tertiary_link"), TERTIARY),
        **dict.fromkeys(("service", "track", "pedestrian", "busway"), SERVICE),
        **dict.fromkeys(("footway", "path", "steps", "cycleway", "bridleway", "trail", "crossing"), FOOT),
        **dict.fromkeys(("elevator", "corridor", "platform", "proposed", "construction", "abandoned", "razed"), HIDDEN),
    }
)
_OSM_ORDINARY = frozenset(("residential", "unclassified", "living_street", "road"))
_WORDS = (
    (PRIMARY, ("freeway", "expressway", "motorway", "interstate", "principal arterial", "高速", "快速路", "主干")),
    (SECONDARY, ("arterial", "次干")),
    (TERTIARY, ("collector", "支路")),
)
_SPARSE_M_PER_KM2 = 4_000.0  # a whole street net has 10 to 20 km a square kilometre, a net of main roads 1 to 3
_WIDTH_M = np.array([1.6, 3.5, 6.5, 8.0, 9.5, 11.0])  # drawn width on the ground by rank
_LEAST_PX = np.array([0.7, 1.0, 1.2, 1.6, 2.0, 2.4])
_FIRST_ZOOM = np.array([16, 15, 13, 12, 11, 9])
_FAR = 13  # up to this zoom main streets are lines without casing, dark enough to be seen under a coloured area
_BUILDINGS_FROM, _OUTLINES_FROM = 14, 15


def street_ranks(kinds: Sequence[str | None] | NDArray[Any]) -> NDArray[np.int8]:
    """Return how important each street is: 0 (foot way) to 5 (primary), -1 for what is not drawn."""
    known = {kind: _rank(kind) for kind in set(kinds)}
    return np.array([known[kind] for kind in kinds], dtype=np.int8)


def _rank(kind: str | None) -> int:
    if kind is None or kind in _OSM_ORDINARY:
        return ORDINARY
    said = kind.casefold()
    by_words = next((rank for rank, words in _WORDS if any(word in said for word in words)), ORDINARY)
    return _RANKS.get(kind, by_words)


def _few_count_more(
    rank: NDArray[np.int8], kinds: Sequence[str | None] | NDArray[Any], streets: NDArray[Any]
) -> NDArray[np.int8]:
    """Raise streets of an unknown kind where they are so few that a map of the whole town can show them."""
    unknown = (rank == ORDINARY) & np.array([kind not in _OSM_ORDINARY for kind in kinds], dtype=bool)
    if not unknown.any():
        return rank
    west, south, east, north = shapely.total_bounds(streets)
    area_km2 = (east - west) * (north - south) / 1e6
    if not area_km2 > 1 or shapely.length(streets[unknown]).sum() / area_km2 > _SPARSE_M_PER_KM2:
        return rank
    return np.where(unknown, SECONDARY, rank).astype(np.int8)


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
        self.rank = _few_count_more(street_ranks(kinds), kinds, np.asarray(streets, dtype=object))[street]
        self.lines = _Parts(lines, crs)
        self.buildings = _Parts(_rings(buildings), crs)
        self.water = _Parts(_rings(water), crs)
        has_name = np.array([isinstance(name, str) and name != "" for name in names], dtype=bool)
        named = has_name[street] & (self.rank != HIDDEN)
        moved = shapely.set_coordinates(lines[named], self.lines.xy[np.repeat(named, np.diff(self.lines.starts))])
        self.labels = Labels(moved, np.asarray(names, dtype=object)[street[named]], self.rank[named], fonts)

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
        houses = self.buildings.within(*bounds) if z >= _BUILDINGS_FROM else np.empty(0, np.int64)
        streets, rank, width = self._streets(z, bounds, scale)
        foot = rank == FOOT
        cased = ~foot & ((rank < TERTIARY) | (z > _FAR))
        for chosen, extra, colour in (
            (foot, 0.0, palette.path),
            (cased, 1.6 * scale, palette.casing),
            (~foot & (rank < TERTIARY), 0.0, palette.street),
            (rank >= TERTIARY, 0.0, palette.main if z > _FAR else palette.far),
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
            if z >= _OUTLINES_FROM:
                thin = np.full(len(houses), (0.6 if z == _OUTLINES_FROM else 1.0) * scale)
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
        found = found[(rank != HIDDEN) & (z >= _FIRST_ZOOM[rank])]
        rank = self.rank[found]
        ground = ground_factor((bounds[1] + bounds[3]) / 2)
        width = np.clip(_WIDTH_M[rank] / (per_px * ground), _LEAST_PX[rank], 40.0) * scale
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
