"""Slow and obviously right: what the fast paths of `geo` are held against, in tests and in bench."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import shapely


def assign(x, y, polygons, codes):
    """STRtree intersects, then the lowest code in text order, then the lowest index."""
    tree = shapely.STRtree(polygons)
    points, found = tree.query(np.atleast_1d(shapely.points(x, y)), predicate="intersects")
    result = np.full(len(x), -1, np.int64)
    for point, polygon in sorted(zip(points, found, strict=True), key=lambda pair: (codes[pair[1]], pair[1])):
        if result[point] == -1:
            result[point] = polygon
    return result


def locate(x, y, polygons):
    """The lowest code of a dict code -> polygon that touches one point, None for none."""
    return min((code for code, polygon in polygons.items() if polygon.intersects(shapely.Point(x, y))), default=None)


def border_distance(x, y, polygons):
    """Distance of each point to the union of all boundaries."""
    lines = shapely.union_all(shapely.boundary(polygons))
    return np.array([shapely.distance(shapely.Point(a, b), lines) for a, b in zip(x, y, strict=True)])


def heat(x, y, bbox, shape, bandwidth_m):
    """Sum of quartic kernels at each pixel centre, in incidents per km2."""
    rows, columns = shape
    x0, y0, x1, y1 = bbox
    grid = np.zeros(shape)
    for row in range(rows):
        for column in range(columns):
            px = x0 + (column + 0.5) * (x1 - x0) / columns
            py = y1 - (row + 0.5) * (y1 - y0) / rows
            for a, b in zip(x, y, strict=True):
                u = math.hypot(px - a, py - b) / bandwidth_m
                if u < 1:
                    grid[row, column] += 3 / (math.pi * bandwidth_m**2) * (1 - u * u) ** 2 * 1e6
    return grid


def seen_area(x, y, obstacles, range_m, azimuth_deg=None, hfov_deg=None, near_m=0.0, rays=20_000):
    """Visible area from a free place by casting rays: the sum of (r^2 - near^2) / 2 over small angles."""
    full = azimuth_deg is None or hfov_deg is None or hfov_deg >= 360
    middle, width = (0.0, 360.0) if full else (azimuth_deg, hfov_deg)
    step = math.radians(width) / rays
    turns = math.radians(middle - width / 2) + (np.arange(rays) + 0.5) * step
    reach = np.full(rays, float(range_m))
    ux, uy = np.sin(turns), np.cos(turns)
    for ring in shapely.get_rings(shapely.get_parts(np.asarray(obstacles, dtype=object))):
        xy = shapely.get_coordinates(ring) - [x, y]
        for (ax, ay), (bx, by) in pairwise(xy):
            ex, ey = bx - ax, by - ay
            slope = ux * ey - uy * ex
            with np.errstate(divide="ignore", invalid="ignore"):
                along = (ax * ey - ay * ex) / slope
                share = (ax * uy - ay * ux) / slope
            hit = (slope != 0) & (along >= 0) & (share >= 0) & (share <= 1)
            reach = np.where(hit, np.minimum(reach, along), reach)
    return float((np.maximum(reach**2 - near_m**2, 0) / 2).sum() * step)
