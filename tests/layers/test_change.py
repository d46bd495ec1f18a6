"""The change of each grid is what a plain loop over the incidents counts, tested by scipy one by one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from geo.compare import KINDS
from geo.periods import previous
from layers.base import Params
from layers.change import ChangeLayer, symbols
from layers.compared import compared, counts, pair, pairs_of
from layers.joins import assigned
from tests.layers.factory import snapshot, town

TOWN = town(4_000, seed=3)
DAYS = st.integers(0, 600)


def at(day: int) -> np.datetime64:
    return np.datetime64("2025-01-05T16:00", "ms") + np.timedelta64(day, "D")


@settings(max_examples=25, deadline=None)
@given(DAYS, st.integers(1, 200), st.sampled_from([(), ("noise",), ("waste", "noise")]), st.sampled_from([(), (8, 9)]))
def test_the_frame_is_what_a_loop_counts(
    begin: int, length: int, categories: tuple[str, ...], hours: tuple[int, ...]
) -> None:
    params = Params(level="grid", start=at(begin), end=at(begin + length), categories=categories, hours=hours)
    windows = pair(TOWN, params)
    assert windows is not None
    frame = ChangeLayer().frame(TOWN, params)
    if windows.state != "ok":
        assert len(frame.features) == 0 and frame.meta["state"] == windows.state
        return
    incidents, codes = TOWN["incidents"], TOWN["grids"].text("code")
    joined = assigned(TOWN, "grid")
    hour = (incidents.columns["occurred_at"].astype("M8[h]").astype(np.int64) + 8) % 24  # Asia/Shanghai
    tally: dict[tuple[str, str], int] = {}
    for side, window in (("now", windows.now.covered), ("before", windows.before.covered)):
        assert window is not None
        for row, when in enumerate(incidents.columns["occurred_at"]):
            if joined.index[row] < 0 or not (window.start <= when < window.end):
                continue
            if (categories and incidents.text("category")[row] not in categories) or (hours and hour[row] not in hours):
                continue
            code = codes[joined.rows[joined.index[row]]]
            tally[code, side] = tally.get((code, side), 0) + 1
    share = windows.now.exposure_s / (windows.now.exposure_s + windows.before.exposure_s)
    p = []
    for _, row in frame.features.iterrows():
        now, before = (tally.get((row["code"], side), 0) for side in ("now", "before"))
        assert (row["now"], row["before"]) == (now, before)
        if now + before:
            p.append((row["code"], stats.binomtest(now, now + before, share).pvalue))
        else:
            assert row["q"] is None and row["kind"] == "none"
    q = (
        dict(zip([code for code, _ in p], stats.false_discovery_control([one for _, one in p]), strict=True))
        if p
        else {}
    )
    found = frame.features.set_index("code")
    for code, value in q.items():
        assert found.loc[code, "q"] == pytest.approx(value)
        assert (found.loc[code, "kind"] in ("up", "down")) == (value <= 0.05)


def test_a_grid_that_doubled_is_found_and_the_rest_is_grey() -> None:
    rng = np.random.default_rng(5)
    incidents = TOWN["incidents"]
    joined = assigned(TOWN, "grid")
    times = at(0) + rng.integers(0, 60 * 86_400_000, len(incidents)).astype("m8[ms]")
    busy = joined.index == 5
    times[busy] = at(30) + rng.integers(0, 30 * 86_400_000, int(busy.sum())).astype("m8[ms]")  # all of it now
    changed = replace(incidents, columns={**incidents.columns, "occurred_at": times})
    made = replace(TOWN, layers={**TOWN.layers, "incidents": changed})
    frame = ChangeLayer().frame(made, Params(level="grid", start=at(30), end=at(60)))
    assert frame.features["symbol"].tolist().count("change-up-2") == 1
    assert frame.features["symbol"].tolist()[5] == "change-up-2"
    assert frame.legend is not None
    assert sum(item.count or 0 for item in frame.legend.items) == len(joined.rows)


def test_what_is_not_covered_is_not_zero() -> None:
    params = Params(level="grid", start=at(0), end=at(30), against="last_year")
    frame = ChangeLayer().frame(TOWN, params)
    assert (len(frame.features), frame.legend, frame.meta["state"]) == (0, None, "before_not_covered")
    empty = ChangeLayer().frame(snapshot(), Params())
    assert (len(empty.features), empty.meta["state"]) == (0, "no_dates")


def test_a_window_that_is_covered_in_part_is_compared_by_that_part() -> None:
    windows = pair(TOWN, Params(start=at(20), end=at(60)))
    assert windows is not None and windows.before.partial and not windows.now.partial
    assert windows.before.covered is not None
    assert windows.before.covered.start == windows.record.start
    assert windows.before.exposure_s == windows.before.covered.seconds < windows.before.window.seconds


def test_without_a_window_the_last_whole_month_stands_in() -> None:
    windows = pair(TOWN, Params())
    assert windows is not None and windows.assumed
    assert windows.before.window == previous(windows.now.window, TOWN.timezone)
    assert windows.now.window.end <= windows.record.end


@pytest.mark.parametrize("sparse", [False, True])
def test_sums_of_grids_categories_and_pairs_agree(sparse: bool) -> None:
    params = Params(level="grid")
    windows = pair(TOWN, params)
    assert windows is not None and windows.now.covered is not None and windows.before.covered is not None
    found, earlier = (counts(TOWN, params, "grid", side.covered) for side in (windows.now, windows.before))
    if sparse:  # as with very many grids and categories: by sorting, not by a table
        found, earlier = (replace(one, grids=1 << 40) for one in (found, earlier))
    keys, many, before = pairs_of(found, earlier)
    if sparse:
        found, earlier = (replace(one, grids=16) for one in (found, earlier))
    assert (np.diff(keys) > 0).all() and (many + before > 0).all()
    for one, column in ((found, many), (earlier, before)):
        assert int(one.by_grid().sum()) + one.outside == one.total == int(one.by_category().sum())
        np.testing.assert_array_equal(np.bincount(keys // one.categories, column, one.grids), one.by_grid())
        inside = sum(one.by_category(grid) for grid in range(one.grids))
        np.testing.assert_array_equal(np.bincount(keys % one.categories, column, one.categories), inside)


def test_every_kind_has_its_symbol() -> None:
    result = compared(TOWN, Params(level="grid"), "grid").grids()
    assert result is not None
    for kind, symbol in zip(result.kind, symbols(result), strict=True):
        assert (KINDS[kind] in ("up", "down")) == symbol.startswith(("change-up", "change-down"))
