"""Windows of time that are compared: the one before, the one a year earlier, and what of them the data cover.

A window is half-open, ``start <= t < end``, in UTC; its calendar is that of the town's time zone. All sides are given
and returned as datetime64[ms].
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from geo.errors import N_, ParameterError
from geo.local_time import local_time, matches

DENSE_SHARE = 0.1  # a month with less than this share of a typical month's incidents is no proper part of the record
_QUARTER_H = np.timedelta64(15, "m")  # every time zone of today is a multiple of it away from UTC
_MOST_STEPS = 2_000_000  # about 57 years; beyond, the share of filtered hours is taken as that of an average week
_DAY_S = 86_400.0


@dataclass(frozen=True)
class Window:
    """Half-open span of time, UTC.

    Attributes
    ----------
    start, end
        datetime64[ms], start < end.
    """

    start: np.datetime64
    end: np.datetime64

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return float((self.end - self.start) / np.timedelta64(1, "s"))

    @property
    def days(self) -> float:
        """Length in days of 24 hours."""
        return self.seconds / _DAY_S

    def within(self, other: Window) -> Window | None:
        """Return the part of it that lies in `other`, None when there is none."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Window(start, end) if start < end else None


def clock(moment: np.datetime64, timezone: str) -> datetime:
    """Return what a clock of the time zone showed at a moment (without a zone)."""
    try:
        aware = datetime.fromtimestamp(int(moment.astype("datetime64[ms]").astype(np.int64)) / 1000, UTC)
        return aware.astimezone(ZoneInfo(timezone)).replace(tzinfo=None)
    except (ValueError, OverflowError, OSError):
        raise _beyond(moment) from None


def moment(shown: datetime, timezone: str) -> np.datetime64:
    """Return the moment at which a clock of the time zone shows `shown`; of two, the earlier."""
    try:
        utc = shown.replace(tzinfo=ZoneInfo(timezone)).astimezone(UTC).replace(tzinfo=None)
        return np.datetime64(utc, "ms")
    except (ValueError, OverflowError):
        raise _beyond(shown) from None


def _beyond(when: object) -> ParameterError:
    return ParameterError(
        N_("There is no calendar for the time {value}."), N_("Choose a time window of our days."), value=str(when)
    )


def whole_months(window: Window, timezone: str) -> int | None:
    """Return how many whole calendar months a window is, None when it is none."""
    start, end = clock(window.start, timezone), clock(window.end, timezone)
    if any((shown.day, shown.hour, shown.minute, shown.second, shown.microsecond) != (1, 0, 0, 0, 0)
           for shown in (start, end)):  # fmt: skip
        return None
    return (end.year - start.year) * 12 + end.month - start.month or None


def previous(window: Window, timezone: str) -> Window:
    """Return the window of the same length directly before.

    Whole calendar months: as many months before. Whole days: as many days before. Else exactly as long.

    Examples
    --------
    >>> march = Window(np.datetime64("2024-03-01", "ms"), np.datetime64("2024-04-01", "ms"))
    >>> found = previous(march, "UTC")
    >>> str(found.start.astype("M8[D]")), found.days
    ('2024-02-01', 29.0)
    """
    months = whole_months(window, timezone)
    start, end = clock(window.start, timezone), clock(window.end, timezone)
    if months:
        return Window(moment(_months_earlier(start, months), timezone), window.start)
    if _midnight(start) and _midnight(end):
        return Window(moment(_earlier(start, end - start), timezone), window.start)
    begin = window.start - (window.end - window.start)
    clock(begin, timezone)  # beyond the calendar: told as such
    return Window(begin, window.start)


def last_year(window: Window, timezone: str) -> Window:
    """Return the same dates a year earlier; the 29th of February becomes the 28th.

    The last day of the window is moved, not the midnight after it: "until 28 February" stays that.
    """
    start, end = clock(window.start, timezone), clock(window.end, timezone)
    if _midnight(end) and end - start >= timedelta(days=1):
        last = _year_earlier(_earlier(end, timedelta(days=1)))
        # A window up to the end of February ends with the month, be it of 28 or 29 days.
        return Window(moment(_year_earlier(start), timezone), moment(_end_of_day(last, end), timezone))
    return Window(moment(_year_earlier(start), timezone), moment(_year_earlier(end), timezone))


def _end_of_day(last: datetime, end: datetime) -> datetime:
    after = last + timedelta(days=1)
    return after + timedelta(days=1) if end.day == 1 and (after.month, after.day) == (2, 29) else after


