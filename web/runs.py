"""Computations of coverage behind the pages, by `web.runner`; the last complete one is shown meanwhile.

A reader gets the result of exactly the present state of the store where there is one; else the last complete one, and
is told that it is of an older state and how far the new one is. A computation that was asked for and not ended when
the process was killed is begun again when the next process starts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from geo.columns import Snapshot
from geo.errors import N_
from layers.complete import Complete, Slot
from layers.engine import Engine, revision_of
from layers.fingerprint import mark
from layers.sight import obstacles_of
from web.runner import MOST_REMEMBERED, Ending, Progress, Runner, State, Stop, Told, Wish

MOST_READERS = 16  # that wait at once: half the threads of the server
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


@dataclass(frozen=True)
class Shown:
    """What can be shown of a level by a reader's rules, now.

    Attributes
    ----------
    complete
        The last complete result, None when there is none.
    stale
        It is of an older state of the store.
    state, job, progress, step, error
        See `web.runner.Told`; "ready" says complete and not stale.
    revision
        Of the store's grids, buildings and cameras.
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
        self.runner: Runner[Complete] = Runner("coverage", log, MOST_READERS)
        self._diary = diary
        self._newest: dict[Slot, int] = {}  # revision of the last result made by this process

    def ask(self, snapshot: Snapshot, slot: Slot, wait_s: float = 0.0, *, begin: bool = True) -> Shown:
        """Return what can be shown of `slot`, and begin to work it out when it is not of this state of the store.

        Parameters
        ----------
        wait_s
            How long to wait for a result of this state.
        begin
            False only looks. A computation that was cancelled or failed is not begun again here; see `start`.
        """
        return self._do(snapshot, slot, lambda wish: self.runner.ask(wish, wait_s, begin=begin))

    def start(self, snapshot: Snapshot, slot: Slot, wait_s: float = 0.0) -> Shown:
        """Begin to work out `slot`, also after it was cancelled or has failed."""
        return self._do(snapshot, slot, lambda wish: self.runner.start(wish, wait_s))

    def cancel(self, snapshot: Snapshot, slot: Slot) -> Shown:
        """Stop working out `slot`; what was complete before stays."""
        return self._do(snapshot, slot, self.runner.cancel)

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
        self.runner.close()
        self.engine.flush()

    def _do(self, snapshot: Snapshot, slot: Slot, how: Callable[[Wish[Complete]], Told[Complete]]) -> Shown:
        revision = revision_of(snapshot)
        if snapshot.crs is None:
            return Shown(None, False, "none", revision)
        present = mark(snapshot, slot[0])
        last = self.engine.latest(slot)
        if last is not None and last.mark == present:
            obstacles_of(snapshot, last.city.obstacles)  # for who asks of a place, or by other rules

        def kept() -> Complete | None:
            nonlocal last
            last = self.engine.latest(slot) or last
            # A reader who still holds an older snapshot is not answered with what he would have to wait for.
            newer = last is not None and revision < self._newest.get(slot, 0) <= last.revision
            return last if last is not None and (newer or last.mark == present) else None

        told = how(self._wish(snapshot, slot, present, kept))
        if told.result is not None:
            return Shown(told.result, False, "ready", revision)
        usable = last if last is not None and last.crs == snapshot.crs else None
        return Shown(usable, usable is not None, told.state, revision, told.job, told.progress, told.step, told.error)

    def _wish(
        self, snapshot: Snapshot, slot: Slot, present: Any, kept: Callable[[], Complete | None]
    ) -> Wish[Complete]:
        diary = self._diary if slot.scope is None else None  # whose area it was is not known to the next process

        def work(progress: Progress, stop: Stop) -> Complete:
            if diary is not None:
                diary.begin(slot)
            complete = self.engine.compute(snapshot, slot, progress, stop)
            for old in list(self._newest)[:-MOST_REMEMBERED]:
                self._newest.pop(old)
            self._newest[slot] = complete.revision
            return complete

        def after(ending: Ending, complete: Complete | None) -> None:
            try:
                if complete is not None:
                    self.engine.keep(complete)
            finally:
                if diary is not None and not (self.runner.closed and ending == "cancelled"):
                    diary.end(slot)

        return Wish(slot, present, work, kept, after)
