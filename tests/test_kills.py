"""kill -9 at any moment of an import, an edit, an upgrade, a backup: the old state or the new one, nothing lost.

Live intake is in `tests/test_kill_live.py`; both by the harness of `tests/kills.py`.
"""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np

from app import create_app
from settings import Settings
from store import migrations
from store.backup import check_backup, list_backups, make_backup, rotate
from store.batch import Batch
from store.connection import connect
from store.edits import CameraEdit
from store.store import Store
from tests.kills import Say, Witness, kills
from tests.serving import PATIENCE_S, ROOT
from tests.store.factories import SOURCE, batch
from tests.web.conftest import fill

COUNT = 2_500  # enough for the packed way; the small layer takes the way through the triggers
ROWS, BAD = 20_000, 50  # of a file; rows that are rejected
MOST_MORE = 30


def marked(layer: str, count: int, number: int) -> Batch:
    """Return rows that all bear the mark `number`."""
    column = "status" if layer == "incidents" else "kind"
    rows = count + number % 7
    ids = np.array([f"{number % 2}-{index}" for index in range(rows)], dtype=object)
    return batch(layer, rows, number, id=ids, **{column: np.full(rows, str(number), dtype=object)})


def numbers_of(path: Path) -> tuple[int, int]:
    """Return the mark of both layers; every row must bear the same mark and none may be missing."""
    with Store.open(path) as store:
        snapshot = store.snapshot()
        marks = []
        for layer, column, count in (("incidents", "status", COUNT), ("places", "kind", 40)):
            (mark,) = set(snapshot[layer].text(column).tolist())
            number = int(mark)
            np.testing.assert_array_equal(snapshot[layer].text("id"), marked(layer, count, number).columns["id"])
            marks.append(number)
        assert len(store.imports(limit=10_000)) == store.revision()
        return marks[0], marks[1]


def tries(count: int, enough: Callable[[], bool]) -> Iterator[int]:
    """Count tries; on a machine that gave the work no time before, or all of it, more until enough of it was killed."""
    yield from range(count)
    for more in range(MOST_MORE):
        if enough():
            return
        yield count + more


def test_writes_that_are_killed(tmp_path: Path) -> None:
    path = tmp_path / "s.gpkg"
    with Store.open(path) as store:
        store.write(marked("incidents", COUNT, 0), "append", SOURCE)
        store.write(marked("places", 40, 0), "append", SOURCE)
        started = time.perf_counter()
        store.write(marked("incidents", COUNT, 0), "replace", SOURCE)
        pair_s = 2 * (time.perf_counter() - started)
    witness = Witness(path)
    begun = 0
    for _ in range(kills("write")):

        def work(say: Say, first: int = begun) -> None:
            with Store.open(path) as store:
                say("open")
                for number in range(first + 1, first + 10_000):
                    store.write(marked("incidents", COUNT, number), "replace", SOURCE)
                    say(f"i{number}")
                    store.write(marked("places", 40, number), "replace", SOURCE)
                    say(f"p{number}")

        said = witness.run(work, 3 * pair_s)
        incidents, places = numbers_of(path)
        done = len(said) - 1  # writes that were acknowledged
        assert incidents - places in (0, 1)
        assert (incidents - begun) + (places - begun) in (done, done + 1)  # told done: there; the next one: or not
        if incidents != places:  # finish the round, so that the next one starts even
            with Store.open(path) as store:
                store.write(marked("places", 40, incidents), "replace", SOURCE)
        begun = incidents
    assert begun > 0 and witness.caught == kills("write")


def edits_of(number: int) -> list[CameraEdit]:
    """Return what moves twenty cameras to one place, and places another."""
    x, y = 380_000.0 + number, 6_670_000.0
    moved = [CameraEdit("set", f"n1-{index}", x, y, {"range_m": float(number)}) for index in range(20)]
    return [*moved, CameraEdit("place", None, x, y)]


