"""Backups count only when they are what the store held; a restore is whole or not at all and loses no trace."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from settings import ROOT
from store import backup as backups
from store.audit_read import Wish
from store.backup import Backup, check_backup, content_digest, list_backups, make_backup, newest_until, rotate
from store.errors import BackupError, ConflictError, DamagedError, StoreBusyError
from store.live import LiveIncident
from store.restore import JUMP, holder, restore
from store.sessions import Limits
from store.store import Store
from tests.store.checks import assert_sound
from tests.store.damage import damage
from tests.store.factories import SOURCE, batch


def one(name: str) -> LiveIncident:
    return LiveIncident(name, 380_000.0, 6_670_000.0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with Store.open(tmp_path / "s.gpkg") as store:
        store.write(batch("incidents", 300), "append", SOURCE)
        store.write(batch("cameras", 10), "append", SOURCE)
        store.receive([[one("first")]])
    return tmp_path / "s.gpkg"


def test_a_backup_is_what_the_store_holds(path: Path, tmp_path: Path) -> None:
    told: list[Backup] = []
    made = make_backup(path, tmp_path / "kept", told.append)
    assert told == [made] and list_backups(tmp_path / "kept") == [made] and check_backup(made.file) == made
    assert (made.revision, made.file.suffix) == (3, ".gpkg")
    assert not list((tmp_path / "kept").glob("*-wal")) and not list((tmp_path / "kept").glob(".*.part"))
    with closing(sqlite3.connect(path)) as connection:
        assert content_digest(connection) == made.content
        connection.execute("UPDATE atlas_meta SET value = 'Asia/Urumqi' WHERE key = 'timezone'")
        assert content_digest(connection) != made.content
    with Store.open(made.file) as store:
        assert len(store.snapshot()["incidents"]) == 301
        assert store.trail_head() == made.trail


def test_backups_under_eight_writers_are_each_one_revision(path: Path, tmp_path: Path) -> None:
    """The incidents that a backup holds are those of its revision, all of them and no other."""
    stop = threading.Event()
    with Store.open(path) as store:

        def write(number: int) -> None:
            count = 0
            while not stop.is_set():
                store.receive([[one(f"w{number}-{count}"), one(f"w{number}-{count}b")]])
                count += 1

        writers = [threading.Thread(target=write, args=(number,)) for number in range(8)]
        for writer in writers:
            writer.start()
        try:
            made = [make_backup(path, tmp_path / "kept") for _ in range(3)]
        finally:
            stop.set()
            for writer in writers:
                writer.join()
        last = store.revision()
    assert made[0].revision < made[1].revision < made[2].revision < last
    for each in made:
        assert check_backup(each.file) == each
        assert_sound(each.file)
        with Store.open(each.file) as kept:
            assert len(kept.snapshot()["incidents"]) == 301 + 2 * (each.revision - 3)


def test_a_backup_that_differs_from_the_store_does_not_count(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digests = iter(["one", "another"])
    monkeypatch.setattr(backups, "content_digest", lambda connection: next(digests))
    with pytest.raises(BackupError, match="content"):
        make_backup(path, tmp_path / "kept")
    assert [entry.name for entry in (tmp_path / "kept").iterdir()] == [".lock"]


def test_a_backup_that_cannot_be_noted_does_not_count(path: Path, tmp_path: Path) -> None:
    def refuse(made: Backup) -> None:
        raise StoreBusyError("busy", "wait")

    with pytest.raises(StoreBusyError):
        make_backup(path, tmp_path / "kept", refuse)
    assert list_backups(tmp_path / "kept") == []


def test_a_damaged_store_gives_no_backup_and_the_old_ones_stay(path: Path, tmp_path: Path) -> None:
    made = make_backup(path, tmp_path / "kept")
    damage(path, "incidents")
    with pytest.raises((BackupError, DamagedError)):
        make_backup(path, tmp_path / "kept")
    assert list_backups(tmp_path / "kept") == [made]


@pytest.mark.parametrize("place", [0, 5_000, -1])
def test_a_backup_that_was_changed_is_refused(path: Path, tmp_path: Path, place: int) -> None:
    made = make_backup(path, tmp_path / "kept")
    data = bytearray(made.file.read_bytes())
    data[place] ^= 1
    made.file.write_bytes(data)
    with pytest.raises(BackupError):
        check_backup(made.file)
    before = path.read_bytes()
    with pytest.raises(BackupError):
        restore(path, made.file)
    assert path.read_bytes() == before


def test_what_is_no_backup_is_refused(path: Path, tmp_path: Path) -> None:
    plain = tmp_path / "plain.gpkg"
    shutil.copy(path, plain)
    for file in (plain, tmp_path / "none.gpkg"):
        with pytest.raises(BackupError):
            restore(path, file)
    made = make_backup(path, tmp_path / "kept")
    made.file.write_bytes(made.file.read_bytes()[:-4096])
    assert list_backups(tmp_path / "kept") == []  # cut short: its size is not what its facts say


def test_two_backups_at_once(path: Path, tmp_path: Path) -> None:
    def again(made: Backup) -> None:
        with pytest.raises(StoreBusyError):
            make_backup(path, tmp_path / "kept")

    make_backup(path, tmp_path / "kept", again)
    assert len(list_backups(tmp_path / "kept")) == 1


def test_the_oldest_go_and_only_those_of_this_store(path: Path, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    with Store.open(tmp_path / "other.gpkg") as other:
        other.write(batch("zones", 2), "append", SOURCE)
    others = make_backup(tmp_path / "other.gpkg", folder)
    (folder / "s-r000000001-mine.gpkg").write_bytes(b"no backup of ours")
    made = []
    for number in range(5):
        with Store.open(path) as store:
            store.receive([[one(f"r{number}")]])
        made.append(make_backup(path, folder))
        rotate(folder, made[-1], 3)
    assert set(list_backups(folder)) == {others, *made[2:]}
    assert (folder / "s-r000000001-mine.gpkg").exists()
    assert newest_until(folder, made[3].revision + 100) == made[4]
    assert newest_until(folder, made[3].revision) == made[3]
    with pytest.raises(BackupError):
        newest_until(folder, 0)


def test_a_restore_brings_the_data_back_and_keeps_every_trace(path: Path, tmp_path: Path) -> None:
    with Store.open(path) as store:
        store.add_token("old system")
        text = store.add_token("lost system")
    made = make_backup(path, tmp_path / "kept")
    with Store.open(path) as store:
        store.revoke_token("lost system")
        store.clear(["cameras"])
        store.receive([[one("later")]])
        head, revision, cursor = store.trail_head(), store.revision(), store.live_cursor()
        after_backup = store.trail(Wish(), 3)
    done = restore(path, made.file)
    assert (done.revision, done.entries, done.kept) == (revision + 1, 3, True)
    with Store.open(path) as store:
        snapshot = store.snapshot()
        assert len(snapshot["cameras"]) == 10 and len(snapshot["incidents"]) == 301
        # No number means two things: the revision and the cursor go on from the highest that ever was.
        assert snapshot.revision == revision + 1 and {layer.revision for layer in snapshot.layers.values()} == {
            revision + 1
        }
        (held,) = store.receive([[one("next")]])[0]
        assert held.seq is not None and held.seq > cursor
        # The trail tells on, what was undone too, and a head that was kept before still holds.
        assert store.verify_trail(head).whole
        (entry,) = store.trail(Wish(action="restore"), 9)
        assert json.loads(entry.before or "")["revision"] == revision
        assert json.loads(entry.after or "")["revision"] == made.revision
        assert store.trail(Wish(), 9)[2:5] == after_backup
        # Who was let out stays out.
        assert store.token_of(text) is None
        with pytest.raises(ConflictError):
            store.add_token("old system")
    assert_sound(path)
    assert done.replaced is not None
    with Store.open(done.replaced) as replaced:
        assert replaced.trail_head() == head and len(replaced.snapshot()["cameras"]) == 0
    names = {entry.name for entry in tmp_path.iterdir()} - {"kept", "s.gpkg", done.replaced.name}
    assert not [name for name in names if "restoring" in name or name == "s.gpkg-wal"]


def test_a_restore_over_nothing_and_over_a_damaged_store(path: Path, tmp_path: Path) -> None:
    made = make_backup(path, tmp_path / "kept")
    new = tmp_path / "new" / "s.gpkg"
    assert restore(new, made.file).replaced is None
    with Store.open(new) as store:
        assert len(store.snapshot()["incidents"]) == 301 and store.verify_trail(made.trail).whole
    path.write_bytes(b"SQLite format 3\0" + os.urandom(9_000))
    damaged = path.read_bytes()
    done = restore(path, made.file)
    assert not done.kept and done.entries == 0 and done.revision == made.revision + JUMP
    assert done.replaced is not None and done.replaced.read_bytes() == damaged
    with Store.open(path) as store:
        assert len(store.snapshot()["incidents"]) == 301 and store.verify_trail(made.trail).whole


def test_a_trail_that_was_tampered_with_is_not_carried_over(path: Path, tmp_path: Path) -> None:
    made = make_backup(path, tmp_path / "kept")
    with Store.open(path) as store:
        store.note("test", "true")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DROP TRIGGER atlas_trail_no_update")
        connection.execute("UPDATE atlas_trail SET target = 'false' WHERE target = 'true'")
    done = restore(path, made.file)
    assert done.entries == 0
    with Store.open(path) as store:
        assert store.verify_trail(made.trail).whole


def test_a_store_that_is_open_is_not_restored(path: Path, tmp_path: Path) -> None:
    made = make_backup(path, tmp_path / "kept")
    code = (
        "import sys; from store.store import Store; s = Store.open(sys.argv[1]);"
        " print('open', flush=True); sys.stdin.read()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(path)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert process.stdout is not None and process.stdout.readline() == b"open\n"
        assert holder(path) == process.pid
        with pytest.raises(StoreBusyError, match=str(process.pid)):
            restore(path, made.file)
    finally:
        process.communicate()
    assert holder(path) is None
    restore(path, made.file)


def test_a_restore_that_fails_leaves_the_store(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = make_backup(path, tmp_path / "kept")
    with Store.open(path) as store:
        before = store.trail_head()

    def full(connection: sqlite3.Connection, *more: object, **facts: object) -> int:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr("store.restore._finish", full)
    with pytest.raises(sqlite3.OperationalError):
        restore(path, made.file)
    assert not [entry for entry in tmp_path.iterdir() if "restoring" in entry.name or "replaced" in entry.name]
    with Store.open(path) as store:
        assert store.trail_head() == before


def test_content_is_told_apart_by_kind(tmp_path: Path) -> None:
    found = set()
    for value in (1, 1.0, "1", b"1", None, "", np.int64(2).item()):
        with closing(sqlite3.connect(":memory:")) as connection:
            connection.execute("CREATE TABLE t (a)")
            connection.execute("INSERT INTO t VALUES (?)", (value,))
            found.add(content_digest(connection))
    assert len(found) == 7


def test_accounts_stay_as_they_are_and_everybody_signs_in_again(path: Path, tmp_path: Path) -> None:
    with Store.open(path) as store:
        head = store.add_account("chief", ["administrator"])
        gone = store.add_account("planner 1", ["planner"])
        session = store.begin_session(gone.id, "10.0.0.1")
        stays = store.begin_session(head.id, "10.0.0.2")
    made = make_backup(path, tmp_path / "kept")
    with Store.open(path) as store:
        store.set_state(gone.id, "disabled")
        store.add_account("planner 2", ["planner"])
    assert restore(path, made.file).kept
    with Store.open(path) as store:
        assert {one.name: one.state for one in store.accounts()} == {
            "chief": "active", "planner 1": "disabled", "planner 2": "active",
        }  # fmt: skip
        assert store.session_of(session, Limits()) is None and store.session_of(stays, Limits()) is None
    # Where the replaced store cannot be read, accounts are those of the backup, and sessions end all the same.
    path.write_bytes(b"SQLite format 3\0" + os.urandom(9_000))
    assert not restore(path, made.file).kept
    with Store.open(path) as store:
        assert {one.name for one in store.accounts()} == {"chief", "planner 1"}
        assert store.session_of(session, Limits()) is None and store.session_of(stays, Limits()) is None
