"""Computations of coverage behind the pages: one at a time, shared by all who ask for the same, with progress.

A reader gets the result of exactly the present state of the store where there is one; else the last complete one, and
is told that it is of an older state and how far the new one is. A computation that was asked for and not ended when
the process was killed is begun again when the next process starts.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from geo.columns import Snapshot
from geo.errors import N_, AtlasError
from geo.parallel import Cancelled
from layers.complete import Complete, Slot
from layers.engine import Engine, revision_of
from layers.fingerprint import Mark, mark
from layers.sight import obstacles_of
from web.errors import HTTP_TEXTS, status_of

State = Literal["ready", "computing", "cancelled", "failed", "none"]
MOST_WAITING = 4
MOST_READERS = 16  # that wait at once: half the threads of the server; the next ones are told how far it is
MOST_REMEMBERED = 50
# What a computation reports, as a reader is told of it.
STEPS = {
    "": N_("Waiting"),
    "buildings": N_("Preparing the buildings"),
    "grids": N_("Preparing the grids"),
    "views": N_("Working out the views"),
    "coverage": N_("Measuring the grids"),
    "measures": N_("Measuring streets, incidents and places"),
}


class Diary(Protocol):
    """Where it is written that a computation was begun, so that the next process can begin it again."""

    def begin(self, slot: Slot) -> None:
        """Write down that `slot` is being computed."""
        ...

    def end(self, slot: Slot) -> None:
        """Write down that `slot` is no longer being computed: it is done, cancelled or failed."""
        ...

    def may_begin(self, slot: Slot) -> bool:
        """Return whether `slot` has not been begun in vain too often."""
        ...

    def unfinished(self) -> list[Slot]:
        """Return what was begun and not ended by processes that are gone."""
        ...


@dataclass
class Run:
    """One computation. Only the runner's lock guards it."""

    slot: Slot
    mark: Mark
    snapshot: Snapshot | None
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    state: Literal["queued", "running", "done", "cancelled", "failed", "dropped"] = "queued"
    progress: float = 0.0
    step: str = ""
    error: dict[str, Any] | None = None
    waiting: int = 0
    stop: threading.Event = field(default_factory=threading.Event)

    @property
    def ended(self) -> bool:
        return self.state not in ("queued", "running")


@dataclass(frozen=True)
class Shown:
    """What can be shown of a level by a reader's rules, now.

    Attributes
    ----------
    complete
        The last complete result, None when there is none.
    stale
        It is of an older state of the store.
    state
        "ready": complete and not stale. "computing": a newer one is on its way. "cancelled", "failed": it is not, until
        somebody starts it. "none": nothing to work out, or nobody has asked.
    revision
        Of the store's grids, buildings and cameras.
    job, progress, step
        Of the computation on its way.
    error
        Why it failed: {"code", "message", "remedy", "params"}, texts untranslated.
    """

    complete: Complete | None
    stale: bool
    state: State
    revision: int
    job: str | None = None
    progress: float = 0.0
    step: str = ""
    error: dict[str, Any] | None = None


