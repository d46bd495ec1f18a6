"""Who is responsible for a place: a point, or a text of the data."""

from __future__ import annotations

from flask import Blueprint, Response, request

from geo.errors import N_
from web import responsible, service
from web.params import fault, number, short_text
from web.replies import cached_json
from web.sightings import place
from web.state import atlas

blueprint = Blueprint("api_responsible", __name__, url_prefix="/api")
MOST = 50


@blueprint.get("/responsible")
def who() -> Response:
    """Say which grids and which team are responsible for a point (`lon`, `lat`), or for what `q` names, best first."""
    snapshot = atlas().snapshot()
    limit = int(number(request.args, "limit", 10, 1, MOST, whole=True))
    text = short_text(request.args, "q")
    point = responsible.point_of(text or "")
    if point is None and (text is None or not text.strip()):
        if not (request.args.get("lon") or request.args.get("lat")):
            raise fault("q", "", N_("Nothing is asked for."), N_("Give q, or lon and lat, in degrees (WGS 84)."))
        point = place(request.args, snapshot.crs)
    elif point is not None:
        point = place({"lon": str(point[0]), "lat": str(point[1])}, snapshot.crs)  # type: ignore[arg-type]

    def make() -> responsible.Json:
        if point is not None:
            found, more = responsible.at_lonlat(snapshot, *point), False
        else:
            found, more = responsible.search(snapshot, text or "", limit)
        query = {"q": text, "lon": None if point is None else point[0], "lat": None if point is None else point[1]}
        return {"query": query, "results": found, "more": more, "meta": service.origin(snapshot, responsible.NEEDS)}

    return cached_json(("responsible", text, point, limit, service.revisions(snapshot, responsible.NEEDS)), make)
