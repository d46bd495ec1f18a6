"""Rows of a batch as SQL values: checks, keys, ids and coordinates."""

from __future__ import annotations

import sqlite3
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.errors import N_, NonFiniteError
from store import ddl
from store.batch import Batch
from store.blobs import Blob, encode_geometries, encode_points
from store.errors import StoreError
from store.schema import LAYERS, Kind, Layer
from store.values import FIRST_TIME, LAST_TIME, to_sql

Key = tuple[Any, ...]
_EPOCH = np.datetime64(ddl.TIME_EPOCH, "ms")
_MINUTE_MS = 60_000.0
_FEW = 1_000  # up to so many rows are looked up one by one, more by reading an index


def check(batch: Batch) -> None:
    """Raise if `batch` does not have the shape its layer asks for, or holds what cannot be stored.

    Raises
    ------
    ValueError
        Columns or coordinates are missing or of different lengths: a fault of the caller.
    NonFiniteError
        A coordinate is NaN or infinite.
    StoreError
        A time is outside the years 1 to 9999.
    """
    layer = LAYERS[batch.layer]
    if set(batch.columns) != set(layer.names):
        raise ValueError(f"columns of {batch.layer} are {sorted(batch.columns)}, not {sorted(layer.names)}")
    places = (batch.x, batch.y) if layer.pure_points else (batch.geometry,)
    for array in (*batch.columns.values(), *places):
        if array is None or len(array) != len(batch):
            raise ValueError(f"the columns and coordinates of {batch.layer} differ in length")
    bad = ~np.isfinite(boxes(batch)).all(axis=1)
    if batch.geometry is not None:
        bad &= ~(shapely.is_missing(batch.geometry) | shapely.is_empty(batch.geometry))
    if bad.any():
        raise NonFiniteError(
            N_("{count} rows have no finite coordinates."), N_("Reject these rows at import."), count=int(bad.sum())
        )
    for column in layer.columns:
        if column.kind is Kind.TIME:
            times = batch.columns[column.name]
            times = times[~np.isnat(times)]
            if len(times) and (times.min() < FIRST_TIME or times.max() > LAST_TIME):
                raise StoreError(N_("A time is outside the years 1 to 9999."), N_("Reject these rows at import."))


def boxes(batch: Batch) -> NDArray[np.float64]:
    """Return minx, miny, maxx, maxy of each row (n, 4), NaN without a geometry."""
    if batch.x is not None and batch.y is not None:
        return np.column_stack([batch.x, batch.y, batch.x, batch.y]).astype(np.float64)
    assert batch.geometry is not None
    return np.asarray(shapely.bounds(batch.geometry), dtype=np.float64).reshape(-1, 4)


def minutes(times: NDArray[np.datetime64]) -> NDArray[np.float64]:
    """Return minutes since 2000-01-01 UTC as the time R-tree holds them, NaN for NaT."""
    since = (times.astype("datetime64[ms]") - _EPOCH).astype(np.float64) / _MINUTE_MS
    return np.where(np.isnat(times), np.nan, since)


def geometry_blobs(batch: Batch, rows: NDArray[np.int64], srs_id: int) -> list[Any]:
    """Return the GeoPackage blobs of the chosen rows."""
    if batch.x is not None and batch.y is not None:
        return list(encode_points(batch.x[rows], batch.y[rows], srs_id))
    assert batch.geometry is not None
    blobs: list[Blob] = encode_geometries(batch.geometry[rows], srs_id)
    return blobs


def column_values(layer: Layer, batch: Batch, rows: NDArray[np.int64]) -> list[list[Any]]:
    """Return the SQL values of every column of the chosen rows, column by column."""
    return [to_sql(column.kind, batch.columns[column.name][rows]) for column in layer.columns]


def keys_of(layer: Layer, batch: Batch) -> list[Key | None]:
    """Return the key of each row, None where a part of it is missing."""
    parts = zip(*(batch.columns[name].tolist() for name in layer.key), strict=True)
    return [None if any(part in (None, "") for part in key) else key for key in parts]


def require_distinct(layer: Layer, keys: list[Key | None]) -> None:
    """Raise StoreError if two rows of one batch have the same key."""
    present = [key for key in keys if key is not None]
    if len(set(present)) != len(present):
        raise collision(layer.name)


def collision(layer: str) -> StoreError:
    return StoreError(
        N_("Rows of “{layer}” have an id that is already there."),
        N_("Give each row its own id, or use the mode upsert or replace."),
        layer=layer,
    )


def find_rows(connection: sqlite3.Connection, layer: Layer, keys: list[Key | None]) -> list[int]:
    """Return the fid of the stored row with each key, 0 where there is none."""
    columns = ", ".join(f'"{name}"' for name in layer.key)
    if len(keys) > _FEW:
        stored = connection.execute(f'SELECT fid, {columns} FROM "{layer.name}"')
        known = {tuple(row[1:]): int(row[0]) for row in stored}
        return [0 if key is None else known.get(key, 0) for key in keys]
    test = " AND ".join(f'"{name}" = ?' for name in layer.key)
    sql = f'SELECT fid FROM "{layer.name}" WHERE {test}'
    found = [None if key is None else connection.execute(sql, key).fetchone() for key in keys]
    return [0 if row is None else int(row[0]) for row in found]


def count_rows(connection: sqlite3.Connection, layer: str) -> int:
    """Return how many rows a layer has."""
    return int(connection.execute(f'SELECT count(*) FROM "{layer}"').fetchone()[0])


def next_fid(connection: sqlite3.Connection, layer: str) -> int:
    """Return the first fid that was never used in `layer`."""
    row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (layer,)).fetchone()
    return 1 if row is None else int(row[0]) + 1


def give_ids(connection: sqlite3.Connection, layer: Layer, ids: list[Any], fids: list[int]) -> list[str]:
    """Return `ids` with an own one, made of the layer's initial and the fid, wherever it is missing."""
    if all(ids):
        return ids
    initial = layer.name[0]
    taken = {text for text in ids if text}
    few = len(ids) <= _FEW
    if not few:  # only texts that begin with the initial can clash: one range of the key's index
        sql = f'SELECT id FROM "{layer.name}" WHERE id >= ? AND id < ?'
        taken.update(text for (text,) in connection.execute(sql, (initial, chr(ord(initial) + 1))))
    stored = f'SELECT 1 FROM "{layer.name}" WHERE id = ?'
    own = []
    for text, fid in zip(ids, fids, strict=True):
        if not text:
            text = f"{initial}{fid:06d}"
            while text in taken or (few and connection.execute(stored, (text,)).fetchone()):
                text += "x"
            taken.add(text)
        own.append(text)
    return own
