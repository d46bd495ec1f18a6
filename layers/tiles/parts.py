"""What the base map's archive is made of: parts, each one layer over some zooms, named by a digest of its contents.

A tile of zoom z is drawn at Leaflet's zoom z + 1: tiles of vectors are 512 px wide, pictures 256.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.columns import Snapshot
from layers.rasters.look import BUILDINGS_FROM, FIRST_ZOOM, FOOT, ORDINARY, PRIMARY, TERTIARY, map_ranks

FORMAT = 2  # of the archives; another number makes them anew
MAX_ZOOM = 14  # deeper zooms draw these tiles larger
EXTENT = 8192  # units of a tile's side: 0.3 m at the deepest zoom on the equator
WATER = frozenset({"water", "水域"})
WATER_FROM = 6
LARGE_M2 = 250.0  # smaller ones are two pixels wide before the deepest zoom, and very many
BUILDING, STREET, WATERS = "building", "street", "water"


@dataclass(frozen=True)
class Part:
    """One layer over some zooms.

    Attributes
    ----------
    layer
        "building", "street" or "water". Parts of one layer share no zoom, so that no tile holds a layer twice.
    min_zoom, max_zoom
        Zooms of the tiles.
    geometry
        Object array of shapely geometries in metres of `crs`.
    columns
        Columns of the features: int32 or object (str, None).
    digest
        Of all the above: the same contents have the same name.
    """

    layer: str
    min_zoom: int
    max_zoom: int
    crs: str
    geometry: NDArray[Any]
    columns: dict[str, NDArray[Any]]
    digest: str

    @property
    def file_name(self) -> str:
        """Name of its archive."""
        return f"{self.layer}-{self.min_zoom}-{self.digest}.pmtiles"


def base_parts(snapshot: Snapshot) -> tuple[Part, ...]:
    """Return the parts of the base map; none for what the store does not hold."""
    if snapshot.crs is None:
        return ()
    made = []
    streets, zones, buildings = snapshot["streets"], snapshot["zones"], snapshot["buildings"]
    if streets.geometry is not None and len(streets):
        rank = map_ranks(streets.text("kind"), streets.geometry)
        columns = {"rank": rank.astype(np.int32), "name": streets.text("name")}
        far, near = int(FIRST_ZOOM[PRIMARY]) - 1, int(FIRST_ZOOM[ORDINARY]) - 1
        # Main streets from afar, then streets; every path only where a page draws it.
        for least, low, high in ((TERTIARY, far, near - 1), (ORDINARY, near, MAX_ZOOM - 1), (FOOT, MAX_ZOOM, MAX_ZOOM)):
            made.append(_part(STREET, low, high, snapshot.crs, streets.geometry, columns, rank >= least))
    if zones.geometry is not None and len(zones):
        wet = np.array([kind in WATER for kind in zones.text("kind")], dtype=bool)
        made.append(_part(WATERS, WATER_FROM, MAX_ZOOM, snapshot.crs, zones.geometry, {}, wet))
    if buildings.geometry is not None and len(buildings):
        first = BUILDINGS_FROM - 1
        large = shapely.area(buildings.geometry) >= LARGE_M2
        every = np.ones(len(buildings), dtype=bool)
        for keep, low, high in ((large, first, MAX_ZOOM - 1), (every, MAX_ZOOM, MAX_ZOOM)):
            made.append(_part(BUILDING, low, high, snapshot.crs, buildings.geometry, {}, keep))
    return tuple(part for part in made if len(part.geometry))


def key_of(parts: Iterable[Part]) -> str:
    """Return the name of a base map of these parts; "" of none."""
    names = ",".join(part.file_name for part in parts)
    return hashlib.blake2b(names.encode(), digest_size=9).hexdigest() if names else ""


def _part(
    layer: str,
    min_zoom: int,
    max_zoom: int,
    crs: str,
    geometry: NDArray[Any],
    columns: dict[str, NDArray[Any]],
    keep: NDArray[np.bool_],
) -> Part:
    geometry = geometry[keep]
    columns = {name: values[keep] for name, values in columns.items()}
    found = hashlib.blake2b(
        f"{FORMAT} {layer} {min_zoom} {max_zoom} {EXTENT} {crs} {len(geometry)}".encode(), digest_size=9
    )
    kind, xy, offsets = shapely.to_ragged_array(geometry, include_z=False) if len(geometry) else (0, np.zeros(0), ())
    found.update(f"{int(kind)}".encode())
    for array in (xy, *offsets):
        found.update(np.ascontiguousarray(array))
    for name, values in sorted(columns.items()):
        found.update(name.encode())
        plain = "\0".join("\1" if one is None else str(one) for one in values) if values.dtype.kind == "O" else ""
        found.update(plain.encode() if plain else np.ascontiguousarray(values).tobytes())
    return Part(layer, min_zoom, max_zoom, crs, geometry, columns, found.hexdigest())
