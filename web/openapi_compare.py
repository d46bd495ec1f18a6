"""What the service answers of comparisons; see `web.openapi`."""

from __future__ import annotations

from layers.base import AGAINST as KNOWN
from layers.scored import SURFACES
from web.comparing import BY
from web.openapi_parts import LEVEL, LIMIT, MAP, RADIUS, WINDOW, Operation, operation, query

AGAINST = [
    query(
        "against",
        "What the window is compared with: the one directly before, the same one last year, or a custom one.",
        {"type": "string", "enum": list(KNOWN), "default": "previous"},
    ),
    query("against_from", "Begin of the custom window; as `from`."),
    query("against_to", "End of the custom window; as `to`."),
]
COMPARE_PATHS: dict[str, dict[str, Operation]] = {
    "/api/compare": {
        "get": operation(
            "What changed between two windows, and whether it is more than chance.",
            [
                LEVEL,
                *WINDOW,
                *AGAINST,
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
                RADIUS,
                next(one for one in MAP if one["name"] == "metric"),
            ],
        )
    },
}
