"""Areas put together and taken apart so that their corners are shared exactly and nothing thin is left over."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from geo.audit_edges import areal, width
from geo.audit_findings import as_objects

THIN_M = 1e-6  # thinner rings and parts are rounding of coordinates
_NEAR_M = 1e-7  # corners that come so near are one and the same


def thickness(shape: Any) -> float:
    """Return how wide an area is on average, metres."""
    return float(width(as_objects([shape]))[0])


def tidy(shape: Any) -> Any:
    """Return what has an area of a shape, without parts and holes that are thinner than a micrometre."""
    parts = []
    for part in shapely.get_parts(areal(as_objects([shape]))[0]).tolist():
        if thickness(part) < THIN_M:
            continue
        holes = [ring for ring in part.interiors if thickness(shapely.Polygon(ring)) >= THIN_M]
        parts.append(shapely.Polygon(part.exterior, holes))
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)


def _matched(shape: Any, piece: Any) -> tuple[Any, Any]:
    """Both with the corners that they have in common: where one ends on an edge of the other, both get the corner."""
    near = min(_NEAR_M, thickness(piece) / 50)
    cut = shapely.snap(piece, shape, near)
    if not cut.is_valid:
        cut = piece
    met = shapely.snap(shape, cut, near)
    return (met if met.is_valid else shape), cut


def joined(shape: Any, piece: Any) -> Any:
    """Return the area of both; corners of `shape` stay where they are."""
    met, cut = _matched(shape, piece)
    return tidy(shapely.union(met, cut))


def without(shape: Any, piece: Any) -> Any:
    """Return what is left of `shape`; its other corners stay where they are."""
    met, cut = _matched(shape, piece)
    return tidy(shapely.difference(met, cut))


def cornered(shape: Any, piece: Any) -> Any:
    """Return `shape` with a corner wherever `piece` has one on its border."""
    return _matched(shape, piece)[0]


def shared(left: Any, right: Any) -> Any:
    """Return what both cover and is not thinner than a micrometre."""
    return tidy(shapely.intersection(left, right))


def rest(shape: Any, others: Any) -> Any:
    """Return what of `shape` none of `others` (n,) covers and is not thinner than a micrometre."""
    return tidy(shapely.difference(shape, shapely.union_all(others)) if len(others) else shape)


def border_m(piece: Any, shape: Any) -> float:
    """Return how much of the border of `piece` runs along the border of `shape`, metres."""
    west, south, east, north = piece.bounds
    line = shapely.clip_by_rect(shapely.boundary(shape), west - 1, south - 1, east + 1, north + 1)
    if line.is_empty:
        return 0.0
    around = shapely.buffer(line, THIN_M, quad_segs=1)
    return float(shapely.length(shapely.intersection(shapely.boundary(piece), around)))


def boxes(shapes: Any, margin_m: float = 1.0) -> Any:
    """Return a box around each part of some areas, as float64 (k, 4)."""
    found = shapely.bounds(shapely.get_parts(as_objects(shapes))).reshape(-1, 4)
    found = found[np.isfinite(found).all(axis=1)]
    return found + margin_m * np.array([-1.0, -1.0, 1.0, 1.0])
