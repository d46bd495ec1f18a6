"""A feed of incidents leaves nothing behind but its incidents: no answers and no columns of earlier states."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from flask import Flask

import web.state
from app import create_app
from bench.soak import READS, TILE_X, TILE_Y
from geo.columns import LayerColumns
from settings import Settings
from store.live import LiveIncident
from store.store import Store
from tests.serving import PATIENCE_S
from tests.web.conftest import X0, Y0, fill

MOST_STATES = 4  # the present one and the one before, by which results are kept, and one that is still read
EACH, ROUNDS = 1_200, 10  # the columns of a small town move when some 4,000 rows were added


@pytest.fixture
def fed(compiled: None, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    monkeypatch.setattr(web.state, "FRESH_S", 0.0)  # every page sees the state that came last
    with Store.open(settings.store) as store:
        fill(store)
    app = create_app(settings)
    yield app
    app.extensions["atlas"].close()


def ask_all(app: Flask) -> None:
    """Ask for all that pages read; where it is being worked out, until it is: what comes late is kept, too."""
    for path, _ in READS:
        deadline = time.monotonic() + PATIENCE_S
        while (status := ask(app, path.format(x=TILE_X[0], y=TILE_Y[0]))) == 202:
            assert time.monotonic() < deadline, path
            time.sleep(0.05)
        assert status in (200, 204), path


def ask(app: Flask, path: str) -> int:
    with app.test_client().get(path) as answer:
        return answer.status_code


def states_of(line: Any) -> list[int]:
    """Return the lengths of the columns of earlier and present states that are still held."""
    gc.collect()
    return sorted(len(one) for one in gc.get_objects() if isinstance(one, LayerColumns) and one.line is line)


def receive(store: Store, first: int) -> None:
    rng = np.random.default_rng(first)
    places = zip(X0 + 2000 * rng.random(EACH), Y0 + 1000 * rng.random(EACH), strict=True)
    when = np.datetime64("2024-06-05T12:00", "ms")
    store.receive([[
        LiveIncident(f"live-{first + number}", x, y, "theft", when + np.timedelta64(first + number, "s"))
        for number, (x, y) in enumerate(places)
    ]])  # fmt: skip


def test_of_a_feed_only_the_last_states_and_answers_are_kept(fed: Flask) -> None:
    state = fed.extensions["atlas"]
    entries = []
    for number in range(ROUNDS):
        receive(state.store, number * EACH)
        ask_all(fed)
        entries.append(len(state.cache))
    incidents = state.whole()["incidents"]
    assert len(incidents) == 6 + EACH * ROUNDS
    deadline = time.monotonic() + PATIENCE_S
    while len(alive := states_of(incidents.line)) > MOST_STATES:  # what is worked out behind the answers reads one, too
        assert time.monotonic() < deadline, alive
        time.sleep(0.2)
    assert max(entries) == entries[1]
