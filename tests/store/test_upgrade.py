"""An upgrade is tried on a copy: what it says is what happens, and the store is not touched."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from store import upgrade
from store.connection import connect
from store.errors import StoreError
from store.migrations import MIGRATIONS
from store.upgrade import pending, rehearse


def _more(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TABLE atlas_more (id INTEGER PRIMARY KEY)")


def _failing(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TABLE atlas_half (id INTEGER)")
    connection.execute("SELECT no_such_column FROM grids")


def _losing(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM cameras")


NEWER = [*MIGRATIONS, ("9998-more", _more)]


@pytest.fixture
def old(tmp_path: Path, town_file: Path) -> Path:
    """A store of the present version, which an older one may have left."""
    return Path(shutil.copy(town_file, tmp_path / "atlas.gpkg"))


def _state(path: Path) -> tuple[str, list[str]]:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return digest, sorted(found.name for found in path.parent.iterdir() if not found.name.endswith(("-wal", "-shm")))


def test_a_store_of_this_version_needs_nothing(old: Path) -> None:
    assert pending(old) == ()
    tried = rehearse(old, old.parent)
    assert tried.steps == () and tried.rows["incidents"] == 6


def test_a_rehearsal_applies_what_is_missing_to_a_copy_only(old: Path) -> None:
    before = _state(old)
    assert pending(old, NEWER) == ("9998-more",)
    tried = rehearse(old, old.parent, NEWER)
    assert [step.name for step in tried.steps] == ["9998-more"]
    assert tried.steps[0].seconds > 0 and tried.copy_s > 0
    assert _state(old) == before
    assert pending(old, NEWER) == ("9998-more",)


@pytest.mark.parametrize("change", [_failing, _losing])
def test_a_migration_that_fails_or_loses_rows_is_told_before_it_matters(old: Path, change: object) -> None:
    before = _state(old)
    with pytest.raises(StoreError, match=r"9999-bad|not whole"):
        rehearse(old, old.parent, [*NEWER, ("9999-bad", change)])  # type: ignore[list-item]
    assert _state(old) == before


def test_what_is_in_the_wal_is_rehearsed_too(old: Path) -> None:
    with closing(connect(old, wait_s=1, writer=True)) as other:
        other.execute("PRAGMA wal_autocheckpoint = 0")
        other.execute("UPDATE grids SET name = 'renamed'")
        assert rehearse(old, old.parent, NEWER).rows["grids"] == 3


def test_what_cannot_be_upgraded_is_refused(old: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StoreError, match="newer version"):
        pending(old, MIGRATIONS[:2])
    with pytest.raises(StoreError, match="no store"):
        pending(tmp_path / "none.gpkg")
    (tmp_path / "text.gpkg").write_text("not a database, but long enough to be read as one" * 40)
    with pytest.raises(StoreError, match="not a GeoPackage"):
        pending(tmp_path / "text.gpkg")
    monkeypatch.setattr(upgrade, "_ROOM", 10**12)
    with pytest.raises(StoreError, match="free space"):
        rehearse(old, tmp_path)
