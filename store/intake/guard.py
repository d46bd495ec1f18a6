"""The place-only guard: columns that hold data about persons are never stored, whatever a mapping says.

GridAtlas is about places. A column is personal by its header or by its values. Mapped, it refuses the whole file;
not mapped, it is left out like every other column that means nothing here, and a note says why. No option turns this
off. What was found is never repeated in rejects, notes or messages.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.errors import N_
from store.batch import Reject
from store.errors import PersonalDataError
from store.intake import guard_values
from store.intake.guard_words import FACE, HEADER_PAIRS, HEADER_PARTS, HEADER_WORDS, NAME, PHONE
from store.intake.reasons import Ledger
from store.intake.texts import Texts, composed, texts
from store.schema import Kind, Layer

_SAMPLE = 4_000  # distinct values of an unmapped column that are looked at
_ROW_SAMPLE = 20_000  # rows of a column that is no free text that are looked at
_NAME_SAMPLE = 2_000
_PHONE_SHARE, _OTHER_SHARE, _NAME_SHARE = 0.5, 0.1, 0.6
_FEW_NAMES = 3
_MANY = 0.2  # share of personal cells from which a free-text column is personal as a whole
_TEXT_FIELDS = frozenset({"name", "team", "status", "category", "owner", "kind", "purpose"})
_POSTS = frozenset({"team", "owner"})
_MASK = "•••"

_CELL = (N_("The text holds data about a person ({what})."), N_("Remove it from the text; GridAtlas is about places."))
_REFUSED = N_("“{column}” looks like data about persons ({what}), which GridAtlas never stores.")
_REFUSED_REMEDY = N_("Take the column out of the file, or leave the field empty: --map {field}=")


@dataclass(frozen=True)
class Finding:
    """Why a column is personal. `what` is a kind of data (a catalogue key), `by` is "header" or "values"."""

    column: str
    what: str
    by: str


def by_header(column: str) -> str | None:
    """Return what kind of personal data the name of a column announces, or None."""
    name = composed(column)
    for what, parts in HEADER_PARTS.items():
        if any(part in name for part in parts):
            return what
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", name)
    words = [word for word in re.split(r"[\W_\d]+", spaced.lower()) if word]
    together = {re.sub(r"[\W_\d]+", "", name.lower())}
    pairs = set(pairwise(words)) | set(pairwise(words[::2])) | set(pairwise(words[1::2]))
    for what, known in HEADER_WORDS.items():
        if known & (set(words) | together):
            return what
    return next(
        (what for what, known in HEADER_PAIRS.items() if known & pairs or {a + b for a, b in known} & together), None
    )


def by_values(values: list[str], counts: NDArray[np.int64] | None = None) -> str | None:
    """Return what kind of personal data the distinct values of a column are, or None.

    `counts` says how many rows hold each value (default: one each); a column is personal by the share of its rows.
    """
    if not values:
        return None
    sample = values[:_SAMPLE]
    weight = np.ones(len(sample), dtype=np.int64) if counts is None else counts[: len(sample)]
    numbers = np.array([guard_values.may_hold_number(value) for value in sample], dtype=bool)
    for what, test in guard_values.TESTS.items():
        pool = np.flatnonzero(numbers) if what != FACE else np.arange(min(len(sample), 200))
        hits = [index for index in pool.tolist() if test(sample[index])]
        if not hits or (what == PHONE and _is_sequence([sample[index] for index in hits])):
            continue
        share = _PHONE_SHARE if what == PHONE else _OTHER_SHARE
        if weight[hits].sum() >= share * weight.sum():
            return what
    return NAME if names_share(values) >= _NAME_SHARE else None


def names_share(values: list[str], few: int = _FEW_NAMES) -> float:
    """Return the share of distinct values written like personal names; 0 where there are fewer than `few`."""
    sample = values[:_NAME_SAMPLE]
    if len(sample) < few:
        return 0.0
    hits = sum(guard_values.chinese_name(value) or guard_values.western_name(value) for value in sample)
    return hits / len(sample)


def _is_sequence(values: list[str]) -> bool:
    """Return whether numbers that look like phones are a run of serial numbers: phones are not handed out in a row."""
    digits = sorted({int(value) for value in values if value.isdigit()})
    if len(digits) < len(values) * 0.9 or len(digits) < 3:
        return False
    return (digits[-1] - digits[0]) / (len(digits) - 1) < 100


def check(
    columns: Mapping[str, NDArray[Any]],
    mapped: Mapping[str, str],
    const: Mapping[str, str],
    layer: Layer,
    ledger: Ledger,
) -> bool:
    """Refuse mapped personal columns, note unmapped ones, reject rows whose free text holds personal data.

    Parameters
    ----------
    mapped
        field -> source column.

    Returns
    -------
    refused
        Whether a column that is not mapped is personal.

    Raises
    ------
    PersonalDataError
        If a mapped column, or a constant, is personal.
    """
    for field, value in const.items():
        check_stated(field, value)
    field_of: dict[str, str] = {}
    for field, column in mapped.items():
        field_of.setdefault(column, field)
    for column, field in field_of.items():
        what = by_header(column)
        if what is None and _worth_reading(columns[column]):
            free_text = _is_text(layer, field)
            values = columns[column]
            found = texts(values if free_text else _spread(values))
            what = by_values(found.values, found.counts())
            if what is None and field in _POSTS and names_share(found.values, few=1) >= _NAME_SHARE:
                what = NAME  # a post or a company, never a private person, even where there is only one
            if what is None and free_text:
                what = _check_cells(found, field, ledger)
        if what is not None:
            raise PersonalDataError(_REFUSED, _REFUSED_REMEDY, column=column, what=what, field=field)
    refused = False
    for column, values in columns.items():
        if column in field_of:
            continue
        what = by_header(column)
        if what is None and _worth_reading(values):
            found = texts(_spread(values))
            what = by_values(found.values, found.counts())
        if what is not None:
            refused = True
            ledger.note(
                N_("“{column}” looks like data about persons ({what}) and was not read; GridAtlas is about places."),
                column=column,
                what=what,
            )
    return refused


def check_stated(field: str, value: str) -> None:
    """Refuse a text that the user states for all rows, if it is personal.

    Raises
    ------
    PersonalDataError
        It holds a number or address of a person, or names one where only a post or a company may stand.
    """
    what = next((what for what, test in guard_values.TESTS.items() if test(value)), None)
    if what is None and field in _POSTS and (guard_values.chinese_name(value) or guard_values.western_name(value)):
        what = NAME
    if what is not None:
        raise PersonalDataError(
            N_("The constant for “{field}” looks like data about a person ({what}), which GridAtlas never stores."),
            N_("Name a place, a post or a team."),
            field=field,
            what=what,
        )


def masked(unread: Sequence[Reject], understood: Sequence[Reject], *, refused: bool) -> tuple[Reject, ...]:
    """Return all rejects in the order of their rows, without what is about persons in their values.

    Parameters
    ----------
    unread
        Rows that could not even be read; their values may be whole rows, so where the source has personal columns
        (`refused`) nothing but geometry is shown of them.
    understood
        Rows whose columns were read.
    """
    shown = [
        replace(reject, value=_MASK) if refused and reject.value and not reject.field.startswith("geometry") else reject
        for reject in unread
    ]
    return tuple(
        sorted(
            (
                replace(reject, value=_MASK) if reject.field != "geometry" and cell_kind(reject.value) else reject
                for reject in (*shown, *understood)
            ),
            key=lambda reject: reject.row,
        )
    )


def findings(columns: Mapping[str, NDArray[Any]]) -> list[Finding]:
    """Return which of `columns` are personal, for a preview."""
    found = []
    for column, values in columns.items():
        if what := by_header(column):
            found.append(Finding(column, what, "header"))
        elif _worth_reading(values):
            column_texts = texts(values)
            if what := by_values(column_texts.values, column_texts.counts()):
                found.append(Finding(column, what, "values"))
    return found


def _spread(values: NDArray[Any]) -> NDArray[Any]:
    """Return at most about 20,000 of `values`, evenly spread."""
    return values[:: max(1, len(values) // _ROW_SAMPLE)]


def _worth_reading(values: NDArray[Any]) -> bool:
    """Return whether values can be personal: texts and whole numbers, not measures, times or yes/no."""
    if values.dtype.kind == "f":
        finite = values[np.isfinite(values)]
        return bool(len(finite)) and bool((finite == np.floor(finite)).all() and (np.abs(finite) > 1e8).any())
    return values.dtype.kind in "Oiu"


def _is_text(layer: Layer, field: str) -> bool:
    return field in _TEXT_FIELDS and field in layer.names and layer.column(field).kind in (Kind.TEXT, Kind.CODE)


def _check_cells(column: Texts, field: str, ledger: Ledger) -> str | None:
    """Reject rows whose cell holds personal data; return the kind where the column is full of them."""
    kinds = [cell_kind(value) for value in column.values]
    if not any(kinds):
        return None
    marked = np.array([kind is not None for kind in kinds], dtype=bool)
    counts = column.counts()
    if counts[marked].sum() > _MANY * counts.sum() and marked.sum() > 1:
        return next(kind for kind in kinds if kind)
    what = column.spread(kinds, "")
    ledger.reject(column.mask(marked), field, _MASK, *_CELL, what=what)
    return None


def cell_kind(value: str) -> str | None:
    """Return what kind of number, address or picture of a person a single text holds, or None."""
    if not guard_values.may_hold_number(value) and "data:image" not in value:
        return None
    return next((what for what, test in guard_values.TESTS.items() if test(value)), None)
