"""KML: placemarks are read, nothing it points to is followed, entities are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from store.errors import IntakeError
from store.intake.raw import RawTable
from store.intake.read_table import read_table

HEAD = '<?xml version="1.0" encoding="{encoding}"?>\n'
OPEN = '<kml xmlns="http://www.opengis.net/kml/2.2" xmlns:gx="http://www.google.com/kml/ext/2.2"><Document>'
CLOSE = "</Document></kml>"


def read(folder: Path, body: str, encoding: str = "UTF-8", *, head: str | None = None, **options: object) -> RawTable:
    file = folder / "a.kml"
    text = (HEAD.format(encoding=encoding) if head is None else head) + OPEN + body + CLOSE
    file.write_bytes(text.encode(encoding))
    return read_table(file, **options)  # type: ignore[arg-type]


def placemark(geometry: str, more: str = "") -> str:
    return f"<Placemark>{more}{geometry}</Placemark>"


def said(table: RawTable) -> str:
    return " | ".join(note.text() for note in table.notes)


SQUARE = "<LinearRing><coordinates>0,0 1,0 1,1 0,1 0,0</coordinates></LinearRing>"
HOLE = "<LinearRing><coordinates>.2,.2 .2,.4 .4,.4 .2,.2</coordinates></LinearRing>"
GEOMETRIES = {
    "<Point><coordinates>1,2</coordinates></Point>": "POINT (1 2)",
    "<Point><coordinates>\n 1 , 2 ,3\n</coordinates></Point>": "POINT Z (1 2 3)",
    "<LineString><coordinates>0,0,0\n\t1,1,0</coordinates></LineString>": "LINESTRING Z (0 0 0, 1 1 0)",
    f"<Polygon><outerBoundaryIs>{SQUARE}</outerBoundaryIs></Polygon>": "POLYGON ((0 0, 1 0, 1 1, 0 1, 0 0))",
    f"<Polygon><innerBoundaryIs>{HOLE}</innerBoundaryIs><outerBoundaryIs>{SQUARE}</outerBoundaryIs></Polygon>": (
        "POLYGON ((0 0, 1 0, 1 1, 0 1, 0 0), (0.2 0.2, 0.2 0.4, 0.4 0.4, 0.2 0.2))"
    ),
    SQUARE: "LINESTRING (0 0, 1 0, 1 1, 0 1, 0 0)",
    "<MultiGeometry><Point><coordinates>1,2</coordinates></Point><MultiGeometry><Point><coordinates>3,4</coordinates>"
    "</Point></MultiGeometry></MultiGeometry>": "MULTIPOINT ((1 2), (3 4))",
    "<MultiGeometry><Point><coordinates>1,2</coordinates></Point><LineString><coordinates>0,0 1,1</coordinates>"
    "</LineString></MultiGeometry>": "GEOMETRYCOLLECTION (POINT (1 2), LINESTRING (0 0, 1 1))",
    "": None,
    "<MultiGeometry></MultiGeometry>": None,
    "<Point><coordinates> </coordinates></Point>": None,
}


@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_geometries(tmp_path: Path, geometry: str) -> None:
    table = read(tmp_path, placemark(geometry))
    (shape,) = table.geometry
    assert (None if shape is None else shape.wkt) == GEOMETRIES[geometry]
    assert (table.crs, table.driver, table.total) == ("EPSG:4326", "KML", 1)


@pytest.mark.parametrize(
    ("geometry", "reason"),
    [
        ("<Point><coordinates>a,b</coordinates></Point>", "not a number"),
        ("<Point><coordinates>1</coordinates></Point>", "fewer than two numbers"),
        ("<Point><coordinates>1 2</coordinates></Point>", "more than one position"),
        ("<Point><coordinates>nan,2</coordinates></Point>", "not a finite number"),
        ("<LineString><coordinates>1,2</coordinates></LineString>", "fewer than two positions"),
        ("<gx:Track><gx:coord>1 2 3</gx:coord></gx:Track>", "not read"),
        ("<Model/>", "not read"),
    ],
)
def test_a_faulty_placemark_is_rejected_alone(tmp_path: Path, geometry: str, reason: str) -> None:
    good = placemark("<Point><coordinates>1,2</coordinates></Point>")
    table = read(tmp_path, good + placemark(geometry) + good)
    assert table.row.tolist() == [1, 3]
    assert [(reject.row, reason in reject.reason) for reject in table.rejects] == [(2, True)]


def test_columns(tmp_path: Path) -> None:
    body = (
        "<name>not a folder</name><Folder><name>甲</name><Folder><name>乙</name>"
        + placemark(
            "",
            "<name> A </name><description><![CDATA[<b>x</b>]]></description><TimeStamp><when>2020-01-02"
            "</when></TimeStamp><styleUrl>#s</styleUrl>",
        ).replace("<Placemark>", '<Placemark id="p1">')
        + "</Folder>"
        + placemark(
            "",
            '<ExtendedData><Data name="team"><displayName>x</displayName><value>三队</value></Data>'
            '<SchemaData schemaUrl="#x"><SimpleData name="level">grid</SimpleData></SchemaData></ExtendedData>',
        )
        + "</Folder>"
        + placemark("", "<name>C</name>")
    )
    table = read(tmp_path, body)
    columns = {name: values.tolist() for name, values in table.columns.items()}
    assert columns == {
        "id": ["p1", None, None],
        "folder": ["甲 / 乙", "甲", None],
        "name": ["A", None, "C"],
        "description": ["<b>x</b>", None, None],
        "when": ["2020-01-02", None, None],
        "team": [None, "三队", None],
        "level": [None, "grid", None],
    }


@pytest.mark.parametrize("kind", ["NetworkLink", "GroundOverlay"])
def test_links_are_noted_and_not_followed(tmp_path: Path, kind: str) -> None:
    link = f"<{kind}><name>x</name><Link><href>file:///etc/passwd</href></Link></{kind}>"
    table = read(tmp_path, link + placemark("<Point><coordinates>1,2</coordinates></Point>"))
    assert len(table) == 1
    assert f"has a {kind}" in said(table)


BOMB = (
    '<!DOCTYPE kml [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>'
)
EXTERNAL = '<!DOCTYPE kml [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize("doctype", [BOMB, EXTERNAL, "<!DOCTYPE kml>", '<!DOCTYPE kml SYSTEM "http://127.0.0.1:1/x">'])
@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16"])
@pytest.mark.parametrize("before", ["", "<!-- x -->\n"])
def test_a_document_type_is_refused(tmp_path: Path, doctype: str, encoding: str, before: str) -> None:
    with pytest.raises(IntakeError, match="document type"):
        read(
            tmp_path,
            placemark("", "<name>&a;</name>"),
            encoding,
            head=HEAD.format(encoding=encoding) + before + doctype,
        )


@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16", "GB18030", "GBK", "ISO-8859-1", "Big5"])
def test_declared_encodings(tmp_path: Path, encoding: str) -> None:
    name = {"ISO-8859-1": "Café", "Big5": "臺北市"}.get(encoding, "海淀区")
    assert read(tmp_path, placemark("", f"<name>{name}</name>"), encoding).columns["name"].tolist() == [name]


def test_a_lying_declaration_is_refused_with_candidates(tmp_path: Path) -> None:
    with pytest.raises(IntakeError, match="not in utf-8") as caught:
        read(tmp_path, placemark("", "<name>北京市海淀区</name>"), "gb18030", head=HEAD.format(encoding="UTF-8"))
    assert "gb18030" in caught.value.params["candidates"]
    table = read_table(tmp_path / "a.kml", encoding="gb18030")
    assert table.columns["name"].tolist() == ["北京市海淀区"]


def test_no_placemarks(tmp_path: Path) -> None:
    with pytest.raises(IntakeError, match="no rows"):
        read(tmp_path, "<name>x</name>")


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.99])
def test_a_document_cut_off(tmp_path: Path, kept: float) -> None:
    read(tmp_path, placemark("<Point><coordinates>1,2</coordinates></Point>") * 5)
    data = (tmp_path / "a.kml").read_bytes()
    (tmp_path / "a.kml").write_bytes(data[: int(len(data) * kept)])
    with pytest.raises(IntakeError, match="damaged or cut off"):
        read_table(tmp_path / "a.kml")


def test_deep_nesting_is_read_without_recursion(tmp_path: Path) -> None:
    deep = "<MultiGeometry>" * 20_000 + "<Point><coordinates>1,2</coordinates></Point>" + "</MultiGeometry>" * 20_000
    assert read(tmp_path, placemark(deep)).geometry[0].wkt == "MULTIPOINT ((1 2))"


def test_limit(tmp_path: Path) -> None:
    assert len(read(tmp_path, placemark("") * 50, limit=3)) == 3
