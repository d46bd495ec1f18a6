"""Reads GeoParquet, and plain Parquet with or without a column of WKB."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from geo.errors import N_
from store.errors import IntakeError
from store.intake.arrow_columns import kept_rows, no_rows, utc_columns
from store.intake.notebook import NoteBook
from store.intake.raw import RawTable

MAX_BYTES = 8 << 30
_GEOMETRY_NAMES = ("geometry", "geom", "wkb", "wkb_geometry", "shape", "the_geom")


def read_parquet(path: Path, *, encoding: str | None = None, limit: int | None, book: NoteBook) -> RawTable:
    """Read a Parquet file.

    The CRS comes from the `geo` metadata (absent there: WGS 84, null: unknown, as GeoParquet says) or, without it,
    from the GeoArrow metadata of the column; else it is unknown.

    Raises
    ------
    IntakeError
        Damaged, cut off, no rows, larger than 8 GiB unpacked, or geometries that are not WKB.
    """
    try:
        source = pq.ParquetFile(path)
        size = sum(source.metadata.row_group(i).total_byte_size for i in range(source.metadata.num_row_groups))
        if size > MAX_BYTES:
            raise IntakeError(
                N_("Unpacked, the file would take {size} GiB; the limit is {limit} GiB."),
                N_("Split the file or leave columns out."),
                size=round(size / 2**30, 1),
                limit=MAX_BYTES >> 30,
            )
        if limit is None:
            table = source.read()
        else:
            batches = source.iter_batches(batch_size=limit)
            first = next(batches, None)
            table = pa.Table.from_batches([first] if first is not None else [], schema=source.schema_arrow)[:limit]
    except MemoryError:
        raise
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise IntakeError(
            N_("The {format} file is damaged or cut off: {detail}."),
            N_("Transfer or export it again."),
            format="Parquet",
            detail=str(error).splitlines()[0] if str(error) else type(error).__name__,
        ) from error
    if not table.num_rows:
        raise no_rows()
    if len(set(table.column_names)) != len(table.column_names):
        raise IntakeError(N_("Two columns have the same name."), N_("Rename one of them."))
    return _raw(table, book, encoding)


def _raw(table: pa.Table, book: NoteBook, encoding: str | None) -> RawTable:
    name, crs = _geometry_column(table, book)
    columns, geometry, rows, rejects = kept_rows(table, name, book, encoding)
    return RawTable(
        columns=columns,
        geometry=geometry,
        row=rows,
        crs=crs,
        encoding="utf-8",
        driver="Parquet",
        layer_name="",
        notes=book.notes(),
        rejects=tuple(rejects),
        total=table.num_rows,
        utc=utc_columns(table.schema) & columns.keys(),
    )


def _geometry_column(table: pa.Table, book: NoteBook) -> tuple[str | None, str | None]:
    """Return the geometry column and its CRS; (None, None) where there is none."""
    metadata = table.schema.metadata or {}
    if b"geo" in metadata:
        name, entry = _geo_entry(metadata[b"geo"], table.column_names)
        encoding = entry.get("encoding")
        if encoding != "WKB" or not _is_binary(table.schema.field(name).type):
            raise IntakeError(
                N_("The geometries are stored as {encoding}, not as WKB."),
                N_("Write the GeoParquet file with the encoding WKB."),
                encoding=str(encoding),
            )
        if "crs" not in entry:
            return name, "EPSG:4326"
        return name, _crs_text(entry["crs"], book)
    for field in table.schema:
        extension = (field.metadata or {}).get(b"ARROW:extension:name", b"")
        if isinstance(field.type, pa.BaseExtensionType):
            extension = field.type.extension_name.encode()
        if extension in (b"geoarrow.wkb", b"ogc.wkb"):
            raw = (field.metadata or {}).get(b"ARROW:extension:metadata", b"{}")
            return field.name, _crs_text(_object(raw).get("crs"), book)
    for field in table.schema:
        if field.name.casefold() in _GEOMETRY_NAMES and _is_binary(field.type):
            book.add(N_("The column {column} was read as WKB; nothing in the file says so."), column=field.name)
            return field.name, None
    return None, None


def _is_binary(kind: pa.DataType) -> bool:
    if isinstance(kind, pa.BaseExtensionType):
        kind = kind.storage_type
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind))


def _object(raw: bytes) -> dict[str, Any]:
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise IntakeError(
            N_("The file's geo metadata cannot be read."), N_("Write the GeoParquet file again.")
        ) from error
    return value if isinstance(value, dict) else {}


def _geo_entry(raw: bytes, names: list[str]) -> tuple[str, dict[str, Any]]:
    geo = _object(raw)
    name, entries = geo.get("primary_column"), geo.get("columns")
    if (
        not isinstance(name, str)
        or name not in names
        or not isinstance(entries, dict)
        or not isinstance(entries.get(name), dict)
    ):
        raise IntakeError(N_("The file's geo metadata cannot be read."), N_("Write the GeoParquet file again."))
    return name, entries[name]


def _crs_text(value: Any, book: NoteBook) -> str | None:
    """Return PROJJSON, or the text of a CRS, as "EPSG:n" where it has a code, else as it can be read again."""
    if value is None:
        return None
    if isinstance(value, str):
        return {"OGC:CRS84": "EPSG:4326"}.get(value, value)
    identity = value.get("id") if isinstance(value, dict) else None
    if isinstance(identity, dict) and identity.get("authority") and identity.get("code"):
        text = f"{identity['authority']}:{identity['code']}"
        return {"OGC:CRS84": "EPSG:4326"}.get(text, text)
    if isinstance(value, dict):
        return json.dumps(value)
    book.add(N_("The CRS that the file names is not understood: {crs}."), crs=str(value)[:80])
    return None
