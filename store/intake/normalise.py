"""A source table becomes rows of one canonical layer: every row is accepted or rejected with a reason.

Runs inside the child that read the file; what needs the store (ids it holds, grids it holds) is checked in `run`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.errors import N_
from store.batch import Batch, Note, Reject
from store.intake import cameras, grids, guard, ids
from store.intake.aliases import ALIASES, CAMERA_TAGS, COUNTS
from store.intake.columns import ColumnReader
from store.intake.locate import Box
from store.intake.mapping import FieldMap, map_columns, signature
from store.intake.numbers import read_numbers
from store.intake.options import ImportOptions
from store.intake.osm_tags import TAG_COLUMNS, tag_columns
from store.intake.placing import Placed, Target, compare_columns, place_rows
from store.intake.raw import RawTable
from store.intake.reasons import MISSING, MISSING_REMEDY, Ledger
from store.intake.texts import missing, plain
from store.intake.wkt import with_geometry
from store.schema import LAYERS, Layer

Values = NDArray[Any]


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
    area: Box | None = None,
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
    fields = map_columns(
        layer,
        columns,
        wanted=options.map,
        const=options.const,
        has_geometry=raw.geometry is not None,
        driver=raw.driver,
    )
    fields = _with_travel(fields, columns, layer, options)
    ledger.notes += fields.notes
    guard.check_stated("attribution", options.attribution)
    refused = guard.check(columns, fields.columns, fields.const, canonical, ledger)
    reader = ColumnReader(canonical, columns, fields, options, ledger, raw.utc)
    if layer == "cameras":
        cameras.reject_others(columns, ledger)
    values = reader.read()
    target = Target(target_crs, area, store_crs)
    placed = place_rows(raw, columns, fields, options.crs, canonical, target, ledger)
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
        batch,
        raw.row[ledger.alive],
        rejects,
        (*raw.notes, *ledger.notes),
        raw.total,
        placed.source_label,
        raw.encoding,
        reader.used_timezone,
        signature(list(raw.columns)),
        dict(fields.columns),
    )


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
    return FieldMap(
        fields.columns | {"azimuth_deg": column},
        fields.explicit,
        fields.const,
        fields.notes,
        tuple(name for name in fields.unused if name != column),
    )


def _more_notes(
    raw: RawTable, columns: dict[str, Values], fields: FieldMap, layer: Layer, values: dict[str, Values], ledger: Ledger
) -> None:
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
                ledger.note(
                    N_(
                        "{count} rows have a negative “{column}” (corrections that subtract); each row was "
                        "taken as one {layer} row."
                    ),
                    count=negative,
                    column=name,
                    layer=layer.name,
                )
    if layer.pure_points and raw.geometry is not None and "lon" not in fields.columns and "x" not in fields.columns:
        compare_columns(raw, columns, ledger)


def _batch(layer: Layer, values: dict[str, Values], placed: Placed, ledger: Ledger) -> Batch:
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
