"""Hostile requests to the whole service: every route, every method, every download; no 500, no leak, no formula."""

from __future__ import annotations

import csv
import io
import random
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import openpyxl
import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from settings import Settings
from store.batch import Provenance, Reject
from store.store import Store
from tests.web.conftest import X0, Y0, batch, fill, token
from tests.web.test_uploads import send

ODD = [
    "", "0", "-0", "-1", "1e308", "1e309", "nan", "-inf", "Infinity", "9" * 400, "0x10", "1_0", "٣", "½", "\x00",
    "a\x00b", "..", "../../etc/passwd", "/etc/passwd", "\u202egpj.exe", "x" * 201, "<script>alert(1)</script>", "${1}",
    "{0}", "{path}", "%s", "\r\nSet-Cookie: a=b", "2024-01-01", "2024-13-45", "0000-00-00", "9999-12-31T23:59",
    "0001-01-01", "2024-01-01T00:00+99:99", "1,2,3,4", "24.9,60.1,25,60.2", "180,-90,-180,90", "nan,nan,nan,nan",
    "1e308,1e308,1e308,1e308", "grid", "district", "D1", "theft", "count", "per_km2", "EPSG:4326", "EPSG:99999999",
    "+proj=pipeline +step +proj=hgridshift +grids=/etc/passwd", "EPSG:4979", "EPSG:4978", "EPSG:2193", "light", "2",
    "12", "24",
]  # fmt: skip
QUERIES = [
    "level", "parent", "code", "from", "to", "category", "hours", "weekdays",
    "against", "against_from", "against_to", "by", "surface",
    "control", "date", "days_before", "ring_m", "place_m", "lon", "lat",
    "bbox", "zoom", "near_m", "assumed_range_m", "online_only", "radius_m",
    "limit", "unit", "size_m", "step", "steps", "q", "scale", "scale_from", "scale_to",
    "metric", "method", "theme", "lang", "crs", "v",
]  # fmt: skip
PARTS = [
    "grids",
    "incidents",
    "none",
    "grids.csv",
    "cameras.xlsx",
    "streets.shp.zip",
    "a" * 32,
    "3",
    "0",
    "31",
    "9" * 30,
]
FINE = (200, 302, 303, 304, 308, 400, 404, 405, 409, 410)  # 405: an empty part is another route
FORMULAS = [
    "=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1", "＋1", "－1", "＠x", '=HYPERLINK("http://x")',
    "=cmd|' /C calc'!A0",
]  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
def test_no_get_route_fails(town_app: Flask, town: FlaskClient, seed: int) -> None:
    chance = random.Random(seed)
    rules = [rule.rule for rule in town_app.url_map.iter_rules() if "GET" in (rule.methods or ())]
    rules.remove("/api/stream")  # it never ends; see test_stream.py
    assert len(rules) > 20
    instance = str(town_app.extensions["atlas"].settings.instance).encode()
    for _ in range(400):
        url = re.sub(r"<[^>]*>", lambda _: quote(chance.choice(PARTS + ODD), safe="/"), chance.choice(rules))
        query = {name: chance.choices(ODD, k=chance.choice((1, 1, 2))) for name in chance.sample(QUERIES, 3)}
        answer = town.open(url, method=chance.choice(("GET", "GET", "HEAD")), query_string=query)
        said = answer.get_data()
        answer.close()
        starting = url == "/readyz" and answer.status_code == 503  # nothing warms up a test's application
        assert answer.status_code in FINE or starting, (url, query, said[:300])
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.status_code == 200 or instance not in said
        assert "a=b" not in str(answer.headers)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "POST", "TRACE", "BREW"])
@pytest.mark.parametrize("url", ["/api/status", "/api/export/grids.csv", "/healthz", "/tiles/base/1/0/0.png"])
def test_other_methods_are_told_the_right_ones(town: FlaskClient, url: str, method: str) -> None:
    answer = town.open(url, method=method, headers=token(town))
    assert answer.status_code == 405
    assert {"GET", "HEAD"} <= set(re.split(", ?", answer.headers["Allow"]))
    assert answer.get_json()["error"]["code"] == "method_not_allowed"


@pytest.mark.parametrize("url", ["/healthz", "/command", "/api/status", "/api/layers/grids", "/tiles/base/1/0/0.png",
                                 "/api/export/grids.csv"])  # fmt: skip
def test_head_is_get_without_the_body(town: FlaskClient, url: str) -> None:
    with town.get(url) as full, town.head(url) as head:
        assert (head.status_code, head.mimetype) == (full.status_code, full.mimetype)
        assert head.data == b"" and full.data != b""


@pytest.mark.parametrize(
    "path",
    ["/assets/../../settings.py", "/assets/leaflet/../../../settings.py", "/assets/%2e%2e/settings.py",
     "/assets/..%2f..%2fsettings.py", "/assets/%5c..%5csettings.py", "/static/../settings.py",
     "/static/..%2fsettings.py", "/api/export/..%2f..%2fgrids.csv", "/api/export/grids.csv%00.png",
     "/api/jobs/..%2fsecret", "/api/jobs/%2e%2e/rejects.csv", f"/api/jobs/{'.' * 32}"],
)  # fmt: skip
def test_no_path_leads_outside(town: FlaskClient, path: str) -> None:
    answer = town.get(path)
    assert answer.status_code == 404
    assert b"ATLAS_" not in answer.data
    answer.close()


@pytest.mark.parametrize("name", ["..", "%2e%2e", "." * 32, "A" * 32, "..%2fjobs", "%00" * 32])
def test_no_upload_id_leads_outside(client: FlaskClient, name: str) -> None:
    headers = token(client)
    assert client.delete(f"/api/uploads/{name}", headers=headers).status_code in (404, 405)
    for what in ("preview", "import"):
        assert client.post(f"/api/uploads/{name}/{what}", json={}, headers=headers).status_code in (404, 405)


