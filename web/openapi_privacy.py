"""What the service answers about privacy: public files, and where cameras look at private places."""

from __future__ import annotations

from typing import Any

from geo.suppress import LEAST_K, K
from web.openapi_coverage import RULES, WAIT
from web.openapi_parts import ANY, LEVEL, LIMIT, Operation, also, operation, path, query
from web.public import MOST_K, NAMES, SUFFIXES
from web.replies import JSON

_MONTH = {"type": "string", "pattern": r"^\d{4}-\d{2}$"}
_WISH = [
    query("k", f"Least count shown, least addresses behind a point; {K} when absent.",
          {"type": "integer", "minimum": LEAST_K, "maximum": MOST_K}),
    query("from_month", "First month, YYYY-MM.", _MONTH),
    query("to_month", "Last month, YYYY-MM.", _MONTH),
    LEVEL,
    query("alone", "1: no counts of the same months are published beside the points.",
          {"type": "string", "enum": ["0", "1"]}),
]  # fmt: skip


def _file(summary: str, parameters: list[dict[str, Any]]) -> Operation:
    """Return the operation of a file whose kind its suffix says; of these GeoJSON is JSON."""
    found = operation(summary, parameters, ANY)
    found["responses"]["200"]["content"] = {
        "application/geo+json": {"schema": {"type": "object"}},
        **found["responses"]["200"]["content"],
    }
    return found


PRIVACY_PATHS: dict[str, dict[str, Operation]] = {
    "/api/exposure": {
        "get": operation(
            "How much private ground each camera sees, what would help, what is not recorded of it.",
            [*RULES, LIMIT, WAIT],
        )
    },
    "/api/exposure/status": {"get": operation("How the exposure audit stands.", RULES)},
    "/api/exposure/start": {
        "post": also(
            operation("Begin the exposure audit.", RULES, body={}, status="202"),
            "200",
            "It was worked out before.",
            {JSON: {"schema": {"type": "object"}}},
        )
    },
    "/api/exposure/cancel": {"post": operation("Stop the exposure audit.", RULES, body={})},
    "/api/public": {"get": operation("What public files would hold.", _WISH)},
    "/api/public/{name}": {
        "get": _file(
            f"A file for outside the house: {' or '.join(NAMES)} followed by one of {', '.join(SUFFIXES)}.",
            [
                path("name", {"type": "string", "enum": [name + suffix for name in NAMES for suffix in SUFFIXES]}),
                *_WISH,
            ],
        )
    },
}
