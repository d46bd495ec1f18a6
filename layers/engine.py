"""The coverage of a whole city, worked out once for a level and a reader's rules, then kept up to date.

What is worked out is a `Complete`: it holds all that is shown of a city at one revision, so that it can still be shown
when the store has gone on. `Engine` keeps a few of them and works the next one out from the last where only cameras or
buildings differ; the result equals that of starting anew.
"""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Protocol

from geo.camera_facts import ViewRules
from geo.columns import Snapshot
from geo.parallel import Cancelled as Stopped
from layers.base import Params, rows_of_level, text_or_none
from layers.complete import Complete, Slot
from layers.fingerprint import mark
from layers.measures import measure
from layers.sight import obstacles_of

NEEDS = ("grids", "buildings", "cameras")
MOST_KEPT = 48  # of the city, and of areas in it
MOST_LOOKED = 1000  # rules of which it is remembered that nothing is on disk
# Cameras, buildings and grids of all that is kept together: a city of 60,000 cameras and 300,000 buildings twice over.
MOST_ROWS = 800_000
# A file of more rows than this is not written again within this time.
LARGE_ROWS = 50_000
KEEP_EVERY_S = 60.0
# What of a reader's choice decides on what cameras see, by the names of the queries.
RULES = ("assumed_range_m", "online_only", "edition", "task", "target_height_m")
FOLLOWED = ("streets", "incidents")  # of what is made of a result, what can be made from that of the last one
CITY_SHARE = 0.8  # of the whole work, as progress is told

Progress = Callable[[float, str], None]
Cancelled = Callable[[], bool]


class Keeper(Protocol):
    """Where complete results outlive the process."""

    def load(self, slot: Slot) -> Complete | None:
        """Return the last result of `slot`, None when there is none that can be used."""
        ...

    def save(self, complete: Complete) -> None:
        """Keep a result."""
        ...


def rules_of(params: Params) -> ViewRules:
    """Return what a reader chose about cameras."""
    return ViewRules(
        assumed_range_m=params.assumed_range_m,
        online_only=params.online_only,
        edition=params.edition,
        task=params.task,
        target_height_m=params.target_height_m,
    )


def revision_of(snapshot: Snapshot) -> int:
    """Return the latest revision of what coverage reads."""
    return max(snapshot[name].revision for name in NEEDS)


def compute(
    snapshot: Snapshot,
    level: str | None,
    rules: ViewRules,
    kept: tuple[Complete, ...] = (),
    progress: Progress = lambda share, step: None,
    cancelled: Cancelled = lambda: False,
) -> Complete:
    """Work out the coverage of a level.

    Parameters
    ----------
    snapshot
        Must have a CRS.
    level
        A level of the snapshot, None when it has no grids.
    kept
        Results that may be built on, the most useful first.
    progress, cancelled
        Told the share done and the step; asked whether to stop.

    Raises
    ------
    geo.city.Cancelled
        `cancelled` said so.
    """
    from layers.engine_steps import city_of

    assert snapshot.crs is not None
    state = mark(snapshot, level)
    told: Progress = lambda done, step: progress(CITY_SHARE * done, step)  # noqa: E731
    found = city_of(snapshot, level, rules, state, kept, told, cancelled)
    city, before = found.city, found.before
    grids, rows = snapshot["grids"], rows_of_level(snapshot["grids"], level)
    texts = [text_or_none(grids.text(name)[rows]) for name in ("code", "name", "parent")]
    complete = Complete(level, rules, state, revision_of(snapshot), *texts, city, snapshot.scope)
    if before is not None and found.touched is not None:
        complete.follow(before, found.touched, FOLLOWED)
    return complete


