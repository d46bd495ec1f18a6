"""Hot spots of a large city: 33,124 grids, 24 months, against esda and libpysal on the same arrays in the same run.

Run it alone by `python -m bench hotspots`. esda's own chances would need permutations; with none it is given the normal
law, which is less work than ours.
"""

from __future__ import annotations

import warnings
from typing import Any

import geopandas
import libpysal
import numpy as np
import shapely
from esda.getisord import G_Local
from numpy.typing import NDArray
from scipy.stats import false_discovery_control, kendalltau, norm

from bench.table import Row, median_s
from geo.discovery import adjusted
from geo.emerging import categories
from geo.hotspots import gi_star
from geo.neighbours import contiguity
from geo.tessellation import tessellate
from geo.trend import mann_kendall

SIDE, STEPS, SERIES = 182, 24, 2000
RUNS = 3


def city() -> tuple[NDArray[Any], NDArray[np.int64], NDArray[np.float64]]:
    """Return grids of 100 m, their incidents by month (every place with a rate of its own), and areas."""
    rng = np.random.default_rng(0)
    i, j = (part.ravel() for part in np.meshgrid(np.arange(SIDE), np.arange(SIDE)))
    grids = np.asarray(shapely.box(i * 100, j * 100, i * 100 + 100, j * 100 + 100), dtype=object)
    counts = rng.poisson(rng.gamma(0.5, 2.0, (len(i), 1)) * np.ones((1, STEPS)))
    return grids, counts, rng.uniform(8_000, 12_000, len(i))


def rows() -> list[Row]:
    """Return the table."""
    grids, counts, area = city()
    near = contiguity(grids)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frame = geopandas.GeoDataFrame(geometry=grids)
        queen = libpysal.weights.Queen.from_dataframe(frame, use_index=False)

    def ours() -> None:
        found = gi_star(counts, near, area)
        for t in range(STEPS):
            adjusted(found.p[:, t])

    def theirs() -> None:
        for t in range(STEPS):
            found = G_Local(counts[:, t].astype(float), queen, star=True, transform="B", permutations=0)
            false_discovery_control(2 * norm.sf(np.abs(found.Zs)))

    def whole() -> None:
        found = gi_star(counts, contiguity(grids), area)
        sure = np.stack([adjusted(found.p[:, t]) for t in range(STEPS)], axis=1) <= 0.05
        categories(sure & (found.z > 0), sure & (found.z < 0), mann_kendall(np.nan_to_num(found.z)))

    series = np.random.default_rng(1).normal(size=(SERIES, STEPS))
    town = shapely.Point(0, 0).buffer(9000, quad_segs=5000)
    n = f"{len(grids):,}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [
            Row(f"Gi* + FDR, {n} grids x {STEPS} months", median_s(ours, runs=RUNS), "esda G_Local, scipy FDR",
                median_s(theirs, runs=1, warm=0), "<= 5 s, aim 1 s"),
            Row(f"contiguity of {n} grids", median_s(lambda: contiguity(grids), runs=RUNS), "libpysal Queen",
                median_s(lambda: libpysal.weights.Queen.from_dataframe(frame, use_index=False), runs=1, warm=0)),
            Row(f"trend of {SERIES:,} series of {STEPS} steps", median_s(lambda: mann_kendall(series), runs=RUNS),
                "scipy kendalltau",
                median_s(lambda: [kendalltau(range(STEPS), one) for one in series], runs=1, warm=0)),
            Row(f"all of it with contiguity, trend and patterns, {n} x {STEPS}", median_s(whole, runs=RUNS)),
            Row("hexagons of 100 m over a city of 254 km2", median_s(lambda: tessellate(town, "hex", 100), runs=RUNS)),
        ]  # fmt: skip
