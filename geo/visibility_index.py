"""A flat index of square cells over edges: which edges can be in a box.

An edge is listed in every cell of its bounding box. Whoever walks the cells of a box meets it once if he takes it only
in the cell that is the lower left one of both boxes' common cells; no marks are needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_FEWEST = 1 << 20  # cells or entries that are always allowed
_PER_EDGE = 16


@dataclass(frozen=True)
class Cells:
    """Cells (rows by rows from the south-west) and the edges in each: `items[starts[c]:starts[c + 1]]`.

    `ends` float64 (items, 4) repeats ax, ay, bx, by of the items, so that a cell is read in one go.
    """

    x0: float
    y0: float
    cell_m: float
    columns: int
    rows: int
    starts: NDArray[np.int64]
    items: NDArray[np.int32]
    ends: Floats


def index_edges(ax: Floats, ay: Floats, bx: Floats, by: Floats, cell_m: float) -> Cells:
    """List the edges of every cell; cells grow until there are not too many of them and not too many entries."""
    if not len(ax):
        return Cells(0.0, 0.0, cell_m, 1, 1, np.zeros(2, np.int64), np.zeros(0, np.int32), np.zeros((0, 4)))
    x0, y0 = float(min(ax.min(), bx.min())), float(min(ay.min(), by.min()))
    x1, y1 = float(max(ax.max(), bx.max())), float(max(ay.max(), by.max()))
    allowed = _FEWEST + _PER_EDGE * len(ax)
    while True:
        columns, rows = int((x1 - x0) / cell_m) + 1, int((y1 - y0) / cell_m) + 1
        if columns * rows <= allowed and entries(ax, ay, bx, by, x0, y0, 1 / cell_m) <= allowed:
            break
        cell_m *= 2
    starts, items, ends = fill(ax, ay, bx, by, x0, y0, 1 / cell_m, columns, rows)
    return Cells(x0, y0, cell_m, columns, rows, starts, items, ends)


@njit(cache=True, nogil=True, error_model="numpy")
def entries(ax: Any, ay: Any, bx: Any, by: Any, x0: float, y0: float, per_m: float) -> int:
    """Count the cells of all bounding boxes."""
    count = 0
    for e in range(len(ax)):
        across = int((max(ax[e], bx[e]) - x0) * per_m) - int((min(ax[e], bx[e]) - x0) * per_m) + 1
        count += across * (int((max(ay[e], by[e]) - y0) * per_m) - int((min(ay[e], by[e]) - y0) * per_m) + 1)
    return count


@njit(cache=True, nogil=True, error_model="numpy")
def fill(ax: Any, ay: Any, bx: Any, by: Any, x0: float, y0: float, per_m: float, columns: int, rows: int) -> Any:
    """Return starts (cells + 1,), items, edges ascending within each cell, and their ends."""
    starts = np.zeros(columns * rows + 1, np.int64)
    for e in range(len(ax)):
        left, right = int((min(ax[e], bx[e]) - x0) * per_m), int((max(ax[e], bx[e]) - x0) * per_m)
        low, high = int((min(ay[e], by[e]) - y0) * per_m), int((max(ay[e], by[e]) - y0) * per_m)
        for row in range(low, high + 1):
            for column in range(left, right + 1):
                starts[min(row, rows - 1) * columns + min(column, columns - 1) + 1] += 1
    for cell in range(columns * rows):
        starts[cell + 1] += starts[cell]
    place = starts[:-1].copy()
    items, ends = np.empty(starts[-1], np.int32), np.empty((starts[-1], 4))
    for e in range(len(ax)):
        left, right = int((min(ax[e], bx[e]) - x0) * per_m), int((max(ax[e], bx[e]) - x0) * per_m)
        low, high = int((min(ay[e], by[e]) - y0) * per_m), int((max(ay[e], by[e]) - y0) * per_m)
        for row in range(low, high + 1):
            for column in range(left, right + 1):
                cell = min(row, rows - 1) * columns + min(column, columns - 1)
                k = place[cell]
                items[k] = e
                ends[k, 0], ends[k, 1], ends[k, 2], ends[k, 3] = ax[e], ay[e], bx[e], by[e]
                place[cell] += 1
    return starts, items, ends
