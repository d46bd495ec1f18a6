"""Query parameters: what is read, what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from geo.columns import Snapshot
from geo.errors import ParameterError
from web import params

EMPTY = Snapshot(0, None, "Asia/Shanghai", {})
HELSINKI = Snapshot(1, "EPSG:32635", "Europe/Helsinki", {})


@pytest.mark.parametrize(
    ("text", "zone", "utc"),
    [
        ("2024-05-31", "Asia/Shanghai", "2024-05-30T16:00:00.000"),
        ("2024-05-31", "UTC", "2024-05-31T00:00:00.000"),
        ("2024-05-31T08:00", "Asia/Shanghai", "2024-05-31T00:00:00.000"),
        ("2024-05-31 08:00:30", "Asia/Shanghai", "2024-05-31T00:00:30.000"),
        ("2024-05-31T08:00+02:00", "Asia/Shanghai", "2024-05-31T06:00:00.000"),
        ("2024-05-31T08:00 02:00", "Asia/Shanghai", "2024-05-31T06:00:00.000"),
        ("2024-05-31T08:00:00.250Z", "Asia/Shanghai", "2024-05-31T08:00:00.250"),
        ("2024-03-31", "Europe/Helsinki", "2024-03-30T22:00:00.000"),
        ("2024-04-01", "Europe/Helsinki", "2024-03-31T21:00:00.000"),
    ],
)
def test_a_time_is_read_in_the_store_s_zone(text: str, zone: str, utc: str) -> None:
    assert params.moment(text, "from", zone) == np.datetime64(utc, "ms")


@pytest.mark.parametrize(
    "text", ["31.05.2024", "2024-13-01", "2024-02-30", "yesterday", "2024", "2024-05", "20240531", "0000-01-01",
             "2024-05-31T25:00", "2024-05-31T08:00+99:00", "٢٠٢٤-٠٥-٣١", "0001-01-01T00:00+14:00", "2024-05-31T",
             "0001-01-01", "9999-12-31T23:59:59Z"]
)  # fmt: skip
def test_a_time_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ParameterError) as caught:
        params.moment(text, "from", "Asia/Shanghai")
    assert caught.value.params["field"] == "from"
    assert caught.value.remedy


@given(st.text(max_size=40))
def test_any_text_is_a_time_or_a_parameter_error(text: str) -> None:
    try:
        found = params.moment(text, "from", "Asia/Shanghai")
    except ParameterError as error:
        assert error.text()
    else:
        assert found is None or not np.isnat(found)


def test_a_window_must_not_end_before_it_begins() -> None:
    assert params.window(None, None, "UTC") == (None, None)
    with pytest.raises(ParameterError):
        params.window("2024-02-01", "2024-01-01", "UTC")
    with pytest.raises(ParameterError):
        params.window("2024-02-01", "2024-02-01", "UTC")


def test_a_section_in_degrees_becomes_metres() -> None:
    found = params.layer_params(MultiDict({"bbox": "24.93,60.16,24.96,60.18"}), HELSINKI, "en").bbox
    assert found is not None
    minx, miny, maxx, maxy = found
    assert 1_600 < maxx - minx < 1_800
    assert 2_200 < maxy - miny < 2_400


@pytest.mark.parametrize(
    "query",
    [
        {"bbox": "1,2,3"}, {"bbox": "a,b,c,d"}, {"bbox": "nan,1,2,3"}, {"bbox": "24,61,25,60"}, {"bbox": "0,-91,1,1"},
        {"zoom": "x"}, {"zoom": "-1"}, {"zoom": "99"}, {"zoom": "inf"}, {"near_m": "-1"}, {"near_m": "1e9"},
        {"near_m": "nan"}, {"assumed_range_m": "0"}, {"online_only": "maybe"}, {"metric": "people"},
        {"method": "magic"}, {"level": "x" * 300}, {"from": "soon"}, {"from": "2024-02-01", "to": "2024-01-01"},
    ],
    ids=str,
)  # fmt: skip
def test_what_cannot_be_used_is_refused_with_the_field(query: dict[str, str]) -> None:
    with pytest.raises(ParameterError) as caught:
        params.layer_params(MultiDict(query), HELSINKI, "en")
    assert caught.value.params["field"] in query
    assert caught.value.text()


def test_absent_and_empty_parameters_take_their_defaults() -> None:
    plain = params.layer_params(MultiDict(), HELSINKI, "zh")
    empty = params.layer_params(
        MultiDict(dict.fromkeys(("level", "parent", "from", "to", "bbox", "zoom", "near_m", "online_only"), "")),
        HELSINKI, "zh",
    )  # fmt: skip
    assert plain == empty
    assert (plain.near_m, plain.assumed_range_m, plain.online_only, plain.lang) == (15.0, 50.0, False, "zh")


def test_categories_are_a_set() -> None:
    query = MultiDict([("category", "b"), ("category", "a"), ("category", "b")])
    assert params.layer_params(query, EMPTY, "en").categories == ("a", "b")
    with pytest.raises(ParameterError):
        params.categories(MultiDict([("category", str(i)) for i in range(501)]))


def test_a_section_of_an_empty_store_is_not_asked() -> None:
    assert params.layer_params(MultiDict({"bbox": "1,2,3,4"}), EMPTY, "en").bbox is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ()),
        ("8", (8,)),
        ("9,8,8", (8, 9)),
        ("22-1", (0, 1, 22, 23)),
        ("0-23", ()),
        ("5-5", (5,)),
        ("3, 7-8", (3, 7, 8)),
    ],
)
def test_hours_are_a_list_with_ranges_around_midnight(text: str, found: tuple[int, ...]) -> None:
    assert params.members(MultiDict({"hours": text}), "hours", 0, 23) == found


@pytest.mark.parametrize("text", ["24", "-1", "a", "1-", "1--2", "1;2", "٣", ","])
def test_hours_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ParameterError) as caught:
        params.members(MultiDict({"hours": text}), "hours", 0, 23)
    assert caught.value.params["field"] == "hours"


def test_all_weekdays_are_no_filter() -> None:
    assert params.members(MultiDict({"weekdays": "6-5"}), "weekdays", 1, 7) == ()
