"""The figures behind the maps: density, grids, assignment check, cameras, coverage."""

from __future__ import annotations

from flask import Blueprint, Response, request

from geo.columns import Snapshot
from layers.base import Params
from web import assignments, service, sites
from web.divisions import counted
from web.i18n import current_lang
from web.params import Query, flag, layer_params, number, one_of
from web.replies import cached_json
from web.state import Atlas, atlas

blueprint = Blueprint("api_data", __name__, url_prefix="/api")
GRID_NEEDS = ("grids", "incidents", "cameras")
MAX_ROWS = 5000
MAX_CAMERAS = 20_000


def asked() -> tuple[Atlas, Snapshot, Params]:
    """Return the process's state, the present snapshot and the parameters of the request."""
    state = atlas()
    snapshot = state.snapshot()
    return state, snapshot, layer_params(request.args, snapshot, current_lang())


@blueprint.get("/density")
def density() -> Response:
    """Incidents per grid of a level, as `flask density` prints them."""
    state, snapshot, params = asked()

    def make() -> dict[str, object]:
        by = counted(state, snapshot, params)
        meta = service.origin(by.snapshot, ("grids", "incidents"), params) | {"division": by.facts}
        return {**service.density_answer(by.snapshot, params), "meta": meta}

    return cached_json(("density", service.revisions(snapshot, GRID_NEEDS), params), make)


@blueprint.get("/grids")
def grids() -> Response:
    """List the grids of a level, or those of one parent, with what lies in them."""
    state, snapshot, params = asked()
    return cached_json(
        ("grids", service.revisions(snapshot, GRID_NEEDS), params),
        lambda: {
            **service.grids_answer(state.cache, snapshot, params),
            "meta": service.origin(snapshot, GRID_NEEDS, params),
        },
    )


def queue_of(query: Query, limit: int, most: int) -> assignments.Queue:
    """Return which part of the queue of doubtful incidents a request asks for."""
    return assignments.Queue(
        state=one_of(query, "queue", assignments.STATES, "open"),
        why=one_of(query, "why", ("", *assignments.DOUBTS), ""),
        sort=one_of(query, "order_by", assignments.SORTS, "doubt"),
        down=flag(query, "down"),
        offset=int(number(query, "offset", 0, 0, 1e9, whole=True)),
        limit=int(number(query, "limit", limit, 0, most, whole=True)),
    )


@blueprint.get("/assignment")
def assignment() -> Response:
    """List incidents whose grid is doubtful, and what was decided about them."""
    state, snapshot, params = asked()
    queue = queue_of(request.args, 200, MAX_ROWS)
    return cached_json(
        ("assignment", queue, service.revisions(snapshot, GRID_NEEDS), params),
        lambda: {
            **assignments.assignment_answer(snapshot, params, queue, state.store),
            "meta": service.origin(snapshot, ("grids", "incidents"), params),
        },
    )


@blueprint.get("/cameras")
def cameras() -> Response:
    """List the cameras with all that is known of them, 5,000 at a time unless asked otherwise."""
    snapshot = atlas().snapshot()
    offset = int(number(request.args, "offset", 0, 0, 1e9, whole=True))
    limit = int(number(request.args, "limit", MAX_ROWS, 0, MAX_CAMERAS, whole=True))
    return cached_json(
        ("cameras", offset, limit, service.revisions(snapshot, ("cameras",))),
        lambda: {**sites.cameras_answer(snapshot, offset, limit), "meta": service.origin(snapshot, ("cameras",))},
    )
