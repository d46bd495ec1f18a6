"""A source table becomes rows of one canonical layer: every row is accepted or rejected with a reason.

Runs inside the child that read the file; what needs the store (ids it holds, grids it holds) is checked in `run`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.crs import WGS84, try_transform_xy
from geo.errors import N_
from store.batch import Batch, Note, Reject
from store.errors import IntakeError
from store.intake import cameras, geometry, grids, guard, ids, locate
from store.intake.aliases import ALIASES, CAMERA_TAGS, COUNTS, LAT, LON
from store.intake.mapping import FieldMap, map_columns, signature
from store.intake.numbers import read_numbers, read_yes_no
from store.intake.options import ImportOptions
from store.intake.osm_tags import TAG_COLUMNS, tag_columns
from store.intake.raw import RawTable
from store.intake.reasons import (
    MISSING,
    MISSING_REMEDY,
    NOT_A_NUMBER,
    NOT_A_NUMBER_REMEDY,
    NOT_YES_NO,
    NOT_YES_NO_REMEDY,
    OUT_OF_RANGE,
    OUT_OF_RANGE_REMEDY,
    Ledger,
)
from store.intake.texts import missing, plain, texts
from store.intake.times import read_times
from store.intake.wkt import with_geometry
from store.schema import LAYERS, Column, Kind, Layer

Values = NDArray[Any]
LONGEST_TEXT = 2_000
FAR_COLUMNS_M = 50.0

_TOO_LONG = (N_("The text is longer than {longest} characters."), N_("Shorten it."))
_CONTROL = (N_("The text holds characters that are not text."), N_("Check the encoding: --encoding."))
_NOT_WHOLE = (N_("This is not a whole number."), N_("Write a whole number, or leave the cell empty."))


@dataclass(frozen=True)
class Normalised:
    """Rows ready for the store. ``len(batch) + len(rejects) == total``.

    Attributes
    ----------
    batch
        Accepted rows; its CRS is "" where there are none.
    row
        int64, the source row of each accepted row.
    crs, encoding
        How the source was read.
    used_timezone
        Whether times without a zone were read on the given clock.
    """

    batch: Batch
    row: NDArray[np.int64]
    rejects: tuple[Reject, ...]
    notes: tuple[Note, ...]
    total: int
    crs: str
    encoding: str
    used_timezone: bool
    signature: str
    mapping: dict[str, str]


def normalise(
    raw: RawTable,
    layer: str,
    options: ImportOptions,
    *,
    target_crs: str | None = None,
    area: locate.Box | None = None,
    store_crs: str | None = None,
) -> Normalised:
    """Return `raw` as rows of `layer` in the metric CRS `target_crs` (None: chosen from the data).

    Parameters
    ----------
    area
        Box (west, south, east, north; degrees) of what the store holds besides; None while it is empty.
    store_crs
        Suggested where the coordinates do not fit the CRS they are said to be in.

    Raises
    ------
    IntakeError
        If the file is refused as a whole: unknown columns, no CRS, times without a zone, ...
    PersonalDataError
        If a mapped column is about persons.
    """
    canonical = LAYERS[layer]
    raw = with_geometry(raw)
    columns = dict(raw.columns)
    if layer == "cameras":
        columns |= _tags(columns)
    ledger = Ledger(raw.row)
    fields = map_columns(layer, columns, wanted=options.map, const=options.const,
                         has_geometry=raw.geometry is not None, driver=raw.driver)
    fields = _with_travel(fields, columns, layer, options)
    ledger.notes += fields.notes
    refused = guard.check(columns, fields.columns, fields.const, canonical, ledger)
    reader = _Reader(canonical, columns, fields, options, ledger, raw.utc)
    if layer == "cameras":
        cameras.reject_others(columns, ledger)
    values = reader.read()
    placed = _places(raw, canonical, reader, target_crs, area, store_crs)
    if layer == "grids":
        grids.code_and_level(values, set(fields.columns) | set(fields.const) | set(fields.explicit), ledger)
        ids.reject_repeated([values["level"], values["code"]], ledger, "code")
    else:
        ids.reject_repeated([values["id"]], ledger, "id")
        if placed.x is not None and placed.y is not None:
            ids.note_same_rows([*values.values(), placed.x, placed.y], values["id"], ledger)
    _more_notes(raw, columns, fields, canonical, values, ledger)
    batch = _batch(canonical, values, placed, ledger)
    rejects = guard.masked(raw.rejects, ledger.rejects, refused=refused)
    if len(batch) + len(rejects) != raw.total:
        raise AssertionError(f"{len(batch)} accepted + {len(rejects)} rejected is not {raw.total}")
    return Normalised(
        batch, raw.row[ledger.alive], rejects, (*raw.notes, *ledger.notes), raw.total, placed.source_label,
        raw.encoding, reader.used_timezone, signature(list(raw.columns)), dict(fields.columns),
    )


@dataclass
class _Placed:
    """Geometry or x and y of all rows in the target CRS, and how the source's coordinates were understood."""

    crs: str
    source_label: str
    geometry: Values | None = None
    x: NDArray[np.float64] | None = None
    y: NDArray[np.float64] | None = None


