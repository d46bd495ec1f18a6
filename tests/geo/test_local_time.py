"""Hour and weekday are those of the town's clock, whatever the season; unknown times match no filter."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from geo.local_time import local_time, matches

ZONES = st.sampled_from(["Asia/Shanghai", "Europe/Helsinki", "America/Chicago", "Asia/Kolkata", "UTC"])
MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2037, 12, 31))


@given(st.lists(st.none() | MOMENTS, max_size=8), ZONES)
def test_as_the_standard_library_says(moments: list[datetime | None], zone: str) -> None:
    times = np.array([np.datetime64("NaT") if one is None else np.datetime64(one, "ms") for one in moments], "M8[ms]")
    found = local_time(times, zone)
    local = [None if one is None else one.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)) for one in moments]
    assert found.hour.tolist() == [-1 if one is None else one.hour for one in local]
    assert found.weekday.tolist() == [-1 if one is None else one.isoweekday() for one in local]


def test_the_unknown_match_nothing() -> None:
    assert matches(np.array([-1, 0, 23], np.int8), (23,), 24).tolist() == [False, False, True]
    assert matches(np.array([-1, 7, 1], np.int8), tuple(range(1, 8)), 8).tolist() == [False, True, True]
