"""Decisions about the grid of single incidents, and how they count: decision record 0031 says why.

An incident that was decided counts at the level of the decision in the decided grid, wherever it lies. At a coarser
level it counts in the grid above the decided one, where one is recorded; at a finer level it counts where it lies.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.hierarchy import Hierarchy


@dataclass(frozen=True, eq=False)
class Decided:
    """The decisions that hold, of incidents that are there; one for each incident and level at most.

    Attributes
    ----------
    number
        int64 (k,): of the decision in the store.
    fid
        int64 (k,), ascending: row number of the incident, as in its `LayerColumns`.
    level
        Object (k,) of str.
    code
        Object (k,): code of the decided grid at `level`; None: in no grid.
    elsewhere
        bool (k,): the decided grid lies outside the reader's area, who is not told which it is.
    basis
        Of what was read: equal while nothing changed.
    """

    number: NDArray[np.int64]
    fid: NDArray[np.int64]
    level: NDArray[Any]
    code: NDArray[Any]
    elsewhere: NDArray[np.bool_]
    basis: tuple[Any, ...] = ()

    def __len__(self) -> int:
        return len(self.number)

    def same(self, other: Decided | None) -> bool:
        """Return whether both hold the same decisions of the same rows."""
        return other is not None and all(
            np.array_equal(getattr(self, name), getattr(other, name))
            for name in ("number", "fid", "level", "code", "elsewhere")
        )

    def rows_in(self, fid: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the position of each decision's incident among rows with these ascending numbers, -1 for none."""
        if len(fid) == 0:
            return np.full(len(self), -1, np.int64)
        place = np.minimum(np.searchsorted(fid, self.fid), len(fid) - 1)
        return np.where(fid[place] == self.fid, place, -1).astype(np.int64)


def within(decided: Decided, fid: NDArray[np.int64], every: Hierarchy, mine: NDArray[np.bool_]) -> Decided | None:
    """Return the decisions as a reader of an area knows them, None without any.

    Parameters
    ----------
    fid
        Ascending row numbers of the incidents that the area knows.
    every
        All grids of the city.
    mine
        bool: which of them are the area's.

    Notes
    -----
    Of a grid outside only that it is one is kept. A decision for a grid that is not there any more is left out.
    """
    known = {key: bool(mine[i]) for i, key in reversed([*enumerate(zip(every.level, every.code, strict=True))])}
    levels = {str(level) for level in every.level[mine]}
    keep, elsewhere = [], []
    for i in np.flatnonzero(decided.rows_in(fid) >= 0).tolist():
        level, code = decided.level[i], decided.code[i]
        if level not in levels or (code is not None and (level, code) not in known):
            continue
        keep.append(i)
        elsewhere.append(code is not None and not known[level, code])
    if not keep:
        return None
    out = np.array(elsewhere, dtype=bool)
    code = decided.code[keep].copy()
    code[out] = None
    return Decided(decided.number[keep], decided.fid[keep], decided.level[keep], code, out)


def decided_places(
    decided: Decided, tree: Hierarchy, rows: NDArray[np.int64], level: str
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return which incidents are counted by a decision at `level`, and where.

    Parameters
    ----------
    rows
        int64: the level's grids as indices of `tree`.

    Returns
    -------
    fid, place
        int64: row numbers of incidents, ascending, and for each the position in `rows`, -1 in no grid.

    Examples
    --------
    >>> from geo.hierarchy import build_hierarchy
    >>> tree = build_hierarchy(["A", "A1", "B", "B1"], ["town", "block"] * 2, [None, "A", None, "B"], [None] * 4)
    >>> one = Decided(np.array([1]), np.array([7]), np.array(["block"], object), np.array(["B1"], object),
    ...               np.array([False]))
    >>> decided_places(one, tree, np.array([0, 2]), "town")
    (array([7]), array([1]))
    """
    order = {name: i for i, name in enumerate(tree.levels)}
    row_of = {key: i for i, key in reversed([*enumerate(zip(tree.level, tree.code, strict=True))])}
    position = {row: i for i, row in enumerate(rows.tolist())}
    here = order.get(level, -1)
    found: dict[int, tuple[int, int]] = {}  # row number -> depth of the level it was decided at, position
    for fid, at, code, away in zip(decided.fid.tolist(), decided.level, decided.code, decided.elsewhere, strict=True):
        depth = order.get(at, -1)
        if depth < here or here < 0 or (fid in found and found[fid][0] <= depth):
            continue
        place = _place(row_of.get((at, code), -1), tree, position) if code is not None else None
        if code is None and (depth == here or away):
            place = -1
        if place is not None:
            found[fid] = (depth, place)
    fids = np.array(sorted(found), dtype=np.int64)
    return fids, np.array([found[fid][1] for fid in fids.tolist()], dtype=np.int64)


def _place(row: int, tree: Hierarchy, position: dict[int, int]) -> int | None:
    """Where among the grids of a level one stands that is the grid `row` or above it."""
    while row >= 0:
        if row in position:
            return position[row]
        row = int(tree.parent_index[row])
    return None
