"""The bulletin of a month says what the API says of that month, fetches nothing, and refuses what it cannot tell."""

from __future__ import annotations

import io
import json
import re
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pypdf
import pytest
from flask import Flask
from flask.testing import FlaskClient
from scipy.stats import binomtest

from app import create_app
from geo.errors import ParameterError
from geo.month import Month, parse_month
from settings import Settings
from store.batch import Provenance
from store.store import Store
from tests.web.conftest import X0, Y0, batch, square
from web import bulletin_pdf
from web.api_takeaway import BULLETINS
from web.errors import RequestError
from web.pdf import to_pdf

ZONE = "Asia/Shanghai"
HOSTILE = '<img src="http://127.0.0.1:9/x.png"><script>alert(1)</script>{{ 7*7 }}'
APPROVAL = "GS(2024)0001号"
MAY = {"from": "2024-05-01", "to": "2024-06-01", "level": "grid"}


@pytest.fixture(scope="module")
def year_app(compiled: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The application over four grids with incidents of January 2023 to 14 June 2024; one grid is busy in May."""
    folder = tmp_path_factory.mktemp("year")
    rng = np.random.default_rng(7)
    with Store.open(folder / "atlas.gpkg") as store:
        shapes = [square(0, 0, 4, 1), *(square(i, 0) for i in range(4))]
        names = ["City", "West", HOSTILE, "=SUM(A1)", None]
        store.write(
            batch("grids", shapes, code=["D", "G0", "G1", "G2", "G3"], name=names,
                  level=["district"] + ["grid"] * 4, parent=[None, *["D"] * 4],
                  population=[np.nan, 1000, 0, 500, np.nan]),
            "append", Provenance("g.csv", timezone=ZONE, attribution="Office of <b>grids</b>"),
        )  # fmt: skip
        when = np.sort(rng.integers(0, 531 * 86_400_000, 3000)) + np.datetime64("2022-12-31T16:00", "ms").astype(int)
        when = when.astype("datetime64[ms]")
        # In May 2024 the second grid has far more than ever: it must be called more than chance.
        busy = (when >= np.datetime64("2024-04-30T16:00")) & (when < np.datetime64("2024-05-31T16:00"))
        grid = rng.integers(0, 4, len(when))
        grid[busy & (rng.random(len(when)) < 0.6)] = 1
        x = X0 + 1000 * grid + rng.uniform(10, 990, len(when))
        x[:40] = X0 + 9000  # in no grid
        store.write(
            batch("incidents", x=x, y=Y0 + rng.uniform(10, 990, len(when)), id=[f"i{i}" for i in range(len(when))],
                  category=[["theft", "noise", "=cmd()"][i % 3] for i in range(len(when))], occurred_at=list(when)),
            "append", Provenance("i.csv", timezone=ZONE, simulated=True),
        )  # fmt: skip
        store.write(batch("cameras", x=[X0 + 500], y=[Y0 + 500], id=["c1"], kind=["fixed"], azimuth_deg=[90],
                          hfov_deg=[60], range_m=[100], online=[1]), "append", Provenance("c.csv"))  # fmt: skip
    app = create_app(Settings(store=str(folder / "atlas.gpkg"), instance=folder, lang="en", map_approval=APPROVAL))
    yield app
    app.extensions["atlas"].close()


@pytest.fixture
def year(year_app: Flask) -> FlaskClient:
    return year_app.test_client()


def get(client: FlaskClient, form: str, **query: Any) -> bytes:
    answer = client.get(f"/api/bulletin.{form}", query_string={"lang": "en", **query})
    assert answer.status_code == 200, answer.get_data(as_text=True)
    assert re.fullmatch(
        r'attachment; filename="bulletin-[0-9a-z-]+\.(pdf|xlsx)"', answer.headers["Content-Disposition"]
    )
    return bytes(answer.data)


def pages_of(pdf: bytes) -> list[str]:
    return [" ".join(page.extract_text().split()) for page in pypdf.PdfReader(io.BytesIO(pdf)).pages]


def sheets(data: bytes) -> dict[str, list[tuple[Any, ...]]]:
    book = openpyxl.load_workbook(io.BytesIO(data))
    for sheet in book:
        for row in sheet.iter_rows():
            assert not any(isinstance(cell.value, str) and cell.value[:1] in "=+-@" for cell in row if cell.value)
            assert not any(cell.data_type == "f" for cell in row)
    return {sheet.title: [tuple(cell.value for cell in row) for row in sheet.iter_rows()] for sheet in book}


@pytest.fixture(scope="module")
def english(year_app: Flask) -> bytes:
    return get(year_app.test_client(), "pdf", month="2024-05", level="grid")


@pytest.fixture(scope="module")
def chinese(year_app: Flask) -> bytes:
    return get(year_app.test_client(), "pdf", month="2024-05", level="grid", lang="zh")


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


def test_every_figure_of_the_pdf_is_the_api_s(year: FlaskClient, english: bytes) -> None:
    density = year.get("/api/density", query_string=MAY).get_json()
    text = squeezed(" ".join(pages_of(english)))
    assert squeezed("Monthly bulletin of incidents, May 2024 Grid level: unit grid") in text
    assert squeezed(f"Incidents {density['total']:,} {density['outside']:,} in no grid") in text
    ranked = sorted(density["grids"], key=lambda row: (-row["incidents"], row["code"]))
    for place, row in enumerate(ranked, start=1):
        wanted = f"{place}{row['code']}{row['name'] or ''}{row['incidents']:,}{row['per_km2']:,.0f}"
        assert squeezed(wanted) in text, wanted
    for category in ("theft", "noise", "=cmd()"):
        count = year.get("/api/density", query_string={**MAY, "category": category}).get_json()["total"]
        shown = squeezed(f"{category} {count:,} {100 * count / density['total']:.1f} %")
        assert shown.replace("theft", "Theft").replace("noise", "Noise") in text or shown in text, shown


def test_the_busy_grid_is_marked_and_chance_is_not(year: FlaskClient, english: bytes) -> None:
    now = {row["code"]: row["incidents"] for row in year.get("/api/density", query_string=MAY).get_json()["grids"]}
    april = {"from": "2024-04-01", "to": "2024-05-01", "level": "grid"}
    before = {row["code"]: row["incidents"] for row in year.get("/api/density", query_string=april).get_json()["grids"]}
    p = {code: binomtest(now[code], now[code] + before[code], 31 / 61).pvalue for code in now}
    found = sheets(get(year, "xlsx", month="2024-05", level="grid"))["Grids"]
    head, rows = found[0], {row[0]: dict(zip(found[0], row, strict=True)) for row in found[1:]}
    assert (
        head[0] == "Code" and rows["G1"]["Month before: More than chance?"] == "▲ more than chance" and p["G1"] < 1e-6
    )
    for code, row in rows.items():
        assert row["Month before"] == before[code] and row["Incidents"] == now[code]
        rate = 100 * (now[code] / 31 / (before[code] / 30) - 1)
        assert row["Month before: Change per day (%)"] == pytest.approx(rate)
        # The correction for many grids makes a p-value no smaller, and at most as many times larger as there are grids.
        assert p[code] * (1 - 1e-9) <= row["Month before: q"] <= min(1, 4 * p[code]) * (1 + 1e-9)
    assert "▲ more" in " ".join(pages_of(english))


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_last_page_says_method_revision_and_approval(
    year: FlaskClient, english: bytes, chinese: bytes, lang: str
) -> None:
    pages = pages_of(english if lang == "en" else chinese)
    revision = year.get("/api/status").get_json()["revision"]
    words = {
        "en": ("Method and data", f"Data revision {revision}", "EPSG:32635", "Benjamini", "Office of <b>grids</b>",
               f"Map approval number: {APPROVAL}", "Simulated data: Incidents"),
        "zh": ("方法与数据", f"数据版本 {revision}", "EPSG:32635", "Benjamini", "Office of <b>grids</b>",
               f"审图号：{APPROVAL}", "模拟数据：事件"),
    }[lang]  # fmt: skip
    for text in words:
        assert squeezed(text) in squeezed(pages[-1]), text
    for page, text in enumerate(pages, start=1):
        assert f"{page} / {len(pages)}" in text  # page numbers
        assert APPROVAL not in text or page == len(pages)
    assert squeezed({"en": "Monthly bulletin of incidents, May 2024", "zh": "2024年5月事件月报"}[lang]) in squeezed(
        pages[0]
    )


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_fonts_are_embedded_and_the_maps_are_there(english: bytes, chinese: bytes, lang: str) -> None:
    reader = pypdf.PdfReader(io.BytesIO(english if lang == "en" else chinese))
    names = set()
    for page in reader.pages:
        for font in page["/Resources"].get("/Font", {}).values():
            descendant = font.get_object()["/DescendantFonts"][0].get_object()
            descriptor = descendant["/FontDescriptor"].get_object()
            assert any(key in descriptor for key in ("/FontFile", "/FontFile2", "/FontFile3"))
            names.add(str(descendant["/BaseFont"]))
    assert any("CJK" in name for name in names)
    objects = {name: found.get_object() for page in reader.pages
               for name, found in page["/Resources"].get("/XObject", {}).items()}  # fmt: skip
    sizes = [(found["/Width"], found["/Height"]) for found in objects.values() if found["/Subtype"] == "/Image"]
    assert sizes == [(bulletin_pdf.MAP_PX[0] * 2, bulletin_pdf.MAP_PX[1] * 2)] * 2
    assert all(page.mediabox.width == pytest.approx(595.3, abs=0.5) for page in reader.pages)  # A4


def test_names_of_the_data_are_text(english: bytes) -> None:
    text = squeezed(" ".join(pages_of(english)))
    assert squeezed(HOSTILE) in text and "=SUM(A1)" in text and "49" not in squeezed("{{ 7*7 }}")


@pytest.fixture
def listening() -> Iterator[tuple[int, list[bytes]]]:
    """A server on this machine that counts who connects."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        done = threading.Event()

        def serve() -> None:
            while not done.is_set():
                try:
                    connection, _ = server.accept()
                except TimeoutError:
                    continue
                with connection:
                    heard.append(b"connected")

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1], heard
        done.set()
        thread.join()


