"""Workload and inequality against slow definitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.balance import grouped, histogram, inequality, loads, lorenz, outside, workload

NAN = float("nan")
amounts = st.lists(st.floats(0, 1e6, allow_nan=False), min_size=1, max_size=30)


def gini_by_pairs(values: np.ndarray) -> float:
    """Mean absolute difference of all pairs over twice the mean: the definition."""
    return float(np.abs(values[:, None] - values[None, :]).mean() / (2 * values.mean()))


@given(amounts)
def test_figures_are_those_of_their_definitions(values: list[float]) -> None:
    x = np.array(values)
    found = inequality(x)
    if not x.sum() > 0:
        assert found.gini is None and found.cv is None
        return
    assert found.gini == pytest.approx(gini_by_pairs(x), abs=1e-9)
    assert found.cv == pytest.approx(np.std(x) / x.mean())
    assert found.max_mean == pytest.approx(x.max() / x.mean())
    above = x[x > x.mean()] - x.mean()
    assert found.moved == pytest.approx(above.sum() / x.sum(), abs=1e-9)


@given(amounts)
def test_gini_is_twice_the_area_between_the_lorenz_curve_and_evenness(values: list[float]) -> None:
    x = np.array(values)
    points = np.array(lorenz(x, most=1000))
    if not len(points):
        assert not x.sum() > 0
        return
    area = np.trapezoid(points[:, 1], points[:, 0])
    assert inequality(x).gini == pytest.approx(1 - 2 * area, abs=1e-9)
    assert points[0].tolist() == [0, 0] and points[-1].tolist() == [1, 1]
    assert (np.diff(points, axis=0) >= -1e-12).all()


@given(st.data())
@settings(max_examples=60)
def test_shares_add_up_to_one_and_groups_keep_the_sum(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 20))
    columns = {
        name: data.draw(st.lists(st.floats(0, 1e5), min_size=n, max_size=n))
        for name in ("incidents", "area", "streets")
    }
    weights = {name: data.draw(st.floats(0, 10)) for name in columns}
    found = workload(columns, weights)
    if not found.weights:
        assert np.isnan(found.share).all()
        return
    assert found.share.sum() == pytest.approx(1)
    assert sum(found.weights.values()) == pytest.approx(1)
    group = np.array(data.draw(st.lists(st.integers(0, 3), min_size=n, max_size=n)))
    assert np.nansum(grouped(found.share, group, 4)) == pytest.approx(1)
    assert np.nanmean(found.load) == pytest.approx(1)


def test_a_unit_of_measure_changes_nothing() -> None:
    m2 = workload({"area": [1e4, 3e4], "incidents": [5, 5]}, {"area": 1, "incidents": 1})
    km2 = workload({"area": [1e-2, 3e-2], "incidents": [5, 5]}, {"area": 1, "incidents": 1})
    np.testing.assert_allclose(m2.share, km2.share)


def test_what_is_missing_is_missing_and_not_zero() -> None:
    found = workload({"population": [100, NAN, 300], "area": [1, 1, 2]}, {"population": 1, "area": 1})
    assert np.isnan(found.share).tolist() == [False, True, False]
    assert inequality(found.load).missing == 1 and inequality(found.load).count == 2
    assert np.isnan(grouped(found.share, [0, 0, 1], 2)).tolist() == [True, False]
    none = workload({"population": [NAN, NAN], "cameras": [0, 0], "area": [1, 3]},
                    {"population": 5, "cameras": 2, "area": 1, "places": 1})  # fmt: skip
    assert none.left_out == {"population": "missing", "cameras": "nothing", "places": "missing"}
    assert none.weights == {"area": 1.0}
    assert none.share.tolist() == [0.25, 0.75]


def test_nothing_to_share_out() -> None:
    assert inequality([]).gini is None and inequality([0, 0]).gini is None and inequality([NAN]).missing == 1
    assert lorenz([]) == [] and np.isnan(loads([0.0, 0.0])).all()
    assert workload({}, {"area": 1}).share.tolist() == []


def test_bounds_and_bins() -> None:
    load = [0.2, 0.5, 1.0, 1.5, 1.6, NAN]
    assert outside(load, 0.5, 1.5).tolist() == [-1, 0, 0, 0, 1, 0]
    counted = histogram(load, bins=6)
    assert sum(counted["counts"]) == 5 and len(counted["counts"]) == 7
