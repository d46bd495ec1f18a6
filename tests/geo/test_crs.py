"""A coordinate crosses between systems whole or not at all, and only true metres are taken for metres."""

from __future__ import annotations

import threading

import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.crs import (
    WGS84,
    bbox_from_lonlat,
    choose_metric_crs,
    grid_azimuth,
    lonlat,
    parse_crs,
    require_metric,
    same_crs,
    scale_error,
    transform_geometry,
    transform_xy,
    try_transform_xy,
    within_area,
)
from geo.errors import CRSMismatchError, NonFiniteError, NotMetricError, ParameterError

HELSINKI = "EPSG:32635"


@pytest.mark.parametrize(
    ("lon", "lat", "crs"),
    [
        ([24.9], [60.1], "EPSG:32635"),
        ([-90.2], [38.6], "EPSG:32615"),
        ([151.2], [-33.9], "EPSG:32756"),
        ([179.9, -179.9, -179.95], [10, 10, 10], "EPSG:32601"),
        ([180.0], [1.0], "EPSG:32601"),
        ([-180.0], [1.0], "EPSG:32601"),
        ([5.0], [60.3], "EPSG:32631"),
        ([0.0], [0.0], "EPSG:32631"),
        ([15.0], [84.5], "EPSG:32661"),
        ([15.0], [-80.5], "EPSG:32761"),
        ([24.9, 24.91, 24.92, -90.0, np.nan, 500.0], [60.1, 60.2, 60.15, 0.0, 1.0, 2.0], "EPSG:32635"),
    ],
)
def test_zone_of_the_median(lon, lat, crs):
    assert choose_metric_crs(lon, lat) == crs


@given(lon=st.floats(-180, 180), lat=st.floats(-80, 83.9))
def test_chosen_zone_is_metric_and_holds_the_place(lon, lat):
    crs = choose_metric_crs([lon], [lat])
    require_metric(crs)
    assert within_area([lon], [lat], crs)[0]
    assert scale_error(lon, lat, crs) < 0.0011


def test_no_usable_place():
    with pytest.raises(NonFiniteError):
        choose_metric_crs([np.nan, 500], [1, 1])


@pytest.mark.parametrize("crs", ["EPSG:32635", "EPSG:26985", "EPSG:4549", "EPSG:2193", "EPSG:32661", "EPSG:3879"])
def test_metres(crs):
    require_metric(crs)


@pytest.mark.parametrize("crs", [None, "EPSG:4326", "EPSG:4490", "ESRI:102696", "EPSG:2227", "EPSG:3857", "EPSG:4978"])
def test_not_metres(crs):
    with pytest.raises(NotMetricError):
        require_metric(crs)


def test_unknown_crs():
    with pytest.raises(ParameterError):
        parse_crs("EPSG:999999")


def test_same_crs():
    same_crs(WGS84, "OGC:CRS84", "EPSG:4326")
    same_crs(HELSINKI, parse_crs(HELSINKI).to_wkt())
    for pair in ((WGS84, HELSINKI), (WGS84, "EPSG:4490"), (None, WGS84), (WGS84, None), (None, None)):
        with pytest.raises(CRSMismatchError):
            same_crs(*pair)


@given(lon=st.floats(21, 33), lat=st.floats(-79, 83))
def test_round_trip(lon, lat):
    x, y = transform_xy([lon], [lat], WGS84, HELSINKI)
    back = lonlat(x, y, HELSINKI)
    assert abs(back[0][0] - lon) < 1e-9
    assert abs(back[1][0] - lat) < 1e-9


def test_axis_order_is_always_x_y():
    x, y = transform_xy([24.94], [60.17], WGS84, "EPSG:2393")  # a CRS whose first axis is north
    assert 3_300_000 < x[0] < 3_400_000
    assert 6_600_000 < y[0] < 6_700_000


@pytest.mark.parametrize("bad", [(500.0, 60.0), (np.nan, 60.0), (24.0, np.inf), (24.0, 91.0), (-181.0, 0.0)])
def test_bad_coordinates_are_named(bad):
    lon, lat = np.array([24.0, bad[0], 25.0, bad[0]]), np.array([60.0, bad[1], 61.0, bad[1]])
    with pytest.raises(NonFiniteError) as caught:
        transform_xy(lon, lat, WGS84, HELSINKI)
    assert caught.value.params["positions"].tolist() == [1, 3]
    assert "2 place" in str(caught.value)
    x, y, ok = try_transform_xy(lon, lat, WGS84, HELSINKI)
    assert ok.tolist() == [True, False, True, False]
    assert np.isnan(x[~ok]).all()
    assert np.isfinite(y[ok]).all()


def test_not_finite_after_the_projection():
    with pytest.raises(NonFiniteError):
        transform_xy([1e12], [1e12], HELSINKI, WGS84)


def test_same_source_and_target_still_checks():
    with pytest.raises(NonFiniteError):
        transform_xy([np.nan], [0.0], HELSINKI, HELSINKI)


def test_geometry_keeps_missing_ones_and_names_bad_ones():
    line = shapely.LineString([(24, 60, 7), (25, 61, 8)])
    moved = transform_geometry([line, None, shapely.Polygon()], WGS84, HELSINKI)
    assert moved[1] is None
    assert moved[2].is_empty
    assert not moved[0].has_z
    assert moved[0].length == pytest.approx(124_000, rel=0.01)
    with pytest.raises(NonFiniteError) as caught:
        transform_geometry([line, shapely.LineString([(24, 60), (500, 60)])], WGS84, HELSINKI)
    assert caught.value.params["positions"].tolist() == [1]


