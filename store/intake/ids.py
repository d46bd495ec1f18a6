"""Keys of rows: one row for each in the file, and in `append` none that the store already holds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo.errors import N_
from store.intake.reasons import Ledger
from store.intake.texts import missing

Mask = NDArray[np.bool_]

_TWICE = (
    N_("An earlier row (row {first}) has the same {key}."),
    N_("Give each row its own, map another column, or leave it empty: --map id="),
)
_TWICE_GRID = (
    N_("An earlier row (row {first}) has the same level and code."),
    N_("Give each grid of a level its own code."),
)
_STORED = (
    N_("The store already holds a row with this {key}."),
    N_(
        "If it is another one, as from another list, map another column or leave it empty: --map id=. "
        "If it is the same one, --mode upsert overwrites it, --mode replace the whole layer."
    ),
)

_STORED_GRID = (
    N_("The store already holds a row with this {key}."),
    N_("Use --mode upsert to overwrite it, or --mode replace for the whole layer."),
)


def reject_repeated(keys: list[NDArray[Any]], ledger: Ledger, name: str) -> None:
    """Reject every row whose key a row before it (that is still taken) has.

    Parameters
    ----------
    keys
        Object arrays (n,), None where missing; rows with a missing part have no key.
    name
        What the key is called in messages.
    """
    codes = combined_codes(keys)
    candidates = np.flatnonzero(ledger.alive & (codes >= 0))
    again = pd.Series(codes[candidates]).duplicated().to_numpy()
    if not again.any():
        return
    first_of = {}
    for index in candidates[~again].tolist():
        first_of[codes[index]] = int(ledger.row[index])
    first = np.zeros(len(ledger), dtype=np.int64)
    where = np.zeros(len(ledger), dtype=bool)
    for index in candidates[again].tolist():
        where[index] = True
        first[index] = first_of[codes[index]]
    reason, remedy = _TWICE if len(keys) == 1 else _TWICE_GRID
    count = ledger.reject(where, name, keys[-1], reason, remedy, first=first, key=name)
    ledger.note(N_("{count} rows repeat the {key} of an earlier row and were rejected."), count=count, key=name)


def note_same_rows(columns: list[NDArray[Any]], own: NDArray[Any], ledger: Ledger) -> None:
    """Note how many rows without an id are, in all that is stored of them, the same as an earlier one."""
    candidates = np.flatnonzero(ledger.alive & missing(own))
    if len(candidates) < 2:
        return
    parts = {}
    for position, column in enumerate(columns):
        values = column[candidates]
        parts[position] = pd.factorize(values)[0] if values.dtype == object else values
    count = int(pd.DataFrame(parts).duplicated().sum())
    if count:
        ledger.note(
            N_("{count} rows without an id are the same as an earlier row in all that is stored; they were taken."),
            count=count,
        )


def combined_codes(keys: list[NDArray[Any]]) -> NDArray[np.int64]:
    """Return one number per distinct key, -1 where a part is missing."""
    total = np.zeros(len(keys[0]), dtype=np.int64)
    missing = np.zeros(len(keys[0]), dtype=bool)
    for key in keys:
        codes, values = pd.factorize(key)
        total = total * (len(values) + 1) + codes
        missing |= codes < 0
    total[missing] = -1
    return total


def reject_stored(keys: list[NDArray[Any]], stored: set[tuple[str, ...]], ledger: Ledger, name: str) -> None:
    """Reject rows whose key is in `stored`, for `append`."""
    if not stored:
        return
    if len(keys) == 1:
        where = pd.Series(keys[0], dtype=object).isin([key[0] for key in stored]).to_numpy(dtype=bool)
    else:
        where = np.fromiter((key in stored for key in zip(*keys, strict=True)), dtype=bool, count=len(keys[0]))
    ledger.reject(where, name, keys[-1], *(_STORED if len(keys) == 1 else _STORED_GRID), key=name)
