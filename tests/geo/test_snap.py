"""Shared points: k addresses behind each, never outside their grid, none where a grid cannot offer one."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from geo.assign import Locator
from geo.errors import ParameterError
from geo.snap import SnapPoints, places_of, snap_points

# An L about a square: the middle of its addresses lies in the other grid.
ELL = shapely.Polygon([(0, 0), (300, 0), (300, 40), (40, 40), (40, 300), (0, 300)])
SQUARE = shapely.Polygon([(40, 40), (300, 40), (300, 300), (40, 300)])
THIN = shapely.box(300, 0, 300.3, 300)
GRIDS = [ELL, SQUARE, THIN]
STREETS = [shapely.LineString([(-50, 20), (400, 20)]), shapely.LineString([(200, -50), (200, 400)])]


def assert_shared(
    points: SnapPoints, x: NDArray[np.float64], y: NDArray[np.float64], grid: NDArray[np.int64], k: int
) -> None:
    """Count again, one by one, what stands behind each point, and look where it lies."""
    assert (Locator(GRIDS, ["A", "B", "C"]).locate(points.x, points.y) == points.grid).all()
    behind = np.zeros(len(points), int)
    for at_x, at_y, here in zip(x, y, grid, strict=True):
        own = [i for i in range(len(points)) if points.grid[i] == here]
        if own:
            behind[min(own, key=lambda i: ((points.x[i] - at_x) ** 2 + (points.y[i] - at_y) ** 2, i))] += 1
    assert behind.tolist() == points.addresses.tolist()
    assert (behind >= k).all()
    for here in set(grid.tolist()) - {-1}:
        if (grid == here).sum() < k:
            assert here not in points.grid


@given(
    st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 3000)), max_size=120, unique=True),
    st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 3000)), max_size=20),
    st.integers(3, 12),
    st.booleans(),
)
def test_all_points_are_shared_and_stay_in_their_grid(
    addresses: list[tuple[int, int]], incidents: list[tuple[int, int]], k: int, with_streets: bool
) -> None:
    place = Locator(GRIDS, ["A", "B", "C"])
    x, y = (np.array([pair[axis] / 10 for pair in addresses], np.float64) for axis in (0, 1))
    grid = place.locate(x, y)
    points = snap_points(x, y, grid, GRIDS, STREETS if with_streets else [], k)
    assert_shared(points, x, y, grid, k)
    at_x, at_y = (np.array([pair[axis] / 10 for pair in incidents], np.float64) for axis in (0, 1))
    inside = place.locate(at_x, at_y)
    found = points.nearest(at_x, at_y, inside)
    moved = np.flatnonzero(found >= 0)
    assert (points.grid[found[moved]] == inside[moved]).all()
    assert not np.isin(inside[found < 0], points.grid).any()


def test_a_grid_with_too_few_addresses_has_no_point() -> None:
    x, y = np.arange(7) * 10.0 + 60, np.full(7, 100.0)
    assert len(snap_points(x, y, np.ones(7, int), GRIDS)) == 0
    x, y = np.arange(8) * 10.0 + 60, np.full(8, 100.0)
    assert snap_points(x, y, np.ones(8, int), GRIDS).addresses.tolist() == [8]


def test_points_stand_on_streets_where_there_are_any() -> None:
    rng = np.random.default_rng(5)
    x, y = rng.uniform(60, 290, 200), rng.uniform(60, 290, 200)
    points = snap_points(x, y, np.ones(200, int), GRIDS, STREETS)
    assert len(points) > 5
    assert np.allclose(points.x, 200.0, atol=0.1)


def test_the_points_do_not_depend_on_the_order_of_the_addresses() -> None:
    rng = np.random.default_rng(5)
    x, y = rng.uniform(60, 290, 100), rng.uniform(60, 290, 100)
    one = snap_points(x, y, np.ones(100, int), GRIDS, STREETS)
    back = snap_points(x[::-1], y[::-1], np.ones(100, int), GRIDS, STREETS)
    assert (one.x == back.x).all() and (one.addresses == back.addresses).all()


def test_places_a_few_metres_apart_are_one_address() -> None:
    assert len(places_of([1.0, 2.0, 3.0, 95.0], [1.0, 2.0, 3.0, 95.0])) == 2


def test_too_small_a_k_is_refused() -> None:
    with pytest.raises(ParameterError):
        snap_points([], [], [], GRIDS, k=1)
