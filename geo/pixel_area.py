"""Exact areas under edges, cell by cell: what antialiasing and shares of lattice cells inside a boundary are made of.

Signed trapezoid areas are accumulated edge by edge and summed along each row (the method of font rasterisers such as
font-rs and stb_truetype). Rings of opposite orientation cut holes.
"""

from __future__ import annotations

import math

from numba import njit


@njit(nogil=True)
def add_span(area, row, left, right, middle, height):  # type: ignore[no-untyped-def]
    """Add one edge's part inside one pixel row, between the columns left <= right (inside the picture)."""
    first = int(left)
    last = math.ceil(right)
    if last <= first + 1:
        share = middle - first
        area[row, first] += height * (1 - share)
        area[row, first + 1] += height * share
        return
    slope = 1.0 / (right - left)
    start = left - first
    end = right - last + 1
    begin = 0.5 * slope * (1 - start) * (1 - start)
    finish = 0.5 * slope * end * end
    area[row, first] += height * begin
    if last == first + 2:
        area[row, first + 1] += height * (1 - begin - finish)
    else:
        second = slope * (1.5 - start)
        area[row, first + 1] += height * (second - begin)
        for column in range(first + 2, last - 1):
            area[row, column] += height * slope
        before = second + (last - first - 3) * slope
        area[row, last - 1] += height * (1 - before - finish)
    area[row, last] += height * finish


@njit(nogil=True)
def add_edge(area, x0, y0, x1, y1):  # type: ignore[no-untyped-def]
    """Add one directed edge in pixel coordinates; what is left of the picture counts from its first column."""
    rows = area.shape[0]
    columns = area.shape[1] - 2
    if y0 == y1:
        return
    sign = 1.0
    if y0 > y1:
        sign = -1.0
        x0, y0, x1, y1 = x1, y1, x0, y0
    if y1 <= 0 or y0 >= rows or (x0 >= columns and x1 >= columns):
        return
    slope = (x1 - x0) / (y1 - y0)
    top = max(y0, 0.0)
    bottom = min(y1, float(rows))
    x = x0 + (top - y0) * slope
    for row in range(int(top), min(rows, math.ceil(bottom))):
        low = max(float(row), top)
        high = min(row + 1.0, bottom)
        after = x + slope * (high - low)
        height = sign * (high - low)
        left = min(x, after)
        right = max(x, after)
        x = after
        if right <= 0:
            area[row, 0] += height
        elif left >= columns:
            continue
        else:
            width = right - left
            share = 1.0
            if left < 0:
                area[row, 0] += height * (-left / width)
                share -= -left / width
                left = 0.0
            if right > columns:
                share -= (right - columns) / width
                right = float(columns)
            add_span(area, row, left, right, 0.5 * (left + right), height * share)