def test_a_page_fetches_nothing_but_its_own_pictures(listening: tuple[int, list[bytes]], tmp_path: Path) -> None:
    port, heard = listening
    secret = tmp_path / "secret.css"
    secret.write_text("body::after { content: 'SECRET' }", "utf-8")
    address = f"http://127.0.0.1:{port}"
    html = (
        f"<link rel=stylesheet href='{address}/a.css'><link rel=stylesheet href='{secret.as_uri()}'>"
        f"<style>@import '{address}/b.css'; @import '{secret.as_uri()}';"
        f"@font-face {{ font-family: x; src: url({address}/f.woff) }}"
        f"p {{ background: url({address}/c.png); font-family: x }}"
        f"</style><p>shown</p><img src='{address}/d.png'><img src='{secret.as_uri()}'><img src='memory:other'>"
        f"<object data='{address}/e.svg'></object><svg><image href='{address}/g.png'/></svg>"
    )
    text = " ".join(pages_of(to_pdf(html, {})))
    assert "shown" in text and "SECRET" not in text and heard == []
    socket.create_connection(("127.0.0.1", port)).close()  # the counter works


def test_a_page_that_takes_too_long_is_given_up() -> None:
    with pytest.raises(RequestError) as caught:
        to_pdf("<p>x</p>" * 50_000, {}, limit_s=0.5)
    assert (caught.value.status, caught.value.code) == (503, "pdf_slow") and "XLSX" in caught.value.remedy


