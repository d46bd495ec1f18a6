"""/api/openapi.json: what the service answers, written by hand; a test holds it against the real routes."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from layers import REGISTRY
from store.schema import LAYERS
from web.api_files import SUFFIXES
from web.jsonio import dumps
from web.replies import JSON, reply

blueprint = Blueprint("openapi", __name__)

Operation = dict[str, Any]
_LAYER_NAMES = sorted(REGISTRY)


def _query(name: str, text: str, schema: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": text, "schema": schema or {"type": "string"}}


def _path(name: str, schema: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": schema or {"type": "string"}}


LEVEL = _query("level", "Grid level; the finest one when absent.")
PARENT = _query("parent", "Only grids whose parent has this code.")
WINDOW = [
    _query("from", "ISO 8601 date or time; a date is local midnight in the store's timezone. Included."),
    _query("to", "ISO 8601 date or time. Not included."),
    {
        **_query("category", "Repeat for several; all when absent.", {"type": "array", "items": {"type": "string"}}),
        "style": "form",
        "explode": True,
    },
]
NEAR = _query(
    "near_m",
    "Nearer to a border than this is doubtful, in metres.",
    {"type": "number", "minimum": 0, "maximum": 1000, "default": 15},
)
SIGHT = [
    _query(
        "assumed_range_m",
        "Range of a camera whose range is unknown, in metres.",
        {"type": "number", "minimum": 1, "maximum": 1000, "default": 50},
    ),
    _query("online_only", "1: only cameras recorded as online.", {"type": "boolean", "default": False}),
]
MAP = [
    _query("bbox", "west,south,east,north in degrees."),
    _query(
        "zoom", "Zoom of the map; decides how incidents are grouped.", {"type": "number", "minimum": 0, "maximum": 24}
    ),
    _query("metric", "What the density shades.", {"type": "string", "enum": ["count", "per_km2", "per_10k"]}),
    _query("method", "How its classes are cut.", {"type": "string", "enum": ["quantiles", "fisher_jenks", "equal"]}),
]
RADIUS = _query(
    "radius_m", "Radius of the heat map in metres.", {"type": "number", "minimum": 5, "maximum": 5000, "default": 120}
)
THEME = _query("theme", "Light or dark.", {"type": "string", "enum": ["light", "dark"], "default": "light"})
TILE = [_path(name, {"type": "integer", "minimum": 0}) for name in ("z", "x", "y")]
SCALE = _query("scale", "2 for dense screens.", {"type": "integer", "enum": [1, 2]})
LANG = _query("lang", "Language of texts.", {"type": "string", "enum": ["zh", "en"]})
LIMIT = _query("limit", "Most rows to list.", {"type": "integer", "minimum": 0})
OFFSET = _query("offset", "How many rows to leave out first.", {"type": "integer", "minimum": 0})
TOKEN = {
    "name": "X-CSRF-Token",
    "in": "header",
    "required": True,
    "description": "From /api/csrf, with its cookie.",
    "schema": {"type": "string"},
}
UPLOAD = _path("upload_id", {"type": "string", "pattern": "^[0-9a-f]{32}$"})


def _operation(
    summary: str,
    parameters: list[dict[str, Any]] | None = None,
    media: str = JSON,
    body: dict[str, Any] | None = None,
    status: str = "200",
) -> Operation:
    schema = {"type": "object"} if media.endswith("json") else {"type": "string", "format": "binary"}
    found: Operation = {
        "summary": summary,
        "parameters": [*(parameters or []), *([LANG] if media == JSON else [])],
        "responses": {
            status: {"description": summary, "content": {media: {"schema": schema}}},
            "default": {
                "description": "Refused",
                "content": {JSON: {"schema": {"$ref": "#/components/schemas/Error"}}},
            },
        },
    }
    if body is not None:
        found["parameters"].append(TOKEN)
        if body:
            found["requestBody"] = {"required": True, "content": body}
    return found


_OPTIONS = {JSON: {"schema": {"$ref": "#/components/schemas/ImportRequest"}}}
_FILE = {
    "multipart/form-data": {
        "schema": {
            "type": "object",
            "required": ["file"],
            "properties": {"file": {"type": "string", "format": "binary"}},
        }
    }
}

PATHS: dict[str, dict[str, Operation]] = {
    "/healthz": {"get": _operation("Whether the store can be read.")},
    "/api/openapi.json": {"get": _operation("This description.")},
    "/api/csrf": {"get": _operation("A safety token for changing requests, and its cookie.")},
    "/api/status": {"get": _operation("What the store holds.")},
    "/api/layers/{name}": {
        "get": _operation(
            "Features of a map layer, WGS 84.",
            [
                _path("name", {"type": "string", "enum": _LAYER_NAMES}),
                LEVEL,
                PARENT,
                *WINDOW,
                *MAP,
                NEAR,
                *SIGHT,
                RADIUS,
                LANG,
            ],
            "application/geo+json",
        )
    },
    "/api/density": {"get": _operation("Incidents per grid.", [LEVEL, *WINDOW])},
    "/api/grids": {"get": _operation("Grids of a level with what lies in them.", [LEVEL, PARENT, *WINDOW])},
    "/api/assignment": {"get": _operation("Incidents whose grid is doubtful.", [LEVEL, *WINDOW, NEAR, LIMIT])},
    "/api/cameras": {"get": _operation("Cameras, 5,000 at a time when not asked otherwise.", [OFFSET, LIMIT])},
    "/api/coverage": {"get": _operation("What cameras see of each grid.", [LEVEL, *SIGHT])},
    "/api/export/{name}": {
        "get": _operation(
            f"A layer as a file: one of {', '.join(LAYERS)} followed by one of {', '.join(SUFFIXES)}.",
            [_path("name"), _query("crs", "EPSG code; WGS 84 when absent.")],
            "application/octet-stream",
        )
    },
    "/api/imports": {"get": _operation("The latest imports.", [LIMIT])},
    "/api/imports/{import_id}/rejects.csv": {
        "get": _operation("Rows that an import did not take.", [_path("import_id", {"type": "integer"})], "text/csv")
    },
    "/api/uploads": {"post": _operation("Upload a file and look into it.", [], JSON, _FILE, "201")},
    "/api/uploads/{upload_id}": {"delete": _operation("Forget an upload.", [UPLOAD], JSON, {})},
    "/api/uploads/{upload_id}/preview": {"post": _operation("Look into an upload again.", [UPLOAD], JSON, _OPTIONS)},
    "/api/uploads/{upload_id}/import": {
        "post": _operation("Import an upload, or try to.", [UPLOAD], JSON, _OPTIONS, "202")
    },
    "/api/jobs/{job_id}": {"get": _operation("State of an import.", [_path("job_id")])},
    "/api/jobs/{job_id}/rejects.csv": {
        "get": _operation("Rows that a job did not take.", [_path("job_id")], "text/csv")
    },
    "/tiles/base/{z}/{x}/{y}.png": {
        "get": _operation(
            "Base map.",
            [*TILE, SCALE, THEME],
            "image/png",
        )
    },
    "/tiles/heat/{z}/{x}/{y}.png": {
        "get": _operation(
            "Heat of incidents.",
            [*TILE, SCALE, THEME, *WINDOW, RADIUS],
            "image/png",
        )
    },
}

_TEXT = {"type": "string"}
SCHEMAS: dict[str, Any] = {
    "Error": {
        "type": "object",
        "required": ["error"],
        "properties": {
            "error": {
                "type": "object",
                "required": ["code", "message", "remedy"],
                "properties": {"code": _TEXT, "message": _TEXT, "remedy": _TEXT, "field": _TEXT},
            }
        },
    },
    "ImportRequest": {
        "type": "object",
        "properties": {
            "layer": {"type": "string", "enum": list(LAYERS)},
            "dry_run": {"type": "boolean"},
            "options": {
                "type": "object",
                "properties": {
                    "crs": _TEXT,
                    "encoding": _TEXT,
                    "timezone": _TEXT,
                    "layer_name": _TEXT,
                    "attribution": _TEXT,
                    "map": {"type": "object", "additionalProperties": _TEXT},
                    "const": {"type": "object", "additionalProperties": _TEXT},
                    "date_order": {"type": "string", "enum": ["dmy", "mdy", "ymd"]},
                    "mode": {"type": "string", "enum": ["append", "replace", "upsert"]},
                    "strict": {"type": "boolean"},
                    "simulated": {"type": "boolean"},
                },
            },
        },
    },
}


def document() -> dict[str, Any]:
    """Return the OpenAPI document."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "GridAtlas", "version": "1"},
        "paths": PATHS,
        "components": {"schemas": SCHEMAS},
    }


@blueprint.get("/api/openapi.json")
def openapi() -> Response:
    """Describe the service."""
    return reply(dumps(document()).encode(), JSON)
