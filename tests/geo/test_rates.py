"""Empirical Bayes: esda's own rates, global and local; no population, no rate."""

from __future__ import annotations

import libpysal
import numpy as np
import pytest
from esda.smoothing import Empirical_Bayes
from hypothesis import given
from hypothesis import strategies as st

from geo.neighbours import lattice_neighbours
from geo.rates import smoothed_rate

SIDE = 7
COLUMN, ROW = (part.ravel() for part in np.meshgrid(np.arange(SIDE), np.arange(SIDE)))
LATTICE = lattice_neighbours(COLUMN, ROW, hexagons=False)


def draw(seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    people = rng.integers(20, 4000, SIDE * SIDE).astype(float)
    return rng.poisson(people * rng.gamma(3, 0.004, SIDE * SIDE)).astype(float), people


@pytest.mark.parametrize("seed", range(5))
def test_the_global_rate_is_esdas(seed: int) -> None:
    d, people = draw(seed)
    assert np.allclose(smoothed_rate(d, people), Empirical_Bayes(d, people).r.ravel())


@pytest.mark.parametrize("seed", range(5))
def test_the_local_rate_is_the_formula_over_each_neighbourhood(seed: int) -> None:
    d, people = draw(seed)
    people[3] = np.nan
    expected = []
    for i in range(SIDE * SIDE):
        near = [k for k in LATTICE.index[LATTICE.start[i] : LATTICE.start[i + 1]] if k != 3]
        n, r = people[near], d[near] / people[near]
        m = d[near].sum() / n.sum()
        between = max((n * (r - m) ** 2).sum() / n.sum() - m / n.mean(), 0)
        own = d[i] / people[i]
        expected.append(m + (between / (between + m / people[i]) if between > 0 else 0) * (own - m))
    expected[3] = np.nan
    assert np.allclose(smoothed_rate(d, people, LATTICE), expected, equal_nan=True)


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 5000)), min_size=2, max_size=30))
def test_a_rate_moves_towards_the_mean_and_not_beyond(rows: list[tuple[int, int]]) -> None:
    d, people = (np.array([row[k] for row in rows], dtype=float) for k in (0, 1))
    raw, mean, found = d / people, d.sum() / people.sum(), smoothed_rate(d, people)
    low, high = np.minimum(raw, mean), np.maximum(raw, mean)
    assert ((found >= low - 1e-12) & (found <= high + 1e-12)).all()


def test_the_fewer_people_the_more_it_moves() -> None:
    found = smoothed_rate([30, 3, 5, 50], [1000, 100, 1000, 10_000])
    assert abs(found[0] - 0.03) < abs(found[1] - 0.03)


def test_where_nobody_is_known_to_live_there_is_no_rate() -> None:
    found = smoothed_rate([5, 5, 5], [np.nan, 0, 100])
    assert np.isnan(found).tolist() == [True, True, False]
    assert found[2] == pytest.approx(0.05)
    assert np.isnan(smoothed_rate([1, 2], [np.nan, np.nan])).all()
    alone = lattice_neighbours([0, 9], [0, 9], hexagons=True)
    assert np.isnan(smoothed_rate([1, 2], [np.nan, 50], alone)).tolist() == [True, False]


def test_esdas_lattice_is_ours() -> None:
    weights = libpysal.weights.lat2W(SIDE, SIDE, rook=False)
    assert [len(weights.neighbors[i]) + 1 for i in range(SIDE * SIDE)] == LATTICE.size.tolist()
