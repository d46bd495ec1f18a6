"""Computations behind the pages: shared, told, cancelled, begun again after a kill; the last complete one is shown."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from geo.camera_facts import ViewRules
from geo.columns import Snapshot
from geo.errors import ParameterError
from geo.parallel import Cancelled
from layers.complete import Complete, Slot
from layers.engine import Engine, compute
from layers.sight import obstacles_of
from tests.layers.factory import snapshot
from tests.layers.seeded import changed, moved, town
from web.derived import Derived
from web.runner import MOST_WAITING
from web.runs import Runs

ROOT = Path(__file__).resolve().parents[2]
WAIT_S = 300.0  # for a machine that has other work, and compiles first
SLOT = Slot("grid", ViewRules())
TOWN = town(0, side=2)


class Slow(Engine):
    """An engine whose work waits until it is let go; counts how often it was asked to work."""

    def __init__(self) -> None:
        super().__init__()
        self.go, self.begun, self.works = threading.Event(), threading.Event(), 0
        self.fault: Exception | None = None

    def compute(
        self, snapshot: Snapshot, slot: Slot, progress: Any = None, cancelled: Callable[[], bool] = lambda: False
    ) -> Complete:
        self.works += 1
        progress(0.25, "views")
        self.begun.set()
        while not self.go.wait(0.01):
            if cancelled():
                raise Cancelled
        if self.fault is not None:
            raise self.fault
        return super().compute(snapshot, slot, progress, cancelled)


@pytest.fixture
def engine() -> Slow:
    return Slow()


@pytest.fixture
def runs(engine: Slow) -> Iterator[Runs]:
    found = Runs(engine, None, lambda text: None)
    yield found
    engine.go.set()
    found.close()


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_small_town_is_there_within_the_request(runs: Runs, engine: Slow) -> None:
    engine.go.set()
    found = runs.ask(TOWN, SLOT, WAIT_S)
    assert (found.state, found.stale, found.job) == ("ready", False, None)
    assert found.complete is not None
    assert runs.ask(TOWN, SLOT).complete is found.complete
    assert engine.works == 1


def test_who_does_not_wait_is_told_how_far_it_is(runs: Runs, engine: Slow) -> None:
    runs.ask(TOWN, SLOT)
    assert engine.begun.wait(WAIT_S)
    found = runs.ask(TOWN, SLOT)
    assert (found.state, found.complete, found.progress, found.step) == ("computing", None, 0.25, "views")
    assert found.job


def test_readers_at_once_share_one_computation(runs: Runs, engine: Slow) -> None:
    answers: list[Any] = []
    readers = [threading.Thread(target=lambda: answers.append(runs.ask(TOWN, SLOT, WAIT_S))) for _ in range(6)]
    for reader in readers:
        reader.start()
    assert engine.begun.wait(WAIT_S)
    engine.go.set()
    for reader in readers:
        reader.join(WAIT_S)
    assert [answer.state for answer in answers] == ["ready"] * 6
    assert len({id(answer.complete) for answer in answers}) == 1
    assert engine.works == 1


def test_the_last_complete_one_is_shown_meanwhile(runs: Runs, engine: Slow) -> None:
    engine.go.set()
    first = runs.ask(TOWN, SLOT, WAIT_S).complete
    engine.go.clear()
    engine.begun.clear()
    then = moved(TOWN, 0)
    found = runs.ask(then, SLOT)
    assert (found.complete, found.stale, found.state) == (first, True, "computing")
    assert found.complete is not None
    assert (found.complete.revision, found.revision) == (1, 2)
    engine.go.set()
    found = runs.ask(then, SLOT, WAIT_S)
    assert (found.state, found.stale) == ("ready", False)
    assert found.complete is not first


def test_an_older_reader_does_not_bring_the_old_state_back(runs: Runs, engine: Slow) -> None:
    engine.go.set()
    then = moved(TOWN, 0)
    runs.ask(TOWN, SLOT, WAIT_S)
    newer = runs.ask(then, SLOT, WAIT_S)
    assert runs.ask(TOWN, SLOT, WAIT_S).complete is newer.complete
    assert engine.works == 2


def test_a_change_while_running_is_worked_out_next(runs: Runs, engine: Slow) -> None:
    runs.ask(TOWN, SLOT)
    assert engine.begun.wait(WAIT_S)
    then = moved(TOWN, 1)
    assert runs.ask(then, SLOT).state == "computing"
    engine.go.set()
    found = runs.ask(then, SLOT, WAIT_S)
    assert found.state == "ready"
    assert found.complete is not None
    assert np.array_equal(found.complete.city.facts.x, then["cameras"].x)  # type: ignore[arg-type]


def test_other_rules_wait_their_turn(runs: Runs, engine: Slow) -> None:
    runs.ask(TOWN, SLOT)
    assert engine.begun.wait(WAIT_S)
    other = Slot("grid", ViewRules(online_only=True))
    assert runs.ask(TOWN, other).state == "computing"
    assert engine.works == 1
    engine.go.set()
    assert runs.ask(TOWN, other, WAIT_S).state == "ready"
    assert runs.ask(TOWN, SLOT, WAIT_S).state == "ready"
    assert engine.works == 2


def test_a_trail_of_questions_is_dropped(runs: Runs, engine: Slow) -> None:
    runs.ask(TOWN, SLOT)
    assert engine.begun.wait(WAIT_S)
    slots: list[Slot] = [Slot("grid", ViewRules(assumed_range_m=10.0 + i)) for i in range(MOST_WAITING + 3)]
    for slot in slots:
        runs.ask(TOWN, slot)
    assert runs.ask(TOWN, slots[0], begin=False).state == "none"
    engine.go.set()
    assert runs.ask(TOWN, slots[-1], WAIT_S).state == "ready"
    assert engine.works == 1 + MOST_WAITING


def test_what_somebody_waits_for_is_not_dropped(runs: Runs, engine: Slow) -> None:
    slots: list[Slot] = [Slot("grid", ViewRules(assumed_range_m=10.0 + i)) for i in range(MOST_WAITING + 3)]
    runs.ask(TOWN, SLOT)
    assert engine.begun.wait(WAIT_S)
    readers = [threading.Thread(target=runs.ask, args=(TOWN, slot, WAIT_S)) for slot in slots]
    for reader, slot in zip(readers, slots, strict=True):
        reader.start()
        until(lambda slot=slot: runs.ask(TOWN, slot, begin=False).state == "computing")  # type: ignore[misc]
    assert {runs.ask(TOWN, slot, begin=False).state for slot in slots} == {"computing"}
    engine.go.set()
    for reader in readers:
        reader.join(WAIT_S)
    assert engine.works == 1 + len(slots)


def test_few_readers_wait_at_once(runs: Runs, engine: Slow) -> None:
    runs.runner.most_readers = 1
    first = threading.Thread(target=runs.ask, args=(TOWN, SLOT, WAIT_S))
    first.start()
    assert engine.begun.wait(WAIT_S)
    until(lambda: runs.runner.readers == 1)
    assert runs.ask(TOWN, SLOT, 10 * WAIT_S).state == "computing"
    engine.go.set()
    first.join(WAIT_S)
    assert engine.works == 1


def test_who_waits_is_let_go_when_the_service_stops(runs: Runs, engine: Slow) -> None:
    runs.ask(TOWN, SLOT)
    assert engine.begun.wait(WAIT_S)
    other = Slot("grid", ViewRules(online_only=True))
    reader = threading.Thread(target=runs.ask, args=(TOWN, other, 10 * WAIT_S), daemon=True)
    reader.start()
    until(lambda: runs.ask(TOWN, other, begin=False).state == "computing")
    runs.close()
    reader.join(WAIT_S)
    assert not reader.is_alive()


def test_an_old_result_read_again_is_not_shown_as_fresh(runs: Runs, engine: Slow) -> None:
    engine.go.set()
    first = runs.ask(TOWN, SLOT, WAIT_S).complete
    assert first is not None
    then = moved(TOWN, 0)
    runs.ask(moved(then, 1), SLOT, WAIT_S)
    engine.latest = lambda slot: first  # type: ignore[method-assign] # the newest gave way to others, unwritten
    engine.go.clear()
    assert runs.ask(then, SLOT).stale


def test_cancelled_stays_cancelled_until_it_is_started_or_the_store_changes(runs: Runs, engine: Slow) -> None:
    runs.ask(TOWN, SLOT)
    assert engine.begun.wait(WAIT_S)
    assert runs.cancel(TOWN, SLOT).state == "cancelled"
    assert runs.ask(TOWN, SLOT, 0.1).state == "cancelled"
    assert engine.works == 1
    engine.go.set()
    assert runs.start(TOWN, SLOT, WAIT_S).state == "ready"
    assert runs.cancel(TOWN, SLOT).state == "ready"
    engine.go.clear()
    then = moved(TOWN, 2)
    runs.ask(then, SLOT)
    found = runs.cancel(then, SLOT)
    assert (found.state, found.stale) == ("cancelled", True)
    engine.go.set()
    assert runs.ask(moved(then, 1), SLOT, WAIT_S).state == "ready"


def test_what_waits_can_be_cancelled_too(runs: Runs, engine: Slow) -> None:
    runs.ask(TOWN, SLOT)
    assert engine.begun.wait(WAIT_S)
    other = Slot("grid", ViewRules(online_only=True))
    runs.ask(TOWN, other)
    assert runs.cancel(TOWN, other).state == "cancelled"
    engine.go.set()
    assert runs.ask(TOWN, SLOT, WAIT_S).state == "ready"
    assert engine.works == 1


@pytest.mark.parametrize(
    ("fault", "code"),
    [(ParameterError("The {what} is wrong.", "Mend it.", what="map"), "parameter"), (KeyError(1), "internal")],
)
def test_a_fault_reaches_who_waits_and_is_not_tried_again(
    runs: Runs, engine: Slow, fault: Exception, code: str
) -> None:
    engine.fault = fault
    engine.go.set()
    found = runs.ask(TOWN, SLOT, WAIT_S)
    assert (found.state, found.complete) == ("failed", None)
    assert found.error is not None
    assert found.error["code"] == code
    assert found.error["remedy"]
    assert runs.ask(TOWN, SLOT, WAIT_S).state == "failed"
    assert engine.works == 1
    engine.fault = None
    assert runs.start(TOWN, SLOT, WAIT_S).state == "ready"


def test_an_empty_store_has_nothing_to_compute(runs: Runs, engine: Slow) -> None:
    found = runs.ask(snapshot(), (None, ViewRules()), WAIT_S)
    assert (found.state, found.complete, found.stale) == ("none", None, False)
    assert engine.works == 0


def test_a_status_begins_nothing(runs: Runs, engine: Slow) -> None:
    assert runs.ask(TOWN, SLOT, begin=False).state == "none"
    assert engine.works == 0


def test_after_a_restart_the_last_one_is_there_at_once(tmp_path: Path) -> None:
    derived = Derived(tmp_path, lambda text: None)
    runs = Runs(Engine(derived), derived, lambda text: None)
    first = runs.ask(TOWN, SLOT, WAIT_S).complete
    until(lambda: not list(tmp_path.glob("*.json")))
    runs.close()
    again = Runs(Engine(derived), derived, lambda text: None)
    reread = changed(TOWN, "buildings", replace(TOWN["buildings"]))
    found = again.ask(reread, SLOT, begin=False)
    assert found.state == "ready"
    assert first is not None
    assert found.complete is not None
    assert np.array_equal(found.complete.city.coverage.blind_m2, first.city.coverage.blind_m2)
    assert obstacles_of(reread) is found.complete.city.obstacles
    stale = again.ask(moved(TOWN, 1), SLOT, begin=False)
    assert (stale.stale, stale.state) == (True, "none")
    again.close()


KILLED = """
import sys
import time
from pathlib import Path
from geo.camera_facts import ViewRules
from layers.engine import Engine
from layers.complete import Slot
from tests.layers.seeded import town
from web.derived import Derived
from web.runs import Runs

