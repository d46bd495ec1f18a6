"""Simulated incidents: outdoors, in the period, uneven, repeatable, with faults for the assignment check."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from geo.assign import assign
from geo.draft import DraftOptions, draft_grids
from geo.draft_codes import CodeLayout
from geo.errors import ParameterError
from geo.simulate import simulate_incidents
from geo.simulate_patterns import CATEGORY_TITLES, PATTERNS, STATUS_TITLES

START, END = np.datetime64("2024-01-01"), np.datetime64("2026-01-01")


@pytest.fixture(scope="module")
def town():
    streets = np.array(
        [shapely.linestrings([[x, 0], [x, 800]]) for x in range(100, 800, 100)]
        + [shapely.linestrings([[0, y], [800, y]]) for y in range(100, 800, 100)],
        object,
    )
    houses = np.array(
        [shapely.box(x + 5, y + 5, x + 90, y + 90) for x in range(0, 800, 100) for y in range(0, 800, 100)], object
    )
    options = DraftOptions(group_sizes=(), levels=("grid",), layout=CodeLayout("", (3,)))
    draft = draft_grids(streets, houses, shapely.box(0, 0, 800, 800), options=options)
    return streets, houses, draft.polygons, draft.code


def simulate(town, seed=7, **changes):
    streets, houses, polygons, codes = town
    arguments = {"start": START, "end": END, "count": 6_000} | changes
    return simulate_incidents(
        np.random.default_rng(seed), streets=streets, buildings=houses, polygons=polygons, codes=codes, **arguments
    )


def test_the_same_seed_gives_the_same_incidents_and_another_seed_others(town):
    one, two, other = simulate(town), simulate(town), simulate(town, seed=8)
    for name in ("x", "y", "occurred_local", "category", "grid_code", "status"):
        assert (getattr(one, name) == getattr(two, name)).all(), name
    assert not np.array_equal(one.x, other.x)


def test_incidents_are_outdoors_in_the_period_and_in_order(town):
    found = simulate(town)
    points = shapely.points(found.x, found.y)
    assert np.isfinite(found.x).all() and np.isfinite(found.y).all()
    assert not len(shapely.STRtree(town[1]).query(points, predicate="intersects")[0])
    assert found.occurred_local.min() >= START and found.occurred_local.max() < END
    assert (np.diff(found.occurred_local) >= np.timedelta64(0, "ms")).all()
    assert set(found.category) == set(PATTERNS) == set(CATEGORY_TITLES)
    assert set(found.status) == set(STATUS_TITLES)


def test_recorded_grids_are_mostly_right_and_some_points_lie_outside(town):
    found = simulate(town, stray=0.01)
    where = assign(found.x, found.y, town[2], town[3])
    outside = where < 0
    located = np.append(town[3], None)[where]
    inside = ~outside
    faults = (found.grid_code != located) & inside
    assert 0.005 < outside.mean() < 0.02
    assert 0.01 < faults.mean() < 0.03
    assert any(code is None for code in found.grid_code)
    assert any(code is not None for code in found.grid_code[faults])


def test_nothing_is_wrong_if_nothing_shall_be(town):
    found = simulate(town, wrong=0.0, stray=0.0)
    where = assign(found.x, found.y, town[2], town[3])
    assert (where >= 0).all()
    assert (found.grid_code == town[3][where]).all()


def test_incidents_are_uneven_in_space_and_time(town):
    found = simulate(town)
    where = assign(found.x, found.y, town[2], town[3])
    counts = np.bincount(where[where >= 0], minlength=len(town[2]))
    assert counts.var() > 10 * counts.mean()  # 1 for points that fall evenly
    noise = found.occurred_local[found.category == "noise"]
    hour = noise.astype("datetime64[h]").astype(np.int64) % 24
    assert np.isin(hour, (22, 23, 0, 1)).mean() > 0.4
    weekday = (noise.astype("datetime64[D]").astype(np.int64) + 3) % 7
    assert np.isin(weekday, (4, 5)).mean() > 2.5 / 7
    rain = found.occurred_local[found.category == "flooding"].astype("datetime64[D]")
    assert len(np.unique(rain)) <= PATTERNS["flooding"].days
    light = found.occurred_local[found.category == "street_light_fault"]
    month = light.astype("datetime64[M]").astype(np.int64) % 12 + 1
    assert np.isin(month, (11, 12, 1)).sum() > 2 * np.isin(month, (5, 6, 7)).sum()


def test_only_late_incidents_are_often_open(town):
    found = simulate(town)
    late = found.occurred_local >= END - np.timedelta64(10, "D")
    assert (found.status[late] == "open").mean() > 0.4 > 0.1 > (found.status[~late] == "open").mean()


def test_what_cannot_be_simulated_is_refused(town):
    streets, houses, polygons, codes = town
    with pytest.raises(ParameterError, match="without streets"):
        simulate((np.empty(0, object), houses, polygons, codes))
    with pytest.raises(ParameterError, match="without streets"):
        simulate(town, end=START)
    everything = np.array([shapely.box(-10, -10, 900, 900)], object)
    with pytest.raises(ParameterError, match="Too little street"):
        simulate((streets, everything, polygons, codes), count=50)
