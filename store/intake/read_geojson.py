"""Reads GeoJSON (collection, feature, bare geometry, newline-delimited) into a raw table."""

from __future__ import annotations

import dataclasses
import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.errors import N_
from store.batch import Reject
from store.errors import IntakeError
from store.intake.encoding import decode, preview_choices
from store.intake.geojson import BBOX, CASE, MEMBER, TYPES, WINDING, Fault, bbox_ok, build_geometries
from store.intake.json_walk import JsonWalk
from store.intake.notebook import NoteBook
from store.intake.progress import report
from store.intake.raw import RawTable, object_array, shorten

CHUNK = 4096
MAX_COLUMNS = 2000
_COLLECTION_FOREIGN = frozenset({"coordinates", "geometry", "geometries", "properties"})
_FEATURE_FOREIGN = frozenset({"features", "coordinates", "geometries"})
_BY_CASEFOLD = {name.casefold(): name for name in (*TYPES, "Feature", "FeatureCollection")}
_CRS_NAME = re.compile(
    r"(?:urn:(?:x-)?ogc:def:crs:)?(EPSG|OGC|ESRI):(?:[\d.]*:)?(CRS84|CRS83|CRS27|\d+)", re.IGNORECASE
)
_OGC = {"CRS84": "EPSG:4326", "CRS83": "EPSG:4269", "CRS27": "EPSG:4267"}
_BAD_TEXT = re.compile("[\ud800-\udfff\x00]")

NULL_REMEDY = N_("Remove the feature or complete it.")


def read_geojson(
    path: Path, *, encoding: str | None = None, limit: int | None = None, book: NoteBook | None = None
) -> RawTable:
    """Read a GeoJSON file.

    Parameters
    ----------
    path
        The file.
    encoding
        The user's choice; None detects.
    limit
        Stop after so many rows (for a preview).
    book
        Notes taken before.

    Raises
    ------
    IntakeError
        Not JSON, cut off, nothing in it, not GeoJSON, or coordinates in an encoding that is not GeoJSON.
    """
    book = book if book is not None else NoteBook()
    data = path.read_bytes()
    text, name = decode(data, encoding, book)
    table = parse_geojson(text, book, encoding=name, limit=limit)
    return dataclasses.replace(table, encodings=preview_choices(data, limit))


def parse_geojson(text: str, book: NoteBook, *, encoding: str = "utf-8", limit: int | None = None) -> RawTable:
    """Parse a GeoJSON text; see `read_geojson`."""
    walk = JsonWalk(text)
    start = walk.peek()
    if not start:
        raise IntakeError(N_("The file is empty."), N_("Choose a file with data."))
    if start == "[":
        raise IntakeError(
            N_("The file is a JSON list, not GeoJSON."), N_("Wrap its features in a FeatureCollection.")
        )
    if start == "\x1e" or (start == "{" and _is_sequence(text, walk.position)):
        return _sequence(text, book, encoding, limit)
    rows = _Rows(book)
    members: dict[str, Any] = {}
    complete = True
    for key, value in walk.members():
        if key:
            members[key] = value
        else:
            rows.add(value, walk)
            if limit is not None and rows.seen >= limit:
                complete = False
                break
            if rows.seen % CHUNK == 0:
                report(walk.position / len(text), "read")
    if complete and walk.peek():
        raise walk.broken(walk.position)
    if complete:
        rows = _whole(members, rows, walk, book)
    rows.flush()
    table = rows.table(_crs(members, book), encoding, "GeoJSON")
    if complete and bbox_ok(members.get("bbox")):
        _check_bbox(members["bbox"], table.geometry, book)
        table = dataclasses.replace(table, notes=book.notes())
    return table


