"""Exports: what is read back is what was stored, in every format."""

from __future__ import annotations

import csv
import zipfile
from pathlib import Path

import geopandas
import numpy as np
import openpyxl
import pytest
import shapely
from shapely.geometry import Polygon

from geo.crs import WGS84, transform_geometry, transform_xy
from geo.errors import ParameterError
from store.batch import Batch
from store.errors import ExportError
from store.export import DBF_NAMES, SUFFIXES, export_layer
from store.export_tables import safe_text
from store.schema import LAYERS, Kind
from store.store import Store
from tests.store.factories import CRS, SOURCE, batch

FRAMES = (".geojson", ".gpkg", ".fgb", ".parquet", ".shp.zip")
EVIL = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\r=1", "#N/A", "#REF!", "plain", "中文", " =1", "'quoted", "<b>${x}",
        "＝1+1", "＠SUM(A1)"]  # fmt: skip


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory):
    with Store.open(tmp_path_factory.mktemp("store") / "s.gpkg") as store:
        for seed, layer in enumerate(LAYERS):
            store.write(batch(layer, 60, seed), "append", SOURCE)
        yield store.snapshot()


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory):
    with Store.open(tmp_path_factory.mktemp("store") / "s.gpkg") as store:
        yield store.snapshot()


def _read(file: Path) -> geopandas.GeoDataFrame:
    return geopandas.read_parquet(file) if file.suffix == ".parquet" else geopandas.read_file(file)


def _texts(values) -> list[str | None]:
    return [None if value is None or value != value or value == "" else value for value in values]


def _expected_geometry(columns, source, target):
    if columns.x is not None:
        return shapely.points(*transform_xy(columns.x, columns.y, source, target))
    return transform_geometry(columns.geometry, source, target)


@pytest.mark.parametrize("suffix", FRAMES)
@pytest.mark.parametrize("layer", LAYERS)
def test_round_trip(filled, tmp_path: Path, layer: str, suffix: str) -> None:
    file = tmp_path / f"输出{suffix}"
    assert export_layer(filled, layer, file) == 60
    assert [path.name for path in tmp_path.iterdir()] == [file.name]
    if suffix == ".shp.zip" and layer == "places":
        with zipfile.ZipFile(file) as archive:
            parts = sorted({Path(name).stem for name in archive.namelist()})
        assert parts == ["places_point", "places_polygon"]
        frames = [geopandas.read_file(f"/vsizip/{file}/{part}.shp") for part in parts]
        assert sorted(name for frame in frames for name in frame["id"]) == sorted(filled[layer].text("id"))
        return
    frame = _read(file)
    columns = filled[layer]
    assert frame.crs.to_epsg() == 4326
    key = "code" if layer == "grids" else "id"
    frame = frame.set_index(key).loc[columns.text(key)].reset_index()  # FlatGeobuf sorts along a curve
    for column in LAYERS[layer].columns:
        name = DBF_NAMES.get(column.name, column.name) if suffix == ".shp.zip" else column.name
        got = frame[name]
        if column.kind in (Kind.TEXT, Kind.CODE):
            assert _texts(got) == _texts(columns.text(column.name)), column.name
        elif column.kind is Kind.TIME:
            times = columns.columns[column.name]
            if suffix == ".shp.zip":
                parsed = [np.datetime64(t[:-1], "ms") if isinstance(t, str) else np.datetime64("NaT") for t in got]
                assert all(not isinstance(t, str) or t.endswith("Z") for t in got)
            else:
                assert str(got.dt.tz) == "UTC"
                parsed = got.dt.tz_localize(None).to_numpy().astype("datetime64[ms]")
            np.testing.assert_array_equal(np.array(parsed, dtype="datetime64[ms]"), times)
        else:
            values = np.asarray(columns.columns[column.name], dtype=float)
            if column.kind is Kind.BOOL:
                values = np.where(values < 0, np.nan, values)
            np.testing.assert_allclose(np.array([np.nan if v is None else v for v in got], float), values, rtol=1e-12)
    want = _expected_geometry(columns, CRS, WGS84)
    got = frame.geometry.to_numpy()
    if suffix == ".shp.zip":  # GDAL reads a Shapefile's one-part geometries as simple ones
        got, want = (np.array([shapely.get_parts(geometry)[0] for geometry in each]) for each in (got, want))
    assert shapely.equals_exact(shapely.normalize(got), shapely.normalize(want), 2e-7).all()


