"""Blocks of a street network: arrangement of lines into faces, and their merging into units.

All coordinates are metres of one projected CRS. Every step works on one exact arrangement, so that neighbours
share their vertices and a union of faces has neither gaps nor overlaps.
"""

from __future__ import annotations

import heapq
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

Geometries = NDArray[Any]
SNAP_M = 0.001  # vertices of the arrangement lie on this lattice
CUT_M2 = 0.01  # a building of which less than this lies across a border is not cut


def arrange(lines: Geometries, extent: BaseGeometry) -> Geometries:
    """Return the faces into which `lines` divide `extent`, sorted by position.

    Parameters
    ----------
    lines
        Line geometries in metres; what lies outside the extent is ignored, dead ends fall away.
    extent
        Valid polygon or multipolygon in metres, its vertices on the `SNAP_M` lattice.

    Returns
    -------
    Object array of polygons; pairwise disjoint interiors, their union is the extent.
    """
    inner = shapely.intersection(lines, extent, grid_size=SNAP_M)
    edge: Any = shapely.boundary(extent)
    parts = shapely.get_parts(shapely.get_parts(np.append(inner, edge)))
    parts = parts[shapely.get_dimensions(parts) == 1]
    # A unary union on a precision grid nodes by snap rounding: no nearly equal vertices survive.
    noded = shapely.union_all(parts, grid_size=SNAP_M)
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(noded)))
    shapely.prepare(extent)
    faces = faces[shapely.covers(extent, shapely.point_on_surface(faces))]
    faces = shapely.normalize(faces)
    bounds = shapely.bounds(faces)
    order = np.lexsort((shapely.area(faces), bounds[:, 2], bounds[:, 3], bounds[:, 0], bounds[:, 1]))
    return np.asarray(faces[order], dtype=object)


def shared_borders(faces: Geometries) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return which faces of an exact arrangement share a border, and how much.

    Returns
    -------
    pairs
        int64, shape (m, 2), first < second, sorted.
    length_m
        float64, shape (m,): length of the common border in metres.
    """
    rings, owner_of_ring = shapely.get_rings(faces, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    same = ring[1:] == ring[:-1]
    start, end = xy[:-1][same], xy[1:][same]
    owner = owner_of_ring[ring[:-1][same]]
    swap = (start[:, 0] > end[:, 0]) | ((start[:, 0] == end[:, 0]) & (start[:, 1] > end[:, 1]))
    low, high = np.where(swap[:, None], end, start), np.where(swap[:, None], start, end)
    key = np.ascontiguousarray(np.column_stack((low, high)))
    order = np.lexsort((owner, *key.T[::-1]))
    key, owner = key[order], owner[order]
    twin = np.flatnonzero((key[1:] == key[:-1]).all(axis=1) & (owner[1:] != owner[:-1]))
    pair = np.column_stack((owner[twin], owner[twin + 1]))
    length = np.hypot(key[twin, 2] - key[twin, 0], key[twin, 3] - key[twin, 1])
    if not len(pair):
        return np.empty((0, 2), np.int64), np.empty(0)
    pairs, where = np.unique(np.sort(pair, axis=1), axis=0, return_inverse=True)
    return pairs.astype(np.int64), np.bincount(where.ravel(), weights=length).astype(np.float64)


def building_groups(faces: Geometries, buildings: Geometries) -> NDArray[np.int64]:
    """Return a group number per face such that no building lies in two groups.

    Each connected part of a building (inside the union of the faces) joins all faces that it enters, if more than
    `CUT_M2` of it lies outside its main face. Groups are numbered from 0 by their first face.
    """
    parent = np.arange(len(faces))

    def root(item: int) -> int:
        while parent[item] != item:
            parent[item] = parent[parent[item]]
            item = int(parent[item])
        return item

    shapely.prepare(faces)
    parts = shapely.get_parts(buildings[~(shapely.is_missing(buildings) | shapely.is_empty(buildings))])
    part, face = shapely.STRtree(faces).query(parts, predicate="intersects")
    inside = shapely.contains_properly(faces[face], parts[part])
    doubtful = np.isin(part, np.unique(part[inside]), invert=True)
    part, face = part[doubtful], face[doubtful]
    area = shapely.area(shapely.intersection(parts[part], faces[face]))
    part, face, area = part[area > 0], face[area > 0], area[area > 0]
    order = np.lexsort((face, part))
    part, face, area = part[order], face[order], area[order]
    for chosen in np.split(np.arange(len(part)), np.flatnonzero(np.diff(part)) + 1):
        if len(chosen) > 1 and area[chosen].sum() - area[chosen].max() > CUT_M2:
            for piece in _connected(parts[part[chosen[0]]], faces, face[chosen]):
                for other in piece[1:]:
                    low, high = sorted((root(int(piece[0])), root(int(other))))
                    parent[high] = low
    roots = np.array([root(item) for item in range(len(faces))], dtype=np.int64)
    return np.unique(roots, return_inverse=True)[1].astype(np.int64)


def _connected(building: BaseGeometry, faces: Geometries, entered: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Split `entered` faces by the connected parts that `building` has inside their union."""
    inner = shapely.get_parts(shapely.intersection(building, shapely.union_all(faces[entered])))
    inner = inner[shapely.get_dimensions(inner) == 2]
    if len(inner) == 1:
        return [entered]
    touched = [entered[shapely.area(shapely.intersection(faces[entered], piece)) > 0] for piece in inner]
    return [piece for piece in touched if len(piece) > 1]


