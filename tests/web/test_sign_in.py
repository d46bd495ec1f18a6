"""Signing in and out: who is let in, how long, where it leads, and what a refusal tells."""

from __future__ import annotations

import sqlite3
import unicodedata
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import example, given
from hypothesis import strategies as st

from app import create_app
from settings import Settings
from store.actor import Actor, actor
from store.audit_read import Wish
from tests.quick import quick_passwords
from tests.web.conftest import token
from tests.web.signed import (
    OTHER,
    PASSWORD,
    administrator,
    form_token,
    sign_in,
    signed_in,
    store_of,
    submit,
    with_session,
)
from web.account_words import own_address

quick = pytest.fixture(autouse=True)(quick_passwords)
ORIGIN = "https://map.city.example"


@pytest.fixture
def behind_tls(settings: Settings) -> Iterator[Flask]:
    """The application as others reach it: by name, through a proxy with TLS on this machine."""
    app = create_app(replace(settings, origin=ORIGIN, proxy=("127.0.0.1",)))
    yield app
    app.extensions["atlas"].close()


def raw(app: Flask, sql: str, *values: object) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(store_of(app).path)) as connection, connection:
        return connection.execute(sql, values).fetchall()


def cookie_of(answer: object) -> str:
    return next(one for one in answer.headers.getlist("Set-Cookie") if "atlas_session" in one)  # type: ignore[attr-defined]


def test_the_first_link_makes_the_administrator_and_ends_the_single_user(app: Flask, client: FlaskClient) -> None:
    assert client.get("/api/status").status_code == 200
    link = store_of(app).make_first_link()
    for wrong in ({"password": PASSWORD, "again": OTHER}, {"password": "kettle-7", "again": "kettle-7"}):
        refused = submit(client, f"/first?link={link}", "/first", link=link, name="Control room", **wrong)
        assert refused.status_code == 400 and wrong["password"] not in refused.text
    made = submit(
        client, f"/first?link={link}", "/first", link=link, name="Control room", password=PASSWORD, again=PASSWORD
    )
    assert (made.status_code, made.headers["Location"]) == (303, "/accounts")
    assert client.get("/accounts").status_code == 200
    assert app.test_client().get("/api/status").status_code == 401
    assert client.get(f"/first?link={link}").status_code == 410
    assert app.test_client().get("/first?link=x").status_code == 410


def test_a_page_leads_to_the_sign_in_and_back_and_the_api_says_401(app: Flask) -> None:
    administrator(app)
    client = app.test_client()
    led = client.get("/planner?level=grid&tab=spots")
    assert (led.status_code, led.headers["Location"]) == (303, "/sign-in?next=%2Fplanner%3Flevel%3Dgrid%26tab%3Dspots")
    for path in ("/api/status", "/tiles/heat/1/1/1.png", "/api/stream", "/api/jobs/x", "/tiles/base/0/0/0.png"):
        refused = client.get(path)
        assert (refused.status_code, refused.get_json()["error"]["code"]) == (401, "sign_in")
        assert "Bearer" in refused.headers["WWW-Authenticate"]
    entered = sign_in(client, "control ROOM", PASSWORD, next="/planner?level=grid&tab=spots")
    assert (entered.status_code, entered.headers["Location"]) == (303, "/planner?level=grid&tab=spots")
    assert client.get("/api/status").status_code == 200
    assert client.get("/sign-in?next=/grids").headers["Location"] == "/grids"


@given(st.text(st.characters(codec="utf-8")) | st.text("/\\\t\n:@.?#a%").map(lambda tail: "/" + tail))
@example("//evil.example")
@example("/\\evil.example")
@example("/\t/evil.example")
@example("https:evil.example")
@example("javascript:alert(1)")
def test_after_signing_in_nothing_leads_away(wish: str) -> None:
    where = own_address(wish)
    assert where.startswith("/")
    # As a browser reads an address: no tabs or line ends, a backslash is a slash.
    read = "".join(sign for sign in where if sign not in "\t\r\n").replace("\\", "/")
    assert urlsplit(urljoin(f"{ORIGIN}/sign-in", read))[:2] == ("https", "map.city.example")


def test_a_plain_address_is_kept() -> None:
    assert own_address("/grids?level=a%20b&x=1") == "/grids?level=a%20b&x=1"
    assert own_address(None) == own_address("") == own_address("grids") == "/"


def test_a_refusal_tells_nothing_about_the_account(app: Flask) -> None:
    administrator(app)
    store = store_of(app)
    store.add_account("Invited", ["viewer"])
    locked = store.add_account("Locked", ["viewer"])
    store.set_password(locked.id, OTHER)
    store.set_state(locked.id, "locked")
    told = set()
    for name, password in (("Control room", OTHER), ("Invited", OTHER), ("Nobody", OTHER), ("Locked", OTHER)):
        refused = sign_in(app.test_client(), name, password)
        assert refused.status_code == 401 and password not in refused.text
        assert not any("atlas_session" in one for one in refused.headers.getlist("Set-Cookie"))
        told.add(refused.text.split('id="form-problem"')[1].split("</div>")[0])
    assert len(told) == 1