derived = Derived(Path(sys.argv[1]), print)
engine = Engine(derived)
work = engine.compute

def told(snapshot, slot, progress, cancelled):
    def tell(share, step):
        progress(share, step)
        print(step, flush=True)
        if step == "coverage":
            time.sleep(600)  # until it is killed
    return work(snapshot, slot, tell, cancelled)

engine.compute = told
runs = Runs(engine, derived, print)
runs.ask(town(9, cameras=1500, side=24, houses=3000, incidents=3000), Slot("grid", ViewRules()), 600)
print("done", flush=True)
"""


def test_a_killed_computation_is_begun_again_and_completes(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert process.stdout is not None
    with process.stdout:
        for line in process.stdout:
            assert line.strip() != "done"
            if line.strip() == "coverage":
                os.kill(process.pid, signal.SIGKILL)
                break
    assert process.wait(WAIT_S) == -signal.SIGKILL

    derived = Derived(tmp_path, lambda text: None)
    assert derived.unfinished() == [SLOT]
    assert derived.load(SLOT) is None
    runs = Runs(Engine(derived), derived, lambda text: None)
    big = town(9, cameras=1500, side=24, houses=3000, incidents=3000)
    runs.resume(big)
    found = runs.ask(big, SLOT, WAIT_S, begin=False)
    assert found.state == "ready"
    assert found.complete is not None
    whole = compute(big, *SLOT[:2])
    assert np.array_equal(found.complete.city.coverage.blind_m2, whole.city.coverage.blind_m2)
    assert np.array_equal(found.complete.city.coverage.seen_by_m2, whole.city.coverage.seen_by_m2)
    until(lambda: derived.unfinished() == [])
    runs.close()
    assert derived.load(SLOT) is not None
