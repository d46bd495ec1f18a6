"""What-if and scenarios in /api/openapi.json."""

from __future__ import annotations

from typing import Any

from store.edits import LAYER
from store.scenario import MAX_NAME
from store.schema import CAMERA_KINDS, Kind
from web.openapi_coverage import RULES
from web.openapi_parts import LEVEL, WINDOW, Operation, operation, path, query
from web.replies import JSON

_TEXT = {"type": "string"}
_SCENARIO = path("scenario_id")
_TYPES = {Kind.TEXT: "string", Kind.CODE: "string", Kind.REAL: "number", Kind.INTEGER: "integer", Kind.BOOL: "boolean"}


def _facts() -> dict[str, Any]:
    """Return the schema of every column that a change may set."""
    found: dict[str, Any] = {
        "lon": {"type": "number", "minimum": -180, "maximum": 180},
        "lat": {"type": "number", "minimum": -90, "maximum": 90},
    }
    for column in LAYER.columns:
        if column.name == "id":
            continue
        schema: dict[str, Any] = {"type": [_TYPES[column.kind], "null"]}
        if column.low is not None:
            schema["minimum"] = column.low
        if column.high is not None:
            schema["maximum"] = column.high
        if column.name == "kind":
            schema["enum"] = [*CAMERA_KINDS, None]
        found[column.name] = schema
    return found


CHANGE = {
    "oneOf": [
        {
            "type": "object",
            "required": ["op", "key", "lon", "lat"],
            "properties": {"op": {"const": "place"}, "key": _TEXT, **_facts()},
        },
        {
            "type": "object",
            "required": ["op", "id"],
            "properties": {"op": {"const": "set"}, "id": _TEXT, **_facts()},
        },
        {"type": "object", "required": ["op", "id"], "properties": {"op": {"const": "remove"}, "id": _TEXT}},
    ]
}
_SIGHT = {
    "level": _TEXT,
    "edition": _TEXT,
    "task": _TEXT,
    "online_only": {"type": "boolean"},
    "assumed_range_m": {"type": "number"},
    "target_height_m": {"type": "number"},
    "from": _TEXT,
    "to": _TEXT,
    "category": {"type": "array", "items": _TEXT},
    "hours": _TEXT,
    "weekdays": _TEXT,
}
_CHANGES = {"type": "array", "maxItems": 500, "items": CHANGE}
_CONTENT = {
    "name": {"type": "string", "maxLength": MAX_NAME},
    "changes": _CHANGES,
    "cameras_revision": {
        "type": "integer",
        "description": "Of the answer that was looked at; another one than the present is a conflict (409).",
    },
    **_SIGHT,
}
_VERSION = {"version": {"type": "integer", "description": "The one that was opened; another one is a conflict (409)."}}


def _body(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties, "required": required}
    return {JSON: {"schema": schema}}


IDS = query("id", "A scenario; repeat for up to three.", {"type": "array", "items": _TEXT})
SEVERAL = {**IDS, "style": "form", "explode": True}
WHATIF_PATHS: dict[str, dict[str, Operation]] = {
    "/api/whatif": {
        "post": operation(
            "What changes of cameras do to views, grids and blind spots; nothing is stored. "
            "202 while the present coverage is being computed.",
            [],
            JSON,
            _body({"changes": _CHANGES, "beside": {"type": "array", "items": _TEXT}, **_SIGHT}, ["changes"]),
        )
    },
    "/api/scenarios": {
        "get": operation("The scenarios, the last changed first."),
        "post": operation("Keep a new scenario.", [], JSON, _body(_CONTENT, ["name", "changes"]), "201"),
    },
    "/api/scenarios/{scenario_id}": {
        "get": operation("A scenario, and which of its cameras changed meanwhile.", [_SCENARIO]),
        "put": operation(
            "Rename a scenario, or save other changes in it.",
            [_SCENARIO],
            JSON,
            _body({**_CONTENT, **_VERSION}, ["version"]),
        ),
        "delete": operation(
            "Delete a scenario; it can be restored.",
            [_SCENARIO, query("version", "The one that was seen.", {"type": "integer"})],
            JSON,
            {},
        ),
    },
    "/api/scenarios/{scenario_id}/restore": {
        "post": operation("Bring a deleted scenario back.", [_SCENARIO], JSON, {})
    },
    "/api/scenarios/{scenario_id}/apply": {
        "post": operation(
            "Change the cameras of the store as a scenario says: one revision, or nothing (409).",
            [_SCENARIO],
            JSON,
            _body(_VERSION, ["version"]),
        )
    },
    "/api/scenarios/{scenario_id}/export": {
        "get": operation(
            "A scenario as a file.",
            [_SCENARIO, query("format", "Of the file.", {"type": "string", "enum": ["geojson", "csv"]})],
            "application/octet-stream",
        )
    },
    "/api/scenarios/compare": {
        "get": operation("The store and up to three scenarios side by side.", [SEVERAL, LEVEL, *WINDOW, *RULES]),
        "post": operation(
            "The same, with changes that are not kept beside them.",
            [],
            JSON,
            _body({"id": {"type": "array", "items": _TEXT}, "changes": _CHANGES, **_SIGHT}, []),
        ),
    },
}
