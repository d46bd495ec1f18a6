"""The connections of one open store: many that read, one that writes."""

from __future__ import annotations

import sqlite3
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from geo.errors import N_
from store import audit_trail, revisions
from store.connection import connect, damaged, store_errors, transaction
from store.errors import DamagedError, StoreBusyError
from store.turns import turn

_IDLE_READERS = 32  # as many as ask at once when pages are panned: to open a connection costs more than a question


class Pool:
    """Hands out connections to the file at `path`; safe to share between threads."""

    def __init__(self, path: Path, connection: sqlite3.Connection, wait_s: float, damage: str = "") -> None:
        """Take over `connection` as the writing one; `wait_s` is how long to wait for another writer.

        `damage` says what is wrong with a file that is only read.
        """
        self.damage = damage
        self.path = path
        self._wait_s = wait_s
        self._writer = connection
        self._write_lock = threading.Lock()
        self._readers: deque[sqlite3.Connection] = deque()  # the last one used is taken first
        self._unused = 0  # the fewest that lay idle since `close_unused` was last called
        self._closed = False

    def close(self) -> None:
        """Close all connections; the store cannot be used afterwards."""
        with self._write_lock:
            self._closed = True
            self._close_readers(len(self._readers))
            self._writer.close()

    def close_unused(self) -> None:
        """Close the connections that nobody needed since the last call: each holds pages and statements of its own."""
        unused, self._unused = self._unused, len(self._readers)
        self._close_readers(unused)

    def _close_readers(self, count: int) -> None:
        for _ in range(count):
            try:
                self._readers.popleft().close()
            except IndexError:  # lent meanwhile
                return

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection that cannot change anything."""
        with self._watched():
            try:
                connection = self._readers.pop()
            except IndexError:
                connection = connect(self.path, wait_s=self._wait_s)
            self._unused = min(self._unused, len(self._readers))
            try:
                yield connection
            finally:
                if self._closed or len(self._readers) >= _IDLE_READERS:
                    connection.close()
                else:
                    self._readers.append(connection)

    @contextmanager
    def _writing(self, *, bookkeeping: bool = False) -> Iterator[sqlite3.Connection]:
        """Lend the writing connection inside a transaction, after the edits of other programs have their revision.

        Whoever changes a row writes an entry of the audit trail in the same transaction; one that does not is rolled
        back. `bookkeeping`: what is written is no change that anybody made, such as when a session was last used.
        """
        if self.damage:
            raise damaged(self.path, self.damage)
        with turn(self.path, self._wait_s) as left:
            if left is None or not self._write_lock.acquire(timeout=left):
                raise StoreBusyError(
                    N_("The store is being written by another task."), N_("Wait for it to end and try again.")
                )
            try:
                with self._watched(), transaction(self._writer, write=True):
                    revisions.adopt_edits(self._writer)
                    rows, entries = self._writer.total_changes, audit_trail.written()
                    yield self._writer
                    if not bookkeeping and self._writer.total_changes > rows:
                        assert audit_trail.written() > entries, "a change without an entry in the audit trail"
            finally:
                self._write_lock.release()

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """Turn SQLite's faults into errors of the store; of damage it keeps in mind that there is some."""
        try:
            with store_errors(self.path):
                yield
        except DamagedError as error:
            self.damage = self.damage or str(error.params["what"])
            raise

    def check(self) -> str:
        """Read the whole file and return what is damaged in it, "" if nothing is; nothing is written from then on."""
        with self._reading() as connection:
            try:
                said = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
            except sqlite3.DatabaseError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_CORRUPT:
                    raise
                said = str(error)
        if said != "ok":
            self.damage = self.damage or said.replace("\n", " ")[:120]
        return self.damage

    def _settle(self) -> None:
        """Move what was committed from the WAL into the file itself, as far as nobody is in the way.

        Nothing depends on it: it keeps the WAL short, and a copy of the file alone whole.
        """
        if not self._write_lock.acquire(blocking=False):
            return
        try:
            self._writer.execute("PRAGMA busy_timeout = 0")
            self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        except sqlite3.DatabaseError:
            return  # the commit stands in the WAL, and a later checkpoint moves it
        finally:
            self._writer.execute(f"PRAGMA busy_timeout = {int(self._wait_s * 1000)}")
            self._write_lock.release()

    def _adopt_edits(self, connection: sqlite3.Connection) -> None:
        """Make a revision of what another program changed, so that it is seen; later, if a write is under way."""
        if self.damage or not revisions.edited_layers(connection) or self._write_lock.locked():
            return
        try:
            with self._writing():
                pass
        except StoreBusyError:
            return  # the rows stay marked as edited, so the next call tries again
