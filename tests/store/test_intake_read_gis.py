"""GeoPackage, FlatGeobuf, Shapefile and Parquet: read as they are, refused when damaged or able to run code."""

from __future__ import annotations

import datetime
import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely

from store.errors import IntakeError
from store.intake.raw import RawTable
from store.intake.read_table import read_table
from tests.store.intake_files import NAMES, write_shapefile, write_vector


def said(table: RawTable) -> str:
    return " | ".join(note.text() for note in table.notes)


def by_n(table: RawTable) -> dict[int, tuple[str, float, float]]:
    return {
        int(n): (name, g.x, g.y)
        for n, name, g in zip(table.columns["n"], table.columns["name"], table.geometry, strict=True)
    }


EXPECTED = {i: (NAMES[i], float(i), i + 0.5) for i in range(3)}


@pytest.mark.parametrize(("suffix", "driver"), [(".gpkg", "GPKG"), (".fgb", "FlatGeobuf"), (".shp", "ESRI Shapefile")])
def test_gdal_formats(tmp_path: Path, suffix: str, driver: str) -> None:
    table = read_table(write_vector(tmp_path / f"a{suffix}", driver, encoding="utf-8"))
    assert by_n(table) == EXPECTED
    assert (table.driver, table.crs, table.rejects, table.total) == (driver, "EPSG:4326", (), 3)
    assert (table.notes, table.row.tolist()) == ((), [1, 2, 3])


@pytest.mark.parametrize(("suffix", "driver"), [(".gpkg", "GPKG"), (".fgb", "FlatGeobuf"), (".shp", "ESRI Shapefile")])
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9, 0.98])
def test_a_file_cut_off_is_refused(tmp_path: Path, suffix: str, driver: str, kept: float) -> None:
    file = write_vector(tmp_path / f"a{suffix}", driver, rows=200, encoding="utf-8")
    data = file.read_bytes()
    file.write_bytes(data[: int(len(data) * kept)])
    with pytest.raises(IntakeError) as caught:
        read_table(file)
    assert caught.value.remedy


@pytest.mark.parametrize("kept", [0.01, 0.5, 0.99])
def test_parquet_cut_off_is_refused(tmp_path: Path, kept: float) -> None:
    file = tmp_path / "a.parquet"
    pq.write_table(pa.table({"a": list(range(5000))}), file)
    data = file.read_bytes()
    file.write_bytes(data[: int(len(data) * kept)])
    with pytest.raises(IntakeError, match="damaged or cut off"):
        read_table(file)


@pytest.mark.parametrize(("suffix", "driver"), [(".gpkg", "GPKG"), (".fgb", "FlatGeobuf"), (".shp", "ESRI Shapefile")])
def test_no_rows(tmp_path: Path, suffix: str, driver: str) -> None:
    file = write_vector(tmp_path / f"a{suffix}", driver, rows=0, encoding="utf-8")
    with pytest.raises(IntakeError, match="no rows"):
        read_table(file)


def test_a_name_without_a_known_suffix_promises_nothing(tmp_path: Path) -> None:
    write_vector(tmp_path / "a.gpkg", "GPKG").rename(tmp_path / "upload")
    assert read_table(tmp_path / "upload").notes == ()


@pytest.mark.parametrize("name", ["a.geojson", "a.csv", "a.zip", "a.KML"])
def test_content_decides_and_a_wrong_name_is_noted(tmp_path: Path, name: str) -> None:
    write_vector(tmp_path / "a.gpkg", "GPKG").rename(tmp_path / name)
    table = read_table(tmp_path / name)
    assert table.driver == "GPKG"
    assert "content is GPKG" in said(table)


def test_null_geometry_stays_a_row(tmp_path: Path) -> None:
    file = tmp_path / "a.gpkg"
    pyogrio.raw.write(
        file,
        np.array([shapely.to_wkb(shapely.Point(1, 2)), None], dtype=object),
        [np.array([1, 2])],
        ["n"],
        geometry_type="Point",
        crs="EPSG:4326",
        driver="GPKG",
    )
    assert [g is None for g in read_table(file).geometry] == [False, True]


