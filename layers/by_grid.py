"""One grid of a level: where it stands, which incidents lie in it, which grids lie beside it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.columns import Snapshot
from geo.errors import N_, UnknownGridError
from layers.base import Params
from layers.joins import assigned, selected
from layers.memo import Memo

BESIDE_M = 1.0  # borders that were drawn twice are seldom drawn alike
_memo = Memo(48)
_counts = Memo(32)


@dataclass(frozen=True)
class Bucketed:
    """Incidents of a level in the order of their grids: those of grid i are ``order[start[i]:start[i + 1]]``."""

    order: NDArray[np.int64]
    start: NDArray[np.int64]

    def of(self, position: int) -> NDArray[np.int64]:
        """Return the positions of the incidents that lie in the grid at `position` of the level."""
        return self.order[self.start[position] : self.start[position + 1]]


def bucketed(snapshot: Snapshot, level: str | None) -> Bucketed:
    """Return the incidents of `snapshot` bucketed by the grids of `level`."""

    def make() -> Bucketed:
        joined = assigned(snapshot, level)
        order = np.argsort(joined.index, kind="stable")
        start = np.searchsorted(joined.index[order], np.arange(len(joined.rows) + 1))
        return Bucketed(order, start)

    return _memo.get((snapshot["grids"], snapshot["incidents"]), ("bucketed", level), make)


def position(snapshot: Snapshot, level: str | None, code: str) -> int:
    """Return the position of a code among the grids of `level` (`Assigned.rows`).

    Raises
    ------
    UnknownGridError
        No grid of the level has the code.
    """
    grids = snapshot["grids"]
    rows = assigned(snapshot, level).rows
    known = _memo.get(
        (grids,), ("codes", level), lambda: {text: i for i, text in reversed([*enumerate(grids.text("code")[rows])])}
    )
    if code not in known:
        raise UnknownGridError(
            N_("No grid of the level {level} has the code {code}."),
            N_("Take a code from the table of grids, or another level."),
            level=level or "–",
            code=code[:80],
        )
    return known[code]


def beside(snapshot: Snapshot, level: str | None, place: int) -> NDArray[np.int64]:
    """Return the positions of the grids of `level` that come nearer than 1 m to the one at `place`, itself left out."""
    grids = snapshot["grids"]
    rows = assigned(snapshot, level).rows
    if grids.geometry is None:
        return np.zeros(0, np.int64)
    shapes = grids.geometry
    tree = _memo.get((grids,), ("tree", level), lambda: shapely.STRtree(shapes[rows]))
    found = np.sort(tree.query(shapes[rows[place]], predicate="dwithin", distance=BESIDE_M))
    return found[found != place].astype(np.int64)


def counted(snapshot: Snapshot, level: str | None, params: Params) -> NDArray[np.int64]:
    """Return int64 (grids of the level,): the selected incidents in each grid, as the density counts them."""
    joined = assigned(snapshot, level)

    def make() -> NDArray[np.int64]:
        index = joined.index[selected(snapshot, params)]
        return np.bincount(index[index >= 0], minlength=len(joined.rows)).astype(np.int64)

    return _counts.get((snapshot["grids"], snapshot["incidents"]), (level, params.choice), make)
