"""Views, exact coverage and blind spots of a whole city from arrays; alone: `python -m bench.coverage_bench`.

Every figure comes from a fresh process (`python -m bench.coverage_bench SHARE [peer]` prints one as JSON) that has
compiled the loops on a small city first; peak memory is that of the whole process, the arrays among it.
"""

from __future__ import annotations

import dataclasses
import json
import resource
import statistics
import subprocess
import sys
import time
from typing import Any

import numpy as np
import shapely

from bench.coverage_city import CRS, CityArrays, city
from bench.table import Row, markdown
from geo.cameras import CameraFacts, ViewRules
from geo.city import City, compute_city, with_cameras

PART = 1 / 8
RUNS = 3
MOVES = 200


def computed(arrays: CityArrays) -> City:
    """Compute everything from arrays."""
    return compute_city(
        CameraFacts(**arrays.cameras), arrays.footprints, arrays.height_m, arrays.cells, ViewRules(), crs=CRS
    )


def moves(made: City, count: int = MOVES) -> list[float]:
    """Seconds of each of some answers to "one camera is dragged", each from the same city."""
    rng = np.random.default_rng(1)
    times = []
    for _ in range(count):
        x, y, row = made.facts.x.copy(), made.facts.y.copy(), int(rng.integers(len(made.facts)))
        x[row], y[row] = x[row] + rng.normal(0, 15), y[row] + rng.normal(0, 15)
        facts = dataclasses.replace(made.facts, x=x, y=y)
        started = time.perf_counter()
        with_cameras(made, facts, [row])
        times.append(time.perf_counter() - started)
    return times


def peer(made: City) -> tuple[float, float]:
    """Seconds and certain m2 of the usual way: unite all views and all buildings, then cut by the grids."""
    sure = made.views.of.certain
    started = time.perf_counter()
    certain = shapely.union_all(made.views.polygons[sure])
    possible = shapely.difference(shapely.union_all(made.views.polygons[~sure]), certain)
    built = shapely.union_all(made.obstacles.solids)
    shapely.prepare([certain, possible, built])
    seen = shapely.intersection(made.cells.polygons, certain)
    maybe = shapely.intersection(made.cells.polygons, possible)
    rest = shapely.difference(made.cells.polygons, shapely.intersection(made.cells.polygons, built))
    blind = shapely.difference(shapely.difference(rest, seen), maybe)
    shapely.area(blind)
    return time.perf_counter() - started, float(shapely.area(seen).sum())


def measure(share: float, with_peer: bool) -> dict[str, Any]:
    """Measure a share of the city in this process."""
    computed(city(0.002, seed=3))
    arrays = city(share)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    processor, started = time.process_time(), time.perf_counter()
    made = computed(arrays)
    seconds, processor = time.perf_counter() - started, time.process_time() - processor
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found: dict[str, Any] = {
        "cameras": len(made.facts), "buildings": len(arrays.footprints), "grids": len(made.cells),
        "beams": len(made.views.polygons), "seconds": seconds, "processor": processor,
        "before_gib": before / 2**20, "peak_gib": peak / 2**20, "fallbacks": made.coverage.fallbacks,
    }  # fmt: skip
    if with_peer:
        from geo.coverage import cover

        found["peer"], area = peer(made)
        started = time.perf_counter()
        again = cover(made.cells, made.views)
        found["cover"] = time.perf_counter() - started
        if abs(area - float(again.certain_m2.sum())) > 1e-4 * area:
            raise AssertionError("the peer differs")
    else:
        moves(made, 10)
        found["moves"] = moves(made)
    return found


def fresh(share: float, *words: str) -> dict[str, Any]:
    """Measure in a new process."""
    command = [sys.executable, "-m", "bench.coverage_bench", str(share), *words]
    result: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return result


def rows() -> list[Row]:
    """Return the table."""
    whole, part = [], []
    for _ in range(RUNS):  # by turns, so that load meets both alike
        whole.append(fresh(1.0))
        part.append(fresh(PART))
    against = [fresh(PART, "peer") for _ in range(RUNS)]
    seconds, few = (statistics.median(run["seconds"] for run in runs) for runs in (whole, part))
    one, peak = whole[0], max(run["peak_gib"] for run in whole)
    growth = (seconds / one["cameras"]) / (few / part[0]["cameras"])
    dragged = np.concatenate([run["moves"] for run in whole])
    work = f"{one['cameras']:,} cameras, {one['buildings']:,} buildings, {one['grids']:,} grids"
    return [
        Row(
            f"views, coverage, blind spots of {work}; peak {peak:.2f} GiB, growth from 1/8 x {growth:.2f} a camera",
            seconds,
            goal="<= 15 s, 1.5 GiB, x 1.15; aim 9 s, 0.6 GiB",
        ),
        Row(f"the same of 1/8 of it, {part[0]['cameras']:,} cameras", few),
        Row("one camera of the whole city moved (median)", float(np.median(dragged)), goal="aim 4 ms"),
        Row("the same, 95th percentile", float(np.percentile(dragged, 95)), goal="<= 20 ms"),
        Row(
            "coverage from finished views, 1/8 of the city",
            statistics.median(run["cover"] for run in against),
            "shapely: union_all of all, then cut by the grids",
            statistics.median(run["peer"] for run in against),
            "faster",
        ),
    ]


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(measure(float(sys.argv[1]), "peer" in sys.argv)))
    else:
        print(markdown("Coverage", rows()))
