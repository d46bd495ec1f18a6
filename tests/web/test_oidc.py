"""Signing in by an OpenID provider that the test serves: who is let in, and that nothing unproved is believed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from werkzeug.test import TestResponse

from app import create_app
from settings import Provider as Registered
from settings import Settings, from_env
from store.audit_read import Wish
from tests.quick import quick_passwords
from tests.web.provider import CLIENT, SECRET, Provider, serving
from tests.web.signed import administrator, store_of, with_session
from web import oidc_client
from web.gate import Gate

quick = pytest.fixture(autouse=True)(quick_passwords)


@pytest.fixture(scope="module")
def remote() -> Iterator[Provider]:
    with serving(Provider()) as found:
        yield found


@pytest.fixture
def provider(remote: Provider) -> Provider:
    remote.claims, remote.changes, remote.userinfo, remote.signing = {"sub": "s-1"}, {}, None, remote.key
    return remote


@pytest.fixture
def app(settings: Settings, provider: Provider) -> Iterator[Flask]:
    registered = Registered(provider.issuer, CLIENT, SECRET, name="City ID")
    app = create_app(replace(settings, origin="http://localhost", oidc=registered))
    administrator(app)
    oidc_client.forget(registered)
    yield app
    app.extensions["atlas"].close()


@pytest.fixture
def mapped(app: Flask) -> Flask:
    """The application where the provider's groups bring roles."""
    state = app.extensions["atlas"]
    roles = (("city-map", ("planner", "viewer")), ("city-data", ("steward",)))
    state.settings = replace(state.settings, oidc=replace(state.settings.oidc, roles=roles))
    return app


def travel(client: FlaskClient, provider: Provider, **query: str) -> TestResponse:
    """Go to the provider and back."""
    left = client.get("/sign-in/provider", query_string=query)
    assert left.status_code == 303, left.text
    back = provider.authorize(left.headers["Location"])
    return client.get(back.removeprefix("http://localhost"))


def linked(app: Flask, provider: Provider) -> int:
    """Make an account that the provider's present subject signs in to."""
    account = store_of(app).add_account("Team 1", ["viewer"])
    store_of(app).set_subject(account.id, f"{provider.issuer} s-1")
    return account.id


def test_a_linked_subject_is_let_in_and_led_on(app: Flask, provider: Provider) -> None:
    linked(app, provider)
    client = app.test_client()
    assert "City ID" in client.get("/sign-in").text
    entered = travel(client, provider, next="/planner?x=1")
    assert (entered.status_code, entered.headers["Location"]) == (303, "/planner?x=1")
    assert client.get("/api/status").status_code == 200 and client.get("/import").status_code == 403
    assert provider.asked["scope"].split()[0] == "openid"
    assert len({provider.asked[name] for name in ("state", "nonce", "code_challenge")}) == 3


def test_an_invitation_is_followed_by_the_provider_once(app: Flask, provider: Provider) -> None:
    account = store_of(app).add_account("Team 1", ["viewer"])
    link = store_of(app).make_link(account.id)
    page = app.test_client().get(f"/set-password?link={link}").text
    assert f"/sign-in/provider?link={link}" in page
    client = app.test_client()
    assert travel(client, provider, link=link).status_code == 303
    assert client.get("/api/status").status_code == 200
    assert store_of(app).account(account.id).subject == f"{provider.issuer} s-1"
    assert app.test_client().get("/sign-in/provider", query_string={"link": link}).status_code == 410
    assert travel(app.test_client(), provider).status_code == 303, "from now on without a link"


@pytest.mark.parametrize("state", ["locked", "disabled"])
def test_who_is_not_let_in_here_is_not_let_in_by_the_provider(app: Flask, provider: Provider, state: str) -> None:
    refused = travel(app.test_client(), provider)
    assert refused.status_code == 403 and len(store_of(app).accounts()) == 1, "no account is made by itself"
    store_of(app).set_state(linked(app, provider), state)  # type: ignore[arg-type]
    assert travel(app.test_client(), provider).status_code == 403


@pytest.mark.parametrize(
    "changes",
    [{"aud": "another"}, {"iss": "https://evil.example"}, {"nonce": "old"}, {"nonce": None}, {"exp": 1}, {"sub": None},
     {"sub": ""}, {"aud": [CLIENT, "another"], "azp": "another"}, {"iat": None}, {"at_hash": "wrong"}],
    ids=str,
)  # fmt: skip
def test_an_id_token_that_is_not_for_this_sign_in(app: Flask, provider: Provider, changes: dict[str, Any]) -> None:
    linked(app, provider)
    provider.changes = changes
    client = app.test_client()
    refused = travel(client, provider)
    assert refused.status_code == 502 and client.get("/api/status").status_code == 401


