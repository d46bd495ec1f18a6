"""Pages: size of the HTML shell, and time to the first interactive map in headless chromium with the demo."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from bench.table import Row
from tests.browser.conftest import CHROMIUM, QUIET
from tests.serving import flask, running

RUNS = 5


def first_map_s(browser: Browser, url: str) -> float:
    """Return the seconds from the request until the page says it is ready, in a fresh context (nothing cached)."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    started = time.perf_counter()
    page.goto(url)
    page.wait_for_function("document.documentElement.dataset.ready === 'true'")
    taken = time.perf_counter() - started
    context.close()
    return taken


def rows() -> list[Row]:
    """Return one row per map page."""
    table = []
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory() as scratch:
        store = Path(scratch) / "atlas.gpkg"
        flask(store, "demo")
        with running(store) as address, sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=CHROMIUM, args=[*QUIET, *sandbox])
            for name in ("command", "planner", "grids"):
                url = f"{address}/{name}"
                cold = first_map_s(browser, url)
                times = [first_map_s(browser, url) for _ in range(RUNS)]
                table.append(Row(f"/{name}: first interactive map (first visit after start {cold:.2f} s)", statistics.median(times),
                                 goal="<= 2 s"))
            browser.close()
    return table
