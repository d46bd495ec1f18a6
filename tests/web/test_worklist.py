"""What can be done with findings: proposals, notes, acceptance, what is gone, progress, rules."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from geo.errors import ParameterError
from geo.grid_changes import applied
from settings import audit_rules, from_env
from store.audit_read import Wish
from store.store import Store
from tests.web.test_findings import faulty, get, give_team
from web.repairs import repair, states_of
from web.state import atlas

__all__ = ["faulty"]


def post(client: FlaskClient, **body: Any) -> Any:
    token = client.get("/api/csrf").get_json()["token"]
    return client.post("/api/findings/notes?lang=en", json=body, headers={"X-CSRF-Token": token})


def listed(client: FlaskClient, **query: Any) -> Any:
    return get(client, "/api/audit", **query).get_json()


def ids(client: FlaskClient) -> dict[str, str]:
    return {one["kind"]: one["id"] for one in listed(client)["findings"]}


def test_proposals_come_with_before_and_after(faulty: FlaskClient) -> None:
    finding = ids(faulty)["overlap"]
    found = get(faulty, f"/api/findings/{finding}/repairs").get_json()
    first = found["proposals"][0]
    assert {one["method"] for one in found["proposals"]} >= {"give:a", "give:b"} and found["kind"] == "overlap"
    assert first["grows_m2"] == pytest.approx(-1000, abs=1e-6) and first["measure"] == pytest.approx(1000, abs=1e-6)
    assert first["area_after_m2"] - first["area_before_m2"] == pytest.approx(-1000, abs=first["tolerance_m2"])
    assert {one["code"] for one in first["grids"]} == {one["properties"]["code"] for one in first["after"]["features"]}
    lon, lat = first["after"]["features"][0]["geometry"]["coordinates"][0][0][0]
    assert 20 < lon < 30 and 55 < lat < 65
    assert "longest border" in first["text"]
    chinese = get(faulty, f"/api/findings/{finding}/repairs", lang="zh").get_json()["proposals"][0]
    assert "最长" in chinese["text"]
    assert get(faulty, f"/api/findings/{ids(faulty)['team_missing']}/repairs").get_json()["proposals"] == []
    assert faulty.get("/api/findings/0000/repairs").status_code == 404


def test_a_step_of_a_draft_mends_the_finding(faulty: FlaskClient, app: Flask) -> None:
    finding = ids(faulty)["sliver"]
    with app.app_context():
        snapshot = atlas().snapshot()
        changes = repair(snapshot, {"finding": finding, "method": "give:c"})
        state, grids = states_of(snapshot["grids"]), snapshot["grids"]
        levels, codes = grids.text("level"), grids.text("code")
        before = {(levels[row], codes[row]): state(row) for row in range(len(grids))}
        after = applied(before, changes)  # begins with what the store has
        assert after["grid", "c"].geometry.area - before["grid", "c"].geometry.area == pytest.approx(50, abs=1e-4)
        for params in (
            {"finding": finding, "method": "clip"},
            {"finding": "0", "method": "clip"},
            {"finding": finding},
        ):
            with pytest.raises(ParameterError):
                repair(snapshot, params)


def test_accepting_with_a_reason_takes_findings_off_the_open_ones(faulty: FlaskClient, app: Flask) -> None:
    known = ids(faulty)
    two = [known["overlap"], known["sliver"]]
    assert post(faulty, findings=two, action="accept").status_code == 400  # why?
    done = post(faulty, findings=two, action="accept", text="Both offices agreed to it.")
    assert done.status_code == 200 and done.get_json()["noted"] == 2
    found = listed(faulty, state="open")
    assert [one["kind"] for one in found["findings"]] == ["team_missing"] and found["all"]["total"] == 1
    assert found["states"] == {"open": 1, "accepted": 2} and listed(faulty)["total"] == 3
    accepted = listed(faulty, state="accepted")["findings"]
    assert {one["reason"] for one in accepted} == {"Both offices agreed to it."}
    shown = get(faulty, "/api/layers/findings", state="open").get_json()
    assert [one["properties"]["kind"] for one in shown["features"]] == ["team_missing"]
    csv = get(faulty, "/api/tables/findings.csv", state="accepted").data.decode("utf-8-sig")
    assert "Accepted as it is" in csv and "Both offices" in csv and "No team" not in csv
    file = get(faulty, "/api/export/findings.geojson")
    rows = {one["properties"]["id"]: one["properties"] for one in json.loads(file.data)["features"]}
    file.close()
    assert rows[known["sliver"]]["state"] == "accepted" and rows[known["team_missing"]]["state"] == "open"
    assert post(faulty, findings=two[:1], action="reopen").status_code == 200
    assert listed(faulty)["states"] == {"open": 2, "accepted": 1}
    with app.app_context():
        actions = [entry.action for entry in atlas().store.trail(Wish(), 20)]
    assert actions.count("finding.accept") == 1 and actions.count("finding.reopen") == 1


def test_assigning_and_commenting(faulty: FlaskClient) -> None:
    finding = ids(faulty)["overlap"]
    assert post(faulty, findings=[finding], action="assign", text="post 1").status_code == 200
    assert post(faulty, findings=[finding], action="assign", text="post 9").status_code == 400
    assert post(faulty, findings=[finding], action="comment", text="Look at the river side.").status_code == 200
    found = get(faulty, f"/api/findings/{finding}/notes").get_json()
    assert [(one["action"], one["text"]) for one in found["said"]] == [
        ("assign", "post 1"), ("comment", "Look at the river side.")
    ]  # fmt: skip
    assert found["note"]["team"] == "post 1" and found["teams"] == ["post 1"]
    assert post(faulty, findings=[finding], action="comment", text="call 13812345678").status_code == 422
    stale = post(faulty, findings=[finding], action="accept", text="late", versions={finding: 1})
    assert stale.status_code == 409
    one = [finding]
    for wrong in (
        {"findings": [], "action": "reopen"}, {"findings": "x", "action": "reopen"},
        {"findings": one, "action": "burn"}, {"findings": one, "action": "comment", "text": 1},
    ):  # fmt: skip
        assert post(faulty, **wrong).status_code == 400
    assert post(faulty, findings=["0" * 16], action="reopen").status_code == 404


def test_what_is_mended_is_gone_with_its_revision_and_the_progress_says_so(faulty: FlaskClient, app: Flask) -> None:
    finding = ids(faulty)["team_missing"]
    done = give_team(app)
    assert listed(faulty)["total"] == 2
    gone = get(faulty, "/api/findings/gone", finding=finding).get_json()["gone"]
    assert [(one["finding"], one["kind"], one["revision"]) for one in gone] == [
        (finding, "team_missing", done.revision)
    ]  # fmt: skip
    progress = get(faulty, "/api/findings/progress").get_json()["revisions"]
    assert [one["total"] for one in progress] == [3, 2] and progress[-1]["kinds"] == {"overlap": 1, "sliver": 1}
    csv = get(faulty, "/api/tables/findings-progress.csv").data.decode("utf-8-sig")
    assert csv.count("Overlap") == 2 and csv.count("No team") == 1


def test_rules_by_command_and_setting(faulty: FlaskClient, app: Flask, tmp_path: Path) -> None:
    run = app.test_cli_runner().invoke
    found = json.loads(run(args=["audit", "--rule", "most_m2=9000", "--format", "json"]).stdout)
    assert found["meta"]["rules"]["most_m2"] == 9000 and found["kinds"]["size"] == 5
    assert "size" not in json.loads(run(args=["audit", "--format", "json"]).stdout)["kinds"]
    assert run(args=["audit", "--rule", "most_m2"]).exit_code == 2
    refused = run(args=["audit", "--rule", "colour=red"])
    assert refused.exit_code == 2 and "least_m2" in refused.stderr
    file = tmp_path / "rules.txt"
    file.write_text("# of the city\nleast_m2=2000\nlayout=20\n", "utf-8")
    assert from_env({"ATLAS_AUDIT_RULES": str(file)}).audit_rules == (("least_m2", "2000"), ("layout", "20"))
    assert audit_rules("least_m2=2000, layout=20") == (("least_m2", "2000"), ("layout", "20"))
    for wrong in ("least_m2=", str(tmp_path / "none")):
        with pytest.raises(ValueError, match="ATLAS_AUDIT_RULES"):
            audit_rules(wrong)


def test_notes_outlast_the_process(faulty: FlaskClient, app: Flask) -> None:
    finding = ids(faulty)["overlap"]
    post(faulty, findings=[finding], action="accept", text="By the river.")
    with app.app_context():
        path = atlas().store.path
    with Store.open(path) as store:
        note = store.finding_notes()[finding]
    assert (note.state, note.reason, note.grids, note.version) == ("accepted", "By the river.", ("a", "b"), 1)


def test_a_repair_is_a_step_of_a_draft_that_changes_nothing_before_it_is_approved(faulty: FlaskClient) -> None:
    finding, headers = ids(faulty)["overlap"], {"X-CSRF-Token": faulty.get("/api/csrf").get_json()["token"]}
    draft = faulty.post("/api/drafts", json={"name": "Repairs"}, headers=headers).get_json()
    step = {"version": draft["version"], "op": "repair", "finding": finding, "method": "give:a"}
    done = faulty.post(f"/api/drafts/{draft['id']}/steps", json=step, headers=headers)
    assert done.status_code in (200, 201), done.get_data(as_text=True)
    version = done.get_json()["version"]
    again = faulty.post(f"/api/drafts/{draft['id']}/steps", json={**step, "version": version}, headers=headers)
    assert again.status_code == 400  # mended in the draft
    assert finding in ids(faulty).values()
    for what in ("submit", "approve"):
        answer = faulty.post(
            f"/api/drafts/{draft['id']}/{what}", json={"version": version, "reason": "ok"}, headers=headers
        )
        assert answer.status_code == 200, answer.get_data(as_text=True)
        version = answer.get_json()["version"]
    assert finding not in ids(faulty).values()
    gone = get(faulty, "/api/findings/gone", finding=finding).get_json()["gone"]
    assert [one["kind"] for one in gone] == ["overlap"]
