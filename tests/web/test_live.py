"""Incidents come in by token: stored before they are acknowledged, once each, located, and told with who sees them."""

from __future__ import annotations

import csv
import io
import json
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from geo.crs import lonlat
from settings import Settings
from store.store import Store
from tests.web.conftest import CRS, X0, Y0, fill

Post = Callable[..., Any]


@pytest.fixture
def live_app(compiled: None, settings: Settings) -> Iterator[Flask]:
    with Store.open(settings.store) as store:
        fill(store)
    app = create_app(settings)
    state = app.extensions["atlas"]
    state.live.facts.prepare(state.snapshot())  # as a server does when it starts
    yield app
    app.extensions["atlas"].close()


@pytest.fixture
def store(live_app: Flask) -> Store:
    return live_app.extensions["atlas"].store


@pytest.fixture
def secret(store: Store) -> str:
    return store.add_token("dispatch")


def at(east_m: float, north_m: float) -> dict[str, float]:
    """Return lon and lat of a place, metres from the corner of the town."""
    lon, lat = lonlat([X0 + east_m], [Y0 + north_m], CRS)
    return {"lon": float(lon[0]), "lat": float(lat[0])}


@pytest.fixture
def post(live_app: Flask, secret: str) -> Post:
    def send(body: Any, status: int = 201, token: str | None = secret, raw: bytes | None = None, **headers: str) -> Any:
        client = live_app.test_client()
        more = {} if token is None else {"Authorization": f"Bearer {token}"}
        data = json.dumps(body).encode() if raw is None else raw
        answer = client.post("/api/incidents", data=data, content_type="application/json", headers={**more, **headers})
        assert answer.status_code == status, answer.get_data(as_text=True)
        found = answer.get_json()
        if status >= 400:
            assert set(found) == {"error"}
            assert found["error"]["message"] and found["error"]["remedy"]
            return found["error"] | {"headers": dict(answer.headers)}
        return found

    return send


FIRE = {"id": "A-1", "category": "fire", "occurred_at": "2024-06-05T12:30:00+03:00", "severity": 4, "status": "open"}


def test_an_incident_is_stored_located_and_seen(post: Post, store: Store) -> None:
    found = post(FIRE | at(500, 530) | {"grid_code": "G1"})
    assert (found["id"], found["created"], found["occurred_at"]) == ("A-1", True, "2024-06-05T09:30:00Z")
    assert [grid["code"] for grid in found["grids"]] == ["D1", "G1"]
    assert found["grid"] == {"level": "grid", "code": "G1", "name": "West", "team": "Team 1"}
    assert (found["team"], found["severity"], found["grid_code"]) == ("Team 1", 4, "G1")
    rows = store.snapshot()["incidents"]
    assert rows.revision == found["revision"] == store.revision()
    assert (rows.text("id")[-1], rows.fid[-1], rows.number("severity")[-1]) == ("A-1", found["fid"], 4)
    assert np.hypot(rows.x[-1] - X0 - 500, rows.y[-1] - Y0 - 530) < 0.02
    with Store.open(store.path) as other:  # on the disk, not in this process only
        assert other.snapshot()["incidents"].text("id")[-1] == "A-1"


def test_the_cameras_told_are_those_of_seen_by(post: Post, live_app: Flask) -> None:
    for east, north in ((530, 505), (505, 520), (1500, 480), (40, 900)):
        place = at(east, north)
        found = post({"id": f"c{east}", **place})
        asked = live_app.test_client().get("/api/seen-by", query_string=place).get_json()
        assert found["seen"] == asked["state"]
        assert [(one["id"], one["state"]) for one in found["cameras"]] == [
            (one["id"], one["state"]) for one in asked["cameras"]
        ]
    assert {one["id"] for one in found["cameras"]} <= {"c1", "c2"}


