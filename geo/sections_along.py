"""Which grids road sections run along, and how far: a metre on a border belongs to both sides, halved between them."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from geo.sections import Sections

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Objects = NDArray[Any]

ALONG_M = 0.05  # a street this near to a border lies on it


def grids_along(sections: Sections, polygons: ArrayLike, along_m: float = ALONG_M) -> tuple[Ints, Ints, Floats, Floats]:
    """Return which grids each section runs along, and how far.

    Returns
    -------
    section, grid
        int64 (r,), sorted: pairs of a section and a grid it runs in, or along the border of.
    metres
        float64 (r,): of the section in the grid or on its border; a metre on the border of two counts for both.
    share_m
        float64 (r,): the same with a metre on the border of two halved between them: adds up to what lies in any grid.

    Examples
    --------
    >>> west, east = shapely.box(0, 0, 10, 10), shapely.box(10, 0, 20, 10)
    >>> from geo.sections import road_sections
    >>> found = road_sections([shapely.LineString([(10, 0), (10, 10)]), shapely.LineString([(0, 5), (8, 5)])],
    ...                       [None, None], 100)
    >>> [part.tolist() for part in grids_along(found, [west, east])]
    [[0, 0, 1], [0, 1, 0], [10.0, 10.0, 8.0], [5.0, 5.0, 8.0]]
    """
    cells = np.asarray(polygons, dtype=object)
    pieces, owner = _cut(sections, cells, along_m)
    x, y = (pieces[:, 0] + pieces[:, 2]) / 2, (pieces[:, 1] + pieces[:, 3]) / 2
    middle: Any = shapely.points(x, y)
    which, grid = shapely.STRtree(cells).query(middle, predicate="dwithin", distance=along_m)
    length = np.hypot(pieces[:, 2] - pieces[:, 0], pieces[:, 3] - pieces[:, 1])
    many = np.bincount(which, minlength=len(pieces))
    key = owner[which] * max(len(cells), 1) + grid
    pairs, place = np.unique(key, return_inverse=True)
    metres: Floats = np.bincount(place, weights=length[which], minlength=len(pairs)).astype(np.float64)
    shared: Floats = np.bincount(place, weights=length[which] / many[which], minlength=len(pairs)).astype(np.float64)
    return pairs // max(len(cells), 1), pairs % max(len(cells), 1), metres, shared


def _cut(sections: Sections, cells: Objects, along_m: float) -> tuple[Floats, Ints]:
    """Straight pieces (k, 4) of the sections, cut at every border, and the section of each."""
    from geo import streets_kernels as kernels
    from geo.border import border_segments

    xy, edge = shapely.get_coordinates(sections.edges, return_index=True)
    joined = edge[1:] == edge[:-1]
    segments = np.hstack([xy[:-1][joined], xy[1:][joined]])
    owner = sections.group[edge[1:][joined]]
    pieces, source = kernels.cut(np.ascontiguousarray(segments), border_segments(cells), along_m)
    return pieces, owner[source]