class Runs:
    """The computations of one process.

    Parameters
    ----------
    engine
        Does the work and holds the results.
    diary
        Outlives the process; None: nothing does.
    log
        Told what went wrong inside.
    """

    def __init__(self, engine: Engine, diary: Diary | None, log: Callable[[str], None]) -> None:
        self.engine = engine
        self._diary = diary
        self._log = log
        self._lock = threading.Condition()
        self._runs: dict[Slot, Run] = {}
        self._newest: dict[Slot, int] = {}  # revision of the last result made by this process
        self._queue: deque[Run] = deque()
        self._thread: threading.Thread | None = None
        self._closed = False

    def ask(self, snapshot: Snapshot, slot: Slot, wait_s: float = 0.0, *, begin: bool = True) -> Shown:
        """Return what can be shown of `slot`, and begin to work it out when it is not of this state of the store.

        Parameters
        ----------
        wait_s
            How long to wait for a result of this state.
        begin
            False only looks. A computation that was cancelled or failed is not begun again here; see `start`.
        """
        if snapshot.crs is None:
            return Shown(None, False, "none", revision_of(snapshot))
        deadline = time.monotonic() + wait_s
        present = mark(snapshot, slot[0])
        revision = revision_of(snapshot)
        last = self.engine.latest(slot)
        if last is not None and last.mark == present:
            obstacles_of(snapshot, last.city.obstacles)  # for who asks of a place, or by other rules
        with self._lock:
            while True:
                last = self.engine.latest(slot) or last
                # A reader who still holds an older snapshot is not answered with what he would have to wait for.
                newer = last is not None and revision < self._newest.get(slot, 0) <= last.revision
                if last is not None and (newer or last.mark == present):
                    return Shown(last, False, "ready", revision)
                run = self._runs.get(slot)
                if run is None or run.state in ("dropped", "done") or (run.ended and run.mark != present):
                    if not begin or self._closed:
                        return self._shown(snapshot, last, None)
                    run = self._enqueue(Run(slot, present, snapshot))
                elif run.ended:
                    return self._shown(snapshot, last, run)
                left = deadline - time.monotonic()
                readers = sum(known.waiting for known in self._runs.values())
                if left <= 0 or self._closed or readers >= MOST_READERS:
                    return self._shown(snapshot, last, run)
                run.waiting += 1
                self._lock.wait(left)
                run.waiting -= 1

    def start(self, snapshot: Snapshot, slot: Slot, wait_s: float = 0.0) -> Shown:
        """Begin to work out `slot`, also after it was cancelled or has failed."""
        with self._lock:
            run = self._runs.get(slot)
            if run is not None and run.ended:
                del self._runs[slot]
        return self.ask(snapshot, slot, wait_s)

    def cancel(self, snapshot: Snapshot, slot: Slot) -> Shown:
        """Stop working out `slot`; what was complete before stays."""
        with self._lock:
            run = self._runs.get(slot)
            if run is not None and not run.ended:
                run.stop.set()
                if run.state == "queued":
                    self._queue.remove(run)
                    self._end(run, "cancelled")
                else:
                    self._lock.wait_for(lambda: run.ended, 5.0)
        return self.ask(snapshot, slot, begin=False)

    def resume(self, snapshot: Snapshot) -> None:
        """Begin again what a killed process had begun."""
        if self._diary is not None:
            for slot in self._diary.unfinished():
                self.ask(snapshot, slot)

    def may_begin(self, slot: Slot) -> bool:
        """Return whether nothing speaks against beginning `slot` unasked: it has not ended the process too often."""
        return self._diary is None or self._diary.may_begin(slot)

    def close(self) -> None:
        """Stop at once; what was running is begun again by the next process."""
        with self._lock:
            self._closed = True
            self._queue.clear()
            for run in self._runs.values():
                run.stop.set()
            self._lock.notify_all()
            self._lock.wait_for(lambda: self._thread is None, 30.0)
        self.engine.flush()

    def _shown(self, snapshot: Snapshot, last: Complete | None, run: Run | None) -> Shown:
        usable = last if last is not None and last.crs == snapshot.crs else None
        revision = revision_of(snapshot)
        if run is None or run.state == "dropped":
            return Shown(usable, usable is not None, "none", revision)
        if run.state in ("cancelled", "failed"):
            return Shown(usable, usable is not None, run.state, revision, error=run.error)  # type: ignore[arg-type]
        return Shown(usable, usable is not None, "computing", revision, run.id, run.progress, run.step)

    def _enqueue(self, run: Run) -> Run:
        for old in [slot for slot, known in self._runs.items() if known.ended][:-MOST_REMEMBERED]:
            del self._runs[old]
            self._newest.pop(old, None)
        self._runs[run.slot] = run
        self._queue.append(run)
        # Who turns a knob leaves a trail of questions behind; nobody waits for the answers. One that somebody waits for
        # stays: he would only ask again. So there are never more than this and `MOST_READERS`.
        while len(self._queue) > MOST_WAITING:
            idle = next((old for old in self._queue if not old.waiting and old is not run), None)
            if idle is None:
                break
            self._queue.remove(idle)
            self._end(idle, "dropped")
        if self._thread is None:
            self._thread = threading.Thread(target=self._work_all, name="coverage", daemon=True)
            self._thread.start()
        return run

    def _end(self, run: Run, state: Any, error: dict[str, Any] | None = None) -> None:
        run.state, run.error, run.snapshot = state, error, None
        self._lock.notify_all()

    def _work_all(self) -> None:
        while True:
            with self._lock:
                if not self._queue or self._closed:
                    self._thread = None
                    self._lock.notify_all()
                    return
                run = self._queue.popleft()
                run.state = "running"
            self._work(run)

    def _work(self, run: Run) -> None:
        def progress(share: float, step: str = "") -> None:
            with self._lock:
                run.progress, run.step = min(max(float(share), 0.0), 1.0), step

        assert run.snapshot is not None
        if self._diary is not None:
            self._diary.begin(run.slot)
        complete, ending, error = None, "failed", None
        try:
            complete = self.engine.compute(run.snapshot, run.slot, progress, run.stop.is_set)
            ending = "done"
        except Cancelled:
            ending = "cancelled"
        except AtlasError as problem:
            error = _error(status_of(problem)[1], problem.message, problem.remedy, problem.params)
        except Exception as problem:  # noqa: BLE001 - a fault of the program must reach who waits
            self._log(f"coverage {run.id}: {type(problem).__name__}: {problem}")
            error = _error("internal", *HTTP_TEXTS[500])
        with self._lock:
            self._end(run, ending, error)
            closed = self._closed
            if complete is not None:
                self._newest[run.slot] = complete.revision
        if complete is not None:
            try:
                self.engine.keep(complete)
            except Exception as problem:  # noqa: BLE001 - the result is there; what comes next must be worked out too
                self._log(f"coverage {run.id} is not kept: {type(problem).__name__}: {problem}")
        if self._diary is not None and not (closed and ending == "cancelled"):
            self._diary.end(run.slot)


def _error(code: str, message: str, remedy: str, params: Any = None) -> dict[str, Any]:
    return {"code": code, "message": message, "remedy": remedy, "params": dict(params or {})}
