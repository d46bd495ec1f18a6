"""The part of /api/openapi.json about what cameras see."""

from __future__ import annotations

from dataclasses import asdict

from geo.inventory import Targets
from geo.reach import EDITIONS
from web.openapi_parts import LANG, LEVEL, LIMIT, PARENT, WINDOW, Operation, also, operation, query
from web.replies import JSON

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
CAMERA = {
    **query("camera", "Id of a camera. Repeat for several.", {"type": "array", "items": {"type": "string"}}),
    "style": "form",
    "explode": True,
}
PLACE = [
    query("lon", "Longitude of the place, WGS 84.", {"type": "number", "minimum": -180, "maximum": 180}),
    query("lat", "Latitude of the place, WGS 84.", {"type": "number", "minimum": -90, "maximum": 90}),
    query("line", "Instead of a place: lon,lat;lon,lat… of the corners of a line, at most 200 and 20 km."),
]
TARGETS = [
    query(
        f"target_{name}",
        f"Least share of cameras recorded as {name}.",
        {"type": "number", "minimum": 0, "maximum": 1, "default": share},
    )
    for name, share in asdict(Targets()).items()
]

COVERAGE_PATHS: dict[str, dict[str, Operation]] = {
    "/api/coverage": {
        "get": operation("What cameras see of each grid.", [LEVEL, PARENT, *WINDOW, *RULES, WAIT]),
    },
    "/api/coverage/status": {"get": operation("How the computation of coverage stands.", CITY)},
    "/api/coverage/start": {
        "post": also(
            operation("Begin to compute coverage.", CITY, body={}, status="202"),
            "200",
            "It was worked out before.",
            {JSON: {"schema": {"type": "object"}}},
        )
    },
    "/api/coverage/cancel": {"post": operation("Stop computing coverage.", CITY, body={})},
    "/api/blindspots": {
        "get": operation(
            "Blind spots as polygons, WGS 84, the worst first.",
            [LEVEL, PARENT, *WINDOW, *RULES, LIMIT, WAIT, LANG],
            "application/geo+json",
        )
    },
    "/api/views": {
        "get": operation(
            "Views of cameras as polygons, WGS 84; all cameras when none is named, at most 2,000.",
            [CAMERA, *RULES, LANG],
            "application/geo+json",
        )
    },
    "/api/seen-by": {
        "get": operation("Cameras that see a place or the parts of a line.", [*PLACE, LEVEL, *RULES]),
    },
    "/api/inventory": {"get": operation("What is recorded of the cameras.", [LEVEL, PARENT, *TARGETS])},
    "/api/fragility": {"get": operation("What is lost if one camera fails.", [LEVEL, PARENT, *RULES, WAIT])},
    "/api/standards": {"get": operation("Classes of both editions of the standard.")},
}
