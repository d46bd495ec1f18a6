"""Encodes tiles from plain arrays: polygons or points in a metric CRS with columns of properties.

An `AreaLayer` or `PointLayer` is made once per state of the data; `encode_tile` then cuts, thins and writes one tile.
"""

from __future__ import annotations

import gzip
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from vt2pbf import Tile

from layers.rasters.mercator import HALF_M
from layers.tiles.commands import point_commands, polygon_commands
from layers.tiles.window import EXTENT, TILE_PX, Extent, Window, extent_of, window

TOLERANCE = 2.0  # units by which outlines are thinned: a quarter of a pixel
MOST_VERTICES = 30_000  # of a tile of areas, so that it is made and drawn in time
_POINT, _POLYGON = 1, 3  # kinds of features in the format
_AREAS = (int(shapely.GeometryType.POLYGON), int(shapely.GeometryType.MULTIPOLYGON))

Rows = NDArray[np.int64]


class Properties:
    """Columns of properties; values that repeat are held once. Missing (None, NaN) ones are left out."""

    def __init__(self, columns: Mapping[str, NDArray[Any]]) -> None:
        self.names = list(columns)
        self.values: list[list[Any]] = []
        self.codes: list[NDArray[np.int64]] = []
        for column in columns.values():
            values = np.asarray(column)
            if values.dtype.kind == "O":
                missing = np.array([one is None for one in values], dtype=bool)
                known, codes = np.unique(values[~missing].astype(np.str_), return_inverse=True)
            else:
                missing = np.isnan(values) if values.dtype.kind == "f" else np.zeros(len(values), dtype=bool)
                known, codes = np.unique(values[~missing], return_inverse=True)
            all_codes = np.full(len(values), -1, dtype=np.int64)
            all_codes[~missing] = codes
            self.values.append(known.tolist())
            self.codes.append(all_codes)

    def tags(self, rows: Rows, leave_out: frozenset[str] = frozenset()) -> tuple[list[str], list[Any], list[list[int]]]:
        """Return names, distinct values, and of each row the pairs (name, value) as positions in them."""
        names, values, pairs = [], [], []
        for name, known, codes in zip(self.names, self.values, self.codes, strict=True):
            if name in leave_out:
                continue
            used, place = np.unique(codes[rows], return_inverse=True)
            place = place + len(values) - (used[:1] == -1).sum()
            pairs.append(np.where(codes[rows] < 0, -1, place))
            values += [known[code] for code in used.tolist() if code >= 0]
            names.append(name)
        table = np.column_stack(pairs).tolist() if pairs else [[] for _ in rows]
        return (
            names,
            values,
            [[one for key, value in enumerate(row) if value >= 0 for one in (key, value)] for row in table],
        )


@dataclass(frozen=True)
class AreaLayer:
    """Polygons of a layer of tiles.

    Parameters
    ----------
    name
        Of the layer in the tile.
    crs
        Metric CRS of `geometry`.
    geometry
        Object (n,): Polygon, MultiPolygon or None.
    columns
        Properties, each (n,).
    min_zoom
        First zoom of the tiles that hold it.
    least_px
        What is smaller than this on the page, both ways, is left out.
    """

    name: str
    crs: str
    geometry: NDArray[Any]
    columns: Mapping[str, NDArray[Any]]
    min_zoom: int = 0
    least_px: float = 1.0

    @cached_property
    def boxes(self) -> NDArray[np.float64]:
        """Bounds (n, 4), NaN where there is nothing."""
        boxes: NDArray[np.float64] = shapely.bounds(np.asarray(self.geometry, dtype=object)).reshape(-1, 4)
        return boxes

    @cached_property
    def tree(self) -> shapely.STRtree:
        """Of the boxes: what lies in a tile is taken apart when it is asked for."""
        low_x, low_y, high_x, high_y = self.boxes.T
        return shapely.STRtree(shapely.box(low_x, low_y, high_x, high_y))

    @cached_property
    def extent(self) -> Extent | None:
        boxes = self.boxes[np.isfinite(self.boxes).all(axis=1)]
        if len(boxes) == 0:
            return None
        low, high = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
        return extent_of(self.crs, (*low.tolist(), *high.tolist()))

    @cached_property
    def properties(self) -> Properties:
        return Properties(self.columns)

    def ready(self) -> AreaLayer:
        """Do what the first tile would otherwise wait for."""
        _ = self.extent, self.properties, len(self.tree)
        return self

    def write(self, tile: Any, z: int, x: int, y: int, leave_out: frozenset[str] = frozenset()) -> None:
        """Add the layer to a tile's message, if it has anything in it."""
        if z < self.min_zoom or self.extent is None:
            return
        where = window(z, x, y, self.extent)
        if where is None:
            return
        parts, rows = self._cut(where)
        if len(parts) == 0:
            return
        commands, ends = polygon_commands(parts, where.units(shapely.get_coordinates(parts)))
        begins = np.concatenate([[0], ends[:-1]])
        drawn = ends > begins
        if drawn.any():
            rows = rows[drawn]
            _write(tile, self.name, _POLYGON, rows, commands, begins[drawn], ends[drawn], self.properties, leave_out)

    def _cut(self, where: Window) -> tuple[NDArray[Any], Rows]:
        """Return the polygons in the window, cut where they reach beyond it and thinned to its units."""
        west, south, east, north = where.box
        least = self.least_px * EXTENT / TILE_PX * where.unit_m
        found = np.sort(self.tree.query(shapely.box(*where.box)))
        found = found[(self.boxes[found, 2:] - self.boxes[found, :2] >= least).any(axis=1)]
        shapes, owner = shapely.get_parts(np.asarray(self.geometry, dtype=object)[found], return_index=True)
        boxes = shapely.bounds(shapes).reshape(-1, 4)
        seen = (boxes[:, 0] <= east) & (boxes[:, 2] >= west) & (boxes[:, 1] <= north) & (boxes[:, 3] >= south)
        seen &= (boxes[:, 2:] - boxes[:, :2] >= least).any(axis=1)
        shapes, owner, boxes = shapes[seen], found[owner[seen]], boxes[seen]
        across = (boxes[:, :2] < (west, south)).any(axis=1) | (boxes[:, 2:] > (east, north)).any(axis=1)
        if across.any():
            shapes[across] = shapely.clip_by_rect(shapes[across], *where.box)
        shapes = shapely.simplify(shapes, TOLERANCE * where.unit_m, preserve_topology=False)
        areas = np.isin(shapely.get_type_id(shapes), _AREAS) & ~shapely.is_empty(shapes)
        return shapes[areas], owner[areas]


