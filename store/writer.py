"""Changes of rows, inside a transaction that the caller opened: rows, R-trees and extents stay in step."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.errors import N_
from store import indexes
from store.batch import Batch, Mode, Within
from store.blobs import bounds
from store.errors import StoreError
from store.migrations import add_srs
from store.prepare import Planned, Prepared, is_bulk
from store.rows import (
    boxes,
    collision,
    column_values,
    count_rows,
    find_rows,
    geometry_blobs,
    give_ids,
    keys_of,
    next_fid,
    require_distinct,
)  # fmt: skip
from store.schema import LAYERS, Layer

Progress = Callable[[float], None]
_STEP = 20_000


@dataclass(frozen=True)
class Change:
    """What `apply` did. `rewritten`: more than rows were added. `emptied`: the layer was cleared first."""

    inserted: int
    updated: int
    rewritten: bool
    emptied: bool


def has_rows(connection: sqlite3.Connection) -> bool:
    """Return whether any layer has a row."""
    return any(connection.execute(f'SELECT 1 FROM "{layer}" LIMIT 1').fetchone() for layer in LAYERS)


def set_crs(connection: sqlite3.Connection, crs: str) -> int:
    """Make `crs` the reference system of every (empty) layer; return its srs_id."""
    srs_id = add_srs(connection, crs)
    for table in ("gpkg_contents", "gpkg_geometry_columns"):
        marks = ", ".join("?" for _ in LAYERS)
        connection.execute(f"UPDATE {table} SET srs_id = ? WHERE table_name IN ({marks})", (srs_id, *LAYERS))
    return srs_id


def empty_layer(connection: sqlite3.Connection, layer: str, at: str) -> int:
    """Delete every row of a layer with its index entries; return how many rows there were."""
    count = count_rows(connection, layer)
    if count:
        indexes.drop(connection, layer)
        connection.execute(f'DELETE FROM "{layer}"')
        times = np.empty(0, dtype="datetime64[ms]") if layer == "incidents" else None
        indexes.restore(connection, layer, np.empty(0, dtype=np.int64), np.empty((0, 4)), times)
        indexes.set_extent(connection, layer, np.empty((0, 4)), at)
    return count


def apply(
    connection: sqlite3.Connection, batch: Batch, mode: Mode, srs_id: int, at: str, progress: Progress | None,
    within: Within | None = None, prepared: Prepared | None = None,
) -> Change:  # fmt: skip
    """Write the (checked) rows of `batch`; the caller owns the transaction and the revision.

    `within` names the rows that `replace` clears; `prepared` is what `prepare` made of the batch.

    Raises
    ------
    StoreError
        A key is there twice.
    """
    layer = LAYERS[batch.layer]
    tell = progress or (lambda fraction: None)
    doomed, parameters = _doomed(layer, batch, within) if mode == "replace" else ("0", ())
    deleted = _count_where(connection, layer, doomed, parameters)
    before = count_rows(connection, layer.name)
    hits = np.zeros(len(batch), dtype=np.int64)
    if mode == "upsert":  # otherwise the unique index finds what is there twice
        keys = keys_of(layer, batch)
        require_distinct(layer, keys)
        hits = np.array(find_rows(connection, layer, keys), dtype=np.int64)
    old, new = np.flatnonzero(hits), np.flatnonzero(hits == 0)
    touched = deleted + len(batch)
    bulk = is_bulk(touched, before + len(new))
    tell(0.05)
    try:
        if bulk:
            indexes.drop(connection, layer.name)
        stale = _delete_and_update(connection, layer, batch, doomed, parameters, old, hits[old], srs_id)
        first = next_fid(connection, layer.name)
        _insert(connection, layer, batch, new, first, srs_id, tell, prepared)
        if bulk:
            planned = (
                None if prepared is None or len(old) else prepared.trees_of(connection, layer.name, mode, before, first)
            )
            _rebuild(connection, layer, batch, new, first, at, planned)
        elif deleted or _on_border(connection, layer.name, stale):
            indexes.set_extent(connection, layer.name, indexes.stored_boxes(connection, layer.name)[1], at)
        else:
            indexes.widen_extent(connection, layer.name, boxes(batch), at)
    except sqlite3.IntegrityError as error:
        raise collision(layer.name) from error
    except UnicodeEncodeError as error:
        raise StoreError(
            N_("A text of “{layer}” cannot be stored as UTF-8."), N_("Choose another encoding."), layer=layer.name
        ) from error
    tell(0.95)
    return Change(len(new), len(old), bool(deleted or len(old)), mode == "replace" and deleted == before)


def _doomed(layer: Layer, batch: Batch, within: Within | None) -> tuple[str, tuple[Any, ...]]:
    """Return what `replace` deletes: everything or the rows of `within`; of grids only the levels that come anew."""
    if within is not None:
        return "fid IN (SELECT value FROM json_each(?))", (json.dumps(within.fids.tolist()),)
    if layer.name != "grids":
        return "1", ()
    levels = tuple(sorted({str(level) for level in batch.columns["level"].tolist()}))
    return f"level IN ({', '.join('?' for _ in levels)})", levels


def _count_where(connection: sqlite3.Connection, layer: Layer, where: str, parameters: Sequence[Any]) -> int:
    if where == "0":
        return 0
    return int(connection.execute(f'SELECT count(*) FROM "{layer.name}" WHERE {where}', parameters).fetchone()[0])


def _delete_and_update(
    connection: sqlite3.Connection, layer: Layer, batch: Batch, doomed: str, parameters: Sequence[Any],
    rows: NDArray[np.int64], fids: NDArray[np.int64], srs_id: int,
) -> NDArray[np.float64]:  # fmt: skip
    """Delete the doomed rows and overwrite the known ones; return the overwritten rows' former boxes."""
    if doomed != "0":
        connection.execute(f'DELETE FROM "{layer.name}" WHERE {doomed}', parameters)
    if not len(rows):
        return np.empty((0, 4))
    blobs = [
        connection.execute(f'SELECT geom FROM "{layer.name}" WHERE fid = ?', (fid,)).fetchone()[0]
        for fid in fids.tolist()
    ]
    sets = ", ".join(f'"{name}" = ?' for name in layer.names)
    values = zip(geometry_blobs(batch, rows, srs_id), *column_values(layer, batch, rows), fids.tolist(), strict=True)
    connection.executemany(f'UPDATE "{layer.name}" SET geom = ?, {sets} WHERE fid = ?', values)
    return bounds(blobs)


