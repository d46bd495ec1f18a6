"""GeoJSON geometries checked position by position (RFC 7946).

Every fault is a reject of the row, a repair with a note, or a doubt with a note; none is silent.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from dataclasses import field as _field
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from geo.errors import N_
from store.intake.notebook import NoteBook
from store.intake.raw import shorten

TYPES = ("Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "GeometryCollection")
_BY_CASEFOLD = {name.casefold(): name for name in TYPES}
DEPTH = {"Point": 0, "MultiPoint": 1, "LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3}
FOREIGN = frozenset({"geometry", "properties", "features"})

WINDING = N_(
    "{count} rows are wound against RFC 7946 (outer rings clockwise or holes counter-clockwise); taken as drawn. "
    "Rows: {rows}"
)
CLOSED = N_("{count} rows had a ring that was not closed; its first position was added at the end. Rows: {rows}")
MIXED = N_("{count} geometries mix positions with and without a height; the heights were dropped. Rows: {rows}")
EXTRA = N_("{count} geometries have positions of more than three numbers; the extra ones were dropped. Rows: {rows}")
CASE = N_("{count} objects have a type in the wrong case, such as {type}; read as {meant}. Rows: {rows}")
EMPTY = N_("{count} geometries have no coordinates; taken as rows without geometry. Rows: {rows}")
MEMBER = N_("{count} objects of type {type} have a member {member} that does not belong there; ignored. Rows: {rows}")
BBOX = N_("{count} bounding boxes are not 4 or 6 numbers; ignored. Rows: {rows}")

REMEDY_POSITION = N_("Write each position as [longitude, latitude] in plain numbers.")


@dataclass(frozen=True)
class Fault:
    """Why one row cannot be taken: the parts of a `Reject` without its row."""

    field: str
    value: str
    reason: str
    remedy: str
    params: dict[str, Any] = _field(default_factory=dict)


class FaultError(Exception):
    """Carries a `Fault` out of the checks of one geometry."""

    def __init__(self, where: str, value: object, reason: str, remedy: str, **params: Any) -> None:
        self.fault = Fault(where, shorten(value), reason, remedy, params)
        super().__init__(reason)


def bbox_ok(value: Any) -> bool:
    """Whether `value` is a list of 4 or 6 numbers (RFC 7946, section 5)."""
    return type(value) is list and len(value) in (4, 6) and all(type(part) in (int, float) for part in value)


def build_one(value: Any, row: int, book: NoteBook, *, inside_collection: bool = False) -> BaseGeometry | None:
    """Build one geometry from a decoded GeoJSON geometry object, checking every position.

    Returns None for a geometry without coordinates. Raises `FaultError` where it cannot be taken.
    """
    if type(value) is not dict:
        raise FaultError("geometry", value, N_("The geometry is not an object."), N_("Export the file again."))
    kind = _type_of(value, row, book)
    for member in sorted(FOREIGN & value.keys()):
        book.row(MEMBER, row, type=kind, member=member)
    if "bbox" in value and not bbox_ok(value["bbox"]):
        book.row(BBOX, row)
    if kind == "GeometryCollection":
        if inside_collection:
            raise FaultError(
                "geometry",
                kind,
                N_("A geometry collection lies inside another one."),
                N_("Dissolve the collection into single geometries."),
            )
        return _collection(value.get("geometries"), row, book)
    if "coordinates" not in value:
        raise FaultError(
            "geometry.coordinates", shorten(value), N_("The geometry has no coordinates."), N_("Export the file again.")
        )
    coordinates = value["coordinates"]
    if type(coordinates) is list and not coordinates:
        book.row(EMPTY, row)
        return None
    return _shape(kind, coordinates, row, book)


def _type_of(value: dict[str, Any], row: int, book: NoteBook) -> str:
    kind = value.get("type")
    if type(kind) is not str:
        raise FaultError(
            "geometry.type",
            kind,
            N_("The geometry does not say its type."),
            N_("Give it one of the seven geometry types of GeoJSON."),
        )
    if kind in TYPES:
        return kind
    meant = _BY_CASEFOLD.get(kind.casefold())
    if meant is None:
        raise FaultError(
            "geometry.type",
            kind,
            N_("There is no such geometry type."),
            N_("Give it one of the seven geometry types of GeoJSON."),
        )
    book.row(CASE, row, type=kind, meant=meant)
    return meant


def _collection(members: Any, row: int, book: NoteBook) -> BaseGeometry | None:
    parts = [build_one(part, row, book, inside_collection=True) for part in _list(members, "geometry.geometries")]
    kept = [part for part in parts if part is not None]
    if not kept:
        book.row(EMPTY, row)
        return None
    return shapely.GeometryCollection(kept)


def _shape(kind: str, coordinates: Any, row: int, book: NoteBook) -> BaseGeometry:
    """Check and build a geometry that is not a collection."""
    sizes: set[int] = set()
    closed: list[bool] = []
    depth = DEPTH[kind]
    nested = coordinates
    if depth == 0:
        nested = [_position(coordinates, sizes)]
    elif depth == 1:
        nested = _positions(coordinates, sizes)
    elif depth == 2:
        nested = [_positions(part, sizes) for part in _list(coordinates)]
    else:
        nested = [[_positions(ring, sizes) for ring in _list(polygon)] for polygon in _list(coordinates)]
    if max(sizes) > 3:
        book.row(EXTRA, row)
    width = 3 if min(sizes) >= 3 else 2
    if width == 2 and max(sizes) > 2:
        book.row(MIXED, row)
    if kind == "Point":
        return shapely.Point(nested[0][:width])
    if kind == "MultiPoint":
        return shapely.MultiPoint([part[:width] for part in nested])
    if kind == "LineString":
        return shapely.LineString(_line(nested, width))
    if kind == "MultiLineString":
        return shapely.MultiLineString([_line(part, width) for part in nested])
    polygons = [nested] if kind == "Polygon" else nested
    built = [_polygon(rings, width, closed) for rings in polygons]
    if closed:
        book.row(CLOSED, row)
    if any(_wrong_winding(polygon) for polygon in built):
        book.row(WINDING, row)
    return built[0] if kind == "Polygon" else shapely.MultiPolygon(built)


def _list(value: Any, where: str = "geometry.coordinates") -> list[Any]:
    if type(value) is not list or not value:
        raise FaultError(where, value, N_("A list with members is missing here."), REMEDY_POSITION)
    return value


def _positions(value: Any, sizes: set[int]) -> list[list[float]]:
    return [_position(part, sizes) for part in _list(value)]


def _position(value: Any, sizes: set[int]) -> list[float]:
    where = "geometry.coordinates"
    if type(value) is not list:
        raise FaultError(where, value, N_("A position is not a list of numbers."), REMEDY_POSITION)
    if len(value) < 2:
        raise FaultError(where, value, N_("A position has fewer than two numbers."), REMEDY_POSITION)
    for part in value:
        if type(part) is str:
            raise FaultError(where, value, N_("A coordinate is text, not a number."), REMEDY_POSITION)
        if type(part) not in (int, float):
            raise FaultError(where, value, N_("A coordinate is not a number."), REMEDY_POSITION)
    try:
        numbers = [float(part) for part in value]
    except OverflowError:
        numbers = [math.inf]
    if not all(map(math.isfinite, numbers)):
        raise FaultError(where, value, N_("A coordinate is not a finite number."), REMEDY_POSITION)
    sizes.add(len(value))
    return numbers


def _line(positions: list[list[float]], width: int) -> list[list[float]]:
    if len(positions) < 2:
        raise FaultError(
            "geometry.coordinates",
            positions,
            N_("A line has fewer than two positions."),
            N_("Remove the line or complete it."),
        )
    return [position[:width] for position in positions]


def _polygon(rings: list[list[list[float]]], width: int, closed: list[bool]) -> shapely.Polygon:
    cut = [[position[:width] for position in ring] for ring in rings]
    for ring in cut:
        if ring[0] != ring[-1]:
            ring.append(ring[0])
            closed.append(True)
        if len(ring) < 4:
            raise FaultError(
                "geometry.coordinates",
                ring,
                N_("A ring has fewer than four positions."),
                N_("A ring needs three corners and its first position again at the end."),
            )
    return shapely.Polygon(cut[0], cut[1:])


def _wrong_winding(polygon: shapely.Polygon) -> bool:
    """Whether the outer ring runs clockwise or a hole runs counter-clockwise; a ring without area never is."""
    signed = [_signed_area(ring) for ring in (polygon.exterior, *polygon.interiors)]
    return signed[0] < 0 or any(area > 0 for area in signed[1:])


def _signed_area(ring: shapely.LinearRing) -> float:
    xy = shapely.get_coordinates(ring)
    x, y = (xy - xy[0]).T
    return float((x[:-1] * y[1:] - x[1:] * y[:-1]).sum())