@dataclass(frozen=True)
class PointLayer:
    """Points of a layer of tiles: `x`, `y` in metres of `crs`, `columns` as in `AreaLayer`."""

    name: str
    crs: str
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    columns: Mapping[str, NDArray[Any]]
    min_zoom: int = 0

    @cached_property
    def extent(self) -> Extent | None:
        if len(self.x) == 0:
            return None
        return extent_of(self.crs, (self.x.min(), self.y.min(), self.x.max(), self.y.max()))

    @cached_property
    def properties(self) -> Properties:
        return Properties(self.columns)

    def ready(self) -> PointLayer:
        """Do what the first tile would otherwise wait for."""
        _ = self.extent, self.properties
        return self

    def write(self, tile: Any, z: int, x: int, y: int, leave_out: frozenset[str] = frozenset()) -> None:
        """Add the layer to a tile's message; every point is in one tile only."""
        where = None if z < self.min_zoom or self.extent is None else window(z, x, y, self.extent)
        if where is None:
            return
        west, south, east, north = where.box
        rows = np.flatnonzero((self.x >= west) & (self.x <= east) & (self.y >= south) & (self.y <= north))
        units = where.units(np.column_stack([self.x[rows], self.y[rows]]))
        inside = ((units >= 0) & (units < EXTENT)).all(axis=1)
        rows, units = rows[inside], np.floor(units[inside]).astype(np.int64)
        if len(rows) == 0:
            return
        commands = point_commands(units)
        ends = 3 * np.arange(1, len(rows) + 1)
        _write(tile, self.name, _POINT, rows, commands.ravel(), ends - 3, ends, self.properties, leave_out)


TileLayer = AreaLayer | PointLayer


def detail_zoom(layers: Sequence[AreaLayer], lowest: int, highest: int) -> int:
    """Return the first zoom from `lowest` at which no tile of the layers together has too many vertices."""
    found = [layer for layer in layers if layer.extent is not None]
    if not found or found[0].extent is None:
        return lowest
    west, _, east, _ = found[0].extent.mercator
    box = found[0].extent.metric
    ground = max(box[2] - box[0], 1.0) / max(east - west, 1.0)
    centre = np.concatenate([(layer.boxes[:, :2] + layer.boxes[:, 2:]) / 2 for layer in found])
    weight = np.concatenate([shapely.get_num_coordinates(layer.geometry) for layer in found])
    centre, weight = centre[np.isfinite(centre).all(axis=1)], weight[np.isfinite(centre).all(axis=1)]
    for zoom in range(lowest, highest):
        side = 2 * HALF_M / (1 << zoom) * ground
        cell = np.floor((centre - centre.min(axis=0)) / side).astype(np.int64)
        if np.bincount(cell[:, 1] * (cell[:, 0].max() + 1) + cell[:, 0], weight).max() <= MOST_VERTICES:
            return zoom
    return highest


def encode_tile(layers: Sequence[TileLayer], z: int, x: int, y: int, leave_out: frozenset[str] = frozenset()) -> bytes:
    """Return a tile as gzip, b"" where no layer has anything; columns named in `leave_out` are not written."""
    tile = Tile(EXTENT).tile_pbf
    for layer in layers:
        layer.write(tile, z, x, y, leave_out)
    return gzip.compress(tile.SerializeToString(), 1, mtime=0) if tile.layers else b""


def _write(
    tile: Any,
    name: str,
    kind: int,
    rows: Rows,
    commands: NDArray[np.int64],
    begins: Rows,
    ends: Rows,
    properties: Properties,
    leave_out: frozenset[str],
) -> None:
    layer = tile.layers.add()
    layer.name, layer.version, layer.extent = name, 2, EXTENT
    names, values, tags = properties.tags(rows, leave_out)
    layer.keys.extend(names)
    for value in values:
        _value(layer.values.add(), value)
    numbers = commands.tolist()
    add = layer.features.add
    for row, begin, end, tag in zip(rows.tolist(), begins.tolist(), ends.tolist(), tags, strict=True):
        add(id=row + 1, type=kind, tags=tag, geometry=numbers[begin:end])


def _value(message: Any, value: Any) -> None:
    if isinstance(value, bool):
        message.bool_value = value
    elif isinstance(value, str):
        message.string_value = value
    elif isinstance(value, float) and not value.is_integer():
        message.double_value = value
    else:
        message.sint_value = int(value)
