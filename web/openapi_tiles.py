"""The part of /api/openapi.json about vector tiles."""

from __future__ import annotations

from web.openapi_coverage import RULES
from web.openapi_parts import LEVEL, PARENT, TILE, WINDOW, Operation, also, operation, query

MVT = "application/vnd.mapbox-vector-tile"
ONLINE = next(rule for rule in RULES if rule["name"] == "online_only")
EMPTY = "Nothing lies there."
KEY = query("v", "Key of the base map, from /tiles/base.json; the present one when absent.")

TILE_PATHS: dict[str, dict[str, Operation]] = {
    "/tiles/base.json": {"get": operation("Whether the vector base map is there, and how to draw it.")},
    "/tiles/base/{z}/{x}/{y}.mvt": {"get": operation("Base map as vectors.", [*TILE, KEY], MVT)},
    "/tiles/cameras/{z}/{x}/{y}.mvt": {"get": operation("Cameras as vectors.", [*TILE, ONLINE], MVT)},
    "/tiles/coverage/{z}/{x}/{y}.mvt": {"get": operation("Coverage as vectors.", [*TILE, LEVEL, *RULES], MVT)},
    "/tiles/views/{z}/{x}/{y}.mvt": {"get": operation("Views as vectors.", [*TILE, LEVEL, *RULES], MVT)},
    "/tiles/blindspots/{z}/{x}/{y}.mvt": {
        "get": operation("Blind spots as vectors.", [*TILE, LEVEL, PARENT, *WINDOW, *RULES], MVT)
    },
}
for _address, _found in TILE_PATHS.items():
    if _address.endswith(".mvt"):
        also(_found["get"], "204", EMPTY)
