"""The panel of time: a long record by every means, play and pause, hour by weekday, seasons, filters that are on."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import LANGS, Opener, until
from tests.browser.test_workspace import query

pytestmark = pytest.mark.browser

# The step ahead is asked for quietly; of the step on the map only one may be on its way.
COUNT_ASKED = """() => {
    const ask = window.fetch;
    let now = 0;
    window.most = 0;
    window.fetch = async (...what) => {
        if (!String(what[0]).includes("/api/layers/density")) return ask(...what);
        now += 1;
        window.most = Math.max(window.most, now);
        try { return await ask(...what); } finally { now -= 1; }
    };
}"""
# Begins to play; notes when the second step came, by the page's own clock.
PLAY = """() => {
    const box = document.getElementById("play-at"), began = performance.now();
    new MutationObserver(() => {
        if (box.textContent.includes("2025-12-01")) window.second ??= performance.now() - began;
    }).observe(box, { childList: true, characterData: true, subtree: true });
    document.getElementById("play-button").click();
}"""


def holds(page: Page, **wanted: str | None) -> None:
    """Wait until the address holds these fields; None: not at all."""

    def right(url: str) -> bool:
        found = parse_qs(urlsplit(url).query)
        return all(found.get(name) == (None if value is None else [value]) for name, value in wanted.items())

    page.wait_for_url(right)


def figure(text: str) -> int:
    """Return the number of incidents a text tells."""
    found = re.search(r"(\d[\d,]*) (?:incidents|起)", text)
    assert found, text
    return int(found[1].replace(",", ""))


def total(page: Page) -> int:
    return int(re.sub(r"\D", "", page.locator("#lead strong").text_content() or ""))


@pytest.mark.parametrize("lang", LANGS)
def test_the_last_month_is_played_day_by_day(demo_server: str, visit: Opener, lang: str) -> None:
    opened = visit(f"{demo_server}/command?panel=play&speed=2&lang={lang}", lang=lang)
    page = opened.page
    legends = set()
    page.select_option("#play-range", "month")
    page.select_option("#play-step", "day")
    page.evaluate(COUNT_ASKED)
    page.focus("#play-slider")
    page.keyboard.press("Space")
    expect(page.locator("#play-button")).to_have_attribute("aria-pressed", "true")
    for steps in ("0[2-9]|[123]", "0[4-9]|[123]"):
        expect(page.locator("#play-at")).to_contain_text(re.compile(f"2025-12-({steps})"))
        legends.add("|".join(page.locator("[data-legend=density] li span:nth-child(2)").all_text_contents()))
    page.keyboard.press("Space")
    expect(page.locator("#play-button")).to_have_attribute("aria-pressed", "false")
    opened.settled()
    found = query(page)
    assert len(legends) == 1, "the scale must not change from step to step"
    assert 0 < page.evaluate("window.most") <= 2, "one step on the map and one ahead"
    assert (found["panel"], found["play"], found["speed"]) == (["play"], ["day"], ["2"])
    assert (found["play_from"], found["play_to"]) == (["2025-12-01"], ["2026-01-01"])
    assert "≥" in next(iter(legends))
    day = found["from"][0]
    page.wait_for_timeout(900)
    assert query(page)["from"] == [day], "paused is paused"
    again = visit(page.url, lang=lang).page
    # Waited for: the score below the scale comes after the map, on both pages.
    legend = "[data-legend=density]"
    until(page, lambda: again.locator(legend).text_content() == page.locator(legend).text_content())
    expect(again.locator("#play-button")).to_have_attribute("aria-pressed", "false")
    page.click("#play-on")
    assert query(page)["from"] > [day]
    page.locator('input[name="panel"][value="brush"]').check(force=True)
    holds(page, scale_from=None, panel=None)
    opened.watch.clean()


def test_less_motion_is_respected_and_the_end_is_the_end(demo_server: str, visit: Opener) -> None:
    opened = visit(
        f"{demo_server}/command?panel=play&play=month&speed=3&play_from=2025-11-01&play_to=2026-01-01",
        reduced_motion="reduce",
    )
    page = opened.page
    expect(page.locator("#play-calm")).to_be_visible()
    page.evaluate(PLAY)
    expect(page.locator("#play-at")).to_contain_text("2025-12-01")
    expect(page.locator("#play-button")).to_have_attribute("aria-pressed", "false")
    # However slow the machine is, it can only be later.
    assert page.evaluate("window.second") > 1900, "less motion is one step in two seconds, whatever speed was chosen"
    opened.watch.clean()


@pytest.mark.parametrize("lang", LANGS)
def test_a_cell_of_the_matrix_filters_everything(demo_server: str, visit: Opener, lang: str) -> None:
    opened = visit(f"{demo_server}/command?panel=hours&lang={lang}", lang=lang)
    page = opened.page
    cells = page.locator("#matrix-table td[data-d]")
    expect(cells).to_have_count(168)
    opened.settled()
    everything = total(page)
    cell = page.locator('#matrix-table td[data-d="1"][data-h="8"]')
    hour = page.locator('#matrix-table th[data-d=""][data-h="8"]')
    said = cell.get_attribute("aria-label") or ""
    alone, at_eight = figure(said), figure(hour.get_attribute("aria-label") or "")
    assert alone < at_eight < everything
    cell.click()
    expect(page.locator("#lead strong")).to_have_text(re.compile(rf"^{alone:,} "))
    holds(page, hours="8", weekdays="1")
    expect(page.locator(".filter-note")).to_have_count(2)
    expect(page.locator("#weekdays input:checked")).to_have_count(1)
    expect(page.locator("#hour-from")).to_have_value("8")
    expect(cell).to_have_attribute("aria-selected", "true")
    opened.settled()
    # The matrix keeps all it had: what the filter chooses from is to be seen.
    expect(cell).to_have_attribute("aria-label", said)
    page.click('.filter-note[data-filter="weekdays"] button')
    expect(page.locator(".filter-note")).to_have_count(1)
    expect(page.locator("#lead strong")).to_have_text(re.compile(rf"^{at_eight:,} "))
    page.click("#all-hours")
    expect(page.locator("#lead strong")).to_have_text(re.compile(rf"^{everything:,} "))
    opened.watch.clean()


def test_the_matrix_by_keys_and_by_drawing(demo_server: str, visit: Opener) -> None:
    opened = visit(f"{demo_server}/command?panel=hours")
    page = opened.page
    page.focus('#matrix-table td[data-d="1"][data-h="0"]')
    for key in ("ArrowRight", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    holds(page, hours="1", weekdays="2")
    for key in ("ArrowRight", "ArrowDown", "Shift+Enter"):
        page.keyboard.press(key)
    holds(page, hours="1-2", weekdays="2-3")
    expect(page.locator("#rhythm-text")).to_contain_text("Wednesday 02:00–03:00")
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    holds(page, hours=None, weekdays="3")
    page.hover('#matrix-table td[data-d="6"][data-h="20"]')
    page.mouse.down()
    page.hover('#matrix-table td[data-d="7"][data-h="23"]')
    page.mouse.up()
    holds(page, hours="20-23", weekdays="6-7")
    opened.watch.clean()


def test_the_rhythm_of_the_selected_grid(demo_server: str, visit: Opener) -> None:
    opened = visit(f"{demo_server}/command?panel=hours")
    page = opened.page
    row = page.locator("#table tbody tr").first
    count = (row.locator("td").nth(1).text_content() or "").strip()
    row.click()
    page.check("#rhythm-of")
    expect(page.locator("#rhythm-text")).to_contain_text(f"{count} incidents")
    holds(page, of="grid")
    opened.watch.clean()


def test_seasons_choose_a_month_and_a_weekday(demo_server: str, visit: Opener) -> None:
    opened = visit(f"{demo_server}/command?panel=seasons")
    page = opened.page
    expect(page.locator("#season-year .year")).to_have_count(2)
    expect(page.locator("#season-year .dot")).to_have_count(24)
    page.focus("#season-year svg")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowUp")  # no later year: stays
    page.keyboard.press("ArrowDown")
    expect(page.locator("#rhythm-text")).to_contain_text("December 2024")
    page.keyboard.press("Enter")
    holds(page, **{"from": "2024-12-01", "to": "2025-01-01"})
    expect(page.locator("#season-year .dot.chosen")).to_have_count(1)
    page.locator("[data-weekday='7']").click()
    holds(page, weekdays="7")
    opened.watch.clean()


@pytest.mark.parametrize("name", ["planner", "grids"])
def test_a_filter_that_came_by_link_is_seen_and_taken_off(demo_server: str, visit: Opener, name: str) -> None:
    opened = visit(f"{demo_server}/{name}?hours=22-5&weekdays=6,7&category=noise")
    page = opened.page
    expect(page.locator(".filter-note")).to_have_count(3)
    expect(page.locator('.filter-note[data-filter="hours"]')).to_contain_text("22:00–06:00")
    expect(page.locator('.filter-note[data-filter="weekdays"]')).to_contain_text("Sat, Sun")
    page.click('.filter-note[data-filter="hours"] button')
    expect(page.locator(".filter-note")).to_have_count(2)
    opened.settled()
    page.click('.filter-note[data-filter="category"] button')
    expect(page.locator(".filter-note")).to_have_count(1)
    holds(page, hours=None, category=None, weekdays="6,7")
    opened.watch.clean()


def test_the_record_is_zoomed_and_a_day_is_chosen_in_it(demo_server: str, visit: Opener) -> None:
    opened = visit(f"{demo_server}/command")
    page = opened.page
    expect(page.locator("#brush-unit")).to_contain_text("per week")
    expect(page.locator("#brush-pan")).to_be_hidden()
    box = page.locator("#brush-canvas").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 30)
    for _ in range(12):
        page.mouse.wheel(0, -120)
    expect(page.locator("#brush-unit")).to_contain_text("per day")
    page.wait_for_url(re.compile("span="))
    first, last = query(page)["span"][0].split("_")
    assert "2024" < first < last < "2026"
    expect(page.locator("#brush-pan")).to_be_visible()
    page.mouse.move(box["x"] + 300, box["y"] + 30)
    page.mouse.down()
    page.mouse.move(box["x"] + 312, box["y"] + 30, steps=4)
    page.mouse.up()
    page.wait_for_url(re.compile("from="))
    found = query(page)
    assert first < found["from"][0] < found["to"][0] < last
    page.focus("#brush-window")
    page.keyboard.press("ArrowRight")
    assert query(page)["from"] > found["from"]
    page.keyboard.press("0")
    expect(page.locator("#brush-unit")).to_contain_text("per week")
    page.click("#brush-in")
    page.focus("#brush-pan")
    page.keyboard.press("End")
    page.wait_for_url(re.compile("span=[^&]*_2026-01-01"))
    opened.watch.clean()
