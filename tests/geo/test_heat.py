"""The raster is the sum of the kernels, every incident weighs one, and neighbours agree at their seam."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.errors import ParameterError
from geo.heat import heat_grid, peak
from tests import oracles

RNG = np.random.default_rng(7)
X, Y = RNG.uniform(500_000, 502_000, 60), RNG.uniform(6_670_000, 6_672_000, 60)
BOX = (500_000.0, 6_670_000.0, 502_000.0, 6_672_000.0)


@pytest.mark.parametrize("bandwidth", [250.0, 400.0, 900.0, 5000.0])
@pytest.mark.parametrize("shape", [(40, 40), (30, 50)])
def test_equals_the_sum_of_kernels(bandwidth, shape):
    exact = oracles.heat(X, Y, BOX, shape, bandwidth)
    error = np.abs(heat_grid(X, Y, BOX, shape, bandwidth) - exact).max() / exact.max()
    assert error < 0.02 * (400 / bandwidth) ** 2 + 0.003


def test_fine_rasters_are_interpolated_from_a_coarse_lattice():
    box = (500_900.0, 6_670_900.0, 501_000.0, 6_671_000.0)
    exact = oracles.heat(X, Y, box, (20, 20), 500.0)
    assert heat_grid(X, Y, box, (20, 20), 500.0) == pytest.approx(exact, rel=0.02)


@settings(max_examples=40)
@given(bandwidth=st.floats(1, 400), rows=st.integers(20, 90), columns=st.integers(20, 90))
def test_conserves_incidents_away_from_edges(bandwidth, rows, columns):
    box = (BOX[0] - 1000, BOX[1] - 1000, BOX[2] + 1000, BOX[3] + 1000)
    grid = heat_grid(X, Y, box, (rows, columns), bandwidth)
    assert grid.min() >= 0
    assert grid.sum() * 16 / (rows * columns) == pytest.approx(60, rel=1e-9)


def test_north_is_row_0():
    grid = heat_grid([500_100.0], [6_671_900.0], BOX, (10, 10), 150.0)
    assert np.unravel_index(grid.argmax(), grid.shape) == (0, 0)


@pytest.mark.parametrize("bandwidth", [300.0, 3000.0])
def test_neighbours_agree_at_their_seam(bandwidth):
    step = 2000 / 64
    whole = heat_grid(X, Y, (BOX[0], BOX[1], BOX[2] + 2000, BOX[3]), (64, 128), bandwidth)
    left = heat_grid(X, Y, BOX, (64, 64), bandwidth)
    right = heat_grid(X, Y, (BOX[0] + 64 * step, BOX[1], BOX[2] + 64 * step, BOX[3]), (64, 64), bandwidth)
    assert np.hstack([left, right]) == pytest.approx(whole, abs=whole.max() * 1e-9)


def test_points_beyond_the_box_reach_in_and_far_ones_do_not():
    assert heat_grid([BOX[0] - 50], [6_671_000.0], BOX, (50, 50), 200.0).max() > 0
    assert heat_grid([BOX[0] - 500], [6_671_000.0], BOX, (50, 50), 200.0).max() == 0
    assert heat_grid([], [], BOX, (5, 5), 200.0).max() == 0


@pytest.mark.parametrize("bandwidth", [100.0, 400.0, 2000.0])
def test_peak_is_the_highest_of_a_fine_raster(bandwidth):
    box = (BOX[0] - 500, BOX[1] - 500, BOX[2] + 500, BOX[3] + 500)
    fine = heat_grid(X, Y, box, (600, 600), bandwidth)
    assert peak(X, Y, bandwidth) == pytest.approx(fine.max(), rel=0.03)


def test_peak_of_one_of_many_and_of_none():
    assert peak([5.0], [5.0], 100.0) == pytest.approx(3e6 / (np.pi * 100**2), rel=0.03)
    assert peak([], [], 100.0) == 0
    far = np.append(X, [0.0, 1e7])
    assert peak(far, np.append(Y, [0.0, 1e7]), 300.0) == pytest.approx(peak(X, Y, 300.0))


@pytest.mark.parametrize(
    ("box", "shape", "bandwidth"),
    [(BOX, (10, 10), 0), (BOX, (10, 10), np.nan), (BOX, (0, 10), 10), ((0, 0, 0, 1), (5, 5), 10)],
)
def test_unusable(box, shape, bandwidth):
    with pytest.raises(ParameterError):
        heat_grid(X, Y, box, shape, bandwidth)


def test_peak_needs_a_radius():
    with pytest.raises(ParameterError):
        peak(X, Y, -1)
