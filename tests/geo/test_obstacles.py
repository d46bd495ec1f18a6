"""Obstacles are the union of the footprints, in disjoint pieces, the taller first; every edge is found by its cell."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.errors import ParameterError
from geo.obstacles import build_obstacles
from geo.view import GRID_M
from geo.visibility_edges import edges_in
from tests import view_cases as cases


def edges_of(obstacles):
    return np.column_stack([obstacles.ax, obstacles.ay, obstacles.bx, obstacles.by])


def listed(obstacles, west, south, east, north):
    c = obstacles.cells
    count, rows = edges_in(
        west,
        south,
        east,
        north,
        (c.x0, c.y0, 1 / c.cell_m),
        (c.columns, c.rows),
        c.starts,
        c.ends,
        np.empty(4, np.int32),
    )
    return c.items[rows[:count]], c.ends[rows[:count]]


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32), heights=st.booleans())
def test_solids_are_the_union_and_the_taller_wins(seed, heights):
    rng = np.random.default_rng(seed)
    view = cases.random_scene(rng, int(rng.integers(1, 50)), 1, heights=heights)
    o = view.obstacles
    assert shapely.is_valid(o.solids).all()
    union = shapely.union_all(view.footprints, grid_size=GRID_M)
    assert shapely.area(o.solids).sum() == pytest.approx(union.area, abs=1e-4)
    assert shapely.union_all(o.solids, grid_size=GRID_M).symmetric_difference(union, grid_size=GRID_M).area < 1e-4
    tall = np.full(len(view.footprints), np.nan) if view.heights is None else view.heights
    rank = np.where(np.isnan(tall), np.inf, tall)
    for solid, height in zip(o.solids, o.height_m, strict=True):
        inside = solid.representative_point()
        if inside.distance(solid.boundary) < 1e-4:
            continue
        over = rank[shapely.intersects(view.footprints, inside)]
        assert over.max() == (np.inf if np.isnan(height) else height)


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32))
def test_edges_lie_on_the_outlines_with_the_solid_on_their_left(seed):
    rng = np.random.default_rng(seed)
    o = cases.random_scene(rng, int(rng.integers(1, 40)), 1, heights=True).obstacles
    assert len(o.first) == len(o.solids) + 1
    np.testing.assert_array_equal(o.owner, np.repeat(np.arange(len(o.solids)), np.diff(o.first)))
    along = np.hypot(o.bx - o.ax, o.by - o.ay)
    assert np.bincount(o.owner, along, len(o.solids)) == pytest.approx(shapely.length(o.solids))
    twice = np.bincount(o.owner, (o.ax - o.ax[0]) * (o.by - o.ay[0]) - (o.ay - o.ay[0]) * (o.bx - o.ax[0]))
    assert twice / 2 == pytest.approx(shapely.area(o.solids), abs=1e-6)


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32), cell=st.sampled_from([1.0, 8.0, 32.0, 1000.0]))
def test_a_box_finds_its_edges_once_each(seed, cell):
    rng = np.random.default_rng(seed)
    view = cases.random_scene(rng, int(rng.integers(0, 40)), 1)
    o = build_obstacles(view.footprints, cell_m=cell)
    edges = edges_of(o)
    for _ in range(10):
        x, y = np.sort(rng.uniform(-90, 90, (2, 2)), axis=1) + cases.ORIGIN[:, None]
        found, ends = listed(o, x[0], y[0], x[1], y[1])
        meets = (np.minimum(o.ax, o.bx) <= x[1]) & (np.maximum(o.ax, o.bx) >= x[0])
        meets &= (np.minimum(o.ay, o.by) <= y[1]) & (np.maximum(o.ay, o.by) >= y[0])
        assert sorted(found) == np.flatnonzero(meets).tolist()
        np.testing.assert_array_equal(ends, edges[found])


def test_cells_grow_where_they_would_not_fit():
    far = [shapely.box(0, 0, 1, 1), shapely.box(3e6, 3e6, 3e6 + 1, 3e6 + 1)]
    o = build_obstacles(far)
    assert o.cells.cell_m > 64
    assert sorted(listed(o, -1, -1, 2, 2)[0]) == [0, 1, 2, 3]
    star = build_obstacles([cases.gear(40_000, 1.0, 20_000.0)])
    assert len(star.cells.items) <= (1 << 20) + 16 * len(star.ax)


def test_nothing_and_what_is_no_footprint():
    for nothing in ([], [None], [shapely.Polygon()]):
        o = build_obstacles(nothing)
        assert (len(o.solids), len(o.ax), len(o.tree())) == (0, 0, 0)
    lines = [
        shapely.LineString([(0, 0), (1, 1)]),
        shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(2, 0, 3, 1)]),
    ]
    assert shapely.area(build_obstacles(lines).solids).tolist() == [1, 1]


def test_a_crossed_outline_is_repaired():
    bow = shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])
    assert shapely.area(build_obstacles([bow]).solids).sum() == pytest.approx(2)


def test_taller_wins_the_overlap_and_unknown_counts_as_tallest():
    low, high = shapely.box(0, 0, 4, 1), shapely.box(2, 0, 6, 1)
    assert dict(zip(*heights_of([low, high], [3.0, 9.0]), strict=True)) == {9.0: 4.0, 3.0: 2.0}
    areas = dict(zip(*heights_of([low, high], [3.0, np.nan]), strict=True))
    assert areas[3.0] == 2.0
    assert heights_of([low, high], [3.0, 3.0]) == ([3.0], [6.0])


def heights_of(shapes, tall):
    o = build_obstacles(shapes, tall)
    return o.height_m.tolist(), shapely.area(o.solids).round(6).tolist()


def test_what_cannot_be_used_is_refused():
    with pytest.raises(ParameterError):
        build_obstacles([shapely.box(0, 0, 1, 1)], [1.0, 2.0])
    with pytest.raises(ParameterError):
        build_obstacles([shapely.Polygon([(0, 0), (1, 0), (np.inf, 1)])])