def test_long_whole_numbers_keep_their_digits_beside_missing_ones(tmp_path: Path) -> None:
    file = tmp_path / "a.gpkg"
    code = np.array([340200000013200001, 0], dtype=np.int64)
    pyogrio.raw.write(
        file,
        shapely.to_wkb(shapely.points([0, 1], [0, 1])),
        [code],
        ["code"],
        [np.array([False, True])],
        geometry_type="Point",
        crs="EPSG:4326",
        driver="GPKG",
    )
    assert read_table(file).columns["code"].tolist() == [340200000013200001, None]


def test_undefined_srs_is_no_crs(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="crs"):
        file = write_vector(tmp_path / "a.gpkg", "GPKG", crs=None)
    assert read_table(file).crs is None


def test_text_that_should_be_utf8_and_is_not(tmp_path: Path) -> None:
    file = write_vector(tmp_path / "a.gpkg", "GPKG")
    for i, name in enumerate(NAMES):
        execute(file, f"UPDATE a SET name = CAST(x'{name.encode('gb18030').hex()}' AS TEXT) WHERE n = {i}")
    with pytest.raises(IntakeError, match="not in utf-8") as caught:
        read_table(file)
    assert "gb18030" in caught.value.params["candidates"]
    assert by_n(read_table(file, encoding="gb18030")) == EXPECTED


# --- GeoPackage -----------------------------------------------------------------------------------------------------


def two_layers(folder: Path) -> Path:
    file = write_vector(folder / "two.gpkg", "GPKG", layer="roads")
    return write_vector(file, "GPKG", layer="cameras", rows=2, append=True)


def test_several_layers_need_a_choice(tmp_path: Path) -> None:
    file = two_layers(tmp_path)
    with pytest.raises(IntakeError, match="cameras, roads"):
        read_table(file)
    table = read_table(file, layer_name="cameras")
    assert (len(table), table.layer_name) == (2, "cameras")
    with pytest.raises(IntakeError, match="no layer rails"):
        read_table(file, layer_name="rails")


