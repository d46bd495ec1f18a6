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


def kernel(distance_m, name, radius_m):
    """A kernel of the heat map in 1 / m2, as its definition says."""
    d = np.asarray(distance_m, float)
    if name == "quartic":
        return np.where(d < radius_m, 3 / (math.pi * radius_m**2) * (1 - (d / radius_m) ** 2) ** 2, 0)
    whole = 2 * math.pi * radius_m**2 * (1 - math.exp(-8))
    return np.where(d < 4 * radius_m, np.exp(-(d**2) / (2 * radius_m**2)) / whole, 0)


def kernel_mass(at_x, at_y, name, radius_m, area, rings=40):
    """How much of a kernel around each place lies in an area: the kernel as a pile of discs, each cut with the area."""
    reach = radius_m * (1 if name == "quartic" else 4)
    node, weight = np.polynomial.legendre.leggauss(rings)
    r, weight = (node + 1) / 2 * reach, weight / 2 * reach
    step = reach * 1e-6
    fall = (kernel(r - step, name, radius_m) - kernel(r + step, name, radius_m)) / (2 * step) * weight
    r, fall = np.append(r, reach), np.append(fall, kernel(reach * (1 - 1e-9), name, radius_m))
    shapely.prepare(area)
    discs = shapely.buffer(shapely.points(at_x, at_y)[:, None], r, quad_segs=24)
    inside = shapely.area(shapely.intersection(discs, area)) / shapely.area(discs)
    return (inside * np.pi * r**2 * fall).sum(axis=1)


def heat_at(x, y, at_x, at_y, *, name="quartic", radius_m, weights=None, area=None):
    """The sum of all kernels at some places in 1 / km2, corrected at the edge of an area; NaN outside it."""
    x, y, at_x, at_y = (np.asarray(one, float) for one in (x, y, at_x, at_y))
    weights = np.ones(len(x)) if weights is None else np.asarray(weights, float)
    keep = ~np.isnan(weights)
    if area is not None:
        keep &= shapely.intersects_xy(area, x, y)
    x, y, weights = x[keep], y[keep], weights[keep]
    distance = np.hypot(at_x[..., None] - x, at_y[..., None] - y)
    total = (kernel(distance, name, radius_m) * weights).sum(axis=-1)
    if area is not None:
        mass = kernel_mass(at_x.ravel(), at_y.ravel(), name, radius_m, area).reshape(at_x.shape)
        inside = shapely.intersects_xy(area, at_x, at_y)
        total = np.where(inside, total / np.where(inside, mass, 1), np.nan)
    return total * 1e6


def heat(x, y, bbox, shape, radius_m, **more):
    """`heat_at` at each pixel centre of a raster."""
    rows, columns = shape
    x0, y0, x1, y1 = bbox
    at_x = x0 + (np.arange(columns) + 0.5) * (x1 - x0) / columns
    at_y = y1 - (np.arange(rows) + 0.5) * (y1 - y0) / rows
    return heat_at(x, y, *np.meshgrid(at_x, at_y), radius_m=radius_m, **more)


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
