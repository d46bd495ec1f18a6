"""Bulk building of SQLite R-trees: nodes packed with numpy and written into the shadow tables.

Source of the layout: SQLite's ext/rtree/rtree.c ("Database Format of R-Tree Tables"). A node is a blob of fixed size:
2 bytes depth (root only), 2 bytes number of cells, then cells of an 8-byte id and 2 * dimensions 4-byte floats, all
big-endian. Node 1 is the root. `tests/store/test_rtree.py` proves the result by SQLite's own `rtreecheck()`.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_MAX_CELLS = 51
_FILL = 45  # cells a packed node holds, so that the first later inserts do not split it
_INSERT_STEP = 50_000
_COLUMNS = {"node": "nodeno, data", "rowid": "rowid, nodeno", "parent": "nodeno, parentnode"}


def node_size(page_size: int, dimensions: int) -> int:
    """Return the bytes of one node, as SQLite chooses them for a new tree."""
    return min(page_size - 64, 4 + _MAX_CELLS * _cell_size(dimensions))


def _cell_size(dimensions: int) -> int:
    return 8 + 8 * dimensions


def round_down(values: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the greatest float32 not above each value."""
    near = values.astype(np.float32)
    return np.where(near > values, np.nextafter(near, np.float32(-np.inf)), near)


def round_up(values: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the least float32 not below each value."""
    near = values.astype(np.float32)
    return np.where(near < values, np.nextafter(near, np.float32(np.inf)), near)


def tile_order(centre: NDArray[np.float64], cells: int) -> NDArray[np.int64]:
    """Return the sort-tile-recursive order of the rows of `centre` (n, dimensions) for nodes of `cells` rows.

    Source: Leutenegger, Lopez and Edgington, "STR: a simple and efficient algorithm for R-tree packing", ICDE 1997.
    """
    count, dimensions = centre.shape
    if count == 0:
        return np.empty(0, dtype=np.int64)
    order = np.argsort(centre[:, 0], kind="stable")
    block = np.zeros(count, dtype=np.int64)
    size = count
    for axis in range(1, dimensions):
        nodes = -(-size // cells)
        slabs = max(1, int(np.ceil(nodes ** (1.0 / (dimensions - axis + 1)))))
        size = max(cells, -(-size // slabs))
        # Rows are sorted by the previous axis within each block; cut every block into slabs of `size` rows.
        starts = np.r_[0, np.flatnonzero(np.diff(block)) + 1]
        within = np.arange(count) - np.repeat(starts, np.diff(np.r_[starts, count]))
        fresh = np.r_[False, (np.diff(block) != 0) | (within[1:] // size != within[:-1] // size)]
        block = np.cumsum(fresh)
        order = order[np.lexsort((centre[order, axis], block))]
    return order


@dataclass(frozen=True)
class Packed:
    """The rows of an R-tree's shadow tables: "node" (number, blob), "rowid" (id, node), "parent" (node, its parent)."""

    rows: tuple[tuple[str, NDArray[np.int64], NDArray[np.int64] | list[bytes]], ...]


def packed(ids: NDArray[np.int64], low: NDArray[np.float64], high: NDArray[np.float64], page_size: int) -> Packed:
    """Return the tree of the boxes low..high (n, dimensions) of `ids`; needs no store.

    All coordinates must be finite; they are rounded outwards to float32.
    """
    count, dimensions = low.shape
    size = node_size(page_size, dimensions)
    capacity = min(_FILL, (size - 4) // _cell_size(dimensions))
    order = tile_order((low + high) / 2.0, capacity)
    key = ids[order]
    down, up = round_down(low[order]), round_up(high[order])
    next_node, depth = 2, 0
    rows: list[tuple[str, NDArray[np.int64], NDArray[np.int64] | list[bytes]]] = []
    while True:
        nodes = max(1, -(-count // capacity))
        numbers = np.array([1]) if nodes == 1 else np.arange(next_node, next_node + nodes)
        share = max(1, -(-count // nodes))
        holder = numbers[np.arange(count) // share] if count else np.empty(0, dtype=np.int64)
        used = len(np.unique(holder)) if count else 1  # even shares may need one node less
        numbers = numbers[:used]
        rows.append(("node", numbers, _node_blobs(key, down, up, used, share, size, depth if nodes == 1 else 0)))
        if depth == 0:
            by_id = np.argsort(key, kind="stable")
            rows.append(("rowid", key[by_id], holder[by_id]))
        else:
            rows.append(("parent", key, holder))
        if nodes == 1:
            return Packed(tuple(rows))
        starts = np.arange(0, count, share)
        down, up = np.minimum.reduceat(down, starts, axis=0), np.maximum.reduceat(up, starts, axis=0)
        key, count, next_node, depth = numbers.astype(np.int64), used, next_node + used, depth + 1


def put(connection: sqlite3.Connection, table: str, tree: Packed) -> None:
    """Replace the content of the R-tree `table`; runs inside the caller's transaction."""
    for suffix in _COLUMNS:
        connection.execute(f'DELETE FROM "{table}_{suffix}"')
    for suffix, first, second in tree.rows:
        _insert(connection, f'INSERT INTO "{table}_{suffix}" ({_COLUMNS[suffix]}) VALUES (?, ?)', first, second)


def pack(
    connection: sqlite3.Connection, table: str, ids: NDArray[np.int64],
    low: NDArray[np.float64], high: NDArray[np.float64],
) -> None:  # fmt: skip
    """Replace the content of the R-tree `table` by the boxes low..high (n, dimensions) of `ids`; see `packed`."""
    put(connection, table, packed(ids, low, high, page_size_of(connection)))


def page_size_of(connection: sqlite3.Connection) -> int:
    """Return the bytes of a page of the file."""
    return int(connection.execute("PRAGMA page_size").fetchone()[0])


def _node_blobs(
    key: NDArray[np.int64], down: NDArray[np.float32], up: NDArray[np.float32],
    nodes: int, share: int, size: int, depth: int,
) -> list[bytes]:  # fmt: skip
    count, dimensions = down.shape
    cells = np.zeros(nodes * share, dtype=[("id", ">i8"), ("box", ">f4", (dimensions, 2))])
    cells["id"][:count] = key
    cells["box"][:count, :, 0], cells["box"][:count, :, 1] = down, up
    page = np.zeros((nodes, size), dtype=np.uint8)
    body = cells.view(np.uint8).reshape(nodes, share * _cell_size(dimensions))
    page[:, 4 : 4 + body.shape[1]] = body
    head = np.zeros((nodes, 2), dtype=">u2")
    head[:, 0] = depth
    head[:, 1] = np.minimum(share, count - share * np.arange(nodes))
    page[:, :4] = head.view(np.uint8)
    data = page.tobytes()
    return [data[start : start + size] for start in range(0, len(data), size)]


def _insert(
    connection: sqlite3.Connection, sql: str, first: NDArray[np.int64], second: NDArray[np.int64] | list[bytes]
) -> None:
    for start in range(0, len(first), _INSERT_STEP):
        part = slice(start, start + _INSERT_STEP)
        values = second[part]
        connection.executemany(
            sql, zip(first[part].tolist(), values if isinstance(values, list) else values.tolist(), strict=True)
        )
