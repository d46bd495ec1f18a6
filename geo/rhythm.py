"""The rhythm of incidents: hour by weekday, and months and weekdays as averages per day.

Sums over months or weekdays mislead, because months differ in length and a window may hold five Mondays and four
Tuesdays. So every sum comes with the number of days it was made of.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.local_time import NO_DAY, LocalTime, local_time, matches, weekday_of

HOURS, WEEKDAYS, MONTHS = 24, 7, 12
TAIL, WORTH = 0.005, 0.6


@dataclass(frozen=True)
class Span:
    """Local days that a record and a window have in common, ``first <= day < end`` (days since 1970-01-01).

    `cut_first`, `cut_last`: the window takes only a part of the first or of the last day.
    """

    first: int
    end: int
    cut_first: bool = False
    cut_last: bool = False

    @property
    def days(self) -> NDArray[np.int32]:
        """int32: every day of the span, in order."""
        return np.arange(self.first, self.end, dtype=np.int32)


@dataclass(frozen=True)
class HourWeek:
    """Incidents by weekday and hour.

    Attributes
    ----------
    counts
        int64 (7, 24): rows Monday to Sunday, columns 0 to 23 h of the local clock.
    days
        int64 (7,): how many Mondays, Tuesdays, … the span holds.
    unknown
        Incidents without a time; ``counts.sum() + unknown`` are all.
    """

    counts: NDArray[np.int64]
    days: NDArray[np.int64]
    unknown: int


@dataclass(frozen=True)
class Months:
    """Incidents by month, one entry for every month of the span, in order.

    Attributes
    ----------
    year, month
        int64 (n,): 2024 and so on; 1 to 12.
    counts
        int64 (n,).
    days
        int64 (n,): days of the span in the month that are of the chosen weekdays.
    partial
        bool (n,): the span holds only a part of the month.
    unknown
        Incidents without a time.
    """

    year: NDArray[np.int64]
    month: NDArray[np.int64]
    counts: NDArray[np.int64]
    days: NDArray[np.int64]
    partial: NDArray[np.bool_]
    unknown: int

    @property
    def per_day(self) -> NDArray[np.float64]:
        """float64 (n,): incidents per day; NaN for a month without such a day."""
        return rate(self.counts, self.days)

    def mean_year(self) -> NDArray[np.float64]:
        """Return float64 (12,): incidents per day of each month of the year, all years together (days weigh alike)."""
        counts = np.bincount(self.month - 1, self.counts, MONTHS)
        return rate(counts, np.bincount(self.month - 1, self.days, MONTHS))


def rate(counts: NDArray[Any], days: NDArray[Any]) -> NDArray[np.float64]:
    """Return counts / days, NaN where there is no day."""
    found: NDArray[np.float64] = np.divide(counts, days, out=np.full(len(counts), np.nan), where=days > 0)
    return found


def day_span(
    day: NDArray[np.int32], timezone: str, start: np.datetime64 | None = None, end: np.datetime64 | None = None
) -> Span | None:
    """Return the local days from the first to the last of `day` that the window touches; None if there is none.

    Parameters
    ----------
    day
        int32 (n,), `LocalTime.day` of the whole record.
    timezone
        IANA name.
    start, end
        Window ``start <= t < end`` in UTC; None: open.

    Examples
    --------
    >>> days = np.array(["2024-01-30", "2024-03-02"], "datetime64[D]").astype(np.int32)
    >>> found = day_span(days, "UTC", end=np.datetime64("2024-02-01T12:00"))
    >>> len(found.days), found.cut_first, found.cut_last
    (3, False, True)
    """
    known = day[day != NO_DAY]
    if len(known) == 0:
        return None
    first, last = int(known.min()), int(known.max()) + 1
    cut_first = cut_last = False
    if start is not None:
        moment = _local(start, timezone)
        if moment[0] >= first:
            first, cut_first = moment
    if end is not None:
        whole, part = _local(end, timezone)
        if whole + part < last or (whole + part == last and part):
            last, cut_last = whole + int(part), part
    return Span(first, last, cut_first, cut_last) if first < last else None


def dense_span(day: NDArray[np.int32]) -> Span | None:
    """Return the days of a record without a long thin tail at either end; None if no day is known.

    A few dates far off (a fraud of years ago that is reported now, a slip of the pen) would stretch a chart of twelve
    years to a century. A tail is left out where it holds no more than half a percent of the incidents and both tails
    together make up more than two fifths of the length. The months where it ends stay whole.

    Examples
    --------
    >>> days = np.concatenate([[-20_000], np.arange(13_879, 15_000)]).astype(np.int32)  # 1 January 2008 is day 13,879
    >>> dense_span(days), len(dense_span(days[1:]).days)
    (Span(first=13879, end=15000, cut_first=False, cut_last=False), 1121)
    """
    known = np.sort(day[day != NO_DAY])
    if len(known) == 0:
        return None
    whole = Span(int(known[0]), int(known[-1]) + 1)
    few = int(len(known) * TAIL)
    # The first day that may not be left out: with it more than the few would be.
    ends = np.array([known[few], known[len(known) - 1 - few]]).astype("datetime64[D]").astype("datetime64[M]")
    first, end = (ends + np.array([0, 1])).astype("datetime64[D]").astype(np.int64).tolist()
    dense = Span(max(first, whole.first), min(end, whole.end))
    return dense if dense.end - dense.first < WORTH * (whole.end - whole.first) else whole


def _local(moment: np.datetime64, timezone: str) -> tuple[int, bool]:
    """Return the local day of a moment, and whether the moment lies after the beginning of that day."""
    here, before = moment.astype("datetime64[ms]"), moment.astype("datetime64[ms]") - np.timedelta64(1, "ms")
    day = local_time(np.array([here, before]), timezone).day
    return int(day[0]), bool(day[0] == day[1])


def hour_week(local: LocalTime, chosen: NDArray[Any], span: Span | None) -> HourWeek:
    """Count incidents by weekday and hour.

    Parameters
    ----------
    local
        Of every incident.
    chosen
        Which incidents: bool (n,) or their positions.
    span
        Days the chosen ones may lie in (`day_span`).

    Examples
    --------
    >>> times = np.array(["2024-01-01T08:30", "2024-01-08T08:00", "NaT"], "datetime64[ms]")
    >>> local = local_time(times, "UTC")
    >>> found = hour_week(local, np.arange(3), day_span(local.day, "UTC"))
    >>> int(found.counts[0, 8]), found.days.tolist(), found.unknown
    (2, [2, 1, 1, 1, 1, 1, 1], 1)
    """
    weekday, hour = local.weekday[chosen], local.hour[chosen]
    known = weekday > 0
    place = (weekday[known].astype(np.int64) - 1) * HOURS + hour[known]
    counts = np.bincount(place, minlength=WEEKDAYS * HOURS).reshape(WEEKDAYS, HOURS)
    days = np.zeros(0, np.int32) if span is None else span.days
    mondays = np.bincount(weekday_of(days).astype(np.int64) - 1, minlength=WEEKDAYS)
    return HourWeek(counts, mondays, int(len(known) - known.sum()))


def by_month(local: LocalTime, chosen: NDArray[Any], span: Span | None, weekdays: tuple[int, ...] = ()) -> Months:
    """Count incidents by month of the span.

    Parameters
    ----------
    local, chosen, span
        As for `hour_week`; every chosen incident with a time lies in the span.
    weekdays
        Only these weekdays (1 Monday to 7) count as days; empty: all. The chosen incidents are of them already.

    Examples
    --------
    >>> local = local_time(np.array(["2024-01-31", "2024-02-01", "2024-02-29"], "datetime64[ms]"), "UTC")
    >>> found = by_month(local, np.arange(3), day_span(local.day, "UTC"))
    >>> found.month.tolist(), found.counts.tolist(), found.days.tolist(), found.partial.tolist()
    ([1, 2], [1, 2], [1, 29], [True, False])
    """
    day = local.day[chosen]
    known = day != NO_DAY
    unknown = int(len(known) - known.sum())
    if span is None:
        none = np.zeros(0, np.int64)
        return Months(none, none, none, none, np.zeros(0, np.bool_), unknown)
    days = span.days
    months = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    first, n = int(months[0]), int(months[-1] - months[0]) + 1
    counts = np.bincount(months[day[known] - span.first] - first, minlength=n)
    held = np.bincount(months - first, minlength=n)
    wanted = matches(weekday_of(days), weekdays, WEEKDAYS + 1) if weekdays else np.ones(len(days), np.bool_)
    every = np.arange(first, first + n)
    length = ((every + 1).astype("datetime64[M]").astype("datetime64[D]") - _month_start(every)).astype(np.int64)
    partial = held < length
    partial[0] |= span.cut_first
    partial[-1] |= span.cut_last
    return Months(
        1970 + every // MONTHS,
        every % MONTHS + 1,
        counts,
        np.bincount(months[wanted] - first, minlength=n),
        partial,
        unknown,
    )


def _month_start(months: NDArray[np.int64]) -> NDArray[np.datetime64]:
    return months.astype("datetime64[M]").astype("datetime64[D]")
