"""sum(grids) + outside == total, always, and a rate that cannot be known is not a number."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.columns import Codes
from geo.density import density, select
from geo.errors import ConservationError, ParameterError

CATEGORY = Codes(("fire", "theft"), np.array([0, 1, -1, 1, 0], np.int32))
TIMES = np.array(["2024-01-01", "2024-01-31T23:59:59.999", "2024-01-15", "NaT", "2024-02-01"], "datetime64[ms]")
JANUARY = {"start": np.datetime64("2024-01-01", "ms"), "end": np.datetime64("2024-02-01", "ms")}


@given(
    assigned=st.lists(st.integers(-1, 6), max_size=60),
    chosen=st.randoms(use_true_random=False),
    people=st.lists(st.one_of(st.just(float("nan")), st.integers(0, 5000)), min_size=7, max_size=7),
)
def test_conserves(assigned, chosen, people):
    mask = np.array([chosen.random() < 0.5 for _ in assigned], dtype=bool)
    result = density(np.array(assigned, np.int64), np.arange(7) * 1e6, people, mask)
    assert result.counts.sum() + result.outside == result.total == mask.sum()
    for grid in range(7):
        expected = sum(1 for a, m in zip(assigned, mask, strict=True) if m and a == grid)
        assert result.counts[grid] == expected
        if grid:
            assert result.per_km2[grid] == pytest.approx(expected / grid)
        known = people[grid] > 0
        assert np.isnan(result.per_10k[grid]) != known
        if known:
            assert result.per_10k[grid] == pytest.approx(expected / people[grid] * 10_000)
    assert np.isnan(result.per_km2[0])


def test_everything_without_selection_and_population():
    result = density(np.array([0, 0, -1], np.int64), [2e6])
    assert (result.counts.tolist(), result.outside, result.total) == ([2], 1, 3)
    assert result.per_km2.tolist() == [1.0]
    assert np.isnan(result.per_10k).all()


def test_no_grids_and_no_incidents():
    result = density(np.full(4, -1, np.int64), [])
    assert (len(result.counts), result.outside, result.total) == (0, 4, 4)
    assert density(np.zeros(0, np.int64), [1.0]).counts.tolist() == [0]


@pytest.mark.parametrize("index", [5, -2])
def test_an_index_of_no_grid_is_a_fault(index):
    with pytest.raises(ConservationError):
        density(np.array([0, index], np.int64), [1e6])


@pytest.mark.parametrize("area", [-1.0, np.nan, np.inf])
def test_an_area_must_be_one(area):
    with pytest.raises(ParameterError):
        density(np.array([0], np.int64), [area])


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, [1, 1, 1, 1, 1]),
        (JANUARY, [1, 1, 1, 0, 0]),
        ({"start": JANUARY["end"]}, [0, 0, 0, 0, 1]),
        ({"end": JANUARY["start"]}, [0, 0, 0, 0, 0]),
        ({"categories": ["theft"]}, [0, 1, 0, 1, 0]),
        ({"categories": ["theft", "fire"]}, [1, 1, 0, 1, 1]),
        ({"categories": []}, [1, 1, 1, 1, 1]),
        ({"categories": ["unheard of"]}, [0, 0, 0, 0, 0]),
        ({**JANUARY, "categories": ["fire"]}, [1, 0, 0, 0, 0]),
    ],
)
def test_select(arguments, expected):
    assert select(TIMES, CATEGORY, **arguments).tolist() == [bool(v) for v in expected]


def test_select_refuses_columns_of_two_lengths():
    with pytest.raises(ValueError, match="differ in length"):
        select(TIMES[:2], CATEGORY)
