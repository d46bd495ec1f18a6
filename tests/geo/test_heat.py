"""A density is the sum of the kernels, divided by what of a kernel lies in the city; every incident weighs one."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.errors import ParameterError
from geo.heat import heat_field, heat_grid, surface
from geo.heat_boundary import Boundary, city_boundary
from geo.heat_kernel import Kernel
from layers.base import KERNELS
from tests import oracles

RNG = np.random.default_rng(7)
E0, N0 = 500_000.0, 6_670_000.0
X, Y = RNG.uniform(E0, E0 + 2000, 60), RNG.uniform(N0, N0 + 2000, 60)
BOX = (E0, N0, E0 + 2000, N0 + 2000)
# A town with a bay, a hole and a spit, so that edges of every sort lie within reach of each other.
TOWN = shapely.union_all(
    [shapely.box(E0, N0, E0 + 2000, N0 + 1200), shapely.Point(E0 + 703, N0 + 1200).buffer(700)]
).difference(
    shapely.union_all([shapely.Point(E0 + 1500, N0 + 500).buffer(200), shapely.box(E0, N0, E0 + 303, N0 + 91)])
)
CITY = Boundary(TOWN)
SIZES = [("quartic", 150.0), ("quartic", 400.0), ("gaussian", 60.0), ("gaussian", 150.0)]


def places(count, seed=1):
    random = np.random.default_rng(seed)
    return random.uniform(E0 - 100, E0 + 2100, count), random.uniform(N0 - 100, N0 + 2000, count)


@pytest.mark.parametrize(("name", "radius"), SIZES)
@pytest.mark.parametrize("weighted", [False, True])
def test_equals_the_sum_of_kernels_in_an_unbounded_plane(name, radius, weighted):
    weights = RNG.uniform(0, 5, 60) if weighted else None
    at = places(300)
    exact = oracles.heat_at(X, Y, *at, name=name, radius_m=radius, weights=weights)
    given = {"kernel": name, "radius_m": radius, "weights": weights}
    assert surface(X, Y, *at, **given, exact=True) == pytest.approx(exact, abs=1e-6 * exact.max())
    assert np.abs(surface(X, Y, *at, **given) - exact).max() < 0.005 * exact.max()


@pytest.mark.parametrize(("name", "radius"), SIZES)
def test_equals_the_corrected_sum_of_kernels_in_a_town(name, radius):
    at = places(250)
    exact = oracles.heat_at(X, Y, *at, name=name, radius_m=radius, area=TOWN)
    for found in (surface(X, Y, *at, kernel=name, radius_m=radius, boundary=CITY, exact=one) for one in (True, False)):
        assert (np.isnan(found) == np.isnan(exact)).all()
        assert np.nanmax(np.abs(found - exact)) < 0.005 * np.nanmax(exact)
    assert np.isnan(exact).sum() > 20 and (~np.isnan(exact)).sum() > 100


@pytest.mark.parametrize(("name", "radius"), SIZES)
@pytest.mark.parametrize("shape", [(42, 42), (60, 50), (200, 180)])
def test_a_raster_holds_the_same(name, radius, shape):
    exact = oracles.heat(X, Y, BOX, shape, radius, name=name)
    found = heat_grid(X, Y, BOX, shape, radius, kernel=name)
    assert np.abs(found - exact).max() < 0.006 * exact.max()
    inside = heat_grid(X, Y, BOX, shape, radius, kernel=name, boundary=CITY)
    centres = [
        BOX[0] + (np.arange(shape[1]) + 0.5) * 2000 / shape[1],
        BOX[3] - (np.arange(shape[0]) + 0.5) * 2000 / shape[0],
    ]
    at = surface(X, Y, *np.meshgrid(*centres), kernel=name, radius_m=radius, boundary=CITY, exact=True)
    assert (inside[np.isnan(at)] == 0).all()
    assert np.nanmax(np.abs(np.where(np.isnan(at), 0, inside - at))) < 0.008 * np.nanmax(at)


@pytest.mark.parametrize(("name", "radius"), SIZES)
def test_a_uniform_town_is_uniform_up_to_its_edge_and_holds_all_its_incidents(name, radius):
    step = 7.0
    x, y = (
        one.ravel() for one in np.meshgrid(np.arange(E0 + 3.5, E0 + 2000, step), np.arange(N0 + 3.5, N0 + 2000, step))
    )
    inside = shapely.contains_xy(TOWN, x, y)
    at_x, at_y = x[inside][::7], y[inside][::7]
    found = surface(x[inside], y[inside], at_x, at_y, kernel=name, radius_m=radius, boundary=CITY)
    even = 1e6 / step**2
    assert found == pytest.approx(np.full(len(found), even), rel=0.05)
    assert np.nanmean(found) * CITY.area_m2 / 1e6 == pytest.approx(inside.sum(), rel=0.005)
    plain = surface(x[inside], y[inside], at_x, at_y, kernel=name, radius_m=radius)
    assert plain.min() < 0.6 * even  # what the correction is for


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 1000), radius=st.floats(40, 600), name=st.sampled_from(KERNELS))
def test_density_times_mass_holds_each_incident_as_far_as_its_kernel_lies_inside(seed, radius, name):
    """Of each incident the share of its kernel that lies in the city is on the map: no more, no less."""
    kernel = Kernel(name, radius / (4 if name == "gaussian" else 1))
    x, y = places(40, seed)
    inside = CITY.contains(x, y)
    step = 10.0
    at_x, at_y = (one.ravel() for one in np.meshgrid(np.arange(E0, E0 + 2000, step), np.arange(N0, N0 + 2000, step)))
    at = CITY.contains(at_x, at_y)
    at_x, at_y = at_x[at], at_y[at]
    found = surface(x, y, at_x, at_y, kernel=name, radius_m=kernel.radius_m, boundary=CITY)
    total = np.nansum(found * CITY.mass(at_x, at_y, kernel)) * step**2 / 1e6
    expected = CITY.mass(x[inside], y[inside], kernel).sum()
    assert total == pytest.approx(expected, rel=0.04, abs=0.3)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1000), name=st.sampled_from(KERNELS))
def test_the_order_of_incidents_does_not_matter(seed, name):
    order = np.random.default_rng(seed).permutation(60)
    at = places(50, seed)
    first = surface(X, Y, *at, kernel=name, radius_m=200, boundary=CITY)
    again = surface(X[order], Y[order], *at, kernel=name, radius_m=200, boundary=CITY)
    assert again == pytest.approx(first, rel=1e-4, abs=1e-4, nan_ok=True)


@settings(max_examples=40, deadline=None)
@given(radius=st.floats(1, 400), rows=st.integers(20, 90), columns=st.integers(20, 90), name=st.sampled_from(KERNELS))
def test_a_raster_of_any_pixel_size_holds_all_incidents(radius, rows, columns, name):
    box = (BOX[0] - 2000, BOX[1] - 2000, BOX[2] + 2000, BOX[3] + 2000)
    grid = heat_grid(X, Y, box, (rows, columns), radius, kernel=name)
    assert grid.min() >= 0
    assert grid.sum() * 36 / (rows * columns) == pytest.approx(60, rel=0.05)


def test_north_is_row_0():
    grid = heat_grid([E0 + 100], [N0 + 1900], BOX, (10, 10), 150.0)
    assert np.unravel_index(grid.argmax(), grid.shape) == (0, 0)


@pytest.mark.parametrize("radius", [300.0, 3000.0])
def test_neighbours_agree_at_their_seam(radius):
    whole = heat_grid(X, Y, (BOX[0], BOX[1], BOX[2] + 2000, BOX[3]), (64, 128), radius)
    left = heat_grid(X, Y, BOX, (64, 64), radius)
    right = heat_grid(X, Y, (BOX[0] + 2000, BOX[1], BOX[2] + 2000, BOX[3]), (64, 64), radius)
    assert np.hstack([left, right]) == pytest.approx(whole, abs=whole.max() * 1e-5)


def test_points_beyond_the_box_reach_in_and_far_ones_do_not():
    assert heat_grid([BOX[0] - 50], [N0 + 1000], BOX, (50, 50), 200.0).max() > 0
    assert heat_grid([BOX[0] - 500], [N0 + 1000], BOX, (50, 50), 200.0).max() == 0
    assert heat_grid([], [], BOX, (5, 5), 200.0).max() == 0
    assert surface([], [], [E0], [N0], radius_m=100).tolist() == [0]
    assert surface(X, Y, [], [], radius_m=100).shape == (0,)


@pytest.mark.parametrize(("name", "radius"), [("quartic", 40.0), *SIZES, ("quartic", 2000.0)])
@pytest.mark.parametrize("city", [None, CITY])
def test_the_peak_is_the_highest_of_a_fine_raster(name, radius, city):
    field = heat_field(X, Y, kernel=name, radius_m=radius, boundary=city)
    at_x, at_y = np.meshgrid(np.linspace(BOX[0], BOX[2], 160), np.linspace(BOX[1], BOX[3], 160))
    assert field.peak() >= 0.999 * np.nanmax(field.at(at_x, at_y))
    assert field.peak() <= 1.1 * np.nanmax(field.at(np.append(at_x, X), np.append(at_y, Y)))


def test_the_peak_of_one_and_of_none():
    assert heat_field([5.0], [5.0], radius_m=100.0).peak() == pytest.approx(3e6 / (np.pi * 100**2), rel=0.002)
    assert heat_field([], [], radius_m=100.0).peak() == 0


@pytest.mark.parametrize(("name", "radius"), SIZES)
def test_the_mass_inside_is_that_of_a_fine_count(name, radius):
    at = places(60)
    assert CITY.mass(*at, Kernel(name, radius)) == pytest.approx(
        oracles.kernel_mass(*at, name, radius, TOWN), abs=1.5e-3
    )


def test_shares_of_cells_are_exact_areas():
    shares = CITY.share(E0 - 50, N0 - 50, 35.0, (70, 65))
    corners = np.meshgrid(E0 - 50 + np.arange(65) * 35.0, N0 - 50 + np.arange(70) * 35.0)
    cells = shapely.box(corners[0], corners[1], corners[0] + 35, corners[1] + 35)
    assert shares == pytest.approx(shapely.area(shapely.intersection(cells, TOWN)) / 35**2, abs=1e-4)


def test_the_boundary_is_the_union_of_grids():
    assert city_boundary([shapely.box(0, 0, 1, 1), None, shapely.box(1, 0, 2, 1)]).area == 2
    assert city_boundary([]) is None and city_boundary([shapely.Polygon()]) is None


@pytest.mark.parametrize("name", KERNELS)
def test_a_kernel_adds_up_to_one_and_ends(name):
    kernel = Kernel(name, 50.0)
    at = np.linspace(-1.2, 1.2, 601) * kernel.reach_m
    values = kernel.at(np.hypot(at[:, None], at))
    assert values.sum() * (at[1] - at[0]) ** 2 == pytest.approx(1, abs=1e-4)
    assert kernel.at([kernel.reach_m, 2 * kernel.reach_m]).tolist() == [0, 0]


@pytest.mark.parametrize(
    ("box", "shape", "radius"),
    [(BOX, (10, 10), 0), (BOX, (10, 10), np.nan), (BOX, (0, 10), 10), ((0, 0, 0, 1), (5, 5), 10)],
)
def test_unusable(box, shape, radius):
    with pytest.raises(ParameterError):
        heat_grid(X, Y, box, shape, radius)


def test_what_is_no_kernel_or_place_is_refused():
    for name, radius in (("tophat", 10.0), ("quartic", -1.0), ("gaussian", np.inf)):
        with pytest.raises(ParameterError):
            Kernel(name, radius)
    with pytest.raises(ParameterError):
        surface([np.nan], [0.0], [0.0], [0.0], radius_m=10)
    with pytest.raises(ParameterError):
        surface([0.0], [0.0], [np.inf], [0.0], radius_m=10)
