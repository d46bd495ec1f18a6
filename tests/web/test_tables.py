"""A table taken away holds the figures of the API, each as what it is; no text of it is ever a formula."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from flask import Flask
from flask.testing import FlaskClient
from python_calamine import load_workbook

from store.batch import Provenance
from tests.web.conftest import X0, Y0, batch, square
from web.tables import TABLES, Asked, Column, Table, ordered, register
from web.workbook import Page, _sheet_name, to_xlsx

WINDOW = {"from": "2024-05-31", "to": "2024-06-03", "level": "grid"}


def get(client: FlaskClient, name: str, **query: Any) -> bytes:
    answer = client.get(f"/api/tables/{name}", query_string={"lang": "en", **query})
    assert answer.status_code == 200, answer.get_data(as_text=True)
    assert answer.headers["Content-Disposition"].startswith(f'attachment; filename="{name.split(".")[0]}-')
    assert answer.headers["Cache-Control"] == "private, no-store"
    return bytes(answer.data)


def sheets(data: bytes) -> dict[str, list[tuple[Any, ...]]]:
    book = openpyxl.load_workbook(io.BytesIO(data))
    return {sheet.title: [tuple(cell.value for cell in row) for row in sheet.iter_rows()] for sheet in book}


def lines(data: bytes) -> list[list[str]]:
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize(
    ("name", "url", "key"),
    [("density", "/api/density", "grids"), ("grids", "/api/grids", "grids"), ("assignment", "/api/assignment", "rows"),
     ("cameras", "/api/cameras", "cameras"), ("months", "/api/rhythm", "months")],
)  # fmt: skip
def test_a_sheet_holds_the_rows_of_the_api(town: FlaskClient, name: str, url: str, key: str) -> None:
    rows = town.get(url, query_string=WINDOW).get_json()[key]
    (head, *found), origin = sheets(get(town, f"{name}.xlsx", **WINDOW)).values()
    columns = TABLES[name].columns
    assert len(head) == len(columns) and len(found) == len(rows) > 0
    for row, cells in zip(rows, found, strict=True):
        for column, cell in zip(columns, cells, strict=True):
            value = row[column.key]
            if value is None:
                assert cell is None
            elif column.kind in ("whole", "number"):
                assert cell == pytest.approx(value, rel=1e-15) and not isinstance(cell, str)
            elif column.kind == "time":
                exact = datetime.fromisoformat(value).astimezone(ZoneInfo("Asia/Shanghai"))
                assert cell == exact.replace(tzinfo=None, microsecond=0)
            elif column.kind == "text":
                assert cell == value
            else:
                assert isinstance(cell, str) and cell
    facts = dict(row[:2] for row in origin)
    assert facts["Reference system of areas and distances"] == "EPSG:32635" and facts["Rows"] == len(rows)
    assert isinstance(facts["Data revision"], int)


def test_the_origin_says_what_was_chosen(town: FlaskClient) -> None:
    query = {**WINDOW, "category": ["theft"], "hours": "0-11", "parent": "D1"}
    origin = list(sheets(get(town, "grids.xlsx", **query)).values())[1]
    assert ("Filter", "Categories: theft") in origin and ("Filter", "Hours: 00:00–12:00") in origin
    assert ("Filter", "Grids below D1") in origin and ("Grid level", "unit grid") in origin
    assert ("Incidents of the time", "31 May 2024 to 2 Jun 2024 (Asia/Shanghai)") in origin
    assert ("Note", "Simulated data: Incidents") in origin
    chinese = list(sheets(get(town, "grids.xlsx", **query, lang="zh")))
    assert chinese == ["网格", "来源说明"]


def test_heads_carry_units_in_both_languages(town: FlaskClient) -> None:
    assert lines(get(town, "density.csv"))[0] == [
        "Code", "Name", "Incidents", "Area (km²)", "Density (incidents per km²)", "Rate (incidents per 10,000 people)"
    ]  # fmt: skip
    assert lines(get(town, "density.csv", lang="zh"))[0][3] == "面积（km²）"


def test_csv_times_have_their_offset_and_missing_is_empty(town: FlaskClient) -> None:
    head, *rows = lines(get(town, "assignment.csv", near_m=0))
    when = [row[head.index("Time (Asia/Shanghai)")] for row in rows]
    assert "2024-06-03T08:00:00+08:00" in when
    located = [row[head.index("Located grid")] for row in rows]
    assert "" in located


def test_rows_are_sorted_as_asked_with_the_missing_last(town: FlaskClient) -> None:
    up = [row[5] for row in lines(get(town, "density.csv", level="grid", sort="per_10k"))[1:]]
    down = [row[2] for row in lines(get(town, "density.csv", level="grid", sort="incidents", order="down"))[1:]]
    assert up[-1] == "" and up[0] != ""
    assert down == sorted(down, key=int, reverse=True)


def test_rows_that_do_not_fit_are_counted(town: FlaskClient) -> None:
    origin = list(sheets(get(town, "assignment.xlsx", limit=1)).values())[1]
    listed = town.get("/api/assignment").get_json()["listed"]
    assert ("Rows", 1) in origin and ("Rows that are not in this file", listed - 1) in origin


@pytest.mark.parametrize("name", sorted(TABLES))
@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_every_table_is_given_in_both_formats(town: FlaskClient, client: FlaskClient, name: str, suffix: str) -> None:
    for where in (town, client):  # with data, and of an empty store
        data = get(where, f"{name}.{suffix}")
        head = lines(data)[0] if suffix == "csv" else next(iter(sheets(data).values()))[0]
        assert len(head) == len(TABLES[name].columns) and all(head)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("people.csv", 404, "unknown_table"), ("density.exe", 404, "unknown_table"), ("density", 404, "unknown_table"),
        ("density.csv?sort=name;drop", 400, "parameter"), ("density.csv?order=sideways", 400, "parameter"),
        ("density.xlsx?level=none", 404, "unknown_level"), ("assignment.csv?limit=-1", 400, "parameter"),
    ],
)  # fmt: skip
def test_what_cannot_be_given_is_refused(town: FlaskClient, path: str, status: int, code: str) -> None:
    answer = town.get(f"/api/tables/{path}")
    error = answer.get_json()["error"]
    assert (answer.status_code, error["code"]) == (status, code) and error["remedy"]


EVIL = ["=1+1", "@SUM(A1)", "-2+3", "+1", "\t=1", "#N/A", "＝cmd", '=HYPERLINK("http://a.invalid")', "plain"]


@pytest.fixture
def evil(app: Flask) -> FlaskClient:
    """Return a client of a store whose codes and names would be formulas."""
    store = app.extensions["atlas"].store
    shapes = [square(i, 0) for i in range(len(EVIL))]
    grids = batch("grids", shapes, code=[f"g{i}" for i in range(len(EVIL))], name=EVIL, level=["=L"] * len(EVIL),
                  team=EVIL)  # fmt: skip
    store.write(grids, "append", Provenance("g.csv", timezone="UTC", attribution="=HYPERLINK(1)"))
    incidents = batch("incidents", x=[X0 + 1], y=[Y0 + 1], id=["=1"], category=["=cat()"],
                      occurred_at=["2024-01-01"], grid_code=["=wrong"])  # fmt: skip
    store.write(incidents, "append", Provenance("i.csv", timezone="UTC"))
    return app.test_client()


@pytest.mark.parametrize("name", ["density", "grids", "assignment"])
def test_no_text_is_a_formula(evil: FlaskClient, name: str) -> None:
    data = get(evil, f"{name}.xlsx", category="=cat()")
    book = openpyxl.load_workbook(io.BytesIO(data))
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type in ("s", "n", "d", "inlineStr") or cell.value is None, cell.value
                assert not (isinstance(cell.value, str) and cell.value[:1] in "=+-@\t"), cell.value
    # Another reader sees the same.
    other = [row for sheet in load_workbook(io.BytesIO(data)).sheet_names
             for row in load_workbook(io.BytesIO(data)).get_sheet_by_name(sheet).to_python()]  # fmt: skip
    texts = [value for row in other for value in row if isinstance(value, str)]
    assert "'=1+1" in texts if name != "assignment" else "'=cat()" in texts
    assert not any(text[:1] in "=+-@\t" for text in texts if text)
    for row in lines(get(evil, f"{name}.csv")):
        assert not any(cell[:1] in ("=", "+", "@", "\t", "＝") for cell in row)


def test_a_cell_that_is_too_long_is_refused_not_cut() -> None:
    from store.errors import ExportError

    with pytest.raises(ExportError):
        to_xlsx([Page("a", ("b",), [["x" * 40_000]])])


def test_sheet_names_are_what_sheets_may_be_called() -> None:
    assert _sheet_name("a/b[c]:*?\\" + "x" * 40, []) == "a b c" + " " * 5 + "x" * 21
    assert _sheet_name("a", ["a"]) == "a 2" and _sheet_name("'", []) == "Sheet"


def test_a_table_has_one_name_and_a_new_one_needs_a_few_lines(town: FlaskClient) -> None:
    def rows(asked: Asked) -> list[dict[str, Any]]:
        return [{"n": asked.snapshot.revision}]

    made = register(Table("test_only", "ID", ("grids",), (Column("n", "ID", kind="whole"),), rows))
    try:
        with pytest.raises(ValueError, match="two tables"):
            register(made)
        assert lines(get(town, "test_only.csv"))[1] == [str(town.get("/api/status").get_json()["revision"])]
    finally:
        del TABLES["test_only"]


def test_sorting_keeps_every_row() -> None:
    from werkzeug.datastructures import MultiDict

    table = Table("t", "ID", (), (Column("n", "ID"),), lambda asked: [])
    rows = [{"n": 2}, {"n": None}, {"n": 1}, {"n": float("nan")}]
    found = [row["n"] for row in ordered(table, rows, MultiDict({"sort": "n", "order": "down"}))]
    assert found[:2] == [2, 1] and len(found) == 4
