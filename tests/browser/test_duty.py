"""A duty officer's shift in one sitting, in both languages: five tasks, each from the page to its answer."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pypdf
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Opener
from tests.browser.live_service import Service, served_copy

pytestmark = pytest.mark.browser
SAYS = {
    "en": {
        "spot": r"\d+ in 24 weeks where [\d.]+ were expected\.",
        "years": r"1 Jan 2025.*1 Jan 2024",
        "seen": r"\d+ cameras? sees? the place",
        "revision": r"Data revision\s*(\d+)",
        "bulletin": ("Monthly bulletin", "Illegal parking"),
    },
    "zh": {
        "spot": r"24 周内 \d+ 起，预期 [\d.]+ 起。",
        "years": "2025年1月1日.*2024年1月1日",
        "seen": r"\d+ 台摄像机看得到该地点",
        "revision": r"数据版本\s*(\d+)",
        "bulletin": ("月报", "违章停车"),
    },
}


@pytest.fixture(scope="module")
def service(demo_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A server of its own store: incidents are sent to it."""
    with served_copy(demo_store, tmp_path_factory.mktemp("duty")) as running:
        yield running


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_five_tasks_of_a_shift(service: Service, visit: Opener, lang: str) -> None:
    says = SAYS[lang]
    opened = visit(f"{service.address}/command?steps=24", lang=lang)
    page = opened.page

    # 1. Today's hot spots: the first row says why, and the map goes there.
    page.click("#tab-spots")
    spots = page.locator("#hotspot-table tbody tr")
    expect(spots.first).to_be_visible()
    spots.first.click()
    expect(page.locator("#hotspot-why")).to_have_text(re.compile(says["spot"]))

    # 2. Against last year: both windows are told, and every row says whether it may be chance.
    page.fill("#from", "2025-01-01")
    page.locator("#from").blur()
    page.click("#tab-compare")
    page.check('input[name="against"][value="last_year"]', force=True)
    expect(page.locator("#compare-windows")).to_have_text(re.compile(says["years"]))
    expect(page.locator("#compare-table tbody tr").first).to_be_visible()
    page.click("#all-time")

    # 3. The last month, played day by day.
    page.check('input[name="panel"][value="play"]', force=True)
    page.select_option("#play-range", "month")
    page.select_option("#play-step", "day")
    page.focus("#play-slider")
    page.keyboard.press("Space")
    expect(page.locator("#play-at")).to_contain_text(re.compile(r"20\d\d-\d\d-(0[3-9]|[123])"))
    page.keyboard.press("Space")
    expect(page.locator("#play-button")).to_have_attribute("aria-pressed", "false")
    page.check('input[name="panel"][value="brush"]', force=True)
    page.click("#all-time")

    # 4. A live incident: it arrives by itself, with its grid and the cameras that see the place.
    page.click("#tab-live")
    expect(page.locator("#tab-live")).to_have_attribute("data-state", re.compile("open|asking"))
    # Within the record, so that the second shift still finds its hot spots in the last weeks.
    sent = service.send(occurred_at="2025-12-31T12:00:00+02:00")
    row = page.locator(f'#live-list li[data-id="{sent["id"]}"]')
    expect(row).to_contain_text(sent["grid"]["code"])
    expect(row).to_contain_text(re.compile(says["seen"]))
    row.locator("button").first.click()
    expect(row.locator(".live-camera")).to_have_count(len(service.seen_by(sent)))

    # 5. The bulletin of December, printed: in the reader's language, with the revision it was made of.
    page.click("#take-button")
    page.select_option("#take-month", "2025-12")
    with page.expect_download() as download:
        page.click('[data-take="bulletin-pdf"]')
    paper = pypdf.PdfReader(io.BytesIO(Path(download.value.path()).read_bytes()))
    text = " ".join(" ".join(leaf.extract_text() for leaf in paper.pages).split())
    for words in says["bulletin"]:
        assert words in text
    told = re.search(says["revision"], paper.pages[-1].extract_text())
    assert told is not None
    # Figures may lie two seconds behind a live feed (decision 0021).
    assert sent["revision"] - 1 <= int(told[1]) <= sent["revision"]
    opened.watch.clean()
