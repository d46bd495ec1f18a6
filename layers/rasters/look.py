"""What the base map looks like, as pictures and as vectors: colours, importance and width of streets, first zooms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
import shapely
from numpy.typing import NDArray

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
WIDTH_M = np.array([1.6, 3.5, 6.5, 8.0, 9.5, 11.0])  # drawn width on the ground by rank
LEAST_PX = np.array([0.7, 1.0, 1.2, 1.6, 2.0, 2.4])
FIRST_ZOOM = np.array([16, 15, 13, 12, 11, 9])
FAR = 13  # up to this zoom main streets are lines without casing, dark enough to be seen under a coloured area
BUILDINGS_FROM, OUTLINES_FROM = 14, 15


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


def map_ranks(kinds: Sequence[str | None] | NDArray[Any], streets: NDArray[Any]) -> NDArray[np.int8]:
    """Return `street_ranks`, raised for unknown kinds where streets are so few that a map of the town can show them.

    `streets` are lines in metres.
    """
    rank = street_ranks(kinds)
    unknown = (rank == ORDINARY) & np.array([kind not in _OSM_ORDINARY for kind in kinds], dtype=bool)
    if not unknown.any():
        return rank
    west, south, east, north = shapely.total_bounds(streets)
    area_km2 = (east - west) * (north - south) / 1e6
    if not area_km2 > 1 or shapely.length(streets[unknown]).sum() / area_km2 > _SPARSE_M_PER_KM2:
        return rank
    return np.where(unknown, SECONDARY, rank).astype(np.int8)
