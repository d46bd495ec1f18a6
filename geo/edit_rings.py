"""Rings of a few grids as arrays that nodes can be put into, and what lies near a place of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

Ring = NDArray[np.float64]  # (n, 2), open: the last node is not the first
Parts = list[list[Ring]]  # of a grid: for each polygon its shell and its holes
EPS_M = 0.02  # nodes nearer than this are one node, a node nearer to an edge lies on it


def rings_of(shape: Any) -> Parts:
    """Return the rings of a polygon or multipolygon."""
    return [
        [np.asarray(ring.coords, np.float64)[:-1, :2] for ring in (part.exterior, *part.interiors)]
        for part in shapely.get_parts(shape).tolist()
    ]


def shape_of(parts: Parts) -> Any:
    """Return the multipolygon of rings; doubled nodes are left out.

    Raises
    ------
    ValueError
        A ring has fewer than three nodes.
    """
    polygons = []
    for shell, *holes in parts:
        kept = [_distinct(ring) for ring in (shell, *holes)]
        if any(len(ring) < 3 for ring in kept):
            raise ValueError("a ring has fewer than three nodes")
        polygons.append(shapely.Polygon(kept[0], kept[1:]))
    return shapely.MultiPolygon(polygons)


def _distinct(ring: Ring) -> Ring:
    kept: Ring = ring[(ring != np.roll(ring, 1, axis=0)).any(axis=1)]
    return kept


def mapped(parts: Parts, change: Callable[[Ring], Ring]) -> Parts:
    """Return the rings after a change of each."""
    return [[change(ring) for ring in polygon] for polygon in parts]


def feet(ring: Ring, place: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the nearest point of each edge (node i to i + 1) to a place, (n, 2), and its distance, (n,)."""
    along = np.roll(ring, -1, axis=0) - ring
    square = (along**2).sum(axis=1)
    share = np.clip(((place - ring) * along).sum(axis=1) / np.where(square > 0, square, 1.0), 0.0, 1.0)
    foot = ring + share[:, None] * along
    return foot, np.hypot(*(foot - place).T)


def with_node(ring: Ring, place: NDArray[np.float64]) -> tuple[Ring, float]:
    """Return a ring in which every passage within `EPS_M` of a place has a node exactly there.

    Returns
    -------
    The ring, and by how much area that may have changed it (m2).
    """
    slack = 0.0
    near = np.hypot(*(ring - place).T) <= EPS_M
    if near.any():
        sides = np.hypot(*(np.roll(ring, -1, axis=0) - ring).T)
        shift = np.hypot(*(ring[near] - place).T)
        slack += float((shift * (sides + np.roll(sides, 1))[near]).sum())
        ring = ring.copy()
        ring[near] = place
    _, distance = feet(ring, place)
    taken = near | np.roll(near, -1)  # edges that end there already
    for edge in np.flatnonzero((distance <= EPS_M) & ~taken)[::-1].tolist():
        length = float(np.hypot(*(ring[(edge + 1) % len(ring)] - ring[edge])))
        slack += float(distance[edge]) * length
        ring = np.insert(ring, edge + 1, place, axis=0)
    return ring, slack


def with_nearest(ring: Ring, moved: NDArray[np.float64], others: Ring) -> tuple[Ring, float]:
    """Return a ring with the nearest of `others` put into each edge that leaves a node of `moved` (k, 2).

    So that of an edge that moves only the part up to where another grid's border meets it is moved. Returns as
    `with_node` does.
    """
    slack = 0.0
    for place in moved:
        for step in (1, -1):
            here = np.flatnonzero((ring == place).all(axis=1))
            for at in here[::-1].tolist():
                other = ring[(at + step) % len(ring)]
                along = other - place
                length = float(np.hypot(*along))
                if length <= 2 * EPS_M:
                    continue
                share = ((others - place) @ along) / length
                off = np.abs((others - place) @ np.array([-along[1], along[0]])) / length
                on = np.flatnonzero((off <= EPS_M) & (share > EPS_M) & (share < length - EPS_M))
                if len(on):
                    nearest = on[np.argmin(share[on])]
                    slack += float(off[nearest]) * length
                    ring = np.insert(ring, at + (step > 0), others[nearest], axis=0)
                    # Rows behind `at` moved on; going backwards over `here` nothing that follows is touched.
    return ring, slack
