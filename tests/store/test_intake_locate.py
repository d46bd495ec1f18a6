"""A place is stored where it is, or the row is rejected: no CRS is guessed, no impossible coordinate passes."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Transformer

from geo.crs import WGS84, try_transform_xy
from geo.errors import ParameterError
from store.errors import IntakeError
from store.intake.locate import distance_km, suggest_crs
from store.intake.source_crs import crs_name
from tests.store.raw_tables import HELSINKI, notes, points, reasons, square, understand

HELSINKI_AREA = (24.90, 60.15, 24.98, 60.19)


def place(lon: Any, lat: Any, count: int = 8, **options: Any) -> Any:
    """Import `count` good points and one at (lon, lat)."""
    columns = points(count)
    columns["lon"].append(lon)
    columns["lat"].append(lat)
    return understand("incidents", columns, **options)


@pytest.mark.parametrize(
    ("lon", "lat", "reason"),
    [
        (None, None, "no coordinates"), ("", " ", "no coordinates"), (24.94, None, "One of the two"),
        (float("nan"), 60.17, "One of the two"), (float("inf"), 60.17, "finite|not a number"),
        ("abc", 60.17, "not a number"),
        (0, 0, "0, 0"), (500, 60.17, "within ±180"), (24.94, 91, "probably swapped"), (24.94, -120, "probably swapped"),
        (200, 100, "within ±180"), (60.17, 24.94, "probably swapped"), (-24.94, 60.17, "km from the middle"),
        (116.39, 39.9, "km from the middle"), ("60° 10' N", 24.9, "not a number"),
    ],
)  # fmt: skip
def test_impossible_places_are_rejected(lon: Any, lat: Any, reason: str) -> None:
    found = place(lon, lat)
    assert len(found.batch) == 8
    ((row, _, text),) = reasons(found)
    assert row == 9 and re.search(reason, text), text


def test_places_come_out_where_they_went_in() -> None:
    found = place(*HELSINKI)
    assert found.batch.crs == "EPSG:32635"
    lon, lat, ok = try_transform_xy(found.batch.x, found.batch.y, found.batch.crs, WGS84)
    assert ok.all()
    expected = points(8)
    np.testing.assert_allclose(lon, [*expected["lon"], HELSINKI[0]], atol=1e-9)
    np.testing.assert_allclose(lat, [*expected["lat"], HELSINKI[1]], atol=1e-9)


def test_without_a_crs_the_file_is_refused() -> None:
    with pytest.raises(IntakeError, match="--crs"):
        understand("incidents", {"x": [385000.0], "y": [6672000.0]})
    with pytest.raises(IntakeError, match="--crs"):
        understand("zones", {"name": ["a"]}, [square()])
    with pytest.raises(ParameterError, match="nonsense"):
        understand("incidents", {"x": [385000.0], "y": [6672000.0]}, crs="nonsense")


@pytest.mark.parametrize(
    ("crs", "name"),
    [
        ("EPSG:26985", "EPSG:26985"),
        ("epsg:4547", "EPSG:4547"),
        ("ESRI:102696", "ESRI:102696"),
        ("4326", "EPSG:4326"),
        ("OGC:CRS84", "EPSG:4326"),
        ("EPSG:4979", "EPSG:4326"),
        ("+proj=utm +zone=35 +datum=WGS84", "EPSG:32635"),
    ],
)
def test_names_of_reference_systems(crs: str, name: str) -> None:
    assert crs_name(crs) == name


def project(crs: str, count: int = 5) -> dict[str, list[float]]:
    x, y = Transformer.from_crs(WGS84, crs, always_xy=True).transform(points(count)["lon"], points(count)["lat"])
    return {"x": list(x), "y": list(y)}


@pytest.mark.parametrize("crs", ["EPSG:32635", "EPSG:3067", "EPSG:3879", "EPSG:3857", "EPSG:4258"])
def test_projected_columns(crs: str) -> None:
    found = understand("incidents", project(crs), crs=crs)
    plain = understand("incidents", points(5))
    assert found.crs == crs
    np.testing.assert_allclose(found.batch.x, plain.batch.x, atol=0.01)
    np.testing.assert_allclose(found.batch.y, plain.batch.y, atol=0.01)


def test_us_feet() -> None:
    feet = {"XCoord": [884634.9, 0, 878823.8], "YCoord": [1031735, 0, 1026494]}
    found = understand("incidents", feet, crs="ESRI:102696")
    lon, lat, _ = try_transform_xy(found.batch.x, found.batch.y, found.batch.crs, WGS84)
    np.testing.assert_allclose(lon, [-90.2743503, -90.2947443], atol=1e-6)  # the source's own longitudes
    np.testing.assert_allclose(lat, [38.6668481, 38.6524943], atol=1e-6)
    assert "0, 0" in reasons(found)[0][2]


def test_the_users_crs_wins_over_the_files_with_a_note() -> None:
    found = understand("zones", {"name": ["a"]}, [square()], file_crs="EPSG:4326", crs="EPSG:4258")
    assert found.crs == "EPSG:4258"
    assert "The file states EPSG:4326" in notes(found)


@pytest.mark.parametrize(("datum", "metres"), [("gcj02", (300, 900)), ("bd09", (300, 2000))])
def test_offset_datums_are_undone_on_request_and_said(datum: str, metres: tuple[float, float]) -> None:
    beijing = {"lon": [116.39, 116.40], "lat": [39.90, 39.91]}
    shifted, plain = understand("incidents", beijing, crs=datum), understand("incidents", beijing)
    distance = np.hypot(shifted.batch.x - plain.batch.x, shifted.batch.y - plain.batch.y)
    assert ((distance > metres[0]) & (distance < metres[1])).all()
    assert datum in notes(shifted) and shifted.crs == datum
    assert "GCJ-02" in notes(plain)  # the doubt is said where nothing was stated
    assert "GCJ-02" not in notes(understand("incidents", points(2)))


def test_metres_that_are_called_degrees_are_refused_with_a_suggestion() -> None:
    with pytest.raises(IntakeError, match=r"not degrees.*EPSG:32635"):
        understand("incidents", project("EPSG:32635"), crs="EPSG:4326", place={"store_crs": "EPSG:32635"})
    with pytest.raises(IntakeError, match=r"not degrees.*EPSG:3857"):
        understand("incidents", project("EPSG:3857"), crs="EPSG:4326")


def test_suggestions() -> None:
    assert "EPSG:4526" in suggest_crs(38_500_000, 3_500_000)
    assert "UTM" in suggest_crs(500_000, 4_000_000)


def test_degrees_that_are_called_metres_are_refused() -> None:
    with pytest.raises(IntakeError, match=r"are degrees.*EPSG:4326"):
        understand("incidents", {"x": points(3)["lon"], "y": points(3)["lat"]}, crs="EPSG:3067")


def test_a_swapped_file_is_refused_where_the_store_shows_it() -> None:
    swapped = {"lon": points(5)["lat"], "lat": points(5)["lon"]}
    with pytest.raises(IntakeError, match=r"swapped.*5 of 5"):
        understand("incidents", swapped, place={"area": HELSINKI_AREA, "target_crs": "EPSG:32635"})


def test_another_city_is_refused_where_the_store_shows_it() -> None:
    columns = {"lon": [116.39, 116.40], "lat": [39.90, 39.91]}
    with pytest.raises(IntakeError, match="another store"):
        understand("incidents", columns, place={"area": HELSINKI_AREA, "target_crs": "EPSG:32635"})
    near = understand("incidents", points(3), place={"area": HELSINKI_AREA, "target_crs": "EPSG:3879"})
    assert near.batch.crs == "EPSG:3879" and len(near.batch) == 3


def test_a_polygon_with_one_impossible_vertex_is_rejected_whole() -> None:
    broken = shapely.Polygon([(24.94, 60.17), (24.95, 60.17), (500, 60.18), (24.94, 60.18)])
    found = understand("zones", {"name": ["a", "b", "c"]}, [square(), broken, square(24.96)], file_crs="EPSG:4326")
    assert [row for row, _, _ in reasons(found)] == [2]
    assert found.rejects[0].value == "500 60.18"
    assert found.batch.columns["name"].tolist() == ["a", "c"]


def test_places_outside_the_area_of_a_national_grid_are_rejected() -> None:
    columns = project("EPSG:26985", 0) | {
        "x": [400_000.0, 400_100.0, 6_000_000.0],
        "y": [137_000.0, 137_100.0, 137_000.0],
    }
    found = understand("incidents", columns, crs="EPSG:26985")
    assert [(row, "outside the area" in text) for row, _, text in reasons(found)] == [(3, True)]


@given(st.floats(-180, 180), st.floats(-89, 89), st.floats(-180, 180), st.floats(-89, 89))
def test_distance_to_a_box_is_zero_inside_and_grows_outside(lon: float, lat: float, west: float, south: float) -> None:
    box = (west, south, min(west + 1, 180.0), min(south + 1, 90.0))
    km = distance_km(np.array([lon]), np.array([lat]), box)[0]
    assert 0 <= km <= 30_000  # far away it is only large, not exact
    if box[0] <= lon <= box[2] and box[1] <= lat <= box[3]:
        assert km == pytest.approx(0, abs=1e-6)


@given(
    st.lists(
        st.tuples(
            st.one_of(st.none(), st.floats(), st.sampled_from(["x", "", "24.9", "1e9"]), st.floats(24, 25)),
            st.one_of(st.none(), st.floats(), st.sampled_from(["y", " ", "60.1", "-0"]), st.floats(60, 61)),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_every_row_is_accepted_finite_or_rejected_with_a_reason(rows: list[tuple[Any, Any]]) -> None:
    try:
        found = understand("incidents", {"lon": [row[0] for row in rows], "lat": [row[1] for row in rows]})
    except IntakeError as error:
        assert str(error)
        return
    assert np.isfinite(found.batch.x).all() and np.isfinite(found.batch.y).all()
    for reject in found.rejects:
        assert reject.reason.format(**reject.params) and reject.remedy.format(**reject.params)


def test_coordinates_as_large_as_numbers_get_are_refused_without_overflow() -> None:
    with pytest.raises(IntakeError, match="not degrees"):
        understand("incidents", {"lon": [1.7e308, 1.7e308], "lat": [60.1, 60.2]})


def test_a_missing_half_of_a_place_is_shown_as_a_dash() -> None:
    found = understand("incidents", {"lon": [24.9, None], "lat": [60.1, 60.2]})
    assert [reject.value for reject in found.rejects] == ["– 60.2"]
