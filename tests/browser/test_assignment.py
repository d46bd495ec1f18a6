"""A supervisor resolves doubtful assignments and finds out who is responsible for a place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import LANGS, Opener, until
from tests.browser.live_service import served_copy

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def own_server(demo_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A demo of its own: these tests decide."""
    with served_copy(demo_store, tmp_path_factory.mktemp("decide")) as service:
        yield service.address


# Whether the chosen row stands between the tabs and the form.
ABOVE = """() => {
    const [row, form, pane] = ['#check-table tbody input:checked', '#decide', '#pane-check']
        .map(one => document.querySelector(one)?.getBoundingClientRect());
    return Boolean(row) && row.top >= pane.top && row.bottom <= form.top;
}"""


def count_of(page: Page, kind: str) -> Locator:
    return page.locator(f'#check-counts [data-kind="{kind}"] b')


def number_of(page: Page, kind: str) -> int:
    return int(re.sub(r"\D", "", count_of(page, kind).inner_text()))


@pytest.mark.parametrize("lang", LANGS)
def test_doubtful_assignments_are_resolved(own_server: str, visit: Opener, lang: str) -> None:
    opened = visit(f"{own_server}/grids?tab=check", lang=lang)
    page = opened.page
    page.click('#check-counts [data-kind="differs"]')
    expect(page.locator('#check-counts [data-kind="differs"]')).to_have_attribute("aria-pressed", "true")
    rows = page.locator("#check-table tbody tr")
    expect(rows.first).to_be_visible()
    opened.messages_stay()
    opened.settled()
    open_before, done_before = number_of(page, "differs"), number_of(page, "decided")
    page.locator("#check-table thead button").nth(4).click()  # by distance
    expect(page.locator("#check-table thead th").nth(4)).to_have_attribute("aria-sort", "ascending")
    opened.settled()
    # One: the map follows, the recorded grid is a button.
    first = rows.first.get_attribute("data-key")
    rows.first.click()
    page.wait_for_url(re.compile(rf"[?&]zoom=(18|19|20).*selected=incident(:|%3A){first}"))
    page.locator("#decide-grids button").first.click()
    page.click('#decide button[type="submit"]')
    expect(page.locator(f'#check-table tr[data-key="{first}"]')).to_have_count(0)
    expect(count_of(page, "decided")).to_have_text(str(done_before + 1))
    opened.settled()  # it goes on to the next one
    # Several at once, taken back at once.
    for place in (0, 1):
        rows.nth(place).locator("input").check()
    page.locator("#decide-grids button").first.click()
    page.fill("#decide-note", "border of the market")
    page.click('#decide button[type="submit"]')
    expect(count_of(page, "decided")).to_have_text(str(done_before + 3))
    until(page, lambda: number_of(page, "differs") == open_before - 3)
    expect(page.locator(".toast button")).to_have_count(2)  # of one, and of the two
    page.locator(".toast button").last.click()
    expect(count_of(page, "decided")).to_have_text(str(done_before + 1))
    opened.settled()
    # What was decided says why, and can be decided again.
    page.click('#check-counts [data-kind="decided"]')
    expect(page.locator("#check-table .decided").first).to_be_visible()
    opened.settled()
    page.locator(f'#check-table tr[data-key="{first}"]').click()
    expect(page.locator("#decide-held")).to_be_visible()
    page.click("#flows summary")
    expect(page.locator("#flows-table tbody tr").first).to_be_visible()
    expect(page.locator("#flows-legend li")).not_to_have_count(0)
    opened.watch.clean()


def test_on_a_phone_the_form_leaves_its_rows_in_sight(own_server: str, visit: Opener) -> None:
    page = visit(f"{own_server}/grids?tab=check", size="phone").page
    page.click('[data-sheet="right"]')
    chosen = page.locator("#check-table tbody input").first
    chosen.check()
    form = page.locator("#decide")
    expect(form).to_be_visible()
    until(page, lambda: page.evaluate(ABOVE))


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_who_is_responsible(own_server: str, visit: Opener, lang: str) -> None:
    opened = visit(f"{own_server}/grids", lang=lang)
    page = opened.page
    page.keyboard.press("/")
    page.keyboard.type("kaisaniemen")
    items = page.locator("#who-results .who-item")
    expect(items.first).to_contain_text("Kaisaniemen")
    # Who types slowly is answered in between: the arrows go through the last answer.
    page.wait_for_url(re.compile(r"[?&]find=kaisaniemen"))
    opened.settled()
    expect(items.first).to_have_attribute("aria-current", "true")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(items.nth(1)).to_have_attribute("aria-current", "true")
    # A click on the map answers for that place; a link opens on the same answer.
    page.click("#who-pick")
    page.locator(".atlas-map").click(position={"x": 330, "y": 400})
    expect(items).to_have_count(1)
    page.wait_for_url(re.compile(r"[?&]find=2\d\.\d+,60\.\d+"))
    typed = parse_qs(urlsplit(page.url).query)["find"][0]
    again = visit(page.url, lang=lang).page
    expect(again.locator("#who-text")).to_have_value(typed)
    expect(again.locator("#who-results .who-item")).to_have_count(1)
    page.focus("#who-text")
    page.keyboard.press("Escape")
    expect(page.locator("#who")).to_be_hidden()
    opened.watch.clean()
