"""Density along streets: incidents per km of street, by a kernel over the distance along the network.

An incident at the middle of its lixel (Xie & Yan, Kernel density estimation of traffic accidents in a network space,
Computers, Environment and Urban Systems 32, 2008) is spread along the shortest paths up to the kernel's reach. At a
crossing of n streets what arrives is shared out equally to the n - 1 others (the equal-split discontinuous kernel of
Okabe, Satoh & Sugihara, A kernel density estimation method for networks, IJGIS 23, 2009), so that crossings do not
multiply incidents. At a dead end it stops.

Kernels, per m along one line: quartic 15 / (16 h) (1 - (d / h)^2)^2 for d < h; Gaussian exp(-d^2 / (2 s^2)) /
(s sqrt(2 pi) erf(4 / sqrt 2)) for d < 4 s.

What a lixel passes on does not depend on the incidents: `spread_matrix` is worked out once for a network and a kernel,
and any choice of incidents is then one multiplication.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from geo.heat_kernel import Kernel
from geo.street_graph import Floats, Ints, StreetGraph

KM = 1000.0
_GAUSS_WHOLE = math.erf(4 / math.sqrt(2))


@dataclass(frozen=True)
class SpreadMatrix:
    """What one incident in each lixel adds to the density of others, 1 / m; CSR by the incident's lixel.

    Attributes
    ----------
    start, target, share
        int64 (lixels + 1,), int32 and float32 (entries,).
    """

    start: Ints
    target: NDArray[np.int32]
    share: NDArray[np.float32]

    def density(self, counts: ArrayLike) -> Floats:
        """Return the density of each lixel in incidents per km, from the incidents (or weights) in each."""
        counts = np.asarray(counts, np.float64)
        out = np.zeros(len(self.start) - 1)
        _multiply(self.start, self.target, self.share, counts, out)
        return out * KM


def spread_matrix(graph: StreetGraph, kernel: Kernel) -> SpreadMatrix:
    """Return what incidents in each lixel add along the streets.

    Examples
    --------
    >>> import shapely
    >>> from geo.street_graph import street_graph
    >>> graph = street_graph(shapely.from_wkt(["LINESTRING (0 0, 1000 0)"]), 10.0)
    >>> counts = np.zeros(graph.lixels)
    >>> counts[50] = 1
    >>> density = spread_matrix(graph, Kernel("quartic", 100.0)).density(counts)
    >>> round(float((density / 1000 * graph.lixel_m()).sum()), 3), round(float(density.max()), 2)
    (1.0, 9.38)
    """
    many = np.diff(graph.first)
    reach, gaussian = kernel.reach_m, kernel.gaussian
    top = 15 / (16 * reach) if not gaussian else 1 / (kernel.radius_m * math.sqrt(2 * math.pi) * _GAUSS_WHOLE)
    edge_of = np.repeat(np.arange(len(many)), many).astype(np.int64)
    state = (
        np.full(len(graph.around_start) - 1, np.inf),
        np.zeros(len(graph.around_start) - 1),
        np.zeros(len(many), np.bool_),
    )
    given = (graph.ends, graph.length_m, graph.around_start, graph.around, graph.first, edge_of, reach, gaussian, top)
    start = np.zeros(graph.lixels + 1, np.int64)
    none = np.zeros(0, np.int32), np.zeros(0, np.float32)
    _spread(*given, *state, start, *none, False)
    np.cumsum(start, out=start)
    target, share = np.zeros(int(start[-1]), np.int32), np.zeros(int(start[-1]), np.float32)
    _spread(*given, *state, start, target, share, True)
    return SpreadMatrix(start, target, share)


@njit(cache=True, nogil=True)
def _multiply(start: Any, target: Any, share: Any, counts: Any, out: Any) -> None:
    for source in range(len(start) - 1):
        w = counts[source]
        if w != 0:
            for k in range(start[source], start[source + 1]):
                out[target[k]] += w * share[k]


@njit(cache=True, nogil=True)
def _value(distance: float, reach: float, gaussian: bool) -> Any:
    """The kernel, 1 at 0."""
    square = (distance / reach) ** 2
    if square >= 1:
        return 0.0
    return math.exp(-8.0 * square) if gaussian else (1 - square) * (1 - square)


@njit(cache=True, nogil=True)
def _spread(
    ends: Any, length: Any, around_start: Any, around: Any, first: Any, edge_of: Any, reach: float, gaussian: bool,
    top: float, distance: Any, factor: Any, seen: Any, start: Any, target: Any, share: Any, write: bool,
) -> None:  # fmt: skip
    """Count (into ``start[lixel + 1]``) or write what each lixel passes on.

    `distance` (inf), `factor` and `seen` (False) belong to nodes and edges and are left as they were found. `factor` is
    what leaves a node along each further street.
    """
    heap_d, heap_n = [0.0 for _ in range(0)], [0 for _ in range(0)]
    nodes, edges = [0 for _ in range(0)], [0 for _ in range(0)]
    for source in range(len(edge_of)):
        home = edge_of[source]
        home_m = length[home] / (first[home + 1] - first[home])
        middle = (source - first[home] + 0.5) * home_m
        nodes.clear()
        edges.clear()
        edges.append(home)
        seen[home] = True
        for side in range(2):
            node = ends[home, side]
            away = middle if side == 0 else length[home] - middle
            if away < reach and away < distance[node]:
                if distance[node] == np.inf:
                    nodes.append(node)
                distance[node] = away
                factor[node] = 1.0 / max(around_start[node + 1] - around_start[node] - 1, 1)
                _push(heap_d, heap_n, away, node)
        while len(heap_d) > 0:
            away, node = _pop(heap_d, heap_n)
            if away > distance[node]:
                continue
            for k in range(around_start[node], around_start[node + 1]):
                edge = around[k]
                if not seen[edge]:
                    seen[edge] = True
                    edges.append(edge)
                other = ends[edge, 1] if ends[edge, 0] == node else ends[edge, 0]
                further = away + length[edge]
                if further < reach and further < distance[other]:
                    if distance[other] == np.inf:
                        nodes.append(other)
                    distance[other] = further
                    factor[other] = factor[node] / max(around_start[other + 1] - around_start[other] - 1, 1)
                    _push(heap_d, heap_n, further, other)
        place = start[source]
        found = 0
        for edge in edges:
            a, b = ends[edge, 0], ends[edge, 1]
            step = length[edge] / (first[edge + 1] - first[edge])
            for lixel in range(first[edge], first[edge + 1]):
                along = (lixel - first[edge] + 0.5) * step
                best, part = distance[a] + along, factor[a]
                back = distance[b] + length[edge] - along
                if back < best:
                    best, part = back, factor[b]
                if edge == home and abs(along - middle) <= best:
                    best, part = abs(along - middle), 1.0
                if best < reach:
                    if write:
                        target[place + found] = lixel
                        share[place + found] = top * part * _value(best, reach, gaussian)
                    found += 1
        if not write:
            start[source + 1] = found
        for node in nodes:
            distance[node] = np.inf
            factor[node] = 0.0
        for edge in edges:
            seen[edge] = False


@njit(cache=True, nogil=True)
def _push(heap_d: Any, heap_n: Any, d: float, n: int) -> None:
    heap_d.append(d)
    heap_n.append(n)
    i = len(heap_d) - 1
    while i > 0:
        up = (i - 1) // 2
        if heap_d[up] <= heap_d[i]:
            break
        heap_d[up], heap_d[i] = heap_d[i], heap_d[up]
        heap_n[up], heap_n[i] = heap_n[i], heap_n[up]
        i = up


@njit(cache=True, nogil=True)
def _pop(heap_d: Any, heap_n: Any) -> Any:
    d, n = heap_d[0], heap_n[0]
    last_d, last_n = heap_d.pop(), heap_n.pop()
    size = len(heap_d)
    if size > 0:
        heap_d[0], heap_n[0] = last_d, last_n
        i = 0
        while True:
            down = 2 * i + 1
            if down >= size:
                break
            if down + 1 < size and heap_d[down + 1] < heap_d[down]:
                down += 1
            if heap_d[i] <= heap_d[down]:
                break
            heap_d[down], heap_d[i] = heap_d[i], heap_d[down]
            heap_n[down], heap_n[i] = heap_n[i], heap_n[down]
            i = down
    return d, n
