"""Geometry of vector tiles: rings and points as the command integers of the Mapbox Vector Tile specification 2.1."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

Ints = NDArray[np.int64]
_MOVE_ONE, _LINE, _CLOSE = 9, 2, 15
_POLYGON = int(shapely.GeometryType.POLYGON)


def zigzag(values: Ints) -> Ints:
    """Return signed numbers as the format writes them: 0, -1, 1, -2 … become 0, 1, 2, 3 …"""
    return (values << 1) ^ (values >> 63)


def point_commands(units: Ints) -> Ints:
    """Return the commands (n, 3) of points (n, 2)."""
    return np.column_stack([np.full(len(units), _MOVE_ONE), zigzag(units)])


def polygon_commands(polygons: NDArray[Any], units: NDArray[np.float64]) -> tuple[Ints, Ints]:
    """Return the commands of polygons, those of one following those of the other.

    Outer rings run clockwise on the page, inner ones against it; repeated points are dropped, and rings that shrink to
    nothing on the lattice of units.

    Parameters
    ----------
    polygons
        Object (n,): Polygon or MultiPolygon.
    units
        float64 (m, 2): all their coordinates, in order, in units of the tile, y to the south.

    Returns
    -------
    commands, ends
        int64 (k,) and int64 (n,): the commands of polygon i end before ``ends[i]``; it has none if that is where the
        one before it ends.
    """
    parts, owner = shapely.get_parts(polygons, return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    counts = shapely.get_num_coordinates(rings).astype(np.int64)
    if len(counts) == 0:
        return np.zeros(0, np.int64), np.zeros(len(polygons), np.int64)
    outer = np.concatenate([[True], part[1:] != part[:-1]])
    ring = np.repeat(np.arange(len(rings)), counts)
    xy = np.rint(units).astype(np.int64)
    ends = np.cumsum(counts)
    # A ring's last vertex is its first; of equal neighbours the first stays.
    keep = np.ones(len(xy), dtype=bool)
    keep[1:] = (xy[1:] != xy[:-1]).any(axis=1) | (ring[1:] != ring[:-1])
    keep[ends - 1] = False
    # After that the last one left may equal the first: then the closing one and it were neighbours.
    xy, ring = xy[keep], ring[keep]
    counts = np.bincount(ring, minlength=len(rings))
    xy, ring, counts, area = _measured(xy, ring, counts)
    fine = (counts >= 3) & (area != 0)
    fine &= fine[np.maximum.accumulate(np.where(outer, np.arange(len(rings)), 0))]  # no hole without its ring
    flip = np.where(outer, area < 0, area > 0)
    stays = fine[ring]
    xy, ring = xy[stays], ring[stays]
    counts = np.where(fine, counts, 0)
    starts = np.cumsum(counts) - counts
    at = np.arange(len(xy))
    turned = np.where(flip[ring], 2 * starts[ring] + counts[ring] - 1 - at, at)
    return _written(xy[turned], starts, counts, owner[part], len(polygons))


def _measured(xy: Ints, ring: Ints, counts: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """Drop a ring's last point where it repeats the first; return the points, and twice each ring's signed area."""
    starts = np.cumsum(counts) - counts
    some = counts > 1
    last = starts[some] + counts[some] - 1
    same = (xy[last] == xy[starts[some]]).all(axis=1)
    if same.any():
        keep = np.ones(len(xy), dtype=bool)
        keep[last[same]] = False
        counts = counts.copy()
        counts[np.flatnonzero(some)[same]] -= 1
        xy, ring = xy[keep], ring[keep]
        starts = np.cumsum(counts) - counts
    following = np.arange(1, len(xy) + 1)
    full = counts > 0
    following[starts[full] + counts[full] - 1] = starts[full]
    cross = xy[:, 0] * xy[following, 1] - xy[following, 0] * xy[:, 1]
    area = np.zeros(len(counts), dtype=np.int64)
    np.add.at(area, ring, cross)
    return xy, ring, counts, area


def _written(xy: Ints, starts: Ints, counts: Ints, owner: Ints, n: int) -> tuple[Ints, Ints]:
    real = counts > 0
    starts, counts, owner = starts[real], counts[real], owner[real]
    sizes = 2 * counts + 3
    begins = np.cumsum(sizes) - sizes
    commands = np.empty(int(sizes.sum()), dtype=np.int64)
    # The pen stays where the ring before ended; each feature begins anew at the corner.
    previous = np.zeros_like(xy)
    previous[1:] = xy[:-1]
    fresh = np.concatenate([[True], owner[1:] != owner[:-1]]) if len(owner) else np.zeros(0, bool)
    previous[starts[fresh]] = 0
    step = zigzag(xy - previous)
    ring = np.repeat(np.arange(len(counts)), counts)
    place = np.arange(len(xy)) - starts[ring]
    # [move, x, y, line, x, y, x, y, ..., close]
    slot = begins[ring] + 1 + 2 * place + (place > 0)
    commands[slot], commands[slot + 1] = step[:, 0], step[:, 1]
    commands[begins] = _MOVE_ONE
    commands[begins + 3] = ((counts - 1) << 3) | _LINE
    commands[begins + sizes - 1] = _CLOSE
    total = np.zeros(n, dtype=np.int64)
    np.add.at(total, owner, sizes)
    return commands, np.cumsum(total)
