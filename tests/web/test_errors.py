"""Errors: one table, one shape, nothing leaks."""

from __future__ import annotations

import errno
import inspect
import logging

import pytest
from flask import Flask
from flask.testing import FlaskClient

from geo import errors as domain
from geo.errors import AtlasError, ConservationError, Phrase
from store import errors as storage
from store.errors import StoreBusyError, StoreError
from web.errors import STATUS, fill
from web.permissions import NEEDS, OPEN


def own_errors() -> list[type[AtlasError]]:
    return [
        found for module in (domain, storage) for _, found in inspect.getmembers(module, inspect.isclass)
        if issubclass(found, AtlasError)
    ]  # fmt: skip


@pytest.mark.parametrize("kind", own_errors(), ids=lambda kind: kind.__name__)
def test_every_domain_error_has_its_line(kind: type[AtlasError]) -> None:
    assert kind in STATUS


def test_codes_are_stable_and_distinct() -> None:
    codes = [code for _, code in STATUS.values()]
    assert len(set(codes)) == len(codes)


@pytest.fixture
def failing(app: Flask, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    faults = {
        "unknown": ZeroDivisionError("secret /path"),
        "disk": OSError(errno.ENOSPC, "full", "/path"),
        "system": OSError(errno.EIO, "broken", "/path"),
        "right": OSError(errno.EROFS, "read-only", "/path"),
        "place": StoreError("The store {path} is in the way.", "Move it.", path="/path/atlas.gpkg"),
        "conservation": ConservationError("{a} is not {b}.", "Report it.", a=1, b=2),
        "busy": StoreBusyError("Busy.", "Wait."),
        "naughty": AtlasError("Bad {value}.", "Mend it.", value="<script>alert(1)</script>{0}"),
    }

    def fail(name: str) -> str:
        raise faults[name]

    for endpoint in ("fail", "api_fail"):
        monkeypatch.setitem(NEEDS, endpoint, OPEN)  # type: ignore[misc]
    app.add_url_rule("/fail/<name>", view_func=fail)
    app.add_url_rule("/api/fail/<name>", endpoint="api_fail", view_func=fail)
    return app.test_client()


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [("unknown", 500, "internal"), ("disk", 507, "disk_full"), ("system", 500, "internal"),
     ("right", 503, "no_right"), ("place", 503, "store"),
     ("conservation", 500, "conservation"), ("busy", 503, "store_busy"), ("naughty", 400, "refused")],
)  # fmt: skip
def test_faults_become_answers(
    failing: FlaskClient, name: str, status: int, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        answer = failing.get(f"/api/fail/{name}")
    assert answer.status_code == status
    assert answer.get_json()["error"]["code"] == code
    assert "/path" not in answer.get_data(as_text=True)
    assert bool(caplog.records) == (status >= 500)
    if name == "unknown":
        assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_pages_fail_as_pages(failing: FlaskClient, lang: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.CRITICAL):
        answer = failing.get("/fail/unknown", headers={"Accept-Language": lang, "Accept": "text/html"})
    text = answer.get_data(as_text=True)
    assert (answer.status_code, answer.mimetype) == (500, "text/html")
    assert "secret" not in text and "ZeroDivision" not in text
    assert ("服务内部" in text) == (lang == "zh")


def test_values_are_escaped_on_pages(failing: FlaskClient) -> None:
    text = failing.get("/fail/naughty", headers={"Accept": "text/html"}).get_data(as_text=True)
    assert "&lt;script&gt;alert(1)" in text
    assert "<script>alert(1)" not in text
    assert "{0}" in text


@pytest.mark.parametrize("path", ["/none", "/command/none", "/static/none.css", "/assets/leaflet/none.js"])
def test_nothing_there_is_a_page(client: FlaskClient, path: str) -> None:
    answer = client.get(path, headers={"Accept": "text/html"})
    assert (answer.status_code, answer.mimetype) == (404, "text/html")


def test_a_program_gets_json_everywhere(client: FlaskClient) -> None:
    answer = client.get("/none", headers={"Accept": "application/json"})
    assert answer.get_json()["error"]["code"] == "not_found"


def test_a_wrong_method_says_the_right_ones(client: FlaskClient) -> None:
    answer = client.put("/api/status", headers={"X-CSRF-Token": client.get("/api/csrf").get_json()["token"]})
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]
    assert answer.get_json()["error"]["code"] == "method_not_allowed"


def test_a_store_that_cannot_be_read_is_said(client: FlaskClient, app: Flask) -> None:
    settings = app.extensions["atlas"].settings
    (settings.instance / "atlas.gpkg").write_bytes(b"this is no store" * 100)
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.get_json()["error"]["message"]
    assert str(settings.instance) not in answer.get_data(as_text=True)
    assert client.get("/api/status").status_code == 503
    page = client.get("/command", headers={"Accept": "text/html"})
    assert (page.status_code, page.mimetype) == (503, "text/html")
    assert str(settings.instance) not in page.get_data(as_text=True)


def test_a_reason_inside_a_refusal_is_translated_with_its_values() -> None:
    reason = Phrase("The year is outside {first} to {last}.", {"first": 1900, "last": 2100})
    refusal = "None of the {count} rows can be taken; nothing was changed. Row {row}, {field}: {reason}"
    values = {"count": 3, "row": 1, "field": "occurred_at", "reason": reason}
    assert fill(refusal, values, "en").endswith(": The year is outside 1900 to 2100.")
    chinese = fill(refusal, values, "zh")
    assert "1900" in chinese and "2100" in chinese
    assert "year" not in chinese and "rows" not in chinese
