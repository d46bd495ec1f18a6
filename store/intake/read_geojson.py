"""Reads GeoJSON (collection, feature, bare geometry, newline-delimited) into a raw table."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import shapely
from numpy.typing import NDArray

from geo.errors import N_
from store.errors import IntakeError
from store.intake.encoding import decode, preview_choices
from store.intake.feature_rows import CHUNK, FeatureRows, note_members
from store.intake.geojson_checks import BBOX, CASE, TYPES, WINDING, bbox_ok
from store.intake.json_walk import JsonWalk
from store.intake.notebook import NoteBook
from store.intake.progress import report
from store.intake.raw import RawTable, shorten

_COLLECTION_FOREIGN = frozenset({"coordinates", "geometry", "geometries", "properties"})
_BY_CASEFOLD = {name.casefold(): name for name in (*TYPES, "Feature", "FeatureCollection")}
_CRS_NAME = re.compile(
    r"(?:urn:(?:x-)?ogc:def:crs:)?(EPSG|OGC|ESRI):(?:[\d.]*:)?(CRS84|CRS83|CRS27|\d+)", re.IGNORECASE
)
_OGC = {"CRS84": "EPSG:4326", "CRS83": "EPSG:4269", "CRS27": "EPSG:4267"}


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
        raise IntakeError(N_("The file is a JSON list, not GeoJSON."), N_("Wrap its features in a FeatureCollection."))
    if start == "\x1e" or (start == "{" and _is_sequence(text, walk.position)):
        return _sequence(text, book, encoding, limit)
    rows = FeatureRows(book)
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
    elif "crs" not in members:
        members |= _later_crs(text, walk.position)
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
    rows = FeatureRows(book)
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


def _whole(members: dict[str, Any], rows: FeatureRows, walk: JsonWalk, book: NoteBook) -> FeatureRows:
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
        note_members(members, _COLLECTION_FOREIGN, meant, 1, book)
        if "bbox" in members and not bbox_ok(members["bbox"]):
            book.row(BBOX, 1)
        return rows
    single = FeatureRows(book)
    if meant == "Feature":
        if "features" in members:
            members["features"] = None
        single.add({**members, "type": "Feature"}, walk)
    else:
        members.pop("crs", None)
        single.add({"type": "Feature", "properties": None, "geometry": members}, walk)
    return single


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


def _later_crs(text: str, start: int) -> dict[str, Any]:
    """Look for a crs member behind the features that a preview did not read."""
    at = text.rfind('"crs"', start)
    if at < 0:
        return {}
    walk = JsonWalk(text)
    walk.position = at + len('"crs"')
    try:
        walk.take(":")
        value = walk.value()
    except IntakeError:
        return {}  # the import, which reads all of it, will say what is wrong
    return {"crs": value} if isinstance(value, dict) and value.get("type") in ("name", "link", "EPSG") else {}


def _check_bbox(bbox: list[float], geometry: NDArray[Any] | None, book: NoteBook) -> None:
    """Note a bounding box of the whole that does not hold all of it; one across the antimeridian is left alone."""
    half = len(bbox) // 2
    west, south, east, north = bbox[0], bbox[1], bbox[half], bbox[half + 1]
    bounds = shapely.total_bounds(geometry)
    if west <= east and ((bounds[:2] < (west - 1e-6, south - 1e-6)) | (bounds[2:] > (east + 1e-6, north + 1e-6))).any():
        book.add(N_("The bounding box of the file does not hold all of its rows; ignored."))
