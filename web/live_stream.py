"""A page that follows the incidents: its place in the log, what it is handed, and what was handed out last."""

from __future__ import annotations

import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from geo.area import Area
from store.live import HeldIncident
from web.jsonio import dumps
from web.wires import Parked, Wire

if TYPE_CHECKING:
    from web.live_hub import Hub

HEARTBEAT_S = 10.0
RETRY_MS = 3_000  # a page waits so long before it comes again
MOST_WAITING = 2_000  # incidents that may wait for a slow page
MOST_KEPT = 5_000  # incidents of an area, about 5 MB: a page that is less behind costs no reading of the store

Message = tuple[int, bytes]  # cursor after it (0: none of its own), what is written


def incident_message(held: HeldIncident, facts: dict[str, Any]) -> bytes:
    """Return one incident as an event; its id is the cursor to resume from."""
    return f"id: {held.seq}\nevent: incident\ndata: {dumps(facts)}\n\n".encode()


def note(name: str, facts: dict[str, Any]) -> bytes:
    """Return an event that is no incident: it has no id, so that the cursor stays."""
    return f"event: {name}\ndata: {dumps(facts)}\n\n".encode()


class Stream:
    """One open page: handed what the hub reads.

    It parks where the server can do without the thread of its request (`Hub.parks`): the hub writes then, so that many
    pages cost neither threads nor their turns. Elsewhere that thread reads it to its end.
    """

    def __init__(
        self, hub: Hub, cursor: int, wire: socket.socket | None, area: Area | None, allowed: Callable[[], bool],
        who: str = "", chunked: bool = True,
    ) -> None:  # fmt: skip
        self.hub, self.cursor, self.wire, self.area, self.allowed = hub, cursor, wire, area, allowed
        self.who = who
        self.behind = True  # not yet, or no longer, level with the hub
        self.closed = False
        self.parked: Wire | None = None
        self._chunked = chunked
        self._parking = False
        self._ended = False
        self._caught: tuple[bytes, int] | None = None  # read from the store for a parked page that was behind
        self._fetching = False
        self._wrote = 0.0
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

    def miss(self) -> None:
        """Go back to the store for what the hub read without it."""
        with self._ready:
            self._waiting.clear()
            self.behind = True
            self._ready.notify()

    def close(self) -> None:
        with self._ready:
            self.closed = True
            self._ready.notify()

    def end(self) -> None:
        """Take the stream off the hub, whether it was ever read or not; one that parks goes on without its request."""
        if not self._parking:
            self.close()
            self.hub.leave(self)

    def read(self) -> Iterator[bytes]:
        """Yield what is to be written, until the page or the service goes."""
        try:
            yield f"retry: {RETRY_MS}\n\n".encode() + note("hello", self.hub.greeting(self))
            # An encrypted line may have to read before it can write: it keeps its thread.
            if self.hub.parks and type(self.wire) is socket.socket:
                self._parking = True
                raise Parked(self._settle)
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
                    yield part or note("beat", self.hub.greeting(self))
                    last = time.monotonic()
        finally:
            if not self._parking:
                self.hub.leave(self)

    def _settle(self, done: Callable[[], None]) -> None:
        assert self.wire is not None
        self._wrote = time.monotonic()
        self.parked = Wire(self.wire, self._chunked, done)
        if self.closed:  # meanwhile
            self.end_parked()

    def write(self) -> None:
        """Write what there is for a parked page, as much as it takes; the hub's thread calls it."""
        if self.parked is None:
            return
        try:
            if not self.closed and self.parked.send():
                part = self._part()
                if part:
                    self._wrote = time.monotonic()
                    self.parked.send(part)
        except OSError:
            self.close()
        if self.closed:
            self.end_parked()

    def _part(self) -> bytes:
        part = b""
        if self._caught is not None:
            part, self.cursor = self._caught
            self._caught, self._fetching = None, False
        elif self.behind and not self._fetching:
            known = self.hub.kept(self)
            if known is None:
                self._fetching = True
                self.hub.fetch(self)
            else:
                part, self.cursor = known
        part += self._take(0.0)
        if not part and time.monotonic() >= self._wrote + HEARTBEAT_S:
            return note("beat", self.hub.greeting(self))
        return part

    def fetch(self) -> None:
        """Read from the store what a parked page missed; not by the hub's thread, which others wait for."""
        try:
            self._caught = self.hub.missed(self)
        finally:
            self._fetching = self._caught is not None  # else it is asked for again

    def end_parked(self) -> None:
        """End a parked stream, once."""
        with self._ready:
            if self.parked is None or self._ended:
                return
            self._ended = True
        self.hub.leave(self)
        self.parked.end()

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


class Last:
    """The incidents of an area that were handed out last: all of them after the cursor `since`."""

    def __init__(self, since: int) -> None:
        self.since = since
        self._kept: deque[Message] = deque()

    def add(self, messages: list[Message]) -> None:
        self._kept.extend(message for message in messages if message[0])
        while len(self._kept) > MOST_KEPT:
            self.since = self._kept.popleft()[0]

    def after(self, cursor: int) -> bytes:
        return b"".join(part for place, part in self._kept if place > cursor)
