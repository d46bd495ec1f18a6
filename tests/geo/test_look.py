"""A sight line says what the drawn view says, and why not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.look import DIRECTION, NEAR_ZONE, RANGE, SEEN, WALL, look, look_many
from geo.obstacles import build_obstacles
from geo.visibility import Beams, visible
from tests import view_cases as cases


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32), heights=st.booleans())
def test_agrees_with_the_drawn_view(seed, heights):
    rng = np.random.default_rng(seed)
    view = cases.random_scene(rng, int(rng.integers(0, 40)), 8, heights=heights)
    b = view.beams
    polygons = visible(b, view.obstacles, segments_per_quadrant=64).polygons
    px, py = rng.uniform(-90, 90, (2, 60)) + cases.ORIGIN[:, None]
    many = look_many(px, py, b, view.obstacles)
    for k in range(60):
        states = look(px[k], py[k], b, view.obstacles)
        assert many.beam[many.starts[k] : many.starts[k + 1]].tolist() == np.flatnonzero(states == SEEN).tolist()
        away = np.hypot(px[k] - b.x, py[k] - b.y)
        for i, polygon in enumerate(polygons):
            point = shapely.Point(px[k], py[k])
            if states[i] == RANGE:
                assert away[i] > b.far_m[i]
            if states[i] == NEAR_ZONE:
                assert away[i] < b.near_m[i]
            arcs = [b.far_m[i], b.near_m[i]]
            if any(arc * 0.9995 <= away[i] <= arc for arc in arcs):
                continue  # between chord and arc
            seen = polygon is not None and polygon.intersects(point)
            if seen != (states[i] == SEEN):
                assert polygon is not None
                assert polygon.boundary.distance(point) < 1e-4


def test_the_first_reason_counts():
    wall, ones = build_obstacles([shapely.box(-5, 10, 5, 11)]), np.ones(3)
    three = Beams(0 * ones, 0 * ones, np.array([0.0, 90.0, 0.0]), 90 * ones, 2 * ones, 50 * ones, np.nan * ones)
    assert look(0, 12, three, wall).tolist() == [WALL, DIRECTION, WALL]
    assert look(0, 12, three, wall, rows=[1]).tolist() == [DIRECTION]
    assert look(0, 99, three, wall).tolist() == [RANGE] * 3
    assert look(0, -1, three, wall).tolist() == [NEAR_ZONE] * 3
    assert look(0, 9, three, wall).tolist() == [SEEN, DIRECTION, SEEN]
    assert look(0, 10.5, three, wall).tolist() == [WALL, DIRECTION, WALL]


def test_looks_over_what_is_lower():
    wall, one = build_obstacles([shapely.box(-50, 10, 50, 11)], [2.0]), np.ones(1)
    over = Beams(0 * one, 0 * one, 0 * one, 360 * one, 0 * one, 99 * one, 4 * one)
    # Behind the wall's back at 11 m a target of 1 m is seen again from 11 (4 - 1) / (4 - 2) = 16.5 m on.
    assert [int(look(0, y, over, wall, target_height_m=1.0)[0]) for y in (9, 10.5, 16.4, 16.6)] == [0, 4, 4, 0]
    assert int(look(0, 16.6, replace(over, height_m=2 * one), wall, target_height_m=1.0)[0]) == WALL


def test_nobody_looks():
    none = np.zeros(0)
    nobody = Beams(none, none, none, none, none, none, none)
    assert look(0, 0, nobody, build_obstacles([])).tolist() == []
    assert look_many([0.0, 1.0], [0.0, 1.0], nobody, build_obstacles([])).starts.tolist() == [0, 0, 0]
    assert look_many([], [], nobody, build_obstacles([])).starts.tolist() == [0]
