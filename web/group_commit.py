"""Concurrent posts share one transaction: the disk is asked once for all who wait, and each waits until it answered."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from geo.errors import N_, AtlasError
from store.actor import Actor, actor
from store.live import HeldIncident, LiveIncident
from store.store import Store
from web.errors import RequestError

MOST_WAITING = 4_000  # incidents that may wait for the disk; who comes then is told to come again
TOGETHER = 1_000  # incidents of one transaction
RETRY_S = 1


@dataclass
class _Entry:
    incidents: Sequence[LiveIncident]
    simulated: bool
    sender: Actor
    done: threading.Event = field(default_factory=threading.Event)
    answer: list[HeldIncident] | BaseException | None = None


class GroupCommit:
    """Stores the incidents of many threads; whoever comes first does the work for those who came meanwhile.

    Parameters
    ----------
    store
        Returns the open store.
    stored
        Called after each transaction that stored something new.
    """

    def __init__(self, store: Callable[[], Store], stored: Callable[[], None] = lambda: None) -> None:
        self._store, self._stored = store, stored
        self._lock = threading.Lock()
        self._working = threading.Lock()
        self._waiting: deque[_Entry] = deque()
        self._rows = 0
        self.commits = 0

    def submit(self, incidents: Sequence[LiveIncident], *, simulated: bool = False) -> list[HeldIncident]:
        """Store the incidents of one request, all or none; durable on return.

        Raises
        ------
        RequestError
            503: too many wait already.
        ConflictError, StoreBusyError
            As `store.live` has them.
        """
        mine = _Entry(incidents, simulated, actor())
        with self._lock:
            if self._rows + len(incidents) > MOST_WAITING:
                raise RequestError(
                    503,
                    "busy",
                    N_("More incidents arrive than the disk can take."),
                    N_("Send again in a moment: what was stored already is known by its id."),
                    retry_s=RETRY_S,
                )
            self._waiting.append(mine)
            self._rows += len(incidents)
        while not mine.done.is_set():
            with self._working:
                if not mine.done.is_set():
                    self._work()
        if isinstance(mine.answer, BaseException):
            raise mine.answer
        assert mine.answer is not None
        return mine.answer

    def _work(self) -> None:
        """Store what waits, at most `TOGETHER` incidents (but always one request)."""
        taken: list[_Entry] = []
        with self._lock:
            rows = 0
            while self._waiting and (not taken or rows + len(self._waiting[0].incidents) <= TOGETHER):
                rows += len(self._waiting[0].incidents)
                taken.append(self._waiting.popleft())
            self._rows -= rows
        fresh = False
        try:
            answers = self._store().receive(
                [entry.incidents for entry in taken],
                simulated=[entry.simulated for entry in taken],
                actors=[entry.sender for entry in taken],
            )
            for entry, answer in zip(taken, answers, strict=True):
                entry.answer = answer
                fresh |= not isinstance(answer, AtlasError) and any(one.created for one in answer)
            self.commits += 1
        except BaseException as error:
            for entry in taken:
                entry.answer = error
            raise
        finally:
            for entry in taken:
                entry.done.set()
            if fresh:
                self._stored()
