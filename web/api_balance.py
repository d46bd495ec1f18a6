"""How evenly work is shared out, and new divisions that would share it out better."""

from __future__ import annotations

from flask import Blueprint, Response, request

from layers.balanced import NEEDS
from layers.divided import NEEDS as DIVIDE_NEEDS
from layers.sectioned import NEEDS as SECTION_NEEDS
from web import balance as answers
from web import dividing, sectioning
from web.api_data import asked
from web.params import flag, number
from web.replies import cached, cached_json, fresh_json, reply
from web.service import revisions

GEOJSON = "application/geo+json"
blueprint = Blueprint("api_balance", __name__, url_prefix="/api")


@blueprint.get("/balance")
def balance() -> Response:
    """Workload of each grid and team, how unequal it is, and which grids lie outside the bounds."""
    _, snapshot, params = asked()
    limit = int(number(request.args, "limit", answers.MOST, 0, answers.MOST, whole=True))
    return cached_json(
        ("balance", limit, revisions(snapshot, NEEDS), params),
        lambda: answers.balance_answer(snapshot, params, limit),
    )


@blueprint.get("/divide")
def divide() -> Response:
    """Draft a division of the grids below a parent into grids of even work; 202 while it is being drafted."""
    state, snapshot, params = asked()
    ask = dividing.ask_of(request.args, params)
    wait_s = number(request.args, "wait_s", 20.0, 0.0, 100.0)
    begin = state.divisions.start if flag(request.args, "again") else state.divisions.ask
    told = begin(snapshot, ask, params, wait_s)
    if told.state == "ready":
        key = ("divide", ask, revisions(snapshot, DIVIDE_NEEDS), params)
        return cached(key, lambda: dividing.division_body(told, snapshot, params), GEOJSON)
    response = reply(dividing.division_body(told, snapshot, params), GEOJSON)
    if told.state == "computing":
        response.status_code = 202
    return response


@blueprint.post("/divide/cancel")
def divide_cancel() -> Response:
    """Stop drafting a division; its query is that of the draft."""
    state, snapshot, params = asked()
    ask = dividing.ask_of(request.args, params)
    return fresh_json({"state": state.divisions.cancel(snapshot, ask, params).state})


@blueprint.get("/sections")
def sections() -> Response:
    """List road sections with the grids they run along; 202 while they are being made."""
    state, snapshot, params = asked()
    limit = int(number(request.args, "limit", sectioning.MOST, 0, sectioning.MOST, whole=True))
    told = state.sections.ask(snapshot, params, number(request.args, "wait_s", 20.0, 0.0, 100.0))
    if told.state == "ready":
        key = ("sections", limit, revisions(snapshot, SECTION_NEEDS), params)
        return cached_json(key, lambda: sectioning.sections_answer(told, snapshot, params, limit))
    response = fresh_json(sectioning.sections_answer(told, snapshot, params, limit))
    if told.state == "computing":
        response.status_code = 202
    return response