class Engine:
    """A few complete results, least recently used ones dropped first; safe to share between threads.

    Parameters
    ----------
    keeper
        Where results outlive the process; None: nowhere.
    """

    def __init__(self, keeper: Keeper | None = None) -> None:
        self._keeper = keeper
        self._lock = threading.Lock()
        self._loading = threading.Lock()
        self._kept: OrderedDict[Slot, Complete] = OrderedDict()
        self._looked: set[Slot] = set()
        self._written: dict[Slot, float] = {}
        self._waiting: dict[Slot, Complete] = {}

    def latest(self, slot: Slot) -> Complete | None:
        """Return the last complete result of `slot`, whatever state of the store it is of."""
        with self._lock:
            if slot in self._kept:
                self._kept.move_to_end(slot)
                return self._kept[slot]
            # What is of an area stays in the process: a file is everybody's who finds it.
            if self._keeper is None or slot.scope is not None or slot in self._looked:
                return None
        with self._loading:
            with self._lock:
                if slot in self._kept or slot in self._looked:
                    return self._kept.get(slot)
            found = self._keeper.load(slot)
            with self._lock:
                if len(self._looked) >= MOST_LOOKED:
                    self._looked.clear()
                self._looked.add(slot)
                if found is not None and slot not in self._kept:  # else a newer one was made meanwhile
                    self._put(found)
                return self._kept.get(slot)

    def get(self, snapshot: Snapshot, slot: Slot) -> Complete | None:
        """Return the result of `slot` that is complete for exactly this state of the store, None without one."""
        found = self.latest(slot)
        if found is None or found.mark != mark(snapshot, slot[0]):
            return None
        obstacles_of(snapshot, found.city.obstacles)  # for who asks by other rules
        return found

    def compute(
        self,
        snapshot: Snapshot,
        slot: Slot,
        progress: Progress = lambda share, step: None,
        cancelled: Cancelled = lambda: False,
    ) -> Complete:
        """Work out `slot`, from the last results where that is less work, and keep it (not beyond the process)."""
        same = self.latest(slot)
        with self._lock:
            others = tuple(found for found in reversed(self._kept.values()) if found is not same)
        assert slot.scope == snapshot.scope
        found = compute(snapshot, slot.level, slot.rules, ((same,) if same else ()) + others, progress, cancelled)
        if cancelled():
            raise Stopped
        progress(CITY_SHARE, "measures")
        measure(found, snapshot, Params())  # whoever asks for it first does not wait for it
        progress(1.0, "measures")
        with self._lock:
            self._put(found)
        return found

    def keep(self, complete: Complete, *, now: bool = False) -> None:
        """Let a result outlive the process; a large one once a minute at most, unless it must be `now`."""
        if self._keeper is None or complete.scope is not None:
            return
        slot, clock = complete.slot, time.monotonic()
        with self._lock:
            late = clock - self._written.get(slot, -math.inf) >= KEEP_EVERY_S
            if not (now or late or weight(complete) <= LARGE_ROWS):
                self._waiting[slot] = complete
                return
            self._waiting.pop(slot, None)
            self._written[slot] = clock
        self._keeper.save(complete)

    def flush(self) -> None:
        """Keep now what waits to be kept."""
        while self._waiting:
            with self._lock:
                _, complete = self._waiting.popitem()
            self.keep(complete, now=True)

    def _put(self, complete: Complete) -> None:
        self._kept[complete.slot] = complete
        self._kept.move_to_end(complete.slot)
        while len(self._kept) > 1 and (len(self._kept) > MOST_KEPT or weights(self._kept.values()) > MOST_ROWS):
            dropped, _ = self._kept.popitem(last=False)
            self._looked.discard(dropped)  # it may be read again
            self._written.pop(dropped, None)
            self._waiting.pop(dropped, None)

    def __len__(self) -> int:
        with self._lock:
            return len(self._kept)


def weight(complete: Complete) -> int:
    """Return how many rows a result is of: what it weighs grows with them."""
    return _own(complete) + len(complete.city.obstacles.height_m)


def weights(kept: Iterable[Complete]) -> int:
    """Return how many rows several results are of; buildings that they share (those of areas do) count once."""
    results = list(kept)
    shared = {id(one.city.obstacles): len(one.city.obstacles.height_m) for one in results}
    return sum(map(_own, results)) + sum(shared.values())


def _own(complete: Complete) -> int:
    return len(complete) + len(complete.city.facts.x)
