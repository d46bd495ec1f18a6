"""/api/scenarios: planned changes of cameras that are kept by name, compared, exported and applied."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, request

from geo.columns import Snapshot
from geo.errors import N_
from layers.base import Params, chosen_level
from store.errors import ConflictError
from store.scenario import Scenario
from web import planned, scenarios
from web.api_whatif import base_of, not_yet
from web.errors import RequestError
from web.i18n import current_lang
from web.params import fault, layer_params, number, one_of
from web.replies import fresh_json
from web.state import atlas
from web.whatif_request import asked, json_object, plan_of

blueprint = Blueprint("api_scenarios", __name__, url_prefix="/api/scenarios")
FORMATS = {"geojson": "application/geo+json", "csv": "text/csv"}
MOST_COMPARED = 3
WAIT_S = 20.0


def may_apply() -> bool:
    """Return whether the caller may change the store by a scenario: the one gate, until there are accounts.

    Today whoever reaches the service may: it answers callers of its own machine only, and changing requests carry a
    safety token (`web.security`).
    """
    return True


@blueprint.get("")
def listed() -> Response:
    """List the scenarios, the last changed first."""
    return fresh_json({"scenarios": [asdict(one) for one in planned.listed()]})


@blueprint.post("")
def add() -> Response:
    """Keep a new scenario."""
    body, snapshot = json_object(), atlas().snapshot()
    made = atlas().store.add_scenario(body.get("name"), **_content(body, snapshot))  # type: ignore[arg-type]
    return fresh_json(scenarios.whole(made, snapshot), 201)


@blueprint.get("/<scenario_id>")
def one(scenario_id: str) -> Response:
    """Return a scenario with its changes, and which of its cameras changed meanwhile."""
    return fresh_json(scenarios.whole(planned.seen(scenario_id), atlas().snapshot()))


@blueprint.put("/<scenario_id>")
def change(scenario_id: str) -> Response:
    """Rename a scenario, or save other changes in it; `version` says which one was seen."""
    body, snapshot = json_object(), atlas().snapshot()
    planned.seen(scenario_id)
    content = _content(body, snapshot) if "changes" in body else {}
    made = atlas().store.change_scenario(scenario_id, _version(body), name=body.get("name"), **content)
    return fresh_json(scenarios.whole(made, snapshot))


@blueprint.delete("/<scenario_id>")
def delete(scenario_id: str) -> Response:
    """Delete a scenario of the version given in the address; it can be restored."""
    version = int(number(request.args, "version", -1, 0, 1e9, whole=True))
    planned.seen(scenario_id)
    gone = atlas().store.delete_scenario(scenario_id, version)
    return fresh_json({"id": gone.id, "name": gone.name, "deleted": True})


@blueprint.post("/<scenario_id>/restore")
def restore(scenario_id: str) -> Response:
    """Bring a deleted scenario back."""
    planned.seen(scenario_id, deleted=True)
    return fresh_json(scenarios.whole(atlas().store.restore_scenario(scenario_id), atlas().snapshot()))


@blueprint.post("/<scenario_id>/apply")
def apply(scenario_id: str) -> Response:
    """Change the cameras of the store as a scenario says: all of it in one revision, or nothing."""
    if not may_apply():
        raise RequestError(
            403, "not_allowed", N_("You may not change the store."), N_("Ask somebody who may to apply the scenario.")
        )
    body, snapshot = json_object(), atlas().snapshot()
    store = atlas().store
    found = planned.seen(scenario_id)
    version = _version(body)
    plan: dict[str, Any] = {}
    if version == found.version and found.applied_revision is None:  # else the store says why not
        _refuse_stale(found, snapshot)
        plan = scenarios.read_plan(found.changes, snapshot, None)
    applied, done = store.apply_scenario(scenario_id, version, scenarios.edits_of(found, plan))
    return fresh_json(
        {
            "scenario": asdict(applied.heading),
            "revision": done.revision,
            "placed": done.placed,
            "changed": done.changed,
            "removed": done.removed,
            "ids": list(done.ids),
        }
    )


@blueprint.get("/<scenario_id>/export")
def export(scenario_id: str) -> Response:
    """Download a scenario."""
    kind = one_of(request.args, "format", tuple(FORMATS), "geojson")
    found, snapshot = planned.seen(scenario_id), atlas().snapshot()
    data = scenarios.csv_file(found, snapshot) if kind == "csv" else scenarios.geojson(found, snapshot)
    response = Response(data, mimetype=FORMATS[kind])
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["Content-Disposition"] = (
        f"attachment; filename=scenario.{kind}; filename*=UTF-8''{_file(found)}.{kind}"
    )
    return response


@blueprint.get("/compare")
def compare() -> Response:
    """Put the store and up to three scenarios side by side."""
    snapshot = atlas().snapshot()
    ids = list(dict.fromkeys(request.args.getlist("id")))
    return _compared(snapshot, layer_params(request.args, snapshot, current_lang()), ids, None)


@blueprint.post("/compare")
def compare_own() -> Response:
    """Put the store, up to three scenarios and the changes of the body, which need not be kept, side by side."""
    body, snapshot = json_object(), atlas().snapshot()
    params = asked({name: value for name, value in body.items() if name != "id"}, snapshot)
    ids = body.get("id", [])
    if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
        raise fault("id", ids, N_("“{value}” cannot be used for {field}."), N_("Give a list of scenarios."))
    level = chosen_level(snapshot["grids"], params.level)
    own = plan_of(body, snapshot, level) if "changes" in body else None
    return _compared(snapshot, params, ids, own)


def _compared(snapshot: Snapshot, params: Params, ids: list[str], own: Any) -> Response:
    if len(ids) > MOST_COMPARED:
        raise fault(
            "id", len(ids), N_("“{value}” cannot be used for {field}."), N_("Choose at most {limit} scenarios."),
            limit=MOST_COMPARED,
        )  # fmt: skip
    chosen = [planned.seen(one) for one in ids]
    complete, found = base_of(snapshot, params, WAIT_S)
    if complete is None:
        return not_yet(found)
    return fresh_json({**scenarios.compared(complete, snapshot, params, chosen, own), "revision": snapshot.revision})


def _content(body: Mapping[str, Any], snapshot: Snapshot) -> dict[str, Any]:
    """Return what is kept of a body: changes, what they were planned on, what the reader looked at."""
    seen = body.get("cameras_revision")
    if seen is not None and seen != snapshot["cameras"].revision:
        raise ConflictError(
            N_("The cameras changed since this was planned (revision {revision})."),
            N_("Look at the plan against the present cameras, then save again."),
            revision=snapshot["cameras"].revision,
        )
    params = asked(body, snapshot)
    plan = plan_of(body, snapshot, chosen_level(snapshot["grids"], params.level))
    if snapshot.scope is not None and not plan:
        raise fault(
            "changes", 0, N_("A scenario without changes is of no area."), N_("Place, change or remove a camera first.")
        )
    return {
        "changes": scenarios.kept_changes(plan, snapshot),
        "base": scenarios.base_of_plan(plan, snapshot),
        "options": {name: body[name] for name in scenarios.OPTIONS if body.get(name) not in (None, "", [])},
        "base_revision": snapshot["cameras"].revision,
    }


def _version(body: Mapping[str, Any]) -> int:
    version = body.get("version")
    if not isinstance(version, int) or isinstance(version, bool):
        raise fault(
            "version", version, N_("“{value}” cannot be used for {field}."), N_("Give the version that you opened.")
        )
    return version


def _refuse_stale(found: Scenario, snapshot: Snapshot) -> None:
    """Name the first camera that is gone before the plan is read, which would only call it unknown."""
    for one in scenarios.stale(found, snapshot):
        if one["gone"]:
            raise ConflictError(
                N_("The camera {id} is no longer there."),
                N_("Open the scenario, take this camera out of it, save it, and apply it again."),
                id=one["camera"][:80],
                camera=one["camera"],
            )


def _file(found: Scenario) -> str:
    return quote("".join(letter if letter.isalnum() or letter in "-_ " else "_" for letter in found.name), safe="")
