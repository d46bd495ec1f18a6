"""/api/openapi.json: what the service answers, written by hand; a test holds it against the real routes."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from layers import REGISTRY
from store.schema import LAYERS
from web.api_files import SUFFIXES
from web.api_findings import FINDINGS
from web.coverage_tables import NAMES as DERIVED
from web.jsonio import dumps
from web.openapi_assignment import ASSIGNMENT_PATHS
from web.openapi_balance import BALANCE_PATHS, BOUNDS, SECTION, WORK
from web.openapi_compare import AGAINST, COMPARE_PATHS
from web.openapi_coverage import CAMERA, COVERAGE_PATHS, RULES, WAIT
from web.openapi_drafts import DRAFT_PATHS
from web.openapi_findings import CHOSEN, FINDING_PATHS
from web.openapi_heat import HEAT_PATHS
from web.openapi_hotspots import HOTSPOT_PATHS, SPOTS
from web.openapi_live import LIVE_PATHS, METRICS, SECURITY
from web.openapi_parts import (
    ANY,
    DIVISION,
    HEAT,
    LANG,
    LEVEL,
    LIMIT,
    MAP,
    NEAR,
    OFFSET,
    PARENT,
    RAMP,
    SCALE,
    SCALE_OF,
    THEME,
    TILE,
    UPLOAD,
    WINDOW,
    Operation,
    operation,
    path,
    query,
)
from web.openapi_privacy import PRIVACY_PATHS
from web.openapi_takeaway import TAKEAWAY_PATHS
from web.openapi_tiles import TILE_PATHS
from web.openapi_time import TIME_PATHS
from web.openapi_trail import TRAIL_PATHS
from web.openapi_whatif import WHATIF_PATHS
from web.replies import JSON, reply

blueprint = Blueprint("openapi", __name__)

_LAYER_NAMES = sorted(REGISTRY)
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
    "/healthz": {"get": operation("Whether the store can be read.")},
    "/readyz": {"get": operation("Whether the service is warm, so that it may be sent readers.")},
    "/metrics": {"get": METRICS},
    "/api/openapi.json": {"get": operation("This description.")},
    "/api/csrf": {"get": operation("A safety token for changing requests, and its cookie.")},
    "/api/status": {"get": operation("What the store holds.")},
    "/api/layers/{name}": {
        "get": operation(
            "Features of a map layer, WGS 84.",
            [
                path("name", {"type": "string", "enum": _LAYER_NAMES}),
                LEVEL,
                PARENT,
                *WINDOW,
                *MAP,
                *AGAINST,
                *SCALE_OF,
                NEAR,
                *RULES,
                WAIT,
                *HEAT,
                RAMP,
                *SPOTS,
                *CHOSEN,
                DIVISION,
                *WORK,
                *BOUNDS,
                *SECTION,
                LANG,
            ],
            "application/geo+json",
        )
    },
    "/api/density": {"get": operation("Incidents per grid.", [LEVEL, *WINDOW, DIVISION])},
    "/api/grids": {"get": operation("Grids of a level with what lies in them.", [LEVEL, PARENT, *WINDOW])},
    **ASSIGNMENT_PATHS,
    "/api/cameras": {"get": operation("Cameras, 5,000 at a time when not asked otherwise.", [OFFSET, LIMIT])},
    **FINDING_PATHS,
    **DRAFT_PATHS,
    **BALANCE_PATHS,
    **TIME_PATHS,
    **TRAIL_PATHS,
    **LIVE_PATHS,
    **COMPARE_PATHS,
    **HEAT_PATHS,
    **HOTSPOT_PATHS,
    **COVERAGE_PATHS,
    **WHATIF_PATHS,
    **TAKEAWAY_PATHS,
    **PRIVACY_PATHS,
    "/api/export/{name}": {
        "get": operation(
            f"As a file: one of {', '.join((*LAYERS, *DERIVED, FINDINGS))} followed by one of {', '.join(SUFFIXES)}.",
            [
                path("name"),
                query("crs", "EPSG code; WGS 84 when absent."),
                CAMERA,
                LEVEL,
                PARENT,
                *WINDOW,
                *RULES,
                LIMIT,
                *CHOSEN,
                WAIT,
            ],
            ANY,
        )
    },
    "/api/imports": {"get": operation("The latest imports.", [LIMIT])},
    "/api/imports/{import_id}/rejects.csv": {
        "get": operation("Rows that an import did not take.", [path("import_id", {"type": "integer"})], "text/csv")
    },
    "/api/uploads": {"post": operation("Upload a file and look into it.", [], JSON, _FILE, "201")},
    "/api/uploads/{upload_id}": {"delete": operation("Forget an upload.", [UPLOAD], JSON, {})},
    "/api/uploads/{upload_id}/preview": {"post": operation("Look into an upload again.", [UPLOAD], JSON, _OPTIONS)},
    "/api/uploads/{upload_id}/import": {
        "post": operation("Import an upload, or try to.", [UPLOAD], JSON, _OPTIONS, "202")
    },
    "/api/jobs/{job_id}": {"get": operation("State of an import.", [path("job_id")])},
    "/api/jobs/{job_id}/rejects.csv": {"get": operation("Rows that a job did not take.", [path("job_id")], "text/csv")},
    "/tiles/base/{z}/{x}/{y}.png": {
        "get": operation(
            "Base map.",
            [*TILE, SCALE, THEME],
            "image/png",
        )
    },
    **TILE_PATHS,
    "/tiles/heat/{z}/{x}/{y}.png": {
        "get": operation(
            "Heat of incidents.",
            [*TILE, SCALE, THEME, *WINDOW, *SCALE_OF, *HEAT, RAMP],
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
        "components": {"schemas": SCHEMAS, "securitySchemes": SECURITY},
    }


@blueprint.get("/api/openapi.json")
def openapi() -> Response:
    """Describe the service."""
    return reply(dumps(document()).encode(), JSON)
