"""Long work behind the pages: one piece at a time on a thread, shared by all who ask for the same, with progress.

Who asks waits a little, as long as few others do, and is then told how far it is; the work goes on and can be
cancelled. Each kind of work has a runner of its own, so that a short one does not wait for a long one of another kind.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

from geo.errors import AtlasError
from geo.parallel import Cancelled
from web.errors import HTTP_TEXTS, status_of
from web.logs import fault_of

T = TypeVar("T")
Progress = Callable[[float, str], None]
Stop = Callable[[], bool]
Ending = Literal["done", "cancelled", "failed", "dropped"]
State = Literal["ready", "computing", "cancelled", "failed", "none"]
Fault = dict[str, Any]

MOST_WAITING = 4
MOST_REMEMBERED = 50
CANCEL_S = 5.0  # how long who cancels waits for the work to stop
CLOSE_S = 30.0


@dataclass(frozen=True)
class Wish(Generic[T]):
    """What is asked for.

    Attributes
    ----------
    key
        What there is one of at a time: a level with its rules, an area.
    mark
        The state of the data it is asked of. Work that failed or was cancelled is not begun again for the same mark.
    work
        Called with a reporter of progress (share 0..1, step) and a question whether to stop; returns the result, and
        keeps it where `kept` finds it.
    kept
        Returns the result where it is there, without any work; else None.
    after
        Told how the work ended, with the result, once readers have been answered.
    """

    key: Hashable
    mark: Hashable
    work: Callable[[Progress, Stop], T]
    kept: Callable[[], T | None]
    after: Callable[[Ending, T | None], None] | None = None


@dataclass(frozen=True)
class Told(Generic[T]):
    """What who asked is told.

    Attributes
    ----------
    result
        None while there is none.
    state
        "ready": there. "computing": on its way. "cancelled", "failed": not, until somebody starts it. "none": nothing
        to work out, or nobody has asked.
    job, progress, step
        Of the work on its way.
    error
        Why it failed: {"code", "message", "remedy", "params"}, texts untranslated.
    """

    result: T | None
    state: State
    job: str | None = None
    progress: float = 0.0
    step: str = ""
    error: Fault | None = None


@dataclass
class _Run(Generic[T]):
    """One piece of work. Only the runner's lock guards it; `wish` goes when it has ended, with all it holds."""

    key: Hashable
    mark: Hashable
    wish: Wish[T] | None
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    state: Literal["queued", "running"] | Ending = "queued"
    progress: float = 0.0
    step: str = ""
    error: Fault | None = None
    waiting: int = 0
    stop: threading.Event = field(default_factory=threading.Event)

    @property
    def ended(self) -> bool:
        return self.state not in ("queued", "running")


