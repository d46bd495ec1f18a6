"""Every point is in exactly one polygon or in none, and it is the one that GEOS and the tie rule say."""

from __future__ import annotations

import threading

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.assign import Locator, assign, text_rank, warm
from geo.crs import WGS84, transform_xy
from tests import oracles
from tests.geo import zoo


def agrees(polygons, codes, xy):
    polygons, codes = np.asarray(polygons, dtype=object), np.asarray(codes, dtype=object)
    fast = assign(xy[:, 0], xy[:, 1], polygons, codes)
    slow = oracles.assign(xy[:, 0], xy[:, 1], polygons, codes)
    wrong = np.flatnonzero(fast != slow)
    assert len(wrong) == 0, (xy[wrong[:5]].tolist(), fast[wrong[:5]], slow[wrong[:5]])


@settings(max_examples=150)
@given(seed=zoo.seeds, n=st.integers(1, 25), offset=st.sampled_from(zoo.OFFSETS), snap=st.booleans())
def test_equals_the_oracle_on_hard_points(seed, n, offset, snap):
    rng = np.random.default_rng(seed)
    polygons = zoo.mosaic(rng, n, offset, snap)
    xy = zoo.hard_points(rng, polygons, 100, offset)
    agrees(polygons, [str(code) for code in rng.permutation(len(polygons))], np.round(xy) if snap else xy)


@settings(max_examples=60)
@given(seed=zoo.seeds, scale=st.sampled_from([1e-9, 1e-6, 1e-3, 1.0, 1e6]), offset=st.sampled_from(zoo.OFFSETS))
def test_equals_the_oracle_at_every_size(seed, scale, offset):
    rng = np.random.default_rng(seed)
    shapes = [zoo.wedge(rng, *rng.uniform(0, 3, 2), 1) for _ in range(6)]
    polygons = shapely.transform(np.array(shapes, dtype=object), lambda xy: xy * scale + offset)
    corners = shapely.get_coordinates(polygons)
    free = rng.uniform(-1, 5, (200, 2)) * scale + offset
    agrees(polygons, list("fedcba"), np.vstack([corners, free, (corners[1:] + corners[:-1]) / 2]))


def test_equals_the_oracle_on_invalid_polygons():
    bow = shapely.Polygon([(0, 0), (10, 10), (10, 0), (0, 10)])
    doubled = shapely.MultiPolygon([shapely.box(0, 0, 6, 6), shapely.box(3, 3, 9, 9)])
    spike = shapely.Polygon([(20, 0), (30, 0), (30, 10), (30, 0), (40, 0), (40, -5), (20, -5)])
    xy = np.array([(a, b) for a in np.arange(-1, 42, 0.5) for b in np.arange(-6, 12, 0.5)])
    agrees([bow, doubled, spike, shapely.box(4, 4, 35, 5)], ["b", "a", "c", "d"], xy)


def test_shared_edge_goes_to_the_lowest_code_in_text_order():
    west, east = shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)
    assert assign([1.0], [0.5], [west, east], ["9", "10"]).tolist() == [1]  # "10" < "9" as text
    assert assign([1.0], [0.5], [west, east], ["a", "a"]).tolist() == [0]


def test_hole_collinear_run_and_corner():
    ring = shapely.Polygon([(0, 0), (5, 0), (10, 0), (10, 10), (0, 10), (0, 5)], [[(4, 4), (6, 4), (6, 6), (4, 6)]])
    x, y = [5, 4, 5, 7, 10, 0, 10.000001], [5, 5, 0, 0, 10, 5, 5]
    assert assign(x, y, [ring], ["a"]).tolist() == [-1, 0, 0, 0, 0, 0, -1]


@pytest.mark.parametrize("polygons", [[], [None], [shapely.Polygon()], [None, shapely.MultiPolygon()]])
def test_nothing_holds_nothing(polygons):
    codes = ["a"] * len(polygons)
    assert assign([1.0, np.nan], [1.0, 1.0], polygons, codes).tolist() == [-1, -1]
    assert assign([], [], polygons, codes).tolist() == []


