"""The audit trail as JSON, for programs that watch over it; the page and its files: `web.trail`."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, Response, request

from store.audit_trail import Entry
from store.audit_verify import hex_of
from web.params import number
from web.replies import fresh_json
from web.state import atlas
from web.trail import require, wish_of

blueprint = Blueprint("api_trail", __name__, url_prefix="/api")
MOST = 1_000


@blueprint.get("/trail")
def trail() -> Response:
    """List entries, the newest first; `next` is the `before` of the page that follows, null after the first entry."""
    require()
    store = atlas().store
    timezone = store.timezone()
    wish = wish_of(request.args, timezone)
    limit = int(number(request.args, "limit", 100, 1, MOST, whole=True))
    before = int(number(request.args, "before", 0, 0, 2**53, whole=True))
    store.tell_refused()
    found = store.trail(wish, limit + 1, before or None)
    head = store.trail_head()
    return fresh_json(
        {
            "entries": [entry_json(one) for one in found[:limit]],
            "total": store.trail_count(wish),
            "next": found[limit - 1].seq if len(found) > limit else None,
            "head": None if head is None else head.to_json(),
            "meta": {"timezone": timezone},
        }
    )


def entry_json(entry: Entry) -> dict[str, Any]:
    """Return an entry as it is stored: codes, times in UTC; facts as JSON, as text where they are none."""
    return {
        "seq": entry.seq, "at": entry.at, "kind": entry.kind, "actor": entry.actor, "address": entry.address,
        "action": entry.action, "target": entry.target, "before": _facts(entry.before), "after": _facts(entry.after),
        "revision": entry.revision, "hash": hex_of(entry.hash),
    }  # fmt: skip


def _facts(text: str | None) -> Any:
    try:
        return None if text is None else json.loads(text)
    except (ValueError, RecursionError):  # somebody wrote it past the program
        return text
