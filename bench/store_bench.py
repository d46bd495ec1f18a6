"""Store: import, append, query and snapshot against pyogrio and a plain SQLite time index, in the same run.

Run it alone by `python -m bench.store_bench`. `flask import` and `import_file` read the St. Louis parquet file (or one
of the same shape) in a limited subprocess, check every row, and write; the peer is handed a finished frame.
"""

from __future__ import annotations

import sqlite3
import statistics
import tempfile
import time
from contextlib import closing
from pathlib import Path

import geopandas
import numpy as np
import pyarrow.parquet
import pyogrio
import shapely

from bench.table import Row, markdown, median_s
from geo.crs import WGS84, transform_xy
from store.batch import Batch, Provenance
from store.intake.options import ImportOptions
from store.intake.run import import_file
from store.store import Store
from tests.serving import flask

ST_LOUIS = Path(__file__).resolve().parents[2] / "shared" / "data" / "stl" / "stl_incidents_2008_2019.parquet"
CRS = "EPSG:32615"
COUNT = 626_123
MILLION = 1_000_000
SOURCE = Provenance("bench", timezone="America/Chicago")


def synthetic(count: int, seed: int = 0) -> Batch:
    """Return `count` incidents of the shape of the St. Louis file: 12 years, 20 x 30 km, 25 categories."""
    rng = np.random.default_rng(seed)
    categories = np.array([f"CATEGORY {index}" for index in range(25)], dtype=object)
    districts = np.array([f"{index}" for index in range(30)], dtype=object)
    since = rng.integers(0, 12 * 365 * 86_400_000, count)
    columns = {
        "id": np.array([f"i{index + 1:06d}" for index in range(count)], dtype=object),
        "category": categories[rng.integers(0, 25, count)],
        "occurred_at": np.datetime64("2008-01-01", "ms") + since.astype("m8[ms]"),
        "grid_code": districts[rng.integers(0, 30, count)],
        "status": np.full(count, None, dtype=object),
        "severity": np.full(count, np.nan),
    }
    x, y = 730_000 + rng.random(count) * 20_000, 4_260_000 + rng.random(count) * 30_000
    return Batch("incidents", CRS, columns, x=x, y=y)


def st_louis() -> Batch:
    """Return the real rows where they are present (rows without a place get one in the middle), else synthetic ones."""
    if not ST_LOUIS.exists():
        return synthetic(COUNT)
    table = pyarrow.parquet.read_table(ST_LOUIS, columns=["description", "neighborhood", "t", "lon", "lat"])
    count = table.num_rows
    lon, lat = (table[name].to_numpy() for name in ("lon", "lat"))
    placed = np.isfinite(lon) & np.isfinite(lat)
    x, y = transform_xy(np.where(placed, lon, -90.2), np.where(placed, lat, 38.6), WGS84, CRS)
    columns = {
        "id": np.array([f"i{index + 1:06d}" for index in range(count)], dtype=object),
        "category": table["description"].to_pandas().astype(object).to_numpy(),
        "occurred_at": table["t"].to_numpy().astype("datetime64[ms]"),
        "grid_code": table["neighborhood"].to_pandas().astype(object).to_numpy(),
        "status": np.full(count, None, dtype=object),
        "severity": np.full(count, np.nan),
    }
    return Batch("incidents", CRS, columns, x=x, y=y)


def _frame(batch: Batch) -> geopandas.GeoDataFrame:
    return geopandas.GeoDataFrame(batch.columns, geometry=shapely.points(batch.x, batch.y), crs=batch.crs)


def source(folder: Path, batch: Batch) -> tuple[Path, list[str]]:
    """Return the file to import and the arguments of `flask import` that map its columns."""
    mapping = ["--map", "occurred_at=t", "--map", "category=description", "--map", "grid_code=neighborhood"]
    if ST_LOUIS.exists():
        return ST_LOUIS, [*mapping, "--timezone", "America/Chicago"]
    assert batch.x is not None and batch.y is not None
    lon, lat = transform_xy(batch.x, batch.y, CRS, WGS84)
    columns = {"description": "category", "neighborhood": "grid_code", "t": "occurred_at"}
    named = {name: batch.columns[column] for name, column in columns.items()}
    pyarrow.parquet.write_table(pyarrow.table({**named, "lon": lon, "lat": lat}), folder / "rows.parquet")
    return folder / "rows.parquet", [*mapping, "--timezone", "UTC"]


