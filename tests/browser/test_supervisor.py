"""A supervisor's week in one sitting, in both languages: five tasks, each from the page to what it brings about."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from playwright.sync_api import Page, expect

from tests.browser.conftest import Opener, Visit, worked_out
from tests.browser.test_editing import Town, areas, at, begin, drafts_at, enter, served, take
from tests.web.conftest import X0, Y0, batch

pytestmark = pytest.mark.browser
BOXES = {
    "T01": (0, 100, 104, 200), "T02": (100, 100, 200, 200), "T03": (200, 100, 300, 200),
    "T04": (0, 0, 100, 100), "T05": (100, 0, 200, 100), "T06": (200, 0, 300, 100),
}  # fmt: skip
# The first two overlap by 400 m²; of the third a sliver of 24 m² is nobody's, of the last a gap of 240 m².
NOBODYS = {"T03": (200, 120, 200.4, 180), "T06": (200, 20, 204, 80)}
DEFECTS = ["overlap", "gap", "sliver"]
SAYS = {
    "en": {"kinds": ["Overlap", "Gap", "Sliver"], "applied": r"In force since revision (\d+)", "repairs": "Repairs"},
    "zh": {"kinds": ["重叠", "缝隙", "碎屑"], "applied": r"版本 (\d+)", "repairs": "修复"},
}


def box(left: float, foot: float, right: float, top: float) -> shapely.Polygon:
    return shapely.box(X0 + left, Y0 + foot, X0 + right, Y0 + top)


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """Six grids of a township with three defects; most incidents in the fifth, three of them recorded in the fourth."""
    path = tmp_path / "atlas.gpkg"
    none = shapely.Polygon()
    shapes = [box(0, 0, 300, 200), *(box(*sides) - (box(*NOBODYS[code]) if code in NOBODYS else none)
                                     for code, sides in BOXES.items())]  # fmt: skip
    grids = batch(
        "grids", [shapely.MultiPolygon([one]) for one in shapes], code=["T", *BOXES],
        level=["township", *["grid"] * 6], parent=[None, *["T"] * 6],
        team=["office", *["post 1"] * 3, *["post 2"] * 3], population=[600.0, *[100.0] * 6],
    )  # fmt: skip
    # 12 in the east of the fifth, 3 on its border with the fourth, one in each of the others.
    places = [*((170 + i, 50) for i in range(12)), *((101 + i, 40) for i in range(3)),
              (50, 150), (150, 150), (250, 150), (50, 50), (250, 50)]  # fmt: skip
    incidents = batch(
        "incidents", x=[X0 + float(x) for x, _ in places], y=[Y0 + float(y) for _, y in places],
        id=[f"i{i}" for i in range(len(places))], occurred_at=[np.datetime64("2026-05-01T08:00", "ms")] * len(places),
        grid_code=[None] * 12 + ["T04"] * 3 + ["T01", "T02", "T03", "T04", "T06"],
    )  # fmt: skip
    with served(path, grids, incidents) as found:
        yield found


def ask(page: Page, town: Town, what: str) -> Any:
    """What the service answers now."""
    return page.request.get(f"{town.address}/api/{what}").json()


def open_kinds(page: Page, town: Town) -> set[str]:
    worked_out(page, f"{town.address}/api/audit?wait_s=20")
    return {one["kind"] for one in ask(page, town, "audit?wait_s=20")["findings"]}


def counted(page: Page, town: Town) -> dict[str, int]:
    """How many incidents count in each grid."""
    return {row["code"]: row["incidents"] for row in ask(page, town, "grids?level=grid")["grids"]}


def approved(town: Town, opened: Visit, desk: Visit, why: str, lang: str) -> int:
    """Submit the open draft; the other account finds it in its list and approves it; the page is then opened anew."""
    page = opened.page
    page.fill("#draft-reason", why)
    page.click("#draft-submit")
    expect(page.locator("#draft-state .draft-state")).to_have_attribute("data-state", "submitted")
    expect(page.locator("#draft-approve")).to_be_hidden()  # not by who drew it
    desk.page.goto(drafts_at(town, lang))
    desk.ready()
    desk.page.locator("#draft-table tbody tr").filter(has=desk.page.locator('[data-state="submitted"]')).click()
    expect(desk.page.locator("#draft-facts")).to_contain_text(why)
    desk.page.fill("#draft-reason", f"{why}: ok")
    desk.page.click("#draft-approve")
    expect(desk.page.locator("#draft-state .draft-state")).to_have_attribute("data-state", "applied")
    expect(desk.page.locator("#draft-facts")).to_contain_text(re.compile(SAYS[lang]["applied"]))
    told = re.search(SAYS[lang]["applied"], desk.page.locator("#draft-facts").inner_text())
    assert told is not None
    page.goto(drafts_at(town, lang, zoom=17))
    opened.ready()
    expect(page.locator("#division-table tbody tr").first).to_contain_text(why)
    return int(told[1])


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_five_tasks_of_a_supervisor(town: Town, visit: Opener, lang: str) -> None:
    says = SAYS[lang]
    desk = enter(town, visit, "approver", lang)
    opened = enter(town, visit, "supervisor", lang, zoom=17)
    page = opened.page
    imported = areas(page, town)
    steps, changed = page.locator("#draft-steps li"), page.locator("#draft-grids tbody tr")

    # 1. Three defects of the worklist: proposal, preview, draft; none of them is found any more once it is approved.
    page.click("#tab-findings")
    card = page.locator("#finding-card")
    for kind, title in zip(DEFECTS, says["kinds"], strict=True):
        page.select_option("#finding-kind", kind)
        expect(page.locator("#finding-table tbody tr")).to_have_count(1)
        page.locator("#finding-table tbody tr").click()
        expect(card.locator(".finding-head")).to_contain_text(title)
        card.locator(".finding-do button").first.click()
        expect(card.locator(".repair-list label").first).to_be_visible()
        expect(card.locator('[data-side="after"]')).to_be_enabled()
        card.locator('[data-side="after"]').click()
        expect(card.locator('[data-side="after"]')).to_have_attribute("aria-pressed", "true")
        card.locator(".finding-ways .primary").click()
        expect(page.locator('[data-key="repair"]')).to_contain_text(says["repairs"])
    page.locator('[data-key="repair"] button').click()
    expect(steps).to_have_count(3)
    assert areas(page, town) == imported  # a draft changes nothing
    repaired = approved(town, opened, desk, "Measured anew", lang)
    assert open_kinds(page, town).isdisjoint(DEFECTS)
    mended = areas(page, town)
    assert sum(mended.values()) == 60_000

    # 2. Too much for one post: the fifth grid is split; only the other account can put that in force.
    begin(page, "Market")
    take(page, "split")
    page.mouse.click(*at(page, 160, -8))
    page.mouse.click(*at(page, 160, 108))
    expect(page.locator("#draft-hint")).to_contain_text("T05")
    page.keyboard.press("Enter")
    expect(changed).to_have_count(2)
    expect(page.locator("#draft-effect [data-effect=incidents]")).to_contain_text("12")
    split = approved(town, opened, desk, "Too much for one post", lang)
    assert split > repaired
    divided = areas(page, town)
    assert set(divided) == {*mended, "T07"}
    assert divided["T05"] + divided["T07"] == mended["T05"]

    # 3. Incidents on the border, recorded in the fourth grid: one is decided, then two at once; they count there.
    page.click("#tab-check")
    differs, decided = (page.locator(f'#check-counts [data-kind="{kind}"]') for kind in ("differs", "decided"))
    expect(differs.locator("b")).to_have_text("3")
    differs.click()
    rows = page.locator("#check-table tbody tr")
    expect(rows).to_have_count(3)
    before = counted(page, town)
    rows.first.click()
    page.click('#decide-grids [data-code="T04"]')
    page.click('#decide button[type="submit"]')
    expect(decided.locator("b")).to_have_text("1")
    expect(rows).to_have_count(2)
    expect(page.locator("#check-table tr[aria-selected=true]")).to_have_count(1)  # on to the next one
    page.click("#decide-all")
    expect(page.locator("#check-table tbody input:checked")).to_have_count(2)
    page.click('#decide-grids [data-code="T04"]')
    page.fill("#decide-note", "the gate is in the fourth")
    page.click('#decide button[type="submit"]')
    expect(decided.locator("b")).to_have_text("3")
    expect(differs.locator("b")).to_have_text("0")
    after = counted(page, town)
    assert after["T04"] == before["T04"] + 3
    assert sum(after.values()) == sum(before.values())

    # 4. The market moved away: the boundary as it was before the split, out of the history.
    page.click("#tab-drafts")
    history = page.locator("#division-table tbody tr")
    expect(history).to_have_count(3)
    history.first.click()
    expect(page.locator("#division-card")).to_contain_text("Too much for one post")
    page.click("#division-restore")
    expect(changed).to_have_count(2)
    restored = approved(town, opened, desk, "The market moved away", lang)
    assert restored > split
    assert areas(page, town) == mended
    assert counted(page, town)["T04"] == after["T04"]  # what was decided stays decided

    # 5. A balanced division of the township, compared with today's, becomes a draft that is open at once.
    page.click("#tab-balance")
    expect(page.locator("#balance-table tbody tr")).to_have_count(6)
    page.locator("#divide summary").click()
    page.locator("#divide-parent").select_option("T")
    page.fill("#divide-count", "5")
    page.click("#divide-go")
    table = page.locator(".divide-table tbody tr")
    expect(table.first.locator("td").nth(1)).to_have_text("5", timeout=120_000)
    gini = [float(text) for text in table.nth(3).locator("td").all_inner_texts()]
    assert gini[1] < gini[0]
    page.click("#divide-add")
    expect(page.locator("#tab-drafts")).to_have_attribute("aria-selected", "true")
    expect(changed).to_have_count(11)  # six end, five begin
    expect(steps).to_have_count(1)
    assert areas(page, town) == mended  # not before somebody approves it
    assert [one["state"] for one in ask(page, town, "drafts")["drafts"]].count("draft") == 1
    opened.watch.clean()
    desk.watch.clean()
