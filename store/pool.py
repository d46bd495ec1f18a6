"""The connections of one open store: many that read, one that writes."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, LifoQueue
from types import TracebackType
from typing import Self

from geo.errors import N_
from store import revisions
from store.connection import connect, store_errors, transaction
from store.errors import StoreBusyError

_IDLE_READERS = 8


class Pool:
    """Hands out connections to the file at `path`; safe to share between threads."""

    def __init__(self, path: Path, connection: sqlite3.Connection, wait_s: float) -> None:
        """Take over `connection` as the writing one; `wait_s` is how long to wait for another writer."""
        self.path = path
        self._wait_s = wait_s
        self._writer = connection
        self._write_lock = threading.Lock()
        self._readers: LifoQueue[sqlite3.Connection] = LifoQueue()
        self._closed = False

    def close(self) -> None:
        """Close all connections; the store cannot be used afterwards."""
        with self._write_lock:
            self._closed = True
            while True:
                try:
                    self._readers.get_nowait().close()
                except Empty:
                    break
            self._writer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection that cannot change anything."""
        with store_errors(self.path):
            try:
                connection = self._readers.get_nowait()
            except Empty:
                connection = connect(self.path, wait_s=self._wait_s)
            try:
                yield connection
            finally:
                if self._closed or self._readers.qsize() >= _IDLE_READERS:
                    connection.close()
                else:
                    self._readers.put(connection)

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """Lend the writing connection inside a transaction, after the edits of other programs have their revision."""
        if not self._write_lock.acquire(timeout=self._wait_s):
            raise StoreBusyError(
                N_("The store is being written by another task."), N_("Wait for it to end and try again.")
            )
        try:
            with store_errors(self.path), transaction(self._writer, write=True):
                revisions.adopt_edits(self._writer)
                yield self._writer
        finally:
            self._write_lock.release()

    def _settle(self) -> None:
        """Move what was committed from the WAL into the file itself, as far as nobody is in the way.

        Nothing depends on it: it keeps the WAL short, and a copy of the file alone whole.
        """
        if not self._write_lock.acquire(blocking=False):
            return
        try:
            self._writer.execute("PRAGMA busy_timeout = 0")
            self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        except sqlite3.OperationalError:
            return  # the commit stands in the WAL, and a later checkpoint moves it
        finally:
            self._writer.execute(f"PRAGMA busy_timeout = {int(self._wait_s * 1000)}")
            self._write_lock.release()

    def _adopt_edits(self, connection: sqlite3.Connection) -> None:
        """Make a revision of what another program changed, so that it is seen; later, if a write is under way."""
        if not revisions.edited_layers(connection) or self._write_lock.locked():
            return
        try:
            with self._writing():
                pass
        except StoreBusyError:
            return  # the rows stay marked as edited, so the next call tries again