# The workbook


def test_the_workbook_holds_every_grid_and_the_sums_hold(year: FlaskClient) -> None:
    book = sheets(get(year, "xlsx", month="2024-05", level="grid"))
    density = year.get("/api/density", query_string=MAY).get_json()
    grids = book["Grids"]
    place = {title: i for i, title in enumerate(grids[0])}
    by_code = {row[0]: row for row in grids[1:]}
    assert len(by_code) == len(density["grids"])
    for row in density["grids"]:
        found = by_code[row["code"]]
        assert found[place["Incidents"]] == row["incidents"]
        assert found[place["Area (km²)"]] == pytest.approx(row["area_km2"])
        assert found[place["incidents per km²"]] == pytest.approx(row["per_km2"])
        assert (found[place["incidents per 10,000 people"]] is None) == (row["per_10k"] is None)
    days = book["Incidents per day"][1:]
    assert len(days) == 31 and sum(row[2] for row in days) == density["total"]
    assert [row[1] for row in days[:2]] == [3, 4]  # 1 May 2024 was a Wednesday
    hours = book["Hour of the day and weekday"][1:]
    assert sum(sum(row[1:]) for row in hours) == density["total"]
    assert Counter(row[1] for row in book["By category"][1:]).total() == 3
    assert sum(row[1] for row in book["By category"][1:]) == density["total"]
    assert "'=cmd()" in {row[0] for row in book["By category"]}
    levels = {row[0]: row[1] for row in book["Grid levels"][1:]}
    assert levels == {"district": 1, "unit grid": 4}
    assert any(APPROVAL in str(row[0]) for row in book["Method and data"])


