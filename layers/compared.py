"""The two windows of a comparison, and the incidents of both counted by grid and category."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from geo.columns import Codes, Snapshot
from geo.compare import Change, change
from geo.periods import Window, exposure_s, last_month, last_year, previous, record
from layers.base import Params
from layers.joins import assigned, selected
from layers.memo import Memo

State = Literal["ok", "no_dates", "now_not_covered", "before_not_covered"]
Ints = NDArray[np.int64]

_DAY = np.timedelta64(86_400_000, "ms")
_records = Memo(2)
_memo = Memo(3)  # a comparison of ten million incidents takes some 60 MB


@dataclass(frozen=True)
class Side:
    """One window of a comparison.

    Attributes
    ----------
    window
        As asked.
    covered
        The part of it that the record covers, None where it covers nothing: only this part is counted.
    exposure_s
        Seconds of the covered part within the chosen hours and weekdays; 0 where nothing is covered.
    """

    window: Window
    covered: Window | None
    exposure_s: float

    @property
    def partial(self) -> bool:
        """Whether the data cover some of the window and not all."""
        return self.covered is not None and self.covered != self.window


@dataclass(frozen=True)
class Pair:
    """Both windows; `assumed` where the reader chose none and the last whole month of the record stands in."""

    record: Window
    now: Side
    before: Side
    assumed: bool

    @property
    def state(self) -> State:
        """Why nothing can be compared, or "ok"."""
        if not self.now.exposure_s:
            return "now_not_covered"
        return "ok" if self.before.exposure_s else "before_not_covered"


def known_record(snapshot: Snapshot) -> Window | None:
    """Return the span that the incidents of a snapshot cover (see `geo.periods.record`)."""
    incidents = snapshot["incidents"]
    times = incidents.columns["occurred_at"]
    assert isinstance(times, np.ndarray)
    return _records.get((incidents,), ("record", snapshot.timezone), lambda: record(times, snapshot.timezone))


def pair(snapshot: Snapshot, params: Params) -> Pair | None:
    """Return the windows that `params` compare, None where no incident has a time."""
    span = known_record(snapshot)
    if span is None:
        return None
    zone = snapshot.timezone
    assumed = params.start is None and params.end is None
    if assumed:
        now = last_month(span, zone)
    else:
        start = params.start if params.start is not None else min(span.start, params.end - _DAY)  # type: ignore[operator]
        now = Window(start, params.end if params.end is not None else max(span.end, start + _DAY))
    if params.against == "custom" and params.against_start is not None and params.against_end is not None:
        before = Window(params.against_start, params.against_end)
    else:
        before = (last_year if params.against == "last_year" else previous)(now, zone)

    return Pair(span, side_of(snapshot, params, now), side_of(snapshot, params, before), assumed)


def side_of(snapshot: Snapshot, params: Params, window: Window) -> Side:
    """Return a window with what of it the data cover and the filters of `params` leave."""
    span = known_record(snapshot)
    covered = None if span is None else window.within(span)
    exposure = 0.0 if covered is None else exposure_s(covered, snapshot.timezone, params.hours, params.weekdays)
    return Side(window, covered, exposure)


def in_window(snapshot: Snapshot, params: Params, window: Window) -> NDArray[np.bool_]:
    """Return which incidents lie in a window and are chosen by the other filters of `params`."""
    return selected(snapshot, replace(params, start=window.start, end=window.end))


@dataclass(frozen=True)
class Counts:
    """The incidents of one window.

    Attributes
    ----------
    index
        int32 (m,): position of the grid among those of the level, -1 for none.
    category
        int16 or int32 (m,): position of the category; of incidents without one, the number of categories.
    grids, categories
        How many there are; `categories` counts "none" too.
    """

    index: NDArray[np.int32]
    category: NDArray[np.signedinteger[Any]]
    grids: int
    categories: int

    def by_grid(self) -> Ints:
        """Incidents of each grid."""
        return np.bincount(self.index + 1, minlength=self.grids + 1)[1:]

    def by_category(self, grid: int | None = None) -> Ints:
        """Incidents of each category, everywhere or in one grid."""
        code = self.category if grid is None else self.category[self.index == grid]
        return np.bincount(code, minlength=self.categories)

    def cells(self) -> Ints:
        """Return for each incident in a grid its cell of grid x category: grid * categories + category."""
        inside = self.index >= 0
        return self.index[inside].astype(np.int64) * self.categories + self.category[inside]

    @property
    def total(self) -> int:
        """All of them."""
        return len(self.index)

    @property
    def outside(self) -> int:
        """Those in no grid of the level."""
        return int((self.index < 0).sum())


def pairs_of(now: Counts, before: Counts) -> tuple[Ints, Ints, Ints]:
    """Return the cells of grid x category that hold incidents of either window, ascending, and how many of each."""
    first, second = now.cells(), before.cells()
    most = now.grids * now.categories
    if most <= 4 * (len(first) + len(second)) + (1 << 20):
        tables = np.bincount(first, minlength=most), np.bincount(second, minlength=most)
        keys = np.flatnonzero(tables[0] + tables[1])
        return keys, tables[0][keys], tables[1][keys]
    keys = np.union1d(first, second)
    return keys, *(np.bincount(np.searchsorted(keys, part), minlength=len(keys)) for part in (first, second))


def counts(snapshot: Snapshot, params: Params, level: str | None, window: Window) -> Counts:
    """Return the incidents of a window by grid of a level and category."""
    category = snapshot["incidents"].columns["category"]
    assert isinstance(category, Codes)
    joined = assigned(snapshot, level)
    rows = np.flatnonzero(in_window(snapshot, params, window))
    code = category.codes[rows]
    return Counts(
        joined.index[rows].astype(np.int32),
        np.where(code < 0, len(category.values), code).astype(np.int16 if len(category.values) < 32_767 else np.int32),
        len(joined.rows),
        len(category.values) + 1,
    )


@dataclass(frozen=True)
class Compared:
    """A comparison on one level: its windows and the incidents of both (None where they cannot be compared)."""

    windows: Pair | None
    now: Counts | None
    before: Counts | None

    @property
    def state(self) -> State:
        """Why nothing can be compared, or "ok"."""
        return "no_dates" if self.windows is None else self.windows.state

    def change(self, now: Ints, before: Ints) -> Change:
        """Return the change between counts of both windows, at the exposures of the windows."""
        assert self.windows is not None
        return change(now, before, self.windows.now.exposure_s, self.windows.before.exposure_s)

    def grids(self) -> Change | None:
        """Return the change of each grid, None where the windows cannot be compared."""
        if self.now is None or self.before is None:
            return None
        return self.change(self.now.by_grid(), self.before.by_grid())


def compared(snapshot: Snapshot, params: Params, level: str | None) -> Compared:
    """Return the comparison that `params` ask for on a level; kept while the data stay."""

    def make() -> Compared:
        windows = pair(snapshot, params)
        if windows is None or windows.state != "ok" or windows.now.covered is None or windows.before.covered is None:
            return Compared(windows, None, None)
        now, before = (counts(snapshot, params, level, side.covered) for side in (windows.now, windows.before))
        return Compared(windows, now, before)

    key = (params.choice, params.against, params.against_start, params.against_end)
    return _memo.get((snapshot["grids"], snapshot["incidents"]), ("compared", level, snapshot.timezone, key), make)
