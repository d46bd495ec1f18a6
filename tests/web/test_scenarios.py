"""/api/scenarios: kept, changed by one of two people, compared, exported, applied or refused with the camera's name."""

from __future__ import annotations

import csv
import io
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from settings import Settings
from store.edits import CameraEdit
from store.store import Store
from tests.web.conftest import SCRIPT, fill, token
from tests.web.test_whatif import degrees, post, whatif
from web import api_scenarios

PLAN: list[dict[str, Any]] = [
    {"op": "set", "id": "c1", "azimuth_deg": 180.0, "range_m": 80.0},
    {"op": "remove", "id": "c2"},
    {"op": "place", "key": "new-1", **degrees(1200, 500), "kind": "dome", "name": "=1+1", "range_m": 40.0},
]


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Flask]:
    with Store.open(tmp_path / "atlas.gpkg") as store:
        fill(store)
    app = create_app(Settings(store=str(tmp_path / "atlas.gpkg"), instance=tmp_path))
    yield app
    app.extensions["atlas"].close()


@pytest.fixture
def user(live: Flask) -> FlaskClient:
    return live.test_client()


def add(client: FlaskClient, name: str = "North", **more: Any) -> dict[str, Any]:
    return post(client, "/api/scenarios", {"name": name, "changes": PLAN, "task": "detect", **more}, 201)


def put(client: FlaskClient, found: dict[str, Any], status: int = 200, **body: Any) -> Any:
    body = {"version": found["version"], **body}
    answer = client.put(f"/api/scenarios/{found['id']}", json=body, headers=token(client))
    assert answer.status_code == status, answer.get_data(as_text=True)[:300]
    return answer.get_json()


def test_a_scenario_is_added_listed_opened_renamed_deleted_and_restored(user: FlaskClient) -> None:
    made = add(user)
    assert (made["placed"], made["changed"], made["removed"], made["stale"]) == (1, 1, 1, [])
    opened = user.get(f"/api/scenarios/{made['id']}").get_json()
    assert opened == made and opened["options"] == {"task": "detect"}
    for given, kept in zip(PLAN, opened["changes"], strict=True):
        assert {**kept, "lon": 0, "lat": 0} == {**given, "lon": 0, "lat": 0}
    renamed = put(user, made, name="  South ")
    assert (renamed["name"], renamed["version"], renamed["changes"]) == ("South", 2, made["changes"])
    gone = user.delete(f"/api/scenarios/{made['id']}?version=2", headers=token(user))
    assert gone.status_code == 200
    assert user.get("/api/scenarios").get_json() == {"scenarios": []}
    assert user.get(f"/api/scenarios/{made['id']}").status_code == 404
    post(user, f"/api/scenarios/{made['id']}/restore", {})
    assert [one["name"] for one in user.get("/api/scenarios").get_json()["scenarios"]] == ["South"]


def test_of_two_people_the_second_gets_409_with_a_remedy(user: FlaskClient) -> None:
    made = add(user)
    put(user, made, changes=PLAN[:1])
    for answer in (
        put(user, made, 409, changes=PLAN[1:]),
        user.delete(f"/api/scenarios/{made['id']}?version=1", headers=token(user)).get_json(),
        post(user, f"/api/scenarios/{made['id']}/apply", {"version": 1}, 409),
        post(user, "/api/scenarios", {"name": "North", "changes": []}, 409),
    ):
        assert answer["error"]["code"] == "conflict"
        assert answer["error"]["remedy"]
    assert len(user.get(f"/api/scenarios/{made['id']}").get_json()["changes"]) == 1


def test_what_is_not_a_scenario_is_refused(user: FlaskClient) -> None:
    made = add(user)
    for body in ({"name": "", "changes": []}, {"name": "x"}, {"changes": PLAN}, {"name": ["x"], "changes": []}):
        post(user, "/api/scenarios", body, 400)
    put(user, {**made, "version": "1"}, 400, name="x")
    put(user, {**made, "id": "nobody"}, 404, name="x")
    assert user.delete(f"/api/scenarios/{made['id']}", headers=token(user)).status_code in (400, 409)
    for path in (f"{made['id']}/export?format=exe", "compare?id=a&id=b&id=c&id=d"):
        assert user.get(f"/api/scenarios/{path}").status_code == 400
    assert user.get("/api/scenarios/compare?id=nobody").status_code == 404


