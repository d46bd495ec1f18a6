"""The places that hot spots are looked for in: grids of a level, or cells of a lattice over the city."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.assign import assign
from geo.columns import Snapshot
from geo.neighbours import Neighbours, contiguity
from geo.tessellation import fitting_size_m, tessellate
from layers.base import chosen_level, rows_of_level
from layers.city import city_area, city_level
from layers.hotspot_params import LEAST_SIZE_M, HotspotParams
from layers.joins import assigned, located
from layers.memo import Memo

_memo = Memo(48)


@dataclass(frozen=True)
class Places:
    """Units, one entry each (n,), and where the incidents lie.

    Attributes
    ----------
    level, size_m
        Of grids the level, of cells the size; the other is None.
    codes, names, parents
        Text, None where missing; cells have neither name nor parent.
    within, within_name
        Of cells: code and name of the grid of the level that holds their middle, None for none; of grids always None.
    polygons, area_m2
        In the snapshot's CRS; of cells the part inside the city.
    population
        float64, NaN where missing; of cells always.
    neighbours
        Contiguity.
    index
        int64 (incidents,): the place of each incident, -1 for none.
    """

    level: str | None
    size_m: float | None
    codes: NDArray[Any]
    names: NDArray[Any]
    parents: NDArray[Any]
    within: NDArray[Any]
    within_name: NDArray[Any]
    polygons: NDArray[Any]
    area_m2: NDArray[np.float64]
    population: NDArray[np.float64]
    neighbours: Neighbours
    index: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.codes)


def places(snapshot: Snapshot, level: str | None, params: HotspotParams) -> Places:
    """Return the places that `params` asks for; none without grids, which bound the city too."""
    if params.unit == "grid":
        return _grids(snapshot, level)
    return _cells(snapshot, level, params)


def _grids(snapshot: Snapshot, level: str | None) -> Places:
    grids = snapshot["grids"]
    chosen = chosen_level(grids, level)
    joined = assigned(snapshot, chosen)
    rows = joined.rows
    shapes = np.zeros(0, dtype=object) if grids.geometry is None else grids.geometry[rows]
    neighbours = _memo.get((grids,), ("contiguity", chosen), lambda: contiguity(shapes))
    return Places(
        chosen,
        None,
        grids.text("code")[rows],
        grids.text("name")[rows],
        grids.text("parent")[rows],
        _nothing(len(rows)),
        _nothing(len(rows)),
        shapes,
        joined.area_m2,
        grids.number("population")[rows],
        neighbours,
        joined.index,
    )


def _cells(snapshot: Snapshot, level: str | None, params: HotspotParams) -> Places:
    grids, incidents = snapshot["grids"], snapshot["incidents"]
    city = city_area(grids) or shapely.Polygon()
    assert params.unit != "grid"
    shape = params.unit
    size_m = params.size_m or fitting_size_m(float(shapely.area(city)), shape, LEAST_SIZE_M)
    key = ("cells", shape, size_m)
    lattice = _memo.get((grids,), key, lambda: tessellate(city, shape, size_m))

    def locate() -> NDArray[np.int64]:
        index = np.full(len(incidents), -1, dtype=np.int64)
        whole = city_level(grids)
        if whole is None or incidents.x is None or incidents.y is None:
            return index
        # In the city is what lies in a grid of the coarsest level; a cell at the edge reaches beyond it.
        inside = np.flatnonzero(located(snapshot, whole).index >= 0)
        index[inside] = lattice.locate(incidents.x[inside], incidents.y[inside])
        return index

    index = _memo.get((grids, incidents), key, locate)
    n = len(lattice)
    return Places(
        None,
        size_m,
        lattice.codes(),
        _nothing(n),
        _nothing(n),
        *_memo.get((grids,), (*key, "within", level), lambda: _within(snapshot, level, lattice.polygons)),
        lattice.polygons,
        lattice.area_m2,
        np.full(n, np.nan),
        _memo.get((grids,), (*key, "neighbours"), lattice.neighbours),
        index,
    )


def _nothing(n: int) -> NDArray[Any]:
    return np.full(n, None, dtype=object)


def _within(snapshot: Snapshot, level: str | None, cells: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return code and name of the grid of `level` that holds the middle of each cell."""
    grids = snapshot["grids"]
    rows = rows_of_level(grids, chosen_level(grids, level))
    if len(rows) == 0 or len(cells) == 0 or grids.geometry is None:
        return _nothing(len(cells)), _nothing(len(cells))
    codes, names = grids.text("code")[rows], grids.text("name")[rows]
    x, y = middles(cells)
    home = assign(x, y, grids.geometry[rows], codes)
    return np.append(codes, [None])[home], np.append(names, [None])[home]


def middles(shapes: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return a place inside each polygon, in metres."""
    inside = shapely.point_on_surface(shapes)
    return shapely.get_x(inside), shapely.get_y(inside)
