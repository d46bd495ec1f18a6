"""Boxes of what a snapshot holds: of everything, of the city, and the one a map opens on."""

from __future__ import annotations

import math

import numpy as np
import shapely

from geo.columns import LayerColumns, Snapshot
from geo.crs import WGS84, try_transform_xy

Box = tuple[float, float, float, float]

# What says where the city is, the best first; never incidents, of which some are recorded far away.
SAYS_WHERE = ("grids", "streets", "buildings", "places", "cameras")
_STRAY = 0.001  # share of incidents on each side that may be recorded anywhere
_LEAST_RADIUS_M, _MOST_RADIUS_M = 120.0, 1000.0
_MARGIN = 0.05  # of the box of the rest, added on each side


def layer_box(columns: LayerColumns) -> Box | None:
    """Return the least and greatest x and y (m) of the rows of a layer, None where they say nothing."""
    if not len(columns):
        return None
    if columns.geometry is not None:
        found = shapely.total_bounds(columns.geometry)
    elif columns.x is not None and columns.y is not None:
        found = np.array([columns.x.min(), columns.y.min(), columns.x.max(), columns.y.max()])
    else:
        return None
    west, south, east, north = found.tolist()
    return (west, south, east, north) if np.isfinite(found).all() else None


def city_box(snapshot: Snapshot) -> Box | None:
    """Return the box (m) of the layer that says where the city is: grids, else streets and so on; None: not known."""
    return next((box for name in SAYS_WHERE if (box := layer_box(snapshot[name])) is not None), None)


def core_box(incidents: LayerColumns) -> Box | None:
    """Return the box (m) of all but the outermost incidents, 1 in 1,000 on each side; None without places.

    A few recorded far away would make the city a dot.
    """
    if incidents.x is None or incidents.y is None or not np.isfinite(incidents.x).any():
        return None
    places = np.stack([incidents.x, incidents.y])
    west, south = np.nanquantile(places, _STRAY, axis=1, method="lower").tolist()
    east, north = np.nanquantile(places, 1 - _STRAY, axis=1, method="higher").tolist()
    return west, south, east, north


def opening_extent(snapshot: Snapshot) -> Box | None:
    """Return west, south, east, north (degrees) that show the city; None where nothing says where it is.

    See `city_box`; of incidents alone `core_box` and a margin.
    """
    box, core = city_box(snapshot), core_box(snapshot["incidents"])
    if box is None and core is not None:
        low, high = np.array(core[:2]), np.array(core[2:])
        margin = (high - low) * _MARGIN
        box = (*(low - margin).tolist(), *(high + margin).tolist())
    return lonlat_extent(snapshot) if box is None else _in_degrees(box, snapshot)


def lonlat_extent(snapshot: Snapshot, without: str | None = None) -> Box | None:
    """Return west, south, east, north of all rows in degrees (WGS 84), those of the layer `without` left out.

    None where there are no rows, or where the corners of the box cannot be given in degrees.
    """
    boxes = [layer_box(columns) for name, columns in snapshot.layers.items() if name != without]
    found = np.array([box for box in boxes if box is not None], dtype=np.float64).reshape(-1, 4)
    if not len(found):
        return None
    return _in_degrees((*found[:, :2].min(axis=0).tolist(), *found[:, 2:].max(axis=0).tolist()), snapshot)


def _in_degrees(box: Box | None, snapshot: Snapshot) -> Box | None:
    if box is None or snapshot.crs is None:
        return None
    x0, y0, x1, y1 = box
    lon, lat, ok = try_transform_xy(np.array([x0, x0, x1, x1]), np.array([y0, y1, y0, y1]), snapshot.crs, WGS84)
    if not ok.all():
        return None
    return float(lon.min()), float(lat.min()), float(lon.max()), float(lat.max())


def opening_radius_m(box: Box | None) -> float:
    """Return the radius (m) at which a heat map of the box `box` (m) can be read on a screen that shows it whole.

    An 80th of its width, in tens of metres, from 120 (a neighbourhood, and what is taken where `box` is None) to 1000.
    """
    if box is None:
        return _LEAST_RADIUS_M
    west, south, east, north = box
    return min(max(round(math.sqrt((east - west) * (north - south)) / 800) * 10.0, _LEAST_RADIUS_M), _MOST_RADIUS_M)