def test_a_json_body_has_a_limit(client: FlaskClient) -> None:
    body = b'{"layer": "' + b"x" * (2 << 20) + b'"}'
    for url in ("/api/uploads/x/preview", "/api/uploads/x/import"):
        answer = client.post(url, data=body, headers=token(client), content_type="application/json")
        assert answer.status_code in (404, 413)


@pytest.mark.usefixtures("unseen")
@pytest.mark.parametrize(
    ("name", "shown"),
    [("../../../x.csv", "x.csv"), ("a\x00b.csv", "ab.csv"), ("\u202egpj.exe.csv", "gpj.exe.csv"), ("..", "file"),
     ("x" * 5000 + ".csv", None), ("名" * 400 + ".csv", None), ("C:\\a\\b.csv", None), ("", "file")],
)  # fmt: skip
def test_a_sender_s_name_opens_nothing(client: FlaskClient, app: Flask, name: str, shown: str | None) -> None:
    sent = send(client, "id,lon,lat\n1,24.9,60.1\n", name)
    assert sent.status_code == 201
    found = sent.get_json()
    assert shown is None or found["file"] == shown
    assert 0 < len(found["file"]) <= 150 and not set(found["file"]) & set("/\\\x00\u202e")
    uploads: Path = app.extensions["atlas"].settings.instance / "uploads"
    files = sorted(path.name for path in (uploads / found["upload"]).iterdir())
    assert files[0] == "about.json" and re.fullmatch(r"source(\.csv)?", files[1])


@pytest.fixture
def unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.uploads.preview", lambda atlas, upload, wish: {})


# --- downloads -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def armed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    """A client of a town in which every text is a formula."""
    folder = tmp_path_factory.mktemp("armed")
    count = len(FORMULAS)
    near: dict[str, Any] = {"x": [X0 + 10] * count, "y": [Y0 + 10] * count}
    ids = [f"{text}{index}" for index, text in enumerate(FORMULAS)]
    rejects = tuple(Reject(row, text, text, "Bad.", "Mend it.", {}) for row, text in enumerate(FORMULAS, 1))
    with Store.open(folder / "atlas.gpkg") as store:
        fill(store)
        source = Provenance('=1"\r\nX: y.csv', rejects=rejects)
        store.write(batch("cameras", **near, id=ids, name=FORMULAS, owner=FORMULAS), "append", source)
        facts = {"category": FORMULAS, "status": FORMULAS, "grid_code": FORMULAS}
        store.write(batch("incidents", **near, id=ids, **facts), "append", source)
    app = create_app(Settings(store=str(folder / "atlas.gpkg"), instance=folder))
    yield app.test_client()
    app.extensions["atlas"].close()


def _starts_formula(cell: object) -> bool:
    if not isinstance(cell, str) or not cell.startswith(tuple("=+-@\t\r\n＝＋－＠")):
        return False
    try:
        float(cell)
    except ValueError:
        return True
    return False


def test_no_download_is_a_formula(armed: FlaskClient) -> None:
    latest = armed.get("/api/imports").get_json()["imports"][0]["id"]
    for url in ("/api/export/cameras.csv", "/api/export/incidents.csv", f"/api/imports/{latest}/rejects.csv"):
        with armed.get(url) as answer:
            rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"), newline="")))
            assert answer.mimetype == "text/csv"
            assert answer.headers["Content-Disposition"].startswith("attachment; filename=")
        assert len(rows) > len(FORMULAS)
        assert [cell for row in rows for cell in row if _starts_formula(cell)] == []
    for url in ("/api/export/cameras.xlsx", "/api/export/incidents.xlsx"):
        with armed.get(url) as answer:
            sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).active
        assert sheet is not None
        cells = [cell for row in sheet.iter_rows() for cell in row]
        assert not any(cell.data_type == "f" or _starts_formula(cell.value) for cell in cells)


# --- a store in the way ----------------------------------------------------------------------------------------------


def test_a_store_being_written_is_still_read(app: Flask, client: FlaskClient, settings: Settings) -> None:
    fill(app.extensions["atlas"].store)
    other = sqlite3.connect(settings.store, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    for url in ("/healthz", "/api/status", "/command", "/api/layers/grids", "/api/imports"):
        with client.get(url) as answer:
            assert answer.status_code == 200
    # What leaves is written into the audit trail first: where that cannot be, nothing leaves.
    refused = client.get("/api/export/grids.csv")
    assert (refused.status_code, refused.get_json()["error"]["code"]) == (503, "store_busy")
    other.execute("ROLLBACK")
    with client.get("/api/export/grids.csv") as answer:
        assert answer.status_code == 200
    other.close()


def test_a_locked_store_is_503_and_asks_to_come_again(
    client: FlaskClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store.open(settings.store) as store:
        fill(store)
    other = sqlite3.connect(settings.store, isolation_level=None)
    other.execute("PRAGMA journal_mode = DELETE")  # as a program may that knows no WAL
    other.execute("BEGIN EXCLUSIVE")
    opened = Store.open
    monkeypatch.setattr("web.state.Store.open", lambda path: opened(path, wait_s=0.1))
    for url in ("/healthz", "/api/status", "/command"):
        answer = client.get(url)
        assert answer.status_code == 503
        assert settings.store.encode() not in answer.data
    assert client.get("/api/status").headers["Retry-After"]
    other.execute("ROLLBACK")
    other.close()
    assert client.get("/api/status").status_code == 200
