"""A page of an area hears of what happens in it, and of nothing else; a token of an area sends what lies in it."""

from __future__ import annotations

import re
from typing import Any

from flask import Flask

from store.batch import Provenance
from tests.web.areas.asking import ask
from tests.web.areas.questions import IN, OUT
from tests.web.areas.town import CANARY, INSIDE, OUTSIDE, area_header, rows
from tests.web.conftest import batch, square


def test_a_stream_tells_of_its_area(full: Flask) -> None:
    told = {}
    for area in (None, INSIDE, OUTSIDE):
        answer = full.test_client().get("/api/stream?cursor=0", headers=area_header(area), buffered=False)
        parts, said = iter(answer.response), b""
        while said.count(b"event: incident") < {None: 7, INSIDE: 2, OUTSIDE: 5}[area]:
            said += next(parts)
        told[area] = re.findall(rb'"id": ?"([^"]*)"', said)
        answer.close()
        if area == INSIDE:
            assert CANARY.encode() not in said
    ids = {area: {one for one in some if one in (b"n1", b"n2") or (CANARY.encode() in one and b" n" in one)}
           for area, some in told.items()}  # fmt: skip
    assert ids[INSIDE] == {b"n1", b"n2"} and len(ids[OUTSIDE]) == 5 and ids[None] == ids[INSIDE] | ids[OUTSIDE]


def test_pages_of_an_area_are_not_told_that_something_changed_elsewhere(full: Flask) -> None:
    state = full.extensions["atlas"]
    before = [state.live._state(area) for area in (INSIDE, OUTSIDE)]
    status = ask(full, "/api/status", INSIDE)
    outside = batch("zones", [square(3.4, 1, 0.1, 0.1)], id=["later"], name=[CANARY], kind=["private"])
    state.store.write(outside, "append", Provenance("later.csv"))
    after = [state.live._state(area) for area in (INSIDE, OUTSIDE)]
    assert before[0] == after[0] and before[1]["data"] < after[1]["data"]
    assert ask(full, "/api/status", INSIDE) == status


def test_a_token_of_an_area_sends_what_lies_in_it(changing: Flask) -> None:
    token = changing.extensions["atlas"].store.add_token("gate", area=INSIDE)
    sent = {"occurred_at": "2024-06-20T09:00+08:00", "category": "theft"}

    def post(name: str, at: tuple[float, float]) -> Any:
        headers = {"Authorization": f"Bearer {token}"}
        body = {**sent, "id": name, "lon": at[0], "lat": at[1]}
        return changing.test_client().post("/api/incidents", json=body, headers=headers)

    accepted = post("t1", IN)
    assert accepted.status_code == 201 and CANARY not in accepted.get_data(as_text=True)
    assert accepted.get_json()["grid"]["code"] == "A1"
    refused = post("t2", OUT)
    assert (refused.status_code, refused.get_json()["error"]["code"]) == (403, "outside_area")
    assert "t1" in rows(changing, "incidents") and "t2" not in rows(changing, "incidents")
