"""Incidents over time: the histogram behind the time brush."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from branca.element import Element
from numpy.typing import NDArray

from geo.columns import Snapshot
from geo.errors import N_
from geo.local_time import NO_DAY
from layers.base import LayerFrame, Legend, LegendItem, Params, features
from layers.drawn import fetched_layer
from layers.joins import local_times, selected

DAYS_OF_DAYS, DAYS_OF_WEEKS = 92, 1_100
MOST_DAYS = 80_000  # more than two centuries; a record that claims to be longer has wrong dates


def bin_edges(first: np.datetime64, last: np.datetime64, timezone: str) -> tuple[str, list[datetime]]:
    """Return the step ("day", "week", "month") and the local midnights that bound the bins from `first` to `last`.

    The bins hold both ends: ``edges[0] <= first`` and ``last < edges[-1]``. Weeks begin on Monday.
    """
    zone = ZoneInfo(timezone)
    begin, end = (
        datetime.fromtimestamp(int(value.astype("datetime64[s]").astype(np.int64)), UTC).astimezone(zone)
        for value in (first, last)
    )
    days = (end.date() - begin.date()).days
    step = "day" if days <= DAYS_OF_DAYS else "week" if days <= DAYS_OF_WEEKS else "month"
    day = begin.date()
    if step == "week":
        day -= timedelta(days=day.weekday())
    elif step == "month":
        day = day.replace(day=1)
    edges = []
    while True:
        edges.append(datetime(day.year, day.month, day.day, tzinfo=zone))
        if edges[-1] > end:
            return step, edges
        if step == "month":
            day = (day.replace(day=28) + timedelta(days=4)).replace(day=1)
        else:
            day += timedelta(days=7 if step == "week" else 1)


def daily(day: NDArray[np.int32], chosen: NDArray[np.bool_]) -> dict[str, Any] | None:
    """Return the first local date of the record and the chosen incidents of each day from then on.

    Examples
    --------
    >>> daily(np.array([0, 2, 2, NO_DAY], np.int32), np.array([True, True, False, True]))
    {'first': '1970-01-01', 'counts': [1, 0, 1]}
    """
    known = day != NO_DAY
    first, last = int(day[known].min()), int(day.max())
    if last - first >= MOST_DAYS:
        return None
    counts = np.bincount(day[known & chosen] - first, minlength=last - first + 1)
    return {"first": str(np.datetime64(first, "D")), "counts": counts.tolist()}


class TimelineLayer:
    """Counts of incidents by day, week or month, of the chosen categories over the whole time."""

    name = "timeline"
    title = N_("Incidents over time")
    needs = ("incidents",)

    def frame(self, snapshot: Snapshot, params: Params) -> LayerFrame:
        """Return no features; `meta` holds `step`, `counts`, `undated` and `edges` (UTC, one more than counts).

        `daily`: {"first": local date, "counts": one for each local day from the first to the last of the record}, for
        who wants other bins; None for a record of more than 80,000 days.
        """
        incidents = snapshot["incidents"]
        empty = features(snapshot.crs, np.zeros(0, dtype=object), {})
        times = incidents.columns["occurred_at"]
        known = ~np.isnat(times)
        if not known.any():
            return LayerFrame(
                empty, None, {"step": "week", "edges": [], "counts": [], "undated": len(incidents), "daily": None}
            )
        step, edges = bin_edges(times[known].min(), times[known].max(), snapshot.timezone)
        chosen = selected(snapshot, Params(categories=params.categories, hours=params.hours, weekdays=params.weekdays))
        bounds = np.array([np.datetime64(int(edge.timestamp() * 1000), "ms") for edge in edges])
        place = np.searchsorted(bounds, times[known & chosen], side="right") - 1
        counts = np.bincount(place, minlength=len(bounds) - 1)
        meta = {
            "step": step,
            "edges": [edge.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") for edge in edges],
            "counts": [int(count) for count in counts],
            "undated": int((chosen & ~known).sum()),
            "daily": daily(local_times(snapshot).day, chosen),
        }
        units = {"day": N_("incidents per day"), "week": N_("incidents per week"), "month": N_("incidents per month")}
        return LayerFrame(empty, Legend(self.title, units[step], (LegendItem("bar"),)), meta)

    def draw(self, url: str, title: str) -> Element:
        """Return the element that registers the time brush with the page."""
        return fetched_layer(self.name, url, title, kind="timeline", depends=["category", "hours", "weekdays"])
