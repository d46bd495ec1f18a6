"""What must hold of a store's file at any time."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import shapely

from store import ddl
from store.connection import connect
from store.reader import layer_states, read_layer
from store.schema import LAYERS


def open_plain(path: Path) -> sqlite3.Connection:
    return connect(path, wait_s=5.0)


def assert_sound(path: Path) -> None:
    """Integrity, foreign keys, R-trees, triggers, indexes and extents fit the rows."""
    with closing(open_plain(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        states = layer_states(connection)
        present = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        for name, layer in LAYERS.items():
            columns = read_layer(connection, layer, states[name])
            geometry = columns.geometry
            if geometry is None:
                geometry = shapely.points(columns.x, columns.y)
            boxes = shapely.bounds(geometry).reshape(-1, 4)
            assert set(ddl.triggers(name)) <= present
            assert ddl.key_index_name(name) in present
            _assert_tree(connection, ddl.tree_name(name), columns.fid, boxes)
            if name == "incidents":
                times = columns.columns["occurred_at"]
                timed = ~np.isnat(times)
                since = (times - np.datetime64(ddl.TIME_EPOCH)).astype("m8[ms]").astype(float) / 60_000
                cube = np.column_stack([boxes[:, :2], since, boxes[:, 2:], since])
                _assert_tree(connection, ddl.TIME_TREE, columns.fid[timed], cube[timed])
            extent = connection.execute(
                "SELECT min_x, min_y, max_x, max_y FROM gpkg_contents WHERE table_name = ?", (name,)
            ).fetchone()
            want = (None,) * 4 if not len(boxes) else tuple(shapely.total_bounds(geometry).tolist())
            assert extent == want


def _assert_tree(connection: sqlite3.Connection, tree: str, fids: np.ndarray, boxes: np.ndarray) -> None:
    assert connection.execute(f"SELECT rtreecheck('{tree}')").fetchone() == ("ok",)
    rows = np.array(connection.execute(f"SELECT * FROM {tree} ORDER BY id").fetchall(), dtype=float)
    rows = rows.reshape(len(rows), 1 + boxes.shape[1])
    np.testing.assert_array_equal(rows[:, 0], fids)
    axes = boxes.shape[1] // 2
    low, high = rows[:, 1::2], rows[:, 2::2]
    assert (low <= boxes[:, :axes] + 1e-6).all() and (high >= boxes[:, axes:] - 1e-6).all()  # julianday: 40 us
    np.testing.assert_allclose(low, boxes[:, :axes], rtol=3e-7, atol=1e-6)  # 2 steps of float32
    np.testing.assert_allclose(high, boxes[:, axes:], rtol=3e-7, atol=1e-6)
