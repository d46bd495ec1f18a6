"""Pages whose answers go on without a thread: nothing missed or doubled however slowly they read, no thread held."""

from __future__ import annotations

import http.client
import json
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from geo.crs import lonlat
from store.store import Store
from tests.live_clients import Crowd, Page
from tests.serving import PATIENCE_S, running
from tests.web.conftest import CRS, X0, Y0, fill
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
from web import live_stream, wires
from web.live_hub import Hub
from web.live_stream import Stream
from web.wires import Parked, Wire

PAD = "x" * 300  # of each event, so that a socket's buffer is soon full


class Parking:
    """A parked page and the socket that it reads."""

    def __init__(self, hub: Hub, cursor: int, *, area: Any = None, chunked: bool = True) -> None:
        self.near, far = socket.socketpair()
        far.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        self.near.setblocking(False)
        self.ended = 0
        self.raw = b""
        self.chunked = chunked
        self.stream: Stream = hub.open(cursor, far, area, chunked=chunked)
        parts = self.stream.read()
        assert b"hello" in next(parts)
        with pytest.raises(Parked) as parked:
            next(parts)
        self.stream.end()  # as the response does, which is closed then
        parked.value.settle(self._done)

    def _done(self) -> None:
        self.ended += 1
        assert self.stream.wire is not None
        self.stream.wire.close()

    def close(self) -> None:
        self.near.close()
        assert self.stream.wire is not None
        self.stream.wire.close()

    def read(self, most: int = 1 << 20) -> bytes:
        try:
            part = self.near.recv(most)
        except BlockingIOError:
            part = b""
        self.raw += part
        return part

    def text(self) -> bytes:
        """Return the events that came, out of their chunks."""
        if not self.chunked:
            return self.raw
        text, rest = b"", self.raw
        while rest:
            size, found, rest = rest.partition(b"\r\n")
            if not found or len(rest) < int(size, 16):
                break
            text, rest = text + rest[: int(size, 16)], rest[int(size, 16) + 2 :]
        return text

    def got(self) -> list[int]:
        return told(self.text())


def _hub(log: Log) -> tuple[Hub, deque[Stream]]:
    """Return a hub that the test ticks, and the pages that it wants read for."""
    hub = hub_of(log, pad=PAD)
    hub.parks = True
    behind: deque[Stream] = deque()
    hub.fetch = behind.append  # type: ignore[method-assign]
    return hub, behind


@given(steps=steps("write", "fetch"))
@settings(deadline=None)
def test_whoever_reads_whenever_a_parked_page_misses_and_doubles_nothing(steps: Steps) -> None:
    log = Log()
    hub, behind = _hub(log)
    pages: list[tuple[Parking, int]] = []
    with small_buffers():
        for what, amount in steps:
            if what == "add":
                log.last += amount
            elif what == "tick":
                hub._tick()
            elif what == "write":
                hub._write()
            elif what == "fetch" and behind:
                behind.popleft().fetch()
            elif what == "open" and len(pages) < MOST_PAGES:
                area = THIRD if amount % 2 else None
                page = Parking(hub, min(amount, log.last), area=area, chunked=amount % 5 != 0)
                pages.append((page, page.stream.cursor))
            elif what == "read" and amount < len(pages):
                pages[amount][0].read(700)
            elif what == "leave" and amount < len(pages):
                page, _ = pages.pop(amount)
                page.near.close()
                hub._reap()
                hub._write()
                assert page.ended == 1 and page.stream not in hub._streams
        hub._tick()
        for page, start in pages:
            wanted = all_after(start, page.stream, log)
            for _ in range(2_000):
                hub._write()
                while behind:
                    behind.popleft().fetch()
                if not page.read() and page.got() == wanted and not page.stream.behind:
                    break
            assert page.got() == wanted
            page.stream.close()
            hub._write()
            page.stream.end_parked()  # as `Hub.close` of another thread may
            assert page.ended == 1
            page.read()
            assert page.raw.endswith(b"0\r\n\r\n") == page.chunked
            assert len(page.stream._waiting) <= MOST_WAITING
            page.close()


