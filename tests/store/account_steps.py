"""What tests of accounts share: an administrator with a password, limits, and a look into the file itself."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from store.sessions import Limits
from store.store import Store

PASSWORD, OTHER = "seven green kettles", "eleven wet umbrellas"
LIMITS = Limits()


def opened(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "atlas.gpkg") as found:
        yield found


def first(store: Store, name: str = "Control room") -> tuple[int, str]:
    """Make the administrator; return its number and a session of it."""
    account, session = store.use_first_link(store.make_first_link(), name, PASSWORD, "127.0.0.1")
    return account.id, session


def raw(store: Store, sql: str, *values: object) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(store.path)) as connection, connection:
        return connection.execute(sql, values).fetchall()
