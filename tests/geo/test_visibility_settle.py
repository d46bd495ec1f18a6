"""Many cameras are put in front of façades as the plain rule puts each one."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st

from geo.facade import FACADE_OFFSET_M, place_camera
from geo.obstacles import build_obstacles
from geo.view import GRID_M
from geo.visibility import settle_cameras
from tests import view_cases as cases
from tests.geo import overlay_cases

RULES = ("free", "azimuth", "nearest")


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32), heights=st.booleans())
def test_as_the_plain_rule(seed, heights):
    rng = np.random.default_rng(seed)
    view = cases.random_scene(rng, int(rng.integers(1, 50)), 20, heights=heights)
    azimuth = np.where(rng.random(20) < 0.5, np.nan, rng.uniform(0, 360, 20))
    settled = settle_cameras(view.x, view.y, azimuth, view.obstacles)
    union = shapely.union_all(view.footprints, grid_size=GRID_M)
    for i in range(20):
        place = place_camera(view.x[i], view.y[i], union, None if np.isnan(azimuth[i]) else float(azimuth[i]))
        assert RULES[settled.rule[i]] == place.rule
        assert np.hypot(settled.x[i] - place.x, settled.y[i] - place.y) < 1e-4
        assert abs(settled.moved_m[i] - place.moved_m) < 1e-4


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32))
def test_cameras_on_corners_and_walls_come_to_stand_free(seed):
    rng = np.random.default_rng(seed)
    o = cases.random_scene(rng, int(rng.integers(1, 50)), 1, heights=True).obstacles
    some = rng.integers(0, len(o.ax), 20)
    share = rng.choice([0.0, 0.5, rng.random()], 20)
    x, y = o.ax[some] + share * (o.bx - o.ax)[some], o.ay[some] + share * (o.by - o.ay)[some]
    settled = settle_cameras(x, y, np.where(rng.random(20) < 0.5, np.nan, 45.0), o)
    points = shapely.points(np.column_stack([settled.x, settled.y]))
    assert not o.tree().query(points, predicate="dwithin", distance=1e-6).size
    assert (settled.rule > 0).all()


def test_nothing_moves_where_nothing_stands():
    settled = settle_cameras([1.0, 2.0], [0.0, 0.0], np.nan, build_obstacles([]))
    assert settled.x.tolist() == [1.0, 2.0]
    assert not settled.moved_m.any()
    house = build_obstacles([shapely.box(-1, -1, 1, 1)])
    assert settle_cameras([], [], [], house).x.tolist() == []
    assert settle_cameras([0.5], [0.0], [np.nan], house).x[0] == 1 + FACADE_OFFSET_M


@pytest.mark.parametrize("gap_m", [1e-4, 1e-3, 0.005, 0.0099, 0.019])
@pytest.mark.parametrize("azimuth_deg", [np.nan, 90.0])
def test_a_gap_too_narrow_to_stand_in_is_no_way_out(gap_m, azimuth_deg):
    """From either house the nearest façade is that to the other: the camera went to and fro for ever."""
    houses = build_obstacles([shapely.box(0, 0, 10, 10), shapely.box(10 + gap_m, 0, 20 + gap_m, 10)])
    settled = settle_cameras([9.0], [5.0], [azimuth_deg], houses)
    place = shapely.Point(settled.x[0], settled.y[0])
    assert houses.tree().query(place, predicate="dwithin", distance=1e-6).size == 0
    in_the_gap = 10 < place.x < 10 + gap_m and 0 < place.y < 10
    assert in_the_gap == (gap_m > FACADE_OFFSET_M)
    assert settled.moved_m[0] < 15


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32))
@example(seed=75)  # two houses a millimetre apart
def test_cameras_of_hostile_towns_come_to_stand_free(seed):
    town = overlay_cases.town(seed)
    houses = overlay_cases.obstacles(town)
    settled = settle_cameras(town.facts.x, town.facts.y, town.facts.azimuth_deg, houses)
    points = shapely.points(np.column_stack([settled.x, settled.y]))
    assert not houses.tree().query(points, predicate="dwithin", distance=1e-6).size
