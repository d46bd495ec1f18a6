"""Antialiased coverage against exact intersections, and the tile pyramid against its definition."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.crs import transform_xy
from geo.errors import ParameterError
from layers.rasters.mercator import HALF_M, ground_factor, metres_per_px, tile_bounds, tile_points
from layers.rasters.paint import cover_rings, cover_strokes

SIZE = 16


def flat(parts):
    xy, owner = shapely.get_coordinates(parts, return_index=True)
    return xy, np.searchsorted(owner, np.arange(len(parts) + 1)).astype(np.int64)


def pixel_areas(shape):
    """The oracle: exact area of `shape` in each pixel of a picture whose north-west corner is (0, SIZE)."""
    cells = np.array([[shapely.box(c, SIZE - r - 1, c + 1, SIZE - r) for c in range(SIZE)] for r in range(SIZE)])
    return shapely.area(shapely.intersection(cells, shape))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 100_000))
def test_a_polygon_covers_what_it_covers_also_at_the_edges_and_with_a_hole(seed):
    rng = np.random.default_rng(seed)
    angle = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(5, 12)))
    radius = rng.uniform(2, 14, len(angle))
    star = shapely.polygons(np.column_stack((radius * np.cos(angle), radius * np.sin(angle))) + rng.uniform(-2, 18, 2))
    shape = shapely.make_valid(star).difference(shapely.Point(rng.uniform(0, 16, 2)).buffer(rng.uniform(0.2, 4)))
    parts = shapely.get_parts(shapely.get_parts([shape]))
    rings = shapely.get_rings(shapely.orient_polygons(parts[shapely.get_dimensions(parts) == 2]))
    share = cover_rings(*flat(rings), np.arange(len(rings)), (0.0, float(SIZE)), 1.0, SIZE)
    assert share == pytest.approx(pixel_areas(shape), abs=2e-5)


def test_overlaps_cover_once_and_neighbours_leave_no_seam():
    boxes = shapely.get_rings(
        shapely.orient_polygons(
            np.array([shapely.box(1, 1, 9.3, 9), shapely.box(4, 4, 12, 12), shapely.box(9.3, 1, 14, 4)], object)
        )
    )
    share = cover_rings(*flat(boxes), np.arange(3), (0.0, float(SIZE)), 1.0, SIZE)
    assert share.max() == 1.0
    assert share[SIZE - 3, 2:13] == pytest.approx(1.0, abs=1e-6)  # the row across the common edge at x = 9.3


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 100_000), st.floats(1.3, 6.0))
def test_a_stroke_is_a_buffer(seed, width):
    line = shapely.linestrings(np.random.default_rng(seed).uniform(-6, 22, (2, 2)))
    share = cover_strokes(*flat(np.array([line])), np.array([0]), np.array([width]), (0.0, float(SIZE)), 1.0, SIZE)
    exact = pixel_areas(line.buffer(width / 2, quad_segs=32))
    assert np.abs(share - exact).max() < 0.55  # an edge pixel where the disc meets the stroke counts twice
    assert share.sum() == pytest.approx(exact.sum(), abs=0.06 * width**2 + 1.0)


def test_pictures_side_by_side_are_one_picture():
    rng = np.random.default_rng(4)
    lines = np.array([shapely.linestrings(rng.uniform(-5, 40, (4, 2))) for _ in range(12)], object)
    xy, starts = flat(lines)
    width = rng.uniform(0.8, 5, 12)
    big = cover_strokes(xy, starts, np.arange(12), width, (0.0, 32.0), 1.0, 32)
    small = [
        [cover_strokes(xy, starts, np.arange(12), width, (c, 32.0 - r), 1.0, 16) for c in (0.0, 16.0)]
        for r in (0.0, 16.0)
    ]
    assert big == pytest.approx(np.block(small), abs=1e-5)


def test_tiles_follow_the_published_pyramid():
    assert tile_bounds(0, 0, 0) == pytest.approx((-HALF_M, -HALF_M, HALF_M, HALF_M))
    # The tile of Helsinki's central station by the formula of the OpenStreetMap wiki.
    lon, lat, z = 24.9414, 60.1719, 15
    n = 2**z
    x, y = int((lon + 180) / 360 * n), int((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * n)
    east, north = (float(v[0]) for v in transform_xy([lon], [lat], "EPSG:4326", "EPSG:3857"))
    x0, y0, x1, y1 = tile_bounds(z, x, y)
    assert x0 <= east < x1 and y0 < north <= y1
    assert x1 - x0 == pytest.approx(256 * metres_per_px(z))
    assert ground_factor(north) == pytest.approx(math.cos(math.radians(lat)), abs=1e-4)


@pytest.mark.parametrize("tile", [(-1, 0, 0), (3, 8, 0), (3, 0, -1), (23, 0, 0)])
def test_a_tile_that_does_not_exist_is_refused(tile):
    with pytest.raises(ParameterError, match="no map tile"):
        tile_bounds(*tile)


@pytest.mark.parametrize("z", [8, 12, 16])
def test_interpolated_pixels_lie_where_the_projection_puts_them(z):
    n = 2**z
    x, y = int((24.94 + 180) / 360 * n), int((1 - math.asinh(math.tan(math.radians(60.17))) / math.pi) / 2 * n)
    fine_x, fine_y = tile_points(z, x, y, "EPSG:32635", steps=16, size=64)
    x0, y0, x1, y1 = tile_bounds(z, x, y)
    at = (np.arange(64) + 0.5) / 64
    column, row = np.meshgrid(x0 + at * (x1 - x0), y1 - at * (y1 - y0))
    true_x, true_y = transform_xy(column, row, "EPSG:3857", "EPSG:32635")
    error = np.hypot(fine_x - true_x.reshape(64, 64), fine_y - true_y.reshape(64, 64))
    assert error.max() < 0.02 * metres_per_px(z) * ground_factor(y0)
