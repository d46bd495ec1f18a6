"""Mann and Kendall's test: tau is scipy's, the chance is that of all orders of the series."""

from __future__ import annotations

import itertools
from math import erfc, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kendalltau

from geo.trend import mann_kendall

SERIES = st.lists(st.integers(0, 6), min_size=3, max_size=15)


def score(series: list[float]) -> int:
    return sum((b > a) - (b < a) for a, b in itertools.combinations(series, 2))


@given(SERIES)
def test_tau_is_scipys(series: list[int]) -> None:
    found = mann_kendall([series]).tau[0]
    assert found == (0 if len(set(series)) == 1 else pytest.approx(kendalltau(range(len(series)), series).statistic))


@given(SERIES)
def test_the_chance_is_the_formula_with_ties(series: list[int]) -> None:
    t = len(series)
    groups = [series.count(value) for value in set(series)]
    variance = (t * (t - 1) * (2 * t + 5) - sum(u * (u - 1) * (2 * u + 5) for u in groups)) / 18
    s = abs(score([float(value) for value in series]))
    expected = 1.0 if s == 0 else erfc((s - 1) / sqrt(2 * variance))
    assert mann_kendall([series]).p[0] == pytest.approx(expected)


@pytest.mark.parametrize(
    "series", [[1, 2, 3, 4, 5, 7, 6], [1, 1, 2, 2, 3, 3, 4], [3, 1, 2, 2, 4, 1, 5], [0, 0, 0, 1, 1, 1, 1]]
)
def test_the_variance_is_that_of_all_orders(series: list[float]) -> None:
    scores = np.array([score(order) for order in itertools.permutations(series)], dtype=float)
    p = mann_kendall([series]).p[0]
    observed = abs(score(series))
    assert scores.mean() == pytest.approx(0)
    exact = (np.abs(scores) >= observed).mean()
    # The normal law with the correction for continuity, against every one of the 5,040 orders.
    assert p == pytest.approx(exact, abs=0.035)
    assert p == pytest.approx(erfc((observed - 1) / (scores.std() * sqrt(2))))


@given(SERIES)
def test_backwards_the_trend_turns(series: list[int]) -> None:
    found = mann_kendall([series, series[::-1], [2 * value + 3 for value in series]])
    assert found.tau[0] == pytest.approx(-found.tau[1])
    assert found.tau[0] == found.tau[2]
    assert len(set(found.p.tolist())) == 1


def test_a_trend_without_cause_is_as_rare_as_promised() -> None:
    p = mann_kendall(np.random.default_rng(0).poisson(3, (20_000, 12))).p
    assert 0.035 < (p < 0.05).mean() < 0.052


def test_what_is_no_series_is_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        mann_kendall([[1.0, np.nan, 2.0]])
    with pytest.raises(ValueError, match="finite"):
        mann_kendall([1.0, 2.0, 3.0])
    assert mann_kendall(np.zeros((0, 12))).tau.shape == (0,)
