"""Snapshots: one revision, shared, extended, never mixed; and what other processes write."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from geo.columns import Codes
from store import prepare, reader
from store.schema import LAYERS
from store.store import Store
from tests.store.checks import assert_sound
from tests.store.factories import SOURCE, X0, Y0, batch

ROOT = Path(__file__).resolve().parents[2]


def assert_same(left, right) -> None:
    """Two layers hold the same rows."""
    np.testing.assert_array_equal(left.fid, right.fid)
    for name, column in left.columns.items():
        other = right.columns[name]
        if isinstance(column, Codes):
            assert column.decode().tolist() == other.decode().tolist()
            assert set(other.values) <= set(column.values)
        else:
            np.testing.assert_array_equal(column, other)
    for a, b in ((left.x, right.x), (left.y, right.y)):
        assert (a is None) == (b is None)
        if a is not None:
            np.testing.assert_array_equal(a, b)
    if left.geometry is not None:
        assert all(a == b for a, b in zip(left.geometry, right.geometry, strict=True))


def test_unchanged_layers_are_the_same_objects(tmp_path: Path) -> None:
    with Store.open(tmp_path / "s.gpkg") as store:
        for layer in LAYERS:
            store.write(batch(layer, 5), "append", SOURCE)
        first = store.snapshot()
        assert store.snapshot() is first
        store.write(batch("cameras", 5, 2), "append", SOURCE)
        second = store.snapshot()
        assert second is not first and second.revision == first.revision + 1
        assert {name for name in LAYERS if second[name] is not first[name]} == {"cameras"}
        assert second["cameras"].revision == second.revision
        assert len(first["cameras"]) == 5 and len(second["cameras"]) == 10


def test_other_processes_are_seen(tmp_path: Path) -> None:
    code = (
        "import sys; from store.store import Store; from tests.store.factories import *\n"
        "with Store.open(sys.argv[1]) as store: store.write(batch('cameras', 7, 3), 'append', SOURCE)\n"
    )
    with Store.open(tmp_path / "s.gpkg") as store:
        store.write(batch("cameras", 5), "append", SOURCE)
        assert len(store.snapshot()["cameras"]) == 5
        subprocess.run([sys.executable, "-c", code, str(store.path)], cwd=ROOT, check=True, timeout=60)
        assert len(store.snapshot()["cameras"]) == 12 and store.revision() == 2


def test_threads_never_see_two_revisions_at_once(tmp_path: Path) -> None:
    """A writer rewrites two layers to the same mark by turns; every snapshot must be one of the committed states."""
    rounds, count, stop = 15, 400, threading.Event()
    seen: list[tuple[int, set, set]] = []

    def read(store: Store) -> None:  # a fault in a thread is an error for pytest
        while not stop.is_set():
            snapshot = store.snapshot()
            streets = set(snapshot["streets"].text("kind").tolist())
            places = set(snapshot["places"].text("kind").tolist())
            seen.append((snapshot.revision, streets, places))

    def mark(layer: str, number: int):
        return batch(layer, count, 1, kind=np.full(count, str(number), dtype=object))

    with Store.open(tmp_path / "s.gpkg") as store:
        store.write(mark("streets", 0), "append", SOURCE)
        store.write(mark("places", 0), "append", SOURCE)
        threads = [threading.Thread(target=read, args=(store,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for number in range(1, rounds):
            store.write(mark("streets", number), "upsert" if number % 2 else "replace", SOURCE)
            store.write(mark("places", number), "replace" if number % 2 else "upsert", SOURCE)
        stop.set()
        for thread in threads:
            thread.join()
        for revision, streets, places in seen:
            assert streets == {str((revision - 1) // 2)} and places == {str((revision - 2) // 2)}
        assert len({revision for revision, *_ in seen}) > 3
        assert store.snapshot().revision == 2 * rounds


def test_a_write_while_a_snapshot_is_read_is_not_in_it(tmp_path: Path, monkeypatch) -> None:
    with Store.open(tmp_path / "s.gpkg") as store, Store.open(tmp_path / "s.gpkg") as other:
        for layer in LAYERS:
            other.write(batch(layer, 4), "append", SOURCE)
        plain, pending = reader.read_layer, ["zones", "grids"]

        def slow(*args):
            while pending:
                other.write(batch(pending.pop(), 9, 2), "append", SOURCE)
            return plain(*args)

        monkeypatch.setattr(reader, "read_layer", slow)
        first, second = store.snapshot(), store.snapshot()
        assert {len(first[layer]) for layer in LAYERS} == {4} and first.revision == len(LAYERS)
        assert len(second["grids"]) == len(second["zones"]) == 13 and second.revision == len(LAYERS) + 2


def test_threads_share_one_snapshot(tmp_path: Path) -> None:
    with Store.open(tmp_path / "s.gpkg") as store:
        store.write(batch("incidents", 3_000), "append", SOURCE)
        barrier, got = threading.Barrier(6), []

        def read() -> None:
            barrier.wait()
            got.append(store.snapshot())

        threads = [threading.Thread(target=read) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len({id(snapshot) for snapshot in got}) == 1


@pytest.mark.parametrize("count", [300, 20_000])
def test_incidents_in_against_brute_force(tmp_path: Path, count: int) -> None:
    rng = np.random.default_rng(1)
    made = batch("incidents", count)
    made.x[:50], made.y[:50] = X0 + 1_000, Y0 + 1_000  # on the corner of boxes below
    made.columns["occurred_at"][:50] = np.datetime64("2020-01-01T00:00:00", "ms") + np.arange(-25, 25)
    with Store.open(tmp_path / "s.gpkg") as store:
        store.write(made, "append", SOURCE)
        for index in range(40):  # through SQLite's own insertion, beside the packed rows
            moment = np.datetime64("2019-12-31T23:59:59.990", "ms") + np.timedelta64(index, "ms")
            x, y = X0 + 1_000 + index - 20, Y0 + 1_000.0
            store.append_incident(id=None, x=x, y=y, category="c", occurred_at=moment, grid_code=None, status=None)
        columns = store.snapshot()["incidents"]
        times = columns.columns["occurred_at"]
        boxes = [(X0 + 1_000, Y0 + 1_000, X0 + 2_000, Y0 + 2_000), (X0, Y0, X0 + 1_000, Y0 + 1_000), (0, 0, 1e9, 1e9)]
        boxes += [tuple(np.r_[low, low + rng.random(2) * 2_000]) for low in X0 + rng.random((30, 2)) * 4_000]
        boxes += [(x, y - X0 + Y0, x2, y2 - X0 + Y0) for x, y, x2, y2 in boxes[3:]]
        hits = 0
        for box in boxes:
            for start, end in (("2020-01-01", "2020-02-01"), ("2019-06-01", "2020-01-01"), ("2015", "2030")):
                first, last = np.datetime64(start, "ms"), np.datetime64(end, "ms")
                inside = (columns.x >= box[0]) & (columns.x <= box[2]) & (columns.y >= box[1]) & (columns.y <= box[3])
                want = columns.fid[inside & (times >= first) & (times < last)]
                got = store.incidents_in(tuple(map(float, box)), first, last)
                np.testing.assert_array_equal(got, want)
                hits += len(want)
        assert hits > count
        assert len(store.incidents_in((0, 0, 1e9, 1e9), np.datetime64("2021"), np.datetime64("2020"))) == 0


class Changes(RuleBasedStateMachine):
    """Any series of changes: the cached, extended snapshot equals a fresh one and a plain model of the rows."""

    @initialize(bulk=st.sampled_from([0, 2_000]))
    def open(self, bulk: int) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.saved = prepare._BULK_ROWS
        prepare._BULK_ROWS = bulk
        self.store = Store.open(Path(self.folder.name) / "s.gpkg")
        self.model: dict[str, dict[str, float]] = {"incidents": {}, "cameras": {}}
        self.seed = 0

    def teardown(self) -> None:
        if hasattr(self, "store"):
            try:
                assert_sound(self.store.path)
            finally:
                self.store.close()
                prepare._BULK_ROWS = self.saved
                self.folder.cleanup()

    @rule(layer=st.sampled_from(["incidents", "cameras"]), mode=st.sampled_from(["append", "replace", "upsert"]),
          count=st.integers(0, 12), known=st.integers(0, 6))  # fmt: skip
    def write(self, layer: str, mode: str, count: int, known: int) -> None:
        self.seed += 1
        made = batch(layer, count, self.seed)
        if mode == "upsert":
            for index, name in enumerate(list(self.model[layer])[:known][:count]):
                made.columns["id"][index] = name
        self.store.write(made, mode, SOURCE)
        if mode == "replace":
            self.model[layer].clear()
        self.model[layer].update(zip(made.columns["id"].tolist(), made.x.tolist(), strict=True))

    @precondition(lambda self: self.store.crs())
    @rule(x=st.floats(-1e6, 1e6))
    def append(self, x: float) -> None:
        fid, _ = self.store.append_incident(
            id=None, x=x, y=0.0, category="新", occurred_at=np.datetime64("2024-01-01"), grid_code=None, status=None
        )
        self.model["incidents"][f"i{fid:06d}"] = x

    @rule(layer=st.sampled_from(["incidents", "cameras"]))
    def clear(self, layer: str) -> None:
        self.store.clear([layer])
        self.model[layer].clear()

    @rule()
    def look(self) -> None:
        self.store.snapshot()  # so that the next one has something to extend

    @invariant()
    def agrees(self) -> None:
        if not hasattr(self, "store") or self.seed % 3:
            return
        snapshot = self.store.snapshot()
        with Store.open(self.store.path) as other:
            fresh = other.snapshot()
        assert fresh.revision == snapshot.revision
        for layer, rows in self.model.items():
            assert_same(snapshot[layer], fresh[layer])
            assert dict(zip(fresh[layer].text("id").tolist(), fresh[layer].x.tolist(), strict=True)) == rows


TestChanges = Changes.TestCase
# No shrinking: each step writes a file, and a failing series is short as it is.
TestChanges.settings = settings(
    max_examples=25, stateful_step_count=15, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate)
)
