"""Tiles of what changes: cameras, and what was worked out about them."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.cluster import cluster_points
from geo.columns import Snapshot
from geo.crs import lonlat
from layers.cameras import KINDS
from layers.coverage import blind_classes
from layers.rasters.mercator import HALF_M
from layers.tiles.encode import AreaLayer, PointLayer, detail_zoom, encode_tile
from layers.tiles.window import TILE_PX

if TYPE_CHECKING:
    from geo.blindspots import BlindSpots
    from layers.complete import Complete

CLUSTER_PX = 64  # of the page: cameras within a square of this side are drawn together
MOST_CAMERAS = 2_500  # of a tile before they are drawn together
WORST = 500  # blind spots that are drawn from far
FROM_AFAR_M = 2.0  # how much their outlines may then be off
HIGHEST = 16  # zoom of the smallest tiles; deeper ones draw these larger
COVERAGE_FROM, VIEWS_FROM = 13, 12  # before these zooms areas are smaller than anyone can see
STATES = {1: "online", 0: "offline", -1: "unknown"}
_making = Lock()

Objects = NDArray[Any]


class CameraTiles:
    """The cameras as points: one by one where a tile holds few enough, together before that."""

    def __init__(self, snapshot: Snapshot, *, online_only: bool = False) -> None:
        cameras = snapshot["cameras"]
        none = np.zeros(0)
        x = none if cameras.x is None else cameras.x
        y = none if cameras.y is None else cameras.y
        online = np.asarray(cameras.columns["online"])
        rows = np.flatnonzero(online != 0) if online_only else np.arange(len(x))
        known = {name for name, _ in KINDS}
        kind = [one if one in known else "other" for one in cameras.text("kind")[rows]]
        self._x, self._y, self._crs = x[rows], y[rows], str(snapshot.crs)
        self._columns: dict[str, Objects] = {
            "id": cameras.text("id")[rows],
            "name": cameras.text("name")[rows],
            "kind": np.array(kind, dtype=object),
            "state": np.array([STATES[int(one)] for one in online[rows]], dtype=object),
            "azimuth": cameras.number("azimuth_deg")[rows],
            "hfov": cameras.number("hfov_deg")[rows],
            "tolerance": cameras.number("azimuth_tolerance_deg")[rows],
            "range_m": cameras.number("range_m")[rows],
        }
        self._all = PointLayer("camera", self._crs, self._x, self._y, self._columns)
        self._together: dict[int, PointLayer] = {}
        self._lock = Lock()
        self._ground = 1.0
        self.single_from = 0
        if len(rows):
            self._ground = _ground(float(np.median(self._x)), float(np.median(self._y)), self._crs)
            self.single_from = next((z for z in range(HIGHEST) if self._fullest(z) <= MOST_CAMERAS), HIGHEST)
            self._all.ready()

    def _side_m(self, z: int) -> float:
        return 2 * HALF_M / (1 << z) * self._ground

    def _fullest(self, z: int) -> int:
        side = self._side_m(z)
        column, row = ((one - one.min()) // side for one in (self._x, self._y))
        return int(np.bincount((row * (column.max() + 1) + column).astype(np.int64)).max())

    def _clusters(self, z: int) -> PointLayer:
        with self._lock:
            if z not in self._together:
                found = cluster_points(self._x, self._y, self._side_m(z) * CLUSTER_PX / TILE_PX)
                alone = found.count == 1
                columns: dict[str, Objects] = {"count": np.where(alone, np.nan, found.count)}
                for name, values in self._columns.items():
                    blank = np.nan if values.dtype.kind == "f" else None
                    columns[name] = np.where(alone, values[found.first], blank)
                self._together[z] = PointLayer("camera", self._crs, found.x, found.y, columns).ready()
            return self._together[z]

    def tile(self, z: int, x: int, y: int) -> bytes:
        """Return a tile as gzip: id, name, kind, state, azimuth, …; `count` where several are drawn together."""
        if self._all.extent is None:
            return b""
        return encode_tile([self._all if z >= self.single_from else self._clusters(z)], z, x, y)


@dataclass(frozen=True)
class Areas:
    """Layers of areas that are only drawn where a tile holds few enough, above one that always is."""

    always: tuple[AreaLayer, ...]
    detail: tuple[AreaLayer, ...]
    detail_from: int

    def tile(self, z: int, x: int, y: int) -> bytes:
        """Return a tile as gzip. Where areas are drawn the layer below them has no symbol, and so no colour."""
        if z < self.detail_from:
            return encode_tile(self.always, z, x, y)
        return encode_tile((*self.always, *self.detail), z, x, y, frozenset(("symbol",)))


def coverage_tiles(complete: Complete) -> Areas:
    """Return the tiles of a result: layers grid, certain, possible, blind."""

    def make() -> Areas:
        coverage, crs, codes = complete.city.coverage, complete.crs, {"code": complete.codes}
        share, symbols = blind_classes(coverage.blind_m2, coverage.open_m2)
        columns = {**codes, "symbol": symbols, "blind_share": np.round(share, 4)}
        grids = AreaLayer("grid", crs, complete.city.cells.polygons, columns, least_px=0.5).ready()
        parts = tuple(
            AreaLayer(name, crs, getattr(coverage, name), codes).ready() for name in ("blind", "possible", "certain")
        )
        return Areas((grids,), parts, detail_zoom(parts, COVERAGE_FROM, HIGHEST))

    return _once(complete, "tiles of coverage", make)


def view_tiles(complete: Complete) -> Areas:
    """Return the tiles of a result's views: layer view with camera and state, one feature for each beam."""

    def make() -> Areas:
        views = complete.city.views
        camera = views.of.camera
        columns = {
            "camera": complete.city.facts.id[camera],
            "state": np.where(views.of.certain, "certain", "possible").astype(object),
        }
        layer = AreaLayer("view", complete.crs, views.polygons, columns).ready()
        return Areas((), (layer,), detail_zoom((layer,), VIEWS_FROM, HIGHEST))

    return _once(complete, "tiles of views", make)


