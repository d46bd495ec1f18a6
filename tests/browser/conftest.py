"""A real browser on a real server; every page watched for foreign requests, console errors and dialogs."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

from tests.serving import flask, running

# A busy machine answers late; what never comes still fails.
PATIENCE_MS = 90_000
expect.set_options(timeout=PATIENCE_MS)
CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
# WebGL drawn by the processor: the machines of the tests have no graphics card.
WEBGL = ["--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"]
QUIET = [
    *WEBGL,
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SIZES = {"desk": (1440, 900), "phone": (390, 844)}


@dataclass
class Watch:
    """What a page did that it must not do."""

    host: str
    foreign: list[str] = field(default_factory=list)
    console: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def attach(self, page: Page) -> None:
        page.on("request", lambda request: self.seen(request.url))
        page.on("console", lambda message: self.console.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.console.append(str(error)))
        page.on("dialog", self.dialog)
        page.on("response", lambda answer: self.failed.append(answer.url) if answer.status >= 400 else None)

    def seen(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.netloc != self.host:
            self.foreign.append(url)

    def dialog(self, dialog: object) -> None:
        self.dialogs.append(str(dialog))
        dialog.dismiss()  # type: ignore[attr-defined]

    def clean(self) -> None:
        """Assert that nothing forbidden was seen so far."""
        assert (self.foreign, self.console, self.dialogs, self.failed) == ([], [], [], [])


@pytest.fixture(scope="session")
def demo_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that holds the demo, loaded by the product's own command."""
    store = tmp_path_factory.mktemp("demo") / "atlas.gpkg"
    flask(store, "demo")
    return store


@pytest.fixture(scope="session")
def demo_server(demo_store: Path) -> Iterator[str]:
    with running(demo_store) as address:
        yield address


@pytest.fixture(scope="session")
def empty_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running(tmp_path_factory.mktemp("empty") / "atlas.gpkg") as address:
        yield address


@pytest.fixture(scope="session")
def driver() -> Iterator[Playwright]:
    with sync_playwright() as found:
        yield found


def launch(driver: Playwright, *arguments: str) -> Browser:
    """Start Debian's chromium."""
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    return driver.chromium.launch(executable_path=CHROMIUM, args=[*arguments, *sandbox])


@pytest.fixture(scope="session")
def browser(driver: Playwright) -> Iterator[Browser]:
    chromium = launch(driver, *QUIET)
    yield chromium
    chromium.close()


@dataclass
class Visit:
    """One page under watch."""

    page: Page
    watch: Watch

    def ready(self) -> None:
        """Wait until the page says that its map and tables hold what was asked for."""
        # Not wait_for_function: it evaluates text in the page, which the page's own policy forbids.
        self.page.wait_for_selector("html[data-ready=true]", state="attached")

    def settled(self) -> None:
        """Wait until no request of the page is on its way: nothing that stands now is about to be drawn anew."""
        self.page.evaluate("import('/static/js/api.js').then(({ settled }) => settled())")

    def drawn(self) -> None:
        """Wait until the base map is drawn by WebGL."""
        self.page.wait_for_selector(".atlas-map[data-base=vector][data-gl=drawn]", state="attached")

    def messages_stay(self) -> None:
        """From now on messages that go by themselves stay: the test may come late to read or to press them."""
        self.page.evaluate(TOASTS_STAY)


TOASTS_STAY = """() => {
    const later = window.setTimeout;
    window.setTimeout = (run, ms, ...rest) => ([5000, 12000].includes(ms) ? 0 : later(run, ms, ...rest));
}"""


def until(page: Page, holds: Callable[[], bool]) -> None:
    """Wait for what no locator can say (a picture, what the map holds) as long as `expect` waits."""
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while not holds():
        assert time.monotonic() < deadline, "what was waited for never came"
        page.wait_for_timeout(200)


def steady(page: Page, read: Callable[[], Any]) -> Any:
    """Return what is read once it reads the same twice: it may be on its way still."""
    last = read()

    def same() -> bool:
        nonlocal last
        before, last = last, read()
        return np.array_equal(before, last)

    page.wait_for_timeout(200)
    until(page, same)
    return last


def worked_out(page: Page, address: str) -> None:
    """Wait until the service has worked out what lies behind `address`; what comes late would be drawn anew."""
    until(page, lambda: page.request.get(address, timeout=PATIENCE_MS).status == 200)


def tiles_loaded(page: Page, pane: str = ".leaflet-tile-pane") -> None:
    """Wait until the pictures of a pane of the map have all come."""
    expect(page.locator(f"{pane} img.leaflet-tile-loaded")).not_to_have_count(0)
    expect(page.locator(f"{pane} img.leaflet-tile:not(.leaflet-tile-loaded)")).to_have_count(0)


# Of a flow that is the same in both languages, at full length (`ATLAS_FULL=1`) both; the officer's shift, the
# planner's, the supervisor's tasks and the pages are always walked in both.
LANGS = ["zh", "en"] if os.environ.get("ATLAS_FULL") == "1" else ["zh"]

Opener = Callable[..., Visit]


@pytest.fixture
def visit(browser: Browser) -> Iterator[Opener]:
    """Open an address in a fresh context: `visit(url, size="phone", lang="zh", reduced_motion="reduce")`."""
    contexts: list[BrowserContext] = []

    def open_page(
        url: str, *, size: str = "desk", lang: str = "en", ready: bool = True, csp: bool = True, **how: str
    ) -> Visit:
        width, height = SIZES[size]
        context = browser.new_context(
            viewport={"width": width, "height": height},
            locale={"en": "en-GB", "zh": "zh-CN"}[lang],
            bypass_csp=not csp,
            **how,  # type: ignore[arg-type]
        )
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        watch = Watch(urlsplit(url).netloc)
        watch.attach(page)
        page.goto(url)
        opened = Visit(page, watch)
        if ready:
            opened.ready()
        return opened

    yield open_page
    for context in contexts:
        for page in context.pages:
            # What an intercepted request is still waiting for would else fail in the next test.
            page.unroute_all(behavior="ignoreErrors")
        context.close()
