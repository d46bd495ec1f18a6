"""What a reader with a keyboard, weak eyes or a dislike of motion needs, on every page."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Opener

pytestmark = pytest.mark.browser
PAGES = ("/command", "/planner", "/grids?tab=check", "/import", "/about", "/trail")

NAMELESS = """() => [...document.querySelectorAll('button, a[href], input, select, [tabindex="0"]')]
    .filter(e => e.checkVisibility() && !e.matches('tr, .leaflet-interactive'))
    .filter(e => !(e.getAttribute('aria-label') || e.textContent.trim() || e.title || e.labels?.length
                   || e.closest('[aria-label]:not(aside, section, nav)')))
    .map(e => e.outerHTML.slice(0, 120))"""

# Contrast by WCAG 2.2 (1.4.3) of every visible text against the first opaque ground behind it, and its size.
WEAK = """() => {
    const part = v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    const light = c => 0.2126 * part(c[0]) + 0.7152 * part(c[1]) + 0.0722 * part(c[2]);
    const read = text => { const n = text.match(/[\\d.]+/g).map(Number); return n.length < 4 ? [...n, 1] : n; };
    const ground = e => {
        for (let at = e; at; at = at.parentElement) {
            const c = read(getComputedStyle(at).backgroundColor);
            if (c[3] > 0.9) return c;
        }
        return read(getComputedStyle(document.body).backgroundColor);
    };
    const weak = [];
    for (const e of document.querySelectorAll('body *')) {
        if (!e.checkVisibility() || e.closest(':disabled, .visually-hidden, .skip, script')) continue;
        if (![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())) continue;
        const style = getComputedStyle(e), a = light(read(style.color)), b = light(ground(e));
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (ratio < 4.5 || parseFloat(style.fontSize) < 14) {
            weak.push([ratio.toFixed(2), style.fontSize, e.textContent.trim().slice(0, 40)]);
        }
    }
    return weak;
}"""

# The outline may be drawn by the element, by the label that shows it, or by what holds a date field's parts.
FOCUSED = """() => {
    const e = document.activeElement;
    const shown = [e, e.nextElementSibling].filter(Boolean).map(one => getComputedStyle(one));
    return {what: e === document.body ? null : e.outerHTML.slice(0, 100),
            seen: shown.some(style => style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1.5)
                || e.matches('.visually-hidden')};
}"""


@pytest.mark.parametrize("path", PAGES)
def test_controls_have_names_texts_contrast_and_focus_is_seen(demo_server: str, visit: Opener, path: str) -> None:
    opened = visit(f"{demo_server}{path}")
    page = opened.page
    opened.settled()  # what is drawn anew takes the focus away
    assert page.evaluate(NAMELESS) == []
    stops = set()
    for _ in range(45):
        page.keyboard.press("Tab")
        found = page.evaluate(FOCUSED)
        if found["what"] is None:
            break
        assert found["seen"], found["what"]
        stops.add(found["what"])
    assert len(stops) >= 10, "the keyboard is caught"
    assert page.evaluate(WEAK) == []
    page.click("#theme-button")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    opened.settled()
    assert page.evaluate(WEAK) == []
    opened.watch.clean()


def test_escape_gives_the_focus_back(empty_server: str, visit: Opener) -> None:
    opened = visit(f"{empty_server}/about", size="phone", ready=False)
    page = opened.page
    page.click("#menu-button")
    page.locator("#help-button").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#help")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#help")).to_be_hidden()
    expect(page.locator("#menu-button")).to_be_focused()
    page.keyboard.press("Enter")
    page.locator("#theme-button").focus()
    page.keyboard.press("Escape")
    expect(page.locator("#menu")).to_be_hidden()
    expect(page.locator("#menu-button")).to_be_focused()
    opened.watch.clean()


def test_latin_quotation_marks_are_narrow(empty_server: str, visit: Opener) -> None:
    for lang, wide in (("en", False), ("zh", True)):
        page = visit(f"{empty_server}/about", lang=lang, ready=False).page
        page.evaluate("document.fonts.load('16px \"Noto Sans SC\"', '“').then(() => true)")
        mark = page.evaluate("""() => {
            const one = document.body.appendChild(document.createElement('span'));
            one.style.cssText = 'position: absolute; font-size: 16px';
            one.textContent = '“';
            return one.getBoundingClientRect().width;
        }""")
        assert (mark > 12) is wide, (lang, mark)


@pytest.mark.parametrize("path", ["/command", "/planner", "/grids"])
def test_the_tabs_fit_on_a_phone(empty_server: str, visit: Opener, path: str) -> None:
    page = visit(f"{empty_server}{path}", size="phone").page
    page.click('[data-sheet="right"]')
    assert page.locator(".tabs").evaluate("box => box.scrollWidth <= box.clientWidth")


def test_reduced_motion_moves_nothing(demo_server: str, visit: Opener) -> None:
    page = visit(f"{demo_server}/command", size="phone", reduced_motion="reduce").page
    assert page.evaluate("[window.atlas.map._zoomAnimated, window.atlas.map.options.inertia]") == [False, False]
    times = page.evaluate(
        "[...document.querySelectorAll('*')].map(e => getComputedStyle(e)).flatMap("
        "s => [...s.transitionDuration.split(','), ...s.animationDuration.split(',')]).map(parseFloat)"
    )
    assert max(times) <= 0.001
