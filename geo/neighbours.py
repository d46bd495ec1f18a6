"""Which units touch: lists of neighbours for local statistics, each unit being its own neighbour too."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numba import njit
from numpy.typing import ArrayLike, NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

TOUCH_M = 0.5  # boundaries drawn by different hands differ by less

_SQUARE = tuple((i, j) for i in (-1, 0, 1) for j in (-1, 0, 1))
_HEXAGON = ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1), (1, -1), (-1, 1))


@dataclass(frozen=True)
class Neighbours:
    """Binary weights as flat lists: the neighbours of unit i are ``index[start[i] : start[i + 1]]``, ascending.

    Attributes
    ----------
    start
        int64 (n + 1,).
    index
        int64 (m,): every unit is among its own neighbours, as the star of Gi* asks.
    """

    start: Ints
    index: Ints

    def __len__(self) -> int:
        return len(self.start) - 1

    @property
    def size(self) -> Ints:
        """int64 (n,): neighbours of each unit, itself included."""
        return np.diff(self.start)

    def sums(self, values: ArrayLike) -> Floats:
        """Return the sum of `values` (n,) or (n, t) over the neighbours of each unit, in the same shape.

        Examples
        --------
        >>> Neighbours(np.array([0, 2, 4, 5]), np.array([0, 1, 0, 1, 2])).sums([1, 2, 4]).tolist()
        [3.0, 3.0, 4.0]
        """
        given = np.ascontiguousarray(values, np.float64)
        if given.shape[:1] != (len(self),):
            raise ValueError("one row of values for each unit is needed")
        out = np.zeros((len(self), given.size // max(len(self), 1)))
        _sums(self.start, self.index, given.reshape(out.shape), out)
        return out.reshape(given.shape)


@njit(cache=True, nogil=True)
def _sums(start: Ints, index: Ints, values: Floats, out: Floats) -> None:
    for i in range(len(start) - 1):
        for k in range(start[i], start[i + 1]):
            j = index[k]
            for t in range(values.shape[1]):
                out[i, t] += values[j, t]


def from_pairs(left: Ints, right: Ints, n: int) -> Neighbours:
    """Return the lists of `n` units from pairs of neighbours, in any order, repeated or not; selves are added."""
    every = np.arange(n, dtype=np.int64)
    keys = np.unique(np.concatenate([left * n + right, right * n + left, every * (n + 1)]))
    return Neighbours(np.searchsorted(keys, np.arange(n + 1) * n).astype(np.int64), keys % max(n, 1))


def contiguity(shapes: ArrayLike, touch_m: float = TOUCH_M) -> Neighbours:
    """Return queen contiguity: units that share an edge or a corner, or come within `touch_m` of it.

    Parameters
    ----------
    shapes
        Object array (n,) of polygons in a metric CRS; None and empty ones have no neighbour but themselves.
    touch_m
        How far apart boundaries of neighbours may be, in metres.

    Examples
    --------
    >>> west, middle, east = (shapely.box(i, 0, i + 1, 1) for i in (0, 1, 2))
    >>> contiguity([west, middle, east], 0.01).size.tolist()
    [2, 3, 2]
    """
    given = np.asarray(shapes, dtype=object)
    if len(given) == 0:
        return Neighbours(np.zeros(1, np.int64), np.zeros(0, np.int64))
    tree = shapely.STRtree(given)
    left, right = tree.query(given, predicate="dwithin", distance=touch_m)
    return from_pairs(left.astype(np.int64), right.astype(np.int64), len(given))


def lattice_neighbours(i: ArrayLike, j: ArrayLike, *, hexagons: bool) -> Neighbours:
    """Return which cells of a lattice touch: up to 8 around a square, up to 6 around a hexagon.

    Parameters
    ----------
    i, j
        int (n,), each cell once: column and row of squares, or the axial coordinates of hexagons (`geo.tessellation`).

    Examples
    --------
    >>> lattice_neighbours([0, 1, 0, 1], [0, 0, 1, 1], hexagons=False).size.tolist()
    [4, 4, 4, 4]
    >>> lattice_neighbours([0, 1, 0, 1], [0, 0, 1, 1], hexagons=True).size.tolist()
    [3, 4, 4, 3]
    """
    a, b = np.asarray(i, np.int64), np.asarray(j, np.int64)
    if len(a) == 0:
        return Neighbours(np.zeros(1, np.int64), np.zeros(0, np.int64))
    a, b = a - a.min() + 1, b - b.min() + 1
    wide = int(b.max()) + 2
    keys = a * wide + b
    order = np.argsort(keys)
    sorted_keys = keys[order]
    left, right = [], []
    for di, dj in _HEXAGON if hexagons else _SQUARE:
        wanted = keys + di * wide + dj
        place = np.minimum(np.searchsorted(sorted_keys, wanted), len(keys) - 1)
        there = np.flatnonzero(sorted_keys[place] == wanted)
        left.append(there)
        right.append(order[place[there]])
    return from_pairs(np.concatenate(left), np.concatenate(right), len(a))
