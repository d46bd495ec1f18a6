"""What obstacles lower than the camera hide, cut out of a drawn view."""

from __future__ import annotations

import numpy as np
import shapely
from shapely.geometry import Point

from geo.obstacles import Obstacles
from geo.view import GRID_M, Area, hides_until, polygons_of


def without_lower(
    view: Area,
    at: tuple[float, float],
    near_m: float,
    far_m: float,
    height_m: float,
    target_height_m: float,
    obstacles: Obstacles,
) -> Area | None:
    """Return a view without the lower solids and the shadows of their back edges; None where nothing is left.

    Parameters
    ----------
    view
        What is seen among the obstacles that are not lower.
    at
        The camera.
    near_m, far_m
        Of the view. A solid that does not meet the view, nor the near disc, hides nothing of it: the view holds with
        every place all that lies before it.
    height_m, target_height_m
        Of the camera and of what is to be seen.
    """
    tree, here = obstacles.tree(), Point(at)
    rows = tree.query(here, predicate="dwithin", distance=far_m)
    rows = rows[obstacles.height_m[rows] < height_m]
    shapely.prepare(view)
    solids = obstacles.solids[rows]
    rows = rows[shapely.intersects(view, solids) | shapely.dwithin(here, solids, near_m)]
    if not len(rows):
        return view
    until = hides_until(height_m, obstacles.height_m[rows], target_height_m)
    # Beyond twice the reach of its nearest point a shadow needs no end.
    distance = np.maximum(shapely.distance(here, obstacles.solids[rows]), 1e-3)
    until = np.minimum(until, np.maximum(2 * far_m / distance, 1.0))
    edges = np.concatenate([np.arange(obstacles.first[row], obstacles.first[row + 1]) for row in rows])
    times = np.repeat(until, obstacles.first[rows + 1] - obstacles.first[rows])[:, None]
    a = np.column_stack([obstacles.ax[edges], obstacles.ay[edges]]) - at
    b = np.column_stack([obstacles.bx[edges], obstacles.by[edges]]) - at
    cross = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
    back = (cross > 1e-12 * np.hypot(*a.T) * np.hypot(*b.T)) & (times[:, 0] > 1)
    a, b, times = a[back], b[back], times[back]
    shadows = np.atleast_1d(np.asarray(shapely.polygons(np.stack([a, b, b * times, a * times], axis=1) + at)))
    hidden = polygons_of(shapely.union_all(np.concatenate([obstacles.solids[rows], shadows]), grid_size=GRID_M))
    seen = polygons_of(shapely.difference(view, hidden, grid_size=GRID_M))
    return None if seen.is_empty else seen
