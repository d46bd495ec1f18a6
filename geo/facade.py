"""Where a camera drawn inside a building looks from: the façade.

Maps draw a camera on a wall as a point in the building. With a known azimuth it goes along that to the first place
outside; else to the nearest façade.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import LineString, Point
from shapely.geometry.base import BaseGeometry

from geo.errors import N_, ParameterError

FACADE_OFFSET_M = 0.01  # how far in front of the façade a camera is put that is drawn inside its building


@dataclass(frozen=True)
class Placement:
    """Where a camera really looks from.

    `rule` is "free" (not moved), "azimuth" (moved along its azimuth to where that leaves the building) or "nearest"
    (azimuth unknown: moved to the nearest façade). `moved_m` is the distance; a large one is worth a finding.
    """

    x: float
    y: float
    moved_m: float
    rule: Literal["free", "azimuth", "nearest"]


def place_camera(x: float, y: float, obstacles: BaseGeometry, azimuth_deg: float | None = None) -> Placement:
    """Move a camera that lies inside a footprint, or on its edge, to just in front of the façade.

    Maps draw a camera on a wall as a point in the building. With a known azimuth it goes along that to the first
    place outside; else to the nearest façade (the wall of a courtyard counts as one).

    Parameters
    ----------
    x, y
        Metres.
    obstacles
        The dissolved footprints.
    azimuth_deg
        From grid north; None where unknown.
    """
    if not shapely.intersects_xy(obstacles, x, y):
        return Placement(x, y, 0.0, "free")
    here = Point(x, y)
    walls = shapely.boundary(obstacles)
    if azimuth_deg is not None:
        turn = np.radians(azimuth_deg)
        step = np.array([np.sin(turn), np.cos(turn)])
        x0, y0, x1, y1 = obstacles.bounds
        ray = LineString([(x, y), np.array([x, y]) + step * (np.hypot(x1 - x0, y1 - y0) + 1.0)])
        crossings = shapely.get_coordinates(shapely.intersection(ray, walls)) - [x, y]
        for along in [0.0, *np.sort(crossings @ step)]:
            out_x, out_y = np.array([x, y]) + step * (along + FACADE_OFFSET_M)
            if not shapely.intersects_xy(obstacles, out_x, out_y):
                return Placement(float(out_x), float(out_y), float(along + FACADE_OFFSET_M), "azimuth")
    return _to_nearest_wall(here, walls, obstacles)


def _to_nearest_wall(here: Point, walls: BaseGeometry, obstacles: BaseGeometry) -> Placement:
    foot = shapely.get_coordinates(shapely.shortest_line(here, walls))[1]
    outward = foot - [here.x, here.y]
    length = float(np.hypot(*outward))
    turn = np.arctan2(outward[0], outward[1]) if length > 1e-9 else 0.0
    # Straight on first, then ever further to the sides and away: a corner or a narrow gap can be in the way.
    for away in FACADE_OFFSET_M * 4.0 ** np.arange(8):
        for aside in np.pi * np.array([0, 0.25, -0.25, 0.5, -0.5, 0.75, -0.75, 1]):
            x, y = foot + away * np.array([np.sin(turn + aside), np.cos(turn + aside)])
            if not shapely.intersects_xy(obstacles, x, y):
                return Placement(float(x), float(y), float(np.hypot(x - here.x, y - here.y)), "nearest")
    raise ParameterError(
        N_("No free place was found for the camera at {x}, {y}."),
        N_("Check the building footprints there."),
        x=here.x,
        y=here.y,
    )


def settle(
    x: float,
    y: float,
    near: Callable[[float, float, float], NDArray[np.object_]],
    range_m: float,
    azimuth_deg: float | None,
) -> tuple[Placement, BaseGeometry]:
    """Return where the camera looks from, and the dissolved footprints that can cut its sight there.

    `near(x, y, radius)` returns the footprints within a radius of a place.
    """
    radius = range_m + FACADE_OFFSET_M
    solid = shapely.union_all(near(x, y, radius))
    place = place_camera(x, y, solid, azimuth_deg)
    rule = place.rule
    while place.rule != "free":  # out of a large building it can have come to others; each turn takes in more of them
        solid = shapely.union_all([solid, *near(place.x, place.y, radius)])
        place = place_camera(place.x, place.y, solid, azimuth_deg)
    return Placement(place.x, place.y, float(np.hypot(place.x - x, place.y - y)), rule), solid
