"""How well a surface tells where incidents will be: hit rate, PAI and PEI on a period it does not know.

The area is divided into equal cells. The cells with the highest values are flagged; of the N incidents of the later
period, n fall into the flagged cells, which are the share a / A of all cells:

- hit rate = n / N;
- PAI, predictive accuracy index = (n / N) / (a / A): how many times better than flagging anywhere (Chainey, Tompson and
  Uhlig 2008); a surface that knows nothing has 1;
- PEI, predictive efficiency index = PAI / PAI of the best choice of as many cells, made with knowledge of the later
  period (Hunt 2016); at most 1. Only equal cells make this fair, which is why grids are laid out on cells too.

Cells of one value are flagged together in part: their incidents count in proportion, as if drawn by lot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.errors import N_, ParameterError

SHARES = (0.01, 0.05, 0.10, 0.20)
FEWEST = 20  # incidents, of either period, below which no score is given
CELL_SIZES_M = (50.0, 100.0, 150.0, 200.0, 250.0, 500.0, 1000.0, 2000.0, 5000.0, 10_000.0)
FEW_CELLS, MANY_CELLS, MOST_PIXELS = 1_000, 100_000, 4_000_000

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Cells:
    """Equal square cells of a regular lattice whose centres lie inside the area.

    Attributes
    ----------
    cell_m
        Side.
    box
        (x0, y0, x1, y1) of the lattice, metres; whole multiples of the side.
    inside
        bool (rows, columns), row 0 is the north: the cells.
    """

    cell_m: float
    box: Box
    inside: Bools

    def __len__(self) -> int:
        return int(self.inside.sum())

    @property
    def area_km2(self) -> float:
        """Area of all cells."""
        return len(self) * self.cell_m**2 / 1e6

    def count(self, x: ArrayLike, y: ArrayLike) -> Ints:
        """Return how many points lie in each cell, (cells,) in the order of `inside[inside]`; others are left out."""
        px, py = np.asarray(x, np.float64), np.asarray(y, np.float64)
        rows, columns = self.inside.shape
        column = np.floor((px - self.box[0]) / self.cell_m).astype(np.int64)
        row = rows - 1 - np.floor((py - self.box[1]) / self.cell_m).astype(np.int64)
        on = (row >= 0) & (row < rows) & (column >= 0) & (column < columns)
        flat = np.bincount(row[on] * columns + column[on], minlength=rows * columns)
        return flat.reshape(rows, columns)[self.inside]

    def centres(self) -> tuple[Floats, Floats]:
        """Return x, y of the middle of each cell, metres."""
        row, column = np.nonzero(self.inside)
        x = self.box[0] + (column.astype(np.float64) + 0.5) * self.cell_m
        y = self.box[3] - (row.astype(np.float64) + 0.5) * self.cell_m
        return np.asarray(x, np.float64), np.asarray(y, np.float64)


def cell_size_m(area_m2: float, box: Box) -> float:
    """Return the side of the cells: 100 m; 50 m where that gives fewer than 1,000 cells, longer where over 100,000."""
    x0, y0, x1, y1 = box
    if area_m2 / 100.0**2 < FEW_CELLS:
        return CELL_SIZES_M[0]
    for side in CELL_SIZES_M[1:]:
        if area_m2 / side**2 <= MANY_CELLS and (x1 - x0) * (y1 - y0) / side**2 <= MOST_PIXELS:
            return side
    raise ParameterError(N_("The area is too wide for a score."), N_("Check the places of grids and incidents."))


def lattice_box(box: Box, cell_m: float) -> tuple[Box, tuple[int, int]]:
    """Return the smallest box of whole cells around `box`, and its (rows, columns)."""
    left, low = np.floor(box[0] / cell_m), np.floor(box[1] / cell_m)
    right, high = max(np.ceil(box[2] / cell_m), left + 1), max(np.ceil(box[3] / cell_m), low + 1)
    whole = (float(left * cell_m), float(low * cell_m), float(right * cell_m), float(high * cell_m))
    return whole, (int(high - low), int(right - left))


def hit_curve(value: ArrayLike, hits: ArrayLike) -> Floats:
    """Return how many hits lie in the k cells of the highest values, for k = 0 .. cells.

    Parameters
    ----------
    value, hits
        (cells,): what the surface says, and incidents of the later period. A value that is missing is the lowest.

    Returns
    -------
    float64 (cells + 1,), rising from 0 to all hits; cells of one value share theirs.

    Examples
    --------
    >>> hit_curve([3.0, 1.0, 1.0, 0.0], [4, 2, 0, 1]).tolist()
    [0.0, 4.0, 5.0, 6.0, 7.0]
    """
    level = np.asarray(value, np.float64)
    level = np.where(np.isnan(level), -np.inf, level)
    order = np.argsort(-level, kind="stable")
    ranked = level[order]
    total = np.concatenate([[0.0], np.cumsum(np.asarray(hits, np.float64)[order])])
    ends = np.concatenate([[0], np.flatnonzero(ranked[1:] != ranked[:-1]) + 1, [len(ranked)]])
    return np.asarray(np.interp(np.arange(len(ranked) + 1), ends, total[ends]), np.float64)


@dataclass(frozen=True)
class Score:
    """The score of a surface at some shares of the area; arrays (shares,).

    Attributes
    ----------
    cells, area_share
        int64, float64: flagged cells, at least one, and their share of all.
    hits, hit_rate, pai, pei
        float64; PEI is NaN where even the best choice hits nothing.
    low, high
        float64: 95 % interval of the hit rate (Wilson), of the incidents as a sample.
    """

    cells: Ints
    area_share: Floats
    hits: Floats
    hit_rate: Floats
    pai: Floats
    pei: Floats
    low: Floats
    high: Floats


def score(value: ArrayLike, hits: ArrayLike, shares: Sequence[float] = SHARES) -> Score:
    """Judge a surface.

    Parameters
    ----------
    value, hits
        As in `hit_curve`; at least one hit.
    shares
        Shares of the area to flag, between 0 and 1.

    Examples
    --------
    >>> found = score([9, 5, 1, 0, 0, 0, 0, 0, 0, 0], [6, 1, 2, 0, 0, 1, 0, 0, 0, 0], [0.1, 0.2])
    >>> found.hit_rate.tolist(), found.pai.round(3).tolist(), found.pei.round(3).tolist()
    ([0.6, 0.7], [6.0, 3.5], [1.0, 0.875])
    """
    later = np.asarray(hits, np.float64)
    n = later.sum()
    if not n > 0:
        raise ParameterError(N_("No incident to judge the surface on."), N_("Choose a longer time window."))
    cells = np.maximum(np.round(np.asarray(shares) * len(later)).astype(np.int64), 1)
    area = cells / len(later)
    found, best = hit_curve(value, later)[cells], hit_curve(later, later)[cells]
    rate = found / n
    pei = np.divide(found, best, out=np.full(len(cells), np.nan), where=best > 0)
    low, high = _wilson(rate, float(n))
    return Score(cells, area, found, rate, rate / area, pei, low, high)


def _wilson(rate: Floats, n: float, z: float = 1.959964) -> tuple[Floats, Floats]:
    middle = (rate + z * z / (2 * n)) / (1 + z * z / n)
    half = z * np.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return np.maximum(middle - half, 0.0), np.minimum(middle + half, 1.0)
