"""Flows between grids: how many incidents were recorded in one grid and count in another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Flows:
    """The pairs that occur, most incidents first, then by index.

    Attributes
    ----------
    recorded, located
        int64 (k,): index of a grid; `located` is -1 for in no grid. They differ in each pair.
    incidents
        int64 (k,).
    stayed
        Incidents that count in the grid they were recorded in.
    other
        Incidents without a recorded grid of the level.
    """

    recorded: NDArray[np.int64]
    located: NDArray[np.int64]
    incidents: NDArray[np.int64]
    stayed: int
    other: int

    def __len__(self) -> int:
        return len(self.incidents)


def flows(recorded: ArrayLike, located: ArrayLike, grids: int) -> Flows:
    """Count incidents by recorded and located grid.

    Parameters
    ----------
    recorded, located
        int (n,): index of the grid, below `grids`, -1 for none.

    Examples
    --------
    >>> found = flows([0, 0, 1, -1, 1], [0, 1, 0, 0, -1], 2)
    >>> list(zip(found.recorded.tolist(), found.located.tolist(), found.incidents.tolist()))
    [(0, 1, 1), (1, -1, 1), (1, 0, 1)]
    >>> found.stayed, found.other
    (1, 1)
    """
    first, last = np.asarray(recorded, np.int64), np.asarray(located, np.int64)
    known = first >= 0
    key, count = np.unique(first[known] * (grids + 1) + last[known] + 1, return_counts=True)
    source, target = key // (grids + 1), key % (grids + 1) - 1
    moved = source != target
    order = np.lexsort((key[moved], -count[moved]))
    return Flows(
        source[moved][order],
        target[moved][order],
        count[moved][order].astype(np.int64),
        int(count[~moved].sum()),
        int((~known).sum()),
    )
