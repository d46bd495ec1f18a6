"""Source values as clean text: each distinct value is looked at once, however many rows repeat it."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

BLANK = " \t\r\n\v\f\u00a0\u3000\ufeff\u200b"
LOOKED_AT = 1_000  # letters of a name or a time that are put into one form
# Markers that people write into number, yes/no and time cells for "nothing is known".
NOTHING = frozenset({"na", "n/a", "nan", "null", "none", "nil", "-", "--", "unknown", "无", "未知", "不详", "空"})


@dataclass(frozen=True)
class Texts:
    """A column as its distinct clean texts.

    Attributes
    ----------
    values
        Distinct texts in the order of their first appearance, never blank.
    codes
        int64, shape (n,): position in `values`, -1 where the cell is missing or blank.
    """

    values: list[str]
    codes: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.codes)

    def array(self) -> NDArray[Any]:
        """Return the column as an object array of str, None where missing."""
        return self.spread(self.values, None)

    def spread(self, per_value: list[Any], missing: Any) -> NDArray[Any]:
        """Return an object array that holds `per_value[i]` wherever the column holds `values[i]`."""
        table = np.empty(len(per_value) + 1, dtype=object)
        table[:-1] = per_value
        table[-1] = missing
        return table[self.codes]

    def mask(self, per_value: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return which rows hold a value marked in `per_value`."""
        return np.append(per_value, False)[self.codes]

    def counts(self) -> NDArray[np.int64]:
        """Return how many rows hold each value."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.values))


def composed(text: str) -> str:
    """Return a text in its compatible form (NFKC); one that is too long to be meant as it is.

    To put marks in order takes the square of their number: a name of a megabyte took minutes.
    """
    return unicodedata.normalize("NFKC", text) if len(text) <= LOOKED_AT else text


def plain(name: str) -> str:
    """Return a column name as it is compared: without case, width, blanks and punctuation."""
    return re.sub(r"[\W_]+", "", composed(name).casefold())


def missing(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Return where an object array holds None."""
    return np.fromiter((value is None for value in values.tolist()), dtype=np.bool_, count=len(values))


def clean(value: Any) -> str:
    """Return one cell as text: numbers without a needless fraction, times as ISO 8601, blanks cut off."""
    if isinstance(value, str):
        return value.strip(BLANK)
    if value is None:
        return ""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if value != value:
            return ""
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return "" if value is pd.NaT else value.isoformat()
    return str(value).strip(BLANK)


def texts(values: NDArray[Any]) -> Texts:
    """Return `values` (object, number, bool or datetime64; shape (n,)) as clean texts."""
    if values.dtype.kind == "M":
        found = np.datetime_as_string(values.astype("datetime64[ms]"), unit="ms").astype(object)
        found[np.isnat(values)] = None
        values = found
    if values.dtype.kind == "O":
        kinds = set(map(type, values))
        if bool in kinds and kinds & {int, float}:  # 1 == True would make one value of two
            values = np.array([None, *map(clean, values)], dtype=object)[1:]
    codes, raw = pd.factorize(values, use_na_sentinel=True)
    cleaned = [clean(value) for value in raw]
    if len(set(cleaned)) == len(cleaned) and "" not in cleaned:
        return Texts(cleaned, codes.astype(np.int64))
    place: dict[str, int] = {}
    moved = np.array([place.setdefault(text, len(place)) if text else -1 for text in cleaned] + [-1], dtype=np.int64)
    return Texts(list(place), moved[codes])
