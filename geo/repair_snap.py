"""The border of a grid laid onto that of its neighbour, where both are nearly the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from geo.repair_pieces import cornered, tidy


def snapped(shape: Any, onto: Any, within_m: float) -> tuple[Any, Any]:
    """Return `shape` with its corners moved onto the border of `onto`, and `onto` with the corners that are new on it.

    A corner goes to the nearest corner of `onto` within the distance, else to the nearest place of its border within
    it; corners of `onto` that are as near to an edge of `shape` become corners of it.

    Parameters
    ----------
    shape, onto
        Polygons or multipolygons in metres.
    within_m
        Corners farther away stay where they are.

    Returns
    -------
    shape, onto
        Unchanged areas where the result would not be valid.
    """
    west, south, east, north = onto.bounds
    corners = np.unique(shapely.get_coordinates(onto), axis=0)
    tree, border = shapely.STRtree(np.atleast_1d(np.asarray(shapely.points(corners)))), shapely.boundary(onto)
    shapely.prepare(border)

    def laid(xy: Any) -> Any:
        found = xy.copy()
        inside = (xy[:, 0] >= west - within_m) & (xy[:, 0] <= east + within_m)
        inside &= (xy[:, 1] >= south - within_m) & (xy[:, 1] <= north + within_m)
        for i in np.flatnonzero(inside).tolist():
            spot = shapely.Point(xy[i])
            near: Any = tree.query_nearest(spot, max_distance=within_m) if within_m > 0 else []
            if len(near):
                found[i] = corners[near[0]]
            elif shapely.dwithin(border, spot, within_m):
                found[i] = shapely.get_coordinates(shapely.line_interpolate_point(border, border.project(spot)))[0]
        return found

    moved = shapely.transform(shape, laid)
    close = corners[shapely.dwithin(shapely.boundary(shape), shapely.points(corners), within_m)]
    if len(close):
        moved = shapely.snap(moved, shapely.MultiPoint(close), within_m)
    drawn = tidy(moved) if moved.is_valid else tidy(shapely.make_valid(moved))
    if drawn.is_empty or shapely.get_num_geometries(drawn) != shapely.get_num_geometries(shape):
        return shape, onto
    return drawn, cornered(onto, drawn)
