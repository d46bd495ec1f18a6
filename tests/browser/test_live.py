"""An incident that a program sends reaches the open page with its grid, team and cameras; the wall needs no hand."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from store.store import Store
from tests.browser.conftest import LANGS, Opener, until
from tests.serving import ROOT, await_health, free_port

pytestmark = pytest.mark.browser
PLACE = (24.9405, 60.1687)
# In one reading: the badge counts the cards that are open, and is hidden when none is.
BADGE_TELLS_OPEN = """() => {
    const badge = document.getElementById("alert-badge");
    const open = document.querySelectorAll(".alert-card.open").length;
    return badge.hidden === (open === 0) && Number(badge.textContent) === open;
}"""


class Service:
    """A server of its own, that may be killed and started again on the same port."""

    def __init__(self, store: Path) -> None:
        self.store, self.port = store, free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        with Store.open(store) as opened:
            self.token = opened.add_token("dispatch")
        self.sent = 0
        self.start()

    def start(self) -> None:
        log = self.store.with_suffix(".log")
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "web.serve"],
                cwd=ROOT,
                env={**os.environ, "ATLAS_STORE": str(self.store), "ATLAS_PORT": str(self.port)},
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        await_health(self.address, self.process, log)

    def stop(self, how: int) -> None:
        if how == signal.SIGKILL:
            os.killpg(self.process.pid, how)
        else:
            self.process.send_signal(how)
        self.process.wait(timeout=60)

    def send(self, **facts: Any) -> dict[str, Any]:
        self.sent += 1
        body = {
            "id": f"live-{self.sent}", "lon": PLACE[0] + self.sent * 1e-5, "lat": PLACE[1], "category": "noise",
            "occurred_at": datetime.now(UTC).isoformat(), "status": "open", "severity": 3, "simulated": True, **facts,
        }  # fmt: skip
        request = urllib.request.Request(
            f"{self.address}/api/incidents",
            json.dumps(body).encode(),
            {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def seen_by(self, sent: dict[str, Any]) -> list[dict[str, Any]]:
        """Return who sees an incident by the planner's answer, which the live one does not come from."""
        where = f"lon={sent['lon']}&lat={sent['lat']}"
        with urllib.request.urlopen(f"{self.address}/api/seen-by?{where}", timeout=30) as answer:
            return json.load(answer)["cameras"][:8]


@contextmanager
def served_copy(demo_store: Path, folder: Path) -> Iterator[Service]:
    """Serve a copy of the demo, to which incidents may be sent."""
    path = folder / "atlas.gpkg"
    with closing(sqlite3.connect(demo_store)) as source, closing(sqlite3.connect(path)) as target:
        source.backup(target)
    running = Service(path)
    yield running
    running.stop(signal.SIGTERM)


