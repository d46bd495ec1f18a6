"""A supervisor reshapes a border and undoes it after a reload; two work on a draft at once; one works by tap."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from playwright.sync_api import Page, expect

from geo.crs import lonlat
from geo.grid_changes import GridChange
from store.batch import Batch, Provenance
from store.store import Store
from tests.browser.conftest import LANGS, Opener, Visit, until
from tests.serving import running
from tests.web.conftest import CRS, X0, Y0, batch

pytestmark = pytest.mark.browser
PASSWORD = "seven green kettles"
ZOOM = 18


@dataclass(frozen=True)
class Town:
    """A served town and a cookie of each of its accounts."""

    address: str
    cookies: dict[str, str]


def people(store: Store) -> dict[str, str]:
    """Give a store its accounts: who draws the division and who approves it; returns a cookie of each."""
    store.use_first_link(store.make_first_link(), "Control room", PASSWORD, "127.0.0.1")
    cookies = {}
    for name, role in (("Post 1", "supervisor"), ("Review desk", "approver")):
        cookies[role] = store.begin_session(store.add_account(name, (role,), None).id, "127.0.0.1")
    return cookies


@contextmanager
def served(path: Path, grids: Batch, incidents: Batch) -> Iterator[Town]:
    """Serve a town of these grids and incidents, with its people signed in."""
    with Store.open(path) as store:
        store.write(grids, "append", Provenance("grids.gpkg"))
        store.write(incidents, "append", Provenance("incidents.csv"))
        cookies = people(store)
    with running(path) as address:
        yield Town(address, cookies)


@contextmanager
def small_town(path: Path) -> Iterator[Town]:
    """Serve four grids of 100 m by 100 m in one township, 12 incidents in the east of the first, two accounts."""
    corners = [(0, 0), (100, 0), (0, 100), (100, 100)]
    boxes = [shapely.MultiPolygon([shapely.box(X0 + x, Y0 + y, X0 + x + 100, Y0 + y + 100)]) for x, y in corners]
    whole = shapely.MultiPolygon([shapely.box(X0, Y0, X0 + 200, Y0 + 200)])
    grids = batch(
        "grids", [whole, *boxes], code=["T", "T01", "T02", "T03", "T04"], level=["township", *["grid"] * 4],
        parent=[None, *["T"] * 4], team=["office", *["post 1"] * 4], population=[400.0, *[100.0] * 4],
    )  # fmt: skip
    incidents = batch(
        "incidents", x=[X0 + 70.0 + i for i in range(12)], y=[Y0 + 50.0] * 12, id=[f"i{i}" for i in range(12)],
        occurred_at=[np.datetime64("2026-05-01T08:00", "ms")] * 12,
    )  # fmt: skip
    with served(path, grids, incidents) as found:
        yield found


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """The town of all tests that begin drafts: each its own, by its name, and none puts one in force."""
    with small_town(tmp_path_factory.mktemp("division") / "atlas.gpkg") as found:
        yield found


@pytest.fixture
def untouched(tmp_path: Path) -> Iterator[Town]:
    with small_town(tmp_path / "atlas.gpkg") as found:
        yield found


def drafts_at(town: Town, lang: str, query: str = "", zoom: int = ZOOM) -> str:
    """The address of the drafts with the middle of the town on the map."""
    lon, lat = lonlat(np.array([X0 + 100.0]), np.array([Y0 + 100.0]), CRS)
    return f"{town.address}/grids?tab=drafts&lang={lang}&centre={lat[0]},{lon[0]}&zoom={zoom}{query}"


def enter(town: Town, visit: Opener, role: str, lang: str, query: str = "", zoom: int = ZOOM) -> Visit:
    """Open the page of grids as one of the accounts."""
    opened = visit(f"{town.address}/sign-in", lang=lang, ready=False)
    opened.page.context.add_cookies([{"name": "atlas_session", "value": town.cookies[role], "url": town.address}])
    opened.page.goto(drafts_at(town, lang, query, zoom))
    opened.ready()
    return opened


def at(page: Page, x: float, y: float) -> tuple[float, float]:
    """Where a place of the town is on the screen."""
    lon, lat = lonlat(np.array([X0 + x]), np.array([Y0 + y]), CRS)
    place = [float(lat[0]), float(lon[0])]
    point = page.evaluate("([lat, lng]) => window.atlas.map.latLngToContainerPoint({lat, lng})", place)
    box = page.locator(".atlas-map").bounding_box()
    assert box is not None
    return box["x"] + point["x"], box["y"] + point["y"]


def take(page: Page, tool: str) -> None:
    """Take a tool, and wait for the borders it works on."""
    page.click(f"#draft-tool-{tool}")
    expect(page.locator("#drafts")).to_have_attribute("data-borders", re.compile(r"\d+"))


def begin(page: Page, name: str) -> None:
    page.fill("#draft-new-name", name)
    page.click("#draft-new button")
    expect(page.locator("#draft-title")).to_have_text(name)


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
    page.mouse.move(*end)
    page.mouse.up()


def draft_of(page: Page) -> str:
    """The draft that the address names."""
    page.wait_for_url(re.compile("draft="))
    found = re.search(r"draft=(\w+)", page.url)
    assert found is not None
    return found[1]


def step(page: Page, town: Town, draft: dict[str, Any], params: dict[str, Any]) -> dict[str, Any]:
    """Make a step by the service, as the page would; returns the draft after it."""
    csrf = page.evaluate("import('/static/js/i18n.js').then(({ csrf }) => csrf)")
    body = {**params, "version": draft["version"]}
    address = f"{town.address}/api/drafts/{draft['id']}/steps"
    answer = page.request.post(address, data=body, headers={"X-CSRF-Token": csrf})
    assert answer.ok, answer.text()
    return answer.json()


def areas(page: Page, town: Town) -> dict[str, float]:
    """The grids of the finest level and their areas, as the service has them now."""
    rows = page.request.get(f"{town.address}/api/grids?level=grid").json()["grids"]
    return {row["code"]: round(row["area_km2"] * 1e6) for row in rows}


def test_nothing_yet_and_nothing_allowed(untouched: Town, visit: Opener) -> None:
    opened = enter(untouched, visit, "approver", "en")
    expect(opened.page.locator("#draft-table")).to_contain_text("No draft yet")
    expect(opened.page.locator("#draft-new")).to_be_hidden()
    expect(opened.page.locator("#draft-tools")).to_be_hidden()
    opened.watch.clean()


@pytest.mark.parametrize("lang", LANGS)
def test_a_shared_border_is_reshaped_and_undone_after_a_reload(town: Town, visit: Opener, lang: str) -> None:
    """Both grids of a border change, nothing else; what was undone and done again is kept with the draft."""
    opened = enter(town, visit, "supervisor", lang)
    page = opened.page
    began = areas(page, town)
    begin(page, f"Bend {lang}")
    take(page, "reshape")
    drag(page, at(page, 150, 100), at(page, 150, 120))
    rows = page.locator("#draft-grids tbody tr")
    expect(rows).to_have_count(2)
    expect(rows).to_contain_text(["T02", "T04"])
    page.reload()
    opened.ready()
    expect(rows).to_have_count(2)
    page.locator(".atlas-map").focus()
    page.keyboard.press("Control+z")
    expect(rows).to_have_count(0)
    page.keyboard.press("Control+Shift+z")
    expect(rows).to_have_count(2)
    draft = page.request.get(f"{town.address}/api/drafts/{draft_of(page)}").json()
    sizes = {one["properties"]["code"]: one["properties"]["area_m2"] for one in draft["grids"]["features"]
             if one["properties"]["when"] == "after"}  # fmt: skip
    assert sizes["T02"] == pytest.approx(11_000, abs=60)
    assert sum(sizes.values()) == pytest.approx(20_000, abs=1e-3)
    assert areas(page, town) == began
    opened.watch.clean()


def test_two_at_once_lose_nothing(town: Town, visit: Opener) -> None:
    """The second page does not see the first one's step: it is asked, and its own step goes into another draft."""
    first = enter(town, visit, "supervisor", "zh").page
    begin(first, "Both")
    second = enter(town, visit, "supervisor", "zh", f"&draft={draft_of(first)}").page
    expect(second.locator("#draft-title")).to_have_text("Both")
    take(first, "split")
    take(second, "split")
    for page, x in ((first, 50), (second, 150)):
        page.mouse.click(*at(page, x, -4))
        page.mouse.click(*at(page, x, 104))
        page.click("#draft-done")
        if page is first:
            expect(page.locator("#draft-grids tbody tr")).to_have_count(2)
    box = second.locator("#draft-conflict")
    expect(box).to_be_visible()
    expect(second.locator("#draft-conflict-their")).to_contain_text("T01")
    expect(second.locator("#draft-conflict-mine")).to_contain_text("T02")
    second.keyboard.press("Escape")
    expect(box).to_be_visible()  # a key decides nothing
    second.click("#draft-conflict-fork")
    expect(second.locator("#draft-title")).not_to_have_text("Both")
    expect(second.locator("#draft-grids")).to_contain_text("T02")
    expect(second.locator("#draft-grids tbody tr")).to_have_count(2)
    second.click("#draft-close")
    expect(second.locator("#draft-table tbody")).to_contain_text(re.compile("Both.*Both"))


