"""What the service answers about the audit trail; see `web.openapi`."""

from __future__ import annotations

from web.openapi_parts import Operation, operation, query

_MOST_TEXT = {"type": "string", "maxLength": 200}
TRAIL_PATHS: dict[str, dict[str, Operation]] = {
    "/api/trail": {
        "get": operation(
            "Entries of the audit trail, the newest first.",
            [
                query("from", "ISO 8601 date or time; a date is local midnight in the store's timezone. Included."),
                query("to", "ISO 8601 date or time. Not included."),
                query("actor", "Exactly this account, token or system user.", _MOST_TEXT),
                query("action", "This action, or a family of them: `account` is `account.add` and so on.", _MOST_TEXT),
                query("target", "Part of what it was done to.", _MOST_TEXT),
                query("before", "Only entries before this number: `next` of the answer before.",
                      {"type": "integer", "minimum": 0}),
                query("limit", "Most entries to list.", {"type": "integer", "minimum": 1, "maximum": 1000,
                                                         "default": 100}),
            ],
        )
    },
}  # fmt: skip
