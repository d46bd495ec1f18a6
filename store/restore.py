"""Putting a backup in the place of the store: whole or not at all, and what it replaces stays aside.

The data goes back; what may never go back is carried over from the replaced store where it can be read: the audit
trail, who may enter, and the counters of revisions and of incidents received, so that no number ever means two things.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
import struct
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from geo.errors import N_
from store import audit_trail, revisions
from store.audit_verify import Head, head_of, verify
from store.backup import Backup, check_backup
from store.clock import now
from store.connection import connect, store_errors, transaction
from store.errors import StoreBusyError, StoreError
from store.migrations import migrate
from store.opening import check_file
from store.reader import current_revision
from store.rows import count_rows
from store.schema import LAYERS

JUMP = 1_000_000  # of the revision, where that of the replaced store cannot be read
# Who may enter: tables that stay as they are when the data goes back.
KEPT_TABLES = ("atlas_accounts", "atlas_tokens", "atlas_links", "atlas_attempts")
# Sessions end: everybody signs in again. A link of the backup may have been used since.
EMPTIED_TABLES = ("atlas_sessions", "atlas_links")
_SHARED_FIRST, _SHARED_SIZE = 0x40000002, 510  # bytes of the file that every connection of SQLite holds a lock on


_Table = tuple[tuple[str, ...], list[tuple[Any, ...]]]  # columns and rows


@dataclass(frozen=True)
class _Old:
    """What was read of the store that is replaced. `known`: its revision is, or there was no store."""

    known: bool
    revision: int = 0
    head: Head | None = None
    live: int = 0
    entries: list[tuple[Any, ...]] = field(default_factory=list)
    tables: dict[str, _Table] = field(default_factory=dict)


@dataclass(frozen=True)
class Restored:
    """What a restore did.

    Attributes
    ----------
    revision
        The store's new one: higher than any before.
    replaced
        The store that was there, None where there was none.
    entries
        Entries of the audit trail that were carried over from it.
    kept
        Whether who may enter was carried over too.
    """

    revision: int
    backup: Backup
    replaced: Path | None
    entries: int
    kept: bool


def restore(path: Path, file: Path, *, wait_s: float = 10.0) -> Restored:
    """Put the backup `file` in the place of the store at `path`, which nobody may have open.

    Raises
    ------
    BackupError
        The backup is not sound.
    StoreBusyError
        A process has the store open.
    StoreError, OSError
        The store cannot be written; it is left as it was.
    """
    path = path.absolute()
    check_file(path, create=True)
    _require_unused(path)
    backup = check_backup(file)
    aside = path.with_name(f".{path.name}.restoring")
    for left in _parts(aside):
        left.unlink(missing_ok=True)
    try:
        shutil.copyfile(file, aside)
        with store_errors(path):
            old = _read(path, backup)
        with store_errors(aside), closing(connect(aside, wait_s=wait_s, writer=True)) as connection:
            migrate(connection)
            kept = _carry(connection, old)
            revision = _finish(connection, backup, old, kept=kept)
        _sync(aside)
        _require_unused(path)
        replaced = _set_aside(path) if path.exists() else None
        aside.replace(path)
        _sync(path.parent)
    finally:
        for left in _parts(aside):
            left.unlink(missing_ok=True)
    return Restored(revision, backup, replaced, len(old.entries), kept)


def holder(path: Path) -> int | None:
    """Return a process that has the store open, None where there is none; never asked by one that has it open itself.

    SQLite's connections to a store (in WAL mode) hold a lock on the file as long as they live.
    """
    if not path.exists():
        return None
    with path.open("rb") as stream:
        wish = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, _SHARED_FIRST, _SHARED_SIZE, 0)
        found = struct.unpack("hhqqi4x", fcntl.fcntl(stream, fcntl.F_GETLK, wish))
    return None if found[0] == fcntl.F_UNLCK else int(found[4])


def _require_unused(path: Path) -> None:
    process = holder(path)
    if process is not None:
        raise StoreBusyError(
            N_("The store {path} is open in the process {process}."), N_("Stop the service, then restore."),
            path=str(path), process=process,
        )  # fmt: skip


def _read(path: Path, backup: Backup) -> _Old:
    """Return what of the store at `path` may not go back; of a damaged one what can be read, which may be nothing."""
    old = _Old(known=not path.exists())
    if old.known:
        return old
    try:
        with closing(connect(path, wait_s=1.0)) as connection, transaction(connection, write=False):
            old = replace(old, revision=current_revision(connection), head=head_of(connection), known=True)
            live = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'atlas_live'").fetchone()
            old = replace(old, live=0 if live is None else int(live[0]))
            if verify(connection, backup.trail).whole:  # the same trail, and nobody changed it
                sql = "SELECT * FROM atlas_trail WHERE seq > ? ORDER BY seq"
                old = replace(old, entries=connection.execute(sql, (backup.trail.seq,)).fetchall())
            tables = {name: _table(connection, name) for name in KEPT_TABLES}
            return replace(old, tables=tables)
    except sqlite3.DatabaseError as error:
        if not isinstance(error, sqlite3.OperationalError) or error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_IOERR:
            return old  # damaged: the result says what was not carried over
        raise


def _table(connection: sqlite3.Connection, name: str) -> _Table:
    columns = tuple(str(row[1]) for row in connection.execute(f'PRAGMA table_info("{name}")'))
    return columns, connection.execute(f'SELECT * FROM "{name}"').fetchall() if columns else []


def _carry(connection: sqlite3.Connection, old: _Old) -> bool:
    """Write what was read of the old store into the copy of the backup; return whether all of it was."""
    with transaction(connection, write=True):
        connection.execute("PRAGMA defer_foreign_keys = ON")
        if old.entries:
            connection.executemany(f"INSERT INTO atlas_trail VALUES ({', '.join('?' * 11)})", old.entries)
        for name in EMPTIED_TABLES:
            connection.execute(f'DELETE FROM "{name}"')
        kept = bool(old.tables)
        for name, (columns, rows) in old.tables.items():
            same = columns == _table(connection, name)[0]
            kept = kept and same
            if same and columns:
                connection.execute(f'DELETE FROM "{name}"')
                marks = ", ".join("?" * len(columns))
                connection.executemany(f'INSERT INTO "{name}" VALUES ({marks})', rows)
    return kept


def _finish(connection: sqlite3.Connection, backup: Backup, old: _Old, *, kept: bool) -> int:
    """Put all layers at a revision that no state before had, and write the entry of the audit trail."""
    with transaction(connection, write=True):
        at = now()
        revision = max(current_revision(connection), old.revision) + (1 if old.known else JUMP)
        rows = sum(count_rows(connection, layer) for layer in LAYERS)
        connection.execute(
            "INSERT INTO atlas_revisions (revision, at, layer, kind, rows) VALUES (?, ?, ?, 'restore', ?)",
            (revision, at, ",".join(LAYERS), rows),
        )
        for layer in LAYERS:
            revisions.mark(connection, layer, revision, at, rewritten=True)
        live = connection.execute("SELECT max(seq) FROM sqlite_sequence WHERE name = 'atlas_live'").fetchone()[0]
        connection.execute("DELETE FROM sqlite_sequence WHERE name = 'atlas_live'")
        connection.execute("INSERT INTO sqlite_sequence VALUES ('atlas_live', ?)", (max(int(live or 0), old.live),))
        before = {"revision": old.revision, "trail": None if old.head is None else old.head.to_json()}
        after = {
            "revision": backup.revision, "made": backup.at, "sha256": backup.sha256, "trail": backup.trail.to_json(),
            "entries": len(old.entries), "kept": kept,
        }  # fmt: skip
        audit_trail.record(connection, "restore", backup.file.name, before, after, revision=revision)
    return revision


def _set_aside(path: Path) -> Path:
    """Give the store at `path` a second name with all that belongs to it; return that."""
    # Where it is sound its log is folded into it; where not, the log goes along.
    with suppress(sqlite3.DatabaseError), closing(connect(path, wait_s=1.0, writer=True)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    stamp = now()[:23].replace("-", "").replace(":", "").replace(".", "")
    replaced = path.with_name(f"{path.stem}.replaced-{stamp}{path.suffix}")
    try:
        os.link(path, replaced)
    except OSError:  # a file system without second names
        shutil.copyfile(path, replaced)
        _sync(replaced)
    for part in ("-wal", "-journal"):
        log = path.with_name(path.name + part)
        if log.exists():
            log.rename(replaced.with_name(replaced.name + part))
    path.with_name(f"{path.name}-shm").unlink(missing_ok=True)
    _sync(path.parent)
    return replaced


def _parts(path: Path) -> list[Path]:
    return [path.with_name(path.name + part) for part in ("", "-wal", "-shm", "-journal")]


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        raise StoreError(
            N_("The disk refused to write the store {path}; nothing was changed."),
            N_("Make room on the disk, or check it, and try again."),
            path=str(path),
        ) from error
    finally:
        os.close(descriptor)