def test_the_table_of_what_came_in_is_no_formula(post: Post, live_app: Flask) -> None:
    client = live_app.test_client()
    for index, (east, north) in enumerate(((505, 520), (1500, 480), (9, 900))):
        post({"id": f"={index}", "category": "@SUM(A1)", "status": "open", "severity": index, **at(east, north)})
    told = client.get("/api/incidents/since?limit=2").get_json()["incidents"]
    answer = client.get("/api/tables/live.csv?limit=2&lang=zh")
    assert answer.status_code == 200
    head, *rows = csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig"), newline=""))
    assert head[:7] == ["时间（Asia/Shanghai）", "收到时间（Asia/Shanghai）", "ID", "类别", "状态", "严重程度", "网格"]
    assert [row[2] for row in rows] == ["'=2", "'=1"] == [f"'{one['id']}" for one in told]  # newest first
    for one, row in zip(told, rows, strict=True):
        said = dict(zip(head, row, strict=True))
        assert (said["类别"], said["网格"]) == ("'@SUM(A1)", one["grid"]["code"])
        assert float(said["严重程度"]) == one["severity"]
        assert datetime.fromisoformat(row[1]) == datetime.fromisoformat(one["received_at"]).replace(microsecond=0)
        assert said["责任单位"] == (one["team"] or "")
        assert said["能看到该处的摄像机数"] == str(one["cameras_total"])
        assert said["摄像机"] == "、".join(camera["name"] for camera in one["cameras"])


def test_a_repeated_request_counts_once_and_another_content_is_refused(post: Post, store: Store) -> None:
    body = FIRE | at(500, 530)
    first = post(body)
    again = post(body, 200)
    assert {**first, "created": False} == again
    for change in ({"severity": 5}, {"category": "flood"}, {"occurred_at": None}, at(501, 530)):
        assert post(body | change, 409)["code"] == "conflict"
    assert len(store.snapshot()["incidents"]) == 7
    # Of an incident that came by an import what is stored is compared.
    known = {"id": "b", "category": "noise", "occurred_at": "2024-05-30T15:59:59.999Z", "grid_code": "G2"}
    assert post(known | at(200, 200), 200)["created"] is False
    assert post(known | at(200, 200) | {"grid_code": "G1"}, 409)["message"]


def test_a_list_is_stored_whole_or_not_at_all(post: Post, store: Store) -> None:
    many = [{"id": f"n{index}", **at(10 * index, 5)} for index in range(20)]
    found = post([*many, many[3]])["incidents"]
    assert [one["created"] for one in found] == [True] * 20 + [False]
    assert len({one["revision"] for one in found}) == 1
    before = store.revision()
    error = post([{"id": "new", **at(1, 1)}, many[0] | {"category": "x"}], 409)
    assert "n0" in error["message"]
    error = post([{"id": "new", **at(1, 1)}, {"id": "z", "lon": None, "lat": 60.1}], 400)
    assert error["field"] == "[1].lon"
    assert post([{"id": "same", **at(1, 1)}, {"id": "same", **at(2, 1)}], 409)["code"] == "conflict"
    assert store.revision() == before
    assert post([], 400) and post([{}] * 501, 400)