def test_applying_writes_the_cameras_in_one_revision(user: FlaskClient) -> None:
    planned = whatif(user, *PLAN)["totals"]["after"]
    made, revision = add(user), user.get("/api/status").get_json()["revision"]
    done = post(user, f"/api/scenarios/{made['id']}/apply", {"version": made["version"]})
    assert (done["revision"], done["placed"], done["changed"], done["removed"]) == (revision + 1, 1, 1, 1)
    cameras = {one["id"]: one for one in user.get("/api/cameras").get_json()["cameras"]}
    assert set(cameras) == {"c1", *done["ids"]}
    assert (cameras["c1"]["azimuth_deg"], cameras["c1"]["range_m"], cameras["c1"]["name"]) == (180, 80, "Gate")
    assert cameras[done["ids"][0]]["name"] == "=1+1"
    now = user.get("/api/coverage?wait_s=60").get_json()["totals"]
    for name in ("certain_m2", "possible_m2", "blind_m2"):
        assert now[name] == pytest.approx(planned[name], abs=0.05)
    again = post(user, f"/api/scenarios/{made['id']}/apply", {"version": done["scenario"]["version"]}, 409)
    assert "already" in again["error"]["message"]


def test_a_camera_changed_meanwhile_is_named_and_nothing_is_written(live: Flask, user: FlaskClient) -> None:
    made = add(user)
    store = live.extensions["atlas"].store
    store.edit_cameras([CameraEdit("set", "c1", values={"height_m": 7.0})])
    revision = store.revision()
    error = post(user, f"/api/scenarios/{made['id']}/apply", {"version": 1}, 409)["error"]
    assert "c1" in error["message"] and "height_m" in error["message"] and error["remedy"]
    opened = user.get(f"/api/scenarios/{made['id']}").get_json()
    assert opened["stale"] == [{"camera": "c1", "gone": False, "columns": ["height_m"]}]
    assert store.revision() == revision
    stale = put(user, made, 409, changes=PLAN, cameras_revision=made["cameras_revision"])
    assert "changed since" in stale["error"]["message"]
    saved = put(user, made, changes=PLAN, cameras_revision=opened["cameras_revision"])
    assert post(user, f"/api/scenarios/{made['id']}/apply", {"version": saved["version"]})["revision"] == revision + 1


def test_a_camera_that_is_gone_is_named(live: Flask, user: FlaskClient) -> None:
    made = add(user)
    live.extensions["atlas"].store.edit_cameras([CameraEdit("remove", "c2")])
    error = post(user, f"/api/scenarios/{made['id']}/apply", {"version": 1}, 409)["error"]
    assert "c2" in error["message"] and "no longer" in error["message"]
    found = user.get(f"/api/scenarios/compare?id={made['id']}").get_json()
    assert "c2" in found["sides"][1]["error"]["message"]


def test_of_many_who_apply_at_once_one_does(live: Flask, user: FlaskClient) -> None:
    made = add(user)
    statuses: list[int] = []

    def apply() -> None:
        client = live.test_client()
        body = {"version": made["version"]}
        statuses.append(client.post(f"/api/scenarios/{made['id']}/apply", json=body, headers=token(client)).status_code)

    threads = [threading.Thread(target=apply) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] + [409] * 5


