"""The queue of writers: first come, first served, between threads and processes; who dies or gives up leaves it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from store.audit_read import Wish
from store.store import Store
from store.turns import queue_of, turn
from tests.store.factories import SOURCE, batch

ROOT = Path(__file__).resolve().parents[2]
WAIT_S = 60.0


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def numbers(store: Path) -> int:
    """How many numbers were given out."""
    data = queue_of(store).read_bytes() if queue_of(store).exists() else b""
    return int.from_bytes(data[:8], "little")


def test_first_come_first_served(tmp_path: Path) -> None:
    store, order = tmp_path / "s.gpkg", list[int]()

    def wait(number: int) -> None:
        with turn(store, WAIT_S) as left:
            assert left is not None
            order.append(number)

    threads = []
    with turn(store, WAIT_S):
        for number in range(8):
            threads.append(threading.Thread(target=wait, args=(number,)))
            threads[-1].start()
            until(lambda expected=number + 2: numbers(store) == expected)  # type: ignore[misc]
        assert order == []
    for thread in threads:
        thread.join(WAIT_S)
    assert order == list(range(8))


def test_who_gives_up_leaves_and_lets_nobody_past_those_before(tmp_path: Path) -> None:
    store, began = tmp_path / "s.gpkg", threading.Event()
    with turn(store, WAIT_S):
        with turn(store, 0.02) as left:
            assert left is None

        def last() -> None:
            with turn(store, WAIT_S) as left:
                assert left is not None
                began.set()

        thread = threading.Thread(target=last)
        thread.start()
        until(lambda: numbers(store) == 3)
        assert not began.wait(0.1), "the first one still has its turn"
    thread.join(WAIT_S)
    assert began.is_set()


HOLD = """
import sys, time
from pathlib import Path
from store.turns import turn
with turn(Path(sys.argv[1]), 60):
    print("mine", flush=True)
    time.sleep(600)
"""


def test_a_killed_process_is_out_of_the_queue(tmp_path: Path) -> None:
    store = tmp_path / "s.gpkg"
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(store)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline() == "mine\n"
    with turn(store, 0.05) as left:
        assert left is None
    process.send_signal(signal.SIGKILL)
    process.wait(WAIT_S)
    process.stdout.close()
    with turn(store, WAIT_S) as left:
        assert left is not None


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_where_no_queue_can_be_kept_everybody_goes_on(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with turn(tmp_path / "s.gpkg", 1.0) as left:
        assert left == 1.0
    tmp_path.chmod(0o700)


def test_no_folder_no_queue(tmp_path: Path) -> None:
    with turn(tmp_path / "none" / "s.gpkg", 1.0) as left:
        assert left == 1.0


def test_a_damaged_queue_starts_anew(tmp_path: Path) -> None:
    store = tmp_path / "s.gpkg"
    for text in (b"", b"abc", b"\xff" * 8, b"\xff" * 100):
        queue_of(store).write_bytes(text)
        with turn(store, WAIT_S) as left:
            assert left is not None
    queue_of(store).write_bytes(b"abc")
    with turn(store, WAIT_S) as left, turn(store, 0.01) as other:
        assert left is not None and other is None


GREEDY = """
import sys
from store.store import Store
from store.batch import Provenance
from tests.store.factories import batch
with Store.open(sys.argv[1]) as store:
    print("begun", flush=True)
    while True:  # as one import after the other
        store.write(batch("cameras", 3000, seed=1), "replace", Provenance("greedy.csv"))
"""


def test_a_sign_in_gets_its_turn_between_the_imports_of_another_process(tmp_path: Path) -> None:
    """Two processes: one writes without a pause, and between two of its writes the other one's short change comes."""
    path = tmp_path / "s.gpkg"
    with Store.open(path) as store:
        store.write(batch("cameras", 10), "append", SOURCE)
        greedy = subprocess.Popen(
            [sys.executable, "-c", GREEDY, str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert greedy.stdout is not None
        try:
            assert greedy.stdout.readline() == "begun\n"
            until(lambda: store.revision() > 3)
            between = []
            for number in range(10):
                before = store.revision()
                store.note("test", f"{number}")
                (entry,) = store.trail(Wish(action="test"), 1)
                between.append(entry.revision - before)
            # The one under way and the one that had come before; more only where this process was held up.
            assert sorted(between)[5] <= 2, between
            assert greedy.poll() is None
        finally:
            greedy.kill()
            greedy.wait(WAIT_S)
            greedy.stdout.close()
        assert store.verify_trail().whole
