"""Decisions about the grid of single incidents, and the flows between grids."""

from __future__ import annotations

from typing import Any

import numpy as np
from flask import Blueprint, Response, request

from geo.columns import Snapshot
from geo.errors import N_
from layers.base import chosen_level
from layers.by_grid import position
from layers.joins import located
from store.decisions import MOST, Seen
from store.errors import ConflictError, PersonalDataError
from web import assignments, decided, service
from web.api_data import asked
from web.errors import RequestError
from web.params import fault, number, one_of
from web.replies import cached_json, fresh_json
from web.state import atlas

blueprint = Blueprint("api_decisions", __name__, url_prefix="/api/assignment")
LONGEST = 500  # letters of a reason
NEEDS = ("grids", "incidents")


@blueprint.get("/flows")
def flows() -> Response:
    """List from which grid to which incidents moved: recorded in one, counted in another; the most first."""
    _, snapshot, params = asked()
    limit = int(number(request.args, "limit", 200, 0, 5000, whole=True))
    return cached_json(
        ("flows", limit, service.revisions(snapshot, NEEDS), params),
        lambda: {
            **assignments.flows_answer(snapshot, params, limit),
            "meta": service.origin(snapshot, NEEDS, params),
        },
    )


@blueprint.get("/decisions")
def listed() -> Response:
    """List what was decided, the last decision first; those that were superseded or undone too where asked."""
    state = atlas()
    snapshot = state.snapshot()
    ended = one_of(request.args, "state", ("now", "all"), "now") == "all"
    limit = int(number(request.args, "limit", 200, 0, 5000, whole=True))
    offset = int(number(request.args, "offset", 0, 0, 1e9, whole=True))
    found = decided.listed(state.store, snapshot, ended=ended)
    shown = found[offset : offset + limit]
    return fresh_json(
        {"total": len(found), "decisions": decided.told(shown, snapshot), "meta": service.origin(snapshot, NEEDS)}
    )


@blueprint.post("/decisions")
def decide() -> Response:
    """Decide which grid one or many incidents belong to: all of them, or none where one is no longer as it was seen."""
    from web.whatif_request import json_object

    body, state = json_object(), atlas()
    whole = state.whole()
    snapshot = state.snapshot()
    level = chosen_level(snapshot["grids"], _text(body, "level", 200))
    if level is None:
        raise fault("level", "", N_("There are no grids to decide for."), N_("Import grids first."))
    grid = None if body.get("grid", "") is None else _text(body, "grid", 200)
    if grid is not None:
        position(snapshot, level, grid)
    reason = _reason(body)
    if body.get("grids_revision") != snapshot["grids"].revision:
        raise ConflictError(
            N_("The division was changed meanwhile."), N_("Look at the queue as it is now, and decide again.")
        )
    seen = _seen(body.get("incidents"), snapshot, level)
    done = state.store.decide(level, grid, seen, reason, revision=snapshot.revision, grids=whole["grids"].revision)
    return fresh_json(
        {"revision": done[0].revision, "decisions": [decided.plain(one) for one in done],
         "meta": service.origin(state.snapshot(), NEEDS)}, 201,
    )  # fmt: skip


@blueprint.post("/decisions/undo")
def undo() -> Response:
    """Take decisions back; where one took the place of another, that one holds again."""
    from web.whatif_request import json_object

    body, state = json_object(), atlas()
    snapshot = state.snapshot()
    numbers = body.get("decisions")
    if not isinstance(numbers, list) or not 0 < len(numbers) <= MOST or not all(type(one) is int for one in numbers):
        raise fault("decisions", numbers, N_("“{value}” cannot be used for {field}."), N_("Give a list of numbers."))
    mine = decided.changeable(state.store, snapshot)
    for one in numbers:
        if one not in mine:
            raise RequestError(
                404, "unknown_decision", N_("There is no such decision."),
                N_("/api/assignment/decisions lists them."), id=str(one)[:80],
            )  # fmt: skip
    revision, ended, again = state.store.undo_decisions(numbers)
    return fresh_json(
        {"revision": revision, "undone": [decided.plain(one) for one in ended],
         "decisions": [decided.plain(one) for one in again], "meta": service.origin(state.snapshot(), NEEDS)}
    )  # fmt: skip


def _text(body: dict[str, Any], name: str, most: int) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value.strip() or len(value) > most:
        raise fault(
            name, "" if value is None else value, N_("“{value}” cannot be used for {field}."),
            N_("Give a text of 1 to {limit} characters."), limit=most,
        )  # fmt: skip
    return value


def _reason(body: dict[str, Any]) -> str:
    """Why it was decided so; about places, never about people."""
    from store.intake.guard import cell_kind  # slow to import

    reason = _text(body, "reason", LONGEST).strip()
    if any(letter < " " and letter not in "\n\t" for letter in reason):
        raise fault("reason", reason, N_("“{value}” cannot be used for {field}."), N_("Give a text."))
    what = cell_kind(reason)
    if what is not None:
        raise PersonalDataError(
            N_("The text holds data about a person ({what})."),
            N_("Remove it from the text; GridAtlas is about places."), what=what, field="reason",
        )  # fmt: skip
    return reason


def _seen(given: Any, snapshot: Snapshot, level: str) -> list[Seen]:
    """Return the incidents that are decided as the present snapshot has them; raise where the caller saw another."""
    if not isinstance(given, list) or not 0 < len(given) <= MOST or not all(isinstance(one, dict) for one in given):
        raise fault(
            "incidents", "" if given is None else given, N_("“{value}” cannot be used for {field}."),
            N_("Give a list of 1 to {limit} incidents."), limit=MOST,
        )  # fmt: skip
    names = [one.get("id") for one in given]
    if not all(isinstance(name, str) and 0 < len(name) <= 200 for name in names) or len(set(names)) != len(names):
        raise fault("id", names, N_("“{value}” cannot be used for {field}."), N_("Give each incident once, by its id."))
    incidents = snapshot["incidents"]
    rows = decided.rows_of(atlas().store, incidents, names)
    if len(incidents) == 0 or (rows < 0).any() or incidents.x is None or incidents.y is None:
        gone = names[int(np.argmin(rows))] if len(rows) else ""
        raise RequestError(
            404,
            "unknown_incident",
            N_("There is no incident {id}."),
            N_("Look at the queue as it is now."),
            id=gone[:80],
        )
    joined = located(snapshot, level)
    codes = np.append(snapshot["grids"].text("code")[joined.rows], None)
    recorded = incidents.text("grid_code")[rows]
    held = decided.held(incidents, level)
    found = []
    for i, (one, row) in enumerate(zip(given, rows.tolist(), strict=True)):
        now = Seen(
            names[i], held.get(row), recorded[i], codes[joined.index[row]], float(incidents.x[row]),
            float(incidents.y[row]),
        )  # fmt: skip
        if (one.get("decision"), one.get("recorded"), one.get("located")) != (now.before, now.recorded, now.located):
            raise ConflictError(
                N_("The incident {incident} is no longer as you saw it: it was changed, or somebody else decided."),
                N_("Look at the queue as it is now, and decide again."),
                incident=names[i][:80], decision=now.before,
            )  # fmt: skip
        found.append(now)
    return found
