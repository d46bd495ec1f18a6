"""Reads CSV and TSV: every value stays text."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np

from geo.errors import N_
from store.batch import Reject
from store.errors import IntakeError
from store.intake.arrow_columns import no_rows, unique_columns
from store.intake.encoding import decode, preview_choices
from store.intake.notebook import NoteBook
from store.intake.progress import report
from store.intake.raw import RawTable, object_array, shorten

DELIMITERS = ",;\t|"
MAX_COLUMNS = 2000
_SAMPLE_CHARACTERS = 1 << 16
_SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)
_NUMBER = re.compile(r"[-+]?[\d.,]+")


def read_csv(path: Path, *, encoding: str | None = None, limit: int | None = None, book: NoteBook) -> RawTable:
    """Read a delimited text file whose first row names the columns.

    Every value is kept as text, an empty one as "". Blank lines are not rows.

    Raises
    ------
    IntakeError
        Wrong encoding, no rows, a quotation mark that is never closed.
    """
    data = path.read_bytes()
    text, used = decode(data, encoding, book)
    delimiter, start = _delimiter(text)
    csv.field_size_limit(max(len(text), 131072))
    # newline="" keeps line ends within quotes as they are.
    source = StringIO(text[start:] if start else text, newline="")
    reader = csv.reader(source, delimiter=delimiter, strict=True)
    try:
        header = next((row for row in reader if any(value.strip() for value in row)), None)
    except csv.Error as error:
        raise _unreadable(error) from error
    if header is None:
        raise no_rows()
    if len(header) > MAX_COLUMNS:
        raise IntakeError(
            N_("The file has more than {limit} columns."),
            N_("Export only the columns that are needed."),
            limit=MAX_COLUMNS,
        )
    while len(header) > 1 and not header[-1].strip() and len(set(header)) == len(header):
        header.pop()  # a delimiter at the end of every line
    names = unique_columns(header, book)
    if all(_NUMBER.fullmatch(value.strip()) for value in header):
        book.add(N_("The first row holds only numbers; it was taken as the names of the columns."))
    kept, rows, rejects, total = _rows(reader, len(names), limit, text, source)
    if not total:
        raise no_rows()
    return RawTable(
        columns={name: object_array([row[i] for row in kept]) for i, name in enumerate(names)},
        geometry=None,
        row=np.array(rows, dtype=np.int64),
        crs=None,
        encoding=used,
        driver="CSV",
        layer_name="",
        notes=book.notes(),
        rejects=tuple(rejects),
        total=total,
        encodings=preview_choices(data, limit),
    )


def _delimiter(text: str) -> tuple[str, int]:
    """Return the delimiter and the index at which the table starts."""
    stated = _SEPARATOR_LINE.match(text)
    if stated:
        return stated[1], stated.end()
    sample = text[:_SAMPLE_CHARACTERS]
    if len(text) > len(sample):
        sample = sample[: sample.rfind("\n") + 1] or sample
    best, best_score = ",", (0.0, 0)
    for delimiter in DELIMITERS:
        widths = Counter(len(row) for row in _lenient(sample, delimiter) if row)
        if not widths:
            continue
        width, count = max(widths.items(), key=lambda item: (item[1], item[0]))
        score = (count / widths.total(), width) if width > 1 else (0.0, 0)
        if score > best_score:
            best, best_score = delimiter, score
    return best, 0


def _lenient(sample: str, delimiter: str) -> Iterator[list[str]]:
    csv.field_size_limit(max(len(sample), 131072))
    yield from csv.reader(StringIO(sample, newline=""), delimiter=delimiter)


def _rows(
    reader: Any, width: int, limit: int | None, text: str, source: StringIO
) -> tuple[list[list[str]], list[int], list[Reject], int]:
    """Return rows of exactly `width` values, their numbers, the rejects, and how many rows there are."""
    kept: list[list[str]] = []
    rows: list[int] = []
    rejects: list[Reject] = []
    total = 0
    nul = "\0" in text
    while limit is None or total < limit:
        try:
            row = next(reader, None)
        except csv.Error as error:
            if "unexpected end" in str(error):
                raise _unreadable(error) from error
            total += 1
            rejects.append(
                Reject(
                    total,
                    "",
                    "",
                    N_("A quotation mark stands within a value."),
                    N_("Double it, and put the whole value in quotation marks."),
                )
            )
            continue
        if row is None:
            break
        if not row or (width > 1 and len(row) == 1 and not row[0].strip()):
            continue
        total += 1
        if total % 65536 == 0:
            report(source.tell() / len(text), "read")
        while len(row) > width and not row[-1]:
            row.pop()
        if len(row) != width:
            rejects.append(
                Reject(
                    total,
                    "",
                    shorten(",".join(row)),
                    N_("The row has {found} values, the header has {expected}."),
                    N_("Complete the row, or put values with delimiters in quotation marks."),
                    {"found": len(row), "expected": width},
                )
            )
        elif nul and any("\0" in value for value in row):
            rejects.append(
                Reject(
                    total,
                    "",
                    shorten(",".join(row)),
                    N_("The row holds a NUL character."),
                    N_("Remove the character."),
                )
            )
        else:
            kept.append(row)
            rows.append(total)
    return kept, rows, rejects, total


def _unreadable(error: csv.Error) -> IntakeError:
    return IntakeError(
        N_("A quotation mark is opened and never closed: the file was cut off, or a value holds a single mark."),
        N_("Transfer or export it again."),
        detail=str(error),
    )
