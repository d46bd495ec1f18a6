"""A question of one reader, and what the answer says: texts, cells, pixels, without what is of the moment."""

from __future__ import annotations

import gzip
import io
import json
import re
import time
from typing import Any

import numpy as np
import openpyxl
import pypdf
from flask import Flask
from PIL import Image

from geo.area import Area
from tests.serving import PATIENCE_S
from tests.web.areas.questions import WORKED_OUT
from tests.web.areas.town import COUNT, area_header

# Of the moment; and the live cursor, which counts through the city (docs/areas.md says what that gives away).
KEYS = ("job", "at", "since", "history_from", "created", "received_at", "updated_at", "raised_at", "acknowledged_at",
        "ended_at", "ms", "cursor")  # fmt: skip
NOW = re.compile(
    rb"20(2[5-9]|[3-9]\d)-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?(\.\d+)?(Z|[+-]\d\d:\d\d)?)?"
    rb"|datetime\(20(2[5-9]|[3-9]\d), [\d, ]*\)"
)
NONCE = re.compile(rb'nonce="[^"]*"|csrf_token" value="[^"]*"|"csrf": "[^"]*"|csrf-token" content="[^"]*"|[0-9a-f]{32}')
COUNTED = re.compile(rf"(?<![\d.]){COUNT}(?![\d.])")


def prime(app: Flask, *areas: Area | None) -> None:
    """Wait for what is worked out behind the answers."""
    for area in areas:
        assert all(ask(app, one, area)[0] in (200, 400, 404) for one in WORKED_OUT)  # no such level in the area


def ask(app: Flask, asked: Any, area: Area | None) -> tuple[int, str, Any]:
    """Return status, media type and what an answer says; what is being worked out is asked for until it is there."""
    method, url, body = asked if isinstance(asked, tuple) else ("GET", asked, None)
    client = app.test_client()
    headers = area_header(area)
    if method != "GET":
        headers["X-CSRF-Token"] = client.get("/api/csrf", headers=headers).get_json()["token"]
    deadline = time.monotonic() + PATIENCE_S
    while True:
        answer = client.open(url, method=method, json=body, headers=headers)
        making = method == "GET" and answer.status_code == 202
        making |= b'"computing"' in answer.data and ("since" in url or "live" in url)  # the cameras are made ready
        if not making and answer.status_code != 429:
            break
        answer.close()
        assert time.monotonic() < deadline, (asked, answer.status_code)
        time.sleep(0.05)
    said = (answer.status_code, answer.mimetype, content(answer.data, answer.mimetype))
    answer.close()
    return said


def content(body: bytes, media: str) -> Any:
    """Return what a body says, without what is of the moment: nonces, the clock."""
    if media == "image/png":
        return np.asarray(Image.open(io.BytesIO(body))).tobytes() if body else b""
    if media.endswith("spreadsheetml.sheet"):
        book = openpyxl.load_workbook(io.BytesIO(body))
        cells = [[list(row) for row in sheet.iter_rows(values_only=True)] for sheet in book]
        hidden = [sheet.sheet_state for sheet in book]
        return NOW.sub(b"NOW", repr((book.sheetnames, hidden, cells)).encode())
    if media == "application/pdf":
        pages = [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(body)).pages]
        return NOW.sub(b"NOW", "\n".join(pages).encode())
    if media == "application/vnd.mapbox-vector-tile":
        return gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body
    if media.endswith("json"):
        return plain(json.loads(body))
    return NONCE.sub(b"NONCE", NOW.sub(b"NOW", body))


def plain(value: Any) -> Any:
    """Return a JSON value without what is of the moment or of a file's history."""
    if isinstance(value, dict):
        return {name: "·" if name in KEYS and one is not None else plain(one) for name, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, list) else value


def text_of(said: Any) -> str:
    return json.dumps(said, ensure_ascii=False) if not isinstance(said, bytes) else said.decode("utf-8", "replace")
