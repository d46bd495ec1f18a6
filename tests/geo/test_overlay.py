"""The planar graph of a grid gives what GEOS gives on its lattice, and valid polygons, on hostile towns too."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings

from geo import overlay, overlay_cells
from geo.city import compute_city
from geo.overlay import CERTAIN, POSSIBLE, SOLID, flatten, lay_over
from geo.overlay_geos import divided, union
from geo.view import GRID_M, polygons_of
from tests.geo import overlay_cases as cases
from tests.geo import zoo

CELL = shapely.box(0, 0, 10, 10)


def lay(base, *layers):
    """Lay (kind, polygon) over one base."""
    shapes = np.array([shape for _, shape in layers] + [None], dtype=object)[:-1]
    kinds = np.array([kind for kind, _ in layers], dtype=np.int64)
    items = np.arange(len(layers))
    return lay_over(np.array([base], dtype=object), shapes, kinds, np.array([0, len(layers)]), items)


def test_by_hand():
    parts = lay(
        CELL,
        (SOLID, shapely.box(0, 0, 2, 10)),
        (CERTAIN, shapely.box(1, 0, 5, 10)),
        (POSSIBLE, shapely.box(4, 0, 8, 20)),
        (POSSIBLE, shapely.box(4, 0, 6, 20)),
    )
    assert parts.sound.all()
    assert parts.measures[0].tolist() == pytest.approx([30, 30, 20, 20, 60, 20, 10, 30, 0, 0])
    expected = (shapely.box(2, 0, 5, 10), shapely.box(5, 0, 8, 10), shapely.box(8, 0, 10, 10))
    for polygon, box in zip(parts.polygons[0], expected, strict=True):
        assert shapely.equals(polygon, box)
    assert parts.alone_m2.tolist() == pytest.approx([0, 20, 20, 0])


def test_holes_go_to_their_shells():
    ring = CELL.difference(shapely.box(2, 2, 8, 8))
    inner = shapely.box(4, 4, 6, 6)
    parts = lay(CELL, (CERTAIN, ring), (CERTAIN, inner))
    seen, _, blind = parts.polygons[0]
    assert seen.equals(ring.union(inner))
    assert blind.equals(shapely.box(2, 2, 8, 8).difference(inner))
    assert shapely.is_valid(parts.polygons).all()


@pytest.mark.parametrize(
    "blocks",
    [
        [(1, 1, 3, 3), (3, 3, 5, 5)],  # two holes that touch in a corner
        [(0, 0, 3, 3), (3, 3, 5, 5)],  # a hole that touches the shell and another
        [(0, 3, 5, 5), (5, 5, 10, 8)],  # parts the rest in a corner
        [(1, 1, 3, 3), (3, 3, 5, 5), (1, 5, 3, 7), (5, 1, 7, 3), (3, 0, 5, 1)],
    ],
)
def test_touching_corners_make_valid_polygons(blocks):
    layers = [(SOLID, shapely.box(*block)) for block in blocks]
    parts = lay(CELL, *layers)
    assert shapely.is_valid(parts.polygons).all()
    assert parts.polygons[0, 2].equals(CELL.difference(shapely.union_all([shape for _, shape in layers])))


def test_nothing_and_missing():
    parts = lay_over(
        np.array([shapely.Polygon(), CELL], dtype=object),
        np.array([None, CELL], dtype=object),
        np.array([CERTAIN, POSSIBLE]),
        np.array([0, 1, 2]),
        np.array([0, 0]),
    )
    assert parts.sound.all()
    assert parts.measures[:, 2].tolist() == [0, 100]
    assert shapely.is_empty(parts.polygons).tolist() == [[True, True, True], [True, True, False]]
    assert len(flatten(np.zeros(0, dtype=object)).xy) == 0


def test_orientation_does_not_matter():
    ring = [(2, 2), (2, 8), (8, 8), (8, 2)]
    hole = [(4, 4), (6, 4), (6, 6), (4, 6)]
    areas = {
        round(lay(CELL, (CERTAIN, shapely.Polygon(ring[::a], [hole[::b]]))).measures[0, 0], 6)
        for a in (1, -1)
        for b in (1, -1)
    }
    assert areas == {32.0}


def test_walls_that_nearly_coincide_leave_nothing_between():
    x = np.linspace(1, 9, 30)
    wall = shapely.LineString([(0, 1), (10, 9.1)])
    along = shapely.get_coordinates(shapely.line_interpolate_point(wall, x))  # on the wall but for rounding
    below = shapely.Polygon([(0, 1), (0, 0), (10, 0), (10, 9.1), *along[::-1]])
    above = shapely.Polygon([(0, 1), *along, (10, 9.1), (10, 10), (0, 10)])
    parts = lay(CELL, (CERTAIN, below), (POSSIBLE, above))
    assert parts.measures[0, 2] == pytest.approx(0, abs=1e-4)
    assert parts.polygons[0, 2].is_empty
    assert parts.measures[0, 5] == pytest.approx(0, abs=1e-4)


def test_a_grid_larger_than_the_finest_lattice_allows():
    cell = shapely.box(440_000, 3_540_000, 460_000, 3_555_000)
    parts = lay(cell, (CERTAIN, shapely.box(445_000.3, 3_541_000.7, 446_000.3, 3_542_000.7)))
    assert parts.sound.all()
    assert parts.measures[0, :3].tolist() == pytest.approx([1e6, 0, 300e6 - 1e6], abs=1.0)


def test_sums_that_do_not_agree_are_seen(monkeypatch):
    monkeypatch.setattr(overlay, "SLACK_M2", -1.0)
    assert not lay(CELL, (CERTAIN, CELL)).sound.any()
    assert overlay_cells.SOUND != overlay_cells.ASTRAY


@settings(max_examples=60)
@given(seed=zoo.seeds)
def test_random_towns_agree_with_the_lattice(seed):
    town = cases.town(seed)
    city = compute_city(
        town.facts, town.footprints, town.height_m, town.cells, cases.rules(seed), crs=cases.CRS, threads=1
    )
    coverage, cells, views = city.coverage, city.cells, city.views
    assert not coverage.fallbacks
    assert not cells.fallback.any()
    assert shapely.is_valid([coverage.certain, coverage.possible, coverage.blind, cells.free]).all()
    sure = views.of.certain
    for i, cell in enumerate(cells.polygons):
        hit = shapely.intersects(views.polygons, cell)
        built = union(city.obstacles.solids, GRID_M)
        free = polygons_of(shapely.difference(cell, built, grid_size=GRID_M))
        assert free.area == pytest.approx(cell.area - coverage.built_m2[i], abs=0.01)
        expected = divided(free, free, views.polygons[sure & hit], views.polygons[~sure & hit], GRID_M)
        ours = coverage.certain[i], coverage.possible[i], coverage.blind[i]
        for left, right in zip(ours, expected, strict=True):
            assert shapely.symmetric_difference(left, right, grid_size=GRID_M).area < 0.01


@settings(max_examples=25)
@given(seed=zoo.seeds)
def test_how_many_see_a_place(seed):
    """Counted at random points, and by inclusion: what one view alone sees is lost without it."""
    rng = np.random.default_rng(seed)
    views = np.array([zoo.wedge(rng, *rng.uniform(0, 10, 2), rng.uniform(2, 8)) for _ in range(6)], dtype=object)
    kinds = np.where(rng.random(6) < 0.5, CERTAIN, POSSIBLE)
    parts = lay(CELL, *zip(kinds.tolist(), views, strict=True))
    x, y = rng.uniform(0, 10, (2, 20_000))
    inside = np.array([shapely.intersects_xy(view, x, y) for view in views])
    for times in range(1, 4):
        for column, rows in ((3, slice(None)), (6, kinds == CERTAIN)):
            share = (inside[rows].sum(axis=0) >= times).mean()
            assert parts.measures[0, column + times] / 100 == pytest.approx(share, abs=5 * 0.5 / 20_000**0.5)
    for i in range(6):
        others = shapely.union_all(np.delete(views, i))
        alone = shapely.difference(shapely.intersection(views[i], CELL), others, grid_size=GRID_M).area
        assert parts.alone_m2[i] == pytest.approx(alone, abs=1e-3)
