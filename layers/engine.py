"""The coverage of a whole city, worked out once for a level and a reader's rules, then kept up to date.

What is worked out is a `Complete`: it holds all that is shown of a city at one revision, so that it can still be shown
when the store has gone on. `Engine` keeps a few of them and works the next one out from the last where only cameras or
buildings differ; the result equals that of starting anew.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.camera_facts import ViewRules
from geo.columns import Snapshot
from geo.crs import lonlat
from layers.base import Params, rows_of_level, text_or_none
from layers.fingerprint import Mark, mark

if TYPE_CHECKING:  # the compiler comes with them
    from geo.city import City
    from geo.multiplicity import Multiplicity

NEEDS = ("grids", "buildings", "cameras")
MOST_KEPT = 6
# Cameras, buildings and grids of all that is kept together: a city of 60,000 cameras and 300,000 buildings twice over.
MOST_ROWS = 800_000
# What of a reader's choice decides on what cameras see, by the names of the queries.
RULES = ("assumed_range_m", "online_only", "edition", "task", "target_height_m")
CITY_SHARE = 0.85  # of the whole work, as progress is told

Slot = tuple[str | None, ViewRules]
Progress = Callable[[float, str], None]
Cancelled = Callable[[], bool]


@dataclass(frozen=True)
class Complete:
    """The coverage of one level by one set of rules, complete for one state of grids, buildings and cameras.

    Attributes
    ----------
    level, rules
        What was asked; level None: a store without grids.
    mark
        State of what was read (`layers.fingerprint.mark`).
    revision
        Latest revision of the layers read.
    codes, names, parents
        object (grids,): of each grid, in the order of `city.cells`.
    city, multiplicity
        See `geo.city` and `geo.multiplicity`.
    """

    level: str | None
    rules: ViewRules
    mark: Mark
    revision: int
    codes: NDArray[Any]
    names: NDArray[Any]
    parents: NDArray[Any]
    city: City
    multiplicity: Multiplicity

    @property
    def slot(self) -> Slot:
        """What it answers, whatever the state of the store."""
        return (self.level, self.rules)

    @property
    def crs(self) -> str:
        """Metric CRS of every geometry."""
        return self.mark[0]

    @property
    def fallbacks(self) -> int:
        """How many grids needed a coarser lattice than plain floating point."""
        return int(((self.city.cells.lattice > 0) | (self.city.coverage.lattice > 0)).sum())

    def bounds(self) -> NDArray[Any]:
        """Return object (grids,): west, south, east, north of each grid in degrees, None for an empty one."""
        boxes = shapely.bounds(self.city.cells.polygons).reshape(-1, 4)
        found = np.full(len(self), None, dtype=object)
        present = np.flatnonzero(np.isfinite(boxes).all(axis=1))
        if len(present):
            corners = np.array([(0, 1), (2, 1), (2, 3), (0, 3)])
            lon, lat = lonlat(*boxes[present][:, corners].reshape(-1, 2).T, self.crs)
            lon, lat = lon.reshape(-1, 4), lat.reshape(-1, 4)
            for row, box in zip(present, zip(lon.min(1), lat.min(1), lon.max(1), lat.max(1), strict=True), strict=True):
                found[row] = [round(float(value), 7) for value in box]
        return found

    def losses(self) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return what each grid loses at most if one camera fails, in square metres, and which one; -1 for none."""
        often, n = self.multiplicity, len(self)
        order = np.lexsort((often.camera, often.alone_m2, often.cell))
        area, camera = np.zeros(n), np.full(n, -1, dtype=np.int64)
        area[often.cell[order]] = often.alone_m2[order]  # the last one of each grid stays: the greatest
        camera[often.cell[order]] = often.camera[order]
        return area, np.where(area > 0, camera, -1)

    def worst_loss(self, rows: NDArray[np.int64]) -> tuple[float, int]:
        """Return what the grids at `rows` lose together if one camera fails, and which one; -1 for none."""
        often = self.multiplicity
        mine = np.isin(often.cell, rows)
        total = np.bincount(often.camera[mine], often.alone_m2[mine], minlength=1)
        worst = int(total.argmax())
        return (float(total[worst]), worst) if total[worst] > 0 else (0.0, -1)

    def __len__(self) -> int:
        return len(self.codes)


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
    from geo.multiplicity import multiplicity  # brings in the compiler; only where there is something to work out
    from layers.engine_steps import city_of

    assert snapshot.crs is not None
    state = mark(snapshot, level)
    city = city_of(snapshot, level, rules, state, kept, lambda done, step: progress(CITY_SHARE * done, step), cancelled)
    progress(CITY_SHARE, "multiplicity")
    often = multiplicity(city.views, city.cells)
    grids, rows = snapshot["grids"], rows_of_level(snapshot["grids"], level)
    texts = [text_or_none(grids.text(name)[rows]) for name in ("code", "name", "parent")]
    return Complete(level, rules, state, revision_of(snapshot), *texts, city, often)


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

    def latest(self, slot: Slot) -> Complete | None:
        """Return the last complete result of `slot`, whatever state of the store it is of."""
        with self._lock:
            if slot in self._kept:
                self._kept.move_to_end(slot)
                return self._kept[slot]
            if self._keeper is None or slot in self._looked:
                return None
        with self._loading:
            with self._lock:
                if slot in self._kept or slot in self._looked:
                    return self._kept.get(slot)
            found = self._keeper.load(slot)
            with self._lock:
                self._looked.add(slot)
                if found is not None:
                    self._put(found)
            return found

    def get(self, snapshot: Snapshot, slot: Slot) -> Complete | None:
        """Return the result of `slot` that is complete for exactly this state of the store, None without one."""
        found = self.latest(slot)
        return found if found is not None and found.mark == mark(snapshot, slot[0]) else None

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
        found = compute(snapshot, *slot, ((same,) if same else ()) + others, progress, cancelled)
        with self._lock:
            self._put(found)
        return found

    def keep(self, complete: Complete) -> None:
        """Let a result outlive the process."""
        if self._keeper is not None:
            self._keeper.save(complete)

    def _put(self, complete: Complete) -> None:
        self._kept[complete.slot] = complete
        self._kept.move_to_end(complete.slot)
        while len(self._kept) > 1 and (
            len(self._kept) > MOST_KEPT or sum(map(weight, self._kept.values())) > MOST_ROWS
        ):
            dropped, _ = self._kept.popitem(last=False)
            self._looked.discard(dropped)  # it may be read again

    def __len__(self) -> int:
        with self._lock:
            return len(self._kept)


def weight(complete: Complete) -> int:
    """Return how many rows a result is of: what it weighs grows with them."""
    return len(complete) + len(complete.city.facts.x) + len(complete.city.obstacles.height_m)
