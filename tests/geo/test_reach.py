"""Reach and density are each other's inverse, and the standard's numbers stay as they were read."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import ParameterError
from geo.reach import EDITIONS, capped_reach_m, density_px_per_m, edition, near_blind_m, reach_m

NAN = float("nan")


@pytest.mark.parametrize(
    ("px_per_m", "metres"), [(250, 3.84), (125, 7.68), (62.5, 15.36), (25, 38.4), (20, 48.0), (500, 1.92)]
)
def test_vector(px_per_m, metres):
    assert reach_m(1920, 90, px_per_m) == pytest.approx(metres)


def test_wide_lenses_go_by_angle():
    assert reach_m(1920, 180, 20) == pytest.approx(1920 / (20 * np.pi))
    assert reach_m([1920, 1920], [360, 270], 20) == pytest.approx([1920 / (40 * np.pi), 1920 / (30 * np.pi)])


def test_what_is_unknown_stays_unknown():
    assert np.isnan(reach_m([NAN, 1920, 1920, 1920, 1920], [90, NAN, 0, -5, 361], 20)).all()
    assert np.isnan(density_px_per_m(1920, 90, [0, -1, NAN])).all()


@given(pixels=st.integers(1, 20_000), hfov=st.floats(1, 360), task=st.floats(1, 2000))
def test_inverse(pixels, hfov, task):
    distance = reach_m(pixels, hfov, task)
    assert density_px_per_m(pixels, hfov, distance) == pytest.approx(task)


def test_cap():
    assert capped_reach_m([10, 10, NAN], [5, NAN, 7]).tolist() == [5, 10, 7]
    assert np.isnan(capped_reach_m(NAN, NAN))


def test_near_blind_radius():
    assert near_blind_m(3, 15, 60) == pytest.approx(3)
    assert near_blind_m([3, 3], [60, 80], [60, 90]).tolist() == [0, 0]
    assert np.isnan(near_blind_m([3, NAN, 3, 3], [-40, 15, NAN, 15], [60, 60, 60, NAN])).all()


def test_editions():
    assert [task.px_per_m for task in edition("2014").tasks] == [12.5, 25, 62.5, 125, 250, 1000]
    assert [task.px_per_m for task in edition("2025").tasks] == [20, 40, 80, 125, 250, 500, 1500]
    assert {task.name: task.mark for task in edition("2014").tasks}["inspect"] == "M"
    assert edition("2025").task("Discern").px_per_m == 80
    for table in EDITIONS.values():
        densities = [task.px_per_m for task in table.tasks]
        assert densities == sorted(densities)


@pytest.mark.parametrize(
    "wrong", [lambda: edition("1999"), lambda: edition("2014").task("discern"), lambda: reach_m(1, 1, 0)]
)
def test_unusable(wrong):
    with pytest.raises(ParameterError):
        wrong()


def test_an_angle_of_almost_nothing_resolves_without_end():
    assert reach_m([1920.0], [1e-308], 25.0).tolist() == [np.inf]
