"""What sectors see among obstacles: exact areas and polygons."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.errors import N_, ParameterError
from geo.obstacles import Obstacles
from geo.parallel import THREADS
from geo.view import GRID_M, polygons_of
from geo.visibility_low import without_lower
from geo.visibility_rings import look_out
from geo.visibility_settle import Settled, settle_cameras

__all__ = ["Beams", "Settled", "Visible", "settle_cameras", "visible"]

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


def visible(
    beams: Beams,
    obstacles: Obstacles,
    *,
    target_height_m: float = 1.6,
    segments_per_quadrant: int = 16,
    threads: int | None = None,
) -> Visible:
    """Return what each beam sees.

    Parameters
    ----------
    beams
        See `Beams`.
    obstacles
        See `geo.obstacles.build_obstacles`.
    target_height_m
        Height of what is to be seen; it matters where a camera is higher than an obstacle.
    segments_per_quadrant
        Chords for a quarter of an arc, in the polygons only.
    threads
        At most; `geo.parallel.THREADS` if None.

    Raises
    ------
    ParameterError
        A number other than a height is not finite, or the near radius is negative. A beam of no angle or no depth is
        none; it sees nothing.

    Examples
    --------
    >>> from geo.obstacles import build_obstacles
    >>> wall, one = build_obstacles([shapely.box(-5, 10, 5, 11)]), np.ones(1)
    >>> seen = visible(Beams(0 * one, 0 * one, 0 * one, 90 * one, 0 * one, 50 * one, np.nan * one), wall)
    >>> round(float(seen.area_m2[0]), 3), round(seen.polygons[0].area, 3)
    (854.376, 853.12)
    """
    count = len(beams.x)
    known = (beams.x, beams.y, beams.azimuth_deg, beams.angle_deg, beams.near_m, beams.far_m)
    if not all(np.isfinite(column).all() for column in known) or (beams.near_m < 0).any():
        raise ParameterError(
            N_("The views of the cameras cannot be formed."),
            N_("Position, range and angles must be finite, range and angle of view not negative."),
        )
    area, polygons = np.zeros(count), np.full(count, None, dtype=object)
    workers = threads or THREADS
    size = max(64, min(8192, -(-count // workers)))
    turns = np.radians(np.arange(4 * segments_per_quadrant) * 90.0 / segments_per_quadrant)
    units = np.column_stack([np.sin(turns), np.cos(turns)])

    def some(begin: int) -> None:
        part = slice(begin, begin + size)
        area[part], polygons[part] = _look_out(beams, part, obstacles, units, target_height_m)

    if count <= size:
        some(0)
    else:
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(some, range(0, count, size)))
    return Visible(area, polygons)


def _look_out(
    beams: Beams, part: slice, obstacles: Obstacles, units: Floats, target_height_m: float
) -> tuple[Floats, NDArray[Any]]:
    """Areas and polygons of some beams."""
    names = ("x", "y", "azimuth_deg", "angle_deg", "near_m", "far_m", "height_m")
    x, y, azimuth, angle, near, far, height = (
        np.ascontiguousarray(getattr(beams, name)[part], np.float64) for name in names
    )
    count = len(x)
    area, parts = np.zeros(count), np.zeros(count, np.int64)
    doubt, over = np.zeros(count, bool), np.zeros(count, bool)
    o, cells = obstacles, obstacles.cells
    frame, shape = (cells.x0, cells.y0, 1 / cells.cell_m), (cells.columns, cells.rows)
    xy, ring_ends, polygon_ends = look_out(
        x, y, azimuth, angle, near, far, height, units, o.owner, o.height_m,
        frame, shape, cells.starts, cells.items, cells.ends, target_height_m, area, doubt, over, parts, True,
    )  # fmt: skip
    offsets = (np.concatenate([[0], ring_ends]), np.concatenate([[0], polygon_ends]))
    shapes = np.asarray(shapely.from_ragged_array(shapely.GeometryType.POLYGON, xy, offsets), dtype=object)
    owner = np.repeat(np.arange(count), parts)
    look_at = np.flatnonzero(doubt[owner])
    for k in look_at[~shapely.is_valid(shapes[look_at])]:
        shapes[k] = polygons_of(shapely.set_precision(shapely.make_valid(shapes[k]), GRID_M))
    polygons = np.full(count, None, dtype=object)
    single = parts[owner] == 1
    polygons[owner[single]] = shapes[single]
    for i in np.flatnonzero(parts > 1):
        polygons[i] = shapely.MultiPolygon([p for s in shapes[owner == i] for p in shapely.get_parts(s)])
    for i in np.flatnonzero(over):
        if polygons[i] is not None:
            at = (float(x[i]), float(y[i]))
            polygons[i] = without_lower(polygons[i], at, near[i], far[i], height[i], target_height_m, obstacles)
    return area, polygons
