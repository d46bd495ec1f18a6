"""Parquet: the reference system, types and geometries of GeoParquet, and of plain Parquet with WKB."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

from store.errors import IntakeError
from store.intake.read_table import read_table
from tests.store.raw_tables import said

WKB = [shapely.to_wkb(shapely.Point(1, 2)), None, shapely.to_wkb(shapely.Point(3, 4))]


def geo(crs: object = "absent", encoding: str = "WKB") -> dict[bytes, bytes]:
    entry = {"encoding": encoding, "geometry_types": []} | ({} if crs == "absent" else {"crs": crs})
    whole = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": entry}}
    return {b"geo": json.dumps(whole).encode()}


@pytest.mark.parametrize(
    ("crs", "expected"),
    [
        ("absent", "EPSG:4326"),
        (None, None),
        ({"id": {"authority": "EPSG", "code": 26985}}, "EPSG:26985"),
        ({"id": {"authority": "OGC", "code": "CRS84"}}, "EPSG:4326"),
        ("EPSG:3857", "EPSG:3857"),
    ],
)
def test_geoparquet_and_its_crs(tmp_path: Path, crs: object, expected: str | None) -> None:
    table = pa.table({"n": [1, 2, 3], "geometry": pa.array(WKB, pa.binary())}).replace_schema_metadata(geo(crs))
    pq.write_table(table, tmp_path / "a.parquet")
    read = read_table(tmp_path / "a.parquet")
    assert (read.crs, list(read.columns), read.notes) == (expected, ["n"], ())
    assert [None if g is None else g.wkt for g in read.geometry] == ["POINT (1 2)", None, "POINT (3 4)"]


def test_a_projjson_without_code_can_be_read_again(tmp_path: Path) -> None:
    pyproj = pytest.importorskip("pyproj")
    own = pyproj.CRS.from_proj4("+proj=tmerc +lon_0=121.4 +lat_0=31 +datum=WGS84 +units=m")
    table = pa.table({"geometry": pa.array(WKB, pa.binary())}).replace_schema_metadata(geo(own.to_json_dict()))
    pq.write_table(table, tmp_path / "a.parquet")
    assert pyproj.CRS.from_user_input(read_table(tmp_path / "a.parquet").crs) == own


def test_plain_parquet_with_wkb_is_noted_and_broken_wkb_rejected(tmp_path: Path) -> None:
    pq.write_table(pa.table({"n": [1, 2, 3], "geometry": pa.array([WKB[0], b"\1\2", None])}), tmp_path / "a.parquet")
    table = read_table(tmp_path / "a.parquet")
    assert (table.row.tolist(), [r.row for r in table.rejects], table.crs) == ([1, 3], [2], None)
    assert table.columns["n"].tolist() == [1, 3]
    assert "nothing in the file says so" in said(table)


def test_types_of_parquet_columns(tmp_path: Path) -> None:
    moment = datetime.datetime(2020, 1, 2, 3, 4, 5, 678_000)
    columns = {
        "text": pa.array(["甲", None]),
        "code": pa.array(["a", "b"]).dictionary_encode(),
        "whole": pa.array([1, 2]),
        "gaps": pa.array([2**60 + 1, None]),
        "real": pa.array([1.5, None]),
        "yes": pa.array([True, False]),
        "maybe": pa.array([True, None]),
        "naive": pa.array([moment, None], pa.timestamp("us")),
        "utc": pa.array([moment, None], pa.timestamp("ms", "UTC")),
        "zoned": pa.array([moment, None], pa.timestamp("ms", "Asia/Shanghai")),
        "day": pa.array([moment.date(), None]),
        "parts": pa.array([["a"], None]),
        "none": pa.nulls(2),
        "raw": pa.array([b"a", b"b"]),
    }
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    table = read_table(tmp_path / "a.parquet")
    got = {name: values.tolist() for name, values in table.columns.items()}
    assert got["text"] == ["甲", None]
    assert got["code"] == ["a", "b"]
    assert got["whole"] == [1, 2]
    assert got["gaps"] == [2**60 + 1, None]
    assert got["real"][0] == 1.5
    assert np.isnan(got["real"][1])
    assert (got["yes"], got["maybe"]) == ([True, False], [True, None])
    for name in ("naive", "utc", "zoned"):  # instants of a zone come in UTC
        assert table.columns[name].dtype == "M8[ms]"
        assert table.columns[name][0] == np.datetime64(moment, "ms")
        assert np.isnat(table.columns[name][1])
    assert table.utc == {"utc", "zoned"}
    assert (got["day"], got["parts"], got["none"]) == (["2020-01-02", None], ['["a"]', None], [None, None])
    assert "raw" not in got
    assert "raw holds bytes" in said(table)


def test_native_geoarrow_encodings_are_refused_clearly(tmp_path: Path) -> None:
    points = pa.array([{"x": 1.0, "y": 2.0}])
    table = pa.table({"geometry": points}).replace_schema_metadata(geo(encoding="point"))
    pq.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(IntakeError, match="stored as point"):
        read_table(tmp_path / "a.parquet")


@pytest.mark.parametrize("metadata", [b"{", b"[]", b"{}", b'{"primary_column":"x","columns":{}}'])
def test_broken_geo_metadata_is_refused(tmp_path: Path, metadata: bytes) -> None:
    table = pa.table({"geometry": pa.array(WKB, pa.binary())}).replace_schema_metadata({b"geo": metadata})
    pq.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(IntakeError, match="geo metadata"):
        read_table(tmp_path / "a.parquet")