def test_edits_that_are_killed(tmp_path: Path) -> None:
    path = tmp_path / "s.gpkg"
    with Store.open(path) as store:
        store.write(batch("cameras", 20, 1), "append", SOURCE)
        started = time.perf_counter()
        store.edit_cameras(edits_of(0)[:20])
        edit_s = time.perf_counter() - started
        kept = store.add_scenario("Plan", [], base={}, options={}, base_revision=1)
    witness = Witness(path)
    last = version = 0
    for _ in range(kills("edit")):

        def work(say: Say, first: int = last) -> None:
            with Store.open(path) as store:
                say("open")
                for number in range(first + 1, first + 10_000):
                    held = store.scenario(kept.id)
                    store.change_scenario(kept.id, held.version, changes=[{"op": "place"}], options={"number": number})
                    store.apply_scenario(kept.id, held.version + 1, edits_of(number))
                    say(str(number))

        said = witness.run(work, max(0.15, 10 * edit_s))
        with Store.open(path) as store:
            held, cameras = store.scenario(kept.id), store.snapshot()["cameras"]
            # Twenty cameras at the same place with the same range, and one more: all of an application or nothing.
            (found,) = set(cameras.number("range_m")[:20].tolist())
            assert cameras.x is not None and set((cameras.x[:20] - 380_000.0).tolist()) == {found}
            assert len(cameras) == 20 + found
            done = int(said[-1]) if len(said) > 1 else last
            assert found in (done, done + 1) and held.options.get("number", 0) in (found, found + 1)
            assert held.version >= version
            if held.applied_revision is not None:
                assert held.applied_revision == store.revision()  # applied and noted in one
            last, version = int(found), held.version
    assert last > 0 and witness.caught == kills("edit")


def test_upgrades_that_are_killed(tmp_path: Path) -> None:
    names = [name for name, _ in migrations.MIGRATIONS]
    old = tmp_path / "old.gpkg"
    with closing(connect(old, wait_s=1, writer=True)) as connection:
        migrations.migrate(connection, migrations.MIGRATIONS[:5])
    data = old.read_bytes()
    path = tmp_path / "s.gpkg"
    path.write_bytes(data)
    started = time.perf_counter()
    Store.open(path).close()
    usual_s = time.perf_counter() - started
    caught: list[int] = []
    for number in tries(kills("upgrade"), lambda: any(caught)):
        for part in ("", "-wal", "-shm", "-journal"):
            path.with_name(path.name + part).unlink(missing_ok=True)
        if number % 4:  # each fourth time a store is made from nothing
            path.write_bytes(data)

        def work(say: Say) -> None:
            say("begin")
            Store.open(path).close()
            say("done")

        witness = Witness(path)
        witness.chance.seed(number)
        witness.run(work, usual_s * 1.2)
        caught.append(witness.caught)
        if not witness.caught:
            usual_s *= 0.5  # it was measured while the machine had other work
        with closing(connect(path, wait_s=1)) as connection:
            assert list(migrations.applied(connection) or ()) == names
        with Store.open(path) as store:
            store.write(batch("grids", 3), "append", SOURCE)
    assert any(caught)


def test_backups_that_are_killed(tmp_path: Path) -> None:
    path, folder = tmp_path / "s.gpkg", tmp_path / "kept"
    with Store.open(path) as store:
        store.write(batch("incidents", 3_000), "append", SOURCE)
    started = time.perf_counter()
    make_backup(path, folder)
    usual_s = time.perf_counter() - started
    witness = Witness(path)
    for _ in range(kills("backup")):

        def work(say: Say) -> None:
            say("begin")
            with Store.open(path) as store:
                while True:
                    made = make_backup(path, folder, lambda made: store.note("backup", made.file.name))
                    say(made.file.name)
                    rotate(folder, made, 3)

        said = witness.run(work, 3 * usual_s)
        there = list_backups(folder)
        assert 1 <= len(there) <= 4
        for one in there:
            assert check_backup(one.file) == one
        if len(said) > 1:  # told done: it is there
            assert said[-1] in {one.file.name for one in there}
    assert witness.caught == kills("backup")
    make_backup(path, folder)  # sweeps what the last one left
    assert not list(folder.glob(".*.part"))


# --- a whole import ------------------------------------------------------------------------------------------------


