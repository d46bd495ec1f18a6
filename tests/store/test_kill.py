"""kill -9 at any moment of a write leaves the old rows or the new ones, and a sound file."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from store.batch import Batch
from store.store import Store
from tests.store.checks import assert_sound
from tests.store.factories import SOURCE, batch

KILLS = 30
COUNT = 2_500  # enough for the packed way; the small layer takes the way through the triggers


def _marked(layer: str, count: int, number: int) -> Batch:
    column = "status" if layer == "incidents" else "kind"
    rows = count + number % 7
    # `replace` gets new ids each time, `upsert` meets the ids of the other rounds.
    ids = np.array([f"{number % 2}-{index}" for index in range(rows)], dtype=object)
    return batch(layer, rows, number, id=ids, **{column: np.full(rows, str(number), dtype=object)})


def _write_until_killed(path: Path, number: int, pipe: int) -> None:
    store = Store.open(path)
    os.write(pipe, b"x")
    while True:
        number += 1
        store.write(_marked("incidents", COUNT, number), "replace", SOURCE)
        store.write(_marked("places", 40, number), "replace", SOURCE)


def _run_and_kill(path: Path, number: int, delay_s: float) -> None:
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            _write_until_killed(path, number, write_end)
        finally:
            os._exit(1)
    os.close(write_end)
    assert os.read(read_end, 1) == b"x"
    os.close(read_end)
    time.sleep(delay_s)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def _numbers(path: Path) -> tuple[int, int, int]:
    """Return the mark of both layers and the revision; every row must bear the same mark and none may be missing."""
    with Store.open(path) as store:
        snapshot = store.snapshot()
        marks = []
        for layer, column, count in (("incidents", "status", COUNT), ("places", "kind", 40)):
            found = set(snapshot[layer].text(column).tolist())
            assert len(found) == 1
            number = int(found.pop())
            assert len(snapshot[layer]) == count + number % 7
            np.testing.assert_array_equal(snapshot[layer].text("id"), _marked(layer, count, number).columns["id"])
            marks.append(number)
        records = store.imports(limit=10_000)
        assert len(records) == store.revision() == snapshot.revision
        return marks[0], marks[1], snapshot.revision


def test_many_kills(tmp_path: Path) -> None:
    path = tmp_path / "s.gpkg"
    with Store.open(path) as store:
        store.write(_marked("incidents", COUNT, 0), "append", SOURCE)
        store.write(_marked("places", 40, 0), "append", SOURCE)
        started = time.perf_counter()
        store.write(_marked("incidents", COUNT, 0), "replace", SOURCE)
        store.write(_marked("places", 40, 0), "replace", SOURCE)
        pair_s = time.perf_counter() - started
    random.seed(4)
    number, revision, changed = 0, 4, 0
    for _ in range(KILLS):
        _run_and_kill(path, number, random.random() * 5 * pair_s)
        assert_sound(path)
        incidents, places, now = _numbers(path)
        assert incidents - places in (0, 1)  # in the order they were written, nothing lost between
        assert now - revision == (incidents - number) + (places - number)
        changed += now > revision
        if incidents != places:  # finish the round, so that the next one starts even
            with Store.open(path) as store:
                store.write(_marked("places", 40, incidents), "replace", SOURCE)
            now += 1
        number, revision = incidents, now
    assert changed > KILLS // 3  # the kills did fall among writes


@pytest.mark.parametrize("delay_s", [0.0, 0.002, 0.005, 0.01, 0.02])
def test_kill_while_the_store_is_made(tmp_path: Path, delay_s: float) -> None:
    path = tmp_path / "s.gpkg"
    child = os.fork()
    if child == 0:
        Store.open(path)
        os._exit(0)
    time.sleep(delay_s)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with Store.open(path) as store:
        store.write(batch("grids", 3), "append", SOURCE)
    assert_sound(path)