def test_a_refused_sign_in_is_in_the_trail_and_a_guesser_adds_few_entries(app: Flask) -> None:
    administrator(app)
    client, store = app.test_client(), store_of(app)
    for name in ("Control room", "Control room", "Control room", "swordfish typed as a name"):
        assert sign_in(client, name, OTHER).status_code == 401
    found = store.trail(Wish(action="session.refused"), 100)
    assert [(one.target, one.address, one.kind, one.after) for one in found] == [
        ("", "127.0.0.1", "nobody", '{"count":1}'), ("Control room", "127.0.0.1", "nobody", '{"count":1}'),
    ]  # fmt: skip
    assert not any(OTHER in str(one) or "swordfish" in str(one) for one in store.trail(Wish(), 100))


def test_whether_it_lives_is_everybody_s_and_no_more(behind_tls: Flask) -> None:
    signed, inside, stranger = administrator(behind_tls), behind_tls.test_client(), behind_tls.test_client()
    session = signed.get_cookie("__Host-atlas_session")
    assert session is not None
    inside.set_cookie(session.key, session.value, domain="map.city.example", secure=True)
    far = {"base_url": ORIGIN, "environ_overrides": {"REMOTE_ADDR": "203.0.113.9"}}
    for path, word in (("/healthz", "ok"), ("/readyz", "starting")):
        assert stranger.get(path, **far).get_json() == {"status": word, "store": "ok"}
        assert inside.get(path, **far).get_json()["revision"] == 0
        assert stranger.get(path).get_json()["revision"] == 0, "a program on this machine"
    assert "backup" in stranger.get("/healthz").get_json()


def test_attempts_are_held_up_and_a_right_password_too(app: Flask) -> None:
    administrator(app)
    client = app.test_client()
    for _ in range(5):
        far = {"REMOTE_ADDR": "127.0.0.9"}
        assert client.post("/sign-in", data={"csrf_token": form_token(client, "/sign-in"), "name": "Control room",
                                             "password": OTHER}, environ_overrides=far).status_code == 401  # fmt: skip
    held = client.post("/sign-in", data={"csrf_token": form_token(client, "/sign-in"), "name": "Control room",
                                         "password": PASSWORD}, environ_overrides=far)  # fmt: skip
    assert held.status_code == 429 and int(held.headers["Retry-After"]) > 0
    assert sign_in(client, "Control room", PASSWORD).status_code == 303, "the known address is not locked out"


def test_a_script_is_told_who_is_signed_in_and_a_page_knows_of_whom_it_is(app: Flask) -> None:
    """By it a page whose session ended tells its own account from another one."""
    client = administrator(app)
    assert client.get("/api/csrf").get_json()["account"] == "Control room"
    assert '"account": "Control room"' in client.get("/grids").text
    nobody = app.test_client()
    assert nobody.get("/api/csrf").get_json()["account"] is None
    assert '"account": null' in nobody.get("/sign-in").text


def test_the_session_is_new_at_each_sign_in_and_the_old_one_ends(app: Flask) -> None:
    administrator(app)
    client = app.test_client()
    client.set_cookie("atlas_session", "chosen-by-somebody-else")
    first = cookie_of(sign_in(client, "Control room", PASSWORD))
    assert "HttpOnly" in first and "SameSite=Lax" in first and "Path=/" in first and "chosen" not in first
    value = first.partition(";")[0].partition("=")[2]
    assert len(value) == 43
    # A second sign-in of the same browser, by a form that was open already.
    again = client.post("/sign-in", data={"csrf_token": token(client)["X-CSRF-Token"], "name": "Control room",
                                          "password": PASSWORD})  # fmt: skip
    assert cookie_of(again) != first
    assert with_session(app, value).get("/api/status").status_code == 401
    assert client.get("/api/status").status_code == 200


def test_signing_out_ends_the_session_and_clears_what_was_kept(app: Flask) -> None:
    client = administrator(app)
    value = client.get_cookie("atlas_session").value  # type: ignore[union-attr]
    assert client.post("/sign-out").status_code == 403, "without the safety token nothing ends"
    left = submit(client, "/account", "/sign-out")
    assert (left.status_code, left.headers["Location"]) == (303, "/sign-in")
    assert '"cache"' in left.headers["Clear-Site-Data"]
    assert with_session(app, value).get("/api/status").status_code == 401


