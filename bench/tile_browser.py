"""In the browser: 60,000 cameras over 300,000 buildings by tiles, against Folium's FastMarkerCluster of the cameras.

The same chromium, the same window, nothing cached. Where there is no card the processor draws WebGL.
"Ready": from the request until the map stands. "Zoom": from the call until the map is drawn at the new zoom, both
without animation; "as it comes": both as they are made by default, until nothing moves and everything is drawn.
"""

from __future__ import annotations

import functools
import http.server
import os
import shutil
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import folium
import numpy as np
from folium.plugins import FastMarkerCluster
from playwright.sync_api import Browser, Page, sync_playwright

from bench import city
from bench.table import Row
from geo.crs import lonlat
from layers.assets import split_header
from tests.browser.conftest import CHROMIUM, QUIET, SIZES
from tests.serving import ROOT

RUNS = 5
ZOOMS = (1, 1, 1, -1, -1, 1)
PLACE = "zoom=12&centre={:.5f},{:.5f}"
# Puts the cameras on a map page as vector tiles.
ADD = """async () => {
    const [{ gl }, { styles }] = await Promise.all([import('/static/js/gl.js'), import('/static/js/gl_style.js')]);
    gl.addVector('bench', '/tiles/cameras/{z}/{x}/{y}.mvt', styles.cameras);
    await gl.ready;
    window.benchMap = gl.map;
    await new Promise((done) => gl.map.areTilesLoaded() ? done() : gl.map.once('idle', done));
}"""
# Seconds until the map is drawn at the new zoom from what it has, and until all tiles of that zoom are drawn.
OUR_ZOOM = """async (step) => {
    const map = window.atlas.map, began = performance.now();
    const idle = new Promise((done) => window.benchMap.once('idle', done));
    const first = new Promise((done) => window.benchMap.once('render', () => requestAnimationFrame(done)));
    map.setZoom(map.getZoom() + step, { animate: false });
    await first;
    const drawn = performance.now() - began;
    await idle;
    return [drawn / 1000, (performance.now() - began) / 1000];
}"""
PEER_ZOOM = """async (step) => {
    const began = performance.now();
    window.benchMap.setZoom(window.benchMap.getZoom() + step, { animate: false });
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    return (performance.now() - began) / 1000;
}"""
OUR_REST = """async (step) => {
    const map = window.atlas.map, began = performance.now();
    const still = new Promise((done) => map.once('zoomend', done));
    map.setZoom(map.getZoom() + step);
    await still;
    await new Promise((done) => window.benchMap.once('idle', done));
    return (performance.now() - began) / 1000;
}"""
PEER_REST = """async (step) => {
    const map = window.benchMap, began = performance.now();
    const still = new Promise((done) => window.benchCluster.once('animationend', done));
    map.setZoom(map.getZoom() + step);
    await still;
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    return (performance.now() - began) / 1000;
}"""
CALLBACK = "function (row) { return L.marker(new L.LatLng(row[0], row[1])); }"


def peer_page(folder: Path, *, moving: bool) -> None:
    """Write Folium's page of 60,000 cameras with its scripts beside it; `moving`: with the animations it has."""
    cameras = city.cameras(np.random.default_rng(0))
    assert cameras.x is not None and cameras.y is not None
    lon, lat = lonlat(cameras.x, cameras.y, city.CRS)
    chart = folium.Map(
        location=[float(lat.mean()), float(lon.mean())],
        zoom_start=12,
        tiles=None,
        prefer_canvas=True,
        zoom_animation=moving,
    )
    chart.options["max_zoom"] = 20  # the cluster asks for it
    cluster = FastMarkerCluster(np.column_stack([lat, lon]).round(6).tolist(), callback=CALLBACK, animate=moving)
    cluster.add_to(chart)
    figure = chart.get_root()
    figure.render()
    for name in [one for one in figure.header._children if one.startswith("markercluster")]:
        del figure.header._children[name]
    _, _, rest = split_header(figure)
    head = "".join(element.render() for element in rest)
    scripts = "".join(f'<script src="{one}"></script>' for one in ("leaflet.js", "leaflet.markercluster.js"))
    sheets = "".join(
        f'<link rel="stylesheet" href="{one}">'
        for one in ("leaflet.css", "MarkerCluster.css", "MarkerCluster.Default.css")
    )
    for source in ("leaflet/dist", "leaflet.markercluster/dist"):
        shutil.copytree(ROOT / "node_modules" / source, folder, dirs_exist_ok=True)
    script = (
        f"{figure.script.render()}\nwindow.benchMap = {chart.get_name()}; window.benchCluster = {cluster.get_name()};"
    )
    page = f"<!doctype html><meta charset=utf-8>{sheets}{scripts}{head}{figure.html.render()}<script>{script}</script>"
    (folder / ("moving.html" if moving else "peer.html")).write_text(page, "utf-8")


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on a free loopback port."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@contextmanager
def page_of(browser: Browser, *, moving: bool) -> Iterator[Page]:
    """Open a page with nothing cached."""
    width, height = SIZES["desk"]
    motion = "no-preference" if moving else "reduce"
    context = browser.new_context(viewport={"width": width, "height": height}, reduced_motion=motion)
    context.set_default_timeout(120_000)
    yield context.new_page()
    context.close()


