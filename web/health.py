"""/healthz: whether the store can be read. /readyz: whether the service is warm too, so that it may be sent readers."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from store.errors import StoreError
from web import backups
from web.errors import body
from web.identity import look_up
from web.metrics import asked_from_here
from web.replies import fresh_json
from web.state import atlas

blueprint = Blueprint("health", __name__)


def _told(**facts: Any) -> dict[str, Any]:
    """Return facts for this machine and for who has signed in; nothing for others: they learn whether it lives."""
    return facts if asked_from_here() or look_up() is not None else {}


def _unreadable(error: StoreError) -> Response:
    # Who has signed in cannot be told now, as accounts lie in the store too.
    more = {"error": body(error)} if asked_from_here() else {}
    return fresh_json({"status": "unavailable", "store": "unreadable", **more}, 503)


@blueprint.get("/healthz")
def healthz() -> Response:
    """Answer 200, or 503; revision, reason and backups only to this machine and to who has signed in."""
    state = atlas()
    try:
        more = _told(revision=state.store.revision(), backup=backups.state(state.settings))
    except StoreError as error:
        return _unreadable(error)
    return fresh_json({"status": "ok", "store": "damaged" if state.store.damage else "ok", **more})


@blueprint.get("/readyz")
def readyz() -> Response:
    """Answer 200 when the store can be read and what pages open with is prepared, else 503. Coverage may be to come."""
    try:
        more = _told(revision=atlas().store.revision())
    except StoreError as error:
        return _unreadable(error)
    if not atlas().ready.is_set():
        return fresh_json({"status": "starting", "store": "ok", **more}, 503)
    return fresh_json({"status": "ready", "store": "ok", **more})
