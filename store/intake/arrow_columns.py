"""Turns Arrow columns into the arrays of a raw table."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from geo.errors import N_
from store.batch import Reject
from store.errors import IntakeError
from store.intake.encoding import known_encoding, wrong_encoding
from store.intake.notebook import NoteBook
from store.intake.raw import object_array


def to_array(name: str, column: Any, book: NoteBook, encoding: str | None = None) -> NDArray[Any] | None:
    """Return an Arrow array as one numpy array of a raw table.

    Text: object array of str or None. Whole numbers: int64, or objects where some are missing, so that long codes
    keep every digit. Reals: float64, NaN missing. Times: datetime64[ms], in UTC where the source states a zone (see
    `utc_columns`), else naive. Dates, times of day and decimals: text.
    Lists and structures: JSON text. Bytes: None, with a note. Text that is not UTF-8, against its format's rule, is
    decoded by `encoding`; without it `IntakeError` lists what it may be.
    """
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.dictionary_decode()
        kind = column.type
    if pa.types.is_null(kind):
        return object_array([None] * len(column))
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return _texts(column, encoding)
    if pa.types.is_integer(kind):
        if column.null_count or kind == pa.uint64():
            return object_array(column.to_pylist())
        return np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.int64)
    if pa.types.is_floating(kind):
        return np.asarray(column.cast(pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)
    if pa.types.is_boolean(kind):
        return np.asarray(column.to_numpy(zero_copy_only=False), dtype=object if column.null_count else bool)
    if pa.types.is_timestamp(kind):
        unit = pa.timestamp("ms", kind.tz)
        return np.asarray(column.cast(unit, safe=False).cast(pa.timestamp("ms")).to_numpy(zero_copy_only=False))
    if pa.types.is_nested(kind):
        return object_array(
            [None if v is None else json.dumps(v, ensure_ascii=False, default=str) for v in column.to_pylist()]
        )
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        book.add(N_("The column {column} holds bytes, not values; it was left out."), column=name)
        return None
    return _objects(column.cast(pa.string()))


def _texts(column: Any, encoding: str | None) -> NDArray[Any]:
    try:
        return _objects(column)
    except pa.ArrowException:
        raw = column.cast(pa.large_binary()).to_pylist()
    name = known_encoding(encoding or "utf-8")
    try:
        return object_array([None if value is None else value.decode(name) for value in raw])
    except UnicodeDecodeError as error:
        odd = b"\n".join(value for value in raw if value is not None and not value.isascii())
        raise wrong_encoding(name, odd) from error


def utc_columns(schema: Any) -> frozenset[str]:
    """Return the names of the time columns that state a zone."""
    return frozenset(field.name for field in schema if pa.types.is_timestamp(field.type) and field.type.tz is not None)


def _objects(column: Any) -> NDArray[Any]:
    return np.asarray(column.to_numpy(zero_copy_only=False), dtype=object)


def geometry_from_wkb(column: Any, rows: NDArray[np.int64]) -> tuple[NDArray[Any], NDArray[np.bool_], list[Reject]]:
    """Build geometries from a column of WKB.

    Returns
    -------
    geometry
        Object array, None where null or broken.
    broken
        True where the bytes are not a geometry.
    rejects
        One for each broken row.
    """
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    wkb = _objects(column)
    geometry = np.asarray(shapely.from_wkb(wkb, on_invalid="ignore"), dtype=object)
    broken = shapely.is_missing(geometry) & np.fromiter((value is not None for value in wkb), bool, len(wkb))
    rejects = [
        Reject(
            int(row),
            "geometry",
            "",
            N_("The geometry's bytes are damaged or of a kind that is not read."),
            N_("Export the row again as a simple point, line or polygon."),
        )
        for row in rows[broken]
    ]
    return geometry, np.asarray(broken, dtype=bool), rejects


def unique_columns(names: list[str], book: NoteBook) -> list[str]:
    """Return column names that are not empty and differ from each other, with a note of every change."""
    taken: set[str] = set()
    result = []
    for position, name in enumerate(names, 1):
        wanted = name.strip()
        if not wanted:
            wanted = f"column_{position}"
            book.add(N_("Column {position} has no name; it is called {name}."), position=position, name=wanted)
        unique, number = wanted, 2
        while unique in taken:
            unique = f"{wanted}_{number}"
            number += 1
        if unique != wanted:
            book.add(
                N_("The column name {name} comes more than once; a later one is called {other}."),
                name=wanted,
                other=unique,
            )
        taken.add(unique)
        result.append(unique)
    return result


def no_rows() -> IntakeError:
    """Return the error for a source with nothing in it."""
    return IntakeError(N_("The file has no rows."), N_("Choose a file with data."))


def kept_rows(
    table: pa.Table, geometry_name: str | None, book: NoteBook, encoding: str | None
) -> tuple[dict[str, NDArray[Any]], NDArray[Any] | None, NDArray[np.int64], list[Reject]]:
    """Return the columns, the geometry and the numbers of the rows whose geometry can be read; rejects for the rest.

    `geometry_name` is the column of WKB, None where there is none.
    """
    rows = np.arange(1, table.num_rows + 1, dtype=np.int64)
    geometry: NDArray[Any] | None = None
    rejects: list[Reject] = []
    keep = np.ones(len(rows), dtype=bool)
    if geometry_name is not None:
        geometry, broken, rejects = geometry_from_wkb(table.column(geometry_name), rows)
        keep = ~broken
        geometry = geometry[keep]
    columns = {}
    for field in table.column_names:
        if field == geometry_name:
            continue
        values = to_array(field, table.column(field), book, encoding)
        if values is not None:
            columns[field] = values[keep]
    return columns, geometry, rows[keep], rejects
