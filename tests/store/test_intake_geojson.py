"""GeoJSON: what is taken, repaired with a note, rejected with a reason, refused as a whole."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from store.errors import IntakeError
from store.intake import geojson, geojson_checks, read_geojson
from store.intake.notebook import NoteBook
from store.intake.raw import RawTable

BAD = 22
GOOD = 18


def read(value: Any, **options: Any) -> RawTable:
    text = value if isinstance(value, str) else json.dumps(value)
    return read_geojson.parse_geojson(text, NoteBook(), **options)


def feature(geometry: Any, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def collection(*features: Any, **members: Any) -> dict[str, Any]:
    return {"type": "FeatureCollection", **members, "features": list(features)}


def point(*position: float) -> dict[str, Any]:
    return {"type": "Point", "coordinates": list(position)}


def polygon(*rings: Any) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": list(rings)}


SQUARE = [[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]


def said(table: RawTable) -> str:
    return " | ".join(note.text() for note in table.notes)


def corpus(folder: Path, kind: str) -> list[Path]:
    return sorted((folder / "geojson" / kind).glob("*.geojson"))


def test_every_invalid_file_of_the_corpus_is_rejected_repaired_or_doubted(shared_corpora: Path) -> None:
    files = corpus(shared_corpora, "bad")
    silent = []
    for file in files:
        try:
            table = read_geojson.read_geojson(file)
        except IntakeError:
            continue
        if not table.notes and not table.rejects:
            silent.append(file.name)
    assert (len(files), silent) == (BAD, [])


def test_every_valid_file_of_the_corpus_is_read_without_a_word(shared_corpora: Path) -> None:
    files = corpus(shared_corpora, "good")
    tables = {file.name: read_geojson.read_geojson(file) for file in files}
    assert {name: (said(table), table.rejects) for name, table in tables.items() if table.notes or table.rejects} == {}
    assert all(len(table) for table in tables.values())
    assert len(files) == GOOD
    assert tables["nullgeometry.geojson"].geometry.tolist() == [None]


def test_a_collection_becomes_columns_in_source_order_with_row_numbers() -> None:
    table = read(
        collection(
            feature(point(1, 2), a=1, b="x"), feature(None, c=[1, {"k": "网格"}]), feature(point(3, 4), a=2.5, b=None)
        )
    )
    assert list(table.columns) == ["a", "b", "c"]
    assert table.columns["a"].tolist() == [1, None, 2.5]
    assert table.columns["c"].tolist() == [None, '[1, {"k": "网格"}]', None]
    assert table.row.tolist() == [1, 2, 3]
    assert [None if g is None else (g.x, g.y) for g in table.geometry] == [(1, 2), None, (3, 4)]
    assert (table.crs, table.driver, table.encoding, table.total) == ("EPSG:4326", "GeoJSON", "utf-8", 3)


def test_bare_geometry_and_single_feature_are_one_row() -> None:
    assert read(point(1, 2)).geometry[0].equals(shapely.Point(1, 2))
    table = read(feature(point(1, 2), name="a") | {"id": 7})
    assert (table.columns["name"].tolist(), table.columns["id"].tolist()) == (["a"], [7])


def test_ids_of_features_do_not_overwrite_a_property_called_id() -> None:
    table = read(collection(feature(point(1, 2), id="own") | {"id": "member"}))
    assert (table.columns["id"].tolist(), table.columns["feature_id"].tolist()) == (["own"], ["member"])


def test_type_after_the_features_is_understood() -> None:
    table = read('{"features":[{"geometry":null,"properties":{"a":1},"type":"Feature"}],"type":"FeatureCollection"}')
    assert table.columns["a"].tolist() == [1]


@pytest.mark.parametrize("separator", ["\n", "\r\n", "\n\x1e"])
def test_newline_delimited_features_and_geometries(separator: str) -> None:
    text = separator.join(json.dumps(part) for part in (feature(point(1, 2), a=1), point(3, 4), feature(None, a=3)))
    if "\x1e" in separator:
        text = "\x1e" + text
    table = read(text)
    assert (table.driver, len(table), table.columns["a"].tolist()) == ("GeoJSONSeq", 3, [1, None, 3])


def test_a_broken_line_of_a_sequence_is_a_reject_of_its_row() -> None:
    table = read("\n".join([json.dumps(feature(point(1, 2))), '{"type":"Feature",', json.dumps(feature(point(3, 4)))]))
    assert (table.row.tolist(), [reject.row for reject in table.rejects], table.total) == ([1, 3], [2], 3)


def test_limit_stops_early_even_before_a_fault() -> None:
    text = json.dumps(collection(*[feature(point(i, i)) for i in range(10)]))
    assert len(read(text[:-30], limit=5)) == 5
    with pytest.raises(IntakeError, match="cut off"):
        read(text[:-30])


# --- structure ------------------------------------------------------------------------------------------------------

FAULTS = {
    "null feature": (None, "", "not an object"),
    "wrong type": ({"type": "Foo", "properties": {}, "geometry": None}, "type", "not a feature"),
    "no type": ({"properties": {}, "geometry": None}, "type", "not a feature"),
    "properties number": ({"type": "Feature", "properties": 5, "geometry": None}, "properties", "not an object"),
    "geometry list": (feature([1, 2]), "geometry", "not an object"),
    "geometry without type": (feature({"coordinates": [1, 2]}), "geometry.type", "does not say its type"),
    "type is an object": (feature({"type": {}, "coordinates": [1, 2]}), "geometry.type", "does not say"),
    "unknown type": (feature({"type": "Circle", "coordinates": [1, 2]}), "geometry.type", "no such geometry type"),
    "no coordinates": (feature({"type": "Point"}), "geometry.coordinates", "no coordinates"),
    "text coordinate": (feature(point(1, "2")), "geometry.coordinates", "is text"),
    "null coordinate": (feature(point(1, None)), "geometry.coordinates", "not a number"),
    "true as coordinate": (feature(point(1, True)), "geometry.coordinates", "not a number"),
    "one number": (feature(point(1)), "geometry.coordinates", "fewer than two numbers"),
    "nested point": (feature(point([1, 2])), "geometry.coordinates", "fewer than two numbers"),
    "flat line": (feature({"type": "LineString", "coordinates": [1, 2]}), "geometry.coordinates", "not a list"),
    "short line": (feature({"type": "LineString", "coordinates": [[1, 2]]}), "geometry.coordinates", "fewer than two"),
    "coordinates object": (feature({"type": "LineString", "coordinates": {}}), "geometry.coordinates", "list"),
    "short ring": (feature(polygon([[0, 0], [1, 1], [0, 0]])), "geometry.coordinates", "fewer than four"),
    "two positions": (feature(polygon([[0, 0], [1, 1]])), "geometry.coordinates", "fewer than four"),
    "empty ring": (feature(polygon([])), "geometry.coordinates", "list"),
    "nested collection": (
        feature({"type": "GeometryCollection", "geometries": [{"type": "GeometryCollection", "geometries": []}]}),
        "geometry",
        "inside another",
    ),
    "null in collection": (feature({"type": "GeometryCollection", "geometries": [None]}), "geometry", "not an object"),
    "nan": (
        '{"type":"Feature","properties":{},"geometry":{"type":"Point","coordinates":[NaN,1]}}',
        "geometry.coordinates",
        "not a finite number",
    ),
    "infinity in ring": (
        '{"type":"Feature","properties":{},"geometry":{"type":"Polygon","coordinates":'
        "[[[0,0],[1,0],[1,-Infinity],[0,0]]]}}",
        "geometry.coordinates",
        "not a finite number",
    ),
    "1e999": (
        '{"type":"Feature","properties":{},"geometry":{"type":"Point","coordinates":[1e999,1]}}',
        "geometry.coordinates",
        "not a finite number",
    ),
    "huge integer": (feature(point(10**400, 1)), "geometry.coordinates", "not a finite number"),
    "two geometries": (
        '{"type":"Feature","properties":{},"geometry":null,"geometry":{"type":"Point","coordinates":[1,1]}}',
        "geometry",
        "given twice",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_faulty_row_is_rejected_alone(name: str) -> None:
    bad, field, reason = FAULTS[name]
    text = bad if isinstance(bad, str) else json.dumps(bad)
    good = json.dumps(feature(point(1, 2), a=1))
    table = read(f'{{"type":"FeatureCollection","features":[{good},{text},{good}]}}')
    assert table.row.tolist() == [1, 3]
    assert table.total == 3
    (reject,) = table.rejects
    assert (reject.row, reject.field) == (2, field)
    assert reason in reject.reason
    assert reject.remedy
    assert len(reject.value) <= 80


NOTES: dict[str, tuple[Any, str]] = {
    "ring not closed": (feature(polygon(SQUARE[:-1])), "not closed"),
    "clockwise": (feature(polygon(SQUARE[::-1])), "wound against"),
    "hole counter-clockwise": (
        feature(polygon(SQUARE, [[0.2, 0.2], [0.4, 0.2], [0.4, 0.4], [0.2, 0.2]])),
        "wound against",
    ),
    "mixed dimensions": (feature({"type": "LineString", "coordinates": [[0, 0], [1, 1, 5]]}), "mix positions"),
    "four numbers": (feature(point(1, 2, 3, 4)), "more than three"),
    "wrong case": (feature({"type": "POINT", "coordinates": [1, 2]}), "wrong case"),
    "feature in wrong case": (feature(point(1, 2)) | {"type": "feature"}, "wrong case"),
    "empty coordinates": (feature({"type": "Point", "coordinates": []}), "no coordinates"),
    "geometry with features": (feature(point(1, 2) | {"features": []}), "does not belong"),
    "feature with coordinates": (feature(point(1, 2)) | {"coordinates": [1, 2]}, "does not belong"),
    "bbox text": (feature(point(1, 2)) | {"bbox": "x"}, "bounding boxes"),
    "bbox of three": (feature(point(1, 2) | {"bbox": [1, 2, 3]}), "bounding boxes"),
    "bbox of texts": (feature(point(1, 2)) | {"bbox": [1, 2, "3", 4]}, "bounding boxes"),
    "no properties": ({"type": "Feature", "geometry": point(1, 2)}, "no properties member"),
    "no geometry": ({"type": "Feature", "properties": {}}, "no geometry member"),
    "id object": (feature(point(1, 2)) | {"id": {}}, "neither text nor number"),
    "nan property": ('{"type":"Feature","properties":{"a":NaN},"geometry":null}', "not JSON"),
    "infinite property": ('{"type":"Feature","properties":{"a":1e999},"geometry":null}', "not finite"),
    "half a surrogate": ('{"type":"Feature","properties":{"a":"\\ud800x"},"geometry":null}', "surrogate"),
    "NUL": ('{"type":"Feature","properties":{"a":"x\\u0000"},"geometry":null}', "NUL"),
    "key twice": ('{"type":"Feature","properties":{"a":1,"a":2},"geometry":null}', "twice"),
}


@pytest.mark.parametrize("name", NOTES)
def test_a_repair_or_doubt_is_noted_with_its_row(name: str) -> None:
    odd, words = NOTES[name]
    text = odd if isinstance(odd, str) else json.dumps(odd)
    good = json.dumps(feature(point(1, 2), z=1))
    table = read(f'{{"type":"FeatureCollection","features":[{good},{text},{good}]}}')
    assert (len(table), table.rejects) == (3, ())
    notes = [note for note in table.notes if words in note.text()]
    assert notes, said(table)
    assert notes[0].params["rows"] == "2"


def test_repairs_give_the_geometry_that_was_meant() -> None:
    table = read(
        collection(
            feature(polygon(SQUARE[:-1])),
            feature(point(1, 2, 3, 4)),
            feature({"type": "LineString", "coordinates": [[0, 0], [1, 1, 5]]}),
        )
    )
    assert table.geometry[0].equals(shapely.box(0, 0, 1, 1))
    assert table.geometry[1].wkt == "POINT Z (1 2 3)"
    assert table.geometry[2].wkt == "LINESTRING (0 0, 1 1)"


def test_missing_numbers_stay_missing() -> None:
    table = read(
        '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"a":NaN,"b":1},"geometry":null}]}'
    )
    assert table.columns["a"].tolist() == [None]


def test_notes_count_rows_and_name_the_first_ones() -> None:
    table = read(collection(*[feature(polygon(SQUARE[::-1])) for _ in range(9)]))
    (note,) = table.notes
    assert (note.params["count"], note.params["rows"]) == (9, "1, 2, 3, 4, 5 …")


@pytest.mark.parametrize(
    ("bbox", "silent"),
    [
        ([0, 0, 1, 1], True),
        ([0, 0, -9, 1, 1, 9], True),
        ([170, -1, -170, 1], True),
        ([0, 0, 1, 0.5], False),
        ([0.5, 0, 1, 1], False),
        ([5, 5, 6, 6], False),
    ],
)
def test_a_bounding_box_of_the_whole_is_checked(bbox: list[float], silent: bool) -> None:
    table = read(collection(feature(polygon(SQUARE)), feature(None), bbox=bbox))
    assert (table.notes == ()) == silent
    assert silent or "does not hold all" in said(table)


# --- the whole file -------------------------------------------------------------------------------------------------

REFUSED = {
    "nothing": ("", "empty"),
    "spaces": (" \n", "empty"),
    "no features": ('{"type":"FeatureCollection","features":[]}', "no rows"),
    "no features member": ('{"type":"FeatureCollection"}', "no features"),
    "features object": ('{"type":"FeatureCollection","features":{}}', "not a list"),
    "list": ("[1,2]", "JSON list"),
    "no type": ("{}", "not GeoJSON"),
    "unknown type": ('{"type":"FooBar"}', "FooBar"),
    "topojson": ('{"type":"Topology","objects":{}}', "TopoJSON"),
    "esri": ('{"geometryType":"esriGeometryPoint","features":[{"attributes":{},"geometry":{"x":1,"y":2}}]}', "Esri"),
    "trailing comma": ('{"type":"Point","coordinates":[1,2,]}', "line 1, column 36"),
    "second line": ('{"type":"Point",\n "coordinates":[1;2]}', "line 2"),
    "rest after the end": ('{"type":"Point","coordinates":[1,2]} x', "not valid JSON"),
    "cut in a string": ('{"type":"Poi', "cut off"),
    "cut in a list": ('{"type":"Point","coordinates":[1,', "cut off"),
    "cut after a feature": (json.dumps(collection(feature(point(1, 2))))[:-2], "cut off"),
    "deep lists": ('{"type":"Point","coordinates":' + "[" * 100_000, "nested too deeply"),
    "deep properties": ('{"type":"Feature","properties":{"a":' + '{"a":' * 100_000, "nested too deeply"),
    "5,000 digits": ('{"type":"Point","coordinates":[' + "9" * 5000 + ",1]}", "not valid JSON"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_is_not_geojson_is_refused_as_a_whole(name: str) -> None:
    text, words = REFUSED[name]
    with pytest.raises(IntakeError, match=words) as caught:
        read(text)
    assert caught.value.remedy


def test_packed_coordinates_of_echarts_are_explained() -> None:
    packed = feature({"type": "Polygon", "coordinates": ["@@NFPG"], "encodeOffsets": [[110563, 31635]]})
    with pytest.raises(IntakeError, match="ECharts"):
        read(collection(packed, UTF8Encoding=True))


def test_chongqing_is_refused_and_the_other_chinese_files_are_read(shared_data: Path) -> None:
    with pytest.raises(IntakeError, match="ECharts"):
        read_geojson.read_geojson(shared_data / "china" / "chongqing.geojson")
    counts = {
        file.stem: len(read_geojson.read_geojson(file)) for file in sorted((shared_data / "china").glob("h*.geojson"))
    }
    assert counts == {"hu2_bei3_sui2_zhou1": 3, "hu2_bei3_xiang1_yang2": 9, "hu2_nan2_heng2_yang2": 12}


# --- the reference system -------------------------------------------------------------------------------------------

NAMED = {
    "urn:ogc:def:crs:OGC:1.3:CRS84": "EPSG:4326",
    "urn:ogc:def:crs:EPSG::26985": "EPSG:26985",
    "urn:ogc:def:crs:EPSG:8.9:4490": "EPSG:4490",
    "EPSG:32650": "EPSG:32650",
    "epsg:32650": "EPSG:32650",
    "ESRI:102696": "ESRI:102696",
}


@pytest.mark.parametrize("name", NAMED)
def test_a_named_crs_is_honoured(name: str) -> None:
    table = read(collection(feature(point(1, 2)), crs={"type": "name", "properties": {"name": name}}))
    assert table.crs == NAMED[name]
    assert bool(table.notes) == (table.crs != "EPSG:4326")


def test_a_preview_knows_a_crs_behind_the_features() -> None:
    features = json.dumps([feature(point(i, i), crs="x") for i in range(9)])
    for tail, expected in (
        ('"crs": {"type":"name","properties":{"name":"EPSG:32650"}}', "EPSG:32650"),
        ('"crs": {"type"', "EPSG:4326"),
        ('"a": 1', "EPSG:4326"),
    ):
        text = f'{{"type":"FeatureCollection","features":{features},{tail}}}'
        assert read(text, limit=3).crs == expected


def test_a_crs_link_is_dropped_with_a_note() -> None:
    link = {"type": "link", "properties": {"href": "http://127.0.0.1:1/crs", "type": "proj4"}}
    table = read(collection(feature(point(1, 2)), crs=link))
    assert table.crs == "EPSG:4326"
    assert "not followed" in said(table)


@pytest.mark.parametrize(
    "crs", [None, "EPSG:4326", {}, {"type": "name"}, {"type": "name", "properties": {"name": "x"}}]
)
def test_a_crs_that_is_not_understood_is_unknown_not_guessed(crs: Any) -> None:
    table = read(collection(feature(point(1, 2)), crs=crs))
    assert table.crs is None
    assert "not understood" in said(table)


def test_files_of_the_2008_edition_have_no_rule_of_winding() -> None:
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}
    assert read(collection(feature(polygon(SQUARE[::-1])), crs=crs)).notes == ()
    assert read(collection(feature(polygon(SQUARE[::-1])))).notes != ()


# --- bytes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32", "gb18030", "big5"])
def test_other_encodings_are_read_with_a_note(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "a.geojson"
    name = "臺北市信義區松仁路" if encoding == "big5" else "北京市海淀区中关村大街"
    file.write_bytes(json.dumps(collection(feature(point(1, 2), name=name)), ensure_ascii=False).encode(encoding))
    table = read_geojson.read_geojson(file)
    assert table.columns["name"].tolist() == [name]
    assert table.notes


def test_a_million_vertices_and_a_long_text_are_read(tmp_path: Path) -> None:
    angle = np.linspace(0, 2 * np.pi, 1_000_000, endpoint=False)
    ring = np.column_stack((np.cos(angle), np.sin(angle)))
    closed = np.vstack((ring, ring[:1])).tolist()
    table = read(collection(feature(polygon(closed), text="网" * 5_000_000)))
    assert shapely.get_num_coordinates(table.geometry[0]) == 1_000_001
    assert math.isclose(table.geometry[0].area, math.pi, rel_tol=1e-6)
    assert len(table.columns["text"][0]) == 5_000_000


def test_too_many_columns_are_refused() -> None:
    with pytest.raises(IntakeError, match="2000 columns"):
        read(collection(*[feature(None, **{f"c{i}_{j}": 1 for j in range(100)}) for i in range(21)]))


# --- the fast path against the careful one --------------------------------------------------------------------------

number = st.one_of(st.integers(-180, 180), st.floats(-180, 180, allow_nan=False))
position = st.lists(number, min_size=2, max_size=3)
flat = st.tuples(number, number).map(list)
line = st.lists(flat, min_size=1, max_size=6)
ring = st.lists(flat, min_size=3, max_size=6).flatmap(lambda r: st.sampled_from([r, *[[*r, r[0]]] * 3]))
rings = st.lists(ring, min_size=1, max_size=3)
odd = st.sampled_from([None, [], "x", [[]], {"a": 1}, [1, "2"], 7])


def geometries(kind: str, coordinates: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries({"type": st.just(kind), "coordinates": st.one_of(*[coordinates] * 9, odd)})


anything = st.one_of(
    st.none(),
    geometries("Point", position),
    geometries("MultiPoint", st.lists(position, min_size=1, max_size=4)),
    geometries("LineString", line),
    geometries("MultiLineString", st.lists(line, min_size=1, max_size=3)),
    geometries("Polygon", rings),
    geometries("MultiPolygon", st.lists(rings, min_size=1, max_size=3)),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(anything, max_size=12))
def test_the_bulk_path_agrees_with_the_careful_one(objects: list[Any]) -> None:
    rows = list(range(1, len(objects) + 1))
    fast_book, slow_book = NoteBook(), NoteBook()
    fast, fast_faults = geojson.build_geometries(objects, rows, fast_book)
    slow, slow_faults = [], {}
    for at, value in enumerate(objects):
        try:
            slow.append(None if value is None else geojson_checks.build_one(value, rows[at], slow_book))
        except geojson_checks.FaultError as error:
            slow.append(None)
            slow_faults[at] = error.fault
    assert fast_faults == slow_faults
    assert [None if g is None else g.wkt for g in fast] == [None if g is None else g.wkt for g in slow]
    key = lambda note: (note.message, sorted(note.params.items()))  # noqa: E731
    assert sorted(fast_book.notes(), key=key) == sorted(slow_book.notes(), key=key)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(anything, odd).map(feature), min_size=1))
def test_taken_and_rejected_rows_add_up(features: list[Any]) -> None:
    table = read(collection(*features))
    numbers = sorted([*table.row.tolist(), *[reject.row for reject in table.rejects]])
    assert numbers == list(range(1, len(features) + 1))
    assert table.total == len(features)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet='{}[]":,0123456789.eE-+ \ntypefeaturscodingPlNaI', max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        table = read(text)
    except IntakeError as error:
        assert error.text()
    else:
        assert table.total == len(table) + len(table.rejects)
