"""The file of rejected rows: row, field, value, reason, remedy; opened by any spreadsheet without running anything."""

from __future__ import annotations

import csv
import json
import secrets
from collections.abc import Sequence
from pathlib import Path

from geo.errors import N_
from store.batch import Reject
from store.errors import IntakeError
from store.export_tables import safe_text

HEADER = ("row", "field", "value", "reason", "remedy")
SUFFIXES = (".csv", ".json", ".xlsx")
_SHEET_ROWS = 1_048_576


def reject_rows(rejects: Sequence[Reject]) -> list[tuple[int, str, str, str, str]]:
    """Return the rejects as rows of `HEADER`, in English."""
    return [
        (
            reject.row,
            reject.field,
            reject.value,
            reject.reason.format(**reject.params),
            reject.remedy.format(**reject.params),
        )
        for reject in rejects
    ]


def check_suffix(file: Path) -> None:
    """Raise IntakeError unless rejects can be written to a file of this name."""
    if file.suffix.lower() not in SUFFIXES:
        raise IntakeError(
            N_("Rejects cannot be written as “{suffix}”."),
            N_("Use .csv, .json or .xlsx."),
            suffix=file.suffix or file.name,
        )


def check_place(file: Path, source: Path) -> None:
    """Raise IntakeError unless rejects can be written to `file` and would not destroy the file they come from."""
    check_suffix(file)
    if file.exists() and file.samefile(source):
        raise IntakeError(
            N_("The rejects would replace the file “{file}” that is imported."),
            N_("Choose another place."),
            file=file.name,
        )


def write_rejects(rejects: Sequence[Reject], file: Path) -> None:
    """Write `rejects` beside `file` and rename the result, so that no half file is ever there.

    Raises
    ------
    IntakeError
        Another suffix than .csv, .json or .xlsx, or the file cannot be written.
    """
    check_suffix(file)
    aside = file.with_name(f".{file.name}.{secrets.token_hex(6)}")
    rows = reject_rows(rejects)
    try:
        if file.suffix.lower() == ".json":
            text = json.dumps([dict(zip(HEADER, row, strict=True)) for row in rows], ensure_ascii=False, indent=1)
            aside.write_text(text, encoding="utf-8")
        elif file.suffix.lower() == ".csv":
            with aside.open("w", encoding="utf-8-sig", newline="") as stream:
                writer = csv.writer(stream)
                writer.writerow(HEADER)
                writer.writerows((row[0], *map(safe_text, row[1:])) for row in rows)
        else:
            _write_xlsx(rows, aside)
        aside.replace(file)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise IntakeError(
            N_("The rejects cannot be written to “{file}”: {detail}."),
            N_("Choose another place."),
            file=file.name,
            detail=error.strerror or str(error),
        ) from error


def _write_xlsx(rows: Sequence[tuple[int, str, str, str, str]], file: Path) -> None:
    if len(rows) >= _SHEET_ROWS:
        raise IntakeError(N_("A sheet cannot hold {count} rejects."), N_("Choose CSV or JSON."), count=len(rows))
    import openpyxl  # slow to import, and only sheets need it

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("rejects")
    sheet.append(list(HEADER))
    for row in rows:
        sheet.append(
            [row[0], *("".join(c if c.isprintable() else "\ufffd" for c in safe_text(text) or "") for text in row[1:])]
        )
    book.save(file)
