"""Blobs and column values: there and back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.columns import Codes
from store import blobs, values
from store.reader import as_utc
from store.schema import Kind

finite = st.floats(-1e9, 1e9, allow_nan=False)
texts = st.lists(st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"]), max_size=8)), max_size=30)


@given(st.lists(st.tuples(finite, finite), max_size=30))
@settings(deadline=None)
def test_points_round_trip(points: list[tuple[float, float]]) -> None:
    xy = np.array(points, dtype=float).reshape(-1, 2)
    made = blobs.encode_points(xy[:, 0], xy[:, 1], 32635)
    x, y = blobs.decode_points(made)
    np.testing.assert_array_equal(np.column_stack([x, y]), xy)
    np.testing.assert_array_equal(blobs.bounds(made), np.column_stack([xy, xy]))
    np.testing.assert_array_equal(shapely.get_coordinates(blobs.decode_geometries(made)), xy)


def test_geometries_round_trip_with_null_and_empty() -> None:
    shapes = np.array(
        [shapely.box(0, 1, 2, 3), None, shapely.Point(5, 6), shapely.MultiPolygon(),
         shapely.LineString([(0, 0), (9, -9)])],
        dtype=object,
    )  # fmt: skip
    made = blobs.encode_geometries(shapes, 4326)
    back = blobs.decode_geometries(made)
    assert back[1] is None
    assert all(a == b for a, b in zip(np.delete(shapes, 1), np.delete(back, 1), strict=True))
    np.testing.assert_array_equal(blobs.bounds(made), shapely.bounds(shapes))
    assert blobs.envelope(made[3]) is None
    x, y = blobs.decode_points([made[2], None])
    assert (x[0], y[0]) == (5, 6) and np.isnan(x[1])


def test_envelope_of_blobs_other_programs_write() -> None:
    line = shapely.LineString([(1, 2), (3, 5)])
    plain = b"GP\x00\x01" + (4326).to_bytes(4, "little") + shapely.to_wkb(line)
    big_endian = b"GP\x00\x00" + (4326).to_bytes(4, "big") + shapely.to_wkb(line, byte_order=0)
    box, box_z = np.array([1, 3, 2, 5], ">f8").tobytes(), np.array([1, 3, 2, 5, 0, 9], "<f8").tobytes()
    line_z = shapely.to_wkb(shapely.LineString([(1, 2, 0), (3, 5, 9)]))
    big_box = b"GP\x00\x02" + (4326).to_bytes(4, "big") + box + shapely.to_wkb(line)
    with_z = b"GP\x00\x05" + (4326).to_bytes(4, "little") + box_z + line_z
    for blob in (plain, big_endian, big_box, with_z):
        assert blobs.envelope(blob) == (1, 2, 3, 5)
        assert blobs.decode_geometries([blob])[0].bounds == (1, 2, 3, 5)
    point = b"GP\x00\x00" + (4326).to_bytes(4, "big") + shapely.to_wkb(shapely.Point(7, 8), byte_order=0)
    assert blobs.envelope(point) == (7, 8, 7, 8)
    empty_point = b"GP\x00\x01" + (4326).to_bytes(4, "little") + shapely.to_wkb(shapely.Point())
    assert blobs.envelope(empty_point) is None


@given(st.lists(st.one_of(st.none(), st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31))), max_size=20))
@settings(deadline=None)
def test_times_round_trip(moments: list[datetime | None]) -> None:
    times = np.array([np.datetime64("NaT") if m is None else np.datetime64(m, "ms") for m in moments], "M8[ms]")
    written = values.time_texts(times)
    np.testing.assert_array_equal(values.parse_times(written), times)
    for text, moment in zip(written, moments, strict=True):
        assert (text is None) == (moment is None)
        if text and moment:  # the oracle: Python's own parser
            cut = moment.microsecond // 1000 * 1000
            assert datetime.fromisoformat(text) == moment.replace(microsecond=cut, tzinfo=UTC)


def test_times_of_other_programs() -> None:
    got = values.parse_times(
        ["2024-05-06T07:08:09Z", "2024-05-06T07:08:09.250+08:00", "2024-05-06", None, "", "yesterday",
         "2024-05-06T07:08:09.123Zx", "2024-13-06T07:08:09Z", "２０２４-05-06"]
    )  # fmt: skip
    want = ["2024-05-06T07:08:09", "2024-05-05T23:08:09.250", "2024-05-06T00:00", *["NaT"] * 6]
    np.testing.assert_array_equal(got, np.array(want, dtype="M8[ms]"))


def test_a_date_that_does_not_exist_is_missing() -> None:
    got = values.parse_times(["2023-02-30T00:00:00.000Z", "2023-02-28T24:61:00.000Z", "2023-02-28T00:00:00.000Z"])
    np.testing.assert_array_equal(got, np.array(["NaT", "NaT", "2023-02-28"], dtype="M8[ms]"))


@given(texts, texts)
@settings(deadline=None)
def test_codes_round_trip_and_join(first: list[str | None], second: list[str | None]) -> None:
    left, right = values.from_sql(Kind.CODE, first), values.from_sql(Kind.CODE, second)
    assert isinstance(left, Codes)
    assert left.decode().tolist() == first
    assert list(left.values) == sorted({text for text in first if text is not None})
    joined, whole = values.join(left, right), values.from_sql(Kind.CODE, first + second)
    assert joined.values == whole.values
    np.testing.assert_array_equal(joined.codes, whole.codes)
    assert not joined.codes.flags.writeable


@pytest.mark.parametrize(
    ("kind", "column", "want"),
    [
        (Kind.REAL, np.array([1.5, -0.0]), [1.5, -0.0]),
        (Kind.INTEGER, np.array([1.0, np.nan, 2.0**40]), [1, None, 2**40]),
        (Kind.BOOL, np.array([1, 0, -1], dtype=np.int8), [1, 0, None]),
        (Kind.TEXT, np.array(["a", None, ""], dtype=object), ["a", None, ""]),
    ],
)
def test_sql_values(kind: Kind, column: np.ndarray, want: list) -> None:
    made = values.to_sql(kind, column)
    assert made == want and [type(value) for value in made] == [type(value) for value in want]
    back = values.from_sql(kind, made)
    np.testing.assert_array_equal(back, column)
    assert not back.flags.writeable


def test_as_utc() -> None:
    east = timezone(timedelta(hours=8))
    assert as_utc(datetime(2024, 1, 1, 8, tzinfo=east)) == np.datetime64("2024-01-01T00:00", "ms")
    assert as_utc(np.datetime64("2024-01-01")) == np.datetime64("2024-01-01T00:00", "ms")
    with pytest.raises(ValueError, match="zone"):
        as_utc(datetime(2024, 1, 1))