def import_rows(folder: Path, batch: Batch) -> tuple[list[Row], Store]:
    """Import by command, in process and from finished arrays, against a bare pyogrio write of the same rows.

    All write a new GeoPackage; ours with two R-trees and a unique index, the peer's with one R-tree. By turns, so that
    load meets all alike.
    """
    frame = _frame(batch)
    file, arguments = source(folder, batch)
    mapping = dict(pair.split("=") for pair in arguments[1:-2:2])
    options = ImportOptions(map=mapping, timezone=arguments[-1])
    times: dict[str, list[float]] = {"peer": [], "command": [], "in process": [], "write": []}
    store = None
    for run in range(3):
        work = {name: folder / f"{name}{run}.gpkg" for name in times}
        scratch = folder / f"scratch{run}"
        scratch.mkdir()
        started = time.perf_counter()
        pyogrio.write_dataframe(frame, work["peer"], layer="incidents", driver="GPKG")
        times["peer"].append(time.perf_counter() - started)
        started = time.perf_counter()
        flask(work["command"], "import", "incidents", str(file), *arguments)
        times["command"].append(time.perf_counter() - started)
        started = time.perf_counter()
        with Store.open(work["in process"]) as other:
            import_file(other, "incidents", file, options, scratch=scratch)
        times["in process"].append(time.perf_counter() - started)
        if store is not None:
            store.close()
        started = time.perf_counter()
        store = Store.open(work["write"])
        store.write(batch, "append", SOURCE)
        times["write"].append(time.perf_counter() - started)
    assert store is not None
    peer = statistics.median(times.pop("peer"))
    names = {
        "command": f"`flask import` of {len(batch):,} rows of parquet, start-up included",
        "in process": f"import_file of {len(batch):,} rows of parquet",
        "write": f"Store.write of {len(batch):,} finished rows",
    }
    rows = [
        Row(names[name], statistics.median(found), "pyogrio.write_dataframe", peer, "<= 3x the peer's time")
        for name, found in times.items()
    ]
    return rows, store


def snapshot_row(store: Store, path: Path) -> Row:
    """Read all columns of a revision, against pyogrio's Arrow reader into a frame."""

    def ours() -> None:
        with Store.open(store.path) as other:
            other.snapshot()

    peer = median_s(lambda: pyogrio.read_dataframe(path, layer="incidents", use_arrow=True), runs=3)
    return Row(f"snapshot of {len(store.snapshot()['incidents']):,} incidents", median_s(ours, runs=3),
               "pyogrio.read_dataframe", peer, "well under 3 s")  # fmt: skip


def append_row(store: Store, path: Path, batch: Batch) -> Row:
    """Append one incident, durable on return, against pyogrio's append of one row; both to a full file."""
    moments = iter(np.datetime64("2024-01-01", "ms") + np.arange(10_000))
    fixed = {"id": None, "x": 740_000.0, "y": 4_270_000.0, "category": "CATEGORY 1", "grid_code": "1", "status": None}
    ours = median_s(lambda: store.append_incident(occurred_at=next(moments), **fixed), runs=500, warm=20)
    one = _frame(batch).iloc[:1]
    peer = median_s(lambda: pyogrio.write_dataframe(one, path, layer="incidents", driver="GPKG", append=True), runs=20)
    return Row("append one incident, durable", ours, "pyogrio append", peer, "<= 1 ms median")


def query_row(folder: Path) -> Row:
    """2 x 2 km and one month of 1M incidents, against a plain SQLite table with an index on time."""
    batch = synthetic(MILLION)
    box = (738_000.0, 4_270_000.0, 740_000.0, 4_272_000.0)
    start, end = np.datetime64("2015-03-01", "ms"), np.datetime64("2015-04-01", "ms")
    with Store.open(folder / "million.gpkg") as store, closing(sqlite3.connect(folder / "plain.sqlite")) as plain:
        store.write(batch, "append", SOURCE)
        plain.execute("CREATE TABLE incidents (fid INTEGER PRIMARY KEY, x REAL, y REAL, t INTEGER)")
        times = batch.columns["occurred_at"].astype(np.int64)
        assert batch.x is not None and batch.y is not None
        values = zip(range(1, MILLION + 1), batch.x.tolist(), batch.y.tolist(), times.tolist(), strict=True)
        plain.executemany("INSERT INTO incidents VALUES (?, ?, ?, ?)", values)
        plain.execute("CREATE INDEX by_time ON incidents (t)")
        plain.commit()
        limits = (int(start.astype(np.int64)), int(end.astype(np.int64)), box[0], box[2], box[1], box[3])
        where = "t >= ? AND t < ? AND x BETWEEN ? AND ? AND y BETWEEN ? AND ?"
        sql = f"SELECT fid FROM incidents WHERE {where} ORDER BY fid"

        def peer() -> list[int]:
            return [fid for (fid,) in plain.execute(sql, limits)]

        def ours() -> list[int]:
            return store.incidents_in(box, start, end).tolist()

        assert ours() == peer() != []
        ours_s, peer_s = median_s(ours, runs=50), median_s(peer, runs=10)
        return Row("box and month at 1,000,000", ours_s, "SQLite, index on time", peer_s, "<= 10 ms")


def rows() -> list[Row]:
    """Return the table of the store."""
    batch = st_louis()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        table, store = import_rows(folder, batch)
        with store:
            table += [snapshot_row(store, folder / "peer0.gpkg"), append_row(store, folder / "peer1.gpkg", batch)]
        table.append(query_row(folder))
    return table


if __name__ == "__main__":
    print(markdown("Store", rows()))
