"""The audit of a division of 33,216 grids in five levels with 100,000 buildings, against an overlay and a union."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from bench import city
from bench.table import Row, markdown
from geo.audit import Audit, audit
from geo.audit_again import audit_again
from geo.audit_division import Division, division
from geo.audit_findings import Part
from geo.audit_search import search
from geo.audit_things import Things
from store.batch import Batch

BUILDINGS = 100_000
FAULTS = 300
FINEST = "cell"

Objects = NDArray[Any]


@lru_cache(maxsize=1)
def _city() -> Batch:
    return city.grids(np.random.default_rng(0))


def columns(shapes: Objects | None = None, part: int = 1) -> Division:
    """Return the division of the synthetic city, or of the first 1/`part` of its districts as a city of its own."""
    given, drawn = _city().columns, _city().geometry if shapes is None else shapes
    assert drawn is not None
    rows = np.arange(len(drawn))
    parent = given["parent"].copy()
    if part > 1:
        districts = np.flatnonzero(given["level"] == "district")[: round(15 / part)]
        parent[districts] = None
        parts, above = [districts], set(given["code"][districts])
        for level in ("street", "community", "cell"):  # codes are of their level: another's may be the same
            inside = np.flatnonzero((given["level"] == level) & np.isin(parent.astype(str), list(above)))
            above = set(given["code"][inside])
            parts.append(inside)
        rows = np.concatenate(parts)
    return division(given["code"][rows], given["level"][rows], parent[rows], drawn[rows],
                    given["team"][rows], given["population"][rows])  # fmt: skip


def faulty(grids: Division, count: int = FAULTS) -> Objects:
    """Return the shapes of which some unit grids are moved by up to 3 m: overlaps and gaps all around them."""
    rng = np.random.default_rng(1)
    shapes = grids.drawn.copy()
    for row in rng.choice(np.flatnonzero(grids.level == FINEST), count, replace=False).tolist():
        by = rng.uniform(-3, 3, 2)
        shapes[row] = shapely.transform(shapes[row], lambda xy, by=by: xy + by)
    return shapes


def slow_search(drawn: Objects) -> tuple[dict[tuple[int, int], float], list[float]]:
    """Return the same by geopandas: the area of each overlapping pair, and of each hole of the union."""
    frame = gpd.GeoDataFrame({"i": np.arange(len(drawn))}, geometry=drawn, crs=city.CRS)
    both = gpd.overlay(frame, frame, how="intersection", keep_geom_type=True)
    pairs = {(a, b): shape.area for a, b, shape in zip(both.i_1, both.i_2, both.geometry, strict=True) if a < b}
    union = shapely.union_all(drawn)
    holes = [shapely.Polygon(ring).area for part in shapely.get_parts(union) for ring in part.interiors]
    return pairs, sorted(holes, reverse=True)


def timed(work: Callable[[], Any], times: int = 1) -> tuple[float, Any]:
    """Return the shortest of some runs in seconds, and what it returned."""
    best, found = np.inf, None
    for _ in range(times):
        began = time.perf_counter()
        found = work()
        best = min(best, time.perf_counter() - began)
    return float(best), found


def agree(parts: list[Part], pairs: dict[tuple[int, int], float], holes: list[float]) -> None:
    """Raise where the findings differ by more than 1e-6 m2 or in number."""
    mine = {rows: area for one in parts if one.kind not in ("gap", "sliver")
            for rows, area in zip(one.rows, one.measure.tolist(), strict=True)}  # fmt: skip
    assert {pair for pair, area in pairs.items() if area > 1e-6} == {pair for pair, area in mine.items() if area > 1e-6}
    assert max(abs(mine[pair] - area) for pair, area in pairs.items() if pair in mine) < 1e-6
    gaps = sorted((a for one in parts if one.kind in ("gap", "sliver") for a in one.measure.tolist()), reverse=True)
    assert len([hole for hole in holes if hole > 1e-6]) <= len(gaps)
    assert abs(sum(gaps) - sum(holes)) < 1e-3


def edits(found: Audit, count: int = 10) -> list[float]:
    """Return how long audits after one edit each take, in seconds."""
    grids, taken = found.grids, []
    rng = np.random.default_rng(2)
    for row in rng.choice(np.flatnonzero(grids.level == FINEST), count, replace=False).tolist():
        drawn = found.grids.drawn.copy()
        drawn[row] = shapely.transform(drawn[row], lambda xy: xy + np.array([1.0, -2.0]))
        seconds, found = timed(
            lambda before=found, shapes=drawn: audit_again(before, shapes, before.grids.team, before.grids.population)
        )
        taken.append(seconds)
    return taken


def rows() -> list[Row]:
    """Measure."""
    clean = columns()
    houses = city.buildings(np.random.default_rng(0))
    assert houses.geometry is not None
    things = Things(houses.geometry[:BUILDINGS], houses.columns["id"][:BUILDINGS])
    audit(columns(part=8), things)  # compiled loops are loaded
    whole_s, found = timed(lambda: audit(columns(faulty(clean)), things))
    clean_s, silent = timed(lambda: audit(columns(), Things()), 3)  # as often as the eighth, or growth is noise
    kinds = set(silent.findings.kind.tolist())
    assert kinds <= {"team_split"}, kinds
    drawn = faulty(clean)[clean.level == FINEST]
    fast_s, parts = timed(lambda: search(drawn), 3)
    slow_s, (pairs, holes) = timed(lambda: slow_search(drawn))
    agree(parts, pairs, holes)
    again = sorted(edits(found))
    eighth_s, small = timed(lambda: audit(columns(part=8), Things()), 3)
    growth = (clean_s / len(silent.grids)) / (eighth_s / len(small.grids))
    size = f"{len(clean):,} grids in five levels"
    return [
        Row(f"full audit, {size}, {BUILDINGS:,} buildings, {len(found.findings):,} findings", whole_s,
            goal="20 s, aim 5 s"),
        Row(f"full audit, {size}, without fault", clean_s),
        Row(f"overlap and gap search, 30,000 grids, {len(pairs):,} overlaps, {len(holes):,} gaps", fast_s,
            "geopandas.overlay + union_all, same findings", slow_s, goal="10x, aim 50x"),
        Row("audit after one edit, median of 10", again[len(again) // 2], goal="200 ms, aim 50 ms"),
        Row("audit after one edit, slowest of 10", again[-1], goal="200 ms"),
        Row(f"full audit of 1/8 of it: {growth:.2f} times as long by grid at the whole", eighth_s,
            goal="linear within 1.2"),
    ]  # fmt: skip


if __name__ == "__main__":
    print(markdown("Audit", rows()))
