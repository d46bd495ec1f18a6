"""Hot spots of Saint Louis 2008-2019: where the town knows them, and few in counts dealt out at random."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pyarrow.parquet
import pytest
import shapely
from numpy.typing import NDArray
from scipy.stats import norm

from geo.assign import assign
from geo.crs import WGS84, try_transform_xy
from geo.discovery import adjusted
from geo.emerging import categories
from geo.hotspots import gi_star
from geo.neighbours import contiguity
from geo.tessellation import tessellate
from geo.trend import mann_kendall

CRS = "EPSG:32615"
DOWNTOWN = shapely.Point(744_500, 4_279_200)  # 7th and Washington, to a few hundred metres


@dataclass(frozen=True)
class City:
    names: NDArray[Any]
    grids: NDArray[Any]
    area: shapely.Geometry
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    when: NDArray[np.datetime64]


@pytest.fixture(scope="module")
def saint_louis(shared_data: Path) -> City:
    folder = shared_data / "stl"
    grids = geopandas.read_file(folder / "neighborhoods_79.geojson").to_crs(CRS)
    shapes = shapely.make_valid(np.asarray(grids.geometry.array, dtype=object))
    table = pyarrow.parquet.read_table(folder / "stl_incidents_2008_2019.parquet", columns=["t", "lon", "lat"])
    lon, lat = (table[name].to_numpy() for name in ("lon", "lat"))
    when = table["t"].to_numpy().astype("datetime64[ms]")
    x, y, _ = try_transform_xy(lon, lat, WGS84, CRS)
    known = np.isfinite(x) & np.isfinite(y) & ~np.isnat(when)
    return City(grids["NHD_NAME"].to_numpy(), shapes, shapely.union_all(shapes), x[known], y[known], when[known])


def cube(city: City, index: NDArray[np.int64], n: int, first: str, steps: int, days: int) -> NDArray[np.int64]:
    at = (city.when - np.datetime64(first, "ms")) // np.timedelta64(days, "D")
    inside = (index >= 0) & (at >= 0) & (at < steps)
    return np.bincount(index[inside] * steps + at[inside], minlength=n * steps).reshape(n, steps)


def test_the_middle_of_the_town_is_a_persistent_hot_spot(saint_louis: City) -> None:
    cells = tessellate(saint_louis.area, "square", 1000)
    index = cells.locate(saint_louis.x, saint_louis.y)
    counts = cube(saint_louis, index, len(cells), "2018-01-01", 24, 28)
    assert 60_000 < counts.sum() < 100_000
    near = cells.neighbours()
    each = gi_star(counts, near, cells.area_m2)
    sure = np.stack([adjusted(each.p[:, t]) for t in range(24)], axis=1) <= 0.05
    words = categories(sure & (each.z > 0), sure & (each.z < 0), mann_kendall(np.nan_to_num(each.z)))
    hot = [word.startswith("hot") for word in words]
    assert 3 <= sum(hot) <= 40  # of 207
    downtown = int(np.argmin(shapely.distance(cells.polygons, DOWNTOWN)))
    assert words[downtown] in ("hot-persistent", "hot-intensifying", "hot-diminishing")
    # Incidents go with the places: the hot cells are few and hold far more than their share.
    share = counts[hot].sum() / counts.sum()
    assert share > 3 * sum(hot) / len(cells)


def test_neighbourhoods_and_cells_agree_on_the_middle(saint_louis: City) -> None:
    names = saint_louis.names.astype(str)
    index = assign(saint_louis.x, saint_louis.y, saint_louis.grids, names)
    counts = cube(saint_louis, index, len(names), "2019-01-01", 1, 364)[:, 0]
    found = gi_star(counts, contiguity(saint_louis.grids), shapely.area(saint_louis.grids))
    hottest = np.argsort(found.z)[::-1][:3]
    assert (found.p[hottest] < 0.02).all()
    assert (shapely.distance(saint_louis.grids[hottest], DOWNTOWN) < 2500).all(), names[hottest]
    # By the normal law two of them were found; so few places of so unequal size do not bear that out.
    assert not (adjusted(found.p) <= 0.05).any()
    assert (adjusted(2 * norm.sf(np.abs(found.z))) <= 0.05).sum() == 2
    assert found.dispersion > 20  # a city scatters far more than chance


def test_dealt_out_at_random_the_same_counts_are_rarely_hot(saint_louis: City) -> None:
    """Real counts, without their places: what a rule must not call hot spots."""
    cells = tessellate(saint_louis.area, "hex", 500)
    index = cells.locate(saint_louis.x, saint_louis.y)
    counts = cube(saint_louis, index, len(cells), "2019-06-01", 1, 28)[:, 0]
    whole = np.flatnonzero(cells.area_m2 > 0.999 * cells.area_m2.max())
    near = cells.neighbours()
    rng = np.random.default_rng(0)
    alarms = 0
    for _ in range(100):
        dealt = counts.copy()
        dealt[whole] = rng.permutation(counts[whole])
        alarms += bool((adjusted(gi_star(dealt, near, cells.area_m2).p[whole]) <= 0.05).any())
    assert alarms <= 12
    found = gi_star(counts, near, cells.area_m2)
    assert (adjusted(found.p) <= 0.05).sum() >= 10  # in their places they are
