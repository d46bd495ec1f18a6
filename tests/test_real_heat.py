"""The heat of 615,000 real incidents of St. Louis: pictures against kernels added up, whatever the filter."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import shapely
from scipy.spatial import cKDTree

from geo.columns import Snapshot
from geo.crs import lonlat
from geo.heat_bandwidth import TIE_M, choose_bandwidth
from layers.base import Params
from layers.heat_field import heat_counts, heat_field
from layers.joins import selected
from layers.rasters.heat import heat_values
from layers.rasters.mercator import tile_points
from store.intake.options import ImportOptions
from store.intake.run import import_file
from store.store import Store
from tests import oracles


def when(text: str) -> np.datetime64:
    return np.datetime64(text, "ms")


CHOICES = [
    Params(),
    Params(kernel="gaussian", radius_m=80.0),
    Params(start=when("2018-03-01"), end=when("2018-09-01"), radius_m=250.0),
    Params(hours=(22, 23, 0, 1, 2, 3), weekdays=(5, 6), radius_m=200.0),
    Params(start=when("2015-01-01"), categories=("SIMPLE ASSAULT-ADULT/NO INJURY",), hours=(8, 9, 10, 11, 12)),
]


@pytest.fixture(scope="module")
def saint_louis(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> Iterator[Snapshot]:
    folder, stl = tmp_path_factory.mktemp("stl"), shared_data / "stl"
    with Store.open(folder / "atlas.gpkg") as store:
        for layer, file, options in (
            ("grids", "neighborhoods_79.geojson", {"map": {"code": "NHD_NUM"}, "const": {"level": "community"}}),
            ("incidents", "stl_incidents_2008_2019.parquet", {"timezone": "America/Chicago"}),
        ):
            import_file(store, layer, stl / file, ImportOptions(**options), scratch=folder)  # type: ignore[arg-type]
        yield store.snapshot()


@pytest.mark.parametrize("params", CHOICES, ids=range(len(CHOICES)))
def test_pictures_equal_the_kernels_of_the_selected_incidents(saint_louis: Snapshot, params: Params) -> None:
    incidents, grids = saint_louis["incidents"], saint_louis["grids"]
    assert incidents.x is not None and incidents.y is not None and grids.geometry is not None
    field = heat_field(saint_louis, params)
    mask = selected(saint_louis, params)
    counts = heat_counts(saint_louis, params)
    assert counts.selected == mask.sum() > 1000
    assert field.cells.chosen == counts.shown
    x, y = incidents.x[mask], incidents.y[mask]
    # The tile at zoom 15 around the median incident, and one at the edge of the city.
    area = field.boundary.area  # type: ignore[union-attr]
    ring = shapely.get_coordinates(shapely.get_exterior_ring(max(shapely.get_parts(area), key=lambda one: one.area)))
    for at in ((np.median(x), np.median(y)), ring[len(ring) // 3]):
        lon, lat = lonlat(np.array([at[0]]), np.array([at[1]]), str(saint_louis.crs))
        z, n = 15, 1 << 15
        tile = z, int((lon[0] + 180) / 360 * n), int((1 - np.arcsinh(np.tan(np.radians(lat[0]))) / np.pi) / 2 * n)
        found = heat_values(field, str(saint_louis.crs), *tile)
        at_x, at_y = (one[9::40, 9::40] for one in tile_points(*tile, str(saint_louis.crs), steps=16, size=256))
        near = (np.abs(x - at_x.mean()) < 2000) & (np.abs(y - at_y.mean()) < 2000)
        exact = oracles.heat_at(x[near], y[near], at_x, at_y, name=params.kernel, radius_m=params.radius_m, area=area)
        shown = np.zeros_like(exact) if found is None else found[9::40, 9::40]
        assert np.abs(shown - np.nan_to_num(exact)).max() < 0.005 * field.peak()


def test_the_chosen_radius_foretells_new_places_far_better_than_a_narrow_and_as_well_as_a_wide_one(
    saint_louis: Snapshot,
) -> None:
    """What leaving out a place together with all its incidents promises: where no incident was before."""
    before = heat_field(saint_louis, Params(start=when("2017-01-01"), end=when("2018-01-01")))
    found = choose_bandwidth(before.columns, "quartic", before.choice, before.boundary)
    assert found.radius_m is not None and not found.at_edge
    assert 100 < found.radius_m < 1500
    incidents = saint_louis["incidents"]
    later = np.flatnonzero(selected(saint_louis, Params(start=when("2018-01-01"), end=when("2018-07-01"))))[::4]
    assert incidents.x is not None and incidents.y is not None and before.boundary is not None
    x, y = incidents.x[later], incidents.y[later]
    known = selected(saint_louis, Params(start=when("2017-01-01"), end=when("2018-01-01")))
    away, _ = cKDTree(np.column_stack([incidents.x[known], incidents.y[known]])).query(np.column_stack([x, y]))
    x, y = x[away > TIE_M], y[away > TIE_M]
    assert len(x) > 150
    score = []
    for radius in (found.radius_m / 3, found.radius_m, 3 * found.radius_m):
        field = heat_field(saint_louis, Params(start=when("2017-01-01"), end=when("2018-01-01"), radius_m=radius))
        density = field.at(x, y)
        even = 1e6 / before.boundary.area_m2
        score.append(np.nanmean(np.log(0.99 * density / field.cells.chosen + 0.01 * even)))
    assert score[1] > score[0] + 0.1 and score[1] > score[2] - 0.05
