"""Eight processes write, fifty threads of five others read the same file: nothing is lost, nobody is told "locked".

`ATLAS_FULL=1`: 1,000 edits of each writer. The same against a server: `tests/test_concurrency.py`.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path

from store.audit_read import Wish
from store.errors import ConflictError
from store.store import Store
from tests.kills import Child, Say
from tests.store.checks import assert_sound
from tests.store.factories import SOURCE, batch

WRITERS, READING, THREADS = 8, 5, 10
FULL = os.environ.get("ATLAS_FULL") == "1"
EDITS = 1_000 if FULL else 20
PAUSE_S = 0.5 if FULL else 0.05  # of a reader: at full length there is time to meet, and most of it would go to them


def test_processes_that_write_the_same_plan(tmp_path: Path) -> None:
    path = tmp_path / "s.gpkg"
    with Store.open(path) as store:
        store.write(batch("cameras", 20), "append", SOURCE)
        plan = store.add_scenario("0", [], base={}, options={}, base_revision=1).id

    def write(say: Say) -> None:  # any error but a conflict ends the process with a fault
        late = 0
        # They stand in line (`store/turns.py`). How long a turn lasts depends on the machine, which may stop a while.
        with Store.open(path, wait_s=600.0) as store:
            for _ in range(EDITS):
                while True:
                    seen = store.scenario(plan)
                    try:
                        store.change_scenario(plan, seen.version, name=str(int(seen.name) + 1))
                        break
                    except ConflictError:
                        late += 1
        say(str(late))

    def read(say: Say) -> None:
        done: list[int] = []
        with Store.open(path) as store:

            def look() -> None:  # a fault ends the thread before it is done
                last = 0
                while last < WRITERS * EDITS:
                    count = int(store.scenario(plan).name)
                    assert count >= last and len(store.snapshot()["cameras"]) == 20
                    last = count
                    stop.wait(PAUSE_S)
                done.append(last)

            stop = threading.Event()
            threads = [threading.Thread(target=look) for _ in range(THREADS)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert len(done) == THREADS
        say("done")

    readers = [Child(read) for _ in range(READING)]
    writers = [Child(write) for _ in range(WRITERS)]
    try:
        late = sum(int(writer.wait()[-1]) for writer in writers)
        assert [reader.wait() for reader in readers] == [["done"]] * READING
    finally:
        for child in (*readers, *writers):
            child.end()
    assert late > 0  # they did meet
    with Store.open(path) as store:
        assert int(store.scenario(plan).name) == WRITERS * EDITS == store.scenario(plan).version - 1
        assert store.trail_count(Wish(action="scenario.change")) == WRITERS * EDITS
        assert store.verify_trail().whole
    assert_sound(path)
