"""POST /api/whatif: what a plan does, checked value by value, and quick because one step computes one camera."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import shapely
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geo.crs import WGS84, lonlat, transform_geometry
from store.edits import CameraEdit
from store.store import Store
from tests.web.conftest import CRS, X0, Y0, fill, token
from web import whatif_trials
from web.gate import Gate

AREAS = ("certain_m2", "possible_m2", "blind_m2")


def degrees(x: float, y: float) -> dict[str, float]:
    lon, lat = lonlat(np.array([X0 + x]), np.array([Y0 + y]), CRS)
    return {"lon": float(lon[0]), "lat": float(lat[0])}


def post(client: FlaskClient, path: str, body: Any, status: int = 200) -> Any:
    for _ in range(100):
        answer = client.post(path, json=body, headers=token(client))
        if answer.status_code != 202:
            break
    assert answer.status_code == status, answer.get_data(as_text=True)[:500]
    return answer.get_json()


def whatif(client: FlaskClient, *changes: dict[str, Any], **more: Any) -> Any:
    return post(client, "/api/whatif", {"changes": list(changes), **more})


def test_nothing_planned_changes_nothing(town: FlaskClient) -> None:
    found = whatif(town, beside=["c1", "nobody"])
    assert (found["grids"], found["blind"]["features"]) == ([], [])
    assert found["totals"]["before"] == found["totals"]["after"]
    assert [one["camera"] for one in found["cameras"]] == ["c1"]
    assert {feature["properties"]["when"] for feature in found["views"]["features"]} == {"before", "after"}


def test_a_placed_camera_is_seen_in_its_grid_only(town: FlaskClient) -> None:
    placed = {"op": "place", "key": "new", **degrees(200, 200), "kind": "panoramic", "range_m": 50}
    found = whatif(town, placed)
    disc = np.pi * 50**2
    assert [grid["code"] for grid in found["grids"]] == ["G1"]
    before, after = found["grids"][0]["before"], found["grids"][0]["after"]
    assert after["certain_m2"] - before["certain_m2"] == pytest.approx(disc, rel=0.01)
    assert after["blind_m2"] - before["blind_m2"] == pytest.approx(-disc, rel=0.01)
    assert sum(after[name] for name in AREAS) == pytest.approx(after["open_m2"], abs=0.05)
    totals = found["totals"]
    assert totals["gained_m2"] == pytest.approx(disc, rel=0.01) and totals["lost_m2"] < 0.1
    assert totals["after"]["certain_m2"] - totals["before"]["certain_m2"] == pytest.approx(disc, rel=0.01)
    view = [feature for feature in found["views"]["features"] if feature["properties"]["camera"] == "new"]
    assert [feature["properties"]["when"] for feature in view] == ["after"]
    shape = transform_geometry(np.array([shapely.from_geojson(json.dumps(view[0]["geometry"]))]), WGS84, CRS)[0]
    assert shape.area == pytest.approx(view[0]["properties"]["area_m2"], rel=1e-3)
    assert shape.centroid.distance(shapely.Point(X0 + 200, Y0 + 200)) < 0.5
    camera = found["cameras"][0]
    assert (camera["op"], camera["before"], camera["after"]["range_m"]) == ("place", None, 50)


def test_a_plan_that_takes_too_long_is_given_up(town: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hundreds of cameras that see the whole city took minutes of every core, whether anybody waited or not."""
    whatif(town)
    placed = {"op": "place", "key": "far", **degrees(150, 150), "kind": "panoramic", "range_m": 70}
    monkeypatch.setattr(whatif_trials, "MOST_S", -1.0)
    refused = post(town, "/api/whatif", {"changes": [placed]}, 422)
    assert refused["error"]["code"] == "too_much"
    monkeypatch.undo()
    assert whatif(town, placed)["cameras"][0]["camera"] == "far"


