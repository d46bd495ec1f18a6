"""What an area costs: following a live feed of 1,000,000 incidents, and tiles beside those of the whole city.

Run it alone by `python -m bench.area_bench`. Both readers of tiles are accounts with sessions of their own, asked of
one application in turn; the area names every town of the city, so that both draw the same from as many rows.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import shapely
from flask.testing import FlaskClient

from app import create_app
from bench.heat_city import CRS, HIGH, SOUTH, WEST, WIDE, codes, facts, places
from bench.table import Row, markdown
from bench.tile_bench import asked_s
from geo.area import Area
from geo.columns import Codes, LayerColumns, Snapshot
from geo.crs import lonlat
from settings import Settings
from store.batch import Batch, Provenance
from store.growth import Growth
from store.schema import LAYERS, Kind
from store.store import Store
from web.areas import Areas
from web.cache import Cache
from web.state import CACHE_BYTES

INCIDENTS, TOWNS, PER_SIDE = 1_000_000, 30, 32  # 30 towns of 32 x 32 grids each: 30,750 grids on two levels
FEW = 200_000  # incidents of the store that tiles are drawn from
TURNS = 6
STEPS, AT_ONCE = 60, 40  # a live feed of 20 incidents a second, looked at every 2 s


def grids() -> tuple[list[Any], dict[str, list[Any]]]:
    """Return shapes and texts of the towns, and of the grids in them."""
    shapes, texts = [], {name: [] for name in ("code", "level", "parent")}
    width, height = WIDE / 6, HIGH / 5

    def add(box: tuple[float, ...], code: str, level: str, parent: str | None) -> None:
        shapes.append(shapely.MultiPolygon([shapely.box(*box)]))
        for name, value in zip(texts, (code, level, parent), strict=True):
            texts[name].append(value)

    for town in range(TOWNS):
        x, y = WEST + width * (town % 6), SOUTH + height * (town // 6)
        add((x, y, x + width, y + height), f"T{town:02}", "town", None)
        w, h = width / PER_SIDE, height / PER_SIDE
        for i in range(PER_SIDE):
            for j in range(PER_SIDE):
                at = (x + i * w, y + j * h, x + (i + 1) * w, y + (j + 1) * h)
                add(at, f"T{town:02}-{i:02}{j:02}", "grid", f"T{town:02}")
    return shapes, texts


def columns(layer: str, count: int, given: dict[str, Any]) -> dict[str, Any]:
    """Return every column of a layer as a batch has it; those that are not given are missing."""
    made: dict[str, Any] = {}
    for column in LAYERS[layer].columns:
        empty = {Kind.TEXT: None, Kind.CODE: None, Kind.BOOL: -1, Kind.TIME: np.datetime64("NaT", "ms")}
        kind = {Kind.TEXT: object, Kind.CODE: object, Kind.BOOL: np.int8, Kind.TIME: "datetime64[ms]"}
        values = given.get(column.name, [empty.get(column.kind, np.nan)] * count)
        made[column.name] = np.array(values, dtype=kind.get(column.kind, np.float64))
    return made


def _held(layer: str, batch: dict[str, Any]) -> dict[str, Any]:
    """Return columns as a snapshot has them."""
    for column in LAYERS[layer].columns:
        if column.kind is Kind.CODE and not isinstance(batch[column.name], Codes):
            texts = [one for one in dict.fromkeys(batch[column.name].tolist()) if one is not None]
            place = {text: i for i, text in enumerate(sorted(texts))}
            code = np.array([place.get(one, -1) for one in batch[column.name].tolist()], dtype=np.int32)
            batch[column.name] = Codes(tuple(sorted(texts)), code)
    return batch


def city() -> Snapshot:
    """Return the city of a snapshot: grids and incidents only."""
    shapes, texts = grids()
    array = np.empty(len(shapes), dtype=object)
    array[:] = shapes
    x, y = places(INCIDENTS)
    inc = columns("incidents", 0, {})
    when, _, _, _ = facts(INCIDENTS)
    for column in LAYERS["incidents"].columns:
        inc[column.name] = np.full(INCIDENTS, np.nan) if column.kind is Kind.REAL else inc[column.name]
    inc |= {"id": np.array([f"i{i}" for i in range(INCIDENTS)], dtype=object), "occurred_at": when.astype("M8[ms]")}
    none = Codes((), np.full(INCIDENTS, -1, dtype=np.int32))
    inc |= {"category": codes(INCIDENTS), "grid_code": none, "status": none}
    made = {name: _layer(name, 0, None, None, None, _held(name, columns(name, 0, {}))) for name in LAYERS}
    made["grids"] = _layer(
        "grids", len(shapes), array, None, None, _held("grids", columns("grids", len(shapes), texts))
    )
    made["incidents"] = _layer("incidents", INCIDENTS, None, x, y, inc)
    return Snapshot(1, CRS, "UTC", MappingProxyType(made))


def _layer(name: str, count: int, shapes: Any, x: Any, y: Any, held: dict[str, Any]) -> LayerColumns:
    points = LAYERS[name].pure_points
    shapes = np.zeros(0, dtype=object) if shapes is None and not points else shapes
    x, y = (np.zeros(0) if points and one is None else one for one in (x, y))
    return LayerColumns(name, 1, np.arange(1, count + 1), MappingProxyType(held), shapes, x, y)


def longer(old: LayerColumns, growth: Growth, revision: int) -> LayerColumns:
    """Return the incidents with some more behind them, as a live feed brings them."""
    rng = np.random.default_rng(revision)
    x, y = WEST + rng.uniform(0, WIDE, AT_ONCE), SOUTH + rng.uniform(0, HIGH, AT_ONCE)
    more = columns("incidents", AT_ONCE, {"id": [f"r{revision}-{i}" for i in range(AT_ONCE)]})
    more["category"] = Codes(("kind 03",), np.zeros(AT_ONCE, dtype=np.int32))
    more = _held("incidents", more)
    grow: Any = growth.extend
    held = {name: grow(f"c {name}", column, more[name]) for name, column in old.columns.items()}
    fid = grow("fid", old.fid, old.fid[-1] + 1 + np.arange(AT_ONCE))
    return LayerColumns(
        "incidents", revision, fid, MappingProxyType(held), None, grow("x", old.x, x), grow("y", old.y, y)
    )


def follow_rows() -> list[Row]:
    """Return how long it takes to bring areas to the next state of a live feed, and to see one for the first time."""
    whole, areas, growth = city(), Areas(), Growth()
    some = Area((("town", "T00"), ("town", "T01"), ("town", "T08")))
    all_of_it = Area(tuple(("town", f"T{i:02}") for i in range(TOWNS)))
    areas.of(whole, Area((("town", "T29"),)))  # what all areas share: where each incident lies
    table = []
    for area, words in ((some, "a tenth of the city"), (all_of_it, "all of the city")):
        started = time.perf_counter()
        areas.of(whole, area)
        table.append(Row(f"an area seen for the first time: {words}, 1M incidents, 30,750 grids",
                         time.perf_counter() - started))  # fmt: skip
    taken: dict[Area, list[float]] = {some: [], all_of_it: []}
    incidents = whole["incidents"]
    for step in range(STEPS):
        incidents = longer(incidents, growth, step + 2)
        layers = MappingProxyType({**whole.layers, "incidents": incidents})
        now = Snapshot(step + 2, CRS, "UTC", layers)
        for area in (some, all_of_it) if step % 2 else (all_of_it, some):
            started = time.perf_counter()
            found = areas.of(now, area)
            taken[area].append(time.perf_counter() - started)
            assert len(found["incidents"]) > 0
    for area, words in ((some, "a tenth of the city"), (all_of_it, "all of the city")):
        for name, share in (("median", 50), ("p99", 99)):
            table.append(Row(f"an area after {AT_ONCE} new incidents, {words}: {name}",
                             float(np.percentile(taken[area][3:], share)), goal="<= 50 ms"))  # fmt: skip
    return table


# --- tiles -------------------------------------------------------------------------------------------------------


def write(store: Store) -> None:
    """Fill a store with the towns, incidents and cameras."""
    shapes, texts = grids()
    array = np.empty(len(shapes), dtype=object)
    array[:] = shapes
    where = Provenance("bench", timezone="UTC")
    store.write(Batch("grids", CRS, columns("grids", len(shapes), texts), array), "append", where)
    x, y = places(FEW)
    when, kinds, _, _ = facts(FEW)
    given = {"category": [f"kind {one:02}" for one in kinds], "occurred_at": when.astype("M8[ms]")}
    store.write(Batch("incidents", CRS, columns("incidents", FEW, given), None, x, y), "append", where)
    rng = np.random.default_rng(4)
    x, y = WEST + rng.uniform(0, WIDE, 5000), SOUTH + rng.uniform(0, HIGH, 5000)
    given = {"kind": ["fixed"] * 5000, "azimuth_deg": rng.uniform(0, 360, 5000), "online": [1] * 5000}
    store.write(Batch("cameras", CRS, columns("cameras", 5000, given), None, x, y), "append", where)


def tiles() -> list[str]:
    rng = np.random.default_rng(2)
    lon, lat = lonlat(WEST + rng.uniform(0, WIDE, 80), SOUTH + rng.uniform(0, HIGH, 80), CRS)
    found = {}
    for i in range(80):
        z = 11 + i % 5
        n = 1 << z
        north = np.radians(lat[i])
        y = (1 - np.arcsinh(np.tan(north)) / np.pi) / 2 * n
        found[f"{z}/{int((lon[i] + 180) / 360 * n)}/{int(y)}"] = None
    return list(found)


def tile_rows(folder: Path) -> list[Row]:
    """Return the rows of tiles: those of an area, and beside them those of the whole city."""
    with Store.open(folder / "atlas.gpkg") as store:
        write(store)
    app = create_app(Settings(store=str(folder / "atlas.gpkg"), instance=folder))
    store = app.extensions["atlas"].store
    store.add_account("first", ["administrator"])
    every = Area(tuple(("town", f"T{i:02}") for i in range(TOWNS)))
    clients: list[FlaskClient] = []
    for name, area in (("area", every), ("whole", None)):
        account = store.add_account(name, ["viewer"], area)
        client = app.test_client()
        client.set_cookie("atlas_session", store.begin_session(account.id, "127.0.0.1"))
        clients.append(client)
    table = []
    for kind, title, suffix in (("heat", "heat", "png"), ("cameras", "cameras", "mvt")):
        urls = [f"/tiles/{kind}/{at}.{suffix}" for at in tiles()]
        for client in clients:
            asked_s(client, urls[0])
        for words in ("cold", "from the cache"):
            taken: list[list[float]] = [[], []]
            for turn in range(TURNS):
                if words == "cold":  # another radius, and nothing kept
                    app.extensions["atlas"]._cache = Cache(CACHE_BYTES)
                ask = f"?radius_m={700 + turn * (words == 'cold')}"
                for i, url in enumerate(urls):
                    for which in (0, 1) if (i + turn) % 2 else (1, 0):
                        taken[which].append(asked_s(clients[which], url + ask))
            ours, peer = (float(np.median(times)) for times in taken)
            work = f"tile, {title}, of an area as large as the city: {words}"
            table.append(Row(work, ours, "a reader of the whole city", peer, ">= 0.90 times (overhead <= 10 %)"))
    app.extensions["atlas"].close()
    return table


def rows() -> list[Row]:
    """Return the rows of areas."""
    with tempfile.TemporaryDirectory() as scratch:
        return follow_rows() + tile_rows(Path(scratch))


if __name__ == "__main__":
    print(markdown("Areas", rows()))
