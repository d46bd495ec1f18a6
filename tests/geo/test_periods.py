"""Windows before and a year earlier hold the calendar days they say, in every zone; the record ignores stray dates."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import ParameterError
from geo.periods import (
    Window,
    clock,
    exposure_s,
    last_month,
    last_year,
    moment,
    previous,
    record,
    whole_months,
)

ZONES = st.sampled_from(["Asia/Shanghai", "America/Chicago", "Europe/Helsinki", "Asia/Kolkata", "UTC"])
DAYS = st.dates(date(1990, 1, 1), date(2035, 12, 31))


def days(first: date, after: date, zone: str) -> Window:
    """Return the window of whole local days."""
    return Window(*(moment(datetime.combine(day, datetime.min.time()), zone) for day in (first, after)))


def shown(window: Window, zone: str) -> tuple[date, date]:
    start, end = clock(window.start, zone), clock(window.end, zone)
    assert (start.hour, start.minute, end.hour, end.minute) == (0, 0, 0, 0)
    return start.date(), end.date()


@given(DAYS, st.integers(1, 400), ZONES)
def test_before_are_as_many_days_directly_before(first: date, count: int, zone: str) -> None:
    after = first + timedelta(days=count)
    window = days(first, after, zone)
    found = previous(window, zone)
    assert found.end == window.start
    if whole_months(window, zone) is None:
        assert shown(found, zone) == (first - timedelta(days=count), first)


@given(st.integers(1990, 2035), st.integers(1, 12), st.integers(1, 30), ZONES)
def test_before_whole_months_are_as_many_months(year: int, month: int, count: int, zone: str) -> None:
    first = pd.Period(year=year, month=month, freq="M")
    window = days(first.start_time.date(), (first + count).start_time.date(), zone)
    assert whole_months(window, zone) == count
    assert shown(previous(window, zone), zone)[0] == (first - count).start_time.date()


@given(DAYS, st.integers(1, 400), ZONES)
def test_last_year_are_the_same_dates(first: date, count: int, zone: str) -> None:
    last = first + timedelta(days=count - 1)
    begin, after = shown(last_year(days(first, last + timedelta(days=1), zone), zone), zone)
    back = (pd.Timestamp(day) - pd.DateOffset(years=1) for day in (first, last))  # 29 February: the 28th
    want_first, want_last = (one.date() for one in back)
    assert begin == want_first
    whole = (last + timedelta(days=1)).day == 1 and last.month == 2
    assert after - timedelta(days=1) == (
        want_last.replace(day=29) if whole and pd.Timestamp(want_last).is_leap_year else want_last
    )


def test_a_leap_february_is_held_against_a_whole_february() -> None:
    assert last_year(days(date(2021, 2, 1), date(2021, 3, 1), "UTC"), "UTC").days == 29
    assert last_year(days(date(2020, 2, 1), date(2020, 3, 1), "UTC"), "UTC").days == 28


def test_any_other_window_is_exactly_as_long() -> None:
    window = Window(np.datetime64("2024-03-10T05:30", "ms"), np.datetime64("2024-03-11T17:45", "ms"))
    found = previous(window, "America/Chicago")
    assert (found.end, found.seconds) == (window.start, window.seconds)


@pytest.mark.parametrize("edge", ["0001-01-01T00:00", "9999-12-31T23:59"])
def test_windows_beyond_the_calendar_are_refused(edge: str) -> None:
    window = Window(np.datetime64("0001-01-01T00:00", "ms"), np.datetime64("9999-12-31T23:59", "ms"))
    for compared in (previous, last_year):
        with pytest.raises(ParameterError):
            compared(window, "Asia/Shanghai")


def test_stray_dates_are_no_record() -> None:
    stray = np.array(["1900-01-01", "1995-06-03", "2031-01-01"], "datetime64[ms]")
    proper = np.arange("2008-01-01T07:00", "2009-03-15T07:00", np.timedelta64(6, "h"), dtype="datetime64[ms]")
    found = record(np.concatenate([stray, proper, [np.datetime64("NaT")]]), "America/Chicago")
    assert found is not None
    assert shown(found, "America/Chicago") == (date(2008, 1, 1), date(2009, 3, 15))
    assert record(np.array(["NaT"], "datetime64[ms]"), "UTC") is None


@given(st.lists(st.datetimes(datetime(2019, 1, 1), datetime(2021, 12, 31)), min_size=1, max_size=60), ZONES)
def test_the_record_is_whole_local_days_within_the_data(times: list[datetime], zone: str) -> None:
    moments = np.array(times, "datetime64[ms]")
    found = record(moments, zone)
    assert found is not None
    first, after = shown(found, zone)
    local = [clock(one, zone).date() for one in moments]
    assert first in local and after - timedelta(days=1) in local


def test_the_last_month_ends_within_the_record() -> None:
    assert shown(last_month(days(date(2020, 1, 5), date(2020, 6, 17), "UTC"), "UTC"), "UTC") == (
        date(2020, 5, 1),
        date(2020, 6, 1),
    )
    short = days(date(2020, 6, 5), date(2020, 6, 17), "UTC")
    assert last_month(short, "UTC") == short


@given(DAYS, st.integers(1, 60), ZONES, st.sets(st.integers(0, 23)), st.sets(st.integers(1, 7)))
def test_exposure_counts_the_chosen_quarters_of_an_hour(
    first: date, count: int, zone: str, hours: set[int], weekdays: set[int]
) -> None:
    window = days(first, first + timedelta(days=count), zone)
    quarters = pd.date_range(window.start, window.end, freq="15min", inclusive="left", tz="UTC").tz_convert(zone)
    inside = np.ones(len(quarters), bool)
    if hours:
        inside &= quarters.hour.isin(hours)
    if weekdays:
        inside &= (quarters.day_of_week + 1).isin(weekdays)
    assert exposure_s(window, zone, tuple(hours), tuple(weekdays)) == pytest.approx(900.0 * inside.sum())
