"""What happens reaches every open page: one thread reads the log, each page's stream writes what it is handed.

A stream is a place in the log (`store.live`): it catches up from the store until it is level with the hub, and is then
handed what the hub reads. A page that reads too slowly loses its place with the hub, never an incident: it catches up
from the store again. So nothing is missed or doubled, and no buffer grows without bound.
"""

from __future__ import annotations

import logging
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from geo.errors import N_, AtlasError
from store.live import HeldIncident
from web.errors import RequestError
from web.jsonio import dumps

LOG = logging.getLogger("gunicorn.error")
TICK_S = 0.5  # how often the store is asked when nobody in this process stored anything
PAUSE_S = 0.1  # after each reading: what comes meanwhile is told together
HEARTBEAT_S = 10.0
RETRY_MS = 3_000  # a page waits so long before it comes again
PART = 500  # incidents read at a time
MOST_WAITING = 2_000  # incidents that may wait for a slow page
MOST_STREAMS = 64

Message = tuple[int, bytes]  # cursor after it (0: none of its own), what is written


def incident_message(held: HeldIncident, facts: dict[str, Any]) -> bytes:
    """Return one incident as an event; its id is the cursor to resume from."""
    return f"id: {held.seq}\nevent: incident\ndata: {dumps(facts)}\n\n".encode()


def note(name: str, facts: dict[str, Any]) -> bytes:
    """Return an event that is no incident: it has no id, so that the cursor stays."""
    return f"event: {name}\ndata: {dumps(facts)}\n\n".encode()


class Stream:
    """One open page. Written to by the hub, read by the thread that answers the request."""

    def __init__(self, hub: Hub, cursor: int, wire: socket.socket | None) -> None:
        self.hub, self.cursor, self.wire = hub, cursor, wire
        self.behind = True  # not yet, or no longer, level with the hub
        self.closed = False
        self._ready = threading.Condition()
        self._waiting: deque[Message] = deque()

    def hand(self, messages: list[Message]) -> None:
        """Take what the hub read; a reader that is too slow is sent back to the store."""
        with self._ready:
            if len(self._waiting) + len(messages) > MOST_WAITING:
                self._waiting.clear()
                self.behind = True
            elif not self.behind:
                self._waiting.extend(messages)
            self._ready.notify()

    def close(self) -> None:
        with self._ready:
            self.closed = True
            self._ready.notify()

    def end(self) -> None:
        """Take the stream off the hub, whether it was ever read or not."""
        self.close()
        self.hub.leave(self)

    def read(self) -> Iterator[bytes]:
        """Yield what is to be written, until the page or the service goes."""
        try:
            yield f"retry: {RETRY_MS}\n\n".encode() + note("hello", self.hub.greeting(self.cursor))
            last = time.monotonic()
            while not self.closed:
                if self.behind:
                    part, self.cursor = self.hub.catch_up(self)
                    if part:
                        yield part
                        last = time.monotonic()
                    continue
                part = self._take(max(0.0, last + HEARTBEAT_S - time.monotonic()))
                if part or time.monotonic() >= last + HEARTBEAT_S:
                    yield part or note("beat", self.hub.greeting(self.cursor))
                    last = time.monotonic()
        finally:
            self.hub.leave(self)

    def _take(self, wait_s: float) -> bytes:
        with self._ready:
            if not self._waiting and not self.closed and not self.behind:
                self._ready.wait(wait_s)
            parts = []
            while self._waiting:
                cursor, part = self._waiting.popleft()
                if 0 < cursor <= self.cursor:  # a page that asked meanwhile may be ahead of the hub
                    continue
                parts.append(part)
                self.cursor = max(self.cursor, cursor)
        return b"".join(parts)


