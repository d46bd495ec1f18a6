"""A doubtful incident is decided, leaves the queue, counts where it was decided, and comes back when that is undone."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from geo.area import Area
from tests.web.conftest import token
from web import identity
from web.identity import Reader
from web.permissions import ROLES


def listed(client: FlaskClient, **query: Any) -> Any:
    return client.get("/api/assignment", query_string=query).get_json()


def body(client: FlaskClient, grid: str | None, *ids: str, **more: Any) -> dict[str, Any]:
    found = listed(client, queue="all", near_m=1000)
    rows = {row["id"]: row for row in found["rows"]}
    incidents = [
        {"id": one, "recorded": rows[one]["recorded"], "located": rows[one]["located"],
         "decision": rows[one]["decision"] and rows[one]["decision"]["id"]} for one in ids
    ]  # fmt: skip
    return {"level": "grid", "grid": grid, "reason": "the record is right", "grids_revision": found["grids_revision"],
            "incidents": incidents} | more  # fmt: skip


def post(client: FlaskClient, path: str, data: Any) -> Any:
    return client.post(f"/api/assignment/{path}", json=data, headers=token(client))


def counts(client: FlaskClient, level: str = "grid") -> dict[str, int]:
    found = client.get("/api/density", query_string={"level": level}).get_json()
    assert sum(one["incidents"] for one in found["grids"]) + found["outside"] == found["total"]
    return {one["code"]: one["incidents"] for one in found["grids"]} | {"outside": found["outside"]}


def test_a_decided_incident_counts_there_and_leaves_the_queue(user: FlaskClient) -> None:
    assert counts(user) == {"G1": 4, "G2": 1, "outside": 1}
    assert listed(user)["differs"] == 1
    answer = post(user, "decisions", body(user, "G2", "b", "far"))
    assert answer.status_code == 201
    assert counts(user) == {"G1": 3, "G2": 3, "outside": 0}
    assert counts(user, "district") == {"D1": 6, "outside": 0}  # with the grid above
    found = listed(user)
    assert (found["differs"], found["outside"], found["decided"], [row["id"] for row in found["rows"]]) == (
        0, 0, 2, ["edge"])  # fmt: skip
    done = {row["id"]: row["decision"] for row in listed(user, queue="decided")["rows"]}
    assert done["b"]["grid"] == "G2" and done["b"]["reason"] == "the record is right" and done["b"]["by"]
    profile = user.get("/api/profile?code=G2").get_json()
    assert profile["findings"]["differs"] == 0 and profile["incidents"] == 3
    csv = user.get("/api/tables/assignment.csv?queue=decided").get_data(as_text=True)
    assert "the record is right" in csv
    undone = post(user, "decisions/undo", {"decisions": [done["b"]["id"], done["far"]["id"]]})
    assert undone.status_code == 200
    assert counts(user) == {"G1": 4, "G2": 1, "outside": 1}
    told = user.get("/api/assignment/decisions?state=all").get_json()["decisions"]
    assert {one["state"] for one in told} == {"undone"} and len(told) == 2


def test_in_no_grid_can_be_decided(user: FlaskClient) -> None:
    post(user, "decisions", body(user, None, "c"))
    assert counts(user) == {"G1": 4, "G2": 0, "outside": 2}
    assert counts(user, "district") == {"D1": 5, "outside": 1}  # of the level above nothing was said


def test_what_changed_since_it_was_seen_is_a_conflict(user: FlaskClient) -> None:
    stale = body(user, "G2", "b")
    assert post(user, "decisions", stale).status_code == 201
    again = post(user, "decisions", stale)
    assert (again.status_code, again.get_json()["error"]["code"]) == (409, "conflict")
    assert post(user, "decisions", body(user, "G1", "b", grids_revision=0)).status_code == 409
    assert post(user, "decisions", body(user, "G1", "b")).status_code == 201  # seen anew: it supersedes
    assert counts(user)["G1"] == 4


@pytest.mark.parametrize(
    ("change", "status"),
    [({"grid": "G9"}, 404), ({"level": "moon"}, 404), ({"reason": " "}, 400), ({"reason": "x" * 501}, 400),
     ({"reason": "call 13800138000"}, 422), ({"incidents": []}, 400), ({"incidents": "b"}, 400), ({"grid": 7}, 400),
     ({"incidents": [{"id": "nobody", "recorded": None, "located": None, "decision": None}]}, 404),
     ({"incidents": [{"id": 5}]}, 400)],
)  # fmt: skip
def test_what_cannot_be_decided_changes_nothing(user: FlaskClient, change: dict[str, Any], status: int) -> None:
    answer = post(user, "decisions", body(user, "G2", "b") | change)
    assert answer.status_code == status and set(answer.get_json()["error"]) >= {"code", "message", "remedy"}
    assert user.get("/api/assignment/decisions").get_json()["total"] == 0


def test_the_queue_is_sorted_and_paged(user: FlaskClient) -> None:
    every = listed(user, near_m=1000)["rows"]
    near = [row["distance_m"] for row in listed(user, near_m=1000, order_by="distance_m")["rows"]]
    assert near == sorted(near) and len(near) == len(every) == 6
    far = [row["distance_m"] for row in listed(user, near_m=1000, order_by="distance_m", down=1)["rows"]]
    assert far == near[::-1]
    times = [row["occurred_at"] for row in listed(user, near_m=1000, order_by="occurred_at")["rows"]]
    assert times == [*sorted([one for one in times if one]), None]
    for key in ("recorded", "located", "category", "id"):
        found = [row[key] for row in listed(user, near_m=1000, order_by=key)["rows"]]
        assert found == sorted(x for x in found if x is not None) + [None] * found.count(None)
    pages = [row["id"] for at in (0, 2, 4) for row in listed(user, near_m=1000, offset=at, limit=2)["rows"]]
    assert pages == [row["id"] for row in every]
    assert [row["id"] for row in listed(user, why="differs")["rows"]] == ["b"]
    assert listed(user)["rows"][0]["beside"] == ["G2"]  # the nearest of the one that lies far outside


def test_flows_are_what_a_loop_counts(user: FlaskClient) -> None:
    found = user.get("/api/assignment/flows").get_json()
    assert [(one["recorded"], one["located"], one["incidents"]) for one in found["flows"]] == [("G2", "G1", 1)]
    assert (found["stayed"], found["unrecorded"], found["moved"], found["total"]) == (4, 1, 1, 6)
    post(user, "decisions", body(user, "G2", "b"))
    assert user.get("/api/assignment/flows").get_json()["flows"] == []  # a decision counts
    assert "G2" not in user.get("/api/tables/flows.csv").get_data(as_text=True)


def test_who_has_an_area_decides_in_it_and_learns_nothing_more(
    user: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    post(user, "decisions", body(user, "G2", "b"))  # lies in G1, was decided into G2
    other = post(user, "decisions", body(user, "G2", "c"))
    monkeypatch.setattr(identity, "SINGLE", Reader("account", "west", frozenset(ROLES), Area((("grid", "G1"),))))
    assert counts(user) == {"G1": 3, "outside": 1}
    row = next(one for one in listed(user, queue="decided")["rows"])
    assert (row["id"], row["decision"]["grid"], row["decision"]["elsewhere"]) == ("b", None, True)
    told = user.get("/api/assignment/decisions").get_json()["decisions"]
    assert [(one["incident"], one["grid"], one["elsewhere"]) for one in told] == [("b", None, True)]
    for numbers in ([row["decision"]["id"]], [other.get_json()["decisions"][0]["id"]], [4711]):
        assert post(user, "decisions/undo", {"decisions": numbers}).status_code == 404
    assert post(user, "decisions", body(user, "G2", "a")).status_code == 404  # no such grid for this reader
    assert post(user, "decisions", body(user, "G1", "a")).status_code == 201
    seen = body(user, "G1", "a")
    seen["incidents"][0] = {"id": "c", "recorded": "G2", "located": "G2", "decision": None}
    assert post(user, "decisions", seen).status_code == 404


def test_a_viewer_decides_nothing(user: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = body(user, "G2", "b")
    monkeypatch.setattr(identity, "SINGLE", Reader("account", "guest", frozenset({"viewer"})))
    assert post(user, "decisions", wanted).status_code == 403
    assert 'id="decide"' not in user.get("/grids").get_data(as_text=True)


def test_the_commands_say_what_the_pages_say(english: Flask, user: FlaskClient) -> None:
    runner = english.test_cli_runner()
    done = runner.invoke(args=["assignment", "--format", "json"])
    assert done.exit_code == 0
    assert json.loads(done.output)["rows"] == listed(user)["rows"]
    flows = json.loads(runner.invoke(args=["assignment", "--flows", "--format", "json"]).output)["flows"]
    assert flows == user.get("/api/assignment/flows").get_json()["flows"]
    assert "recorded in another grid" in runner.invoke(args=["assignment"]).output.lower()
    found = json.loads(runner.invoke(args=["responsible", "G1", "--format", "json"]).output)["results"]
    assert found == user.get("/api/responsible?q=G1").get_json()["results"]
    assert "Team 1" in runner.invoke(args=["responsible", "G1"]).output
    for wrong in (["responsible", " "], ["assignment", "--level", "moon"], ["assignment", "--near-m", "-1"]):
        assert runner.invoke(args=wrong).exit_code in (1, 2)
