"""What the service answers of time and of one grid; see `web.openapi`."""

from __future__ import annotations

from web.openapi_coverage import RULES
from web.openapi_parts import DIVISION, LEVEL, NEAR, WINDOW, Operation, operation, query

CODE = query("code", "Code of one grid of the level.")

TIME_PATHS: dict[str, dict[str, Operation]] = {
    "/api/rhythm": {
        "get": operation(
            "Incidents by hour and weekday, by month, by weekday; of one grid when a code is given.",
            [LEVEL, CODE, *WINDOW],
        )
    },
    "/api/profile": {
        "get": operation(
            "One grid: incidents, trend, categories, cameras, coverage, doubts, neighbours.",
            [LEVEL, {**CODE, "required": True}, *WINDOW, NEAR, *RULES, DIVISION],
        )
    },
}
