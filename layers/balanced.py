"""The amounts that make up the workload of each grid of a level, kept for a state of what they are counted from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.balance import MEASURES, Workload, grouped, loads, outside, workload
from geo.columns import LayerColumns, Snapshot
from layers.base import Params
from layers.joins import assigned, placed, selected
from layers.memo import Memo

NEEDS = ("grids", "incidents", "streets", "places", "cameras")
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_memo = Memo(32)


@dataclass(frozen=True)
class Balanced:
    """The balance of n grids of a level.

    Attributes
    ----------
    rows
        int64 (n,): positions in the grids layer.
    amounts
        float64 (n,) by measure, NaN where not recorded.
    work
        Of the grids, among all of the level.
    load
        float64 (n,): against an even share.
    beyond
        int8 (n,): -1 below the lower bound, 1 above the upper, 0 between or not known.
    team
        int64 (n,): position in `teams`, -1 for none.
    teams
        Names, in text order.
    """

    rows: Ints
    amounts: dict[str, Floats]
    work: Workload
    load: Floats
    beyond: NDArray[np.int8]
    team: Ints
    teams: tuple[str, ...]

    def of_teams(self, name: str) -> Floats:
        """Return the amounts of a measure by team."""
        return grouped(self.amounts[name], self.team, len(self.teams))

    def team_load(self) -> Floats:
        """Return the load of each team, against an even share among teams."""
        return loads(grouped(self.work.share, self.team, len(self.teams)))


def balanced(snapshot: Snapshot, level: str | None, params: Params) -> Balanced:
    """Return the balance of the grids of a level."""
    joined = assigned(snapshot, level)
    amounts = amounts_of(snapshot, level, params)
    wish = params.balance
    work = workload(amounts, wish.weighed())
    load = work.load
    names = snapshot["grids"].text("team")[joined.rows]
    teams = tuple(sorted({str(name) for name in names if name}))
    place = {name: at for at, name in enumerate(teams)}
    team = np.array([place.get(str(name), -1) if name else -1 for name in names], dtype=np.int64)
    return Balanced(joined.rows, amounts, work, load, outside(load, wish.low, wish.high), team, teams)


def amounts_of(snapshot: Snapshot, level: str | None, params: Params) -> dict[str, Floats]:
    """Return every measure of every grid of a level, float64 (n,); of a layer that is empty nothing is recorded."""
    joined = assigned(snapshot, level)
    n = len(joined.rows)
    missing = np.full(n, np.nan)
    found = dict.fromkeys(MEASURES, missing)
    found["area"] = joined.area_m2
    found["population"] = snapshot["grids"].number("population")[joined.rows]
    if len(snapshot["incidents"]):
        index = joined.index[selected(snapshot, params)]
        found["incidents"] = np.bincount(index[index >= 0], minlength=n).astype(np.float64)
    if n and len(snapshot["streets"]):
        found["streets"] = _streets_m(snapshot, level, joined.rows)
    for name in ("places", "cameras"):
        layer = snapshot[name]
        if n and len(layer):
            found[name] = _points(snapshot, level, layer, joined.rows)
    return found


def spots_of(layer: LayerColumns) -> tuple[Floats, Floats]:
    """Return where the rows of a layer stand, in metres: a point inside each area."""
    if layer.x is not None and layer.y is not None:
        return layer.x, layer.y
    if layer.geometry is None:
        return np.zeros(0), np.zeros(0)
    shapes: Any = layer.geometry[~(shapely.is_missing(layer.geometry) | shapely.is_empty(layer.geometry))]
    inner = shapely.point_on_surface(shapes)
    return shapely.get_x(inner), shapely.get_y(inner)


def _points(snapshot: Snapshot, level: str | None, layer: LayerColumns, rows: Ints) -> Floats:
    def make() -> Floats:
        where = placed(snapshot, level, *spots_of(layer))
        place = np.full(len(snapshot["grids"]) + 1, -1, np.int64)
        place[rows] = np.arange(len(rows))
        index = place[where]
        return np.bincount(index[index >= 0], minlength=len(rows)).astype(np.float64)

    return _memo.get((snapshot["grids"], layer), (layer.layer, level), make)


def _streets_m(snapshot: Snapshot, level: str | None, rows: Ints) -> Floats:
    def make() -> Floats:
        from geo.streets import streets_by_cell  # brings in the compiler

        grids = snapshot["grids"]
        assert grids.geometry is not None
        lines = snapshot["streets"].geometry
        return streets_by_cell(
            [] if lines is None else lines, grids.geometry[rows], grids.text("code")[rows]
        ).length_m()

    return _memo.get((snapshot["grids"], snapshot["streets"]), ("streets", level), make)