@pytest.mark.parametrize("lang", LANGS)
def test_a_stale_draft_is_made_anew_on_what_the_grids_are_now(tmp_path: Path, visit: Opener, lang: str) -> None:
    """What still fits is made anew, what does not is listed with the reason, and the old draft keeps everything."""
    with small_town(tmp_path / "atlas.gpkg") as town:
        opened = enter(town, visit, "supervisor", lang)
        page = opened.page
        begin(page, "Late")
        before = page.request.get(f"{town.address}/api/drafts/{draft_of(page)}").json()
        for params in (
            {"op": "team", "level": "grid", "codes": ["T01", "T04"], "team": "post 2"},
            {"op": "team", "level": "grid", "codes": ["T02"], "team": "post 3"},
        ):
            before = step(page, town, before, params)
        # Meanwhile T02 gets another name, and T04 goes up in T03.
        with Store.open(tmp_path / "atlas.gpkg") as store:
            states = store.grid_states()
            t02, t03, t04 = (states["grid", code] for code in ("T02", "T03", "T04"))
            both = shapely.MultiPolygon([shapely.union(t03.geometry, t04.geometry)])
            store.change_division(
                [
                    GridChange("grid", "T02", t02, replace(t02, name="Harbour")),
                    GridChange("grid", "T03", t03, replace(t03, geometry=both)),
                    GridChange("grid", "T04", t04, None),
                ],
                "meanwhile",
            )
        page.reload()
        opened.ready()
        page.locator("#draft-facts .problem button").click()
        expect(page.locator("#draft-conflict-their")).to_contain_text("T04")
        page.click("#draft-conflict-fork")
        expect(page.locator("#draft-title")).to_have_text({"zh": "Late（重做）", "en": "Late (anew)"}[lang])
        expect(page.locator("#draft-left li")).to_have_count(1)
        expect(page.locator("#draft-left")).to_contain_text("T04")
        expect(page.locator("#draft-grids tbody tr")).to_have_count(1)
        expect(page.locator("#draft-grids tbody")).to_contain_text("post 3")
        expect(page.locator("#draft-facts .problem button")).to_have_count(0)  # it stands on what is now
        assert [address.rsplit("/", 1)[1] for address in opened.watch.failed] == ["steps"]  # the one that is listed
        assert (opened.watch.foreign, opened.watch.dialogs) == ([], [])
        old = page.request.get(f"{town.address}/api/drafts/{before['id']}").json()
        assert (old["step"], len(old["conflicts"])) == (2, 2)
        page.click("#draft-close")
        expect(page.locator("#draft-left")).to_be_hidden()


