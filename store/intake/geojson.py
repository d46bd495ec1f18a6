"""GeoJSON geometries built in bulk where they are regular; the rest goes through the careful checks one by one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import GeometryType

from store.intake.geojson_checks import DEPTH, FOREIGN, WINDING, Fault, FaultError, build_one
from store.intake.notebook import NoteBook
from store.intake.raw import object_array

_SHAPELY = {
    "Point": GeometryType.POINT,
    "MultiPoint": GeometryType.MULTIPOINT,
    "LineString": GeometryType.LINESTRING,
    "MultiLineString": GeometryType.MULTILINESTRING,
    "Polygon": GeometryType.POLYGON,
    "MultiPolygon": GeometryType.MULTIPOLYGON,
}


def build_geometries(
    objects: Sequence[Any], rows: Sequence[int], book: NoteBook
) -> tuple[NDArray[Any], dict[int, Fault]]:
    """Build shapely geometries from decoded GeoJSON geometry objects.

    Parameters
    ----------
    objects
        Decoded JSON values; None is a row without geometry.
    rows
        Source row number of each.
    book
        Takes the notes about repairs and doubts.

    Returns
    -------
    geometry
        Object array of shapely geometries, None where null or faulty.
    faults
        By position in `objects`, why it cannot be taken.
    """
    geometry = object_array([None] * len(objects))
    faults: dict[int, Fault] = {}
    groups: dict[str, list[int]] = {}
    slow: list[int] = []
    for position, value in enumerate(objects):
        if value is None:
            continue
        kind = value.get("type") if type(value) is dict else None
        if type(kind) is str and kind in _SHAPELY and "bbox" not in value and value.keys().isdisjoint(FOREIGN):
            groups.setdefault(kind, []).append(position)
        else:
            slow.append(position)
    for kind, positions in groups.items():
        built = _bulk(kind, [objects[i].get("coordinates") for i in positions], [rows[i] for i in positions], book)
        if built is None:
            slow.extend(positions)
        else:
            geometry[positions] = built
    for position in sorted(slow):
        try:
            geometry[position] = build_one(objects[position], rows[position], book)
        except FaultError as error:
            faults[position] = error.fault
    return geometry, faults


def _bulk(kind: str, coordinates: list[Any], rows: list[int], book: NoteBook) -> NDArray[Any] | None:
    """Build all geometries of one type at once; None where any of them is irregular and needs the careful path."""
    offsets: list[NDArray[np.int64]] = []
    parts: list[Any] = coordinates
    for _ in range(DEPTH[kind]):
        if set(map(type, parts)) != {list}:
            return None
        lengths = np.fromiter(map(len, parts), np.int64, len(parts))
        if not lengths.all():
            return None
        offsets.insert(0, np.concatenate(([0], np.cumsum(lengths))))
        parts = list(chain.from_iterable(parts))
    if set(map(type, parts)) != {list}:
        return None
    sizes = set(map(len, parts))
    if sizes not in ({2}, {3}):
        return None
    numbers = list(chain.from_iterable(parts))
    if not set(map(type, numbers)) <= {int, float}:
        return None
    try:
        xy = np.array(numbers, dtype=np.float64).reshape(-1, sizes.pop())
    except OverflowError:
        return None
    if not np.isfinite(xy).all():
        return None
    if kind in ("LineString", "MultiLineString") and (np.diff(offsets[0]) < 2).any():
        return None
    if kind in ("Polygon", "MultiPolygon"):
        ring = offsets[0]
        if (np.diff(ring) < 4).any() or (xy[ring[:-1]] != xy[ring[1:] - 1]).any():
            return None
        _note_winding(xy, offsets, rows, book)
    return np.asarray(shapely.from_ragged_array(_SHAPELY[kind], xy, tuple(offsets) or None), dtype=object)


def _note_winding(xy: NDArray[np.float64], offsets: list[NDArray[np.int64]], rows: list[int], book: NoteBook) -> None:
    """Note rows whose outer rings run clockwise or whose holes run counter-clockwise."""
    ring = offsets[0]
    local = xy[:, :2] - np.repeat(xy[ring[:-1], :2], np.diff(ring), axis=0)
    cross = np.zeros(len(xy))
    cross[:-1] = local[:-1, 0] * local[1:, 1] - local[1:, 0] * local[:-1, 1]
    # The last vertex of a ring is its own origin (0, 0), so that its product with the next ring's is 0.
    area = np.add.reduceat(cross, ring[:-1])
    outer = np.zeros(len(area), dtype=bool)
    outer[offsets[1][:-1]] = True
    wrong = np.where(outer, area < 0, area > 0)
    if wrong.any():
        owner = offsets[1] if len(offsets) == 2 else offsets[1][offsets[2]]
        for position in np.unique(np.searchsorted(owner, np.flatnonzero(wrong), side="right") - 1):
            book.row(WINDING, rows[int(position)])
