"""Edges of polygons as flat arrays, and a uniform lattice of cells over them: what the compiled loops stand on."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

MOST_CELLS = 1 << 20
_MOST_ALONG = 4096  # cells along a side
_SMALLEST_CELL = 1e-9  # of the largest coordinate: far above rounding


def edges_of(shapes: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return all edges of the rings of polygons.

    Parameters
    ----------
    shapes
        Object array (n,) of polygons or multipolygons; None has no edges.

    Returns
    -------
    edges, start
        float64 (k, 4) of ax, ay, bx, by; int64 (n + 1,) where those of each shape begin.
    """
    parts, part_of = shapely.get_parts(shapes, return_index=True)
    rings, ring_of = shapely.get_rings(parts, return_index=True)
    xy, owner = shapely.get_coordinates(rings, return_index=True)
    joined = owner[1:] == owner[:-1]
    edges = np.ascontiguousarray(np.hstack([xy[:-1][joined], xy[1:][joined]]))
    shape_of = part_of[ring_of][owner[:-1][joined]]
    return edges, np.searchsorted(shape_of, np.arange(len(shapes) + 1)).astype(np.int64)


def lattice(box: NDArray[np.float64], cells: int) -> tuple[float, float, int, int]:
    """Divide a box (x0, y0, x1, y1) into about `cells` cells, nearly square where it is not very long.

    No cell is so small beside the coordinates that rounding could matter.

    Returns
    -------
    per_x, per_y, columns, rows
        Cells per metre and number of cells, in x and in y.
    """
    width, height = float(box[2] - box[0]), float(box[3] - box[1])
    smallest = max(float(np.abs(box).max()) * _SMALLEST_CELL, 1e-300)
    cells = min(max(cells, 1024), MOST_CELLS)
    cell = max((width * height / cells) ** 0.5, max(width, height) / _MOST_ALONG, smallest)
    columns, rows = max(1, int(width / cell)), max(1, int(height / cell))
    per_x = columns / width if columns > 1 else 1.0 / (2 * max(width, cell))
    per_y = rows / height if rows > 1 else 1.0 / (2 * max(height, cell))
    return per_x, per_y, columns, rows
