"""Every route with every role and every scope: answered where the tables say so, refused everywhere else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import IntegerConverter, Rule

from app import create_app
from settings import Settings
from store.tokens import SCOPES as STORED
from tests.quick import quick_passwords
from tests.web.conftest import token
from tests.web.signed import administrator, signed_in, store_of
from web import bearer
from web.permissions import ALLOWED, NEEDS, OPEN, ROLES, SCOPES, SEND

ANSWER = "answered"


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The application with every view answering the same: what is tested comes before it."""
    folder = tmp_path_factory.mktemp("roles")
    app = create_app(Settings(store=str(folder / "atlas.gpkg"), instance=folder))
    for endpoint in app.view_functions:
        if endpoint not in ("uploads.csrf", *bearer.ENDPOINTS):
            app.view_functions[endpoint] = lambda **_: ANSWER
    with pytest.MonkeyPatch.context() as patch:
        quick_passwords(patch)
        administrator(app)
    yield app
    app.extensions["atlas"].close()


def calls(app: Flask) -> Iterator[tuple[Rule, str, str]]:
    """Return each route with a method and an address of it."""
    with app.test_request_context():
        urls = app.url_map.bind("localhost")
        for rule in app.url_map.iter_rules():
            values = {name: 1 if isinstance(kind, IntegerConverter) else "x" for name, kind in rule._converters.items()}
            address = urls.build(rule.endpoint, values, method=None)
            for method in sorted((rule.methods or set()) & {"GET", "POST", "PUT", "PATCH", "DELETE"}):
                yield rule, method, address


def outcomes(client: FlaskClient, app: Flask, headers: dict[str, str]) -> dict[tuple[str, str], tuple[int, str]]:
    """Return what each route says: status, and the code of an error."""
    found = {}
    for rule, method, address in calls(app):
        if rule.endpoint in ("uploads.csrf", *bearer.ENDPOINTS):
            continue
        answer = client.open(address, method=method, headers={"Accept": "application/json", **headers})
        code = answer.get_json()["error"]["code"] if answer.is_json else answer.text
        found[rule.endpoint, method] = (answer.status_code, code)
    return found


def expected(endpoint: str, may: frozenset[str], refused: tuple[int, str]) -> tuple[int, str]:
    return (200, ANSWER) if NEEDS[endpoint] == OPEN or NEEDS[endpoint] in may else refused


@pytest.mark.parametrize("role", ROLES)
def test_a_role_opens_what_the_table_says_and_nothing_else(application: Flask, role: str) -> None:
    client = signed_in(application, f"Team {role}", role)
    found = outcomes(client, application, token(client))
    assert len(found) > 80
    for (endpoint, method), outcome in found.items():
        assert outcome == expected(endpoint, ALLOWED[role], (403, "not_allowed")), (endpoint, method)


def test_nobody_gets_what_is_not_open(application: Flask) -> None:
    client = application.test_client()
    for (endpoint, method), outcome in outcomes(client, application, token(client)).items():
        wanted = expected(endpoint, frozenset(), (401, "sign_in"))
        assert outcome == wanted or (method == "GET" and outcome[0] == 303 and wanted[0] == 401), (endpoint, method)


@pytest.mark.parametrize("scope", sorted(SCOPES))
def test_a_token_opens_its_scope_and_nothing_else(application: Flask, scope: str) -> None:
    text = store_of(application).add_token(scope, [scope])
    found = outcomes(application.test_client(), application, {"Authorization": f"Bearer {text}"})
    for (endpoint, method), outcome in found.items():
        assert outcome == expected(endpoint, frozenset({SCOPES[scope]}), (403, "not_allowed")), (endpoint, method)


def test_no_account_sends_incidents(application: Flask) -> None:
    for role in ROLES:
        client = signed_in(application, f"Sender {role}", role)
        assert client.post("/api/incidents", headers=token(client), json={}).status_code == 401
    assert {endpoint for endpoint, needed in NEEDS.items() if needed == SEND} == set(bearer.ENDPOINTS)


def test_every_scope_of_the_store_opens_something_and_none_opens_accounts() -> None:
    assert set(STORED) == set(SCOPES)
    assert not {"accounts", "own", OPEN} & set(SCOPES.values())


def test_several_roles_add_up(application: Flask) -> None:
    client = signed_in(application, "Team of two", "planner", "steward")
    both = ALLOWED["planner"] | ALLOWED["steward"]
    for (endpoint, method), outcome in outcomes(client, application, token(client)).items():
        assert outcome == expected(endpoint, both, (403, "not_allowed")), (endpoint, method)