@pytest.mark.parametrize("suffix", FRAMES)
@pytest.mark.parametrize("layer", LAYERS)
def test_other_crs_and_empty(filled, empty, tmp_path: Path, layer: str, suffix: str) -> None:
    file = tmp_path / f"out{suffix}"
    assert export_layer(empty, layer, file) == 0
    if layer != "places" or suffix != ".shp.zip":
        assert len(_read(file)) == 0
        assert export_layer(filled, layer, file, "EPSG:3067") == 60
        frame = _read(file)
        assert frame.crs.to_epsg() == 3067
        want = shapely.total_bounds(_expected_geometry(filled[layer], CRS, "EPSG:3067"))
        np.testing.assert_allclose(frame.total_bounds, want, atol=0.01)


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
@pytest.mark.parametrize("layer", LAYERS)
def test_tables(filled, tmp_path: Path, layer: str, suffix: str) -> None:
    file = tmp_path / f"out{suffix}"
    assert export_layer(filled, layer, file) == 60
    head, *rows = _table(file)
    columns = filled[layer]
    assert head[: len(LAYERS[layer].columns)] == list(LAYERS[layer].names)
    table = dict(zip(head, zip(*rows, strict=True), strict=True))
    for column in LAYERS[layer].columns:
        got = table[column.name]
        if column.kind in (Kind.TEXT, Kind.CODE):
            assert _texts(got) == [safe_text(text) for text in columns.text(column.name)]
        elif column.kind is Kind.TIME:
            want = columns.columns[column.name]
            assert all(not text or text.endswith("Z") for text in got)
            parsed = [np.datetime64(text[:-1], "ms") if text else np.datetime64("NaT") for text in got]
            np.testing.assert_array_equal(np.array(parsed), want)
        elif column.kind is Kind.BOOL:
            said = {"true": 1, "false": 0, "": -1, None: -1, True: 1, False: 0}
            assert [said[value] for value in got] == columns.columns[column.name].tolist()
        else:
            want = np.asarray(columns.columns[column.name])
            numbers = np.array([float(v) if v not in ("", None) else np.nan for v in got])
            np.testing.assert_allclose(numbers, want, rtol=0 if suffix == ".csv" else 1e-15)  # XLSX: 16 digits
    want = _expected_geometry(columns, CRS, WGS84)
    if LAYERS[layer].pure_points:
        np.testing.assert_allclose(np.array(table["lon"], float), shapely.get_x(want), atol=1e-7)
        np.testing.assert_allclose(np.array(table["lat"], float), shapely.get_y(want), atol=1e-7)
    else:
        assert shapely.equals_exact(shapely.from_wkt(np.array(table["wkt"], object)), want, 1e-6).all()


def _table(file: Path) -> list[list]:
    if file.suffix == ".csv":
        with file.open(encoding="utf-8-sig", newline="") as stream:
            return list(csv.reader(stream))
    book = openpyxl.load_workbook(file)
    try:
        return [[cell.value for cell in row] for row in book.active.iter_rows()]
    finally:
        book.close()


