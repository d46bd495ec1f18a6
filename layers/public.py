"""What may leave the house: counts of grids by category and month, and incidents at points that many addresses share.

Only whole months that have ended are told of. Incidents are counted in the finest grid they lie in, and a grid above is
the sum of the grids below it: so the table adds up, which `geo.suppress` needs. All levels and categories are looked at
together whatever is asked for, so that two files of one month never say different things.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.columns import Codes, Snapshot
from geo.hierarchy import Hierarchy
from geo.local_time import NO_DAY
from geo.month import Month
from geo.snap import SnapPoints, places_of, snap_points
from geo.suppress import Shown, add_up, suppress
from layers.base import hierarchy_of
from layers.joins import local_times, located, placed
from layers.memo import Memo

NEEDS = ("grids", "incidents", "buildings", "streets")
Rows = NDArray[np.int64]

_memo = Memo(8)


@dataclass(frozen=True)
class Sorted:
    """Incidents by grid, category and month.

    Attributes
    ----------
    tree
        The grids.
    grid
        int64 (n,): the finest grid each incident lies in, -1 for none.
    category
        int64 (n,): position in `categories`.
    categories
        Their names; None stands for those without one.
    month
        int64 (n,): months since January 1970 on the clock of the town, -1 where the time is unknown.
    """

    tree: Hierarchy
    grid: Rows
    category: Rows
    categories: tuple[str | None, ...]
    month: Rows


@dataclass(frozen=True)
class PublicCounts:
    """The table of one month. Row 0 is the whole, row i + 1 grid i of the grids layer.

    Attributes
    ----------
    month
        Which.
    counts
        int64 (grids + 1, categories).
    shown
        Which of them, and which totals.
    """

    month: Month
    counts: Rows
    shown: Shown


@dataclass(frozen=True)
class PublicPoints:
    """Incidents at shared points, in an order that says nothing; arrays (n,).

    Attributes
    ----------
    points
        All shared points.
    at
        int64: the point of each.
    month, category
        int64: months since January 1970, position in the categories, -1 where it is not told.
    left_out
        How many are not there: "grid" lies in no grid, "hidden" in a grid whose total of the month is left out,
        "point" in a grid that offers no point.
    """

    points: SnapPoints
    at: Rows
    month: Rows
    category: Rows
    left_out: dict[str, int]


def sort_incidents(snapshot: Snapshot) -> Sorted:
    """Return the incidents of a snapshot by grid, category and month."""
    grids, incidents = snapshot["grids"], snapshot["incidents"]

    def make() -> Sorted:
        tree = hierarchy_of(grids)
        place, leaf = np.full(len(incidents), -1, np.int64), _finest(tree)
        for level in reversed(tree.levels):
            found = located(snapshot, level)
            rows = np.append(found.rows, -1)[found.index]
            new = (place < 0) & (rows >= 0)
            new[new] = leaf[rows[new]]
            place[new] = rows[new]
        column = incidents.columns["category"]
        assert isinstance(column, Codes)
        day = local_times(snapshot).day.astype(np.int64) if len(incidents) else np.zeros(0, np.int64)
        month = day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
        none = len(column.values)
        category = np.where(column.codes < 0, none, column.codes).astype(np.int64)
        names: tuple[str | None, ...] = (*column.values, *([None] if (column.codes < 0).any() else []))
        return Sorted(tree, place, category, names, np.where(day == NO_DAY, -1, month))

    return _memo.get((grids, incidents), ("sorted", snapshot.timezone), make)


def months_of(found: Sorted, first: Month | None, last: Month | None, running: Month) -> list[Month]:
    """Return the months from `first` to `last` (open where None) that have incidents and have ended."""
    known = [_month(number) for number in np.unique(found.month[found.month >= 0]).tolist()]
    return [
        month
        for month in known
        if month < running and (first is None or month >= first) and (last is None or month <= last)
    ]


def public_counts(snapshot: Snapshot, month: Month, k: int) -> PublicCounts:
    """Return the counts of a month with what may be shown of them."""
    found = sort_incidents(snapshot)

    def make() -> PublicCounts:
        own = np.zeros((len(found.tree) + 1, max(len(found.categories), 1)), np.int64)
        here = (found.month == number_of(month)) & (found.grid >= 0)
        np.add.at(own, (found.grid[here] + 1, found.category[here]), 1)
        above = np.concatenate([[-1], found.tree.parent_index + 1])
        counts = add_up(own, above)
        return PublicCounts(month, counts, suppress(counts, above, k))

    return _memo.get((snapshot["grids"], snapshot["incidents"]), ("counts", snapshot.timezone, month, k), make)


def public_points(snapshot: Snapshot, months: list[Month], k: int, *, beside_counts: bool) -> PublicPoints:
    """Return the incidents of some months at shared points.

    Parameters
    ----------
    months
        Which.
    k
        Addresses behind each point, at least.
    beside_counts
        True: nothing that the table of counts leaves out can be counted from the points. False: all that has a point.
    """
    found, points = sort_incidents(snapshot), shared_points(snapshot, k)
    incidents = snapshot["incidents"]
    wanted = np.isin(found.month, [number_of(month) for month in months])
    rows = np.flatnonzero(wanted & (found.grid >= 0))
    left_out = {"grid": int((wanted & (found.grid < 0)).sum()), "hidden": 0, "point": 0}
    category = found.category.copy()
    if beside_counts and len(rows):
        total, single = np.zeros(len(found.grid), bool), np.zeros(len(found.grid), bool)
        for month in months:
            shown = public_counts(snapshot, month, k).shown
            mine = rows[found.month[rows] == number_of(month)]
            total[mine] = shown.totals[found.grid[mine] + 1]
            single[mine] = shown.counts[found.grid[mine] + 1, found.category[mine]]
        left_out["hidden"] = int((~total[rows]).sum())
        rows = rows[total[rows]]
        category[~single] = -1
    if len(rows) == 0 or incidents.x is None or incidents.y is None:
        none = np.zeros(0, np.int64)
        return PublicPoints(points, none, none, none, left_out)
    at = points.nearest(incidents.x[rows], incidents.y[rows], found.grid[rows])
    left_out["point"] = int((at < 0).sum())
    rows, at = rows[at >= 0], at[at >= 0]
    order = np.lexsort((at, category[rows], found.month[rows]))
    return PublicPoints(points, at[order], found.month[rows][order], category[rows][order], left_out)


def shared_points(snapshot: Snapshot, k: int) -> SnapPoints:
    """Return the shared points of the finest grids: behind each k buildings, or k places in grids without any."""
    grids, buildings, streets = snapshot["grids"], snapshot["buildings"], snapshot["streets"]

    def make() -> SnapPoints:
        shapes = np.zeros(0, dtype=object) if grids.geometry is None else grids.geometry
        lines = np.zeros(0, dtype=object) if streets.geometry is None else streets.geometry
        x, y, grid, _ = addresses(snapshot)
        return snap_points(x, y, grid, shapes, lines, k)

    return _memo.get((grids, buildings, streets, snapshot["incidents"]), ("shared", k), make)


def addresses(snapshot: Snapshot) -> tuple[NDArray[np.float64], NDArray[np.float64], Rows, int]:
    """Return the addresses, the finest grid of each, and in how many grids places of incidents stand for them."""
    buildings, incidents = snapshot["buildings"], snapshot["incidents"]
    x, y, grid = np.zeros(0), np.zeros(0), np.zeros(0, np.int64)
    if len(buildings) and buildings.geometry is not None:
        x, y = shapely.get_coordinates(shapely.point_on_surface(buildings.geometry)).T
        grid = _grid_of(snapshot, x, y)
    bare = np.setdiff1d(np.unique(sort_incidents(snapshot).grid), np.append(grid, -1))
    if len(bare) and incidents.x is not None and incidents.y is not None:
        there = np.flatnonzero(np.isin(sort_incidents(snapshot).grid, bare))
        apart = there[places_of(incidents.x[there], incidents.y[there])]
        x, y = np.concatenate([x, incidents.x[apart]]), np.concatenate([y, incidents.y[apart]])
        grid = np.concatenate([grid, sort_incidents(snapshot).grid[apart]])
    return x, y, grid, len(bare)


def _grid_of(snapshot: Snapshot, x: NDArray[np.float64], y: NDArray[np.float64]) -> Rows:
    """The finest grid that each place lies in, -1 for none."""
    tree = sort_incidents(snapshot).tree
    grid, leaf = np.full(len(x), -1, np.int64), _finest(tree)
    for level in reversed(tree.levels):
        found = placed(snapshot, level, x, y)
        grid = np.where((grid < 0) & (found >= 0) & np.append(leaf, False)[found], found, grid)
    return grid


def _finest(tree: Hierarchy) -> NDArray[np.bool_]:
    """Which grids have none below them."""
    leaf = np.ones(len(tree), dtype=bool)
    leaf[tree.parent_index[tree.parent_index >= 0]] = False
    return leaf


def number_of(month: Month) -> int:
    """Return months since January 1970."""
    return (month.year - 1970) * 12 + month.number - 1


def _month(number: int) -> Month:
    year, rest = divmod(number, 12)
    return Month(1970 + year, rest + 1)


def month_name(number: int) -> str:
    """Return months since January 1970 as YYYY-MM."""
    return str(_month(number))


def area_km2(snapshot: Snapshot) -> NDArray[Any]:
    """Return the area of the whole and of every grid; the whole is the sum of the topmost ones."""
    tree = sort_incidents(snapshot).tree
    geometry = snapshot["grids"].geometry
    area = np.zeros(0) if geometry is None else np.asarray(shapely.area(geometry)) / 1e6
    return np.concatenate([[area[tree.roots()].sum()], area])
