"""/api/findings: what can be done with a finding: proposals to mend it, notes, and what became of others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, request

from geo.columns import Snapshot
from geo.errors import N_
from layers.audited import NEEDS
from store.errors import PersonalDataError
from store.finding_notes import ACTIONS, MOST_AT_ONCE, Named
from web import finding_notes
from web.alerts import posts
from web.api_findings import wait_s
from web.errors import RequestError
from web.i18n import current_lang
from web.params import fault, number
from web.repairs import repairs_answer
from web.replies import fresh_json
from web.service import origin
from web.state import atlas
from web.whatif_request import json_object

if TYPE_CHECKING:
    from geo.audit import Audit

blueprint = Blueprint("api_worklist", __name__, url_prefix="/api/findings")


def _audit(snapshot: Snapshot) -> Audit:
    """The audit of what the reader may see; waits for it."""
    shown = atlas().audits.ask(snapshot, wait_s())
    if shown.state == "computing":
        raise RequestError(
            503, "computing", N_("The audit is still being worked out."), N_("Try again in {retry_s} seconds."),
            retry_s=5,
        )  # fmt: skip
    if shown.audit is None:
        raise _unknown("")
    return shown.audit


def _unknown(finding: str) -> RequestError:
    return RequestError(
        404, "unknown_finding", N_("There is no such finding now."),
        N_("It may be mended already; look at the list again."), finding=finding[:40],
    )  # fmt: skip


def _index(audit: Audit, finding: str) -> int:
    index = audit.findings.index_of(finding)
    if index is None:
        raise _unknown(finding)
    return index


@blueprint.get("/<finding>/repairs")
def repairs(finding: str) -> Response:
    """List the ways to mend a finding, the best first, each with the grids before and after; nothing is changed."""
    snapshot = atlas().snapshot()
    audit = _audit(snapshot)
    _index(audit, finding)
    found = repairs_answer(audit, finding, snapshot, current_lang())
    return fresh_json({**found, "meta": origin(snapshot, NEEDS)})


@blueprint.get("/<finding>/notes")
def noted(finding: str) -> Response:
    """Return what was noted of a finding, the oldest first, and to whom it can be assigned."""
    state = atlas()
    snapshot = state.snapshot()
    _index(_audit(snapshot), finding)
    note = state.store.finding_notes().get(finding)
    answer = finding_notes.said_answer(note, state.store.finding_said(finding))
    return fresh_json({"finding": finding, **answer, "teams": _teams(snapshot)})


@blueprint.post("/notes")
def note() -> Response:
    """Assign findings to a team, comment on them, accept them as they are, or open them again: all or none."""
    body, state = json_object(), atlas()
    snapshot = state.snapshot()
    action, text = body.get("action"), body.get("text")
    if action not in ACTIONS:
        raise fault(
            "action", action, N_("“{value}” cannot be used for {field}."), N_("Use one of: {known}."),
            known=", ".join(ACTIONS),
        )  # fmt: skip
    if text is not None and (
        not isinstance(text, str) or any(letter < " " and letter not in "\n\t" for letter in text)
    ):
        raise fault("text", text, N_("“{value}” cannot be used for {field}."), N_("Give a text."))
    if action == "assign":
        if text is not None and text not in _teams(snapshot):
            raise fault("text", text, N_("“{value}” is no team of these grids."), N_("Choose a team of the grids."))
    elif text:
        _refuse_persons(text)
    versions = body.get("versions") or {}
    if not isinstance(versions, Mapping) or not all(isinstance(one, int) for one in versions.values()):
        raise fault("versions", versions, N_("“{value}” cannot be used for {field}."), N_("Give numbers by finding."))
    audit = _audit(snapshot)
    named = _named(audit, body.get("findings"))
    done = state.store.note_findings(named, action, text, versions)
    return fresh_json({"noted": len(done), "notes": [asdict(one) for one in done[:100]]})


def _named(audit: Audit, asked: Any) -> list[Named]:
    """The findings of a request; every one must be there."""
    if (
        not isinstance(asked, list)
        or not 0 < len(asked) <= MOST_AT_ONCE
        or not all(isinstance(one, str) for one in asked)
    ):
        raise fault(
            "findings", asked, N_("“{value}” cannot be used for {field}."), N_("Give a list of 1 to {limit} findings."),
            limit=MOST_AT_ONCE,
        )  # fmt: skip
    place = {name: i for i, name in enumerate(audit.findings.id.tolist())}
    found = []
    for finding in dict.fromkeys(asked):
        if finding not in place:
            raise _unknown(finding)
        found.append(finding_notes.named(audit, place[finding]))
    return found


def _refuse_persons(text: str) -> None:
    from store.intake.guard import cell_kind  # slow to import

    what = cell_kind(text)
    if what is not None:
        raise PersonalDataError(
            N_("The text holds data about a person ({what})."),
            N_("Remove it from the text; GridAtlas is about places."),
            what=what, field="text",
        )  # fmt: skip


def _teams(snapshot: Snapshot) -> list[str]:
    return posts(snapshot)[1:]  # without the duty desk


@blueprint.get("/gone")
def gone() -> Response:
    """List findings that are gone, the last first, with the revision in which that was seen."""
    state = atlas()
    snapshot = state.snapshot()
    asked = request.args.getlist("finding")
    most = int(number(request.args, "limit", 100, 1, 1000, whole=True))
    found = state.store.gone_findings(asked or None, most if snapshot.scope is None else 10_000)
    return fresh_json({"gone": finding_notes.gone_answer(found, snapshot, current_lang())[:most]})


@blueprint.get("/progress")
def progress() -> Response:
    """Return how many findings the audits of past revisions of the division found; of the whole city only."""
    return fresh_json(finding_notes.progress_answer(atlas().store, atlas().snapshot()))
