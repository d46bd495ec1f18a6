"""The part of /api/openapi.json about what cameras see."""

from __future__ import annotations

from geo.reach import EDITIONS
from web.openapi_parts import LEVEL, PARENT, WINDOW, Operation, operation, query

RULES = [
    query(
        "assumed_range_m",
        "Range of a camera whose range is unknown, in metres.",
        {"type": "number", "minimum": 1, "maximum": 1000, "default": 50},
    ),
    query("online_only", "1: only cameras recorded as online.", {"type": "boolean", "default": False}),
    query("edition", "Edition of IEC/EN 62676-4.", {"type": "string", "enum": list(EDITIONS), "default": "2014"}),
    query(
        "task",
        "Class of the edition that a view must reach; as far as the range when absent.",
        {"type": "string", "enum": sorted({task.name for found in EDITIONS.values() for task in found.tasks})},
    ),
    query(
        "target_height_m",
        "Height of what is to be seen, in metres.",
        {"type": "number", "minimum": 0, "maximum": 100, "default": 1.6},
    ),
]
WAIT = query(
    "wait_s",
    "How long to wait for a computation, in seconds.",
    {"type": "number", "minimum": 0, "maximum": 100, "default": 20},
)
CITY = [LEVEL, *RULES]

COVERAGE_PATHS: dict[str, dict[str, Operation]] = {
    "/api/coverage": {
        "get": operation("What cameras see of each grid.", [LEVEL, PARENT, *WINDOW, *RULES, WAIT]),
    },
    "/api/coverage/status": {"get": operation("How the computation of coverage stands.", CITY)},
    "/api/coverage/start": {"post": operation("Begin to compute coverage.", CITY, body={}, status="202")},
    "/api/coverage/cancel": {"post": operation("Stop computing coverage.", CITY, body={})},
    "/api/standards": {"get": operation("Classes of both editions of the standard.")},
}
