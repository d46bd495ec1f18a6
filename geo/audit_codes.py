"""Codes of grids: the layout of their digits, the digits of the parent in them, the order of their numbers."""

from __future__ import annotations

from bisect import bisect_left
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.audit_division import Division
from geo.audit_findings import ERROR, WARNING, Part, part
from geo.audit_rules import AUTO, LAYOUTS, NO_LAYOUT, AuditRules, Layout
from geo.draft_codes import BAND, reading_rows

Rows = NDArray[np.int64]
Floats = NDArray[np.float64]
Objects = NDArray[Any]

_MOST = 0.5  # a layout that more than this share of the codes has is the layout meant


def layout_of(grids: Division, rules: AuditRules) -> Layout | None:
    """Return the layout that codes are held against, None for none."""
    if rules.layout == NO_LAYOUT or rules.unit_level not in grids.tree.levels:
        return None
    if rules.layout != AUTO:
        return LAYOUTS[rules.layout]
    if rules.unit_level not in grids.layouts:
        grids.layouts[rules.unit_level] = _guessed(grids, rules)
    return grids.layouts[rules.unit_level]


def _guessed(grids: Division, rules: AuditRules) -> Layout | None:
    """The layout that most codes have."""
    codes = grids.code[grids.sheets[rules.unit_level].rows]
    for layout in LAYOUTS.values():
        if np.mean([_fits(code, layout.length) for code in codes]) > _MOST:
            return layout
    return None


def digit_parts(grids: Division, rules: AuditRules, above: Rows) -> list[Part]:
    """Return codes that are not of the layout, or do not begin with the digits of their parent.

    Parameters
    ----------
    above
        int64 (n,): the parent of each grid, -1 for none.
    """
    layout = layout_of(grids, rules)
    if layout is None:
        return []
    levels = grids.tree.levels
    finest = levels.index(rules.unit_level)
    depths = {level: finest - i for i, level in enumerate(levels) if 0 <= finest - i < len(layout.steps)}
    wrong: list[int] = []
    digits: list[int] = []
    apart: list[tuple[int, int]] = []
    for level, depth in depths.items():
        rows = grids.sheets[level].rows
        length = layout.length if depth == 0 else layout.above(depth)
        if depth and not np.mean([_fits(code, length) for code in grids.code[rows]]) > _MOST:
            continue  # a level that is coded in another way throughout
        for row in rows.tolist():
            code, parent = grids.code[row], int(above[row])
            if not _fits(code, length):
                wrong.append(row)
                digits.append(length)
            elif parent >= 0 and depths.get(grids.level[parent]) == depth + 1:
                upper = str(grids.code[parent])
                if _fits(upper, layout.above(depth + 1)) and not _own(code, layout, depth).startswith(upper):
                    apart.append((row, parent))
    parts = []
    if wrong:
        at = np.array(wrong)
        parts.append(
            part("code_layout", [(row,) for row in wrong], grids.area[at], grids.shapes[at], WARNING,
                 params={"digits": digits})
        )  # fmt: skip
    if apart:
        at, upper_at = np.array(apart).T
        parts.append(
            part("code_parent", apart, grids.area[at], grids.shapes[at], ERROR,
                 params={"code": grids.code[at], "parent": grids.code[upper_at]})
        )  # fmt: skip
    return parts


def sequence_parts(grids: Division, rules: AuditRules, above: Rows, only: Rows | None = None) -> list[Part]:
    """Return parents, of those in `only` (None: all), whose unit grids are not numbered in reading order."""
    layout = layout_of(grids, rules)
    if layout is None:
        return []
    rows = grids.sheets[rules.unit_level].rows
    return _sequences(grids, layout, rows if only is None else rows[np.isin(above[rows], only)], above)


def _fits(code: Any, length: int) -> bool:
    text = str(code)
    return len(text) == length and text.isascii() and text.isdigit()


def _own(code: Any, layout: Layout, depth: int) -> str:
    """The code without what stands before the area's own digits."""
    return str(code)[layout.lead :] if depth == 0 else str(code)


def _sequences(grids: Division, layout: Layout, rows: Rows, above: Rows) -> list[Part]:
    """Parents whose unit grids are not numbered in reading order."""
    fits = np.array([_fits(grids.code[row], layout.length) for row in rows.tolist()], dtype=bool)
    rows = rows[fits & (above[rows] >= 0) & (grids.area[rows] > 0)]
    rows = rows[np.argsort(above[rows], kind="stable")]
    found: list[tuple[int, ...]] = []
    count: list[int] = []
    for family in np.split(rows, np.flatnonzero(np.diff(above[rows])) + 1):
        if len(family) < 2:
            continue
        number = np.array([int(str(grids.code[row])[-layout.steps[-1] :]) for row in family.tolist()])
        family, number = family[np.argsort(number, kind="stable")], np.sort(number)
        stray = out_of_order(grids.shapes[family])
        if len(stray):
            found.append((int(above[family[0]]), *family[stray].tolist()))
            count.append(len(family))
    if not found:
        return []
    shapes = [shapely.union_all(shapely.boundary(grids.shapes[list(rows[1:])])) for rows in found]
    parents = np.array([rows[0] for rows in found])
    return [
        part(
            "sequence", found, [len(rows) - 1 for rows in found], shapes, WARNING,
            params={"parent": grids.code[parents], "count": count},
        )
    ]  # fmt: skip


def out_of_order(shapes: Objects) -> Rows:
    """Return which grids, given in the order of their numbers, stand where that order does not run as rows are read.

    Rows are read from north to south, within a row from west to east. What is a row is seen in two ways, and the one
    that fewer grids contradict is taken: bands of one height, as drafts are numbered by (`geo.draft_codes`), and rows
    that begin wherever the next grid southward lies more than half a grid's height below the row's first.

    Examples
    --------
    >>> west, east = shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)
    >>> out_of_order(np.array([west, east])).tolist(), len(out_of_order(np.array([east, west])))
    ([], 1)
    """
    band, x, y = reading_rows(shapes)
    fewest: Rows | None = None
    for row in (band, _rows_by_steps(y, BAND * float(np.sqrt(shapely.area(shapes).mean())))):
        place = np.empty(len(x), np.int64)
        place[np.lexsort((-y, x, row))] = np.arange(len(x))
        stray = _off_longest_rise(place)
        if fewest is None or len(stray) < len(fewest):
            fewest = stray
    assert fewest is not None
    return fewest


def _rows_by_steps(y: Floats, step: float) -> Rows:
    """Row numbers by centroids: a new one begins where a grid lies more than `step` below the row's first."""
    row = np.empty(len(y), np.int64)
    now, first = -1, np.inf
    for i in np.argsort(-y, kind="stable").tolist():
        if first - y[i] > step:
            now, first = now + 1, y[i]
        row[i] = now
    return row


def _off_longest_rise(values: Rows) -> Rows:
    """Return the positions that the longest rising part of some distinct numbers leaves out."""
    tails: list[int] = []
    at: list[int] = []
    before = np.full(len(values), -1)
    for i, value in enumerate(values.tolist()):
        k = bisect_left(tails, value)
        before[i] = at[k - 1] if k else -1
        if k == len(tails):
            tails.append(value)
            at.append(i)
        else:
            tails[k], at[k] = value, i
    kept = np.zeros(len(values), dtype=bool)
    i = at[-1] if at else -1
    while i >= 0:
        kept[i] = True
        i = int(before[i])
    return np.flatnonzero(~kept)
