"""Backups of a store: copied as of one revision while it is written, checked before they count, oldest ones removed.

Beside each backup lie its facts as JSON: revision, digest of the content, digest of the file, head of the audit trail.
A backup without them was cut short and does not count.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from geo.errors import N_
from store.audit_verify import Head, head_of, verify
from store.clock import now
from store.connection import connect, store_errors, transaction
from store.errors import BackupError, StoreBusyError, StoreError
from store.migrations import applied
from store.reader import current_revision

KEEP = 14
_FACTS = ".json"
_PART = 1 << 20


@dataclass(frozen=True)
class Backup:
    """One backup by its facts.

    Attributes
    ----------
    content
        SHA-256 of every row of every table, as the store had them (`content_digest`).
    sha256
        Of the file itself.
    store
        Number that the store's trail began with: backups of several stores may lie in one folder.
    """

    file: Path
    at: str
    revision: int
    bytes: int
    content: str
    sha256: str
    store: str
    trail: Head

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"file": self.file.name}


def content_digest(connection: sqlite3.Connection) -> str:
    """Return the SHA-256 of all tables of a database with all their rows, in the caller's reading transaction."""
    found = hashlib.sha256()
    tables = connection.execute("SELECT type, name, sql FROM sqlite_master ORDER BY type, name").fetchall()
    for kind, name, sql in tables:
        found.update(repr((kind, name, sql)).encode())
        # A virtual table is its shadow tables, which are listed too.
        if kind == "table" and not str(sql).upper().startswith("CREATE VIRTUAL"):
            for row in connection.execute(f'SELECT * FROM "{name}" NOT INDEXED'):
                found.update(repr(row).encode("utf-8", "surrogatepass"))
    return found.hexdigest()