class Hub:
    """Reads the log once for all pages.

    Parameters
    ----------
    read
        Takes a cursor and a limit; returns incidents with their facts, and the cursor after them (`store.live_after`).
    state
        Returns facts about the data that pages follow: they are told when these change.
    most
        Streams at a time; more are refused, so that threads are left for plain requests.
    """

    def __init__(
        self,
        read: Callable[[int, int], tuple[list[tuple[HeldIncident, dict[str, Any]]], int]],
        state: Callable[[], dict[str, Any]],
        cursor: Callable[[], int],
        most: int = MOST_STREAMS,
    ) -> None:
        self._read, self._state, self._first = read, state, cursor
        self.most = most
        self.alive: Callable[[], bool] = lambda: True
        self._lock = threading.Lock()
        self._streams: set[Stream] = set()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._cursor = 0
        self._told: dict[str, Any] = {}
        self._stopped = False

    def __len__(self) -> int:
        return len(self._streams)

    def open(self, cursor: int | None, wire: socket.socket | None = None) -> Stream:
        """Return a stream that goes on after `cursor`, or with what comes from now on.

        Raises
        ------
        RequestError
            503: as many pages are open as this service can follow.
        """
        with self._lock:
            if self._stopped or len(self._streams) >= self.most:
                raise RequestError(
                    503,
                    "streams",
                    N_("{count} pages follow the incidents already; the service takes no more."),
                    N_("The page asks every few seconds instead; ATLAS_STREAMS allows more."),
                    count=len(self._streams),
                    retry_s=30,
                )
            if self._thread is None:
                self._cursor, self._told = self._first(), self._state()
                self._thread = threading.Thread(target=self._run, name="live", daemon=True)
                self._thread.start()
            # A cursor from beyond the log is of another store: it starts anew rather than wait for ever.
            asked = self._cursor if cursor is None or cursor > max(self._cursor, self._first()) else cursor
            stream = Stream(self, asked, wire)
            self._streams.add(stream)
            return stream

    def leave(self, stream: Stream) -> None:
        with self._lock:
            self._streams.discard(stream)

    def greeting(self, cursor: int) -> dict[str, Any]:
        """Return what every page is told in between: where it stands, and the state of the data."""
        return {"cursor": cursor, **self._told}

    def wake(self) -> None:
        """Say that something was stored."""
        self._wake.set()

    def catch_up(self, stream: Stream) -> tuple[bytes, int]:
        """Return what `stream` missed, a part at a time; level with the hub it is handed the rest by it."""
        with self._lock:
            if stream.cursor >= self._cursor:
                stream.behind = False
                return b"", stream.cursor
            goal = self._cursor
        found, cursor = self._read(stream.cursor, PART)
        part = b"".join(incident_message(held, facts) for held, facts in found if (held.seq or 0) <= goal)
        return part, min(cursor, goal)

    def close(self) -> None:
        """End every stream."""
        with self._lock:
            self._stopped = True
            streams = tuple(self._streams)
        for stream in streams:
            stream.close()
        self._wake.set()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout=5)

    def _run(self) -> None:
        while not self._stopped:
            self._wake.wait(TICK_S)
            self._wake.clear()
            if not self.alive():
                self.close()
                return
            try:
                self._tick()
            except AtlasError as error:  # the store is busy or away: the next tick asks again
                LOG.warning("live: %s", error.text())
            except Exception:
                LOG.exception("live")
            self._reap()
            time.sleep(PAUSE_S)

    def _tick(self) -> None:
        more = True
        while more and not self._stopped:
            found, cursor = self._read(self._cursor, PART)
            messages = [(held.seq or 0, incident_message(held, facts)) for held, facts in found]
            more = cursor > self._cursor and len(found) >= PART
            state = self._state()
            if state != self._told:
                messages.append((0, note("data", {"cursor": cursor, **state})))
            with self._lock:
                self._cursor, self._told = cursor, state
                streams = tuple(self._streams)
                for stream in streams if messages else ():
                    stream.hand(messages)

    def _reap(self) -> None:
        """Close the streams whose page has gone: a page never sends anything, so what can be read is its end."""
        wires = {stream.wire.fileno(): stream for stream in tuple(self._streams) if stream.wire is not None}
        wires.pop(-1, None)
        poll = select.poll()
        for number in wires:
            poll.register(number, select.POLLIN | select.POLLHUP | select.POLLERR)
        for number, _ in poll.poll(0) if wires else ():
            wire = wires[number].wire
            try:
                gone = wire is None or wire.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
            except BlockingIOError:
                gone = False
            except OSError:
                gone = True
            if gone:
                wires[number].close()
