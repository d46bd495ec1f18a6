"""Comparison, score and displacement at city size, against plain peers on the same arrays in the same run.

Run it alone by `python -m bench.compare_bench`. The peer of the exact test is a loop of `scipy.stats.binomtest` over
some of the pairs, its time scaled to all of them.
"""

from __future__ import annotations

import numpy as np
import shapely
from scipy import stats

from bench.table import Row, markdown, median_s
from geo.columns import Codes, LayerColumns, Snapshot
from geo.compare import change
from geo.discovery import adjusted
from geo.poisson import exact_test
from layers.base import Params
from layers.compared import compared
from layers.joins import assigned
from layers.measure import Measure, outcome
from layers.scored import judge
from store.schema import LAYERS, Kind
from web.comparing import compare_answer

GRIDS, CATEGORIES, INCIDENTS, SOME = 33_000, 25, 1_000_000, 400
SIDE_M, ACROSS = 100.0, 182  # 182 x 182 grids
CRS = "EPSG:32615"


def empty(name: str) -> LayerColumns:
    """Return a layer without rows."""
    columns = {
        column.name: Codes((), np.zeros(0, np.int32)) if column.kind is Kind.CODE else np.zeros(0, object)
        for column in LAYERS[name].columns
    }
    return LayerColumns(name, 1, np.zeros(0, np.int64), columns)


def city() -> Snapshot:
    """Return 33,124 square grids and a million incidents of two years that crowd around some places."""
    rng = np.random.default_rng(1)
    column, row = (part.ravel() for part in np.meshgrid(np.arange(ACROSS), np.arange(ACROSS)))
    boxes = shapely.box(column * SIDE_M, row * SIDE_M, (column + 1) * SIDE_M, (row + 1) * SIDE_M)
    n, m = len(boxes), INCIDENTS
    no_text = np.full(n, None, dtype=object)
    grids = LayerColumns(
        "grids",
        1,
        np.arange(n),
        {
            "code": np.array([f"{i:06d}" for i in range(n)], dtype=object),
            "name": no_text,
            "level": Codes(("grid",), np.zeros(n, np.int32)),
            "parent": no_text,
            "team": no_text,
            "population": np.full(n, np.nan),
        },
        geometry=boxes,
    )
    middle = rng.uniform(0, ACROSS * SIDE_M, (600, 2))
    at = middle[rng.integers(0, 600, m)] + rng.normal(0, 400, (m, 2))
    when = np.datetime64("2023-01-01", "ms") + rng.integers(0, 730 * 86_400_000, m).astype("m8[ms]")
    incidents = LayerColumns(
        "incidents",
        1,
        np.arange(m),
        {
            "id": np.full(m, None, dtype=object),
            "category": Codes(
                tuple(f"c{i:02d}" for i in range(CATEGORIES)), rng.integers(0, CATEGORIES, m).astype(np.int32)
            ),
            "occurred_at": when,
            "grid_code": np.full(m, None, dtype=object),
            "status": np.full(m, None, dtype=object),
        },
        x=np.clip(at[:, 0], 0, ACROSS * SIDE_M),
        y=np.clip(at[:, 1], 0, ACROSS * SIDE_M),
    )
    layers = {name: empty(name) for name in LAYERS}
    return Snapshot(1, CRS, "UTC", {**layers, "grids": grids, "incidents": incidents})


def rows() -> list[Row]:
    """Return the lines of the table."""
    rng = np.random.default_rng(0)
    rate = rng.gamma(0.5, 4.0, (GRIDS, CATEGORIES))
    now, before = rng.poisson(rate), rng.poisson(rate)
    flat = [(int(a), int(b)) for a, b in zip(now.ravel()[:SOME], before.ravel()[:SOME], strict=True) if a + b]
    share = 31 / 59

    def loop() -> list[float]:
        return [float(stats.binomtest(a, a + b, share).pvalue) for a, b in flat]

    scale = now.size / SOME
    p = exact_test(now, before, share)
    cells = f"{GRIDS:,} grids x {CATEGORIES} categories"
    found = [
        Row(f"exact test of {cells}", median_s(lambda: exact_test(now, before, share)),
            "scipy binomtest, a loop (scaled)", median_s(loop, runs=3) * scale, "well under 1 s"),
        Row(f"false discovery of {cells}", median_s(lambda: adjusted(p)), "scipy false_discovery_control",
            median_s(lambda: stats.false_discovery_control(p[~np.isnan(p)]))),
        Row(f"change of {cells}", median_s(lambda: change(now, before, 31.0, 28.0))),
    ]  # fmt: skip
    town = city()
    assigned(town, "grid")  # kept by the service since the first page
    day = iter(range(10_000))

    def params() -> Params:
        # Another window each time: nothing of it is kept.
        start = np.datetime64("2024-01-01", "ms") + np.timedelta64(next(day), "h")
        return Params(level="grid", start=start, end=start + np.timedelta64(180, "D"))

    size = f"{INCIDENTS:,} incidents, {ACROSS**2:,} grids"
    measure = Measure(("000500",), None, (), *(compared(town, params(), "grid").windows.now.window,) * 2, 200.0)  # type: ignore[union-attr]
    found += [
        Row(f"comparison by grid, {size}", median_s(lambda: compared(town, params(), "grid").grids())),
        Row(f"/api/compare by grid, {size}", median_s(lambda: compare_answer(town, params(), "grids", None, 0)),
            goal="well under 1 s"),
        Row(f"/api/compare by grid and category, {size}",
            median_s(lambda: compare_answer(town, params(), "pairs", None, 500)), goal="well under 1 s"),
        Row(f"score of the heat, {size}", median_s(lambda: judge(town, params(), "heat"), runs=3)),
        Row(f"score of the density, {size}", median_s(lambda: judge(town, params(), "grids"), runs=3)),
        Row(f"displacement with automatic control, {size}", median_s(lambda: outcome(town, params(), measure))),
    ]  # fmt: skip
    return found


if __name__ == "__main__":
    print(markdown("Comparison", rows()))
