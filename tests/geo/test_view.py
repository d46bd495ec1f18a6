"""What a camera sees is the sector without what stands in its way: by formula, by rays, and in every corner case."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.errors import ParameterError
from geo.view import FACADE_OFFSET_M, GRID_M, camera_view, hides_until, place_camera, sector
from tests import oracles
from tests.geo import zoo

FINE = {"segments_per_quadrant": 128}  # 0.003 % short of a true disc
WALL = shapely.box(2, -1, 3, 1)


def test_disc_and_sector_by_formula():
    assert camera_view(0, 0, [], range_m=10, **FINE).area == pytest.approx(100 * np.pi, rel=1e-4)
    quarter = camera_view(5, 5, [], range_m=10, azimuth_deg=45, hfov_deg=90, **FINE)
    assert quarter.area == pytest.approx(25 * np.pi, rel=1e-4)
    assert quarter.bounds == pytest.approx((5, 5, 15, 15))


@pytest.mark.parametrize(("azimuth", "bounds"), [(0, (-1, 0, 1, 10)), (90, (0, -1, 10, 1)), (270, (-10, -1, 0, 1))])
def test_azimuth_is_clockwise_from_north(azimuth, bounds):
    view = camera_view(0, 0, [], range_m=10, azimuth_deg=azimuth, hfov_deg=2 * np.degrees(np.arcsin(0.1)))
    assert view.bounds == pytest.approx(bounds, abs=0.01)


def test_wall_by_formula():
    # Through (2, +-1): the wall hides the angle 2 atan(1/2) beyond the triangle in front of it.
    hidden = 2 * np.arctan(0.5)
    expected = 100 * np.pi - (hidden / 2 * 100 - 2 * 1)
    assert camera_view(0, 0, [WALL], range_m=10, **FINE).area == pytest.approx(expected, rel=1e-4)


def test_square_by_formula():
    square = shapely.box(-1, 3, 1, 5)  # only its near face counts
    hidden = 2 * np.arctan(1 / 3)
    view = camera_view(0, 0, [square], range_m=20, azimuth_deg=0, hfov_deg=90, **FINE)
    assert view.area == pytest.approx(100 * np.pi - (hidden / 2 * 400 - 3), rel=1e-4)
    assert not view.intersects(shapely.Point(0, 10))
    assert view.intersects(shapely.Point(0, 2.9))


def test_courtyard_is_seen_whole_and_nothing_else():
    yard = shapely.box(-20, -20, 20, 20).difference(shapely.box(-2, -2, 2, 2))
    assert camera_view(0, 0, [yard], range_m=10).area == pytest.approx(16)
    assert camera_view(1.9, -1.9, yard, range_m=10).area == pytest.approx(16)


def test_obstacle_larger_than_the_range_and_beyond_it():
    assert camera_view(0, 0, [shapely.box(5, -1e5, 6, 1e5)], range_m=10, **FINE).area == pytest.approx(
        100 * np.pi - (100 * np.arccos(0.5) - 5 * 75**0.5), rel=1e-4
    )
    plain = camera_view(0, 0, [], range_m=10).area
    assert camera_view(0, 0, [shapely.box(10.5, -1, 11, 1)], range_m=10).area == plain


def test_near_blind_radius():
    view = camera_view(0, 0, [], range_m=10, near_m=4, **FINE)
    assert view.area == pytest.approx(84 * np.pi, rel=1e-4)
    assert camera_view(0, 0, [], range_m=10, near_m=10).is_empty
    assert camera_view(0, 0, [], range_m=10, near_m=11).is_empty


@pytest.mark.parametrize(
    "numbers", [{"range_m": 0}, {"range_m": 9, "azimuth_deg": 5, "hfov_deg": 0}, {"range_m": 9, "hfov_deg": 0}]
)
def test_nothing_to_see(numbers):
    assert camera_view(0, 0, [WALL], **numbers).is_empty


@pytest.mark.parametrize("hfov", [360, 400, None])
def test_all_round_has_no_direction(hfov):
    disc = camera_view(0, 0, [], range_m=10)
    assert camera_view(0, 0, [], range_m=10, azimuth_deg=77, hfov_deg=hfov).equals(disc)
    assert camera_view(0, 0, [], range_m=10, hfov_deg=90).equals(disc)  # where it looks is not known


@pytest.mark.parametrize("azimuth", [359.9999, 0.0, 1e-9, 360.0, -45.0, 725.0])
def test_turning_does_not_change_the_area(azimuth):
    view = camera_view(0, 0, [], range_m=10, azimuth_deg=azimuth, hfov_deg=100, **FINE)
    assert view.is_valid
    assert view.area == pytest.approx(np.pi * 100 * 100 / 360, rel=1e-4)


@pytest.mark.parametrize("hfov", [1e-6, 179.999, 180, 180.001, 270, 359.9999])
def test_angles_of_every_size(hfov):
    view = camera_view(0, 0, [], range_m=10, azimuth_deg=10, hfov_deg=hfov, **FINE)
    assert view.is_valid
    assert view.area == pytest.approx(np.pi * 100 * hfov / 360, rel=1e-4, abs=1e-5)


@pytest.mark.parametrize(
    "numbers",
    [
        {"range_m": -1},
        {"range_m": np.inf},
        {"range_m": np.nan},
        {"range_m": 1, "near_m": -1},
        {"range_m": 1, "hfov_deg": -1},
        {"range_m": 1, "azimuth_deg": np.nan},
    ],
)
def test_unusable_numbers(numbers):
    with pytest.raises(ParameterError):
        camera_view(0, 0, [], **numbers)


def test_inside_it_moves_along_its_azimuth():
    place = place_camera(2.2, 0, WALL, 90)
    assert (place.rule, place.x, place.y) == ("azimuth", pytest.approx(3 + FACADE_OFFSET_M), pytest.approx(0))
    assert place.moved_m == pytest.approx(0.8 + FACADE_OFFSET_M)
    view = camera_view(2.2, 0, [WALL], range_m=10, azimuth_deg=90, hfov_deg=60, **FINE)
    assert view.area == pytest.approx(100 * np.pi / 6, rel=1e-4)


def test_inside_without_azimuth_it_moves_to_the_nearest_facade():
    place = place_camera(2.2, 0, WALL)
    assert (place.rule, place.x) == ("nearest", pytest.approx(2 - FACADE_OFFSET_M))
    # On the façade it sees half a disc, less nothing: the wall behind it.
    view = camera_view(2.2, 0, [WALL], range_m=1, **FINE)
    assert view.area == pytest.approx(np.pi / 2, rel=0.02)


def test_on_the_wall_looking_away_it_hardly_moves():
    place = place_camera(3.0, 0, WALL, 90)
    assert (place.rule, place.moved_m) == ("azimuth", pytest.approx(FACADE_OFFSET_M))
    assert place_camera(3.0, 1.0, WALL).moved_m == pytest.approx(FACADE_OFFSET_M)
    assert place_camera(9.0, 0, WALL, 90).rule == "free"


def test_through_touching_buildings_and_out_of_a_large_one():
    row = [shapely.box(a, 0, b, 10) for a, b in ((0, 10), (10, 20), (20, 900), (905, 910))]
    view = camera_view(5, 5, row, range_m=20, azimuth_deg=90, hfov_deg=10)
    assert view.bounds[0] == pytest.approx(900 + FACADE_OFFSET_M)
    assert view.bounds[2] == pytest.approx(905)


def test_overlapping_footprints_are_one_obstacle():
    pair = [shapely.box(2, -1, 3, 0.5), shapely.box(2, -0.5, 3, 1)]
    together, one = camera_view(0, 0, pair, range_m=10), camera_view(0, 0, [WALL], range_m=10)
    assert together.symmetric_difference(one).area < 1e-9


def test_sector_is_part_of_a_wider_one():
    wide, narrow = sector(0, 0, 10, 20, 130), sector(0, 0, 10, 20, 85)
    assert narrow.difference(wide).area < 0.01


@settings(max_examples=60)
@given(
    seed=zoo.seeds,
    azimuth=st.one_of(st.none(), st.floats(0, 360)),
    hfov=st.floats(1, 360),
    near=st.sampled_from([0.0, 5.0]),
    offset=st.sampled_from(zoo.OFFSETS),
)
def test_agrees_with_rays(seed, azimuth, hfov, near, offset):
    rng = np.random.default_rng(seed)
    obstacles = [zoo.wedge(rng, *(rng.uniform(-40, 40, 2) + offset), rng.uniform(1, 12)) for _ in range(12)]
    solid = shapely.union_all(obstacles)
    x, y = rng.uniform(-5, 5, 2) + offset
    place = place_camera(x, y, solid, azimuth)
    view = camera_view(x, y, obstacles, range_m=40, azimuth_deg=azimuth, hfov_deg=hfov, near_m=near, **FINE)
    expected = oracles.seen_area(place.x, place.y, [solid], 40, azimuth, hfov, near)
    assert view.is_valid
    assert view.area == pytest.approx(expected, rel=2e-3, abs=0.1)
    assert shapely.intersection(view, solid, grid_size=GRID_M).area < 1e-3


@settings(max_examples=30)
@given(seed=zoo.seeds)
def test_one_more_building_never_shows_more(seed):
    rng = np.random.default_rng(seed)
    obstacles = [zoo.wedge(rng, *rng.uniform(10, 40, 2), rng.uniform(1, 8)) for _ in range(8)]
    before = camera_view(0, 0, obstacles[:-1], range_m=60)
    after = camera_view(0, 0, obstacles, range_m=60)
    assert shapely.difference(after, before, grid_size=GRID_M).area < 1e-3


def hidden_by_heights(x, y, px, py, houses, heights, height, target):
    """By the line of sight itself: does it meet a roof between the camera's eye and the target's top?"""
    line, far = shapely.LineString([(x, y), (px, py)]), np.hypot(px - x, py - y)
    for house, roof in zip(houses, heights, strict=True):
        if shapely.intersects_xy(house, px, py):
            return True
        inside = shapely.intersection(line, house)
        if inside.is_empty:
            continue
        if np.isnan(roof) or np.isnan(height) or roof >= height:
            return True
        along = np.hypot(*(shapely.get_coordinates(inside) - [x, y]).T).max()  # the sight sinks: lowest where it leaves
        if target < roof and height + (target - height) * along / far < roof:
            return True
    return False


@settings(max_examples=40)
@given(seed=zoo.seeds, height=st.floats(2, 20), target=st.sampled_from([0.0, 1.6, 3.0]))
def test_over_lower_roofs_by_the_line_of_sight(seed, height, target):
    rng = np.random.default_rng(seed)
    houses = [zoo.wedge(rng, *rng.uniform(-40, 40, 2), rng.uniform(1, 12)) for _ in range(6)]
    houses = [house for house in houses if not shapely.dwithin(house, shapely.Point(0, 0), 0.5)]
    heights = np.where(rng.random(len(houses)) < 0.2, np.nan, rng.uniform(0.5, 22, len(houses)))
    numbers = {"height_m": height, "obstacle_height_m": heights, "target_height_m": target}
    view = camera_view(0, 0, houses, range_m=40, **numbers)
    points = rng.uniform(-30, 30, (60, 2))
    points = points[np.abs(np.hypot(*points.T) - 40) > 0.05]  # between a chord and its arc the drawn view has nothing
    for x, y in points[shapely.distance(shapely.boundary(view), shapely.points(points)) > 1e-3]:
        hidden = hidden_by_heights(0, 0, x, y, houses, heights, height, target) or np.hypot(x, y) > 40
        assert shapely.intersects_xy(view, x, y) == (not hidden)


def test_over_a_roof_by_hand():
    house = shapely.box(-5, 10, 5, 12)
    seen = {"range_m": 100, "height_m": 6.0, "target_height_m": 2.0}
    view = camera_view(0, 0, [house], **seen, obstacle_height_m=[4.0])  # again from (6 - 2) / (6 - 4) = 2 times 12 m
    assert not view.intersects(shapely.Point(0, 23.9))
    assert view.intersects(shapely.Point(0, 24.1))
    for roof, expected in ((6.0, False), (np.nan, False), (2.0, True), (1.0, True)):
        view = camera_view(0, 0, [house], **seen, obstacle_height_m=[roof])
        assert view.intersects(shapely.Point(0, 12.1)) == expected
        assert not view.intersects(shapely.Point(0, 11))
    for unknown in ({"height_m": None}, {"height_m": np.nan}):
        view = camera_view(0, 0, [house], **{**seen, **unknown}, obstacle_height_m=[4.0])
        assert not view.intersects(shapely.Point(0, 50))


def test_how_far_a_roof_hides():
    assert hides_until(6.0, [4.0, 2.0, 1.0, 6.0, 7.0, np.nan], 2.0).tolist() == [2, 1, 1, np.inf, np.inf, np.inf]
    assert hides_until(1.5, [1.0], 2.0).tolist() == [1]  # camera below the target's top
    assert hides_until(np.nan, [1.0], 2.0).tolist() == [np.inf]


def test_of_overlapping_roofs_the_taller_counts():
    low, tall = shapely.box(-5, 10, 5, 14), shapely.box(-5, 12, 5, 13)
    view = camera_view(0, 0, [low, tall], range_m=100, height_m=9.0, obstacle_height_m=[3.0, 9.0])
    assert not view.intersects(shapely.box(-1, 12, 1, 100))


def test_a_near_sector_and_the_ring_beyond_it_share_their_arc():
    inner = camera_view(0, 0, [WALL], range_m=7, azimuth_deg=33, hfov_deg=77)
    ring = camera_view(0, 0, [WALL], range_m=19, azimuth_deg=33, hfov_deg=77, near_m=7)
    whole = camera_view(0, 0, [WALL], range_m=19, azimuth_deg=33, hfov_deg=77)
    assert shapely.intersection(inner, ring, grid_size=GRID_M).area < 1e-6
    assert inner.area + ring.area == pytest.approx(whole.area, abs=1e-4)
