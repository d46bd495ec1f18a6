"""SQLite connections of a store: settings, and SQLite's faults as errors a user can act on."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from geo.errors import N_
from store.errors import DamagedError, StoreBusyError, StoreError
from store.functions import register

_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_CLOSED = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH}
_DISK = {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL}
_WAL_LIMIT_BYTES = 64 << 20
_READ_CACHE_KB = 512  # of each of up to 32 idle readers; the system keeps the file's pages too, once for all


def connect(path: Path, *, wait_s: float, writer: bool = False) -> sqlite3.Connection:
    """Return a connection in autocommit mode with the store's settings and SQL functions.

    It may be handed from thread to thread, but only one may use it at a time. Without `writer` it refuses changes.
    """
    connection = sqlite3.connect(path, timeout=wait_s, isolation_level=None, check_same_thread=False)
    try:
        connection.execute(f"PRAGMA busy_timeout = {int(wait_s * 1000)}")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA journal_size_limit = {_WAL_LIMIT_BYTES}")
        connection.execute(f"PRAGMA query_only = {'OFF' if writer else 'ON'}")
        if not writer:
            connection.execute(f"PRAGMA cache_size = -{_READ_CACHE_KB}")
        register(connection)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


@contextmanager
def store_errors(path: Path) -> Iterator[None]:
    """Turn what SQLite says about the file at `path` into StoreError; faults of the program pass through."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in _BUSY:
            raise StoreBusyError(
                N_("The store is being written by another process."),
                N_("Wait for it to end and try again."),
            ) from error
        if code == sqlite3.SQLITE_NOTADB:
            raise broken(path) from error
        if code == sqlite3.SQLITE_CORRUPT:
            raise damaged(path, str(error)) from error
        if code in _CLOSED:
            raise unwritable(path) from error
        if code in _DISK:
            raise StoreError(
                N_("The disk refused to write the store {path}; nothing was changed."),
                N_("Make room on the disk, or check it, and try again."),
                path=str(path),
            ) from error
        raise


def broken(path: Path) -> StoreError:
    return StoreError(
        N_("{path} is not a GeoPackage, or it is damaged."),
        N_("Name another file, or put a backup in its place."),
        path=str(path),
    )


def damaged(path: Path, what: str) -> DamagedError:
    return DamagedError(
        N_("The store {path} is damaged ({what}): it is only read as far as it can be, and nothing is written to it."),
        N_("Stop the service and put a backup in its place: flask backup list, then flask restore FILE."),
        path=str(path), what=what[:120],
    )  # fmt: skip


def unwritable(path: Path) -> StoreError:
    return StoreError(
        N_("The store {path} cannot be opened for writing."),
        N_("Check that the folder exists and that this user may write in it: the store keeps two files beside it."),
        path=str(path),
    )


@contextmanager
def transaction(connection: sqlite3.Connection, *, write: bool) -> Iterator[None]:
    """Run the block in one transaction: committed at its end, rolled back on any exception."""
    connection.execute("BEGIN IMMEDIATE" if write else "BEGIN")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