def execute(file: Path, *statements: str) -> None:
    with closing(with_functions(file)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def with_functions(file: Path) -> sqlite3.Connection:
    """Connect with stand-ins for the functions that the triggers of a GeoPackage's R-tree call."""
    connection = sqlite3.connect(file)
    for name in ("ST_IsEmpty", "ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"):
        connection.create_function(name, 1, lambda blob: 0)
    return connection


def test_a_view_as_layer_is_refused(tmp_path: Path) -> None:
    file = write_vector(tmp_path / "a.gpkg", "GPKG", layer="base")
    execute(
        file,
        "CREATE VIEW trap AS SELECT * FROM base",
        "INSERT INTO gpkg_contents (table_name, data_type, srs_id) VALUES ('trap', 'features', 4326)",
    )
    with pytest.raises(IntakeError, match="is a view"):
        read_table(file, layer_name="trap")
    assert len(read_table(file, layer_name="base")) == 3


def test_a_virtual_table_is_refused(tmp_path: Path) -> None:
    file = write_vector(tmp_path / "a.gpkg", "GPKG")
    execute(file, "CREATE VIRTUAL TABLE words USING fts5(word)")
    with pytest.raises(IntakeError, match="virtual table words"):
        read_table(file)


def test_triggers_do_not_run_and_the_upload_stays_as_it_was(tmp_path: Path) -> None:
    file = write_vector(tmp_path / "a.gpkg", "GPKG")
    execute(
        file,
        "CREATE TABLE log (word TEXT)",
        "CREATE TRIGGER spy AFTER INSERT ON a BEGIN INSERT INTO log VALUES ('ran'); END",
    )
    before = file.read_bytes()
    assert len(read_table(file)) == 3
    assert file.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.gpkg"]


def test_other_sqlite_files_are_refused(tmp_path: Path) -> None:
    execute(tmp_path / "a.gpkg", "CREATE TABLE a (b)")
    with pytest.raises(IntakeError, match="SQLite"):
        read_table(tmp_path / "a.gpkg")


def test_a_write_ahead_log_beside_the_file_is_read_with_it(tmp_path: Path) -> None:
    file = write_vector(tmp_path / "a.gpkg", "GPKG")
    with closing(with_functions(file)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("UPDATE a SET name = 'late' WHERE n = 0")
        connection.commit()
        assert by_n(read_table(file))[0][0] == "late"


# --- Shapefile ------------------------------------------------------------------------------------------------------


def test_gbk_without_a_cpg_is_guessed_and_noted(tmp_path: Path) -> None:
    table = read_table(write_shapefile(tmp_path))
    assert by_n(table) == EXPECTED
    assert table.encoding == "gb18030"
    assert "guessed" in said(table)


def test_big5_without_a_cpg(tmp_path: Path) -> None:
    words = np.array(["臺北市信義區", "高雄市前金區", "竊盜案件"], dtype=object)
    table = read_table(write_shapefile(tmp_path, encoding="big5", 區=words[::-1].copy(), name=words))
    assert (table.encoding, table.columns["區"].tolist()) == ("big5", words[::-1].tolist())


def test_the_language_id_of_the_dbf_is_taken(tmp_path: Path) -> None:
    file = write_shapefile(tmp_path)
    dbf = file.with_suffix(".dbf")
    data = bytearray(dbf.read_bytes())
    data[29] = 0x4D
    dbf.write_bytes(data)
    table = read_table(file)
    assert (by_n(table), table.notes) == (EXPECTED, ())


@pytest.mark.parametrize("label", ["GBK", "936", "ANSI 936", "cp936", "GB18030"])
def test_a_cpg_is_taken(tmp_path: Path, label: str) -> None:
    file = write_shapefile(tmp_path)
    file.with_suffix(".cpg").write_text(label)
    table = read_table(file)
    assert (by_n(table), table.notes) == (EXPECTED, ())


def test_a_lying_cpg_is_refused_with_candidates(tmp_path: Path) -> None:
    file = write_shapefile(tmp_path)
    file.with_suffix(".cpg").write_text("UTF-8")
    with pytest.raises(IntakeError, match="not in utf-8") as caught:
        read_table(file)
    assert "gb18030" in caught.value.params["candidates"]
    assert "--encoding" in caught.value.remedy
    assert by_n(read_table(file, encoding="gbk")) == EXPECTED


def test_a_lying_single_byte_cpg_is_doubted(tmp_path: Path) -> None:
    file = write_shapefile(tmp_path)
    file.with_suffix(".cpg").write_text("ISO-8859-1")
    assert "looks like gb18030" in said(read_table(file))


def test_a_character_cut_by_the_width_of_its_field_spoils_nothing(tmp_path: Path) -> None:
    words = np.array(["x" * 254, "街道", "社区"], dtype=object)
    file = write_shapefile(tmp_path, word=words)
    dbf = file.with_suffix(".dbf")
    whole = ("网" * 126 + "a网").encode("gb18030")  # 255 bytes in a field of 254
    data = dbf.read_bytes()
    at = data.index(b"x" * 254)
    dbf.write_bytes(data[:at] + whole[:254] + data[at + 254 :])
    table = read_table(file)
    assert (table.encoding, table.columns["word"].tolist()) == ("gb18030", ["网" * 126 + "a", "街道", "社区"])
    assert "half a character" in said(table)


def test_missing_parts(tmp_path: Path) -> None:
    file = write_shapefile(tmp_path)
    file.with_suffix(".prj").unlink()
    assert read_table(file).crs is None
    file.with_suffix(".shx").unlink()
    table = read_table(file)
    assert by_n(table) == EXPECTED
    assert ".shx part is missing" in said(table)
    file.with_suffix(".dbf").unlink()
    table = read_table(file)
    assert len(table) == 3
    assert ".dbf part is missing" in said(table)


def test_parts_of_two_files_do_not_belong_together(tmp_path: Path) -> None:
    file = write_shapefile(tmp_path)
    other = write_shapefile(tmp_path, stem="b", rows=2)
    shutil.copyfile(other.with_suffix(".dbf"), file.with_suffix(".dbf"))
    with pytest.raises(IntakeError, match="do not belong together"):
        read_table(file)


def test_a_short_dbf_is_refused(tmp_path: Path) -> None:
    file = write_shapefile(tmp_path, rows=50)
    dbf = file.with_suffix(".dbf")
    dbf.write_bytes(dbf.read_bytes()[:-200])
    with pytest.raises(IntakeError, match="cut off"):
        read_table(file)


# --- Parquet --------------------------------------------------------------------------------------------------------

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


# --- other files ----------------------------------------------------------------------------------------------------

VRT = (
    b'<OGRVRTDataSource><OGRVRTLayer name="x"><SrcDataSource>/etc/passwd</SrcDataSource></OGRVRTLayer>'
    b"</OGRVRTDataSource>"
)


@pytest.mark.parametrize("name", ["a.geojson", "a.kml", "a.csv", "a.vrt", "a.gpkg"])
@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf", b'<?xml version="1.0"?>\n<!-- kml -->\n', b" \n"])
def test_a_vrt_is_refused_whatever_its_name(tmp_path: Path, name: str, start: bytes) -> None:
    (tmp_path / name).write_bytes(start + VRT)
    with pytest.raises(IntakeError, match="OGRVRTDataSource"):
        read_table(tmp_path / name)


@pytest.mark.parametrize("data", [b"", b" \n\n", b"\0" * 100, b"\xef\xbb\xbf"])
@pytest.mark.parametrize("suffix", [".geojson", ".gpkg", ".zip", ".csv", ".parquet"])
def test_an_empty_file_is_called_empty(tmp_path: Path, data: bytes, suffix: str) -> None:
    (tmp_path / f"a{suffix}").write_bytes(data)
    with pytest.raises(IntakeError, match="is empty"):
        read_table(tmp_path / f"a{suffix}")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"%PDF-1.7 ...", "PDF"),
        (b"\x1f\x8b\x08\0\0\0", "gzip"),
        (b"\xd0\xcf\x11\xe0" + bytes(600), "Excel 97"),
        (b"\x89PNG\r\n", "PNG"),
        (b"<gml:FeatureCollection xmlns:gml='x'/>", "FeatureCollection"),
        (b"<html>", "html"),
        (bytes(range(1, 32)) * 10, "no known format"),
        (b"PAR1", "cut off"),
        (b"fgb\x03fgb\x00", "cut off"),
        (b"SQLite format 3\0", "damaged"),
        (b"\0\0\x27\x0a", "cut off"),
        (b"PK\x03\x04", "damaged"),
    ],
)
def test_other_content_is_refused_by_name(tmp_path: Path, data: bytes, words: str) -> None:
    (tmp_path / "a.geojson").write_bytes(data)
    with pytest.raises(IntakeError, match=words):
        read_table(tmp_path / "a.geojson")


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(IntakeError, match="no file"):
        read_table(tmp_path / "a.csv")


