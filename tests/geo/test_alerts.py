"""An alert is raised by what is unusual, and false alarms stay within what was asked for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from geo.alerts import LEAST_WEEKS, LIMITS, AlertRule, same_hours, unusual
from geo.errors import ParameterError

NOW = np.datetime64("2024-06-03T12:00", "ms")
HOUR = np.timedelta64(3_600_000, "ms")


def history(rng: np.random.Generator, grids: int, per_week: float, weeks: int = 30) -> tuple[np.ndarray, np.ndarray]:
    """Incidents by chance: as many in each grid, busier by day than by night."""
    count = rng.poisson(per_week * grids * weeks)
    day = rng.integers(0, 7 * weeks, count)
    hour = (rng.normal(13, 4, count)) % 24
    times = NOW - np.timedelta64(7 * weeks, "D") + day.astype("m8[D]") - 12 * HOUR + (hour * 3.6e6).astype("m8[ms]")
    return rng.integers(0, grids, count), times


def slow(index: np.ndarray, times: np.ndarray, grids: int, rule: AlertRule, zone: str) -> tuple[list, list, list]:
    """The oracle: one grid, one window, one incident at a time, and scipy's distribution."""
    windows = same_hours(NOW, rule.hours, rule.weeks, zone)
    begins = windows[0, 0]
    weeks = [(begins - k * 168 * HOUR, begins - (k - 1) * 168 * HOUR) for k in range(1, rule.weeks + 1)]

    def held(cell: int | None, start: np.datetime64, end: np.datetime64) -> int:
        return sum(1 for i, t in zip(index, times, strict=True) if (cell is None or i == cell) and start <= t < end)

    used = [k for k, (start, end) in enumerate(weeks) if held(None, start, end)]
    counts, means, tails = [], [], []
    every = [sum(held(g, *weeks[k]) for k in used) / max(len(used), 1) for g in range(grids)]
    for g in range(grids):
        same = sum(held(g, *windows[k + 1]) for k in used)
        imagined = (every[g] + sum(every) / grids) / 2 * rule.hours / 168
        counts.append(held(g, *windows[0]))
        means.append((same + imagined) / (len(used) + 1))
        tails.append(stats.poisson.sf(counts[-1] - 1, means[-1]))
    return counts, means, tails


@pytest.mark.parametrize(("hours", "zone"), [(1, "UTC"), (3, "Europe/Helsinki"), (24, "Asia/Shanghai")])
def test_it_agrees_with_the_definition(hours: int, zone: str) -> None:
    rng = np.random.default_rng(hours)
    index, times = history(rng, 4, 3.0, 12)
    index[:20] = -1
    gap = (times < NOW - 30 * 24 * HOUR) & (times > NOW - 45 * 24 * HOUR)  # two weeks without a record
    index, times = index[~gap], times[~gap]
    times = np.where(rng.random(len(times)) < 0.02, np.datetime64("NaT"), times)
    rule = AlertRule(hours=hours, weeks=10)
    found = unusual(index, times, 4, NOW, zone, rule)
    counts, means, tails = slow(index, times, 4, rule, zone)
    assert found.count.tolist() == counts
    assert found.expected == pytest.approx(means, rel=1e-12)
    assert found.probability == pytest.approx(tails, rel=1e-9)
    assert found.weeks < 10


def test_a_burst_is_found_and_only_where_it_is() -> None:
    rng = np.random.default_rng(1)
    index, times = history(rng, 200, 2.0)
    burst = NOW - HOUR * rng.random(8)
    found = unusual(np.r_[index, np.full(8, 17)], np.r_[times, burst], 200, NOW, "UTC", AlertRule(false_per_day=0.1))
    assert np.flatnonzero(found.raised).tolist() == [17]
    assert found.count[17] >= 8 > 10 * found.expected[17]
    # What happens now or later is not counted, nor what has no time or no grid.
    odd = np.r_[np.full(9, NOW), np.full(9, NOW + HOUR), np.full(9, np.datetime64("NaT"))]
    later = unusual(np.r_[index, np.full(27, 3)], np.r_[times, odd], 200, NOW, "UTC", AlertRule())
    assert later.count[3] < 9 and not later.raised[3]


def test_false_alarms_stay_within_what_was_asked_for() -> None:
    """Chance alone, over many days: no more alarms than allowed; a discrete test stays below its level."""
    rule, alarms, days = AlertRule(hours=3, weeks=20, false_per_day=2.0, least=2), 0, 0
    for seed in range(12):
        index, times = history(np.random.default_rng(seed), 150, 4.0, 40)
        for day in range(5):
            for window in range(8):
                end = NOW - np.timedelta64(24 * day + 3 * window, "h")
                alarms += int(unusual(index, times, 150, end, "UTC", rule).raised.sum())
            days += 1
    assert alarms / days <= 2.0 * 1.3  # with the spread of sixty days
    assert alarms > 0  # the level is not so strict that nothing could ever be raised


def test_a_short_history_raises_nothing() -> None:
    times = NOW - HOUR * np.r_[np.full(50, 0.5), 200.0, 400.0]
    found = unusual(np.zeros(52, int), times, 1, NOW, "UTC", AlertRule())
    assert found.weeks < LEAST_WEEKS and not found.raised.any() and found.count[0] == 50
    empty = unusual(np.zeros(0, int), np.zeros(0, "datetime64[ms]"), 0, NOW, "UTC", AlertRule())
    assert len(empty.count) == 0 and empty.weeks == 0


@given(hours=st.integers(1, 48), zone=st.sampled_from(["UTC", "Europe/Helsinki", "America/St_Johns", "Asia/Shanghai"]))
def test_windows_show_the_same_clock(hours: int, zone: str) -> None:
    import pandas as pd

    windows = same_hours(np.datetime64("2024-04-05T10:30", "ms"), hours, 30, zone)
    ends = pd.DatetimeIndex(windows[:, 1]).tz_localize("UTC").tz_convert(zone)
    assert len({(one.weekday(), one.hour, one.minute) for one in ends}) == 1
    assert (windows[:, 1] - windows[:, 0] == np.timedelta64(hours, "h")).all()


@pytest.mark.parametrize("name", list(LIMITS))
def test_rules_have_limits(name: str) -> None:
    low, high = LIMITS[name]
    for value in (low / 2 - 1, high * 2, float("nan")):
        with pytest.raises(ParameterError):
            AlertRule(**{name: value})
    assert AlertRule(**{name: high}).threshold(0) > 0
