"""Straight cuts through blocks that are too large, only where no building is cut."""

from __future__ import annotations

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.draft_blocks import Geometries

_SHARES = (0.5, 0.45, 0.55, 0.4, 0.6, 0.35, 0.65, 0.3, 0.7)
_DEPTH = 12


def split_lines(block: BaseGeometry, buildings: Geometries, target_m2: float) -> list[BaseGeometry]:
    """Return straight cuts that divide `block` into pieces towards `target_m2`.

    Each piece larger than twice the target is cut across the long side of its smallest enclosing rectangle, at the
    share nearest to the middle where the line meets no building; along it if every such line meets one. A piece
    that cannot be cut so stays as it is.

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
    corners = shapely.get_coordinates(shapely.oriented_envelope(block))[:4]
    if len(corners) < 4:
        return []
    if np.hypot(*(corners[1] - corners[0])) < np.hypot(*(corners[2] - corners[1])):
        corners = np.roll(corners, -1, axis=0)
    for turned in (corners, np.roll(corners, -1, axis=0)):
        for share in _SHARES:
            ends = np.array([
                turned[0] + share * (turned[1] - turned[0]), turned[3] + share * (turned[2] - turned[3])
            ])
            cut = shapely.LineString(ends).intersection(block)
            if cut.is_empty or bool(shapely.intersects(near, cut).any()):
                continue
            pieces = _sides(block, ends)
            if len(pieces) < 2 or min(piece.area for piece in pieces) < 0.2 * target_m2:
                continue
            found = [_longer(part) for part in shapely.get_parts(cut) if part.length > 0]
            for piece in pieces:
                found += _split(piece, near, target_m2, depth - 1)
            return found
    return []


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
