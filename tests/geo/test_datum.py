"""An offset that was put on can be taken off again to a tenth of a millimetre."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo import datum

LON, LAT = st.floats(73.0, 137.0), st.floats(1.5, 55.0)


@pytest.mark.parametrize(
    ("there", "back"), [(datum.wgs84_to_gcj02, datum.gcj02_to_wgs84), (datum.wgs84_to_bd09, datum.bd09_to_wgs84)]
)
@given(lon=LON, lat=LAT)
def test_round_trip(there, back, lon, lat):
    out = back(*there(lon, lat))
    assert abs(out[0] - lon) < 1e-9
    assert abs(out[1] - lat) < 1e-9


@given(lon=LON, lat=LAT)
def test_offset_is_some_hundred_metres(lon, lat):
    out_lon, out_lat = datum.wgs84_to_gcj02(lon, lat)
    metres = np.hypot((out_lon - lon) * 111_320 * np.cos(np.radians(lat)), (out_lat - lat) * 110_600)
    assert metres < 1000
    back_lon, back_lat = datum.gcj02_to_wgs84(lon, lat)
    again_lon, again_lat = datum.wgs84_to_gcj02(back_lon, back_lat)
    assert abs(again_lon - lon) < 1e-6
    assert abs(again_lat - lat) < 1e-6


def test_published_value():
    # the test vector of eviltransform
    lon, lat = datum.wgs84_to_gcj02(121.5272106, 31.1774276)
    assert lon == pytest.approx(121.531541859215, abs=1e-6)
    assert lat == pytest.approx(31.17530398364597, abs=1e-6)


@pytest.mark.parametrize(
    "place", [(24.94, 60.17), (-90.2, 38.6), (72.0, 30.0), (138.0, 30.0), (100.0, 0.5), (100.0, 56.0)]
)
@pytest.mark.parametrize("name", ["wgs84_to_gcj02", "gcj02_to_wgs84", "wgs84_to_bd09", "bd09_to_wgs84"])
def test_passes_unchanged_outside(place, name):
    assert tuple(float(v) for v in getattr(datum, name)(*place)) == place


def test_round_trip_at_the_edge_of_the_box():
    west, south, east, north = datum.CHINA_BOX
    for lon, lat in ((west - 0.02, 30.0), (west + 1e-6, 30.0), (east + 0.02, 30.0), (100.0, north + 0.02)):
        back = datum.gcj02_to_wgs84(*datum.wgs84_to_gcj02(lon, lat))
        assert abs(back[0] - lon) < 1e-9
        assert abs(back[1] - lat) < 1e-9
    assert datum.in_china_box([west, west - 1e-9], [south, 30.0]).tolist() == [True, False]


def test_arrays_and_missing_values():
    lon, lat = np.array([116.4, np.nan, np.inf, 24.9]), np.array([39.9, 39.9, 1.0, 60.1])
    out_lon, out_lat = datum.wgs84_to_bd09(lon, lat)
    assert np.isnan(out_lon).tolist() == [False, True, True, False]
    assert np.isnan(out_lat).tolist() == [False, True, True, False]
    assert datum.gcj02_to_wgs84(np.empty(0), np.empty(0))[0].shape == (0,)
