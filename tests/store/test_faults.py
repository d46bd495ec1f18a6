"""The disk fails at any step, is full, turns read-only, or the power goes: the old state or the new one, never a third.

Every write, sync, truncation and deletion of SQLite fails in turn (`ATLAS_FULL=1`: each one, else a spread of them).
"""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from store import migrations
from store.backup import check_backup, list_backups, make_backup
from store.connection import connect
from store.edits import CameraEdit
from store.errors import StoreError
from store.live import LiveIncident
from store.store import Store
from tests.faults import CODES, FULL, copy_store, disk
from tests.store.checks import assert_sound
from tests.store.factories import SOURCE, batch

EVERY = os.environ.get("ATLAS_FULL") == "1"
SPREAD = 7  # steps of a change that fail in the ordinary run, for each way to fail


@dataclass(frozen=True)
class State:
    """What a reader, and who checks the trail, would find."""

    revision: int
    incidents: tuple[str, ...]
    cameras: tuple[str, ...]
    scenarios: int
    entries: int


def state_of(path: Path) -> State:
    """Return the state of a store by opening it as the next start would; the file must be sound, the trail whole."""
    with Store.open(path) as store:
        snapshot = store.snapshot()
        verdict = store.verify_trail()
        assert verdict.whole, verdict.faults
        found = State(
            snapshot.revision, tuple(snapshot["incidents"].text("id")), tuple(snapshot["cameras"].text("id")),
            len(store.scenarios()), verdict.entries,
        )  # fmt: skip
    assert_sound(path)
    return found


CHANGES: dict[str, Callable[[Store], object]] = {
    "import": lambda store: store.write(batch("incidents", 2_100, 5), "replace", SOURCE),
    "append": lambda store: store.write(batch("incidents", 20, 6), "append", SOURCE),
    "live": lambda store: store.receive([[LiveIncident(f"l{n}", 380_000.0 + n, 6_670_000.0)] for n in range(5)]),
    "edit": lambda store: store.edit_cameras(
        [CameraEdit("place", "p", 380_000.0, 6_670_000.0), CameraEdit("remove", "n2-3")]
    ),
    "scenario": lambda store: store.add_scenario("Plan", [], base={}, options={}, base_revision=1),
}
Fail = Callable[[int], Callable[[int, str], int]]
WAYS: dict[str, tuple[Fail, bool]] = {
    "once": (lambda at: lambda step, kind: CODES[kind] if step == at else 0, False),
    "torn": (lambda at: lambda step, kind: CODES[kind] if step == at else 0, True),
    "read-only from then on": (lambda at: lambda step, kind: CODES[kind] if step >= at else 0, False),
    "full": (lambda at: lambda step, kind: FULL if step >= at and kind == "write" else 0, True),
}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("base") / "s.gpkg"
    with Store.open(path) as store:
        store.write(batch("incidents", 200, 1), "append", SOURCE)
        store.write(batch("cameras", 8, 2), "append", SOURCE)
    return path


def places(count: int) -> list[int]:
    """Return the steps to fail at: all of them, or the first, the last and some between."""
    if EVERY or count <= SPREAD:
        return list(range(count))
    return sorted({round(part * (count - 1) / (SPREAD - 1)) for part in range(SPREAD)})


def steps_of(path: Path, folder: Path, change: Callable[[Store], object]) -> tuple[list[str], State]:
    """Return what a change does to the disk, and the state after it."""
    copy = copy_store(path, folder)
    with disk(folder) as faults, Store.open(copy) as store:
        begun = len(faults.steps)
        change(store)
        steps = faults.steps[begun:]
    return steps, state_of(copy)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", CHANGES)
def test_a_change_that_the_disk_fails(base: Path, tmp_path: Path, name: str, way: str) -> None:
    change, (fail, torn) = CHANGES[name], WAYS[way]
    old = state_of(base)
    steps, new = steps_of(base, tmp_path / "whole", change)
    assert {"write", "sync"} <= set(steps) and old.incidents + old.cameras != () and new != old
    refused = 0
    for at in places(len(steps)):
        folder = tmp_path / f"fails-{at}"
        copy = copy_store(base, folder)
        with disk(folder) as faults, Store.open(copy) as store:
            faults.fail, faults.torn = fail(len(faults.steps) + at), torn
            try:
                change(store)
                done = True
            except StoreError as error:  # anything else is a fault of the program
                assert error.remedy
                done = False
            faults.fail = None
            if at % 2 and not done:  # the same process goes on when the disk does
                assert store.revision() in (old.revision, new.revision)
                change(store)
                done = True
        found = state_of(copy)
        # Told that it failed, a change may still be there when its commit reached the disk; told done, it is.
        assert found == new if done else found in (old, new), at
        refused += not done
        shutil.rmtree(folder)
    assert refused > 0


