"""The hot spots in /api/openapi.json."""

from __future__ import annotations

from layers.hotspot_params import MOST_SIZE_M, MOST_STEPS, STEPS, UNITS
from web.openapi_parts import LEVEL, LIMIT, PARENT, WINDOW, Operation, operation, query

METRIC = query(
    "metric",
    "What incidents are expected to follow: the area, nothing (as many in each place), the people.",
    {"type": "string", "enum": ["per_km2", "count", "per_10k"], "default": "per_km2"},
)
SPOTS = [
    query(
        "unit",
        "Places: grids of a level, or hexagons or squares over the city.",
        {"type": "string", "enum": list(UNITS), "default": "hex"},
    ),
    query(
        "size_m",
        "Size of hexagons (side to side) and squares in metres; chosen by the size of the city when absent or 0.",
        {"type": "number", "minimum": 0, "maximum": MOST_SIZE_M},
    ),
    query("step", "Length of a step of time.", {"type": "string", "enum": list(STEPS), "default": "week"}),
    query(
        "steps",
        "How many steps, counted back from the end of the window.",
        {"type": "integer", "minimum": 1, "maximum": MOST_STEPS, "default": 12},
    ),
    query(
        "q",
        "Share of false finds among all finds that is put up with.",
        {"type": "number", "minimum": 0.001, "maximum": 0.25, "default": 0.05},
    ),
]
HOTSPOT_PATHS: dict[str, dict[str, Operation]] = {
    "/api/hotspots": {
        "get": operation(
            "Places with more or fewer incidents than chance would bring.",
            [LEVEL, PARENT, *WINDOW, METRIC, *SPOTS, LIMIT],
        )
    }
}
