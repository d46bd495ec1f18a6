"""What is counted against the coverage of each grid: streets, incidents of a window, key places."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.columns import LayerColumns, Snapshot
from layers.base import Params
from layers.complete import Complete
from layers.joins import selected
from layers.memo import Memo

MEASURES = (
    "streets_m", "streets_seen_m", "streets_certain_m", "incidents", "incidents_seen", "incidents_certain", "places",
    "places_seen", "places_certain",
)  # fmt: skip
_streets = Memo(16)
_cell_of = Memo(32)

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Measured:
    """One entry a grid; seen is certain or possible.

    Attributes
    ----------
    streets_m, streets_seen_m, streets_certain_m
        float64: lengths in metres; of a street on a border the grid with the lowest code has it.
    incidents, incidents_seen, incidents_certain
        int64: incidents of the window and categories.
    places, places_seen, places_certain
        int64: key places.
    """

    streets_m: NDArray[np.float64]
    streets_seen_m: NDArray[np.float64]
    streets_certain_m: NDArray[np.float64]
    incidents: Ints
    incidents_seen: Ints
    incidents_certain: Ints
    places: Ints
    places_seen: Ints
    places_certain: Ints


@dataclass(frozen=True)
class Placed:
    """Points against a result: the grid each lies in (-1 in none), and its state (codes of `geo.denominators`)."""

    cell: Ints
    state: NDArray[np.int8]


def measure(complete: Complete, snapshot: Snapshot, params: Params) -> Measured:
    """Count what `snapshot` holds now against a result, which may be of an older state of its cameras."""
    shares = streets(complete, snapshot)
    mask = selected(snapshot, params)
    return Measured(
        shares.streets_m,
        shares.certain_m + shares.possible_m,
        shares.certain_m,
        *_counts(incidents(complete, snapshot), mask, len(complete)),
        *_counts(places(complete, snapshot), None, len(complete)),
    )


def _counts(placed: Placed, mask: NDArray[np.bool_] | None, n: int) -> tuple[Ints, Ints, Ints]:
    """How many lie in each grid, are seen there, are certainly seen there."""
    from geo.denominators import CERTAIN, POSSIBLE

    inside = placed.cell >= 0 if mask is None else (placed.cell >= 0) & mask
    certain = inside & (placed.state == CERTAIN)
    seen = certain | (inside & (placed.state == POSSIBLE))
    every, some, sure = (np.bincount(placed.cell[which], minlength=n) for which in (inside, seen, certain))
    return every, some, sure


def streets(complete: Complete, snapshot: Snapshot) -> Any:
    """Return the `geo.streets.StreetShares` of a result."""
    from geo.streets import street_shares, streets_by_cell

    layer = snapshot["streets"]
    lines = np.zeros(0, dtype=object) if layer.geometry is None else layer.geometry

    def shares() -> Any:
        polygons = complete.city.cells.polygons
        pieces = _streets.get(
            (layer,),
            (complete.mark[:2], complete.level),
            lambda: streets_by_cell(lines, polygons, complete.codes),
        )
        last = complete.before("streets", layer)
        if last is None:
            return street_shares(pieces, complete.city.coverage)
        before, touched = last
        now = street_shares(pieces, complete.city.coverage, rows=touched)
        columns = {name: values.copy() for name, values in vars(before).items()}
        for name, values in columns.items():
            values[touched] = getattr(now, name)
        return type(before)(**columns)

    return complete.once("streets", layer, shares)


def incidents(complete: Complete, snapshot: Snapshot) -> Placed:
    """Return the grid and the state of every incident of `snapshot`."""
    from geo.denominators import incident_states

    layer = snapshot["incidents"]
    x = np.zeros(0) if layer.x is None else layer.x
    y = np.zeros(0) if layer.y is None else layer.y

    def make() -> Placed:
        cell, coverage = _cells(complete, layer, x, y), complete.city.coverage
        last = complete.before("incidents", layer)
        if last is not None:
            before, touched = last
            rows, state = np.flatnonzero(np.isin(cell, touched)), before.state.copy()
        else:
            known = _known(complete, layer)
            rows = np.arange(len(known), len(cell))
            state = np.concatenate([known, np.zeros(len(rows), np.int8)])
        state[rows] = incident_states(x[rows], y[rows], cell[rows], coverage)
        return Placed(cell, state)

    return complete.once("incidents", layer, make)


def _known(complete: Complete, layer: LayerColumns) -> NDArray[np.int8]:
    """The states that are known of a result, where incidents were only added since."""
    last = complete.last("incidents")
    if last is not None and layer.x is not None and layer.y is not None:
        old, placed = last
        n = len(old)
        if n <= len(layer) and np.array_equal(old.x, layer.x[:n]) and np.array_equal(old.y, layer.y[:n]):
            state: NDArray[np.int8] = placed.state
            return state
    return np.zeros(0, np.int8)


def places(complete: Complete, snapshot: Snapshot) -> Placed:
    """Return the grid (that of a point within it) and the state of every key place of `snapshot`."""
    from geo.denominators import place_states

    layer, buildings = snapshot["places"], snapshot["buildings"]
    footprints = np.zeros(0, dtype=object) if buildings.geometry is None else buildings.geometry
    shapes = np.zeros(0, dtype=object) if layer.geometry is None else layer.geometry

    def make() -> Placed:
        inner = shapely.point_on_surface(shapes)
        cell = _cells(complete, layer, shapely.get_x(inner), shapely.get_y(inner))
        return Placed(cell, place_states(shapes, footprints, complete.city.coverage))

    return complete.once("places", layer, make)


def _cells(complete: Complete, layer: LayerColumns, x: NDArray[np.float64], y: NDArray[np.float64]) -> Ints:
    """In which grid each point lies; shared by all rules of a level."""
    from geo.assign import assign

    if len(x) == 0 or len(complete) == 0:
        return np.full(len(x), -1, dtype=np.int64)
    key = ("cells", complete.mark[:2], complete.level)
    return _cell_of.get((layer,), key, lambda: assign(x, y, complete.city.cells.polygons, complete.codes))
