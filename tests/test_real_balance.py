"""The balance of Saint Louis' neighbourhoods by real incidents, and one of them divided evenly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pyarrow.parquet
import pytest
import shapely

from geo.assign import assign
from geo.balance import inequality, workload
from geo.crs import WGS84, try_transform_xy
from geo.divide import DivideOptions, Lines, divide
from geo.divide_ground import Ground

CRS = "EPSG:32615"
NONE = np.empty(0, dtype=object)


@pytest.fixture(scope="module")
def saint_louis(shared_data: Path) -> tuple[Any, np.ndarray, np.ndarray]:
    folder = shared_data / "stl"
    shapes = np.asarray(geopandas.read_file(folder / "neighborhoods_79.geojson").to_crs(CRS).geometry, dtype=object)
    table = pyarrow.parquet.read_table(folder / "stl_incidents_2008_2019.parquet", columns=["lon", "lat"])
    x, y, _ = try_transform_xy(*(table[name].to_numpy()[::8] for name in ("lon", "lat")), WGS84, CRS)
    known = np.isfinite(x) & np.isfinite(y)
    return shapely.make_valid(shapes), x[known], y[known]


def test_incidents_are_less_even_than_ground_and_a_mixture_lies_between(saint_louis: Any) -> None:
    shapes, x, y = saint_louis
    index = assign(x, y, shapes, np.arange(len(shapes)).astype(str))
    amounts = {"incidents": np.bincount(index[index >= 0], minlength=len(shapes)), "area": shapely.area(shapes)}
    own = {name: inequality(workload(amounts, {name: 1}).load).gini for name in amounts}
    mixed = inequality(workload(amounts, {"incidents": 1, "area": 1}).load)
    assert 0.2 < own["incidents"] < 0.8 and 0.2 < own["area"] < 0.8
    assert min(own.values()) - 0.15 < mixed.gini < max(own.values())
    assert mixed.count == len(shapes) and mixed.max_mean > 1.5


def test_downtown_is_divided_evenly_by_incidents(saint_louis: Any) -> None:
    shapes, x, y = saint_louis
    index = assign(x, y, shapes, np.arange(len(shapes)).astype(str))
    busiest = int(np.bincount(index[index >= 0]).argmax())
    extent = max(shapely.get_parts(shapes[busiest]), key=lambda part: part.area)
    ground = Ground({"incidents": (x, y)})
    spread = {}
    for name in ("incidents", "area"):
        found = divide(extent, Lines(NONE, NONE, NONE, NONE), ground, DivideOptions(count=8, weights={name: 1}))
        assert shapely.area(found.polygons).sum() == pytest.approx(extent.area, rel=1e-7)
        assert found.amounts["incidents"].sum() == shapely.intersects_xy(extent, x, y).sum()
        spread[name] = inequality(found.amounts["incidents"]).gini
    assert spread["incidents"] < spread["area"]
