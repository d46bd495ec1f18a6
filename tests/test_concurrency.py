"""Eight writers on the same plans and fifty readers: no update is lost, nothing is locked, a stale edit is a 409.

`ATLAS_FULL=1`: 1,000 edits of each writer.
"""

from __future__ import annotations

import http.client
import json
import os
import threading
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from store.audit_read import Wish
from store.store import Store
from tests.serving import PATIENCE_S, running
from tests.web.conftest import fill

WRITERS, READERS = 8, 50
FULL = os.environ.get("ATLAS_FULL") == "1"
EDITS = 1_000 if FULL else 12
PAUSE_S = 1.0 if FULL else 0.25  # of a reader: at full length there is time to meet, and most of it would go to them
PLANS = 2  # four writers want the same one
PAGES = ["/api/status", "/api/scenarios", "/api/alerts", "/healthz", "/api/density", "/about"]


class Client:
    """One browser: a line that stays open, a cookie, a safety token."""

    def __init__(self, address: str) -> None:
        self._host = urlsplit(address).netloc
        self._line = http.client.HTTPConnection(self._host, timeout=PATIENCE_S)
        self._headers = {"Content-Type": "application/json"}

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, bytes]:
        data = None if body is None else json.dumps(body)
        try:
            self._line.request(method, path, data, self._headers)
            answer = self._line.getresponse()
        except (http.client.RemoteDisconnected, ConnectionResetError):  # an idle line was closed: a new one
            self._line.close()
            self._line = http.client.HTTPConnection(self._host, timeout=PATIENCE_S)
            self._line.request(method, path, data, self._headers)
            answer = self._line.getresponse()
        found = answer.read()
        cookie = answer.getheader("Set-Cookie")
        if cookie and "atlas_csrf" in cookie:
            self._headers["Cookie"] = cookie.split(";")[0]
        return answer.status, found

    def close(self) -> None:
        self._line.close()

    def sign(self) -> None:
        """Fetch the token that changing requests carry."""
        self._headers["X-CSRF-Token"] = json.loads(self.ask("GET", "/api/csrf")[1])["token"]


def count_of(name: str) -> int:
    return int(name.rpartition(" ")[2])


class Writer(threading.Thread):
    """Counts the number in a plan's name up, as often as told; who is too late reads anew and tries again."""

    def __init__(self, address: str, plan: str) -> None:
        super().__init__()
        self.client, self.plan = Client(address), plan
        self.statuses: Counter[int] = Counter()
        self.strange: list[tuple[int, bytes]] = []

    def run(self) -> None:
        self.client.sign()
        done = 0
        while done < EDITS:
            status, body = self.client.ask("GET", f"/api/scenarios/{self.plan}")
            seen = json.loads(body)
            name = f"{seen['name'].rpartition(' ')[0]} {count_of(seen['name']) + 1}"
            wish = {"version": seen["version"], "name": name}
            status, body = self.client.ask("PUT", f"/api/scenarios/{self.plan}", wish)
            self.statuses[status] += 1
            if status == 200:
                done += 1
                assert json.loads(body)["version"] == seen["version"] + 1
            elif status != 409:
                self.strange.append((status, body[:500]))
                return


class Reader(threading.Thread):
    """Asks for one page after the other until told to stop."""

    def __init__(self, address: str, number: int, stop: threading.Event) -> None:
        super().__init__()
        self.client, self.number, self.stop = Client(address), number, stop
        self.read = 0
        self.strange: list[tuple[str, int, bytes]] = []

    def run(self) -> None:
        while True:
            path = PAGES[(self.number + self.read) % len(PAGES)]
            status, body = self.client.ask("GET", path)
            self.read += 1
            if status != 200:
                self.strange.append((path, status, body[:500]))
            if self.stop.wait(PAUSE_S):
                return


def test_no_update_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "atlas.gpkg"
    with Store.open(path) as store:
        fill(store)
        plans = [
            store.add_scenario(f"Plan {number} 0", [], base={}, options={}, base_revision=1).id
            for number in range(PLANS)
        ]
    stop = threading.Event()
    with running(path) as address:
        writers = [Writer(address, plans[number % PLANS]) for number in range(WRITERS)]
        readers = [Reader(address, number, stop) for number in range(READERS)]
        for thread in [*readers, *writers]:
            thread.start()
        for writer in writers:
            writer.join()
        stop.set()
        for reader in readers:
            reader.join()
        late = Client(address)
        late.sign()
        status, body = late.ask("PUT", f"/api/scenarios/{plans[0]}", {"version": 1, "name": "Plan 0 999999"})
        for client in (late, *(thread.client for thread in (*writers, *readers))):
            client.close()
        assert status == 409 and json.loads(body)["error"]["code"] == "conflict"
    statuses = sum((writer.statuses for writer in writers), Counter())
    assert [writer.strange for writer in writers if writer.strange] == []
    assert [reader.strange for reader in readers if reader.strange] == []
    assert statuses[200] == WRITERS * EDITS and set(statuses) <= {200, 409}
    assert statuses[409] > 0  # they did meet
    assert sum(reader.read for reader in readers) > READERS  # more than once before all was written
    log = path.with_suffix(".log").read_text("utf-8", "replace")
    assert "locked" not in log and "Traceback" not in log
    with Store.open(path) as store:
        assert sum(count_of(plan.name) for plan in store.scenarios()) == WRITERS * EDITS
        assert sum(plan.version - 1 for plan in store.scenarios()) == WRITERS * EDITS
        # Every edit is told once, from what was there to what came after it.
        changes = store.trail(Wish(action="scenario.change"), 10**6)
        assert len(changes) == WRITERS * EDITS
        for entry in changes:
            before, after = json.loads(entry.before or ""), json.loads(entry.after or "")
            assert after["version"] == before["version"] + 1
            assert count_of(after["name"]) == count_of(before["name"]) + 1
        assert store.verify_trail().whole
