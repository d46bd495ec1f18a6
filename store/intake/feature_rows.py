"""Collects GeoJSON features into columns and geometries, chunk by chunk; each faulty one is a reject of its own."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.errors import N_
from store.batch import Reject
from store.errors import IntakeError
from store.intake.geojson import build_geometries
from store.intake.geojson_checks import BBOX, CASE, MEMBER, Fault, bbox_ok
from store.intake.json_walk import JsonWalk
from store.intake.notebook import NoteBook
from store.intake.raw import RawTable, object_array, shorten

CHUNK = 4096
MAX_COLUMNS = 2000
_FEATURE_FOREIGN = frozenset({"features", "coordinates", "geometries"})
_BAD_TEXT = re.compile("[\ud800-\udfff\x00]")
_REMEDY = N_("Remove the feature or complete it.")


def note_members(value: dict[str, Any], foreign: frozenset[str], kind: str, row: int, book: NoteBook) -> None:
    """Note the members of an object that belong to another kind of object."""
    for member in sorted(foreign & value.keys()):
        book.row(MEMBER, row, type=kind, member=member)


class FeatureRows:
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
                row,
                literal=", ".join(sorted(doubts.literals)),
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
            self.reject("", feature, N_("The feature is not an object."), _REMEDY)
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
            self.reject("properties", properties, N_("The properties are not an object."), _REMEDY)
            return
        if "geometry" not in feature:
            self._book.row(N_("{count} features have no geometry member; taken as null. Rows: {rows}"), row)
        if not feature.keys().isdisjoint(_FEATURE_FOREIGN):
            note_members(feature, _FEATURE_FOREIGN, "Feature", row, self._book)
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
                        N_("Export only the columns that are needed."),
                        limit=MAX_COLUMNS,
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
            columns=columns,
            geometry=geometry,
            row=np.array(self._rows, dtype=np.int64),
            crs=crs,
            encoding=encoding,
            driver=driver,
            layer_name="",
            notes=self._book.notes(),
            rejects=tuple(sorted(self._rejects, key=lambda reject: reject.row)),
            total=self.seen,
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
