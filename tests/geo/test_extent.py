"""The extent holds every row of every layer, and none of the layer left out."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from geo.columns import LayerColumns
from geo.crs import lonlat
from geo.extent import lonlat_extent, opening_extent, opening_radius_m
from tests.layers.factory import snapshot, town


def test_every_row_is_inside() -> None:
    found = town()
    west, south, east, north = lonlat_extent(found)
    for name in ("incidents", "cameras"):
        lon, lat = lonlat(found[name].x, found[name].y, found.crs)
        assert (lon >= west - 1e-4).all() and (lon <= east + 1e-4).all()
        assert (lat >= south - 1e-4).all() and (lat <= north + 1e-4).all()


def test_one_layer_can_be_left_out() -> None:
    found = town()
    alone = snapshot({"incidents": found["incidents"]})
    assert lonlat_extent(alone) is not None
    assert lonlat_extent(alone, without="incidents") is None
    assert lonlat_extent(snapshot()) is None


def test_rows_without_a_place_do_not_count() -> None:
    found = town()["incidents"]
    nowhere = np.full(len(found), np.nan)
    lost = type(found)(found.layer, found.revision, found.fid, found.columns, x=nowhere, y=nowhere)
    assert lonlat_extent(snapshot({"incidents": lost})) is None
    both = snapshot({"incidents": lost, "cameras": town()["cameras"]})
    assert lonlat_extent(both) == pytest.approx(lonlat_extent(both, without="incidents"))


def test_a_map_opens_on_the_grids_whatever_strays() -> None:
    found = town()
    incidents = found["incidents"]
    far = dataclasses.replace(incidents, x=incidents.x + 300_000.0 * (np.arange(len(incidents)) == 0))
    strayed = dataclasses.replace(found, layers={**found.layers, "incidents": far})
    assert lonlat_extent(strayed)[2] > lonlat_extent(found)[2] + 1
    assert opening_extent(strayed) == opening_extent(found)
    assert opening_extent(found) == pytest.approx(lonlat_extent(snapshot({"grids": found["grids"]})))


def test_a_large_city_opens_with_a_larger_radius_of_the_heat() -> None:
    assert opening_radius_m(None) == opening_radius_m((0, 0, 2_000, 3_000)) == 120
    assert opening_radius_m((5_000, 1_000, 5_000 + 16_000, 1_000 + 25_000)) == 250
    assert opening_radius_m((0, 0, 400_000, 300_000)) == 1000


def test_of_incidents_alone_a_map_opens_on_nearly_all_of_them() -> None:
    rng = np.random.default_rng(5)
    incidents = town()["incidents"]
    n = 3_000
    x, y = rng.normal(incidents.x[0], 900, n), rng.normal(incidents.y[0], 900, n)
    x[:2] += [400_000.0, -200_000.0]
    cloud = LayerColumns("incidents", 1, np.arange(n), {}, x=x, y=y)
    west, south, east, north = opening_extent(snapshot({"incidents": cloud}))
    lon, lat = lonlat(x, y, town().crs)
    inside = (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)
    assert 0.99 < inside.mean() < 1
    assert east - west < 0.2
    one = LayerColumns("incidents", 1, np.arange(1), {}, x=x[5:6], y=y[5:6])
    assert opening_extent(snapshot({"incidents": one})) is not None
    assert opening_extent(snapshot()) is None
