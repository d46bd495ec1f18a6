"""The section of the world that a picture shows: Web Mercator, north up, of any size and zoom."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geo.crs import lonlat, transform_xy
from layers.rasters.mercator import HALF_M, WEB_MERCATOR, ground_factor, metres_per_px

MOST_LAT = 85.0
LOW_ZOOM, HIGH_ZOOM = 2.0, 20.0


@dataclass(frozen=True)
class View:
    """A picture's map.

    Attributes
    ----------
    x0, y0
        EPSG:3857 metres of the north-west corner.
    per_px
        EPSG:3857 metres in a pixel.
    width, height
        Pixels.
    scale
        Pixels of the picture in a pixel of the page: 2 makes lines and letters twice as large.
    """

    x0: float
    y0: float
    per_px: float
    width: int
    height: int
    scale: int

    @property
    def zoom(self) -> float:
        """Zoom of the page that shows the same."""
        return math.log2(metres_per_px(0) / (self.per_px * self.scale))

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Return (x0, y0, x1, y1) in EPSG:3857 metres, y upwards."""
        return self.x0, self.y0 - self.height * self.per_px, self.x0 + self.width * self.per_px, self.y0

    @property
    def metres_in_px(self) -> float:
        """Return metres on the ground in a pixel, at the latitude of the middle of the picture."""
        return self.per_px * ground_factor(self.y0 - self.height * self.per_px / 2)

    def lonlat_box(self) -> tuple[float, float, float, float]:
        """Return west, south, east, north in degrees, within the projected world."""
        x0, y0, x1, y1 = (min(max(value, -HALF_M), HALF_M) for value in self.bounds)
        lon, lat = lonlat(np.array([x0, x1]), np.array([y0, y1]), WEB_MERCATOR)
        return float(lon[0]), float(lat[0]), float(lon[1]), float(lat[1])

    def pixels(
        self, x: NDArray[np.float64], y: NDArray[np.float64], crs: str
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return pixel coordinates (from the north-west corner) of places in `crs`."""
        at_x, at_y = transform_xy(x, y, crs, WEB_MERCATOR)
        return (at_x - self.x0) / self.per_px, (self.y0 - at_y) / self.per_px


def view_at(lon: float, lat: float, zoom: float, width: int, height: int, scale: int = 1) -> View:
    """Return the view around a place at a zoom of the page; `width` and `height` in pixels of the picture.

    The corner lies on a whole pixel of the tile pyramid, so that tiles of a whole zoom need no resampling.

    Examples
    --------
    >>> view = view_at(24.94, 60.17, 15.0, 800, 600)
    >>> round(view.zoom, 6), round(view.metres_in_px, 3)
    (15.0, 2.376)
    """
    x, y = (
        float(value[0])
        for value in transform_xy(
            np.array([lon]), np.array([min(max(lat, -MOST_LAT), MOST_LAT)]), "EPSG:4326", WEB_MERCATOR
        )
    )
    per_px = metres_per_px(0) / 2.0 ** min(max(zoom, LOW_ZOOM), HIGH_ZOOM) / scale
    x0 = round((x + HALF_M) / per_px - width / 2) * per_px - HALF_M
    y0 = HALF_M - round((HALF_M - y) / per_px - height / 2) * per_px
    return View(x0, y0, per_px, width, height, scale)


def view_of(box: tuple[float, float, float, float], width: int, height: int, scale: int = 1) -> View:
    """Return the view that shows all of west, south, east, north (degrees), as large as it fits.

    Examples
    --------
    >>> west, south, east, north = view_of((24.9, 60.1, 25.0, 60.2), 800, 600).lonlat_box()
    >>> west <= 24.9 and south <= 60.1 and east >= 25.0 and north >= 60.2
    True
    """
    west, south, east, north = box
    lat = np.clip([south, north], -MOST_LAT, MOST_LAT)
    x, y = transform_xy(np.array([west, east]), lat, "EPSG:4326", WEB_MERCATOR)
    # Two pixels are kept free: the corner is moved to a whole pixel.
    per_px = max((x[1] - x[0]) / max(width - 2, 1), (y[1] - y[0]) / max(height - 2, 1), 1e-9) * scale
    zoom = math.log2(metres_per_px(0) / per_px)
    lon, middle = lonlat(np.array([x.mean()]), np.array([y.mean()]), WEB_MERCATOR)
    return view_at(float(lon[0]), float(middle[0]), zoom, width, height, scale)
