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
    if name == "assignment":  # the decision is an object of its own there
        held = [row["decision"] or {} for row in rows]
        rows = [
            {**row, "decided": what.get("grid"), **{key: what.get(key) for key in ("reason", "by", "at")}}
            for row, what in zip(rows, held, strict=True)
        ]
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


PLACE = {"lon": 24.9345, "lat": 60.1635, "place_m": 150, "ring_m": 50, "date": "2024-06-01", "level": "grid",
         "days_before": 2, "days_after": 2}  # fmt: skip
WANTED: dict[str, dict[str, Any]] = {"profile": {"code": "G1"}, "displacement": PLACE}  # what a table cannot do without


@pytest.mark.parametrize("name", sorted(TABLES))
@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_every_table_is_given_in_both_formats(town: FlaskClient, client: FlaskClient, name: str, suffix: str) -> None:
    # With data, and of an empty store, which has no grid whose profile could be asked for.
    for where in (town,) if name == "profile" else (town, client):
        data = get(where, f"{name}.{suffix}", **WANTED.get(name, {}))
        head = lines(data)[0] if suffix == "csv" else next(iter(sheets(data).values()))[0]
        assert len(head) == len(TABLES[name].columns) and all(head)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("people.csv", 404, "unknown_table"), ("density.exe", 404, "unknown_table"), ("density", 404, "unknown_table"),
        ("density.csv?sort=name;drop", 400, "parameter"), ("density.csv?order=sideways", 400, "parameter"),
        ("density.xlsx?level=none", 404, "unknown_level"),
        ("profile.csv", 400, "parameter"), ("profile.csv?code=G9", 404, "unknown_grid"),
        ("displacement.csv?code=G1", 400, "parameter"),
        ("displacement.csv?date=2024-06-01", 400, "parameter"), ("assignment.csv?limit=-1", 400, "parameter"),
    ],
)  # fmt: skip
def test_what_cannot_be_given_is_refused(town: FlaskClient, path: str, status: int, code: str) -> None:
    answer = town.get(f"/api/tables/{path}")
    error = answer.get_json()["error"]
    assert (answer.status_code, error["code"]) == (status, code) and error["remedy"]


def named(data: bytes) -> list[dict[str, Any]]:
    """Return the rows of the first sheet by the heads."""
    head, *rows = next(iter(sheets(data).values()))
    return [dict(zip(head, row, strict=True)) for row in rows]


@pytest.mark.parametrize("query", [{"code": "G1"}, {"code": "G2", **WINDOW}, {"code": "D1", "level": "district"}])
def test_a_profile_is_a_fact_a_row(town: FlaskClient, query: dict[str, Any]) -> None:
    told = town.get("/api/profile", query_string=query).get_json()
    rows = named(get(town, "profile.xlsx", **query))
    section = {(row["Section"], row["Item"]): row for row in rows}
    assert len(section) == len(rows)
    for item, key in (("Code", "code"), ("Name", "name"), ("Team", "team")):
        assert section["Grid", item]["Text"] == told[key]
    for item, key in (("Incidents", "incidents"), ("Share", "share"), ("Density", "per_km2"), ("Rate", "per_10k"),
                      ("Rank by incidents", "rank")):  # fmt: skip
        value = told[key]
        assert section["Incidents", item]["Value"] == (None if value is None else pytest.approx(value))
    assert section["Grid", "Area"]["Value"] == pytest.approx(told["area_km2"])
    assert section["Grid", "Area"]["Unit"] == "km²"
    area = told["against"]["area"]
    assert section["Against the average by area", "Ratio"]["Value"] == pytest.approx(area["ratio"])
    listed = {name: [row for row in rows if row["Section"] == name] for name in {row["Section"] for row in rows}}
    months = [(f"{one['year']}-{one['month']:02}", one["incidents"]) for one in told["trend"]["months"]]
    assert [(row["Item"], row["Value"]) for row in listed["Months of the whole record"]] == months
    assert [row["Value"] for row in listed.get("Categories", [])] == [one["count"] for one in told["categories"]]
    assert [(row["Item"], row["Value"], row["Text"]) for row in listed.get("Neighbours", [])] == [
        (one["code"], one["incidents"], one["name"]) for one in told["neighbours"]]  # fmt: skip


def test_a_measure_has_its_eight_counts_and_what_they_say(town: FlaskClient) -> None:
    told = town.get("/api/displacement", query_string=PLACE).get_json()
    rows = named(get(town, "displacement.xlsx", **PLACE))
    areas, rest = rows[:4], {row["Where"]: row for row in rows[4:]}
    assert [row["Where"] for row in areas] == ["Treated", "Control", "Ring", "Ring of the control"]
    for row, feature in zip(areas, told["features"], strict=True):
        said = feature["properties"]
        assert (row["Before"], row["After"], row["Change"]) == (
            said["before"], said["after"], said["after"] - said["before"])  # fmt: skip
        assert row["Area (km²)"] == pytest.approx(said["area_km2"])
    assert areas[1]["Grids"] == ", ".join(told["control"])
    began = datetime.fromisoformat(told["before"]["from"]).astimezone(ZoneInfo("Asia/Shanghai"))
    assert areas[0]["Before, from (Asia/Shanghai)"] == began.replace(tzinfo=None)
    for title, key in (("Difference (WDD)", "total"), ("Treated against control", "local"),
                       ("Ring against the ring of the control", "spill")):  # fmt: skip
        heads = {"Difference (incidents)": "estimate", "Standard error (incidents)": "se", "z": "z", "p": "p",
                 "Lower limit (95 %) (incidents)": "low", "Upper limit (95 %) (incidents)": "high"}  # fmt: skip
        for head, name in heads.items():
            value = told[key][name]
            assert rest[title][head] == (None if value is None else pytest.approx(value)), (title, name)
    heads_zh = lines(get(town, "displacement.csv", **{**PLACE, "lang": "zh"}))
    assert [row[0] for row in heads_zh[1:5]] == ["措施区域", "对照区域", "环带", "对照环带"]


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


@pytest.mark.parametrize("name", ["density", "grids", "assignment", "profile"])
def test_no_text_is_a_formula(evil: FlaskClient, name: str) -> None:
    query = {"category": "=cat()", **({"code": "g0"} if name == "profile" else {})}
    data = get(evil, f"{name}.xlsx", **query)
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
    for row in lines(get(evil, f"{name}.csv", **query)):
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
