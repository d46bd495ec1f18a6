"""The five small SQL functions that GeoPackage R-tree triggers call."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from store.blobs import envelope


def _is_empty(blob: bytes | None) -> int | None:
    if blob is None:
        return None
    return int(envelope(blob) is None)


def _side(index: int) -> Callable[[bytes | None], float | None]:
    def side(blob: bytes | None) -> float | None:
        box = None if blob is None else envelope(blob)
        return None if box is None else box[index]

    return side


def register(connection: sqlite3.Connection) -> None:
    """Register ST_IsEmpty, ST_MinX, ST_MinY, ST_MaxX and ST_MaxY on `connection`.

    Each takes a GeoPackage geometry blob; NULL gives NULL, and so do the sides of an empty geometry.
    """
    connection.create_function("ST_IsEmpty", 1, _is_empty, deterministic=True)
    for index, name in enumerate(("ST_MinX", "ST_MinY", "ST_MaxX", "ST_MaxY")):
        connection.create_function(name, 1, _side(index), deterministic=True)
