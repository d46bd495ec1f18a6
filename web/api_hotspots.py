"""Hot spots over HTTP."""

from __future__ import annotations

from flask import Blueprint, Response, request

from web import service
from web.api_data import asked
from web.i18n import translate
from web.params import number
from web.replies import cached_json

blueprint = Blueprint("api_hotspots", __name__, url_prefix="/api")
NEEDS = ("grids", "incidents")
LISTED, MOST_LISTED = 2000, 50_000


@blueprint.get("/hotspots")
def hotspots() -> Response:
    """Places with more or fewer incidents than chance would bring, and since when."""
    _, snapshot, params = asked()
    limit = int(number(request.args, "limit", LISTED, 0, MOST_LISTED, whole=True))

    def make() -> service.Json:
        from web.hotspots import hotspots_answer  # brings in the compiler

        answer = hotspots_answer(snapshot, params, limit, lambda text: translate(text, params.lang))
        return {**answer, "meta": service.origin(snapshot, NEEDS, params)}

    return cached_json(("hotspots", limit, service.revisions(snapshot, NEEDS), params), make)