def test_few_plans_are_worked_out_at_once(town: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(1, 0.01, 2)
    monkeypatch.setattr(whatif_trials, "GATE", gate)
    whatif(town)
    with gate.entered():
        post(town, "/api/whatif", {"changes": []}, 429)
    whatif(town)


def test_the_answer_equals_the_change_written_and_computed_anew(tmp_path, town: FlaskClient) -> None:
    changes = [
        {"op": "set", "id": "c1", **degrees(640, 470), "azimuth_deg": 200, "range_m": 80.5, "height_m": None},
        {"op": "remove", "id": "c2"},
        {"op": "place", "key": "k", **degrees(900, 480), "kind": "fixed", "azimuth_deg": 91, "hfov_deg": 60,
         "range_m": 90},
    ]  # fmt: skip
    planned = whatif(town, *changes)
    from app import create_app
    from settings import Settings

    with Store.open(tmp_path / "atlas.gpkg") as store:
        fill(store)
        store.edit_cameras(
            [
                CameraEdit("set", "c1", X0 + 640, Y0 + 470, {"azimuth_deg": 200, "range_m": 80.5, "height_m": None}),
                CameraEdit("remove", "c2"),
                CameraEdit("place", "k", X0 + 900, Y0 + 480, {"kind": "fixed", "azimuth_deg": 91, "hfov_deg": 60,
                                                              "range_m": 90}),
            ]
        )  # fmt: skip
    other = create_app(Settings(store=str(tmp_path / "atlas.gpkg"), instance=tmp_path))
    written = other.test_client().get("/api/coverage?wait_s=60").get_json()
    other.extensions["atlas"].close()
    rows = {row["code"]: row for row in written["grids"]}
    assert {grid["code"] for grid in planned["grids"]} == {"G1", "G2"}
    for grid in planned["grids"]:
        for name in AREAS:
            assert grid["after"][name] == pytest.approx(rows[grid["code"]][name], abs=0.02), (grid["code"], name)
    for name in AREAS:
        assert planned["totals"]["after"][name] == pytest.approx(written["totals"][name], abs=0.05)


def test_rules_of_the_reader_hold(town: FlaskClient) -> None:
    change = {"op": "set", "id": "c1", "range_m": None}
    near, far = (whatif(town, change, assumed_range_m=metres)["totals"]["after"] for metres in (20, 60))
    assert near["possible_m2"] < far["possible_m2"]
    counted = whatif(town, online_only=True)["totals"]["after"]  # c2 is offline
    assert counted["possible_m2"] < whatif(town)["totals"]["after"]["possible_m2"]
    assert whatif(town, {"op": "set", "id": "c2", "online": True}, online_only=True)["totals"]["gained_m2"] > 100


BAD = [
    ({"op": "set", "id": "nobody"}, "changes[0].id"),
    ({"op": "set", "id": ""}, "changes[0].id"),
    ({"op": "set", "id": 7}, "changes[0].id"),
    ({"op": "fly", "id": "c1"}, "changes[0].op"),
    ({"op": ["set"], "id": "c1"}, "changes[0].op"),
    ("set", "changes[0]"),
    ({"op": "set", "id": "c1", "range_m": 10_001}, "changes[0].range_m"),
    ({"op": "set", "id": "c1", "range_m": "NaN"}, "changes[0].range_m"),
    ({"op": "set", "id": "c1", "range_m": True}, "changes[0].range_m"),
    ({"op": "set", "id": "c1", "azimuth_deg": -0.001}, "changes[0].azimuth_deg"),
    ({"op": "set", "id": "c1", "hfov_deg": 360.1}, "changes[0].hfov_deg"),
    ({"op": "set", "id": "c1", "pixels_h": 10.5}, "changes[0].pixels_h"),
    ({"op": "set", "id": "c1", "kind": "<b>"}, "changes[0].kind"),
    ({"op": "set", "id": "c1", "online": "no"}, "changes[0].online"),
    ({"op": "set", "id": "c1", "fid": 3}, "changes[0].fid"),
    ({"op": "set", "id": "c1", "lon": 24.9}, "changes[0].lat"),
    ({"op": "set", "id": "c1", "lon": 24.9, "lat": 91}, "changes[0].lat"),
    ({"op": "set", "id": "c1", "lon": 2.3, "lat": 48.8}, "changes[0].lon"),
    ({"op": "place", "key": "n"}, "changes[0].lon"),
    ({"op": "place", "key": "c1", **degrees(100, 100)}, "changes[0].key"),
    ({"op": "place", "id": "n", **degrees(100, 100)}, "changes[0].key"),
    ({"op": "remove", "id": "c1", "range_m": 5}, "changes[0].range_m"),
]


@pytest.mark.parametrize(("change", "field"), BAD, ids=[str(change)[:50] for change, _ in BAD])
def test_a_value_that_cannot_be_is_named_with_a_remedy(town: FlaskClient, change: Any, field: str) -> None:
    error = post(town, "/api/whatif", {"changes": [change]}, 400)["error"]
    assert error["field"] == field
    assert error["message"] and error["remedy"]


@pytest.mark.parametrize("body", [[], "x", {}, {"changes": 5}, {"changes": [{"op": "set", "id": "c1"}] * 501}])
def test_a_body_that_is_no_plan_is_refused(town: FlaskClient, body: Any) -> None:
    post(town, "/api/whatif", body, 400)


@pytest.mark.parametrize("text", ["", "{", '{"changes": [{"op":"set","id":"c1","range_m":1e999}]}', "[" * 100_000])
def test_broken_json_is_refused(town: FlaskClient, text: str) -> None:
    answer = town.post("/api/whatif", data=text, headers=token(town), content_type="application/json")
    assert answer.status_code in (400, 413) and "error" in answer.get_json()


def test_it_needs_the_token_and_stores_nothing(town: FlaskClient) -> None:
    assert town.post("/api/whatif", json={"changes": []}).status_code == 403
    before = town.get("/api/cameras").get_json()
    whatif(town, {"op": "remove", "id": "c1"})
    assert town.get("/api/cameras").get_json() == before


JUNK = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
NAMES = ("op", "id", "key", "lon", "lat", "kind", "azimuth_deg", "hfov_deg", "range_m", "height_m", "online", "name")
LIKELY = st.sampled_from(["set", "place", "remove", "c1", "c2", "fixed", 24.94, 60.17, 90, 360, 0, None, True])
CHANGE = st.dictionaries(st.sampled_from(NAMES), LIKELY | JUNK, max_size=6)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(CHANGE | JUNK, max_size=3))
def test_no_body_is_a_fault_of_the_service(town: FlaskClient, changes: list[Any]) -> None:
    body = json.dumps({"changes": changes})
    answer = town.post("/api/whatif", data=body, headers=token(town), content_type="application/json")
    assert answer.status_code in (200, 202, 400), answer.get_data(as_text=True)[:300]


def test_a_store_without_a_city_says_what_to_import(client: FlaskClient) -> None:
    error = post(client, "/api/whatif", {"changes": [{"op": "place", "key": "n", "lon": 24.9, "lat": 60.1}]}, 400)
    assert "Import" in error["error"]["remedy"]