def test_coverage_is_that_of_the_api(year: FlaskClient) -> None:
    totals = year.get("/api/coverage", query_string={**MAY, "wait_s": 60}).get_json()["totals"]
    rows = sheets(get(year, "xlsx", month="2024-05", level="grid"))["Coverage by cameras"]
    place = {title: i for i, title in enumerate(rows[0])}
    mine = next(row for row in rows if row[0] == "unit grid")
    for title, key in (("Open area (m²)", "open_m2"), ("Blind (m²)", "blind_m2"), ("Incidents", "incidents"),
                       ("Incidents seen", "incidents_seen")):  # fmt: skip
        assert mine[place[title]] == pytest.approx(totals[key]), title


def test_a_part_of_a_month_is_declared_and_a_first_month_compares_with_nothing(year: FlaskClient) -> None:
    june = [str(row[0]) for row in sheets(get(year, "xlsx", month="2024-06", level="grid"))["Summary"]]
    assert "Partial month: the data cover 1 Jun 2024 to 14 Jun 2024 only." in june
    january = sheets(get(year, "xlsx", month="2023-01", level="grid"))
    assert "The data do not cover December 2022." in [row[0] for row in january["Summary"]]
    head = january["Grids"][0]
    assert all(row[head.index("Month before")] is None for row in january["Grids"][1:])  # missing, not 0


# What is refused


@pytest.mark.parametrize(
    ("query", "status", "code", "part"),
    [
        ({}, 400, "parameter", "2024-05"), ({"month": "May"}, 400, "parameter", "2024-05"),
        ({"month": "2024-13"}, 400, "parameter", "2024-05"), ({"month": "٢٠٢٤-٠٥"}, 400, "parameter", "2024-05"),
        ({"month": "2024-05", "level": "none"}, 404, "unknown_level", "district, grid"),
        ({"month": "2031-01"}, 404, "no_data", "2023-01 to 2024-06"), ({"month": "0001-01"}, 400, "parameter", ""),
        ({"month": "2022-12"}, 404, "no_data", "2023-01"),
    ],
)  # fmt: skip
def test_what_cannot_be_told_is_refused(
    year: FlaskClient, query: dict[str, str], status: int, code: str, part: str
) -> None:
    for form in ("pdf", "xlsx"):
        answer = year.get(f"/api/bulletin.{form}", query_string={"lang": "en", **query})
        error = answer.get_json()["error"]
        assert (answer.status_code, error["code"]) == (status, code) and part in error["remedy"]
    assert year.get("/api/bulletin.doc?month=2024-05").status_code == 404


def test_an_empty_store_has_no_bulletin(client: FlaskClient) -> None:
    answer = client.get("/api/bulletin.pdf?month=2024-05&lang=en")
    assert answer.status_code == 404 and "Import incidents" in answer.get_json()["error"]["remedy"]


