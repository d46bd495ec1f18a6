"""A rolling backtest: surfaces made from what was known, judged on what came next, period after period."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.score import FEWEST, SHARES, Cells, Score, score

Floats = NDArray[np.float64]
Surface = Callable[[Floats, Floats, Cells], Floats]


@dataclass(frozen=True)
class Judged:
    """One surface judged on one period.

    Attributes
    ----------
    period
        Position of the later period: it lies between edges `period` and `period + 1`.
    surface
        Its name.
    incidents, outside
        Of the later period: those in cells, and those in none.
    score
        At the shares that were asked for.
    """

    period: int
    surface: str
    incidents: int
    outside: int
    score: Score


def last_counts(x: Floats, y: Floats, cells: Cells) -> Floats:
    """Return counts per cell: the naive surface, when handed one period."""
    return cells.count(x, y).astype(np.float64)


def backtest(
    x: ArrayLike,
    y: ArrayLike,
    time: ArrayLike,
    edges: Sequence[np.datetime64],
    cells: Cells,
    surfaces: Mapping[str, tuple[int, Surface]],
    shares: Sequence[float] = SHARES,
) -> list[Judged]:
    """Judge surfaces on every period that has enough periods before it.

    Parameters
    ----------
    x, y, time
        (m,) of the incidents: metres, datetime64.
    edges
        Bounds of the periods, ascending; a period is ``edges[i] <= time < edges[i + 1]``.
    cells
        Where incidents are counted.
    surfaces
        Name -> (how many periods directly before it is made from, function of their x, y and the cells).
    shares
        See `geo.score.score`.

    Returns
    -------
    For every period for which all surfaces have their past and at least `geo.score.FEWEST` incidents fall in cells: one
    row for each surface.

    Examples
    --------
    >>> cells = Cells(100.0, (0.0, 0.0, 200.0, 100.0), np.ones((1, 2), bool))
    >>> days = np.repeat(np.arange("2024-01-01", "2024-01-04", dtype="M8[D]"), 20)
    >>> rows = backtest(np.full(60, 150.0), np.full(60, 50.0), days, np.unique(days), cells,
    ...                 {"last": (1, last_counts)}, [0.5])
    >>> [(row.period, row.surface, float(row.score.pai[0])) for row in rows]
    [(1, 'last', 2.0)]
    """
    px, py = np.asarray(x, np.float64), np.asarray(y, np.float64)
    when = np.asarray(time)
    period = np.searchsorted(np.asarray(edges), when, side="right") - 1
    period[np.isnat(when)] = -1
    past = max(count for count, _ in surfaces.values())
    rows = []
    for now in range(past, len(edges) - 1):
        later = period == now
        hits = cells.count(px[later], py[later])
        if hits.sum() < FEWEST:
            continue
        for name, (count, make) in surfaces.items():
            known = (period >= now - count) & (period < now)
            value = make(px[known], py[known], cells)
            rows.append(Judged(now, name, int(hits.sum()), int(later.sum() - hits.sum()), score(value, hits, shares)))
    return rows
