"""Files made to hurt the one who reads them: small on the disk, without end when read, or with code in them."""

from __future__ import annotations

import io
import json
import sqlite3
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from store.intake import parquet_pages
from tests.store.intake_files import write_vector, zeros

Make = Callable[[Path], Path]
_SHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData></worksheet>'
)
_WORKBOOK = (
    '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
    '<sheets><sheet name="a" sheetId="1" r:id="rId1"/></sheets></workbook>'
)
_ROOT = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="rId1" Target="xl/workbook.xml" '
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"/></Relationships>'
)
_RELATIONS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="rId1" Target="worksheets/sheet1.xml" '
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"/>'
    '<Relationship Id="rId2" Target="sharedStrings.xml" '
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings"/></Relationships>'
)


def _text(name: str, text: str | bytes) -> Make:
    def make(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return make


def _zip_of_zeros(name: str) -> Make:
    def make(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(zeros(256 << 20))
        return path

    return make


def _nested(folder: Path) -> Path:
    inner = zeros(64 << 20)
    for _ in range(5):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for number in range(10):
                archive.writestr(f"{number}.csv", inner)  # archives under a harmless name
        inner = out.getvalue()
    path = folder / "nested.zip"
    path.write_bytes(inner)
    return path


def _overlapping(folder: Path) -> Path:
    """Many entries of the central directory that name the same packed bytes (Fifield, "A better zip bomb")."""
    kernel = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = kernel.compress(bytes(1 << 20)) + kernel.flush()
    crc = zlib.crc32(bytes(1 << 20))
    out, entries = bytearray(), bytearray()
    out += struct.pack("<IHHHHHIIIHH", 0x04034B50, 20, 0, 8, 0, 0, crc, len(packed), 1 << 20, 5, 0) + b"0.csv" + packed
    for number in range(1900):
        name = f"{number}.csv".encode()
        entries += struct.pack(
            "<IHHHHHHIIIHHHHHII", 0x02014B50, 20, 20, 0, 8, 0, 0, crc, len(packed), 1 << 20, len(name), 0, 0, 0, 0, 0, 0
        )  # fmt: skip
        entries += name
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 1900, 1900, len(entries), len(out), 0)
    path = folder / "overlapping.zip"
    path.write_bytes(bytes(out + entries) + end)
    return path


def _quine(folder: Path) -> Path:
    """An archive that says it holds itself (as r.zip of Russ Cox does)."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("r/r.zip", b"PK\x03\x04" + bytes(400))
    path = folder / "r.zip"
    path.write_bytes(out.getvalue())
    return path


def _many_entries(folder: Path) -> Path:
    path = folder / "many.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(20_000):
            archive.writestr(f"{number}", b"")
    return path


def _xlsx(cells: str, strings: str = "", name: str = "a.xlsx") -> Make:
    def make(folder: Path) -> Path:
        path = folder / name
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("[Content_Types].xml", "<Types/>")
            archive.writestr("_rels/.rels", _ROOT)
            archive.writestr("xl/workbook.xml", _WORKBOOK)
            archive.writestr("xl/_rels/workbook.xml.rels", _RELATIONS)
            archive.writestr("xl/sharedStrings.xml", strings or "<sst/>")
            archive.writestr("xl/worksheets/sheet1.xml", _SHEET.format(cells))
        return path

    return make


def _cell(place: str) -> str:
    row = "".join(sign for sign in place if sign.isdigit())
    return f'<row r="{row}"><c r="{place}"><v>1</v></c></row>'


def _shared_strings(folder: Path) -> Path:
    one = "<si><t>" + "x" * 30_000 + "</t></si>"
    return _xlsx(_cell("A1") + _cell("A2"), f"<sst>{one * 2000}</sst>", "strings.xlsx")(folder)


def _billion(root: str) -> str:
    entities = '<!ENTITY l0 "lol">' + "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return f'<?xml version="1.0"?><!DOCTYPE {root} [{entities}]><{root}>&l9;</{root}>'


_OUTSIDE = '<!DOCTYPE {0} [<!ENTITY x SYSTEM "file:///etc/passwd">]><{0}>&x;</{0}>'
_COMMENTED = "<!-- -->" * 20_000 + _billion("kml")


def _gpkg(*statements: str) -> Make:
    def make(folder: Path) -> Path:
        path = write_vector(folder / "a.gpkg", "GPKG")
        with closing(sqlite3.connect(path)) as connection:
            for name in ("ST_IsEmpty", "ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"):
                connection.create_function(name, 1, lambda blob: 0)
            for statement in statements:
                connection.execute(statement)
            connection.commit()
        return path

    return make


_ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n)"
_RENAMED = (
    "CREATE TABLE kept AS SELECT * FROM {0}", "DROP TABLE {0}",
    "CREATE VIEW {0} AS " + _ENDLESS + " SELECT kept.* FROM kept, n",
)  # fmt: skip


def _nested_wkb(depth: int) -> bytes:
    part = struct.pack("<BIdd", 1, 1, 1.0, 2.0)
    return b"".join(struct.pack("<BII", 1, 7, 1) for _ in range(depth)) + part


def _parquet_wkb(name: str, wkb: bytes) -> Make:
    def make(folder: Path) -> Path:
        path = folder / name
        pq.write_table(pa.table({"geometry": pa.array([wkb], pa.binary()), "name": ["a"]}), path)
        return path

    return make


def _parquet_rows(folder: Path) -> Path:
    """A few kilobytes that are twenty million rows."""
    path = folder / "rows.parquet"
    rows = 20_000_000
    values = pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int32)), pa.array(["x" * 50]))
    with pq.ParquetWriter(path, pa.schema([("name", values.type)]), compression="zstd") as writer:
        writer.write_table(pa.table({"name": values}))
    return path


def _parquet_page(folder: Path) -> Path:
    path = folder / "page.parquet"
    pq.write_table(pa.table({"name": ["\0" * (1 << 20)] * 1000}), path, compression="zstd", use_dictionary=False)
    return path


def parquet_liar(says: int, kind: str = "data") -> Make:
    """A Parquet file of some kilobytes; the header of its first page says that it unpacks to `says` bytes."""

    def make(folder: Path) -> Path:
        path = folder / f"liar-{kind}.parquet"
        names = [f"place {number % 700}" for number in range(5_000)]
        pq.write_table(pa.table({"name": names}), path, compression="snappy", use_dictionary=kind == "dictionary")
        chunk = pq.ParquetFile(path).metadata.row_group(0).column(0)
        data = path.read_bytes()
        start = chunk.dictionary_page_offset or chunk.data_page_offset
        _, after_unpacked = parquet_pages._signed(data, start + 3)  # behind the kind, and the field's own byte
        packed, after_packed = parquet_pages._signed(data, after_unpacked + 1)
        _, end = parquet_pages._struct(data, start)
        lie = _zigzag(says)
        longer = len(lie) - (after_unpacked - start - 3)
        head = data[: start + 3] + lie + data[after_unpacked : after_unpacked + 1] + _zigzag(packed - longer)
        rest = data[after_packed:end] + data[end : end + packed - longer] + data[end + packed :]
        assert len(head) + len(rest) == len(data)  # the footer's places still hold
        path.write_bytes(head + rest)
        return path

    return make


def _zigzag(number: int) -> bytes:
    value, found = (number << 1) ^ (number >> 63), bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])


def _fgb_count(folder: Path) -> Path:
    path = write_vector(folder / "a.fgb", "FlatGeobuf")
    data = bytearray(path.read_bytes())
    data[8:12] = struct.pack("<I", 0x7FFFFFFF)  # the size of the header
    path.write_bytes(bytes(data))
    return path


def _geojson_features(folder: Path) -> Path:
    path = folder / "deep.geojson"
    inner = '{"type":"GeometryCollection","geometries":[' * 50_000
    path.write_text('{"type":"FeatureCollection","features":[{"type":"Feature","properties":{},"geometry":' + inner)
    return path


# Name -> how it is made. All are refused, or read as the harmless rest of what they are.
REFUSED: Mapping[str, Make] = {
    "zip: 256 MiB of zeros": _zip_of_zeros("zeros.zip"),
    "zip: five levels of archives": _nested,
    "zip: 1,900 entries over the same bytes": _overlapping,
    "zip: holds itself": _quine,
    "zip: 20,000 entries": _many_entries,
    "kmz: 256 MiB of zeros": _zip_of_zeros("zeros.kmz"),
    "xlsx: two cells, 17 billion apart": _xlsx(_cell("A1") + _cell("XFD1048576")),
    "xlsx: two cells, 34 million apart": _xlsx(_cell("A1") + _cell("ZZ48000")),
    "xlsx: entities": _xlsx(_billion("row")[21:]),
    "kml: entities": _text("a.kml", _billion("kml")),
    "kml: an entity from a file": _text("a.kml", _OUTSIDE.format("kml")),
    "kml: entities behind 20,000 comments": _text("a.kml", _COMMENTED),
    "kml: entities in UTF-16": _text("a.kml", _billion("kml").encode("utf-16")),
    "gpx: entities": _text("a.gpx", _billion("gpx")),
    "gml: an entity from a file": _text("a.gml", _OUTSIDE.format("FeatureCollection")),
    "vrt: a file of the machine": _text(
        "a.kml", "<OGRVRTDataSource><OGRVRTLayer name='x'><SrcDataSource>/etc/passwd</SrcDataSource></OGRVRTLayer>"
    ),
    "csv: named like a virtual file": _text("a.csv", "/vsicurl/http://127.0.0.1/x\n"),
    "geojson: 50,000 levels": _geojson_features,
    "geojson: a million brackets": _text("a.geojson", "[" * 1_000_000),
    "gpkg: an endless view as the list of layers": _gpkg(*(part.format("gpkg_contents") for part in _RENAMED)),
    "gpkg: an endless view as the geometry columns": _gpkg(
        *(part.format("gpkg_geometry_columns") for part in _RENAMED)
    ),
    "gpkg: an endless view as a layer": _gpkg(
        f"CREATE VIEW trap AS {_ENDLESS} SELECT x AS fid, x FROM n",
        "DELETE FROM gpkg_contents", "INSERT INTO gpkg_contents (table_name, data_type) VALUES ('trap', 'features')",
    ),
    "gpkg: a computed column of 500 MB": _gpkg("ALTER TABLE a ADD COLUMN big AS (hex(zeroblob(250000000)))"),
    "gpkg: a virtual table": _gpkg("CREATE VIRTUAL TABLE words USING fts5(word)"),
    "parquet: 20 million rows in a few kilobytes": _parquet_rows,
    "parquet: a page of 1 GB": _parquet_page,
    "parquet: a page header that says 2 GiB": parquet_liar(0x7FFFFFF0),
    "parquet: a dictionary header that says 1.5 GiB": parquet_liar(0x60000000, "dictionary"),
    "parquet: a page header that says less than nothing": parquet_liar(-5),
    "flatgeobuf: a header of 2 GiB": _fgb_count,
}  # fmt: skip
HARMLESS: Mapping[str, Make] = {
    "xlsx: 60 MB of shared texts": _shared_strings,
    "gpkg: an endless view beside the layer": _gpkg(
        f"CREATE VIEW trap AS {_ENDLESS} SELECT x AS fid, x FROM n",
        "INSERT INTO gpkg_contents (table_name, data_type) VALUES ('trap', 'attributes')",
    ),
    "gpkg: a trigger on every table": _gpkg(
        "CREATE TABLE log (x)",
        "CREATE TRIGGER t1 BEFORE DELETE ON gpkg_contents BEGIN INSERT INTO log VALUES (1); END",
        "CREATE TRIGGER t2 AFTER UPDATE ON a BEGIN INSERT INTO log VALUES (1); END",
    ),
    "wkb: four billion rings": _parquet_wkb("a.parquet", struct.pack("<BII", 1, 3, 0xFFFFFFFF)),
    "wkb: four billion points": _parquet_wkb("a.parquet", struct.pack("<BII", 1, 2, 0xFFFFFFFF)),
    "wkb: 100,000 levels": _parquet_wkb("a.parquet", _nested_wkb(100_000)),
}


def big_json(depth: int) -> str:
    """Return JSON that is nested so deep."""
    return json.dumps("x").join(("[" * depth, "]" * depth))
