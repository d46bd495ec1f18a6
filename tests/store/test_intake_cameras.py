"""Camera attributes mean what the source wrote: tags, compass points, arcs, directions of travel, Chinese codes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.intake.directions import COMPASS, GBT28181, read_direction, read_gbt28181, read_travel
from store.intake.numbers import read_numbers, read_yes_no
from store.intake.osm_tags import tags_of
from store.intake.raw import object_array
from store.intake.texts import texts
from tests.store.raw_tables import notes, points, reasons, understand


@pytest.mark.parametrize(
    ("text", "form", "azimuth", "tolerance", "width"),
    [
        ("260", "degrees", 260, 0, None), ("260.5°", "degrees", 260.5, 0, None), ("12,5", "degrees", 12.5, 0, None),
        ("360", "degrees", 0, 0, None), ("90 deg", "degrees", 90, 0, None), ("45度", "degrees", 45, 0, None),
        ("N", "compass", 0, 22.5, None), ("nnw", "compass", 337.5, 11.25, None), ("SW", "compass", 225, 22.5, None),
        ("north-east", "compass", 45, 22.5, None), ("West", "compass", 270, 22.5, None),
        ("South South East", "compass", 157.5, 11.25, None), ("东南", "compass", 135, 22.5, None),
        ("朝北", "compass", 0, 22.5, None), ("正西方向", "compass", 270, 22.5, None),
        ("由南向北", "travel", 0, 22.5, None),
        ("315-45", "arc", 0, 0, 90), ("350-10", "arc", 0, 0, 20), ("90-180°", "arc", 135, 0, 90),
        ("NW-NE", "arc", 0, 0, 90), ("0-360", "panorama", None, None, 360), ("360-0", "panorama", None, None, 360),
        ("90;270", "list", None, None, None), ("N & S", "list", None, None, None), ("90|270", "list", None, None, None),
        ("N/B", "travel", 0, 22.5, None), ("s/b", "travel", 180, 22.5, None), ("NE/B", "travel", 45, 22.5, None),
        ("NB", "travel", 0, 22.5, None), ("SWB", "travel", 225, 22.5, None), ("West Bound", "travel", 270, 22.5, None),
        ("East Bount", "travel", 90, 22.5, None), ("Northwest Bound", "travel", 315, 22.5, None),
        ("southbound", "travel", 180, 22.5, None), ("Fort Lincoln Dr s/b @ 31st Pl NE", "travel", 180, 22.5, None),
        ("New York Ave sw/b @ N Capitol St NE", "travel", 225, 22.5, None),
        ("361", "range", None, None, None), ("-10", "range", None, None, None), ("400-10", "range", None, None, None),
        ("forward", "unknown", None, None, None), ("all", "unknown", None, None, None),
        ("B", "unknown", None, None, None),
        ("East Capitol St NE", "unknown", None, None, None), ("n/b and s/b", "list", None, None, None),
    ],
)  # fmt: skip
def test_directions(text: str, form: str, azimuth: float | None, tolerance: float | None, width: float | None) -> None:
    found = read_direction(text)
    assert (found.form, found.azimuth_deg, found.tolerance_deg, found.hfov_deg) == (form, azimuth, tolerance, width)


def test_gbt28181_codes_are_not_in_compass_order() -> None:
    assert [read_gbt28181(str(code)).azimuth_deg for code in range(1, 9)] == [90, 270, 180, 0, 135, 45, 225, 315]
    assert all(COMPASS[point] == read_gbt28181(code).azimuth_deg for code, point in GBT28181.items())
    assert read_gbt28181("9").azimuth_deg is None


@given(st.floats(0, 359), st.floats(0, 359))
def test_an_arc_contains_its_middle_and_both_ends(start: float, end: float) -> None:
    found = read_direction(f"{start:.3f}-{end:.3f}")
    if found.azimuth_deg is None:
        return
    assert found.hfov_deg is not None and 0 < found.hfov_deg < 360
    assert (found.azimuth_deg - found.hfov_deg / 2) % 360 == pytest.approx(round(start, 3) % 360, abs=1e-6)
    assert (found.azimuth_deg + found.hfov_deg / 2) % 360 == pytest.approx(round(end, 3) % 360, abs=1e-6)


@given(st.text(max_size=40))
def test_any_text_has_some_meaning_or_none(text: str) -> None:
    found = read_direction(text) if text.strip() else read_travel(text)
    assert found.azimuth_deg is None or 0 <= found.azimuth_deg < 360
    assert (found.azimuth_deg is None) == (found.tolerance_deg is None)


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("3 m", "m", 3), ("3,5", "m", 3.5), ("3.5m", "m", 3.5), ("12'", "m", 3.6576), ("12 ft", "m", 3.6576),
        ("5'6\"", "m", 1.6764), ("12.13 m", "m", 12.13), ("1,5 km", "m", 1500), ("４ 米", "m", 4), ("15°", "deg", 15),
        ("1920x1080", "px", 1920), ("1,234", "", None), ("1e3", "m", 1000), ("12 apples", "m", None),
        ("3-4", "m", None),
        ("tall", "m", None), ("inf", "m", None), ("12 deg", "m", None),
    ],
)  # fmt: skip
def test_numbers(text: str, unit: str, value: float | None) -> None:
    found = read_numbers(object_array([text]), unit)
    assert bool(found.bad[0]) == (value is None)
    if value is not None:
        assert found.value[0] == pytest.approx(value)


def test_thousands_are_parted_only_in_whole_numbers() -> None:
    assert read_numbers(object_array(["1,234", "12,345,678"]), whole=True).value.tolist() == [1234, 12345678]
    assert read_numbers(object_array(["1,234,567.5"])).value.tolist() == [1234567.5]


def test_yes_and_no() -> None:
    state, bad = read_yes_no(texts(object_array(["yes", "否", "在线", "离线", 1, 0, True, "n/a", " ", None, "maybe"])))
    assert state.tolist() == [1, 0, 1, 0, 1, 0, 1, -1, -1, -1, -1]
    assert bad.tolist() == [False] * 10 + [True]


@pytest.mark.parametrize(
    "text",
    [
        "{'camera:type': 'dome', 'height': 4}",
        '{"camera:type": "dome", "height": 4}',
        '"camera:type"=>"dome","height"=>"4"',
    ],
)
def test_tags_in_one_column(text: str) -> None:
    assert tags_of(text) == {"camera:type": "dome", "height": "4"}


@pytest.mark.parametrize("text", ["", "{", "[1]", "{1: 2}", "{'a': __import__('os')}", "{" * 10_000, "x" * 30_000])
def test_what_is_no_tag_text_is_nothing(text: str) -> None:
    assert tags_of(text) == {}


def cameras(count: int, **columns: list[Any]) -> Any:
    return understand("cameras", points(count) | columns)


def test_openstreetmap_cameras() -> None:
    found = cameras(
        6,
        **{
            "surveillance:type": ["camera", "guard", "ALPR", "camera", None, "camera;ALPR"],
            "camera:type": ["fixed", "fixed", "fixed", "panning", "dome", "fixed"],
            "camera:direction": ["NNE", "10", "20", "315-45", "0-360", "5"],
            "camera:angle": ["15", None, None, None, "30", None],
        },
    )
    assert [row for row, _, _ in reasons(found)] == [2, 3, 6]
    columns = found.batch.columns
    assert columns["kind"].tolist() == ["fixed", "ptz", "dome"]
    np.testing.assert_array_equal(columns["azimuth_deg"], [22.5, 0, np.nan])
    np.testing.assert_array_equal(columns["azimuth_tolerance_deg"], [11.25, 0, np.nan])
    np.testing.assert_array_equal(columns["hfov_deg"], [np.nan, 90, 360])
    np.testing.assert_array_equal(columns["tilt_deg"], [15, np.nan, 30])


def test_a_whole_circle_without_a_kind_is_panoramic() -> None:
    assert cameras(1, **{"camera:direction": ["0-360"]}).batch.columns["kind"].tolist() == ["panoramic"]


def test_revolving_in_the_tag_column_makes_a_ptz() -> None:
    found = cameras(2, other=["{'revolving': 'yes'}", "{'camera:type': 'dome', 'camera:direction': '90'}"])
    assert found.batch.columns["kind"].tolist() == ["ptz", "dome"]
    assert found.batch.columns["azimuth_deg"].tolist()[1] == 90
    assert "revolving" in notes(found)


def test_a_list_of_directions_stays_empty_with_a_note() -> None:
    found = cameras(2, direction=["90;270", "45"])
    np.testing.assert_array_equal(found.batch.columns["azimuth_deg"], [np.nan, 45])
    assert "several directions" in notes(found)


def test_directions_of_travel_in_an_address() -> None:
    found = cameras(3, ADDRESS=["Main St s/b @ 1st", "3rd St n/b", "Oak St"])
    np.testing.assert_array_equal(found.batch.columns["azimuth_deg"], [180, 0, np.nan])
    np.testing.assert_array_equal(found.batch.columns["azimuth_tolerance_deg"], [22.5, 22.5, np.nan])
    assert found.batch.columns["name"].tolist()[0] == "Main St s/b @ 1st"
    assert "directions of travel" in notes(found)
    untouched = understand("cameras", points(1) | {"ADDRESS": ["Main St s/b @ 1st"]}, map={"azimuth_deg": ""})
    assert np.isnan(untouched.batch.columns["azimuth_deg"]).all()


def test_chinese_cameras() -> None:
    found = cameras(
        4,
        **{
            "设备编码": [f"3402000000132000010{n}" for n in range(4)],
            "点位名称": ["东门", "西门", "南门", "北门"],
            "类型": ["枪机", "球机", "半球", "全景"],
            "DirectionType": [1, 2, 6, 8],
            "是否在线": ["在线", "离线", "是", " "],
            "安装高度": ["3 米", "4", "3,5", ""],
        },
    )
    columns = found.batch.columns
    assert columns["kind"].tolist() == ["fixed", "ptz", "dome", "panoramic"]
    assert columns["azimuth_deg"].tolist() == [90, 270, 45, 315]
    assert set(columns["azimuth_tolerance_deg"].tolist()) == {22.5}
    assert columns["online"].tolist() == [1, 0, 1, -1]
    np.testing.assert_array_equal(columns["height_m"], [3, 4, 3.5, np.nan])
    assert "GB/T 28181" in notes(found)


def test_unknown_kinds_and_directions_stay_empty_with_a_note() -> None:
    found = cameras(2, type=["Work Zone", "Fixed"], direction=["inbound", "10"])
    assert found.batch.columns["kind"].tolist() == [None, "fixed"]
    assert "Work Zone" in notes(found) and "inbound" in notes(found)


@pytest.mark.parametrize(
    ("column", "value"),
    [("azimuth_deg", "400"), ("hfov_deg", "361"), ("range_m", "-1"), ("height_m", "900"), ("tilt_deg", "120"),
     ("pixels_h", "0"), ("pixels_h", "12.5"), ("range_m", "far"), ("online", "perhaps")],
)  # fmt: skip
def test_impossible_values_are_rejects_with_a_remedy(column: str, value: str) -> None:
    found = cameras(2, **{column: [value, None]})
    (reject,) = found.rejects
    assert (reject.row, reject.field, reject.value) == (1, column, value.removesuffix(".0"))
    assert reject.reason.format(**reject.params) and reject.remedy.format(**reject.params)


def test_blank_strings_are_missing() -> None:
    found = cameras(2, azimuth_deg=[" ", "\u00a0"], range_m=["", None], kind=[" ", "n/a"], online=[" ", "-"])
    columns = found.batch.columns
    assert np.isnan(columns["azimuth_deg"]).all() and np.isnan(columns["range_m"]).all()
    assert columns["kind"].tolist() == [None, None] and columns["online"].tolist() == [-1, -1]
    assert not found.rejects


def test_real_direction_texts_are_all_understood(shared_data: Path) -> None:
    import json

    forms = {}
    for name, column in (
        ("speed_cameras", "DIRECTION"),
        ("red_light_cameras", "DIRECTION"),
        ("enforcement_cameras", "ADDRESS"),
    ):
        text = (shared_data / "dc" / f"{name}.geojson").read_text(encoding="utf-8")
        values = [feature["properties"][column] for feature in json.loads(text)["features"]]
        found = [read_direction(value) for value in values if value.strip()]
        forms[name] = (len(found), sum(direction.form == "travel" for direction in found))
    assert forms == {"speed_cameras": (127, 127), "red_light_cameras": (46, 46), "enforcement_cameras": (143, 143)}


@pytest.mark.parametrize(
    ("purpose", "sign", "days"),
    [
        ("purpose", "warning_sign", "retention"),
        ("用途", "是否设置提示标识", "录像保存天数"),
        ("监控目的", "标识", "保存期限"),
    ],
)
def test_purpose_sign_and_retention_in_both_languages(purpose: str, sign: str, days: str) -> None:
    cells = {purpose: ["治安", "traffic", None], sign: ["是", "no", ""], days: ["30", "7", "long"]}
    found = understand("cameras", points(3) | cells)
    columns = found.batch.columns
    assert columns["purpose"].tolist() == ["治安", "traffic"]
    assert columns["sign"].tolist() == [1, 0]
    assert columns["retention_days"].tolist() == [30, 7]
    assert reasons(found) and "retention_days" in {reject.field for reject in found.rejects}


@pytest.mark.parametrize("name", ["masks", "隐私遮挡方位"])
def test_masked_sectors_are_read_and_one_that_cannot_be_is_a_reject(name: str) -> None:
    found = understand("cameras", points(4) | {name: ["120°~150°；340-20", "", "north", "无"]})
    assert found.batch.columns["masks"].tolist() == ["120-150; 340-20", None, None]
    assert [(reject.row, reject.field, reject.value) for reject in found.rejects] == [(3, "masks", "north")]


def test_a_purpose_that_tells_of_a_person_is_a_reject() -> None:
    cells = {"purpose": ["traffic", "watch the flat of 13800138000", "square", "school", "gate", "yard"]}
    found = understand("cameras", points(6) | cells)
    assert [(reject.row, reject.field, reject.value) for reject in found.rejects] == [(2, "purpose", "•••")]
