"""Road sections: every metre once, each in one piece, of about the wished length; grids with their metres."""

from __future__ import annotations

import itertools

import networkx
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.errors import ParameterError
from geo.sections import road_sections
from geo.sections_along import grids_along

LAYOUT = 100.0


def net(seed: int, size: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """Streets of a town of squares, noded at crossings, some pieces missing, some without a name."""
    rng = np.random.default_rng(seed)
    lines, names = [], []
    for k in range(size):
        for turned in (False, True):
            name = None if rng.random() < 0.3 else f"{'avenue' if turned else 'street'} {k}"
            for i in range(size - 1):
                if rng.random() < 0.15:
                    continue
                ends = [(i * LAYOUT, k * LAYOUT), ((i + 1) * LAYOUT, k * LAYOUT)]
                lines.append(shapely.LineString([point[::-1] if turned else point for point in ends]))
                names.append(name)
    return np.array(lines, dtype=object), np.array(names, dtype=object)


@given(st.integers(0, 10_000), st.floats(50, 900))
@settings(max_examples=40, deadline=None)
def test_every_metre_is_in_one_section_that_is_in_one_piece(seed: int, target: float) -> None:
    lines, names = net(seed)
    found = road_sections(lines, names, target)
    assert found.length_m.sum() == pytest.approx(shapely.length(lines).sum())
    assert np.bincount(found.group).min() >= 1
    np.testing.assert_allclose(shapely.length(found.lines), found.length_m)
    for one in range(len(found.lines)):
        graph = networkx.Graph()
        for line in found.edges[found.group == one]:
            graph.add_edge(*map(tuple, np.round(shapely.get_coordinates(line)[[0, -1]], 3).tolist()))
        assert networkx.is_connected(graph)


@given(st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_metres_of_grids_add_up_to_those_of_streets(seed: int) -> None:
    lines, names = net(seed)
    rng = np.random.default_rng(seed)
    # Borders on streets, between them, and a corner of the town in no grid.
    cuts = np.sort(rng.choice([0.0, 100, 150, 200, 260, 300, 400, 500], 4, replace=False))
    cells = [shapely.box(a, c, b, d) for a, b in itertools.pairwise(cuts)
             for c, d in ((-50, 200), (200, 430))]  # fmt: skip
    found = road_sections(lines, names, 300)
    section, grid, metres, shared = grids_along(found, cells)
    town = shapely.union_all(cells)
    inside = shapely.length(shapely.intersection(lines, town)).sum()
    assert shared.sum() == pytest.approx(inside, rel=1e-6, abs=0.5)
    assert (shared <= metres + 1e-9).all()
    for one, cell, length in zip(section[:20], grid[:20], metres[:20], strict=True):
        exact = shapely.intersection(found.lines[one], shapely.buffer(cells[cell], 1e-6)).length
        assert length == pytest.approx(exact, abs=0.3)


def test_sections_are_about_as_long_as_wished() -> None:
    road = shapely.LineString([(100.0 * i, 0) for i in range(21)])
    sides = [shapely.LineString([(100.0 * i, 0), (100.0 * i, 600)]) for i in range(1, 20)]
    found = road_sections([road, *sides], ["main", *(f"side {i}" for i in range(19))], 500)
    main = found.length_m[found.name == "main"]
    assert sorted(main.tolist()) == [500.0] * 4


def test_a_street_without_a_name_goes_straight_on_and_not_round_the_corner() -> None:
    cross = [shapely.LineString(ends) for ends in (
        [(-100, 0), (0, 0)], [(0, 0), (100, 5)], [(0, -100), (0, 0)], [(0, 0), (3, 100)])]  # fmt: skip
    found = road_sections(cross, [None] * 4, 200)
    groups = {tuple(np.flatnonzero(found.group == one).tolist()) for one in range(found.group.max() + 1)}
    assert groups == {(0, 1), (2, 3)}


def test_by_incidents_a_busy_street_is_cut_shorter() -> None:
    road = shapely.LineString([(100.0 * i, 0) for i in range(9)])
    x = np.concatenate((np.full(30, 50.0), np.full(30, 150.0), np.linspace(250, 750, 12)))
    sides = [shapely.LineString([(100.0 * i, 0), (100.0 * i, 30)]) for i in range(1, 8)]
    found = road_sections([road, *sides], ["road"] * 8, 20, points=(x, np.full(len(x), 2.0)))
    assert found.work.sum() == len(x)
    busy = [one for one in range(len(found.lines)) if found.work[one] >= 25]
    assert len(busy) == 2 and max(found.length_m[busy]) < 250


def test_nothing_and_nonsense() -> None:
    assert len(road_sections([], [], 100).lines) == 0
    assert len(road_sections([None, shapely.LineString()], [None, None], 100).lines) == 0
    with pytest.raises(ParameterError):
        road_sections([shapely.LineString([(0, 0), (1, 1)])], [None], 0)
