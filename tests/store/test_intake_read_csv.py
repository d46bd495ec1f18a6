"""CSV and TSV: text stays text, rows that do not fit are rejects."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store.errors import IntakeError
from store.intake.notebook import NoteBook
from store.intake.raw import RawTable
from store.intake.read_csv import read_csv

SPECTRUM = {
    "comma_in_quotes": [
        {"first": "John", "last": "Doe", "address": "120 any st.", "city": "Anytown, WW", "zip": "08123"}
    ],
    "empty": [{"a": "1", "b": "", "c": ""}, {"a": "2", "b": "3", "c": "4"}],
    "empty_crlf": [{"a": "1", "b": "", "c": ""}, {"a": "2", "b": "3", "c": "4"}],
    "escaped_quotes": [{"a": "1", "b": 'ha "ha" ha'}, {"a": "3", "b": "4"}],
    "json": [{"key": "1", "val": '{"type": "Point", "coordinates": [102.0, 0.5]}'}],
    "newlines": [
        {"a": "1", "b": "2", "c": "3"},
        {"a": "Once upon \na time", "b": "5", "c": "6"},
        {"a": "7", "b": "8", "c": "9"},
    ],
    "newlines_crlf": [
        {"a": "1", "b": "2", "c": "3"},
        {"a": "Once upon \r\na time", "b": "5", "c": "6"},
        {"a": "7", "b": "8", "c": "9"},
    ],
    "quotes_and_newlines": [{"a": "1", "b": 'ha \n"ha" \nha'}, {"a": "3", "b": "4"}],
    "simple": [{"a": "1", "b": "2", "c": "3"}],
    "simple_crlf": [{"a": "1", "b": "2", "c": "3"}],
    "utf8": [{"a": "1", "b": "2", "c": "3"}, {"a": "4", "b": "5", "c": "ʤ"}],
}


def rows(table: RawTable) -> list[dict[str, str]]:
    return [dict(zip(table.columns, values, strict=True)) for values in zip(*table.columns.values(), strict=True)]


def said(table: RawTable) -> str:
    return " | ".join(note.text() for note in table.notes)


def read(folder: Path, text: str | bytes, **options: object) -> RawTable:
    file = folder / "a.csv"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_csv(file, book=NoteBook(), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", SPECTRUM)
def test_csv_spectrum(shared_corpora: Path, name: str) -> None:
    table = read_csv(shared_corpora / "csv" / f"{name}.csv", book=NoteBook())
    assert rows(table) == SPECTRUM[name]
    assert (table.notes, table.rejects) == ((), ())


def test_csv_spectrum_file_with_lost_characters(shared_corpora: Path) -> None:
    table = read_csv(shared_corpora / "csv" / "location_coordinates.csv", book=NoteBook())
    assert rows(table)[0]["Cities"] == "Modesto"
    assert table.notes[0].params == {"count": 2}


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    text = "\n".join(delimiter.join(row) for row in [["id", "名称", "lon"], ["1", "甲", "1.5"], ["2", "a b", ""]])
    assert rows(read(tmp_path, text))[0] == {"id": "1", "名称": "甲", "lon": "1.5"}


def test_a_decimal_comma_does_not_beat_the_semicolon(tmp_path: Path) -> None:
    table = read(tmp_path, "id;lon;lat\n1;24,9;60,1\n2;24,8;60,2\n")
    assert rows(table)[1] == {"id": "2", "lon": "24,8", "lat": "60,2"}


def test_the_separator_line_of_a_spreadsheet_is_honoured(tmp_path: Path) -> None:
    assert rows(read(tmp_path, "sep=|\r\na|b,c\r\n1|2,3\r\n")) == [{"a": "1", "b,c": "2,3"}]


def test_numbers_and_leading_zeros_stay_text(tmp_path: Path) -> None:
    assert rows(read(tmp_path, "a,b\n007,1e5\n")) == [{"a": "007", "b": "1e5"}]


def test_rows_of_another_width_are_rejects(tmp_path: Path) -> None:
    table = read(tmp_path, "a,b\n1,2\n3\n4,5,6\n\n7,8\n9,10,\n")
    assert table.row.tolist() == [1, 4, 5]
    assert [(reject.row, reject.params) for reject in table.rejects] == [
        (2, {"found": 1, "expected": 2}),
        (3, {"found": 3, "expected": 2}),
    ]
    assert table.total == 5


def test_a_nul_is_a_reject(tmp_path: Path) -> None:
    table = read(tmp_path, b"a,b\n1,2\n3,\x004\n")
    assert (table.row.tolist(), [reject.row for reject in table.rejects]) == ([1], [2])


def test_a_quotation_mark_within_a_value_is_a_reject(tmp_path: Path) -> None:
    table = read(tmp_path, 'a,b\n1,"x"y\n3,4\n')
    assert (table.row.tolist(), [reject.row for reject in table.rejects]) == ([2], [1])


def test_an_unclosed_quotation_mark_is_a_file_cut_off(tmp_path: Path) -> None:
    with pytest.raises(IntakeError, match="never closed"):
        read(tmp_path, 'a,b\n1,2\n3,"4\n5,6\n')


def test_names_are_made_unique_with_a_note(tmp_path: Path) -> None:
    table = read(tmp_path, "a,a,,a_2\n1,2,3,4\n")
    assert rows(table) == [{"a": "1", "a_2": "2", "column_3": "3", "a_2_2": "4"}]
    assert len(table.notes) == 3


def test_a_first_row_of_numbers_is_doubted(tmp_path: Path) -> None:
    assert "only numbers" in said(read(tmp_path, "1,2.5\n3,4\n"))


@pytest.mark.parametrize("text", ["a,b\n", "a,b", "\n\n", "a,b\n\n\n"])
def test_a_header_alone_is_no_table(tmp_path: Path, text: str) -> None:
    with pytest.raises(IntakeError, match="no rows"):
        read(tmp_path, text)


def test_too_many_columns_are_refused(tmp_path: Path) -> None:
    with pytest.raises(IntakeError, match="2000 columns"):
        read(tmp_path, ",".join(f"c{i}" for i in range(2001)) + "\n")


@pytest.mark.parametrize("encoding", ["utf-16", "gb18030", "utf-8-sig"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    table = read(tmp_path, "编号,街道\n1,中关村街道\n2,东华门街道\n".encode(encoding))
    assert rows(table)[0] == {"编号": "1", "街道": "中关村街道"}
    assert table.notes


def test_a_value_longer_than_the_module_s_limit_is_read(tmp_path: Path) -> None:
    assert len(rows(read(tmp_path, "a,b\n1," + "x" * 300_000 + "\n"))[0]["b"]) == 300_000


def test_limit(tmp_path: Path) -> None:
    assert read(tmp_path, "a\n" + "1\n" * 100, limit=7).total == 7


value = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)


@settings(max_examples=100)
@given(st.lists(st.lists(value, min_size=3, max_size=3), min_size=1, max_size=8))
def test_what_a_writer_wrote_is_read_back(tmp_path_factory: pytest.TempPathFactory, table: list[list[str]]) -> None:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows([["alpha", "beta", "gamma"], *table])
    read_back = read(tmp_path_factory.mktemp("csv"), out.getvalue(), encoding="utf-8")
    assert [list(row.values()) for row in rows(read_back)] == table
