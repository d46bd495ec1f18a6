"""What cameras see of private places, and what is not recorded of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, request

from geo.errors import N_
from layers.engine import rules_of
from layers.exposure import NEEDS
from web.api_coverage import wait_s
from web.api_data import asked
from web.coverage_tables import Table
from web.exposures import STEPS
from web.i18n import translate
from web.jsonio import dumps
from web.params import number
from web.replies import JSON, cached_json, fresh_json, reply
from web.run_answers import fault_answer, must_be_there
from web.runner import Told
from web.service import revisions
from web.tables import Asked

if TYPE_CHECKING:  # it brings in the compiler
    from layers.exposure_audit import Audit

blueprint = Blueprint("api_exposure", __name__, url_prefix="/api")
MOST_LISTED = 10_000


@blueprint.get("/exposure")
def exposure() -> Response:
    """Say of each camera how much private ground it sees, what would help, and what is not recorded of it."""
    from web.exposure_answer import answer  # brings in the compiler

    state, snapshot, params = asked()
    limit = int(number(request.args, "limit", 1000, 0, MOST_LISTED, whole=True))
    rules = rules_of(params)
    told = state.exposures.ask(snapshot, rules, wait_s())
    if told.state != "ready":
        response = reply(dumps(answer(told, snapshot, params)).encode(), JSON)
        response.status_code = 202 if told.state == "computing" else 200
        return response
    key = ("exposure", rules, limit, params.lang, revisions(snapshot, NEEDS))
    return cached_json(key, lambda: answer(told, snapshot, params, limit))


def _status(told: Told[Audit], lang: str | None) -> Response:
    answer = {
        "state": told.state,
        "progress": 1.0 if told.state == "ready" else round(told.progress, 3),
        "step": translate(STEPS.get(told.step, told.step), lang) if told.state == "computing" else "",
        "job": told.job,
        "error": fault_answer(told.error, lang),
    }
    return fresh_json(answer, 202 if told.state == "computing" and request.method == "POST" else 200)


@blueprint.get("/exposure/status")
def exposure_status() -> Response:
    """Say how the audit stands; begins none."""
    state, snapshot, params = asked()
    return _status(state.exposures.ask(snapshot, rules_of(params), begin=False), params.lang)


@blueprint.post("/exposure/start")
def exposure_start() -> Response:
    """Begin the audit, also after it was cancelled or has failed."""
    state, snapshot, params = asked()
    return _status(state.exposures.start(snapshot, rules_of(params)), params.lang)


@blueprint.post("/exposure/cancel")
def exposure_cancel() -> Response:
    """Stop the audit."""
    state, snapshot, params = asked()
    return _status(state.exposures.cancel(snapshot, rules_of(params)), params.lang)


def ready(wanted: Asked) -> Audit | None:
    """Return the audit that a file is made of; None for an empty store (raises as `web.run_answers.must_be_there`)."""
    told = wanted.state.exposures.ask(wanted.snapshot, rules_of(wanted.params), wait_s())
    must_be_there(told, N_("The exposure audit is not worked out yet."))
    return told.result


def file_table() -> Table:
    """Return the rows of /api/export/exposure.*."""
    from web.exposure_answer import exposure_table  # brings in the compiler

    state, snapshot, params = asked()
    return exposure_table(ready(Asked(state, snapshot, params, request.args)), snapshot, params)