def test_an_error_page_still_signs_out_and_a_form_of_an_ended_session_leads_to_the_sign_in(app: Flask) -> None:
    client = administrator(app)
    for path, status in (("/nothing", 404), ("/import", 403)):
        page = client.get(path)
        field = page.text.split('name="csrf_token" value="')[1].split('"')[0]
        assert page.status_code == status and field
    assert client.post("/sign-out", data={"csrf_token": field}).status_code == 303
    ended = client.post("/sign-out", data={"csrf_token": field})
    assert (ended.status_code, ended.headers["Location"]) == (303, "/sign-in")
    assert app.test_client().get("/nothing").status_code == 404


def test_a_safety_token_holds_for_its_session_only(app: Flask) -> None:
    client, other = administrator(app), signed_in(app, "Steward", "steward")
    before = app.test_client()
    foreign, anonymous = token(client), token(before)
    path = "/api/uploads/" + "0" * 32
    for headers in (foreign, anonymous, {}):
        assert other.delete(path, headers=headers).status_code == 403
    assert other.delete(path, headers=token(other)).status_code == 404
    crossed = {**token(other), "Origin": "https://evil.example"}
    assert other.delete(path, headers=crossed).status_code == 403


def test_the_first_account_needs_a_token_of_its_own_in_every_form(app: Flask) -> None:
    client = administrator(app)
    for path in ("/accounts", "/account/password", "/accounts/tokens", "/sign-in", "/account/sessions/end-all"):
        assert client.post(path, data={"name": "x"}).status_code == 403
        assert client.post(path, data={"name": "x", "csrf_token": "x"}).status_code == 403
    assert [one.name for one in store_of(app).accounts()] == ["Control room"]


def test_time_outs_end_a_session(app: Flask) -> None:
    client = administrator(app)
    for column, hours in (("last_seen_at", 1), ("created_at", 12)):
        (kept,) = raw(app, f"SELECT {column} FROM atlas_sessions")[0]
        for minutes, status in ((-1, 200), (1, 401)):
            late = f"strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-{60 * hours + minutes} minutes')"
            raw(app, f"UPDATE atlas_sessions SET {column} = {late}")
            assert client.get("/api/status").status_code == status, (column, minutes)
        raw(app, f"UPDATE atlas_sessions SET {column} = ?", kept)


def test_asking_by_itself_keeps_no_session(app: Flask) -> None:
    client = administrator(app)
    for path, kept in (("/api/status", False), ("/api/incidents/since", False), ("/about", True)):
        with closing(sqlite3.connect(store_of(app).path)) as connection, connection:
            connection.execute(
                "UPDATE atlas_sessions SET last_seen_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-9 minutes')"
            )
            (before,) = connection.execute("SELECT last_seen_at FROM atlas_sessions").fetchone()
        assert client.get(path).status_code == 200
        with closing(sqlite3.connect(store_of(app).path)) as connection:
            (after,) = connection.execute("SELECT last_seen_at FROM atlas_sessions").fetchone()
        assert (after > before) is kept, path


def test_single_user_mode_serves_nobody_behind_a_proxy(client: FlaskClient) -> None:
    names = ("X-Forwarded-For", "Forwarded", "X-Forwarded-Host", "X-Real-IP", "Via", "X-Forwarded-Port", "X-Client-IP")
    for header in names:
        refused = client.get("/api/status", headers={header: "10.0.0.1"})
        assert (refused.status_code, refused.get_json()["error"]["code"]) == (403, "not_local")
    # nginx as it comes names nobody, and asks for the address that it was told to ask.
    refused = client.get("/api/status", environ_overrides={"SERVER_PROTOCOL": "HTTP/1.0"})
    assert (refused.status_code, refused.get_json()["error"]["code"]) == (403, "not_local")
    assert client.get("/api/status").status_code == 200


