"""Heat tiles of a store of 1,000,000 incidents: 50 readers panning, and another filter in the browser."""

from __future__ import annotations

import os
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
from playwright.sync_api import sync_playwright

from bench import heat_city
from bench.heat_load import Seen, read_at_once
from bench.table import Row, markdown
from geo.crs import transform_xy
from layers.rasters.mercator import WEB_MERCATOR, metres_per_px
from store.batch import Batch
from store.records import Provenance
from store.store import Store
from tests.browser.conftest import CHROMIUM, QUIET
from tests.serving import running

INCIDENTS, READERS, SECONDS = 1_000_000, 50, 15.0
ZOOMS = (12, 13, 14, 15, 16)


def write(path: Path, count: int = INCIDENTS) -> None:
    """Write a store with the incidents and one grid, the city."""
    x, y = heat_city.places(count)
    when, code, _, _ = heat_city.facts(count)
    blank = np.full(count, None, dtype=object)
    text = np.array(heat_city.CATEGORIES, dtype=object)[code]
    ids = np.array([f"i{number}" for number in range(count)], dtype=object)
    columns = {"id": ids, "category": text, "occurred_at": when, "grid_code": blank, "status": blank}
    columns["severity"] = np.full(count, np.nan)
    grid = {
        "code": np.array(["city"], dtype=object),
        "level": np.array(["city"], dtype=object),
        "population": np.array([np.nan]),
    } | {name: np.array([None], dtype=object) for name in ("name", "parent", "team")}
    with Store.open(path) as store:
        shape = np.array([heat_city.boundary().area], dtype=object)
        store.write(Batch("grids", heat_city.CRS, grid, geometry=shape), "append", Provenance("grids"))
        store.write(Batch("incidents", heat_city.CRS, columns, x=x, y=y), "append", Provenance("incidents"))


def walk(who: int, same: bool = False) -> Iterator[str]:
    """Yield the tiles that a reader of a filter of its own sees while panning: a view of 4 x 3, then the next place."""
    random = np.random.default_rng(1 if same else 100 + who)
    x, y = heat_city.places(INCIDENTS)
    start = heat_city.FIRST + np.timedelta64(24 * 60 * (who if not same else 0) + 1, "m")
    query = urlencode({"from": f"{start.astype('datetime64[s]')}Z", "v": 1})
    while True:
        z = int(random.choice(ZOOMS))
        row = int(random.integers(0, len(x)))
        east, north = (float(one[0]) for one in transform_xy([x[row]], [y[row]], heat_city.CRS, WEB_MERCATOR))
        side = metres_per_px(z) * 256
        half = side * 2**z / 2
        across, down = int((east + half) / side), int((half - north) / side)
        for i in range(-1, 3):
            for j in range(-1, 2):
                yield f"/tiles/heat/{z}/{across + i}/{down + j}.png?{query}"
        if same and random.random() < 0.05:
            random = np.random.default_rng(1)


def fetch(address: str) -> None:
    with urllib.request.urlopen(address, timeout=300) as answer:  # noqa: S310
        answer.read()


def load_rows(address: str) -> list[Row]:
    """Return the rows of many readers."""

    def row(work: str, seen: Seen, goal: str) -> Row:
        faults = f"{len(seen.faults)} errors"
        if seen.faults:
            print(*seen.faults[:5], sep="\n")
        return Row(f"{READERS} readers panning, {work}: {seen.per_s:.0f} tiles/s, {faults}, p99", seen.p99_s, goal=goal)

    for who in range(READERS):
        fetch(address + next(walk(who)))  # the filters' peaks; what they cost has a row of its own
    cold = read_at_once(address, READERS, SECONDS, walk)
    warm = [path for path, _ in zip(walk(0, same=True), range(240), strict=False)]
    for path in warm:
        fetch(address + path)
    kept = read_at_once(address, READERS, SECONDS / 3, lambda who: iter(warm[who:] + warm * 500))
    return [
        row("no tile asked before", cold, ">= 150 tiles/s, p99 <= 500 ms, 0 errors"),
        row("all kept", kept, ">= 1,000 tiles/s, 0 errors"),
    ]


CHANGE = """async (category) => {
    const box = document.querySelector(`#categories input[value="${category}"]`);
    const began = performance.now();
    box.click();
    await new Promise((done) => {
        const look = () => {
            const tiles = [...document.querySelectorAll('.leaflet-heat-pane .leaflet-tile')];
            const fresh = tiles.filter((one) => decodeURIComponent(one.src).includes(category.replaceAll(' ', '+')));
            const ready = fresh.length > 0 && fresh.length === tiles.length
                && fresh.every((one) => one.complete && one.classList.contains('leaflet-tile-loaded'));
            if (ready) requestAnimationFrame(() => requestAnimationFrame(done)); else requestAnimationFrame(look);
        };
        look();
    });
    return (performance.now() - began) / 1000;
}"""


def browser_rows(address: str) -> list[Row]:
    """Return how long another filter takes in the browser from the click to the drawn picture."""
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=[*QUIET, *sandbox])
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"{address}/command?layers=heat")
        page.wait_for_selector("html[data-ready='true']", state="attached", timeout=180_000)
        page.wait_for_load_state("networkidle")
        taken = []
        for category in heat_city.CATEGORIES[:9]:
            taken.append(page.evaluate(CHANGE, category))
            page.wait_for_load_state("networkidle")
            time.sleep(0.5)
        browser.close()
    return [
        Row(
            f"browser: click on a category -> new picture, {INCIDENTS:,} incidents",
            float(np.median(taken)),
            goal="<= 400 ms (aim 200 ms)",
        )
    ]


def rows() -> list[Row]:
    """Return the rows of the readers and of the browser."""
    with tempfile.TemporaryDirectory() as scratch:
        store = Path(scratch) / "atlas.gpkg"
        write(store)
        with running(store) as address:
            fetch(f"{address}/api/layers/heat")
            return load_rows(address) + browser_rows(address)


if __name__ == "__main__":
    print(markdown("Heat, many readers", rows()))
