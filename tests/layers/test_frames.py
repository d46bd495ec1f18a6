"""What a layer shows is what `geo` computes: nothing lost, nothing added, missing stays missing."""

from __future__ import annotations

import json
from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.assign import assign
from geo.density import density, select
from geo.errors import ParameterError, UnknownLevelError
from layers import REGISTRY
from layers.base import LayerFrame, Params
from layers.density import NO_DATA, ZERO, classify, symbols
from layers.heat_field import heat_field
from layers.incidents import CLUSTER_PX, metres_per_pixel
from layers.joins import selected
from layers.rasters.ramps import STEPS
from tests.layers.factory import CELL, CRS, X0, Y0, layer, snapshot, town
from web.jsonio import collection

STREET = shapely.MultiLineString([[(X0, Y0 + 200), (X0 + 400, Y0 + 200)]])
TOWN = snapshot({**town().layers, "streets": layer("streets", 1, geometry=[STREET], id=["s0"])})
WINDOWS = st.tuples(st.integers(0, 700), st.integers(1, 400))


def day(offset: int) -> np.datetime64:
    return np.datetime64("2025-01-01", "ms") + np.timedelta64(offset, "D")


def as_json(frame: LayerFrame) -> dict:
    legend = frame.legend.to_json() if frame.legend else None
    return json.loads(collection(frame.features, {"legend": legend, "meta": frame.meta}))


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_an_empty_store_gives_an_empty_frame(name: str) -> None:
    frame = REGISTRY[name].frame(snapshot(), Params())
    assert len(frame.features) == 0
    assert as_json(frame)["features"] == []


@pytest.mark.parametrize("name", sorted(REGISTRY))
@pytest.mark.parametrize("missing", ["grids", "incidents", "cameras", "buildings"])
def test_a_frame_stands_without_any_one_layer(name: str, missing: str) -> None:
    layers = {key: value for key, value in TOWN.layers.items() if key != missing}
    as_json(REGISTRY[name].frame(snapshot(layers), Params(zoom=15)))


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_every_legend_has_a_unit_and_frames_are_in_the_stores_crs(name: str) -> None:
    frame = REGISTRY[name].frame(TOWN, Params(zoom=15))
    assert frame.legend is not None
    assert frame.legend.unit
    assert frame.legend.title
    assert frame.features.crs.to_string() == CRS
    as_json(frame)


@settings(max_examples=25, deadline=None)
@given(
    window=WINDOWS,
    categories=st.sampled_from([(), ("noise",), ("noise", "waste"), ("other",)]),
    level=st.sampled_from(["grid", "community"]),
    metric=st.sampled_from(["count", "per_km2", "per_10k"]),
)
def test_density_frame_is_geos_density(
    window: tuple[int, int], categories: tuple[str, ...], level: str, metric: str
) -> None:
    start, end = day(window[0]), day(window[0] + window[1])
    frame = REGISTRY["density"].frame(
        TOWN, Params(level=level, start=start, end=end, categories=categories, metric=metric)
    )  # type: ignore[arg-type]
    grids, incidents = TOWN["grids"], TOWN["incidents"]
    rows = np.flatnonzero(grids.text("level") == level)
    index = assign(incidents.x, incidents.y, grids.geometry[rows], grids.text("code")[rows])
    mask = select(
        incidents.columns["occurred_at"], incidents.columns["category"], start=start, end=end, categories=categories
    )
    found = density(index, shapely.area(grids.geometry[rows]), grids.number("population")[rows], mask)
    assert frame.features["incidents"].tolist() == found.counts.tolist()
    assert frame.features["per_km2"].tolist() == found.per_km2.tolist()
    assert [value is None for value in frame.features["per_10k"]] == np.isnan(found.per_10k).tolist()
    assert frame.meta["total"] == found.total == int(frame.features["incidents"].sum()) + frame.meta["outside"]
    assert sum(item.count or 0 for item in frame.legend.items) == len(rows)


