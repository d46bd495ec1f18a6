"""The exposure audit on the planner's page, public files in the menu of the command page; a phone, hostile names."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Route, expect

from tests.browser.conftest import Opener

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=\"document.title='owned'\">${document.title='owned'}`'\"</script>"


def test_the_demo_has_dwellings_and_without_any_the_page_says_what_to_import(demo_server: str, visit: Opener) -> None:
    opened = visit(f"{demo_server}/planner?tab=privacy")
    page = opened.page
    sums = page.locator("#privacy-sums")
    expect(sums).to_contain_text("14 of 223 cameras see private ground")
    expect(sums).to_contain_text("purpose of 223")

    def nothing(route: Route) -> None:
        found = route.fetch().json()
        found["meta"]["private"] = {"zones": 0, "dwellings": 0, "masks": 0}
        route.fulfill(body=json.dumps(found), content_type="application/json")

    page.route("**/api/exposure*", nothing)
    page.check("#online_only")
    expect(sums).to_contain_text("No private places are known")
    expect(sums).to_contain_text("residential")
    opened.watch.clean()


@pytest.mark.parametrize(
    ("lang", "size", "turn"), [("en", "desk", "Turn by 5.5° (anticlockwise)"), ("zh", "phone", "转动 5.5°")]
)
def test_a_camera_that_sees_private_ground_is_told_with_what_helps(
    demo_server: str, visit: Opener, lang: str, size: str, turn: str
) -> None:
    def answer(route: Route) -> None:
        found = route.fetch().json()
        row = found["cameras"][0]
        row |= {
            "name": HOSTILE, "certain_m2": 3.82, "certain_share": 0.003, "by_class_m2": {"observe": 3.82, "unknown": 0},
            "zones": [{"id": "z", "name": HOSTILE}],
            "forbidden": [{"layer": "zones", "how": "in", "id": "p", "name": HOSTILE, "kind": "toilets"}],
            "remedies": {"turn": {"deg": -5.5, "loss": -0.003}, "range": {"m": 22.3, "loss": 0.8}, "hfov": None,
                         "mask": {"from_deg": 24.4, "to_deg": 30.0, "loss": 0.09}},
        }  # fmt: skip
        found["totals"] |= {"exposed": 1, "certain_m2": 3.82, "turn_helps": 1, "forbidden_in": 1}
        found["meta"]["private"] = {"zones": 1, "dwellings": 0, "masks": 0}
        route.fulfill(body=json.dumps(found), content_type="application/json")

    opened = visit(f"{demo_server}/planner", lang=lang, size=size)
    page = opened.page
    page.route("**/api/exposure*", answer)
    if size == "phone":
        page.click('.sheet-tabs button[data-sheet="right"]')
    page.click("#tab-privacy")
    page.locator("#privacy-table tbody tr").first.click()
    detail = page.locator("#privacy-detail")
    expect(detail).to_contain_text(turn)
    expect(detail.locator("h3")).to_have_text(HOSTILE)
    expect(detail).to_contain_text("3.8 m²")
    expect(page.locator("#privacy-sums .unmet")).to_contain_text("799")
    assert page.title() != "owned"
    assert page.locator("#privacy-detail img").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    opened.watch.clean()


def test_public_files_from_the_menu(demo_server: str, visit: Opener) -> None:
    opened = visit(f"{demo_server}/command")
    page = opened.page
    page.click("#take-button")
    expect(page.locator("#public-facts")).to_contain_text("counts can be told (k 8)")
    expect(page.locator("#public-to")).to_have_value("2025-12")
    page.select_option("#public-from", "2025-11")
    page.select_option("#public-form", "csv")
    with page.expect_download() as download:
        page.click('[data-public="alone"]')
    assert download.value.suggested_filename == "public-points.csv"
    rows = Path(download.value.path()).read_text("utf-8-sig").splitlines()
    assert len(rows) > 10 and {row[:7] for row in rows[1:]} == {"2025-11", "2025-12"}
    opened.watch.clean()


def test_the_audit_of_a_large_city_says_how_far_it_is_and_can_be_cancelled(demo_server: str, visit: Opener) -> None:
    stand = {"state": "computing"}

    def answer(route: Route) -> None:
        found = route.fetch().json()
        if stand["state"] != "ready":
            step = {"job": "a", "progress": 0.58, "step": "Looking for turns and masks that help"}
            found |= {"cameras": [], "listed": 0, "totals": None}
            found["meta"] |= {**stand, "computing": step if stand["state"] == "computing" else None, "private": None}
        route.fulfill(body=json.dumps(found), content_type="application/json")

    def told(state: str) -> Callable[[Route], None]:
        def go(route: Route) -> None:
            stand["state"] = state
            route.continue_()

        return go

    opened = visit(f"{demo_server}/planner")
    page = opened.page
    page.route("**/api/exposure?*", answer)
    page.route("**/api/exposure/cancel*", told("cancelled"))
    page.route("**/api/exposure/start*", told("ready"))
    page.click("#tab-privacy")
    step, sums = page.locator("#privacy-step"), page.locator("#privacy-sums")
    expect(step).to_have_text("Working out the exposure of 223 cameras: Looking for turns and masks that help 58 %")
    expect(sums).to_be_empty()
    page.click("#privacy-cancel")
    expect(step).to_have_text("The computation was cancelled.")
    expect(page.locator("#privacy-bar")).to_be_hidden()
    page.click("#privacy-again")
    expect(sums).to_contain_text("14 of 223 cameras see private ground")
    expect(page.locator("#privacy-job")).to_be_hidden()
    opened.watch.clean()
