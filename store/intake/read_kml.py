"""Reads KML placemarks; a document type, entities and links are refused or left alone, never followed."""

from __future__ import annotations

import dataclasses
import re
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError

import numpy as np
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from geo.errors import N_
from store.batch import Reject
from store.errors import IntakeError
from store.intake.arrow_columns import no_rows
from store.intake.encoding import decode, known_encoding, preview_choices
from store.intake.geojson_checks import WINDING, FaultError, build_one
from store.intake.notebook import NoteBook
from store.intake.raw import RawTable, object_array, shorten

MAX_COLUMNS = 2000
_DECLARATION = re.compile(r"\s*<\?xml[^>]*\?>")
_DECLARED = re.compile(rb"<\?xml[^>]*encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")
_GEOMETRIES = frozenset({"Point", "LineString", "LinearRing", "Polygon", "MultiGeometry"})
_UNREAD = frozenset({"Track", "MultiTrack", "Model"})
_TEXTS = frozenset({"name", "description", "address", "phoneNumber", "when", "begin", "end"})
_IGNORED = frozenset({"NetworkLink", "GroundOverlay", "PhotoOverlay", "ScreenOverlay"})
_COMMA = re.compile(r"\s*,\s*")


def read_kml(path: Path, *, encoding: str | None, limit: int | None, book: NoteBook) -> RawTable:
    """Read the placemarks of a KML document.

    Columns: ``id``, ``name``, ``description``, ``folder``, times (``when``, ``begin``, ``end``) and the extended data.
    Coordinates are longitude, latitude, WGS 84.

    Raises
    ------
    IntakeError
        Not XML, cut off, a document type declaration, no placemarks.
    """
    data = path.read_bytes()
    declared = _DECLARED.match(data[:400].lstrip(b"\xef\xbb\xbf \t\r\n"))
    if encoding is None and declared and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = known_encoding(declared[1].decode("ascii").casefold())
    text, used = decode(data, encoding, book)
    text = _DECLARATION.sub("", text, count=1)
    rows = _Placemarks(book)
    try:
        _walk(text, rows, limit)
    except DefusedXmlException as error:
        raise IntakeError(
            N_("The XML file declares a document type, which is refused: it can hide entities."),
            N_("Export it again as plain KML or GeoJSON."),
        ) from error
    except ParseError as error:
        raise IntakeError(
            N_("The KML file is damaged or cut off: line {line}, column {column}."),
            N_("Transfer or export it again."),
            line=error.position[0],
            column=error.position[1],
        ) from error
    book.drop(WINDING)  # a rule of GeoJSON
    return dataclasses.replace(rows.table(used), encodings=preview_choices(data, limit))


def _local(element: Element) -> str:
    return element.tag.rsplit("}", 1)[-1] if isinstance(element.tag, str) else ""


def _walk(text: str, rows: _Placemarks, limit: int | None) -> None:
    """Go through the document once, dropping what was read."""
    folders: list[str | None] = []
    stream = iterparse(BytesIO(text.encode("utf-8", "replace")), events=("start", "end"), forbid_dtd=True)
    inside = 0
    for event, element in stream:
        kind = _local(element)
        if event == "start":
            inside += kind == "Placemark"
            if kind == "Folder":
                folders.append(None)
            continue
        if kind == "Placemark":
            inside -= 1
            rows.add(element, " / ".join(name for name in folders if name))
            element.clear()
            if limit is not None and rows.seen >= limit:
                return
        elif kind == "Folder":
            folders.pop()
            element.clear()
        elif kind == "name" and folders and not inside and folders[-1] is None:
            folders[-1] = (element.text or "").strip()
        elif kind in _IGNORED:
            rows.ignored(kind)
            element.clear()


