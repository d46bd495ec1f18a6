"""The equal steps of time that hot spots are looked at in."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from layers.hotspot_params import Step

Times = NDArray[np.datetime64]


def step_edges(
    first: np.datetime64, last: np.datetime64, end: np.datetime64 | None, step: Step, steps: int, timezone: str
) -> Times:
    """Return the times that bound the last whole steps, at most `steps` of them.

    They are counted back from `end`, or from the local midnight after `last`: 7 days each, or from a day of the month
    to the same day of the next one (the last of the month where it has no such day). Local clocks decide: a step that
    holds a change to summer time is an hour shorter. A step that would begin before the local day of `first` is left
    out.

    Parameters
    ----------
    first, last
        datetime64[ms] in UTC: where the data, or the window that is asked for, begins; the last incident.
    end
        datetime64[ms] in UTC, not included; None: after `last`.

    Returns
    -------
    datetime64[ms] (k + 1,) in UTC, ascending; one edge when there is no whole step.
    """
    zone = ZoneInfo(timezone)
    stop = _midnight(_local(last, zone) + timedelta(days=1)) if end is None else _local(end, zone)
    begin = _midnight(_local(first, zone))
    edges = [stop]
    for back in range(1, steps + 1):
        edge = _shift(stop, step, back)
        if edge < begin:
            break
        edges.append(edge)
    return np.array([np.datetime64(int(edge.timestamp() * 1000), "ms") for edge in reversed(edges)])


def step_of(times: Times, edges: Times) -> NDArray[np.int64]:
    """Return the step of each time, -1 outside all of them or where the time is unknown."""
    place = np.searchsorted(edges, times, side="right") - 1
    return np.where(np.isnat(times) | (place >= len(edges) - 1), -1, place).astype(np.int64)


def _local(moment: np.datetime64, zone: ZoneInfo) -> datetime:
    seconds = int(moment.astype("datetime64[ms]").astype(np.int64)) / 1000
    return datetime.fromtimestamp(seconds, UTC).astimezone(zone)


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)


def _shift(moment: datetime, step: Step, back: int) -> datetime:
    if step == "week":
        return moment - timedelta(days=7 * back)  # of the local clock: the zone follows
    month = moment.year * 12 + moment.month - 1 - back
    year, month = divmod(month, 12)
    return moment.replace(year=year, month=month + 1, day=min(moment.day, monthrange(year, month + 1)[1]))
