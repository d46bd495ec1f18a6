"""Tiles hold what they were made of: decoded by GDAL and compared with the source geometry."""

from __future__ import annotations

import gzip
import math
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from geo.crs import lonlat, transform_geometry
from layers.rasters.mercator import WEB_MERCATOR, tile_bounds
from layers.tiles.commands import polygon_commands, zigzag
from layers.tiles.encode import AreaLayer, PointLayer, detail_zoom, encode_tile
from layers.tiles.window import BUFFER, EXTENT, extent_of, window

CRS = "EPSG:32635"
X0, Y0 = 385_000.0, 6_671_000.0


def tile_at(x: float, y: float, z: int) -> tuple[int, int, int]:
    """Return the tile that holds a place in metres of `CRS`."""
    lon, lat = lonlat([x], [y], CRS)
    n = 1 << z
    return (
        z,
        int((lon[0] + 180) / 360 * n),
        int((1 - math.asinh(math.tan(math.radians(lat[0]))) / math.pi) / 2 * n),
    )


def decoded(
    body: bytes, folder: Path, z: int, x: int, y: int
) -> dict[str, tuple[NDArray[Any], dict[str, NDArray[Any]]]]:
    """Return the layers of a tile by GDAL: geometry in Web Mercator, and columns."""
    file = folder / f"{z}-{x}-{y}.mvt"
    file.write_bytes(body)
    found = {}
    for name, _ in pyogrio.list_layers(file) if body else ():
        meta, _, geometry, columns = pyogrio.raw.read(file, layer=name, CLIP="NO")
        shapes = shapely.from_wkb(geometry)  # GDAL knows the tile by the file's name
        found[str(name)] = (shapes, dict(zip(meta["fields"], columns, strict=True)))
    return found


@pytest.fixture(scope="module")
def blocks() -> NDArray[Any]:
    """Four hundred buildings with courtyards, turned a little."""
    rng = np.random.default_rng(3)
    x, y = np.meshgrid(X0 + 40 * np.arange(20), Y0 + 40 * np.arange(20))
    made = []
    for cx, cy, turn in zip(x.ravel(), y.ravel(), rng.uniform(0, 1.5, 400), strict=True):
        outer = shapely.box(cx - 14, cy - 11, cx + 14, cy + 11).difference(shapely.box(cx - 5, cy - 4, cx + 5, cy + 4))
        made.append(shapely.affinity.rotate(outer, turn, use_radians=True))
    return np.array(made, dtype=object)


@pytest.mark.parametrize("z", [14, 15, 16])
def test_areas_come_back_as_they_were(tmp_path: Path, blocks: NDArray[Any], z: int) -> None:
    names = np.array([f"b{n}" if n % 7 else None for n in range(len(blocks))], dtype=object)
    height = np.where(np.arange(len(blocks)) % 5, np.arange(len(blocks)) / 2, np.nan)
    layer = AreaLayer("building", CRS, blocks, {"name": names, "height": height, "one": np.arange(len(blocks))})
    tile = tile_at(X0 + 380, Y0 + 380, z)
    shapes, columns = decoded(encode_tile([layer], *tile), tmp_path, *tile)["building"]
    source = transform_geometry(blocks, CRS, WEB_MERCATOR)
    x0, y0, x1, y1 = tile_bounds(*tile)
    unit = (x1 - x0) / EXTENT
    square = shapely.box(x0, y0, x1, y1)
    rows = columns["one"].astype(int)
    assert len(np.unique(rows)) == len(rows)
    assert set(rows.tolist()) >= set(np.flatnonzero(shapely.intersects(source, square)).tolist())
    for row, shape, name, tall in zip(rows, shapes, columns["name"], columns["height"], strict=True):
        assert name == names[row]
        assert np.isnan(tall) if np.isnan(height[row]) else tall == height[row]
        seen = shapely.intersection(shapely.make_valid(shape), square)
        meant = shapely.intersection(source[row], square)
        # Within the lattice's rounding and the thinning along the outline.
        reach = 3.0 * unit
        assert shapely.difference(meant, seen).area <= reach * meant.length + reach**2
        assert shapely.difference(seen, meant.buffer(reach)).area < 1e-9


