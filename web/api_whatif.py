"""POST /api/whatif: what a plan of camera changes does to views, grids and blind spots."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response

from geo.columns import Snapshot
from geo.errors import N_
from layers.base import Params
from layers.engine import Complete
from web.coverage_service import slot_of, status_answer
from web.params import fault
from web.replies import JSON, fresh_json
from web.runs import Shown
from web.state import atlas
from web.whatif_answer import answer
from web.whatif_request import asked, json_object, plan_of, rows_by_id
from web.whatif_trials import TRIALS

blueprint = Blueprint("api_whatif", __name__, url_prefix="/api")
WAIT_S = 2.0
MAX_BESIDE = 50


def base_of(snapshot: Snapshot, params: Params, wait_s: float) -> tuple[Complete | None, Shown]:
    """Return the coverage of exactly this state of the store, None while it is being worked out."""
    found = atlas().runs.ask(snapshot, slot_of(snapshot, params), wait_s)
    return (found.complete if found.state == "ready" and not found.stale else None), found


def not_yet(found: Shown) -> Response:
    """Say that the present coverage is still being worked out."""
    return fresh_json({**status_answer(found), "grids": []}, 202)


@blueprint.post("/whatif")
def whatif() -> Response:
    """Answer a plan: views before and after, touched grids, totals, blind polygons; nothing is changed by it."""
    from geo.whatif import outcome  # brings in the compiler

    started = time.perf_counter()
    body, snapshot = json_object(), atlas().snapshot()
    params = asked(body, snapshot)
    plan = plan_of(body, snapshot, slot_of(snapshot, params)[0])
    beside = _beside(body, snapshot)
    complete, found = base_of(snapshot, params, WAIT_S)
    if complete is None:
        return not_yet(found)
    trial = TRIALS.reach(complete.city, plan)
    result = outcome(trial, beside)
    made = answer(complete, snapshot, trial, result, {"ms": round(1000 * (time.perf_counter() - started), 1)})
    response = Response(made, mimetype=JSON)
    response.headers["Cache-Control"] = "no-store"
    return response


def _beside(body: Mapping[str, Any], snapshot: Snapshot) -> list[str]:
    """Cameras whose facts and views are wanted although nothing of them is changed."""
    given = body.get("beside", [])
    if not isinstance(given, list) or len(given) > MAX_BESIDE or not all(isinstance(one, str) for one in given):
        raise fault(
            "beside",
            given,
            N_("“{value}” cannot be used for {field}."),
            N_("Give a list of at most {limit} ids of cameras."),
            limit=MAX_BESIDE,
        )
    known = rows_by_id(snapshot)
    return [name for name in given if name in known]
