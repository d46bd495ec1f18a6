"""Every route is in the table of permissions, and what a reader's roles do not allow is refused."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from web import identity
from web.identity import SINGLE, Reader
from web.permissions import ALLOWED, NEEDS, OPEN, ROLES, SEND


def test_every_route_needs_something_that_somebody_may(app: Flask) -> None:
    assert {rule.endpoint for rule in app.url_map.iter_rules()} == set(NEEDS)
    assert set(ALLOWED) == set(ROLES)
    known = set().union(*ALLOWED.values())
    assert set(NEEDS.values()) - {OPEN, SEND} <= known
    assert all(SINGLE.may(needed) for needed in NEEDS.values() if needed not in (OPEN, SEND))


def test_what_is_not_allowed_is_refused(town: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "SINGLE", Reader("account", "guest", frozenset({"viewer"})))
    assert town.get("/api/status").status_code == 200
    refused = town.get("/api/tables/grids.csv")
    assert (refused.status_code, refused.get_json()["error"]["code"]) == (403, "not_allowed")
    monkeypatch.setattr(identity, "SINGLE", Reader("account", "nobody", frozenset()))
    assert town.get("/api/status").status_code == 403
    assert town.get("/healthz").status_code == 200
