"""How many cameras see a place: the planar graph of the coverage against lines, and these against exact overlays."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.geo import zoo
from tests.geo.test_fragility import city
from tests.scan_lines import count_cameras

BOX = shapely.box(0, 0, 40, 40)
EMPTY = shapely.Polygon()


def lens(x, y, rng, corners=14):
    """A sector with a ragged far side, as walls make it."""
    turn = np.sort(rng.uniform(0, 2 * np.pi, 2))
    angles = np.linspace(*turn, corners)
    reach = rng.uniform(4, 25) * rng.uniform(0.5, 1, corners)
    return shapely.Polygon(
        np.vstack([[x, y], np.column_stack([x + reach * np.sin(angles), y + reach * np.cos(angles)])])
    )


def scene(seed, offset=0.0, cameras=12):
    """Cells of which some overlap, one is missing and one has a hole; up to three beams a camera, which may overlap."""
    rng = np.random.default_rng(seed)
    cuts = np.sort(rng.uniform(0, 60, 4))
    cells = [shapely.box(a, b, c, d) for a, c in pairwise(cuts) for b, d in [(0, 30), (28, 60)]]
    cells += [None, EMPTY, shapely.Polygon(BOX.exterior, [shapely.box(10, 10, 20, 30).exterior.coords])]
    views, camera = [], []
    for n in range(cameras):
        x, y = rng.uniform(-5, 65, 2)
        for _ in range(rng.integers(0, 4)):
            views.append(lens(x, y, rng))
            camera.append(n * 7)
    views += [None, EMPTY]
    camera += [1, 2]
    certain = rng.random(len(views)) < 0.5
    move = [shapely.transform(some, lambda xy: xy + offset) if some is not None else None for some in [*cells, *views]]
    cells, views = np.array(move[: len(cells)], dtype=object), np.array(move[len(cells) :], dtype=object)
    return cells, shapely.make_valid(views), np.array(camera), certain


def exact(cell, views, camera):
    """Area seen by at least 1, 2, 3 cameras, and by each camera alone, from the faces of the overlay."""
    merged = {name: shapely.union_all(views[camera == name]) for name in np.unique(camera)}
    inside = {name: shapely.intersection(shape, cell) for name, shape in merged.items()}
    lines = [shapely.boundary(shape) for shape in [cell, *inside.values()] if shape is not None and not shape.is_empty]
    faces = shapely.get_parts(shapely.polygonize([shapely.node(shapely.union_all(lines))]))
    points = shapely.point_on_surface(faces)
    sees = np.array([shapely.intersects(shape, points) for shape in inside.values()])
    sees &= shapely.intersects(cell, points)
    count, area = sees.sum(axis=0), shapely.area(faces)
    alone = {name: area[row & (count == 1)].sum() for name, row in zip(inside, sees, strict=True)}
    return [area[count >= k].sum() for k in (1, 2, 3)], alone


def bound(cell, views, step):
    """The most that lines can err: half a step times the horizontal extent of every boundary in the cell."""
    box = shapely.box(*shapely.bounds(cell))
    extent = 0.0
    for shape in [cell, *views]:
        if shape is None or shape.is_empty:
            continue
        for line in shapely.get_parts(shapely.intersection(shapely.boundary(shape), box)):
            extent += np.abs(np.diff(shapely.get_coordinates(line)[:, 0])).sum()
    return step / 2 * extent + 1e-3


@settings(max_examples=40)
@given(seed=zoo.seeds, offset=st.sampled_from(zoo.OFFSETS))
@example(seed=0, offset=0.0)
def test_within_the_bound_of_the_exact_overlay(seed, offset):
    cells, views, camera, certain = scene(seed, offset)
    result = count_cameras(cells, views, camera, certain)
    for i, cell in enumerate(cells):
        alone = {
            int(c): m for c, m in zip(result.camera[result.cell == i], result.alone_m2[result.cell == i], strict=True)
        }
        if cell is None or cell.is_empty:
            assert result.seen_m2[i].tolist() == [0, 0, 0]
            assert alone == {}
            continue
        most = bound(cell, views, 1.0)
        for found, some in ((result.seen_m2, np.ones(len(views), bool)), (result.certain_m2, certain)):
            expected, _ = exact(cell, views[some], camera[some])
            assert found[i] == pytest.approx(expected, abs=most)
        _, lone = exact(cell, views, camera)
        for name, area in lone.items():
            assert alone.get(name, 0.0) == pytest.approx(area, abs=most)
        assert sum(alone.values()) == pytest.approx(result.seen_m2[i, 0] - result.seen_m2[i, 1], abs=1e-9)


@settings(max_examples=10)
@given(seed=zoo.seeds)
def test_the_planar_graph_of_the_coverage_finds_the_same(seed):
    """Two ways to one figure: lines here, faces in `geo.overlay`."""
    made = city(np.random.default_rng(seed), cameras=25)
    views, exact = made.views, made.coverage
    result = count_cameras(made.cells.free, views.polygons, views.of.camera, views.of.certain, step_m=0.05)
    assert result.seen_m2 == pytest.approx(exact.seen_by_m2, abs=1.0)
    assert result.certain_m2 == pytest.approx(exact.certain_by_m2, abs=1.0)
    found = {(c, i): m for c, i, m in zip(result.camera, result.cell, result.alone_m2, strict=True)}
    alone = {(c, i): m for c, i, m in zip(exact.alone.camera, exact.alone.cell, exact.alone.m2, strict=True)}
    for pair in found.keys() | alone.keys():
        assert found.get(pair, 0.0) == pytest.approx(alone.get(pair, 0.0), abs=1.0)


@settings(max_examples=15)
@given(seed=zoo.seeds)
def test_finer_lines_converge_to_the_overlay(seed):
    cells, views, camera, certain = scene(seed, 1000.0)
    result = count_cameras(cells, views, camera, certain, step_m=0.02)
    for i in np.flatnonzero(shapely.area(cells) > 0):
        expected, _ = exact(cells[i], views, camera)
        assert result.seen_m2[i] == pytest.approx(expected, abs=bound(cells[i], views, 0.02) / 4 + 0.05)


def test_a_camera_counts_once_however_many_beams():
    sure, maybe = shapely.box(0, 0, 20, 40), shapely.box(10, 0, 30, 40)
    result = count_cameras([BOX], [sure, maybe], [5, 5], [True, False])
    assert result.seen_m2[0] == pytest.approx([1200, 0, 0], abs=2)
    assert result.certain_m2[0] == pytest.approx([800, 0, 0], abs=2)
    assert (result.camera.tolist(), result.alone_m2.tolist()) == ([5], result.seen_m2[0, :1].tolist())


def test_more_cameras_than_a_byte_counts():
    result = count_cameras([BOX], [BOX] * 600, np.arange(600), np.ones(600, bool))
    assert result.seen_m2[0] == pytest.approx([1600] * 3, abs=2)
    assert len(result.alone_m2) == 0


def test_neighbours_share_their_border_exactly():
    """A sloping border taken from both sides: nothing counts twice or falls between."""
    west = shapely.Polygon([(0, 0), (13.7, 0), (21.3, 40), (0, 40)])
    east = shapely.Polygon([(21.3, 40), (13.7, 0), (40, 0), (40, 40)])
    parts = count_cameras([west, east, BOX], [BOX.buffer(3)], [0], [True]).seen_m2[:, 0]
    assert parts[0] + parts[1] == parts[2]


def test_strips_add_up():
    """A cell of many strips, and coordinates below zero."""
    tall = shapely.box(-10, -1500, 10, 1500)
    result = count_cameras([tall], [shapely.box(-5, -2000, 50, 2000)], [3], [True])
    assert result.seen_m2[0] == pytest.approx([45_000, 0, 0], abs=10)
    assert result.alone_m2.tolist() == result.seen_m2[0, :1].tolist()


def test_beyond_what_the_numbers_hold_the_lengths_grow_coarser():
    wide = shapely.box(0, 0, 3e6, 3)
    assert count_cameras([wide], [wide], [0], [True]).seen_m2[0, 0] == pytest.approx(9e6, rel=1e-5)


def test_nothing_to_measure():
    for cells, views in (([], [BOX]), ([None], [BOX]), ([BOX], [])):
        result = count_cameras(cells, views, np.zeros(len(views), int), np.zeros(len(views), bool))
        assert result.seen_m2.tolist() == [[0, 0, 0]] * len(cells)
        assert len(result.alone_m2) == 0
