"""The nodes of a lattice through the CRS's origin: those needed in a box, and the highest of them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_LOOKED_AT = 1000


def nodes_of(box: tuple[float, float, float, float], step: float) -> tuple[int, int, int, int]:
    """Return the nodes needed to read a lattice anywhere in a box: first column, first row, columns, rows."""
    column, row = math.floor(box[0] / step) - 1, math.floor(box[1] / step) - 1
    return column, row, math.ceil(box[2] / step) - column + 2, math.ceil(box[3] / step) - row + 2


def highest(nodes: Any, window: tuple[int, int, int, int], step: float, most: int) -> tuple[Floats, Floats]:
    """Return the places of the highest nodes, no two of them neighbours."""
    flat = nodes.ravel()
    high = np.flatnonzero(flat >= 0.9 * flat.max())
    if len(high) > _LOOKED_AT:
        high = high[np.argpartition(flat[high], -_LOOKED_AT)[-_LOOKED_AT:]]
    high = high[np.argsort(-flat[high], kind="stable")]
    rows, columns = np.divmod(high, nodes.shape[1])
    taken: list[int] = []
    for k in range(len(high)):
        if all(max(abs(rows[k] - rows[j]), abs(columns[k] - columns[j])) > 1 for j in taken):
            taken.append(k)
        if len(taken) == most:
            break
    return (columns[taken] + window[0]) * step, (rows[taken] + window[1]) * step
