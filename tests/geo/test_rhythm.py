"""Hour by weekday and the months agree with pandas on times of the town's zone, and lose no incident."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.local_time import local_time
from geo.rhythm import Months, by_month, day_span, dense_span, hour_week

ZONES = st.sampled_from(["Asia/Shanghai", "Europe/Helsinki", "America/Chicago", "Asia/Kolkata", "UTC"])
MOMENTS = st.datetimes(datetime(2019, 11, 1), datetime(2022, 3, 31))
LISTS = st.lists(st.none() | MOMENTS, max_size=40)


def times_of(moments: list[datetime | None]) -> np.ndarray:
    return np.array([np.datetime64("NaT") if one is None else np.datetime64(one, "ms") for one in moments], "M8[ms]")


@settings(max_examples=60, deadline=None)
@given(LISTS, ZONES)
def test_the_matrix_is_a_groupby_of_local_times(moments: list[datetime | None], zone: str) -> None:
    times = times_of(moments)
    local = local_time(times, zone)
    found = hour_week(local, np.ones(len(times), bool), day_span(local.day, zone))
    frame = pd.DatetimeIndex(times[~np.isnat(times)]).tz_localize("UTC").tz_convert(zone)
    expected = pd.DataFrame({"day": frame.day_of_week, "hour": frame.hour}).groupby(["day", "hour"]).size()
    assert {(int(d), int(h)): int(found.counts[d, h]) for d, h in zip(*np.nonzero(found.counts), strict=True)} == {
        key: int(count) for key, count in expected.items()
    }
    assert int(found.counts.sum()) + found.unknown == len(times)
    if len(frame):
        days = pd.date_range(frame.min().date(), frame.max().date(), freq="D")
        assert found.days.tolist() == [int((days.day_of_week == i).sum()) for i in range(7)]


@settings(max_examples=60, deadline=None)
@given(LISTS, ZONES, st.sets(st.integers(1, 7), max_size=6))
def test_the_months_are_a_groupby_of_local_times(moments: list[datetime | None], zone: str, weekdays: set[int]) -> None:
    times = times_of(moments)
    local = local_time(times, zone)
    chosen = np.isin(local.weekday, list(weekdays)) if weekdays else np.ones(len(times), bool)
    found = by_month(local, chosen, day_span(local.day, zone), tuple(sorted(weekdays)))
    frame = pd.DatetimeIndex(times[~np.isnat(times)]).tz_localize("UTC").tz_convert(zone)
    taken = frame[frame.day_of_week.isin([day - 1 for day in weekdays])] if weekdays else frame
    expected = pd.Series(1, index=taken).groupby([taken.year, taken.month]).size()
    counts = {(int(y), int(m)): int(n) for y, m, n in zip(found.year, found.month, found.counts, strict=True) if n}
    assert counts == {key: int(count) for key, count in expected.items()}
    assert int(found.counts.sum()) + found.unknown == int(chosen.sum())
    if len(frame):
        days = pd.date_range(frame.min().date(), frame.max().date(), freq="D")
        held = days[days.day_of_week.isin([day - 1 for day in weekdays])] if weekdays else days
        assert int(found.days.sum()) == len(held)
        whole = {(m.year, m.month) for m in pd.period_range(days[0], days[-1], freq="M")
                 if m.start_time >= days[0] and m.end_time.normalize() <= days[-1]}  # fmt: skip
        complete = {
            (int(y), int(m)) for y, m in zip(found.year[~found.partial], found.month[~found.partial], strict=True)
        }
        assert complete == whole


def test_a_window_that_cuts_a_day_makes_its_month_partial() -> None:
    times = pd.date_range("2024-01-01", "2024-03-31 23:00", freq="h").to_numpy().astype("M8[ms]")
    local = local_time(times, "UTC")
    start, end = np.datetime64("2024-02-01T00:00", "ms"), np.datetime64("2024-03-01T06:00", "ms")

    def months(start: np.datetime64, end: np.datetime64) -> Months:
        return by_month(local, (times >= start) & (times < end), day_span(local.day, "UTC", start, end))

    whole = months(start, np.datetime64("2024-03-01", "ms"))
    assert (whole.month.tolist(), whole.days.tolist(), whole.partial.tolist()) == ([2], [29], [False])
    assert whole.per_day.tolist() == [24.0]
    cut = months(start, end)
    assert (cut.month.tolist(), cut.days.tolist(), cut.partial.tolist()) == ([2, 3], [29, 1], [False, True])
    late = months(np.datetime64("2024-02-01T06:00", "ms"), end)
    assert late.partial.tolist() == [True, True]
    early = months(start, np.datetime64("2024-02-29T12:00", "ms"))  # every day of February, the last not whole
    assert (early.days.tolist(), early.partial.tolist()) == ([29], [True])
    assert day_span(local.day, "UTC", np.datetime64("2030-01-01", "ms")) is None


def test_a_longer_month_does_not_look_busier() -> None:
    times = pd.date_range("2023-01-01", "2024-12-31 18:00", freq="6h").to_numpy().astype("M8[ms]")
    local = local_time(times, "UTC")
    found = by_month(local, np.arange(len(times)), day_span(local.day, "UTC"))
    assert len(found.counts) == 24
    assert set(found.counts.tolist()) == {28 * 4, 29 * 4, 30 * 4, 31 * 4}
    assert found.per_day == pytest.approx(4.0)
    assert found.mean_year() == pytest.approx(4.0)
    assert not found.partial.any()


@given(st.lists(st.integers(-40_000, 20_000), min_size=1, max_size=40), st.integers(0, 3))
def test_the_dense_part_leaves_out_only_thin_tails(far: list[int], crowd: int) -> None:
    day = np.array([*far, *(list(range(15_000, 15_700)) * crowd)], np.int32)
    found = dense_span(day)
    assert found is not None
    before, after = int((day < found.first).sum()), int((day >= found.end).sum())
    assert max(before, after) <= 0.005 * len(day)
    whole = int(day.max()) + 1 - int(day.min())
    assert (before, after) == (0, 0) or found.end - found.first < 0.6 * whole


def test_nothing_known_is_nothing() -> None:
    local = local_time(times_of([None, None]), "UTC")
    assert day_span(local.day, "UTC") is None
    assert dense_span(local.day) is None
    assert hour_week(local, np.arange(2), None).unknown == 2
    assert len(by_month(local, np.arange(2), None).counts) == 0
