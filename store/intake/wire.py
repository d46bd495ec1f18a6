"""Arrays between the child and its parent: Arrow files with WKB; nothing that could run code when it is read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from store.batch import Note, Reject
from store.intake.raw import RawTable, object_array

_GEOMETRY = "\0geometry"
_KIND = b"kind"


def write_columns(
    file: Path,
    columns: Mapping[str, NDArray[Any]],
    *,
    geometry: NDArray[Any] | None = None,
    meta: Mapping[str, Any] | None = None,
) -> None:
    """Write columns of equal length, a geometry column and JSON metadata to one Arrow IPC file.

    Object arrays of str and None, float64, int64, int32, int8, bool and datetime64[ms] come back as they went;
    object arrays of other values go as JSON text each and come back as JSON values.
    """
    fields, arrays = [], []
    for name, values in columns.items():
        kind, array = _to_arrow(values)
        fields.append(pa.field(name, array.type, metadata={_KIND: kind}))
        arrays.append(array)
    if geometry is not None:
        array = pa.array(shapely.to_wkb(geometry, include_srid=False), type=pa.large_binary())
        fields.append(pa.field(_GEOMETRY, array.type))
        arrays.append(array)
    schema = pa.schema(fields, metadata={"meta": json.dumps(dict(meta or {}))})
    with pa.OSFile(str(file), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
        if arrays:
            writer.write_batch(pa.record_batch(arrays, schema=schema))


def read_columns(file: Path) -> tuple[dict[str, NDArray[Any]], NDArray[Any] | None, dict[str, Any]]:
    """Return columns, geometry (None if there was none) and metadata of a file by `write_columns`."""
    with pa.memory_map(str(file)) as source:
        table = pa.ipc.open_file(source).read_all().combine_chunks()
        meta = json.loads(table.schema.metadata[b"meta"])
        columns, geometry = {}, None
        for field in table.schema:
            column = table.column(field.name).combine_chunks()
            if field.name == _GEOMETRY:
                wkb = column.to_numpy(zero_copy_only=False)
                geometry = np.asarray(shapely.from_wkb(wkb), dtype=object)
            else:
                columns[field.name] = _from_arrow(field.metadata[_KIND].decode(), column)
    return columns, geometry, meta


def _to_arrow(values: NDArray[Any]) -> tuple[str, Any]:
    if values.dtype != object:
        return values.dtype.str, pa.array(values, from_pandas=False)
    if set(map(type, values)) <= {str, type(None)}:
        return "text", pa.array(values, type=pa.large_string())
    texts = [None if value is None else json.dumps(value, default=str) for value in values]
    return "json", pa.array(texts, type=pa.large_string())


def _from_arrow(kind: str, column: Any) -> NDArray[Any]:
    values = column.to_numpy(zero_copy_only=False)
    if kind == "text":
        return np.array(values, dtype=object)
    if kind == "json":
        return object_array([None if value is None else json.loads(value) for value in values])
    return np.array(values, dtype=np.dtype(kind))


def write_raw(file: Path, table: RawTable) -> None:
    """Write a raw table to one Arrow IPC file."""
    meta = {
        "crs": table.crs,
        "encoding": table.encoding,
        "driver": table.driver,
        "layer_name": table.layer_name,
        "total": table.total,
        "utc": sorted(table.utc),
        "notes": [asdict(note) for note in table.notes],
        "rejects": [asdict(reject) for reject in table.rejects],
    }
    # The row numbers go under a name that no source column can have.
    write_columns(file, {"\0row": table.row, **table.columns}, geometry=table.geometry, meta=meta)


def read_raw(file: Path) -> RawTable:
    """Read a raw table written by `write_raw`; values that are neither text nor number come back as text."""
    columns, geometry, meta = read_columns(file)
    row = columns.pop("\0row")
    return RawTable(
        columns=columns,
        geometry=geometry,
        row=row,
        crs=meta["crs"],
        encoding=meta["encoding"],
        driver=meta["driver"],
        layer_name=meta["layer_name"],
        notes=tuple(Note(**note) for note in meta["notes"]),
        rejects=tuple(Reject(**reject) for reject in meta["rejects"]),
        total=meta["total"],
        utc=frozenset(meta["utc"]),
    )
