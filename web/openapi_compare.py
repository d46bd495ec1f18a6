"""What the service answers of comparisons; see `web.openapi`."""

from __future__ import annotations

from layers.base import AGAINST as KNOWN
from layers.scored import SURFACES
from web.comparing import BY
from web.openapi_parts import DIVISION, HEAT, LANG, LEVEL, LIMIT, MAP, WINDOW, Operation, operation, query

AGAINST = [
    query(
        "against",
        "What the window is compared with: the one directly before, the same one last year, or a custom one.",
        {"type": "string", "enum": list(KNOWN), "default": "previous"},
    ),
    query("against_from", "Begin of the custom window; as `from`."),
    query("against_to", "End of the custom window; as `to`."),
]
_CODES = {"type": "array", "items": {"type": "string"}}
MEASURE = [
    {**query("code", "Treated grids. Repeat for several, at most 50.", _CODES), "style": "form", "explode": True},
    query("lon", "Instead of grids: longitude of a treated place.", {"type": "number"}),
    query("lat", "Latitude of the place.", {"type": "number"}),
    query("place_m", "Radius of the place.", {"type": "number", "minimum": 10, "maximum": 10000, "default": 250}),
    {**query("control", "Control grids; the most similar when absent.", _CODES), "style": "form", "explode": True},
    {**query("date", "Date of the measure; as `from`."), "required": True},
    query("days_before", "Days before.", {"type": "integer", "minimum": 1, "maximum": 3660, "default": 90}),
    query("days_after", "Days after.", {"type": "integer", "minimum": 1, "maximum": 3660, "default": 90}),
    query("ring_m", "Width of the rings.", {"type": "number", "minimum": 10, "maximum": 5000, "default": 200}),
]
COMPARE_PATHS: dict[str, dict[str, Operation]] = {
    "/api/compare": {
        "get": operation(
            "What changed between two windows, and whether it is more than chance.",
            [
                LEVEL,
                *WINDOW,
                *AGAINST,
                DIVISION,
                query("by", "What a row stands for.", {"type": "string", "enum": list(BY), "default": "grids"}),
                query("code", "Compare the categories of this grid only."),
                LIMIT,
            ],
        )
    },
    "/api/score": {
        "get": operation(
            "How well the shown surface would have told where the incidents of the last period were.",
            [
                LEVEL,
                *WINDOW,
                query("surface", "What is judged.", {"type": "string", "enum": list(SURFACES), "default": "heat"}),
                *HEAT,
                next(one for one in MAP if one["name"] == "metric"),
            ],
        )
    },
    "/api/displacement": {
        "get": operation(
            "Before and after a measure: treated and control area and the rings around both, WGS 84.",
            [LEVEL, *WINDOW[2:], *MEASURE, LANG],
            "application/geo+json",
        )
    },
}
