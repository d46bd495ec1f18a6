"""What a page must know to draw the vector base map as the picture tiles look."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from layers.rasters.look import BUILDINGS_FROM, FAR, FIRST_ZOOM, LEAST_PX, PALETTES, WIDTH_M
from layers.rasters.mercator import HALF_M

TILE_PX = 512  # width of a vector tile on the page


def style_facts(lat: float) -> dict[str, Any]:
    """Return colours by theme, the streets' widths and first zooms, and the ground size of a pixel at zoom 0.

    `lat` is the latitude in degrees at which widths on the ground are true. Zooms are those of the picture tiles, one
    more than the vector map's.
    """
    return {
        "palettes": {
            theme: {name: "#{:02x}{:02x}{:02x}".format(*tone) for name, tone in dataclasses.asdict(palette).items()}
            for theme, palette in PALETTES.items()
        },
        "metres_per_px": 2 * HALF_M / TILE_PX * math.cos(math.radians(lat)),
        "streets": {"widths": WIDTH_M.tolist(), "least": LEAST_PX.tolist(), "first": FIRST_ZOOM.tolist(), "far": FAR},
        "buildings": {"first": BUILDINGS_FROM},
    }