def merge_small(
    area: NDArray[np.float64],
    perimeter: NDArray[np.float64],
    pairs: NDArray[np.int64],
    length: NDArray[np.float64],
    block: NDArray[np.int64],
    *,
    min_m2: float,
    max_m2: float,
    min_width_m: float = 0.0,
) -> NDArray[np.int64]:
    """Merge small and thin units with a neighbour, smallest first, and return a group number per unit.

    A unit is small below `min_m2`, and thin if its mean width ``2 * area / perimeter`` is below `min_width_m` (a
    strip between two carriageways). The partner is the neighbour with which the sum stays within `max_m2`: one that
    is not thin before one that is, one of the same `block` before another, then the one of the longest shared
    border, then the first. If no sum stays within `max_m2`, a unit keeps its size, unless it is thin, or smaller
    than a fifth of `min_m2`, or has one neighbour only (an enclave): those always join.

    Parameters
    ----------
    area, perimeter
        float64, shape (n,), square metres and metres.
    pairs, length
        Shared borders in metres as `shared_borders` gives them.
    block
        int64, shape (n,): the street block of each unit, -1 where it spans several.
    """
    total, around, within = area.astype(float).copy(), perimeter.astype(float).copy(), block.copy()
    group = np.arange(len(area))
    near: list[dict[int, float]] = [{} for _ in range(len(area))]
    for (first, second), metres in zip(pairs.tolist(), length.tolist(), strict=True):
        near[first][second] = metres
        near[second][first] = metres

    def thin(unit: int) -> bool:
        return bool(2 * total[unit] < min_width_m * around[unit])

    def rank(unit: int, other: int) -> tuple[bool, bool, bool, float, int]:
        apart = within[unit] < 0 or within[other] != within[unit]
        return bool(total[unit] + total[other] > max_m2), thin(other), bool(apart), -near[unit][other], other

    queue = [(float(total[unit]), unit) for unit in range(len(area)) if total[unit] < min_m2 or thin(unit)]
    heapq.heapify(queue)
    while queue:
        size, unit = heapq.heappop(queue)
        if group[unit] != unit or size != total[unit] or not near[unit]:
            continue
        partner = min(near[unit], key=lambda other, unit=unit: rank(unit, other))  # type: ignore[misc]
        always = size < 0.2 * min_m2 or len(near[unit]) == 1 or thin(unit)
        if size + total[partner] > max_m2 and not always:
            continue
        keep, gone = min(unit, partner), max(unit, partner)
        around[keep] += around[gone] - 2 * near[unit][partner]
        total[keep] += total[gone]
        if within[keep] != within[gone]:
            within[keep] = -1
        group[group == gone] = keep
        for other, metres in near[gone].items():
            del near[other][gone]
            if other != keep:
                near[keep][other] = near[keep].get(other, 0.0) + metres
                near[other][keep] = near[keep][other]
        near[gone] = {}
        if total[keep] < min_m2 or thin(keep):
            heapq.heappush(queue, (float(total[keep]), keep))
    return np.unique(group, return_inverse=True)[1].astype(np.int64)


def unite(faces: Geometries, group: NDArray[np.int64]) -> Geometries:
    """Return the union of the faces of each group (numbered 0..k-1), by exact shared edges."""
    order = np.argsort(group, kind="stable")
    cuts = np.flatnonzero(np.diff(group[order])) + 1
    united = [shapely.coverage_union_all(faces[members]) for members in np.split(order, cuts)]
    parts = [shapely.get_parts(item) for item in united]
    return np.array([p[0] if len(p) == 1 else shapely.multipolygons(p) for p in parts], dtype=object)