def test_no_long_text_is_put_into_order(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """To order marks takes the square of their number: a name of half a megabyte held the whole service for minutes."""
    longest, done = [0], unicodedata.normalize

    def normalize(form: Any, text: str) -> str:
        longest[0] = max(longest[0], len(text))
        return done(form, text)

    store, marks = store_of(app), "a" + "\u0301" * 9_000 + "\u0327" * 9_000
    link = store.make_first_link()
    monkeypatch.setattr(unicodedata, "normalize", normalize)
    browser = app.test_client()
    twice = {"password": marks, "again": marks}
    assert submit(browser, f"/first?link={link}", "/first", link=link, name=marks, **twice).status_code == 400
    good = {"password": PASSWORD, "again": PASSWORD}
    assert submit(browser, f"/first?link={link}", "/first", link=link, name=marks, **good).status_code == 400
    client = administrator(app)
    assert sign_in(browser, marks, "x").status_code == 401
    assert sign_in(browser, "Control room", marks).status_code == 401
    assert submit(client, "/account", "/account/password", old=PASSWORD, **twice).status_code == 400
    assert submit(client, "/accounts", "/accounts", name=marks, role="viewer", where="city").status_code == 400
    planner = signed_in(app, "Planning", "planner")
    plan = {"name": marks, "changes": []}
    assert planner.post("/api/scenarios", json=plan, headers=token(planner)).status_code == 400
    assert 0 < longest[0] <= 2_000


def test_others_are_served_by_the_name_of_the_setting_once_accounts_guard_it(behind_tls: Flask) -> None:
    client = behind_tls.test_client()
    far = {"HTTP_HOST": "map.city.example", "REMOTE_ADDR": "10.0.0.5"}
    assert client.get("/api/status", environ_overrides=far).status_code == 400, "no accounts: this machine only"
    administrator(behind_tls)
    assert client.get("/api/status", environ_overrides=far).status_code == 401
    assert client.get("/api/status", environ_overrides=far | {"HTTP_HOST": "evil.example"}).status_code == 400
    page = client.get("/sign-in", environ_overrides=far)
    assert page.headers["Strict-Transport-Security"].startswith("max-age=31536000")
    (made,) = page.headers.getlist("Set-Cookie")
    assert made.startswith("__Host-atlas_csrf=") and "Secure" in made and "Domain" not in made and "Path=/" in made


def test_a_named_proxy_is_believed_and_nobody_else(behind_tls: Flask) -> None:
    administrator(behind_tls)
    seen: list[Actor] = []
    behind_tls.view_functions["health.healthz"] = lambda: (seen.append(actor()), "x")[1]
    client = behind_tls.test_client()
    told = {
        "X-Forwarded-For": "6.6.6.6, 10.0.0.7",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "map.city.example",
    }
    for caller in ("127.0.0.1", "10.0.0.9"):
        client.get("/healthz", headers=told, environ_overrides={"REMOTE_ADDR": caller, "HTTP_HOST": "map.city.example"})
    assert [one.address for one in seen] == ["10.0.0.7", "10.0.0.9"]


def test_a_session_over_tls_has_a_cookie_for_this_host_only(behind_tls: Flask) -> None:
    administrator(behind_tls)
    client = behind_tls.test_client()
    how = {"base_url": ORIGIN, "environ_overrides": {"REMOTE_ADDR": "10.0.0.5"}}
    page = client.get("/sign-in", **how)
    field = page.text.split('name="csrf_token" value="')[1].split('"')[0]
    form = {"csrf_token": field, "name": "Control room", "password": PASSWORD}
    wrong = client.post("/sign-in", data=form, headers={"Origin": "https://evil.example"}, **how)
    assert wrong.status_code == 403
    # The proxy ends TLS: what arrives here is plain, and says by which name and scheme it was asked.
    entered = client.post("/sign-in", data=form, headers={"Origin": ORIGIN}, **how)
    made = cookie_of(entered)
    assert entered.status_code == 303 and made.startswith("__Host-atlas_session=")
    assert "Secure" in made and "HttpOnly" in made and "Domain" not in made
    assert client.get("/api/status", **how).status_code == 200


def test_who_acts_is_known_while_a_request_lasts_and_no_longer(app: Flask) -> None:
    seen: list[Actor] = []
    view = app.view_functions["api_layers.status"]
    app.view_functions["api_layers.status"] = lambda: (seen.append(actor()), view())[1]
    app.test_client().get("/api/status")
    administrator(app).get("/api/status")
    text = store_of(app).add_token("screen", ["read"])
    app.test_client().get("/api/status", headers={"Authorization": f"Bearer {text}"})
    assert seen == [Actor("single", "", "127.0.0.1"), Actor("account", "Control room", "127.0.0.1"),
                    Actor("token", "screen", "127.0.0.1")]  # fmt: skip
    assert actor().kind == "service"


def test_a_token_opens_what_it_is_for_until_it_is_revoked(app: Flask) -> None:
    administrator(app)
    store, client = store_of(app), app.test_client()
    read = {"Authorization": f"Bearer {store.add_token('screen', ['read'])}"}
    assert client.get("/api/status", headers=read).status_code == 200
    assert client.get("/api/tables/grids.csv", headers=read).status_code == 403
    assert client.get("/accounts", headers=read).status_code == 403
    assert client.post("/api/incidents", headers=read, json={}).status_code == 401
    steward = {"Authorization": f"Bearer {store.add_token('loader', ['import'])}"}
    gone = client.delete("/api/uploads/" + "0" * 32, headers=steward)
    assert gone.status_code == 404, "no cookie, so nothing to forge and no safety token"
    store.revoke_token("screen")
    assert client.get("/api/status", headers=read).status_code == 401
    signed = administrator_again(app)
    assert signed.get("/api/status", headers={"Authorization": "Bearer ga_wrong"}).status_code == 401


def administrator_again(app: Flask) -> FlaskClient:
    return with_session(app, store_of(app).begin_session(1, "127.0.0.1"))
