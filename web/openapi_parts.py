"""Pieces of /api/openapi.json: parameters that many routes share, and the shape of an operation."""

from __future__ import annotations

from typing import Any

from layers.base import KERNELS, RAMP_NAMES, WEIGHTS
from web.replies import JSON

Operation = dict[str, Any]
ANY = "*/*"  # a file whose kind its suffix says


def query(name: str, text: str, schema: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return a query parameter, a text when not said otherwise."""
    return {"name": name, "in": "query", "required": False, "description": text, "schema": schema or {"type": "string"}}


def path(name: str, schema: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return a part of a path."""
    return {"name": name, "in": "path", "required": True, "schema": schema or {"type": "string"}}


LEVEL = query("level", "Grid level; the finest one when absent.")
PARENT = query("parent", "Only grids whose parent has this code.")
DIVISION = query(
    "division", "By which division a past period is counted.",
    {"type": "string", "enum": ["today", "then"], "default": "today"},
)  # fmt: skip
WINDOW = [
    query("from", "ISO 8601 date or time; a date is local midnight in the store's timezone. Included."),
    query("to", "ISO 8601 date or time. Not included."),
    {
        **query("category", "Repeat for several; all when absent.", {"type": "array", "items": {"type": "string"}}),
        "style": "form",
        "explode": True,
    },
    query("hours", "Hours of the day in the store's time zone, 0 to 23: `8`, `8,9` or `22-5`; all when absent."),
    query("weekdays", "Weekdays in the store's time zone, 1 (Monday) to 7: `6,7` or `1-5`; all when absent."),
]
NEAR = query(
    "near_m",
    "Nearer to a border than this is doubtful, in metres.",
    {"type": "number", "minimum": 0, "maximum": 1000, "default": 15},
)
MAP = [
    query("bbox", "west,south,east,north in degrees."),
    query(
        "zoom", "Zoom of the map; decides how incidents are grouped.", {"type": "number", "minimum": 0, "maximum": 24}
    ),
    query("metric", "What the density shades.", {"type": "string", "enum": ["count", "per_km2", "per_10k"]}),
    query("method", "How its classes are cut.", {"type": "string", "enum": ["quantiles", "fisher_jenks", "equal"]}),
]
SCALE_OF = [
    query("scale_from", "With scale_to: the window whose values give the scale of colours; its own when absent."),
    query("scale_to", "Not included; see scale_from."),
]
RADIUS = query(
    "radius_m", "Radius of the heat map in metres.", {"type": "number", "minimum": 5, "maximum": 5000, "default": 120}
)
KERNEL = query(
    "kernel",
    "Kernel of the heat map; `radius_m` is where the quartic ends, or the Gaussian's standard deviation.",
    {"type": "string", "enum": list(KERNELS), "default": "quartic"},
)
WEIGHT = query(
    "weight",
    "Whether each incident counts 1 or as much as it is severe; with `severity` those without one are left out.",
    {"type": "string", "enum": list(WEIGHTS), "default": "none"},
)
RAMP = query("ramp", "Colours of the heat map.", {"type": "string", "enum": list(RAMP_NAMES), "default": "rose"})
HEAT = [RADIUS, KERNEL, WEIGHT]
THEME = query("theme", "Light or dark.", {"type": "string", "enum": ["light", "dark"], "default": "light"})
TILE = [path(name, {"type": "integer", "minimum": 0}) for name in ("z", "x", "y")]
SCALE = query("scale", "2 for dense screens.", {"type": "integer", "enum": [1, 2]})
LANG = query("lang", "Language of texts.", {"type": "string", "enum": ["zh", "en"]})
LIMIT = query("limit", "Most rows to list.", {"type": "integer", "minimum": 0})
OFFSET = query("offset", "How many rows to leave out first.", {"type": "integer", "minimum": 0})
TOKEN = {
    "name": "X-CSRF-Token",
    "in": "header",
    "required": True,
    "description": "From /api/csrf, with its cookie.",
    "schema": {"type": "string"},
}
UPLOAD = path("upload_id", {"type": "string", "pattern": "^[0-9a-f]{32}$"})


def operation(
    summary: str,
    parameters: list[dict[str, Any]] | None = None,
    media: str = JSON,
    body: dict[str, Any] | None = None,
    status: str = "200",
) -> Operation:
    """Return an operation; `body` None: not a changing one, empty: changing without a body."""
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
    if any(one["name"] == "wait_s" for one in parameters or []):
        told = {kind: {"schema": {"type": "object"}} for kind in {JSON, media} if kind.endswith("json")}
        also(found, "202", "Not worked out within `wait_s`: how far it is.", dict(sorted(told.items())))
    if body is not None:
        found["parameters"].append(TOKEN)
        if body:
            found["requestBody"] = {"required": True, "content": body}
    return found


def also(found: Operation, status: str, text: str, content: dict[str, Any] | None = None) -> Operation:
    """Add another answer to an operation; no `content`: an empty one."""
    found["responses"][status] = {"description": text, **({"content": content} if content else {})}
    return found
