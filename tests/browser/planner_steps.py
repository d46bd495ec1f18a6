"""What tests of the planner's page do again and again."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Visit, until

SHARES = re.compile(r"^(<?[\d.]+)\s% surely seen, (<?[\d.]+)\s% possibly, ([>\d.]+)\s% blind")
PLACED = "([x, y]) => { const at = window.atlas.map.latLngToContainerPoint([y, x]); return [at.x, at.y]; }"
MOVES = "Boolean(window.atlas.map._panAnim?._inProgress || window.atlas.map._animatingZoom)"
Change = Callable[[dict[str, Any]], None]


def numbers(page: Page) -> list[float]:
    """Return the three shares of the answer, in per cent."""
    # The first figures of a new store may be on their way for a while, which the page says.
    expect(page.locator("#lead strong")).to_be_visible()
    found = SHARES.match(page.locator("#lead strong").text_content() or "")
    assert found is not None, page.locator("#lead").text_content()
    return [float(text.strip("<>")) for text in found.groups()]


def answer(page: Page, path: str) -> dict[str, Any]:
    """Ask the service itself."""
    found: dict[str, Any] = page.request.get(path).json()
    return found


def changed(page: Page, path: str, change: Change) -> None:
    """Let the page see the service's answer to `path` after `change`."""

    def handle(route: Route) -> None:
        found = route.fetch().json()
        change(found)
        route.fulfill(content_type="application/json", body=json.dumps(found))

    page.route(re.compile(rf"{re.escape(path)}(\?|$)"), handle)


def map_point(page: Page, lon: float, lat: float) -> tuple[float, float]:
    """Return where a place lies in the window."""
    box = page.locator(".atlas-map").bounding_box()
    assert box is not None
    x, y = page.evaluate(PLACED, [lon, lat])
    return box["x"] + x, box["y"] + y


def still(opened: Visit) -> Page:
    """Return the page, with what flies over the map arriving at once."""
    opened.page.emulate_media(reduced_motion="reduce")
    return opened.page


def walk(page: Page) -> None:
    """Begin the walk through the blind spots, once they are listed."""
    expect(page.locator("#spot-table tbody tr").first).to_be_attached()
    page.evaluate("import('/static/js/api.js').then(({ settled }) => settled())")
    page.keyboard.press("n")


def first_camera(page: Page, server: str) -> dict[str, Any]:
    """Return a camera that stands clear of the tools over the map."""
    found: dict[str, Any] = answer(page, f"{server}/api/cameras")["cameras"][0]
    page.evaluate(
        "([x, y]) => { window.atlas.map.setView([y, x], 18, {animate: false}); }", [found["lon"], found["lat"]]
    )
    return found


def at_rest(page: Page) -> None:
    """Wait until the map moves no more."""
    until(page, lambda: not page.evaluate(MOVES))


def hover_until(page: Page, x: float, y: float, holds: Callable[[], bool]) -> None:
    """Hold the pointer, which trembles, at a place of the map: what lies there may be drawn a little later."""
    shifts = itertools.cycle((0, 1))

    def moved() -> bool:
        page.mouse.move(x + next(shifts), y)
        page.wait_for_timeout(200)
        return holds()

    until(page, moved)