def incidents_file(path: Path, mark: str) -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["id", "category", "status", "lon", "lat"])
        for row in range(ROWS):
            lon = "500" if row % (ROWS // BAD) == 7 else f"{24.93 + row % 200 / 1e5:.5f}"
            writer.writerow([f"n{row}", "noise", mark, lon, f"{60.165 + row % 300 / 1e5:.5f}"])
    return path


def below(folder: Path) -> list[int]:
    """Return the processes that work below `folder`."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                place = (entry / "cwd").readlink()
            except OSError:  # it has ended, or is not ours
                continue
            if place.is_relative_to(folder):
                found.append(int(entry.name))
    return found


def wait_for_none(folder: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while below(folder):
        assert time.monotonic() < deadline, "a reading process lives on without its parent"
        time.sleep(0.01)


def import_of(path: Path) -> tuple[str, int]:
    """Return what all incidents are marked with, and the revision; the rows must be those of one import."""
    with Store.open(path) as store:
        snapshot = store.snapshot()
        rows = snapshot["incidents"]
        (mark,) = set(rows.text("status").tolist())
        last = store.imports(limit=1)[0]
        assert len(rows) == ROWS - BAD and len(store.rejects(last.id)) == BAD
        assert (last.revision, last.accepted, last.rejected) == (snapshot.revision, ROWS - BAD, BAD)
        return str(mark), snapshot.revision


def whole(rejects: Path) -> bool:
    """Return whether the rejects are there; what is there must be complete."""
    if not rejects.exists():
        return False
    with rejects.open(encoding="utf-8-sig", newline="") as stream:
        assert len(list(csv.DictReader(stream))) == BAD
    return True


def test_imports_that_are_killed(tmp_path: Path) -> None:
    """Rows, rejects, import record and trail are those of one import; no process and no folder is left for ever."""
    path = tmp_path / "instance" / "atlas.gpkg"
    path.parent.mkdir()
    with Store.open(path) as store:
        fill(store)
    files = {mark: incidents_file(tmp_path / f"{mark}.csv", mark) for mark in ("a", "b")}
    rejects, scratch = tmp_path / "rejects.csv", path.parent / "scratch"
    arguments = ["import", "incidents", "", "--mode", "replace", "--rejects", str(rejects)]

    def work_of(mark: str) -> list[str]:
        return [*arguments[:2], str(files[mark]), *arguments[3:]]

    def run(mark: str) -> None:  # the command itself, in a process of its own
        subprocess.run(
            [sys.executable, "-m", "flask", *work_of(mark)], cwd=ROOT, env={**os.environ, "ATLAS_STORE": str(path)},
            check=True, capture_output=True, timeout=2 * PATIENCE_S,
        )  # fmt: skip

    run("a")
    mark, revision = import_of(path)
    witness = Witness(path)
    usual_s = 0.0
    for number in tries(kills("import") + 1, lambda: witness.caught > kills("import") // 4):
        rejects.unlink(missing_ok=True)
        wished = "b" if mark == "a" else "a"

        def work(say: Say, wished: str = wished) -> None:
            app = create_app(Settings(store=str(path), instance=path.parent))
            say("begin")
            done = app.test_cli_runner().invoke(args=work_of(wished))
            assert done.exit_code == 0, done.output
            say("done")

        started = time.perf_counter()
        if number == 0:  # how long one takes
            from tests.kills import Child

            Child(work).wait()
            usual_s = time.perf_counter() - started
            mark, revision = import_of(path)
            assert mark == wished
            continue
        before = witness.caught
        said = witness.run(work, usual_s)
        if witness.caught == before:
            usual_s *= 0.5  # it was measured while the machine had other work
        wait_for_none(scratch)
        now, at = import_of(path)
        assert (now, at) in ((mark, revision), (wished, revision + 1))
        assert now == wished or said[-1] != "done"
        assert whole(rejects) or now != wished
        mark, revision = now, at
        assert len(list(scratch.iterdir())) <= 2  # the last one's folder and lock: the one before was swept
    assert witness.caught > kills("import") // 4
    run("b" if mark == "a" else "a")
    assert list(scratch.iterdir()) == [] and import_of(path)[1] == revision + 1
