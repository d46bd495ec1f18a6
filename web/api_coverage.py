"""What cameras see and do not see: coverage of each grid, views, blind spots, who sees a place."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from flask import Blueprint, Response, request

from geo.columns import Snapshot
from layers.base import Params
from web import coverage_service as service
from web.api_data import asked
from web.i18n import current_lang
from web.jsonio import dumps
from web.params import number
from web.replies import JSON, cached, fresh_json, reply
from web.runs import Shown
from web.service import revisions
from web.state import Atlas

blueprint = Blueprint("api_coverage", __name__, url_prefix="/api")
MOST_SPOTS = 5000


def wait_s() -> float:
    """Return how long the request waits for a computation."""
    return number(request.args, "wait_s", 20.0, 0.0, 100.0)


def ready() -> tuple[Atlas, Snapshot, Params, Shown]:
    """Return what the request asks for, and what can be shown of it."""
    state, snapshot, params = asked()
    return state, snapshot, params, service.shown(state.runs, snapshot, params, wait_s())


def shown_json(
    found: Shown, key: Hashable, snapshot: Snapshot, make: Callable[[], Any], mimetype: str = JSON
) -> Response:
    """Return the JSON of a result: kept while it is of the present state of the store, else made anew each time.

    202 while there is nothing to show yet.
    """

    def body() -> bytes:
        made = make()
        return made if isinstance(made, bytes) else dumps(made).encode()

    if found.state == "ready":
        return cached((key, revisions(snapshot, service.READS)), body, mimetype)
    response = reply(body(), mimetype)
    if found.complete is None and found.state == "computing":
        response.status_code = 202
    return response


@blueprint.get("/coverage")
def coverage() -> Response:
    """Say how much of each grid cameras see certainly, possibly or not, and what of its streets and incidents."""
    _, snapshot, params, found = ready()
    return shown_json(
        found,
        ("coverage", params),
        snapshot,
        lambda: {
            **service.coverage_answer(found, snapshot, params),
            "meta": service.coverage_meta(found, snapshot, params),
        },
    )


@blueprint.get("/coverage/status")
def coverage_status() -> Response:
    """Say how the computation of a level stands; begins none."""
    state, snapshot, params = asked()
    found = state.runs.ask(snapshot, service.slot_of(snapshot, params), begin=False)
    return fresh_json(service.status_answer(found))


@blueprint.post("/coverage/start")
def coverage_start() -> Response:
    """Begin to compute a level, also after it was cancelled or has failed."""
    state, snapshot, params = asked()
    found = state.runs.start(snapshot, service.slot_of(snapshot, params))
    return fresh_json(service.status_answer(found), 202 if found.state == "computing" else 200)


@blueprint.post("/coverage/cancel")
def coverage_cancel() -> Response:
    """Stop computing a level; what was complete before stays."""
    state, snapshot, params = asked()
    found = state.runs.cancel(snapshot, service.slot_of(snapshot, params))
    return fresh_json(service.status_answer(found))


@blueprint.get("/standards")
def standards() -> Response:
    """List the classes of both editions of the standard."""
    return reply(dumps(service.standards_answer(current_lang())).encode(), JSON)
