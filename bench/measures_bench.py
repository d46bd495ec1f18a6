"""What is measured on a computed city, against peers on the same arrays in the same run.

Run it alone by `python -m bench.measures_bench [SHARE]`. The city is that of `bench.coverage_city`; computing it is not
counted. Peers that would take minutes get some grids of it, and ours are timed on the same grids then.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import geopandas
import numpy as np
import shapely
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from bench.coverage_city import BOTTOM, CRS, LEFT, city
from bench.geo_bench import side_by_side
from bench.table import Row, markdown, median_s
from geo.assign import assign
from geo.blindspots import blind_spots, reasons
from geo.cameras import CameraFacts, ViewRules
from geo.city import City, compute_city
from geo.coverage import cover
from geo.denominators import BLIND, BUILT, incident_states, street_shares, streets_by_cell
from geo.fragility import fragility
from geo.view import GRID_M, polygons_of
from tests.scan_lines import count_cameras

INCIDENTS, STREET_EVERY_M, SOME = 2_000_000, 100.0, 24
RUNS = 3


@dataclass(frozen=True)
class Known:
    """A computed city and what is measured on it."""

    city: City
    codes: NDArray[Any]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    cell: NDArray[np.int64]
    lines: NDArray[Any]


def known(share: float) -> Known:
    """Return about `share` of the city with incidents anywhere and streets every 100 m in both directions."""
    made = city(share)
    computed = compute_city(
        CameraFacts(**made.cameras), made.footprints, made.height_m, made.cells, ViewRules(), crs=CRS
    )
    codes = np.array([f"{n:06d}" for n in range(len(made.cells))], dtype=object)
    rng = np.random.default_rng(1)
    x0, y0, x1, y1 = shapely.total_bounds(made.cells)
    x, y = rng.uniform(x0, x1, int(INCIDENTS * share)), rng.uniform(y0, y1, int(INCIDENTS * share))
    return Known(computed, codes, x, y, assign(x, y, made.cells, codes), streets(rng, x1, y1))


def streets(rng: np.random.Generator, right: float, top: float) -> NDArray[Any]:
    """Crooked lines with a corner every 20 m."""
    lines = []
    for east in (True, False):
        far, side = (right - LEFT, top - BOTTOM) if east else (top - BOTTOM, right - LEFT)
        for at in np.arange(STREET_EVERY_M / 2, side, STREET_EVERY_M):
            along = np.arange(0.0, far, 20.0)
            aside = at + rng.normal(0, 2, len(along))
            xy = np.column_stack([along, aside] if east else [aside, along]) + np.array([LEFT, BOTTOM])
            lines += [shapely.LineString(xy[k : k + 11]) for k in range(0, len(xy) - 1, 10)]
    return np.array(lines, dtype=object)


def faces(areas: NDArray[Any], views: NDArray[Any], camera: NDArray[np.int64]) -> NDArray[np.float64]:
    """Area seen by at least 1, 2, 3 cameras, exact: the faces of all outlines, each asked who sees it."""
    tree = shapely.STRtree(views)
    found = np.zeros((len(areas), 3))
    for i, area in enumerate(areas):
        near = tree.query(area, predicate="intersects")
        merged = [shapely.union_all(views[near[camera[near] == name]]) for name in np.unique(camera[near])]
        inside = [polygons_of(shape) for shape in shapely.intersection(merged, area, grid_size=GRID_M)]
        lines = shapely.node(shapely.union_all([shapely.boundary(area), *shapely.boundary(inside)], grid_size=GRID_M))
        pieces = shapely.get_parts(shapely.polygonize([lines]))
        points = shapely.point_on_surface(pieces)
        which, _ = shapely.STRtree(points).query(inside, predicate="contains")[::-1]
        count = np.bincount(which, minlength=len(pieces))
        for k in range(3):
            found[i, k] = shapely.area(pieces[count > k]).sum()
    return found


def pixels(areas: NDArray[Any], views: NDArray[Any], camera: NDArray[np.int64]) -> NDArray[np.float64]:
    """The same on pixels of 1 m, drawn by Pillow, one picture a camera and grid."""
    tree = shapely.STRtree(views)
    found = np.zeros((len(areas), 3))
    for i, area in enumerate(areas):
        x0, y0, x1, y1 = np.floor(area.bounds)
        size = (int(x1 - x0) + 1, int(y1 - y0) + 1)

        def drawn(shapes: Any, at: tuple[float, float] = (x0, y0), size: tuple[int, int] = size) -> NDArray[np.bool_]:
            picture = Image.new("1", size)
            brush = ImageDraw.Draw(picture)
            for part in shapely.get_parts(shapes):
                brush.polygon((shapely.get_coordinates(part.exterior) - at).ravel().tolist(), fill=1)
                for hole in part.interiors:
                    brush.polygon((shapely.get_coordinates(hole) - at).ravel().tolist(), fill=0)
            return np.asarray(picture)

        near = tree.query(area, predicate="intersects")
        count = np.zeros(size[::-1], np.int16)
        for name in np.unique(camera[near]):
            count += drawn(views[near[camera[near] == name]])
        inside = drawn(area)
        found[i] = [(inside & (count > k)).sum() for k in range(3)]
    return found


def multiplicity_rows(of: Known) -> list[Row]:
    """Coverage with multiplicity of some grids, against ways that give the multiplicity alone; and the worst losses."""
    views, cells, coverage = of.city.views, of.city.cells, of.city.coverage
    some = np.linspace(0, len(cells) - 1, SOME).astype(np.int64)
    areas = cells.free[some]
    touching = np.unique(shapely.STRtree(views.polygons).query(areas, predicate="intersects")[1])
    polygons, camera, certain = (column[touching] for column in (views.polygons, views.of.camera, views.of.certain))
    peers: dict[str, Callable[[], NDArray[np.float64]]] = {
        "shapely: faces": lambda: faces(areas, polygons, camera),
        "Pillow: pixels of 1 m": lambda: pixels(areas, polygons, camera),
        "lines 1 m apart": lambda: count_cameras(areas, polygons, camera, certain, threads=1).seen_m2,
    }
    table = []
    for name, peer in peers.items():
        mine, theirs = side_by_side(lambda: cover(cells, views, rows=some, threads=1), peer, 1)
        error = np.abs(peer() - coverage.seen_by_m2[some]).mean()
        work = f"coverage of {SOME} grids with multiplicity, one thread"
        table.append(Row(work, mine, f"{name} (multiplicity only; differs by {error:.1f} m2 a grid)", theirs))
    losses = median_s(lambda: fragility(coverage), runs=RUNS)
    return [*table, Row(f"worst loss of each of {len(cells):,} grids, ten worst cameras", losses)]


def street_rows(of: Known) -> list[Row]:
    """Cut by grid, measured by state; the latter against overlays of the same pieces."""
    cells, coverage = of.city.cells, of.city.coverage
    pieces = streets_by_cell(of.lines, cells.polygons, of.codes)
    shares = street_shares(pieces, coverage)
    cut = median_s(lambda: streets_by_cell(of.lines, cells.polygons, of.codes), runs=RUNS)
    length = shares.streets_m.sum() / 1000
    table = [Row(f"streets cut by grid: {length:,.0f} km, {len(pieces.segments):,} pieces", cut)]
    table.append(Row("street length by state", median_s(lambda: street_shares(pieces, coverage), runs=RUNS)))
    some = np.linspace(0, len(cells) - 1, SOME).astype(np.int64)
    lines = [
        shapely.multilinestrings(pieces.segments[pieces.start[i] : pieces.start[i + 1]].reshape(-1, 2, 2)) for i in some
    ]

    def peer() -> list[NDArray[np.float64]]:
        layers = (coverage.certain, coverage.possible, coverage.blind)
        return [shapely.length(shapely.intersection(lines, layer[some], grid_size=GRID_M)) for layer in layers]

    if not np.allclose(peer()[0], shares.certain_m[some], atol=0.01):
        raise AssertionError("street lengths differ from the overlay")
    mine, theirs = side_by_side(lambda: street_shares(pieces, coverage, rows=some, threads=1), peer, RUNS)
    return [*table, Row(f"the same in {SOME} grids, one thread", mine, "shapely.intersection", theirs)]


def incident_rows(of: Known) -> list[Row]:
    """States of all incidents; of some against geopandas.sjoin."""
    coverage = of.city.coverage
    whole = median_s(lambda: incident_states(of.x, of.y, of.cell, coverage), runs=RUNS)
    few = slice(None, None, 10)
    x, y, cell = of.x[few], of.y[few], of.cell[few]
    points = geopandas.GeoDataFrame(geometry=geopandas.points_from_xy(x, y), crs=CRS)
    layers = np.concatenate([coverage.certain, coverage.possible, coverage.blind])
    areas = geopandas.GeoDataFrame({"state": np.repeat(np.arange(3), len(coverage.blind))}, geometry=layers, crs=CRS)

    def peer() -> NDArray[np.int8]:
        joined = geopandas.sjoin(points, areas, predicate="intersects").groupby(level=0)["state"].min()
        states = np.full(len(points), BUILT, np.int8)
        states[joined.index] = joined
        return states

    def ours() -> NDArray[np.int8]:
        return incident_states(x, y, cell, coverage, threads=1)

    if (peer()[cell >= 0] != ours()[cell >= 0]).any():
        raise AssertionError("states differ from geopandas.sjoin")
    mine, theirs = side_by_side(ours, peer, 1)
    return [
        Row(f"state of {len(of.x):,} incidents", whole, goal="a few seconds"),
        Row(f"of {len(x):,} of them, one thread", mine, "geopandas.sjoin", theirs),
    ]


def blind_rows(of: Known) -> list[Row]:
    """All blind spots, the 500 worst, and why."""
    now, facts = of.city, of.city.facts
    unseen = incident_states(of.x, of.y, of.cell, now.coverage) == BLIND
    incidents, cameras = (of.x[unseen], of.y[unseen], of.cell[unseen]), (facts.x, facts.y)

    def ranked(limit: int | None) -> Any:
        return blind_spots(now.coverage, of.codes, incidents, cameras, limit=limit)

    spots = ranked(500)
    every = len(ranked(None))
    height = now.rules.target_height_m
    every_s, worst_s = (median_s(lambda limit=limit: ranked(limit), runs=RUNS) for limit in (None, 500))  # type: ignore[misc]
    why_s = median_s(lambda: reasons(spots, now.views.of, now.obstacles, target_height_m=height), runs=RUNS)
    work = f"blind spots: all {every:,}, {int(unseen.sum()):,} unseen incidents"
    return [Row(work, every_s, goal="a few seconds"), Row("the 500 worst", worst_s), Row("why, of 500", why_s)]


def rows(share: float = 1.0) -> list[Row]:
    """Return the table."""
    of = known(share)
    return [*multiplicity_rows(of), *street_rows(of), *incident_rows(of), *blind_rows(of)]


if __name__ == "__main__":
    print(markdown("Measures of a city", rows(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0)))