def _months_earlier(shown: datetime, months: int) -> datetime:
    count = shown.year * 12 + shown.month - 1 - months
    if count < 12:
        raise _beyond(shown)
    return shown.replace(year=count // 12, month=count % 12 + 1)


def _year_earlier(shown: datetime) -> datetime:
    if shown.year <= 1:
        raise _beyond(shown)
    day = 28 if (shown.month, shown.day) == (2, 29) else shown.day
    return shown.replace(year=shown.year - 1, day=day)


def _earlier(shown: datetime, span: timedelta) -> datetime:
    try:
        return shown - span
    except OverflowError:
        raise _beyond(shown) from None


def _midnight(shown: datetime) -> bool:
    return (shown.hour, shown.minute, shown.second, shown.microsecond) == (0, 0, 0, 0)


def record(occurred_at: NDArray[np.datetime64], timezone: str) -> Window | None:
    """Return the span that the data cover: from the day of their first incident to the end of that of the last.

    Stray early or late dates do not count as a record: it begins with the first calendar month that has at least a
    tenth of the incidents of a typical month (the median, over incidents, of their month's count), and ends with the
    last such one.

    Parameters
    ----------
    occurred_at
        datetime64 (n,) in UTC; NaT where unknown.
    timezone
        IANA name.

    Returns
    -------
    None without a known time.
    """
    times = occurred_at[~np.isnat(occurred_at)].astype("datetime64[ms]")
    if len(times) == 0:
        return None
    middle = times[len(times) // 2]
    offset = (
        np.datetime64(clock(middle, timezone), "ms") - middle
    )  # of the town's clock; summer time is cut exactly below
    months = (times + offset).astype("datetime64[M]").astype(np.int64)
    low = int(months.min())
    count = np.bincount(months - low)
    ascending = np.sort(count)
    typical = ascending[np.searchsorted(np.cumsum(ascending), len(times) / 2)]
    dense = np.flatnonzero(count >= DENSE_SHARE * typical) + low
    first, after = (moment(_month(int(month)), timezone) for month in (dense[0], dense[-1] + 1))
    inside = times[(times >= first) & (times < after)]
    if len(inside) == 0:  # all of them within the hour that summer time moves
        inside = times
    start = clock(inside.min(), timezone).replace(hour=0, minute=0, second=0, microsecond=0)
    end = clock(inside.max(), timezone).replace(hour=0, minute=0, second=0, microsecond=0)
    return Window(moment(start, timezone), moment(end + timedelta(days=1), timezone))


def _month(since_1970: int) -> datetime:
    year, month = divmod(since_1970, 12)
    try:
        return datetime(1970 + year, month + 1, 1)
    except ValueError:
        raise _beyond(1970 + year) from None


def last_month(span: Window, timezone: str) -> Window:
    """Return the last calendar month that ends within a span; the whole span where none does."""
    end = clock(span.end, timezone).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    found = Window(moment(_months_earlier(end, 1), timezone), moment(end, timezone))
    return found if found.start >= span.start else span


def exposure_s(window: Window, timezone: str, hours: tuple[int, ...] = (), weekdays: tuple[int, ...] = ()) -> float:
    """Return how many seconds of a window lie in the chosen hours of the day and weekdays of the town's clock.

    Examples
    --------
    >>> june = Window(np.datetime64("2024-06-01", "ms"), np.datetime64("2024-07-01", "ms"))
    >>> exposure_s(june, "UTC", weekdays=(6, 7)) / 86_400  # five Saturdays, five Sundays
    10.0
    """
    if not hours and not weekdays:
        return window.seconds
    if window.seconds / 900 > _MOST_STEPS:
        return window.seconds * (len(hours) or 24) / 24 * (len(weekdays) or 7) / 7
    steps = np.arange(window.start, window.end, _QUARTER_H)
    local = local_time(steps, timezone)
    inside = np.ones(len(steps), dtype=np.bool_)
    if hours:
        inside &= matches(local.hour, hours, 24)
    if weekdays:
        inside &= matches(local.weekday, weekdays, 8)
    length = np.full(len(steps), 900.0)
    length[-1] = window.seconds - 900.0 * (len(steps) - 1)
    return float(length[inside].sum())


@dataclass(frozen=True)
class Holdout:
    """A span of time in parts: a surface is made from `build` and judged on `test`, which it does not know.

    Attributes
    ----------
    build
        From the begin of the span to `test`.
    last
        The period before `test`, as long as it: the naive baseline counts it. Within `build`.
    test
        The last period.
    """

    build: Window
    last: Window
    test: Window


def holdout(span: Window, timezone: str) -> Holdout | None:
    """Hold out the last period of a span: its last calendar month, week or day, by its length.

    A month of at least three months, seven days of at least three weeks, one day of at least four days; None of
    shorter spans. What comes after the last whole month of a span is left out.

    Examples
    --------
    >>> year = Window(np.datetime64("2019-01-01", "ms"), np.datetime64("2020-01-01", "ms"))
    >>> parts = holdout(year, "UTC")
    >>> str(parts.last.start.astype("M8[D]")), str(parts.test.start.astype("M8[D]")), parts.build.days
    ('2019-11-01', '2019-12-01', 334.0)
    """
    if span.days >= 92:
        test = last_month(span, timezone)
    else:
        count = 7 if span.days >= 21 else 1
        end = clock(span.end, timezone)
        after = end.replace(hour=0, minute=0, second=0, microsecond=0)
        test = Window(moment(_earlier(after, timedelta(days=count)), timezone), moment(after, timezone))
    last = previous(test, timezone)
    if test == span or last.start < span.start or span.days < 4:
        return None
    return Holdout(Window(span.start, test.start), last, test)


def around(when: np.datetime64, days_before: int, days_after: int, timezone: str) -> tuple[Window, Window]:
    """Return the windows of so many days of the town's calendar before and after a moment.

    Examples
    --------
    >>> before, after = around(np.datetime64("2024-03-01", "ms"), 29, 31, "UTC")
    >>> str(before.start.astype("M8[D]")), str(after.end.astype("M8[D]"))
    ('2024-02-01', '2024-04-01')
    """
    shown = clock(when, timezone)
    first = moment(_earlier(shown, timedelta(days=days_before)), timezone)
    last = moment(_earlier(shown, timedelta(days=-days_after)), timezone)
    return Window(first, when), Window(when, last)
