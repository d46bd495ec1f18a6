"""Gi* is that of esda and of the general formula, its chance the beta-binomial tail; order and scale do not matter."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import libpysal
import numpy as np
import pytest
from esda.getisord import G_Local
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import betabinom, binom, norm

from geo.errors import ParameterError
from geo.hotspots import chance, gi_star
from geo.neighbours import Neighbours, from_pairs, lattice_neighbours

SIDE = 8
COLUMN, ROW = (part.ravel() for part in np.meshgrid(np.arange(SIDE), np.arange(SIDE)))
LATTICE = lattice_neighbours(COLUMN, ROW, hexagons=False)
COUNTS = st.lists(st.integers(0, 30), min_size=SIDE * SIDE, max_size=SIDE * SIDE).map(np.array)


def naive(x: np.ndarray, near: Neighbours) -> np.ndarray:
    """The general formula of Ord and Getis (1995) with any weights, written out with a matrix."""
    n = len(x)
    w = np.zeros((n, n))
    for i in range(n):
        w[i, near.index[near.start[i] : near.start[i + 1]]] = 1.0
    mean, s = x.mean(), x.std()
    sums, squares = w.sum(axis=1), (w**2).sum(axis=1)
    return (w @ x - mean * sums) / (s * np.sqrt((n * squares - sums**2) / (n - 1)))


def test_gi_star_is_esdas_with_binary_weights() -> None:
    x = np.random.default_rng(0).poisson(3, SIDE * SIDE).astype(float)
    weights = libpysal.weights.lat2W(SIDE, SIDE, rook=False)
    # esda numbers the lattice row by row, as COLUMN and ROW do; it row-standardises unless told not to.
    theirs = G_Local(x, weights, star=True, transform="B", permutations=0)
    assert np.allclose(gi_star(x, LATTICE).z, theirs.Zs)


@settings(max_examples=30)
@given(COUNTS)
def test_gi_star_is_the_general_formula(x: np.ndarray) -> None:
    found = gi_star(x, LATTICE)
    if x.std() == 0:
        assert np.isnan(found.z).all()
        assert (found.p == 1).all()
    else:
        assert np.allclose(found.z, naive(x.astype(float), LATTICE))


@settings(max_examples=30)
@given(COUNTS, st.randoms(use_true_random=False))
def test_the_order_of_the_units_does_not_matter(x: np.ndarray, chance_: Any) -> None:
    order = list(range(len(x)))
    chance_.shuffle(order)
    back = np.argsort(order)
    owner = np.repeat(np.arange(len(x)), LATTICE.size)
    moved = from_pairs(back[owner], back[LATTICE.index], len(x))
    one, other = gi_star(x, LATTICE), gi_star(x[order], moved)
    assert np.allclose(one.z[order], other.z, equal_nan=True)
    assert np.allclose(one.p[order], other.p)


@settings(max_examples=30)
@given(COUNTS, st.integers(1, 50), st.integers(2, 9))
def test_z_is_blind_to_a_constant_and_a_scale(x: np.ndarray, added: int, times: int) -> None:
    z = gi_star(x, LATTICE).z
    assert np.allclose(gi_star(x + added, LATTICE).z, z, equal_nan=True)
    assert np.allclose(gi_star(x * times, LATTICE).z, z, equal_nan=True)


@settings(max_examples=30)
@given(COUNTS, st.floats(0.001, 1e6))
def test_equal_exposures_are_no_exposure(x: np.ndarray, exposure: float) -> None:
    one, other = gi_star(x, LATTICE), gi_star(x, LATTICE, np.full(len(x), exposure))
    assert np.allclose(one.z, other.z, equal_nan=True)
    assert np.allclose(one.p, other.p)


@settings(max_examples=30)
@given(COUNTS)
def test_expected_sums_to_what_was_counted(x: np.ndarray) -> None:
    area = 1.0 + (COLUMN * ROW) % 5
    area[7] = 0.0  # no area: left out, and so is its count
    found = gi_star(x, LATTICE, area)
    assert np.isclose(found.expected.sum(), x.sum() - x[7])
    assert np.isnan(found.z[7])
    assert found.p[7] == 1


def test_steps_stand_alone() -> None:
    x = np.random.default_rng(2).poisson(2, (SIDE * SIDE, 3))
    area = np.random.default_rng(3).uniform(0.2, 1, SIDE * SIDE)
    together = gi_star(x, LATTICE, area)
    for t in range(3):
        alone = gi_star(x[:, t], LATTICE, area)
        assert np.allclose(together.z[:, t], alone.z)
        assert np.allclose(together.p[:, t], alone.p)
        assert np.isclose(together.dispersion[t], alone.dispersion)


def test_the_variance_is_that_of_counts_that_follow_the_exposure() -> None:
    rng = np.random.default_rng(4)
    area = rng.uniform(0.1, 2, SIDE * SIDE)
    z = np.array([gi_star(rng.multinomial(2000, area / area.sum()), LATTICE, area).z for _ in range(2000)])
    assert np.abs(z.mean(axis=0)).max() < 0.12
    assert np.abs(z.std(axis=0) - 1).max() < 0.1


@given(st.integers(2, 2000), st.floats(0.001, 0.9), st.floats(1.01, 20), st.floats(0, 1))
def test_the_chance_is_the_beta_binomial_tail(n: int, share: float, phi: float, where: float) -> None:
    if phi > 0.9 * n:
        return
    s = int(where * min(n, 4 * n * share + 5))
    urn = (n - phi) / (phi - 1)
    law = betabinom(n, urn * share, urn * (1 - share))
    below = law.pmf(np.arange(s)).sum()
    expected = min(1.0, 2 * min(1 - below, below + law.pmf(s)))
    assert chance(s, n * share, n, phi) == pytest.approx(expected, rel=1e-6, abs=1e-9)


@given(st.integers(1, 2000), st.floats(0.001, 0.9), st.floats(0, 1), st.sampled_from([0.0, 0.5, 1.0]))
def test_without_bunches_it_is_the_binomial_tail(n: int, share: float, where: float, phi: float) -> None:
    s = int(where * n)
    expected = min(1.0, 2 * min(binom.sf(s - 1, n, share), binom.cdf(s, n, share)))
    assert chance(s, n * share, n, phi) == pytest.approx(expected, rel=1e-7, abs=1e-280)


def test_the_chance_of_large_counts_is_the_normal_one() -> None:
    n, e, phi = 2_000_000, 40_000.0, 3.0
    for z in (-4.0, -1.0, 0.5, 3.0):
        s = round(e + z * np.sqrt(phi * e * (1 - e / n)))
        assert chance(s, e, n, phi) == pytest.approx(2 * norm.sf(abs(z)), rel=0.2)


def test_the_example_of_the_guide() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "hotspots.md").read_text("utf-8")
    told: dict[str, Any] = {}
    exec(re.findall(r"^```python\n(.*?)^```", guide, re.DOTALL | re.MULTILINE)[0], told)
    i, j = (part.ravel() for part in np.meshgrid(np.arange(5), np.arange(5)))
    found = gi_star(np.where((i < 2) & (j < 2), 8, 1), lattice_neighbours(i, j, hexagons=False))
    assert found.p[0] == pytest.approx(told["p"], rel=1e-5)
    assert (found.near[0], found.near_expected[0]) == (told["s"], pytest.approx(told["e"]))
    assert found.dispersion == pytest.approx(told["phi"], rel=1e-6)
    assert "φ = (4 · 5.88² + 21 · 1.12²) / (53 · 0.96) = 3.236, z = 4.899" in guide
    assert found.z[0] == pytest.approx(4.899, abs=5e-4)
    assert f"p = {found.p[0]:.6f}" in guide


@pytest.mark.parametrize("wrong", [-1.0, np.inf])
def test_negative_and_infinite_figures_are_refused(wrong: float) -> None:
    x = np.ones(SIDE * SIDE)
    x[3] = wrong
    with pytest.raises(ParameterError):
        gi_star(x, LATTICE)
    with pytest.raises(ParameterError):
        gi_star(np.ones(SIDE * SIDE), LATTICE, x)


def test_nothing_and_one_place_are_answered() -> None:
    none = from_pairs(np.zeros(0, np.int64), np.zeros(0, np.int64), 0)
    assert gi_star(np.zeros(0), none).z.shape == (0,)
    one = from_pairs(np.zeros(0, np.int64), np.zeros(0, np.int64), 1)
    found = gi_star([5], one)
    assert np.isnan(found.z[0])
    assert found.p[0] == 1
    assert np.isnan(gi_star(np.zeros(SIDE * SIDE), LATTICE).z).all()
