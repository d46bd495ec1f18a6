"""The compiled loops of the heat map: filter, spread, read, add up; without the interpreter's lock.

Rows are sorted by square cells, row of cells by row of cells from the south-west, and by time within a cell. `start`
(cells + 1) says where each cell's rows begin. `when` is in milliseconds; `code` a category (-1 unknown), `hour` an hour
of the week (0 Monday midnight to 167, 168 unknown).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def first_at(when: Any, begin: int, end: int, bound: int) -> int:
    """The first row of a cell that is not before `bound`."""
    while begin < end:
        middle = (begin + end) >> 1
        if when[middle] < bound:
            begin = middle + 1
        else:
            end = middle
    return begin


@njit(cache=True, nogil=True)
def count_cells(start: Any, rows: Any, choice: Any, weighted: bool, out: Any) -> int:
    """Fill `out` (cells, 3) with each cell's sum of weights, and of x and y times weight; return the rows chosen."""
    x, y, when, code, hour, weight = rows
    timed, begin_ms, end_ms, by_code, codes, by_hour, hours = choice
    chosen = 0
    for cell in range(len(start) - 1):
        a, b = start[cell], start[cell + 1]
        if a == b:
            continue
        if timed:
            a = first_at(when, a, b, begin_ms)
            b = first_at(when, a, b, end_ms)
        total, sum_x, sum_y = 0.0, 0.0, 0.0
        for i in range(a, b):
            if (by_code and not codes[code[i]]) or (by_hour and not hours[hour[i]]):
                continue
            w = 1.0
            if weighted:
                w = weight[i]
                if math.isnan(w):
                    continue
            chosen += 1
            total += w
            sum_x += w * x[i]
            sum_y += w * y[i]
        out[cell, 0] = total
        out[cell, 1] = sum_x
        out[cell, 2] = sum_y
    return chosen


@njit(cache=True, nogil=True, inline="always")
def _put(lattice: Any, u: float, v: float, w: float) -> None:
    """Share a weight out to the 3 x 3 nearest nodes by quadratic splines; (u, v) in steps from the first node."""
    j, i = int(u + 0.5), int(v + 0.5)
    if j < 1 or i < 1 or j >= lattice.shape[1] - 1 or i >= lattice.shape[0] - 1:
        return
    t, s = u - j, v - i
    x0, x1, x2 = 0.5 * (0.5 - t) ** 2, 0.75 - t * t, 0.5 * (0.5 + t) ** 2
    for k, y in ((-1, 0.5 * (0.5 - s) ** 2), (0, 0.75 - s * s), (1, 0.5 * (0.5 + s) ** 2)):
        lattice[i + k, j - 1] += w * y * x0
        lattice[i + k, j] += w * y * x1
        lattice[i + k, j + 1] += w * y * x2


@njit(cache=True, nogil=True)
def spread_rows(
    start: Any, across: int, window: Any, rows: Any, choice: Any, weighted: bool, lattice: Any, west: float,
    south: float, step: float,
) -> None:  # fmt: skip
    """Add the chosen rows of a window of cells (x0, y0, x1, y1; last included) to a lattice."""
    x, y, when, code, hour, weight = rows
    timed, begin_ms, end_ms, by_code, codes, by_hour, hours = choice
    x0, y0, x1, y1 = window
    per = 1.0 / step
    for row in range(y0, y1 + 1):
        first, last = row * across + x0, row * across + x1
        # Without a time window the rows of neighbouring cells follow each other.
        for cell in range(first, (last if timed else first) + 1):
            a = start[cell]
            b = start[cell + 1 if timed else last + 1]
            if timed:
                a = first_at(when, a, b, begin_ms)
                b = first_at(when, a, b, end_ms)
            for i in range(a, b):
                if (by_code and not codes[code[i]]) or (by_hour and not hours[hour[i]]):
                    continue
                w = 1.0
                if weighted:
                    w = weight[i]
                    if math.isnan(w):
                        continue
                _put(lattice, (x[i] - west) * per, (y[i] - south) * per, w)


@njit(cache=True, nogil=True)
def spread_cells(sums: Any, across: int, window: Any, lattice: Any, west: float, south: float, step: float) -> None:
    """Add the sums of a window of cells to a lattice, each at its centre of gravity."""
    x0, y0, x1, y1 = window
    per = 1.0 / step
    for row in range(y0, y1 + 1):
        for cell in range(row * across + x0, row * across + x1 + 1):
            w = sums[cell, 0]
            if w != 0:
                _put(lattice, (sums[cell, 1] / w - west) * per, (sums[cell, 2] / w - south) * per, w)


@njit(cache=True, nogil=True, inline="always")
def _take(lattice: Any, u: float, v: float) -> Any:
    """Read a lattice of spline coefficients between its nodes; 0 beyond them."""
    j, i = int(u + 0.5), int(v + 0.5)
    if j < 1 or i < 1 or j >= lattice.shape[1] - 1 or i >= lattice.shape[0] - 1:
        return 0.0
    t, s = u - j, v - i
    x0, x1, x2 = 0.5 * (0.5 - t) ** 2, 0.75 - t * t, 0.5 * (0.5 + t) ** 2
    low = lattice[i - 1, j - 1] * x0 + lattice[i - 1, j] * x1 + lattice[i - 1, j + 1] * x2
    middle = lattice[i, j - 1] * x0 + lattice[i, j] * x1 + lattice[i, j + 1] * x2
    high = lattice[i + 1, j - 1] * x0 + lattice[i + 1, j] * x1 + lattice[i + 1, j + 1] * x2
    return low * (0.5 * (0.5 - s) ** 2) + middle * (0.75 - s * s) + high * (0.5 * (0.5 + s) ** 2)


