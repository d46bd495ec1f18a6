"""Edges of grids with all that cancels taken away: what remains bounds every overlap, gap, hole and spill.

Each polygon adds its border with the inside to the left. Where two neighbours share an edge they run along it in
opposite directions, and the sum is nothing; what remains winds around each place as many times as polygons lie over it.
So a coverage without fault keeps its outer border only, and only what remains need be looked at, exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.audit_kernels import directed, keyed, plain_rings, same_values, turns, walks
from geo.overlay import Flat, flatten

Floats = NDArray[np.float64]
Objects = NDArray[Any]
Rows = NDArray[np.int64]

SPIKE_M = 1e-8  # more than rounding leaves near the origin, and a hundredth of what is told as a finding
_NOTHING = shapely.MultiPolygon()
ORIGIN_M = 65_536.0  # coordinates are moved by whole multiples: no bit is lost, and small areas are exact


@dataclass(frozen=True)
class Edges:
    """The directed edges of all polygons, the inside to the left.

    Attributes
    ----------
    points
        complex128 (p,): the distinct corners, sorted.
    tail, head
        int64 (e,): corners of each edge.
    owner
        int64 (e,): the polygon, in ascending order.
    """

    points: NDArray[np.complex128]
    tail: Rows
    head: Rows
    owner: Rows

    def left(self, chosen: Rows, group: Rows, sign: Rows) -> tuple[Rows, Floats]:
        """Return what remains of some edges within each group.

        Parameters
        ----------
        chosen
            Positions of edges.
        group, sign
            int64, one for each: what is summed up with what, and 1 or -1.

        Returns
        -------
        group, segments
            int64 (k,) ascending and float64 (k, 4): what remains, as often as it does, the inside to the left.
        """
        n = np.int64(len(self.points))
        key: Rows
        gain: Floats
        key, gain = keyed(self.tail, self.head, chosen, group, sign, int(n))
        which, first = alike(key[:, np.newaxis])
        total = np.bincount(which, weights=gain, minlength=len(first)).astype(np.int64)
        kept = np.flatnonzero(total)
        kept = kept[np.argsort(key[first[kept]])]
        total, key = total[kept], key[first[kept]]
        pair, high = np.divmod(key, n)
        group, low = np.divmod(pair, n)
        tail, head = np.where(total > 0, low, high), np.where(total > 0, high, low)
        often = np.abs(total)
        group, tail, head = np.repeat(group, often), np.repeat(tail, often), np.repeat(head, often)
        ends = self.points[np.stack([tail, head], axis=1)]
        return group, np.ascontiguousarray(ends).view(np.float64).reshape(-1, 4)

    def ids(self, segments: Floats) -> tuple[Rows, Rows]:
        """Return the corners at which segments (k, 4) begin and end; the corners must be known."""
        xy = np.ascontiguousarray(segments + 0.0).view(np.complex128)
        found = np.searchsorted(self.points, xy.ravel()).astype(np.int64).reshape(-1, 2)
        return found[:, 0], found[:, 1]

    def key(self, tail: Rows, head: Rows) -> Rows:
        """Return a number for each edge, the same for both directions."""
        found: Rows = np.minimum(tail, head) * np.int64(len(self.points)) + np.maximum(tail, head)
        return found

    def segments(self, chosen: Rows) -> Floats:
        """Return edges as float64 (k, 4)."""
        ends = self.points[np.stack([self.tail[chosen], self.head[chosen]], axis=1)]
        return np.ascontiguousarray(ends).view(np.float64).reshape(-1, 4)

    def replaced(self, rows: Rows, shapes: Objects) -> Edges:
        """Return the edges with those of polygons `rows` (ascending) drawn anew; no corner is taken out."""
        drawn = edges_of(shapes)
        place = np.searchsorted(self.points, drawn.points)
        new = (place == len(self.points)) | (self.points[np.minimum(place, len(self.points) - 1)] != drawn.points)
        points = np.insert(self.points, place[new], drawn.points[new])
        shift = np.concatenate([[0], np.cumsum(np.bincount(place[new], minlength=len(self.points) + 1))])[1:]
        number = np.searchsorted(points, drawn.points).astype(np.int64)
        kept = ~np.isin(self.owner, rows)
        tail, head = self.tail[kept], self.head[kept]
        owner = np.concatenate([self.owner[kept], rows[drawn.owner]])
        order = np.argsort(owner, kind="stable")
        tail = np.concatenate([tail + shift[tail], number[drawn.tail]])[order]
        head = np.concatenate([head + shift[head], number[drawn.head]])[order]
        return Edges(points, tail, head, owner[order])

    def of(self, rows: Rows) -> tuple[Rows, Rows]:
        """Return the edges of some polygons and, for each edge, which of `rows` has it."""
        start, end = np.searchsorted(self.owner, rows), np.searchsorted(self.owner, rows, side="right")
        count = end - start
        which = np.repeat(np.arange(len(rows)), count)
        offset = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
        return start[which] + offset, which


def origin_of(shapes: Objects) -> Floats:
    """Return by how much coordinates are moved: a multiple that small changes of the data do not alter."""
    return origin_at(np.asarray(shapely.bounds(shapes), np.float64).reshape(-1, 4))


def origin_at(bounds: Floats) -> Floats:
    """Return the same of bounds (n, 4), NaN where there is nothing."""
    if np.isnan(bounds).all():
        return np.zeros(2)
    low, high = np.fmin.reduce(bounds[:, :2]), np.fmax.reduce(bounds[:, 2:])
    if not np.isfinite([low, high]).all():
        return np.zeros(2)
    found: Floats = np.round((low + high) / 2 / ORIGIN_M) * ORIGIN_M
    return found


def edges_of(shapes: Objects, by: Floats | None = None) -> Edges:
    """Return the edges of valid polygons (n,), in metres, moved by `by` (2,); empty ones have none."""
    flat = _flat(shapes)
    points, corner = _distinct(flat.xy if by is None else flat.xy + by)
    return Edges(points, *directed(corner, flat.rings, flat.signs, flat.firsts))


def _flat(shapes: Objects) -> Flat:
    """As `flatten`, without taking apart polygons of one ring, as most grids are: it meets its start at its end."""
    xy, owner = shapely.get_coordinates(shapes, return_index=True)
    start = np.searchsorted(owner, np.arange(len(shapes) + 1)).astype(np.int64)
    size = np.diff(start)
    if not len(xy) or (size == 0).any():
        return flatten(shapes)
    plain, signs = plain_rings(xy, start)
    if not plain:
        return flatten(shapes)
    return Flat(xy, start, signs, np.arange(len(shapes) + 1))


def _distinct(xy: Floats) -> tuple[NDArray[np.complex128], Rows]:
    """The distinct points and which of them each one is."""
    value = np.ascontiguousarray(xy + 0.0).view(np.complex128).ravel()  # -0.0 becomes 0.0
    which, first = alike(value.view(np.float64).reshape(-1, 2))
    points = value[first]
    order = np.lexsort((points.imag, points.real))
    rank = np.empty(len(points), np.int64)
    rank[order] = np.arange(len(points))
    return points[order], rank[which]


def alike(values: NDArray[Any]) -> tuple[Rows, Rows]:
    """Return which of the distinct rows of (n, k) each row is, numbered in any order, and one row of each.

    Numbers of 64 bits; what differs in a bit differs.
    """
    bits = np.ascontiguousarray(values).view(np.uint64)
    which, first = same_values(bits)
    if len(first) or not len(bits):
        return which, first
    _, first, which = np.unique(bits, axis=0, return_index=True, return_inverse=True)
    return which.ravel().astype(np.int64), first.astype(np.int64)


def faces(segments: Floats) -> Objects:
    """Return the areas that segments (k, 4) enclose, as polygons whose insides are apart."""
    if len(segments) < 3:
        return np.zeros(0, dtype=object)
    noded = shapely.get_parts(shapely.union_all(strung(segments)[0]))
    return np.asarray(shapely.get_parts(shapely.polygonize(noded)), dtype=object)


def strung(segments: Floats) -> tuple[Objects, Rows]:
    """Return segments (k, 4) strung together to lines, and the line of each.

    What remains of borders begins and ends at each corner as many times, so each line of it comes back to where it
    began. GEOS needs far longer for as many lines as there are segments.
    """
    points, corner = _distinct(segments.reshape(-1, 2))
    order, start = walks(corner[::2].copy(), corner[1::2].copy(), len(points))
    last = order[start[1:] - 1]
    xy = np.insert(segments[order, :2], start[1:], segments[last, 2:], axis=0)
    count, number = np.diff(start), np.arange(len(start) - 1)
    line = np.empty(len(order), np.int64)
    line[order] = np.repeat(number, count)
    return np.asarray(shapely.linestrings(xy, indices=np.repeat(number, count + 1)), dtype=object), line


def bodies(shapes: Objects) -> Objects:
    """Return areas without spikes of no width, as they are where nothing else would be left.

    Where a corner of one border lies on an edge of another, rounding leaves a strip between them that may hang on to
    an area: it is as long as the edge, reaches grids that have nothing to do with it, and no place in it is certain.
    """
    found = np.asarray(shapely.buffer(shapes, -SPIKE_M, join_style="mitre"), dtype=object)
    lost = shapely.is_empty(found)
    found[lost] = shapes[lost]
    return found


def spots_in(shapes: Objects) -> Objects:
    """Return a place inside each area, away from its border where the area is wide enough."""
    spots = np.asarray(shapely.point_on_surface(shapes), dtype=object)
    near = np.flatnonzero(shapely.distance(spots, shapely.boundary(shapes)) < SPIKE_M)
    spots[near] = shapely.point_on_surface(bodies(shapes[near]))
    return spots


def winding(segments: Floats, spots: Objects) -> Rows:
    """Return how many times segments (k, 4), the inside to their left, wind around places that lie on none of them.

    A ray runs from each place to the west; what crosses it downwards has the place inside, upwards outside.
    """
    x, y = shapely.get_x(spots), shapely.get_y(spots)
    if not len(segments) or not len(spots):
        return np.zeros(len(spots), np.int64)
    order = np.argsort(y)
    found = np.empty(len(y), np.int64)
    begin = np.searchsorted(y[order], np.minimum(segments[:, 1], segments[:, 3]))
    found[order] = turns(segments, begin, x[order], y[order])
    return found


def width(shapes: Objects) -> Floats:
    """Return how wide areas are on average: twice the area by the perimeter, in metres."""
    around = shapely.length(shapes)
    return np.divide(2 * shapely.area(shapes), around, out=np.zeros(len(shapes)), where=around > 0)


def moved(shapes: Objects, by: Floats) -> Objects:
    """Return shapes moved."""
    if not len(shapes):
        return shapes
    return np.asarray(shapely.transform(shapes, lambda xy: xy + by), dtype=object)


def areal(shapes: Objects) -> Objects:
    """Return only what has an area of geometries (n,), as polygons or multipolygons; None becomes an empty one."""
    kinds = shapely.get_type_id(shapes)
    found = np.asarray(shapes, dtype=object).copy()
    for i in np.flatnonzero(~np.isin(kinds, (3, 6))).tolist():
        if kinds[i] == 7:
            parts = shapely.get_parts(shapely.get_parts(shapes[i]))
            found[i] = shapely.multipolygons(parts[shapely.get_type_id(parts) == 3])
        else:
            found[i] = _NOTHING
    return found
