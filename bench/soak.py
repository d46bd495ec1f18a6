"""The service as a city uses it, for long: readers on mixed pages, editors of plans, a feed of incidents.

`python -m bench.soak [SECONDS]` prints one JSON document. What counts: no request fails, memory stays where it is once
the service is warm, and the slowest requests stay short.
"""

from __future__ import annotations

import http.client
import json
import random
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from bench.table import Row
from tests.live_clients import Crowd, Sender
from tests.serving import flask, running
from web.memory import EVERY_S

USERS, EDITORS, PER_S, STREAMS, SENDERS = 50, 5, 20.0, 20, 4
SECONDS = 1800.0
THINKS_S = 2.0  # a reader between two requests, on average
MOST_GROWTH, MOST_P99_S = 0.05, 0.5
# What the pages ask for, about as often as they do. {x}, {y}: a tile of the demo's town.
READS = (
    ("/command", 3), ("/planner", 2), ("/grids", 2), ("/wall", 1), ("/api/status", 4), ("/api/density", 3),
    ("/api/grids", 2), ("/api/rhythm", 2), ("/api/assignment", 1), ("/api/coverage", 2),
    ("/api/blindspots?limit=20", 1), ("/api/hotspots", 1),
    ("/api/layers/density?zoom=13", 3), ("/api/layers/incidents?zoom=13&bbox=24.9,60.15,24.97,60.19", 2),
    ("/tiles/heat/15/{x}/{y}.png", 14), ("/tiles/base/15/{x}/{y}.png", 6), ("/tiles/coverage/15/{x}/{y}.mvt", 6),
    ("/api/incidents/since?limit=20", 3), ("/api/alerts", 2), ("/static/css/base.css", 2), ("/healthz", 1),
)  # fmt: skip
TILE_X, TILE_Y = (18653, 18660), (9483, 9490)


@dataclass
class Tally:
    """What many threads saw."""

    took: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    edits: int = 0

    def ask(
        self, wire: http.client.HTTPConnection, method: str, path: str, fine: tuple[int, ...] = (200, 204), **more: Any
    ) -> Any:
        """Ask, count, and return the body; a status that is not `fine` is an error."""
        began = time.perf_counter()
        try:
            try:
                wire.request(method, path, **more)
                answer = wire.getresponse()
            except (http.client.RemoteDisconnected, ConnectionError):
                # The server closed the idle connection as the request was on its way: browsers ask once more, too.
                wire.close()
                wire.request(method, path, **more)
                answer = wire.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException) as error:
            wire.close()
            self.wrong.append(f"{method} {path.split('?')[0]}: {type(error).__name__}")
            return b""
        self.took.append(time.perf_counter() - began)
        if answer.status not in fine:
            self.wrong.append(f"{method} {path.split('?')[0]}: {answer.status} {body[:200]!r}")
        return body if answer.status in fine else b""


def reads(port: int, seed: int, until: float, tally: Tally) -> None:
    """Be one reader until the time is over; at least one page is read."""
    chance = random.Random(seed)
    paths, weights = zip(*READS, strict=True)
    wire = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    while True:
        path = chance.choices(paths, weights)[0].format(x=chance.randint(*TILE_X), y=chance.randint(*TILE_Y))
        # 202: coverage is being worked out anew, which pages show; an answer all the same.
        tally.ask(wire, "GET", path, (200, 202, 204))
        if time.monotonic() >= until:
            break
        time.sleep(min(chance.expovariate(1 / THINKS_S), 10))
    wire.close()


def edits(port: int, seed: int, until: float, tally: Tally) -> None:
    """Be one editor: make a plan, change it, look at what it does, delete it; again until the time is over."""
    chance = random.Random(seed)
    wire = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    wire.request("GET", "/api/csrf")
    answer = wire.getresponse()
    head = {"Cookie": answer.headers["Set-Cookie"].split(";")[0], "Content-Type": "application/json"}
    head["X-CSRF-Token"] = json.loads(answer.read())["token"]

    def send(method: str, path: str, fine: tuple[int, ...], body: dict[str, Any] | None = None) -> dict[str, Any]:
        said = tally.ask(wire, method, path, fine, headers=head, body=None if body is None else json.dumps(body))
        tally.edits += 1
        time.sleep(chance.uniform(0.5, 1.5))
        found: dict[str, Any] = json.loads(said) if said else {}
        return found

    while True:
        lon, lat = chance.uniform(24.93, 24.96), chance.uniform(60.16, 60.18)
        change = {
            "op": "place",
            "key": "p1",
            "lon": lon,
            "lat": lat,
            "kind": "fixed",
            "azimuth_deg": 90,
            "hfov_deg": 60,
            "range_m": 50,
        }
        made = send("POST", "/api/scenarios", (201,), {"name": f"soak {seed}", "changes": [change]})
        if made:
            changes = [{**change, "azimuth_deg": chance.randint(0, 359)}]
            made |= send(
                "PUT", f"/api/scenarios/{made['id']}", (200,), {"version": made["version"], "changes": changes}
            )
            send("POST", "/api/whatif", (200, 202), {"changes": changes})
            send("DELETE", f"/api/scenarios/{made['id']}?version={made['version']}", (200,))
        if time.monotonic() >= until:
            break
    wire.close()