@njit(cache=True, nogil=True)
def _row_of(mesh_x: Any, mesh_y: Any, row: int, rows: int, x: Any, y: Any) -> None:
    """Fill `x` and `y` (columns) with the places of the pixel centres of a row; see `read_mesh`."""
    size, cells = len(x), mesh_x.shape[0] - 1
    at = (row + 0.5) * cells / rows
    i = min(int(at), cells - 1)
    v = at - i
    for j in range(cells):
        ax = mesh_x[i, j] * (1 - v) + mesh_x[i + 1, j] * v
        bx = mesh_x[i, j + 1] * (1 - v) + mesh_x[i + 1, j + 1] * v
        ay = mesh_y[i, j] * (1 - v) + mesh_y[i + 1, j] * v
        by = mesh_y[i, j + 1] * (1 - v) + mesh_y[i + 1, j + 1] * v
        for column in range(-(-(2 * j * size - cells) // (2 * cells)), size):
            u = (column + 0.5) * cells / size - j
            if u >= 1.0:
                break
            if u < 0.0:
                continue
            x[column], y[column] = ax + (bx - ax) * u, ay + (by - ay) * u


@njit(cache=True, nogil=True)
def read_mesh(lattice: Any, west: float, south: float, step: float, mesh_x: Any, mesh_y: Any, out: Any) -> None:
    """Read a lattice at the pixel centres of a picture whose places are given at the corners of a mesh.

    `mesh_x`, `mesh_y` (n + 1, n + 1), row 0 the north; `out` (rows, columns), between the corners linear.
    """
    x, y = np.zeros(out.shape[1]), np.zeros(out.shape[1])
    per = 1.0 / step
    for row in range(out.shape[0]):
        _row_of(mesh_x, mesh_y, row, out.shape[0], x, y)
        for column in range(out.shape[1]):
            out[row, column] = _take(lattice, (x[column] - west) * per, (y[column] - south) * per)


@njit(cache=True, nogil=True)
def read_inside(
    lattice: Any, mass: Any, shares: Any, west: float, south: float, step: float, mesh_x: Any, mesh_y: Any,
    least: float, out: Any, inside: Any,
) -> None:  # fmt: skip
    """Read as `read_mesh` does, divided by the kernel's mass inside, 0 where that is `least` or less.

    `inside` gets how much of the ground around each pixel lies inside, where there is something to correct.
    """
    x, y = np.zeros(out.shape[1]), np.zeros(out.shape[1])
    per = 1.0 / step
    for row in range(out.shape[0]):
        _row_of(mesh_x, mesh_y, row, out.shape[0], x, y)
        for column in range(out.shape[1]):
            u, v = (x[column] - west) * per, (y[column] - south) * per
            value = _take(lattice, u, v)
            if value == 0.0:
                continue
            whole = _take(mass, u, v)
            if whole > least:
                out[row, column] = value / whole
                inside[row, column] = _take(shares, u, v)


@njit(cache=True, nogil=True)
def read_at(lattice: Any, west: float, south: float, step: float, x: Any, y: Any, out: Any) -> None:
    """Read a lattice at some places."""
    per = 1.0 / step
    for k in range(len(x)):
        out[k] = _take(lattice, (x[k] - west) * per, (y[k] - south) * per)


@njit(cache=True, nogil=True)
def sum_at(
    at_x: Any, at_y: Any, start: Any, across: int, cell_m: float, rows: Any, choice: Any, weighted: bool,
    reach: float, gaussian: bool, out: Any,
) -> None:  # fmt: skip
    """Add up the kernels of the chosen rows at some places, exactly; each is 1 at its incident."""
    x, y, when, code, hour, weight = rows
    timed, begin_ms, end_ms, by_code, codes, by_hour, hours = choice
    down = (len(start) - 1) // across
    square = reach * reach
    for k in range(len(at_x)):
        px, py = at_x[k], at_y[k]
        x0 = max(0, math.floor((px - reach) / cell_m))
        x1 = min(across - 1, math.floor((px + reach) / cell_m))
        y0 = max(0, math.floor((py - reach) / cell_m))
        y1 = min(down - 1, math.floor((py + reach) / cell_m))
        total = 0.0
        for row in range(y0, y1 + 1):
            if x1 < x0:
                break
            first, last = row * across + x0, row * across + x1
            for cell in range(first, (last if timed else first) + 1):
                a = start[cell]
                b = start[cell + 1 if timed else last + 1]
                if timed:
                    a = first_at(when, a, b, begin_ms)
                    b = first_at(when, a, b, end_ms)
                for i in range(a, b):
                    d2 = (x[i] - px) ** 2 + (y[i] - py) ** 2
                    if d2 >= square:
                        continue
                    if (by_code and not codes[code[i]]) or (by_hour and not hours[hour[i]]):
                        continue
                    w = 1.0
                    if weighted:
                        w = weight[i]
                        if math.isnan(w):
                            continue
                    share = d2 / square
                    total += w * (math.exp(-8.0 * share) if gaussian else (1 - share) * (1 - share))
        out[k] = total
