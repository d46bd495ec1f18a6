"""Tiles of the page put together to a picture of any size and zoom."""

from __future__ import annotations

import math
from collections.abc import Callable
from io import BytesIO

from PIL import Image

from layers.rasters.mercator import HALF_M, MAX_ZOOM, TILE_PX, metres_per_px
from layers.rasters.view import View

Tile = Callable[[int, int, int, int], bytes]


def mosaic(view: View, tile: Tile) -> Image.Image:
    """Return the view as an RGBA picture, transparent where there are no tiles.

    Parameters
    ----------
    tile
        Returns the PNG of (z, x, y, scale), scale 1 or 2.

    Tiles of the nearest whole zoom are taken: as they are where their pixels are those of the view, else of double
    density, reduced or enlarged by at most 1.41.
    """
    zoom = min(max(round(view.zoom), 0), MAX_ZOOM)
    exact = math.isclose(view.zoom, zoom, abs_tol=1e-9)
    scale = view.scale if exact else 2
    per_px = metres_per_px(zoom) / scale
    left, top = (view.x0 + HALF_M) / per_px, (HALF_M - view.y0) / per_px
    wide, high = view.width * view.per_px / per_px, view.height * view.per_px / per_px
    side, most = TILE_PX * scale, (1 << zoom) - 1
    first_x, last_x = math.floor(left / side), math.ceil((left + wide) / side) - 1
    first_y, last_y = math.floor(top / side), math.ceil((top + high) / side) - 1
    sheet = Image.new("RGBA", ((last_x - first_x + 1) * side, (last_y - first_y + 1) * side), (0, 0, 0, 0))
    for x in range(max(first_x, 0), min(last_x, most) + 1):
        for y in range(max(first_y, 0), min(last_y, most) + 1):
            with Image.open(BytesIO(tile(zoom, x, y, scale))) as found:
                sheet.paste(found.convert("RGBA"), ((x - first_x) * side, (y - first_y) * side))
    left, top = left - first_x * side, top - first_y * side
    if exact:
        corner = (round(left), round(top))
        return sheet.crop((*corner, corner[0] + view.width, corner[1] + view.height))
    box = (left, top, min(left + wide, sheet.width), min(top + high, sheet.height))
    return sheet.resize((view.width, view.height), Image.Resampling.LANCZOS, box=box)
