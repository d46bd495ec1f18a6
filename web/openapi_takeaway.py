"""The part of /api/openapi.json about what readers take away."""

from __future__ import annotations

from layers import REGISTRY
from web.openapi_coverage import RULES
from web.openapi_parts import LANG, LEVEL, MAP, NEAR, PARENT, RADIUS, SCALE, THEME, WINDOW, Operation, operation, query
from web.picture import LEAST, MOST, NOT_DRAWN

PICTURE = [
    query(
        "layers",
        f"Layers above the base map, separated by commas: {', '.join(sorted(set(REGISTRY) - NOT_DRAWN))}; "
        "density when absent.",
    ),
    query("centre", "latitude,longitude of the middle, with `zoom`; all data when neither it nor `bbox` is given."),
    query("width", "Of the whole picture, in pixels.",
          {"type": "integer", "minimum": LEAST[0], "maximum": MOST, "default": 1600}),
    query("height", "Of the whole picture, in pixels.",
          {"type": "integer", "minimum": LEAST[1], "maximum": MOST, "default": 1000}),
    query("title", "Title above the map; the names of the layers when absent."),
]  # fmt: skip

TAKEAWAY_PATHS: dict[str, dict[str, Operation]] = {
    "/api/picture.png": {
        "get": operation(
            "The map as a picture with title, legend, scale bar, north arrow, sources, date and revision.",
            [*PICTURE, SCALE, THEME, LEVEL, PARENT, *WINDOW, *MAP, NEAR, *RULES, RADIUS, LANG],
            "image/png",
        )
    },
}