# --- real files -----------------------------------------------------------------------------------------------------


def test_saint_louis(shared_data: Path) -> None:
    table = read_table(shared_data / "stl" / "stl_incidents_2008_2019.parquet")
    assert (len(table), table.total, table.geometry, table.crs) == (626_123, 626_123, None, None)
    assert table.columns["t"].dtype == "M8[ms]"
    months = [read_table(file) for file in sorted((shared_data / "stl" / "monthly").glob("*.csv"))]
    assert [(len(month), month.rejects) for month in months] == [(5204, ()), (3900, ()), (3813, ()), (3646, ())]


def test_washington(shared_data: Path) -> None:
    requests = read_table(shared_data / "dc" / "service_requests_311_30d_2016.parquet")
    assert (len(requests), requests.crs) == (22_947, "EPSG:4326")
    assert requests.utc == {"ADDDATE", "RESOLUTIONDATE", "SERVICEDUEDATE"}
    counts = {file.stem: len(read_table(file)) for file in sorted((shared_data / "dc").glob("*cameras.geojson"))}
    assert counts == {
        "cctv_cameras": 596,
        "enforcement_cameras": 143,
        "red_light_cameras": 50,
        "speed_cameras": 127,
        "traffic_cameras": 339,
    }
    assert len(read_table(shared_data / "dc" / "buildings_downtown.gpkg")) == 1251


def test_helsinki_needs_a_choice_of_layer(shared_data: Path) -> None:
    with pytest.raises(IntakeError, match="buildings, cameras, roads"):
        read_table(shared_data / "osm" / "helsinki.gpkg")
    assert len(read_table(shared_data / "osm" / "helsinki.gpkg", layer_name="cameras")) == 223
