"""PAI and PEI by hand; a perfect surface has PEI 1, one that knows nothing PAI 1; the backtest knows no future."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.backtest import backtest, last_counts
from geo.errors import ParameterError
from geo.heat import heat_field, surface
from geo.heat_boundary import Boundary
from geo.periods import Window, holdout, moment
from geo.score import CELL_SIZES_M, Cells, cell_size_m, hit_curve, score
from geo.score_surface import cells_of, heat_values

SQUARE = shapely.box(0, 0, 2000, 1000)
ROWS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 8)), min_size=2, max_size=80)


def test_by_hand() -> None:
    # Twenty cells, ten incidents. The two highest cells (10 % of the area) hold four of them: hit rate 0.4, PAI 4.
    # The best two cells hold seven: PEI 4 / 7.
    value = [9, 8] + [1] * 18
    hits = [3, 1, 4, 2] + [0] * 16
    found = score(value, hits, [0.1])
    assert (found.hits[0], found.hit_rate[0], found.area_share[0]) == (4, 0.4, 0.1)
    assert found.pai[0] == pytest.approx(4.0)
    assert found.pei[0] == pytest.approx(4 / 7)


@given(ROWS)
def test_hits_rise_to_all_and_never_beyond_the_best(rows: list[tuple[int, int]]) -> None:
    value, hits = (np.array(column) for column in zip(*rows, strict=True))
    curve, best = hit_curve(value, hits), hit_curve(hits, hits)
    assert curve[0] == 0 and curve[-1] == pytest.approx(hits.sum())
    assert (np.diff(curve) >= -1e-9).all()
    assert (curve <= best + 1e-9).all()
    assert (np.diff(best, 2) <= 1e-9).all()  # the best takes the fullest cells first


@given(ROWS, st.randoms(use_true_random=False))
def test_cells_of_one_value_share_their_hits_whatever_their_order(rows: list[tuple[int, int]], chance: object) -> None:
    shuffled = list(rows)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = (hit_curve(*zip(*part, strict=True)) for part in (rows, shuffled))
    np.testing.assert_allclose(one, other, atol=1e-9)


@given(ROWS, st.lists(st.floats(0.01, 1.0), min_size=1, max_size=5))
def test_pei_is_at_most_one_and_one_for_the_perfect_surface(rows: list[tuple[int, int]], shares: list[float]) -> None:
    value, hits = (np.array(column) for column in zip(*rows, strict=True))
    if not hits.any():
        with pytest.raises(ParameterError):
            score(value, hits, shares)
        return
    assert (score(value, hits, shares).pei <= 1 + 1e-12).all()
    np.testing.assert_allclose(score(hits, hits, shares).pei, 1.0)
    np.testing.assert_allclose(score(np.ones(len(hits)), hits, shares).pai, 1.0)  # all alike: the chance line


def test_a_surface_of_noise_is_no_better_than_chance() -> None:
    found = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        found.append(score(rng.random(2_000), rng.poisson(0.4, 2_000)).pai)
    mean, error = np.mean(found, axis=0), np.std(found, axis=0) / np.sqrt(len(found))
    assert (np.abs(mean - 1.0) <= 4 * error).all()
    assert (error < 0.03).all()


def test_the_interval_of_the_hit_rate_is_that_of_scipy() -> None:
    from scipy import stats

    found = score([3, 2, 1, 0], [13, 4, 2, 1], [0.25])
    want = stats.binomtest(13, 20).proportion_ci(method="wilson")
    assert (found.low[0], found.high[0]) == (pytest.approx(want.low, rel=1e-6), pytest.approx(want.high, rel=1e-6))


def test_missing_values_are_flagged_last() -> None:
    assert hit_curve([np.nan, 0.0, 1.0], [5, 1, 2]).tolist() == [0.0, 2.0, 3.0, 8.0]


# Cells


@settings(max_examples=40)
@given(st.floats(-3e3, 3e3), st.floats(-3e3, 3e3), st.sampled_from([50.0, 100.0, 250.0]))
def test_a_point_is_counted_in_the_cell_whose_centre_is_nearest(x: float, y: float, side: float) -> None:
    cells = cells_of([SQUARE], ["a"], side)
    cx, cy = cells.centres()
    assert shapely.contains_xy(SQUARE, cx, cy).all()
    found = cells.count([x], [y])
    if found.any():
        away = np.maximum(np.abs(cx - x), np.abs(cy - y))
        assert found.sum() == 1 and away[found.argmax()] <= side / 2 + 1e-6
    elif 0 < x < 2000 and 0 < y < 1000:
        pytest.fail("a point of the city is in no cell")


def test_cells_fill_the_city_and_no_more() -> None:
    ring = shapely.box(0, 0, 3000, 3000).difference(shapely.box(1000, 1000, 2000, 2000))
    cells = cells_of([ring], ["a"], 100.0)
    assert (len(cells), cells.area_km2) == (800, 8.0)


@pytest.mark.parametrize(
    ("area_m2", "side"), [(1e6, 50.0), (2e7, 100.0), (9.9e8, 100.0), (1.1e9, 150.0), (1e10, 500.0), (1e12, 5000.0)]
)
def test_the_side_follows_the_area(area_m2: float, side: float) -> None:
    width = area_m2**0.5
    assert cell_size_m(area_m2, (0.0, 0.0, width, width)) == side
    assert side in CELL_SIZES_M


def test_a_box_without_end_is_refused() -> None:
    with pytest.raises(ParameterError):
        cell_size_m(1e9, (-1e12, -1e12, 1e12, 1e12))


@pytest.mark.parametrize("radius", [30.0, 120.0, 700.0])
def test_heat_values_are_the_mean_heat_of_the_cell_and_lose_no_incident(radius: float) -> None:
    rng = np.random.default_rng(1)
    x, y = rng.uniform(800, 1200, 300), rng.uniform(400, 600, 300)  # no kernel reaches the edge but the widest
    cells = cells_of([SQUARE], ["a"], 100.0)
    value = heat_values(heat_field(x, y, radius_m=radius).sampled, cells, radius)
    if radius < 300:
        assert value.sum() * 0.01 == pytest.approx(300, rel=0.02)
    at_x, at_y = np.meshgrid(np.arange(2.5, 2000, 5), 1000 - np.arange(2.5, 1000, 5))
    exact = surface(x, y, at_x, at_y, radius_m=radius, exact=True).reshape(10, 20, 20, 20).mean(axis=(1, 3)).ravel()
    assert np.abs(value - exact).max() <= 0.03 * exact.max()


def test_heat_values_outside_the_boundary_are_missing() -> None:
    cells = cells_of([SQUARE], ["a"], 100.0)
    west = Boundary(shapely.box(0, 0, 1040, 1000))
    value = heat_values(heat_field([500.0], [500.0], radius_m=300.0, boundary=west).sampled, cells, 300.0)
    assert np.isnan(value.reshape(10, 20)).all(axis=0).tolist() == [False] * 11 + [True] * 9


# Holding out


def local(text: str, zone: str = "America/Chicago") -> np.datetime64:
    return moment(datetime.fromisoformat(text), zone)


@pytest.mark.parametrize(
    ("first", "after", "last", "test", "end"),
    [
        ("2019-01-01", "2020-01-01", "2019-11-01", "2019-12-01", "2020-01-01"),
        ("2019-01-10", "2019-12-20", "2019-10-01", "2019-11-01", "2019-12-01"),
        ("2019-03-01", "2019-04-01", "2019-03-18", "2019-03-25", "2019-04-01"),
        ("2019-03-08", "2019-03-13", "2019-03-11", "2019-03-12", "2019-03-13"),
    ],
)
def test_the_last_month_week_or_day_is_held_out(first: str, after: str, last: str, test: str, end: str) -> None:
    found = holdout(Window(local(first), local(after)), "America/Chicago")
    assert found is not None
    assert (found.build.start, found.build.end) == (local(first), local(test))
    assert (found.last.start, found.last.end) == (local(last), local(test))
    assert (found.test.start, found.test.end) == (local(test), local(end))


def test_three_days_are_too_short() -> None:
    assert holdout(Window(local("2019-03-01"), local("2019-03-04")), "America/Chicago") is None


# Backtest


def test_a_surface_sees_only_the_periods_before() -> None:
    rng = np.random.default_rng(3)
    n = 4_000
    edges = np.arange("2024-01", "2024-09", dtype="M8[M]").astype("M8[ms]")
    time = edges[0] + rng.integers(0, int((edges[-1] - edges[0]).astype(int)), n).astype("m8[ms]")
    month = np.searchsorted(edges, time, side="right") - 1
    x = 100.0 * month + rng.uniform(0, 100, n)  # every month elsewhere: only who looks ahead can hit
    y = rng.uniform(0, 100, n)
    cells = Cells(100.0, (0.0, 0.0, 800.0, 100.0), np.ones((1, 8), np.bool_))
    seen: list[set[int]] = []

    def spy(px: np.ndarray, py: np.ndarray, where: Cells) -> np.ndarray:
        seen.append(set((px // 100).astype(int).tolist()))
        return last_counts(px, py, where)

    rows = backtest(x, y, time, edges, cells, {"last": (1, spy), "three": (3, last_counts)}, [0.125])
    assert [row.period for row in rows if row.surface == "last"] == [3, 4, 5, 6]
    assert seen == [{2}, {3}, {4}, {5}]
    assert all(row.score.hits[0] == 0 for row in rows)
    assert sum(row.incidents for row in rows if row.surface == "last") == int((month >= 3).sum())


def test_periods_with_few_incidents_are_left_out() -> None:
    time = np.repeat(np.array(["2024-01-05", "2024-02-05", "2024-03-05"], "M8[ms]"), [30, 5, 30])
    edges = np.arange("2024-01", "2024-05", dtype="M8[M]").astype("M8[ms]")
    cells = Cells(100.0, (0.0, 0.0, 100.0, 100.0), np.ones((1, 1), np.bool_))
    rows = backtest(np.full(65, 5.0), np.full(65, 5.0), time, edges, cells, {"last": (1, last_counts)})
    assert [row.period for row in rows] == [2]