def test_without_grids_the_counts_are_told_all_the_same(app: Flask) -> None:
    app.extensions["atlas"].store.write(
        batch("incidents", x=[X0, X0 + 9], y=[Y0, Y0], id=["a", "b"], category=["theft", None],
              occurred_at=["2024-05-10T00:00", "NaT"]), "append", Provenance("i.csv", timezone=ZONE)
    )  # fmt: skip
    client = app.test_client()
    book = sheets(get(client, "xlsx", month="2024-05"))
    assert ("Incidents", 1) in [row[:2] for row in book["Summary"]] and len(book["Grids"]) == 1
    text = " ".join(pages_of(get(client, "pdf", month="2024-05")))
    assert "The store holds no grids." in text and "No coverage" in text


def test_one_at_a_time(year: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BULLETINS, "_wait_s", 0.01)
    with BULLETINS.entered():
        answer = year.get("/api/bulletin.xlsx?month=2024-05")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "15")
    assert year.get("/api/bulletin.xlsx?month=2024-05").status_code == 200


# The command


def run(app: Flask, *arguments: str, status: int = 0) -> Any:
    result = app.test_cli_runner().invoke(args=["bulletin", *arguments])
    assert result.exit_code == status, result.output
    return result


def test_the_command_writes_what_the_web_gives(year_app: Flask, tmp_path: Path) -> None:
    file = tmp_path / "b.xlsx"
    said = json.loads(
        run(
            year_app, "--month", "2024-06", "--level", "grid", "--lang", "zh", "-o", str(file), "--format", "json"
        ).stdout
    )
    total = year_app.test_client().get("/api/density?from=2024-06-01&to=2024-07-01").get_json()["total"]
    revision = year_app.test_client().get("/api/status").get_json()["revision"]
    assert said == {"file": str(file), "month": "2024-06", "level": "grid", "revision": revision, "total": total,
                    "partial": True}  # fmt: skip
    book = sheets(file.read_bytes())
    assert next(iter(book)) == "概要" and book["网格"][0][0] == "编码"
    # The command works coverage out at every level.
    assert all(row[1] != "未计算" for row in book["摄像机覆盖"][1:])


def test_the_command_writes_a_pdf(year_app: Flask, tmp_path: Path) -> None:
    file = tmp_path / "b.pdf"
    assert "2023-02" in run(year_app, "--month", "2023-02", "-o", str(file), "--no-coverage").stdout
    assert "February 2023" in pages_of(file.read_bytes())[0]


@pytest.mark.parametrize(
    ("arguments", "status", "part"),
    [
        (("--month", "2031-01", "-o", "{}/b.pdf"), 1, "2024-06"), (("--month", "x", "-o", "{}/b.pdf"), 2, "2024-05"),
        (("--month", "2024-05", "-o", "{}/b.doc"), 2, ".xlsx"), (("--month", "2024-05"), 2, "--output"),
        (("--month", "2024-05", "--level", "none", "-o", "{}/b.pdf"), 1, "district"),
        (("--month", "2024-05", "--lang", "fr", "-o", "{}/b.pdf"), 2, "fr"),
        (("--month", "2024-05", "-o", "{}/none/b.xlsx"), 1, "none"), (("-o", "{}/b.pdf"), 2, "--month"),
    ],
)  # fmt: skip
def test_the_command_refuses_and_leaves_nothing(
    year_app: Flask, tmp_path: Path, arguments: tuple[str, ...], status: int, part: str
) -> None:
    result = run(year_app, *(text.format(tmp_path) for text in arguments), status=status)
    assert part in result.stderr and result.stdout == "" and list(tmp_path.iterdir()) == []


# Months


def test_months_follow_the_calendar_of_the_town() -> None:
    assert str(Month(2024, 3).earlier(1)) == "2024-02" and Month(2023, 2).days == 28
    window = parse_month("2024-03").window("America/New_York")  # summer time begins
    assert (window.end - window.start) == np.timedelta64(31 * 24 - 1, "h")
    for text in ("2024-5", "2024-00", "24-05", "2024-05-01", "", "2024/05", "9999-12", "0001-01"):
        with pytest.raises(ParameterError):
            parse_month(text)
