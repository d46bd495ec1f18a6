"""/api/incidents and /api/stream: incidents come in, and reach every open page."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from flask import Blueprint, Response, request

from geo.area import Area
from geo.errors import N_
from store.live import LiveIncident
from web import identity
from web.bearer import sender
from web.errors import RequestError
from web.identity import reader
from web.params import fault, number
from web.replies import fresh_json
from web.security import cross_site
from web.service import origin
from web.state import atlas

blueprint = Blueprint("api_live", __name__, url_prefix="/api")
MOST_READ = 500
EVENTS = "text/event-stream"


@blueprint.post("/incidents")
def receive() -> Response:
    """Store incidents that a program sends: on the disk when this answers, once each whatever is repeated."""
    from web.live_request import body, incidents  # what finds personal data is slow to import

    sender()
    state = atlas()
    sent, listed = body()
    snapshot = state.snapshot()
    if snapshot.crs is None:
        raise RequestError(
            409,
            "conflict",
            N_("The store holds no data of a town yet."),
            N_("Import grids or incidents of your town first."),
        )
    found, simulated = incidents(sent, snapshot, np.datetime64("now", "ms"), listed=listed)
    if snapshot.scope is not None:
        _in_area(snapshot.scope, found)
    held = state.live.commit.submit(found, simulated=simulated)
    told = [{**state.live.facts.of(one, snapshot), "created": one.created} for one in held]
    meta = origin(snapshot, ("grids", "cameras"))
    answer: dict[str, Any] = {"incidents": told, "meta": meta} if listed else {**told[0], "meta": meta}
    return fresh_json(answer, 201 if any(one.created for one in held) else 200)


def _in_area(area: Area, found: list[LiveIncident]) -> None:
    """Refuse all of a request that has a place outside the area of the sender's token."""
    x, y = (np.array([getattr(one, axis) for one in found]) for axis in ("x", "y"))
    inside = atlas().areas.holds(atlas().whole(), area, x, y)
    if not inside.all():
        raise RequestError(
            403,
            "outside_area",
            N_("The place of the incident {id} is outside the area of your token."),
            N_("Send what lies in the area; another token is needed for the rest."),
            id=found[int(np.flatnonzero(~inside)[0])].id[:80],
        )


@blueprint.get("/incidents/since")
def since() -> Response:
    """Return the incidents received after a cursor, oldest first; without one the latest, newest first."""
    state = atlas()
    limit = int(number(request.args, "limit", 50, 1, MOST_READ, whole=True))
    cursor = _cursor(request.args.get("cursor"), "cursor")
    area, more = reader().area, False
    if cursor is None:
        found, last = state.live.latest(limit, area)
    else:
        found, last, more = state.live.after(cursor, limit, area)
    return fresh_json(
        {
            "cursor": last,
            "more": more,
            "incidents": found,
            "meta": origin(state.snapshot(), ("incidents", "grids", "cameras")),
        }
    )


@blueprint.get("/stream")
def stream() -> Response:
    """Tell a page what happens, as server-sent events; `Last-Event-ID` (or `cursor`) goes on where it was."""
    cross_site()
    cursor = _cursor(request.headers.get("Last-Event-ID"), "Last-Event-ID")
    if cursor is None:
        cursor = _cursor(request.args.get("cursor"), "cursor")
    if request.method == "HEAD":
        return Response(mimetype=EVENTS)
    opened = atlas().live.hub.open(
        cursor, request.environ.get("gunicorn.socket"), reader().area, identity.still(request.environ, atlas()), _who(),
        request.environ.get("SERVER_PROTOCOL") != "HTTP/1.0",
    )  # fmt: skip
    response = Response(opened.read(), mimetype=EVENTS)
    response.call_on_close(opened.end)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"  # nginx passes each event on at once
    return response


def _who() -> str:
    one = reader()
    return "" if one.kind == "single" else one.owner


def _cursor(text: str | None, name: str) -> int | None:
    if text is None or not text.strip():
        return None
    if not re.fullmatch(r"\d{1,18}", text.strip(), re.ASCII):
        raise fault(
            name, text, N_("“{value}” cannot be used for {field}."), N_("Give the cursor of an earlier answer.")
        )
    return int(text)
