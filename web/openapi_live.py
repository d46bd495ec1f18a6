"""What the service answers of incidents as they happen; see `web.openapi`."""

from __future__ import annotations

from typing import Any

from store.live import MOST_AT_ONCE
from web.openapi_parts import LIMIT, Operation, operation, path, query
from web.replies import JSON

_CURSOR = query("cursor", "Cursor of an earlier answer.", {"type": "integer", "minimum": 0})
_TEXT = {"type": ["string", "null"], "maxLength": 200}
_INCIDENT: dict[str, Any] = {
    "type": "object",
    "required": ["id", "lon", "lat"],
    "additionalProperties": False,
    "properties": {
        "id": {"type": ["string", "integer"], "maxLength": 200},
        "lon": {"type": "number", "minimum": -180, "maximum": 180},
        "lat": {"type": "number", "minimum": -90, "maximum": 90},
        "occurred_at": {"type": ["string", "null"]},
        "category": _TEXT,
        "status": _TEXT,
        "grid_code": _TEXT,
        "severity": {"type": ["number", "null"], "minimum": 0},
        "simulated": {"type": "boolean"},
    },
}
_SEVERAL = {"type": "array", "minItems": 1, "maxItems": MOST_AT_ONCE, "items": _INCIDENT}
_SENT = {JSON: {"schema": {"oneOf": [_INCIDENT, _SEVERAL]}}}


def _receive() -> Operation:
    found = operation("Store incidents that a program sends; durable and once each.", [], JSON, None, "201")
    found["security"] = [{"token": []}]
    found["requestBody"] = {"required": True, "content": _SENT}
    found["responses"]["200"] = {
        **found["responses"]["201"],
        "description": "Was stored before, with the same content.",
    }
    return found


LIVE_PATHS: dict[str, dict[str, Operation]] = {
    "/api/incidents": {"post": _receive()},
    "/api/incidents/since": {
        "get": operation("Incidents received after a cursor; the latest when there is none.", [_CURSOR, LIMIT])
    },
    "/api/stream": {
        "get": operation("Incidents as they happen, as server-sent events.", [_CURSOR], "text/event-stream")
    },
}
_ALERT = path("alert_id", {"type": "integer"})
_TAKEN = {
    JSON: {
        "schema": {
            "type": "object",
            "required": ["by"],
            "properties": {"by": {"type": "string"}, "note": {"type": "string", "maxLength": 500}},
        }
    }
}
LIVE_PATHS |= {
    "/api/alerts": {"get": operation("Grids with more incidents than usual.", [LIMIT])},
    "/api/alerts/{alert_id}/acknowledge": {
        "post": operation("Write down which post has taken an alert on; once.", [_ALERT], JSON, _TAKEN)
    },
}
SECURITY = {"token": {"type": "http", "scheme": "bearer", "description": "Made by `flask token add NAME`."}}
METRICS = {
    **operation("Figures of the running process for Prometheus.", [], "text/plain"),
    "security": [{"token": []}, {}],
}