class _Placemarks:
    """Collects placemarks into columns and geometries."""

    def __init__(self, book: NoteBook) -> None:
        self._book = book
        self._values: list[dict[str, Any]] = []
        self._geometry: list[Any] = []
        self._rows: list[int] = []
        self._rejects: list[Reject] = []
        self.seen = 0

    def ignored(self, kind: str) -> None:
        """Note an element that points to something elsewhere."""
        self._book.add(N_("The document has a {kind}; it was not followed."), kind=kind)

    def add(self, placemark: Element, folder: str) -> None:
        """Take one placemark."""
        self.seen += 1
        values: dict[str, Any] = {}
        if placemark.get("id"):
            values["id"] = placemark.get("id")
        if folder:
            values["folder"] = folder
        shapes = []
        stack = list(placemark)[::-1]
        while stack:
            element = stack.pop()
            kind = _local(element)
            if kind in _GEOMETRIES or kind in _UNREAD:
                shapes.append(element)
            elif kind in _TEXTS:
                values.setdefault(kind, (element.text or "").strip())
            elif kind == "Data":
                value = next((part.text for part in element if _local(part) == "value"), None)
                values[element.get("name") or "data"] = (value or "").strip()
            elif kind == "SimpleData":
                values[element.get("name") or "data"] = (element.text or "").strip()
            elif kind in ("ExtendedData", "SchemaData", "TimeStamp", "TimeSpan"):
                stack.extend(list(element)[::-1])
        try:
            geometry = self._shape(shapes)
        except FaultError as error:
            fault = error.fault
            self._rejects.append(Reject(self.seen, fault.field, fault.value, fault.reason, fault.remedy, fault.params))
            return
        self._values.append(values)
        self._geometry.append(geometry)
        self._rows.append(self.seen)

    def _shape(self, shapes: list[Element]) -> Any:
        if not shapes:
            return None
        if len(shapes) > 1:
            self._book.row(
                N_("{count} placemarks have several geometries; the first was taken. Rows: {rows}"), self.seen
            )
        parts: list[dict[str, Any]] = []
        stack = [shapes[0]]
        while stack:
            element = stack.pop()
            if _local(element) == "MultiGeometry":
                stack.extend([part for part in element if _local(part) in _GEOMETRIES | _UNREAD][::-1])
            else:
                parts.append(_geojson(element))
        if not parts:
            return None
        if _local(shapes[0]) != "MultiGeometry":
            return build_one(parts[0], self.seen, self._book)
        kinds = {part["type"] for part in parts}
        if len(kinds) == 1:
            whole = {"type": f"Multi{kinds.pop()}", "coordinates": [part["coordinates"] for part in parts]}
        else:
            whole = {"type": "GeometryCollection", "geometries": parts}
        return build_one(whole, self.seen, self._book)

    def table(self, encoding: str) -> RawTable:
        """Return everything taken so far as a raw table."""
        if not self.seen:
            raise no_rows()
        names = list(dict.fromkeys(name for values in self._values for name in values))
        if len(names) > MAX_COLUMNS:
            raise IntakeError(
                N_("The file has more than {limit} columns."),
                N_("Export only the columns that are needed."),
                limit=MAX_COLUMNS,
            )
        return RawTable(
            columns={name: object_array([values.get(name) for values in self._values]) for name in names},
            geometry=object_array(self._geometry),
            row=np.array(self._rows, dtype=np.int64),
            crs="EPSG:4326",
            encoding=encoding,
            driver="KML",
            layer_name="",
            notes=self._book.notes(),
            rejects=tuple(self._rejects),
            total=self.seen,
        )


def _geojson(element: Element) -> dict[str, Any]:
    """Turn a KML geometry that is not a collection into a GeoJSON one, for the same checks."""
    kind = _local(element)
    if kind in _UNREAD:
        raise FaultError(
            "geometry", kind, N_("Tracks and models are not read."), N_("Convert it to a point, line or polygon.")
        )
    if kind == "Polygon":
        rings: list[list[list[float]]] = []
        for border in element:
            if _local(border) in ("outerBoundaryIs", "innerBoundaryIs"):
                for ring in border:
                    if _local(ring) == "LinearRing":
                        positions = _positions(ring)
                        if _local(border) == "outerBoundaryIs":
                            rings.insert(0, positions)
                        else:
                            rings.append(positions)
        return {"type": "Polygon", "coordinates": rings}
    positions = _positions(element)
    if kind == "Point":
        if len(positions) > 1:
            raise FaultError(
                "geometry.coordinates",
                positions,
                N_("A point has more than one position."),
                N_("Write it as longitude,latitude without spaces."),
            )
        return {"type": "Point", "coordinates": positions[0] if positions else []}
    return {"type": "LineString", "coordinates": positions}


def _positions(element: Element) -> list[list[float]]:
    text = next((part.text or "" for part in element if _local(part) == "coordinates"), "")
    result = []
    for position in _COMMA.sub(",", text.strip()).split():
        try:
            result.append([float(number) for number in position.strip(",").split(",")])
        except ValueError as error:
            raise FaultError(
                "geometry.coordinates",
                shorten(position),
                N_("A coordinate is not a number."),
                N_("Write it as longitude,latitude without spaces."),
            ) from error
    return result
