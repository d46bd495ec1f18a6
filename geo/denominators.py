"""Shares by other things than area: street length, incidents and key places, each by how the cameras see it.

Streets: see `geo.streets`.

Incidents: an incident has the state of its place in the grid that it lies in (`geo.assign`), edges included, the better
state first.

Places: a key place that is a point in the open has the state of that point. One drawn as an area, or a point in or on a
building, is seen if a view comes within `TOUCH_M` of the area, or of the footprint: no camera outside sees into a
building, but one that sees its walls sees who comes and goes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from geo.parallel import chunks_of, in_chunks, never
from geo.streets import StreetPieces, StreetShares, street_shares, streets_by_cell

if TYPE_CHECKING:
    from geo.coverage import Coverage

__all__ = [
    "BLIND",
    "BUILT",
    "CERTAIN",
    "OUTSIDE",
    "POSSIBLE",
    "StreetPieces",
    "StreetShares",
    "incident_states",
    "place_states",
    "street_shares",
    "streets_by_cell",
]

CERTAIN, POSSIBLE, BLIND, BUILT, OUTSIDE = range(5)  # states of incidents and places
TOUCH_M = 1.0

Ints = NDArray[np.int64]
States = NDArray[np.int8]

_CHUNK = 16
_MANY = 30  # points for which it pays to prepare a polygon


def incident_states(
    x: ArrayLike,
    y: ArrayLike,
    cell: ArrayLike,
    coverage: Coverage,
    *,
    threads: int | None = None,
    cancelled: Callable[[], bool] = never,
) -> States:
    """Return the state of points.

    Parameters
    ----------
    x, y
        (m,), metres.
    cell
        int (m,): the grid each point lies in, see `geo.assign`; -1 for none.
    coverage
        Of those grids.
    threads, cancelled
        See `geo.parallel.in_chunks`.

    Returns
    -------
    int8 (m,): CERTAIN, POSSIBLE, BLIND; BUILT in the grid but in none of these; OUTSIDE in no grid.
    """
    px, py, of = np.asarray(x, np.float64), np.asarray(y, np.float64), np.asarray(cell, dtype=np.int64)
    states = np.full(len(of), OUTSIDE, np.int8)
    order = np.argsort(of, kind="stable")
    cells, first = np.unique(of[order], return_index=True)
    last = np.append(first[1:], len(of))
    known = cells >= 0
    cells, first, last = cells[known], first[known], last[known]
    layers = (coverage.certain, coverage.possible, coverage.blind)

    def work(places: Ints) -> None:
        for place in places:
            rows = order[first[place] : last[place]]
            states[rows] = BUILT
            for state, layer in enumerate(layers):
                area = layer[cells[place]]
                if len(rows) > _MANY:
                    area = _copy(area)
                    shapely.prepare(area)
                hit = shapely.intersects_xy(area, px[rows], py[rows])
                states[rows[hit]] = state
                rows = rows[~hit]

    in_chunks(work, chunks_of(np.ones(len(cells)), _CHUNK), threads=threads, cancelled=cancelled)
    return states


def place_states(geometry: ArrayLike, footprints: ArrayLike, coverage: Coverage) -> States:
    """Return the state of key places, anywhere in the city.

    Parameters
    ----------
    geometry
        Points or polygons (m,), metres; None and empty ones are OUTSIDE.
    footprints
        Of the buildings, any number; they may overlap. A point in several is seen if one of them is.
    coverage
        Of all grids.

    Returns
    -------
    int8 (m,): CERTAIN, POSSIBLE, else BLIND, also far from every grid; OUTSIDE only where there is no geometry.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> house, yard = shapely.box(0, 0, 10, 10), shapely.box(10.5, 0, 30, 10)
    >>> seen = SimpleNamespace(certain=[yard], possible=[shapely.Polygon()])
    >>> place_states([shapely.Point(5, 5), shapely.Point(20, 5), shapely.Point(50, 5)], [house], seen).tolist()
    [0, 0, 2]
    """
    places = np.asarray(geometry, dtype=object)
    there = np.flatnonzero(~(shapely.is_missing(places) | shapely.is_empty(places)))
    states = np.full(len(places), OUTSIDE, np.int8)
    states[there] = BLIND
    points = there[shapely.get_dimensions(places[there]) == 0]
    which, building = _tree(footprints).query(places[points], predicate="intersects")
    housed = points[which]
    itself = np.setdiff1d(there, housed)
    # What stands for each place, and how near a view must come to it.
    owner = np.concatenate([itself, housed])
    stands = np.concatenate([places[itself], np.asarray(footprints, dtype=object)[building]])
    reach = np.where(np.isin(owner, np.setdiff1d(points, housed)), 0.0, TOUCH_M)
    for state, layer in ((POSSIBLE, coverage.possible), (CERTAIN, coverage.certain)):
        found, _ = _tree(layer).query(stands, predicate="dwithin", distance=reach)
        states[owner[found]] = state
    return states


def _tree(shapes: ArrayLike) -> shapely.STRtree:
    return shapely.STRtree(np.asarray(shapes, dtype=object))


def _copy(shape: Any) -> Any:
    """A copy that may be prepared: the caller's may be in use by other threads."""
    return shapely.from_wkb(shapely.to_wkb(shape))
