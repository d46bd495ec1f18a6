"""One door to all readers: tells the format from the content and reads one table."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from geo.errors import N_
from store.errors import IntakeError
from store.intake.notebook import NoteBook
from store.intake.raw import RawTable
from store.intake.read_csv import read_csv
from store.intake.read_geojson import read_geojson
from store.intake.sniff import Format, note_suffix, sniff


def read_table(
    path: Path, *, encoding: str | None = None, layer_name: str | None = None, limit: int | None = None
) -> RawTable:
    """Read one table of a source file; runs inside the child process only.

    Parameters
    ----------
    path
        The file; a Shapefile by its ``.shp`` or as a zip.
    encoding
        Of the text, as the user chose it; None detects, with a note where it is a guess.
    layer_name
        Layer, sheet or member, where the source has several.
    limit
        Read so many rows only, for a preview; then `RawTable.total` counts the rows read.

    Raises
    ------
    IntakeError
        The file is refused as a whole.
    """
    book = NoteBook()
    found = sniff(path)
    note_suffix(path, found, book)
    with tempfile.TemporaryDirectory(prefix="read-") as name:
        return _read(path, found, Path(name), encoding, layer_name, limit, book)


def child_read(arguments: dict[str, Any], scratch: Path) -> dict[str, Any]:
    """Read a table and leave it in `scratch` as ``table.arrow`` (see `store.intake.wire.read_raw`)."""
    from store.intake.wire import write_raw

    table = read_table(
        Path(arguments["file"]),
        encoding=arguments.get("encoding"),
        layer_name=arguments.get("layer_name"),
        limit=arguments.get("limit"),
    )
    write_raw(scratch / "table.arrow", table)
    return {"rows": len(table), "total": table.total}


def _read(
    path: Path,
    found: Format,
    folder: Path,
    encoding: str | None,
    layer_name: str | None,
    limit: int | None,
    book: NoteBook,
) -> RawTable:
    match found:
        case Format.GEOJSON:
            return read_geojson(path, encoding=encoding, limit=limit, book=book)
        case Format.CSV:
            return read_csv(path, encoding=encoding, limit=limit, book=book)
        case Format.PARQUET:
            from store.intake.read_parquet import read_parquet

            return read_parquet(path, encoding=encoding, limit=limit, book=book)
        case Format.GPKG:
            from store.intake.read_ogr import read_geopackage

            return read_geopackage(path, folder, encoding=encoding, layer_name=layer_name, limit=limit, book=book)
        case Format.FLATGEOBUF:
            from store.intake.read_ogr import read_flatgeobuf

            return read_flatgeobuf(path, folder, encoding=encoding, limit=limit, book=book)
        case Format.KML:
            from store.intake.read_kml import read_kml

            return read_kml(path, encoding=encoding, limit=limit, book=book)
        case Format.XLSX:
            from store.intake.read_xlsx import read_xlsx

            return read_xlsx(path, layer_name=layer_name, limit=limit, book=book)
        case Format.SHAPEFILE:
            from store.intake.read_shapefile import gather, read_shapefile

            gather(path, folder)
            return read_shapefile(folder, name=path.stem, encoding=encoding, limit=limit, book=book)
    return _read_zip(path, found, folder, encoding, layer_name, limit, book)


def _read_zip(
    path: Path,
    found: Format,
    folder: Path,
    encoding: str | None,
    layer_name: str | None,
    limit: int | None,
    book: NoteBook,
) -> RawTable:
    from store.intake.read_shapefile import read_shapefile
    from store.intake.read_zip import read_kmz, unpack

    if found is Format.KMZ:
        return read_kmz(path, folder, encoding=encoding, limit=limit, book=book)
    inner = unpack(path, folder, layer_name)
    if isinstance(inner, str):
        return read_shapefile(folder, name=inner, encoding=encoding, limit=limit, book=book)
    kind = sniff(inner)
    if kind in (Format.ZIP, Format.KMZ):
        raise IntakeError(
            N_("The archive holds another archive, {name}."), N_("Unpack it and pack only its files."), name=inner.name
        )
    note_suffix(inner, kind, book)
    inside = folder / "inner"
    inside.mkdir()
    # The name chose the member; inside it, the only layer is taken or the choice is asked for.
    return _read(inner, kind, inside, encoding, None, limit, book)
