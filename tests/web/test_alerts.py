"""An alert is raised by what came in, outlives the process, and is acknowledged by a post, once."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from geo.alerts import AlertRule
from settings import Settings
from store.batch import Provenance
from store.live import LiveIncident
from store.store import Store
from tests.web.conftest import X0, Y0, batch, fill, token

NOW = np.datetime64("2024-06-05T12:00", "ms")
HOUR = np.timedelta64(3_600_000, "ms")


@pytest.fixture
def watched(compiled: None, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """The town with ten weeks of history up to a present that stands still."""
    monkeypatch.setattr("web.state.FRESH_S", 0.0)
    with Store.open(settings.store) as store:
        fill(store)
        times = [str(NOW - HOUR * (24 * day + 2)) for day in range(1, 70)]
        store.write(
            batch("incidents", x=[X0 + 1500] * 69, y=[Y0 + 500] * 69, id=[f"h{n}" for n in times], occurred_at=times),
            "append", Provenance("history.csv"),
        )  # fmt: skip
    yield from serve(settings)


def serve(settings: Settings) -> Iterator[Flask]:
    app = create_app(settings)
    app.extensions["atlas"].live.watch.now = lambda: NOW
    app.extensions["atlas"].live.watch.start = lambda: None  # the test looks itself
    yield app
    app.extensions["atlas"].close()


def burst(app: Flask, count: int, start: int = 0) -> None:
    rows = [LiveIncident(f"b{n}", X0 + 300, Y0 + 300, "fire", NOW - HOUR) for n in range(start, start + count)]
    app.extensions["atlas"].live.commit.submit(rows)


def get(client: FlaskClient) -> dict[str, Any]:
    answer = client.get("/api/alerts?lang=en")
    assert answer.status_code == 200
    return answer.get_json()


def test_a_burst_raises_an_alert_that_goes_on_and_ends(watched: Flask) -> None:
    client, watch = watched.test_client(), watched.extensions["atlas"].live.watch
    assert watch.check() is False
    quiet = get(client)
    assert (quiet["state"], quiet["alerts"], quiet["open"], quiet["level"]) == ("watching", [], 0, "grid")
    burst(watched, 6)
    assert watch.check() is True
    (alert,) = get(client)["alerts"]
    assert (alert["grid"]["code"], alert["grid"]["team"], alert["count"], alert["ended_at"]) == (
        "G1",
        "Team 1",
        6,
        None,
    )
    assert alert["probability"] <= alert["threshold"] and alert["expected"] < 1
    assert alert["explanation"].startswith("6 in 3 h where 0.")
    assert watch.check() is False  # the same again is nothing new
    burst(watched, 3, 6)
    assert watch.check() is True
    (more,) = get(client)["alerts"]
    assert (more["id"], more["count"], more["raised_at"]) == (alert["id"], 9, alert["raised_at"])
    watch.now = lambda: NOW + 3 * HOUR
    assert watch.check() is True
    (over,) = get(client)["alerts"]
    assert over["ended_at"] is not None and over["count"] == 9


def test_an_alert_is_acknowledged_once_and_survives(watched: Flask, settings: Settings) -> None:
    client, state = watched.test_client(), watched.extensions["atlas"]
    burst(watched, 6)
    state.live.watch.check()
    (alert,) = get(client)["alerts"]
    address = f"/api/alerts/{alert['id']}/acknowledge"
    body = {"by": "Team 1", "note": "two engines on their way"}
    assert client.post(address, json=body).status_code == 403  # without the safety token of a page
    headers = token(client)
    for wrong, status in (
        ({"by": "Zhang Wei"}, 400), ({"by": ""}, 400), ({}, 400), ({"by": ["Team 1"]}, 400),
        ({"by": "Team 1", "note": "call 13812345678"}, 422), ({"by": "Team 1", "note": "x" * 501}, 400),
        ({"by": "Team 1", "note": 3}, 400), ({"by": "Team 1", "note": "\u0000"}, 400),
    ):  # fmt: skip
        assert client.post(address, json=wrong, headers=headers).status_code == status, wrong
    assert get(client)["open"] == 1
    taken = client.post(address, json=body, headers=headers)
    assert taken.status_code == 200
    assert (taken.get_json()["acknowledged_by"], taken.get_json()["note"]) == ("Team 1", "two engines on their way")
    again = client.post(address, json={"by": "duty desk"}, headers=headers)
    assert again.status_code == 409 and "Team 1" in again.get_json()["error"]["message"]
    assert client.post("/api/alerts/999/acknowledge", json=body, headers=headers).status_code == 404
    state.close()
    (other,) = serve_once(settings)
    assert (other["acknowledged_by"], other["note"], other["id"]) == ("Team 1", "two engines on their way", alert["id"])


def serve_once(settings: Settings) -> list[dict[str, Any]]:
    app = create_app(settings)
    found = get(app.test_client())
    assert found["open"] == 0
    app.extensions["atlas"].close()
    return found["alerts"]


def test_the_alerts_as_a_table(watched: Flask) -> None:
    client, state = watched.test_client(), watched.extensions["atlas"]
    burst(watched, 6)
    state.live.watch.check()
    (alert,) = get(client)["alerts"]
    state.store.acknowledge_alert(alert["id"], "duty desk", "=1+1")
    answer = client.get("/api/tables/alerts.csv?lang=zh")
    assert answer.status_code == 200
    head, row = csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig"), newline=""))
    said = dict(zip(head, row, strict=True))
    assert (said["网格"], said["名称"], said["责任单位"]) == tuple(
        alert["grid"][key] for key in ("code", "name", "team")
    )
    assert (int(said["事件"]), float(said["预期（起事件）"])) == (alert["count"], alert["expected"])
    assert (said["确认方"], said["处置备注"], said["结束时间（Asia/Shanghai）"]) == ("值班台", "'=1+1", "")
    raised = datetime.fromisoformat(alert["raised_at"]).replace(microsecond=0)
    assert datetime.fromisoformat(said["告警时间（Asia/Shanghai）"]) == raised


def test_pages_are_told_of_alerts(watched: Flask) -> None:
    state = watched.extensions["atlas"]
    before = state.live._state(None)["alerts"]
    burst(watched, 6)
    state.live.watch.check()
    raised = state.live._state(None)["alerts"]
    state.store.acknowledge_alert(1, "duty desk")
    assert len({before, raised, state.live._state(None)["alerts"]}) == 3


def test_the_rule_is_kept_and_followed(watched: Flask) -> None:
    store, watch = watched.extensions["atlas"].store, watched.extensions["atlas"].live.watch
    store.set_alert_rule(AlertRule(hours=3, least=7))
    burst(watched, 6)
    assert watch.check() is False
    found = watched.test_cli_runner().invoke(args=["alerts", "--least", "6", "--format", "json"])
    assert found.exit_code == 0 and '"least":6' in found.output
    assert watch.check() is True
    assert watched.test_cli_runner().invoke(args=["alerts", "--hours", "99"]).exit_code == 2
    assert watched.test_cli_runner().invoke(args=["alerts"]).exit_code == 0
    assert get(watched.test_client())["rule"]["least"] == 6


def test_without_history_or_grids_it_says_so(compiled: None, app: Flask, town: FlaskClient) -> None:
    assert get(town)["state"] == "short_history"
    assert get(app.test_client())["state"] == "no_grids"
    assert get(town)["posts"] == ["duty desk", "Team 1"]
