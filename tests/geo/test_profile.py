"""The interval of a rate ratio is the exact one of a Poisson count; the categories of a grid add up."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import poisson

from geo.columns import Codes
from geo.profile import breakdown, rate_ratio


@given(st.integers(0, 3000), st.floats(0.01, 100), st.integers(1, 100_000), st.floats(0.5, 0.99))
def test_the_limits_have_the_tails_they_name(count: int, exposure: float, others: int, confidence: float) -> None:
    found = rate_ratio(count, exposure, count + others, exposure + 100, confidence=confidence)
    assert found is not None
    tail = (1 - confidence) / 2
    assert found.expected == pytest.approx((count + others) * exposure / (exposure + 100))
    assert found.low <= found.ratio <= found.high
    # At the upper limit a count as low is as rare as the tail says, at the lower one a count as high.
    assert poisson.cdf(count, found.high * found.expected) == pytest.approx(tail, rel=1e-6)
    if count:
        assert poisson.sf(count - 1, found.low * found.expected) == pytest.approx(tail, rel=1e-6)
    else:
        assert found.low == 0


def test_the_published_limits_of_ten() -> None:
    # Garwood's table: 10 events, 95 %: 4.795 to 18.390.
    found = rate_ratio(10, 1.0, 10, 10.0)
    assert found is not None
    assert (found.low, found.high) == pytest.approx((4.795, 18.390), abs=1e-3)


@pytest.mark.parametrize("case", [(3, 0.0, 9, 5.0), (3, np.nan, 9, 5.0), (0, 1.0, 0, 5.0), (3, 1.0, 9, 0.0)])
def test_without_a_measure_there_is_no_ratio(case: tuple[int, float, int, float]) -> None:
    assert rate_ratio(*case) is None


@given(st.lists(st.integers(-1, 2), min_size=1, max_size=50), st.data())
def test_categories_add_up(codes: list[int], data: st.DataObject) -> None:
    what = Codes(("a", "b", "c"), np.array(codes, np.int32))
    here = np.array(data.draw(st.lists(st.integers(0, len(codes) - 1), unique=True)), np.int64)
    found = breakdown(what, here, np.ones(len(codes), bool))
    assert sum(one.count for one in found) == len(here)
    assert {one.category: one.count for one in found} == {
        name: n for i, name in ((-1, None), (0, "a"), (1, "b"), (2, "c")) if (n := int((what.codes[here] == i).sum()))
    }
    assert [one.count for one in found] == sorted((one.count for one in found), reverse=True)
    for one in found:
        code = -1 if one.category is None else "abc".index(one.category)
        assert one.everywhere == pytest.approx(float((what.codes == code).mean()))