@given(
    west=st.floats(-200, 200),
    south=st.floats(-90, 90),
    width=st.floats(0, 400),
    height=st.floats(0, 180),
    u=st.floats(0, 1),
    v=st.floats(0, 1),
)
def test_box_holds_every_place_near_the_zone(west, south, width, height, u, v):
    east, north = west + width, min(south + height, 90.0)
    box = bbox_from_lonlat(west, south, east, north, HELSINKI)
    assert np.isfinite(box).all()
    lon, lat = west + u * width, south + v * (north - south)
    lon = (lon + 180) % 360 - 180
    if within_area([lon], [lat], HELSINKI, margin_deg=10)[0]:
        x, y = transform_xy([lon], [lat], WGS84, HELSINKI)
        assert box[0] - 1e-3 <= x[0] <= box[2] + 1e-3
        assert box[1] - 1e-3 <= y[0] <= box[3] + 1e-3


def test_box_across_the_antimeridian():
    x0, y0, x1, y1 = bbox_from_lonlat(179, 0, -179, 1, "EPSG:32660")
    x, y = transform_xy([179.5, -179.5], [0.5, 0.5], WGS84, "EPSG:32660")
    assert ((x0 < x) & (x < x1) & (y0 < y) & (y < y1)).all()
    assert x1 - x0 < 300_000


@pytest.mark.parametrize("box", [(0, 1, 1, 0), (np.nan, 0, 1, 1), (0, 0, np.inf, 1)])
def test_unusable_box(box):
    with pytest.raises(ParameterError):
        bbox_from_lonlat(*box, HELSINKI)


def test_grid_azimuth_points_where_true_azimuth_points():
    x, y = transform_xy([24.94, 27.0, 29.5], [60.17, 60.17, 60.17], WGS84, HELSINKI)
    turned = grid_azimuth([0.0, 0.0, 0.0], x, y, HELSINKI)
    assert turned == pytest.approx([1.787, 0.0, 360 - 2.169], abs=2e-3)
    step = 100.0
    lon, _ = lonlat(x + step * np.sin(np.radians(turned)), y + step * np.cos(np.radians(turned)), HELSINKI)
    assert lon == pytest.approx([24.94, 27.0, 29.5], abs=1e-8)
    assert np.isnan(grid_azimuth([np.nan], x[:1], y[:1], HELSINKI)[0])


def test_threads_have_their_own_transformers():
    answers = []

    def work():
        for _ in range(20):
            answers.append(transform_xy(np.linspace(24, 25, 500), np.linspace(60, 61, 500), WGS84, HELSINKI)[0].sum())

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(answers)) == 1


@pytest.mark.parametrize(
    "crs",
    ["+proj=pipeline +step +proj=hgridshift +grids=/etc/passwd", "+proj=longlat +nadgrids=/etc/passwd +no_defs",
     "+proj=longlat +nadgrids=@null,/etc/passwd", "+proj=longlat +geoidgrids=https://example.org/x.tif",
     "+init=/etc/passwd:root", "init=epsg:4326", "/etc/passwd", "file:///etc/passwd", "https://example.org/crs.prj",
     "EPSG:4326+5773 +proj=pipeline", "+proj=vgridshift +grids=x.gtx", "WGS84; rm", "EPSG:4326\n+init=x:y",
     'GEOGCS["x",DATUM["y",SPHEROID["z",6378137,298.25]],PRIMEM["g",0],UNIT["d",0.0174],'
     'EXTENSION["PROJ4","+proj=longlat +nadgrids=/etc/passwd"]]',
     'BOUNDCRS[SOURCECRS[GEOGCRS["x"]],PARAMETERFILE["Latitude and longitude difference file","https://example.org/g"]]',
     "EPSG:" + "9" * 30_000, "", " "],
)  # fmt: skip
def test_no_name_of_a_system_leads_to_a_file_or_a_grid(crs: str) -> None:
    with pytest.raises(ParameterError):
        parse_crs(crs)


@pytest.mark.parametrize(
    "crs",
    ["EPSG:4547", "epsg:4490", "ESRI:102696", "OGC:CRS84", "urn:ogc:def:crs:EPSG::4326", "EPSG:3857",
     "+proj=utm +zone=35 +datum=WGS84", "+proj=merc +a=6378137 +b=6378137 +nadgrids=@null +units=m +no_defs"],
)  # fmt: skip
def test_names_of_systems_are_taken_in_every_usual_form(crs: str) -> None:
    parsed = parse_crs(crs)
    assert parse_crs(parsed.to_wkt()).equals(parsed)
    assert parse_crs(parsed.to_wkt("WKT1_ESRI", pretty=True)).is_geographic == parsed.is_geographic
    assert parse_crs(parsed.to_json()).equals(parsed)


def test_no_grid_is_fetched() -> None:
    seen = [pyproj.network.is_network_enabled()]
    other = threading.Thread(target=lambda: seen.append(pyproj.network.is_network_enabled()))
    other.start()
    other.join()
    assert seen == [False, False]
