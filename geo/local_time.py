"""Hour of the day and weekday of incidents, as the clocks of the town showed them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

UNKNOWN = -1


@dataclass(frozen=True)
class LocalTime:
    """What a local clock and calendar showed.

    Attributes
    ----------
    hour
        int8 (n,): 0 to 23; -1 where the time is unknown.
    weekday
        int8 (n,): 1 (Monday) to 7 (Sunday), as in ISO 8601; -1 where the time is unknown.
    """

    hour: NDArray[np.int8]
    weekday: NDArray[np.int8]


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
    >>> found.hour.tolist(), found.weekday.tolist()
    ([1, -1], [4, -1])
    """
    import pandas as pd  # slow to import, and only these filters need it

    known = ~np.isnat(occurred_at)
    hour, weekday = np.full(len(occurred_at), UNKNOWN, np.int8), np.full(len(occurred_at), UNKNOWN, np.int8)
    local = pd.DatetimeIndex(occurred_at[known]).tz_localize("UTC").tz_convert(timezone)
    hour[known], weekday[known] = local.hour.to_numpy(), local.day_of_week.to_numpy() + 1
    return LocalTime(hour, weekday)


def matches(values: NDArray[np.int8], wanted: tuple[int, ...], size: int) -> NDArray[np.bool_]:
    """Return which of `values` (-1 unknown, else below `size`) are `wanted`; the unknown never are."""
    table = np.zeros(size + 1, dtype=np.bool_)
    table[list(wanted)] = True
    table[-1] = False  # where -1 points
    return table[values]