def test_by_tap_on_a_phone(town: Town, visit: Opener) -> None:
    opened = enter(town, visit, "supervisor", "zh")
    page = opened.page
    page.set_viewport_size({"width": 390, "height": 844})
    page.click('[data-sheet="right"]')
    begin(page, "Tap")
    page.click('[data-sheet=""]')
    take(page, "reshape")
    page.mouse.click(*at(page, 100, 100))
    page.mouse.click(*at(page, 110, 90))
    page.click("#draft-done")
    page.click('[data-sheet="right"]')
    expect(page.locator("#draft-grids tbody tr")).to_have_count(4)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    opened.watch.clean()


def test_a_session_that_ends_keeps_what_was_typed(town: Town, visit: Opener) -> None:
    """The page is covered, not left; once its account has signed in elsewhere it does what it was about to do."""
    opened = enter(town, visit, "supervisor", "en")
    page = opened.page
    begin(page, "Overtime")
    take(page, "split")
    page.mouse.click(*at(page, 50, -4))
    page.mouse.click(*at(page, 50, 104))
    page.click("#draft-done")
    expect(page.locator("#draft-grids tbody tr")).to_have_count(2)
    page.fill("#draft-reason", "two posts from Monday on")
    opened.settled()
    page.context.clear_cookies()
    # What the page asks by itself may find the session ended first, and cover the button.
    page.locator("#draft-submit").dispatch_event("click")
    expect(page.locator("#session")).to_be_visible()
    expect(page.locator("#draft-reason")).to_have_value("two posts from Monday on")
    with page.context.expect_page() as another:
        page.get_by_role("button", name="Sign in in another tab").click()
    tab = another.value
    expect(tab).to_have_url(re.compile("/sign-in"))
    page.context.add_cookies([{"name": "atlas_session", "value": town.cookies["supervisor"], "url": town.address}])
    page.bring_to_front()
    expect(page.locator("#session")).to_have_count(0)
    expect(page.locator("#draft-state .draft-state")).to_have_attribute("data-state", "submitted")
    expect(page.locator("#draft-facts")).to_contain_text("two posts from Monday on")
    until(page, tab.is_closed)


