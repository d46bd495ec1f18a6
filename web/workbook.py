"""Rows as CSV or XLSX that no spreadsheet takes for formulas: figures as figures, times on the store's clock."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from geo.errors import N_
from store.errors import ExportError
from store.export_tables import CELL_CHARACTERS, SHEET_ROWS, inert_cells, safe_text
from web import phrases
from web.i18n import translate
from web.tables import Column, Row, Table

DATE_FORMAT = "yyyy-mm-dd hh:mm:ss"
WIDEST = 48
# Words of our own answers, beside those of the schema.
WORDS = {
    "differs": N_("Recorded in another grid"), "outside": N_("In no grid"), "near_border": N_("Close to a border"),
    "range": N_("too far away"), "near": N_("beneath the camera's picture"),
    "direction": N_("outside its angle of view"),
    "wall": N_("a building is in the way"), "off": N_("it sees nothing by these rules"), "no_camera": N_("no camera"),
}  # fmt: skip


@dataclass(frozen=True)
class Page:
    """One sheet of a workbook: texts are not yet safe, figures and times are Python's own."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[Any]]
    widths: Sequence[int] = field(default=())


def head_of(columns: Sequence[Column], lang: str, timezone: str) -> list[str]:
    """Return the heads with units in brackets; of a time, its zone."""
    found = []
    for column in columns:
        unit = timezone if column.kind == "time" else translate(column.unit, lang)
        title = translate(column.title, lang)
        found.append(f"{title}（{unit}）" if unit and lang == "zh" else f"{title} ({unit})" if unit else title)
    return found


def cell_of(column: Column, value: Any, lang: str, timezone: str) -> Any:
    """Return a value as a sheet holds it: None for missing, a float, an int, a local time without zone, or text."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or value != value:
        return None
    match column.kind:
        case "whole":
            return int(value)
        case "number":
            return float(value) if math.isfinite(value) else None
        case "flag":
            return translate(N_("yes") if value else N_("no"), lang)
        case "time":
            moment = datetime.fromisoformat(str(value))
            return moment.astimezone(ZoneInfo(timezone)).replace(tzinfo=None, microsecond=0)
        case "word" | "words":
            parts = value if isinstance(value, (list, tuple)) else [value]
            return ("、" if lang == "zh" else ", ").join(_word(part, lang) for part in parts)
        case _:
            return str(value)


def _word(value: object, lang: str) -> str:
    return translate(WORDS[str(value)], lang) if str(value) in WORDS else phrases.word(value, lang)


def page_of(table: Table, rows: Iterable[Row], lang: str, timezone: str) -> Page:
    """Return the sheet of a table."""
    cells = [[cell_of(column, row.get(column.key), lang, timezone) for column in table.columns] for row in rows]
    return Page(translate(table.title, lang), head_of(table.columns, lang, timezone), cells)


def to_csv(page: Page, columns: Sequence[Column], timezone: str) -> bytes:
    """Return UTF-8 with a byte order mark, times in ISO 8601 with their offset."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerow([safe_text(text) for text in page.head])
    zone = ZoneInfo(timezone)
    for row in page.rows:
        writer.writerow([_csv_cell(value, zone) for value in row])
    return stream.getvalue().encode("utf-8-sig")


def _csv_cell(value: Any, zone: ZoneInfo) -> Any:
    if isinstance(value, datetime):
        return value.replace(tzinfo=zone).isoformat()
    return safe_text(value) if isinstance(value, str) else value


def to_xlsx(pages: Sequence[Page]) -> bytes:
    """Return a workbook of these sheets: bold heads that stay in view, a filter, columns as wide as their texts.

    Raises
    ------
    ExportError
        More rows than a sheet holds, or a longer text than a cell holds.
    """
    import openpyxl  # slow to import, and only sheets need it
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter

    book = openpyxl.Workbook(write_only=True)
    for page in pages:
        _check(page)
        sheet = book.create_sheet(_sheet_name(page.title, book.sheetnames))
        for place, width in enumerate(_widths(page), start=1):
            sheet.column_dimensions[get_column_letter(place)].width = width
        if page.head:
            sheet.freeze_panes = "A2"
            sheet.auto_filter.ref = f"A1:{get_column_letter(len(page.head))}{len(page.rows) + 1}"
            head = []
            for text in inert_cells(sheet, [safe_text(text) for text in page.head]):
                cell = WriteOnlyCell(sheet, value=text) if isinstance(text, str) else text
                cell.font, cell.alignment = Font(bold=True), Alignment(wrap_text=True, vertical="top")
                head.append(cell)
            sheet.append(head)
        for row in page.rows:
            values = [safe_text(value) if isinstance(value, str) else value for value in row]
            sheet.append([_dated(sheet, value) for value in inert_cells(sheet, values)])
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _dated(sheet: Any, value: Any) -> Any:
    if not isinstance(value, datetime):
        return value
    from openpyxl.cell import WriteOnlyCell

    cell = WriteOnlyCell(sheet, value=value)
    cell.number_format = DATE_FORMAT
    return cell


def _check(page: Page) -> None:
    if len(page.rows) >= SHEET_ROWS:
        raise ExportError(
            N_("A sheet holds {limit} rows; “{layer}” has {count}."), N_("Choose CSV or GeoPackage."),
            limit=SHEET_ROWS - 1, layer=page.title, count=len(page.rows),
        )  # fmt: skip
    if any(isinstance(value, str) and len(value) >= CELL_CHARACTERS for row in page.rows for value in row):
        raise ExportError(
            N_("A cell holds {limit} characters; a value of “{column}” is longer."), N_("Choose CSV or GeoPackage."),
            limit=CELL_CHARACTERS, column=page.title,
        )  # fmt: skip


def _sheet_name(title: str, taken: Sequence[str]) -> str:
    """Return a name a sheet may have: at most 31 signs, none of ``[]:*?/\\``, once in a workbook."""
    name = "".join(" " if sign in "[]:*?/\\" else sign for sign in title).strip("' ")[:31] or "Sheet"
    number = 2
    while name in taken:
        name = f"{name[:28]} {number}"
        number += 1
    return name


def _widths(page: Page) -> list[int]:
    if page.widths:
        return list(page.widths)
    rows = [page.head, *page.rows[:200]]
    columns = max((len(row) for row in rows), default=0)
    wide = [[shown_width(row[i]) for row in rows if i < len(row)] for i in range(columns)]
    return [min(max([8, *column]) + 2, WIDEST) for column in wide]


def shown_width(value: Any) -> int:
    """Return how many letters wide a value is shown; Chinese signs take two."""
    text = (
        ""
        if value is None
        else DATE_FORMAT
        if isinstance(value, datetime)
        else f"{value:.6g}"
        if isinstance(value, float)
        else str(value)
    )
    return sum(2 if ord(sign) > 0x2E7F else 1 for sign in text)
