"""The parts of /api/openapi.json about the balance of the division."""

from __future__ import annotations

from layers.balance_params import LEAST_SECTION_M, MOST_LOAD, MOST_SECTION, MOST_WEIGHT, SHARES
from web.dividing import MOST_GRIDS, MOST_M2
from web.openapi_coverage import WAIT
from web.openapi_parts import LANG, LEVEL, LIMIT, PARENT, WINDOW, Operation, operation, query

WORK = [
    query(
        f"w_{name}",
        f"Weight of {name} in the workload; only the proportions of weights matter.",
        {"type": "number", "minimum": 0, "maximum": MOST_WEIGHT, "default": weight},
    )
    for name, weight in SHARES.items()
]
BOUNDS = [
    query(
        "load_low",
        "A load below this, against an even share, is too little.",
        {"type": "number", "minimum": 0, "maximum": 1, "default": 0.5},
    ),
    query(
        "load_high",
        "A load above this is too much.",
        {"type": "number", "minimum": 1, "maximum": MOST_LOAD, "default": 1.5},
    ),
]
SECTION = [
    query(
        "section_m",
        "Wished length of a road section in metres.",
        {"type": "number", "minimum": LEAST_SECTION_M, "maximum": MOST_SECTION, "default": 300},
    ),
    query(
        "section_incidents",
        "How many incidents a section is to have instead; 0: it goes by length.",
        {"type": "integer", "minimum": 0, "maximum": MOST_SECTION, "default": 0},
    ),
]
INSIDE = query("parent", "Code of the parent whose grids are drafted; needed where grids of the level have parents.")
COUNT = query(
    "count",
    "How many grids there are to be; as many as today when neither it nor `target_m2` is given.",
    {"type": "integer", "minimum": 0, "maximum": MOST_GRIDS},
)
TARGET = query("target_m2", "Mean area of a grid in m2, instead of `count`.", {"type": "number", "maximum": MOST_M2})
AGAIN = query("again", "1: begin anew what was cancelled or has failed.", {"type": "integer", "enum": [0, 1]})
BALANCE_PATHS: dict[str, dict[str, Operation]] = {
    "/api/balance": {
        "get": operation(
            "Workload of each grid and team of a level, and how unequal it is.",
            [LEVEL, PARENT, *WINDOW, *WORK, *BOUNDS, LIMIT],
        )
    },
    "/api/divide": {
        "get": operation(
            "The grids below a parent drafted anew, beside today's; 202 while they are being drafted.",
            [LEVEL, INSIDE, COUNT, TARGET, *WINDOW, *WORK, *BOUNDS, WAIT, AGAIN, LANG],
            "application/geo+json",
        )
    },
    "/api/divide/cancel": {
        "post": operation(
            "Stop drafting a division; the query is that of the draft.",
            [LEVEL, INSIDE, COUNT, TARGET, *WINDOW, *WORK, *BOUNDS],
            body={},
        )
    },
    "/api/sections": {
        "get": operation(
            "Road sections with the grids they run along; 202 while they are being made.",
            [LEVEL, PARENT, *WINDOW, *SECTION, LIMIT, WAIT],
        )
    },
}
