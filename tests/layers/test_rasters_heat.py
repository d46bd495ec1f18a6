"""Heat tiles against kernels summed one by one, on one scale for all tiles, in colours that everybody tells apart."""

from __future__ import annotations

import io

import numpy as np
import pytest
import shapely
from PIL import Image

from geo.crs import transform_xy
from geo.errors import ParameterError
from geo.heat import heat_field
from geo.heat_boundary import Boundary
from geo.heat_kernel import KERNELS as ALL_KERNELS
from layers.base import KERNELS, RAMP_NAMES
from layers.rasters.heat import empty_tile, heat_tile, heat_values
from layers.rasters.mercator import ground_factor, metres_per_px, tile_bounds, tile_points
from layers.rasters.ramps import RAMPS, STEPS, table
from tests import oracles

CRS = "EPSG:32635"
E0, N0 = 385_700.0, 6_672_300.0
RNG = np.random.default_rng(2)
X = np.append(RNG.normal(E0, 150, 300), RNG.uniform(E0 - 800, E0 + 800, 60))
Y = np.append(RNG.normal(N0, 100, 300), RNG.uniform(N0 - 800, N0 + 800, 60))
TOWN = shapely.Point(E0 + 80, N0 + 200).buffer(400)
CITY = Boundary(TOWN)


def tile_of(z):
    east, north = (float(v[0]) for v in transform_xy([E0], [N0], CRS, "EPSG:3857"))
    side = metres_per_px(z) * 256
    half = side * 2**z / 2
    return z, int((east + half) / side), int((half - north) / side)


def field(**more):
    return heat_field(X, Y, **{"radius_m": 120.0, **more})


@pytest.mark.parametrize("z", [15, 17, 19])
@pytest.mark.parametrize(("name", "radius"), [("quartic", 120.0), ("gaussian", 45.0)])
@pytest.mark.parametrize("city", [None, CITY])
def test_values_are_the_corrected_sum_of_kernels(z, name, radius, city):
    heat = field(kernel=name, radius_m=radius, boundary=city)
    tile = tile_of(z)
    found = heat_values(heat, CRS, *tile, size=64)
    at_x, at_y = tile_points(*tile, CRS, steps=16, size=64)
    exact = oracles.heat_at(X, Y, at_x, at_y, name=name, radius_m=radius)
    if city is not None:  # the oracle's discs are slow: the exact route, which is held against them elsewhere
        exact = np.nan_to_num(heat.at(at_x, at_y), nan=0.0)
        assert ((exact > 0) <= shapely.contains_xy(TOWN.buffer(0.01), at_x, at_y)).all()
    assert np.abs(found - exact).max() < 0.005 * heat.peak()


@pytest.mark.parametrize("city", [None, CITY])
def test_neighbouring_tiles_join(city):
    heat = field(boundary=city)
    z, x, y = tile_of(16)
    step = metres_per_px(z)
    for one, other, here, there in (
        ((x, y), (x + 1, y), (slice(None), -1), (slice(None), 0)),
        ((x, y), (x, y - 1), (0,), (-1,)),
    ):
        values = heat_values(heat, CRS, z, *one), heat_values(heat, CRS, z, *other)
        over = np.abs(values[1][there].astype(float) - values[0][here])
        # No larger than the steepest slope there is, unless the boundary runs between them.
        steepest = heat.peak() * 2.6 / 120 * step * ground_factor(tile_bounds(z, x, y)[1])
        both = (values[0][here] > 0) & (values[1][there] > 0)
        assert both.sum() > 100
        assert (over[both] <= steepest).all()


def test_a_tile_is_the_four_below_it():
    heat = field(boundary=CITY)
    z, x, y = tile_of(15)
    whole = heat_values(heat, CRS, z, x, y, 512)
    parts = [[heat_values(heat, CRS, z + 1, 2 * x + i, 2 * y + j) for i in (0, 1)] for j in (0, 1)]
    zero = np.zeros((256, 256))
    assert whole == pytest.approx(
        np.block([[zero if one is None else one for one in row] for row in parts]), abs=0.002 * heat.peak()
    )


def test_no_incident_is_lost_between_tiles():
    heat = field()
    z, x, y = tile_of(14)
    total = 0.0
    for i in range(-3, 4):
        for j in range(-3, 4):
            values = heat_values(heat, CRS, z, x + i, y + j)
            if values is not None:
                middle = (tile_bounds(z, x + i, y + j)[1] + tile_bounds(z, x + i, y + j)[3]) / 2
                total += values.sum(dtype=float) * (metres_per_px(z) * ground_factor(middle)) ** 2 / 1e6
    assert total == pytest.approx(len(X), rel=0.02)


