"""Which source column means which canonical column: by the user's word, what was remembered, or known names."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.errors import N_
from store.batch import Note
from store.errors import IntakeError
from store.intake.aliases import ALIASES, LAT, LON, OBJECT_HEIGHT, X, Y
from store.intake.texts import plain, texts
from store.schema import LAYERS

POINT_FIELDS = ("lon", "lat", "x", "y")
_SAMPLE = 20_000  # rows looked at to tell ids from constants
_TAKEN_FOR_NAME = N_(
    "“{field}” is taken from “{column}”, whose name comes first among the known ones; “{others}” "
    "would also do: choose with --map."
)
_TAKEN_FOR_VALUES = N_(
    "“{field}” is taken from “{column}”, whose values tell the rows apart; “{others}” would also do: choose with --map."
)


@dataclass(frozen=True)
class FieldMap:
    """Where each canonical column of a layer comes from.

    Attributes
    ----------
    columns
        Canonical column (or lon, lat, x, y) -> source column.
    explicit
        Fields that the user named (also those left empty on purpose).
    const
        Canonical column -> one value for all rows.
    notes
        What was taken among several, and what was not taken.
    unused
        Source columns that mean nothing here.
    """

    columns: dict[str, str]
    explicit: frozenset[str]
    const: dict[str, str]
    notes: tuple[Note, ...]
    unused: tuple[str, ...] = ()


def signature(names: list[str]) -> str:
    """Return a short text that is the same for the same set of column names, in any order."""
    return hashlib.sha256("\x1f".join(sorted(names)).encode()).hexdigest()[:32]


def map_columns(
    layer: str,
    columns: Mapping[str, NDArray[Any]],
    *,
    wanted: Mapping[str, str],
    const: Mapping[str, str],
    has_geometry: bool,
    driver: str = "",
) -> FieldMap:
    """Return the mapping of `columns` (by source name) onto `layer`.

    Parameters
    ----------
    wanted
        field -> column as the user named them; an empty column leaves the field empty.
    const
        field -> value for every row; takes the place of a column.
    has_geometry
        Whether the source has geometry of its own; then point columns are taken only where named.
    driver
        Format of the source; names of Shapefile columns are cut at ten characters.

    Raises
    ------
    IntakeError
        If a field or a column does not exist, or a field is both mapped and constant.
    """
    canonical = LAYERS[layer]
    _check_wanted(layer, columns, wanted, const)
    taken: dict[str, str] = {}
    notes: list[Note] = []
    by_plain: dict[str, list[str]] = {}
    for name in columns:
        by_plain.setdefault(plain(name), []).append(name)
    for name, column in wanted.items():
        if column:
            taken[name] = _existing(column, columns)
    spoken = set(wanted) | set(const)
    for name in canonical.names:
        if name in spoken:
            continue
        # A column that the user gave to another field is not taken a second time.
        candidates = [
            c for alias in ALIASES[layer][name] for c in _matching(alias, by_plain, driver) if c not in taken.values()
        ]
        candidates = [c for c in dict.fromkeys(candidates) if _has_values(columns[c])]
        if not candidates:
            continue
        chosen = _best_id(candidates, columns) if name == "id" else candidates[0]
        taken[name] = chosen
        others = [c for c in candidates if c != chosen]
        if others:
            message = _TAKEN_FOR_VALUES if name == "id" and chosen != candidates[0] else _TAKEN_FOR_NAME
            notes.append(Note(message, {"field": name, "column": chosen, "others": "”, “".join(others)}))
            if name == "id":
                notes += _repeated_ids(others, chosen, columns)
    if "point" in canonical.families:
        taken |= _point_columns(by_plain, columns, wanted, has_geometry, notes)
    unused = tuple(name for name in columns if name not in taken.values())
    if layer == "cameras" and "height_m" not in taken and "height_m" not in spoken:
        notes += [
            Note(
                N_(
                    "“{column}” may be the height of the object that carries the camera; it is not taken as mounting "
                    "height. Map it with --map height_m={column} if it is."
                ),
                {"column": name},
            )
            for name in unused
            if plain(name) in OBJECT_HEIGHT and _has_values(columns[name])
        ]
    return FieldMap(taken, frozenset(wanted), dict(const), tuple(notes), unused)


def _check_wanted(
    layer: str, columns: Mapping[str, NDArray[Any]], wanted: Mapping[str, str], const: Mapping[str, str]
) -> None:
    point_fields = POINT_FIELDS if "point" in LAYERS[layer].families else ()
    fields = (*LAYERS[layer].names, *point_fields)
    for name in (*wanted, *const):
        if name not in fields or (name in const and name in POINT_FIELDS):
            raise IntakeError(
                N_("“{layer}” has no column “{field}”."),
                N_("It has: {fields}."),
                layer=layer,
                field=name,
                fields=", ".join(fields if name in wanted else LAYERS[layer].names),
            )
    for column in wanted.values():
        if column:
            _existing(column, columns)
    both = sorted(name for name in const if wanted.get(name))
    if both:
        raise IntakeError(
            N_("“{field}” is given both a column and a constant."), N_("Leave one of them out."), field=both[0]
        )


def _existing(column: str, columns: Mapping[str, NDArray[Any]]) -> str:
    if column in columns:
        return column
    same = [name for name in columns if plain(name) == plain(column)]
    if len(same) == 1:
        return same[0]
    raise IntakeError(
        N_("The file has no column “{column}”."),
        N_("It has: {columns}."),
        column=column,
        columns=", ".join(columns) or "-",
    )


def _matching(alias: str, by_plain: Mapping[str, list[str]], driver: str) -> list[str]:
    found = list(by_plain.get(alias, ()))
    if "shape" in driver.lower() and len(alias) > 9:
        found += [
            name
            for names in by_plain.values()
            for name in names
            if len(name) == 10 and len(plain(name)) >= 8 and alias.startswith(plain(name))
        ]
    return found


def _has_values(values: NDArray[Any]) -> bool:
    if values.dtype.kind == "f":
        return bool(np.isfinite(values).any())
    if values.dtype.kind == "O":
        return any(value is not None and value == value and str(value).strip() for value in values)
    return True


def _best_id(candidates: list[str], columns: Mapping[str, NDArray[Any]]) -> str:
    """Return the first candidate that tells most rows apart; else the one that tells apart the most."""
    shares: dict[str, float] = {}
    for name in candidates:
        column = texts(columns[name][:_SAMPLE])
        shares[name] = len(column.values) / max(1, len(column))
        if shares[name] >= 0.5:
            return name
    return max(candidates, key=lambda name: shares[name])


def _repeated_ids(others: list[str], chosen: str, columns: Mapping[str, NDArray[Any]]) -> list[Note]:
    """Say where a column that might have been the id has values twice: such rows may be the same thing."""
    notes = []
    for name in others:
        column = texts(columns[name])
        known = int((column.codes >= 0).sum())
        repeated = known - len(column.values)
        if 0 < repeated < known / 2:
            notes.append(
                Note(
                    N_(
                        "{count} rows repeat the “{other}” of an earlier row; they were taken as rows of their own, "
                        "told apart by “{column}”. Map id to “{other}” to reject them."
                    ),
                    {"count": repeated, "other": name, "column": chosen},
                )
            )
    return notes


def _first_filled(names: list[str], columns: Mapping[str, NDArray[Any]]) -> str | None:
    """Return the first column that holds values, else the first: its rows then say what they lack."""
    return next((name for name in names if _has_values(columns[name])), names[0] if names else None)


def _point_columns(
    by_plain: Mapping[str, list[str]],
    columns: Mapping[str, NDArray[Any]],
    wanted: Mapping[str, str],
    has_geometry: bool,
    notes: list[Note],
) -> dict[str, str]:
    if any(wanted.get(name) for name in POINT_FIELDS):
        pairs = [pair for pair in (("lon", "lat"), ("x", "y")) if any(wanted.get(name) for name in pair)]
        if len(pairs) != 1 or not all(wanted.get(name) for name in pairs[0]):
            raise IntakeError(
                N_("A place needs both of its coordinates, of one pair."), N_("Map lon and lat, or x and y with --crs.")
            )
        return {}
    if has_geometry:
        return {}
    found: list[tuple[str, str, str, str]] = []
    for first, second, firsts, seconds in (("lon", "lat", LON, LAT), ("x", "y", X, Y)):
        for a, b in zip(firsts, seconds, strict=False):
            for one in by_plain.get(a, ()):
                other = next(iter(by_plain.get(b, ())), None)
                if other is not None and _has_values(columns[one]) and _has_values(columns[other]):
                    found.append((first, second, one, other))
    if not found:  # names of different families, such as lng beside latitude
        lon, lat = (_first_filled([c for a in names for c in by_plain.get(a, ())], columns) for names in (LON, LAT))
        if lon is None or lat is None:
            return {}
        found = [("lon", "lat", lon, lat)]
    found = list(dict.fromkeys(found))
    first, second, one, other = found[0]
    if len(found) > 1:
        notes.append(
            Note(
                N_("Places are taken from “{x}” and “{y}”; “{others}” would also do: choose with --map."),
                {"x": one, "y": other, "others": "”, “".join(f"{a}/{b}" for _, _, a, b in found[1:])},
            )
        )
    return {first: one, second: other}