def make_backup(
    path: Path, folder: Path, note: Callable[[Backup], object] = lambda made: None, *, wait_s: float = 10.0
) -> Backup:
    """Copy the store at `path` into `folder` as of one revision, and check the copy; writers go on meanwhile.

    `note` is told of the copy before it counts.

    Raises
    ------
    BackupError
        The copy is not what the store holds, or the store is damaged; nothing is left in the folder.
    StoreBusyError
        Another backup is being made into the folder.
    OSError
        The folder cannot be written.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _alone(folder):
        for old in folder.glob(f".{path.stem}-*.part*"):  # of a backup that was cut short
            old.unlink()
        aside = folder / f".{path.stem}-{os.getpid()}.part"
        try:
            facts = _copy(path, aside, wait_s)
            size, sha256 = aside.stat().st_size, _file_digest(aside)
            file = _free_name(folder, path, int(facts["revision"]), str(facts["at"]))
            made = Backup(file, bytes=size, sha256=sha256, **facts)
            note(made)
            aside.replace(file)
            _write_whole(file.with_name(file.name + _FACTS), json.dumps(made.to_json(), indent=1).encode())
            _sync_folder(folder)
        finally:
            aside.unlink(missing_ok=True)
    return made


def _copy(path: Path, aside: Path, wait_s: float) -> dict[str, Any]:
    with store_errors(path), closing(connect(path, wait_s=wait_s)) as source, transaction(source, write=False):
        revision, trail = current_revision(source), head_of(source)
        first = source.execute("SELECT target FROM atlas_trail WHERE seq = 1").fetchone()
        os.close(os.open(aside, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))  # it holds the accounts
        # No locks: nobody else writes there, and a folder on a network share may not know them.
        with closing(sqlite3.connect(f"{aside.absolute().as_uri()}?nolock=1", uri=True)) as target:
            source.backup(target)  # of the snapshot that the transaction holds
        _leave_wal(aside)
        content = content_digest(source)
    with store_errors(aside), closing(_only_read(aside)) as connection:
        _require_sound(connection, aside, content)
    if trail is None or first is None:
        raise BackupError(N_("The store has no audit trail."), N_("Start the service once, which makes it."))
    return {"revision": revision, "at": now(), "content": content, "store": str(first[0]), "trail": trail}


def _leave_wal(file: Path) -> None:
    """Mark a copy as one whole file, that can be read where nothing can be written; put it on the disk.

    The two bytes say by which rules the file is written and read: 1 is with a rollback journal, 2 with a WAL (SQLite,
    "Database File Format", 1.3.3). SQLite itself would need locks to change them.
    """
    with file.open("r+b") as stream:
        stream.seek(18)
        stream.write(b"\x01\x01")
        stream.flush()
        os.fsync(stream.fileno())


def _require_sound(connection: sqlite3.Connection, file: Path, content: str) -> None:
    faults = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(3)") if row[0] != "ok"]
    if not faults and content_digest(connection) != content:
        faults = ["content"]
    if not faults:
        faults = [fault.text() for fault in verify(connection).faults[:3]]
    if faults:
        raise BackupError(
            N_("The backup {file} is not sound ({what})."),
            N_("It does not count. Look whether the store itself is sound (flask check), and at the disk."),
            file=file.name, what="; ".join(faults)[:200],
        )  # fmt: skip


def check_backup(file: Path) -> Backup:
    """Read a backup whole and return its facts if it is what they say.

    Raises
    ------
    BackupError
        It has no facts, or is not what they say.
    """
    found = _facts_of(file)
    if found is None or not file.is_file():
        raise BackupError(
            N_("{file} is no whole backup of GridAtlas."), N_("flask backup list shows those that are."), file=file.name
        )
    if file.stat().st_size != found.bytes or _file_digest(file) != found.sha256:
        raise BackupError(
            N_("The backup {file} was changed or damaged since it was made."), N_("Take another one."), file=file.name
        )
    with store_errors(file), closing(_only_read(file)) as connection:
        _require_sound(connection, file, found.content)
        if verify(connection, found.trail).faults or applied(connection) is None:
            raise BackupError(
                N_("{file} is no whole backup of GridAtlas."), N_("flask backup list shows those that are."),
                file=file.name,
            )  # fmt: skip
    return found


def list_backups(folder: Path) -> list[Backup]:
    """Return the backups in a folder, newest first; by their facts and sizes, without reading them."""
    found = (_facts_of(facts.with_name(facts.name.removesuffix(_FACTS))) for facts in folder.glob(f"*.gpkg{_FACTS}"))
    whole = [one for one in found if one is not None and one.file.is_file() and one.file.stat().st_size == one.bytes]
    return sorted(whole, key=lambda one: (one.at, one.revision, one.file.name), reverse=True)


def newest_until(folder: Path, revision: int) -> Backup:
    """Return the newest backup of this revision or an earlier one.

    Raises
    ------
    BackupError
        There is none.
    """
    for one in sorted(list_backups(folder), key=lambda one: (one.revision, one.at), reverse=True):
        if one.revision <= revision:
            return one
    raise BackupError(
        N_("There is no backup of revision {revision} or before it."), N_("flask backup list shows what there is."),
        revision=revision,
    )  # fmt: skip


def rotate(folder: Path, made: Backup, keep: int) -> list[Path]:
    """Remove the oldest backups of the store of `made`, all but `keep`; return what was removed."""
    old = [one for one in list_backups(folder) if one.store == made.store][max(keep, 1) :]
    for one in old:
        one.file.unlink()  # a backup without its file does not count
        one.file.with_name(one.file.name + _FACTS).unlink()
    return [one.file for one in old]


def _facts_of(file: Path) -> Backup | None:
    try:
        found = json.loads(file.with_name(file.name + _FACTS).read_text("utf-8"))
        head = Head(int(found["trail"]["seq"]), str(found["trail"]["hash"]), str(found["trail"]["at"]))
        texts = {name: str(found[name]) for name in ("at", "content", "sha256", "store")}
        return Backup(file, revision=int(found["revision"]), bytes=int(found["bytes"]), trail=head, **texts)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _free_name(folder: Path, path: Path, revision: int, at: str) -> Path:
    stamp = at[:19].replace("-", "").replace(":", "")
    for more in ("", *(f"-{number}" for number in range(2, 1000))):
        file = folder / f"{path.stem}-r{revision:09d}-{stamp}Z{more}.gpkg"
        if not file.exists():
            return file
    raise StoreError(N_("Too many backups are made in one second."), N_("Wait a moment."))


def _only_read(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro&immutable=1", uri=True, isolation_level=None)


def _file_digest(file: Path) -> str:
    found = hashlib.sha256()
    with file.open("rb") as stream:
        while part := stream.read(_PART):
            found.update(part)
    return found.hexdigest()


def _write_whole(file: Path, body: bytes) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(descriptor, body)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreBusyError(
                N_("Another backup is being made into this folder."), N_("Wait for it to end and try again.")
            ) from None
        yield
    finally:
        os.close(descriptor)
