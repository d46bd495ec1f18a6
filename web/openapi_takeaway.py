"""The part of /api/openapi.json about what readers take away."""

from __future__ import annotations

import web.tables_balance
import web.tables_detail
import web.tables_exposure
import web.tables_findings
import web.tables_progress  # noqa: F401
from layers import REGISTRY
from web.bulletin_file import FORMS
from web.comparing import BY as COMPARED
from web.openapi_balance import BOUNDS, SECTION, WORK
from web.openapi_compare import AGAINST, MEASURE
from web.openapi_coverage import RULES
from web.openapi_hotspots import METRIC, SPOTS
from web.openapi_parts import (
    DIVISION,
    HEAT,
    LANG,
    LEVEL,
    LIMIT,
    MAP,
    NEAR,
    PARENT,
    RAMP,
    SCALE,
    THEME,
    WINDOW,
    Operation,
    operation,
    path,
    query,
)
from web.picture import LEAST, MOST, NOT_DRAWN
from web.tables import TABLES
from web.tables_found import MOST_PAIRS, MOST_PLACES
from web.tables_known import MOST_ROWS
from web.tables_live import MOST_LIVE

PICTURE = [
    query(
        "layers",
        f"Layers above the base map, separated by commas: {', '.join(sorted(set(REGISTRY) - NOT_DRAWN))}; "
        "density when absent.",
    ),
    query("centre", "latitude,longitude of the middle, with `zoom`; all data when neither it nor `bbox` is given."),
    query("width", "Of the whole picture, in pixels.",
          {"type": "integer", "minimum": LEAST[0], "maximum": MOST, "default": 1600}),
    query("height", "Of the whole picture, in pixels.",
          {"type": "integer", "minimum": LEAST[1], "maximum": MOST, "default": 1000}),
    query("title", "Title above the map; the names of the layers when absent."),
]  # fmt: skip

BY = query("by", "Rows of a comparison.", {"type": "string", "enum": list(COMPARED), "default": "grids"})
CODE = query("code", "Compare the categories of this grid only; the grid of a profile; the treated grids of a measure.")
OF_MEASURE = [{**one, "required": False} for one in MEASURE if one["name"] != "code"]
TAKEAWAY_PATHS: dict[str, dict[str, Operation]] = {
    "/api/picture.png": {
        "get": operation(
            "The map as a picture with title, legend, scale bar, north arrow, sources, date and revision.",
            [*PICTURE, SCALE, THEME, LEVEL, PARENT, *WINDOW, *MAP, NEAR, *RULES, *HEAT, RAMP, *AGAINST, *SPOTS, LANG],
            "image/png",
        )
    },
    "/api/bulletin.{form}": {
        "get": operation(
            "The bulletin of a month at a grid level: pdf or xlsx.",
            [
                path("form", {"type": "string", "enum": list(FORMS)}),
                {**query("month", "YYYY-MM."), "required": True},
                LEVEL,
                DIVISION,
                LANG,
            ],
            "application/octet-stream",
        )
    },
    "/api/tables/{name}": {
        "get": operation(
            f"A table as a file: one of {', '.join(sorted(TABLES))} followed by .csv or .xlsx; "
            f"at most {MOST_PLACES:,} hot spots and {MOST_PAIRS:,} pairs of grid and category, "
            f"the latest {MOST_LIVE:,} incidents received live and alerts.",
            [
                path("name"),
                query("sort", "Key of the column to sort by; as they come when absent."),
                query("order", "The missing are last.", {"type": "string", "enum": ["up", "down"], "default": "up"}),
                *AGAINST,
                BY,
                CODE,
                *OF_MEASURE,
                *SPOTS,
                *WORK,
                *BOUNDS,
                *SECTION,
                METRIC,
                LEVEL,
                PARENT,
                *WINDOW,
                NEAR,
                *RULES,
                DIVISION,
                {**LIMIT, "schema": {"type": "integer", "minimum": 0, "maximum": MOST_ROWS}},
                LANG,
            ],
            "application/octet-stream",
        )
    },
}
