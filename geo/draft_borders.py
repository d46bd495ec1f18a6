"""Borders of grids as nodes that all grids share and rings over them, for whoever drags them."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.edit_rings import EPS_M, rings_of

SAME_M = 1e-3  # nodes that lie this near are one


def noded(shapes: NDArray[Any]) -> tuple[NDArray[np.float64], list[list[list[int]]]]:
    """Return the nodes (m, 2) of polygons in metres, and of each polygon its rings as positions in them.

    A ring is open: its last node is not its first. A node of one polygon that lies on the edge of another (a
    T-junction) is in both.

    Examples
    --------
    >>> nodes, rings = noded(np.array([shapely.box(0, 0, 2, 2), shapely.box(2, 0, 3, 1)], dtype=object))
    >>> len(nodes), [len(ring) for grid in rings for ring in grid]
    (7, [5, 4])
    """
    owned = [[ring for part in rings_of(shape) for ring in part] for shape in shapes.tolist()]
    flat = [ring for rings in owned for ring in rings]
    if not flat:
        return np.zeros((0, 2)), [[] for _ in owned]
    every = np.concatenate(flat)
    _, first, known = np.unique(np.round(every / SAME_M), axis=0, return_index=True, return_inverse=True)
    nodes, ids = every[first], np.asarray(known).ravel()
    sizes = np.array([len(ring) for ring in flat])
    starts = np.concatenate([[0], np.cumsum(sizes)])
    after = np.arange(len(every)) + 1
    after[starts[1:] - 1] = starts[:-1]
    more = _on_edges(nodes, ids, ids[after])
    found, ring = [], 0
    for rings in owned:
        listed = []
        for _ in rings:
            one: list[int] = []
            for edge in range(starts[ring], starts[ring + 1]):
                one += [int(ids[edge]), *more.get(edge, ())]
            listed.append([node for place, node in enumerate(one) if node != one[place - 1]])
            ring += 1
        found.append(listed)
    return nodes, found


def _on_edges(nodes: NDArray[np.float64], tail: Any, head: Any) -> dict[int, list[int]]:
    """Return which nodes lie on which edges, in their order along them."""
    lines = np.asarray(shapely.linestrings(np.stack([nodes[tail], nodes[head]], axis=1)), dtype=object)
    edge, node = shapely.STRtree(lines).query(shapely.points(nodes), predicate="dwithin", distance=EPS_M)[::-1]
    own = (tail[edge] == node) | (head[edge] == node)
    edge, node = edge[~own], node[~own]
    share = shapely.line_locate_point(lines[edge], shapely.points(nodes[node])) if len(edge) else np.zeros(0)
    length = shapely.length(lines[edge])
    inner = np.asarray((share > SAME_M) & (share < length - SAME_M))
    found: dict[int, list[int]] = {}
    for place in np.lexsort((share, edge)).tolist():
        if inner[place]:
            found.setdefault(int(edge[place]), []).append(int(node[place]))
    return found
