"""An incident differs only if something was recorded and it is not there; near is measured to the border itself."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings

from geo.assign import Locator
from geo.assignment import check_assignment
from geo.border import border_distance, border_segments
from geo.errors import ParameterError
from tests import oracles
from tests.geo import zoo

WEST, EAST = shapely.box(0, 0, 100, 100), shapely.box(100, 0, 200, 100)


def test_every_case_once():
    cases = [
        # x, y, recorded, located, unrecorded, unknown, differs, edge, outside, distance
        (50, 50, "w", 0, False, False, False, False, False, 50),
        (50, 50, " w ", 0, False, False, False, False, False, 50),
        (110, 50, "w", 1, False, False, True, False, False, 10),
        (110, 50, None, 1, True, False, False, False, False, 10),
        (110, 50, "  ", 1, True, False, False, False, False, 10),
        (110, 50, "x", 1, False, True, True, False, False, 10),
        (100, 50, "w", 1, False, False, False, True, False, 0),  # on the shared edge: "e" < "w" takes it
        (300, 50, "w", -1, False, False, True, False, True, 100),
        (300, 50, None, -1, True, False, False, False, True, 100),
        (300, 50, "x", -1, False, True, True, False, True, 100),
        (115, 50, "e", 1, False, False, False, False, False, 15),
        (115.001, 50, "e", 1, False, False, False, False, False, 15.001),
    ]
    x, y, recorded, *expected = (list(column) for column in zip(*cases, strict=True))
    check = check_assignment(x, y, np.array(recorded, dtype=object), [WEST, EAST], ["w", "e"])
    names = ("located", "unrecorded", "unknown_code", "differs", "on_recorded_edge", "outside")
    for name, values in zip(names, expected, strict=False):
        assert getattr(check, name).tolist() == values, name
    assert check.distance_m == pytest.approx(expected[-1])
    assert check.near.tolist() == [d <= 15 for d in expected[-1]]


@settings(max_examples=40)
@given(seed=zoo.seeds)
def test_distance_equals_the_oracle(seed):
    rng = np.random.default_rng(seed)
    offset = float(rng.choice(zoo.OFFSETS))
    polygons = zoo.mosaic(rng, 9, offset, False)
    xy = zoo.hard_points(rng, polygons, 20, offset)[:150]
    if len(polygons):
        expected = oracles.border_distance(xy[:, 0], xy[:, 1], polygons)
        assert border_distance(xy[:, 0], xy[:, 1], polygons) == pytest.approx(expected, abs=1e-6)


def test_far_points_and_many_sizes_of_edges():
    rng = np.random.default_rng(3)
    polygons = [shapely.Point(0, 0).buffer(5, quad_segs=200), shapely.box(1000, 0, 90_000, 50_000), WEST]
    xy = np.vstack([rng.uniform(-2e5, 2e5, (300, 2)), rng.uniform(-300, 300, (300, 2)), [[1e7, 1e7]]])
    expected = oracles.border_distance(xy[:, 0], xy[:, 1], polygons)
    assert border_distance(xy[:, 0], xy[:, 1], polygons) == pytest.approx(expected, abs=1e-6)


def test_without_grids_every_border_is_infinitely_far():
    check = check_assignment([1.0], [1.0], np.array(["a"], dtype=object), [], [])
    assert check.distance_m.tolist() == [np.inf]
    assert (check.outside[0], check.near[0], check.unknown_code[0]) == (True, False, True)


def test_a_point_that_is_not_finite_is_infinitely_far():
    assert border_distance([np.nan, np.inf, 50.0], [1.0, 1.0, 50.0], [WEST]).tolist() == [np.inf, np.inf, 50.0]


def test_shared_edges_occur_once():
    assert len(border_segments([WEST, EAST])) == 7
    assert len(border_segments([None, shapely.Polygon()])) == 0


def test_a_kept_locator_gives_the_same():
    locator = Locator([WEST, EAST], ["w", "e"])
    arguments = ([50.0, 150.0], [50.0, 50.0], np.array(["w", "w"], dtype=object), [WEST, EAST], ["w", "e"])
    assert check_assignment(*arguments, locator=locator).differs.tolist() == [False, True]
    assert check_assignment(*arguments).differs.tolist() == [False, True]


@pytest.mark.parametrize("near_m", [-1.0, np.nan, np.inf])
def test_unusable_distance(near_m):
    with pytest.raises(ParameterError):
        check_assignment([0.0], [0.0], [None], [WEST], ["w"], near_m)


def test_a_code_of_another_level_is_held_against_its_own_grid():
    west, east, whole = shapely.box(0, 0, 50, 50), shapely.box(50, 0, 100, 50), shapely.box(0, 0, 100, 50)
    away = shapely.box(200, 0, 300, 50)
    check = check_assignment(
        [10.0, 10.0, 10.0, 10.0, 10.0],
        [25.0] * 5,
        ["ward", "far", "w", "nobody", None],
        [west, east],
        ["w", "e"],
        others=([whole, away], ["ward", "far"]),
    )
    assert check.other_level.tolist() == [True, True, False, False, False]
    assert check.unknown_code.tolist() == [False, False, False, True, False]
    assert check.differs.tolist() == [False, True, False, True, False]


@given(seed=zoo.seeds)
def test_codes_of_other_levels_agree_with_asking_each(seed):
    rng = np.random.default_rng(seed)
    others = [shapely.box(*low, *(low + rng.uniform(1, 40, 2))) for low in rng.uniform(0, 80, (6, 2))]
    codes = list("abcabd")
    x, y = rng.uniform(0, 100, (2, 40))
    recorded = rng.choice([*"abcdx", None], 40)
    check = check_assignment(x, y, recorded, [], [], others=(others, codes))
    for i, code in enumerate(recorded):
        mine = [shape for shape, other in zip(others, codes, strict=True) if other == code]
        assert check.other_level[i] == bool(mine)
        if code is not None:
            assert check.differs[i] == (not any(shapely.intersects_xy(shape, x[i], y[i]) for shape in mine))
