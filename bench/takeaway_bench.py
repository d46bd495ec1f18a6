"""Files to take away: a picture of the demo's map, its monthly bulletin, a table of a whole city.

The PDF is timed against Chromium printing the same page of HTML; the sheet against pandas writing the same rows.
"""

from __future__ import annotations

import base64
import io
import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
from flask import Flask, render_template
from playwright.sync_api import sync_playwright

from app import create_app
from bench.table import Row, markdown, median_s
from geo.month import parse_month
from settings import Settings
from tests.browser.conftest import CHROMIUM, QUIET
from tests.serving import flask
from web import bulletin, bulletin_pdf
from web.pdf import to_pdf
from web.tables import TABLES
from web.workbook import page_of, to_xlsx

MONTH, LEVEL = "2025-12", "community"
CITY_GRIDS = 33_000
RUNS = 3


def page(app: Flask, lang: str) -> tuple[str, dict[str, bytes]]:
    """Return the HTML of the demo's bulletin and its pictures."""
    state = app.extensions["atlas"]
    snapshot = state.snapshot()
    facts = bulletin.facts(snapshot, parse_month(MONTH), LEVEL, None)
    shown = bulletin_pdf.context(state, snapshot, facts, lang, datetime.now(UTC))
    params = bulletin.params_of(snapshot, parse_month(MONTH), LEVEL)
    names = [figure["name"] for figure in shown["figures"]]
    pictures = {name: bulletin_pdf.map_figure(state, snapshot, params, name, lang) for name in names}
    return render_template("bulletin.html", **shown), pictures


def chromium_s(html: str, pictures: dict[str, bytes]) -> float:
    """Return the seconds in which a fresh browser prints the same page."""
    for name, data in pictures.items():
        html = html.replace(f"memory:{name}", f"data:image/png;base64,{base64.b64encode(data).decode()}")
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as driver:

        def printed() -> None:
            browser = driver.chromium.launch(executable_path=CHROMIUM, args=[*QUIET, *sandbox])
            tab = browser.new_page()
            tab.set_content(html)
            tab.pdf(format="A4", print_background=True)
            browser.close()

        return median_s(printed, runs=RUNS)


def city_rows() -> list[Row]:
    """Return the row of a table of all grids of a large city."""
    rng = np.random.default_rng(1)
    data = [
        {"code": f"{i:015}", "name": f"网格 {i}", "incidents": int(count), "area_km2": area, "per_km2": count / area,
         "per_10k": None}
        for i, (count, area) in enumerate(zip(rng.integers(0, 50, CITY_GRIDS), rng.uniform(0.01, 0.2, CITY_GRIDS),
                                              strict=True))
    ]  # fmt: skip
    ours = median_s(lambda: to_xlsx([page_of(TABLES["density"], data, "zh", "Asia/Shanghai")]), runs=RUNS)
    frame = pd.DataFrame(data)
    peer = median_s(lambda: frame.to_excel(io.BytesIO(), index=False), runs=RUNS)
    return [Row(f"XLSX of {CITY_GRIDS:,} grids", ours, "pandas.to_excel (openpyxl)", peer)]


def rows() -> list[Row]:
    """Return the rows of pictures, bulletins and tables."""
    table = []
    with tempfile.TemporaryDirectory() as scratch:
        store = Path(scratch) / "atlas.gpkg"
        flask(store, "demo")
        app = create_app(Settings(store=str(store), instance=Path(scratch)))
        client = app.test_client()
        number = iter(range(1_000))

        def ask(url: str) -> None:
            # A new title each time: pictures are kept.
            answer = client.get(url.format(next(number)))
            assert answer.status_code == 200, answer.get_data(as_text=True)[:300]

        table.append(
            Row(
                "picture 1600 x 1000, density",
                median_s(lambda: ask("/api/picture.png?title={}"), runs=RUNS),
                goal="<= 2 s",
            )
        )
        url = "/api/picture.png?title={}&layers=heat,grids,incidents,cameras&centre=60.168,24.944&zoom=16&scale=2"
        table.append(Row("picture 3200 x 2000, four layers", median_s(lambda: ask(url), runs=RUNS), goal="<= 8 s"))
        with app.test_request_context():
            html, pictures = page(app, "zh")
        table.append(
            Row(
                "PDF of the bulletin from its HTML, in a new process",
                median_s(lambda: to_pdf(html, pictures), runs=RUNS),
                "Chromium prints the same HTML",
                chromium_s(html, pictures),
            )
        )
        for form in ("pdf", "xlsx"):
            where = f"/api/bulletin.{form}?month={MONTH}&level={LEVEL}&lang=zh"
            taken = median_s(lambda where=where: ask(where), runs=RUNS)
            table.append(Row(f"bulletin of the demo's month, {form}", taken, goal="<= 10 s"))
        app.extensions["atlas"].close()
    return [*table, *city_rows()]


if __name__ == "__main__":
    print(markdown("Pictures, tables, bulletins", rows()))
