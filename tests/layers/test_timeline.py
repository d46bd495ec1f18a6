"""The histogram behind the time brush counts every dated incident once, in bins that begin at local midnight."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from layers import REGISTRY
from layers.base import Params
from layers.timeline import bin_edges
from tests.layers.factory import layer, snapshot

ZONES = st.sampled_from(["Asia/Shanghai", "UTC", "Europe/Helsinki", "America/New_York", "Asia/Kolkata"])


@settings(max_examples=60, deadline=None)
@given(seconds=st.lists(st.integers(1_300_000_000, 1_500_000_000), min_size=1, max_size=30), zone=ZONES)
def test_every_dated_incident_is_counted_once(seconds: list[int], zone: str) -> None:
    n = len(seconds) + 1
    when = np.array([*seconds, 0], dtype="datetime64[s]").astype("datetime64[ms]")
    when[-1] = np.datetime64("NaT")
    town = snapshot(
        {"incidents": layer("incidents", n, x=np.full(n, 5e5), y=np.full(n, 5e6), occurred_at=when)}, timezone=zone
    )
    meta = REGISTRY["timeline"].frame(town, Params()).meta
    assert sum(meta["counts"]) == len(seconds)
    assert meta["undated"] == 1
    assert len(meta["edges"]) == len(meta["counts"]) + 1
    assert meta["counts"][0] > 0
    assert meta["counts"][-1] > 0
    days = [datetime.fromtimestamp(second, ZoneInfo(zone)).date() for second in seconds]
    assert meta["daily"]["first"] == min(days).isoformat()
    counted = {min(days) + timedelta(days=i): n for i, n in enumerate(meta["daily"]["counts"]) if n}
    assert counted == Counter(days)
    assert len(meta["daily"]["counts"]) == (max(days) - min(days)).days + 1


@settings(max_examples=60, deadline=None)
@given(start=st.integers(1_000_000_000, 1_700_000_000), span_days=st.integers(0, 4_000), zone=ZONES)
def test_edges_are_local_midnights_that_hold_both_ends(start: int, span_days: int, zone: str) -> None:
    first, last = np.datetime64(start, "s"), np.datetime64(start + span_days * 86_400, "s")
    step, edges = bin_edges(first, last, zone)
    assert step == ("day" if span_days < 92 else "month" if span_days > 1_101 else step)
    assert all(edge.astimezone(ZoneInfo(zone)).strftime("%H:%M") == "00:00" for edge in edges)
    assert edges[0].timestamp() <= start
    assert start + span_days * 86_400 < edges[-1].timestamp()
    assert all(a < b for a, b in pairwise(edges))
    if step == "week":
        assert all(edge.weekday() == 0 for edge in edges)
        assert all(b.date() - a.date() == timedelta(days=7) for a, b in pairwise(edges))
    if step == "month":
        assert all(edge.day == 1 for edge in edges)


def test_a_week_across_a_clock_change_still_begins_at_midnight() -> None:
    _, edges = bin_edges(np.datetime64("2024-01-02"), np.datetime64("2024-12-30"), "Europe/Helsinki")
    assert {(b - a).days for a, b in pairwise(edges)} == {7}
    assert datetime(2024, 4, 1, tzinfo=ZoneInfo("Europe/Helsinki")) in edges
