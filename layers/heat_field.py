"""The heat map of a snapshot: its incidents sorted once, its boundary, and one field for each choice."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.columns import Codes, LayerColumns, Snapshot
from geo.heat_boundary import Boundary
from geo.heat_columns import HeatColumns, choice_of, heat_columns, with_more
from geo.heat_field import HeatField
from geo.heat_kernel import Kernel
from geo.local_time import local_time
from layers.base import Params
from layers.city import city_area, city_level
from layers.joins import local_times, located, selected
from layers.memo import begins, outgrown

_MOST_FIELDS = 128
_MOST_SORTED, _MOST_ROWS = 16, 2_000_000  # of the city, and of areas in it
_MOST_BYTES = 256 << 20
_MOST_MORE = 5000  # incidents that are put in one by one


@dataclass(frozen=True)
class Sorted:
    """The incidents of a snapshot inside the boundary, sorted; `inside` follows the incidents layer."""

    columns: HeatColumns
    boundary: Boundary | None
    inside: NDArray[np.bool_]
    severity: NDArray[np.float64]


class _Kept:
    """What is made of the last snapshots: made by one thread while others wait."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sorted: OrderedDict[Hashable, tuple[Any, Sorted]] = OrderedDict()
        self._boundaries: OrderedDict[int, tuple[LayerColumns, Boundary | None]] = OrderedDict()
        self._fields: OrderedDict[Hashable, tuple[Sorted, HeatField]] = OrderedDict()

    def sorted(self, snapshot: Snapshot) -> Sorted:
        owners = (snapshot["grids"], snapshot["incidents"])
        key = (*map(id, owners), snapshot.timezone)
        with self._lock:
            if key not in self._sorted:
                boundary = self._boundary(snapshot["grids"])
                found = self._grown(snapshot, boundary) or _sorted(snapshot, boundary)
                for old in outgrown([(one, of) for one, (of, _) in self._sorted.items()], owners):
                    del self._sorted[old]
                self._sorted[key] = (owners, found)
                while len(self._sorted) > 2 and not self._few():
                    self._sorted.popitem(last=False)
                alive = {id(one) for _, one in self._sorted.values()}
                self._fields = OrderedDict(item for item in self._fields.items() if id(item[1][0]) in alive)
            self._sorted.move_to_end(key)
            return self._sorted[key][1]

    def _grown(self, snapshot: Snapshot, boundary: Boundary | None) -> Sorted | None:
        """Put the incidents that came since into what is kept, as long as nothing else changed; None: sort anew."""
        for key, ((grids, incidents), found) in reversed(self._sorted.items()):
            if grids is snapshot["grids"] and key[-1] == snapshot.timezone:  # type: ignore[index]
                first = rows_before(incidents, snapshot["incidents"])
                more = None if first is None else _sorted(snapshot, boundary, first)
                columns = None if more is None else with_more(found.columns, more.columns)
                if columns is not None and more is not None:
                    inside = np.concatenate([found.inside, more.inside])
                    return Sorted(columns, boundary, inside, more.severity)
        return None

    def _few(self) -> bool:
        rows = sum(len(incidents) for (_, incidents), _ in self._sorted.values())
        return len(self._sorted) <= _MOST_SORTED and rows <= _MOST_ROWS

    def _boundary(self, grids: LayerColumns) -> Boundary | None:
        key = id(grids)
        if key not in self._boundaries:
            self._boundaries[key] = (grids, _boundary(grids))
            while len(self._boundaries) > _MOST_SORTED:
                self._boundaries.popitem(last=False)
        return self._boundaries[key][1]

    def field(self, found: Sorted, key: Hashable, make: Any) -> HeatField:
        most = max(4, min(_MOST_FIELDS, _MOST_BYTES // max(12 * len(found.columns.start), 1)))
        address = (id(found), key)
        with self._lock:
            if address not in self._fields:
                self._fields[address] = (found, make())
                while len(self._fields) > most:
                    self._fields.popitem(last=False)
            self._fields.move_to_end(address)
            return self._fields[address][1]


_kept = _Kept()


def _boundary(grids: LayerColumns) -> Boundary | None:
    area = city_area(grids)
    return None if area is None else Boundary(area)


def severity_of(incidents: LayerColumns) -> NDArray[np.float64]:
    """Return how severe each incident is, NaN where it is not known (everywhere in a store that does not record it)."""
    if "severity" not in incidents.columns:
        return np.full(len(incidents), np.nan)
    severity = incidents.number("severity")
    return np.where(severity >= 0, severity, np.nan)


def rows_before(old: LayerColumns, new: LayerColumns) -> int | None:
    """Return how many incidents `old` has if `new` is the same followed by a few more, else None."""
    kinds = old.columns["category"], new.columns["category"]
    if not (begins(old, new) and len(new) <= len(old) + _MOST_MORE):
        return None
    known = [kind.values for kind in kinds if isinstance(kind, Codes)]
    return len(old) if len(known) == 2 and known[0] == known[1] else None


def _sorted(snapshot: Snapshot, boundary: Boundary | None, first: int = 0) -> Sorted:
    """Sort the incidents from row `first` on; `severity` is that of all."""
    incidents = snapshot["incidents"]
    severity = severity_of(incidents)
    if len(incidents) == 0 or incidents.x is None or incidents.y is None:
        return Sorted(heat_columns([], []), boundary, np.zeros(0, np.bool_), severity)
    x, y = incidents.x[first:], incidents.y[first:]
    when, kinds = incidents.columns["occurred_at"][first:], incidents.columns["category"]  # type: ignore[index]
    if not isinstance(kinds, Codes):
        raise TypeError("category must be dictionary-encoded")
    inside = np.ones(len(x), np.bool_)
    if boundary is not None and first:
        inside = boundary.contains(x, y)
    elif boundary is not None:
        inside = located(snapshot, city_level(snapshot["grids"])).index >= 0
    local = local_time(when, snapshot.timezone) if first else local_times(snapshot)
    columns = heat_columns(
        x[inside],
        y[inside],
        occurred_at=when[inside],
        code=kinds.codes[first:][inside],
        hour=local.hour[inside],
        weekday=local.weekday[inside],
        weight=severity[first:][inside],
    )
    return Sorted(columns, boundary, inside, severity)


def sorted_incidents(snapshot: Snapshot) -> Sorted:
    """Return the incidents of a snapshot sorted for the heat map; kept until the incidents or the grids change."""
    return _kept.sorted(snapshot)


def heat_field(snapshot: Snapshot, params: Params) -> HeatField:
    """Return the heat map of the choice of `params`; fields of the last choices are kept, with their peaks."""
    found = sorted_incidents(snapshot)
    kernel = Kernel(params.kernel, params.radius_m)
    weighted = params.weight == "severity"

    def make() -> HeatField:
        names = snapshot["incidents"].columns["category"]
        known = names.values if isinstance(names, Codes) else ()
        chosen = choice_of(params.start, params.end, params.categories, params.hours, params.weekdays, known)
        return HeatField(found.columns, kernel, chosen, found.boundary, weighted)

    return _kept.field(found, (kernel, weighted, params.choice), make)


def kept_top(snapshot: Snapshot, params: Params) -> float | None:
    """Return the peak of the window whose scale is to be kept; None: none is, or nothing happened in it."""
    if params.scale_start is None and params.scale_end is None:
        return None
    return heat_field(snapshot, replace(params, start=params.scale_start, end=params.scale_end)).peak() or None


@dataclass(frozen=True)
class HeatCounts:
    """How many incidents a heat map stands on.

    Attributes
    ----------
    selected
        By the filters.
    outside
        Of them outside the boundary: left out.
    unweighted
        Of those inside without a weight, where one is asked for: left out.
    """

    selected: int
    outside: int
    unweighted: int

    @property
    def shown(self) -> int:
        return self.selected - self.outside - self.unweighted


def heat_counts(snapshot: Snapshot, params: Params) -> HeatCounts:
    """Count what a heat map shows and what it leaves out."""
    found = sorted_incidents(snapshot)
    mask = selected(snapshot, params)
    inside = mask & found.inside
    unweighted = int((inside & np.isnan(found.severity)).sum()) if params.weight == "severity" else 0
    return HeatCounts(int(mask.sum()), int(mask.sum() - inside.sum()), unweighted)
