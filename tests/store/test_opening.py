"""Opening: migrations, refusals with a remedy, network shares."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from store import ddl, migrations, opening
from store.connection import connect
from store.errors import StoreError
from store.store import Store
from tests.store.checks import assert_sound
from tests.store.factories import SOURCE, batch

ROOT = Path(__file__).resolve().parents[2]


def _tables(connection: sqlite3.Connection) -> set[str]:
    return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def assert_refused(path: Path | str, **options: bool) -> StoreError:
    with pytest.raises(StoreError) as caught:
        Store.open(path, **options)
    assert caught.value.remedy
    assert "{" not in caught.value.text()
    return caught.value


def test_settings_of_the_connections(tmp_path: Path) -> None:
    with Store.open(tmp_path / "new" / "folder" / "s.gpkg") as store, store._reading() as reading:
        for connection, query_only in ((store._writer, 0), (reading, 1)):
            want = {
                "journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 10_000,
                "application_id": 0x47504B47, "user_version": 10400, "query_only": query_only,
            }  # fmt: skip
            assert {name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in want} == want
        with pytest.raises(sqlite3.OperationalError):
            reading.execute("DELETE FROM cameras")


def test_a_new_store_is_not_for_everybody_on_the_machine(tmp_path: Path) -> None:
    """It holds the accounts, whatever the umask of who made it; a store that is there keeps its rights."""
    path = tmp_path / "s.gpkg"
    before = os.umask(0o022)
    try:
        with Store.open(path) as store:
            store.make_first_link()
            modes = {file.name: file.stat().st_mode & 0o777 for file in tmp_path.glob("s.gpkg*")}
        assert modes.pop("s.gpkg-queue", 0o600) == 0o600
        assert modes == {"s.gpkg": 0o640, "s.gpkg-wal": 0o640, "s.gpkg-shm": 0o640}
        path.chmod(0o664)
        Store.open(path).close()
        assert path.stat().st_mode & 0o777 == 0o664
    finally:
        os.umask(before)


def test_every_migration_is_recorded_once(tmp_path: Path) -> None:
    for _ in range(2):
        with Store.open(tmp_path / "s.gpkg") as store, store._reading() as connection:
            assert migrations.applied(connection) == tuple(name for name, _ in migrations.MIGRATIONS)


def test_a_failing_migration_leaves_nothing(tmp_path: Path) -> None:
    def half(connection: sqlite3.Connection) -> None:
        connection.execute("CREATE TABLE half (a)")
        connection.execute("UPDATE atlas_meta SET value = 'x'")
        connection.execute("SELECT * FROM nowhere")

    with Store.open(tmp_path / "s.gpkg"):
        pass
    with closing(connect(tmp_path / "s.gpkg", wait_s=1, writer=True)) as connection:
        before = connection.execute("SELECT * FROM sqlite_master").fetchall()
        more = (*migrations.MIGRATIONS, ("0900-half", half), ("0901-after", lambda c: None))
        with pytest.raises(sqlite3.OperationalError):
            migrations.migrate(connection, more)
        assert connection.execute("SELECT * FROM sqlite_master").fetchall() == before
        assert migrations.applied(connection) == tuple(name for name, _ in migrations.MIGRATIONS)
        mended = (*migrations.MIGRATIONS, ("0900-half", lambda c: c.execute("CREATE TABLE whole (a)")))
        assert migrations.migrate(connection, mended) == ("0900-half",)
        assert "whole" in _tables(connection)
    assert_refused(tmp_path / "s.gpkg")  # this program does not know 0900


def test_a_first_migration_that_fails_leaves_an_empty_file_that_opens(tmp_path: Path, monkeypatch) -> None:
    def fail(connection: sqlite3.Connection) -> None:
        raise RuntimeError

    broken = (("0001-geopackage", migrations._geopackage), ("0002-layers", fail))
    monkeypatch.setattr(opening, "migrate", lambda connection: migrations.migrate(connection, broken))
    with pytest.raises(RuntimeError):
        Store.open(tmp_path / "s.gpkg")
    monkeypatch.undo()
    with Store.open(tmp_path / "s.gpkg") as store:
        store.write(batch("grids", 3), "append", SOURCE)
    assert_sound(tmp_path / "s.gpkg")


def test_an_old_store_gets_its_column_of_severity_and_keeps_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "s.gpkg"
    with Store.open(path) as store:
        store.write(batch("incidents", 20), "append", SOURCE)
        before = store.snapshot()["incidents"]
        with store._writing(bookkeeping=True) as connection:
            connection.execute('ALTER TABLE incidents DROP COLUMN "severity"')
            connection.execute("DELETE FROM atlas_migrations WHERE name = '0005-severity'")
    with Store.open(path) as store:
        after = store.snapshot()["incidents"]
        assert np.isnan(after.number("severity")).all() and len(after) == 20
        assert after.text("id").tolist() == before.text("id").tolist()
        store.append_incident(
            id="new", x=380_000.0, y=6_670_000.0, category=None, occurred_at=None, grid_code=None, status=None,
            severity=2.5,
        )  # fmt: skip
        assert store.snapshot()["incidents"].number("severity")[-1] == 2.5
    assert_sound(path)


def test_a_newer_store_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "s.gpkg"
    with Store.open(path) as store:
        store._writer.execute("INSERT INTO atlas_migrations VALUES ('9999-future', '')")
    before = path.read_bytes()
    error = assert_refused(path)
    assert "9999-future" in error.text()
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"hello", b"PK\x03\x04" + bytes(5_000), b"SQLite format 3\0" + b"\xff" * 5_000])
def test_not_a_geopackage(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "s.gpkg"
    path.write_bytes(content)
    assert_refused(path)
    assert path.read_bytes() == content


def test_a_damaged_store(tmp_path: Path) -> None:
    path = tmp_path / "s.gpkg"
    with Store.open(path) as store:
        store.write(batch("buildings", 3_000), "append", SOURCE)
    data = bytearray(path.read_bytes())
    path.write_bytes(data[: len(data) // 3])
    with pytest.raises(StoreError) as caught, Store.open(path) as store:
        store.snapshot()
    assert caught.value.remedy
    data[100:4_096] = os.urandom(3_996)
    path.write_bytes(data)
    assert_refused(path)


def test_files_of_others_are_refused_and_left_alone(tmp_path: Path) -> None:
    plain = tmp_path / "plain.sqlite"
    with closing(sqlite3.connect(plain)) as connection:
        connection.execute("CREATE TABLE mine (a)")
        connection.commit()
    other = tmp_path / "other.gpkg"
    with closing(sqlite3.connect(other, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA application_id = {ddl.APPLICATION_ID}")
        for statement in ddl.GPKG_TABLES:
            connection.execute(statement)
    for path in (plain, other):
        before = path.read_bytes()
        assert_refused(path)
        assert path.read_bytes() == before
    assert_refused(tmp_path)  # a folder


def test_missing_and_remote(tmp_path: Path) -> None:
    assert_refused(tmp_path / "none.gpkg", create=False)
    assert list(tmp_path.iterdir()) == []
    assert_refused("postgresql://host/db")
    (tmp_path / "file").write_text("")
    assert_refused(tmp_path / "file" / "s.gpkg")
    with Store.open(tmp_path / "file"):  # an empty file may become a store
        pass


def test_a_folder_without_write_permission(tmp_path: Path) -> None:
    """As an ordinary user, in its own process: root may write anywhere."""
    path = tmp_path / "shut" / "s.gpkg"
    with Store.open(path):
        pass
    for folder in [tmp_path, *tmp_path.parents[:2]]:
        folder.chmod(0o755)
    code = (
        "import os, sys\n"
        "from store.store import Store\n"
        "from store.errors import StoreError\n"
        "if os.geteuid() == 0: os.setuid(65534)\n"
        "for path in sys.argv[1:]:\n"
        "    try:\n"
        "        Store.open(path).close()\n"
        "    except StoreError as error:\n"
        "        print('refused', bool(error.remedy))\n"
    )
    path.parent.chmod(0o555)
    path.chmod(0o444)
    try:
        new = path.parent / "new.gpkg"
        done = subprocess.run(
            [sys.executable, "-c", code, str(path), str(new), str(new / "deep.gpkg")],
            cwd=ROOT, capture_output=True, text=True, check=True, timeout=60,
        )  # fmt: skip
    finally:
        path.parent.chmod(0o755)
    assert done.stdout.split("\n")[:3] == ["refused True"] * 3, done


def test_network_shares_are_recognised(tmp_path: Path, monkeypatch) -> None:
    nas = f"{tmp_path}/my\\040nas"
    mounts = f"/dev/vda1 / ext4 rw 0 0\nnas:/x {nas} nfs4 rw 0 0\ntmpfs {nas}/tmp tmpfs rw 0 0\n"
    assert opening.mount_type(tmp_path, mounts) == "ext4"
    assert opening.mount_type(tmp_path / "my nas" / "a", mounts) == "nfs4"
    assert opening.mount_type(tmp_path / "my nas" / "tmp" / "a", mounts) == "tmpfs"
    assert opening.mount_type(tmp_path, "") == ""
    table = tmp_path / "mounts"
    table.write_text(mounts)
    monkeypatch.setattr(opening, "_MOUNTS", table)
    assert_refused(tmp_path / "my nas" / "s.gpkg")
    assert not (tmp_path / "my nas" / "s.gpkg").exists()


def test_is_store(tmp_path: Path) -> None:
    with Store.open(tmp_path / "s.gpkg") as store:
        assert opening.is_store(store.path)
    assert opening.is_store(tmp_path / "s.gpkg")
    (tmp_path / "x").write_bytes(b"x")
    assert not opening.is_store(tmp_path / "x") and not opening.is_store(tmp_path / "none")
    assert (tmp_path / "x").read_bytes() == b"x"
    data = (tmp_path / "s.gpkg").read_bytes()
    (tmp_path / "y").write_bytes(data[:4_096] + bytes(len(data) - 4_096))
    with pytest.raises(StoreError):  # perhaps a store, and damaged: not to be written over
        opening.is_store(tmp_path / "y")


def test_opening_again_keeps_the_locks_of_this_process(tmp_path: Path) -> None:
    """Another process must still be shut out after this one opened the same file a second time."""
    code = (
        "import sys; from store.store import Store; from store.errors import StoreBusyError\n"
        "from tests.store.factories import *\n"
        "with Store.open(sys.argv[1], wait_s=0.05) as store:\n"
        "    try: store.write(batch('zones', 1), 'append', SOURCE)\n"
        "    except StoreBusyError: print('busy')\n"
    )
    path = tmp_path / "s.gpkg"
    with Store.open(path) as store:
        store.write(batch("zones", 2, 1), "append", SOURCE)
        with store._writing():
            Store.open(path).close()
            assert opening.is_store(path)
            command = [sys.executable, "-c", code, str(path)]
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
        assert done.stdout == "busy\n", done
        store.write(batch("zones", 2, 2), "append", SOURCE)
        # Had the other process found the file unlocked, it would have removed the WAL under this one's feet.
        code = code.replace("store.write(batch('zones', 1), 'append', SOURCE)", "print(len(store.snapshot()['zones']))")
        command = [sys.executable, "-c", code, str(path)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
        assert done.stdout == "4\n", done
    assert_sound(path)


def test_many_processes_may_make_the_same_store(tmp_path: Path) -> None:
    for attempt in range(3):
        path = tmp_path / f"{attempt}.gpkg"
        children = []
        for _ in range(6):
            child = os.fork()
            if child == 0:
                status = 1
                try:
                    with Store.open(path) as store:
                        status = int(store.revision() != 0)
                finally:
                    os._exit(status)
            children.append(child)
        assert [os.waitpid(child, 0)[1] for child in children] == [0] * 6
        assert_sound(path)


def test_an_old_store_gets_the_duties_of_cameras_and_the_kind_of_buildings(tmp_path: Path) -> None:
    path = tmp_path / "s.gpkg"
    added = {"cameras": ("purpose", "sign", "retention_days"), "buildings": ("kind",)}
    with Store.open(path) as store:
        store.write(batch("cameras", 5), "append", SOURCE)
        store.write(batch("buildings", 5), "append", SOURCE)
        with store._writing(bookkeeping=True) as connection:
            for table, columns in added.items():
                for column in columns:
                    connection.execute(f'ALTER TABLE {table} DROP COLUMN "{column}"')
            connection.execute("ALTER TABLE cameras DROP COLUMN masks")
            connection.execute("DELETE FROM atlas_migrations WHERE name IN ('0009-camera-duties', '0013-camera-masks')")
    with Store.open(path) as store:
        after = store.snapshot()
        assert (len(after["cameras"]), len(after["buildings"])) == (5, 5)
        assert after["cameras"].text("purpose").tolist() == [None] * 5
        assert after["cameras"].columns["sign"].tolist() == [-1] * 5
        assert np.isnan(after["cameras"].number("retention_days")).all()
        assert after["cameras"].text("masks").tolist() == [None] * 5
        store.write(batch("cameras", 7, seed=3), "replace", SOURCE)
        assert len(store.snapshot()["cameras"]) == 7
    assert_sound(path)
