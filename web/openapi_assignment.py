"""The part of /api/openapi.json about the grid of single incidents and of places."""

from __future__ import annotations

from typing import Any

from store.decisions import MOST
from web.assignments import DOUBTS, SORTS, STATES
from web.openapi_parts import LEVEL, LIMIT, NEAR, OFFSET, WINDOW, Operation, operation, query
from web.replies import JSON

_CODE = {"type": ["string", "null"]}
_DECIDE: dict[str, Any] = {
    "type": "object",
    "required": ["level", "grid", "reason", "grids_revision", "incidents"],
    "properties": {
        "level": {"type": "string", "minLength": 1},
        "grid": {"type": ["string", "null"], "description": "Code of the decided grid; null: in no grid."},
        "reason": {"type": "string", "minLength": 1, "maxLength": 500},
        "grids_revision": {"type": "integer", "description": "As the queue gave it."},
        "incidents": {
            "type": "array",
            "minItems": 1,
            "maxItems": MOST,
            "items": {
                "type": "object",
                "required": ["id", "recorded", "located", "decision"],
                "properties": {
                    "id": {"type": "string"},
                    "recorded": _CODE,
                    "located": _CODE,
                    "decision": {"type": ["integer", "null"], "description": "Number of the decision that was seen."},
                },
            },
        },
    },
}
_UNDO = {
    "type": "object",
    "required": ["decisions"],
    "properties": {"decisions": {"type": "array", "minItems": 1, "maxItems": MOST, "items": {"type": "integer"}}},
}


def _enum(name: str, text: str, known: tuple[str, ...]) -> dict[str, Any]:
    return query(name, text, {"type": "string", "enum": list(known)})


ASSIGNMENT_PATHS: dict[str, dict[str, Operation]] = {
    "/api/assignment": {
        "get": operation(
            "Incidents whose grid is doubtful, and what was decided about them.",
            [
                LEVEL,
                *WINDOW,
                NEAR,
                LIMIT,
                OFFSET,
                _enum("queue", "Open (default), decided, or all.", STATES),
                _enum("why", "Only those with this doubt.", DOUBTS),
                _enum("order_by", "What they are sorted by; the gravest doubt first when absent.", SORTS),
                query("down", "1: the largest first.", {"type": "string", "enum": ["0", "1"]}),
            ],
        )
    },
    "/api/assignment/flows": {
        "get": operation(
            "How many incidents were recorded in one grid and count in another; the most first.",
            [LEVEL, *WINDOW, LIMIT],
        )
    },
    "/api/assignment/decisions": {
        "get": operation(
            "What was decided about the grid of single incidents, the last decision first.",
            [_enum("state", "now (default), or all: the superseded and undone too.", ("now", "all")), OFFSET, LIMIT],
        ),
        "post": operation(
            "Decide which grid incidents belong to; 409 where one is no longer as it was seen.",
            None,
            JSON,
            {JSON: {"schema": _DECIDE}},
            "201",
        ),
    },
    "/api/assignment/decisions/undo": {
        "post": operation(
            "Take decisions back; the one that was superseded holds again.", None, JSON, {JSON: {"schema": _UNDO}}
        )
    },
    "/api/responsible": {
        "get": operation(
            "Grids and team responsible for a point, or for what a text of the data names; the best first.",
            [
                query("q", "Name, code, team, or longitude,latitude."),
                query("lon", "Longitude, degrees.", {"type": "number", "minimum": -180, "maximum": 180}),
                query("lat", "Latitude, degrees.", {"type": "number", "minimum": -90, "maximum": 90}),
                query("limit", "At most so many answers.", {"type": "integer", "minimum": 1, "maximum": 50}),
            ],
        )
    },
}
