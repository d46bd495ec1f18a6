"""Which counts of a public table are left out, so that none of them can be worked out from the rest.

A table has a row for each grid of a tree of grids, a column for each category, and a total. A count under k is left
out. That alone protects nothing: what adds up can be subtracted. So more is left out, by this rule, from the whole down
to its parts:

1. At every row the categories fall into groups whose sums a reader may know; each sum is at least k. A count is shown
   if its category is a group of its own. Groups of a part are those of the whole, or several of them put together.
2. Parts whose total is under k are hidden as a whole, with all below them; always two or more of one whole, together at
   least k. Together they count as one more part.
3. Where a part has less than k in a group, blocks are left out: some parts, some groups, every count where they cross.
   A block is made larger until each of its rows and columns sums to at least k, and all others beside it too.

Then every count left out can be anything in an interval of width k or more. In a block with fixed sums of rows r and
of columns c, and N in all, a cell lies between max(0, r + c - N) and min(r, c): a width of min(r, c, N - r, N - c).
Below a block its columns are one group with a known sum; a category in it can have all or none of that sum as far as
its own count above allows, so that its width is at least the smaller of the two. The tests ask a linear solver, which
knows nothing of these rules, for the least and the greatest value of every count left out.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.errors import N_, ParameterError

Counts = NDArray[np.int64]
Flags = NDArray[np.bool_]
Group = tuple[int, ...]

K = 8
LEAST_K = 3


@dataclass(frozen=True)
class Shown:
    """What a public table shows.

    Attributes
    ----------
    counts
        bool (n, c): which counts.
    totals
        bool (n,): which totals of rows.
    """

    counts: Flags
    totals: Flags


def add_up(counts: ArrayLike, parent: ArrayLike) -> Counts:
    """Return the counts of every row with those of all rows below it.

    Parameters
    ----------
    counts
        int (n, c): what lies in each row and in none below it.
    parent
        int (n,): the row above, -1 for none; no circles.

    Examples
    --------
    >>> add_up([[0], [2], [3]], [-1, 0, 0]).tolist()
    [[5], [2], [3]]
    """
    sums, above = np.array(counts, dtype=np.int64), np.asarray(parent, dtype=np.int64)
    for rows in reversed(_by_depth(above)[1:]):
        np.add.at(sums, above[rows], sums[rows])
    return sums


def suppress(counts: ArrayLike, parent: ArrayLike, k: int = K) -> Shown:
    """Return which counts and totals can be shown.

    Parameters
    ----------
    counts
        int (n, c), not negative: rows that have rows below them are the sums of those.
    parent
        int (n,): the row above; -1 for exactly one, the whole.
    k
        The least count that is shown, and the least width of the interval in which a count left out can lie.

    Raises
    ------
    ParameterError
        `k` is too small, or the table does not add up.

    Examples
    --------
    Left out: the 2, then what it could be worked out from.

    >>> shown = suppress([[30, 40], [2, 20], [28, 20]], [-1, 0, 0])
    >>> shown.counts.tolist(), shown.totals.tolist()
    ([[True, True], [False, False], [False, False]], [True, True, True])
    """
    table, above = np.asarray(counts, dtype=np.int64), np.asarray(parent, dtype=np.int64)
    children = _checked(table, above, k)
    shown = Shown(np.zeros(table.shape, dtype=bool), np.zeros(len(table), dtype=bool))
    root = int(np.flatnonzero(above < 0)[0])
    totals = table.sum(axis=1)
    if totals[root] < k:
        return shown
    front = [(root, _whole(table[root], k))]
    while front:
        row, groups = front.pop()
        shown.totals[row] = True
        shown.counts[row, [group[0] for group in groups if len(group) == 1]] = True
        below = children.get(row)
        if below is not None:
            front += _parts(table, totals, below, groups, k)
    return shown


def _checked(table: Counts, above: Counts, k: int) -> dict[int, Counts]:
    """The rows below each row."""
    if k < LEAST_K:
        raise ParameterError(N_("Counts under {k} protect nobody."), N_("Use {least} or more."), k=k, least=LEAST_K)
    depth = _by_depth(above)
    order = np.argsort(above, kind="stable")
    cut = np.flatnonzero(np.diff(above[order])) + 1
    children = {int(above[rows[0]]): rows for rows in np.split(order, cut) if above[rows[0]] >= 0}
    whole = table.copy()
    whole[list(children)] = 0
    for rows in reversed(depth[1:]):
        np.add.at(whole, above[rows], whole[rows])
    if (above < 0).sum() != 1 or (table < 0).any() or (whole != table).any():
        raise ParameterError(N_("The table does not add up."), N_("Rows must be sums of the rows below them."))
    return children


def _by_depth(above: Counts) -> list[Counts]:
    """The rows of each depth, the topmost first."""
    depth = np.zeros(len(above), np.int64)
    here = above.copy()
    while (here >= 0).any():
        depth[here >= 0] += 1
        here = np.where(here >= 0, above[here], -1)
    return [np.flatnonzero(depth == step) for step in range(int(depth.max(initial=0)) + 1)]


def _whole(row: Counts, k: int) -> list[Group]:
    """The groups of the whole: categories under k together, with the next smallest ones until they are k."""
    order = np.argsort(row, kind="stable")
    rare = int((row < k).sum())
    if rare == 0:
        return [(int(column),) for column in order]
    size = max(rare, 2)
    while row[order[:size]].sum() < k:
        size += 1
    size = min(size, len(row))
    return [tuple(sorted(order[:size].tolist())), *((int(column),) for column in order[size:])]


def _parts(table: Counts, totals: Counts, below: Counts, groups: list[Group], k: int) -> list[tuple[int, list[Group]]]:
    """The rows below one that are not hidden, with the groups of each."""
    order = below[np.argsort(totals[below], kind="stable")]
    few = int((totals[order] < k).sum())
    if 0 < few < len(order):
        few = max(few, 2)
        while totals[order[:few]].sum() < k:
            few += 1
    hidden, kept = order[:few], order[few:]
    if len(kept) == 0:
        return []
    sums = np.stack([table[below][:, group].sum(axis=1) for group in groups], axis=1)
    place = {int(row): i for i, row in enumerate(below)}
    rows = sums[[place[int(row)] for row in kept]]
    if len(hidden):
        rows = np.vstack([rows, sums[[place[int(row)] for row in hidden]].sum(axis=0)])
    together: dict[int, list[Group]] = defaultdict(list)
    for members, columns in _blocks(rows, k):
        for member in members:
            together[member].append(columns)
    return [(int(row), _joined(groups, together[i]) if i in together else groups) for i, row in enumerate(kept)]


def _joined(groups: list[Group], blocks: list[Group]) -> list[Group]:
    """The groups after those in one block are put together."""
    label = list(range(len(groups)))
    for block in blocks:
        mine = {label[i] for i in block}
        label = [min(mine) if one in mine else one for one in label]
    found: dict[int, list[int]] = defaultdict(list)
    for i, group in enumerate(groups):
        found[label[i]] += group
    return [tuple(sorted(members)) for members in found.values()]


def _blocks(sums: Counts, k: int) -> list[tuple[Group, Group]]:
    """Rows and columns of the blocks to leave out: one for each set of small counts that hang together."""
    small = sums < k
    left = set(np.flatnonzero(small.any(axis=1)).tolist())
    blocks = []
    while left:
        rows, columns = {min(left)}, set[int]()
        while True:
            columns_now = set(np.flatnonzero(small[list(rows)].any(axis=0)).tolist())
            rows_now = set(np.flatnonzero(small[:, list(columns_now)].any(axis=1)).tolist()) | rows
            if (rows_now, columns_now) == (rows, columns):
                break
            rows, columns = rows_now, columns_now
        left -= rows
        blocks.append(_enlarged(sums, sorted(rows), sorted(columns), k))
    return blocks


def _enlarged(sums: Counts, rows: list[int], columns: list[int], k: int) -> tuple[Group, Group]:
    """A block made so large that all its sums, and what is beside each, are k or more.

    All rows and all columns always are: each row, each column of the whole is k or more, and there are two of each
    wherever a count is under k.
    """
    while True:
        cells = sums[np.ix_(rows, columns)]
        across, down, total = cells.sum(axis=1), cells.sum(axis=0), int(cells.sum())
        more_rows, more_columns = len(rows) < 2, len(columns) < 2
        if not more_rows and not more_columns:  # only then do the sums say what is lacking
            more_rows = bool((down < k).any() or total - across.max() < k)
            more_columns = bool((across < k).any() or total - down.max() < k)
        if not more_rows and not more_columns:
            return tuple(rows), tuple(columns)
        if more_rows and len(rows) < len(sums):
            lacking = np.maximum(k - down, 0)
            rows = sorted([*rows, _cheapest(sums[:, columns], rows, lacking, k - total + int(across.max()))])
        else:
            lacking = np.maximum(k - across, 0)
            columns = sorted([*columns, _cheapest(sums[rows].T, columns, lacking, k - total + int(down.max()))])


def _cheapest(cells: Counts, taken: list[int], lacking: Counts, beside: int) -> int:
    """The row that costs least among those that give all that is lacking, else the one that gives most of it."""
    free = np.setdiff1d(np.arange(len(cells)), taken)
    costs = cells[free].sum(axis=1)
    gains = np.minimum(cells[free], lacking).sum(axis=1) + np.minimum(costs, max(beside, 0))
    enough = gains >= lacking.sum() + max(beside, 0)
    order = np.lexsort((costs, -gains, ~enough)) if not enough.any() else np.lexsort((costs, ~enough))
    return int(free[order[0]])