def _evil_snapshot(tmp_path: Path, texts: list[str]):
    count = len(texts)
    made = batch("cameras", count, 1, name=np.array(texts, dtype=object), tilt_deg=np.full(count, -12.5))
    with Store.open(tmp_path / "evil.gpkg") as store:
        store.write(made, "append", SOURCE)
        return store.snapshot()


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_formulas_are_disarmed(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"out{suffix}"
    export_layer(_evil_snapshot(tmp_path, EVIL), "cameras", file)
    head, *rows = _table(file)
    names = [row[head.index("name")] for row in rows]
    want = [f"'{text}" if text[0] in "=+-@\t\r＝＋－＠" else text for text in EVIL]
    if suffix == ".xlsx":  # XML has no bare carriage return
        names = [name.replace("_x000D_", "\r").replace("\n", "\r") for name in names]
        sheet = openpyxl.load_workbook(file).active
        kinds = {cell.data_type for row in sheet.iter_rows() for cell in row if cell.value is not None}
        assert "f" not in kinds and "e" not in kinds
    assert names == want
    assert {float(row[head.index("tilt_deg")]) for row in rows} == {-12.5}  # numbers stay numbers


def test_large_and_odd_text(tmp_path: Path) -> None:
    long = "长" * 40_000
    snapshot = _evil_snapshot(tmp_path, [long, "bell \x07"])
    for suffix in (".geojson", ".gpkg", ".fgb", ".parquet"):
        export_layer(snapshot, "cameras", tmp_path / f"a{suffix}")
        assert sorted(_read(tmp_path / f"a{suffix}")["name"]) == sorted([long, "bell \x07"])
    export_layer(snapshot, "cameras", tmp_path / "a.csv")
    assert _table(tmp_path / "a.csv")[1][1] == long
    for suffix in (".xlsx", ".shp.zip"):
        with pytest.raises(ExportError):
            export_layer(snapshot, "cameras", tmp_path / f"a{suffix}")
        assert not (tmp_path / f"a{suffix}").exists()
    export_layer(_evil_snapshot(tmp_path / "b", ["bell \x07"]), "cameras", tmp_path / "a.xlsx")
    assert _table(tmp_path / "a.xlsx")[1][1] == "bell \ufffd"


def test_shapefile_names_fit_and_are_distinct() -> None:
    for layer in LAYERS.values():
        names = [DBF_NAMES.get(name, name) for name in layer.names]
        assert all(len(name) <= 10 for name in names)
        assert len(set(names)) == len(names)


def test_shapefile_says_utf8(filled, tmp_path: Path) -> None:
    export_layer(filled, "streets", tmp_path / "s.shp.zip")
    with zipfile.ZipFile(tmp_path / "s.shp.zip") as archive:
        assert archive.read("streets.cpg").decode() == "UTF-8"
        assert {Path(name).suffix for name in archive.namelist()} >= {".shp", ".dbf", ".shx", ".prj"}


def test_refusals_leave_the_old_file(filled, tmp_path: Path) -> None:
    old = tmp_path / "old.csv"
    old.write_text("old")
    with pytest.raises(ParameterError):
        export_layer(filled, "cameras", old, "EPSG:1")
    for call in (("nothing", old), ("cameras", tmp_path / "a.doc"), ("cameras", tmp_path / "no" / "a.csv")):
        with pytest.raises(ExportError) as caught:
            export_layer(filled, *call)
        assert caught.value.remedy and caught.value.text()
    assert old.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["old.csv"]
    assert export_layer(filled, "cameras", old) == 60
    assert old.read_text(encoding="utf-8-sig").startswith("id,")


def test_a_store_is_never_overwritten(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store.gpkg") as store:
        store.write(batch("cameras", 3), "append", SOURCE)
        with pytest.raises(ExportError):
            export_layer(store.snapshot(), "cameras", store.path)
    with Store.open(tmp_path / "store.gpkg") as store:
        with pytest.raises(ExportError):
            export_layer(store.snapshot(), "cameras", store.path)
        assert len(store.snapshot()["cameras"]) == 3


def test_holes_and_order_survive(tmp_path: Path) -> None:
    ring = [(0, 0), (0, 100), (100, 100), (100, 0)]
    hole = [(10, 10), (20, 10), (20, 20), (10, 20)]
    shape = shapely.MultiPolygon([Polygon(np.array(ring) + 380_000, [np.array(hole) + 380_000])])
    made = batch("buildings", 1)
    made = Batch("buildings", CRS, made.columns, geometry=np.array([shape], dtype=object))
    with Store.open(tmp_path / "store.gpkg") as store:
        store.write(made, "append", SOURCE)
        for suffix in SUFFIXES:
            assert export_layer(store.snapshot(), "buildings", tmp_path / f"h{suffix}", CRS) == 1
    for suffix in FRAMES:
        frame = _read(tmp_path / f"h{suffix}")
        assert frame.geometry.iloc[0].area == pytest.approx(9_900)