def test_a_page_that_takes_nothing_is_let_go_and_keeps_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wires, "TAKES_S", 1e9)
    log = Log()
    hub, _ = _hub(log)
    dead, well = Parking(hub, 0), Parking(hub, 0)
    for _ in range(60):
        log.last += 20
        hub._tick()
        hub._write()
        well.read()
    assert well.got() == list(range(1, log.last + 1))
    assert dead.ended == 0
    monkeypatch.setattr(wires, "TAKES_S", -1)
    hub._write()
    assert (dead.ended, well.ended, len(hub)) == (1, 0, 1)
    dead.close()
    well.close()


def test_a_quiet_parked_page_beats_and_a_failed_reading_is_done_again(monkeypatch: pytest.MonkeyPatch) -> None:
    log = Log()
    log.last = 30
    hub, behind = _hub(log)
    hub._cursor = 30
    page = Parking(hub, 10)
    hub._write()
    read, hub._read = hub._read, None  # type: ignore[assignment]
    with pytest.raises(TypeError):
        behind.popleft().fetch()
    hub._read = read
    hub._write()
    behind.popleft().fetch()
    hub._write()
    page.read()
    assert page.got() == list(range(11, 31))
    monkeypatch.setattr(live_stream, "HEARTBEAT_S", 0.0)
    hub._write()
    page.read()
    assert b"event: beat" in page.text()
    page.close()


def test_an_answer_of_a_wire_that_broke_ends_quietly() -> None:
    near, far = socket.socketpair()
    done: list[int] = []
    wire = Wire(far, True, lambda: done.append(1))
    assert wire.send(b"one")
    near.close()
    with pytest.raises(OSError):
        wire.send(b"two")
    wire.end()
    assert done == [1]
    far.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, str]]:
    """A server of two threads, and a token."""
    path = tmp_path_factory.mktemp("parked") / "atlas.gpkg"
    with Store.open(path) as store:
        fill(store)
        token = store.add_token("alarms")
    with running(path, ATLAS_THREADS="2") as address:
        yield int(address.rsplit(":", 1)[1]), token


def _post(port: int, token: str, names: list[str]) -> int:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    lon, lat = lonlat([X0 + 100], [Y0 + 100], CRS)
    body = json.dumps([{"id": name, "lon": lon[0], "lat": lat[0], "category": "fire"} for name in names])
    line.request(
        "POST", "/api/incidents", body, {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    )
    answer = line.getresponse()
    found = json.loads(answer.read())
    assert answer.status == 201, found
    line.close()
    return max(one["seq"] for one in found["incidents"])


def test_pages_hold_no_thread_and_one_that_slept_gets_everything(served: tuple[int, str]) -> None:
    port, token = served
    first = _post(port, token, ["before"])
    began = time.monotonic()
    crowd = Crowd(port, 30, first)
    sleeper = Page(port, first)
    assert sleeper.connect() and sleeper.wire is not None
    sleeper.wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 17)
    last = first
    for part in range(10):
        last = _post(port, token, [f"n{part}-{index}" for index in range(300)])
    crowd.wait(last, PATIENCE_S)
    for page in crowd.pages:
        assert [seq for seq, _ in page.arrived] == list(range(first + 1, last + 1))
    crowd.close()
    while sleeper.cursor < last:
        assert select.select([sleeper.wire], [], [], PATIENCE_S)[0]
        if not sleeper.read():
            # One that took nothing for so long may be ended, and comes again as a browser does.
            assert time.monotonic() > began + wires.TAKES_S, "the stream of a page that only reads slowly was ended"
            sleeper.wire.close()
            assert sleeper.connect()
    assert [seq for seq, _ in sleeper.arrived] == list(range(first + 1, last + 1))
    sleeper.wire.close()


def test_a_stopping_server_ends_the_answers_that_go_on(tmp_path: Path) -> None:
    path = tmp_path / "atlas.gpkg"
    with Store.open(path) as store:
        fill(store)
    with running(path, ATLAS_THREADS="2") as address:
        line = http.client.HTTPConnection("127.0.0.1", int(address.rsplit(":", 1)[1]), timeout=PATIENCE_S)
        line.request("GET", "/api/stream")
        answer = line.getresponse()
        began = threading.Event()
        text: list[bytes] = []

        def read() -> None:
            while part := answer.read1(1 << 16):
                text.append(part)
                began.set()

        reader = threading.Thread(target=read)
        reader.start()
        assert began.wait(PATIENCE_S)
    reader.join(PATIENCE_S)
    assert not reader.is_alive(), "read to the last chunk"
    assert b"event: hello" in b"".join(text)
    answer.close()
    line.close()
