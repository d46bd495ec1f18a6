"""Many cameras are put in front of façades as the plain rule puts each one."""

from __future__ import annotations

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.facade import FACADE_OFFSET_M, place_camera
from geo.obstacles import build_obstacles
from geo.view import GRID_M
from geo.visibility import settle_cameras
from tests import view_cases as cases

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
