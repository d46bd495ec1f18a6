"""The figures behind the maps: density, grids, assignment check, cameras, coverage."""

from __future__ import annotations

from flask import Blueprint, Response, request

from geo.columns import Snapshot
from layers.base import Params
from web import service, sites
from web.i18n import current_lang
from web.params import layer_params, number
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
    _, snapshot, params = asked()
    return cached_json(
        ("density", service.revisions(snapshot, GRID_NEEDS), params),
        lambda: {
            **service.density_answer(snapshot, params),
            "meta": service.origin(snapshot, ("grids", "incidents"), params),
        },
    )


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


@blueprint.get("/assignment")
def assignment() -> Response:
    """List incidents whose recorded grid is doubtful."""
    _, snapshot, params = asked()
    limit = int(number(request.args, "limit", 200, 0, MAX_ROWS, whole=True))
    return cached_json(
        ("assignment", limit, service.revisions(snapshot, GRID_NEEDS), params),
        lambda: {
            **service.assignment_answer(snapshot, params, limit),
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
