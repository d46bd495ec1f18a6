"""An incident that a program sends reaches the open page with its grid, team and cameras; the wall needs no hand."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Route, expect

from tests.browser.conftest import LANGS, TOASTS_STAY, Opener, until
from tests.browser.live_service import PLACE, Service, served_copy

pytestmark = pytest.mark.browser
# In one reading: the badge counts the cards that are open, and is hidden when none is.
ALERTS_COME = """async (box) => {
    document.activeElement.blur();
    const { loadAlerts } = await import("/static/js/live_alerts.js");
    await loadAlerts();
}"""
BADGE_TELLS_OPEN = """() => {
    const badge = document.getElementById("alert-badge");
    const open = document.querySelectorAll(".alert-card.open").length;
    return badge.hidden === (open === 0) && Number(badge.textContent) === open;
}"""


@pytest.fixture(scope="module")
def shared_service(demo_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with served_copy(demo_store, tmp_path_factory.mktemp("live")) as running:
        yield running


@pytest.fixture
def service(shared_service: Service) -> Service:
    """The server, started again where a test that failed left it dead."""
    if shared_service.process.poll() is not None:
        shared_service.start()
    return shared_service


@pytest.mark.parametrize(
    ("lang", "size", "online", "cameras"),
    [("en", "desk", "Live", r"\d+ cameras? sees? the place"), ("zh", "phone", "实时", r"\d+ 台摄像机看得到该地点")],
)
def test_an_incident_reaches_the_open_page(
    service: Service, visit: Opener, lang: str, size: str, online: str, cameras: str
) -> None:
    opened = visit(f"{service.address}/command?tab=live", lang=lang, size=size, reduced_motion="reduce")
    page = opened.page
    if size == "phone":
        page.click(".sheet-tabs [data-sheet=right]")
    expect(page.locator("#live-state")).to_have_text(online)
    before = page.evaluate("window.atlas.map.getZoom()")
    sent = service.send()
    row = page.locator(f'#live-list li[data-id="{sent["id"]}"]')
    expect(page.locator(".pulse.still").first).to_be_attached()  # on the map, without a reload
    expect(row).to_be_visible()
    expect(row).to_contain_text(sent["grid"]["code"])
    expect(row).to_contain_text(re.compile(cameras))  # of a town just started they come later
    row.locator("button").click()
    seen = service.seen_by(sent)
    assert seen
    expect(row.locator(".live-camera")).to_have_count(len(seen))
    for camera in seen:
        expect(row.locator(".live-cameras")).to_contain_text(camera["name"] or camera["id"])
    until(page, lambda: page.evaluate("window.atlas.map.getZoom()") > before)
    page.wait_for_url(re.compile("selected=incident"))
    if size == "desk":  # what lies below the marks can still be clicked
        opened.settled()
        box = page.locator(".atlas-map").bounding_box()
        assert box is not None
        page.mouse.click(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.4)
        page.wait_for_url(re.compile("selected=grid"))
    # The figures follow by themselves; nobody is told of each incident.
    total = re.compile(rf"{8_000 + service.sent:,}")
    expect(page.locator("#lead strong").first).to_have_text(total, use_inner_text=False)
    assert page.locator(".toast").count() == 0
    opened.watch.clean()


def test_the_badge_counts_what_was_not_seen_and_words_stay_words(service: Service, visit: Opener) -> None:
    opened = visit(f"{service.address}/command")
    page = opened.page
    expect(page.locator("#tab-live")).to_have_attribute("data-state", "open")
    evil = '<img src=x onerror="alert(1)">${alert(2)}'
    sent = service.send(category=evil, status=evil)
    expect(page.locator("#live-badge")).to_have_text("1")
    page.click("#tab-live")
    expect(page.locator("#live-badge")).to_be_hidden()
    row = page.locator(f'#live-list li[data-id="{sent["id"]}"]')
    expect(row).to_contain_text(evil)
    row.locator("button").first.click()
    expect(row.locator(".live-more")).to_contain_text(evil)
    opened.watch.clean()


def test_a_page_asks_where_the_stream_is_cut_off(service: Service, visit: Opener) -> None:
    opened = visit(f"{service.address}/about", ready=False)
    page = opened.page
    page.route("**/api/stream*", lambda route: route.abort())
    page.goto(f"{service.address}/command?tab=live")
    expect(page.locator("#live-state")).to_have_text("Live, asking every 3 s")
    sent = service.send()
    expect(page.locator(f'#live-list li[data-id="{sent["id"]}"]')).to_have_count(1)


@pytest.mark.parametrize(("lang", "latest"), [("zh", "最新事件"), ("en", "Latest incidents")][: len(LANGS)])
def test_the_wall_turns_by_itself_and_shows_what_happens(
    service: Service, visit: Opener, lang: str, latest: str
) -> None:
    sent = service.send()
    opened = visit(f"{service.address}/wall?every=3", lang=lang)
    page = opened.page
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    expect(page.locator("#wall-time")).to_have_text(re.compile(r"\d\d:\d\d:\d\d"))
    clock = page.locator("#wall-time").text_content() or ""
    expect(page.locator("#wall-title")).not_to_have_text(latest)
    expect(page.locator("#main[data-view=latest] #wall-title")).to_have_text(latest)
    expect(page.locator("#main[data-view=latest] #wall-list li").first).to_contain_text(sent["grid"]["code"])
    expect(page.locator("#wall-time")).not_to_have_text(clock)
    size = "one => parseFloat(getComputedStyle(one).fontSize)"
    assert page.locator("#wall-list li").first.evaluate(size) >= 20
    opened.watch.clean()
    page.keyboard.press("Escape")
    page.wait_for_url("**/command*")


def test_figures_that_come_late_do_not_turn_the_wall_back(service: Service, visit: Opener) -> None:
    page = visit(f"{service.address}/wall?every=300&views=heat,hot").page
    shown = page.locator("#main")
    expect(shown).to_have_attribute("data-view", "heat")
    held: list[Route] = []
    page.route("**/api/compare*", lambda route: held.append(route))
    service.send()
    until(page, lambda: bool(held))  # what came in: the figures of the view are asked for again
    page.keyboard.press("ArrowRight")
    expect(shown).to_have_attribute("data-view", "hot")
    with page.expect_response("**/api/compare*"):
        held[0].continue_()
    page.evaluate("new Promise((done) => setTimeout(done, 300))")
    expect(shown).to_have_attribute("data-view", "hot")


@pytest.mark.parametrize(("lang", "said"), [("zh", "尚无事件"), ("en", "No incidents yet")][: len(LANGS)])
def test_the_wall_of_an_empty_store_says_how_to_import(empty_server: str, visit: Opener, lang: str, said: str) -> None:
    opened = visit(f"{empty_server}/wall", lang=lang)
    box = opened.page.locator("#wall-empty")
    expect(box.locator("h2")).to_have_text(said)
    expect(box).to_contain_text(f"{empty_server}/import")
    expect(box).to_contain_text("flask import incidents incidents.csv")
    assert box.locator("h2").evaluate("one => parseFloat(getComputedStyle(one).fontSize)") >= 48
    # Nothing is read through it: no 0 that would look like a quiet day.
    assert opened.page.evaluate(
        """() => { const side = document.querySelector(".wall-side").getBoundingClientRect();
          return document.elementFromPoint(side.x + side.width / 2, side.y + 60).closest("#wall-empty") !== null; }"""
    )
    opened.watch.clean()


def test_a_lost_line_is_seen_from_afar_and_comes_back(service: Service, visit: Opener) -> None:
    page = visit(f"{service.address}/wall?every=5").page
    expect(page.locator("#wall-state")).to_have_text("Live")
    service.stop(signal.SIGKILL)
    expect(page.locator("#wall-lost")).to_be_visible()
    expect(page.locator("#wall-lost")).to_contain_text("Connection lost since")
    assert page.locator("#wall-lost").bounding_box()["height"] > 40  # type: ignore[index]
    service.start()
    sent = service.send()
    expect(page.locator("#wall-lost")).to_be_hidden()
    page.goto(f"{service.address}/wall?views=latest")
    expect(page.locator("#wall-list li").first).to_contain_text(sent["grid"]["code"])


def test_an_alert_is_shown_and_acknowledged_once(service: Service, visit: Opener) -> None:
    began = datetime.now(UTC)
    for week in range(1, 7):
        service.send(occurred_at=(began - timedelta(weeks=week, hours=5)).isoformat())
    for _ in range(7):
        service.send(lon=PLACE[0] + 0.004, lat=PLACE[1] - 0.003)
    opened = visit(f"{service.address}/command?tab=live")
    page = opened.page
    card = page.locator(".alert-card.open").first
    expect(card).to_be_visible()
    # Both lists of the tab are tables to take away.
    page.click("#take-button")
    expect(page.locator("#take-table")).to_have_text("Table: Latest incidents")
    expect(page.locator("#take-also-title")).to_have_text("Table: Alerts")
    with page.expect_download() as download:
        page.click('[data-take="also-csv"]')
    assert download.value.suggested_filename.startswith("alerts-")
    with page.expect_download() as download:
        page.click("#take-button")
        page.click('[data-take="csv"]')
    assert download.value.suggested_filename.startswith("live-")
    wall = visit(f"{service.address}/wall").page
    # Incidents of other tests may have raised one of their own.
    expect(wall.locator("#wall-alert")).to_contain_text(re.compile(r"Alert|\d alerts"))
    other = visit(f"{service.address}/command?tab=live", lang="zh").page
    alert = card.get_attribute("data-alert")  # one more may come in between
    opened.messages_stay()
    other.evaluate(TOASTS_STAY)
    for one in (page, other):
        form = one.locator(f'.alert-card.open[data-alert="{alert}"]')
        form.locator("button", has_text=re.compile("Acknowledge|确认")).click()
        expect(one.locator(".alert-form select")).to_be_focused()
    page.locator(".alert-form input").fill("patrol on its way")
    # What comes in meanwhile takes nothing from who writes, wherever the focus is.
    page.locator("#live-alerts").evaluate(ALERTS_COME)
    expect(page.locator(".alert-form input")).to_have_value("patrol on its way")
    page.locator(".alert-form button[type=submit]").click()
    expect(page.locator(".alert-card", has_text="acknowledged by duty desk")).to_contain_text("patrol on its way")
    opened.watch.clean()
    # Whoever comes second is told who was first.
    other.locator(".alert-form button[type=submit]").click()
    expect(other.locator(".toast.error")).to_contain_text("确认")
    # The badge counts what is still open: this one no more, another that was raised meanwhile still.
    expect(page.locator(f'.alert-card[data-alert="{alert}"]:not(.open)')).to_be_visible()
    until(page, lambda: page.evaluate(BADGE_TELLS_OPEN))
