"""Coverage over HTTP: figures by hand, freshness, refusals, files."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from flask import Flask
from flask.testing import FlaskClient

from geo.crs import WGS84, transform_xy
from settings import Settings
from store.batch import Provenance
from store.store import Store
from tests.web.conftest import CRS, X0, Y0, _serve, batch, fill, token

RULED = ["/api/coverage", "/api/blindspots", "/api/views", "/api/fragility", "/api/layers/coverage",
         "/api/layers/views", "/api/coverage/status", "/api/export/coverage.csv"]  # fmt: skip


def get(client: FlaskClient, url: str, status: int = 200, **query: Any) -> Any:
    answer = client.get(url, query_string=query)
    assert answer.status_code == status, answer.get_data(as_text=True)
    return answer.get_json(force=True)


def download(client: FlaskClient, name: str) -> bytes:
    with client.get(f"/api/export/{name}") as answer:
        assert answer.status_code == 200
        return answer.data


def degrees(east: float, north: float) -> dict[str, float]:
    lon, lat = transform_xy([X0 + east], [Y0 + north], CRS, WGS84)
    return {"lon": float(lon[0]), "lat": float(lat[0])}


@pytest.fixture
def own(compiled: None, tmp_path: Path) -> Iterator[Flask]:
    """The town in a store that a test may change."""
    with Store.open(tmp_path / "atlas.gpkg") as store:
        fill(store)
    yield from _serve(Settings(store=str(tmp_path / "atlas.gpkg"), instance=tmp_path))


def add_camera(app: Flask, name: str, east: float, north: float, **facts: Any) -> None:
    found = batch(
        "cameras",
        x=[X0 + east],
        y=[Y0 + north],
        id=[name],
        kind=["fixed"],
        **{key: [value] for key, value in facts.items()},
    )
    app.extensions["atlas"].store.write(found, "append", Provenance("more.csv"))


def test_every_key_of_the_contract_is_there(town: FlaskClient) -> None:
    found = get(town, "/api/coverage")
    contract = {
        "code", "area_m2", "built_m2", "open_m2", "certain_m2", "possible_m2", "blind_m2", "streets_m",
        "streets_seen_m", "incidents", "incidents_seen", "places", "places_seen",
    }  # fmt: skip
    assert all(contract <= set(grid) for grid in found["grids"])
    assert contract - {"code"} <= set(found["totals"])
    assert {
        "revision", "computed_revision", "stale", "computing", "crs", "edition", "task", "px_per_m", "assumed_range_m",
        "online_only", "target_height_m", "fallbacks", "range_unknown",
    } <= set(found["meta"])  # fmt: skip


def test_streets_incidents_and_places_by_hand(town: FlaskClient) -> None:
    west, east = get(town, "/api/coverage")["grids"]
    assert (west["streets_m"], east["streets_m"]) == (pytest.approx(1000, abs=0.01), pytest.approx(1000, abs=0.01))
    # c1 at (500, 500) looks east along the street until the house, 20 m on; its range is 100 m, so nothing else.
    assert west["streets_certain_m"] == pytest.approx(20, abs=0.1)
    # c2 is a dome without a range: 50 m are assumed, to both sides, and incident c stands where it does.
    assert (east["streets_certain_m"], east["streets_seen_m"]) == (0, pytest.approx(100, abs=0.1))
    assert (west["incidents"], west["incidents_seen"]) == (4, 0)
    assert (east["incidents"], east["incidents_seen"], east["incidents_certain"]) == (1, 1, 0)
    assert (west["places"], west["places_seen"], east["places"]) == (1, 0, 0)
    window = get(town, "/api/coverage", **{"from": "2024-06-01T00:00Z", "to": "2024-06-02", "category": "theft"})
    assert [grid["incidents"] for grid in window["grids"]] == [0, 1]


def test_loss_and_multiplicity_by_hand(town: FlaskClient) -> None:
    west, east = get(town, "/api/coverage")["grids"]
    assert (west["loss_camera"], east["loss_camera"]) == ("c1", "c2")
    assert east["loss_m2"] == pytest.approx(east["possible_m2"], rel=0.01)
    assert east["seen_by_2_m2"] == 0
    lost = get(town, "/api/fragility")
    assert [camera["id"] for camera in lost["cameras"]] == ["c2", "c1"]
    assert lost["cameras"][0]["grids"] == ["G2"]
    assert lost["online"]["possible_m2"] < lost["nominal"]["possible_m2"]


def test_totals_are_the_sums(town: FlaskClient) -> None:
    found = get(town, "/api/coverage")
    for key, value in found["totals"].items():
        if key not in ("grids", "loss_m2", "loss_camera"):
            assert value == pytest.approx(sum(grid[key] for grid in found["grids"])), key
    assert found["totals"]["grids"] == 2
    none = get(town, "/api/coverage", parent="nobody")
    assert (none["grids"], none["totals"]["grids"], none["totals"]["area_m2"]) == ([], 0, 0)
    assert none["totals"]["loss_camera"] is None


def test_a_class_needs_pixels(town: FlaskClient) -> None:
    plain, ruled = get(town, "/api/coverage"), get(town, "/api/coverage", task="Detect")
    assert plain["totals"]["certain_m2"] > 0
    assert ruled["totals"]["certain_m2"] == 0  # the pixels of no camera are known
    assert (ruled["meta"]["task"], ruled["meta"]["px_per_m"], ruled["meta"]["pixels_unknown"]) == ("detect", 25, 2)


def test_blind_spots_are_ranked(town: FlaskClient) -> None:
    found = get(town, "/api/blindspots")
    properties = [feature["properties"] for feature in found["features"]]
    assert [part["rank"] for part in properties] == list(range(1, len(properties) + 1))
    unseen = [part["incidents_unseen"] for part in properties]
    assert unseen == sorted(unseen, reverse=True)
    assert sum(unseen) == 4
    assert {"rank", "grid", "blind_m2", "incidents_unseen", "nearest_camera", "nearest_m", "why", "lon", "lat"} <= set(
        properties[0]
    )
    assert len(get(town, "/api/blindspots", limit=1)["features"]) == 1
    assert get(town, "/api/blindspots", limit=1)["meta"]["count"] == len(properties)
    assert get(town, "/api/blindspots", limit=0)["features"] == []
    only = get(town, "/api/blindspots", **{"from": "2030-01-01"})["features"]
    assert only[0]["properties"]["incidents_unseen"] == 0


def test_views_of_one_camera(town: FlaskClient) -> None:
    found = get(town, "/api/views", camera="c1")
    (view,) = [feature["properties"] for feature in found["features"]]
    assert (view["camera"], view["state"], view["reach_m"], view["range_assumed"]) == ("c1", "certain", 100, False)
    assert 0 < view["area_m2"] < np.pi * 100**2 / 6
    assert len(get(town, "/api/views")["features"]) == 2
    assert get(town, "/api/views", 404, camera="nobody")["error"]["code"] == "unknown_camera"


def test_seen_by_a_place(town: FlaskClient) -> None:
    found = get(town, "/api/seen-by", **degrees(510, 500))
    assert (found["state"], found["grid"]) == ("certain", "G1")
    (camera,) = found["cameras"]
    assert (camera["id"], camera["state"], camera["online"], camera["px_per_m"]) == ("c1", "certain", True, None)
    assert camera["distance_m"] == pytest.approx(10, abs=0.01)
    assert {other["id"]: other["why"] for other in found["not_seen_by"]} == {"c2": "range"}
    behind = get(town, "/api/seen-by", **degrees(560, 500))
    assert behind["state"] == "blind"
    assert {other["id"]: other["why"] for other in behind["not_seen_by"]}["c1"] == "wall"
    assert get(town, "/api/seen-by", **degrees(530, 500))["state"] == "built"
    assert get(town, "/api/seen-by", **degrees(-500, 500))["grid"] is None
    online = get(town, "/api/seen-by", online_only=1, **degrees(1510, 500))
    assert online["not_seen_by"][0]["why"] == "off"


def test_seen_by_a_line(town: FlaskClient) -> None:
    ends = [degrees(400, 500), degrees(700, 500)]
    line = ";".join(f"{end['lon']},{end['lat']}" for end in ends)
    found = get(town, "/api/seen-by", line=line)
    parts = sum(found[f"{state}_m"] for state in ("certain", "possible", "blind", "built"))
    assert parts == pytest.approx(found["length_m"], abs=0.01)
    assert found["length_m"] == pytest.approx(300, abs=0.1)
    assert found["built_m"] == pytest.approx(20, abs=0.1)
    assert found["steps"][0]["from_m"] == 0
    assert {camera["id"] for camera in found["cameras"]} == {"c1"}


@pytest.mark.parametrize(
    "query",
    [{}, {"lon": "25"}, {"lon": "x", "lat": "60"}, {"lon": "nan", "lat": "60"}, {"lon": "181", "lat": "60"},
     {"lon": "60", "lat": "25"}, {"line": "25,60"}, {"line": "25,60;x,y"}, {"line": "25,60;26"},
     {"line": "25,60;nan,60"},
     {"line": "24,60;25.5,60.5"}, {"line": ";".join(["25,60"] * 201)}],
    ids=str,
)  # fmt: skip
def test_a_place_that_is_none_is_refused_with_the_field(town: FlaskClient, query: dict[str, str]) -> None:
    error = get(town, "/api/seen-by", 400, **query)["error"]
    assert error["field"] in ("lon", "lat", "line")
    assert error["remedy"]


@pytest.mark.parametrize("url", RULED)
@pytest.mark.parametrize(
    "query",
    [{"edition": "1999"}, {"task": "magic"}, {"task": "detect", "edition": "2025"}, {"target_height_m": "nan"},
     {"target_height_m": "-1"}, {"assumed_range_m": "0"}, {"online_only": "maybe"}],
    ids=str,
)  # fmt: skip
def test_rules_that_cannot_be_used_are_refused_with_the_field(
    town: FlaskClient, url: str, query: dict[str, str]
) -> None:
    error = get(town, url, 400, **query)["error"]
    assert error["field"] in query
    assert error["remedy"]


def test_an_unknown_level_and_a_wait_that_is_none(town: FlaskClient) -> None:
    assert get(town, "/api/coverage", 404, level="nation")["error"]["code"] == "unknown_level"
    assert get(town, "/api/coverage", 400, wait_s="101")["error"]["field"] == "wait_s"
    assert get(town, "/api/inventory", 400, target_online="2")["error"]["field"] == "target_online"


@pytest.mark.parametrize("url", [*RULED, "/api/inventory", "/api/export/views.geojson", "/api/export/blindspots.gpkg"])
def test_an_empty_store_has_empty_answers(client: FlaskClient, url: str) -> None:
    with client.get(url) as answer:
        assert answer.status_code == 200


def test_an_empty_store_sees_nothing(client: FlaskClient) -> None:
    assert get(client, "/api/coverage")["grids"] == []
    found = get(client, "/api/seen-by", lon=25, lat=60)
    assert (found["state"], found["cameras"], found["grid"]) == ("blind", [], None)
    assert get(client, "/api/coverage/status")["state"] == "none"


def test_without_cameras_everything_open_is_blind(own: Flask) -> None:
    own.extensions["atlas"].store.clear(["cameras"])
    client = own.test_client()
    total = get(client, "/api/coverage")["totals"]
    assert total["blind_m2"] == pytest.approx(total["open_m2"])
    assert get(client, "/api/blindspots")["features"][0]["properties"]["nearest_camera"] is None
    assert get(client, "/api/seen-by", **degrees(510, 500))["not_seen_by"] == []


def test_what_changed_is_shown_when_it_is_worked_out(own: Flask) -> None:
    client = own.test_client()
    before = get(client, "/api/coverage")
    assert (before["meta"]["stale"], before["meta"]["state"]) == (False, "ready")
    add_camera(own, "new", 300, 700, azimuth_deg=0, hfov_deg=90, range_m=80)
    after = get(client, "/api/coverage", wait_s=100)
    assert after["meta"]["computed_revision"] == after["meta"]["revision"] > before["meta"]["revision"]
    gained = after["totals"]["certain_m2"] - before["totals"]["certain_m2"]
    assert gained == pytest.approx(np.pi * 80**2 / 4, rel=0.002)


def test_meanwhile_the_last_complete_one_is_shown_and_says_so(own: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    client = own.test_client()
    empty = client.get("/api/coverage?wait_s=0")
    assert empty.status_code in (200, 202)
    before = get(client, "/api/coverage", wait_s=100)
    etag = client.get("/api/coverage").headers["ETag"]
    assert client.get("/api/coverage", headers={"If-None-Match": etag}).status_code == 304
    runs = own.extensions["atlas"].runs
    monkeypatch.setattr(runs.runner, "_work", lambda run: None)  # a computation that never ends
    add_camera(own, "new", 300, 700, azimuth_deg=0, hfov_deg=90, range_m=80)
    for url in ("/api/coverage", "/api/layers/coverage", "/api/blindspots", "/api/fragility"):
        meta = get(client, url, wait_s=0)["meta"]
        assert meta["stale"], url
        assert meta["computed_revision"] < meta["revision"]
        assert meta["computing"]["progress"] == 0
    stale = get(client, "/api/coverage", wait_s=0)
    assert stale["grids"] == before["grids"]
    assert get(client, "/api/export/coverage.csv", 503, wait_s=0)["error"]["code"] == "computing"
    assert get(client, "/api/coverage", 202, wait_s=0, task="observe")["grids"] == []
    # Who sees a place is asked of the cameras as they are now.
    assert get(client, "/api/seen-by", **degrees(300, 720))["cameras"][0]["id"] == "new"


def test_a_computation_can_be_cancelled_and_started(own: Flask) -> None:
    client = own.test_client()
    headers = token(client)
    assert client.post("/api/coverage/cancel").status_code == 403
    started = client.post("/api/coverage/start?task=identify", headers=headers)
    assert started.status_code in (200, 202)
    assert get(client, "/api/coverage", task="identify", wait_s=100)["meta"]["state"] == "ready"
    found = client.post("/api/coverage/cancel?task=identify", headers=headers).get_json()
    assert (found["state"], found["computed_revision"]) == ("ready", found["revision"])


def test_a_restarted_service_shows_the_last_one_without_computing(own: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    first = get(own.test_client(), "/api/coverage", wait_s=100)
    own.extensions["atlas"].close()
    monkeypatch.setattr("web.runner.Runner._work", lambda self, run: None)
    again = get(own.test_client(), "/api/coverage", wait_s=0)
    assert again["grids"] == first["grids"]
    assert again["meta"]["state"] == "ready"


@pytest.mark.parametrize("name", ["coverage", "blindspots", "views"])
def test_figures_come_as_files(town: FlaskClient, name: str, tmp_path: Path) -> None:
    import pyogrio

    rows = len(get(town, f"/api/{name}")["grids" if name == "coverage" else "features"])
    lines = list(csv.DictReader(io.StringIO(download(town, f"{name}.csv").decode("utf-8-sig"))))
    assert len(lines) == rows > 0
    for suffix in (".geojson", ".gpkg", ".fgb", ".shp.zip"):
        (tmp_path / f"x{suffix}").write_bytes(download(town, f"{name}{suffix}"))
        found = pyogrio.read_dataframe(tmp_path / f"x{suffix}")
        assert len(found) == rows
        assert found.crs.to_epsg() == 4326
        assert shapely.area(np.asarray(found.geometry)).min() > 0
    (tmp_path / "m.geojson").write_bytes(download(town, f"{name}.geojson?crs=EPSG:32635"))
    found = pyogrio.read_dataframe(tmp_path / "m.geojson")
    key = {"coverage": "area_m2", "blindspots": "blind_m2", "views": "area_m2"}[name]
    assert np.allclose(found.geometry.area, found[key], rtol=0.01)


def test_texts_of_data_stay_data_in_tables(town: FlaskClient) -> None:
    rows = list(csv.DictReader(io.StringIO(download(town, "coverage.csv").decode("utf-8-sig"))))
    assert rows[1]["name"].startswith("<img")
    assert get(town, "/api/export/density.csv", 404)["error"]["code"] == "unknown_export"


def test_standards_are_listed(town: FlaskClient) -> None:
    found = get(town, "/api/standards")
    assert [edition["edition"] for edition in found["editions"]] == ["2014", "2025"]
    densities = [task["px_per_m"] for task in found["editions"][0]["tasks"]]
    assert densities == sorted(densities)
    for edition in found["editions"]:
        for task in edition["tasks"]:
            assert get(town, "/api/coverage/status", edition=edition["edition"], task=task["task"])


def test_the_inventory_counts_cameras(town: FlaskClient) -> None:
    found = get(town, "/api/inventory")
    assert [grid["cameras"] for grid in found["grids"]] == [1, 1]
    assert found["totals"]["online"] == {"yes": 1, "no": 1, "unknown": 0}
    assert found["totals"]["meets"]["online"] is False
    assert found["totals"]["missing"]["azimuth_deg"] == 1
    assert get(town, "/api/inventory", target_online=0.5)["totals"]["meets"]["online"] is True
