"""What a write of many rows needs and can be worked out before the store is locked: SQL values, blobs, R-trees.

While a transaction writes, nobody else can: what takes long and needs no lock is done before. The trees are of the
state that the layer had then; where it has changed meanwhile they are made anew, inside.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from store import indexes, revisions, rtree
from store.batch import Batch, Mode
from store.rows import boxes, column_values, count_rows, geometry_blobs, next_fid
from store.schema import LAYERS

_BULK_ROWS = 2_000  # fewer rows than this always go through the triggers
_BULK_SHARE = 8  # a row through the triggers costs about as much as this many packed ones


@dataclass(frozen=True)
class Planned:
    """R-trees of a layer as it will be, and the state that they were made of.

    Attributes
    ----------
    mode, revision, rows, first
        Of the write; of the layer; how many rows it had; the number of the first added row.
    extents
        float64 (n, 4): boxes of all its rows.
    """

    mode: Mode
    revision: int
    rows: int
    first: int
    extents: NDArray[np.float64]
    trees: indexes.Trees


@dataclass(frozen=True)
class Prepared:
    """Rows of a batch as SQL values; blobs hold the number of the reference system. `planned`: None for no trees."""

    srs_id: int
    blobs: list[Any]
    columns: list[list[Any]]
    planned: Planned | None

    def trees_of(self, connection: sqlite3.Connection, layer: str, mode: Mode, rows: int, first: int) -> Planned | None:
        """Return the trees where they are those of the layer as it is now, else None."""
        one = self.planned
        state = (mode, revisions.layer_revision(connection, layer), rows, first)
        return one if one is not None and (one.mode, one.revision, one.rows, one.first) == state else None


def is_bulk(touched: int, after: int) -> bool:
    """Return whether trees are packed anew, instead of row by row: many rows, and not few of many."""
    return touched >= _BULK_ROWS and touched * _BULK_SHARE >= after


def prepare(
    connection: sqlite3.Connection, batch: Batch, mode: Mode, srs_id: int | None, part: bool
) -> Prepared | None:
    """Return the (checked) rows as SQL values, and the trees; None where they are few, or `srs_id` is not known yet.

    Parameters
    ----------
    connection
        In a reading transaction.
    part
        Only a part of the layer is replaced.
    """
    if srs_id is None or len(batch) < _BULK_ROWS:
        return None
    every = np.arange(len(batch), dtype=np.int64)
    try:
        columns = column_values(LAYERS[batch.layer], batch, every)
    except UnicodeEncodeError:
        return None  # told where it is written
    planned = None if part or mode == "upsert" else _plan(connection, batch, mode)
    return Prepared(srs_id, geometry_blobs(batch, every, srs_id), columns, planned)


def _plan(connection: sqlite3.Connection, batch: Batch, mode: Mode) -> Planned | None:
    layer = batch.layer
    rows, first = count_rows(connection, layer), next_fid(connection, layer)
    deleted = rows if mode == "replace" else 0
    if not is_bulk(deleted + len(batch), rows + len(batch)):
        return None
    fids = np.arange(first, first + len(batch), dtype=np.int64)
    extents = boxes(batch)
    times = batch.columns["occurred_at"].astype("datetime64[ms]") if layer == "incidents" else None
    if rows and mode == "append":
        known, before, since = indexes.stored_boxes(connection, layer, below=first)
        fids, extents = np.concatenate([known, fids]), np.concatenate([before, extents])
        times = None if times is None or since is None else np.concatenate([since, times])
    made = indexes.trees(layer, fids, extents, times, rtree.page_size_of(connection))
    return Planned(mode, revisions.layer_revision(connection, layer), rows, first, extents, made)
