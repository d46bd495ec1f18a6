"""The menu of what readers take away: by keyboard, in both languages, with files that hold what the page shows."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import openpyxl
import pytest
from PIL import Image
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Opener

pytestmark = pytest.mark.browser


def taken(page: Page, what: str) -> tuple[str, bytes]:
    """Open the menu, choose `what`, return the name and the content of the file."""
    if page.locator("#take-menu").is_hidden():
        page.click("#take-button")
    with page.expect_download() as download:
        page.click(f'[data-take="{what}"]')
    return download.value.suggested_filename, Path(download.value.path()).read_bytes()


def test_the_menu_goes_by_keyboard_and_the_picture_is_of_this_view(demo_server: str, visit: Opener) -> None:
    opened = visit(f"{demo_server}/command?layers=density,grids&level=community")
    page = opened.page
    page.focus("#take-button")
    page.keyboard.press("Enter")
    expect(page.locator("#take-button")).to_have_attribute("aria-expanded", "true")
    focused = "document.activeElement.dataset.take ?? document.activeElement.id"
    assert page.evaluate(focused) == "picture"
    page.keyboard.press("ArrowDown")
    assert page.evaluate(focused) == "csv"
    page.keyboard.press("End")
    assert page.evaluate(focused) == "link"
    page.keyboard.press("Escape")
    expect(page.locator("#take-menu")).to_be_hidden()
    assert page.evaluate(focused) == "take-button"
    page.keyboard.press("Enter")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/api/picture.png" in request.url else None)
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert download.value.suggested_filename.startswith("gridatlas-map-")
    image = Image.open(io.BytesIO(Path(download.value.path()).read_bytes()))
    assert image.size == (1600, 1000)
    assert "layers=density%2Cgrids" in asked[0] and "level=community" in asked[0] and "bbox=" in asked[0]
    opened.watch.clean()


def test_the_table_in_view_as_a_sheet_and_the_bulletin_in_chinese(demo_server: str, visit: Opener) -> None:
    opened = visit(f"{demo_server}/command?level=community&from=2025-11-01&to=2025-12-01", lang="zh")
    page = opened.page
    name, data = taken(page, "xlsx")
    rows = list(openpyxl.load_workbook(io.BytesIO(data)).worksheets[0].iter_rows(values_only=True))
    shown = page.locator("#table tbody tr").evaluate_all("rows => rows.map((row) => row.dataset.key)")
    assert name.startswith("density-") and rows[0][0] == "编码"
    assert [row[0] for row in rows[1:]] == shown  # in the order of the page
    opened.messages_stay()
    page.click("#tab-spots")
    page.click("#take-button")
    expect(page.locator("#take-table")).to_have_text("表格：热点")
    expect(page.locator("#take-month")).to_have_value("2025-11")  # the month of the window
    with page.expect_download() as download:
        page.click('[data-take="bulletin-pdf"]')
    expect(page.locator(".toast", has_text="bulletin-2025-11").last).to_contain_text("已保存")
    assert download.value.suggested_filename == "bulletin-2025-11-community.pdf"
    assert Path(download.value.path()).read_bytes().startswith(b"%PDF")
    opened.watch.clean()


def test_the_profile_and_what_came_in_are_tables_too(demo_server: str, visit: Opener) -> None:
    opened = visit(f"{demo_server}/command?level=community&tab=detail")
    page = opened.page
    page.click("#take-button")
    expect(page.locator("#take-table")).to_have_text("No table on this tab")  # nothing is selected
    page.keyboard.press("Escape")
    page.click("#tab-hot")
    row = page.locator("#table tbody tr").first
    code, count = row.get_attribute("data-key"), row.locator("td").nth(1).text_content() or ""
    row.click()
    expect(page.locator(".profile")).to_be_visible()
    page.wait_for_url(re.compile("tab=detail.*selected=|selected=.*tab=detail"))
    name, data = taken(page, "xlsx")
    rows = {row[:2]: row for row in openpyxl.load_workbook(io.BytesIO(data)).worksheets[0].iter_rows(values_only=True)}
    assert name.startswith("profile-") and rows["Grid", "Code"][4] == code
    assert rows["Incidents", "Incidents"][2] == int(count.replace(",", ""))
    page.goto(page.url.replace("tab=detail", "tab=compare") + "&compare=measure&ring_m=60&measured_on=2025-03-01"
              f"&treated={code}")  # fmt: skip
    expect(page.locator("#measure-result tbody tr")).to_have_count(4)
    name, data = taken(page, "csv")
    lines = data.decode("utf-8-sig").splitlines()
    assert name.startswith("displacement-") and lines[1].startswith("Treated,") and lines[5].startswith("Difference")
    opened.watch.clean()


def test_a_refusal_says_what_to_do(demo_server: str, visit: Opener) -> None:
    opened = visit(f"{demo_server}/command")
    page = opened.page
    refusal = {"error": {"code": "busy", "message": "Too many files.", "remedy": "Try again in 5 seconds."}}

    def refuse(route: Route) -> None:
        route.fulfill(status=429, content_type="application/json", body=json.dumps(refusal))

    opened.messages_stay()
    page.route("**/api/bulletin.*", refuse)
    page.click("#take-button")
    page.click('[data-take="bulletin-xlsx"]')
    toast = page.locator(".toast.error")
    expect(toast).to_contain_text("Try again in 5 seconds.")
    page.unroute("**/api/bulletin.*")
    with page.expect_download() as download:
        toast.locator("button").click()  # try again
    assert download.value.suggested_filename.endswith(".xlsx")
    assert opened.watch.foreign == [] and opened.watch.dialogs == []


def test_without_data_there_is_no_bulletin(empty_server: str, visit: Opener) -> None:
    opened = visit(f"{empty_server}/command")
    opened.page.click("#take-button")
    expect(opened.page.locator('[data-take="bulletin-pdf"]')).to_be_disabled()
    expect(opened.page.locator("#take-month")).to_be_disabled()
    opened.watch.clean()
