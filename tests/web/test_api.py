"""The API over a town whose figures are known by hand, over an empty store, and with bad parameters."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from layers import REGISTRY
from store.batch import Provenance
from store.schema import LAYERS
from tests.web.conftest import SCRIPT, X0, Y0, batch
from web.openapi import PATHS
from web.service import opening_level

FIGURES = ["/api/status", "/api/density", "/api/grids", "/api/assignment", "/api/cameras", "/api/coverage",
           *(f"/api/layers/{name}" for name in REGISTRY)]  # fmt: skip


def get(client: FlaskClient, url: str, **query: Any) -> Any:
    answer = client.get(url, query_string=query)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return json.loads(answer.data, parse_constant=lambda text: pytest.fail(f"{text} is not JSON"))


def test_status_of_the_town(town: FlaskClient) -> None:
    found = get(town, "/api/status")
    assert (found["crs"], found["timezone"], found["demo"]) == ("EPSG:32635", "Asia/Shanghai", False)
    assert found["simulated"] == ["incidents"]
    assert {name: facts["rows"] for name, facts in found["layers"].items()} == {
        "grids": 3, "incidents": 6, "cameras": 2, "buildings": 1, "streets": 1, "places": 1, "zones": 1}  # fmt: skip
    assert found["levels"] == ["district", "grid"]
    assert found["categories"] == [{"name": "theft", "count": 4}, {"name": "noise", "count": 1}]
    assert found["time"] == {"first": "2024-05-30T15:59:59.999Z", "last": "2024-06-03T00:00:00Z"}
    west, south, east, north = found["bounds"]
    assert 24.9 < west < east < 25.05 and 60.1 < south < north < 60.2
    assert found["heat_radius_m"] == 120
    assert set(found["layers"]) == set(LAYERS)


def test_a_demo_s_attribution_is_in_the_reader_s_language(app: Flask, client: FlaskClient) -> None:
    text = "Simulated: none of these incidents happened."
    found = batch("incidents", x=[X0], y=[Y0], category=["a"])
    app.extensions["atlas"].store.write(found, "append", Provenance("x.csv", attribution=text))
    assert get(client, "/api/status", lang="en")["sources"] == {"incidents": [text]}
    (chinese,) = get(client, "/api/status", lang="zh")["sources"]["incidents"]
    assert "模拟" in chinese
    assert chinese in client.get("/about?lang=zh").get_data(as_text=True)


def test_density_of_the_finest_level(town: FlaskClient) -> None:
    found = get(town, "/api/density")
    assert (found["level"], found["outside"], found["total"]) == ("grid", 1, 6)
    west, east = found["grids"]
    # The incident on the common edge belongs to the lower code.
    assert (west["code"], west["name"], west["incidents"]) == ("G1", "West", 4)
    assert west["area_km2"] == pytest.approx(1.0)
    assert west["per_km2"] == pytest.approx(4.0)
    assert west["per_10k"] == pytest.approx(8.0)
    assert (east["code"], east["name"], east["incidents"], east["per_10k"]) == ("G2", SCRIPT, 1, None)
    assert found["meta"]["simulated"] == ["incidents"]


@pytest.mark.parametrize(
    ("query", "counts", "outside"),
    [
        ({"level": "district"}, [5], 1),
        ({"from": "2024-05-31"}, [2, 1], 1),  # local midnight is 16:00 UTC of the day before
        ({"to": "2024-05-31"}, [1, 0], 0),
        ({"from": "2024-05-31", "to": "2024-06-02T08:00"}, [1, 1], 0),
        ({"category": "theft"}, [2, 1], 1),
        ({"category": ["theft", "noise"]}, [3, 1], 1),
        ({"category": "none such"}, [0, 0], 0),
    ],
    ids=str,
)
def test_density_of_a_selection(town: FlaskClient, query: dict[str, Any], counts: list[int], outside: int) -> None:
    found = get(town, "/api/density", **query)
    assert [grid["incidents"] for grid in found["grids"]] == counts
    assert found["outside"] == outside
    assert found["total"] == sum(counts) + outside


def test_grids_say_what_lies_in_them(town: FlaskClient) -> None:
    found = get(town, "/api/grids", level="district")
    assert (found["level"], found["finer"]) == ("district", "grid")
    assert found["grids"] == [{"code": "D1", "name": "District", "level": "district", "parent": None, "team": None,
                               "population": None, "area_km2": pytest.approx(2.0), "incidents": 5, "cameras": 2,
                               "children": 2}]  # fmt: skip
    below = get(town, "/api/grids", level="grid", parent="D1")
    assert [(grid["code"], grid["incidents"], grid["cameras"], grid["children"], grid["population"])
            for grid in below["grids"]] == [("G1", 4, 1, 0, 5000), ("G2", 1, 1, 0, 0)]  # fmt: skip
    assert get(town, "/api/grids", parent="elsewhere")["grids"] == []


def test_assignment_lists_the_doubtful(town: FlaskClient) -> None:
    found = get(town, "/api/assignment")
    assert (found["total"], found["outside"], found["differs"]) == (6, 1, 1)
    why = {row["id"]: (row["recorded"], row["located"], row["why"]) for row in found["rows"]}
    assert why["b"] == ("G2", "G1", ["differs"])
    assert why["far"] == (None, None, ["outside"])
    assert why["edge"] == ("G1", "G1", ["near_border"])
    assert set(why) == {"b", "far", "edge"}
    edge = next(row for row in found["rows"] if row["id"] == "edge")
    assert edge["distance_m"] == 0
    short = get(town, "/api/assignment", limit=1)
    assert (short["listed"], len(short["rows"])) == (3, 1)
    wide = get(town, "/api/assignment", near_m=1000)
    assert wide["near_border"] > found["near_border"]


def test_cameras_keep_what_is_missing_missing(town: FlaskClient) -> None:
    first, second = get(town, "/api/cameras")["cameras"]
    assert (first["id"], first["azimuth_deg"], first["online"], first["networked"]) == ("c1", 90.0, True, None)
    assert (second["azimuth_deg"], second["range_m"], second["online"], second["name"]) == (None, None, False, SCRIPT)
    assert 24.9 < first["lon"] < 25.0


def test_coverage_adds_up(town: FlaskClient) -> None:
    found = get(town, "/api/coverage")
    assert [grid["code"] for grid in found["grids"]] == ["G1", "G2"]
    for grid in found["grids"]:
        assert grid["built_m2"] + grid["open_m2"] == pytest.approx(grid["area_m2"], abs=0.05)
        parts = grid["certain_m2"] + grid["possible_m2"] + grid["blind_m2"]
        assert parts == pytest.approx(grid["open_m2"], abs=0.05)
    west = found["grids"][0]
    assert west["built_m2"] == pytest.approx(800, abs=0.1)
    assert 0 < west["certain_m2"] < 3.1416 * 100 * 100 / 6
    online = get(town, "/api/coverage", online_only=1)
    assert online["grids"][1]["possible_m2"] == 0 < found["grids"][1]["possible_m2"]


@pytest.mark.parametrize("name", list(REGISTRY))
def test_every_layer_is_a_feature_collection(town: FlaskClient, name: str) -> None:
    found = get(town, f"/api/layers/{name}", zoom=16, bbox="24.8,60.1,25.1,60.2")
    assert found["type"] == "FeatureCollection"
    assert {"legend", "meta", "features"} <= set(found)
    for feature in found["features"]:
        assert feature["type"] == "Feature"
        if feature["geometry"] is not None:
            flat = str(feature["geometry"]["coordinates"]).replace("[", "").replace("]", "").split(",")
            assert all(24 < float(value) < 61 for value in flat)


@pytest.mark.parametrize("url", FIGURES)
def test_an_empty_store_answers_empty(client: FlaskClient, url: str) -> None:
    found = get(client, url)
    assert found.get("features", []) == [] or all(f["geometry"] is None for f in found["features"])
    assert found.get("grids", []) == []


@pytest.mark.parametrize("url", FIGURES)
def test_answers_are_revalidated(town: FlaskClient, url: str) -> None:
    first = town.get(url)
    assert "no-cache" in first.headers["Cache-Control"] and "private" in first.headers["Cache-Control"]
    again = town.get(url, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert town.get(url, headers={"If-None-Match": '"other"'}).status_code == 200


def test_a_change_changes_the_etag(app: Flask, client: FlaskClient) -> None:
    from tests.web.conftest import fill

    before = client.get("/api/status").headers["ETag"]
    fill(app.extensions["atlas"].store)
    assert client.get("/api/status").headers["ETag"] != before
    assert get(client, "/api/density")["total"] == 6


@pytest.mark.parametrize(
    ("url", "status", "code"),
    [
        ("/api/layers/none", 404, "unknown_layer"),
        ("/api/density?level=none", 404, "unknown_level"),
        ("/api/grids?level=none", 404, "unknown_level"),
        ("/api/layers/grids?level=none", 404, "unknown_level"),
        ("/api/density?from=soon", 400, "parameter"),
        ("/api/density?from=2024-02-01&to=2024-01-01", 400, "parameter"),
        ("/api/layers/incidents?bbox=1,2", 400, "parameter"),
        ("/api/assignment?limit=1.5", 400, "parameter"),
        ("/api/assignment?near_m=-3", 400, "parameter"),
        ("/api/layers/density?metric=people", 400, "parameter"),
        ("/api/imports?limit=0", 400, "parameter"),
        ("/api/export/none.csv", 404, "unknown_export"),
        ("/api/export/grids.exe", 404, "unknown_export"),
        ("/api/export/grids.csv?crs=EPSG:999999", 400, None),
        ("/api/jobs/none", 404, "unknown_job"),
        ("/api/imports/0/rejects.csv", 404, "not_found"),
        (f"/api/imports/{10**30}/rejects.csv", 404, "not_found"),
        ("/tiles/base/3/9/0.png", 400, "parameter"),
        ("/tiles/base/99/0/0.png", 400, "parameter"),
        ("/tiles/base/0/0/0.png?theme=pink", 400, "parameter"),
        ("/tiles/heat/0/0/0.png?radius_m=0", 400, "parameter"),
        ("/tiles/other/0/0/0.png", 404, "not_found"),
        ("/api/none", 404, "not_found"),
    ],
)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_errors_have_one_shape(town: FlaskClient, url: str, status: int, code: str | None, lang: str) -> None:
    answer = town.get(url, headers={"Accept-Language": lang})
    assert answer.status_code == status
    assert set(answer.get_json()) == {"error"}
    error = answer.get_json()["error"]
    assert {"code", "message", "remedy"} <= set(error) <= {"code", "message", "remedy", "field"}
    assert error["code"] == code or code is None
    assert error["message"] and "{" not in error["message"] + error["remedy"]
    assert any("\u4e00" <= sign <= "\u9fff" for sign in error["message"]) == (lang == "zh")


@pytest.mark.parametrize("kind", ["base", "heat"])
def test_tiles_are_pictures(town: FlaskClient, client: FlaskClient, kind: str) -> None:
    url = f"/tiles/{kind}/14/9331/4743.png" + ("?theme=dark" if kind == "base" else "?radius_m=200")
    for who in (town, client):
        answer = who.get(url)
        assert (answer.status_code, answer.mimetype) == (200, "image/png")
        assert answer.data.startswith(b"\x89PNG")
        assert "private" in answer.headers["Cache-Control"]
        assert who.get(url, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304


def test_heat_follows_the_selection(town: FlaskClient) -> None:
    every = town.get("/tiles/heat/13/4663/2371.png").data
    none = town.get("/tiles/heat/13/4663/2371.png?category=none+such").data
    assert every != none


def test_the_description_lists_the_real_routes(app: Flask, client: FlaskClient) -> None:
    described = {(path, method) for path, methods in PATHS.items() for method in methods}
    real = set()
    for rule in app.url_map.iter_rules():
        path = rule.rule.replace("<int:", "{").replace("<", "{").replace(">", "}")
        if path.startswith(("/api/", "/tiles/", "/healthz", "/readyz", "/metrics")):
            real |= {(path, method.lower()) for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}}
    assert described == real
    document = get(client, "/api/openapi.json")
    assert document["openapi"].startswith("3.1")
    assert set(document["paths"]) == set(PATHS)
    for path, methods in PATHS.items():
        for operation in methods.values():
            named = {parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "path"}
            assert named == set(re.findall(r"{(\w+)}", path))


@pytest.mark.parametrize("layer", list(LAYERS))
@pytest.mark.parametrize("suffix", [".geojson", ".gpkg", ".fgb", ".parquet", ".csv", ".xlsx", ".shp.zip"])
def test_every_layer_is_exported_in_every_format(town: FlaskClient, town_app: Flask, layer: str, suffix: str) -> None:
    answer = town.get(f"/api/export/{layer}{suffix}")
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"] == f"attachment; filename={layer}{suffix}"
    assert len(answer.data) > 50
    answer.close()
    assert list((town_app.extensions["atlas"].settings.instance / "scratch").iterdir()) == []


def test_imports_are_listed_newest_first(town: FlaskClient) -> None:
    found = get(town, "/api/imports")["imports"]
    assert [record["layer"] for record in found] == [
        "zones", "places", "streets", "buildings", "cameras", "incidents", "grids"]  # fmt: skip
    assert found[-1]["accepted"] == 3
    assert len(get(town, "/api/imports", limit=2)["imports"]) == 2


def test_health(town: FlaskClient, client: FlaskClient) -> None:
    backup = {"configured": False, "age_s": None, "late": False}
    assert get(client, "/healthz") == {"status": "ok", "revision": 0, "store": "ok", "backup": backup}
    assert get(town, "/healthz")["revision"] == 7


def test_cameras_come_in_parts(town: FlaskClient) -> None:
    whole = get(town, "/api/cameras")
    parts = [get(town, "/api/cameras", offset=offset, limit=1) for offset in range(3)]
    assert [part["total"] for part in (whole, *parts)] == [2] * 4
    assert [camera for part in parts for camera in part["cameras"]] == whole["cameras"]
    assert town.get("/api/cameras?limit=20001").status_code == 400


def test_pages_open_with_the_finest_level_a_map_can_show(town: FlaskClient) -> None:
    assert get(town, "/api/status")["opens"] == "grid"


@pytest.mark.parametrize(("most", "level"), [(2, "grid"), (1, "district"), (0, "district")])
def test_of_a_very_large_city_pages_open_with_a_coarser_level(
    town: FlaskClient, monkeypatch: pytest.MonkeyPatch, most: int, level: str
) -> None:
    monkeypatch.setattr("web.service.MOST", most)
    snapshot = town.application.extensions["atlas"].snapshot()
    assert opening_level(snapshot, ("district", "grid")) == level
