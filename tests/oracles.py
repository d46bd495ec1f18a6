"""Slow and obviously right: what the fast paths of `geo` are held against, in tests and in bench."""

from __future__ import annotations

import numpy as np
import shapely


def assign(x, y, polygons, codes):
    """STRtree intersects, then the lowest code in text order, then the lowest index."""
    tree = shapely.STRtree(polygons)
    points, found = tree.query(np.atleast_1d(shapely.points(x, y)), predicate="intersects")
    result = np.full(len(x), -1, np.int64)
    for point, polygon in sorted(zip(points, found, strict=True), key=lambda pair: (codes[pair[1]], pair[1])):
        if result[point] == -1:
            result[point] = polygon
    return result