@settings(max_examples=25, deadline=None)
@given(
    window=WINDOWS,
    scale=WINDOWS,
    metric=st.sampled_from(["count", "per_km2", "per_10k"]),
    method=st.sampled_from(["quantiles", "equal"]),
)
def test_a_kept_scale_shades_equal_values_alike_in_every_window(
    window: tuple[int, int], scale: tuple[int, int], metric: str, method: str
) -> None:
    kept = {"scale_start": day(scale[0]), "scale_end": day(scale[0] + scale[1])}
    column = {"count": "incidents"}.get(metric, metric)

    def frame(start: int, days: int, **given: Any) -> Any:
        params = Params(level="grid", start=day(start), end=day(start + days), metric=metric, method=method, **given)  # type: ignore[arg-type]
        return REGISTRY["density"].frame(TOWN, params)

    base, own, shown = frame(*scale), frame(*window), frame(*window, **kept)
    alike = dict(zip(base.features[column], base.features["symbol"], strict=True))
    if any(value for value in alike if value is not None):
        ordered = sorted(
            (value, int(symbol[5:]))
            for value, symbol in [*alike.items(), *zip(shown.features[column], shown.features["symbol"], strict=True)]
            if symbol not in ("no-data", "ramp-zero")
        )
        assert [step for _, step in ordered] == sorted(step for _, step in ordered)
        assert all(alike.get(v, s) == s for v, s in zip(shown.features[column], shown.features["symbol"], strict=True))
        ramp = [item for item in shown.legend.items if item.low is not None]
        assert ramp[0].high is None
        assert [(item.symbol, item.low) for item in ramp[:-1]] == [
            (item.symbol, item.low) for item in base.legend.items if item.low is not None
        ][:-1]
        assert shown.legend.params == {
            "start": str(day(scale[0]).astype("M8[D]")),
            "end": str(day(sum(scale)).astype("M8[D]")),
        }
    else:  # nothing to take a scale from
        assert shown.features["symbol"].tolist() == own.features["symbol"].tolist()
    assert sum(item.count or 0 for item in shown.legend.items) == len(shown.features)


@given(
    st.lists(st.integers(0, 23), unique=True, max_size=4).map(tuple),
    st.lists(st.integers(1, 7), unique=True, max_size=4).map(tuple),
)
def test_hours_and_weekdays_select_by_the_clock_of_the_town(hours: tuple[int, ...], weekdays: tuple[int, ...]) -> None:
    mask = selected(TOWN, Params(hours=hours, weekdays=weekdays))
    times = TOWN["incidents"].columns["occurred_at"]
    for chosen, time in zip(mask.tolist(), times.tolist(), strict=True):
        local = None if time is None else time.replace(tzinfo=UTC).astimezone(ZoneInfo(TOWN.timezone))
        wanted = (not hours and not weekdays) or (
            local is not None
            and (not hours or local.hour in hours)
            and (not weekdays or local.isoweekday() in weekdays)
        )
        assert chosen == wanted


@given(
    st.lists(st.one_of(st.just(float("nan")), st.just(0.0), st.floats(1e-6, 1e9)), max_size=60),
    st.sampled_from(["quantiles", "fisher_jenks", "equal"]),
)
@settings(max_examples=80, deadline=None)
def test_every_value_is_in_the_class_whose_bounds_hold_it(values: list[float], method: str) -> None:
    array = np.array(values, dtype=np.float64)
    classes, found = classify(array, method)  # type: ignore[arg-type]
    assert (classes[np.isnan(array)] == NO_DATA).all()
    assert (classes[array == 0] == ZERO).all()
    for value, place in zip(array, classes, strict=True):
        if place >= 0:
            assert value <= found.breaks[place]
            assert place == 0 or value > found.breaks[place - 1]
    named = symbols(classes, len(found.breaks))
    if (classes >= 0).any():
        assert named[int(np.nanargmax(array))] == "ramp-4"


@pytest.mark.parametrize("zoom", [10, 13, 15, 17])
def test_clusters_hold_every_incident_in_the_box(zoom: int) -> None:
    box = (X0, Y0, X0 + 4 * CELL, Y0 + 4 * CELL)
    incidents = TOWN["incidents"]
    inside = (
        (incidents.x >= box[0]) & (incidents.x <= box[2]) & (incidents.y >= box[1]) & (incidents.y <= box[3])
    ).sum()
    frame = REGISTRY["incidents"].frame(TOWN, Params(bbox=box, zoom=zoom))
    assert frame.meta["clustered"]
    assert int(frame.features["count"].sum()) == inside == frame.meta["in_view"]


def test_few_incidents_are_points_with_their_own_texts() -> None:
    frame = REGISTRY["incidents"].frame(town(40), Params(zoom=15))
    assert not frame.meta["clustered"]
    assert frame.features["id"].tolist() == [f"i{index}" for index in range(40)]
    assert frame.features["category"].tolist()[2] is None
    assert frame.features["occurred_at"].tolist()[0] is None


