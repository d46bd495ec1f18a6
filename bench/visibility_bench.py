"""Visibility polygons against pysovist (exact, plain numpy) and CGAL by pyvispoly, on the cameras of the same city.

Run it alone by `python -m bench.visibility_bench`. Views are timed in processor time of their one thread, ours by 500
cameras at a time. Ours starts from built obstacles, finds the walls and makes areas and polygons. The peers start from
the walls in reach, found for them beforehand. What they must prepare of those anew for each camera is counted:
pysovist's plan, CGAL's arrangement; pysovist is shown without it too. CGAL knows no reach: it gets the disc (64 chords)
without the buildings, made beforehand.
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pysovist
import shapely
from numpy.typing import NDArray

from bench import city
from bench.table import Row, markdown, median_s
from geo.look import look, look_many
from geo.obstacles import Obstacles, build_obstacles
from geo.view import Placement, polygons_of, sector, view_from
from geo.visibility import Beams, settle_cameras, visible
from tests import view_cases as cases

Floats = NDArray[np.float64]

PEERS = 40  # cameras that the peers compute
OURS = 2_000
PART = 500


@dataclass(frozen=True)
class Town:
    """The large synthetic city: obstacles, and cameras put in front of the façades."""

    obstacles: Obstacles
    x: Floats
    y: Floats
    facts: dict[str, Any]


def town() -> Town:
    """Make it."""
    rng = np.random.default_rng(0)
    built = city.buildings(rng)
    placed = city.cameras(rng)
    obstacles = build_obstacles(built.geometry)
    settled = settle_cameras(placed.x, placed.y, placed.columns["azimuth_deg"], obstacles)
    return Town(obstacles, settled.x, settled.y, dict(placed.columns))


def all_round(there: Town, rows: NDArray[np.int64], reach_m: float) -> Beams:
    """Discs of one reach."""
    wide = np.ones(len(rows))
    return Beams(there.x[rows], there.y[rows], 0 * wide, 360 * wide, 0 * wide, reach_m * wide, np.nan * wide)


def each_s(work: Callable[[Any], object], things: list[Any], clock: Callable[[], float] = time.thread_time) -> float:
    """Median of single calls after one uncounted, in processor time of the thread: the load of others counts less."""
    work(things[0])
    times = []
    for thing in things:
        started = clock()
        work(thing)
        times.append(clock() - started)
    return float(np.median(times))


def view_rows(there: Town, reach_m: float, goals: tuple[str, str, str]) -> list[Row]:
    """One reach: ours against both peers and the oracle, per camera; and how far areas are apart."""
    rng = np.random.default_rng(1)
    rows = np.sort(rng.choice(len(there.x), OURS, replace=False))
    parts = [all_round(there, rows[begin : begin + PART], reach_m) for begin in range(0, OURS, PART)]
    ours = each_s(lambda part: visible(part, there.obstacles, threads=1), parts) / PART
    few = all_round(there, rows[:: OURS // PEERS], reach_m)
    view = cases.ViewCase(
        "bench", [], few.x, few.y, few.azimuth_deg, few.angle_deg, few.near_m, few.far_m, height_m=few.height_m
    )
    view.__dict__["obstacles"] = there.obstacles  # built already
    walls = [cases.segments_near(view, i) for i in range(PEERS)]
    mean = np.mean([len(segments) for segments in walls])
    name = f"view of {reach_m:.0f} m, {mean:.0f} edges in reach on average, one thread"
    plans = [pysovist.Plan(segments) for segments in walls]

    def planned(segments: Floats) -> object:
        return pysovist.isovist(pysovist.Plan(segments), (0.0, 0.0), max_distance=reach_m).area

    def isovist(plan: Any) -> object:
        return pysovist.isovist(plan, (0.0, 0.0), max_distance=reach_m).area

    table = [
        Row(name, ours, "pysovist: Plan and isovist", each_s(planned, walls), goals[0]),
        Row(name, ours, "pysovist: isovist alone", each_s(isovist, plans)),
    ]
    cgal = cgal_s(few, there.obstacles, reach_m)
    if cgal is not None:
        table.append(Row(name, ours, "CGAL by pyvispoly", cgal, goals[1]))
    solids = [shapely.union_all(near(there, few, i, reach_m)) for i in range(0, PEERS, 8)]
    places = list(zip(range(0, PEERS, 8), solids, strict=True))

    def oracle(which: tuple[int, Any]) -> object:
        i, solid = which
        return view_from(Placement(few.x[i], few.y[i], 0.0, "free"), solid, reach_m, None, None)

    table.append(Row(name, ours, "shapely oracle", each_s(oracle, places)))
    areas = visible(few, there.obstacles).area_m2
    exact = np.array([pysovist.isovist(plan, (0.0, 0.0), max_distance=reach_m).area for plan in plans])
    worst = float(np.max(np.abs(areas / exact - 1)))
    if worst > 1e-6:
        raise AssertionError(f"areas differ from pysovist's by {worst:.1e}")
    table.append(Row(f"{name}: {goals[2]} {worst:.1e} at worst of {PEERS} cameras", ours, goal="<= 1e-6, aim 1e-8"))
    return table


def near(there: Town, beams: Beams, i: int, reach_m: float) -> NDArray[Any]:
    """Solids in reach of a camera."""
    rows = there.obstacles.tree().query(shapely.Point(beams.x[i], beams.y[i]), predicate="dwithin", distance=reach_m)
    return np.asarray(there.obstacles.solids[rows], dtype=object)


def cgal_s(beams: Beams, obstacles: Obstacles, reach_m: float) -> float | None:
    """Seconds of CGAL for one camera; None where its package is not there. The areas are compared."""
    if importlib.util.find_spec("pyvispoly") is None:
        return None
    import pyvispoly

    corner, room = pyvispoly.Point, pyvispoly.PolygonWithHoles
    rooms = []
    for i in range(len(beams.x)):
        rows = obstacles.tree().query(shapely.Point(beams.x[i], beams.y[i]), predicate="dwithin", distance=reach_m)
        solids = [shapely.transform(s, lambda xy, i=i: xy - [beams.x[i], beams.y[i]]) for s in obstacles.solids[rows]]
        open_ = shapely.difference(sector(0, 0, reach_m, None, None), shapely.union_all(solids), grid_size=1e-6)
        piece = next(p for p in shapely.get_parts(polygons_of(open_)) if shapely.intersects_xy(p, 0, 0))
        piece = shapely.orient_polygons(piece)
        outer = [corner(x, y) for x, y in shapely.get_coordinates(piece.exterior)[:-1]]
        holes = [[corner(x, y) for x, y in shapely.get_coordinates(ring)[:-1]] for ring in piece.interiors]
        rooms.append(room(outer, holes))

    def see(made: Any) -> Any:
        return pyvispoly.VisibilityPolygonCalculator(made).compute_visibility_polygon(corner(0, 0))

    drawn = shapely.area(visible(beams, obstacles).polygons)
    for made, area in list(zip(rooms, drawn, strict=True))[:10]:
        if abs(float(see(made).area()) / area - 1) > 1e-5:
            raise AssertionError("the views of CGAL are others")
    return each_s(see, rooms)


def city_rows(there: Town) -> list[Row]:
    """The whole city, and single questions."""
    o, facts, count = there.obstacles, there.facts, len(there.x)
    aimed = np.isfinite(facts["azimuth_deg"])
    beams = Beams(
        there.x, there.y, np.nan_to_num(facts["azimuth_deg"]), np.where(aimed, facts["hfov_deg"], 360.0),
        np.zeros(count), np.nan_to_num(facts["range_m"], nan=50.0), np.full(count, np.nan),
    )  # fmt: skip
    built = city.buildings(np.random.default_rng(0))
    placed = city.cameras(np.random.default_rng(1))
    points = list(np.column_stack([there.x[:200] + 5, there.y[:200] + 5]))
    return [
        Row(f"obstacles of {len(built.geometry):,} buildings", median_s(lambda: build_obstacles(built.geometry))),
        Row(
            f"{count:,} cameras put in front of façades",
            median_s(lambda: settle_cameras(placed.x, placed.y, placed.columns["azimuth_deg"], o), runs=3),
        ),
        Row(f"{count:,} views, all processors", median_s(lambda: visible(beams, o), runs=3), goal="1-2 s"),
        Row(
            f"who sees one point, {count:,} cameras",
            each_s(lambda p: look(p[0], p[1], beams, o), points, time.perf_counter),
            goal="<= 5 ms, aim 1 ms",
        ),
        Row(f"who sees each of {count:,} points", median_s(lambda: look_many(there.x, there.y, beams, o), runs=3)),
    ]  # fmt: skip


def rows() -> list[Row]:
    """Return the table."""
    there = town()
    error = "area against pysovist's:"
    few = view_rows(there, 82.0, ("100 times, aim 8 us", "20 times", error))
    many = view_rows(there, 285.0, ("300 times, aim 37 us", "100 times", error))
    return [*few, *many, *city_rows(there)]


if __name__ == "__main__":
    print(markdown("Visibility", rows()))
