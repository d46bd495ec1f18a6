"""The box of everything that a snapshot holds."""

from __future__ import annotations

import numpy as np
import shapely

from geo.columns import Snapshot
from geo.crs import WGS84, try_transform_xy

Box = tuple[float, float, float, float]


def lonlat_extent(snapshot: Snapshot, without: str | None = None) -> Box | None:
    """Return west, south, east, north of all rows in degrees (WGS 84), those of the layer `without` left out.

    None where there are no rows, or where the corners of the box cannot be given in degrees.
    """
    boxes = []
    for name, columns in snapshot.layers.items():
        if name == without or not len(columns):
            continue
        if columns.x is not None and columns.y is not None:
            boxes.append((columns.x.min(), columns.y.min(), columns.x.max(), columns.y.max()))
        elif columns.geometry is not None:
            boxes.append(tuple(shapely.total_bounds(columns.geometry)))
    found = np.array([box for box in boxes if np.isfinite(box).all()], dtype=np.float64).reshape(-1, 4)
    if not len(found) or snapshot.crs is None:
        return None
    (x0, y0), (x1, y1) = found[:, :2].min(axis=0), found[:, 2:].max(axis=0)
    lon, lat, ok = try_transform_xy(np.array([x0, x0, x1, x1]), np.array([y0, y1, y0, y1]), snapshot.crs, WGS84)
    if not ok.all():
        return None
    return float(lon.min()), float(lat.min()), float(lon.max()), float(lat.max())