def _is_sequence(text: str, start: int) -> bool:
    """Whether the first line is a whole object and something follows it."""
    line, _, rest = text[start:].partition("\n")
    if not rest.strip() or not line.rstrip().endswith("}"):
        return False
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _sequence(text: str, book: NoteBook, encoding: str, limit: int | None) -> RawTable:
    """Read one feature or geometry per line, or per record separator (RFC 8142)."""
    rows = _Rows(book)
    for record in text.split("\x1e") if "\x1e" in text else text.splitlines():
        if not record.strip():
            continue
        walk = JsonWalk(record)
        try:
            value = walk.value()
            if walk.peek():
                raise walk.broken(walk.position)
        except IntakeError as error:
            rows.reject("", record, error.message, error.remedy, **error.params)
        else:
            kind = value.get("type") if isinstance(value, dict) else None
            if isinstance(kind, str) and kind in TYPES:
                value = {"type": "Feature", "properties": None, "geometry": value}
            rows.add(value, walk)
        if limit is not None and rows.seen >= limit:
            break
    return rows.table("EPSG:4326", encoding, "GeoJSONSeq")


def _whole(members: dict[str, Any], rows: _Rows, walk: JsonWalk, book: NoteBook) -> _Rows:
    """Decide what the top-level object is; a single feature or geometry becomes the only row."""
    kind = members.get("type")
    if kind == "Topology":
        raise IntakeError(N_("The file is TopoJSON, not GeoJSON."), N_("Export it as GeoJSON."))
    if "geometryType" in members or "spatialReference" in members:
        raise IntakeError(N_("The file is Esri JSON, not GeoJSON."), N_("Export it as GeoJSON (f=geojson)."))
    meant = _BY_CASEFOLD.get(kind.casefold()) if isinstance(kind, str) else None
    if meant is None:
        if not rows.seen:
            raise IntakeError(
                N_("The file is JSON but not GeoJSON: its type is {type}."),
                N_("GeoJSON starts with a FeatureCollection, a Feature or a geometry."),
                type=shorten(kind) if kind is not None else "-",
            )
        book.add(N_("The collection does not say its type; it was read as a FeatureCollection."))
        meant = "FeatureCollection"
    if kind != meant and kind is not None:
        book.row(CASE, 1, type=shorten(kind), meant=meant)
    if meant == "FeatureCollection":
        if "features" not in members:
            raise IntakeError(N_("The collection has no features."), N_("Choose a file with data."))
        if type(members["features"]) is not list:
            raise IntakeError(N_("The features are not a list."), N_("Export the file again."))
        _note_members(members, _COLLECTION_FOREIGN, meant, 1, book)
        if "bbox" in members and not bbox_ok(members["bbox"]):
            book.row(BBOX, 1)
        return rows
    single = _Rows(book)
    if meant == "Feature":
        if "features" in members:
            members["features"] = None
        single.add({**members, "type": "Feature"}, walk)
    else:
        members.pop("crs", None)
        single.add({"type": "Feature", "properties": None, "geometry": members}, walk)
    return single


def _note_members(value: dict[str, Any], foreign: frozenset[str], kind: str, row: int, book: NoteBook) -> None:
    for member in sorted(foreign & value.keys()):
        book.row(MEMBER, row, type=kind, member=member)


def _crs(members: dict[str, Any], book: NoteBook) -> str | None:
    """Return the CRS of the file: WGS 84 unless a `crs` member of the 2008 edition names another one."""
    if "crs" not in members:
        return "EPSG:4326"
    value = members["crs"]
    kind = value.get("type") if isinstance(value, dict) else None
    properties = value.get("properties") if isinstance(value, dict) else None
    if kind == "link":
        book.add(N_("The file points to a CRS elsewhere (a link); it was not followed. Read as WGS 84."))
        return "EPSG:4326"
    # Files of the 2008 edition had no rule of winding, so that there is nothing to note.
    book.drop(WINDING)
    if isinstance(properties, dict):
        stated = properties.get("name", properties.get("code"))
        if kind == "EPSG" and str(stated).isdigit():
            stated = f"EPSG:{stated}"
        match = _CRS_NAME.fullmatch(str(stated).strip())
        if match:
            authority, code = match[1].upper(), match[2].upper()
            found = _OGC.get(code, f"{authority}:{code}")
            if found != "EPSG:4326":
                book.add(N_("The file names its CRS, {crs}; coordinates were read in it."), crs=found)
            return found
    book.add(N_("The CRS that the file names is not understood: {crs}."), crs=shorten(json.dumps(value)))
    return None


