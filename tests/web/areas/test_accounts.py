"""Accounts and tokens of an area: what they may ask, and that they are told of their area by real sessions too."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask, url_for

from app import create_app
from settings import ROOT
from tests.web.areas.asking import ask, content, text_of
from tests.web.areas.questions import BOX, OF_ITSELF, TILES
from tests.web.areas.town import INSIDE, OF_ENVIRON, OUTSIDE
from web import identity
from web.permissions import NEEDS, WHOLE_CITY


def test_an_area_looks_after_no_accounts_and_reads_no_trail(full: Flask) -> None:
    """Whatever its roles: who looks after accounts could give itself the city, and the trail tells of all of it."""
    asked = [rule for rule in full.url_map.iter_rules() if NEEDS[rule.endpoint] in WHOLE_CITY]
    assert asked
    for rule in asked:
        with full.test_request_context():
            url = url_for(rule.endpoint, **dict.fromkeys(rule.arguments, 1))
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            refused = ask(full, (method, url, None if method == "GET" else {}), INSIDE)
            assert (refused[0] == 403 and "not_allowed" in text_of(refused[2])) or b"may not" in refused[2], rule


def test_what_an_account_does_with_itself_reads_no_data() -> None:
    for module in ("sign_in", "my_account", "oidc"):
        assert not re.search(r"snapshot\(|whole\(|scoped\(", (ROOT / "web" / f"{module}.py").read_text())
    assert len(OF_ITSELF) >= 7


def test_real_accounts_are_told_of_their_area_from_the_next_request_on(
    full: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = full.extensions["atlas"]
    state.close()  # so that both begin with the present revision
    real = create_app(state.settings)
    store = real.extensions["atlas"].store
    asked = ["/api/status", "/api/grids", "/api/cameras", "/api/density", f"/api/layers/incidents?{BOX}&zoom=17",
             f"/tiles/heat/{TILES[0]}.png?radius_m=200", f"/tiles/cameras/{TILES[0]}.mvt", "/api/export/cameras.csv",
             "/api/tables/cameras.csv", "/api/alerts"]  # fmt: skip
    apart = {area: [ask(full, one, area) for one in asked] for area in (None, INSIDE, OUTSIDE)}
    assert apart[INSIDE] != apart[OUTSIDE]
    monkeypatch.setattr(identity, "of_environ", OF_ENVIRON)
    store.add_account("first", ["administrator"])
    people = {area: store.add_account(name, ["command"], area)
              for name, area in (("boss", None), ("west", INSIDE), ("east", OUTSIDE))}  # fmt: skip
    try:
        clients = {}
        for area, account in people.items():
            clients[area] = real.test_client()
            clients[area].set_cookie("atlas_session", store.begin_session(account.id, "127.0.0.1"))

        def told(client: Any) -> list[Any]:
            said = []
            for one in asked:
                with client.get(one) as answer:
                    said.append((answer.status_code, answer.mimetype, content(answer.data, answer.mimetype)))
            return said

        for _ in range(2):  # the second time from what is kept
            for area, client in clients.items():
                assert told(client) == apart[area]
        store.set_area(people[INSIDE].id, OUTSIDE)
        assert told(clients[INSIDE]) == apart[OUTSIDE]
        assert real.test_client().get("/api/grids").status_code == 401
        token = store.add_token("figures", ["read"], area=INSIDE)
        with_token = real.test_client()
        with_token.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        assert told(with_token)[:4] == apart[INSIDE][:4]
    finally:
        for account in people.values():
            store.set_state(account.id, "disabled")
        real.extensions["atlas"].close()
