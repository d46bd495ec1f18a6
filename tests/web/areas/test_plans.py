"""Drafts, findings and scenarios of elsewhere are not there for a reader of an area."""

from __future__ import annotations

from typing import Any

from flask import Flask

from geo.area import Area
from tests.web.areas.asking import ask, text_of
from tests.web.areas.questions import OUT, PLACED
from tests.web.areas.town import CANARY, INSIDE, OUTSIDE


def keep(app: Flask, name: str, changes: list[Any], area: Area | None, **more: Any) -> tuple[int, Any]:
    said = ask(app, ("POST", "/api/scenarios", {"name": name, "changes": changes, **more}), area)
    return said[0], said[2]


def test_drafts_of_elsewhere_are_not_there(full: Flask) -> None:
    def begun(area: Area | None, code: str) -> str:
        made = ask(full, ("POST", "/api/drafts", {"name": f"of {code}"}), None if area is None else area)[2]
        step = {"version": 1, "op": "team", "level": "grid", "codes": [code], "team": "Post"}
        assert ask(full, ("POST", f"/api/drafts/{made['id']}/steps", step), area)[0] == 200
        return str(made["id"])

    own, foreign = begun(INSIDE, "A1"), begun(None, "B1")
    assert {one["id"] for one in ask(full, "/api/drafts", INSIDE)[2]["drafts"]} == {own}
    assert {one["id"] for one in ask(full, "/api/drafts", OUTSIDE)[2]["drafts"]} == {foreign}
    for what in ("", "/borders", "/effect?wait_s=30", "/export.geojson"):
        status, *_, body = ask(full, f"/api/drafts/{own}{what}", INSIDE)
        assert status == 200 and CANARY not in text_of(body), what
    acts = ("steps", "undo", "redo", "submit", "withdraw", "reject", "approve")
    for form in (
        *(f"/api/drafts/{{}}{what}" for what in ("", "/borders", "/effect", "/export.geojson")),
        *(("POST", f"/api/drafts/{{}}/{act}", {"version": 1, "op": "team"}) for act in acts),
        ("DELETE", "/api/drafts/{}?version=2", {}),
    ):
        refused, nobody = (
            ask(full, form.format(one) if isinstance(form, str) else (form[0], form[1].format(one), form[2]), INSIDE)
            for one in (foreign, "0123456789abcdef")
        )
        assert refused == nobody and refused[0] == 404, form


def test_findings_of_elsewhere_are_not_there(full: Flask) -> None:
    def listed(area: Area | None) -> dict[str, Any]:
        return {one["id"]: one for one in ask(full, "/api/audit?wait_s=60", area)[2]["findings"]}

    city, own = listed(None), listed(INSIDE)
    foreign = next(name for name in city if name not in own)
    mine = next(iter(own))
    for what in ("repairs", "notes"):
        status, *_, body = ask(full, f"/api/findings/{mine}/{what}", INSIDE)
        assert status == 200 and CANARY not in text_of(body), what
    note = {"action": "comment", "text": "looked at"}
    for form in (
        "/api/findings/{}/repairs",
        "/api/findings/{}/notes",
        ("POST", "/api/findings/notes", {**note, "findings": [mine, "{}"]}),
    ):
        refused, nobody = (
            ask(
                full,
                form.format(one) if isinstance(form, str) else (*form[:2], {**note, "findings": [mine, one]}),
                INSIDE,
            )
            for one in (foreign, "0123456789abcdef")
        )
        assert refused[0] == nobody[0] == 404 and CANARY not in text_of(refused), form
    assert ask(full, ("POST", "/api/findings/notes", {**note, "findings": [mine]}), INSIDE)[0] == 200
    assert ask(full, f"/api/findings/{foreign}/notes", None)[2]["said"] == []
    gone = ask(full, f"/api/findings/gone?finding={foreign}", INSIDE)
    assert gone[0] == 200 and gone[2]["gone"] == []
    assert CANARY not in text_of(ask(full, "/api/findings/progress", INSIDE))


def test_scenarios_of_elsewhere_are_not_there(full: Flask) -> None:
    out = {**PLACED, "lon": OUT[0], "lat": OUT[1]}
    both = keep(full, f"{CANARY} both", [PLACED, {**out, "key": "two"}], None)[1]["id"]
    moved = keep(full, f"{CANARY} moved", [{"op": "set", "id": f"{CANARY} c1", "range_m": 50}], None)[1]["id"]
    inside = keep(full, "inside", [PLACED], None, category=[CANARY, "theft"], level="city")[1]["id"]
    own = keep(full, "own", [{"op": "set", "id": "c2", "range_m": 70}], INSIDE)[1]["id"]
    listed = ask(full, "/api/scenarios", INSIDE)[2]["scenarios"]
    assert {one["id"] for one in listed} == {inside, own}
    assert {one["id"] for one in ask(full, "/api/scenarios", OUTSIDE)[2]["scenarios"]} == {moved}
    seen = ask(full, f"/api/scenarios/{inside}", INSIDE)[2]
    assert seen["options"] == {"category": ["theft"]} and CANARY not in text_of(seen)
    nobody = ask(full, "/api/scenarios/0123456789abcdef", INSIDE)
    for one in (both, moved):
        for asked in (
            f"/api/scenarios/{one}", f"/api/scenarios/{one}/export?format=csv", f"/api/scenarios/compare?id={one}",
            ("PUT", f"/api/scenarios/{one}", {"name": "mine", "version": 1}),
            ("DELETE", f"/api/scenarios/{one}?version=1", {}), ("POST", f"/api/scenarios/{one}/restore", {}),
            ("POST", f"/api/scenarios/{one}/apply", {"version": 1}),
        ):  # fmt: skip
            refused = ask(full, asked, INSIDE)
            assert refused == nobody, asked
    for changes in ([out], [{"op": "set", "id": "c1", "lon": OUT[0], "lat": OUT[1]}], []):
        assert keep(full, "no", changes, INSIDE)[0] == 400
    gone = keep(full, "no", [{"op": "remove", "id": f"{CANARY} c1"}], INSIDE)
    unknown = keep(full, "no", [{"op": "remove", "id": "never was"}], INSIDE)
    assert gone[0] == unknown[0] == 400
    assert text_of(gone[1]).replace(f"{CANARY} c1", "never was") == text_of(unknown[1])
    assert ask(full, ("PUT", f"/api/scenarios/{own}", {"changes": [out], "version": 1}), INSIDE)[0] == 400
    assert ask(full, ("DELETE", f"/api/scenarios/{own}?version=1", {}), INSIDE)[0] == 200
    assert ask(full, ("POST", f"/api/scenarios/{own}/restore", {}), OUTSIDE) == nobody
    assert ask(full, ("POST", f"/api/scenarios/{own}/restore", {}), INSIDE)[0] == 200
    for one in (both, moved, inside):
        ask(full, ("DELETE", f"/api/scenarios/{one}?version=1", {}), None)
    assert ask(full, ("DELETE", f"/api/scenarios/{own}?version=2", {}), INSIDE)[0] == 200
