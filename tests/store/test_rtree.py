"""Packed R-trees against SQLite's own check and brute force, also after changes by SQLite itself."""

from __future__ import annotations

import sqlite3

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store import rtree

COUNTS = [0, 1, 2, 44, 45, 46, 51, 52, 90, 91, 2_025, 2_026, 5_000, 100_000]
AXES = ("x", "y", "t")


def _tree(dimensions: int, page_size: int = 4096) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute(f"PRAGMA page_size = {page_size}")
    sides = ", ".join(f"min{axis}, max{axis}" for axis in AXES[:dimensions])
    connection.execute(f"CREATE VIRTUAL TABLE tree USING rtree(id, {sides})")
    return connection


def _check(connection: sqlite3.Connection) -> str:
    return connection.execute("SELECT rtreecheck('tree')").fetchone()[0]


def _boxes(count: int, dimensions: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    low = rng.normal(6.7e6, 1e4, (count, dimensions))
    ids = rng.permutation(np.arange(1, 3 * count + 1))[:count].astype(np.int64)
    return ids, low, low + rng.exponential(50.0, (count, dimensions)) * (rng.random((count, 1)) < 0.7)


def _query(connection: sqlite3.Connection, low: np.ndarray, high: np.ndarray) -> set[int]:
    axes = AXES[: len(low)]
    test = " AND ".join(f"max{axis} >= ? AND min{axis} <= ?" for axis in axes)
    values = [float(value) for pair in zip(low, high, strict=True) for value in pair]
    return {row[0] for row in connection.execute(f"SELECT id FROM tree WHERE {test}", values)}


def _assert_answers(connection, ids, low, high, seed: int = 1) -> None:
    """Nothing that really overlaps is missed; what is found too much is within the rounding of float32."""
    rng = np.random.default_rng(seed)
    for _ in range(20):
        a = rng.normal(6.7e6, 1e4, low.shape[1])
        b = a + rng.exponential(3_000, low.shape[1])
        found = _query(connection, a, b)
        exact = set(ids[((high >= a) & (low <= b)).all(axis=1)].tolist())
        loose = set(ids[((high >= a - 1) & (low <= b + 1)).all(axis=1)].tolist())
        assert exact <= found <= loose


@pytest.mark.parametrize("dimensions", [2, 3])
@pytest.mark.parametrize("count", COUNTS)
def test_pack_is_a_valid_tree_and_answers(count: int, dimensions: int) -> None:
    connection = _tree(dimensions)
    ids, low, high = _boxes(count, dimensions)
    rtree.pack(connection, "tree", ids, low, high)
    assert _check(connection) == "ok"
    assert connection.execute("SELECT count(*) FROM tree").fetchone()[0] == count
    _assert_answers(connection, ids, low, high)


@pytest.mark.parametrize("page_size", [512, 1024, 4096, 65536])
def test_node_size_is_what_sqlite_chose(page_size: int) -> None:
    for dimensions in (2, 3):
        connection = _tree(dimensions, page_size)
        size = connection.execute("SELECT length(data) FROM tree_node WHERE nodeno = 1").fetchone()[0]
        assert rtree.node_size(page_size, dimensions) == size
        ids, low, high = _boxes(3_000, dimensions)
        rtree.pack(connection, "tree", ids, low, high)
        assert _check(connection) == "ok"


@pytest.mark.parametrize("dimensions", [2, 3])
def test_sqlite_goes_on_with_a_packed_tree(dimensions: int) -> None:
    connection = _tree(dimensions)
    ids, low, high = _boxes(6_000, dimensions)
    rtree.pack(connection, "tree", ids, low, high)
    rng = np.random.default_rng(5)
    gone = rng.permutation(len(ids))[:4_000]
    connection.execute("BEGIN")
    for fid in ids[gone].tolist():
        connection.execute("DELETE FROM tree WHERE id = ?", (fid,))
    more, more_low, more_high = _boxes(3_000, dimensions, seed=7)
    more = more + 1_000_000
    marks = ", ".join("?" for _ in range(2 * dimensions + 1))
    sides = np.stack([more_low, more_high], axis=2).reshape(len(more), -1)
    values = [(fid, *row) for fid, row in zip(more.tolist(), sides.tolist(), strict=True)]
    connection.executemany(f"INSERT INTO tree VALUES ({marks})", values)
    connection.execute("COMMIT")
    assert _check(connection) == "ok"
    keep = np.setdiff1d(np.arange(len(ids)), gone)
    all_ids = np.concatenate([ids[keep], more])
    all_low, all_high = np.concatenate([low[keep], more_low]), np.concatenate([high[keep], more_high])
    _assert_answers(connection, all_ids, all_low, all_high)
    rtree.pack(connection, "tree", all_ids, all_low, all_high)  # and packed again, over what is there
    assert _check(connection) == "ok"
    _assert_answers(connection, all_ids, all_low, all_high)
    connection.execute("DELETE FROM tree")
    assert _check(connection) == "ok"
    assert connection.execute("SELECT count(*) FROM tree").fetchone()[0] == 0


def test_rollback_brings_the_old_tree_back() -> None:
    connection = _tree(2)
    ids, low, high = _boxes(500, 2)
    rtree.pack(connection, "tree", ids, low, high)
    connection.execute("BEGIN")
    rtree.pack(connection, "tree", *_boxes(4_000, 2, seed=3))
    connection.execute("ROLLBACK")
    assert _check(connection) == "ok"
    _assert_answers(connection, ids, low, high)


def test_the_check_sees_a_wrong_tree() -> None:
    connection = _tree(2)
    rtree.pack(connection, "tree", *_boxes(500, 2))
    connection.execute("UPDATE tree_rowid SET nodeno = 2 WHERE rowid = (SELECT max(rowid) FROM tree_rowid)")
    assert _check(connection) != "ok"


@given(st.lists(st.floats(-1e12, 1e12, allow_nan=False), min_size=1, max_size=50))
@settings(max_examples=200, deadline=None)
def test_rounding_goes_outwards_by_one_step_at_most(numbers: list[float]) -> None:
    values = np.array(numbers)
    down, up = rtree.round_down(values), rtree.round_up(values)
    assert down.dtype == up.dtype == np.float32
    assert (down.astype(float) <= values).all() and (values <= up.astype(float)).all()
    assert (np.nextafter(down, np.float32(np.inf)) >= up).all()


@given(st.integers(0, 400), st.integers(1, 3), st.integers(1, 60))
@settings(max_examples=60, deadline=None)
def test_tile_order_is_a_permutation(count: int, dimensions: int, cells: int) -> None:
    centre = np.random.default_rng(count).random((count, dimensions)).round(1)
    order = rtree.tile_order(centre, cells)
    assert sorted(order.tolist()) == list(range(count))