def test_two_senders_of_one_id_at_once(post: Post, store: Store) -> None:
    for turn in range(5):
        barrier, answers = threading.Barrier(8), []

        def send(index: int, turn: int = turn, barrier: threading.Barrier = barrier, answers: list = answers) -> None:
            barrier.wait()
            client_body = {"id": f"t{turn}", "category": f"kind {index % 2}", **at(700, 100)}
            try:
                answers.append((post(client_body, 201)["created"], index))
            except AssertionError as error:
                answers.append((str(error), index))

        threads = [threading.Thread(target=send, args=(index,)) for index in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [made for made, _ in answers].count(True) == 1
        winner = next(index for made, index in answers if made is True) % 2
        for made, index in answers:
            if made is not True:
                assert ("created" in made) if index % 2 == winner else ("conflict" in made)
    assert len(store.snapshot()["incidents"]) == 6 + 5


def test_many_threads_share_transactions(
    post: Post, store: Store, live_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = store.revision()
    monkeypatch.setattr(store, "_wait_s", 600.0)  # the first one waits until all have come
    held = store._write_lock
    held.acquire()
    threads = [threading.Thread(target=post, args=({"id": f"g{n}", **at(n, n)},)) for n in range(12)]
    for thread in threads:
        thread.start()
    commit = live_app.extensions["atlas"].live.commit
    while len(commit._waiting) < 11:
        threading.Event().wait(0.01)
    held.release()
    for thread in threads:
        thread.join()
    assert len(store.snapshot()["incidents"]) == 18
    assert store.revision() - before <= 3


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"id": None}, "parameter", "id"), ({"id": ""}, "parameter", "id"), ({"id": "x" * 201}, "parameter", "id"),
    ({"id": ["x"]}, "parameter", "id"), ({"id": "a\u0000b"}, "parameter", "id"), ({"id": True}, "parameter", "id"),
    ({"lon": "24.9"}, "parameter", "lon"), ({"lon": None}, "parameter", "lon"), ({"lat": 91}, "parameter", "lat"),
    ({"lon": float("nan")}, "parameter", "lon"), ({"lat": float("inf")}, "parameter", "lat"),
    ({"lon": 10**400}, "parameter", "lon"), ({"lon": True}, "parameter", "lon"),
    ({"lon": -90.2, "lat": 38.6}, "parameter", "lon"), ({"lon": 0, "lat": 0}, "parameter", "lon"),
    ({"lon": 60.166, "lat": 24.93}, "parameter", "lon"), ({"lon": 26.0, "lat": 60.2}, "parameter", "lon"),
    ({"occurred_at": 1717}, "parameter", "occurred_at"), ({"occurred_at": "soon"}, "parameter", "occurred_at"),
    ({"occurred_at": "2924-01-01"}, "parameter", "occurred_at"), ({"occurred_at": []}, "parameter", "occurred_at"),
    ({"severity": "high"}, "parameter", "severity"), ({"severity": -1}, "parameter", "severity"),
    ({"severity": float("nan")}, "parameter", "severity"), ({"severity": True}, "parameter", "severity"),
    ({"category": {"a": 1}}, "parameter", "category"), ({"category": "x" * 201}, "parameter", "category"),
    ({"status": "\u0007"}, "parameter", "status"), ({"colour": "red"}, "parameter", "colour"),
    ({"reporter_name": "x"}, "personal_data", "reporter_name"), ({"电话": "1"}, "personal_data", "电话"),
    ({"status": "call 13812345678"}, "personal_data", "status"), ({"id": "a@b.com"}, "personal_data", "id"),
    ({"id": "11010519491231002X"}, "personal_data", "id"), ({"simulated": 1}, "parameter", "simulated"),
]  # fmt: skip


def test_what_cannot_be_taken_is_refused_with_a_remedy(post: Post, store: Store) -> None:
    before = store.revision()
    for change, code, field in REFUSED:
        body = {"id": "k", "category": "fire", **at(10, 10)} | change
        error = post(body, 422 if code == "personal_data" else 400)
        assert (error["code"], error["field"]) == (code, field), change
        assert (change.get("lon") == 60.166) == ("swapped" in error["remedy"])
    assert store.revision() == before


def test_hostile_bodies(post: Post, store: Store, live_app: Flask) -> None:
    for raw in (
        b"",
        b"[",
        b"null",
        b"3",
        b'"x"',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b'[{"id":"\\ud800"}]',
    ):
        assert post(None, 400, raw=raw)["message"]
    assert post(None, 413, raw=b" " * (2 << 20))["message"]
    client = live_app.test_client()
    assert client.post("/api/incidents", data="x", content_type="text/plain").status_code == 401
    assert len(store.snapshot()["incidents"]) == 6
    strings = [
        "<script>alert(1)</script>",
        "=cmd|' /C calc'!A0",
        "井盖丢失",
        'it\'s "x"; DROP TABLE incidents',
        "🚒" * 90,
    ]
    for index, text in enumerate(strings):
        told = post({"id": f"{index} {text}"[:200], "category": text, "status": text, "grid_code": text, **at(1, 1)})
        assert (told["category"], told["grid_code"]) == (text, text)
    assert store.snapshot()["incidents"].text("category")[-len(strings) :].tolist() == strings


