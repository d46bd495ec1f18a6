"""/api/drafts: changes of the division as drafts, step by step, with review; only an approved one changes grids."""

from __future__ import annotations

from json import dumps
from typing import Any

from flask import Blueprint, Response, request

from geo.errors import N_
from geo.grid_changes import folded
from store.draft import Draft
from store.errors import ConflictError, DivisionConflictError
from web import draft_answer
from web.draft_ops import changes_of
from web.draft_standing import base_states, listed, mine, require_area, seen, shown, standing, told
from web.errors import RequestError, answer, body, status_of
from web.i18n import current_lang
from web.identity import reader
from web.params import fault, metric_bbox, number, short_text
from web.replies import fresh_json
from web.state import atlas
from web.whatif_request import json_object

blueprint = Blueprint("api_drafts", __name__, url_prefix="/api/drafts")
MOST_NODES_GRIDS = 3_000  # whose borders are sent at once
MOST_FINDINGS = 200
GEOJSON = "application/geo+json"


@blueprint.errorhandler(ConflictError)
def on_conflict(error: ConflictError) -> Response:
    """Answer a conflict with both versions: of the draft, or of each grid."""
    shape: dict[str, Any] = dict(body(error))
    if isinstance(error, DivisionConflictError):
        crs = atlas().whole().crs or ""
        known = mine()
        pairs = [pair for pair in error.params["conflicts"] if known is None or pair[0].key in known]
        shape["conflicts"] = draft_answer.conflicts(pairs, crs)
    if "present" in error.params:
        shape |= {"present": error.params["present"], "seen": error.params.get("seen")}
    return answer(status_of(error)[0], shape)


def _shown(draft: Draft, status: int = 200) -> Response:
    whole = atlas().whole()
    return fresh_json(draft_answer.whole(draft, told(folded(draft.changes)), whole, base_states(whole)), status)


def _version(given: dict[str, Any]) -> int:
    version = given.get("version")
    if isinstance(version, bool) or not isinstance(version, int):
        raise fault("version", str(version)[:80], N_("The field {field} is missing."), N_("Give the version you saw."))
    return version


def _reason(given: dict[str, Any]) -> str:
    reason = given.get("reason", "")
    if not isinstance(reason, str):
        raise fault("reason", str(reason)[:80], N_("The field {field} cannot be used."), N_("Give a text."))
    return reason


@blueprint.get("")
def drafts() -> Response:
    """List the drafts, the last changed first."""
    return fresh_json({"drafts": [draft_answer.heading(one, grids) for one, grids in listed()]})


@blueprint.post("")
def add() -> Response:
    """Begin a draft."""
    return _shown(atlas().store.add_draft(json_object().get("name")), 201)  # type: ignore[arg-type]


@blueprint.get("/<draft_id>")
def one(draft_id: str) -> Response:
    """Return a draft with its steps and the grids it changes."""
    return _shown(seen(draft_id))


@blueprint.post("/<draft_id>/steps")
def step(draft_id: str) -> Response:
    """Make a step: `op` and its fields."""
    given = json_object()
    version, op = _version(given), given.get("op")
    if not isinstance(op, str):
        raise fault("op", str(op)[:80], N_("The field {field} is missing."), N_("Give a text."))
    found = seen(draft_id)
    if found.version != version or not found.editable:  # the store says why not
        return _shown(atlas().store.add_step(draft_id, version, op, {}, ()))
    params = {name: value for name, value in given.items() if name not in ("version", "op")}
    try:
        dumps(params, allow_nan=False)  # what is asked is kept
    except ValueError:
        raise fault("op", op[:80], N_("A field of the step is no finite number."), N_("Give numbers.")) from None
    changes = changes_of(op, standing(found), params)
    require_area(found, changes)
    return _shown(atlas().store.add_step(draft_id, version, op, params, changes))


@blueprint.post("/<draft_id>/undo")
def undo(draft_id: str) -> Response:
    """Undo the last step in force."""
    seen(draft_id)
    return _shown(atlas().store.undo_step(draft_id, _version(json_object())))


@blueprint.post("/<draft_id>/redo")
def redo(draft_id: str) -> Response:
    """Do the step again that was undone last."""
    seen(draft_id)
    return _shown(atlas().store.redo_step(draft_id, _version(json_object())))


