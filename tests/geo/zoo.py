"""Random and nasty geometry for the properties of `geo`."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import shapely
from hypothesis import strategies as st

OFFSETS = (0.0, 500_000.0, 6_670_000.0)


def wedge(rng, x, y, size):
    """A star-shaped polygon, at times with a hole; valid by construction."""
    n = int(rng.integers(3, 12))
    turns = np.sort(rng.uniform(0, 2 * np.pi, n))
    if np.diff(turns, append=turns[0] + 2 * np.pi).max() >= np.pi or np.diff(turns).min(initial=1) < 1e-3:
        turns = np.linspace(0, 2 * np.pi, n, endpoint=False)
    radius = rng.uniform(0.4, 1.0, n) * size
    ring = np.column_stack([x + radius * np.cos(turns), y + radius * np.sin(turns)])
    hole = np.column_stack([x + 0.1 * size * np.cos(turns), y + 0.1 * size * np.sin(turns)])
    return shapely.Polygon(ring, [hole] if rng.random() < 0.3 else [])


def mosaic(rng, n, offset, snap):
    """Polygons of several kinds in a square of 100 m: overlapping stars, a shared-edge mosaic, slivers, tiny ones."""
    kind = rng.integers(0, 5)
    if kind == 0:
        shapes = [wedge(rng, *rng.uniform(0, 100, 2), rng.uniform(1, 40)) for _ in range(n)]
    elif kind == 1:
        sites = shapely.MultiPoint(rng.uniform(0, 100, (n + 2, 2)))
        shapes = list(shapely.get_parts(shapely.voronoi_polygons(sites, extend_to=shapely.box(0, 0, 100, 100))))
    elif kind == 2:
        side = int(np.ceil(n**0.5))
        shapes = [shapely.box(10 * i, 10 * j, 10 * i + 10, 10 * j + 10) for i in range(side) for j in range(side)]
    elif kind == 3:
        cuts = np.sort(rng.uniform(0, 100, n + 1))
        shapes = [shapely.Polygon([(a, 0), (b, 0), (b + 30, 100), (a + 30, 100)]) for a, b in pairwise(cuts)]
        shapes.append(shapely.Polygon([(0, 50), (100, 50), (100, 50 + 10.0 ** -rng.integers(1, 7))]))
    else:
        parts = [wedge(rng, 30 * i, 30 * (i % 3), 12) for i in range(n)]
        shapes = [shapely.MultiPolygon(parts[i : i + 3]) for i in range(0, n, 3)]
    moved = shapely.transform(np.array(shapes, dtype=object), lambda xy: xy + offset)
    if snap:
        moved = shapely.transform(moved, np.round)
    return moved[shapely.is_valid(moved) & ~shapely.is_empty(moved)]


def hard_points(rng, polygons, n, offset):
    """Points anywhere, on corners, on edges (as near as floating point allows), and a hair beside them."""
    free = rng.uniform(-10, 140, (n, 2)) + offset
    rings = shapely.get_rings(shapely.get_parts(polygons))
    corner, owner = shapely.get_coordinates(rings, return_index=True)
    if len(corner) == 0:
        return free
    same = owner[1:] == owner[:-1]
    a, b = corner[:-1][same], corner[1:][same]
    share = rng.random((len(a), 1))
    edge = a + (b - a) * share
    middle = (a + b) / 2
    level = np.column_stack([rng.uniform(-10, 140, len(corner)) + offset, corner[:, 1]])  # rays through corners
    hair = np.nextafter(edge, rng.choice([-np.inf, np.inf], edge.shape))
    return np.vstack([free, corner, edge, middle, hair, level])


seeds = st.integers(0, 2**32 - 1)
