"""What the log and /metrics say of requests, and that neither holds a value of the data, a query or an address."""

from __future__ import annotations

import io
import json
import logging
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from geo.errors import AtlasError
from store.errors import StoreError
from tests.web.conftest import SCRIPT, token
from web import logs
from web.logs import JsonFormatter, SafeFormatter, without_values

CANARY = "canary-7f3a9"
ADDRESS = "198.51.100.77"
# Values that the town's rows hold.
VALUES = (CANARY, SCRIPT, "Team 1", "主街", "theft", "undated", "Pond", ADDRESS)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What every logger of the process writes, as JSON lines."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    loggers = [logging.getLogger(name) for name in ("", logs.REQUESTS, "gunicorn.error", "app")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    loggers[0].addHandler(handler)
    yield stream
    loggers[0].removeHandler(handler)
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


def lines(log: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


def test_a_request_is_one_line_with_its_id(town: FlaskClient, log: io.StringIO) -> None:
    answer = town.get("/api/density?level=grid")
    (line,) = [line for line in lines(log) if line["logger"] == logs.REQUESTS]
    assert line["request"] == answer.headers["X-Request-Id"]
    assert (line["method"], line["route"], line["status"], line["who"]) == ("GET", "/api/density", 200, "single")
    assert line["ms"] > 0
    assert town.get("/api/density").headers["X-Request-Id"] != line["request"]


def test_a_kept_tile_is_told_too(town: FlaskClient, log: io.StringIO) -> None:
    for _ in range(2):
        assert town.get("/tiles/heat/12/2331/1185.png").status_code == 200
    told = [line["route"] for line in lines(log) if line["logger"] == logs.REQUESTS]
    assert told[1] == "/tiles/heat/ (kept)"


def test_a_browse_of_every_route_leaves_no_value_in_the_log(
    town_app: Flask, town: FlaskClient, log: io.StringIO
) -> None:
    asked = 0
    headers = token(town)
    for rule in town_app.url_map.iter_rules():
        if rule.rule == "/api/stream":  # it never ends
            continue
        url = re.sub(r"<int:[^>]*>", "3", rule.rule)
        url = re.sub(r"<[^>]*>", CANARY, url)
        query = {"level": "grid", "category": ["theft", CANARY], "parent": CANARY, "code": "G2", "camera": CANARY}
        for method in sorted((rule.methods or set()) - {"OPTIONS"}):
            if rule.endpoint in ("takeaway.map_picture", "takeaway.bulletin"):
                continue  # slow to draw; they have tests of their own
            said = {"json": {"name": CANARY, "by": CANARY}} if method in ("POST", "PUT") else {}
            with town.open(url, method=method, query_string=query, headers=headers, **said) as answer:  # type: ignore[arg-type]
                answer.get_data()
            asked += 1
    told = [line for line in lines(log) if line["logger"] == logs.REQUESTS]
    assert len(told) >= asked > 80
    assert [value for value in VALUES if value in log.getvalue()] == []


FAULTS = [
    ValueError(f"could not convert string to float: {CANARY}"),
    KeyError(CANARY),
    OSError(5, "Input/output error", CANARY),
    sqlite3.IntegrityError(f"UNIQUE constraint failed: {CANARY}"),
    StoreError("The row {value} of {path} is bad.", "", value=CANARY, path="atlas.gpkg"),
    AtlasError("refused {value}", "", value=CANARY),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_a_fault_tells_neither_reader_nor_log_what_it_was_about(
    town_app: Flask, town: FlaskClient, log: io.StringIO, fault: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: Any) -> None:
        raise fault

    monkeypatch.setitem(town_app.view_functions, "api_data.density", fail)
    answer = town.get(f"/api/density?level={CANARY}", environ_overrides={"HTTP_TRUE_CLIENT_IP": ADDRESS})
    assert answer.status_code in (400, 500, 503)
    if not isinstance(fault, AtlasError):  # what a domain error says is meant for the reader
        assert CANARY not in answer.get_data(as_text=True)
    assert "Traceback" not in answer.get_data(as_text=True)
    assert [value for value in VALUES if value in log.getvalue()] == []
    if answer.status_code >= 500:
        (line,) = [line for line in lines(log) if line["level"] == "error"]
        assert line["request"] == answer.headers["X-Request-Id"]
        assert type(fault).__name__ in line.get("fault", line["message"])


def test_what_the_server_itself_writes_is_cut_before_the_address() -> None:
    for form in (SafeFormatter(), JsonFormatter()):
        for said in (
            f"Error handling request /command?level={CANARY}",
            f"Invalid request from ip={ADDRESS}: Invalid HTTP request line: 'GET /{CANARY}'",
            f"Ignored premature client disconnection. {CANARY}",
        ):
            line = form.format(logging.makeLogRecord({"msg": said, "name": "gunicorn.error"}))
            assert CANARY not in line and ADDRESS not in line
            assert said.split(" ")[1] in line


def test_of_a_child_s_words_only_places_and_types_are_kept() -> None:
    said = f'Traceback:\n  File "/app/web/x.py", line 7, in draw\n    f({CANARY})\nbuiltins.ValueError: {CANARY}\n'
    assert without_values(said) == "/app/web/x.py:7 draw; builtins.ValueError"
    assert CANARY not in without_values(CANARY)


def test_a_bad_setting_is_refused() -> None:
    with pytest.raises(ValueError, match="ATLAS_LOG"):
        logs.config({"ATLAS_LOG": "xml"})


def test_metrics_count_by_route_and_hold_no_value(town: FlaskClient) -> None:
    town.get(f"/api/density?level=grid&category={CANARY}")
    town.get(f"/{CANARY}")
    answer = town.get("/metrics")
    assert answer.status_code == 200 and answer.mimetype == "text/plain"
    text = answer.get_data(as_text=True)
    assert re.search(r'gridatlas_requests_total\{method="GET",route="/api/density",status="200"\} [1-9]', text)
    assert 'route="(no route)",status="404"' in text
    assert re.search(r"^gridatlas_store_revision 7\.0$", text, re.MULTILINE)
    assert re.search(r"^process_resident_memory_bytes [1-9]", text, re.MULTILINE)
    assert re.search(r"^gridatlas_cache_bytes \d", text, re.MULTILINE)
    assert CANARY not in text


@pytest.mark.parametrize("name", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
def test_metrics_answer_no_proxy_without_a_token(town: FlaskClient, name: str) -> None:
    assert town.get("/metrics", headers={name: "x"}).status_code == 401
    assert town.get("/metrics", environ_overrides={"SERVER_PROTOCOL": "HTTP/1.0"}).status_code == 401


def test_metrics_take_a_token_of_their_own_scope_only(client: FlaskClient, app: Flask) -> None:
    store = app.extensions["atlas"].store
    good, other = store.add_token("collector", "metrics:read"), store.add_token("sender")
    asked = {"X-Forwarded-For": ADDRESS}
    assert client.get("/metrics", headers=asked | {"Authorization": f"Bearer {good}"}).status_code == 200
    assert client.get("/metrics", headers=asked | {"Authorization": f"Bearer {other}"}).status_code == 401
    store.revoke_token("collector")
    assert client.get("/metrics", headers=asked | {"Authorization": f"Bearer {good}"}).status_code == 401


def test_ready_is_told_when_what_pages_open_with_is_prepared(app: Flask, client: FlaskClient) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.get_json()["status"]) == (503, "starting")
    app.extensions["atlas"].start()
    answer = client.get("/readyz")
    assert (answer.status_code, answer.get_json()) == (200, {"status": "ready", "revision": 0, "store": "ok"})


def test_an_unreadable_store_is_not_ready(app: Flask, client: FlaskClient, settings: Any) -> None:
    Path(settings.store).write_bytes(b"not a store")
    app.extensions["atlas"].start()
    answer = client.get("/readyz")
    assert (answer.status_code, answer.get_json()["status"]) == (503, "unavailable")
    assert settings.store not in answer.get_data(as_text=True)
