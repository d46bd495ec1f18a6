"""Heat tiles against a kernel summed point by point, on one scale for all tiles."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from geo.crs import transform_xy
from geo.errors import ParameterError
from layers.rasters.heat import HeatMap, empty_tile
from layers.rasters.mercator import ground_factor, metres_per_px, tile_bounds, tile_points

CRS = "EPSG:32635"
E0, N0 = 385_700.0, 6_672_300.0


@pytest.fixture(scope="module")
def points():
    rng = np.random.default_rng(2)
    return np.append(rng.normal(E0, 150, 300), rng.uniform(E0 - 800, E0 + 800, 60)), np.append(
        rng.normal(N0, 100, 300), rng.uniform(N0 - 800, N0 + 800, 60)
    )


def tile_of(z):
    east, north = (float(v[0]) for v in transform_xy([E0], [N0], CRS, "EPSG:3857"))
    side = metres_per_px(z) * 256
    half = side * 2**z / 2
    return z, int((east + half) / side), int((half - north) / side)


def kernel_sum(points, at_x, at_y, radius):
    """The oracle: the quartic kernel of every point, in incidents per km2."""
    total = np.zeros(at_x.shape)
    for x, y in zip(*points, strict=True):
        u = ((at_x - x) ** 2 + (at_y - y) ** 2) / radius**2
        total += np.where(u < 1, 3 / (np.pi * radius**2) * (1 - u) ** 2, 0)
    return total * 1e6


@pytest.mark.parametrize("z", [15, 17, 19])
def test_values_are_the_kernel_sum(points, z):
    heat = HeatMap(*points, CRS, radius_m=120)
    tile = tile_of(z)
    found = heat.values(*tile, 64)
    at_x, at_y = tile_points(*tile, CRS, steps=16, size=64)
    exact = kernel_sum(points, at_x, at_y, 120)
    assert np.abs(found - exact).max() < 0.03 * exact.max()


def test_neighbouring_tiles_join(points):
    heat = HeatMap(*points, CRS, radius_m=120)
    z, x, y = tile_of(16)
    left, right = heat.values(z, x, y), heat.values(z, x + 1, y)
    # One step over the border is no larger than the steps on both sides of it.
    over = np.abs(right[:, 0] - left[:, -1])
    beside = np.maximum(np.abs(np.diff(left[:, -12:])).max(axis=1), np.abs(np.diff(right[:, :12])).max(axis=1))
    assert (over <= 1.5 * beside + 1e-6).all()


def test_no_incident_is_lost_between_tiles(points):
    heat = HeatMap(*points, CRS, radius_m=120)
    z, x, y = tile_of(14)
    total = 0.0
    for i in range(-3, 4):
        for j in range(-3, 4):
            values = heat.values(z, x + i, y + j)
            if values is not None:
                middle = (tile_bounds(z, x + i, y + j)[1] + tile_bounds(z, x + i, y + j)[3]) / 2
                total += values.sum() * (metres_per_px(z) * ground_factor(middle)) ** 2 / 1e6
    assert total == pytest.approx(len(points[0]), rel=0.02)


def test_the_scale_is_that_of_the_whole_and_can_be_given(points):
    heat = HeatMap(*points, CRS, radius_m=120)
    at_x, at_y = np.meshgrid(np.linspace(E0 - 300, E0 + 300, 80), np.linspace(N0 - 300, N0 + 300, 80))
    assert heat.highest == pytest.approx(kernel_sum(points, at_x, at_y, 120).max(), rel=0.05)
    legend = heat.legend()
    assert legend[0].low == 0 and legend[-1].high == heat.highest and len({step.colour for step in legend}) == 5
    weaker = HeatMap(*points, CRS, radius_m=120, highest=10 * heat.highest)
    assert weaker.tile(*tile_of(16)) != heat.tile(*tile_of(16))


@pytest.mark.parametrize(("theme", "ground", "sign"), [("light", 255, -1), ("dark", 30, 1)])
def test_higher_densities_stand_out_more_also_in_greyscale(points, theme, ground, sign):
    heat = HeatMap(*points, CRS, radius_m=120)
    tile = tile_of(15)
    picture = np.asarray(Image.open(io.BytesIO(heat.tile(*tile, theme=theme))).convert("RGBA")).astype(float)
    values = heat.values(*tile)
    assert picture.shape == (256, 256, 4)
    assert (picture[values == 0][:, 3] == 0).all() and (values == 0).any()
    alpha = picture[..., 3:] / 255
    shown = (picture[..., :3] * alpha + ground * (1 - alpha)) @ [0.2126, 0.7152, 0.0722]
    order = np.argsort(values.ravel())
    light = shown.ravel()[order]
    assert (sign * np.diff(light[:: 256 * 4]) >= -1.5).all()
    assert sign * (light[-1] - light[0]) > 100


def test_an_empty_tile_is_always_the_same_bytes(points):
    heat = HeatMap(*points, CRS)
    assert heat.tile(15, 0, 0) == empty_tile() == HeatMap([], [], CRS).tile(3, 1, 1)
    assert Image.open(io.BytesIO(empty_tile(2))).size == (512, 512)
    assert np.asarray(Image.open(io.BytesIO(empty_tile())).convert("RGBA"))[..., 3].max() == 0
    assert HeatMap([], [], CRS).legend() == []


def test_what_cannot_be_drawn_is_refused(points):
    with pytest.raises(ParameterError, match="radius"):
        HeatMap(*points, CRS, radius_m=0)
    with pytest.raises(ParameterError, match="no map tile"):
        HeatMap(*points, CRS).tile(2, 4, 0)
    with pytest.raises(ParameterError, match="no theme"):
        HeatMap(*points, CRS).tile(2, 1, 0, theme="blue")
