"""Reads one sheet of an XLSX workbook: cached values of formulas, dates as naive times."""

from __future__ import annotations

import datetime
import re
from pathlib import Path
from typing import Any

import numpy as np
from python_calamine import CalamineError, CalamineWorkbook

from geo.errors import N_
from store.errors import IntakeError
from store.intake.arrow_columns import no_rows, unique_columns
from store.intake.notebook import NoteBook
from store.intake.raw import RawTable, object_array
from store.intake.zips import open_zip

MAX_COLUMNS = 2000
# Columns beyond Z and rows from 100,000 are looked for; a sheet without them is taken for as large as it can be.
_FAR_RIGHT = re.compile(rb"""\br=["']([A-Z]{2,3})\d""")
_FAR_DOWN = re.compile(rb"""\br=["'][A-Z]{0,3}(\d{6,7})["']""")
_PLAIN_WIDE, _PLAIN_HIGH = 26, 99_999
_ROOM = _PLAIN_WIDE * _PLAIN_HIGH  # cells that are made room for whatever they hold
_SPARSE = 20
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")


def read_xlsx(path: Path, *, layer_name: str | None, limit: int | None, book: NoteBook) -> RawTable:
    """Read the named sheet of a workbook, or the first one that holds anything.

    The header is the first row that fills more than half as many cells as the fullest of the first rows; titles above
    it are left out with a note. Whole numbers come as int, empty cells as None, dates as ISO 8601 text, dates with a
    time as naive datetime. Empty rows are not rows.

    Raises
    ------
    IntakeError
        Damaged, a bomb, no such sheet, no rows.
    """
    if _has_errors(path):
        book.add(N_("The workbook has cells with an error of the spreadsheet, such as #N/A; taken as missing."))
    try:
        workbook = CalamineWorkbook.from_path(str(path))
        names = workbook.sheet_names
        if layer_name is not None and layer_name not in names:
            raise IntakeError(
                N_("There is no layer {name}; the file has: {layers}."),
                N_("Choose one of them."),
                name=layer_name,
                layers=", ".join(names),
            )
        filled = [
            name
            for name in ([layer_name] if layer_name is not None else names)
            if workbook.get_sheet_by_name(name).total_height
        ]
        if not filled:
            raise no_rows()
        if len(filled) > 1:
            book.add(
                N_("The sheet {sheet} was read; others in the file were not: {others}."),
                sheet=filled[0],
                others=", ".join(filled[1:]),
            )
        sheet = workbook.get_sheet_by_name(filled[0])
        cells = sheet.to_python(skip_empty_area=True)
        merged = sheet.merged_cell_ranges or []
    except CalamineError as error:
        raise IntakeError(
            N_("The {format} file is damaged or cut off: {detail}."),
            N_("Transfer or export it again."),
            format="XLSX",
            detail=str(error),
        ) from error
    return _table(cells, bool(merged), filled[0], limit, book)


def _has_errors(path: Path) -> bool:
    """Prove the sizes of all members, as calamine will unpack them, and look for cells of the type error.

    calamine makes room for every cell between the first and the last one, so a sheet of two cells that lie far apart
    would take all memory.
    """
    found = False
    with open_zip(path) as archive:
        for member in archive.members:
            if "worksheets" not in member.path.parts:
                for _ in archive.blocks(member):
                    pass
                continue
            rest, cells, wide, high = b"", 0, _PLAIN_WIDE, _PLAIN_HIGH
            for block in archive.blocks(member):
                piece = rest + block
                found = found or b' t="e"' in piece
                cells += block.count(b"<c ") + block.count(b":c ")
                wide = max([wide, *(_column(name) for name in set(_FAR_RIGHT.findall(piece)))])
                if _FAR_DOWN.search(piece):
                    high = max(high, max(map(int, _FAR_DOWN.findall(piece))))
                rest = block[-32:]
            if wide * high > _ROOM and wide * high > _SPARSE * cells:
                raise IntakeError(
                    N_("The sheet is empty but for cells that lie far apart: {rows} rows and {columns} columns."),
                    N_("Delete the cells beside the table, and save it again."),
                    rows=high,
                    columns=wide,
                )
    return found


def _column(name: bytes) -> int:
    """Return the number of a column by its letters, A being 1."""
    number = 0
    for letter in name:
        number = number * 26 + letter - 64
    return number


def _table(cells: list[list[Any]], merged: bool, sheet: str, limit: int | None, book: NoteBook) -> RawTable:
    rows = [row for row in cells if any(value != "" for value in row)]
    if not rows:
        raise no_rows()
    at = _header_at(rows)
    if at:
        book.add(N_("{count} rows above the names of the columns were left out."), count=at)
    if merged:
        book.add(N_("The sheet has merged cells; only the first cell of each has its value."))
    data = rows[at + 1 :]
    if limit is not None:
        data = data[:limit]
    if not data:
        raise no_rows()
    header = rows[at]
    used = [i for i in range(len(header)) if header[i] != "" or any(row[i] != "" for row in data)]
    if len(used) > MAX_COLUMNS:
        raise IntakeError(
            N_("The file has more than {limit} columns."),
            N_("Export only the columns that are needed."),
            limit=MAX_COLUMNS,
        )
    names = unique_columns([_plain(header[i]) for i in used], book) if used else []
    columns = {name: object_array([_value(row[i]) for row in data]) for name, i in zip(names, used, strict=True)}
    return RawTable(
        columns=columns,
        geometry=None,
        row=np.arange(1, len(data) + 1, dtype=np.int64),
        crs=None,
        encoding="utf-8",
        driver="XLSX",
        layer_name=sheet,
        notes=book.notes(),
        rejects=(),
        total=len(data),
    )


def _header_at(rows: list[list[Any]]) -> int:
    """Return the index of the row that names the columns."""
    counts = [sum(value != "" for value in row) for row in rows[:20]]
    return next(i for i, count in enumerate(counts) if count * 2 > max(counts))


def _plain(value: Any) -> str:
    plain = _value(value)
    return "" if plain is None else str(plain)


def _value(value: Any) -> Any:
    """Return a cell as str, int, float, bool, datetime or None."""
    if isinstance(value, str):
        if value == "":
            return None
        return _ESCAPE.sub(lambda match: chr(int(match[1], 16)), value) if "_x" in value else value
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, float):
        # A spreadsheet knows no whole numbers; below 2**53 they are exact.
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    if isinstance(value, datetime.datetime):
        return value
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return value if isinstance(value, int) else str(value)
