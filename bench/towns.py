"""Coverage of random hostile towns against GEOS on its lattice: `python -m bench.towns [TOWNS] [FIRST]`.

Not a table of `python -m bench`: 10,000 towns take the better part of an hour. Run it after each change of a kernel
of views or overlays and keep the figures in docs/decisions/0014. Towns are those of `tests/geo/overlay_cases.py`; seeds
count from FIRST.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass

import numpy as np
import shapely

from geo.city import compute_city
from geo.errors import AtlasError
from geo.overlay_geos import divided, union
from geo.view import GRID_M, polygons_of
from tests.geo import overlay_cases as cases

OFF_M2, TELL_EVERY = 0.05, 250


@dataclass
class Found:
    """What was met so far; differences are those of one part of one grid."""

    towns: int = 0
    grids: int = 0
    raised: int = 0
    failed: int = 0
    invalid: int = 0
    off: int = 0
    largest_m2: float = 0.0
    plain_off: int = 0
    plain_largest_m2: float = 0.0

    def __str__(self) -> str:
        return (
            f"{self.towns} towns, {self.grids} grids: exceptions {self.raised}, graph failed {self.failed}, invalid"
            f" polygons {self.invalid}, off by > {OFF_M2} m2 {self.off}, largest difference {self.largest_m2:.6f} m2;"
            f" plain GEOS off {self.plain_off}, largest {self.plain_largest_m2:.3f} m2"
        )


def look_at(seed: int, found: Found) -> None:
    """Compute a town and add what differs from GEOS."""
    town = cases.town(seed)
    found.towns += 1
    try:
        city = compute_city(
            town.facts, town.footprints, town.height_m, town.cells, cases.rules(seed), crs=cases.CRS, threads=1
        )
    except (AtlasError, shapely.errors.GEOSException) as error:
        found.raised += 1
        print(f"town {seed}: {error!r}", flush=True)
        return
    coverage, views = city.coverage, city.views
    found.failed += int(coverage.fallbacks) + int(city.cells.fallback.astype(bool).sum())
    made = np.stack([coverage.certain, coverage.possible, coverage.blind], axis=1)
    found.invalid += int((~shapely.is_valid(made)).sum())
    sure, solids = views.of.certain, city.obstacles.solids
    for row, cell in enumerate(city.cells.polygons):
        found.grids += 1
        hit = shapely.intersects(views.polygons, cell)
        free = polygons_of(shapely.difference(cell, union(solids, GRID_M), grid_size=GRID_M))
        seen, maybe = views.polygons[sure & hit], views.polygons[~sure & hit]
        expected = divided(free, free, seen, maybe, GRID_M)
        apart = [
            shapely.symmetric_difference(one, other, grid_size=GRID_M).area
            for one, other in zip(made[row], expected, strict=True)
        ]
        measured = (coverage.certain_m2[row], coverage.possible_m2[row], coverage.blind_m2[row])
        apart += [abs(area - part.area) for area, part in zip(measured, expected, strict=True)]
        worst = float(max(apart))
        found.largest_m2 = max(found.largest_m2, worst)
        if worst > OFF_M2:
            found.off += 1
            print(f"town {seed}, grid {row}: off by {worst} m2", flush=True)
        try:
            plain = divided(free, free, seen, maybe, None)
        except shapely.errors.GEOSException:
            found.plain_off += 1
            continue
        worst = max(abs(area - part.area) for area, part in zip(measured, plain, strict=True))
        found.plain_off += worst > OFF_M2
        found.plain_largest_m2 = max(found.plain_largest_m2, float(worst))


def main(towns: int = 10_000, first: int = 0) -> Found:
    """Look at towns, telling now and then what was found so far."""
    found, began = Found(), time.process_time()
    for seed in range(first, first + towns):
        look_at(seed, found)
        if found.towns % TELL_EVERY == 0 or found.towns == towns:
            print(f"{time.process_time() - began:7.0f} s of processor time: {found}", flush=True)
    return found


if __name__ == "__main__":
    main(*[int(word) for word in sys.argv[1:3]])
