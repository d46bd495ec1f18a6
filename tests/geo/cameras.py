"""Cameras for the tests of `geo`: every fact unknown that is not given."""

from __future__ import annotations

import numpy as np

from geo.camera_facts import CameraFacts
from geo.crs import WGS84, transform_xy

NAN = float("nan")
CRS = "EPSG:32635"
X, Y = (float(v[0]) for v in transform_xy([27.0], [60.17], WGS84, CRS))  # central meridian: grid north is true north

NUMBERS = (
    "azimuth_deg",
    "azimuth_tolerance_deg",
    "hfov_deg",
    "range_m",
    "height_m",
    "tilt_deg",
    "vfov_deg",
    "pixels_h",
)


def facts_of(x=X, y=Y, kind=None, online=-1, masks=None, **numbers) -> CameraFacts:
    """Facts of as many cameras as the longest argument has."""
    given = {"x": x, "y": y, **dict.fromkeys(NUMBERS, NAN), **numbers}
    n = max(np.size(value) for value in (kind, online, masks, *given.values()))
    return CameraFacts(
        id=np.array([f"c{i}" for i in range(n)], dtype=object),
        kind=np.array(np.broadcast_to(np.array(kind, dtype=object), n)),
        masks=np.array(np.broadcast_to(np.array(masks, dtype=object), n)),
        online=np.array(np.broadcast_to(np.array(online, np.int8), n)),
        **{name: np.array(np.broadcast_to(np.array(value, np.float64), n)) for name, value in given.items()},
    )
