"""A server of its own for tests of pages that send incidents to it, or end it."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from store.store import Store
from tests.serving import PATIENCE_S, ROOT, await_health, free_port

PLACE = (24.9405, 60.1687)


class Service:
    """A server of its own, that may be killed and started again on the same port."""

    def __init__(self, store: Path) -> None:
        self.store, self.port = store, free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        with Store.open(store) as opened:
            self.token = opened.add_token("dispatch")
        self.named = self.sent = 0
        self.start()

    def start(self) -> None:
        log = self.store.with_suffix(".log")
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "web.serve"],
                cwd=ROOT,
                env={**os.environ, "ATLAS_STORE": str(self.store), "ATLAS_PORT": str(self.port)},
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        await_health(self.address, self.process, log)

    def stop(self, how: int) -> None:
        if how == signal.SIGKILL:
            os.killpg(self.process.pid, how)
        else:
            self.process.send_signal(how)
        self.process.wait(timeout=PATIENCE_S)

    def send(self, **facts: Any) -> dict[str, Any]:
        """Send an incident; return what the service acknowledges."""
        self.named += 1
        body = {
            "id": f"live-{self.named}", "lon": PLACE[0] + self.named * 1e-5, "lat": PLACE[1], "category": "noise",
            "occurred_at": datetime.now(UTC).isoformat(), "status": "open", "severity": 3, "simulated": True, **facts,
        }  # fmt: skip
        request = urllib.request.Request(
            f"{self.address}/api/incidents",
            json.dumps(body).encode(),
            {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            found: dict[str, Any] = json.load(answer)
        self.sent += 1
        return found

    def seen_by(self, sent: dict[str, Any]) -> list[dict[str, Any]]:
        """Return who sees an incident by the planner's answer, which the live one does not come from."""
        where = f"lon={sent['lon']}&lat={sent['lat']}"
        with urllib.request.urlopen(f"{self.address}/api/seen-by?{where}", timeout=PATIENCE_S) as answer:
            return list(json.load(answer)["cameras"][:8])


@contextmanager
def served_copy(demo_store: Path, folder: Path) -> Iterator[Service]:
    """Serve a copy of the demo, to which incidents may be sent."""
    path = folder / "atlas.gpkg"
    with closing(sqlite3.connect(demo_store)) as source, closing(sqlite3.connect(path)) as target:
        source.backup(target)
    running = Service(path)
    try:
        yield running
    finally:
        running.stop(signal.SIGTERM)
