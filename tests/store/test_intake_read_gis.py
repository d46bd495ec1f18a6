"""GeoPackage, FlatGeobuf, Shapefile and Parquet alike: told by content, read as they are, refused when damaged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely

from store.errors import IntakeError
from store.intake.read_table import read_table
from tests.store.intake_files import EXPECTED, NAMES, execute, write_vector
from tests.store.raw_tables import by_n, said


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
