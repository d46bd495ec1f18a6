"""Which grid of a level each incident lies in and counts in, kept per snapshot."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.columns import Codes, LayerColumns, Snapshot
from geo.decided import decided_places
from geo.density import select
from geo.local_time import LocalTime, local_time, matches
from layers.base import Params, hierarchy_of, rows_of_level
from layers.memo import Memo
from layers.tails import Arrays, Tails

if TYPE_CHECKING:
    from geo.assign import Locator

_memo = Memo(64)  # several areas at once, each with its own grids (`web.areas`)
_tails = Tails(32)
_counted = Memo(8)  # one number for each incident: large


@dataclass(frozen=True)
class Assigned:
    """Incidents joined to the grids of one level.

    Attributes
    ----------
    rows
        int64, positions of the level's grids in the grids layer.
    index
        int64, shape (incidents,): position in `rows`, -1 in no grid.
    area_m2
        float64, area of each grid of `rows`.
    """

    rows: NDArray[np.int64]
    index: NDArray[np.int64]
    area_m2: NDArray[np.float64]


def assigned(snapshot: Snapshot, level: str | None) -> Assigned:
    """Join the incidents of `snapshot` to the grids of `level` that they count in (None: no grids, so all are in none).

    That is the grid they lie in, but for those that were decided (`geo.decided`); see `located` for the place alone.
    """
    found = located(snapshot, level)
    grids, incidents = snapshot["grids"], snapshot["incidents"]
    decided = incidents.decided
    if decided is None or level is None or len(found.rows) == 0:
        return found

    def make() -> NDArray[np.int64]:
        fid, place = _memo.get(
            (grids, decided),
            ("decided", level),
            lambda: decided_places(decided, hierarchy_of(grids), found.rows, level),
        )
        index = found.index.copy()
        row = np.minimum(np.searchsorted(incidents.fid, fid), len(incidents) - 1)
        there = incidents.fid[row] == fid
        index[row[there]] = place[there]
        return index

    return Assigned(found.rows, _counted.get((grids, incidents), ("counted", level), make), found.area_m2)


def located(snapshot: Snapshot, level: str | None) -> Assigned:
    """Join the incidents of `snapshot` to the grids of `level` that they lie in (None: all lie in none)."""
    grids, incidents = snapshot["grids"], snapshot["incidents"]
    rows = _memo.get((grids,), ("rows", level), lambda: rows_of_level(grids, level))
    if len(rows) == 0 or grids.geometry is None:
        return Assigned(rows, np.full(len(incidents), -1, dtype=np.int64), np.zeros(0))
    polygons = grids.geometry[rows]
    area_m2 = _memo.get((grids,), ("area", level), lambda: shapely.area(polygons))
    if len(incidents) == 0 or incidents.x is None or incidents.y is None:
        return Assigned(rows, np.zeros(0, dtype=np.int64), area_m2)
    x, y = incidents.x, incidents.y

    def some(part: slice) -> Arrays:
        return (_places(grids, level, rows).locate(x[part], y[part]),)

    (index,) = _tails.get(incidents, (grids,), ("assigned", level), some)
    return Assigned(rows, index, area_m2)


def placed(snapshot: Snapshot, level: str | None, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the position in the grids layer of the grid of `level` that takes each place, -1 for none."""
    grids = snapshot["grids"]
    rows = _memo.get((grids,), ("rows", level), lambda: rows_of_level(grids, level))
    if len(rows) == 0 or len(x) == 0 or grids.geometry is None:
        return np.full(len(x), -1, dtype=np.int64)
    index = _places(grids, level, rows).locate(x, y)
    return np.append(rows, -1)[index]


def _places(grids: LayerColumns, level: str | None, rows: NDArray[np.int64]) -> Locator:
    from geo.assign import Locator  # brings in the compiler; only where there is something to assign

    shapes = grids.geometry
    assert shapes is not None
    return _memo.get((grids,), ("places", level), lambda: Locator(shapes[rows], grids.text("code")[rows]))


def grid_at(snapshot: Snapshot, level: str | None, x: float, y: float) -> int:
    """Return the position in the grids layer of the grid of `level` that holds a place, -1 for none.

    On a border the lowest code has it, as in `geo.assign`.
    """
    grids = snapshot["grids"]
    rows = rows_of_level(grids, level)
    tree = grid_tree(snapshot, level)
    if tree is None:
        return -1
    found = rows[tree.query(shapely.Point(x, y), predicate="intersects")]
    codes = grids.columns["code"]
    text = codes.decode() if isinstance(codes, Codes) else codes
    return min(found.tolist(), key=lambda row: (str(text[row]), row), default=-1)


def grid_tree(snapshot: Snapshot, level: str | None) -> shapely.STRtree | None:
    """Return the tree of the grids of `level`, in their order; None without any."""
    grids = snapshot["grids"]
    rows = rows_of_level(grids, level)
    if len(rows) == 0 or grids.geometry is None:
        return None
    return _memo.get((grids,), ("tree", level), lambda: shapely.STRtree(grids.geometry[rows]))  # type: ignore[index]


def local_times(snapshot: Snapshot) -> LocalTime:
    """Return hour and weekday of every incident in the store's time zone."""
    incidents = snapshot["incidents"]
    zone, times = snapshot.timezone, np.asarray(incidents.columns["occurred_at"])

    def some(part: slice) -> Arrays:
        found = local_time(times[part], zone)
        return tuple(getattr(found, one.name) for one in fields(LocalTime))

    return LocalTime(*_tails.get(incidents, (), ("local time", zone), some))


def selected(snapshot: Snapshot, params: Params) -> NDArray[np.bool_]:
    """Return which incidents the time window, hours, weekdays and categories of `params` select."""
    incidents = snapshot["incidents"]
    if len(incidents) == 0:
        return np.zeros(0, dtype=bool)
    categories = incidents.columns["category"]
    if not isinstance(categories, Codes):
        raise TypeError("category must be dictionary-encoded")
    mask: NDArray[np.bool_] = select(
        incidents.columns["occurred_at"], categories, start=params.start, end=params.end, categories=params.categories
    )
    if params.hours:
        mask &= matches(local_times(snapshot).hour, params.hours, 24)
    if params.weekdays:
        mask &= matches(local_times(snapshot).weekday, params.weekdays, 8)
    return mask
