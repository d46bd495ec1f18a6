"""When incidents happen, and the profile of one grid, on a city of 33,000 grids and a million incidents.

Run it alone by `python -m bench.time_bench`. The snapshot is made in memory: reading the store is not counted. "Warm"
means that the incidents are assigned and checked once, as they are after the first reader's click; each profile is of
another grid. The peer of the rhythm groups a finished index of local times by pandas.
"""

from __future__ import annotations

import itertools
import sys
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.city import CRS, cameras, grids
from bench.table import Row, markdown, median_s
from geo.columns import Codes, LayerColumns, Snapshot
from layers.base import Params
from store.schema import LAYERS, Kind
from web.cache import Cache
from web.profile import profile_answer
from web.rhythm import rhythm_answer
from web.runs import Shown

INCIDENTS, ZONE, LEVEL = 1_000_000, "Asia/Shanghai", "cell"
WINDOW = (np.datetime64("2024-03-01", "ms"), np.datetime64("2024-09-01", "ms"))


def _layer(name: str, given: dict[str, NDArray[Any]], n: int, **shape: Any) -> LayerColumns:
    """Return a layer of canonical columns; what is not given is missing."""
    columns: dict[str, Any] = {}
    for column in LAYERS[name].columns:
        values = given.get(column.name)
        match column.kind:
            case Kind.CODE:
                texts = np.full(n, "", dtype=object) if values is None else values
                known, codes = np.unique(np.array([text or "" for text in texts]), return_inverse=True)
                shift = int(len(known) > 0 and known[0] == "")
                columns[column.name] = Codes(tuple(known[shift:].tolist()), (codes - shift).astype(np.int32))
            case Kind.TEXT:
                columns[column.name] = np.full(n, None, dtype=object) if values is None else values
            case Kind.TIME:
                columns[column.name] = np.full(n, "NaT", "datetime64[ms]") if values is None else values
            case Kind.BOOL:
                columns[column.name] = np.full(n, -1, np.int8) if values is None else values
            case _:
                columns[column.name] = np.full(n, np.nan) if values is None else values
    return LayerColumns(name, 1, np.arange(n), columns, **shape)


def snapshot(count: int = INCIDENTS) -> Snapshot:
    """Return the city: grids of all levels, cameras, and incidents of six years spread over it."""
    rng = np.random.default_rng(0)
    cells, posts = grids(rng), cameras(rng)
    assert cells.geometry is not None and posts.x is not None and posts.y is not None
    x0, y0, x1, y1 = (float(value) for value in (posts.x.min(), posts.y.min(), posts.x.max(), posts.y.max()))
    times = np.datetime64("2019-01-01", "ms") + np.sort(rng.integers(0, 6 * 365 * 86_400_000, count)).astype("m8[ms]")
    kinds = np.array([f"kind {n}" for n in range(12)], dtype=object)[rng.integers(0, 12, count)]
    incidents = {"occurred_at": times, "category": kinds}
    found = {
        "grids": _layer("grids", cells.columns, len(cells.geometry), geometry=cells.geometry),
        "cameras": _layer("cameras", posts.columns, len(posts.x), x=posts.x, y=posts.y),
        "incidents": _layer("incidents", incidents, count, x=rng.uniform(x0, x1, count), y=rng.uniform(y0, y1, count)),
    }
    empty = {name: _layer(name, {}, 0, geometry=np.zeros(0, dtype=object)) for name in LAYERS if name not in found}
    return Snapshot(1, CRS, ZONE, {**found, **empty})


def rows(count: int = INCIDENTS) -> list[Row]:
    """Return the rows of the rhythm and of the profile."""
    city, cache = snapshot(count), Cache(1 << 28)
    params = Params(level=LEVEL, start=WINDOW[0], end=WINDOW[1])
    coverage = Shown(None, False, "none", 1)
    of_level = city["grids"].text("level") == LEVEL
    codes = itertools.cycle(np.random.default_rng(1).permutation(city["grids"].text("code")[of_level])[:200].tolist())

    def profile() -> None:
        profile_answer(cache, city, params, next(codes), coverage)

    profile()
    what = f"{count / 1e6:g}M incidents, {int(of_level.sum()):,} grids"
    table = [Row(f"profile of a grid, warm, {what}", median_s(profile, runs=15), goal="<= 50 ms")]

    times = city["incidents"].columns["occurred_at"]
    local = pd.DatetimeIndex(times).tz_localize("UTC").tz_convert(ZONE)

    def pandas() -> None:
        chosen = local[(times >= WINDOW[0]) & (times < WINDOW[1])]
        ones = pd.Series(1, index=chosen)
        ones.groupby([chosen.day_of_week, chosen.hour]).size()
        ones.groupby([chosen.year, chosen.month]).size()

    ours = median_s(lambda: rhythm_answer(city, params, None))
    table.append(Row(f"hour by weekday and months of a window, {what}", ours, "pandas", median_s(pandas)))
    whole = Params(level=LEVEL)
    table.append(Row(f"the same of the whole record, {what}", median_s(lambda: rhythm_answer(city, whole, None))))
    return table


if __name__ == "__main__":
    print(markdown("Time and profile", rows(int(sys.argv[1]) if len(sys.argv) > 1 else INCIDENTS)))