class _Reader:
    """Reads the canonical columns of a layer by their kinds."""

    def __init__(self, layer: Layer, columns: dict[str, Values], fields: FieldMap, options: ImportOptions,
                 ledger: Ledger, utc: frozenset[str]) -> None:
        self.layer, self.columns, self.fields, self.options, self.ledger = layer, columns, fields, options, ledger
        self.utc = utc
        self.used_timezone = False

    def source(self, name: str) -> tuple[Values | None, str]:
        """Return the source values of a field and what they are called in messages."""
        if name in self.fields.const:
            return np.full(len(self.ledger), self.fields.const[name], dtype=object), f"--const {name}"
        column = self.fields.columns.get(name)
        return (None, "") if column is None else (self.columns[column], column)

    def read(self) -> dict[str, Values]:
        result: dict[str, Values] = {}
        for column in self.layer.columns:
            values, name = self.source(column.name)
            if self.layer.name == "cameras" and column.name == "azimuth_deg":
                result |= self._azimuth(values, name)
            elif column.name in result and values is None:
                continue
            else:
                result[column.name] = self._column(column, values, name)
        if self.layer.name == "cameras":
            result["kind"] = cameras.kinds_from_tags(self.columns, result["kind"], self.ledger)
            panorama, own = result.pop("_panorama"), result.pop("_hfov")
            result["kind"] = np.where(missing(result["kind"]), panorama, result["kind"])
            result["hfov_deg"] = np.where(np.isnan(result["hfov_deg"]), own, result["hfov_deg"])
            tolerance = result["azimuth_tolerance_deg"]
            result["azimuth_tolerance_deg"] = np.where(np.isnan(result["azimuth_deg"]), np.nan, tolerance)
        return {name: result[name] for name in self.layer.names}

    def _column(self, column: Column, values: Values | None, name: str) -> Values:
        n = len(self.ledger)
        if values is None:
            if column.kind in (Kind.TEXT, Kind.CODE):
                return np.full(n, None, dtype=object)
            if column.kind is Kind.BOOL:
                return np.full(n, -1, dtype=np.int8)
            if column.kind is Kind.TIME:
                return np.full(n, np.datetime64("NaT"), dtype="datetime64[ms]")
            return np.full(n, np.nan)
        if self.layer.name == "cameras" and column.name == "kind":
            return cameras.read_kinds(texts(values), name, self.ledger)
        if column.kind in (Kind.TEXT, Kind.CODE):
            return self._text(column, values)
        if column.kind is Kind.BOOL:
            state, bad = read_yes_no(texts(values))
            self.ledger.reject(bad, column.name, values, NOT_YES_NO, NOT_YES_NO_REMEDY)
            return state
        if column.kind is Kind.TIME:
            return self._time(column, values, name)
        return self._number(column, values, name)

    def _text(self, column: Column, values: Values) -> Values:
        found = texts(values)
        long = np.array([len(value) > LONGEST_TEXT for value in found.values], dtype=bool)
        self.ledger.reject(found.mask(long), column.name, values, *_TOO_LONG, longest=LONGEST_TEXT)
        odd = np.array([not value.isprintable() and _control(value) for value in found.values], dtype=bool)
        self.ledger.reject(found.mask(odd), column.name, values, *_CONTROL)
        return found.array()

    def _time(self, column: Column, values: Values, name: str) -> Values:
        explicit = column.name in self.fields.explicit
        is_utc = self.fields.columns.get(column.name) in self.utc
        times = read_times(values, name, timezone=self.options.timezone, date_order=self.options.date_order,
                           utc=is_utc, epoch=explicit)
        for fault in times.faults:
            self.ledger.reject(fault.where, column.name, values, fault.reason, fault.remedy, **fault.params)
        self.ledger.notes += times.notes
        self.used_timezone |= times.used_timezone
        empty = int((np.isnat(times.utc) & self.ledger.alive).sum())
        if empty:
            self.ledger.note(N_("{count} rows have no time in “{column}”."), count=empty, column=name)
        return times.utc

    def _number(self, column: Column, values: Values, name: str) -> Values:
        whole = column.kind is Kind.INTEGER
        numbers = read_numbers(values, column.unit, whole=whole)
        self.ledger.reject(numbers.bad, column.name, values, NOT_A_NUMBER, NOT_A_NUMBER_REMEDY)
        if numbers.empty_words:
            self.ledger.note(N_("{count} values of “{column}” say that no number is known; they stay empty."),
                             count=numbers.empty_words, column=name)
        if numbers.feet:
            self.ledger.note(N_("{count} values of “{column}” were feet and became metres."),
                             count=numbers.feet, column=name)
        value = numbers.value
        if whole:
            self.ledger.reject(np.isfinite(value) & (value != np.floor(value)), column.name, values, *_NOT_WHOLE)
        self._range(column, value, values)
        return value

    def _range(self, column: Column, value: NDArray[np.float64], values: Values) -> None:
        low = -np.inf if column.low is None else column.low
        high = np.inf if column.high is None else column.high
        with np.errstate(invalid="ignore"):
            outside = (value < low) | (value > high)
        if outside.any():
            number = np.full(len(value), "", dtype=object)
            number[outside] = [f"{found:.10g}" for found in value[outside].tolist()]
            self.ledger.reject(outside, column.name, values, OUT_OF_RANGE, OUT_OF_RANGE_REMEDY, number=number,
                               low=column.low, high="∞" if column.high is None else column.high,
                               unit=column.unit or "–")

    def _azimuth(self, values: Values | None, name: str) -> dict[str, Values]:
        n = len(self.ledger)
        nothing = {"azimuth_deg": np.full(n, np.nan), "azimuth_tolerance_deg": np.full(n, np.nan),
                   "_hfov": np.full(n, np.nan), "_panorama": np.full(n, None, dtype=object)}
        if values is None:
            return nothing
        inside = "azimuth_deg" not in self.fields.explicit and plain(name) in cameras.ADDRESSES
        azimuth, tolerance, hfov, kind = cameras.read_azimuths(texts(values), name, self.ledger, inside_text=inside)
        return {"azimuth_deg": azimuth, "azimuth_tolerance_deg": tolerance, "_hfov": hfov, "_panorama": kind}