def ours(browser: Browser, address: str, *, moving: bool = False) -> tuple[float, list[Any]]:
    """Return seconds until cameras and buildings are drawn, and of each zoom (see `OUR_ZOOM`, `OUR_REST`)."""
    lon, lat = lonlat(
        [city.LEFT + city.COLUMNS * city.CELL_M / 2], [city.BOTTOM + city.ROWS * city.CELL_M / 2], city.CRS
    )
    with page_of(browser, moving=moving) as page:
        began = time.perf_counter()
        page.goto(f"{address}/grids?layers=none&{PLACE.format(lat[0], lon[0])}", wait_until="commit")
        page.wait_for_selector(".atlas-map", state="attached")
        page.evaluate(ADD)  # as a page's own script adds its layers: before the base map is there
        page.wait_for_selector(".atlas-map[data-base=vector][data-gl=drawn]", state="attached")
        ready = time.perf_counter() - began
        page.wait_for_selector("html[data-ready=true]", state="attached")
        page.wait_for_timeout(500)
        return ready, [page.evaluate(OUR_REST if moving else OUR_ZOOM, step) for step in ZOOMS]


def peer(browser: Browser, address: str, *, moving: bool = False) -> tuple[float, list[float]]:
    """Return seconds until the clusters are drawn, and of each zoom."""
    with page_of(browser, moving=moving) as page:
        began = time.perf_counter()
        page.goto(f"{address}/{'moving' if moving else 'peer'}.html")
        page.wait_for_selector(".marker-cluster", state="attached")
        page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        ready = time.perf_counter() - began
        page.wait_for_timeout(500)
        return ready, [page.evaluate(PEER_REST if moving else PEER_ZOOM, step) for step in ZOOMS]


def rows(address: str, folder: Path) -> list[Row]:
    """Return the rows; `address` serves the city, whose archive is ready. Runs of both take turns."""
    for moving in (False, True):
        peer_page(folder, moving=moving)
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    mine: list[tuple[float, list[list[float]]]] = []
    theirs: list[tuple[float, list[float]]] = []
    rests: tuple[list[float], list[float]] = ([], [])
    with served(folder) as other, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=[*QUIET, *sandbox])
        ours(browser, address)  # the server's own first answers
        for _ in range(RUNS):
            mine.append(ours(browser, address))
            theirs.append(peer(browser, other))
            rests[0].extend(ours(browser, address, moving=True)[1])
            rests[1].extend(peer(browser, other, moving=True)[1])
        browser.close()
    name, work = "FastMarkerCluster, cameras alone", "browser: 60,000 cameras and 300,000 buildings"
    zooms = np.array([zoom for _, every in mine for zoom in every])
    first, full = np.median(zooms, axis=0).tolist()
    peer_zoom = statistics.median(zoom for _, every in theirs for zoom in every)
    peer_ready = statistics.median(one for one, _ in theirs)
    return [
        Row(f"{work}: ready", statistics.median(one for one, _ in mine), name, peer_ready, "no slower"),
        Row(f"{work}: zoom, drawn", first, name, peer_zoom, "no slower"),
        Row(f"{work}: zoom, with every tile of the new zoom", full, name, peer_zoom),
        Row(f"{work}: zoom as it comes", statistics.median(rests[0]), name, statistics.median(rests[1]), "no slower"),
    ]
