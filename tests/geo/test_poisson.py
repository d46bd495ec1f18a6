"""The vectorised exact test is scipy's binomtest, its adjustment scipy's; false alarms stay at the nominal rate."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from geo.compare import CHANCE, DOWN, NONE, UP, change
from geo.poisson import exact_test

COUNTS = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 400)), min_size=1, max_size=30)
SHARES = st.one_of(st.just(0.5), st.floats(0.01, 0.99), st.sampled_from([31 / 59, 366 / 731, 1 / 3, 0.2]))


def binomtest(now: int, before: int, share: float) -> float:
    return float(stats.binomtest(now, now + before, share).pvalue) if now + before else np.nan


@given(COUNTS, SHARES)
def test_p_values_are_those_of_scipy(counts: list[tuple[int, int]], share: float) -> None:
    now, before = (np.array(side) for side in zip(*counts, strict=True))
    want = [binomtest(a, b, share) for a, b in counts]
    np.testing.assert_allclose(exact_test(now, before, share), want, rtol=1e-8, atol=1e-300)


@pytest.mark.parametrize(("now", "before"), [(1_000_000, 1_003_000), (50_000, 48_000), (3, 200_000), (0, 1), (1, 0)])
def test_large_and_smallest_counts_too(now: int, before: int) -> None:
    for share in (0.5, 31 / 59, 0.001):
        assert exact_test([now], [before], share)[0] == pytest.approx(binomtest(now, before, share), rel=1e-6)


def test_the_example_of_the_guide() -> None:
    assert exact_test([7], [1], 0.5)[0] == pytest.approx((1 + 8 + 8 + 1) / 256)


@given(COUNTS)
def test_sides_can_be_exchanged(counts: list[tuple[int, int]]) -> None:
    now, before = (np.array(side) for side in zip(*counts, strict=True))
    np.testing.assert_allclose(exact_test(now, before, 0.25), exact_test(before, now, 0.75), rtol=1e-9)


@pytest.mark.parametrize(("rate", "share"), [(0.3, 0.5), (2.0, 0.5), (8.0, 31 / 59), (40.0, 0.25)])
def test_without_a_change_false_alarms_stay_at_the_nominal_rate(rate: float, share: float) -> None:
    rng = np.random.default_rng(7)
    draws = 40_000
    p = exact_test(rng.poisson(rate * share, draws), rng.poisson(rate * (1 - share), draws), share)
    for level in (0.01, 0.05, 0.2):
        alarms = np.nansum(p <= level)
        # An exact test is never above its level; three standard errors are left for the draw.
        assert alarms <= draws * level + 3 * np.sqrt(draws * level)


def test_among_many_unchanged_and_some_changed_few_findings_are_false() -> None:
    rng = np.random.default_rng(11)
    shares = []
    for _ in range(40):
        rate = rng.gamma(2.0, 10.0, 1_000)
        factor = np.where(np.arange(1_000) < 100, 3.0, 1.0)
        kind = change(rng.poisson(rate * factor), rng.poisson(rate), 1.0, 1.0).kind
        found = (kind == UP) | (kind == DOWN)
        assert found[:100].sum() > 50
        shares.append(found[100:].sum() / max(found.sum(), 1))
    assert np.mean(shares) <= 0.05


@given(COUNTS, st.floats(0.5, 400), st.floats(0.5, 400))
def test_a_change_says_what_its_counts_say(counts: list[tuple[int, int]], t1: float, t0: float) -> None:
    now, before = (np.array(side) for side in zip(*counts, strict=True))
    found = change(now, before, t1, t0)
    np.testing.assert_array_equal(found.difference, now - before)
    np.testing.assert_array_equal(np.isnan(found.percent), before == 0)
    np.testing.assert_array_equal(found.kind == NONE, (now == 0) & (before == 0))
    assert (found.percent[found.kind == DOWN] < 0).all()
    up = found.kind == UP
    assert (now[up] / t1 > before[up] / t0).all()
    assert found.tests == int(((now + before) > 0).sum())
    some = ~np.isnan(found.p)
    assert (found.q[some] >= found.p[some] - 1e-15).all()


def test_longer_windows_are_expected_to_hold_more() -> None:
    found = change([310], [280], 31.0, 28.0)  # the same ten a day
    assert (found.expected[0], found.percent[0], found.kind[0]) == (310.0, pytest.approx(0.0), CHANCE)


@pytest.mark.parametrize(("now", "before", "share"), [([1], [-1], 0.5), ([1], [1], 1.0), ([1, 2], [1], 0.5)])
def test_what_are_no_counts_is_refused(now: list[int], before: list[int], share: float) -> None:
    with pytest.raises(ValueError):
        exact_test(now, before, share)
