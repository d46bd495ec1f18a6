"""What an upgrade would do to a store: pending migrations, tried on a copy; the store itself is only read."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from geo.errors import N_
from store.connection import broken, connect, store_errors
from store.errors import StoreError
from store.migrations import MIGRATIONS, Migration, applied, migrate
from store.schema import LAYERS

_ROOM = 2  # times the store's size: the copy, and what a migration writes anew


@dataclass(frozen=True)
class Step:
    """One migration as it was tried on the copy."""

    name: str
    seconds: float


@dataclass(frozen=True)
class Rehearsal:
    """What an upgrade did to a copy of the store.

    Attributes
    ----------
    copy_s
        How long the copy took, in seconds.
    rows
        Rows of each layer; the same before and after.
    """

    steps: tuple[Step, ...]
    copy_s: float
    rows: dict[str, int]


def pending(file: Path, migrations: Sequence[Migration] = MIGRATIONS) -> tuple[str, ...]:
    """Return the names of the migrations that the store at `file` still needs; it is only read.

    Raises
    ------
    StoreError
        There is no store, it is damaged, or a newer version wrote it.
    """
    if not file.is_file():
        raise StoreError(
            N_("There is no store at {path}."), N_("Check the path, or start the server once."), path=str(file)
        )
    with store_errors(file), closing(_reading(file)) as connection:
        had = applied(connection)
    if had is None:
        raise broken(file)
    known = [name for name, _ in migrations]
    if newer := [name for name in had if name not in known]:
        raise StoreError(
            N_("The store was written by a newer version of GridAtlas ({names})."),
            N_("Update GridAtlas, or open another store."),
            names=", ".join(newer),
        )
    return tuple(name for name in known if name not in had)


def rehearse(file: Path, scratch: Path, migrations: Sequence[Migration] = MIGRATIONS) -> Rehearsal:
    """Try every pending migration on a copy in the folder `scratch`, check the copy, and delete it.

    Raises
    ------
    StoreError
        There is no room for the copy, a migration fails, the migrated copy is damaged or has lost rows.
    """
    names = pending(file, migrations)
    room = shutil.disk_usage(scratch).free
    size = file.stat().st_size
    if room < _ROOM * size:
        raise StoreError(
            N_("Trying the upgrade needs {needed} MiB of free space beside the store; there are {free}."),
            N_("Free some space, or set another folder by --scratch."),
            needed=(_ROOM * size >> 20) + 1,
            free=room >> 20,
        )
    with tempfile.TemporaryDirectory(dir=scratch, prefix="upgrade-") as folder:
        copy = Path(folder) / "atlas.gpkg"
        began = time.perf_counter()
        with store_errors(file), closing(_reading(file)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
        copy_s = time.perf_counter() - began
        with store_errors(copy), closing(connect(copy, wait_s=0, writer=True)) as connection:
            before = _rows(connection)
            steps = tuple(_try(connection, one) for one in migrations if one[0] in names)
            _check(connection, before)
    return Rehearsal(steps, copy_s, before)


def _reading(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)


def _try(connection: sqlite3.Connection, migration: Migration) -> Step:
    began = time.perf_counter()
    try:
        # The ones before it have been applied: names that are not listed would count as newer.
        had = [(name, migration[1]) for name in applied(connection) or ()]
        migrate(connection, [*had, migration])
    except (sqlite3.Error, StoreError) as error:
        raise StoreError(
            N_("The migration {name} fails on a copy of the store ({reason})."),
            N_("Stay with the present version and report this; the store was not touched."),
            name=migration[0],
            reason=type(error).__name__,
        ) from error
    return Step(migration[0], time.perf_counter() - began)


def _rows(connection: sqlite3.Connection) -> dict[str, int]:
    return {name: int(connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]) for name in LAYERS}


def _check(connection: sqlite3.Connection, before: dict[str, int]) -> None:
    said = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if said != "ok" or _rows(connection) != before:
        raise StoreError(
            N_("After the migrations the copy of the store is not whole."),
            N_("Stay with the present version and report this; the store was not touched."),
        )