@pytest.mark.parametrize("way", WAYS)
def test_an_upgrade_that_the_disk_fails(tmp_path: Path, way: str) -> None:
    fail, torn = WAYS[way]
    old = tmp_path / "old" / "s.gpkg"
    old.parent.mkdir()
    with closing(connect(old, wait_s=1, writer=True)) as connection:
        migrations.migrate(connection, migrations.MIGRATIONS[:5])
    names = tuple(name for name, _ in migrations.MIGRATIONS)
    with disk(copy_store(old, tmp_path / "whole").parent) as faults:
        Store.open(tmp_path / "whole" / "s.gpkg").close()
    refused = 0
    for at in places(len(faults.steps)):
        folder = tmp_path / f"fails-{at}"
        copy = copy_store(old, folder)
        with disk(folder) as faults:
            faults.fail, faults.torn = fail(at), torn
            try:
                Store.open(copy).close()
            except StoreError as error:
                assert error.remedy
                refused += 1
        with closing(connect(copy, wait_s=1, writer=True)) as connection:  # also recovers from a journal
            had = migrations.applied(connection) or ()
            assert had == names[: len(had)] and len(had) >= 5  # each as a whole
            assert ("atlas_trail",) in connection.execute("SELECT name FROM sqlite_master").fetchall() or len(had) < 8
        assert state_of(copy).revision == 0
        shutil.rmtree(folder)
    assert refused > 0


def test_a_store_that_cannot_be_made(tmp_path: Path) -> None:
    folder = tmp_path / "whole"
    folder.mkdir()
    with disk(folder) as faults:
        Store.open(folder / "s.gpkg").close()
    for at in places(len(faults.steps)):
        folder = tmp_path / f"fails-{at}"
        folder.mkdir()
        with disk(folder) as faults:
            faults.fail = WAYS["read-only from then on"][0](at)
            try:
                Store.open(folder / "s.gpkg").close()
            except StoreError as error:
                assert error.remedy
        assert state_of(folder / "s.gpkg").revision == 0


@pytest.mark.parametrize("way", ["once", "full"])
def test_a_backup_that_the_disk_fails(base: Path, tmp_path: Path, way: str) -> None:
    old = state_of(base)
    folder = tmp_path / "kept"
    folder.mkdir()
    with disk(folder) as faults:
        make_backup(base, folder)
    fail, torn = WAYS[way]
    whole = list_backups(folder)
    failed = 0
    for at in places(len(faults.steps)):
        with disk(folder) as faults:
            faults.fail, faults.torn = fail(at), torn
            try:
                make_backup(base, folder)
            except StoreError:
                failed += 1
        for one in list_backups(folder):
            assert check_backup(one.file) == one
    assert failed > 0 and whole[0] in list_backups(folder)
    assert not [entry for entry in folder.iterdir() if entry.name.endswith(".part")]
    assert state_of(base) == old


@pytest.mark.parametrize("name", CHANGES)
def test_the_power_goes_while_a_change_is_made(base: Path, tmp_path: Path, name: str) -> None:
    """What no sync had reached may be there or not, write by write, in any mixture."""
    change = CHANGES[name]
    old = state_of(base)
    steps, new = steps_of(base, tmp_path / "whole", change)
    chance = random.Random(name)
    folder = tmp_path / "store"
    copy = copy_store(base, folder)
    wanted = set(places(len(steps)))
    cuts: list[Path] = []
    with disk(folder) as faults, Store.open(copy) as store:
        begun = len(faults.steps)

        def watch(step: int) -> None:
            if step - begun in wanted:
                for mixture in range(2):
                    cuts.append(tmp_path / f"cut-{step}-{mixture}")
                    faults.cut_power(cuts[-1], chance)

        faults.watch = watch
        change(store)
        faults.watch = None
        acknowledged = [tmp_path / f"after-{mixture}" for mixture in range(3)]
        for cut in acknowledged:
            faults.cut_power(cut, chance)
    assert len(cuts) >= 2 * min(SPREAD, len(steps))
    for cut in cuts:
        found = state_of(cut / copy.name)
        assert found in (old, new), cut
    for cut in acknowledged:  # acknowledged is on the disk, whatever else is not
        assert state_of(cut / copy.name) == new


def test_the_means_reach_the_real_code_path(base: Path, tmp_path: Path) -> None:
    """Without faults nothing changes; with one, SQLite itself reports it; files elsewhere are left alone."""
    copy = copy_store(base, tmp_path / "a")
    other = copy_store(base, tmp_path / "b")
    with disk(copy.parent) as faults, Store.open(copy) as store, Store.open(other) as elsewhere:
        faults.fail = lambda step, kind: CODES[kind]
        with pytest.raises(StoreError) as caught:
            store.add_token("x")
        assert isinstance(caught.value.__cause__, sqlite3.OperationalError)
        assert caught.value.__cause__.sqlite_errorcode in CODES.values()
        elsewhere.add_token("x")
