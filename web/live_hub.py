"""What happens reaches every open page: one thread reads the log and writes to the pages that are level with it.

A stream is a place in the log (`store.live`): it catches up from the store until it is level with the hub, and is then
handed what the hub reads. A page that reads too slowly loses its place with the hub, never an incident: it catches up
from the store again. So nothing is missed or doubled, and no buffer grows without bound.
"""

from __future__ import annotations

import logging
import queue
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from geo.area import Area
from geo.errors import N_, AtlasError
from store.live import HeldIncident
from web.errors import RequestError
from web.live_stream import Last, Message, Stream, incident_message, note
from web.wires import gone

LOG = logging.getLogger("gunicorn.error")
TICK_S = 0.5  # how often the store is asked when nobody in this process stored anything
PAUSE_S, PAUSE_EACH_S = 0.1, 0.001  # after each reading, and for each page: what comes meanwhile is told together
PART = 500  # incidents read at a time
MOST_STREAMS = 200
SHARE = 4  # one account may have a quarter of the streams


class Hub:
    """Reads the log once for all pages, and tells each what lies in its reader's area.

    Parameters
    ----------
    read
        Takes a cursor and a limit; returns incidents, and the cursor after them (`store.live_after`).
    first
        Returns the present cursor.
    tell
        Takes incidents and an area (None: the city); returns those that lie in it, with their facts.
    state
        Returns facts about the data of an area that its pages follow: they are told when these change.
    most
        Streams at a time; more are refused.
    """

    def __init__(
        self,
        read: Callable[[int, int], tuple[list[HeldIncident], int]],
        first: Callable[[], int],
        tell: Callable[[list[HeldIncident], Area | None], list[tuple[HeldIncident, dict[str, Any]]]],
        state: Callable[[Area | None], dict[str, Any]],
        most: int = MOST_STREAMS,
    ) -> None:
        self._read, self._first, self._tell, self._state = read, first, tell, state
        self.most = most
        self.most_each = max(2, most // SHARE)
        self.alive: Callable[[], bool] = lambda: True
        self.parks = False  # whether the server takes `web.wires.Parked` for an answer
        self._lock, self._catching = threading.Lock(), threading.Lock()
        self._streams: set[Stream] = set()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._behind: queue.SimpleQueue[Stream | None] = queue.SimpleQueue()
        self._cursor = 0
        self._told: dict[Area | None, dict[str, Any]] = {}  # of the areas whose pages are open
        self._last: dict[Area | None, Last] = {}  # of the same areas, what was handed out last
        self._stopped = False
        self._asked = 0.0  # when the readers of the streams were last looked for

    def __len__(self) -> int:
        return len(self._streams)

    def open(
        self, cursor: int | None, wire: socket.socket | None = None, area: Area | None = None,
        allowed: Callable[[], bool] = lambda: True, who: str = "", chunked: bool = True,
    ) -> Stream:  # fmt: skip
        """Return a stream of what comes in `area`: it goes on after `cursor`, or with what comes from now on.

        It ends when `allowed` no longer says that its reader is let in; it is asked every half second.

        Parameters
        ----------
        who
            The account or token that asks, "" where there is but one user: it may not take every stream.
        chunked
            Whether the server writes to `wire` in chunks.

        Raises
        ------
        RequestError
            503: as many pages are open as this service can follow; 429: as many as one account may have open.
        """
        with self._lock:
            own = sum(stream.who == who for stream in self._streams) if who else 0
            if own >= self.most_each:
                raise RequestError(
                    429,
                    "own_streams",
                    N_("{count} pages of this account follow the incidents already."),
                    N_("The page asks every few seconds instead; close pages that are not needed."),
                    count=own,
                    retry_s=30,
                )
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
                self._cursor = self._first()
                self._thread = threading.Thread(target=self._run, name="live", daemon=True)
                self._thread.start()
                threading.Thread(target=self._fetch, name="live-catch-up", daemon=True).start()
            # A cursor from beyond the log is of another store: it starts anew rather than wait for ever.
            asked = self._cursor if cursor is None or cursor > max(self._cursor, self._first()) else cursor
            if area not in self._told:
                self._told[area] = self._state(area)
            stream = Stream(self, asked, wire, area, allowed, who, chunked)
            self._streams.add(stream)
            return stream

    def leave(self, stream: Stream) -> None:
        with self._lock:
            self._streams.discard(stream)

    def greeting(self, stream: Stream) -> dict[str, Any]:
        """Return what a page is told in between: where it stands, and the state of the data."""
        return {"cursor": stream.cursor, **self._told.get(stream.area, {})}

    def wake(self) -> None:
        """Say that something was stored."""
        self._wake.set()

    def catch_up(self, stream: Stream) -> tuple[bytes, int]:
        """Return what `stream` missed, a part at a time; level with the hub it is handed the rest by it."""
        return self.kept(stream) or self.missed(stream)

    def missed(self, stream: Stream) -> tuple[bytes, int]:
        """Return a part of what `stream` missed, out of the store; it stays behind until it asks for no more."""
        goal = self._cursor  # it only grows: what comes meanwhile is the next part's
        with self._catching:  # one after the other: what the first worked out the next ones find
            found, cursor = self._read(stream.cursor, PART)
            missed = [held for held in found if (held.seq or 0) <= goal]
            part = b"".join(incident_message(held, facts) for held, facts in self._tell(missed, stream.area))
        return part, min(cursor, goal)

    def kept(self, stream: Stream) -> tuple[bytes, int] | None:
        """Return what `stream` missed, which is then level with the hub; None where the store must be read for it."""
        with self._lock:
            if stream.cursor >= self._cursor:
                stream.behind = False
                return b"", stream.cursor
            last = self._last.get(stream.area)
            if last is None or last.since > stream.cursor:
                return None
            stream.behind = False
            return last.after(stream.cursor), self._cursor

    def fetch(self, stream: Stream) -> None:
        """Have read what `stream` missed, soon."""
        self._behind.put(stream)

    def close(self) -> None:
        """End every stream."""
        with self._lock:
            self._stopped = True
            streams = tuple(self._streams)
        for stream in streams:
            stream.close()
            stream.end_parked()
        self._wake.set()
        self._behind.put(None)
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
            for step in (self._shut_out, self._tick, self._reap, self._write):
                _guarded(step)
            time.sleep(PAUSE_S + PAUSE_EACH_S * len(self._streams))

    def _fetch(self) -> None:
        while (stream := self._behind.get()) is not None:
            if not stream.closed:
                _guarded(stream.fetch)
                self.wake()

    def _shut_out(self) -> None:
        """End the streams whose reader is no longer let in, or sees another area; before anything more is told."""
        if time.monotonic() < self._asked + TICK_S:
            return
        self._asked = time.monotonic()
        for stream in tuple(self._streams):
            if not stream.allowed():
                stream.close()

    def _tick(self) -> None:
        more = True
        while more and not self._stopped:
            found, cursor = self._read(self._cursor, PART)
            more = cursor > self._cursor and len(found) >= PART
            with self._lock:
                areas = {stream.area for stream in self._streams}
            messages = {area: self._messages(found, cursor, area) for area in areas}
            with self._lock:
                before, self._cursor = self._cursor, cursor
                for stream in tuple(self._streams):
                    # One that was opened meanwhile, of an area of its own, catches up from the store.
                    if stream.area not in messages:
                        stream.miss()
                    elif messages[stream.area]:
                        stream.hand(messages[stream.area])
                    if stream.area in messages and stream.area not in self._last:
                        self._last[stream.area] = Last(before)
                for area, told in messages.items():
                    if area in self._last:
                        self._last[area].add(told)
                for area in self._told.keys() - {stream.area for stream in self._streams}:
                    del self._told[area]
                for area in self._last.keys() - messages.keys():  # it would lack what was read just now
                    del self._last[area]

    def _messages(self, found: list[HeldIncident], cursor: int, area: Area | None) -> list[Message]:
        """Return what pages of an area are told of incidents that were read, and of its state where that changed."""
        messages = [(held.seq or 0, incident_message(held, facts)) for held, facts in self._tell(found, area)]
        state = self._state(area)
        if state != self._told.get(area):
            self._told[area] = state
            messages.append((0, note("data", {"cursor": cursor, **state})))
        return messages

    def _reap(self) -> None:
        """Close the streams whose page has gone."""
        for stream in gone(tuple(self._streams)):
            stream.close()

    def _write(self) -> None:
        for stream in tuple(self._streams):
            stream.write()


def _guarded(step: Callable[[], None]) -> None:
    """Do a step of a thread that must go on: the next round does it again."""
    try:
        step()
    except AtlasError as error:  # the store is busy or away
        LOG.warning("live: %s", error.text())
    except Exception:
        LOG.exception("live")