@blueprint.post("/<draft_id>/submit")
def submit(draft_id: str) -> Response:
    """Hand a draft in for review."""
    given = json_object()
    seen(draft_id)
    return _shown(atlas().store.submit_draft(draft_id, _version(given), _reason(given)))


@blueprint.post("/<draft_id>/withdraw")
def withdraw(draft_id: str) -> Response:
    """Take a draft back from review."""
    given = json_object()
    seen(draft_id)
    return _shown(atlas().store.withdraw_draft(draft_id, _version(given), _reason(given)))


@blueprint.post("/<draft_id>/reject")
def reject(draft_id: str) -> Response:
    """Refuse a draft."""
    given = json_object()
    seen(draft_id)
    return _shown(atlas().store.reject_draft(draft_id, _version(given), _reason(given)))


@blueprint.post("/<draft_id>/approve")
def approve(draft_id: str) -> Response:
    """Approve a draft and change the division by it: one revision, or nothing."""
    given = json_object()
    found = seen(draft_id)
    require_area(found, found.changes)
    done, _ = atlas().store.approve_draft(draft_id, _version(given), _reason(given), own=reader().kind == "single")
    return _shown(done)


@blueprint.delete("/<draft_id>")
def delete(draft_id: str) -> Response:
    """Delete a draft of the version given in the address."""
    version = int(number(request.args, "version", -1, 0, 1e9, whole=True))
    seen(draft_id)
    gone = atlas().store.delete_draft(draft_id, version)
    return fresh_json({"id": gone.id, "name": gone.name, "deleted": True})


@blueprint.get("/<draft_id>/borders")
def borders(draft_id: str) -> Response:
    """Return the borders of the grids of a level in view, with nodes that all share."""
    found = seen(draft_id)
    at = standing(found)
    level = short_text(request.args, "level") or (at.levels[-1] if at.levels else "")
    box = metric_bbox(request.args, at.base.crs)
    rows = at.sheets.in_box(box, level)
    own = mine(found.changes)
    keys = [at.sheets.keys[row] for row in rows if own is None or at.sheets.keys[row] in own]
    if len(keys) > MOST_NODES_GRIDS:
        raise fault(
            "bbox", str(len(keys)), N_("There are too many grids in view: {count}."), N_("Look nearer."),
            count=len(keys),
        )  # fmt: skip
    return fresh_json({"version": found.version, "level": level, **draft_answer.borders(at.states, keys, at.crs)})


@blueprint.get("/<draft_id>/effect")
def effect(draft_id: str) -> Response:
    """Return what a draft does: what changes hands, and which findings of the audit come and go.

    `computing` is true while the audit of the division, as it is or as it would be, is being worked out.
    """
    found = seen(draft_id)
    wait_s = number(request.args, "wait_s", 5.0, 0.0, 60.0)
    level = short_text(request.args, "level")
    before, after = shown(found)
    hands = draft_answer.hands(before, after, folded(found.changes), level)
    state = atlas()
    sides = [state.audits.ask(one, wait_s) for one in (before, after)]
    return fresh_json(
        {
            "id": found.id,
            "version": found.version,
            **hands,
            **_findings(before, after, sides),
        }
    )


def _findings(before: Any, after: Any, sides: Any) -> dict[str, Any]:
    """Return which findings a draft makes go and come; both empty while they are not known."""
    nothing = {"count": 0, "rows": []}
    if any(one.state == "computing" for one in sides):
        return {"computing": True, "findings": {"gone": nothing, "fresh": nothing}}
    if any(one.state == "failed" for one in sides):
        raise RequestError(503, "audit", N_("The audit failed, so its findings are not known."), N_("Try again."))
    from web.findings import differing

    gone, fresh = (
        differing(one.audit, other.audit, snapshot, current_lang(), MOST_FINDINGS)
        for one, other, snapshot in ((sides[0], sides[1], before), (sides[1], sides[0], after))
    )
    return {"computing": False, "findings": {"gone": gone, "fresh": fresh}}


@blueprint.get("/<draft_id>/export.geojson")
def export(draft_id: str) -> Response:
    """Download the grids that a draft changes, before and after."""
    found = seen(draft_id)
    changed = draft_answer.collection(told(folded(found.changes)), atlas().whole().crs or "")
    response = fresh_json({**changed, "draft": found.name, "state": found.state, "version": found.version})
    response.mimetype = GEOJSON
    response.headers["Content-Disposition"] = "attachment; filename=draft.geojson"
    return response
