"""kill -9 while programs post and pages follow: what was acknowledged is there, once; no page misses or doubles one."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from geo.crs import lonlat
from store.store import Store
from tests.kills import Witness, kills
from tests.live_clients import Crowd, Sender
from tests.serving import PATIENCE_S, ROOT, await_health, free_port
from tests.store.checks import assert_sound
from tests.web.conftest import CRS, X0, Y0, fill

SENDERS, PAGES = 4, 6


def start(path: Path, port: int) -> subprocess.Popen[bytes]:
    log = path.with_suffix(".log")
    with log.open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "web.serve"],
            cwd=ROOT,
            env={**os.environ, "ATLAS_STORE": str(path), "ATLAS_PORT": str(port)},
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    await_health(f"http://127.0.0.1:{port}", process, log)
    return process


def make(name: str) -> dict[str, Any]:
    lon, lat = lonlat([X0 + 300], [Y0 + 300], CRS)
    return {"id": name, "lon": float(lon[0]), "lat": float(lat[0]), "category": "fire"}


def test_kills_while_incidents_come_in(tmp_path: Path) -> None:
    path, port = tmp_path / "atlas.gpkg", free_port()
    with Store.open(path) as store:
        fill(store)
        token = store.add_token("dispatch")
    process = start(path, port)
    witness = Witness(path)
    chance = random.Random(11)
    crowd = Crowd(port, PAGES)
    senders = [Sender(port, token, f"s{n}", make, 0.01, 10**6) for n in range(SENDERS)]
    for sender in senders:
        sender.start()
    for _ in range(kills("live")):
        before = sum(len(sender.acknowledged) for sender in senders)
        while sum(len(sender.acknowledged) for sender in senders) < before + 40:
            time.sleep(0.01)
        time.sleep(chance.random() / 5)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=PATIENCE_S)
        known = {name for sender in senders for name in list(sender.acknowledged)}
        with Store.open(path) as store:  # with nobody else: what the disk holds
            there = store.snapshot()["incidents"].text("id").tolist()
            assert len(there) == len(set(there))
            assert known <= set(there)
        witness.look()
        process = start(path, port)
    for sender in senders:
        sender.stop = True
    for sender in senders:
        sender.join(timeout=PATIENCE_S)
    with Store.open(path) as store:
        last = store.live_cursor()
        held, _ = store.live_after(0, 10**6)
    crowd.wait(last, PATIENCE_S)
    crowd.close()
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=PATIENCE_S) == 0  # streams do not keep a stopping server
    assert sum(sender.repeated for sender in senders) > 0  # kills did fall between asking and answering
    assert len({one.incident.id for one in held}) == len(held)
    assert {name for sender in senders for name in sender.acknowledged} <= {one.incident.id for one in held}
    for page in crowd.pages:
        assert [seq for seq, _ in page.arrived] == [one.seq for one in held]
    assert_sound(path)


def test_many_pages_and_a_steady_feed_lose_and_double_nothing(tmp_path: Path) -> None:
    """The short form of `bench.live_bench`."""
    path, port = tmp_path / "atlas.gpkg", free_port()
    with Store.open(path) as store:
        fill(store)
        token = store.add_token("dispatch")
    process = start(path, port)
    crowd = Crowd(port, 12)
    senders = [Sender(port, token, f"s{n}", make, 0.04, 100) for n in range(4)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join(timeout=PATIENCE_S)
    crowd.wait(400, PATIENCE_S)
    crowd.close()
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=PATIENCE_S)
    assert sum(len(sender.acknowledged) for sender in senders) == 400
    for page in crowd.pages:
        assert [seq for seq, _ in page.arrived] == list(range(1, 401))
        assert page.refused == 0
