"""A damaged store: what can be read is read, nothing is written, and the way back is told and works."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from store.backup import make_backup
from store.edits import CameraEdit
from store.errors import DamagedError, StoreError
from store.live import LiveIncident
from store.restore import restore
from store.store import Store
from tests.store.checks import assert_sound
from tests.store.damage import damage, pages_of
from tests.store.factories import SOURCE, batch

WRITES: dict[str, Callable[[Store], object]] = {
    "import": lambda store: store.write(batch("places", 3, 9), "append", SOURCE),
    "clear": lambda store: store.clear(["zones"]),
    "edit": lambda store: store.edit_cameras([CameraEdit("place", "new", 380_000.0, 6_670_000.0)]),
    "live": lambda store: store.receive([[LiveIncident("new", 380_000.0, 6_670_000.0)]]),
    "token": lambda store: store.add_token("new"),
    "export": lambda store: store.note("export", "x"),
    "mapping": lambda store: store.remember_mapping("x", {}),
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with Store.open(tmp_path / "s.gpkg") as store:
        store.write(batch("incidents", 4_000), "append", SOURCE)
        store.write(batch("cameras", 50), "append", SOURCE)
    return tmp_path / "s.gpkg"


def assert_only_read(store: Store) -> None:
    for name, write in WRITES.items():
        before = store.path.read_bytes()
        with pytest.raises(DamagedError) as caught:
            write(store)
        assert "flask restore" in caught.value.remedy and store.damage in caught.value.text(), name
        assert store.path.read_bytes() == before


def test_an_index_that_is_damaged_is_found_and_pages_go_on(path: Path) -> None:
    """The rows are all there; only the check reads the index."""
    damage(path, "atlas_key_incidents", 3)
    with Store.open(path) as store:
        assert store.damage == ""
        assert store.check() != ""
        assert len(store.snapshot()["incidents"]) == 4_000
        assert_only_read(store)
        assert len(store.snapshot()["cameras"]) == 50 and store.revision() == 2


def test_rows_that_are_damaged_are_told_and_nothing_is_written_from_then_on(path: Path) -> None:
    damage(path, "incidents", 5)
    with Store.open(path) as store:
        with pytest.raises(DamagedError) as caught:
            store.snapshot()
        assert "flask restore" in caught.value.remedy
        assert store.damage and store.revision() == 2 and store.trail_head() is not None
        assert_only_read(store)


def test_a_write_that_meets_damage_is_rolled_back_and_is_the_last(path: Path) -> None:
    damage(path, "atlas_key_cameras")
    with Store.open(path) as store:
        with pytest.raises(DamagedError):
            store.edit_cameras([CameraEdit("place", "new", 380_000.0, 6_670_000.0)])
        assert len(store.snapshot()["cameras"]) == 50 and store.revision() == 2
        assert_only_read(store)


def test_a_store_that_cannot_be_brought_up_to_date_for_damage_opens_to_be_read(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM atlas_migrations WHERE name = '0006-live'")
        for table in ("atlas_live", "atlas_tokens", "atlas_alerts"):
            connection.execute(f"DROP TABLE {table}")
    damage(path, "atlas_trail", 0)  # the migration writes its entry there
    with Store.open(path) as store:
        assert store.damage
        assert len(store.snapshot()["incidents"]) == 4_000
        assert_only_read(store)


@pytest.mark.parametrize("table", ["atlas_layers", "atlas_revisions", "sqlite_master"])
def test_where_nothing_can_be_read_it_is_said_how_to_go_on(path: Path, table: str) -> None:
    if table == "sqlite_master":
        with path.open("r+b") as stream:
            stream.seek(100)
            stream.write(b"\xa5" * 3_900)
    else:
        damage(path, table)
    with pytest.raises(StoreError) as caught, Store.open(path) as store:
        store.snapshot()
    assert "backup" in caught.value.remedy


def test_the_way_back(path: Path, tmp_path: Path) -> None:
    made = make_backup(path, tmp_path / "kept")
    damage(path, "incidents", 5)
    with Store.open(path) as store:
        assert store.check()
    done = restore(path, made.file)
    assert done.replaced is not None
    with Store.open(path) as store:
        assert store.check() == "" and len(store.snapshot()["incidents"]) == 4_000
        store.add_token("new")
        assert store.verify_trail(made.trail).whole
    assert_sound(path)


def test_a_sound_store_is_sound(path: Path) -> None:
    assert len(pages_of(path, "incidents")[1]) > 10
    with Store.open(path) as store:
        assert store.check() == "" and store.damage == ""
