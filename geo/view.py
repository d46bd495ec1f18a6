"""What a camera sees on a plane: a sector or disc from which buildings cut sight. The oracle of every faster way.

The function reads like the definition:

    view = sector - union(obstacles, what they hide, near disc)

Seen from above, the camera at the origin: a building that is as high as the camera or higher, or one of the two heights
unknown, hides all behind it. A lower one hides {t p : p in the footprint, 1 <= t <= k}: behind a roof of height o a
camera of height c sees a target of height h again from k = (c - h) / (c - o) times as far (k at least 1: a roof lower
than the target hides nothing but itself). Nothing is hidden by the ground. Azimuths here are clockwise from the plane's
own north (grid north); `geo.cameras` turns true north into it. Arcs are drawn as chords inside the true arc: with 16
segments a quadrant the disc's area is 0.16 % short.

Overlays run on a lattice of a micrometre (`GRID_M`). In plain floating point GEOS 3.14 silently gave areas wrong by
tens of m2 here, with valid geometries and even with `A - B` and `A & B` adding up to A: rays along walls make many
lines that nearly coincide. Snap rounding is made for that.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from shapely.geometry import MultiPolygon, Point, Polygon
from shapely.geometry.base import BaseGeometry

from geo.errors import N_, ParameterError
from geo.facade import FACADE_OFFSET_M, Placement, place_camera, settle

__all__ = [
    "FACADE_OFFSET_M",
    "GRID_M",
    "Placement",
    "camera_view",
    "hides_until",
    "merged",
    "place_camera",
    "polygons_of",
    "sector",
    "settle",
    "shadow",
    "view_from",
]

Area = Polygon | MultiPolygon

GRID_M = 1e-6
_SHADOW_REACH = 1.5  # in ranges: beyond sqrt(2), so that the far chords of a shadow lie outside the disc


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


def camera_view(
    x: float,
    y: float,
    obstacles: BaseGeometry | NDArray[np.object_] | list[BaseGeometry],
    *,
    range_m: float,
    azimuth_deg: float | None = None,
    hfov_deg: float | None = None,
    near_m: float = 0.0,
    height_m: float | None = None,
    obstacle_height_m: ArrayLike | None = None,
    target_height_m: float = 1.6,
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
    height_m
        Of the camera; None or NaN: no higher than any obstacle.
    obstacle_height_m
        (n,) of the obstacles; NaN hides all behind it, as all do when None.
    target_height_m
        Of what is to be seen.

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
    if height_m is None or obstacle_height_m is None:
        return view_from(place, solid, range_m, azimuth_deg, hfov_deg, near_m, segments_per_quadrant)
    reached = shapely.dwithin(many, Point(place.x, place.y), range_m) if len(many) else np.zeros(0, bool)
    until = hides_until(height_m, obstacle_height_m, target_height_m)
    tall = shapely.union_all(many[reached & np.isinf(until)])
    low = [(many[i], float(until[i])) for i in np.flatnonzero(reached & np.isfinite(until))]
    return view_from(place, tall, range_m, azimuth_deg, hfov_deg, near_m, segments_per_quadrant, low)


def hides_until(height_m: float, obstacle_height_m: ArrayLike, target_height_m: float) -> NDArray[np.float64]:
    """Return k of each obstacle: it hides a target from its near side to k times as far as its far side.

    Infinity where it hides all behind it; 1 where it hides only itself.

    Examples
    --------
    >>> hides_until(10.0, [6.0, 10.0, 1.0, float("nan")], 2.0).tolist()
    [2.0, inf, 1.0, inf]
    """
    height = np.asarray(obstacle_height_m, np.float64)
    over = height < height_m  # False where one is not known
    ratio = (height_m - target_height_m) / np.where(over, height_m - height, 1.0)
    return np.where(over, np.maximum(ratio, 1.0), np.inf)


def view_from(
    place: Placement,
    solid: BaseGeometry,
    range_m: float,
    azimuth_deg: float | None,
    hfov_deg: float | None,
    near_m: float = 0.0,
    segments_per_quadrant: int = 16,
    low: Iterable[tuple[BaseGeometry, float]] = (),
) -> Area:
    """Return the visible area of a camera that stands free.

    Parameters
    ----------
    solid
        The dissolved footprints that hide all behind them (see `settle`).
    low
        Footprints over which it looks, each with its `hides_until`.
    """
    x, y = place.x, place.y
    view: BaseGeometry = sector(x, y, range_m, azimuth_deg, hfov_deg, segments_per_quadrant)
    unseen = [solid, *(shadow(x, y, a, b, range_m) for a, b in _edges(solid))]
    for footprint, until in low:
        unseen += [footprint, *(shadow(x, y, a, b, range_m, until) for a, b in _edges(footprint))]
    if near_m > 0:
        unseen.append(_disc(x, y, near_m, azimuth_deg, hfov_deg, segments_per_quadrant))
    present = [piece for piece in unseen if piece is not None]
    hidden = polygons_of(shapely.union_all(present, grid_size=GRID_M))
    return polygons_of(shapely.difference(view, hidden, grid_size=GRID_M))


def shadow(
    x: float, y: float, a: NDArray[np.float64], b: NDArray[np.float64], range_m: float, until: float = np.inf
) -> Polygon | None:
    """Return what the wall from `a` to `b` hides of the disc, and somewhat more beyond it; None where nothing.

    `until` ends it at so many times the distance of the wall.
    """
    here = np.array([x, y])
    clipped = _clip_to_disc(a - here, b - here, range_m)
    if clipped is None or until <= 1:
        return None
    a, b = clipped
    near, far = np.hypot(*a), np.hypot(*b)
    if min(near, far) == 0 or abs(a[0] * b[1] - a[1] * b[0]) <= 1e-12 * near * far:
        return None  # seen end on, or touching the camera: it hides nothing of any width
    if np.isfinite(until):
        return Polygon(here + np.array([a, b, b * until, a * until]))
    left, right = a / near, b / far
    middle = left + right
    reach = _SHADOW_REACH * range_m
    beyond = [right * reach, middle / np.hypot(*middle) * reach, left * reach]
    return Polygon(here + np.array([a, b, *beyond]))


def _disc(
    x: float, y: float, radius: float, azimuth_deg: float | None, hfov_deg: float | None, segments_per_quadrant: int
) -> Polygon:
    """The disc with corners where the sector begins and ends, so that a sector to `radius` and one from it fit."""
    disc = sector(x, y, radius, None, None, segments_per_quadrant)
    if azimuth_deg is None or hfov_deg is None or hfov_deg >= 360:
        return disc
    turns = np.radians([azimuth_deg - hfov_deg / 2, azimuth_deg + hfov_deg / 2])
    corners = shapely.get_coordinates(disc)[:-1] - [x, y]
    corners = np.vstack([corners, radius * np.column_stack([np.sin(turns), np.cos(turns)])])
    around = np.argsort(np.arctan2(corners[:, 0], corners[:, 1]), kind="stable")
    return Polygon(corners[around] + [x, y])


def polygons_of(geometry: BaseGeometry) -> Area:
    """Return the polygons of a geometry, without the lines and points that an overlay can leave."""
    if isinstance(geometry, Polygon | MultiPolygon):
        return geometry
    parts = [part for part in shapely.get_parts(geometry) if isinstance(part, Polygon) and not part.is_empty]
    return parts[0] if len(parts) == 1 else MultiPolygon(parts)


def merged(polygons: Iterable[BaseGeometry | None]) -> Area | None:
    """Return the beams of one camera as one geometry, None where nothing is seen."""
    present = [polygon for polygon in polygons if polygon is not None and not polygon.is_empty]
    if len(present) < 2:
        return present[0] if present else None  # type: ignore[return-value]
    return polygons_of(shapely.union_all(present, grid_size=GRID_M))


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
