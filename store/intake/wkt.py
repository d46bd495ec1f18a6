"""Geometry written as text (WKT) in a column, as CSV files of lines and polygons have it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.errors import N_
from store.batch import Reject
from store.intake.raw import RawTable, shorten
from store.intake.texts import plain, texts

_COLUMNS = ("wkt", "geometry", "geom", "thegeom", "shape", "wktgeom")
_START = re.compile(
    r"\s*(?:SRID=\d+;\s*)?(?:MULTI)?(?:POINT|LINESTRING|POLYGON|GEOMETRYCOLLECTION)\s*(?:ZM?|M)?\s*(?:\(|EMPTY)",
    re.IGNORECASE,
)
_SRID = re.compile(r"\s*SRID=(\d+);\s*", re.IGNORECASE)
_BAD = (N_("The text is not a geometry (WKT)."), N_("Write it as in POLYGON ((24 60, 25 60, 25 61, 24 60))."))


def with_geometry(raw: RawTable) -> RawTable:
    """Return `raw` with the geometry of its WKT column, if it has no other; rows whose text is none are rejected."""
    if raw.geometry is not None:
        return raw
    named = [column for column in raw.columns if plain(column) in _COLUMNS]
    name = next((column for column in named if _is_wkt(raw.columns[column])), None)
    if name is None:
        return raw
    column = texts(raw.columns[name])
    found = np.array([None, *(_read(text) for text in column.values)], dtype=object)[1:]
    bad = column.mask(np.array([shape is None for shape in found], dtype=bool))
    shapes = column.spread(list(found), None)
    rejects = tuple(
        Reject(int(raw.row[index]), name, shorten(str(raw.columns[name][index])), *_BAD)
        for index in np.flatnonzero(bad).tolist()
    )
    srids = {match[1] for text in column.values[:100] if (match := _SRID.match(text))}
    keep = ~bad
    return replace(
        raw,
        columns={other: values[keep] for other, values in raw.columns.items() if other != name},
        geometry=shapes[keep],
        row=raw.row[keep],
        rejects=(*raw.rejects, *rejects),
        crs=raw.crs or (f"EPSG:{srids.pop()}" if len(srids) == 1 else None),
        utc=raw.utc - {name},
    )


def _is_wkt(values: NDArray[Any]) -> bool:
    first = next((value for value in values if isinstance(value, str) and value.strip()), None)
    return first is not None and bool(_START.match(first))


def _read(text: str) -> Any:
    return shapely.from_wkt(_SRID.sub("", text, count=1), on_invalid="ignore")