def test_coverage_parts_fill_every_grid_and_only_recorded_facts_are_certain() -> None:
    frame = REGISTRY["coverage"].frame(TOWN, Params())
    parts = frame.features
    total = parts["certain_m2"] + parts["possible_m2"] + parts["blind_m2"] + parts["built_m2"]
    assert np.allclose(total, parts["area_m2"], atol=0.05)
    assert parts["certain_m2"].sum() > 0
    assert frame.meta["range_unknown"] == 2
    bare = layer("cameras", 1, x=[X0 + 20], y=[Y0 + 20], id=["c"], kind=["fixed"])
    assumed = REGISTRY["coverage"].frame(snapshot({**TOWN.layers, "cameras": bare}), Params())
    assert assumed.features["certain_m2"].sum() == 0
    assert assumed.features["possible_m2"].sum() > 0


def test_views_of_a_camera_are_disjoint_and_limited_to_the_box() -> None:
    frame = REGISTRY["views"].frame(TOWN, Params())
    for _, both in frame.features.groupby("camera"):
        if len(both) == 2:
            assert shapely.area(shapely.intersection(*both.geometry)) < 1e-3
    far = REGISTRY["views"].frame(TOWN, Params(bbox=(0.0, 0.0, 1.0, 1.0)))
    assert len(far.features) == 0
    assert far.meta["in_view"] == 0


def test_views_say_when_they_are_not_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("layers.views.LIMIT", 2)
    frame = REGISTRY["views"].frame(TOWN, Params())
    assert frame.meta["truncated"]
    assert (frame.meta["shown"], frame.meta["in_view"]) == (2, 5)


def test_offline_cameras_see_nothing_when_only_online_ones_count() -> None:
    assert "c1" not in set(REGISTRY["views"].frame(TOWN, Params(online_only=True)).features["camera"])
    assert set(REGISTRY["cameras"].frame(TOWN, Params(online_only=True)).features["id"]) == {"c0", "c2", "c3", "c4"}
    assert REGISTRY["cameras"].frame(TOWN, Params()).features["online"].tolist() == [True, False, None, True, None]


def test_assignment_lists_the_gravest_doubt_first_and_counts_all() -> None:
    frame = REGISTRY["assignment"].frame(TOWN, Params())
    rank = {"outside": 0, "differs": 1, "near_border": 2}
    order = [rank[why] for why in frame.features["why"]]
    assert order == sorted(order)
    assert frame.meta["doubtful"] == len(frame.features)
    assert frame.meta["outside"] == int(frame.features["outside"].sum()) > 0
    assert frame.meta["differs"] == int(frame.features["differs"].sum()) > 0
    assert frame.features.loc[frame.features["outside"], "located"].tolist() == [None] * frame.meta["outside"]


def test_drill_down_shows_the_children_of_one_parent() -> None:
    west = REGISTRY["grids"].frame(TOWN, Params(level="grid", parent="W"))
    assert set(west.features["parent"]) == {"W"}
    assert len(west.features) == 8
    above = REGISTRY["grids"].frame(TOWN, Params(level="community"))
    assert above.features["children"].tolist() == [8, 8]


def test_an_unknown_level_or_metric_is_an_error() -> None:
    with pytest.raises(UnknownLevelError):
        REGISTRY["grids"].frame(TOWN, Params(level="planet"))
    with pytest.raises(ParameterError):
        Params(metric="per_person")  # type: ignore[arg-type]
    with pytest.raises(ParameterError):
        Params(method="magic")  # type: ignore[arg-type]


@pytest.mark.parametrize("radius_m", [60.0, 120.0, 500.0])
def test_the_heat_legend_is_the_scale_that_the_tiles_are_coloured_on(radius_m: float) -> None:
    frame = REGISTRY["heat"].frame(TOWN, Params(radius_m=radius_m))
    assert frame.legend is not None
    assert frame.legend.items[0].high == heat_field(TOWN, Params(radius_m=radius_m)).peak()
    assert [item.low for item in frame.legend.items[:-1]] == [item.high for item in frame.legend.items[1:]]
    assert frame.legend.items[-1].low == 0
    assert len(frame.legend.items) == STEPS


@pytest.mark.parametrize("zoom", [15, 16, 17])
def test_clusters_of_neighbouring_cells_stay_apart(zoom: int) -> None:
    frame = REGISTRY["incidents"].frame(town(incidents=3000), Params(zoom=zoom)).features
    many = frame[frame["count"] > 1]
    assert len(many) > 1
    points = shapely.get_coordinates(many.geometry.to_numpy())
    gaps = np.linalg.norm(points[:, None] - points[None, :], axis=2)
    cell_m = CLUSTER_PX * metres_per_pixel(X0, Y0, CRS, zoom)
    assert gaps[~np.eye(len(many), dtype=bool)].min() > 0.45 * cell_m