def test_only_a_token_opens_the_route(post: Post, store: Store, live_app: Flask, secret: str) -> None:
    body = {"id": "k", **at(10, 10)}
    for token in (None, "", "ga_", "ga_" + "x" * 43, secret[:-1], secret.upper(), secret + "é", "x" * 5_000):
        error = post(body, 401, token=token)
        assert error["headers"]["WWW-Authenticate"].startswith("Bearer")
        assert secret not in json.dumps(error)
    # A page's cookie and safety token do not.
    client: FlaskClient = live_app.test_client()
    safety = client.get("/api/csrf").get_json()["token"]
    assert client.post("/api/incidents", json=body, headers={"X-CSRF-Token": safety}).status_code == 401
    post(body, 201)
    store.revoke_token("dispatch")
    assert post(body, 401)["code"] == "token"
    again = store.add_token("dispatch")
    assert again != secret
    assert post(body, 200, token=again)
    with store._reading() as connection:
        kept = connection.execute("SELECT * FROM atlas_tokens").fetchall()
    assert secret not in str(kept) and len(kept) == 2
    assert [(one.name, one.revoked_at is None) for one in store.tokens()] == [("dispatch", False), ("dispatch", True)]


def test_the_demo_takes_exercises_only(compiled: None, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.state.FRESH_S", 0.0)
    from tests.store.factories import DEMO
    from tests.web.conftest import batch, square

    with Store.open(settings.store) as store:
        store.write(batch("grids", [square(0, 0)], code=["G"], level=["grid"]), "append", DEMO)
        secret = store.add_token("dispatch")
    app = create_app(settings)
    headers = {"Authorization": f"Bearer {secret}"}
    body = {"id": "k", **at(10, 10)}
    refused = app.test_client().post("/api/incidents", json=body, headers=headers)
    assert refused.status_code == 409 and "simulated" in refused.get_json()["error"]["remedy"]
    taken = app.test_client().post("/api/incidents", json=body | {"simulated": True}, headers=headers)
    assert taken.status_code == 201
    assert app.test_client().get("/api/status").get_json()["simulated"] == ["grids", "incidents"]
    app.extensions["atlas"].close()


def test_observed_data_takes_no_exercise_and_an_empty_store_nothing(post: Post, app: Flask) -> None:
    assert post({"id": "k", "simulated": True, **at(10, 10)}, 409)["code"] == "conflict"


def test_a_full_queue_says_when_to_come_again(post: Post, live_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.group_commit.MOST_WAITING", 1)
    error = post([{"id": "a1", **at(1, 1)}, {"id": "a2", **at(1, 1)}], 503)
    assert error["code"] == "busy" and int(error["headers"]["Retry-After"]) >= 1
    post({"id": "a1", **at(1, 1)})


def test_figures_lag_at_most_a_moment_behind_a_burst(
    post: Post, live_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = live_app.extensions["atlas"]
    monkeypatch.setattr("web.state.FRESH_S", 1e9)
    first = state.snapshot()
    post({"id": "q1", **at(1, 1)})
    assert state.snapshot() is first  # one picture for all readers for a moment
    monkeypatch.setattr("web.state.FRESH_S", 0.0)
    assert len(state.snapshot()["incidents"]) == 7
    monkeypatch.setattr("web.state.FRESH_S", 1e9)  # a long moment
    post({"id": "q2", **at(1, 1)})
    assert len(state.snapshot()["incidents"]) == 7
    state.store.clear(["zones"])  # any other change is seen at once
    assert len(state.snapshot()["incidents"]) == 8
