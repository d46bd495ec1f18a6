"""What the store tells about itself: results of writes, imports and state of the layers."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass, fields
from typing import Any

from store.batch import Mode, Note, Provenance, Reject

_VALUE_LIMIT = 80


@dataclass(frozen=True)
class WriteResult:
    """What one write did; `removed_demo` tells that the demo's rows were cleared first."""

    revision: int
    import_id: int
    inserted: int
    updated: int
    removed_demo: bool


@dataclass(frozen=True)
class ImportRecord:
    """One import: where it came from and what became of it. `at` is ISO 8601 in UTC."""

    id: int
    revision: int
    at: str
    layer: str
    mode: str
    file_name: str
    sha256: str
    source_crs: str
    encoding: str
    timezone: str
    attribution: str
    simulated: bool
    demo: bool
    inserted: int
    updated: int
    rejected: int
    notes: tuple[Note, ...]

    @property
    def accepted(self) -> int:
        return self.inserted + self.updated


def _clean(text: str) -> str:
    """Return `text` with what UTF-8 cannot hold (lone surrogates) replaced."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _json(value: Any) -> str:
    return json.dumps(value, default=str)


def add_import(
    connection: sqlite3.Connection, revision: int, at: str, layer: str, mode: Mode, source: Provenance,
    inserted: int, updated: int,
) -> int:  # fmt: skip
    """Write the import, its notes and its rejects; return the import's id."""
    texts = (source.file_name, source.sha256, source.source_crs, source.encoding, source.timezone, source.attribution)
    notes = _json([[note.message, note.params] for note in source.notes])
    row = (
        revision, at, layer, mode, *map(_clean, texts), source.simulated, source.demo,
        inserted, updated, len(source.rejects), notes,
    )  # fmt: skip
    cursor = connection.execute(
        "INSERT INTO atlas_imports (revision, at, layer, mode, file_name, sha256, source_crs, encoding, timezone,"
        " attribution, simulated, demo, inserted, updated, rejected, notes)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        row,
    )
    import_id = int(cursor.lastrowid or 0)
    connection.executemany(
        "INSERT INTO atlas_rejects (import_id, row, field, value, reason, remedy, params) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            (
                import_id, int(reject.row), _clean(reject.field), _clean(str(reject.value))[:_VALUE_LIMIT],
                reject.reason, reject.remedy, _json(reject.params),
            )
            for reject in source.rejects
        ),
    )  # fmt: skip
    return import_id


def read_imports(connection: sqlite3.Connection, limit: int) -> list[ImportRecord]:
    """Return the last `limit` imports, newest first."""
    names = [field.name for field in fields(ImportRecord)]
    rows = connection.execute(f"SELECT {', '.join(names)} FROM atlas_imports ORDER BY id DESC LIMIT ?", (limit,))
    return [_import_record(dict(zip(names, row, strict=True))) for row in rows]


def _import_record(values: dict[str, Any]) -> ImportRecord:
    values["notes"] = _notes(values["notes"])
    return ImportRecord(**(values | {name: bool(values[name]) for name in ("simulated", "demo")}))


def _notes(text: str) -> tuple[Note, ...]:
    return tuple(Note(message, params) for message, params in json.loads(text))


def read_rejects(connection: sqlite3.Connection, import_id: int) -> list[Reject]:
    """Return the rejects of one import in the order intake found them."""
    rows = connection.execute(
        "SELECT row, field, value, reason, remedy, params FROM atlas_rejects WHERE import_id = ? ORDER BY id",
        (import_id,),
    )
    return [
        Reject(row, field, value, reason, remedy, json.loads(params))
        for row, field, value, reason, remedy, params in rows
    ]


def get_meta(connection: sqlite3.Connection, key: str) -> str | None:
    row = connection.execute("SELECT value FROM atlas_meta WHERE key = ?", (key,)).fetchone()
    return None if row is None else str(row[0])


def srs_id_of(connection: sqlite3.Connection, crs: str) -> int | None:
    """Return the number that `crs` has in this store, or will have; None where that is not known yet."""
    if get_meta(connection, "crs") == crs:
        return int(get_meta(connection, "srs_id") or 0)
    authority, _, code = crs.partition(":")
    return int(code) if authority.upper() == "EPSG" and code.isdigit() else None


def set_meta(connection: sqlite3.Connection, key: str, value: str) -> None:
    connection.execute("INSERT OR REPLACE INTO atlas_meta VALUES (?, ?)", (key, value))
