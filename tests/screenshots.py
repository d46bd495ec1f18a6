"""Render every page from the demo, in both languages and two sizes: `python -m tests.screenshots [FOLDER]`."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.browser.conftest import CHROMIUM, QUIET, SIZES
from tests.serving import ROOT, flask, running

PAGES = ("command", "planner", "grids", "wall", "import", "about")
LOCALES = {"en": "en-GB", "zh": "zh-CN"}


def shoot(browser: Browser, address: str, folder: Path) -> None:
    """Write one PNG per page, language and size into `folder`."""
    for lang, locale in LOCALES.items():
        for size, (width, height) in SIZES.items():
            context = browser.new_context(viewport={"width": width, "height": height}, locale=locale)
            page = context.new_page()
            for name in PAGES:
                page.goto(f"{address}/{name}")
                page.wait_for_selector("html[data-ready='true']", state="attached", timeout=60_000)
                page.wait_for_load_state("networkidle")
                page.screenshot(path=folder / f"{name}-{lang}-{size}.png")
            context.close()


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory() as scratch:
        store = Path(scratch) / "atlas.gpkg"
        flask(store, "demo")
        with running(store) as address, sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=CHROMIUM, args=[*QUIET, *sandbox])
            shoot(browser, address, folder)
            browser.close()


if __name__ == "__main__":
    main()
