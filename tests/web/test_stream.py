"""Every page gets every incident once, in order, whenever it comes back and however slowly it reads."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given, settings

from app import create_app
from settings import Settings
from store.live import LiveIncident
from store.store import Store
from tests.serving import PATIENCE_S
from tests.web.conftest import X0, Y0, fill
from tests.web.hub_steps import (
    MOST_PAGES,
    MOST_WAITING,
    THIRD,
    Log,
    Steps,
    all_after,
    hub_of,
    small_buffers,
    steps,
    told,
)
from web import live_stream
from web.errors import RequestError
from web.live_hub import Hub
from web.live_stream import Stream


@pytest.fixture
def live_app(compiled: None, settings: Settings) -> Iterator[Flask]:
    with Store.open(settings.store) as store:
        fill(store)
    app = create_app(settings)
    state = app.extensions["atlas"]
    state.live.facts.prepare(state.snapshot())  # as a server does when it starts
    yield app
    app.extensions["atlas"].close()


def send(app: Flask, *names: str) -> None:
    app.extensions["atlas"].live.commit.submit([LiveIncident(name, X0 + 100, Y0 + 100, "fire") for name in names])


class Page:
    """Reads a stream as a browser does."""

    def __init__(self, client: FlaskClient, cursor: int | None = None, **headers: str) -> None:
        query = {} if cursor is None else {"cursor": cursor}
        self.answer = client.get("/api/stream", query_string=query, headers=headers)
        assert self.answer.status_code == 200
        assert self.answer.mimetype == "text/event-stream"
        self.parts = iter(self.answer.response)
        self.events: list[tuple[str, int | None, dict[str, Any]]] = []
        self.until(lambda event: event[0] == "hello")

    def until(self, enough: Any) -> dict[str, Any]:
        """Read on until an event is as wanted; return its facts. A quiet stream beats, so that the wait ends."""
        deadline = time.monotonic() + PATIENCE_S
        while (found := next(filter(enough, self.events), None)) is None:
            assert time.monotonic() < deadline, self.events
            text = next(self.parts).decode()
            for name, body in re.findall(r"event: (\w+)\ndata: (.*)\n", text):
                facts = json.loads(body)
                self.events.append((name, facts.get("seq"), facts))
        return found[2]

    def names(self, last: str) -> list[str]:
        self.until(lambda event: event[2].get("id") == last)
        return [facts["id"] for name, _, facts in self.events if name == "incident"]

    def cursor(self) -> int:
        return max(seq for _, seq, _ in self.events if seq is not None)

    def close(self) -> None:
        self.answer.close()


def test_every_page_gets_every_incident_in_order(live_app: Flask) -> None:
    pages = [Page(live_app.test_client()) for _ in range(5)]
    for start in range(0, 60, 6):
        send(live_app, *(f"n{index}" for index in range(start, start + 6)))
    for page in pages:
        assert page.names("n59") == [f"n{index}" for index in range(60)]
        facts = page.until(lambda event: event[2].get("id") == "n59")
        assert facts["grid"]["code"] == "G1" and facts["team"] == "Team 1" and facts["cameras"] is not None
        page.close()
    assert len(live_app.extensions["atlas"].live.hub) == 0


def test_a_page_goes_on_where_it_was_after_a_restart(live_app: Flask, settings: Settings) -> None:
    page = Page(live_app.test_client())
    send(live_app, "qa", "qb")
    assert page.names("qb") == ["qa", "qb"]
    cursor = page.cursor()
    page.close()
    send(live_app, "qc")
    live_app.extensions["atlas"].close()
    again = create_app(settings)  # another process, as far as the log is concerned
    send(again, "qd")
    page = Page(again.test_client(), **{"Last-Event-ID": str(cursor)})
    send(again, "qe")
    assert page.names("qe") == ["qc", "qd", "qe"]
    page.close()
    by_query = Page(again.test_client(), cursor=cursor)
    assert by_query.names("qe") == ["qc", "qd", "qe"]
    by_query.close()
    polled = again.test_client().get(f"/api/incidents/since?cursor={cursor}").get_json()
    assert [one["id"] for one in polled["incidents"]] == ["qc", "qd", "qe"] and not polled["more"]
    # A cursor of another store does not wait for ever.
    page = Page(again.test_client(), cursor=10**6)
    send(again, "qf")
    assert page.names("qf") == ["qf"]
    page.close()
    again.extensions["atlas"].close()


def test_polling_hands_out_the_same(live_app: Flask) -> None:
    client = live_app.test_client()
    empty = client.get("/api/incidents/since").get_json()
    assert (empty["incidents"], empty["cursor"], empty["more"]) == ([], 0, False)
    send(live_app, *(f"n{index}" for index in range(7)))
    got, cursor, more = [], 0, True
    while more:
        found = client.get(f"/api/incidents/since?cursor={cursor}&limit=3").get_json()
        got += [one["id"] for one in found["incidents"]]
        cursor, more = found["cursor"], found["more"]
    assert got == [f"n{index}" for index in range(7)]
    latest = client.get("/api/incidents/since?limit=2").get_json()
    assert [one["id"] for one in latest["incidents"]] == ["n6", "n5"] and latest["cursor"] == cursor
    # What was deleted since is passed over.
    live_app.extensions["atlas"].store.clear(["incidents"])
    assert client.get("/api/incidents/since?cursor=2").get_json()["incidents"] == []
    for wrong in ("-1", "x", "1e3", "9" * 30):
        assert client.get(f"/api/incidents/since?cursor={wrong}").status_code == 400


def test_pages_are_told_when_other_data_changed(live_app: Flask) -> None:
    page = Page(live_app.test_client())
    live_app.extensions["atlas"].store.clear(["zones"])
    revision = live_app.extensions["atlas"].store.revision()
    assert page.until(lambda event: event[0] == "data" and event[2]["data"] >= revision)["data"] == revision
    page.close()


def test_streams_are_limited_and_other_sites_get_none(live_app: Flask) -> None:
    hub = live_app.extensions["atlas"].live.hub
    hub.most = 2
    pages = [Page(live_app.test_client()) for _ in range(2)]
    refused = live_app.test_client().get("/api/stream")
    assert refused.status_code == 503 and int(refused.headers["Retry-After"]) > 0
    assert refused.get_json()["error"]["code"] == "streams"
    pages[0].close()
    Page(live_app.test_client()).close()
    cross = live_app.test_client().get("/api/stream", headers={"Sec-Fetch-Site": "cross-site"})
    assert cross.status_code == 403
    pages[1].close()
    unread = live_app.test_client().get("/api/stream")
    assert len(hub) == 1
    unread.close()
    assert len(hub) == 0


def test_a_quiet_stream_beats(live_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_stream, "HEARTBEAT_S", 0.05)
    page = Page(live_app.test_client())
    page.until(lambda event: event[0] == "beat")
    page.close()


def test_one_account_cannot_take_every_stream() -> None:
    hub = Hub(lambda cursor, limit: ([], cursor), lambda: 0, lambda found, area: [], lambda area: {}, most=12)
    hub._thread = threading.current_thread()  # nobody ticks
    own = [hub.open(None, who="account:1") for _ in range(3)]
    with pytest.raises(RequestError) as refused:
        hub.open(None, who="account:1")
    assert (refused.value.status, refused.value.code) == (429, "own_streams")
    for number in range(9):
        hub.open(None, who=f"account:{number + 2}")
    with pytest.raises(RequestError) as refused:
        hub.open(None, who="account:11")
    assert refused.value.status == 503
    hub.leave(own[0])
    hub.open(None, who="account:1")
    alone = Hub(lambda cursor, limit: ([], cursor), lambda: 0, lambda found, area: [], lambda area: {}, most=12)
    alone._thread = threading.current_thread()
    assert len([alone.open(None) for _ in range(12)]) == 12, "the only user of a machine takes nobody's turn"


def test_a_closed_hub_ends_its_streams(live_app: Flask) -> None:
    page = Page(live_app.test_client())
    ended = threading.Thread(target=lambda: list(page.parts))
    ended.start()
    live_app.extensions["atlas"].live.hub.close()
    ended.join(timeout=60)
    assert not ended.is_alive()


@given(steps=steps())
@settings(max_examples=150, deadline=None)
def test_whoever_reads_whenever_nothing_is_missed_or_doubled(steps: Steps) -> None:
    log = Log()
    hub = hub_of(log)
    streams: list[tuple[Stream, Iterator[bytes], int, list[int]]] = []

    def pull(index: int) -> None:
        stream, parts, _, got = streams[index]
        if stream.behind or stream._waiting:
            got += told(next(parts))

    with small_buffers() as patch:
        patch.setattr(live_stream, "HEARTBEAT_S", 0.0)
        for what, amount in steps:
            if what == "add":
                log.last += amount
            elif what == "tick":
                hub._tick()
            elif what == "open" and len(streams) < MOST_PAGES:
                stream = hub.open(min(amount, log.last), area=THIRD if amount % 2 else None)
                parts = stream.read()
                next(parts)
                streams.append((stream, parts, stream.cursor, []))
            elif what == "read" and amount < len(streams):
                pull(amount)
            elif what == "leave" and amount < len(streams):
                streams.pop(amount)[0].end()
        hub._tick()
        for index, (stream, _, start, got) in enumerate(streams):
            while stream.behind or stream._waiting:  # all that is left, so that what is doubled shows too
                pull(index)
            assert got == all_after(start, stream, log)
            assert len(stream._waiting) <= MOST_WAITING


def test_what_was_read_while_no_page_of_an_area_was_open_is_not_missed() -> None:
    log = Log()
    hub = hub_of(log)
    first = hub.open(0)
    for number in (2, 4, 6):
        log.last = number
        if number == 4:
            first.end()
        if number == 6:
            stream = hub.open(3)
        hub._tick()
    parts = stream.read()
    assert b"hello" in next(parts)
    assert told(next(parts)) == [4, 5, 6]
