"""Damage real pages of a store's file."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path


def pages_of(path: Path, table: str) -> tuple[int, list[int]]:
    """Return the page size and the pages of a table or index: its root first; leaves are found by their parents."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")  # all that was written is in the file itself
        size = int(connection.execute("PRAGMA page_size").fetchone()[0])
        root = int(connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()[0])
    data = path.read_bytes()
    pages = [root]
    for page in pages:
        head = data[(page - 1) * size : page * size]
        if head[0] in (2, 5):  # an interior page: its cells begin with the number of a child
            cells = int.from_bytes(head[3:5], "big")
            pages.append(int.from_bytes(head[8:12], "big"))
            for cell in range(cells):
                at = int.from_bytes(head[12 + 2 * cell : 14 + 2 * cell], "big")
                pages.append(int.from_bytes(head[at : at + 4], "big"))
    return size, pages


def damage(path: Path, table: str, which: int = 0) -> None:
    """Overwrite one page of a table or an index with nonsense."""
    size, pages = pages_of(path, table)
    with path.open("r+b") as stream:
        stream.seek((pages[which] - 1) * size)
        stream.write(b"\xa5" * size)
