"""Coordinate reference systems: choose one metric CRS, check it, and cross its borders without silent damage.

Inside the program everything is in one projected CRS whose unit is the metre. A UTM zone scales distances by
0.9996 on its central meridian, by 1 about 180 km beside it and by about 1.001 at the zone's edge on the equator: a
length is at most 0.04 % short or 0.1 % long, an area twice that. `scale_error` gives the figure for a place.
Coordinates are always in the order x, y (east, north; longitude, latitude), whatever the CRS's own axis order is.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pyproj import Proj

from geo.errors import N_, CRSMismatchError, NonFiniteError, NotMetricError, ParameterError
from geo.projection import (
    WGS84,
    Floats,
    lonlat,
    parse_crs,
    transform_geometry,
    transform_xy,
    try_transform_xy,
    usable,
    wrap,
)

__all__ = [
    "WGS84",
    "bbox_from_lonlat",
    "choose_metric_crs",
    "grid_azimuth",
    "lonlat",
    "parse_crs",
    "require_metric",
    "same_crs",
    "scale_error",
    "transform_geometry",
    "transform_xy",
    "try_transform_xy",
    "within_area",
]

_UTM_SOUTH, _UTM_NORTH = -80.0, 84.0
_UPS_NORTH, _UPS_SOUTH = "EPSG:32661", "EPSG:32761"
_BBOX_POINTS = 65  # points per edge of a densified box
_BBOX_PAD = 1e-3  # share of a box's size added for the curvature between those points
_BBOX_REACH_DEG = 30.0  # how far beyond its area of use a CRS is trusted when a box is projected


def choose_metric_crs(lon: ArrayLike, lat: ArrayLike) -> str:
    """Return the WGS 84 / UTM zone of the median point, or UPS beyond 84 N and 80 S.

    The median (of longitudes taken around their circular mean, so that the antimeridian does no harm) keeps single
    far-away points from moving the choice. Zones are the regular six degrees; the exceptions around Norway and
    Svalbard are not used, as EPSG's areas of use do not have them either.

    Parameters
    ----------
    lon, lat
        Degrees, WGS 84, any shape; entries that are not finite or out of range are left out.

    Raises
    ------
    NonFiniteError
        If no usable point is left.

    Examples
    --------
    >>> choose_metric_crs([24.9, 24.95, -90.0], [60.1, 60.2, 0.0])
    'EPSG:32635'
    """
    lon, lat = np.ravel(np.asarray(lon, np.float64)), np.ravel(np.asarray(lat, np.float64))
    good = usable(lon, lat, geographic=True)
    if not good.any():
        raise NonFiniteError(
            N_("No place with a usable longitude and latitude was found."),
            N_("Check the columns and the coordinate reference system."),
        )
    lon, lat = lon[good], lat[good]
    turn = np.radians(lon)
    around = float(np.degrees(np.arctan2(np.sin(turn).sum(), np.cos(turn).sum())))
    middle = around + float(np.median(wrap(lon - around)))
    latitude = float(np.median(lat))
    if latitude >= _UTM_NORTH:
        return _UPS_NORTH
    if latitude < _UTM_SOUTH:
        return _UPS_SOUTH
    zone = min(int((float(wrap(np.array(middle))) + 180.0) // 6.0) + 1, 60)
    return f"EPSG:{(32600 if latitude >= 0 else 32700) + zone}"


def require_metric(crs: str | None) -> None:
    """Raise NotMetricError unless `crs` is projected with both axes in metres.

    Web Mercator (EPSG:3857) is refused although its unit is called metre: its metres are 1 / cos(latitude) too long.
    """
    if crs is not None:
        parsed = parse_crs(crs)
        axes = parsed.axis_info[:2]
        metres = len(axes) == 2 and all(axis.unit_conversion_factor == 1.0 for axis in axes)
        method = parsed.coordinate_operation.method_name if parsed.coordinate_operation else ""
        if parsed.is_projected and metres and "Pseudo" not in method:
            return
    raise NotMetricError(
        N_("“{crs}” is not a projected coordinate reference system in metres."),
        N_("Choose a projected one with the unit metre, such as the UTM zone of the place."),
        crs="" if crs is None else str(crs)[:80],
    )


def same_crs(*crs: str | None) -> None:
    """Raise CRSMismatchError unless all are given and mean the same system (axis order apart)."""
    for other in crs:
        if other is None or crs[0] is None:
            raise CRSMismatchError(
                N_("The coordinate reference system of an input is not known."),
                N_("State it."),
            )
        if other != crs[0] and not parse_crs(other).equals(parse_crs(crs[0]), ignore_axis_order=True):
            raise CRSMismatchError(
                N_("“{left}” and “{right}” are different coordinate reference systems."),
                N_("Project one of the inputs first."),
                left=str(crs[0])[:80],
                right=str(other)[:80],
            )


def bbox_from_lonlat(
    west: float, south: float, east: float, north: float, crs: str
) -> tuple[float, float, float, float]:
    """Return a box (x0, y0, x1, y1) in `crs` that holds the whole longitude/latitude box.

    Edges are densified, because a parallel is a curve in a projection; the result is widened by a thousandth for
    what lies between the points. What lies more than 30 degrees from the CRS's area of use is cut off, where a
    projection stops making sense, so that a view of the whole world has a finite box too. `west > east` crosses the
    antimeridian.

    Raises
    ------
    ParameterError
        Not finite, or south > north.
    """
    if not np.isfinite([west, south, east, north]).all() or south > north:
        raise ParameterError(
            N_("The map section {bbox} cannot be used."),
            N_("Give west, south, east, north in degrees."),
            bbox=f"{west},{south},{east},{north}",
        )
    if west > east:
        east += 360.0
    area = parse_crs(crs).area_of_use
    if area is not None:
        middle = area.west + ((area.east - area.west) % 360.0 or 360.0) / 2.0
        half = ((area.east - area.west) % 360.0 or 360.0) / 2.0 + _BBOX_REACH_DEG
        if half < 180.0:
            if east - west >= 360.0:
                west, east = middle - half, middle + half
            else:
                turn = 360.0 * round((middle - (west + east) / 2.0) / 360.0)
                west, east = np.clip([west + turn, east + turn], middle - half, middle + half)
        low, high = max(area.south - _BBOX_REACH_DEG, -90.0), min(area.north + _BBOX_REACH_DEG, 90.0)
        south, north = np.clip([south, north], low, high)
    lon, lat = np.linspace(west, east, _BBOX_POINTS), np.linspace(south, north, _BBOX_POINTS)
    ring_x = np.concatenate([lon, lon, np.full(_BBOX_POINTS, west), np.full(_BBOX_POINTS, east)])
    ring_y = np.concatenate([np.full(_BBOX_POINTS, south), np.full(_BBOX_POINTS, north), lat, lat])
    x, y = transform_xy(wrap(ring_x), np.clip(ring_y, -90.0, 90.0), WGS84, crs)
    pad_x, pad_y = np.ptp(x) * _BBOX_PAD, np.ptp(y) * _BBOX_PAD
    return float(x.min() - pad_x), float(y.min() - pad_y), float(x.max() + pad_x), float(y.max() + pad_y)


def within_area(lon: ArrayLike, lat: ArrayLike, crs: str, margin_deg: float = 1.0) -> NDArray[np.bool_]:
    """Return which places (degrees, WGS 84) lie in the area of use of `crs`, widened by `margin_deg`.

    A CRS without a stated area of use takes every finite place in range.
    """
    lon, lat = np.asarray(lon, np.float64), np.asarray(lat, np.float64)
    ok = usable(lon, lat, geographic=True)
    area = parse_crs(crs).area_of_use
    if area is None:
        return ok
    width = (area.east - area.west) % 360.0 or 360.0
    east_of_west = np.mod(np.where(ok, lon, 0.0) - (area.west - margin_deg), 360.0)
    inside = (width + 2 * margin_deg >= 360.0) | (east_of_west <= width + 2 * margin_deg)
    return np.asarray(ok & inside & (lat >= area.south - margin_deg) & (lat <= area.north + margin_deg), dtype=np.bool_)


def scale_error(lon: float, lat: float, crs: str) -> float:
    """Return the largest relative error of a length measured in `crs` at a place: 0.0004 is 4 cm in 100 m."""
    factors = Proj(parse_crs(crs)).get_factors(lon, lat)
    return float(max(abs(factors.tissot_semimajor - 1.0), abs(factors.tissot_semiminor - 1.0)))


def grid_azimuth(azimuth_deg: ArrayLike, x: ArrayLike, y: ArrayLike, crs: str) -> Floats:
    """Turn azimuths from true north into azimuths from the grid north of `crs`.

    The difference (meridian convergence) is found by a step of a millionth of a degree along the meridian: about
    1.8 degrees in Helsinki, up to 3 in a UTM zone.

    Parameters
    ----------
    azimuth_deg
        Shape (n,), clockwise from true north; NaN stays NaN.
    x, y
        Shape (n,), metres in `crs`.

    Returns
    -------
    float64 (n,), degrees in [0, 360).

    Examples
    --------
    >>> x, y = transform_xy([24.94], [60.17], WGS84, "EPSG:32635")
    >>> grid_azimuth([90.0], x, y, "EPSG:32635").round(2).tolist()
    [91.79]
    """
    x, y = np.ravel(np.asarray(x, np.float64)), np.ravel(np.asarray(y, np.float64))
    lon, lat = lonlat(x, y, crs)
    low = np.where(lat > 89.0, lat - 1e-6, lat)
    x0, y0 = transform_xy(lon, low, WGS84, crs)
    x1, y1 = transform_xy(lon, low + 1e-6, WGS84, crs)
    north = np.degrees(np.arctan2(x1 - x0, y1 - y0))
    return np.asarray(np.mod(np.ravel(np.asarray(azimuth_deg, np.float64)) + north, 360.0), dtype=np.float64)
