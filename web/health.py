"""/healthz: whether the store can be read."""

from __future__ import annotations

from flask import Blueprint, Response

from store.errors import StoreError
from web.errors import body
from web.replies import fresh_json
from web.state import atlas

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz() -> Response:
    """Answer 200 with the revision, or 503 with the reason."""
    try:
        revision = atlas().store.revision()
    except StoreError as error:
        return fresh_json({"status": "unavailable", "store": "unreadable", "error": body(error)}, 503)
    return fresh_json({"status": "ok", "revision": revision, "store": "ok"})
