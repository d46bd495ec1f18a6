"""Pages: time until the server answers, size of the HTML shell, time to the first interactive map with the demo.

Run it alone by `python -m bench.page_bench`. The map is interactive when the page says that map, tables and the first
answers are there, in a headless browser that has nothing cached.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from bench.table import Row, markdown, median_s
from tests.browser.conftest import CHROMIUM, QUIET
from tests.serving import flask, running

RUNS = 5
SHELL_KB = 100


def first_map_s(browser: Browser, url: str) -> float:
    """Return the seconds from the request until the page says it is ready, in a fresh context (nothing cached)."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    started = time.perf_counter()
    page.goto(url)
    page.wait_for_selector("html[data-ready='true']", state="attached")
    taken = time.perf_counter() - started
    context.close()
    return taken


def shell_bytes(browser: Browser, url: str) -> int:
    """Return the size of a page's HTML."""
    context = browser.new_context()
    size = len(context.request.get(url).body())
    context.close()
    return size


def rows() -> list[Row]:
    """Return the rows of start-up and of each map page."""
    table = []
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory() as scratch:
        store = Path(scratch) / "atlas.gpkg"
        flask(store, "demo")
        table.append(Row("`flask import --help`", median_s(lambda: flask(store, "import", "--help")), goal="< 1 s"))
        started = time.perf_counter()
        with running(store) as address, sync_playwright() as driver:
            table.append(Row("server start until /healthz answers", time.perf_counter() - started, goal="<= 2 s"))
            browser = driver.chromium.launch(executable_path=CHROMIUM, args=[*QUIET, *sandbox])
            for name in ("command", "planner", "grids"):
                url = f"{address}/{name}"
                cold = first_map_s(browser, url)
                times = [first_map_s(browser, url) for _ in range(RUNS)]
                kilobytes = shell_bytes(browser, url) / 1000
                if kilobytes > SHELL_KB:
                    raise AssertionError(f"the HTML of /{name} has {kilobytes:.0f} kB")
                work = f"/{name}: first interactive map (first visit {cold:.2f} s; HTML {kilobytes:.0f} of 100 kB)"
                table.append(Row(work, statistics.median(times), goal="<= 2 s"))
            browser.close()
    return table


if __name__ == "__main__":
    print(markdown("Pages", rows()))
