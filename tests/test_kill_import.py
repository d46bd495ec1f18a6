"""kill -9 of a whole `flask import`, anywhere: old rows or new ones, no process and no folder left for ever."""

from __future__ import annotations

import csv
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from store.store import Store
from tests.serving import ROOT
from tests.store.checks import assert_sound
from tests.web.conftest import fill

KILLS = 24
ROWS = 20_000
BAD = 50  # rows that are rejected


def _incidents(path: Path, mark: str) -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["id", "category", "status", "lon", "lat"])
        for row in range(ROWS):
            lon = "500" if row % (ROWS // BAD) == 7 else f"{24.93 + row % 200 / 1e5:.5f}"
            writer.writerow([f"n{row}", "noise", mark, lon, f"{60.165 + row % 300 / 1e5:.5f}"])
    return path


def _start(store: Path, file: Path, rejects: Path) -> subprocess.Popen[bytes]:
    command = ["import", "incidents", str(file), "--mode", "replace", "--rejects", str(rejects)]
    return subprocess.Popen(
        [sys.executable, "-m", "flask", *command],
        cwd=ROOT,
        env={**os.environ, "ATLAS_STORE": str(store)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def _children(folder: Path) -> list[int]:
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


def _wait_for_none(folder: Path) -> None:
    deadline = time.monotonic() + 10
    while _children(folder):
        assert time.monotonic() < deadline, "a reading process lives on without its parent"
        time.sleep(0.01)


def _mark(path: Path) -> tuple[str, int]:
    """Return what all incidents are marked with, and the revision; the rows must be those of one import."""
    with Store.open(path) as store:
        snapshot = store.snapshot()
        rows = snapshot["incidents"]
        marks = set(rows.text("status").tolist())
        assert len(marks) == 1 and len(rows) == ROWS - BAD
        last = store.imports(limit=1)[0]
        assert (last.revision, last.accepted, last.rejected) == (snapshot.revision, ROWS - BAD, BAD)
        assert len(store.rejects(last.id)) == BAD
        return str(marks.pop()), snapshot.revision


def _whole(rejects: Path) -> bool:
    """Return whether the rejects are there; what is there must be complete."""
    if not rejects.exists():
        return False
    with rejects.open(encoding="utf-8-sig", newline="") as stream:
        assert len(list(csv.DictReader(stream))) == BAD
    return True


def test_kills_anywhere(tmp_path: Path) -> None:
    path = tmp_path / "instance" / "atlas.gpkg"
    path.parent.mkdir()
    with Store.open(path) as store:
        fill(store)
    files = [_incidents(tmp_path / f"{mark}.csv", mark) for mark in ("a", "b")]
    rejects = tmp_path / "rejects.csv"
    started = time.monotonic()
    whole = _start(path, files[0], rejects)
    _, said = whole.communicate(timeout=60)
    assert whole.returncode == 0, said.decode()
    usual_s = time.monotonic() - started
    mark, revision = _mark(path)

    chance = random.Random(7)
    scratch = path.parent / "scratch"
    caught = written = 0
    for number in range(KILLS):
        rejects.unlink(missing_ok=True)
        wished = "b" if mark == "a" else "a"
        process = _start(path, files["ab".index(wished)], rejects)
        # Half of them where the rows are written, which is soon after the rejects are.
        if number % 2:
            while not rejects.exists() and process.poll() is None:
                time.sleep(0.001)
            time.sleep(chance.random() * usual_s / 3)
        else:
            time.sleep(chance.random() * usual_s)
        caught += process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.communicate()
        _wait_for_none(scratch)
        now, at = _mark(path)
        assert (now, at) in ((mark, revision), (wished, revision + 1))
        if process.returncode == 0 or now == wished:
            assert _whole(rejects)
        else:
            _whole(rejects)
        written += now == wished
        mark, revision = now, at
        assert len(list(scratch.iterdir())) <= 2  # the last one's folder and lock: the one before was swept
    assert_sound(path)
    assert caught > KILLS // 2
    assert 0 < written < KILLS
    last = _start(path, files["ab".index("b" if mark == "a" else "a")], rejects)
    _, said = last.communicate(timeout=60)
    assert last.returncode == 0, said.decode()
    assert list(scratch.iterdir()) == []
    assert _mark(path)[1] == revision + 1
