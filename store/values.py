"""Column arrays <-> SQL values."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.columns import Codes, Column, freeze
from store.schema import Kind

_STAMP = "0000-00-00T00:00:00.000Z"
_DIGITS = [index for index, letter in enumerate(_STAMP) if letter == "0"]
_MARKS = [index for index, letter in enumerate(_STAMP) if letter != "0"]
FIRST_TIME = np.datetime64("0001-01-01T00:00:00.000", "ms")
LAST_TIME = np.datetime64("9999-12-31T23:59:59.999", "ms")


def to_sql(kind: Kind, column: NDArray[Any]) -> list[Any]:
    """Return the values of one batch column as Python objects for SQLite, None where missing."""
    if kind in (Kind.TEXT, Kind.CODE):
        return column.tolist()  # type: ignore[no-any-return]
    if kind is Kind.TIME:
        return time_texts(column)
    if kind is Kind.REAL:
        return np.asarray(column, dtype=np.float64).tolist()  # type: ignore[no-any-return]  # SQLite stores NaN as NULL
    numbers = np.asarray(column, dtype=np.float64)
    missing = numbers < 0 if kind is Kind.BOOL else np.isnan(numbers)
    values = np.where(missing, 0, numbers).astype(np.int64).astype(object)
    values[missing] = None
    return values.tolist()  # type: ignore[no-any-return]


def time_texts(times: NDArray[Any]) -> list[str | None]:
    """Return datetime64 (UTC) as GeoPackage DATETIME text with milliseconds and Z; None for NaT."""
    texts = np.char.add(np.datetime_as_string(times.astype("datetime64[ms]")), "Z").tolist()
    for index in np.flatnonzero(np.isnat(times)):
        texts[index] = None
    return texts  # type: ignore[no-any-return]


def parse_times(texts: Sequence[str | None]) -> NDArray[np.datetime64]:
    """Return datetime64[ms] in UTC of DATETIME texts; NaT where missing or not a time.

    Text as this store writes it is read in bulk; other ISO 8601 text (from another program) one by one.
    A text without a zone is UTC, as the GeoPackage standard has it.
    """
    result = np.full(len(texts), np.datetime64("NaT"), dtype="datetime64[ms]")
    if not len(texts):
        return result
    ascii_texts = [b"" if text is None else text.encode("ascii", "replace") for text in texts]
    letters = np.array(ascii_texts, dtype=f"S{max(len(_STAMP) + 1, max(map(len, ascii_texts)))}")
    grid = letters.view(np.uint8).reshape(len(texts), -1)
    digits = grid[:, _DIGITS]
    plain = (
        ((digits >= ord("0")) & (digits <= ord("9"))).all(axis=1)
        & (grid[:, _MARKS] == np.frombuffer(_STAMP.encode(), np.uint8)[_MARKS]).all(axis=1)
        & (grid[:, len(_STAMP)] == 0)
    )
    known = np.flatnonzero(plain)
    if len(known):
        stamps = np.ascontiguousarray(grid[known, : len(_STAMP) - 1]).view(f"S{len(_STAMP) - 1}").ravel()
        try:
            result[known] = stamps.astype("datetime64[ms]")
        except ValueError:  # one of them is no date of the calendar: find out which
            plain[:] = False
    for index in np.flatnonzero(~plain):
        result[index] = _parse_time(texts[int(index)])
    return result


def _parse_time(text: str | None) -> np.datetime64:
    if not text:
        return np.datetime64("NaT")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return np.datetime64("NaT")
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    return np.datetime64(moment, "ms")


def from_sql(kind: Kind, values: Sequence[Any]) -> Column | Codes:
    """Return one column as a read-only array (see `geo.columns.LayerColumns`) from SQL values."""
    if kind is Kind.TEXT:
        return freeze(_objects(values))
    if kind is Kind.CODE:
        return _encode(_objects(values))
    if kind is Kind.TIME:
        return freeze(parse_times(values))
    if kind is Kind.BOOL:
        return freeze(np.array([-1 if value is None else bool(value) for value in values], dtype=np.int8))
    return freeze(np.array(values, dtype=np.float64))


def _objects(values: Sequence[Any]) -> Column:
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


def _encode(texts: Column) -> Codes:
    import pandas as pd  # slow to import, and an empty store or a command's help needs none of it

    codes, found = pd.factorize(texts)
    return _sorted_codes(np.asarray(codes, dtype=np.int32), [str(text) for text in found])


def _sorted_codes(codes: NDArray[np.int32], found: Sequence[str]) -> Codes:
    order = sorted(range(len(found)), key=found.__getitem__)
    place = np.empty(len(found) + 1, dtype=np.int32)
    place[order] = np.arange(len(found), dtype=np.int32)
    place[-1] = -1  # what index -1 (missing) reads
    return Codes(tuple(found[index] for index in order), freeze(place[codes]))


def join(first: Column | Codes, second: Column | Codes) -> Column | Codes:
    """Return two columns of the same kind end to end, read-only."""
    if isinstance(first, Codes) and isinstance(second, Codes):
        values = tuple(sorted({*first.values, *second.values}))
        place = {text: index for index, text in enumerate(values)}
        moves = [np.array([*(place[text] for text in part.values), -1], np.int32) for part in (first, second)]
        parts = [move[part.codes] for move, part in zip(moves, (first, second), strict=True)]
        return Codes(values, freeze(np.concatenate(parts)))
    return freeze(np.concatenate([np.asarray(first), np.asarray(second)]))
