"""Hour of the day and weekday of incidents, as the clocks of the town showed them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

UNKNOWN = -1
NO_DAY = np.iinfo(np.int32).min


@dataclass(frozen=True)
class LocalTime:
    """What a local clock and calendar showed.

    Attributes
    ----------
    hour
        int8 (n,): 0 to 23; -1 where the time is unknown.
    weekday
        int8 (n,): 1 (Monday) to 7 (Sunday), as in ISO 8601; -1 where the time is unknown.
    day
        int32 (n,): days since 1970-01-01 of the local date; `NO_DAY` where the time is unknown.
    """

    hour: NDArray[np.int8]
    weekday: NDArray[np.int8]
    day: NDArray[np.int32]


def local_time(occurred_at: NDArray[np.datetime64], timezone: str) -> LocalTime:
    """Return hour and weekday of UTC times in a time zone.

    Parameters
    ----------
    occurred_at
        datetime64 (n,) in UTC; NaT where unknown.
    timezone
        IANA name; summer time is followed.

    Examples
    --------
    >>> found = local_time(np.array(["2024-01-31T17:30", "NaT"], "datetime64[ms]"), "Asia/Shanghai")
    >>> found.hour.tolist(), found.weekday.tolist(), found.day[:1].astype("datetime64[D]").tolist()
    ([1, -1], [4, -1], [datetime.date(2024, 2, 1)])
    """
    import pandas as pd  # slow to import, and only these filters need it

    known = ~np.isnat(occurred_at)
    n = len(occurred_at)
    hour, weekday = np.full(n, UNKNOWN, np.int8), np.full(n, UNKNOWN, np.int8)
    day = np.full(n, NO_DAY, np.int32)
    local = pd.DatetimeIndex(occurred_at[known]).tz_localize("UTC").tz_convert(timezone).tz_localize(None)
    hours = local.to_numpy().astype("datetime64[h]").astype(np.int64)
    day[known], hour[known] = np.floor_divide(hours, 24), np.mod(hours, 24)
    weekday[known] = weekday_of(day[known])
    return LocalTime(hour, weekday, day)


def weekday_of(day: NDArray[np.int32]) -> NDArray[np.int8]:
    """Return the weekday, 1 (Monday) to 7 (Sunday), of days since 1970-01-01, which was a Thursday.

    Examples
    --------
    >>> weekday_of(np.array([0, 4, -1], np.int32)).tolist()
    [4, 1, 3]
    """
    found: NDArray[np.int8] = (np.mod(day + 3, 7) + 1).astype(np.int8)
    return found


def matches(values: NDArray[np.int8], wanted: tuple[int, ...], size: int) -> NDArray[np.bool_]:
    """Return which of `values` (-1 unknown, else below `size`) are `wanted`; the unknown never are."""
    table = np.zeros(size + 1, dtype=np.bool_)
    table[list(wanted)] = True
    table[-1] = False  # where -1 points
    return table[values]