def _control(text: str) -> bool:
    return any(ord(letter) < 32 and letter not in "\t\n\r" for letter in text)


def _tags(columns: dict[str, Values]) -> dict[str, Values]:
    """Return tags kept in a text column as columns of their own, where the source has none of that name."""
    wanted = frozenset(alias for names in ALIASES["cameras"].values() for alias in names) | CAMERA_TAGS
    wanted -= {"id", "name", "type", "status", "address", "location", "description"}
    present = {plain(name) for name in columns}
    found: dict[str, Values] = {}
    for name, values in columns.items():
        if plain(name) in TAG_COLUMNS and values.dtype.kind == "O":
            found |= {key: tags for key, tags in tag_columns(values, wanted).items() if plain(key) not in present}
    return found


def _with_travel(fields: FieldMap, columns: dict[str, Values], layer: str, options: ImportOptions) -> FieldMap:
    """Take directions of travel out of an address where a camera layer has no column of directions."""
    if layer != "cameras" or "azimuth_deg" in fields.columns or "azimuth_deg" in {*options.map, *options.const}:
        return fields
    column = cameras.travel_column(columns)
    if column is None:
        return fields
    return FieldMap(fields.columns | {"azimuth_deg": column}, fields.explicit, fields.const, fields.notes,
                    tuple(name for name in fields.unused if name != column))


def _places(raw: RawTable, layer: Layer, reader: _Reader, target: str | None, area: locate.Box | None,
            store_crs: str | None) -> _Placed:
    ledger, fields = reader.ledger, reader.fields.columns
    pair = ("lon", "lat") if "lon" in fields else ("x", "y") if "x" in fields else None
    if pair is None and raw.geometry is None:
        raise IntakeError(
            N_("The file has no places: no geometry, and no columns of coordinates."),
            N_("Name the columns: --map lon=… --map lat=…, or --map x=… --map y=… with --crs. It has: {columns}."),
            columns=", ".join(raw.columns) or "-",
        )
    source = locate.source_crs(reader.options.crs, None if pair and reader.options.crs is None and pair[0] == "x"
                               and raw.geometry is not None else raw.crs, lonlat_named=bool(pair and pair[0] == "lon"),
                               ledger=ledger)
    if pair is not None:
        x, y = (_coordinate(reader.columns[fields[name]], name, ledger) for name in pair)
        return _place_points(x, y, layer, source, target, area, store_crs, ledger)
    assert raw.geometry is not None
    shapes = geometry.prepare(raw.geometry, layer, ledger)
    if layer.pure_points:
        x, y = geometry.points(shapes, ledger)
        return _place_points(x, y, layer, source, target, area, store_crs, ledger)
    xy, owner = shapely.get_coordinates(shapes, return_index=True)
    x, y, target = locate.bring_in(xy[:, 0], xy[:, 1], owner, source, target, area, ledger, store_crs)
    keep = ledger.alive[owner]
    shapes[~ledger.alive] = None
    shapes = shapely.set_coordinates(shapes, np.column_stack([x[keep], y[keep]]))
    return _Placed(target, source.label, geometry=geometry.repair(shapes, layer, ledger))


