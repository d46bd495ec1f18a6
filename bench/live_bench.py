"""Incidents as they happen, in a large city: how soon every page has them, what a page and a sender wait meanwhile.

Run it alone by `python -m bench.live_bench [SECONDS]`. A lost or doubled incident is an error, not a row.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path
from urllib.parse import quote

import numpy as np
import shapely

from bench import city
from bench.table import Row, markdown, median_s
from geo.crs import lonlat
from layers.asked import seers_at
from layers.base import Params
from layers.engine import rules_of
from layers.joins import assigned
from layers.located import LocatedGrids
from layers.sight import sight
from store.live import LiveIncident
from store.store import Store
from tests.live_clients import Crowd, Sender
from tests.serving import running

INCIDENTS = 1_000_000
PAGES, SENDERS, PER_S, SECONDS = 40, 16, 200, 60
FINEST = city.LEVELS[-1][0]


def _store(path: Path) -> tuple[Store, str]:
    """Return the synthetic city with a million incidents, and a token."""
    store = Store.open(path)
    rng = np.random.default_rng(0)
    for batch in (city.grids(rng), city.buildings(rng), city.cameras(rng), city.incidents(rng, INCIDENTS)):
        store.write(batch, "append", city.SOURCE)
    return store, store.add_token("bench")


def _one(name: str, rng: np.random.Generator) -> LiveIncident:
    x, y = city.LEFT + rng.random() * 20_000, city.BOTTOM + rng.random() * 15_000
    return LiveIncident(name, x, y, "category 1", np.datetime64("now", "ms"))


def inside(store: Store) -> list[Row]:
    """Return what one incident costs inside the service."""
    rng = np.random.default_rng(1)
    names = (f"in-{number}" for number in range(10**6))
    snapshot = store.snapshot()
    whole_s = median_s(lambda: _fresh(store), runs=1, warm=0)
    grids = LocatedGrids()
    grids.follow(snapshot["grids"])
    shapes = snapshot["grids"].geometry
    tree = shapely.STRtree(shapes)
    known = sight(snapshot, rules_of(Params()))
    place = iter(rng.random((10_000, 2)) * (20_000, 15_000) + (city.LEFT, city.BOTTOM))

    def locate() -> None:
        grids.at(snapshot["grids"], *next(place))

    def by_tree() -> None:
        tree.query(shapely.Point(*next(place)), predicate="intersects")

    def append() -> None:
        store.receive([[_one(next(names), rng)]])

    def follow() -> None:
        append()
        began = time.perf_counter()
        store.snapshot()
        followed.append(time.perf_counter() - began)

    def join() -> None:
        append()
        newest = store.snapshot()
        began = time.perf_counter()
        assigned(newest, FINEST)
        joined.append(time.perf_counter() - began)

    followed: list[float] = []
    joined: list[float] = []
    assigned(store.snapshot(), FINEST)
    appended, located = median_s(append, runs=20), median_s(locate, runs=200)
    median_s(follow, runs=20)
    median_s(join, runs=20, warm=2)
    return [
        Row("one place in 33,216 grids, 5 levels", located, "STRtree of all", median_s(by_tree, runs=200), "<= 5 ms"),
        Row("cameras that see one place, 60,000 cameras", median_s(lambda: seers_at(known, *next(place)), runs=100)),
        Row("append one incident to 1M, on the disk", appended),
        Row("columns of the next revision, 1M incidents", statistics.median(followed[2:]), "read anew", whole_s),
        Row("assignment of the next revision, 1M incidents", statistics.median(joined[4:])),
    ]  # fmt: skip


def _fresh(store: Store) -> None:
    with Store.open(store.path) as other:
        other.snapshot()


def _ready(address: str) -> None:
    """Wait until a city that the service never saw is worked out: that takes both cores, once, for a minute."""
    with urllib.request.urlopen(f"{address}/api/status", timeout=60) as answer:  # noqa: S310
        level = quote(json.load(answer)["opens"])  # what is begun unasked, for the planner's page
    while True:
        with urllib.request.urlopen(f"{address}/api/coverage/status?level={level}", timeout=60) as answer:  # noqa: S310
            if json.load(answer)["state"] == "ready":
                return
        time.sleep(0.5)


def crowded(path: Path, token: str, seconds: float) -> list[Row]:
    """Return how soon pages hear of incidents while many come in, and how long other requests take meanwhile."""
    rng = np.random.default_rng(2)

    def make(name: str) -> dict[str, object]:
        x, y = city.LEFT + rng.random() * 20_000, city.BOTTOM + rng.random() * 15_000
        lon, lat = lonlat([x], [y], city.CRS)
        return {"id": name, "lon": float(lon[0]), "lat": float(lat[0]), "category": "category 1"}

    with Store.open(path) as store:
        first = store.live_cursor()
    with running(path) as address:
        port = int(address.rsplit(":", 1)[1])
        _ready(address)
        crowd = Crowd(port, PAGES, first)
        count = int(PER_S * seconds / SENDERS)
        stamp = time.time_ns()
        senders = [Sender(port, token, f"{stamp}-{n}", make, SENDERS / PER_S, count) for n in range(SENDERS)]
        plain: list[float] = []
        done = threading.Event()

        def ask() -> None:
            while not done.wait(0.2):
                began = time.perf_counter()
                with urllib.request.urlopen(f"{address}/api/csrf", timeout=30) as answer:  # noqa: S310
                    answer.read()
                plain.append(time.perf_counter() - began)

        asking = threading.Thread(target=ask)
        asking.start()
        began = time.perf_counter()
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        taken = time.perf_counter() - began
        done.set()
        asking.join()
        crowd.wait(first + count * SENDERS, 60)
        crowd.close()
    sent = {seq: when for sender in senders for seq, when in sender.sent.items()}
    late = []
    for page in crowd.pages:
        seqs = [seq for seq, _ in page.arrived]
        if len(set(seqs)) != len(seqs) or not set(sent) <= set(seqs):
            raise AssertionError(f"lost {len(set(sent) - set(seqs))}, doubled {len(seqs) - len(set(seqs))}")
        late += [when - sent[seq] for seq, when in page.arrived if seq in sent]
    took = [one for sender in senders for one in sender.took]
    rate = len(sent) / taken
    what = f"{rate:.0f} incidents/s for {taken:.0f} s, {PAGES} pages"
    return [
        Row(
            f"{what}: from sending to the page, p99 (0 lost, 0 doubled)", float(np.quantile(late, 0.99)), goal="<= 1 s"
        ),
        Row(f"{what}: the same, median", statistics.median(late)),
        Row(f"{what}: acknowledged, p99", float(np.quantile(took, 0.99))),
        Row(f"{what}: a plain request meanwhile, p99", float(np.quantile(plain, 0.99))),
    ]


def rows(seconds: float = SECONDS) -> list[Row]:
    """Return the rows of one incident, and of many with many pages open."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "atlas.gpkg"
        store, token = _store(path)
        with store:
            table = inside(store)
        return table + crowded(path, token, seconds)


if __name__ == "__main__":
    print(markdown("Live", rows(float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS)))