def test_the_gate_decides_who_applies(user: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    made = add(user)
    monkeypatch.setattr(api_scenarios, "may_apply", lambda: False)
    error = post(user, f"/api/scenarios/{made['id']}/apply", {"version": 1}, 403)["error"]
    assert error["code"] == "not_allowed" and error["remedy"]
    assert user.post(f"/api/scenarios/{made['id']}/apply", json={"version": 1}).status_code == 403


def test_scenarios_stand_side_by_side(user: FlaskClient) -> None:
    first = add(user)
    second = post(user, "/api/scenarios", {"name": "None", "changes": []}, 201)
    found = user.get(f"/api/scenarios/compare?id={first['id']}&id={second['id']}").get_json()
    store, north, none = found["sides"]
    assert (store["id"], north["name"], none["name"]) == (None, "North", "None")
    same = ("certain_m2", "possible_m2", "blind_m2", "cameras", "incidents_unseen")
    assert {name: none[name] for name in same} == {name: store[name] for name in same}
    assert (store["cameras"], north["cameras"], north["placed"], north["changed"], north["removed"]) == (2, 2, 1, 1, 1)
    assert store["incidents"] == store["incidents_seen"] + store["incidents_unseen"]
    planned = whatif(user, *PLAN)
    assert north["blind_m2"] == pytest.approx(planned["totals"]["after"]["blind_m2"], abs=0.05)
    assert {row["code"] for row in found["grids"]} == {"G1", "G2"}
    for row in found["grids"]:
        grid = next(one for one in planned["grids"] if one["code"] == row["code"])
        assert row["blind_m2"] == pytest.approx([grid["before"]["blind_m2"], grid["after"]["blind_m2"],
                                                 grid["before"]["blind_m2"]], abs=0.05)  # fmt: skip
    own = post(user, "/api/scenarios/compare", {"id": [first["id"]], "changes": PLAN[1:2]})
    assert [side["name"] for side in own["sides"]] == [None, "North", None]
    assert own["sides"][2]["removed"] == 1


def test_an_incident_that_a_scenario_sees_is_no_longer_unseen(user: FlaskClient) -> None:
    near = {"op": "place", "key": "n", **degrees(150, 150), "kind": "panoramic", "range_m": 90}
    store, own = post(user, "/api/scenarios/compare", {"changes": [near]})["sides"]
    assert own["incidents_unseen"] == store["incidents_unseen"] - 2
    limits = {"from": "2024-05-31", "to": "2024-06-30"}
    store, own = post(user, "/api/scenarios/compare", {"changes": [near], **limits})["sides"]
    assert own["incidents_unseen"] == store["incidents_unseen"] - 1


def test_files_hold_what_is_planned_and_what_is_recorded(user: FlaskClient) -> None:
    made = add(user, f"方案 {SCRIPT}")
    answer = user.get(f"/api/scenarios/{made['id']}/export?format=geojson")
    assert answer.mimetype == "application/geo+json"
    found = answer.get_json()
    assert found["name"] == made["name"]
    ops = {feature["properties"]["op"]: feature for feature in found["features"]}
    assert (ops["set"]["properties"]["range_m"], ops["set"]["properties"]["before_range_m"]) == (80, 100)
    assert ops["place"]["geometry"]["coordinates"] == pytest.approx([PLAN[2]["lon"], PLAN[2]["lat"]], abs=1e-6)
    answer = user.get(f"/api/scenarios/{made['id']}/export?format=csv")
    disposition = answer.headers["Content-Disposition"]
    assert disposition.isascii() and "%E6%96%B9%E6%A1%88" in disposition and "<" not in disposition
    rows = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert [row["op"] for row in rows] == ["set", "remove", "place"]
    assert rows[2]["name"] == "'=1+1" and rows[1]["before_name"] == SCRIPT
    assert (rows[0]["azimuth_deg"], rows[0]["before_azimuth_deg"]) == ("180.0", "90.0")


def test_an_applied_scenario_can_still_be_read_and_exported(user: FlaskClient) -> None:
    made = add(user)
    post(user, f"/api/scenarios/{made['id']}/apply", {"version": 1})
    opened = user.get(f"/api/scenarios/{made['id']}").get_json()
    assert {one["camera"]: one["gone"] for one in opened["stale"]} == {"c1": False, "c2": True}
    rows = user.get(f"/api/scenarios/{made['id']}/export?format=geojson").get_json()["features"]
    assert [row["properties"]["op"] for row in rows] == ["set", "remove", "place"]
    assert (rows[0]["properties"]["range_m"], rows[0]["properties"]["before_range_m"]) == (80, 100)
