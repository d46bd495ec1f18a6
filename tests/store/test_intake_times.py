"""A time is read exactly as written, on the clock that was stated, or it is refused: nothing is guessed silently."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.errors import IntakeError
from store.intake.times import Times, read_times


def column(*values: Any) -> np.ndarray:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def one(value: Any, **options: Any) -> str | None:
    found = read_times(column(value), "when", **options)
    return None if np.isnat(found.utc[0]) else str(found.utc[0])


def reasons(found: Times) -> list[tuple[str, list[int]]]:
    return [(fault.reason, np.flatnonzero(fault.where).tolist()) for fault in found.faults]


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2024-05-03T14:05:06Z", "2024-05-03T14:05:06.000"),
        ("2024-05-03 14:05:06.25+08:00", "2024-05-03T06:05:06.250"),
        ("2024-05-03 14:05:06,123456 +0800", "2024-05-03T06:05:06.123"),
        ("2024/02/20 11:08:25+00", "2024-02-20T11:08:25.000"),
        ("2016-08-05T12:45:21Z", "2016-08-05T12:45:21.000"),
        ("20240503T140506Z", "2024-05-03T14:05:06.000"),
        ("2024-05-03 14:05 UTC", "2024-05-03T14:05:00.000"),
        ("2024-05-03T24:00Z", "2024-05-04T00:00:00.000"),
        ("2024-05-03 14:05-03:30", "2024-05-03T17:35:00.000"),
        ("Fri, 03 May 2024 14:05:06 GMT", "2024-05-03T14:05:06.000"),
        (dt.datetime(2024, 5, 3, 14, 5, tzinfo=dt.timezone(dt.timedelta(hours=8))), "2024-05-03T06:05:00.000"),
    ],
)
def test_times_with_a_zone_need_no_other(text: Any, utc: str) -> None:
    assert one(text) == utc


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2024年5月3日 14时05分", "2024-05-03T06:05:00.000"),
        ("2024年5月3日14时05分30秒", "2024-05-03T06:05:30.000"),
        ("2024年05月03日", "2024-05-02T16:00:00.000"),
        ("2024年5月3日 下午2时05分", "2024-05-03T06:05:00.000"),
        ("2024年5月3日 14点", "2024-05-03T06:00:00.000"),
        ("２０２４－０５－０３ １４：０５", "2024-05-03T06:05:00.000"),
        ("2024-5-3 9:05", "2024-05-03T01:05:00.000"),
        ("20240503140506", "2024-05-03T06:05:06.000"),
        ("20240503", "2024-05-02T16:00:00.000"),
        ("3 May 2024 2:05 PM", "2024-05-03T06:05:00.000"),
        ("May 3, 2024 12:00 AM", "2024-05-02T16:00:00.000"),
        ("13/05/2024 08:00", "2024-05-13T00:00:00.000"),
        ("05/13/2024 8:00:00 AM", "2024-05-13T00:00:00.000"),
        ("13.05.2024", "2024-05-12T16:00:00.000"),
        (dt.datetime(2024, 5, 3, 14, 5), "2024-05-03T06:05:00.000"),
        (dt.date(2024, 5, 3), "2024-05-02T16:00:00.000"),
    ],
)
def test_times_without_a_zone_are_read_on_the_stated_clock(text: Any, utc: str) -> None:
    assert one(text, timezone="Asia/Shanghai") == utc


@pytest.mark.parametrize("text", ["2024-05-03 14:05", "2024-05-03", "2024年5月3日", dt.datetime(2024, 5, 3)])
def test_times_without_a_zone_are_refused_where_none_is_stated(text: Any) -> None:
    with pytest.raises(IntakeError, match="--timezone"):
        read_times(column(text, "2024-05-03T14:05:06Z"), "when")


def test_typed_columns() -> None:
    stamps = np.array(["2024-05-03T14:05", "NaT"], dtype="datetime64[us]")
    assert str(read_times(stamps, "when", utc=True).utc[0]) == "2024-05-03T14:05:00.000"
    assert str(read_times(stamps, "when", timezone="Asia/Shanghai").utc[0]) == "2024-05-03T06:05:00.000"
    with pytest.raises(IntakeError, match="1 times without a zone"):
        read_times(stamps, "when")
    old = read_times(np.array(["1899-12-30", "2024-01-01"], dtype="datetime64[ms]"), "when", utc=True)
    assert [where for _, where in reasons(old)] == [[0]]
    assert np.isnat(old.utc[0])


@pytest.mark.parametrize(
    "text",
    ["3/4/24", "13-05-24", "2024-02-30", "2023-02-29", "2024-13-01", "25:00", "2024-05-03 25:00Z", "2024-05-03 14:60Z",
     "2024-05", "yesterday", "May 2024", "1899-12-31T00:00Z", "2101-01-01T00:00Z", "1/2/3/4", "2024-05-03 14:05 EST",
     "0/0/2024", "13:05 PM 2024", "2024-05-03 13:05 PM", "x" * 5000, "2024-05-03T14:05:06+99:00", "１２"],
)  # fmt: skip
def test_what_is_no_time_is_a_fault_and_never_a_time(text: str) -> None:
    found = read_times(column(text, "2024-05-03T00:00Z"), "when", timezone="UTC", date_order="dmy")
    assert np.isnat(found.utc[0])
    assert sum(fault.where[0] for fault in found.faults) == 1
    assert not any(fault.where[1] for fault in found.faults)


def test_blank_cells_are_missing_not_faults() -> None:
    found = read_times(column("", "  ", None, float("nan"), "N/A", "未知", "2024-05-03T00:00Z"), "when")
    assert not found.faults
    assert np.isnat(found.utc).tolist() == [True] * 6 + [False]
    assert any("no time is known" in note.text() for note in found.notes)


def test_day_and_month_are_decided_by_evidence() -> None:
    american = read_times(column("01/30/2016 10:00", "02/03/2016 00:01"), "when", timezone="UTC")
    assert [str(value)[:10] for value in american.utc] == ["2016-01-30", "2016-02-03"]
    european = read_times(column("30/01/2016 10:00", "02/03/2016 00:01"), "when", timezone="UTC")
    assert [str(value)[:10] for value in european.utc] == ["2016-01-30", "2016-03-02"]
    assert "day/month/year" in european.notes[0].text()


def test_contradicting_evidence_rejects_what_cannot_be_decided() -> None:
    found = read_times(column("30/01/2016", "01/30/2016", "02/03/2016", "04/04/2016"), "when", timezone="UTC")
    assert [where for _, where in reasons(found)] == [[2]]
    assert [str(value)[:10] for value in found.utc[[0, 1, 3]]] == ["2016-01-30", "2016-01-30", "2016-04-04"]


def test_no_evidence_refuses_until_the_order_is_stated() -> None:
    values = column("02/03/2016", "04/05/2016")
    with pytest.raises(IntakeError, match="--date-order"):
        read_times(values, "when", timezone="UTC")
    assert str(read_times(values, "when", timezone="UTC", date_order="dmy").utc[0])[:10] == "2016-03-02"
    assert str(read_times(values, "when", timezone="UTC", date_order="mdy").utc[0])[:10] == "2016-02-03"


def test_a_stated_order_rejects_what_contradicts_it() -> None:
    found = read_times(column("30/01/2016", "01/30/2016"), "when", timezone="UTC", date_order="dmy")
    assert np.isnat(found.utc).tolist() == [False, True]
    assert "stated order" in found.faults[0].reason


def test_the_hour_that_the_clock_skips_is_rejected_and_the_repeated_one_noted() -> None:
    found = read_times(
        column("2024-03-10 02:30", "2024-11-03 01:30", "2024-03-10 03:00"), "when", timezone="America/Chicago"
    )
    assert np.isnat(found.utc).tolist() == [True, False, False]
    assert str(found.utc[1]) == "2024-11-03T06:30:00.000"  # the first of the two: still daylight saving
    assert str(found.utc[2]) == "2024-03-10T08:00:00.000"
    assert "never shows" in found.faults[0].reason
    assert any("occur twice" in note.text() for note in found.notes)


def test_a_day_without_midnight_begins_when_it_begins() -> None:
    found = read_times(column("2024-04-26"), "when", timezone="Africa/Cairo")  # clocks went from 00:00 to 01:00
    assert str(found.utc[0]) == "2024-04-25T22:00:00.000"
    assert not found.faults


def test_plain_numbers_are_times_only_where_the_column_was_named() -> None:
    values = column(1470400000, "1470400000000", 12)
    found = read_times(values, "when", epoch=True)
    assert [str(value) for value in found.utc[:2]] == ["2016-08-05T12:26:40.000"] * 2
    assert np.isnat(found.utc[2])
    assert sum("since 1970" in note.text() for note in found.notes) == 2
    unnamed = read_times(values, "when")
    assert np.isnat(unnamed.utc).all()
    assert any("named with --map" in fault.reason for fault in unnamed.faults)


def test_mixed_forms_are_noted() -> None:
    found = read_times(column("2024-05-03T14:05Z", "3 May 2024 14:05", "20240503"), "when", timezone="UTC")
    assert not np.isnat(found.utc).any()
    assert any("mixes written forms" in note.text() for note in found.notes)


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(IntakeError, match="Mars/Phobos"):
        read_times(column("2024-05-03"), "when", timezone="Mars/Phobos")


@given(
    st.datetimes(dt.datetime(1900, 1, 2), dt.datetime(2099, 12, 30)).map(lambda t: t.replace(microsecond=0)),
    st.sampled_from(
        ["Asia/Shanghai", "America/Chicago", "Europe/Helsinki", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"]
    ),
    st.sampled_from(
        ["%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y%m%d%H%M%S", "%d %b %Y %H:%M:%S", "%Y年%m月%d日 %H时%M分%S秒"]
    ),
)
def test_local_times_agree_with_the_standard_library(moment: dt.datetime, zone: str, form: str) -> None:
    found = read_times(column(moment.strftime(form)), "when", timezone=zone)
    aware = moment.replace(tzinfo=ZoneInfo(zone))
    back = aware.astimezone(dt.UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    if back != moment:
        assert np.isnat(found.utc[0])
        return
    expected = np.datetime64(aware.astimezone(dt.UTC).replace(tzinfo=None), "ms")
    assert found.utc[0] == expected


@given(st.lists(st.text(max_size=30), max_size=20))
def test_any_text_is_a_time_a_fault_or_missing(values: list[str]) -> None:
    found = read_times(column(*values), "when", timezone="UTC", date_order="dmy")
    faults = np.zeros(len(values), dtype=int)
    for fault in found.faults:
        faults += fault.where
        assert fault.reason.format(**fault.params)
    assert (faults <= 1).all()
    assert np.isnat(found.utc[faults == 1]).all()


def test_a_city_of_years_agrees_with_pandas(shared_data: Path) -> None:
    table = pd.read_parquet(shared_data / "stl" / "stl_incidents_2008_2019.parquet", columns=["dateoccur", "t"])
    found = read_times(table["dateoccur"].to_numpy(dtype=object), "dateoccur", timezone="America/Chicago")
    local = pd.DatetimeIndex(table["t"])
    oracle = local.tz_localize("America/Chicago", ambiguous=np.ones(len(local), bool), nonexistent="NaT")
    oracle_utc = oracle.tz_convert("UTC").tz_localize(None).to_numpy().astype("datetime64[ms]")
    assert len(table) == 626_123
    same = (found.utc == oracle_utc) | (np.isnat(found.utc) & np.isnat(oracle_utc))
    assert same.all()
    assert int(np.isnat(found.utc).sum()) == 21
