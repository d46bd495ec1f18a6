"""Tiles answered ahead of Flask: the same answer, never one of older data, never to a caller who gets none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from settings import Settings
from store.batch import Provenance
from store.store import Store
from tests.web.conftest import X0, Y0, batch, fill
from web.kept import PREFIX, KeptTiles

URL = f"{PREFIX}13/4663/2371.png?radius_m=200"
VARYING = {"date", "content-security-policy", "x-request-id"}  # a response's own


def front(app: Flask) -> Any:
    """Return what keeps the tiles, among what stands in front of Flask."""
    found: Any = app.wsgi_app
    while not isinstance(found, KeptTiles):
        found = found._next
    return found


def passed_on(app: Flask, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the list that grows by each path that reaches Flask itself."""
    asked: list[str] = []
    keeper = front(app)
    whole_way = keeper._next

    def note(environ, start):  # type: ignore[no-untyped-def]
        asked.append(environ["PATH_INFO"])
        return whole_way(environ, start)

    monkeypatch.setattr(keeper, "_next", note)
    return asked


def test_the_second_answer_is_the_first_one(
    town: FlaskClient, town_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = town.get(URL)
    asked = passed_on(town_app, monkeypatch)
    second = town.get(URL)
    assert asked == [] and second.status_code == first.status_code == 200 and second.data == first.data
    plain = [
        {name.lower(): value for name, value in one.headers if name.lower() not in VARYING} for one in (first, second)
    ]
    plain[0].pop("set-cookie", None)
    assert plain[0] == plain[1] and "content-security-policy" in {name.lower() for name, _ in second.headers}
    known = town.get(URL, headers={"If-None-Match": first.headers["ETag"]})
    assert (known.status_code, known.data, asked) == (304, b"", [])


def test_another_filter_another_method_and_a_fault_go_the_whole_way(
    town: FlaskClient, town_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.get(URL)
    asked = passed_on(town_app, monkeypatch)
    assert town.get(f"{URL}&category=noise").status_code == 200
    assert town.post(URL).status_code in (403, 405)
    bad = f"{PREFIX}13/4663/2371.png?radius_m=-1"
    assert town.get(bad).status_code == town.get(bad).status_code == 400
    assert len(asked) == 4


def test_no_foreign_host_or_machine_is_answered(town: FlaskClient) -> None:
    assert town.get(URL).status_code == 200
    assert town.get(URL, headers={"Host": "evil.example"}).status_code == 400
    assert town.get(URL, environ_overrides={"REMOTE_ADDR": "10.0.0.9"}).status_code == 403


def test_other_incidents_another_tile(client: FlaskClient, settings: Settings) -> None:
    with Store.open(settings.store) as store:
        fill(store)
        first = client.get(URL)
        assert client.get(URL).data == first.data
        more = batch("incidents", x=[X0 + 300] * 40, y=[Y0 + 300] * 40, id=[f"new{n}" for n in range(40)])
        store.write(more, "append", Provenance("more.csv"))
        assert client.get(URL).data != first.data


def test_what_is_kept_is_bounded(town: FlaskClient, town_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.kept.LIMIT_BYTES", 3000)
    sizes = [len(town.get(f"{URL}&from=2024-05-0{day}").data) for day in range(1, 9)]
    keeper = front(town_app)
    kept = [one.body for one in keeper._kept.values()]
    assert sum(sizes) > 3000 >= sum(map(len, kept)) == keeper._bytes


def test_a_newer_answer_that_another_request_keeps_meanwhile_stays(
    town: FlaskClient, town_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.get(URL)
    keeper = front(town_app)
    ((key, old),) = keeper._kept.items()
    newer = replace(old, revisions=("newer",))

    def meanwhile(*_: object) -> tuple[str]:
        keeper._kept[key] = newer
        return ("newer",)

    monkeypatch.setattr("web.kept.revisions", meanwhile)
    environ = {"PATH_INFO": key[0], "QUERY_STRING": key[1], "REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "localhost"}
    assert keeper._find(environ) is None  # the old one no longer holds
    assert keeper._kept[key] is newer and keeper._bytes == len(newer.body)