def test_a_step_that_was_not_sent_is_sent_again(town: Town, visit: Opener) -> None:
    """The network is gone while a border is dragged: the move stays on offer until the service is there again."""
    page = enter(town, visit, "supervisor", "en").page
    begin(page, "Tunnel")
    take(page, "reshape")
    page.context.set_offline(True)
    drag(page, at(page, 150, 100), at(page, 150, 120))
    again = page.locator("#toasts [data-key=unsent]").get_by_role("button", name="Try again")
    expect(again).to_be_visible()
    page.wait_for_timeout(13_000)  # longer than a message stays that only says something
    page.context.set_offline(False)
    again.click()
    expect(page.locator("#draft-grids tbody tr")).to_have_count(2)


def test_leaving_with_a_reason_that_was_not_sent_is_asked_first(town: Town, visit: Opener) -> None:
    """By reload and by the back button alike; the text is still there for who stays."""
    page = enter(town, visit, "supervisor", "en").page
    begin(page, "Night")
    page.click("#draft-reason")
    page.keyboard.type("for the night shift")
    asked: list[str] = []
    page.on("dialog", lambda dialog: asked.append(dialog.type))  # it is dismissed: the reader stays
    page.evaluate("location.reload()")
    until(page, lambda: asked == ["beforeunload"])
    expect(page.locator("#draft-reason")).to_have_value("for the night shift")
