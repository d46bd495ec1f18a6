"""The weighted displacement difference of the paper; rings cut to the city; control grids like the treated ones."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from geo.displacement import DRAWS, Difference, Placebo, placebo, ring, similar, weighted_difference, zone_of
from geo.errors import ParameterError

FOUR = st.lists(st.integers(0, 500), min_size=4, max_size=4)
CITY = np.array([shapely.box(0, 0, 500, 1000), shapely.box(500, 0, 1000, 1000)], dtype=object)


def test_the_example_of_the_paper() -> None:
    # Wheeler and Ratcliffe 2018: treated 207 to 110, control 308 to 318, ring 178 to 157, its control 150 to 140.
    found = weighted_difference([207, 308, 178, 150], [110, 318, 157, 140])
    assert (found.estimate, found.se**2) == (-118.0, pytest.approx(1568))
    assert (round(found.z, 2), round(found.low), round(found.high)) == (-2.98, -196, -40)
    assert found.p == pytest.approx(2 * stats.norm.cdf(-118 / np.sqrt(1568)), rel=1e-9)
    local = weighted_difference([207, 308, 178, 150], [110, 318, 157, 140], areas=(0, 1))
    spill = weighted_difference([207, 308, 178, 150], [110, 318, 157, 140], areas=(2, 3))
    assert (local.estimate, spill.estimate) == (-107.0, -11.0)


@given(FOUR, FOUR)
def test_it_is_the_formula(before: list[int], after: list[int]) -> None:
    (t0, c0, d0, k0), (t1, c1, d1, k1) = before, after
    found = weighted_difference(before, after)
    assert found.estimate == (t1 - t0) - (c1 - c0) + (d1 - d0) - (k1 - k0)
    assert found.se**2 == pytest.approx(sum(before) + sum(after))
    parts = [weighted_difference(before, after, areas=which) for which in ((0, 1), (2, 3))]
    assert sum(part.estimate for part in parts) == found.estimate


@given(FOUR, st.integers(1, 6))
def test_a_longer_time_before_is_scaled(after: list[int], times: int) -> None:
    # Counts before at exactly the rate of after say that nothing changed, however long they were counted.
    found = weighted_difference([times * n for n in after], after, exposure_before=float(times), exposure_after=1.0)
    assert found.estimate == pytest.approx(0.0, abs=1e-9)
    assert found.se**2 == pytest.approx(sum(after) * (1 + 1 / times))


def test_no_incident_says_nothing() -> None:
    found = weighted_difference([0] * 4, [0] * 4)
    assert (found.estimate, found.se, np.isnan(found.z), np.isnan(found.p)) == (0.0, 0.0, True, True)


def test_without_an_effect_alarms_are_at_the_nominal_rate_and_an_effect_is_found() -> None:
    rng = np.random.default_rng(2)

    def alarms(effect: float) -> float:
        counts = rng.poisson([[100, 120, 60, 70]] * 4_000)
        later = rng.poisson([[100 * effect, 120, 60, 70]] * 4_000)
        return float(np.mean([weighted_difference(a, b).p <= 0.05 for a, b in zip(counts, later, strict=True)]))

    assert alarms(1.0) == pytest.approx(0.05, abs=0.012)
    assert alarms(0.4) > 0.6


# Rings


@given(st.floats(50, 950), st.floats(50, 950), st.floats(10, 200), st.floats(5, 300))
def test_a_ring_lies_around_within_the_city_and_reaches_no_further(
    x: float, y: float, half: float, width: float
) -> None:
    inner = shapely.intersection(shapely.box(x - half, y - half, x + half, y + half), shapely.box(0, 0, 1000, 1000))
    found = ring(inner, CITY, width)
    assert shapely.area(shapely.intersection(found, inner)) < 1e-6
    assert shapely.area(shapely.difference(found, shapely.box(0, 0, 1000, 1000))) < 1e-6
    assert shapely.hausdorff_distance(shapely.union(found, inner), inner) <= width * 1.001
    whole = shapely.area(shapely.intersection(shapely.buffer(inner, width), shapely.box(0, 0, 1000, 1000)))
    assert shapely.area(found) + shapely.area(inner) == pytest.approx(whole, rel=1e-6)
    assert set(shapely.get_type_id(shapely.get_parts(found))) <= {3}


def test_a_ring_leaves_out_what_it_is_told() -> None:
    inner, other = shapely.box(100, 100, 200, 200), shapely.box(200, 100, 400, 200)
    found = ring(inner, CITY, 50.0, other)
    assert shapely.area(shapely.intersection(found, other)) == 0
    assert shapely.is_empty(ring(shapely.box(-10, -10, 1010, 1010), CITY, 5.0))


# Control


def test_the_most_similar_is_chosen_by_count_then_area_then_code() -> None:
    counts, areas, codes = [10, 12, 12, 12, 9], [100, 100, 300, 100, 50], ["t", "c", "b", "a", "d"]
    free = [True] * 5
    assert similar([0], counts, areas, codes, free).tolist() == [4]
    assert similar([0], [10, 12, 12, 12, 0], areas, codes, free).tolist() == [3]  # as c, but the lower code
    assert similar([0], [10, 12, 12, 99, 0], areas, codes, free).tolist() == [1]  # b is three times as large
    assert similar([0], counts, areas, codes, [True, True, False, False, False]).tolist() == [1]


@given(st.lists(st.integers(0, 30), min_size=6, max_size=30), st.data())
def test_each_control_is_taken_once_and_none_is_treated(counts: list[int], data: st.DataObject) -> None:
    n = len(counts)
    wanted = data.draw(st.lists(st.integers(0, n - 1), min_size=1, max_size=n // 2, unique=True))
    free = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    codes = [f"g{i}" for i in range(n)]
    left = int(free.sum() - free[wanted].sum())
    if left < len(wanted):
        with pytest.raises(ParameterError):
            similar(wanted, counts, [1.0] * n, codes, free)
        return
    found = similar(wanted, counts, [1.0] * n, codes, free)
    assert len(set(found.tolist())) == len(wanted) and not set(found.tolist()) & set(wanted)
    assert free[found].all()
    if len(wanted) == 1:
        away = np.abs(np.array(counts) - counts[wanted[0]])
        open_ = np.flatnonzero(free & (np.arange(n) != wanted[0]))
        assert away[found[0]] == away[open_].min()


def test_points_are_in_one_area_or_none() -> None:
    areas = np.array([shapely.box(0, 0, 10, 10), shapely.box(20, 0, 30, 10), shapely.box(10, 0, 15, 10),
                      shapely.box(30, 0, 35, 10)], dtype=object)  # fmt: skip
    assert zone_of([5, 25, 12, 32, 10, 17], [5] * 6, areas).tolist() == [0, 1, 2, 3, 0, -1]


def test_a_difference_can_be_compared() -> None:
    assert weighted_difference([1, 1, 1, 1], [1, 1, 1, 1]) == Difference(
        0.0, pytest.approx(8**0.5), 0.0, 1.0, pytest.approx(-1.959964 * 8**0.5), pytest.approx(1.959964 * 8**0.5)
    )


# Placebo


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=2, max_size=40), st.floats(0, 6))
def test_a_placebo_is_each_grid_against_its_like(counts: list[tuple[int, int]], z: float) -> None:
    before, after = (np.array(side) for side in zip(*counts, strict=True))
    found = placebo(before, after, [True] * len(counts), z)
    order = np.argsort(before, kind="stable")
    large = 0
    for place, row in enumerate(order):
        beside = [order[other] for other in (place + 1, place - 1) if 0 <= other < len(order)]
        like = min(beside, key=lambda other: abs(int(before[other]) - int(before[row])))
        made = weighted_difference([before[row], before[like], 0, 0], [after[row], after[like], 0, 0], areas=(0, 1))
        large += (0.0 if np.isnan(made.z) else abs(made.z)) >= z - 1e-9
    assert (found.tried, found.as_large) == (len(counts), large)
    assert 0 < found.p <= 1


def test_a_placebo_is_honest_where_counts_are_wild() -> None:
    # No effect anywhere, but counts that vary ten times as much as Poisson ones: the counts alone raise many alarms.
    rng = np.random.default_rng(5)
    alone = calibrated = 0
    for _ in range(300):
        before, after = rng.negative_binomial(10, 0.1, (2, 120))
        like = 1 + int(np.argmin(np.abs(before[1:] - before[0])))
        local = weighted_difference([before[0], before[like], 0, 0], [after[0], after[like], 0, 0], areas=(0, 1))
        alone += local.p <= 0.05
        calibrated += placebo(before[1:], after[1:], [True] * 119, local.z).p <= 0.05
    assert alone > 100
    assert calibrated <= 300 * 0.05 + 3 * np.sqrt(300 * 0.05)


def test_sets_of_grids_are_drawn_the_same_each_time() -> None:
    rng = np.random.default_rng(1)
    before, after = rng.poisson(20, (2, 50))
    one, other = (placebo(before, after, [True] * 50, 1.5, size=4) for _ in range(2))
    assert one == other and one.tried == DRAWS
    assert 0 < one.as_large < DRAWS
    assert placebo(before, after, [True] * 3 + [False] * 47, 1.5, size=4) == Placebo(0, 0)
