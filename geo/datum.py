"""GCJ-02 and BD-09, the offset datums of Chinese maps, and WGS 84.

The formulas are the published reverse-engineered ones (the same in eviltransform, coordtransform and others); how far
they are from the official transform is not known, so their use is opt-in at import and recorded. GCJ-02 is undone by
fixed-point iteration on the published forward formula until the residual is below `RESIDUAL_DEG` (about 0.1 mm), which
closed forms miss by 1-2 m.

Outside China the offset is not defined: a point outside the box 72.004-137.8347 E, 0.8293-55.8271 N (the box of the
published code) passes unchanged. The forward function looks at the WGS 84 place, the inverse at where its answer would
lie, so that the round trip holds on both sides of the box's edge; only where the shift itself crosses the edge
(some hundred metres wide) do two places share one image. The box also holds neighbouring countries, Taiwan and
parts of the sea: it is a rule of the code, not a border.

All functions take degrees, arrays of any one shape, longitude first, and return float64; what is not finite comes
back NaN.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Pair = tuple[Floats, Floats]

RESIDUAL_DEG = 1e-9
CHINA_BOX = (72.004, 0.8293, 137.8347, 55.8271)  # west, south, east, north

_A = 6378245.0  # Krasovsky 1940, as in the published code
_EE = 0.00669342162296594323
_BD = np.pi * 3000.0 / 180.0


def in_china_box(lon: ArrayLike, lat: ArrayLike) -> NDArray[np.bool_]:
    """Return which places lie in the box in which the offset applies."""
    west, south, east, north = CHINA_BOX
    lon, lat = np.asarray(lon, np.float64), np.asarray(lat, np.float64)
    return np.asarray((lon >= west) & (lon <= east) & (lat >= south) & (lat <= north), dtype=np.bool_)


def wgs84_to_gcj02(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """Shift WGS 84 to GCJ-02."""
    lon, lat = _finite(lon, lat)
    add_lon, add_lat = _offset(lon, lat)
    inside = in_china_box(lon, lat)
    return np.where(inside, lon + add_lon, lon), np.where(inside, lat + add_lat, lat)


def gcj02_to_wgs84(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """Undo `wgs84_to_gcj02` to within `RESIDUAL_DEG`.

    Examples
    --------
    >>> lon, lat = gcj02_to_wgs84(*wgs84_to_gcj02(116.3974, 39.9092))
    >>> round(float(lon), 6), round(float(lat), 6)
    (116.3974, 39.9092)
    """
    lon, lat = _finite(lon, lat)
    back_lon, back_lat = lon, lat
    for _ in range(30):
        add_lon, add_lat = _offset(back_lon, back_lat)
        miss_lon, miss_lat = back_lon + add_lon - lon, back_lat + add_lat - lat
        back_lon, back_lat = back_lon - miss_lon, back_lat - miss_lat
        if not (np.hypot(miss_lon, miss_lat) > RESIDUAL_DEG / 10).any():
            break
    inside = in_china_box(back_lon, back_lat)
    return np.where(inside, back_lon, lon), np.where(inside, back_lat, lat)


def gcj02_to_bd09(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """Shift GCJ-02 to BD-09 (everywhere: this step knows no box)."""
    lon, lat = _finite(lon, lat)
    z = np.hypot(lon, lat) + 0.00002 * np.sin(lat * _BD)
    theta = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * _BD)
    return z * np.cos(theta) + 0.0065, z * np.sin(theta) + 0.006


def bd09_to_gcj02(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """Undo `gcj02_to_bd09` to within `RESIDUAL_DEG`."""
    lon, lat = _finite(lon, lat)
    back_lon, back_lat = lon - 0.0065, lat - 0.006
    for _ in range(30):
        out_lon, out_lat = gcj02_to_bd09(back_lon, back_lat)
        miss_lon, miss_lat = out_lon - lon, out_lat - lat
        back_lon, back_lat = back_lon - miss_lon, back_lat - miss_lat
        if not (np.hypot(miss_lon, miss_lat) > RESIDUAL_DEG / 10).any():
            break
    return back_lon, back_lat


def wgs84_to_bd09(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """Shift WGS 84 to BD-09; a place outside the box passes unchanged."""
    lon, lat = _finite(lon, lat)
    inside = in_china_box(lon, lat)
    out_lon, out_lat = gcj02_to_bd09(*wgs84_to_gcj02(lon, lat))
    return np.where(inside, out_lon, lon), np.where(inside, out_lat, lat)


def bd09_to_wgs84(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """Undo `wgs84_to_bd09`; a place whose answer would lie outside the box passes unchanged."""
    lon, lat = _finite(lon, lat)
    gcj_lon, gcj_lat = bd09_to_gcj02(lon, lat)
    back_lon, back_lat = gcj02_to_wgs84(gcj_lon, gcj_lat)
    inside = in_china_box(back_lon, back_lat)
    return np.where(inside, back_lon, lon), np.where(inside, back_lat, lat)


def _offset(lon: Floats, lat: Floats) -> Pair:
    """The published offset in degrees of WGS 84 places, whether in the box or not."""
    x, y = lon - 105.0, lat - 35.0
    pi = np.pi
    wave = 20.0 * np.sin(6.0 * x * pi) + 20.0 * np.sin(2.0 * x * pi)
    root = np.sqrt(np.abs(x))
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    north = north + (wave + 20.0 * np.sin(y * pi) + 40.0 * np.sin(y / 3.0 * pi)) * 2.0 / 3.0
    north = north + (160.0 * np.sin(y / 12.0 * pi) + 320.0 * np.sin(y * pi / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    east = east + (wave + 20.0 * np.sin(x * pi) + 40.0 * np.sin(x / 3.0 * pi)) * 2.0 / 3.0
    east = east + (150.0 * np.sin(x / 12.0 * pi) + 300.0 * np.sin(x / 30.0 * pi)) * 2.0 / 3.0
    magic = 1.0 - _EE * np.sin(np.radians(lat)) ** 2
    north = north * 180.0 / ((_A * (1.0 - _EE)) / (magic * np.sqrt(magic)) * pi)
    east = east * 180.0 / (_A / np.sqrt(magic) * np.cos(np.radians(lat)) * pi)
    return east, north


def _finite(lon: ArrayLike, lat: ArrayLike) -> Pair:
    lon, lat = np.broadcast_arrays(np.asarray(lon, np.float64), np.asarray(lat, np.float64))
    good = np.isfinite(lon) & np.isfinite(lat) & (np.abs(lat) < 90.0)
    return np.where(good, lon, np.nan), np.where(good, lat, np.nan)
