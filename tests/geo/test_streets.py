"""Street length against the overlay of lines and polygons; every piece once, also along a shared border."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import shapely
import shapely.affinity
from hypothesis import example, given, settings
from hypothesis import strategies as st
from shapely.ops import substring

from geo.streets import street_shares, streets_by_cell
from tests.geo import zoo

GRID_M = 1e-6
EMPTY = shapely.Polygon()


def tilted_cells(rng, offset):
    """A shared-edge mosaic with sloping borders, some cells of it missing; codes in an order of their own."""
    nodes = np.stack(np.meshgrid(np.arange(5.0), np.arange(4.0)), axis=-1) * 30
    nodes += rng.uniform(-8, 8, nodes.shape) + offset
    cells = [
        shapely.Polygon([nodes[j, i], nodes[j, i + 1], nodes[j + 1, i + 1], nodes[j + 1, i]])
        for j in range(3)
        for i in range(4)
    ]
    cells[rng.integers(0, 12)] = None
    return np.array(cells, dtype=object), np.array([f"{n:02d}" for n in rng.permutation(12)], dtype=object)


def crossing_lines(rng, offset, n=12):
    return [shapely.LineString(rng.uniform(-10, 130, (rng.integers(2, 6), 2)) + offset) for _ in range(n)]


def border_lines(rng, cells):
    """Along borders, from within one edge to within another, in own steps, so that rounding puts them beside it."""
    lines = []
    for cell in cells:
        if cell is not None and rng.random() < 0.5:
            ring = cell.exterior
            start, end = np.sort(rng.uniform(0, ring.length, 2))
            lines.append(substring(ring, start, end))
    return lines


def owner_of(cells, codes):
    """Each cell, and all those of lower code: what lies in these is not its own."""
    order = sorted(range(len(cells)), key=lambda i: codes[i])
    return [(i, shapely.union_all([cells[j] for j in order[:k]])) for k, i in enumerate(order)]


@settings(max_examples=60)
@given(seed=zoo.seeds, offset=st.sampled_from(zoo.OFFSETS))
@example(seed=3, offset=6_670_000.0)
def test_by_grid_as_the_overlay_finds_it(seed, offset):
    rng = np.random.default_rng(seed)
    cells, codes = tilted_cells(rng, offset)
    lines = [*crossing_lines(rng, offset), *border_lines(rng, cells)]
    found = streets_by_cell(lines, cells, codes).length_m()
    network = [line for line in lines if line.length > 0]
    # A little wider each, as a street along a border may by rounding lie beside it, where an overlay would lose it.
    wide = [None if cell is None else cell.buffer(1e-5, join_style="mitre") for cell in cells]
    for i, before in owner_of(wide, codes):
        inside = [] if wide[i] is None else shapely.intersection(network, wide[i])
        assert found[i] == pytest.approx(shapely.length(shapely.difference(inside, before)).sum(), abs=1e-2)
    every = shapely.intersection(network, shapely.union_all(wide))
    assert found.sum() == pytest.approx(shapely.length(every).sum(), abs=1e-2)


def coverage_of(rng, cells, offset):
    """Each cell divided among seen, possibly seen, blind and built."""
    layers = [[], [], []]
    for cell in cells:
        rest = EMPTY if cell is None else cell
        for layer in layers:
            stars = shapely.union_all([zoo.wedge(rng, *(rng.uniform(0, 90, 2) + offset), 30) for _ in range(3)])
            layer.append(shapely.intersection(rest, stars, grid_size=GRID_M))
            rest = shapely.difference(rest, stars, grid_size=GRID_M)
    shapes = [np.empty(len(cells), dtype=object) for _ in layers]
    for array, layer in zip(shapes, layers, strict=True):
        array[:] = [shapely.MultiPolygon([p for p in shapely.get_parts(g) if p.area > 0]) for g in layer]
    return SimpleNamespace(certain=shapes[0], possible=shapes[1], blind=shapes[2])


@settings(max_examples=60)
@given(seed=zoo.seeds, offset=st.sampled_from(zoo.OFFSETS))
def test_by_state_as_the_overlay_finds_it(seed, offset):
    rng = np.random.default_rng(seed)
    cells, codes = tilted_cells(rng, offset)
    coverage = coverage_of(rng, cells, offset)
    lines = crossing_lines(rng, offset)
    pieces = streets_by_cell(lines, cells, codes)
    found = street_shares(pieces, coverage)
    assert found.streets_m == pytest.approx(pieces.length_m())
    parts = found.certain_m + found.possible_m + found.blind_m + found.built_m
    assert parts == pytest.approx(found.streets_m)
    for name in ("certain", "possible", "blind"):
        for i, polygon in enumerate(getattr(coverage, name)):
            expected = shapely.length(shapely.intersection(lines, polygon, grid_size=GRID_M)).sum()
            assert getattr(found, f"{name}_m")[i] == pytest.approx(expected, abs=2e-3)
    some = rng.permutation(12)[:5]
    again = street_shares(pieces, coverage, rows=some, threads=1)
    for name in vars(found):
        assert (getattr(again, name) == getattr(found, name)[some]).all()


def test_along_the_edge_of_two_states_the_better_one():
    cell = shapely.box(0, 0, 30, 10)
    coverage = SimpleNamespace(
        certain=np.array([shapely.box(0, 0, 10, 10)]),
        possible=np.array([shapely.box(10, 0, 20, 10)]),
        blind=np.array([shapely.box(20, 0, 29, 10)]),
    )
    up = [shapely.LineString([(x, 2), (x, 9)]) for x in (10, 20, 29, 29.5)]
    lengths = [street_shares(streets_by_cell([line], [cell], ["a"]), coverage) for line in up]
    states = [
        [getattr(found, f"{name}_m")[0] for name in ("certain", "possible", "blind", "built")] for found in lengths
    ]
    assert states == [[7, 0, 0, 0], [0, 7, 0, 0], [0, 0, 7, 0], [0, 0, 0, 7]]


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("turn", [0.0, 0.3, 2.0])
def test_along_part_of_the_edge(side, turn):
    """The edge of a polygon on either side of a street: cut where the edge begins and ends."""
    line = shapely.LineString([(0, 0), (30, 0)])
    seen, cell = shapely.box(10, 0, 20, 10 * side), shapely.box(0, 0, 30, 10 * side)
    line, seen, cell = (shapely.affinity.rotate(shape, turn, (0, 0), True) for shape in (line, seen, cell))
    none = np.array([EMPTY])
    coverage = SimpleNamespace(certain=np.array([seen]), possible=none, blind=none)
    found = street_shares(streets_by_cell([line], [cell], ["a"]), coverage)
    assert (found.certain_m[0], found.built_m[0]) == pytest.approx((10, 20))


def test_a_street_on_the_outer_border_of_the_city_counts():
    cell = shapely.Polygon([(0, 0), (17, 5), (20, 31), (3, 22)])
    assert streets_by_cell([cell.exterior], [cell], ["a"]).length_m().tolist() == pytest.approx([cell.length])


def test_drawn_twice_counts_once():
    line, back = shapely.LineString([(1, 1), (9, 1), (9, 9)]), shapely.LineString([(9, 9), (9, 1), (1, 1)])
    both = shapely.MultiLineString([line, back])
    found = streets_by_cell([line, both, None, shapely.LineString()], [shapely.box(0, 0, 10, 10)], ["a"])
    assert found.length_m().tolist() == [16]


def test_overlapping_grids_share_nothing():
    cells = [shapely.box(0, 0, 10, 10), shapely.box(5, 0, 15, 10)]
    line = shapely.LineString([(0, 5), (15, 5)])
    assert streets_by_cell([line], cells, ["b", "a"]).length_m().tolist() == [5, 10]
    assert streets_by_cell([line], cells, ["a", "b"]).length_m().tolist() == [10, 5]


def test_nothing():
    assert streets_by_cell([], [shapely.box(0, 0, 1, 1)], ["a"]).length_m().tolist() == [0]
    assert streets_by_cell([shapely.LineString([(0, 0), (1, 1)])], [], []).length_m().tolist() == []
    assert streets_by_cell([shapely.LineString([(0, 0), (1, 1)])], [None], ["a"]).length_m().tolist() == [0]
