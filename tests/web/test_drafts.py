"""/api/drafts and /api/division: every step, undo, two editors, review by a second account, areas, effect, history."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient

from geo.area import Area
from geo.crs import lonlat
from store.grid_states import states_of
from tests.quick import quick_passwords
from tests.web.conftest import CRS, X0, Y0, token
from tests.web.signed import administrator, signed_in
from tests.web.test_whatif import post


def at(east: float, north: float) -> list[float]:
    """Return longitude and latitude of a place in kilometres from the corner of the town."""
    lon, lat = lonlat([X0 + 1000 * east], [Y0 + 1000 * north], CRS)
    return [float(lon[0]), float(lat[0])]


class Work:
    """One draft as an editor works on it."""

    def __init__(self, client: FlaskClient, found: Any) -> None:
        self.client, self.found = client, found

    def act(self, what: str, status: int = 200, **body: Any) -> Any:
        sent = {"version": self.found["version"], **body}
        answer = post(self.client, f"/api/drafts/{self.found['id']}/{what}", sent, status)
        if status == 200:
            self.found = answer
        return answer

    def step(self, op: str, status: int = 200, **params: Any) -> Any:
        return self.act("steps", status, op=op, **params)

    def sides(self, when: str) -> dict[str, Any]:
        """Return the changed grids of one side by code."""
        features = self.found["grids"]["features"]
        return {one["properties"]["code"]: one for one in features if one["properties"]["when"] == when}

    def effect(self, wait_s: int = 50) -> Any:
        return self.client.get(f"/api/drafts/{self.found['id']}/effect?wait_s={wait_s}").get_json()


def begin(client: FlaskClient, name: str = "North") -> Work:
    return Work(client, post(client, "/api/drafts", {"name": name}, 201))


NORTH = {"from": at(1, 1), "to": at(1.2, 1)}  # the northern end of the border between G1 and G2
SPLIT = {"level": "grid", "code": "G1", "line": [at(0.5, -0.001), at(0.5, 1.001)]}


def test_a_border_is_dragged_undone_and_done_again(user: FlaskClient) -> None:
    work = begin(user)
    assert (work.found["state"], work.found["version"], work.found["steps"]) == ("draft", 1, [])
    work.step("reshape", level="grid", moves=[NORTH])
    before, after = work.sides("before"), work.sides("after")
    assert set(before) == set(after) >= {"G1", "G2"}
    assert math.isclose(before["G1"]["properties"]["area_m2"], 1e6, rel_tol=1e-9)
    assert math.isclose(after["G1"]["properties"]["area_m2"], 1.1e6, rel_tol=1e-4)
    total = sum(after[code]["properties"]["area_m2"] for code in ("G1", "G2"))
    assert math.isclose(total, 2e6, rel_tol=1e-9)
    assert (work.found["can_undo"], work.found["can_redo"]) == (True, False)
    assert work.found["steps"][0]["params"]["moves"] == [NORTH]
    undone = work.act("undo")
    assert (undone["step"], undone["can_redo"], undone["grids"]["features"]) == (0, True, [])
    assert work.act("redo")["step"] == 1
    (row,) = user.get("/api/drafts").get_json()["drafts"]
    assert (row["id"], row["grids"], row["step"]) == (work.found["id"], len(after), 1)
    refused = work.step("reshape", 422, level="grid", moves=[{"from": at(0, 0), "to": at(0.1, 0.1)}])
    assert "outer border" in refused["error"]["message"]
    assert refused["error"]["code"] == "outer_border"  # by which a page offers to mean it


def test_borders_name_the_nodes_that_grids_share(user: FlaskClient) -> None:
    work = begin(user)
    found = user.get(f"/api/drafts/{work.found['id']}/borders?level=grid").get_json()
    rings = {one["code"]: one["rings"][0] for one in found["grids"]}
    assert len(found["nodes"]) == 6 and len(set(rings["G1"]) & set(rings["G2"])) == 2
    (north,) = [
        node for node in set(rings["G1"]) & set(rings["G2"]) if np.allclose(found["nodes"][node], at(1, 1), atol=1e-7)
    ]
    work.step("reshape", level="grid", moves=[{"from": found["nodes"][north], "to": at(1.1, 1)}])
    moved = user.get(f"/api/drafts/{work.found['id']}/borders?level=grid").get_json()
    assert any(np.allclose(node, at(1.1, 1), atol=1e-8) for node in moved["nodes"])
    far = ",".join(str(part) for part in (*at(9, 9), *at(9.5, 9.5)))
    assert user.get(f"/api/drafts/{work.found['id']}/borders?level=grid&bbox={far}").get_json()["grids"] == []


def test_each_kind_of_step_does_what_it_says(user: FlaskClient) -> None:
    work = begin(user)
    work.step("split", **SPLIT)
    after = work.sides("after")
    assert {code: after[code]["properties"]["population"] for code in after} == {"G1": None, "G3": None}
    work.step("merge", level="grid", codes=["G1", "G3"], into="G3")
    assert set(work.sides("after")) == {"G3"} and set(work.sides("before")) == {"G1"}
    work.step("team", level="grid", codes=["G3", "G2"], team="Post 7")
    assert {one["properties"]["team"] for one in work.sides("after").values()} == {"Post 7"}
    work.step("restore", revision=1)
    assert work.found["grids"]["features"] == [] and work.found["step"] == 4
    work.act("submit", 409)
    work.step("redraw", 422, level="grid", code="G1", tolerance_m=5)
    work.step("parent", 404, level="grid", code="G1", parent="nowhere")


@pytest.mark.parametrize(
    ("op", "params", "status"),
    [
        ("reshape", {"level": "grid", "moves": []}, 400),
        ("reshape", {"level": "grid", "moves": [{"from": [0], "to": [0, 0]}]}, 400),
        ("reshape", {"level": "grid", "moves": [{"from": at(0.5, 0.5), "to": at(0.6, 0.5)}]}, 422),
        ("reshape", {"level": "nix", "moves": [NORTH]}, 404),
        ("reshape", {"level": "grid", "moves": [{"from": at(1, 1), "to": [None, True]}]}, 400),
        ("split", {"level": "grid", "code": "G9", "line": SPLIT["line"]}, 404),
        ("split", {**SPLIT, "codes": ["a"]}, 422),
        ("split", {**SPLIT, "codes": ["G1", "G2"]}, 422),
        ("split", {**SPLIT, "line": [at(0.2, 0.2), at(0.3, 0.3)]}, 422),
        ("merge", {"level": "grid", "codes": ["G1"], "into": "G1"}, 422),
        ("merge", {"level": "grid", "codes": "G1", "into": "G1"}, 400),
        ("team", {"level": "grid", "codes": ["G1"], "team": 7}, 400),
        ("team", {"level": "grid", "codes": ["G1"], "team": "Team 1"}, 422),
        ("restore", {"revision": 99}, 404),
        ("restore", {"revision": "1"}, 400),
        ("redraw", {"level": "grid", "code": "G1", "tolerance_m": 1e9}, 400),
        ("team", {"level": "grid", "codes": ["G2"], "team": "X", "more": math.inf}, 400),
        ("nix", {}, 400),
        (7, {}, 400),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_kept(user: FlaskClient, op: Any, params: Any, status: int) -> None:
    work = begin(user)
    refused = work.step(op, status, **params)
    assert refused["error"]["message"]
    assert user.get(f"/api/drafts/{work.found['id']}").get_json()["steps"] == []


def test_of_two_editors_the_later_gets_409_with_both_versions(user: FlaskClient) -> None:
    first = begin(user)
    second = Work(user, first.found)
    first.step("team", level="grid", codes=["G1"], team="A")
    for late in (
        lambda: second.step("team", 409, level="grid", codes=["G2"], team="B"),
        lambda: second.act("undo", 409),
    ):
        told = late()["error"]
        assert (told["code"], told["present"], told["seen"]) == ("conflict", 2, 1)
    assert user.get(f"/api/drafts/{first.found['id']}").get_json()["step"] == 1
    gone = user.delete(f"/api/drafts/{first.found['id']}?version=1", headers=token(user))
    assert gone.status_code == 409


def test_of_two_drafts_the_later_gets_both_versions_of_the_grid(english: Flask, user: FlaskClient) -> None:
    first, second = begin(user, "First"), begin(user, "Second")
    first.step("team", level="grid", codes=["G1"], team="A")
    second.step("team", level="grid", codes=["G1"], team="B")
    for work in (first, second):
        work.act("submit", reason="because")
    first.act("approve")
    told = second.act("approve", 409)["error"]
    assert told["code"] == "division_conflict"
    (one,) = told["conflicts"]
    assert (one["code"], one["theirs"]["team"], one["mine"]["team"]) == ("G1", "A", "B")
    assert one["theirs"]["geometry"]["type"] == "MultiPolygon"
    shown = user.get(f"/api/drafts/{second.found['id']}").get_json()
    assert shown["state"] == "submitted" and [one["code"] for one in shown["conflicts"]] == ["G1"]
    back = Work(user, shown)
    back.act("withdraw")
    assert back.step("team", 409, level="grid", codes=["G2"], team="B")["error"]["code"] == "division_conflict"
    back.act("undo")
    back.step("team", level="grid", codes=["G1"], team="B")
    assert back.found["conflicts"] == []


def test_a_draft_shows_what_changes_hands_and_what_the_audit_says(user: FlaskClient) -> None:
    work = begin(user)
    work.step("reshape", level="grid", moves=[NORTH, {"from": at(1, 0), "to": at(0.05, 0)}])
    told = work.effect()
    assert told["computing"] is False and told["level"] == "grid"
    flow = {(one["from"]["code"], one["to"]["code"]): one for one in told["flows"]}
    # By hand: incidents "b" and "edge" and "undated"... lie west and east of the new border.
    west = flow["G1", "G2"]
    line = lambda north: 0.05 + 1.15 * north  # noqa: E731 - the new border, kilometres
    places = [(0.1, 0.1), (0.2, 0.2), (1.5, 0.5), (1.0, 0.5), (0.7, 0.7)]
    wanted = sum(1 for x, y in places if x <= 1 and x > line(y))
    assert west["incidents"] == wanted == 1  # the one on the old border
    assert west["population"] is None and told["moved"]["population"] is None
    assert math.isclose(told["moved"]["streets_m"], 1000 * (1 - line(0.5)), rel_tol=1e-3)
    whole = begin(user, "Team")
    whole.step("team", level="grid", codes=["G1"], team="B")
    (only,) = whole.effect()["flows"]
    assert (only["from"]["team"], only["to"]["team"], only["incidents"], only["population"]) == ("Team 1", "B", 4, 5000)
    gone = begin(user, "Gone")
    gone.step("team", level="grid", codes=["G2"], team="C")
    kinds = [one["kind"] for one in gone.effect()["findings"]["gone"]["rows"]]
    assert kinds == ["team_missing"] or any("team" in kind for kind in kinds)


def test_a_second_account_approves_and_the_history_tells(english: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    quick_passwords(monkeypatch)
    administrator(english)
    planner, approver = signed_in(english, "Planning", "planner"), signed_in(english, "Review", "approver")
    both, viewer = signed_in(english, "Both", "supervisor", "approver"), signed_in(english, "Viewer", "viewer")
    work = begin(planner)
    work.step("split", **SPLIT, codes=["W", "E"])
    path = f"/api/drafts/{work.found['id']}"
    assert viewer.get(path).get_json() == work.found
    for refused in (viewer, approver):
        body = {"version": work.found["version"], "op": "team", "level": "grid", "codes": ["G2"], "team": "X"}
        assert post(refused, f"{path}/steps", body, 403)["error"]["code"] == "not_allowed"
    work.act("submit", reason="The school moved")
    work.act("approve", 403)
    assert Work(viewer, work.found).act("approve", 403)["error"]["code"] == "not_allowed"
    done = Work(approver, work.found)
    done.act("reject", reason="Draw it further east")
    assert (done.found["state"], done.found["reason"]) == ("rejected", "Draw it further east")
    work.found = done.found
    work.act("submit", reason="The school moved")
    done.found = work.found
    done.act("approve", reason="Agreed")
    assert (done.found["state"], done.found["own"]) == ("applied", False)
    rows = viewer.get("/api/division/history").get_json()["changes"]
    assert [(one["kind"], one["by"], one["why"], one["submitted_by"], one["own"]) for one in rows] == [
        ("division", "Review", "The school moved; Agreed", "Planning", False),
        ("append", "gridatlas", "grids.csv", None, False),
    ]  # fmt: skip
    told = viewer.get(f"/api/division/history/{rows[0]['revision']}").get_json()
    sides = [(one["properties"]["code"], one["properties"]["when"]) for one in told["grids"]["features"]]
    assert sorted(sides) == [("E", "after"), ("G1", "before"), ("W", "after")]
    own = begin(both, "Own")
    own.step("team", level="grid", codes=["G2"], team="X")
    own.act("submit")
    assert own.act("approve", 403)["error"]["code"] == "own_draft"
    back = begin(planner, "Back")
    back.step("restore", revision=rows[1]["revision"])
    back.act("submit", reason="As it was")
    Work(approver, back.found).act("approve")
    store = english.extensions["atlas"].store
    assert dict(store.division_at(store.revision())) == dict(store.division_at(rows[1]["revision"]))
    last = store.revision()
    between = viewer.get(f"/api/division/history/{last}?since={rows[1]['revision']}").get_json()
    assert between["grids"]["features"] == []  # it is as it was
    between = viewer.get(f"/api/division/history/{last}?since={rows[0]['revision']}").get_json()
    sides = [(one["properties"]["code"], one["properties"]["when"]) for one in between["grids"]["features"]]
    assert sorted(sides) == [("E", "before"), ("G1", "after"), ("W", "before")]
    assert viewer.get(f"/api/division/history/{last}?since=999999").status_code == 404
    assert len(planner.get("/api/division/history?limit=1").get_json()["changes"]) == 1
    file = planner.get(f"/api/drafts/{back.found['id']}/export.geojson")
    assert file.mimetype == "application/geo+json" and len(file.get_json()["features"]) == 3


def test_the_single_user_approves_his_own_and_the_history_says_so(user: FlaskClient) -> None:
    work = begin(user)
    work.step("team", level="grid", codes=["G2"], team="X")
    work.act("submit", reason="Alone")
    before = work.effect()
    assert work.act("approve")["own"] is True
    assert {**work.effect(), "version": 0} == {**before, "version": 0}  # told of what was done as of what was to be
    assert user.get("/api/division/history").get_json()["changes"][0]["own"] is True
    gone = begin(user, "Gone")
    answer = user.delete(f"/api/drafts/{gone.found['id']}?version=1", headers=token(user))
    assert answer.get_json()["deleted"] is True
    assert user.get(f"/api/drafts/{gone.found['id']}").status_code == 404


def test_an_area_is_kept_to(english: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    quick_passwords(monkeypatch)
    administrator(english)
    area = Area((("grid", "G1"),))
    mine = signed_in(english, "West", "supervisor", "approver", area=area)
    city = signed_in(english, "City", "supervisor")
    work = begin(mine)
    for step in (
        {"op": "reshape", "level": "grid", "moves": [NORTH]},
        {"op": "team", "level": "grid", "codes": ["G2"], "team": "X"},
        {"op": "merge", "level": "grid", "codes": ["G1", "G2"], "into": "G1"},
    ):
        refused = work.step(**step, status=403 if step["op"] == "reshape" else 404)["error"]
        assert refused["code"] == ("outside_area" if step["op"] == "reshape" else "unknown_grid")
        if step["op"] == "team":  # answered as one that is not there
            nowhere = work.step("team", 404, level="grid", codes=["G7"], team="X")["error"]
            assert nowhere["message"].replace("G7", "G2") == refused["message"]
    elsewhere = work.step("reshape", 422, level="grid", moves=[{"from": at(2, 1), "to": at(2.1, 1)}])
    assert "no border" in elsewhere["error"]["message"]
    work.step("split", **SPLIT)
    assert {one["properties"]["parent"] for one in work.found["grids"]["features"]} == {None}  # D1 lies above the area
    seen = mine.get(f"/api/drafts/{work.found['id']}/borders?level=grid").get_json()
    assert {one["code"] for one in seen["grids"]} == {"G1", "G3"}
    assert {one["to"]["code"] for one in work.effect()["flows"]} == {"G3"}
    foreign = begin(city, "East")
    assert mine.get(f"/api/drafts/{foreign.found['id']}").status_code == 404  # empty, and another's
    foreign.step("team", level="grid", codes=["G2"], team="X")
    assert mine.get(f"/api/drafts/{foreign.found['id']}").status_code == 404
    assert [one["name"] for one in mine.get("/api/drafts").get_json()["drafts"]] == ["North"]
    assert len(city.get("/api/drafts").get_json()["drafts"]) == 2
    assert mine.get("/api/division/history").get_json()["changes"][0]["added"] == 1


def test_an_empty_store_has_drafts_but_nothing_to_draw(app: Flask) -> None:
    work = begin(app.test_client())
    assert work.step("team", 404, level="grid", codes=["G1"], team="X")["error"]["code"] == "no_data"
    path = f"/api/drafts/{work.found['id']}"
    assert work.client.get(f"{path}/borders").get_json()["grids"] == []
    assert work.effect()["flows"] == []
    assert work.client.get("/api/division/history").get_json()["changes"] == []
    assert work.client.get(f"/api/division/history/{2**70}").status_code == 404


def test_states_of_nothing_are_none() -> None:
    assert states_of([]) == []
