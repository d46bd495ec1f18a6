"""What sectors see among obstacles: exact areas and polygons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from geo.obstacles import Obstacles
from geo.view import Placement, place_camera, view_from

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Beams:
    """Sectors to look along, one a row; float64 (n,) each.

    Attributes
    ----------
    x, y
        Metres; not inside a solid, see `settle_cameras`.
    azimuth_deg
        Middle, clockwise from grid north; any value where the angle is 360.
    angle_deg
        0 < angle <= 360.
    near_m, far_m
        0 <= near < far.
    height_m
        Of the camera; NaN where unknown: no higher than any obstacle.
    """

    x: Floats
    y: Floats
    azimuth_deg: Floats
    angle_deg: Floats
    near_m: Floats
    far_m: Floats
    height_m: Floats


@dataclass(frozen=True)
class Visible:
    """What each beam sees.

    Attributes
    ----------
    area_m2
        float64 (n,): exact, arcs as arcs.
    polygons
        object (n,): Polygon, MultiPolygon or None where nothing is seen; arcs drawn as chords, as `geo.view.sector`.
    """

    area_m2: Floats
    polygons: NDArray[Any]


@dataclass(frozen=True)
class Settled:
    """Where cameras look from; arrays (n,).

    `moved_m` is how far each was moved out of a building, `rule` int8: 0 free, 1 along its azimuth, 2 to the nearest
    façade. See `geo.view.place_camera`.
    """

    x: Floats
    y: Floats
    moved_m: Floats
    rule: NDArray[np.int8]


def settle_cameras(x: ArrayLike, y: ArrayLike, azimuth_deg: ArrayLike, obstacles: Obstacles) -> Settled:
    """Move cameras that lie inside a solid or on its edge; azimuths from grid north, NaN where unknown."""
    x, y = np.array(x, np.float64), np.array(y, np.float64)
    azimuth = np.broadcast_to(np.asarray(azimuth_deg, np.float64), x.shape)
    moved, rule = np.zeros(len(x)), np.zeros(len(x), np.int8)
    inside = np.unique(obstacles.tree().query(np.atleast_1d(shapely.points(x, y)), predicate="intersects")[0])
    for i in inside:
        aim = None if np.isnan(azimuth[i]) else float(azimuth[i])
        near = obstacles.solids[obstacles.tree().query(shapely.Point(x[i], y[i]).buffer(200))]
        place = place_camera(float(x[i]), float(y[i]), shapely.union_all(near), aim)
        x[i], y[i], moved[i], rule[i] = (
            place.x,
            place.y,
            place.moved_m,
            ("free", "azimuth", "nearest").index(place.rule),
        )
    return Settled(x, y, moved, rule)


def visible(
    beams: Beams,
    obstacles: Obstacles,
    *,
    target_height_m: float = 1.6,
    segments_per_quadrant: int = 16,
    threads: int | None = None,
) -> Visible:
    """Return what each beam sees. (Thin version: the oracle, beam by beam; heights are not yet used.)"""
    area, polygons = np.zeros(len(beams.x)), np.full(len(beams.x), None, dtype=object)
    for i in range(len(beams.x)):
        place = Placement(float(beams.x[i]), float(beams.y[i]), 0.0, "free")
        near = obstacles.solids[
            obstacles.tree().query(shapely.Point(place.x, place.y), predicate="dwithin", distance=beams.far_m[i])
        ]
        solid = shapely.union_all(near)
        view = view_from(
            place,
            solid,
            float(beams.far_m[i]),
            float(beams.azimuth_deg[i]),
            float(beams.angle_deg[i]),
            float(beams.near_m[i]),
            segments_per_quadrant,
        )
        area[i] = view.area
        polygons[i] = None if view.is_empty else view
    return Visible(area, polygons)
