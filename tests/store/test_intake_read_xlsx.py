"""XLSX: one sheet, cached values, naive dates."""

from __future__ import annotations

import datetime
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from store.errors import IntakeError
from store.intake.raw import RawTable
from store.intake.read_table import read_table

MOMENT = datetime.datetime(2020, 1, 2, 3, 4, 5)


def write(file: Path, sheets: dict[str, list[list[Any]]], merge: str | None = None) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
        if merge:
            sheet.merge_cells(merge)
    book.save(file)
    return file


def read(folder: Path, rows: list[list[Any]], merge: str | None = None, **options: Any) -> RawTable:
    return read_table(write(folder / "a.xlsx", {"网格": rows}, merge), **options)


def columns(table: RawTable) -> dict[str, list[Any]]:
    return {name: values.tolist() for name, values in table.columns.items()}


def said(table: RawTable) -> str:
    return " | ".join(note.text() for note in table.notes)


def test_types_of_cells(tmp_path: Path) -> None:
    rows = [
        ["编号", "名称", "值", "是", "时刻", "日期", "钟点"],
        [110101001001001, "甲", 1.5, True, MOMENT, datetime.date(2020, 1, 2), datetime.time(3, 4)],
        ["007", None, 2.0, False, None, None, None],
    ]
    table = read(tmp_path, rows)
    assert columns(table) == {
        "编号": [110101001001001, "007"],
        "名称": ["甲", None],
        "值": [1.5, 2],
        "是": [True, False],
        "时刻": [MOMENT, None],
        "日期": ["2020-01-02", None],
        "钟点": ["03:04:00", None],
    }
    assert (table.driver, table.layer_name, table.crs, table.geometry, table.notes) == ("XLSX", "网格", None, None, ())


def test_formulas_give_their_cached_value(tmp_path: Path) -> None:
    file = write(tmp_path / "a.xlsx", {"s": [["a", "b"], [1, "=A2+41"]]})
    # openpyxl writes no cached values; put one in, as a spreadsheet does.
    with zipfile.ZipFile(file) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    sheet = members["xl/worksheets/sheet1.xml"].replace(b"<f>A2+41</f><v></v>", b"<f>A2+41</f><v>42</v>")
    sheet = sheet.replace(b"<f>A2+41</f><v />", b"<f>A2+41</f><v>42</v>")
    assert b"42</v>" in sheet
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, sheet if name == "xl/worksheets/sheet1.xml" else data)
    assert columns(read_table(file)) == {"a": [1], "b": [42]}


def test_titles_above_the_header_are_left_out_with_a_note(tmp_path: Path) -> None:
    table = read(tmp_path, [["网格台账"], [], ["编号", "名称", "值"], [1, "甲", 2]], merge="A1:C1")
    assert columns(table) == {"编号": [1], "名称": ["甲"], "值": [2]}
    assert "1 rows above" in said(table)
    assert "merged cells" in said(table)


def test_empty_rows_and_columns_are_none(tmp_path: Path) -> None:
    table = read(tmp_path, [["a", None, "b"], [1, None, 2], [None, None, None], [3, None, None]])
    assert columns(table) == {"a": [1, 3], "b": [2, None]}
    assert table.row.tolist() == [1, 2]


def test_a_column_without_name_but_with_values_is_kept(tmp_path: Path) -> None:
    table = read(tmp_path, [["a", None, "a"], [1, 2, 3]])
    assert columns(table) == {"a": [1], "column_2": [2], "a_2": [3]}
    assert len(table.notes) == 2


def test_errors_of_the_spreadsheet_are_missing_with_a_note(tmp_path: Path) -> None:
    table = read(tmp_path, [["a", "b"], [1, "#N/A"], [2, "#DIV/0!"]])
    assert columns(table)["b"] == [None, None]
    assert "#N/A" in said(table)


def test_sheets(tmp_path: Path) -> None:
    file = write(tmp_path / "a.xlsx", {"空": [], "甲": [["a"], [1]], "乙": [["b"], [2], [3]]})
    table = read_table(file)
    assert (table.layer_name, columns(table)) == ("甲", {"a": [1]})
    assert "乙" in said(table)
    assert columns(read_table(file, layer_name="乙")) == {"b": [2, 3]}
    with pytest.raises(IntakeError, match="no layer 丙"):
        read_table(file, layer_name="丙")
    with pytest.raises(IntakeError, match="no rows"):
        read_table(file, layer_name="空")


@pytest.mark.parametrize("rows", [[], [["a", "b"]], [["a", "b"], [None, None]]])
def test_no_rows(tmp_path: Path, rows: list[list[Any]]) -> None:
    with pytest.raises(IntakeError, match="no rows"):
        read(tmp_path, rows)


@pytest.mark.parametrize("kept", [0.3, 0.9])
def test_cut_off(tmp_path: Path, kept: float) -> None:
    file = write(tmp_path / "a.xlsx", {"s": [["a"], [1]]})
    file.write_bytes(file.read_bytes()[: int(file.stat().st_size * kept)])
    with pytest.raises(IntakeError, match="damaged or cut off"):
        read_table(file)


def test_broken_xml_inside(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook")
        archive.writestr("[Content_Types].xml", "<x/>")
    with pytest.raises(IntakeError, match=r"damaged or cut off|no rows"):
        read_table(tmp_path / "a.xlsx")


def test_limit(tmp_path: Path) -> None:
    assert len(read(tmp_path, [["a"], *[[i] for i in range(50)]], limit=3)) == 3
