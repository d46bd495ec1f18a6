"""Gathers the same note of many rows into one line."""

from __future__ import annotations

from typing import Any

from store.batch import Note

SHOWN_ROWS = 5


class NoteBook:
    """Notes in the order they first came up; notes about rows are counted, the first rows are named.

    A template given to `row` has the fields ``{count}`` and ``{rows}``.
    """

    def __init__(self) -> None:
        self._plain: list[Note] = []
        self._rows: dict[tuple[str, tuple[tuple[str, Any], ...]], list[int]] = {}
        self._count: dict[tuple[str, tuple[tuple[str, Any], ...]], int] = {}

    def add(self, message: str, **params: Any) -> None:
        """Note something about the whole source, once."""
        note = Note(message, params)
        if note not in self._plain:
            self._plain.append(note)

    def row(self, message: str, row: int, count: int = 1, **params: Any) -> None:
        """Note something about one row; `count` more than 1 stands for as many rows, the first of which is `row`."""
        key = (message, tuple(sorted(params.items())))
        shown = self._rows.setdefault(key, [])
        if len(shown) < SHOWN_ROWS:
            shown.append(row)
        self._count[key] = self._count.get(key, 0) + count

    def drop(self, message: str) -> None:
        """Forget every note of this template."""
        self._plain = [note for note in self._plain if note.message != message]
        self._rows = {key: rows for key, rows in self._rows.items() if key[0] != message}

    def notes(self) -> tuple[Note, ...]:
        """Return what was noted."""
        gathered = []
        for key, rows in self._rows.items():
            count = self._count[key]
            text = ", ".join(map(str, sorted(rows))) + (" …" if count > len(rows) else "")
            gathered.append(Note(key[0], {**dict(key[1]), "count": count, "rows": text}))
        return (*self._plain, *gathered)