class Runner(Generic[T]):
    """The work of one kind in one process.

    Parameters
    ----------
    name
        For the log, and of its thread.
    log
        Told what went wrong inside: of a fault its type and place, never its text.
    most_readers
        That wait at once, each on a thread of the server; the next ones are told at once how far it is.
    """

    def __init__(self, name: str, log: Callable[[str], None], most_readers: int = 4) -> None:
        self.name = name
        self.most_readers = most_readers
        self.closed = False
        self._log = log
        self._lock = threading.Condition()
        self._runs: dict[Hashable, _Run[T]] = {}
        self._queue: deque[_Run[T]] = deque()
        self._thread: threading.Thread | None = None

    @property
    def readers(self) -> int:
        """How many wait now."""
        with self._lock:
            return self._readers()

    def _readers(self) -> int:
        return sum(run.waiting for run in self._runs.values())

    def ask(self, wish: Wish[T], wait_s: float = 0.0, *, begin: bool = True) -> Told[T]:
        """Return the result, or how far it is after at most `wait_s`; begun when nobody has asked before.

        `begin` False only looks. What was cancelled or has failed is not begun again here; see `start`.
        """
        deadline = time.monotonic() + wait_s
        with self._lock:
            while True:
                found = wish.kept()
                if found is not None:
                    return Told(found, "ready")
                run = self._runs.get(wish.key)
                if run is None or run.state in ("dropped", "done") or (run.ended and run.mark != wish.mark):
                    if not begin or self.closed:
                        return Told(None, "none")
                    run = self._enqueue(_Run(wish.key, wish.mark, wish))
                elif run.ended:
                    return self._told(run)
                left = deadline - time.monotonic()
                if left <= 0 or self.closed or self._readers() >= self.most_readers:
                    return self._told(run)
                run.waiting += 1
                self._lock.wait(left)
                run.waiting -= 1

    def start(self, wish: Wish[T], wait_s: float = 0.0) -> Told[T]:
        """Begin, also what was cancelled or has failed."""
        with self._lock:
            run = self._runs.get(wish.key)
            if run is not None and run.ended:
                del self._runs[wish.key]
        return self.ask(wish, wait_s)

    def cancel(self, wish: Wish[T]) -> Told[T]:
        """Stop the work of this key, whoever asked for it; what was there before stays."""
        with self._lock:
            run = self._runs.get(wish.key)
            if run is not None and not run.ended:
                run.stop.set()
                if run.state == "queued":
                    self._queue.remove(run)
                    self._end(run, "cancelled")
                else:
                    self._lock.wait_for(lambda: run.ended, CANCEL_S)
        return self.ask(wish, begin=False)

    def close(self) -> None:
        """Stop at once."""
        with self._lock:
            self.closed = True
            self._queue.clear()
            for run in self._runs.values():
                run.stop.set()
            self._lock.notify_all()
            self._lock.wait_for(lambda: self._thread is None, CLOSE_S)

    def _told(self, run: _Run[T]) -> Told[T]:
        if run.state in ("cancelled", "failed"):
            return Told(None, run.state, error=run.error)  # type: ignore[arg-type]
        return Told(None, "computing", run.id, run.progress, run.step)

    def _enqueue(self, run: _Run[T]) -> _Run[T]:
        for old in [key for key, known in self._runs.items() if known.ended][:-MOST_REMEMBERED]:
            del self._runs[old]
        self._runs[run.key] = run
        self._queue.append(run)
        # Who turns a knob leaves a trail of questions behind; nobody waits for the answers. One that somebody waits for
        # stays: he would only ask again. So there are never more than this and `most_readers`.
        while len(self._queue) > MOST_WAITING:
            idle = next((old for old in self._queue if not old.waiting and old is not run), None)
            if idle is None:
                break
            self._queue.remove(idle)
            self._end(idle, "dropped")
        if self._thread is None:
            # A daemon: a service that stops does not wait for what nobody will read.
            self._thread = threading.Thread(target=self._work_all, name=self.name, daemon=True)
            self._thread.start()
        return run

    def _end(self, run: _Run[T], state: Ending, error: Fault | None = None) -> None:
        run.state, run.error, run.wish = state, error, None
        self._lock.notify_all()

    def _work_all(self) -> None:
        while True:
            with self._lock:
                if not self._queue or self.closed:
                    self._thread = None
                    self._lock.notify_all()
                    return
                run = self._queue.popleft()
                run.state = "running"
            self._work(run)

    def _work(self, run: _Run[T]) -> None:
        def progress(share: float, step: str = "") -> None:
            with self._lock:
                run.progress, run.step = min(max(float(share), 0.0), 1.0), step

        wish = run.wish
        assert wish is not None
        result: T | None = None
        ending: Ending = "failed"
        error: Fault | None = None
        try:
            result = wish.work(progress, run.stop.is_set)
            ending = "done"
        except Cancelled:
            ending = "cancelled"
        except AtlasError as problem:
            error = fault(status_of(problem)[1], problem.message, problem.remedy, problem.params)
        except Exception as problem:  # noqa: BLE001 - a fault of the program must reach who waits
            self._log(f"{self.name} {run.id}: {fault_of(problem, problem.__traceback__)}")
            error = fault("internal", *HTTP_TEXTS[500])
        with self._lock:
            self._end(run, ending, error)
        if wish.after is not None:
            try:
                wish.after(ending, result)
            except Exception as problem:  # noqa: BLE001 - the result is there; what comes next must be worked out too
                self._log(f"{self.name} {run.id} is not kept: {fault_of(problem, problem.__traceback__)}")


def fault(code: str, message: str, remedy: str, params: Any = None) -> Fault:
    """Return what is kept of a failure, texts untranslated: every reader gets his language."""
    return {"code": code, "message": message, "remedy": remedy, "params": dict(params or {})}
