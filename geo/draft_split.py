"""Straight cuts through blocks that are too large, only where no building is cut."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geo.draft_blocks import Geometries

_SHARES = np.linspace(0.2, 0.8, 21)
_TURNS_DEG = np.arange(0.0, 180.0, 22.5)
_DEPTH = 16


def split_lines(block: BaseGeometry, buildings: Geometries, target_m2: float) -> list[BaseGeometry]:
    """Return straight cuts that divide `block` into pieces towards `target_m2`.

    Each piece larger than twice the target is cut by a line that meets no building: of lines in eight directions
    (the first across the longest side of its smallest enclosing rectangle) at 21 places between a fifth and four
    fifths of its extent, the one that is shortest inside the piece and nearest to the middle. A piece that cannot be
    cut so stays as it is.

    Parameters
    ----------
    block
        Polygon in metres.
    buildings
        Polygons in metres that no cut may meet.
    target_m2
        Wished area of a piece in square metres.

    Returns
    -------
    List of line strings in metres that reach a little beyond the piece they divide.
    """
    near = buildings[shapely.intersects(buildings, block)]
    shapely.prepare(near)
    return _split(block, near, target_m2, _DEPTH)


def _split(block: BaseGeometry, buildings: Geometries, target_m2: float, depth: int) -> list[BaseGeometry]:
    if depth == 0 or block.area <= 2 * target_m2:
        return []
    near = buildings[shapely.intersects(buildings, block)]
    ends, bias = _candidates(block)
    inside: Geometries = np.asarray(shapely.intersection(shapely.linestrings(ends), block), dtype=object)
    blocked = np.zeros(len(inside), dtype=np.bool_)
    blocked[shapely.STRtree(near).query(inside, predicate="intersects")[0]] = True
    cost = shapely.length(inside) * bias
    for number in np.lexsort((np.arange(len(inside)), cost)):
        if blocked[number] or cost[number] <= 0:
            continue
        pieces = _sides(block, ends[number])
        if len(pieces) < 2 or min(piece.area for piece in pieces) < 0.2 * target_m2:
            continue
        found = [_longer(part) for part in shapely.get_parts(inside[number]) if part.length > 0]
        for piece in pieces:
            found += _split(piece, near, target_m2, depth - 1)
        return found
    return []


def _candidates(block: BaseGeometry) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the ends (n, 2, 2) of lines through `block` and a factor from 1 that grows away from the middle."""
    xy = shapely.get_coordinates(shapely.convex_hull(block))
    corners = shapely.get_coordinates(shapely.oriented_envelope(block))
    sides = np.diff(corners, axis=0)
    along = sides[np.argmax(np.round(np.hypot(*sides.T), 6))]
    ends, bias = [], []
    for turn in np.radians(_TURNS_DEG) + np.arctan2(along[1], along[0]):
        axis, across = np.array([np.cos(turn), np.sin(turn)]), np.array([-np.sin(turn), np.cos(turn)])
        low, high = (xy @ axis).min(), (xy @ axis).max()
        left, right = (xy @ across).min() - 1, (xy @ across).max() + 1
        for share in _SHARES:
            foot = axis * (low + share * (high - low))
            ends.append([foot + across * left, foot + across * right])
            bias.append(1 + 2 * abs(share - 0.5))
    return np.array(ends), np.array(bias)


def _sides(block: BaseGeometry, ends: Geometries) -> list[BaseGeometry]:
    """Return the polygons into which the line through `ends` divides `block`."""
    noded = shapely.union_all([shapely.boundary(block), _longer(shapely.LineString(ends))])
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(noded)))
    return list(faces[shapely.covers(block, shapely.point_on_surface(faces))])


def _longer(line: BaseGeometry, metres: float = 0.05) -> BaseGeometry:
    """Return a straight line made longer at both ends, so that it crosses the border it was cut at."""
    start, end = shapely.get_coordinates(line)[[0, -1]]
    step = (end - start) / max(np.hypot(*(end - start)), 1e-9) * metres
    return shapely.LineString([start - step, end + step])
