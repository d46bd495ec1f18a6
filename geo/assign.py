"""Every point in exactly one polygon of a level, or in none."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray


def text_rank(codes: ArrayLike) -> NDArray[np.int64]:
    """Return the place of each code in text order; equal codes in order of index."""
    texts = np.asarray(codes, dtype=object)
    order = np.array(sorted(range(len(texts)), key=lambda i: (str(texts[i]), i)), dtype=np.int64)
    rank = np.empty(len(texts), np.int64)
    rank[order] = np.arange(len(texts))
    return rank


class Locator:
    """The polygons of one level, prepared once and asked many times."""

    def __init__(self, polygons: ArrayLike, codes: ArrayLike) -> None:
        self.polygons: NDArray[Any] = np.asarray(polygons, dtype=object)
        rank = text_rank(codes)
        self._order = np.argsort(rank)
        self._tree = shapely.STRtree(self.polygons[self._order])

    def locate(self, x: ArrayLike, y: ArrayLike) -> NDArray[np.int64]:
        """Return the index of the polygon of each point, -1 for none."""
        points = shapely.points(np.asarray(x, np.float64), np.asarray(y, np.float64))
        which, rank = self._tree.query(points, predicate="intersects")
        best = np.full(len(points), len(self.polygons), np.int64)
        np.minimum.at(best, which, rank)
        return np.append(self._order, -1)[best].astype(np.int64)


def assign(x: ArrayLike, y: ArrayLike, polygons: ArrayLike, codes: ArrayLike) -> NDArray[np.int64]:
    """Return the index of the polygon that each point lies in, -1 for none.

    Polygons are closed. A point that touches several belongs to the one with the lowest code in text order.
    """
    return Locator(polygons, codes).locate(x, y)
