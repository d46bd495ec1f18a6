"""Areas that change hands between grids, with what that asks of the grids above and below them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.audit import Audit
from geo.repair_pieces import border_m, boxes, cornered, joined, rest, shared, without

Rows = NDArray[np.int64]

MOST_TAKERS = 6
_DEEP = 8  # levels that a change is followed up or down


@dataclass
class Moves:
    """What grids are to be after a repair that is being put together.

    Attributes
    ----------
    shapes
        Changed grids: their area after, measured from the division's origin; None for one that ends.
    up, down
        Whether a change is followed to the grids above, and below.
    """

    audit: Audit
    up: bool = False
    down: bool = False
    shapes: dict[int, Any] = field(default_factory=dict)

    def shape(self, row: int) -> Any:
        """The area of a grid as it is to be."""
        return self.shapes[row] if row in self.shapes else self.audit.grids.shapes[row]

    def gain(self, row: int, piece: Any, deep: int = _DEEP) -> None:
        """Give a grid an area; the grids above are widened where they do not reach so far."""
        self.shapes[row] = joined(self.shape(row), piece)
        parent = int(self.audit.above[row])
        if self.up and parent >= 0 and deep:
            lacking = rest(piece, [self.shape(parent)])
            if not lacking.is_empty:
                self._widen(parent, lacking, deep - 1)
        if self.down and deep:
            self._pass_on(row, piece, deep - 1)

    def _widen(self, row: int, piece: Any, deep: int) -> None:
        self.shapes[row] = joined(self.shape(row), piece)
        parent = int(self.audit.above[row])
        if parent >= 0 and deep:
            lacking = rest(piece, [self.shape(parent)])
            if not lacking.is_empty:
                self._widen(parent, lacking, deep - 1)

    def _pass_on(self, row: int, piece: Any, deep: int) -> None:
        """Give what no grid below claims to the one with the longest border."""
        below = kids(self.audit, row)
        if not len(below):
            return
        lacking = rest(piece, [self.shape(kid) for kid in near(self.audit, below, piece)])
        if lacking.is_empty:
            return
        best = takers(self.audit, lacking, below)
        if best:
            kid = best[0][0]
            self.shapes[kid] = joined(self.shape(kid), lacking)
            self._pass_on(kid, lacking, deep - 1)

    def lose(self, row: int, piece: Any, keeper: int | None = None, deep: int = _DEEP) -> None:
        """Take an area from a grid: with `up` from the grids above too, where they are not those of the keeper."""
        self.shapes[row] = without(self.shape(row), piece)
        if self.up:
            kept = set() if keeper is None else set(ancestors(self.audit, keeper))
            for above in ancestors(self.audit, row):
                if above in kept:
                    break
                if not shared(self.shape(above), piece).is_empty:
                    self.shapes[above] = without(self.shape(above), piece)
        if self.down:
            self._take_below(row, piece, deep)

    def _take_below(self, row: int, piece: Any, deep: int) -> None:
        for kid in near(self.audit, kids(self.audit, row), piece):
            if not shared(self.shape(kid), piece).is_empty:
                self.shapes[kid] = without(self.shape(kid), piece)
                if deep:
                    self._take_below(kid, piece, deep - 1)

    def corner(self, row: int, piece: Any) -> None:
        """Give a grid the corners of an area on its border, so that its neighbour's new border shares them."""
        met = cornered(self.shape(row), piece)
        if not met.equals_exact(self.shape(row), 0.0):
            self.shapes[row] = met


def ancestors(audit: Audit, row: int) -> list[int]:
    """Return the grids above a grid, the nearest first."""
    found: list[int] = []
    while (row := int(audit.above[row])) >= 0 and row not in found:
        found.append(row)
    return found


def kids(audit: Audit, row: int) -> Rows:
    """Return the grids that are counted below a grid."""
    return np.flatnonzero(audit.above == row).astype(np.int64)


def near(audit: Audit, rows: Rows, piece: Any) -> list[int]:
    """Return which of some grids come near an area."""
    if not len(rows):
        return []
    level = audit.grids.level[rows[0]]
    sheet = audit.grids.sheets[level]
    found = sheet.rows[np.unique(sheet.tree.query(_around(piece))[1])]
    return np.intersect1d(found, rows).tolist()  # type: ignore[no-any-return]


def neighbours(audit: Audit, level: str, piece: Any) -> Rows:
    """Return the grids of a level that come near an area."""
    sheet = audit.grids.sheets[level]
    return np.unique(sheet.rows[sheet.tree.query(_around(piece))[1]]).astype(np.int64)


def takers(audit: Audit, piece: Any, rows: Rows) -> list[tuple[int, float]]:
    """Return which of some grids have a border with an area, and how long it is, the longest first, at most six."""
    found = []
    for row in near(audit, rows, piece):
        length = border_m(piece, audit.grids.shapes[row])
        if length > 0:
            found.append((row, length))
    return sorted(found, key=lambda one: (-one[1], str(audit.grids.code[one[0]])))[:MOST_TAKERS]


def _around(piece: Any) -> Any:
    return shapely.box(*boxes([piece]).T)