def _coordinate(values: Values, name: str, ledger: Ledger) -> NDArray[np.float64]:
    numbers = read_numbers(values, "deg" if name in ("lon", "lat") else "m")
    ledger.reject(numbers.bad, name, values, NOT_A_NUMBER, NOT_A_NUMBER_REMEDY)
    return numbers.value


def _place_points(x: NDArray[np.float64], y: NDArray[np.float64], layer: Layer, source: locate.Source,
                  target: str | None, area: locate.Box | None, store_crs: str | None, ledger: Ledger) -> _Placed:
    owner = np.arange(len(ledger))
    x, y, target = locate.bring_in(x, y, owner, source, target, area, ledger, store_crs)
    if layer.pure_points:
        return _Placed(target, source.label, x=x, y=y)
    shapes = np.full(len(ledger), None, dtype=object)
    shapes[ledger.alive] = shapely.points(x[ledger.alive], y[ledger.alive])
    return _Placed(target, source.label, geometry=shapes)


def _more_notes(raw: RawTable, columns: dict[str, Values], fields: FieldMap, layer: Layer, values: dict[str, Values],
                ledger: Ledger) -> None:
    if layer.name == "incidents" and not {"occurred_at"} & {*fields.columns, *fields.const, *fields.explicit}:
        ledger.note(N_("No column of times was found; the incidents have none. Name one with --map occurred_at=…"))
    left = [name for name in fields.unused if name in raw.columns]
    if left:
        ledger.note(N_("Columns that were not taken: {columns}."), columns=", ".join(left))
    for name in left:
        if plain(name) in COUNTS:
            numbers = read_numbers(columns[name]).value
            negative = int((numbers < 0).sum())
            if negative:
                ledger.note(N_("{count} rows have a negative “{column}” (corrections that subtract); each row was "
                               "taken as one {layer} row."), count=negative, column=name, layer=layer.name)
    if layer.pure_points and raw.geometry is not None and "lon" not in fields.columns and "x" not in fields.columns:
        _compare_columns(raw, columns, ledger)


def _compare_columns(raw: RawTable, columns: dict[str, Values], ledger: Ledger) -> None:
    """Note how many rows have longitude and latitude columns far from their own geometry."""
    by_plain = {plain(name): name for name in columns}
    lon_name = next((by_plain[alias] for alias in LON if alias in by_plain), None)
    lat_name = next((by_plain[alias] for alias in LAT if alias in by_plain), None)
    if lon_name is None or lat_name is None or raw.geometry is None or not raw.crs:
        return
    lon, lat = read_numbers(columns[lon_name], "deg").value, read_numbers(columns[lat_name], "deg").value
    simple = raw.geometry.copy()
    simple[shapely.get_type_id(simple) != 0] = None
    own_lon, own_lat, ok = try_transform_xy(shapely.get_x(simple), shapely.get_y(simple), raw.crs, WGS84)
    metres = locate.metres_between(own_lon, own_lat, lon, lat)
    with np.errstate(invalid="ignore"):
        far = int((ok & (metres > FAR_COLUMNS_M)).sum())
    if far:
        ledger.note(N_("In {count} rows “{lon}” and “{lat}” lie more than {metres} m from the geometry; the geometry "
                       "was taken."), count=far, lon=lon_name, lat=lat_name, metres=int(FAR_COLUMNS_M))


def _batch(layer: Layer, values: dict[str, Values], placed: _Placed, ledger: Ledger) -> Batch:
    for column in layer.columns:
        if column.required:
            ledger.reject(missing(values[column.name]), column.name, None, MISSING, MISSING_REMEDY)
    alive = ledger.alive
    return Batch(
        layer.name,
        placed.crs,
        {name: column[alive] for name, column in values.items()},
        None if placed.geometry is None else placed.geometry[alive],
        None if placed.x is None else placed.x[alive],
        None if placed.y is None else placed.y[alive],
    )
