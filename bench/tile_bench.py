"""Vector tiles of the large city: from the cache and cold, and the map in the browser against FastMarkerCluster.

Run it alone by `python -m bench.tile_bench`. Tiles are asked of the application itself, around places of cameras, at
zooms 10 to 16: cold ones are made for the first time, cached ones asked for once more.
"""

from __future__ import annotations

import json
import math
import tempfile
import time
import urllib.request
from pathlib import Path

import numpy as np
from flask.testing import FlaskClient

from app import create_app
from bench import city, tile_browser
from bench.table import Row, markdown
from geo.crs import lonlat
from settings import Settings
from store.store import Store
from tests.serving import running
from web.base_tiles import base_tiles

LEVEL = "community"
TILES = 400
ZOOMS = range(10, 17)
KINDS = {
    "base": "base map",
    "cameras": "cameras",
    "coverage": "coverage of 3,000 grids",
    "views": "views",
    "blindspots": "blind spots",
}
PATIENCE_S = 300


def addresses() -> list[str]:
    """Return the numbers of tiles around cameras, each once."""
    cameras = city.cameras(np.random.default_rng(1), TILES)
    assert cameras.x is not None and cameras.y is not None
    lon, lat = lonlat(cameras.x, cameras.y, city.CRS)
    found = {}
    for i, (east, north) in enumerate(zip(lon.tolist(), lat.tolist(), strict=True)):
        z = ZOOMS[i % len(ZOOMS)]
        n = 1 << z
        y = (1 - math.asinh(math.tan(math.radians(north))) / math.pi) / 2 * n
        found[f"{z}/{int((east + 180) / 360 * n)}/{int(y)}"] = None
    return list(found)


def asked_s(client: FlaskClient, url: str) -> float:
    """Return the seconds of one answer."""
    started = time.perf_counter()
    answer = client.get(url, headers={"Accept-Encoding": "gzip"})
    taken = time.perf_counter() - started
    if answer.status_code not in (200, 204):
        raise AssertionError(f"{url}: {answer.status_code}")
    return taken


def prepared(client: FlaskClient) -> float:
    """Wait for the archive and the coverage; return the seconds that the archive took."""
    started = time.perf_counter()
    client.get("/tiles/base.json")
    base_tiles(client.application.extensions["atlas"]).wait()
    taken = time.perf_counter() - started
    if client.get("/tiles/base.json").get_json()["state"] != "ready":
        raise AssertionError("the base map was not made")
    while client.get(f"/api/coverage?level={LEVEL}&wait_s=100").get_json()["meta"]["state"] != "ready":
        if time.perf_counter() - started > PATIENCE_S:
            raise AssertionError("the coverage is not ready")
    return taken


def tile_rows(store: Path) -> list[Row]:
    """Return the rows of the archive and of every kind of tile, asked of an application over `store`."""
    app = create_app(Settings(store=str(store), instance=store.parent))
    client = app.test_client()
    table = [Row("archive of the vector base map, 300,000 buildings, in its own process", prepared(client))]
    tiles = addresses()
    for kind, title in KINDS.items():
        urls = [f"/tiles/{kind}/{tile}.mvt" + ("" if kind == "base" else f"?level={LEVEL}") for tile in tiles]
        asked_s(client, urls[0])  # prepares the layer, once for each revision
        cold = [asked_s(client, url) for url in urls[1:]]
        kept = [asked_s(client, url) for url in urls]
        table.append(Row(f"tile, {title}: cold, p99", float(np.percentile(cold, 99)), goal="<= 100 ms"))
        table.append(Row(f"tile, {title}: from the cache, p99", float(np.percentile(kept, 99)), goal="<= 10 ms"))
    app.extensions["atlas"].close()
    return table


def at_rest(address: str) -> None:
    """Wait until a server that has just started works on nothing any more."""
    started = time.perf_counter()
    while time.perf_counter() - started < PATIENCE_S:
        states = []
        for path in ("/tiles/base.json", "/api/coverage/status", f"/api/coverage/status?level={LEVEL}"):
            with urllib.request.urlopen(f"{address}{path}", timeout=PATIENCE_S) as answer:  # noqa: S310
                states.append(json.loads(answer.read())["state"])
        if not {"building", "computing"} & set(states):
            return
        time.sleep(1)
    raise AssertionError("the server is not ready")


def rows() -> list[Row]:
    """Return the rows of the tiles and of the browser."""
    with tempfile.TemporaryDirectory() as scratch:
        store = Path(scratch) / "atlas.gpkg"
        with Store.open(store) as opened:
            city.write_city(opened)
        table = tile_rows(store)
        (store.parent / "peer").mkdir()
        with running(store) as address:
            at_rest(address)
            table += tile_browser.rows(address, store.parent / "peer")
    return table


if __name__ == "__main__":
    print(markdown("Tiles", rows()))
