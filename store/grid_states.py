"""Grids as `geo.grid_changes` has them: read from rows of the store, and kept in the steps of a draft."""

from __future__ import annotations

import base64
import json
import sqlite3
import zlib
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import shapely

from geo.errors import N_, ReshapeError
from geo.grid_changes import GridChange, GridState, Key
from store.blobs import decode_geometries

FIELDS = "geom, name, parent, team, population"
MAX_TEXT = 200
_SMALL_BYTES = 16 << 10
MAX_BYTES = 64 << 20  # of the changes of one step, unpacked


def states_of(rows: Sequence[Sequence[Any]]) -> list[GridState]:
    """Return the states of rows of `FIELDS`."""
    shapes = decode_geometries([row[0] for row in rows])
    return [
        GridState(shape, row[1], row[2], row[3], None if row[4] is None else float(row[4]))
        for shape, row in zip(shapes, rows, strict=True)
    ]


def present(connection: sqlite3.Connection, keys: Iterable[Key] | None = None) -> dict[Key, GridState]:
    """Return the grids of the store, or of them those of `keys` that are there."""
    if keys is None:
        rows = connection.execute(f"SELECT level, code, {FIELDS} FROM grids WHERE level NOTNULL AND code NOTNULL")
        found = rows.fetchall()
    else:
        sql = f"SELECT level, code, {FIELDS} FROM grids WHERE level = ? AND code = ?"
        asked = [connection.execute(sql, key).fetchone() for key in keys]
        found = [row for row in asked if row is not None]
    return dict(zip([(row[0], row[1]) for row in found], states_of([row[2:] for row in found]), strict=True))


def as_stored(change: GridChange) -> GridChange:
    """Return a change whose shapes are MultiPolygons, as the store keeps every grid.

    Raises
    ------
    ReshapeError
        What it makes of the grid cannot be kept: no area, not valid, a text that is too long.
    """
    before = None if change.before is None else _stored(change.before)
    after = None if change.after is None else _stored(change.after)
    if after is not None and not _storable(change, after):
        raise ReshapeError(
            N_("The change of grid {code} cannot be kept: its shape is not valid, or a text is too long."),
            N_("Undo the step and draw it another way."),
            code=change.code[:80],
        )
    return GridChange(change.level, change.code, before, after)


def _stored(state: GridState) -> GridState:
    shape, people = state.geometry, state.population
    if shape is not None and shape.geom_type == "Polygon":
        shape = shapely.MultiPolygon([shape])
    people = None if people is None else float(round(people))
    return GridState(shape, state.name, state.parent, state.team, people)


def _storable(change: GridChange, after: GridState) -> bool:
    shape, people = after.geometry, after.population
    texts = (change.level, change.code, *(text for text in (after.name, after.parent, after.team) if text is not None))
    return (
        shape is not None
        and shape.geom_type == "MultiPolygon"
        and not shape.is_empty
        and bool(shape.is_valid)
        and all(text and len(text) <= MAX_TEXT and "\x00" not in text for text in texts)
        and (people is None or people >= 0)
    )


def packed(changes: Iterable[GridChange]) -> bytes:
    """Return changes as a draft keeps them: compressed JSON with the shapes as WKB, so that they come back exactly."""
    kept = [[one.level, one.code, _pack(one.before), _pack(one.after)] for one in changes]
    text = json.dumps(kept, ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode("ascii")
    if len(text) > MAX_BYTES:
        raise ReshapeError(N_("The step changes more than a draft can keep."), N_("Do it in several steps."))
    return zlib.compress(text, 3)


def unpacked(data: bytes) -> tuple[GridChange, ...]:
    """Return the changes that `packed` was given; small steps are kept, as a draft is read at every step of it."""
    return _kept(data) if len(data) <= _SMALL_BYTES else _unpacked(data)


@lru_cache(maxsize=1_024)
def _kept(data: bytes) -> tuple[GridChange, ...]:
    return _unpacked(data)


def _unpacked(data: bytes) -> tuple[GridChange, ...]:
    rows = json.loads(zlib.decompress(data))
    return tuple(GridChange(level, code, _unpack(before), _unpack(after)) for level, code, before, after in rows)


def _pack(state: GridState | None) -> Any:
    if state is None:
        return None
    shape = None if state.geometry is None else base64.b64encode(shapely.to_wkb(state.geometry, byte_order=1)).decode()
    return [shape, state.name, state.parent, state.team, state.population]


def _unpack(kept: Any) -> GridState | None:
    if kept is None:
        return None
    shape, *rest = kept
    return GridState(None if shape is None else shapely.from_wkb(base64.b64decode(shape)), *rest)