def test_points_that_are_not_finite_are_in_none():
    x, y = [np.nan, np.inf, -np.inf, 0.5], [0.5, 0.5, 0.5, np.nan]
    assert assign(x, y, [shapely.box(0, 0, 1, 1)], ["a"]).tolist() == [-1] * 4


def test_missing_polygons_between_others():
    polygons = [None, shapely.box(0, 0, 1, 1), shapely.Polygon(), shapely.box(0, 0, 1, 1)]
    assert assign([0.5], [0.5], polygons, ["a", "c", "b", "b"]).tolist() == [3]


def test_lengths_that_differ_are_refused():
    with pytest.raises(ValueError, match="differ in length"):
        Locator([shapely.box(0, 0, 1, 1)], ["a", "b"])
    with pytest.raises(ValueError, match="one length"):
        Locator([shapely.box(0, 0, 1, 1)], ["a"]).locate([1.0], [1.0, 2.0])


def test_rank_is_text_order_then_index():
    assert text_rank(["b", "a", "b", "10", "9"]).tolist() == [3, 2, 4, 0, 1]


def test_threads_share_a_locator():
    rng = np.random.default_rng(5)
    polygons = zoo.mosaic(np.random.default_rng(1), 20, 0.0, False)
    codes = [str(i) for i in range(len(polygons))]
    xy = zoo.hard_points(rng, polygons, 2000, 0.0)
    locator, expected = Locator(polygons, codes), oracles.assign(xy[:, 0], xy[:, 1], polygons, codes)
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(locator.locate(xy[:, 0], xy[:, 1]))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 4
    assert all((answer == expected).all() for answer in answers)


def test_warm_compiles():
    warm()


@pytest.mark.parametrize(
    ("name", "code"), [("neighborhoods_79.geojson", "NHD_NUM"), ("STL_BOUNDARY_Grids.gpkg", "PageName")]
)
def test_st_louis_agrees_with_the_oracle(shared_data, name, code):
    rows = pd.read_parquet(shared_data / "stl" / "stl_incidents_2008_2019.parquet", columns=["lon", "lat"]).dropna()
    x, y = transform_xy(rows["lon"], rows["lat"], WGS84, "EPSG:32615")
    areas = gpd.read_file(shared_data / "stl" / name).to_crs("EPSG:32615")
    polygons, codes = np.asarray(areas.geometry.array, dtype=object), areas[code].astype(str).to_numpy(object)
    fast = assign(x, y, polygons, codes)
    assert (fast >= 0).sum() > 600_000
    some = slice(None, None, 7)
    assert (fast[some] == oracles.assign(x[some], y[some], polygons, codes)).all()


@pytest.mark.parametrize(
    ("name", "code", "column", "agreed", "known"),
    [
        ("anc_2013", "ANC_ID", "ANC", 2870, 2870),
        ("census_tracts_2010", "TRACT", "CENSUS_TRACT", 2867, 2867),
        ("wards_2012", "WARD_ID", "WARD", 2864, 2870),
        ("police_service_areas", "PSA", "PSA", 2736, 2867),  # these changed since
    ],
)
def test_washington_agrees_with_the_police(shared_data, name, code, column, agreed, known):
    crimes = gpd.read_file(shared_data / "dc" / "crime_30d_2016.geojson")
    x, y = transform_xy(crimes.geometry.x, crimes.geometry.y, WGS84, "EPSG:26985")
    areas = gpd.read_file(shared_data / "dc" / f"{name}.geojson").to_crs("EPSG:26985")
    codes = areas[code].astype(str).to_numpy(object)
    found = assign(x, y, np.asarray(areas.geometry.array, dtype=object), codes)
    coded = crimes[column].notna().to_numpy()
    same = [a == str(b) for a, b in zip(np.append(codes, None)[found][coded], crimes[column][coded], strict=True)]
    assert (sum(same), len(same)) == (agreed, known)
