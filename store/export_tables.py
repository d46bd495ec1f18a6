"""CSV and XLSX exports: plain tables that a spreadsheet opens without running anything."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.columns import LayerColumns
from geo.crs import parse_crs
from geo.errors import N_
from store.errors import ExportError
from store.schema import Kind, Layer
from store.values import to_sql

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # the wide ones count in East Asian settings
SHEET_ROWS = 1_048_576
CELL_CHARACTERS = 32_767
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_DECIMALS_DEG, _DECIMALS_M = 7, 3


def safe_text(text: str | None) -> str | None:
    """Return `text` with an apostrophe before a first character that a spreadsheet would take for a formula.

    Source: OWASP, "CSV Injection".
    """
    return f"'{text}" if text is not None and text.startswith(_FORMULA) else text


def _columns(layer: Layer, rows: LayerColumns, geometry: NDArray[Any], crs: str) -> dict[str, list[Any]]:
    """Return the columns, then lon/lat (x/y in a projected CRS) or wkt where the layer has a geometry."""
    table: dict[str, list[Any]] = {}
    for column in layer.columns:
        if column.kind in (Kind.TEXT, Kind.CODE):
            table[column.name] = [safe_text(text) for text in rows.text(column.name).tolist()]
        else:
            values = to_sql(column.kind, np.asarray(rows.columns[column.name]))
            if column.kind is Kind.BOOL:
                values = [None if value is None else bool(value) for value in values]
            elif column.kind is Kind.REAL:
                values = [None if value != value else value for value in values]
            table[column.name] = values
    if not layer.geometry:
        return table
    geographic = parse_crs(crs).is_geographic
    decimals = _DECIMALS_DEG if geographic else _DECIMALS_M
    if layer.pure_points:
        for name, values in zip(("lon", "lat") if geographic else ("x", "y"), _xy(geometry), strict=True):
            table[name] = [None if value != value else round(value, decimals) for value in values]
    else:
        table["wkt"] = shapely.to_wkt(geometry, rounding_precision=decimals).tolist() if len(geometry) else []
    return table


def _xy(points: NDArray[Any]) -> tuple[list[float], list[float]]:
    return shapely.get_x(points).tolist(), shapely.get_y(points).tolist()


def write_csv(layer: Layer, rows: LayerColumns, geometry: NDArray[Any], crs: str, file: Path) -> None:
    """Write UTF-8 with a byte order mark (so that Excel reads it as such), times in ISO 8601 with zone, true/false."""
    table = _columns(layer, rows, geometry, crs)
    for column in layer.columns:
        if column.kind is Kind.BOOL:
            table[column.name] = [None if value is None else str(value).lower() for value in table[column.name]]
    with file.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(table)
        writer.writerows(zip(*table.values(), strict=True))


def write_xlsx(
    layer: Layer,
    rows: LayerColumns,
    geometry: NDArray[Any],
    crs: str,
    file: Path,
    about: tuple[tuple[str, str], ...] = (),
) -> None:
    """Write one sheet, and a second one of names and values where there are any.

    Characters that XLSX has no place for (control characters) become U+FFFD.

    Raises
    ------
    ExportError
        More rows, or a longer text, than a sheet can hold: nothing is cut off silently.
    """
    if len(rows) >= SHEET_ROWS:
        raise ExportError(
            N_("A sheet holds {limit} rows; “{layer}” has {count}."), N_("Choose CSV or GeoPackage."),
            limit=SHEET_ROWS - 1, layer=layer.name, count=len(rows),
        )  # fmt: skip
    table = _columns(layer, rows, geometry, crs)
    for name, values in table.items():
        if any(isinstance(value, str) and len(value) > CELL_CHARACTERS for value in values):
            raise ExportError(
                N_("A cell holds {limit} characters; a value of “{column}” is longer."),
                N_("Choose CSV or GeoPackage."),
                limit=CELL_CHARACTERS, column=name,
            )  # fmt: skip
    import openpyxl  # slow to import, and only sheets need it

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet(layer.name)
    sheet.append(list(table))
    for row in zip(*table.values(), strict=True):
        sheet.append(list(inert_cells(sheet, row)))
    if about:
        second = book.create_sheet("about")
        for name, value in about:
            second.append(list(inert_cells(second, (name, safe_text(value)))))
    book.save(file)


def inert_cells(sheet: Any, row: Iterable[Any]) -> Iterator[Any]:
    """Yield the values of a row fit for a write-only sheet: no text is an error value, control characters are U+FFFD.

    Texts must have been made safe from formulas before (`safe_text`).
    """
    from openpyxl.cell import WriteOnlyCell

    for value in row:
        if isinstance(value, str):
            value = _CONTROL.sub("\ufffd", value)
            if value.startswith("#"):  # openpyxl takes "#N/A" and the like for errors
                cell = WriteOnlyCell(sheet, value=value)
                cell.data_type = "s"
                value = cell
        yield value
