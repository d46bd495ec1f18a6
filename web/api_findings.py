"""What the audit of the division found."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, Response, request

from geo.errors import N_
from layers.base import chosen_level
from web import findings
from web.alerts import posts
from web.api_data import asked
from web.audit_runs import ShownAudit
from web.coverage_tables import Table
from web.finding_notes import noted
from web.jsonio import dumps
from web.params import number
from web.replies import JSON, cached_json, reply
from web.run_answers import must_be_there
from web.service import revisions

FINDINGS = "findings"
blueprint = Blueprint("api_findings", __name__, url_prefix="/api")


def wait_s() -> float:
    """Return how long the request waits for the audit."""
    return number(request.args, "wait_s", 20.0, 0.0, 100.0)


def findings_file() -> Table:
    """Return the findings that the request asks for as rows of a file; waits for the audit."""
    state, snapshot, params = asked()
    shown = state.audits.ask(snapshot, wait_s())
    must_be_there(shown, N_("The audit is still being worked out."))
    text = findings.description(snapshot, shown.audit)
    return findings.findings_table(shown.audit, snapshot, params, text, noted(state.store))


@blueprint.get("/audit")
def audit() -> Response:
    """List every defect of the division, the gravest and largest first, as `flask audit` prints them."""
    state, snapshot, params = asked()
    level = params.finding_level or params.level
    if level is not None and len(snapshot["grids"]):
        chosen_level(snapshot["grids"], level)
    params = replace(params, finding_level=level)
    limit = int(number(request.args, "limit", findings.MOST, 0, findings.MOST, whole=True))
    found: ShownAudit = state.audits.ask(snapshot, wait_s())

    notes = noted(state.store)

    def make() -> findings.Json:
        return {
            **findings.findings_answer(found.audit, snapshot, params, limit, notes),
            "meta": findings.findings_meta(found, snapshot, params.lang) | {"teams": posts(snapshot)[1:]},
        }

    if found.state == "ready":
        return cached_json(("audit", limit, notes.mark, revisions(snapshot, findings.NEEDS), params), make)
    response = reply(dumps(make()).encode(), JSON)
    if found.state == "computing":
        response.status_code = 202
    return response
