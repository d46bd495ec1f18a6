"""Reads GeoParquet, and plain Parquet with or without a column of WKB."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from geo.errors import N_
from store.errors import IntakeError
from store.intake import lockdown
from store.intake.arrow_columns import kept_rows, no_rows, utc_columns
from store.intake.notebook import NoteBook
from store.intake.parquet_pages import check_footer, check_pages
from store.intake.raw import RawTable

MAX_BYTES = 8 << 30
MAX_RATIO = 200
_RATIO_FROM_BYTES = 64 << 20
_CELL_BYTES = 8
# What reading may take beyond what the process has: threads' stacks and arenas, then a few copies of the rows.
_ROOM_BYTES, _ROOM_RATIO = 1 << 30, 6
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
        check_footer(path)
        source = pq.ParquetFile(path)
        size = sum(source.metadata.row_group(i).total_byte_size for i in range(source.metadata.num_row_groups))
        _no_bomb(max(size, source.metadata.num_rows * len(source.schema_arrow) * _CELL_BYTES), path)
        if size > MAX_BYTES:
            raise IntakeError(
                N_("Unpacked, the file would take {size} GiB; the limit is {limit} GiB."),
                N_("Split the file or leave columns out."),
                size=round(size / 2**30, 1),
                limit=MAX_BYTES >> 30,
            )
        check_pages(path, source.metadata)
        with lockdown.memory_for(_ROOM_BYTES + _ROOM_RATIO * size):
            table = _table(path, source, limit)
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


def _table(path: Path, plain: pq.ParquetFile, limit: int | None) -> pa.Table:
    """Return the rows, texts written out only after it is known how long they are together.

    A text that stands once in a dictionary may be named by every row: a file of a kilobyte can hold terabytes.
    """
    texts = [field.name for field in plain.schema_arrow if _is_text(field.type)]
    source = pq.ParquetFile(path, read_dictionary=texts)
    if limit is None:
        table = source.read()
    else:
        first = next(source.iter_batches(batch_size=limit), None)
        table = pa.Table.from_batches([first] if first is not None else [], schema=source.schema_arrow)[:limit]
    written = sum(
        int(pc.sum(pc.take(pc.binary_length(chunk.dictionary), chunk.indices)).as_py() or 0)
        for column in table.columns
        if pa.types.is_dictionary(column.type)
        for chunk in column.chunks
        if _is_text(chunk.type.value_type)
    )
    _no_bomb(written, path)
    for position, field in enumerate(plain.schema_arrow):
        if table.schema.field(position).type != field.type:
            table = table.set_column(position, field, table.column(position).cast(field.type))
    return table.replace_schema_metadata(plain.schema_arrow.metadata)


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_binary(kind))


def _no_bomb(size: int, path: Path) -> None:
    """Refuse what is more, unpacked, than any map data of this size on the disk."""
    ratio = size // max(1, path.stat().st_size)
    if size > _RATIO_FROM_BYTES and ratio > MAX_RATIO:
        raise IntakeError(
            N_("The file unpacks to {ratio} times its size, as no map data does."),
            N_("Write it again, or import it as GeoPackage."),
            ratio=ratio,
        )


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