def _insert(
    connection: sqlite3.Connection, layer: Layer, batch: Batch, rows: NDArray[np.int64], first: int, srs_id: int,
    tell: Progress, prepared: Prepared | None,
) -> None:  # fmt: skip
    if not len(rows):
        return
    fids = list(range(first, first + len(rows)))
    ids: list[str] | None = None
    if layer.key == ("id",):
        ids = give_ids(connection, layer, batch.columns["id"][rows].tolist(), fids)
    names = ", ".join(f'"{name}"' for name in layer.names)
    marks = ", ".join("?" for _ in layer.names)
    sql = f'INSERT INTO "{layer.name}" (fid, geom, {names}) VALUES (?, ?, {marks})'
    for start in range(0, len(rows), _STEP):
        part = slice(start, start + _STEP)
        if prepared is None or prepared.srs_id != srs_id:
            columns, blobs = column_values(layer, batch, rows[part]), geometry_blobs(batch, rows[part], srs_id)
        else:
            chosen = rows[part].tolist()
            columns = [[column[row] for row in chosen] for column in prepared.columns]
            blobs = [prepared.blobs[row] for row in chosen]
        if ids is not None:
            columns[layer.names.index("id")] = ids[part]
        connection.executemany(sql, zip(fids[part], blobs, *columns, strict=True))
        tell(0.05 + 0.6 * min(start + _STEP, len(rows)) / len(rows))


def _rebuild(
    connection: sqlite3.Connection, layer: Layer, batch: Batch, new: NDArray[np.int64], first: int, at: str,
    planned: Planned | None,
) -> None:  # fmt: skip
    """Pack the R-trees from the rows that were there and the added ones, and set the extent."""
    if planned is not None:
        none = np.empty(0, dtype=np.int64)
        indexes.restore(connection, layer.name, none, planned.extents, None, planned.trees)
        indexes.set_extent(connection, layer.name, planned.extents, at)
        return
    fids, extents, times = indexes.stored_boxes(connection, layer.name, below=first)
    fids = np.concatenate([fids, np.arange(first, first + len(new), dtype=np.int64)])
    extents = np.concatenate([extents, boxes(batch)[new]])
    if times is not None:
        times = np.concatenate([times, batch.columns["occurred_at"][new].astype("datetime64[ms]")])
    indexes.restore(connection, layer.name, fids, extents, times)
    indexes.set_extent(connection, layer.name, extents, at)


def _on_border(connection: sqlite3.Connection, layer: str, stale: NDArray[np.float64]) -> bool:
    """Return whether a former box reached the layer's extent, so that the extent may have shrunk."""
    sql = "SELECT min_x, min_y, max_x, max_y FROM gpkg_contents WHERE table_name = ?"
    extent = connection.execute(sql, (layer,)).fetchone()
    if not len(stale) or extent[0] is None:
        return False
    return bool((stale == np.array(extent, dtype=np.float64)).any())


def insert_point(connection: sqlite3.Connection, layer: Layer, fid: int, blob: bytes, values: Sequence[Any]) -> None:
    """Insert one row through the triggers; `values` in the order of the layer's columns."""
    names = ", ".join(f'"{name}"' for name in layer.names)
    marks = ", ".join("?" for _ in layer.names)
    sql = f'INSERT INTO "{layer.name}" (fid, geom, {names}) VALUES (?, ?, {marks})'
    try:
        connection.execute(sql, (fid, blob, *values))
    except sqlite3.IntegrityError as error:
        raise collision(layer.name) from error
