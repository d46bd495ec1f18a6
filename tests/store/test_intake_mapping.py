"""Each canonical column comes from one named source column, by the user's word or a known name,
never silently by chance."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from store.errors import IntakeError
from store.intake.aliases import ALIASES, LAT, LON
from store.intake.mapping import FieldMap, map_columns, signature
from store.intake.raw import object_array
from store.schema import LAYERS


def mapped(layer: str, names: list[str], *, geometry: bool = True, driver: str = "", **options: Any) -> FieldMap:
    columns = {name: object_array(["a", "b"]) for name in names}
    return map_columns(
        layer,
        columns,
        wanted=options.get("wanted", {}),
        const=options.get("const", {}),
        has_geometry=geometry,
        driver=driver,
    )


def test_every_canonical_column_is_known_by_its_own_name() -> None:
    assert set(ALIASES) == set(LAYERS)
    for layer, canonical in LAYERS.items():
        assert mapped(layer, list(canonical.names)).columns == {name: name for name in canonical.names}


@pytest.mark.parametrize(
    ("layer", "column", "field"),
    [
        ("cameras", "camera:direction", "azimuth_deg"), ("cameras", "camera_direction", "azimuth_deg"),
        ("cameras", "Camera Direction", "azimuth_deg"), ("cameras", "DIRECTION", "azimuth_deg"),
        ("cameras", "surveillance:direction", "azimuth_deg"), ("cameras", "安装高度", "height_m"),
        ("cameras", "设备国标编码", "id"), ("cameras", "是否在线", "online"), ("cameras", "camera:angle", "tilt_deg"),
        ("cameras", "DirectionType", "azimuth_deg"), ("cameras", "operator", "owner"),
        ("incidents", "发生时间", "occurred_at"), ("incidents", "OFFENSE", "category"),
        ("incidents", "事件类别", "category"),
        ("incidents", "DateOccur", "occurred_at"), ("incidents", "SERVICEREQUESTID", "id"), ("incidents", "CCN", "id"),
        ("incidents", "网格编码", "grid_code"), ("grids", "网格名称", "name"), ("grids", "责任单位", "team"),
        ("grids", "TOTALPOP", "population"), ("grids", "上级编码", "parent"), ("buildings", "height", "height_m"),
        ("streets", "highway", "kind"), ("places", "场所名称", "name"), ("zones", "区域类型", "kind"),
    ],
)  # fmt: skip
def test_known_names(layer: str, column: str, field: str) -> None:
    assert mapped(layer, [column]).columns == {field: column}


def test_the_users_word_wins_and_a_given_column_is_not_taken_twice() -> None:
    found = mapped("incidents", ["id", "category", "crime"], wanted={"category": "id"})
    assert found.columns == {"category": "id"} or found.columns["category"] == "id"
    assert found.columns.get("id") != "id"


def test_a_field_can_be_left_empty() -> None:
    found = mapped("incidents", ["id", "category"], wanted={"id": ""})
    assert found.columns == {"category": "category"}
    assert "id" in found.explicit


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"wanted": {"colour": "id"}}, "category"),
        ({"wanted": {"category": "nothing"}}, "id, when"),
        ({"const": {"colour": "x"}}, "category"),
        ({"const": {"lon": "1"}}, "category"),
        ({"wanted": {"category": "id"}, "const": {"category": "x"}}, "both"),
        ({"wanted": {"lon": "id"}}, "both of its coordinates"),
        ({"wanted": {"lon": "id", "y": "when"}}, "both of its coordinates"),
    ],
)
def test_unknown_fields_and_columns_are_refused_with_what_there_is(options: dict[str, Any], expected: str) -> None:
    with pytest.raises(IntakeError, match=expected):
        mapped("incidents", ["id", "when"], **options)


def test_columns_are_found_without_case_and_punctuation() -> None:
    assert mapped("incidents", ["My Column"], wanted={"category": "my_column"}).columns["category"] == "My Column"


def test_a_choice_between_several_is_noted() -> None:
    found = mapped("incidents", ["START_DATE", "REPORT_DAT"])
    assert found.columns["occurred_at"] == "START_DATE"
    assert any("REPORT_DAT" in note.text() and "START_DATE" in note.text() for note in found.notes)


def test_an_id_column_has_to_tell_rows_apart() -> None:
    columns = {"ID": np.zeros(50, dtype=np.int64), "OBJECTID": np.arange(50)}
    found = map_columns("cameras", columns, wanted={}, const={}, has_geometry=True)
    assert found.columns["id"] == "OBJECTID"
    assert any("tell the rows apart" in note.text() for note in found.notes)


def test_an_empty_column_is_no_candidate() -> None:
    columns = {"name": object_array([None, " "]), "label": object_array(["a", "b"]), "id": np.array([np.nan, np.nan])}
    found = map_columns("places", columns, wanted={}, const={}, has_geometry=True)
    assert found.columns == {"name": "label"}


@pytest.mark.parametrize(
    ("names", "pair"),
    [
        (["lon", "lat"], {"lon": "lon", "lat": "lat"}),
        (["LONGITUDE", "LATITUDE", "X", "Y"], {"lon": "LONGITUDE", "lat": "LATITUDE"}),
        (["经度", "纬度"], {"lon": "经度", "lat": "纬度"}),
        (["lng", "latitude"], {"lon": "lng", "lat": "latitude"}),
        (["XCoord", "YCoord"], {"x": "XCoord", "y": "YCoord"}),
        (["x"], {}),
    ],
)
def test_point_columns(names: list[str], pair: dict[str, str]) -> None:
    assert mapped("incidents", names, geometry=False).columns == pair
    assert mapped("incidents", names, geometry=True).columns == {}


def test_lon_and_lat_names_pair_up() -> None:
    assert len(LON) == len(LAT)


def test_shapefile_names_cut_at_ten_letters() -> None:
    assert mapped("cameras", ["camera_dir"], driver="ESRI Shapefile").columns == {"azimuth_deg": "camera_dir"}
    assert mapped("cameras", ["camera_dir"], driver="GPKG").columns == {}


def test_the_height_of_the_object_is_not_the_mounting_height() -> None:
    found = mapped("cameras", ["height"])
    assert "height_m" not in found.columns
    assert any("mounting height" in note.text() for note in found.notes)
    assert mapped("cameras", ["height"], wanted={"height_m": "height"}).columns["height_m"] == "height"


def test_signature_is_of_the_names_not_their_order() -> None:
    assert signature(["a", "b"]) == signature(["b", "a"]) != signature(["ab"])
