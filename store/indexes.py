"""Indexes of a layer: triggers, key index, R-trees and the extent in gpkg_contents."""

from __future__ import annotations

import sqlite3
from typing import Any

import numpy as np
from numpy.typing import NDArray

from store import ddl, rtree
from store.blobs import bounds
from store.rows import minutes
from store.schema import LAYERS
from store.values import parse_times

_STEP = 500


def drop(connection: sqlite3.Connection, layer: str) -> None:
    """Drop the layer's triggers and key index, for a change of many rows inside the same transaction."""
    for name in ddl.triggers(layer):
        connection.execute(f'DROP TRIGGER "{name}"')
    connection.execute(f'DROP INDEX "{ddl.key_index_name(layer)}"')


Trees = tuple[tuple[str, rtree.Packed], ...]  # table -> its content


def trees(
    layer: str, fids: NDArray[np.int64], boxes: NDArray[np.float64], times: NDArray[np.datetime64] | None,
    page_size: int,
) -> Trees:  # fmt: skip
    """Return the R-trees of all rows of a layer by their boxes (n, 4) and (of incidents) times; needs no store."""
    filled = np.isfinite(boxes).all(axis=1)
    plain = rtree.packed(fids[filled], boxes[filled, :2], boxes[filled, 2:], page_size)
    if times is None:
        return ((ddl.tree_name(layer), plain),)
    since = minutes(times)
    timed = filled & np.isfinite(since)
    low, high = (np.column_stack([part[timed], since[timed]]) for part in (boxes[:, :2], boxes[:, 2:]))
    return ((ddl.tree_name(layer), plain), (ddl.TIME_TREE, rtree.packed(fids[timed], low, high, page_size)))


def restore(
    connection: sqlite3.Connection, layer: str, fids: NDArray[np.int64], boxes: NDArray[np.float64],
    times: NDArray[np.datetime64] | None, made: Trees | None = None,
) -> None:  # fmt: skip
    """Undo `drop`: pack the R-trees from every row's box (n, 4) and time, then create index and triggers again.

    `made`: these trees, worked out before.
    """
    for table, tree in made or trees(layer, fids, boxes, times, rtree.page_size_of(connection)):
        rtree.put(connection, table, tree)
    connection.execute(ddl.key_index(LAYERS[layer]))
    for statement in ddl.triggers(layer).values():
        connection.execute(statement)


def stored_boxes(
    connection: sqlite3.Connection, layer: str, below: int | None = None
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.datetime64] | None]:
    """Return fid, box (n, 4) and (for incidents) time of the stored rows with a fid under `below`."""
    timed = layer == "incidents"
    column = "occurred_at" if timed else "NULL"
    where = "" if below is None else f"WHERE fid < {int(below)}"
    cursor = connection.execute(f'SELECT fid, geom, {column} FROM "{layer}" {where} ORDER BY fid')
    values: list[list[Any]] = [[], [], []]
    while rows := cursor.fetchmany(_STEP):
        for gathered, part in zip(values, zip(*rows, strict=True), strict=True):
            gathered.extend(part)
    fids, blobs, texts = values
    return np.array(fids, dtype=np.int64), bounds(blobs), parse_times(texts) if timed else None


def set_extent(connection: sqlite3.Connection, layer: str, boxes: NDArray[np.float64], at: str) -> None:
    """Write the extent of `boxes` (n, 4), all the layer's rows, into gpkg_contents; none if there is no geometry."""
    filled = boxes[np.isfinite(boxes).all(axis=1)]
    box = [None] * 4 if not len(filled) else [*filled[:, :2].min(axis=0).tolist(), *filled[:, 2:].max(axis=0).tolist()]
    connection.execute(
        "UPDATE gpkg_contents SET min_x = ?, min_y = ?, max_x = ?, max_y = ?, last_change = ? WHERE table_name = ?",
        (*box, at, layer),
    )


def widen_extent(connection: sqlite3.Connection, layer: str, boxes: NDArray[np.float64], at: str) -> None:
    """Widen the layer's extent by `boxes` (n, 4) of added rows."""
    filled = boxes[np.isfinite(boxes).all(axis=1)]
    if not len(filled):
        connection.execute("UPDATE gpkg_contents SET last_change = ? WHERE table_name = ?", (at, layer))
        return
    low, high = filled[:, :2].min(axis=0).tolist(), filled[:, 2:].max(axis=0).tolist()
    connection.execute(
        "UPDATE gpkg_contents SET min_x = min(coalesce(min_x, ?1), ?1), min_y = min(coalesce(min_y, ?2), ?2),"
        " max_x = max(coalesce(max_x, ?3), ?3), max_y = max(coalesce(max_y, ?4), ?4), last_change = ?5"
        " WHERE table_name = ?6",
        (*low, *high, at, layer),
    )
