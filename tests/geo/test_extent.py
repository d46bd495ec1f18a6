"""The extent holds every row of every layer, and none of the layer left out."""

from __future__ import annotations

import numpy as np
import pytest

from geo.crs import lonlat
from geo.extent import lonlat_extent
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
