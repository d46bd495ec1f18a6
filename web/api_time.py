"""When incidents happen, and all that is known of one grid."""

from __future__ import annotations

from flask import Blueprint, Response, request

from web import service
from web.api_data import asked
from web.coverage_service import READS, slot_of
from web.divisions import counted
from web.jsonio import dumps
from web.params import short_text
from web.profile import NEEDS, grid_asked, profile_answer
from web.replies import JSON, cached_json, reply
from web.rhythm import rhythm_answer

blueprint = Blueprint("api_time", __name__, url_prefix="/api")


@blueprint.get("/rhythm")
def rhythm() -> Response:
    """Incidents by hour and weekday, by month, by weekday; of one grid when `code` is given."""
    _, snapshot, params = asked()
    code = short_text(request.args, "code")
    return cached_json(
        ("rhythm", code, service.revisions(snapshot, ("grids", "incidents")), params),
        lambda: {
            **rhythm_answer(snapshot, params, code),
            "meta": service.origin(snapshot, ("grids", "incidents"), params),
        },
    )


@blueprint.get("/profile")
def profile() -> Response:
    """Return all that is known of the grid `code` of a level."""
    state, snapshot, params = asked()
    code = grid_asked(request.args)
    # Only looked at: a click on a grid begins no computation of a city.
    found = state.runs.ask(snapshot, slot_of(snapshot, params), begin=False)

    def make() -> dict[str, object]:
        by = counted(state, snapshot, params)
        meta = service.origin(by.snapshot, NEEDS, params) | {"division": by.facts}
        return {**profile_answer(state.cache, by.snapshot, params, code, found), "meta": meta}

    if found.state == "computing":
        return reply(dumps(make()).encode(), JSON)
    computed = None if found.complete is None else found.complete.mark
    return cached_json(("profile", code, found.state, computed, service.revisions(snapshot, READS), params), make)
