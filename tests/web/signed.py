"""Accounts of a test: made in the store, signed in by a session of their own."""

from __future__ import annotations

import re
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from geo.area import Area
from store.store import Store

PASSWORD, OTHER = "seven green kettles", "eleven wet umbrellas"


def store_of(app: Flask) -> Store:
    """Return the open store of an application."""
    found: Store = app.extensions["atlas"].store
    return found


def administrator(app: Flask, name: str = "Control room") -> FlaskClient:
    """Return a browser that is signed in as the first administrator."""
    store = store_of(app)
    _, session = store.use_first_link(store.make_first_link(), name, PASSWORD, "127.0.0.1")
    return with_session(app, session)


def with_session(app: Flask, session: str) -> FlaskClient:
    """Return a browser with a session's cookie."""
    client = app.test_client()
    name = "__Host-atlas_session" if app.extensions["atlas"].settings.secure else "atlas_session"
    client.set_cookie(name, session, secure=name.startswith("__Host-"))
    return client


def signed_in(app: Flask, name: str, *roles: str, area: Area | None = None) -> FlaskClient:
    """Return a browser that is signed in to a new account."""
    store = store_of(app)
    if not store.has_accounts():
        administrator(app)
    account = store.add_account(name, roles, area)
    return with_session(app, store.begin_session(account.id, "127.0.0.1"))


def form_token(client: FlaskClient, page: str) -> str:
    """Return the safety token in a page's form."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get(page).text)
    assert found is not None, page
    return found.group(1)


def submit(client: FlaskClient, page: str, action: str, **fields: Any) -> TestResponse:
    """Send a form of `page` to `action`."""
    return client.post(action, data={"csrf_token": form_token(client, page), **fields})


def sign_in(client: FlaskClient, name: str, password: str, **fields: Any) -> TestResponse:
    """Fill in the sign-in page."""
    return submit(client, "/sign-in", "/sign-in", name=name, password=password, **fields)