@pytest.fixture(scope="module")
def service(demo_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with served_copy(demo_store, tmp_path_factory.mktemp("live")) as running:
        yield running


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
    expect(page.locator("#live-state")).to_have_text(online, timeout=20_000)
    before = page.evaluate("window.atlas.map.getZoom()")
    sent = service.send()
    row = page.locator(f'#live-list li[data-id="{sent["id"]}"]')
    expect(page.locator(".pulse.still").first).to_be_attached(timeout=30_000)  # on the map, without a reload
    expect(row).to_be_visible()
    expect(row).to_contain_text(sent["grid"]["code"])
    expect(row).to_contain_text(re.compile(cameras), timeout=60_000)  # of a town just started they come later
    row.locator("button").click()
    seen = service.seen_by(sent)
    assert seen
    expect(row.locator(".live-camera")).to_have_count(len(seen))
    for camera in seen:
        expect(row.locator(".live-cameras")).to_contain_text(camera["name"] or camera["id"])
    assert page.evaluate("window.atlas.map.getZoom()") > before
    assert "selected=incident" in page.evaluate("new Promise(done => setTimeout(() => done(location.href), 300))")
    if size == "desk":  # what lies below the marks can still be clicked
        opened.settled()
        box = page.locator(".atlas-map").bounding_box()
        assert box is not None
        page.mouse.click(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.4)
        page.wait_for_url(re.compile("selected=grid"))
    # The figures follow by themselves; nobody is told of each incident.
    total = re.compile(rf"{8_000 + service.sent:,}")
    expect(page.locator("#lead strong").first).to_have_text(total, timeout=20_000, use_inner_text=False)
    assert page.locator(".toast").count() == 0
    opened.watch.clean()


def test_the_badge_counts_what_was_not_seen_and_words_stay_words(service: Service, visit: Opener) -> None:
    opened = visit(f"{service.address}/command")
    page = opened.page
    expect(page.locator("#tab-live")).to_have_attribute("data-state", "open", timeout=20_000)
    evil = '<img src=x onerror="alert(1)">${alert(2)}'
    service.send(category=evil, status=evil)
    expect(page.locator("#live-badge")).to_have_text("1", timeout=20_000)
    page.click("#tab-live")
    expect(page.locator("#live-badge")).to_be_hidden()
    expect(page.locator("#live-list li").first).to_contain_text(evil)
    page.locator("#live-list li button").first.click()
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
    clock = page.locator("#wall-time").text_content() or ""
    expect(page.locator("#wall-title")).not_to_have_text(latest)
    expect(page.locator("#main[data-view=latest] #wall-title")).to_have_text(latest, timeout=60_000)
    expect(page.locator("#main[data-view=latest] #wall-list li").first).to_contain_text(sent["grid"]["code"])
    expect(page.locator("#wall-time")).not_to_have_text(clock)
    assert page.evaluate("parseFloat(getComputedStyle(document.querySelector('.wall-list li')).fontSize)") >= 20
    opened.watch.clean()
    page.keyboard.press("Escape")
    page.wait_for_url("**/command*")


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
    expect(page.locator("#wall-state")).to_have_text("Live", timeout=20_000)
    service.stop(signal.SIGKILL)
    expect(page.locator("#wall-lost")).to_be_visible(timeout=30_000)
    expect(page.locator("#wall-lost")).to_contain_text("Connection lost since")
    assert page.locator("#wall-lost").bounding_box()["height"] > 40  # type: ignore[index]
    service.start()
    sent = service.send()
    expect(page.locator("#wall-lost")).to_be_hidden(timeout=60_000)
    page.goto(f"{service.address}/wall?views=latest")
    expect(page.locator("#wall-list li").first).to_contain_text(sent["grid"]["code"], timeout=30_000)


def test_an_alert_is_shown_and_acknowledged_once(service: Service, visit: Opener) -> None:
    began = datetime.now(UTC)
    for week in range(1, 7):
        service.send(occurred_at=(began - timedelta(weeks=week, hours=5)).isoformat())
    for _ in range(7):
        service.send(lon=PLACE[0] + 0.004, lat=PLACE[1] - 0.003)
    opened = visit(f"{service.address}/command?tab=live")
    page = opened.page
    card = page.locator(".alert-card.open").first
    expect(card).to_be_visible(timeout=30_000)
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
    for one in (page, other):
        form = one.locator(f'.alert-card.open[data-alert="{alert}"]')
        form.locator("button", has_text=re.compile("Acknowledge|确认")).click()
        expect(one.locator(".alert-form select")).to_be_focused()
    page.locator(".alert-form input").fill("patrol on its way")
    page.locator(".alert-form button[type=submit]").click()
    expect(page.locator(".alert-card", has_text="acknowledged by duty desk")).to_contain_text("patrol on its way")
    opened.watch.clean()
    # Whoever comes second is told who was first.
    other.locator(".alert-form button[type=submit]").click()
    expect(other.locator(".toast.error")).to_contain_text("确认")
    # The badge counts what is still open: this one no more, another that was raised meanwhile still.
    expect(page.locator(f'.alert-card[data-alert="{alert}"]:not(.open)')).to_be_visible()
    until(page, lambda: page.evaluate(BADGE_TELLS_OPEN))