@pytest.mark.parametrize("z", [9, 10, 11, 12])
def test_far_pictures_hold_all_incidents(z):
    heat = field(radius_m=30.0)
    _, x, y = tile_of(z)
    values = [heat_values(heat, CRS, z, x + i, y + j) for i in (-1, 0, 1) for j in (-1, 0, 1)]
    pixel_km2 = (metres_per_px(z) * ground_factor(transform_xy([E0], [N0], CRS, "EPSG:3857")[1][0])) ** 2 / 1e6
    assert sum(one.sum(dtype=float) for one in values if one is not None) * pixel_km2 == pytest.approx(len(X), rel=0.05)


def test_one_scale_for_all_tiles():
    heat = field()
    at_x, at_y = np.meshgrid(np.linspace(E0 - 300, E0 + 300, 80), np.linspace(N0 - 300, N0 + 300, 80))
    assert heat.peak() == pytest.approx(oracles.heat_at(X, Y, at_x, at_y, radius_m=120).max(), rel=0.01)
    picture = np.asarray(Image.open(io.BytesIO(heat_tile(heat, CRS, *tile_of(17)))))
    values = heat_values(heat, CRS, *tile_of(17))
    assert np.abs(picture.astype(float) - values / heat.peak() * 255)[picture > 0].max() <= 0.51


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("ramp", RAMPS)
def test_a_tile_is_transparent_where_there_is_nothing(theme, ramp):
    heat = field(boundary=CITY)
    for scale in (1, 2):
        body = heat_tile(heat, CRS, *tile_of(15), theme=theme, ramp=ramp, scale=scale)
        picture = np.asarray(Image.open(io.BytesIO(body)).convert("RGBA"))
        values = heat_values(heat, CRS, *tile_of(15), size=256 * scale)
        assert picture.shape == (256 * scale, 256 * scale, 4)
        assert (picture[values == 0][:, 3] == 0).all() and (values == 0).any()
        assert (picture[values > 0.1 * heat.peak()][:, 3] > 0).all()


def test_an_empty_tile_is_always_the_same_bytes():
    none = heat_field([], [], radius_m=120.0)
    assert heat_tile(field(), CRS, 15, 0, 0) == empty_tile() == heat_tile(none, CRS, 3, 1, 1)
    assert Image.open(io.BytesIO(empty_tile(2))).size == (512, 512)
    assert np.asarray(Image.open(io.BytesIO(empty_tile())).convert("RGBA"))[..., 3].max() == 0


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(ParameterError, match="no map tile"):
        heat_tile(field(), CRS, 2, 4, 0)
    for more in ({"theme": "blue"}, {"scale": 3}, {"ramp": "jet"}):
        with pytest.raises(ParameterError, match="no theme"):
            heat_tile(field(), CRS, 2, 1, 0, **more)


def test_the_words_of_a_query_are_those_of_the_tables():
    assert ALL_KERNELS == KERNELS
    assert tuple(RAMPS) == RAMP_NAMES


# --- colours --------------------------------------------------------------------------------------------------------

# Linear RGB as seen without one kind of cone: Machado, Oliveira, Fernandes, IEEE TVCG 15 (2009), severity 1.
SEEN = {
    "all cones": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
GROUND = {"light": 245.0, "dark": 32.0}


def lab(rgb, sight):
    """CIELAB (D65) of sRGB colours (n, 3) from 0 to 255 as seen by a kind of sight."""
    share = np.asarray(rgb, float) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    linear = np.clip(linear @ SEEN[sight].T, 0, 1)
    to_xyz = np.array(
        [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
    )
    xyz = linear @ to_xyz.T / [0.95047, 1.0, 1.08883]
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.column_stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])])


@pytest.mark.parametrize("sight", SEEN)
@pytest.mark.parametrize("theme", GROUND)
@pytest.mark.parametrize("ramp", RAMPS)
def test_every_ramp_runs_one_way_in_lightness_and_its_steps_differ_for_every_sight(ramp, theme, sight):
    colours = lab(RAMPS[ramp][theme], sight)
    sign = -1 if theme == "light" else 1
    assert len(colours) == STEPS
    assert (sign * np.diff(colours[:, 0]) > 5).all()
    steps = np.linalg.norm(np.diff(colours, axis=0), axis=1)
    assert steps.min() > 9
    assert sign * (colours[-1, 0] - colours[0, 0]) > 40


@pytest.mark.parametrize("theme", GROUND)
@pytest.mark.parametrize("ramp", RAMPS)
def test_higher_densities_stand_out_more_on_the_ground_also_in_greyscale(ramp, theme):
    colours = table(ramp, theme).astype(float)
    alpha = colours[:, 3:] / 255
    shown = lab(colours[:, :3] * alpha + GROUND[theme] * (1 - alpha), "all cones")[:, 0]
    sign = -1 if theme == "light" else 1
    assert (sign * np.diff(shown[30::8]) > 0).all()
    assert colours[0, 3] == 0
