"""Neighbours: symmetric, self included, the same as libpysal's queen contiguity, and as a look at all pairs."""

from __future__ import annotations

import geopandas
import libpysal
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.neighbours import Neighbours, contiguity, from_pairs, lattice_neighbours


def lists(found: Neighbours) -> list[list[int]]:
    return [found.index[a:b].tolist() for a, b in zip(found.start[:-1], found.start[1:], strict=True)]


def squares(side: int) -> np.ndarray:
    i, j = (part.ravel() for part in np.meshgrid(np.arange(side), np.arange(side)))
    return shapely.box(i * 100.0, j * 100.0, i * 100.0 + 100, j * 100.0 + 100)


def test_contiguity_is_libpysals_queen() -> None:
    rng = np.random.default_rng(0)
    points = rng.uniform(0, 1000, (60, 2))
    cells = np.array(shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(points))))
    cells = shapely.intersection(cells, shapely.box(0, 0, 1000, 1000))
    queen = libpysal.weights.Queen.from_dataframe(geopandas.GeoDataFrame(geometry=cells), use_index=False)
    expected = [sorted([i, *queen.neighbors[i]]) for i in range(len(cells))]
    assert lists(contiguity(cells, 1e-6)) == expected


def test_a_gap_narrower_than_the_tolerance_does_not_part_neighbours() -> None:
    pair = [shapely.box(0, 0, 10, 10), shapely.box(10.4, 0, 20, 10), shapely.box(20.6, 0, 30, 10)]
    assert lists(contiguity(pair)) == [[0, 1], [0, 1], [2]]


def test_missing_and_empty_shapes_have_only_themselves() -> None:
    shapes = np.array([shapely.box(0, 0, 1, 1), None, shapely.Polygon(), shapely.box(1, 1, 2, 2)], dtype=object)
    assert lists(contiguity(shapes)) == [[0, 3], [1], [2], [0, 3]]
    assert len(contiguity(np.zeros(0, dtype=object))) == 0


def test_a_lattice_of_squares_has_the_contiguity_of_its_polygons() -> None:
    side = 6
    i, j = (part.ravel() for part in np.meshgrid(np.arange(side), np.arange(side)))
    assert lists(lattice_neighbours(i, j, hexagons=False)) == lists(contiguity(squares(side)))


@given(st.sets(st.tuples(st.integers(-4, 4), st.integers(-4, 4)), min_size=1, max_size=30).map(list), st.booleans())
def test_lattice_neighbours_are_those_next_to_each_other(cells: list[tuple[int, int]], hexagons: bool) -> None:
    found = lattice_neighbours([a for a, _ in cells], [b for _, b in cells], hexagons=hexagons)

    def next_to(one: tuple[int, int], other: tuple[int, int]) -> bool:
        da, db = one[0] - other[0], one[1] - other[1]
        steps = max(abs(da), abs(db), abs(da + db)) if hexagons else max(abs(da), abs(db))
        return steps <= 1

    assert lists(found) == [[k for k, other in enumerate(cells) if next_to(one, other)] for one in cells]


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=40))
def test_pairs_give_symmetric_lists_with_selves(pairs: list[tuple[int, int]]) -> None:
    left, right = (np.array([pair[k] for pair in pairs], dtype=np.int64) for k in (0, 1))
    found = lists(from_pairs(left, right, 8))
    assert all(i in found[i] and found[i] == sorted(set(found[i])) for i in range(8))
    assert {(i, j) for i in range(8) for j in found[i]} == {(j, i) for i in range(8) for j in found[i]}
    assert {tuple(sorted(pair)) for pair in pairs if pair[0] != pair[1]} == {
        (i, j) for i in range(8) for j in found[i] if i < j
    }


def test_sums_are_those_of_a_matrix() -> None:
    rng = np.random.default_rng(1)
    found = contiguity(squares(5))
    matrix = np.zeros((25, 25))
    for i, near in enumerate(lists(found)):
        matrix[i, near] = 1
    values = rng.normal(size=(25, 3))
    assert np.allclose(found.sums(values), matrix @ values)
    assert np.allclose(found.sums(values[:, 0]), matrix @ values[:, 0])
    with pytest.raises(ValueError, match="each unit"):
        found.sums(values[:4])