def test_a_tile_reaches_just_beyond_its_edge(tmp_path: Path) -> None:
    town = shapely.box(X0 - 9_000, Y0 - 9_000, X0 + 9_000, Y0 + 9_000)
    tile = tile_at(X0, Y0, 16)
    body = encode_tile([AreaLayer("a", CRS, np.array([town], dtype=object), {})], *tile)
    shapes, _ = decoded(body, tmp_path, *tile)["a"]
    x0, y0, x1, y1 = tile_bounds(*tile)
    unit = (x1 - x0) / EXTENT
    bounds = np.abs(np.array(shapes[0].bounds) - (x0, y0, x1, y1)) / unit
    assert (bounds >= BUFFER - 2).all()
    assert (bounds <= 0.12 * EXTENT).all()
    assert shapes[0].covers(shapely.box(x0, y0, x1, y1))


def test_points_are_in_one_tile_each_and_where_they_are(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    x, y = X0 + rng.uniform(0, 3000, 500), Y0 + rng.uniform(0, 3000, 500)
    layer = PointLayer("camera", CRS, x, y, {"id": np.array([f"c{n}" for n in range(500)], dtype=object)})
    z = 15
    low, high = tile_at(X0, Y0 + 3000, z), tile_at(X0 + 3000, Y0, z)
    seen: list[str] = []
    where = dict(zip([f"c{n}" for n in range(500)], shapely.points(*_mercator(x, y)), strict=True))
    for column in range(low[1] - 1, high[1] + 2):
        for row in range(low[2] - 1, high[2] + 2):
            found = decoded(encode_tile([layer], z, column, row), tmp_path, z, column, row)
            if not found:
                continue
            shapes, columns = found["camera"]
            seen += columns["id"].tolist()
            unit = (tile_bounds(z, column, row)[2] - tile_bounds(z, column, row)[0]) / EXTENT
            for name, shape in zip(columns["id"], shapes, strict=True):
                assert shapely.distance(where[name], shape) <= 1.5 * unit
    assert sorted(seen) == sorted(where)


def _mercator(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    points = transform_geometry(shapely.points(x, y), CRS, WEB_MERCATOR)
    return shapely.get_x(points), shapely.get_y(points)


def test_small_and_missing_things_are_left_out(tmp_path: Path) -> None:
    shapes = np.array(
        [shapely.box(X0, Y0, X0 + 0.5, Y0 + 0.5), None, shapely.Polygon(), shapely.box(X0, Y0, X0 + 80, Y0 + 80)],
        dtype=object,
    )
    layer = AreaLayer("a", CRS, shapes, {"n": np.arange(4)})
    tile = tile_at(X0 + 20, Y0 + 20, 14)
    _, columns = decoded(encode_tile([layer], *tile), tmp_path, *tile)["a"]
    assert columns["n"].tolist() == [3]
    assert encode_tile([layer], *tile_at(X0 + 50_000, Y0, 14)) == b""
    assert encode_tile([AreaLayer("a", CRS, shapes[:3], {"n": np.arange(3)}, min_zoom=15)], *tile) == b""
    assert encode_tile([AreaLayer("a", CRS, shapes[1:3], {})], *tile) == b""


def test_left_out_columns_and_equal_tiles(blocks: NDArray[Any], tmp_path: Path) -> None:
    layer = AreaLayer("a", CRS, blocks, {"symbol": np.full(len(blocks), "x", dtype=object), "n": np.arange(400)})
    tile = tile_at(X0 + 380, Y0 + 380, 15)
    body = encode_tile([layer], *tile)
    assert body == encode_tile([layer], *tile)
    assert gzip.decompress(body)
    assert set(decoded(body, tmp_path, *tile)["a"][1]) == {"mvt_id", "symbol", "n"}
    assert set(decoded(encode_tile([layer], *tile, frozenset(["symbol"])), tmp_path, *tile)["a"][1]) == {"mvt_id", "n"}


@pytest.mark.parametrize("z", [0, 4, 8, 12, 16, 18])
@pytest.mark.parametrize(("crs", "x", "y"), [(CRS, X0, Y0), ("EPSG:32650", 450_000.0, 3_540_000.0)])
def test_the_fitted_projection_is_within_a_quarter_of_a_unit(crs: str, x: float, y: float, z: int) -> None:
    extent = extent_of(crs, (x - 30_000, y - 30_000, x + 30_000, y + 30_000))
    lon, lat = lonlat([x], [y], crs)
    n = 1 << z
    tile = (z, int((lon[0] + 180) / 360 * n), int((1 - math.asinh(math.tan(math.radians(lat[0]))) / math.pi) / 2 * n))
    where = window(*tile, extent)
    assert where is not None
    rng = np.random.default_rng(z)
    west, south, east, north = where.box
    xy = np.column_stack([rng.uniform(west, east, 200), rng.uniform(south, north, 200)])
    x0, _, x1, y1 = tile_bounds(*tile)
    exact = shapely.get_coordinates(transform_geometry(shapely.points(xy), crs, WEB_MERCATOR))
    unit = (x1 - x0) / EXTENT
    meant = np.column_stack([exact[:, 0] - x0, y1 - exact[:, 1]]) / unit
    assert np.abs(where.units(xy) - meant).max() <= 0.3


def test_detail_begins_where_tiles_are_light(blocks: NDArray[Any]) -> None:
    assert detail_zoom([AreaLayer("a", CRS, blocks, {})], 10, 16) == 10
    many = np.concatenate([shapely.transform(blocks, lambda xy, d=d: xy + d) for d in np.arange(0, 4000, 100.0)])
    layer = AreaLayer("a", CRS, many, {})
    assert 10 < detail_zoom([layer], 10, 16) < 16
    assert detail_zoom([], 10, 16) == 10


@given(st.lists(st.integers(-(2**31), 2**31), min_size=1, max_size=20))
def test_zigzag_is_that_of_the_format(values: list[int]) -> None:
    found = zigzag(np.array(values))
    assert found.tolist() == [2 * one if one >= 0 else -2 * one - 1 for one in values]


def test_the_commands_of_the_specification() -> None:
    """The example of section 4.3.5.6 of the specification: two outer rings, one of them with a hole."""
    first = shapely.Polygon([(0, 0), (10, 0), (10, 10), (0, 10)])
    second = shapely.Polygon([(11, 11), (20, 11), (20, 20), (11, 20)], [[(13, 13), (13, 17), (17, 17), (17, 13)]])
    both = np.array([shapely.MultiPolygon([first, second])], dtype=object)
    commands, ends = polygon_commands(both, shapely.get_coordinates(both))
    meant = [
        *(9, 0, 0, 26, 20, 0, 0, 20, 19, 0, 15),
        *(9, 22, 2, 26, 18, 0, 0, 18, 17, 0, 15),
        *(9, 4, 13, 26, 0, 8, 8, 0, 0, 7, 15),
    ]
    assert commands.tolist() == meant
    assert ends.tolist() == [len(meant)]


def test_rings_that_shrink_to_nothing_are_dropped() -> None:
    shapes = np.array(
        [
            shapely.box(0, 0, 0.2, 0.2),
            shapely.Polygon([(0, 0), (9, 0), (9, 9), (0, 9)], [[(3, 3), (3.2, 3), (3.2, 3.2)]]),
            shapely.Polygon([(0, 0), (5, 0.1), (9, 0)]),
        ],
        dtype=object,
    )
    commands, ends = polygon_commands(shapes, shapely.get_coordinates(shapes))
    assert ends.tolist() == [0, 11, 11]
    assert commands.tolist() == [9, 0, 0, 26, 18, 0, 0, 18, 17, 0, 15]
