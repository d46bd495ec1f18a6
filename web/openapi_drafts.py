"""The part of /api/openapi.json about drafts and the history of the division."""

from __future__ import annotations

from typing import Any

from store.scenario import MAX_NAME
from web.openapi_coverage import WAIT
from web.openapi_parts import LEVEL, Operation, operation, path, query
from web.replies import JSON

_DRAFT = path("draft_id")
_TEXT = {"type": "string"}
_VERSION = {"version": {"type": "integer", "description": "The one that was seen; another one is refused (409)."}}
_REASON = {"reason": {"type": "string"}}
_PLACE = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}
_STEP: dict[str, Any] = {
    **_VERSION,
    "op": {"type": "string", "description": "reshape, split, merge, redraw, parent, team, restore; see docs/api.md."},
    "level": _TEXT,
    "code": _TEXT,
    "codes": {"type": "array", "items": _TEXT},
    "moves": {"type": "array", "items": {"type": "object", "properties": {"from": _PLACE, "to": _PLACE}}},
    "line": {"type": "array", "items": _PLACE},
    "into": _TEXT,
    "parent": _TEXT,
    "team": {"type": ["string", "null"]},
    "tolerance_m": {"type": "number"},
    "family": {"type": "boolean"},
    "outer": {"type": "boolean"},
    "revision": {"type": "integer"},
}


def _body(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    return {JSON: {"schema": {"type": "object", "properties": properties, "required": required}}}


def _act(text: str) -> dict[str, Operation]:
    return {"post": operation(text, [_DRAFT], JSON, _body({**_VERSION, **_REASON}, ["version"]))}


def _effect() -> Operation:
    found = operation(
        "What a draft does: what changes hands, and which findings of the audit come and go; `computing` while the"
        " audit is being worked out.",
        [_DRAFT, LEVEL],
    )
    found["parameters"].append(WAIT)
    return found


DRAFT_PATHS: dict[str, dict[str, Operation]] = {
    "/api/drafts": {
        "get": operation("The drafts of the division, the last changed first."),
        "post": operation(
            "Begin a draft.", [], JSON, _body({"name": {**_TEXT, "maxLength": MAX_NAME}}, ["name"]), "201"
        ),
    },
    "/api/drafts/{draft_id}": {
        "get": operation("A draft, its steps and the grids it changes, before and after.", [_DRAFT]),
        "delete": operation(
            "Delete a draft.",
            [_DRAFT, query("version", "The one that was seen.", {"type": "integer"})],
            JSON,
            {},
        ),
    },
    "/api/drafts/{draft_id}/steps": {
        "post": operation("Make a step.", [_DRAFT], JSON, _body(_STEP, ["version", "op"]))
    },
    "/api/drafts/{draft_id}/undo": _act("Undo the last step in force."),
    "/api/drafts/{draft_id}/redo": _act("Do the step again that was undone last."),
    "/api/drafts/{draft_id}/submit": _act("Hand a draft in for review."),
    "/api/drafts/{draft_id}/withdraw": _act("Take a draft back from review."),
    "/api/drafts/{draft_id}/reject": _act("Refuse a draft."),
    "/api/drafts/{draft_id}/approve": _act("Approve a draft and change the division by it: one revision, or nothing."),
    "/api/drafts/{draft_id}/borders": {
        "get": operation(
            "The borders of the grids in view as the draft leaves them, with nodes that all share.",
            [_DRAFT, LEVEL, query("bbox", "west,south,east,north in degrees.")],
        )
    },
    "/api/drafts/{draft_id}/effect": {"get": _effect()},
    "/api/drafts/{draft_id}/export.geojson": {
        "get": operation("The changed grids as a file.", [_DRAFT], "application/geo+json")
    },
    "/api/division/history": {
        "get": operation(
            "The revisions that changed the division, the last first.",
            [
                query("before", "Only earlier ones.", {"type": "integer", "minimum": 0}),
                query("limit", "How many.", {"type": "integer", "minimum": 1, "maximum": 100}),
            ],
        )
    },
    "/api/division/history/{revision}": {
        "get": operation(
            "What one revision changed, or all that changed after `since` up to it: each grid before and after.",
            [
                path("revision", {"type": "integer"}),
                query("since", "An earlier revision to compare with.", {"type": "integer", "minimum": 0}),
            ],
        )
    },
}
