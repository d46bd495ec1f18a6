"""Every finite value is in exactly one class, and no class is shown that the values do not fill."""

from __future__ import annotations

import mapclassify
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.classes import class_breaks
from geo.errors import ParameterError

METHODS = ("quantiles", "fisher_jenks", "equal")
SAMPLE = np.random.default_rng(2).gamma(1, 100, 400)


@pytest.mark.parametrize(
    ("method", "peer"),
    [
        ("quantiles", mapclassify.Quantiles),
        ("fisher_jenks", mapclassify.FisherJenks),
        ("equal", mapclassify.EqualInterval),
    ],
)
def test_agrees_with_mapclassify(method, peer):
    ours, theirs = class_breaks(SAMPLE, 5, method), peer(SAMPLE, k=5)
    assert ours.breaks == pytest.approx(theirs.bins)
    assert ours.counts.tolist() == theirs.counts.tolist()
    assert ours.of(SAMPLE).tolist() == theirs.yb.tolist()


@given(
    values=st.lists(st.one_of(st.sampled_from([0.0, 1.0, 2.0, np.nan, np.inf]), st.floats(-1e9, 1e9)), max_size=40),
    k=st.integers(1, 7),
    method=st.sampled_from(METHODS),
    zero_class=st.booleans(),
)
def test_counts_add_up(values, k, method, zero_class):
    result = class_breaks(values, k, method, zero_class=zero_class)
    assert result.counts.sum() + result.zeros + result.missing == len(values)
    assert len(result.breaks) <= k
    assert (np.diff(result.breaks) > 0).all()
    classes = result.of(values, zero_class=zero_class)
    assert [int((classes == c).sum()) for c in range(len(result.breaks))] == result.counts.tolist()
    assert (classes == -1).sum() == result.missing
    assert (classes == -2).sum() == result.zeros
    shown = [v for v in values if np.isfinite(v) and not (zero_class and v == 0)]
    if shown:
        assert result.low == min(shown)
        assert result.breaks[-1] == max(shown)
        if method != "equal":
            assert (result.counts > 0).all()
    else:
        assert len(result.breaks) == 0
        assert np.isnan(result.low)


@pytest.mark.parametrize(
    ("values", "k", "method", "breaks"),
    [
        ([0, 0, 0, 0, 0, 1, 2, 3], 3, "quantiles", [0, 3]),  # a quantile lies between 0 and 1
        ([0, 1, 2, 3, 4, 5.5e-194, 4.8e-261, -1, -1], 7, "fisher_jenks", [-1, 5.5e-194, 1, 2, 3, 4]),
    ],
)
def test_no_class_is_empty(values, k, method, breaks):
    assert class_breaks(values, k, method).breaks == pytest.approx(breaks)


@pytest.mark.parametrize("method", METHODS)
def test_few_distinct_values_are_one_class_each(method):
    assert class_breaks([3, 3, 3], 5, method).breaks.tolist() == [3]
    assert class_breaks([0, 0, 7, 7, 9], 5, method).counts.tolist() == [2, 2, 1]
    assert class_breaks([0, 0, 7, 7, 9], 5, method, zero_class=True).counts.tolist() == [2, 1]
    assert class_breaks([0, 0], 5, method, zero_class=True).zeros == 2


def test_many_values_are_sampled_for_natural_breaks():
    many = np.random.default_rng(4).gamma(1, 100, 20_000)
    result = class_breaks(many, 5, "fisher_jenks")
    assert result.counts.sum() == 20_000
    assert len(result.breaks) == 5
    heavy = np.append(np.zeros(19_000), np.arange(1, 1001))
    assert class_breaks(heavy, 5, "fisher_jenks").counts.sum() == 20_000


@pytest.mark.parametrize(("k", "method"), [(0, "equal"), (13, "equal"), (5, "guess")])
def test_unusable(k, method):
    with pytest.raises(ParameterError):
        class_breaks([1, 2], k, method)
