"""`flask account` and `flask token`: what a shell on the server does about who may sign in."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import Result
from flask import Flask

from store.actor import Actor, actor
from store.store import Store
from tests.quick import quick_passwords
from tests.web.conftest import fill
from tests.web.signed import OTHER, store_of

quick = pytest.fixture(autouse=True)(quick_passwords)


def run(app: Flask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(args=list(arguments))


def done(app: Flask, *arguments: str) -> dict[str, Any]:
    result = run(app, *arguments, "--format", "json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def secret_of(link: str) -> str:
    return link.partition("link=")[2]


def test_an_account_from_its_invitation_to_its_end(app: Flask) -> None:
    store = store_of(app)
    fill(store)
    first = done(app, "account", "link")["link"]
    assert first.startswith("http://127.0.0.1:5000/first?link=") and store.link_of(secret_of(first)).kind == "first"
    boss = done(app, "account", "add", "Control room", "--role", "administrator")
    assert (boss["roles"], boss["area"], boss["state"], boss["password"]) == (["administrator"], None, "active", False)
    team = done(app, "account", "add", "Team 1", "--role", "viewer", "--role", "planner", "--area", "grid:G1")
    assert (team["roles"], team["area"]) == (["planner", "viewer"], ["grid:G1"])
    store.use_link(secret_of(team["link"]), OTHER, "")
    assert store.check_password("Team 1", OTHER) is not None
    assert done(app, "account", "roles", "team 1", "--role", "steward")["roles"] == ["steward"]
    assert done(app, "account", "area", "Team 1", "--area", "grid:G2", "--area", "district:D1")["area"] == [
        "district:D1", "grid:G2",
    ]  # fmt: skip
    assert done(app, "account", "area", "Team 1", "--city")["area"] is None
    for command, state in (("lock", "locked"), ("unlock", "active"), ("disable", "disabled")):
        assert done(app, "account", command, "Team 1")["state"] == state
        assert (store.check_password("Team 1", OTHER) is not None) is (state == "active")
    listed = done(app, "account", "list")["accounts"]
    assert [(one["name"], one["state"], one["password"]) for one in listed] == [
        ("Control room", "active", False), ("Team 1", "disabled", True),
    ]  # fmt: skip
    assert "Team 1" in run(app, "account", "list").stdout


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["add", "Team 1", "--role", "viewer"], 1),
        (["link", "Nobody"], 1),
        (["lock", "Nobody"], 1),
        (["add", "Team 1"], 2),
        (["add", "Team 1", "--role", "emperor"], 2),
        (["add", " ", "--role", "administrator"], 2),
        (["add", "Team 1", "--role", "administrator", "--area", "G1"], 2),
        (["add", "Team 1", "--role", "administrator", "--area", "grid:none"], 2),
    ],
    ids=str,
)
def test_a_refusal_changes_nothing(app: Flask, arguments: list[str], status: int) -> None:
    result = run(app, "account", *arguments)
    assert (result.exit_code, result.stdout) == (status, "") and "Traceback" not in result.stderr
    assert store_of(app).accounts() == []


def test_an_area_is_named_or_all_of_the_city(app: Flask) -> None:
    done(app, "account", "add", "Control room", "--role", "administrator")
    for arguments in ([], ["--city", "--area", "grid:G1"]):
        assert run(app, "account", "area", "Control room", *arguments).exit_code == 2
    assert run(app, "account", "lock", "Control room").exit_code == 1, "the only administrator"
    assert run(app, "account", "link").exit_code == 1, "there is one already"


def test_a_token_has_what_the_command_says(app: Flask) -> None:
    store = store_of(app)
    fill(store)
    made = done(app, "token", "add", "screen", "--scope", "read", "--scope", "export", "--expires", "2999-01-01",
                "--area", "grid:G1")  # fmt: skip
    found = store.token_of(made["token"])
    assert found is not None and found.scopes == {"read", "export"}
    done(app, "token", "add", "dispatch")
    listed = {one["name"]: one for one in done(app, "token", "list")["tokens"]}
    assert listed["screen"]["area"] == ["grid:G1"] and listed["screen"]["expires_at"] == "2999-01-01T00:00:00.000Z"
    assert (listed["dispatch"]["scope"], listed["dispatch"]["expires_at"]) == ("incidents:write", None)
    assert made["token"] not in json.dumps(listed)
    for wrong in (["--scope", "accounts"], ["--expires", "soon"], ["--area", "grid"]):
        assert run(app, "token", "add", "x", *wrong).exit_code == 2


def test_a_command_acts_in_the_name_of_the_shell_s_user(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Actor] = []
    monkeypatch.setattr(Store, "tokens", lambda self: seen.append(actor()) or [])
    assert run(app, "token", "list").exit_code == 0
    assert [one.kind for one in seen] == ["command"] and seen[0].name and actor().kind == "service"
