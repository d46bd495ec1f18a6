"""Street length by grid and by how the cameras see it.

Every piece of a street counts exactly once: one that lies in several grids, as along their border, counts for the grid
with the lowest code in text order, then the lowest index. A segment drawn twice, in either direction, counts once.
Within its grid a piece is certainly seen if it lies in the certain polygons or on their edge; else possibly seen, else
blind by the same rule; what is in none of the three lies under a building (a passage, a tunnel).

Segments are cut wherever an edge of those polygons crosses or touches them; each piece is of one state, that of its
middle. What is within `EDGE_M` of an edge is on it: a street along a border may by rounding lie a hair beside it, and
the outlines of states are rounded to a lattice (`geo.overlay`) some ten times finer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from geo import streets_kernels as kernels
from geo.assign import Locator, text_rank
from geo.border import border_distance, border_segments
from geo.lattice import edges_of
from geo.parallel import chunks_of, in_chunks, never

if TYPE_CHECKING:
    from geo.coverage import Coverage

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Objects = NDArray[Any]

EDGE_M = 1e-5
_CHUNK = 64


@dataclass(frozen=True)
class StreetPieces:
    """Straight pieces of street: float64 (k, 4) of x0, y0, x1, y1; those of grid i are `start[i]:start[i + 1]`."""

    segments: Floats
    start: Ints

    def length_m(self) -> Floats:
        """Return the metres in each grid, float64 (n,)."""
        length = np.hypot(self.segments[:, 2] - self.segments[:, 0], self.segments[:, 3] - self.segments[:, 1])
        total = np.concatenate([[0.0], np.cumsum(length)])
        metres: Floats = total[self.start[1:]] - total[self.start[:-1]]
        return metres


@dataclass(frozen=True)
class StreetShares:
    """Metres of street in each grid, float64 (n,): all, and by state; certain + possible + blind + built = all."""

    streets_m: Floats
    certain_m: Floats
    possible_m: Floats
    blind_m: Floats
    built_m: Floats


def streets_by_cell(
    lines: ArrayLike, polygons: ArrayLike, codes: ArrayLike, *, locator: Locator | None = None
) -> StreetPieces:
    """Cut streets into the pieces of each grid; independent of cameras and buildings, so worth keeping.

    Parameters
    ----------
    lines
        Lines or multilines, any number, metres; None and empty ones are left out.
    polygons
        The grids (n,) in the same CRS; None and empty ones hold nothing.
    codes
        Text (n,), decides to which grid a piece in several belongs.
    locator
        One made of the same polygons and codes, to save building it.

    Examples
    --------
    >>> west, east = shapely.box(0, 0, 10, 10), shapely.box(10, 0, 20, 10)
    >>> border, across = shapely.LineString([(10, 0), (10, 10)]), shapely.LineString([(5, 5), (25, 5)])
    >>> streets_by_cell([border, across], [west, east], ["b", "a"]).length_m().tolist()
    [5.0, 20.0]
    """
    cells = np.asarray(polygons, dtype=object)
    pieces, _ = kernels.cut(_segments(lines), border_segments(cells), EDGE_M)
    x, y = (pieces[:, 0] + pieces[:, 2]) / 2, (pieces[:, 1] + pieces[:, 3]) / 2
    cell = (locator or Locator(cells, codes)).locate(x, y)
    on_border = np.flatnonzero(border_distance(x, y, cells) <= EDGE_M)
    if len(on_border):
        rank = text_rank(codes)
        points = np.asarray(shapely.points(x[on_border], y[on_border]), dtype=object)
        which, near = shapely.STRtree(cells).query(points, predicate="dwithin", distance=EDGE_M)
        best = np.full(len(on_border), len(cells), np.int64)
        np.minimum.at(best, which, rank[near])
        cell[on_border] = np.append(np.argsort(rank), -1)[best]
    inside = cell >= 0
    order = np.argsort(cell[inside], kind="stable")
    return StreetPieces(
        np.ascontiguousarray(pieces[inside][order]),
        np.searchsorted(cell[inside][order], np.arange(len(cells) + 1)).astype(np.int64),
    )


def street_shares(
    pieces: StreetPieces,
    coverage: Coverage,
    *,
    rows: ArrayLike | None = None,
    threads: int | None = None,
    cancelled: Callable[[], bool] = never,
) -> StreetShares:
    """Measure how much of the streets of each grid is seen.

    Parameters
    ----------
    pieces
        Of all grids of the coverage, see `streets_by_cell`.
    coverage
        Its polygons are used.
    rows
        The grids to measure, (k,), None for all; the result is in their order.
    threads, cancelled
        See `geo.parallel.in_chunks`.
    """
    chosen = np.arange(len(pieces.start) - 1) if rows is None else np.asarray(rows, dtype=np.int64)
    metres = np.zeros((len(chosen), 4))

    def work(places: Ints) -> None:
        here = chosen[places]
        layers = [edges_of(layer[here]) for layer in (coverage.certain, coverage.possible, coverage.blind)]
        for at, (place, row) in enumerate(zip(places, here, strict=True)):
            mine = pieces.segments[pieces.start[row] : pieces.start[row + 1]]
            if len(mine):
                own = [edges[start[at] : start[at + 1]] for edges, start in layers]
                kind = np.repeat(np.arange(3, dtype=np.int8), [len(edges) for edges in own])
                kernels.measure(mine, np.concatenate(own), kind, 3, EDGE_M, metres[place])

    in_chunks(work, chunks_of(np.ones(len(chosen)), _CHUNK), threads=threads, cancelled=cancelled)
    return StreetShares(metres.sum(axis=1), *metres.T.copy())


def _segments(lines: ArrayLike) -> Floats:
    """The distinct segments of lines, (k, 4), in the order of their lower left ends."""
    drawn = np.asarray(lines, dtype=object)
    xy, owner = shapely.get_coordinates(shapely.get_parts(drawn[~shapely.is_missing(drawn)]), return_index=True)
    joined = owner[1:] == owner[:-1]
    segments = np.hstack([xy[:-1][joined], xy[1:][joined]])
    segments = segments[(segments[:, :2] != segments[:, 2:]).any(axis=1)]
    swap = (segments[:, 0] > segments[:, 2]) | ((segments[:, 0] == segments[:, 2]) & (segments[:, 1] > segments[:, 3]))
    segments[swap] = segments[swap][:, [2, 3, 0, 1]]
    _, first = np.unique(np.round(segments / EDGE_M), axis=0, return_index=True)
    distinct: Floats = np.ascontiguousarray(segments[first])
    return distinct