@dataclass(frozen=True)
class SpotTiles:
    """Blind spots: the worst ones from far, all of them where a tile holds few enough."""

    worst: AreaLayer
    every: AreaLayer
    every_from: int

    def tile(self, z: int, x: int, y: int) -> bytes:
        """Return a tile as gzip: rank, grid, blind_m2, incidents_unseen, nearest_camera, nearest_m."""
        return encode_tile([self.every if z >= self.every_from else self.worst], z, x, y)


def spot_tiles(complete: Complete, spots: BlindSpots, rows: NDArray[np.int64]) -> SpotTiles:
    """Return the tiles of the blind spots at `rows` (worst first) of a result: layer blindspot."""
    nearest = spots.nearest_camera[rows]
    ids = np.full(len(rows), None, dtype=object)
    ids[nearest >= 0] = complete.city.facts.id[nearest[nearest >= 0]]
    columns = {
        "rank": np.arange(1, len(rows) + 1),
        "grid": complete.codes[spots.cell[rows]],
        "blind_m2": np.round(spots.blind_m2[rows], 1),
        "incidents_unseen": spots.incidents_unseen[rows],
        "nearest_camera": ids,
        "nearest_m": np.round(spots.nearest_m[rows], 1),
    }
    polygons = spots.polygons[rows]
    top = {name: values[:WORST] for name, values in columns.items()}
    every = AreaLayer("blindspot", complete.crs, polygons, columns).ready()
    # From far nobody sees the houses in a spot, and they are most of its vertices.
    outer = shapely.polygons(shapely.get_exterior_ring(polygons[:WORST]))
    plain = shapely.simplify(outer, FROM_AFAR_M, preserve_topology=False)
    worst = AreaLayer("blindspot", complete.crs, plain, top, least_px=0.5).ready()
    return SpotTiles(worst, every, detail_zoom((every,), COVERAGE_FROM, HIGHEST))


def _once(complete: Complete, name: str, make: Any) -> Areas:
    with _making:
        found: Areas = complete.once(name, None, make)
    return found


def _ground(x: float, y: float, crs: str) -> float:
    """Return ground metres for each metre of Web Mercator at a place."""
    _, lat = lonlat([x], [y], crs)
    return float(np.cos(np.radians(lat[0])))
