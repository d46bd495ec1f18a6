"""Opening a store's file: what may be opened, and what must be refused with a remedy."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from geo.errors import N_
from store import ddl
from store.connection import broken, connect, store_errors, unwritable
from store.errors import StoreError
from store.migrations import applied, migrate

_MOUNTS = Path("/proc/self/mounts")
NETWORK = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "afs", "ceph", "fuse.glusterfs", "9p"})


def open_file(path: str | Path, *, create: bool, wait_s: float) -> tuple[Path, sqlite3.Connection, str]:
    """Return the absolute path, a writing connection to an up-to-date store, and "".

    Of a damaged store that can still be read: a connection that only reads, and what is wrong.

    Raises
    ------
    StoreError
        With a remedy, whatever is wrong; the file is then left as it was.
    """
    if "://" in str(path):
        raise StoreError(
            N_("A store on a database server is not supported yet."),
            N_("Set ATLAS_STORE to the path of a GeoPackage file."),
        )
    file = Path(path).absolute()
    try:
        check_file(file, create)
        _make_private(file)
    except OSError as error:
        raise unwritable(file) from error
    with store_errors(file):
        connection = connect(file, wait_s=wait_s, writer=True)
        try:
            _prepare(connection, file)
        except sqlite3.DatabaseError as error:
            connection.close()
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_CORRUPT:
                raise
            return file, _only_reading(file, wait_s), str(error)
        except BaseException:
            connection.close()
            raise
    return file, connection, ""


def _make_private(file: Path) -> None:
    """Make the file of a new store, for its user and group alone: it holds accounts. SQLite's others follow."""
    if not file.exists():
        with suppress(FileExistsError):  # another process was first
            os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640))


def _only_reading(file: Path, wait_s: float) -> sqlite3.Connection:
    """Return a connection to a damaged store if its tables can be read at all."""
    connection = connect(file, wait_s=wait_s)
    try:
        connection.execute("SELECT count(*), max(revision) FROM atlas_revisions").fetchone()
        connection.execute("SELECT * FROM atlas_layers").fetchall()
    except BaseException:
        connection.close()
        raise
    return connection


def check_file(file: Path, create: bool) -> None:
    """Make the folder of a store if `create`; refuse what is no file, and network shares."""
    if not file.exists():
        if not create:
            raise StoreError(
                N_("There is no store at {path}."), N_("Check the path, or start the server once."), path=str(file)
            )
        file.parent.mkdir(parents=True, exist_ok=True)
    elif not file.is_file():
        raise broken(file)
    # Its content is looked at through SQLite only: closing any other handle on the file would drop the locks that
    # connections of this process hold on it (POSIX).
    kind = mount_type(file.parent.resolve(), _MOUNTS.read_text(encoding="utf-8") if _MOUNTS.exists() else "")
    if kind in NETWORK:
        raise StoreError(
            N_("{path} is on a network share ({kind}), where a GeoPackage that is being written can be damaged."),
            N_("Put the store on a local disk; share copies of it made by flask export."),
            path=str(file), kind=kind,
        )  # fmt: skip


def is_store(file: Path) -> bool:
    """Return whether there is a store of ours at `file`; it is only read.

    Raises
    ------
    StoreError
        If it is an SQLite file that cannot be read: it may be a damaged store.
    """
    if not file.is_file():
        return False
    with store_errors(file), closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        try:
            return applied(connection) is not None
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_NOTADB:
                return False
            raise


def mount_type(folder: Path, mounts: str) -> str:
    """Return the file system type under `folder` according to the text of /proc/mounts, "" if unknown."""
    best, kind = -1, ""
    for line in mounts.splitlines():
        fields = line.split()
        if len(fields) < 3:
            continue
        point = Path(fields[1].replace("\\040", " "))
        if folder.is_relative_to(point) and len(point.parts) >= best:
            best, kind = len(point.parts), fields[2]
    return kind


def _prepare(connection: sqlite3.Connection, file: Path) -> None:
    names = applied(connection)
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if tables and (names is None or connection.execute("PRAGMA application_id").fetchone()[0] != ddl.APPLICATION_ID):
        raise StoreError(
            N_("{path} was not made by GridAtlas."),
            N_("Name another file as the store, and take this one in by flask import."),
            path=str(file),
        )
    # Before the switch to WAL: GDAL tells a GeoPackage by the header of the file itself, which a WAL does not reach.
    migrate(connection)
    if str(connection.execute("PRAGMA journal_mode").fetchone()[0]) != "wal":
        connection.execute("PRAGMA journal_mode = WAL")
