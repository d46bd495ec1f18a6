"""/api/division/history: which revision changed the division, by whom and why, and what it changed."""

from __future__ import annotations

from flask import Blueprint, Response, request

from geo.grid_changes import GridChange
from store.draft import Draft
from store.history_read import DivisionChange, unknown_revision
from web import draft_answer
from web.draft_standing import mine, told
from web.identity import reader
from web.params import number
from web.replies import fresh_json
from web.state import atlas

blueprint = Blueprint("api_division", __name__, url_prefix="/api/division")
PAGE = 100


@blueprint.get("/history")
def history() -> Response:
    """List the revisions that changed the division, the last first; `before`: only earlier ones."""
    before = int(number(request.args, "before", 0, 0, 2**53, whole=True))
    limit = int(number(request.args, "limit", PAGE, 1, PAGE, whole=True))
    found = atlas().store.division_changes(limit, before or None)
    drafts = {one.id: one for one in atlas().store.drafts()}
    rows = [_row(one, drafts.get(one.draft or "")) for one in found]
    more = found[-1].revision if len(found) == limit and found[-1].revision > 1 else None
    return fresh_json({"changes": [row for row in rows if row is not None], "more_before": more})


def _row(change: DivisionChange, draft: Draft | None) -> dict[str, object] | None:
    """Return a row as the reader may see it: of an area what changed there, None where nothing did."""
    if reader().area is None:
        return draft_answer.revision_row(change, draft)
    some = _mine(change.revision)
    if not some:
        return None
    kinds = [draft_answer.kind_of(one) for one in some]
    return draft_answer.revision_row(change, draft) | {
        kind: kinds.count(kind) for kind in ("added", "changed", "removed")
    }


def _between(since: int, revision: int) -> Response:
    from geo.merge import to_past

    store, own = atlas().store, mine()
    before, after = store.division_at(since), store.division_at(revision)
    if own is not None:
        before, after = ({key: state for key, state in side.items() if key in own} for side in (before, after))
    grids = draft_answer.collection(told(to_past(before, after)), atlas().whole().crs or "")
    return fresh_json({"revision": revision, "since": since, "grids": grids})


def _mine(revision: int) -> tuple[GridChange, ...]:
    """Return of one revision the changes of grids that are the reader's now."""
    _, changes = atlas().store.division_change(revision)
    own = mine()
    return changes if own is None else tuple(one for one in changes if one.key in own)


@blueprint.get("/history/<int:revision>")
def difference(revision: int) -> Response:
    """Return what one revision changed, or all that changed after `since` up to it: each grid before and after."""
    since = int(number(request.args, "since", 0, 0, 2**53, whole=True))
    if since:
        return _between(since, revision)
    heading, _ = atlas().store.division_change(revision)
    changes = _mine(revision)
    row = _row(heading, next((one for one in atlas().store.drafts() if one.id == heading.draft), None))
    if row is None:
        raise unknown_revision(revision)
    grids = draft_answer.collection(told(changes), atlas().whole().crs or "")
    return fresh_json({**row, "grids": grids})
