"""Assignment, borders, heat and views against peers, in the same run on the same arrays.

Run it alone by `python -m bench.geo_bench`. Peers start from finished GeoDataFrames (making them is not counted); ours
starts from arrays and prepares its lattice within the measured time unless the row says "kept".
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pyarrow.parquet
import shapely
from numpy.typing import NDArray
from scipy import ndimage

from bench.table import Row, markdown
from geo.assign import Locator, assign, warm
from geo.border import border_distance
from geo.crs import WGS84, choose_metric_crs, transform_xy
from geo.heat import heat_grid
from geo.live import GridIndex
from geo.view import camera_view
from tests import oracles

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
RUNS = 5


@dataclass(frozen=True)
class Join:
    """Points and the polygons of one level."""

    name: str
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    polygons: NDArray[Any]
    codes: NDArray[Any]
    crs: str


def synthetic(points: int = 1_000_000, polygons: int = 5_000) -> Join:
    """Uniform points over a Voronoi mosaic of 20 km."""
    rng = np.random.default_rng(0)
    sites = shapely.MultiPoint(rng.uniform(0, 20_000, (polygons, 2)) + np.array([500_000, 6_600_000]))
    frame = shapely.box(500_000, 6_600_000, 520_000, 6_620_000)
    cells = shapely.intersection(np.array(shapely.get_parts(shapely.voronoi_polygons(sites)), dtype=object), frame)
    codes = np.array([f"{n:06d}" for n in range(len(cells))], dtype=object)
    x, y = rng.uniform(499_900, 520_100, points), rng.uniform(6_599_900, 6_620_100, points)
    return Join(f"{points:,} points, {polygons:,} polygons (synthetic)", x, y, cells, codes, "EPSG:32635")


def st_louis() -> list[Join]:
    """St. Louis: located incidents 2008-2019, neighbourhoods and the 1 km grid; nothing where the data is absent."""
    folder = DATA / "stl"
    if not folder.is_dir():
        return []
    columns = pyarrow.parquet.read_table(folder / "stl_incidents_2008_2019.parquet", columns=["lon", "lat"])
    lon, lat = (columns[name].to_numpy(zero_copy_only=False).astype(np.float64) for name in ("lon", "lat"))
    known = np.isfinite(lon) & np.isfinite(lat)
    x, y = transform_xy(lon[known], lat[known], WGS84, "EPSG:32615")
    joins = []
    for file, column, label in (
        ("neighborhoods_79.geojson", "NHD_NUM", "neighbourhoods"),
        ("STL_BOUNDARY_Grids.gpkg", "PageName", "cells of 1 km"),
    ):
        areas = geopandas.read_file(folder / file).to_crs("EPSG:32615")
        shapes, codes = np.asarray(areas.geometry.array, dtype=object), areas[column].astype(str).to_numpy(dtype=object)
        joins.append(Join(f"St. Louis, {len(x):,} points, {len(areas)} {label}", x, y, shapes, codes, "EPSG:32615"))
    return joins


def side_by_side(ours: Callable[[], object], peer: Callable[[], object], runs: int = RUNS) -> tuple[float, float]:
    """Return the median seconds of both, run by turns after one uncounted run each, so that load meets both alike."""
    times: tuple[list[float], list[float]] = ([], [])
    for turn in range(runs + 1):
        for work, taken in zip((ours, peer), times, strict=True):
            started = time.perf_counter()
            work()
            if turn:
                taken.append(time.perf_counter() - started)
    return statistics.median(times[0]), statistics.median(times[1])


def join_rows(join: Join) -> list[Row]:
    """Ours from arrays, ours with the lattice kept, and borders; the answers are compared first."""
    points = geopandas.GeoDataFrame(geometry=geopandas.points_from_xy(join.x, join.y), crs=join.crs)
    areas = geopandas.GeoDataFrame({"code": join.codes}, geometry=join.polygons, crs=join.crs)
    some = slice(None, None, max(1, len(join.x) // 50_000))
    expected = oracles.assign(join.x[some], join.y[some], join.polygons, join.codes)
    if not (assign(join.x[some], join.y[some], join.polygons, join.codes) == expected).all():
        raise AssertionError(f"{join.name}: ours differs from the oracle")
    kept = Locator(join.polygons, join.codes)

    def sjoin() -> object:
        return geopandas.sjoin(points, areas, predicate="intersects")

    whole, peer = side_by_side(lambda: assign(join.x, join.y, join.polygons, join.codes), sjoin)
    again, peer_again = side_by_side(lambda: kept.locate(join.x, join.y), sjoin)
    goal = ">= 1 times, aim 10"
    return [
        Row(f"assign: {join.name}", whole, "geopandas.sjoin", peer, goal),
        Row(f"assign, lattice kept: {join.name}", again, "geopandas.sjoin", peer_again, goal),
    ]


def border_row(join: Join) -> Row:
    """Distance to the nearest border, of every tenth point."""
    x, y = join.x[::10], join.y[::10]
    lines = np.asarray(shapely.boundary(join.polygons), dtype=object)
    pieces = shapely.linestrings([pair for line in shapely.get_parts(lines) for pair in _pairs(line)])
    tree = shapely.STRtree(pieces)
    dots = shapely.points(x, y)

    def peer() -> object:
        return tree.query_nearest(dots, all_matches=False, return_distance=True)

    expected = peer()[1]  # type: ignore[index]
    if not np.allclose(border_distance(x, y, join.polygons), expected, atol=1e-6):
        raise AssertionError("border_distance differs from STRtree.query_nearest")
    ours, theirs = side_by_side(lambda: border_distance(x, y, join.polygons), peer)
    work = f"distance to the border: {len(x):,} points of the same"
    return Row(work, ours, "STRtree.query_nearest (tree kept)", theirs)


def _pairs(line: Any) -> NDArray[np.float64]:
    xy = shapely.get_coordinates(line)
    return np.stack([xy[:-1], xy[1:]], axis=1)


def heat_row(join: Join) -> Row:
    """Heat of all points on 1024 x 1024 pixels, against a plain histogram and a Gaussian filter of the same reach."""
    box = (float(join.x.min()), float(join.y.min()), float(join.x.max()), float(join.y.max()))
    bandwidth = 400.0
    sigma = [bandwidth / 8**0.5 / ((box[k + 2] - box[k]) / 1024) for k in (1, 0)]

    def peer() -> object:
        counts, _, _ = np.histogram2d(join.y, join.x, bins=1024, range=[[box[1], box[3]], [box[0], box[2]]])
        return ndimage.gaussian_filter(counts, sigma)

    ours, theirs = side_by_side(lambda: heat_grid(join.x, join.y, box, (1024, 1024), bandwidth), peer)
    return Row(f"heat 1024 x 1024: {len(join.x):,} points", ours, "numpy.histogram2d + gaussian_filter", theirs)


def live_rows(join: Join) -> list[Row]:
    """One grid inserted or moved, one point located, among 5,000."""
    index = GridIndex()
    started = time.perf_counter()
    for code, polygon in zip(join.codes, join.polygons, strict=True):
        index.insert(code, polygon)
    insert = (time.perf_counter() - started) / len(join.codes)
    started = time.perf_counter()
    for x, y in zip(join.x[:5000], join.y[:5000], strict=True):
        index.locate(float(x), float(y))
    locate = (time.perf_counter() - started) / 5000
    tree = shapely.STRtree(join.polygons)
    started = time.perf_counter()
    for x, y in zip(join.x[:5000], join.y[:5000], strict=True):
        tree.query(shapely.Point(float(x), float(y)), predicate="intersects")
    peer = (time.perf_counter() - started) / 5000
    return [
        Row("live index: insert one grid (mean of 5,000)", insert),
        Row("live index: locate one point (mean of 5,000)", locate, "STRtree.query (cannot change)", peer),
    ]


def view_row() -> list[Row]:
    """The view oracle on real buildings; step 2 has to beat it."""
    file = DATA / "osm" / "helsinki.gpkg"
    if not file.is_file():
        return []
    houses = geopandas.read_file(file, layer="buildings")
    cameras = geopandas.read_file(file, layer="cameras").to_crs(WGS84)
    crs = choose_metric_crs(cameras.geometry.x, cameras.geometry.y)
    blocks = np.asarray(houses.to_crs(crs).geometry.array, dtype=object)
    x, y = transform_xy(cameras.geometry.x, cameras.geometry.y, WGS84, crs)
    times = []
    for a, b in zip(x, y, strict=True):
        started = time.perf_counter()
        camera_view(float(a), float(b), blocks, range_m=50)
        times.append(time.perf_counter() - started)
    work = f"one view of 50 m among {len(blocks)} buildings (median of {len(x)} cameras)"
    return [Row(work, statistics.median(times))]


def rows() -> list[Row]:
    """Return the table."""
    warm()
    large = synthetic()
    table = [row for join in (*st_louis(), large) for row in join_rows(join)]
    return [*table, border_row(large), heat_row(large), *live_rows(large), *view_row()]


if __name__ == "__main__":
    print(markdown("Assignment, density", rows()))