def memory(port: int) -> float:
    """Return the service's resident bytes, as /metrics tells them."""
    wire = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    wire.request("GET", "/metrics")
    text = wire.getresponse().read().decode()
    wire.close()
    return float(
        next(line.split()[1] for line in text.splitlines() if line.startswith("process_resident_memory_bytes"))
    )


def resting(port: int, seconds: float) -> float:
    """Return the lowest of the service's resident bytes within `seconds`.

    What requests leave behind goes back to the system now and then (`web.memory`); one reading tells how long ago.
    """
    until = time.monotonic() + seconds
    found = memory(port)
    while (left := until - time.monotonic()) > 0:
        time.sleep(min(2.0, left))
        found = min(found, memory(port))
    return found


def _ready(port: int) -> None:
    """Wait until the service is warm and has worked out what its cameras see."""
    wire = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for path, wanted in (("/readyz", "ready"), ("/api/coverage/status", "ready")):
        while True:
            wire.request("GET", path)
            found = json.loads(wire.getresponse().read())
            if wanted in (found.get("status"), found.get("state")):
                break
            time.sleep(0.5)
    wire.close()


def soak(seconds: float, users: int = USERS, editors: int = EDITORS, per_s: float = PER_S) -> dict[str, Any]:
    """Run it and return what was seen; the first fifth of the time (300 s at most) warms the service up.

    Memory is what the service rests at within 40 s (a fifth of a short run), after that time and at the end.
    """
    tally = Tally()
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "atlas.gpkg"
        flask(store, "demo")
        token = json.loads(flask(store, "token", "add", "soak", "--format", "json").stdout)["token"]
        with running(store) as address:
            port = int(address.rsplit(":", 1)[1])
            _ready(port)
            until = time.monotonic() + seconds
            crowd = Crowd(port, min(STREAMS, users))
            chance = np.random.default_rng(3)

            def make(name: str) -> dict[str, object]:
                return {
                    "id": name,
                    "lon": 24.93 + 0.03 * chance.random(),
                    "lat": 60.16 + 0.02 * chance.random(),
                    "category": "noise",
                    "simulated": True,
                }

            senders = [
                Sender(port, token, f"soak-{n}", make, SENDERS / per_s, int(seconds * per_s / SENDERS))
                for n in range(SENDERS)
            ]
            threads: list[threading.Thread] = [
                threading.Thread(target=reads, args=(port, n, until, tally)) for n in range(users)
            ]
            threads += [threading.Thread(target=edits, args=(port, n, until, tally)) for n in range(editors)]
            for thread in (*threads, *senders):
                thread.start()
            time.sleep(min(300.0, seconds / 5))
            settled, rest = len(tally.took), min(1.25 * EVERY_S, seconds / 5)
            warm = last = resting(port, rest)
            samples = [int(warm) >> 20]
            while (left := until - time.monotonic()) > rest / 2:
                last = resting(port, rest if left > 2 * rest else left)
                samples.append(int(last) >> 20)
            for thread in threads:
                thread.join()
            for sender in senders:
                sender.stop = True
                sender.join(60)
            crowd.close()
    received = sum(len(sender.acknowledged) for sender in senders)
    took = np.array(tally.took[settled:] or tally.took)
    return {
        "seconds": seconds, "users": users, "editors": editors, "requests": len(tally.took), "edits": tally.edits,
        "incidents": received, "errors": len(tally.wrong), "first_errors": sorted(set(tally.wrong))[:10],
        "p50_s": round(float(np.quantile(took, 0.5)), 4), "p99_s": round(float(np.quantile(took, 0.99)), 4),
        "rss_warm": int(warm), "rss_end": int(last), "rss_mib": samples, "growth": round(last / warm - 1, 4),
    }  # fmt: skip


def rows() -> list[Row]:
    """Return the rows of a soak of three minutes."""
    found = soak(180)
    what = f"{found['users']} readers, {found['editors']} editors, {PER_S:.0f} incidents/s, {found['seconds']:.0f} s"
    what += f": {found['errors']} errors"
    return [
        Row(f"{what}, {found['requests']} requests, p99", found["p99_s"], goal="<= 0.5 s"),
        Row(f"the same, median; memory {found['growth']:+.1%}", found["p50_s"], goal="< 5 %"),
    ]  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(soak(float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS), indent=1))
