"""What a write of many rows makes before it locks the store: the result is the same, whatever happened meanwhile."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from store import indexes, prepare, rtree
from store.store import Store
from tests.store.checks import assert_sound
from tests.store.factories import SOURCE, batch

ROWS = 2_500


def content(path: Path, table: str) -> list[Any]:
    """Every shadow row of an R-tree."""
    with closing(sqlite3.connect(path)) as connection:
        return [
            connection.execute(f'SELECT * FROM "{table}_{part}" ORDER BY 1').fetchall()
            for part in ("node", "rowid", "parent")
        ]


@pytest.mark.parametrize("layer", ["incidents", "zones"])
@pytest.mark.parametrize("mode", ["append", "replace"])
def test_trees_made_before_are_those_made_inside(tmp_path: Path, layer: str, mode: Any) -> None:
    found = []
    for name, ready in (("before", True), ("inside", False)):
        with Store.open(tmp_path / f"{name}.gpkg") as store, pytest.MonkeyPatch.context() as patch:
            store.write(batch(layer, ROWS, 1), "append", SOURCE)
            made = _watched(store, patch)
            if not ready:
                patch.setattr(prepare, "_plan", lambda *given: None)
            store.write(batch(layer, ROWS, 2), mode, SOURCE)
            assert made == [not ready]
        assert_sound(tmp_path / f"{name}.gpkg")
        found.append([content(tmp_path / f"{name}.gpkg", tree) for tree in _trees(tmp_path / f"{name}.gpkg", layer)])
    assert found[0] == found[1]


def _watched(store: Store, patch: pytest.MonkeyPatch) -> list[bool]:
    """Whether the store is locked each time that trees are made."""
    made: list[bool] = []
    real = indexes.trees

    def trees(*given: Any) -> Any:
        made.append(store._write_lock.locked())
        return real(*given)

    patch.setattr(indexes, "trees", trees)
    return made


def _trees(path: Path, layer: str) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        sql = "SELECT name FROM sqlite_master WHERE sql LIKE 'CREATE VIRTUAL TABLE%rtree%' AND name LIKE ?"
        return [name for (name,) in connection.execute(sql, (f"%{layer}%",))]


def one_more(store: Store) -> None:
    store.write(batch("zones", 1, 9), "append", SOURCE)


def all_away(store: Store) -> None:
    store.clear(["zones"])


def as_many_others(store: Store) -> None:
    store.write(batch("zones", 10, 9), "replace", SOURCE)


@pytest.mark.parametrize("mode", ["append", "replace"])
@pytest.mark.parametrize("meanwhile", [one_more, all_away, as_many_others])
def test_what_others_write_meanwhile_is_not_lost(
    tmp_path: Path, mode: Any, meanwhile: Callable[[Store], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "s.gpkg"
    with Store.open(path) as store:
        store.write(batch("zones", 10, 1), "append", SOURCE)
        real = rtree.packed
        once = [lambda: meanwhile(store)]

        def slow(*given: Any) -> Any:
            if once:
                once.pop()()
            return real(*given)

        monkeypatch.setattr(rtree, "packed", slow)
        store.write(batch("zones", ROWS, 2), mode, SOURCE)
        assert once == []
        kept = {one_more: 11, all_away: 0, as_many_others: 10}[meanwhile] if mode == "append" else 0
        assert len(store.snapshot()["zones"]) == ROWS + kept
    assert_sound(path)


def test_the_first_rows_of_a_store_bring_their_reference_system(tmp_path: Path) -> None:
    with Store.open(tmp_path / "s.gpkg") as store:
        store.write(batch("zones", ROWS, 2), "append", SOURCE)
        assert store.crs() == batch("zones", 1).crs
    assert_sound(tmp_path / "s.gpkg")