def _check_bbox(bbox: list[float], geometry: NDArray[Any] | None, book: NoteBook) -> None:
    """Note a bounding box of the whole that does not hold all of it; one across the antimeridian is left alone."""
    half = len(bbox) // 2
    west, south, east, north = bbox[0], bbox[1], bbox[half], bbox[half + 1]
    bounds = shapely.total_bounds(geometry)
    if west <= east and ((bounds[:2] < (west - 1e-6, south - 1e-6)) | (bounds[2:] > (east + 1e-6, north + 1e-6))).any():
        book.add(N_("The bounding box of the file does not hold all of its rows; ignored."))


class _Rows:
    """Collects features, in chunks, into columns and geometries."""

    def __init__(self, book: NoteBook) -> None:
        self._book = book
        self._pending: list[tuple[int, Any, Any, Any]] = []
        self._columns: dict[str, list[Any]] = {}
        self._ids: list[Any] = []
        self._rows: list[int] = []
        self._geometry: list[NDArray[Any]] = []
        self._rejects: list[Reject] = []
        self.seen = 0

    def reject(self, field: str, value: object, reason: str, remedy: str, **params: Any) -> None:
        """Count a row that cannot be taken."""
        self.seen += 1
        self._rejects.append(Reject(self.seen, field, shorten(value), reason, remedy, params))

    def add(self, feature: Any, walk: JsonWalk) -> None:
        """Take one decoded feature; its geometry is checked with its chunk."""
        row = self.seen + 1
        doubts = walk.doubts
        if doubts.literals:
            self._book.row(
                N_("{count} rows hold {literal}, which is not JSON; taken as missing or not finite. Rows: {rows}"),
                row, literal=", ".join(sorted(doubts.literals)),
            )
        if doubts.doubled:
            names = ", ".join(sorted(doubts.doubled))
            if doubts.doubled & {"type", "geometry", "coordinates", "properties"}:
                self.reject(names, names, N_("The member is given twice."), N_("Keep one of the two."))
                doubts.clear()
                return
            self._book.row(
                N_("{count} rows give {names} twice; the last value was taken. Rows: {rows}"), row, names=names
            )
        doubts.clear()
        if type(feature) is not dict:
            self.reject("", feature, N_("The feature is not an object."), NULL_REMEDY)
            return
        kind = feature.get("type")
        if kind != "Feature":
            if not isinstance(kind, str) or kind.casefold() != "feature":
                self.reject("type", kind, N_("This is not a feature."), N_("Give it the type Feature."))
                return
            self._book.row(CASE, row, type=kind, meant="Feature")
        properties = feature.get("properties")
        if properties is None:
            properties = {}
            if "properties" not in feature:
                self._book.row(N_("{count} features have no properties member. Rows: {rows}"), row)
        elif type(properties) is not dict:
            self.reject("properties", properties, N_("The properties are not an object."), NULL_REMEDY)
            return
        if "geometry" not in feature:
            self._book.row(N_("{count} features have no geometry member; taken as null. Rows: {rows}"), row)
        if not feature.keys().isdisjoint(_FEATURE_FOREIGN):
            _note_members(feature, _FEATURE_FOREIGN, "Feature", row, self._book)
        if "bbox" in feature and not bbox_ok(feature["bbox"]):
            self._book.row(BBOX, row)
        own_id = feature.get("id")
        if own_id is not None and type(own_id) not in (str, int, float):
            self._book.row(
                N_("{count} features have an id that is neither text nor number; ignored. Rows: {rows}"), row
            )
            own_id = None
        self.seen += 1
        self._pending.append((row, own_id, properties, feature.get("geometry")))
        if len(self._pending) >= CHUNK:
            self.flush()

    def flush(self) -> None:
        """Build the geometries and columns of the features taken since the last time."""
        pending, self._pending = self._pending, []
        if not pending:
            return
        built, faults = build_geometries([part[3] for part in pending], [part[0] for part in pending], self._book)
        for position, fault in faults.items():
            _refuse_encoded(pending[position][3])
            self._rejects.append(_as_reject(pending[position][0], fault))
        kept = [position for position in range(len(pending)) if position not in faults]
        before = len(self._rows)
        self._rows.extend(pending[i][0] for i in kept)
        self._ids.extend(pending[i][1] for i in kept)
        self._geometry.append(built[kept])
        properties = [pending[i][2] for i in kept]
        for name in dict.fromkeys(name for part in properties for name in part):
            if name not in self._columns:
                if len(self._columns) >= MAX_COLUMNS:
                    raise IntakeError(
                        N_("The file has more than {limit} columns."),
                        N_("Export only the columns that are needed."), limit=MAX_COLUMNS,
                    )
                self._columns[name] = [None] * before
            self._columns[name].extend(self._plain([part.get(name) for part in properties], self._rows[before:]))
        for column in self._columns.values():
            column.extend([None] * (len(self._rows) - len(column)))

    def _plain(self, values: list[Any], rows: list[int]) -> Iterator[Any]:
        """Yield JSON values as plain ones: a list or object as its JSON text, NaN and infinity as missing."""
        for row, value in zip(rows, values, strict=True):
            kind = type(value)
            if kind is dict or kind is list:
                value = json.dumps(value, ensure_ascii=False)
                kind = str
            if kind is str:
                clean = value if value.isascii() and "\0" not in value else _clean(value)
                if clean != value:
                    self._book.row(
                        N_("{count} texts hold NUL or half a surrogate pair, replaced by U+FFFD. Rows: {rows}"),
                        row,
                    )
                yield clean
            elif kind is float and not math.isfinite(value):
                self._book.row(N_("{count} numbers are not finite; taken as missing. Rows: {rows}"), row)
                yield None
            else:
                yield value

    def table(self, crs: str | None, encoding: str, driver: str) -> RawTable:
        """Return everything taken so far as a raw table."""
        self.flush()
        if not self.seen:
            raise IntakeError(N_("The file has no rows."), N_("Choose a file with data."))
        columns = {_clean(name): object_array(values) for name, values in self._columns.items()}
        if any(value is not None for value in self._ids):
            _add_id(columns, self._ids)
        geometry = np.concatenate(self._geometry) if self._geometry else object_array([])
        return RawTable(
            columns=columns, geometry=geometry, row=np.array(self._rows, dtype=np.int64), crs=crs, encoding=encoding,
            driver=driver, layer_name="", notes=self._book.notes(),
            rejects=tuple(sorted(self._rejects, key=lambda reject: reject.row)), total=self.seen,
        )


def _as_reject(row: int, fault: Fault) -> Reject:
    return Reject(row, fault.field, fault.value, fault.reason, fault.remedy, fault.params)


def _refuse_encoded(geometry: Any) -> None:
    """Refuse the file where its coordinates are the strings that Apache ECharts packs them into."""
    if isinstance(geometry, dict) and "encodeOffsets" in geometry:
        raise IntakeError(
            N_("The coordinates are packed into strings, as Apache ECharts does: this is not GeoJSON."),
            N_("Unpack the file with ECharts' own decoder, or get the boundaries as GeoJSON."),
        )


def _add_id(columns: dict[str, NDArray[Any]], ids: list[Any]) -> None:
    """Keep the features' own ids as a column that collides with no property."""
    name = "id"
    if name in columns:
        if list(columns[name]) == ids:
            return
        name = "feature_id"
        while name in columns:
            name += "_"
    columns[name] = object_array(ids)


def _clean(text: str) -> str:
    """Replace halves of surrogate pairs and NUL, which no text column can hold, by U+FFFD."""
    return _BAD_TEXT.sub("\ufffd", text)
