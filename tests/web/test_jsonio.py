"""JSON and GeoJSON: missing is null, geometry is WGS 84."""

from __future__ import annotations

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from web import jsonio


def test_missing_is_null() -> None:
    value = {
        "a": np.nan,
        "b": np.float64("inf"),
        "c": np.datetime64("NaT"),
        "d": pd.NaT,
        "e": None,
        "f": [float("nan")],
    }
    assert json.loads(jsonio.dumps(value)) == {"a": None, "b": None, "c": None, "d": None, "e": None, "f": [None]}


def test_numpy_becomes_plain() -> None:
    value = {"i": np.int64(3), "b": np.bool_(True), "a": np.array([1.5, np.nan]), "s": np.str_("x"), "o": {2: "k"}}
    assert json.loads(jsonio.dumps(value)) == {"i": 3, "b": True, "a": [1.5, None], "s": "x", "o": {"2": "k"}}


@pytest.mark.parametrize(
    ("moment", "text"),
    [("2024-05-31T08:00:00.000", "2024-05-31T08:00:00Z"), ("2024-05-31T08:00:00.250", "2024-05-31T08:00:00.250Z"),
     ("1899-12-31", "1899-12-31T00:00:00Z"), ("NaT", None)],
)  # fmt: skip
def test_times_are_iso_in_utc(moment: str, text: str | None) -> None:
    assert jsonio.iso(np.datetime64(moment, "ms")) == text


def test_features_are_in_degrees_with_seven_decimals() -> None:
    frame = gpd.GeoDataFrame(
        {"name": ["${alert(1)}</script>", None], "n": np.array([1.0, np.nan])},
        geometry=[shapely.Point(385_000.123, 6_671_000.456), None],
        crs="EPSG:32635",
    )
    found = json.loads(jsonio.collection(frame, {"meta": {"x": 1}, "legend": None}))
    lon, lat = found["features"][0]["geometry"]["coordinates"]
    assert 24.8 < lon < 25.1 and 60.1 < lat < 60.3
    assert len(str(lon).partition(".")[2]) <= 7
    assert found["features"][0]["properties"] == {"name": "${alert(1)}</script>", "n": 1.0}
    assert found["features"][1] == {"type": "Feature", "properties": {"name": None, "n": None}, "geometry": None}
    assert (found["meta"], found["legend"]) == ({"x": 1}, None)


def test_an_empty_frame_is_an_empty_collection() -> None:
    frame = gpd.GeoDataFrame({"name": []}, geometry=gpd.array.GeometryArray(np.zeros(0, dtype=object)))
    assert json.loads(jsonio.collection(frame, {})) == {"type": "FeatureCollection", "features": []}


def test_a_value_json_cannot_hold_is_an_error() -> None:
    with pytest.raises(TypeError):
        jsonio.dumps({"x": object()})
