"""From the first start to a revoked session, as an administrator and a viewer see it."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Opener, Visit
from tests.serving import running

pytestmark = pytest.mark.browser
PASSWORD, OTHER = "seven green kettles", "eleven wet umbrellas"


def set_password(page: Page, password: str) -> None:
    page.get_by_label("New password").fill(password)
    page.get_by_label("The same again").fill(password)
    page.get_by_role("button", name="Set the password and sign in").click()


def test_first_run_invitation_and_revocation(tmp_path: Path, visit: Opener) -> None:
    store = tmp_path / "atlas.gpkg"
    with running(store) as address:
        link = re.search(r"http://\S+/first\?link=\S+", store.with_suffix(".log").read_text("utf-8"))
        assert link is not None, "the start prints the link"
        desk = visit(link.group())
        desk.page.get_by_label("Sign-in name").fill("Control room")
        set_password(desk.page, PASSWORD)
        expect(desk.page).to_have_url(f"{address}/accounts")
        expect(desk.page.locator(".who")).to_have_text("Control room")

        desk.page.get_by_label("Sign-in name").fill("Team 1")
        desk.page.get_by_role("button", name="Add, and make its link").click()
        invitation = desk.page.get_by_label("To be copied").input_value()
        desk.watch.clean()

        # Another browser: nothing is shown before signing in, and it leads back to what was asked for.
        team = visit(f"{address}/about?lang=en", size="phone")
        assert parse_qs(urlsplit(team.page.url).query) == {"next": ["/about?lang=en"]}
        expect(team.page.get_by_role("navigation", name="Readers")).to_be_hidden()
        team.page.goto(invitation)
        team.ready()
        set_password(team.page, OTHER)
        expect(team.page).to_have_url(f"{address}/command")
        sees_only_what_it_may(team, address)
        team.watch.clean()

        # A wrong password, then the right one, and on to the page that was asked for.
        team.page.locator("#menu-button").click()
        team.page.get_by_role("button", name="Sign out").click()
        expect(team.page).to_have_url(f"{address}/sign-in")
        team.page.goto(f"{address}/about?page=2")
        for password in (PASSWORD, OTHER):
            team.page.get_by_label("Sign-in name").fill("team 1")
            team.page.get_by_label("Password", exact=True).fill(password)
            team.page.get_by_role("button", name="Sign in").click()
            if password is PASSWORD:
                expect(team.page.get_by_role("alert")).to_contain_text("is wrong")
        expect(team.page).to_have_url(f"{address}/about?page=2")

        # Locked by the administrator: the next request leads to where one signs in, and no further.
        desk.page.goto(f"{address}/accounts")
        desk.page.get_by_role("link", name="Team 1").click()
        desk.page.get_by_role("button", name="Lock", exact=True).click()
        expect(desk.page.locator("h1")).to_contain_text("locked")
        team.page.goto(f"{address}/about")
        expect(team.page).to_have_url(re.compile("/sign-in"))
        desk.watch.clean()
        assert (team.watch.foreign, team.watch.dialogs) == ([], [])


def sees_only_what_it_may(team: Visit, address: str) -> None:
    """A viewer is offered neither the import, nor files, nor the accounts."""
    team.page.locator("#menu-button").click()
    expect(team.page.locator("#menu .who")).to_have_text("Team 1")
    for hidden in ("Import", "Accounts"):
        expect(team.page.get_by_role("link", name=hidden)).to_have_count(0)
    expect(team.page.locator("#take-button")).to_be_hidden()
    team.page.goto(f"{address}/about")
    team.ready()
    assert team.page.request.get(f"{address}/import").status == 403
