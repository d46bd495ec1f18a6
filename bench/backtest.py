"""Rolling backtest on St. Louis: surfaces made from the months before, judged on every month of 2018 and 2019.

`python -m bench.backtest` prints the table of docs/compare.md. It needs the real file; see `bench.store_bench`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import shapely

from bench.store_bench import CRS, ST_LOUIS, st_louis
from geo.assign import assign
from geo.backtest import Judged, Surface, backtest, last_counts
from geo.heat import heat_field
from geo.heat_boundary import Boundary, city_boundary
from geo.score import SHARES, Cells
from geo.score_surface import cells_of, heat_values

NEIGHBOURHOODS = ST_LOUIS.with_name("neighborhoods_79.geojson")
FIRST, AFTER, PAST = "2018-01", "2020-01", 12
RADII_M = (120.0, 250.0, 500.0)


def heat(radius_m: float, boundary: Boundary | None) -> Surface:
    """Return the heat map as the page draws it."""

    def values(x: Any, y: Any, cells: Cells) -> Any:
        field = heat_field(x, y, radius_m=radius_m, boundary=boundary)
        return heat_values(field.sampled, cells, radius_m)

    return values


def by_grid(shapes: Any, codes: Any) -> Surface:
    """Return the density of grids per km2."""
    area = shapely.area(shapes)

    def values(x: Any, y: Any, cells: Cells) -> Any:
        inside = assign(x, y, shapes, codes)
        count = np.bincount(inside[inside >= 0], minlength=len(shapes))
        return np.append(count / area, np.nan)[assign(*cells.centres(), shapes, codes)]

    return values


def run(category: Callable[[Any], Any] = lambda text: np.ones(len(text), bool)) -> list[Judged]:
    """Return the backtest of the incidents whose description `category` chooses."""
    batch = st_louis()
    grids = geopandas.read_file(NEIGHBOURHOODS).to_crs(CRS)
    shapes, codes = np.asarray(grids.geometry.array, dtype=object), grids["NHD_NUM"].astype(str).to_numpy(object)
    boundary = city_boundary(shapes)
    chosen = category(batch.columns["category"])
    # Months of the town's clock; the file's times carry no zone.
    edges = np.arange(np.datetime64(FIRST, "M") - PAST, np.datetime64(AFTER, "M") + 1).astype("M8[ms]")
    surfaces: dict[str, tuple[int, Surface]] = {
        f"heat, {radius:.0f} m": (PAST, heat(radius, None if boundary is None else Boundary(boundary)))
        for radius in RADII_M
    }
    surfaces["density of the 88 neighbourhoods"] = (PAST, by_grid(shapes, codes))
    surfaces["counts per cell, 12 months"] = (PAST, last_counts)
    surfaces["counts per cell, last month"] = (1, last_counts)
    times = batch.columns["occurred_at"][chosen]
    return backtest(batch.x[chosen], batch.y[chosen], times, edges, cells_of(shapes, codes, 100.0), surfaces)


def table(rows: list[Judged]) -> str:
    """Return mean PAI and PEI of each surface at the shares of the area, and in how many months it beat the last."""
    names = list(dict.fromkeys(row.surface for row in rows))
    naive = {row.period: row.score for row in rows if row.surface == names[-1]}
    place = SHARES.index(0.05)
    head = [f"PAI {share:.0%} | PEI {share:.0%}" for share in SHARES]
    lines = [f"| surface | {' | '.join(head)} | hit rate 5% | months better than the last month's counts |",
             f"|---|{'---|' * (2 * len(SHARES) + 2)}"]  # fmt: skip
    for name in names:
        mine = [row for row in rows if row.surface == name]
        pai, pei = (np.mean([getattr(row.score, part) for row in mine], axis=0) for part in ("pai", "pei"))
        rate = np.mean([row.score.hit_rate[place] for row in mine])
        better = sum(row.score.pai[place] > naive[row.period].pai[place] for row in mine)
        cells = [f"{a:.2f} | {b:.3f}" for a, b in zip(pai, pei, strict=True)]
        lines.append(f"| {name} | {' | '.join(cells)} | {rate:.1%} | {better} of {len(mine)} |")
    return "\n".join(lines)


def main() -> None:
    if not Path(ST_LOUIS).exists():
        raise SystemExit("the real file beside the project is not present")
    rows = run()
    print(f"{len({row.period for row in rows})} months, {sum(row.incidents for row in rows) // 6:,} incidents\n")
    print(table(rows))
    print("\nBurglary\n")
    print(table(run(lambda text: np.array(["BURGLARY" in str(one) for one in text]))))


if __name__ == "__main__":
    main()
