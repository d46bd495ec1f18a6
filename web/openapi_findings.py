"""The part of /api/openapi.json about the audit of the division."""

from __future__ import annotations

from geo.audit_kinds import SEVERITIES, TITLES
from layers.findings import GONE, STATES
from store.finding_notes import ACTIONS, MAX_TEXT, MOST_AT_ONCE
from web.openapi_coverage import WAIT
from web.openapi_parts import LANG, LIMIT, Operation, operation, path, query
from web.replies import JSON

CHOSEN = [
    {
        **query("kind", "Only findings of these kinds; repeat for several.",
                {"type": "array", "items": {"type": "string", "enum": list(TITLES)}}),
        "style": "form",
        "explode": True,
    },
    query("severity", "Only findings of this severity.", {"type": "string", "enum": list(reversed(SEVERITIES))}),
    query("state", "Only findings that are open, or accepted as they are; `all` as when absent.",
          {"type": "string", "enum": [*STATES, "all", GONE]}),
    query("at_level", "Only findings of grids of this level; all levels when absent."),
]  # fmt: skip
_TEXT = {"type": "string"}
_FINDING = path("finding")
_NOTE = {
    "type": "object",
    "required": ["findings", "action"],
    "properties": {
        "findings": {"type": "array", "minItems": 1, "maxItems": MOST_AT_ONCE, "items": _TEXT},
        "action": {"type": "string", "enum": list(ACTIONS)},
        "text": {"type": ["string", "null"], "maxLength": MAX_TEXT},
        "versions": {
            "type": "object",
            "additionalProperties": {"type": "integer"},
            "description": "`noted` of findings as they were seen; another one is a conflict (409).",
        },
    },
}
FINDING_PATHS: dict[str, dict[str, Operation]] = {
    "/api/audit": {
        "get": operation(
            "Every defect of the division, the gravest and largest first; 202 while it is being worked out.",
            [query("level", "As `at_level`."), *CHOSEN, LIMIT, WAIT, LANG],
        )
    },
    "/api/findings/{finding}/repairs": {
        "get": operation(
            "Ways to mend a finding, the best first, with the grids before and after (GeoJSON, WGS 84). Each removes "
            "it and brings no overlap and no gap; nothing is changed.",
            [_FINDING, WAIT],
        )
    },
    "/api/findings/{finding}/notes": {"get": operation("What was noted of a finding.", [_FINDING, WAIT])},
    "/api/findings/notes": {
        "post": operation(
            "Note the same of some findings, all or none: assign them to a team (no text: to nobody), comment on them, "
            "accept them as they are because of the text, or open them again.",
            [],
            JSON,
            {JSON: {"schema": _NOTE}},
        )
    },
    "/api/findings/gone": {
        "get": operation(
            "Findings that are gone, the last first, and the revision in which that was seen.",
            [
                {
                    **query("finding", "Only of these ids; repeat for several.", {"type": "array", "items": _TEXT}),
                    "style": "form",
                    "explode": True,
                },
                LIMIT,
            ],
        )
    },
    "/api/findings/progress": {
        "get": operation("How many findings the audits of past revisions of the division found; of the whole city.")
    },
}
