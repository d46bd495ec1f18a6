"""/api/alerts: grids with more incidents than usual, and which post has taken each on."""

from __future__ import annotations

from flask import Blueprint, Response, request

from geo.errors import N_
from store.errors import PersonalDataError
from web import alerts
from web.errors import RequestError
from web.params import fault, number
from web.replies import fresh_json
from web.service import origin
from web.state import atlas

blueprint = Blueprint("api_alerts", __name__, url_prefix="/api/alerts")


@blueprint.get("")
def listed() -> Response:
    """List the alerts: those nobody acknowledged first, then the newest."""
    state = atlas()
    snapshot = state.snapshot()
    limit = int(number(request.args, "limit", 50, 1, 500, whole=True))
    found = alerts.answer(snapshot, state, limit)
    return fresh_json({**found, "meta": origin(snapshot, ("incidents", "grids"))})


@blueprint.post("/<int:alert_id>/acknowledge")
def acknowledge(alert_id: int) -> Response:
    """Write down which post has taken an alert on, with a note; once."""
    from store.intake.guard import cell_kind  # slow to import
    from web.whatif_request import json_object

    body, state = json_object(), atlas()
    snapshot = state.snapshot()
    by, note = body.get("by"), body.get("note") or ""
    known = alerts.posts(snapshot)
    if by not in known:
        raise fault(
            "by", by, N_("“{value}” is no post of this city."), N_("Choose a team of the grids, or “duty desk”.")
        )
    if not isinstance(note, str) or any(letter < " " and letter not in "\n\t" for letter in note):
        raise fault("note", note, N_("“{value}” cannot be used for {field}."), N_("Give a text."))
    what = cell_kind(note)
    if what is not None:
        raise PersonalDataError(
            N_("The text holds data about a person ({what})."),
            N_("Remove it from the text; GridAtlas is about places."),
            what=what,
            field="note",
        )
    asked = state.store.alert(alert_id)
    mine = asked is not None and (snapshot.scope is None or bool(alerts.of_area(snapshot, [asked])))
    found = state.store.acknowledge_alert(alert_id, by, note.strip()) if mine else None
    if found is None:
        raise RequestError(
            404, "unknown_alert", N_("There is no such alert."), N_("/api/alerts lists them."), id=str(alert_id)
        )
    state.live.hub.wake()
    return fresh_json({**alerts.told(found, snapshot), "meta": origin(snapshot, ("incidents", "grids"))})
