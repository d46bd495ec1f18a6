"""Tells a file's format from its content; a name is never believed, and only known formats are read."""

from __future__ import annotations

import re
import sqlite3
import zipfile
from contextlib import closing
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import IO

from geo.errors import N_
from store.errors import IntakeError
from store.intake.encoding import detect
from store.intake.notebook import NoteBook
from store.intake.zips import DAMAGE, damaged

HEAD_BYTES = 1 << 16


class Format(StrEnum):
    """The formats that intake reads; the value is the name shown to users."""

    GEOJSON = "GeoJSON"
    GPKG = "GPKG"
    SHAPEFILE = "ESRI Shapefile"
    FLATGEOBUF = "FlatGeobuf"
    PARQUET = "Parquet"
    KML = "KML"
    KMZ = "KMZ"
    CSV = "CSV"
    XLSX = "XLSX"
    ZIP = "ZIP"


SUFFIXES = {
    ".geojson": (Format.GEOJSON,),
    ".json": (Format.GEOJSON,),
    ".geojsonl": (Format.GEOJSON,),
    ".ndjson": (Format.GEOJSON,),
    ".geojsons": (Format.GEOJSON,),
    ".gpkg": (Format.GPKG,),
    ".shp": (Format.SHAPEFILE,),
    ".fgb": (Format.FLATGEOBUF,),
    ".parquet": (Format.PARQUET,),
    ".geoparquet": (Format.PARQUET,),
    ".kml": (Format.KML,),
    ".kmz": (Format.KMZ,),
    ".csv": (Format.CSV,),
    ".tsv": (Format.CSV,),
    ".txt": (Format.CSV,),
    ".xlsx": (Format.XLSX,),
    ".xlsm": (Format.XLSX,),
    ".zip": (Format.ZIP, Format.KMZ, Format.XLSX),
}

# First bytes of formats that are often uploaded by mistake, with their names.
_REFUSED = (
    (b"\xd0\xcf\x11\xe0", "Excel 97 (.xls)"),
    (b"%PDF", "PDF"),
    (b"\x1f\x8b", "gzip"),
    (b"7z\xbc\xaf", "7-Zip"),
    (b"Rar!", "RAR"),
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF8", "GIF"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"ARROW1", "Arrow"),
    (b"PARE", "encrypted Parquet"),
    (b"\x7fELF", "program"),
    (b"MZ\x90", "program"),
)
REMEDY = N_("Use GeoJSON, GeoPackage, zipped Shapefile, FlatGeobuf, GeoParquet, KML, CSV or XLSX.")


def sniff(path: Path) -> Format:
    """Return the format that the content of `path` has.

    Raises
    ------
    IntakeError
        Empty, or nothing that intake reads.
    """
    if not path.is_file():
        raise IntakeError(N_("There is no file {name}."), N_("Check the path."), name=path.name)
    with path.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
    if not head.strip(b" \t\r\n\0\xef\xbb\xbf"):
        raise IntakeError(N_("The file is empty."), N_("Choose a file with data."))
    if head.startswith(b"SQLite format 3\0"):
        return _geopackage(path)
    if head.startswith(b"fgb"):
        return Format.FLATGEOBUF
    if head.startswith(b"PAR1"):
        return Format.PARQUET
    if head.startswith(b"\x00\x00\x27\x0a"):
        return Format.SHAPEFILE
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        with path.open("rb") as stream:
            return _zip_content(stream)
    for magic, name in _REFUSED:
        if head.startswith(magic):
            raise IntakeError(N_("The file is {format}, which is not read."), REMEDY, format=name)
    return _text(head)


def note_suffix(path: Path, found: Format, book: NoteBook) -> None:
    """Note a name whose suffix promises another format than the content has; other names promise nothing."""
    if found not in SUFFIXES.get(path.suffix.casefold(), (found,)):
        book.add(
            N_("The name ends in {suffix}, but the content is {format}; it was read as {format}."),
            suffix=path.suffix,
            format=found.value,
        )


def _geopackage(path: Path) -> Format:
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
            connection.execute("PRAGMA trusted_schema=OFF")
            found = connection.execute(  # both are required by the standard
                "SELECT count(*) FROM sqlite_master WHERE type = 'table' "
                "AND name IN ('gpkg_contents', 'gpkg_spatial_ref_sys')"
            ).fetchone()[0]
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:  # the latter from a damaged error message
        raise IntakeError(
            N_("The GeoPackage is damaged or cut off: {detail}."), N_("Transfer or export it again."), detail=str(error)
        ) from error
    if found != 2:
        raise IntakeError(N_("The file is {format}, which is not read."), REMEDY, format="SQLite")
    return Format.GPKG


def _zip_content(stream: IO[bytes]) -> Format:
    try:
        with zipfile.ZipFile(stream) as archive:
            names = archive.namelist()
    except DAMAGE as error:
        raise damaged(error) from error
    lower = {name.casefold() for name in names}
    if "xl/workbook.xml" in lower:
        return Format.XLSX
    if "[content_types].xml" in lower or "mimetype" in lower:
        raise IntakeError(N_("The file is {format}, which is not read."), REMEDY, format="Office document")
    suffixes = {PurePosixPath(name).suffix for name in lower}
    if ".kml" in suffixes and ".shp" not in suffixes:
        return Format.KMZ
    return Format.ZIP


def _text(head: bytes) -> Format:
    """Tell the text formats apart; `head` is the beginning of the file."""
    cut = head
    if len(head) == HEAD_BYTES and b"\0" not in head:
        # Do not end within a character: these bytes are never the later part of one, in no encoding that is read.
        cut = head[: max(head.rfind(mark) for mark in (b"\n", b",", b">", b" ", b'"')) + 1] or head[:-8]
    try:
        name = detect(cut).name
    except IntakeError:
        name = "latin-1"
    text = cut.decode(name, "replace").lstrip("\ufeff \t\r\n\x1e")
    if text.startswith(("{", "[")):
        return Format.GEOJSON
    if text.startswith("<"):
        return _xml(text)
    strange = sum(char < " " and char not in "\t\r\n\f\0" for char in text[:4096])
    if strange > len(text[:4096]) * 0.02:
        raise IntakeError(N_("The content of the file is of no known format."), REMEDY)
    return Format.CSV


def _xml(text: str) -> Format:
    """Accept KML only; other XML, an OGR VRT above all, can make a reader open other files and addresses."""
    rest = text
    while rest.startswith(("<?", "<!--")):
        _, _, rest = rest.partition("?>" if rest.startswith("<?") else "-->")
        rest = rest.lstrip()
    if rest.startswith("<!"):
        raise IntakeError(
            N_("The XML file declares a document type, which is refused: it can hide entities."),
            N_("Export it again as plain KML or GeoJSON."),
        )
    root = re.match(r"<([^\s<>/]+)", rest)
    local = root[1].rsplit(":", 1)[-1] if root else ""
    if local == "kml":
        return Format.KML
    raise IntakeError(N_("The file is XML with the root {root}, not KML."), REMEDY, root=local[:40] or "-")
