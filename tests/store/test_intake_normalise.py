"""Accepted + rejected = rows of the source, for any table; each reject names row, field, value, reason and remedy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from store.errors import IntakeError, PersonalDataError
from store.intake.normalise import normalise
from store.intake.options import ImportOptions
from store.schema import LAYERS, Kind
from tests.store.raw_tables import HELSINKI, notes, points, raw, reasons, square, understand


def test_incidents_with_everything() -> None:
    found = understand(
        "incidents",
        points(3) | {"id": [1, 2, 3], "category": ["theft", " theft ", None], "occurred_at": ["2024-05-03T14:05Z",
        "", None],
                     "grid_code": [101, "101", "A-1"], "status": ["open", "", "closed"]},
    )  # fmt: skip
    columns = found.batch.columns
    assert columns["id"].tolist() == ["1", "2", "3"]
    assert columns["category"].tolist() == ["theft", "theft", None]
    assert columns["grid_code"].tolist() == ["101", "101", "A-1"]
    assert columns["status"].tolist() == ["open", None, "closed"]
    assert np.isnat(columns["occurred_at"]).tolist() == [False, True, True]
    assert found.batch.crs == "EPSG:32635"
    assert "2 rows have no time" in notes(found)


def test_codes_of_grids_lose_the_fraction_that_a_program_gave_all_of_them() -> None:
    """An empty cell makes pandas and the like write the code 705 as 705.0, which no grid has."""
    found = understand("incidents", points(3) | {"grid_code": ["705.0", None, "20.0"], "status": ["1.0", "2.0", "3.0"]})
    assert found.batch.columns["grid_code"].tolist() == ["705", None, "20"]
    assert found.batch.columns["status"].tolist() == ["1.0", "2.0", "3.0"]  # no code of a grid
    assert "“grid_code” is a whole number with “.0”" in notes(found) and "as “705”" in notes(found)
    grids = {"code": ["1.0", "2.0"], "parent": ["0.0", "0.0"]}
    found = understand("grids", grids, [square(), square()], file_crs="EPSG:4326")
    assert found.batch.columns["code"].tolist() == ["1", "2"]
    assert found.batch.columns["parent"].tolist() == ["0", "0"]


@pytest.mark.parametrize("codes", [["705.0", "A-1"], ["705.0", "705"], ["05.0", "06.0"], ["1.0", "1.1"], [None, None]])
def test_codes_that_only_look_like_numbers_stay_as_they_are(codes: list[str | None]) -> None:
    found = understand("incidents", points(2) | {"grid_code": codes})
    assert found.batch.columns["grid_code"].tolist() == codes
    assert "with “.0”" not in notes(found)


def test_severity_is_a_number_of_the_source_and_a_word_is_a_reject() -> None:
    cells = ["3", "0", None, "high", "-1", "n/a", "1.5", "高"]
    found = understand("incidents", points(8) | {"严重程度": cells})
    assert found.batch.columns["severity"].tolist() == pytest.approx([3, 0, np.nan, np.nan, 1.5], nan_ok=True)
    assert [(reject.row, reject.field) for reject in found.rejects] == [(row, "severity") for row in (4, 5, 8)]
    assert ["--map severity=" in reject.remedy for reject in found.rejects] == [True, False, True]


def test_dtypes_are_those_of_the_contract() -> None:
    dtypes = {Kind.TEXT: "O", Kind.CODE: "O", Kind.REAL: "f", Kind.INTEGER: "f", Kind.BOOL: "i", Kind.TIME: "M"}
    for name, layer in LAYERS.items():
        shape = None if layer.pure_points else [square()]
        if name == "streets":
            shape = [square().exterior]
        const = {"code": "1"} if name == "grids" else {}
        found = understand(
            name,
            points(1),
            shape,
            file_crs="EPSG:4326",
            const=const,
            map={} if shape is None else {"id": ""} if name != "grids" else {},
        )
        assert len(found.batch) == 1, name
        assert set(found.batch.columns) == set(layer.names)
        for column in layer.columns:
            assert found.batch.columns[column.name].dtype.kind == dtypes[column.kind], column.name
        assert (found.batch.x is not None) == layer.pure_points == (found.batch.geometry is None)


def test_constants_fill_every_row_and_are_read_like_cells() -> None:
    found = understand("incidents", points(2), const={"category": "noise", "occurred_at": "2024-05-03T00:00Z"})
    assert found.batch.columns["category"].tolist() == ["noise", "noise"]
    assert not np.isnat(found.batch.columns["occurred_at"]).any()
    bad = understand("cameras", points(2), const={"range_m": "-5"})
    assert len(bad.batch) == 0 and {field for _, field, _ in reasons(bad)} == {"range_m"}


def test_columns_that_were_not_taken_are_named() -> None:
    found = understand("incidents", points(1) | {"weather": ["rain"], "mood": ["good"]})
    assert "Columns that were not taken: weather, mood." in notes(found)


def test_negative_counts_are_noted() -> None:
    found = understand("incidents", points(3) | {"Count": ["1", "-1", "-1"]})
    assert len(found.batch) == 3
    assert "2 rows have a negative “Count”" in notes(found)


def test_places_take_points_from_columns_too() -> None:
    found = understand("places", points(2) | {"name": ["a", "b"]})
    assert {shape.geom_type for shape in found.batch.geometry} == {"Point"}


def test_a_file_without_places_is_refused() -> None:
    with pytest.raises(IntakeError, match=r"no places.*category"):
        understand("incidents", {"category": ["a"]})


def test_lon_and_lat_far_from_the_geometry_are_noted() -> None:
    shapes = [shapely.Point(lon, lat) for lon, lat in zip(*points(3).values(), strict=True)]
    columns = points(3)
    columns["lon"][1] += 0.01
    columns["lat"][2] = None  # type: ignore[call-overload]
    found = understand(
        "incidents", {"LONGITUDE": columns["lon"], "LATITUDE": columns["lat"]}, shapes, file_crs="EPSG:4326"
    )
    assert "In 1 rows" in notes(found)
    assert len(found.batch) == 3


def test_a_mapped_pair_of_columns_wins_over_the_geometry() -> None:
    found = understand(
        "incidents", points(2), [shapely.Point(25.2, 60.3)] * 2, file_crs="EPSG:4326", map={"lon": "lon", "lat": "lat"}
    )
    plain = understand("incidents", points(2))
    np.testing.assert_allclose(found.batch.x, plain.batch.x)


@pytest.mark.parametrize(("text", "reason"), [("x" * 2001, "longer than 2000"), ("a\x00b", "not text")])
def test_texts_that_are_none_are_rejected(text: str, reason: str) -> None:
    found = understand("incidents", points(2) | {"category": [text, "fine"]})
    ((row, field, said),) = reasons(found)
    assert (row, field) == (1, "category") and reason in said
    assert len(found.rejects[0].value) <= 80


def test_markup_and_formulas_are_only_text() -> None:
    texts = [
        "<script>alert(1)</script>",
        "${document.title}",
        "=HYPERLINK(1)",
        "'; DROP TABLE grids; --",
        "{row}",
        "％s",
    ]
    found = understand("incidents", points(len(texts)) | {"category": texts, "id": ["{0}", "{x}", "a", "b", "a", "%d"]})
    assert found.batch.columns["category"].tolist() == [text for n, text in enumerate(texts) if n != 4]
    assert [reject.row for reject in found.rejects] == [5]
    assert notes(found)


def test_a_row_is_rejected_once_even_with_several_faults() -> None:
    found = understand(
        "cameras",
        {"lon": [500.0, HELSINKI[0]], "lat": [0.0, HELSINKI[1]], "range_m": ["-1", "5"], "azimuth_deg": ["999", "5"]},
    )
    assert [reject.row for reject in found.rejects] == [1]


def test_the_guard_stands_before_everything() -> None:
    with pytest.raises(PersonalDataError):
        understand("incidents", points(2) | {"姓名": ["张伟", "王芳"]}, map={"status": "姓名"})
    found = understand("incidents", points(2) | {"姓名": ["张伟", "王芳"], "category": ["a", "b"]})
    assert "张伟" not in notes(found) and "“姓名”" in notes(found)
    assert not any("张伟" in str(values.tolist()) for values in found.batch.columns.values())


def test_typed_times_that_state_utc_need_no_zone() -> None:
    stamps = np.array(["2024-05-03T14:05", "NaT"], dtype="datetime64[ms]")
    table = raw(points(2) | {"occurred_at": stamps}, utc=frozenset({"occurred_at"}))
    found = normalise(table, "incidents", ImportOptions())
    assert str(found.batch.columns["occurred_at"][0]) == "2024-05-03T14:05:00.000"
    assert not found.used_timezone
    with pytest.raises(IntakeError, match="--timezone"):
        normalise(raw(points(2) | {"occurred_at": stamps}), "incidents", ImportOptions())


CELL = st.one_of(
    st.none(),
    st.text(max_size=12),
    st.integers(-400, 400),
    st.floats(allow_nan=True),
    st.booleans(),
    st.sampled_from(["2024-05-03T14:05Z", "05/06/2024", "N/B", "90;270", "fixed", "3 m", "yes", "12,5", "-", "0-360"]),
)


@settings(max_examples=120, deadline=None)
@given(st.data(), st.sampled_from(["incidents", "cameras", "grids", "buildings", "places", "zones"]))
def test_any_table_is_accounted_for(data: Any, layer: str) -> None:
    count = data.draw(st.integers(1, 8))
    names = data.draw(st.lists(st.sampled_from(LAYERS[layer].names), unique=True))
    columns: dict[str, Any] = {name: data.draw(st.lists(CELL, min_size=count, max_size=count)) for name in names}
    shapes = None
    if LAYERS[layer].pure_points:
        columns |= points(count)
    else:
        shape = st.one_of(st.none(), st.just(square()), st.just(square().centroid), st.just(square(500)))
        shapes = data.draw(st.lists(shape, min_size=count, max_size=count))
    try:
        found = understand(
            layer, columns or {"x1": [None] * count}, shapes, file_crs="EPSG:4326", timezone="UTC", date_order="dmy"
        )
    except IntakeError as error:
        assert error.remedy
        return
    rows = sorted([*found.row.tolist(), *(reject.row for reject in found.rejects)])
    assert rows == list(range(1, count + 1))
    for reject in found.rejects:
        assert reject.reason.format(**reject.params) and reject.remedy.format(**reject.params)
        assert len(reject.value) <= 80
    for column in LAYERS[layer].columns:
        values = found.batch.columns[column.name]
        if column.kind in (Kind.TEXT, Kind.CODE):
            assert all(value is None or (isinstance(value, str) and value.strip()) for value in values)
        elif column.kind in (Kind.REAL, Kind.INTEGER):
            known = values[~np.isnan(values)]
            assert np.isfinite(known).all()
            assert (known >= (column.low if column.low is not None else -np.inf)).all()
            assert (known <= (column.high if column.high is not None else np.inf)).all()


def test_geometry_written_as_text() -> None:
    texts = [
        "POLYGON ((24.94 60.17, 24.95 60.17, 24.95 60.18, 24.94 60.17))",
        "POLYGON ((1 2",
        None,
        "SRID=4326;POINT (1 2)",
    ]
    found = understand("zones", {"name": ["a", "b", "c", "d"], "WKT": texts}, crs="EPSG:4326")
    assert found.batch.columns["name"].tolist() == ["a"]
    assert [(row, field) for row, field, _ in reasons(found)] == [(2, "WKT"), (3, "geometry"), (4, "geometry")]
    assert understand("zones", {"geom": ["SRID=4326;" + str(texts[0])]}).crs == "EPSG:4326"
    with pytest.raises(IntakeError, match="--crs"):
        understand("zones", {"geom": texts[:1]})
    with pytest.raises(IntakeError, match="no places"):
        understand("zones", {"shape": ["round"]})


def test_equal_rows_without_an_id_are_noted() -> None:
    columns = {name: [*values, values[0]] for name, values in points(2).items()} | {"category": ["a", "b", "a"]}
    assert "1 rows without an id are the same" in notes(understand("incidents", columns))
    assert "are the same" not in notes(understand("incidents", columns | {"id": ["1", "2", "3"]}))
