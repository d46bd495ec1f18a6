"""The administrator's page and one's own: what they change holds from the next request on."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask

from geo.area import Area
from store.sessions import Limits
from store.store import Store
from tests.quick import quick_passwords
from tests.web.conftest import fill
from tests.web.signed import OTHER, PASSWORD, administrator, sign_in, signed_in, store_of, submit, with_session
from web import live_hub, live_stream

quick = pytest.fixture(autouse=True)(quick_passwords)


def link_in(text: str) -> str:
    shown = re.search(r'value="([^"]+)" id="made-text"', text)
    assert shown is not None
    return shown.group(1)


def test_an_invitation_sets_the_password_once(app: Flask) -> None:
    boss = administrator(app)
    made = submit(boss, "/accounts", "/accounts", name="Team 1", role=["viewer", "planner"], where="city")
    assert made.headers["Cache-Control"] == "no-store"
    link = link_in(made.text)
    path = link.removeprefix("http://localhost")
    team = app.test_client()
    secret = path.partition("link=")[2]
    set_ = submit(team, path, "/set-password", link=secret, password=OTHER, again=OTHER)
    assert (set_.status_code, set_.headers["Location"]) == (303, "/")
    assert team.get("/planner").status_code == 200 and team.get("/import").status_code == 403
    assert team.get(path).status_code == 410
    assert secret not in boss.get("/accounts").text, "it is shown once"
    assert sign_in(app.test_client(), "team 1", OTHER).status_code == 303


@pytest.mark.parametrize(
    "fields",
    [{"name": ""}, {"name": "Control room"}, {"role": []}, {"role": ["emperor"]}, {"where": "grids"},
     {"where": "grids", "area": "grid"}, {"where": "grids", "area": "grid:none"}],
    ids=str,
)  # fmt: skip
def test_an_account_that_cannot_be_made_says_why_and_keeps_what_was_typed(
    app: Flask, fields: dict[str, object]
) -> None:
    boss = administrator(app)
    refused = submit(boss, "/accounts", "/accounts", **{"name": "Team 1", "role": ["viewer"], "where": "city"} | fields)
    assert refused.status_code in (400, 409) and 'role="alert"' in refused.text
    assert 'value="Team 1"' in refused.text or "name" in fields
    assert len(store_of(app).accounts()) == 1


def test_roles_and_area_hold_from_the_next_request_on(app: Flask) -> None:
    fill(store_of(app))
    boss, team = administrator(app), signed_in(app, "Team 1", "viewer")
    assert (team.get("/import").status_code, team.get("/api/density").get_json()["total"]) == (403, 6)
    page = "/accounts/2"
    changed = submit(boss, page, page, role=["steward"], where="grids", area="grid:G1\n\n grid:G2 \n")
    assert changed.status_code == 303
    assert store_of(app).account(2).area == Area((("grid", "G1"), ("grid", "G2")))
    submit(boss, page, page, role=["steward"], where="grids", area="grid:G1")
    assert team.get("/import").status_code == 200
    assert team.get("/api/density").get_json()["total"] < 6, "only what lies in the area is counted"
    refused = submit(boss, page, page, role=["steward"], where="grids", area="grid:none")
    assert refused.status_code == 400 and store_of(app).account(2).area == Area((("grid", "G1"),))


@pytest.mark.parametrize("state", ["locked", "disabled"])
def test_who_is_kept_out_is_out_at_the_next_request(app: Flask, state: str) -> None:
    boss, team = administrator(app), signed_in(app, "Team 1", "viewer")
    store_of(app).set_password(2, OTHER, keep=None)
    team = with_session(app, store_of(app).begin_session(2, "127.0.0.1"))
    assert team.get("/api/status").status_code == 200
    assert submit(boss, "/accounts/2", "/accounts/2/state", state=state).status_code == 303
    assert team.get("/api/status").status_code == 401
    assert sign_in(app.test_client(), "Team 1", OTHER).status_code == 401
    submit(boss, "/accounts/2", "/accounts/2/state", state="active")
    assert team.get("/api/status").status_code == 401
    assert sign_in(app.test_client(), "Team 1", OTHER).status_code == 303


def test_the_only_administrator_stays(app: Flask) -> None:
    boss = administrator(app)
    for action, fields in (
        ("/accounts/1/state", {"state": "locked"}),
        ("/accounts/1", {"role": "viewer", "where": "city"}),
    ):
        refused = submit(boss, "/accounts/1", action, **fields)
        assert refused.status_code == 409 and "only administrator" in refused.text
    assert submit(boss, "/accounts/1", "/accounts/1/state", state="emperor").status_code == 400
    assert boss.get("/accounts/77").status_code == 404


def test_tokens_are_made_shown_once_and_revoked(app: Flask) -> None:
    boss = administrator(app)
    made = submit(
        boss, "/accounts", "/accounts/tokens", name="screen", scope=["read"], where="city", expires="2999-01-31"
    )
    text = link_in(made.text)
    bearer = {"Authorization": f"Bearer {text}"}
    assert text.startswith("ga_") and app.test_client().get("/api/status", headers=bearer).status_code == 200
    assert text not in boss.get("/accounts").text
    again = submit(boss, "/accounts", "/accounts/tokens", name="screen", scope=["read"], where="city")
    assert again.status_code == 409
    assert submit(boss, "/accounts", "/accounts/tokens", name="late", scope=["read"], where="city",
                  expires="2020-01-01").status_code == 400  # fmt: skip
    assert submit(boss, "/accounts", "/accounts/tokens/revoke", name="screen").status_code == 303
    assert app.test_client().get("/api/status", headers=bearer).status_code == 401


def test_an_administrator_ends_sessions(app: Flask) -> None:
    boss, team = administrator(app), signed_in(app, "Team 1", "viewer")
    mark = store_of(app).sessions_of(2, Limits())[0].mark
    submit(boss, "/accounts/1", "/accounts/1/sessions/end", session=mark)
    assert team.get("/api/status").status_code == 200, "a mark ends a session of its own account only"
    submit(boss, "/accounts/2", "/accounts/2/sessions/end", session=mark)
    assert team.get("/api/status").status_code == 401


def test_a_password_change_asks_for_the_old_one_and_ends_other_sessions(app: Flask) -> None:
    here = administrator(app)
    there = with_session(app, store_of(app).begin_session(1, "10.0.0.1"))
    for old, new, again, status in (
        (OTHER, OTHER, OTHER, 400), (PASSWORD, OTHER, PASSWORD, 400), (PASSWORD, "kettle-7", "kettle-7", 400),
        (PASSWORD, "my control room", "my control room", 400), (PASSWORD, OTHER, OTHER, 200),
    ):  # fmt: skip
        answer = submit(here, "/account", "/account/password", old=old, password=new, again=again)
        assert answer.status_code == status
        assert (there.get("/api/status").status_code == 200) is (status == 400)
    assert here.get("/api/status").status_code == 200
    assert sign_in(app.test_client(), "Control room", PASSWORD).status_code == 401
    assert sign_in(app.test_client(), "Control room", OTHER).status_code == 303


def test_guessing_the_old_password_from_an_open_session_is_held_up(app: Flask) -> None:
    here = administrator(app)
    answers = [
        submit(here, "/account", "/account/password", old=OTHER, password=OTHER, again=OTHER).status_code
        for _ in range(6)
    ]
    assert answers == [400] * 5 + [429]


def test_one_s_own_sessions_end_one_by_one_or_all(app: Flask) -> None:
    here = administrator(app)
    there = with_session(app, store_of(app).begin_session(1, "10.0.0.1"))
    mark = re.search(r'name="session" value="([0-9a-f]{16})"', here.get("/account").text)
    assert mark is not None
    submit(here, "/account", "/account/sessions/end", session=mark.group(1))
    assert (here.get("/api/status").status_code, there.get("/api/status").status_code) == (200, 401)
    there = with_session(app, store_of(app).begin_session(1, "10.0.0.1"))
    assert submit(here, "/account", "/account/sessions/end-all").headers["Location"] == "/sign-in"
    assert (here.get("/api/status").status_code, there.get("/api/status").status_code) == (401, 401)


def test_without_accounts_the_pages_say_how_to_begin(app: Flask) -> None:
    client = app.test_client()
    for path in ("/account", "/accounts"):
        told = client.get(path)
        assert told.status_code == 409 and "flask account link" in told.text


def test_pages_offer_only_what_the_reader_may_do(app: Flask) -> None:
    fill(store_of(app))
    boss, viewer, planner = administrator(app), signed_in(app, "V", "viewer"), signed_in(app, "P", "planner")
    seen = {name: client.get("/planner").text for name, client in (("boss", boss), ("v", viewer), ("p", planner))}
    assert [name for name, text in seen.items() if 'href="/accounts"' in text] == ["boss"]
    assert [name for name, text in seen.items() if 'id="whatif-place"' in text] == ["p"]
    assert [name for name, text in seen.items() if 'href="/import"' in text] == []
    assert 'href="/import"' in signed_in(app, "S", "steward").get("/planner").text
    assert "export" not in re.search(r'data-may="([^"]*)"', seen["v"]).group(1).split()  # type: ignore[union-attr]
    nobody = app.test_client().get("/sign-in").text
    assert 'data-may=""' in nobody and '"status": null' in nobody and "West" not in nobody


@pytest.mark.parametrize("change", ["revoked", "area"])
def test_a_stream_ends_when_its_reader_is_no_longer_let_in(
    app: Flask, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_hub, "TICK_S", 0.02)
    monkeypatch.setattr(live_stream, "HEARTBEAT_S", 0.05)  # a stream that does not end goes on saying so
    store = store_of(app)
    fill(store)
    viewer = signed_in(app, "Team 1", "viewer")
    answer = viewer.get("/api/stream")
    hub = app.extensions["atlas"].live.hub
    parts = iter(answer.response)
    assert next(parts).startswith(b"retry") and len(hub) == 1
    if change == "revoked":
        store.end_sessions(2)
    else:
        store.set_area(2, Area((("grid", "G1"),)))
    hub.wake()
    assert any(next(parts, None) is None for _ in range(200)) and len(hub) == 0
    answer.close()


def test_kept_tiles_are_for_who_is_let_in(app: Flask) -> None:
    fill(store_of(app))
    url = "/tiles/heat/13/4663/2371.png?radius_m=200"
    viewer, area = signed_in(app, "Team 1", "viewer"), signed_in(app, "Team 2", "viewer", area=Area((("grid", "G2"),)))
    city = viewer.get(url)
    assert city.status_code == viewer.get(url).status_code == 200
    assert app.test_client().get(url).status_code == 401
    assert area.get(url).data != city.data, "another area is another tile"
    assert viewer.get(url).data == city.data
    store_of(app).end_sessions(2)
    assert viewer.get(url).status_code == 401


def test_who_asks_is_looked_up_by_key(tmp_path: Path) -> None:
    """SQLite scans no table that grows to find the session or the token of a request."""
    sessions = "SELECT 1 FROM atlas_sessions s JOIN atlas_accounts a ON a.id = s.account WHERE s.digest = ?"
    with Store.open(tmp_path / "a.gpkg") as store, store._reading() as connection:
        for sql in (sessions, "SELECT 1 FROM atlas_tokens WHERE digest = ?"):
            plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", (b"x",))]
            assert plan and not any("SCAN" in step for step in plan)
