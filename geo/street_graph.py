"""Streets as a network cut into short pieces (lixels), on which incidents are counted.

Lines are joined where they share a point that is an end or a vertex of both, to a centimetre; lines that cross without
such a point (bridges) are not joined.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
SNAP_M = 0.01
_LEAST_M, _MOST_M = 10.0, 50.0
_MOST_LIXELS = 200_000


@dataclass(frozen=True)
class StreetGraph:
    """A network of streets.

    Attributes
    ----------
    lines
        Object (edges,): LineStrings between the nodes.
    length_m
        float64 (edges,).
    ends
        int64 (edges, 2): nodes.
    around_start, around
        CSR over nodes: the edges that meet there (a loop twice).
    source
        int64 (edges,): which of the given streets each is a piece of.
    first
        int64 (edges + 1,): where each edge's lixels begin; they are equally long and follow the line.
    """

    lines: NDArray[Any]
    length_m: Floats
    ends: Ints
    around_start: Ints
    around: Ints
    source: Ints
    first: Ints

    @property
    def lixels(self) -> int:
        return int(self.first[-1])

    def lixel_m(self) -> Floats:
        """Return the length of each lixel."""
        many = np.diff(self.first)
        return np.repeat(self.length_m / many, many)


def street_graph(streets: ArrayLike, lixel_m: float | None = None) -> StreetGraph:
    """Return the network of some streets.

    Parameters
    ----------
    streets
        Object (n,): LineStrings or MultiLineStrings in a metric CRS; None has none.
    lixel_m
        Longest lixel; None: 10 m, more in a large city.

    Examples
    --------
    >>> cross = shapely.from_wkt(["LINESTRING (0 0, 50 0, 100 0)", "LINESTRING (50 -30, 50 0, 50 40)"])
    >>> graph = street_graph(cross, 25.0)
    >>> graph.length_m.tolist(), np.diff(graph.first).tolist(), int(np.diff(graph.around_start).max())
    ([50.0, 50.0, 30.0, 40.0], [2, 2, 2, 2], 4)
    """
    parts, street = shapely.get_parts(np.asarray(streets, dtype=object), return_index=True)
    long = shapely.length(parts) > SNAP_M
    parts, street = parts[long], street[long].astype(np.int64)
    xy, owner = shapely.get_coordinates(parts, return_index=True)
    key = np.round(xy / SNAP_M).astype(np.int64)
    _, place, often = np.unique(key, axis=0, return_inverse=True, return_counts=True)
    place = place.ravel()
    edge_end = np.ones(len(xy) + 1, np.bool_)
    edge_end[1:-1] = owner[1:] != owner[:-1]
    is_end = edge_end[:-1] | edge_end[1:]
    at_node = is_end | (often[place] > 1)
    lines, ends, source = [], [], []
    stops = np.flatnonzero(at_node)
    for a, b in zip(stops[:-1].tolist(), stops[1:].tolist(), strict=True):
        if owner[a] == owner[b] and b > a:
            lines.append(xy[a : b + 1])
            ends.append((place[a], place[b]))
            source.append(street[owner[a]])
    shapes = np.array([shapely.LineString(one) for one in lines], dtype=object)
    length = shapely.length(shapes) if len(shapes) else np.zeros(0)
    pairs = np.array(ends, np.int64).reshape(-1, 2)
    keep = length > SNAP_M
    shapes, length, pairs = shapes[keep], np.asarray(length)[keep], pairs[keep]
    of_street = np.array(source, np.int64)[keep]
    known, nodes = np.unique(pairs, return_inverse=True)
    nodes = nodes.reshape(-1, 2).astype(np.int64)
    order = np.argsort(nodes.ravel(), kind="stable")
    start = np.searchsorted(nodes.ravel()[order], np.arange(len(known) + 1)).astype(np.int64)
    longest = lixel_m or float(np.clip(length.sum() / _MOST_LIXELS, _LEAST_M, _MOST_M))
    first = np.concatenate([[0], np.cumsum(np.maximum(np.ceil(length / longest), 1))]).astype(np.int64)
    return StreetGraph(shapes, length, nodes, start, (order // 2).astype(np.int64), of_street, first)


def snap(graph: StreetGraph, x: ArrayLike, y: ArrayLike, most_m: float) -> Ints:
    """Return the lixel nearest to each incident, -1 where no street is within `most_m`.

    Incidents of one place are looked up once. Of equally near streets the first is taken.
    """
    xy = np.column_stack([np.asarray(x, np.float64), np.asarray(y, np.float64)])
    if len(xy) == 0 or len(graph.lines) == 0:
        return np.full(len(xy), -1, np.int64)
    places, of = np.unique(xy, axis=0, return_inverse=True)
    points = np.asarray(shapely.points(places), dtype=object)
    tree = shapely.STRtree(graph.lines)
    which, edge = tree.query_nearest(points, max_distance=most_m, all_matches=False)
    along = shapely.line_locate_point(graph.lines[edge], points[which])
    many = np.diff(graph.first)[edge]
    piece = np.minimum((along / graph.length_m[edge] * many).astype(np.int64), many - 1)
    found = np.full(len(places), -1, np.int64)
    found[which] = graph.first[edge] + piece
    return found[of.ravel()]
