"""Hot spots of a snapshot: no incident lost, steps of the local clock, a reason where nothing can be tested."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.assign import assign
from geo.columns import Snapshot
from geo.errors import ParameterError, UnknownLevelError
from geo.hotspots import gi_star
from geo.neighbours import contiguity
from layers import REGISTRY
from layers.base import Params
from layers.hotspot_params import HotspotParams
from layers.hotspot_result import hotspots
from layers.hotspot_steps import step_edges, step_of
from layers.hotspots import columns, kinds, totals
from tests.layers.factory import CELL, X0, Y0, layer, snapshot, town

TOWN = town(4000)
GRIDS = HotspotParams(unit="grid", steps=60)


def moment(text: str) -> np.datetime64:
    return np.datetime64(text, "ms")


def local(edges: np.ndarray, zone: str) -> list[str]:
    return [str(pd.Timestamp(edge, tz="UTC").tz_convert(ZoneInfo(zone)))[:16] for edge in edges]


def test_weeks_are_seven_days_of_the_local_clock_back_from_the_midnight_after_the_last_incident() -> None:
    edges = step_edges(moment("2025-01-01"), moment("2025-04-02T12:00"), None, "week", 3, "Europe/Helsinki")
    # Summer time began on 30 March: the last step is an hour shorter, and begins at midnight all the same.
    assert local(edges, "Europe/Helsinki") == [
        "2025-03-13 00:00", "2025-03-20 00:00", "2025-03-27 00:00", "2025-04-03 00:00"
    ]  # fmt: skip
    assert np.diff(edges).astype(int).tolist() == [604_800_000, 604_800_000, 601_200_000]


def test_months_go_from_day_to_day_and_end_with_short_months() -> None:
    edges = step_edges(moment("2024-01-01"), moment("2025-06-01"), moment("2025-03-31"), "month", 4, "UTC")
    assert local(edges, "UTC")[:-1] == ["2024-11-30 00:00", "2024-12-31 00:00", "2025-01-31 00:00", "2025-02-28 00:00"]


@given(st.integers(0, 3000), st.integers(0, 900), st.sampled_from(["week", "month"]), st.integers(1, 120))
def test_steps_are_whole_and_within_the_record(first: int, length: int, step: Any, steps: int) -> None:
    begin = moment("2015-01-01T07:30") + np.timedelta64(first, "D")
    end = begin + np.timedelta64(length, "D")
    edges = step_edges(begin, end, None, step, steps, "America/Chicago")
    assert len(edges) <= steps + 1
    assert (np.diff(edges) > np.timedelta64(27 if step == "month" else 6, "D")).all()
    assert edges[-1] > end >= edges[-1] - np.timedelta64(25, "h")
    assert len(edges) == 1 or edges[0] >= begin - np.timedelta64(25, "h")
    if len(edges) < steps + 1:  # one more would begin before the record
        assert edges[0] - begin < np.timedelta64(32, "D")


def test_a_time_on_an_edge_belongs_to_the_step_that_it_begins() -> None:
    edges = np.array(["2025-01-01", "2025-01-08", "2025-01-15"], "datetime64[ms]")
    times = np.array(
        ["2024-12-31", "2025-01-01", "2025-01-08", "2025-01-14T23:59", "2025-01-15", "NaT"], "datetime64[ms]"
    )
    assert step_of(times, edges).tolist() == [-1, 0, 1, 1, -1, -1]


@settings(max_examples=20)
@given(
    unit=st.sampled_from(["grid", "hex", "square"]),
    size_m=st.sampled_from([None, 50.0, 77.0, 200.0]),
    step=st.sampled_from(["week", "month"]),
    steps=st.integers(1, 40),
    categories=st.sampled_from([(), ("noise",), ("no such",)]),
    hours=st.sampled_from([(), (8, 9)]),
)
def test_no_incident_is_lost(
    unit: Any, size_m: float | None, step: Any, steps: int, categories: tuple[str, ...], hours: tuple[int, ...]
) -> None:
    params = Params(categories=categories, hours=hours, hotspots=HotspotParams(unit, size_m, step, steps))
    found = hotspots(TOWN, params)
    incidents = TOWN["incidents"]
    times = incidents.columns["occurred_at"]
    inside = (times >= found.edges[0]) & (times < found.edges[-1])
    text = incidents.text("category")
    if categories:
        inside &= np.isin(text.astype(str), categories)
    if hours:
        local_hour = pd.DatetimeIndex(times).tz_localize("UTC").tz_convert("Asia/Shanghai").hour
        inside &= np.isin(local_hour, hours)
    assert found.total == inside.sum()
    assert int(found.counts.sum()) + found.outside == found.total
    x, y = incidents.x[inside], incidents.y[inside]
    for k in np.flatnonzero(found.count)[:5]:
        # Closed polygons: those on an edge may belong to the neighbour.
        touches = shapely.intersects_xy(found.places.polygons[k], x, y).sum()
        within = shapely.contains_xy(found.places.polygons[k], x, y).sum()
        assert within <= found.count[k] <= touches


def test_the_figures_of_grids_are_geos() -> None:
    found = hotspots(TOWN, Params(hotspots=GRIDS))
    grids, incidents = TOWN["grids"], TOWN["incidents"]
    rows = np.flatnonzero(grids.text("level") == "grid")
    index = assign(incidents.x, incidents.y, grids.geometry[rows], grids.text("code")[rows])
    times = incidents.columns["occurred_at"]
    chosen = (times >= found.edges[0]) & (times < found.edges[-1]) & (index >= 0)
    counts = np.bincount(index[chosen], minlength=16)
    expected = gi_star(counts, contiguity(grids.geometry[rows]), shapely.area(grids.geometry[rows]))
    assert np.array_equal(found.count, counts)
    assert np.allclose(found.whole.z, expected.z)
    assert np.allclose(found.whole.p, expected.p)
    assert found.places.codes.tolist() == grids.text("code")[rows].tolist()


def test_what_is_expected_follows_the_choice() -> None:
    by = {metric: hotspots(TOWN, Params(metric=metric, hotspots=GRIDS)) for metric in ("count", "per_km2", "per_10k")}
    assert [by[metric].by for metric in by] == ["count", "per_km2", "per_10k"]
    assert np.allclose(by["count"].whole.expected, by["count"].count.sum() / 16)
    # The first grid has no people, the second unknown ones: neither is tested, nor are their incidents counted on.
    people = by["per_10k"]
    assert np.isnan(people.whole.z[:2]).all()
    assert np.isnan(people.level[:2]).all()
    assert np.allclose(people.whole.expected[2:], people.count[2:].sum() / 14)
    assert columns(people, 0.05)["expected"][:2].tolist() == [None, None]
    assert totals(people, 0.05)["tested"] == 14
    cells = hotspots(TOWN, Params(metric="per_10k", hotspots=HotspotParams(size_m=60.0, steps=60)))
    assert cells.by == "per_km2"  # nobody knows how many live in a cell
    assert np.allclose(cells.whole.expected / cells.places.area_m2, cells.count.sum() / cells.places.area_m2.sum())


def test_a_cell_says_in_which_grid_it_lies() -> None:
    found = hotspots(TOWN, Params(hotspots=HotspotParams("square", 100.0, steps=60)))
    middle = shapely.point_on_surface(found.places.polygons)
    grids = TOWN["grids"]
    for code, point in zip(found.places.within, middle, strict=True):
        row = np.flatnonzero((grids.text("code") == code) & (grids.text("level") == "grid"))
        assert len(row) == 1
        assert shapely.intersects(grids.geometry[row[0]], point)


REASONS: dict[str, tuple[Snapshot, Params]] = {
    "no_grids": (snapshot({"incidents": TOWN["incidents"]}), Params()),
    "no_incidents": (snapshot({"grids": TOWN["grids"]}), Params()),
    "short_window": (TOWN, Params(start=moment("2025-03-01"), end=moment("2025-03-04"), hotspots=GRIDS)),
    "few_units": (TOWN, Params(level="community", hotspots=GRIDS)),
    "few_incidents": (TOWN, Params(categories=("no such",), hotspots=GRIDS)),
}


@pytest.mark.parametrize("reason", list(REASONS))
def test_what_cannot_be_tested_says_why_and_still_counts(reason: str) -> None:
    given_, params = REASONS[reason]
    found = hotspots(given_, params)
    assert found.reason == reason
    assert np.isnan(found.whole.z).all()
    assert np.isnan(found.level).all()
    assert not found.found(0.25).any()
    assert set(kinds(found, 0.25)) <= {"none"}
    REGISTRY["hotspots"].frame(given_, params)


def test_without_population_rates_are_not_made_up() -> None:
    grids = TOWN["grids"]
    bare = layer("grids", len(grids), geometry=grids.geometry, code=grids.text("code"), level=grids.text("level"))
    found = hotspots(
        snapshot({"grids": bare, "incidents": TOWN["incidents"]}), Params(metric="per_10k", hotspots=GRIDS)
    )
    assert found.reason == "no_population"
    assert np.isnan(found.eb_global).all()
    assert np.isnan(found.eb_local).all()


def test_patterns_need_ten_steps() -> None:
    assert hotspots(TOWN, Params(hotspots=HotspotParams(unit="grid", steps=9))).trend is None
    assert hotspots(TOWN, Params(hotspots=HotspotParams(unit="grid", steps=10))).trend is not None


def burning() -> Snapshot:
    """The town with a fire of incidents, 100 m wide, over the last two of twelve weeks."""
    rng = np.random.default_rng(0)
    end = moment("2026-11-01")
    n, more = 1200, 240
    when = end - (rng.random(n) * 84 * 86_400_000).astype("timedelta64[ms]")
    late = end - (rng.random(more) * 13 * 86_400_000).astype("timedelta64[ms]")
    x = np.concatenate([X0 + rng.random(n) * 4 * CELL, X0 + 180 + rng.random(more) * 100])
    y = np.concatenate([Y0 + rng.random(n) * 4 * CELL, Y0 + 180 + rng.random(more) * 100])
    made = layer("incidents", n + more, x=x, y=y, occurred_at=np.concatenate([when, late]),
                 id=[str(k) for k in range(n + more)], category=["noise"] * (n + more))  # fmt: skip
    return snapshot({"grids": TOWN["grids"], "incidents": made})


def test_a_fire_is_found_where_and_since_when_it_burns() -> None:
    found = hotspots(burning(), Params(end=moment("2026-11-01"), hotspots=HotspotParams("square", 50.0)))
    kind = kinds(found, 0.05)
    at = int(np.flatnonzero(shapely.intersects_xy(found.places.polygons, X0 + 225, Y0 + 225))[0])
    assert found.found(0.05)[at]
    assert kind[at] == "hot-consecutive"
    hot = np.flatnonzero(np.char.startswith(kind.astype(str), "hot"))
    assert shapely.distance(found.places.polygons[hot], shapely.Point(X0 + 225, Y0 + 225)).max() < 90


def test_a_quiet_corner_is_cold() -> None:
    rng = np.random.default_rng(1)
    n = 6000
    x, y = X0 + rng.random(n) * 4 * CELL, Y0 + rng.random(n) * 4 * CELL
    keep = ~((x > X0 + 200) & (y > Y0 + 200) & (rng.random(n) < 0.9))
    when = moment("2026-11-01") - (rng.random(n) * 84 * 86_400_000).astype("timedelta64[ms]")
    rows = int(keep.sum())
    made = layer("incidents", rows, x=x[keep], y=y[keep], occurred_at=when[keep], id=[str(k) for k in range(rows)],
                 category=["noise"] * rows)  # fmt: skip
    wish = HotspotParams("square", 40.0, steps=4)
    found = hotspots(
        snapshot({"grids": TOWN["grids"], "incidents": made}), Params(end=moment("2026-11-01"), hotspots=wish)
    )
    kind = kinds(found, 0.1)
    corner = shapely.contains_xy(shapely.box(X0 + 240, Y0 + 240, X0 + 400, Y0 + 400), *_middles(found))
    assert set(kind[corner & found.found(0.1)]) == {"cold"}
    assert (kind == "cold").sum() == (found.found(0.1) & (found.whole.z < 0)).sum() >= 3
    assert totals(found, 0.1)["cold"] == (kind == "cold").sum()


def _middles(found: Any) -> tuple[Any, Any]:
    middle = shapely.centroid(found.places.polygons)
    return shapely.get_x(middle), shapely.get_y(middle)


def test_the_layer_shows_what_was_found() -> None:
    params = Params(end=moment("2026-11-01"), hotspots=HotspotParams("square", 50.0))
    frame = REGISTRY["hotspots"].frame(burning(), params)
    found = hotspots(burning(), params)
    assert frame.features["symbol"].tolist() == [f"spot-{kind}" for kind in kinds(found, 0.05)]
    assert frame.features["count"].tolist() == found.count.tolist()
    assert frame.legend is not None
    shown = {item.symbol: item.count for item in frame.legend.items}
    assert shown == frame.features["symbol"].value_counts().to_dict()
    assert frame.meta["hot"] == (found.found(0.05) & (found.whole.z > 0)).sum()


def test_only_grids_of_the_parent_are_shown_and_all_are_tested() -> None:
    whole = REGISTRY["hotspots"].frame(TOWN, Params(hotspots=GRIDS))
    part = REGISTRY["hotspots"].frame(TOWN, Params(parent="W", hotspots=GRIDS))
    assert (len(whole.features), len(part.features)) == (16, 8)
    assert part.meta["tested"] == 16
    assert (
        part.features.set_index("code")["z"].to_dict().items()
        <= whole.features.set_index("code")["z"].to_dict().items()
    )


def test_what_cannot_be_done_is_refused() -> None:
    with pytest.raises(UnknownLevelError):
        hotspots(TOWN, Params(level="no such", hotspots=GRIDS))
    far = layer("grids", 1, geometry=[shapely.box(X0, Y0, X0 + 60_000, Y0 + 60_000)], code=["C"], level=["city"])
    with pytest.raises(ParameterError, match="at least"):
        hotspots(snapshot({"grids": far, "incidents": TOWN["incidents"]}), Params(hotspots=HotspotParams(size_m=50.0)))


def test_a_result_is_kept_until_what_it_stands_on_changes() -> None:
    one = hotspots(TOWN, Params(hotspots=GRIDS))
    assert hotspots(TOWN, Params(hotspots=GRIDS, lang="zh", zoom=3)) is one
    assert hotspots(TOWN, Params(hotspots=GRIDS, weekdays=(1,))) is not one
    assert hotspots(town(4000), Params(hotspots=GRIDS)) is not one
