"""What a camera sees on a plane: a sector or disc from which buildings cut sight. The oracle of every faster way.

The function reads like the definition:

    view = sector - union(obstacles, shadows of their edges, near disc)

Everything is seen from above: a building hides what lies behind it whatever its height, and nothing is hidden by the
ground. Azimuths here are clockwise from the plane's own north (grid north); `geo.camera` turns true north into it.
Arcs are drawn as chords inside the true arc: with 16 segments a quadrant the disc's area is 0.16 % short.

Overlays run on a lattice of a micrometre (`GRID_M`). In plain floating point GEOS 3.14 silently gave areas wrong by
tens of m2 here, with valid geometries and even with `A - B` and `A & B` adding up to A: rays along walls make many
lines that nearly coincide. Snap rounding is made for that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import LineString, MultiPolygon, Point, Polygon
from shapely.geometry.base import BaseGeometry

from geo.errors import N_, ParameterError

Area = Polygon | MultiPolygon

FACADE_OFFSET_M = 0.01  # how far in front of the façade a camera is put that is drawn inside its building
GRID_M = 1e-6
_SHADOW_REACH = 1.5  # in ranges: beyond sqrt(2), so that the far chords of a shadow lie outside the disc


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


def sector(
    x: float,
    y: float,
    range_m: float,
    azimuth_deg: float | None,
    hfov_deg: float | None,
    segments_per_quadrant: int = 16,
) -> Polygon:
    """Return the sector about `azimuth_deg`; the disc where azimuth or angle is None or the angle is 360 or more.

    Empty for a range of 0 or an angle of 0.
    """
    if range_m <= 0 or (hfov_deg is not None and hfov_deg <= 0):
        return Polygon()
    step = 90.0 / segments_per_quadrant
    if azimuth_deg is None or hfov_deg is None or hfov_deg >= 360:
        first, last, apex = 0.0, 360.0 - step, np.empty((0, 2))
    else:
        first, last, apex = azimuth_deg - hfov_deg / 2, azimuth_deg + hfov_deg / 2, np.array([[x, y]])
    # Corners at whole steps from north, so that the arcs of all views about one point have the same chords.
    between = np.arange(np.floor(first / step) + 1, np.ceil(last / step)) * step
    turns = np.radians(np.concatenate([[first], between, [last]]))
    arc = np.column_stack([x + range_m * np.sin(turns), y + range_m * np.cos(turns)])
    return Polygon(np.vstack([apex, arc]))


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


def camera_view(
    x: float,
    y: float,
    obstacles: BaseGeometry | NDArray[np.object_] | list[BaseGeometry],
    *,
    range_m: float,
    azimuth_deg: float | None = None,
    hfov_deg: float | None = None,
    near_m: float = 0.0,
    segments_per_quadrant: int = 16,
) -> Area:
    """Return the visible area.

    Parameters
    ----------
    x, y
        The camera, metres. Inside a footprint it is moved first, see `place_camera`.
    obstacles
        Footprints in the same CRS, one geometry or many; they may overlap (they are dissolved).
    range_m
        How far it sees; 0 sees nothing.
    azimuth_deg
        Middle of the view, clockwise from grid north; None sees all round.
    hfov_deg
        Horizontal angle of view; None or >= 360 all round, 0 nothing.
    near_m
        Radius below the camera that it cannot see.

    Returns
    -------
    Polygon or MultiPolygon, empty where nothing is seen; m2 by its `.area`.

    Raises
    ------
    ParameterError
        A number is not finite or negative.

    Examples
    --------
    >>> wall = shapely.box(-5, 10, 5, 11)
    >>> view = camera_view(0, 0, [wall], range_m=50, azimuth_deg=0, hfov_deg=90)
    >>> view.intersects(Point(0, 9)), view.intersects(Point(0, 12)), round(view.area)
    (True, False, 853)
    """
    given = [x, y, range_m, near_m, azimuth_deg or 0.0, hfov_deg or 0.0]
    if not np.isfinite(given).all() or min(range_m, near_m, hfov_deg or 0.0) < 0:
        raise ParameterError(
            N_("The view of the camera at {x}, {y} cannot be formed."),
            N_("Position, range and angles must be finite, range and angle of view not negative."),
            x=x,
            y=y,
        )
    many = np.asarray([obstacles] if isinstance(obstacles, BaseGeometry) else obstacles, dtype=object)

    def near(at_x: float, at_y: float, radius: float) -> NDArray[np.object_]:
        return many[shapely.dwithin(many, Point(at_x, at_y), radius)] if len(many) else many

    place, solid = settle(x, y, near, range_m, azimuth_deg)
    return view_from(place, solid, range_m, azimuth_deg, hfov_deg, near_m, segments_per_quadrant)


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


def view_from(
    place: Placement,
    solid: BaseGeometry,
    range_m: float,
    azimuth_deg: float | None,
    hfov_deg: float | None,
    near_m: float = 0.0,
    segments_per_quadrant: int = 16,
) -> Area:
    """Return the visible area of a camera that stands free, among dissolved footprints (see `settle`)."""
    view: BaseGeometry = sector(place.x, place.y, range_m, azimuth_deg, hfov_deg, segments_per_quadrant)
    shadows = [shadow(place.x, place.y, a, b, range_m) for a, b in _edges(solid)]
    unseen = [solid, *(piece for piece in shadows if piece is not None)]
    if near_m > 0:
        unseen.append(sector(place.x, place.y, near_m, None, None, segments_per_quadrant))
    hidden = polygons_of(shapely.union_all(unseen, grid_size=GRID_M))
    return polygons_of(shapely.difference(view, hidden, grid_size=GRID_M))


def shadow(x: float, y: float, a: NDArray[np.float64], b: NDArray[np.float64], range_m: float) -> Polygon | None:
    """Return what the wall from `a` to `b` hides of the disc, and somewhat more beyond it; None where nothing."""
    here = np.array([x, y])
    clipped = _clip_to_disc(a - here, b - here, range_m)
    if clipped is None:
        return None
    a, b = clipped
    near, far = np.hypot(*a), np.hypot(*b)
    if min(near, far) == 0 or abs(a[0] * b[1] - a[1] * b[0]) <= 1e-12 * near * far:
        return None  # seen end on, or touching the camera: it hides nothing of any width
    left, right = a / near, b / far
    middle = left + right
    reach = _SHADOW_REACH * range_m
    beyond = [right * reach, middle / np.hypot(*middle) * reach, left * reach]
    return Polygon(here + np.array([a, b, *beyond]))


def polygons_of(geometry: BaseGeometry) -> Area:
    """Return the polygons of a geometry, without the lines and points that an overlay can leave."""
    if isinstance(geometry, Polygon | MultiPolygon):
        return geometry
    parts = [part for part in shapely.get_parts(geometry) if isinstance(part, Polygon) and not part.is_empty]
    return parts[0] if len(parts) == 1 else MultiPolygon(parts)


def _edges(solid: BaseGeometry) -> NDArray[np.float64]:
    """All edges of the rings, float64 (n, 2, 2)."""
    rings = shapely.get_rings(shapely.get_parts(solid))
    xy, owner = shapely.get_coordinates(rings, return_index=True)
    same = owner[1:] == owner[:-1]
    return np.stack([xy[:-1][same], xy[1:][same]], axis=1)


def _clip_to_disc(
    a: NDArray[np.float64], b: NDArray[np.float64], radius: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """The part of the segment a-b within `radius` of the origin."""
    along = b - a
    square = float(along @ along)
    if square == 0:
        return None
    half = float(a @ along) / square
    rest = half * half - (float(a @ a) - radius * radius) / square
    if rest <= 0:
        return None
    start, end = max(0.0, -half - rest**0.5), min(1.0, -half + rest**0.5)
    if start >= end:
        return None
    return (a if start == 0.0 else a + start * along), (b if end == 1.0 else a + end * along)
