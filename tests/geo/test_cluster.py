"""No point is lost in a cluster or counted twice, and none leaves its cell."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.cluster import cluster_points
from geo.errors import ParameterError

PLACE = st.floats(-1e7, 1e7, allow_subnormal=False)


@given(
    xy=st.lists(st.tuples(PLACE, PLACE), max_size=40),
    cell=st.sampled_from([1.0, 37.5, 1000.0, 1e6]),
)
def test_every_point_once(xy, cell):
    x, y = np.array([p[0] for p in xy]), np.array([p[1] for p in xy])
    clusters = cluster_points(x, y, cell)
    assert clusters.count.sum() == len(xy)
    expected = {}
    for i, (a, b) in enumerate(xy):
        expected.setdefault((np.floor(a / cell), np.floor(b / cell)), []).append(i)
    assert sorted(clusters.first.tolist()) == sorted(members[0] for members in expected.values())
    for k, first in enumerate(clusters.first):
        members = expected[np.floor(x[first] / cell), np.floor(y[first] / cell)]
        assert clusters.count[k] == len(members)
        assert clusters.x[k] == pytest.approx(np.mean(x[members]), abs=1e-6)
        assert clusters.y[k] == pytest.approx(np.mean(y[members]), abs=1e-6)


def test_a_single_point_is_itself():
    clusters = cluster_points([6_670_000.123456789], [3.0], 50.0)
    assert clusters.x.tolist() == [6_670_000.123456789]


def test_one_map_section_does_not_regroup_another():
    x = np.array([10.0, 40.0, 60.0])
    assert cluster_points(x, x, 50.0).count.tolist() == [2, 1]
    assert cluster_points(x[1:], x[1:], 50.0).count.tolist() == [1, 1]


@pytest.mark.parametrize("cell", [0, -1, np.nan, np.inf])
def test_unusable(cell):
    with pytest.raises(ParameterError):
        cluster_points([1.0], [1.0], cell)