def test_a_signature_of_another_key_or_by_the_shared_secret(
    app: Flask, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    linked(app, provider)
    provider.signing = RSAKey.generate_key(2048, {"kid": "k1"})
    assert travel(app.test_client(), provider).status_code == 502
    provider.signing = provider.key
    real = jwt.encode
    for algorithm, key in (("HS256", OctKey.import_key(SECRET)), ("none", None)):

        def forged(header: Any, claims: Any, _: Any, algorithm: str = algorithm, key: Any = key) -> str:
            if key is None:
                from joserfc import jws

                parts = jws.serialize_compact(
                    {"alg": "none"}, b"x", OctKey.import_key("x"), registry=jws.JWSRegistry(algorithms=["none"])
                ).split(".")
                body = real({"alg": "RS256"}, claims, provider.key).split(".")[1]
                return f"{parts[0]}.{body}."
            return real({"alg": algorithm}, claims, key, algorithms=[algorithm])

        monkeypatch.setattr("tests.web.provider.jwt.encode", forged)
        assert travel(app.test_client(), provider).status_code == 502
    monkeypatch.undo()


def test_a_code_comes_back_to_the_browser_that_left(app: Flask, provider: Provider) -> None:
    linked(app, provider)
    mine, other = app.test_client(), app.test_client()
    back = provider.authorize(mine.get("/sign-in/provider").headers["Location"]).removeprefix("http://localhost")
    assert other.get(back).status_code == 502, "another browser"
    other.get("/sign-in/provider")
    assert other.get(back).status_code == 502, "another journey"
    assert mine.get(back.replace("state=", "state=x")).status_code == 502
    assert mine.get("/sign-in/provider/return?error=access_denied&state=x").status_code == 502
    assert mine.get(f"{back}&iss=https://evil.example").status_code == 502
    assert mine.get(back).status_code == 303
    assert mine.get(back).status_code == 502, "a code works once"


def test_another_site_starts_no_journey(app: Flask) -> None:
    refused = app.test_client().get("/sign-in/provider", headers={"Sec-Fetch-Site": "cross-site"})
    assert refused.status_code == 403


def test_few_browsers_wait_for_the_provider_at_once(
    app: Flask, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each holds a thread of the server as long as the provider is silent, and nobody has signed in yet."""
    gate = Gate(1, 0.01, 5)
    monkeypatch.setattr("web.oidc.GATE", gate)
    client = app.test_client()
    left = client.get("/sign-in/provider")
    state = dict(parse_qsl(urlsplit(left.location).query))["state"]
    with gate.entered():
        for path in ("/sign-in/provider", f"/sign-in/provider/return?state={state}&code=x"):
            refused = client.get(path)
            assert (refused.status_code, refused.headers["Retry-After"]) == (429, "5"), path
    assert client.get("/sign-in/provider").status_code == 303


def test_without_a_provider_there_is_nothing(client: FlaskClient, settings: Settings) -> None:
    plain = create_app(settings)
    for path in ("/sign-in/provider", "/sign-in/provider/return"):
        assert plain.test_client().get(path).status_code == 404
    plain.extensions["atlas"].close()


def test_a_provider_that_is_away_or_calls_itself_otherwise(app: Flask, provider: Provider) -> None:
    state = app.extensions["atlas"]
    for issuer in ("http://127.0.0.1:1", provider.issuer + "/"):
        state.settings = replace(state.settings, oidc=replace(state.settings.oidc, issuer=issuer))
        refused = app.test_client().get("/sign-in/provider")
        assert refused.status_code == 502 and "127.0.0.1" not in refused.text.split("<main")[1].split("</main")[0]


def test_a_claim_brings_roles_where_it_was_set_and_takes_them_away(mapped: Flask, provider: Provider) -> None:
    store = store_of(mapped)
    provider.claims = {"sub": "s-9", "groups": ["staff", "city-map"], "preferred_username": "planning-office"}
    client = mapped.test_client()
    assert travel(client, provider).status_code == 303
    made = store.account_named("planning-office")
    assert (made.roles, made.managed, made.has_password) == ({"planner", "viewer"}, True, False)
    provider.claims["groups"] = ["city-data"]
    assert travel(mapped.test_client(), provider).status_code == 303
    assert store.account(made.id).roles == {"steward"}
    provider.claims["groups"] = ["staff"]
    assert travel(mapped.test_client(), provider).status_code == 403
    assert client.get("/api/status").status_code == 401, "its sessions have ended"


@pytest.mark.parametrize(
    "claims", [{"groups": "staff"}, {"groups": {"city-map": 1}}, {"groups": [["city-map"]]}, {"groups": None}, {},
               {"groups": ["city-map"]}, {"groups": ["city-map"], "preferred_username": "Control room"},
               {"groups": ["city-map"], "preferred_username": "\u200b"}],
    ids=str,
)  # fmt: skip
def test_no_account_is_made_of_other_claims_or_another_s_name(
    mapped: Flask, provider: Provider, claims: dict[str, Any]
) -> None:
    provider.claims = {"sub": "s-9", **claims}
    assert travel(mapped.test_client(), provider).status_code in (403, 502)
    assert [one.name for one in store_of(mapped).accounts()] == ["Control room"]


def test_groups_may_come_from_userinfo_of_the_same_subject(mapped: Flask, provider: Provider) -> None:
    provider.claims = {"sub": "s-9", "preferred_username": "planning-office"}
    provider.userinfo = {"sub": "s-8", "groups": ["city-map"]}
    assert travel(mapped.test_client(), provider).status_code == 502
    provider.userinfo = {"sub": "s-9", "groups": ["city-map"]}
    assert travel(mapped.test_client(), provider).status_code == 303


def test_the_last_administrator_is_told_what_to_do_and_a_refusal_is_in_the_trail(
    mapped: Flask, provider: Provider
) -> None:
    state, store = mapped.extensions["atlas"], store_of(mapped)
    roles = (("city-head", ("administrator",)), ("city-map", ("viewer",)))
    state.settings = replace(state.settings, oidc=replace(state.settings.oidc, roles=roles))
    provider.claims = {"sub": "s-9", "groups": ["city-head"], "preferred_username": "head-office"}
    client = mapped.test_client()
    assert travel(client, provider).status_code == 303
    store.set_roles(store.account_named("Control room").id, ["viewer"])
    provider.claims["groups"] = ["city-map"]
    refused = travel(mapped.test_client(), provider)
    assert refused.status_code == 409 and "flask account add" in refused.text and "head-office" in refused.text
    assert store.account_named("head-office").roles == {"administrator"}
    assert client.get("/api/status").status_code == 401, "what it was let in by has ended"
    (entry,) = store.trail(Wish(action="session.refused"), 10)
    assert (entry.target, entry.address, entry.kind) == ("head-office", "127.0.0.1", "nobody")
    store.add_account("Other", ["administrator"])
    assert travel(mapped.test_client(), provider).status_code == 303
    assert store.account_named("head-office").roles == {"viewer"}


def test_the_administrator_takes_an_account_from_the_provider(app: Flask, provider: Provider) -> None:
    number = linked(app, provider)
    boss = with_session(app, store_of(app).begin_session(1, "127.0.0.1"))
    field = boss.get(f"/accounts/{number}").text.split('name="csrf_token" value="')[1].split('"')[0]
    assert boss.post(f"/accounts/{number}/unlink", data={"csrf_token": field}).status_code == 303
    assert travel(app.test_client(), provider).status_code == 403


def test_settings_of_a_provider() -> None:
    right = {
        "ATLAS_ORIGIN": "https://Map.City.example:443/", "ATLAS_OIDC_ISSUER": "https://id.city.example",
        "ATLAS_OIDC_CLIENT_ID": "x", "ATLAS_OIDC_CLIENT_SECRET": "y",
        "ATLAS_OIDC_ROLES": "city-map:planner,viewer; urn:x:y:steward",
    }  # fmt: skip
    found = from_env(right)
    assert found.origin == "https://map.city.example" and found.secure and found.oidc is not None
    assert found.oidc.roles == (("city-map", ("planner", "viewer")), ("urn:x:y", ("steward",)))
    for wrong in (
        {"ATLAS_OIDC_ISSUER": "http://id.city.example"}, {"ATLAS_OIDC_CLIENT_SECRET": ""}, {"ATLAS_ORIGIN": ""},
        {"ATLAS_OIDC_ROLES": "city-map:emperor"}, {"ATLAS_OIDC_ROLES": "planner"}, {"ATLAS_ORIGIN": "map.city.example"},
        {"ATLAS_ORIGIN": "https://a.example/path"}, {"ATLAS_PROXY": "proxy"}, {"ATLAS_IDLE_MINUTES": "0"},
    ):  # fmt: skip
        with pytest.raises(ValueError, match=next(iter(wrong))):
            from_env(right | wrong)
