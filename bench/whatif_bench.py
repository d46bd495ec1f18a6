"""What-if: one step of dragging a camera, from the changed plan to what is shown, against computing the city anew.

Run it alone by `python -m bench.whatif_bench`. The demo is asked through the service (the whole answer to POST
/api/whatif as JSON); the large city of `bench.coverage_city` from its arrays (trial and outcome). A drag is 100 steps
of two metres and three degrees; the p95 of its steps is told.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bench.coverage_city import CRS, city
from bench.table import Row, markdown
from geo.cameras import CameraFacts, ViewRules
from geo.city import City, compute_city
from geo.plans import Change
from geo.whatif import advance, begin, outcome
from tests.serving import flask

STEPS = 100
CAMERAS = 5
SHARES = ((1 / 8, "1/8 of the large city"), (1.0, "large city"))


def p95_s(step: Callable[[int], object], *, warm: int = 3) -> float:
    """Return the 95th percentile of the wall time of `STEPS` steps after `warm` uncounted ones, in seconds."""
    times = []
    for number in range(-warm, STEPS):
        started = time.perf_counter()
        step(number)
        if number >= 0:
            times.append(time.perf_counter() - started)
    return float(np.percentile(times, 95))


def timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def demo_rows() -> list[Row]:
    """A drag in the demo, asked through the service without a network between."""
    from app import create_app
    from settings import Settings

    with tempfile.TemporaryDirectory() as scratch:
        store = Path(scratch) / "atlas.gpkg"
        flask(store, "demo")
        app = create_app(Settings(store=str(store), instance=Path(scratch)))
        client = app.test_client()
        token = {"X-CSRF-Token": client.get("/api/csrf").get_json()["token"]}
        client.get("/api/coverage?wait_s=100")
        camera = client.get("/api/cameras").get_json()["cameras"][10]

        def step(number: int) -> None:
            moved = {"lon": camera["lon"] + 3e-5 * number, "lat": camera["lat"], "azimuth_deg": 3 * number % 360}
            change = {"op": "set", "id": camera["id"], "hfov_deg": 70, "range_m": 60, **moved}
            answer = client.post("/api/whatif", json={"changes": [change]}, headers=token)
            assert answer.status_code == 200, answer.get_data(as_text=True)[:200]

        taken = p95_s(step)
        state = app.extensions["atlas"]
        complete = next(iter(state.runs.engine._kept.values())).city
        full = timed(lambda: recomputed(complete))
        state.close()
    return [Row("drag step, demo, HTTP and JSON, p95", taken, "the whole level anew", full, "50 ms")]


def recomputed(base: City) -> City:
    """Return the city computed anew, buildings and grids kept."""
    return compute_city(
        base.facts, None, None, None, base.rules, crs=base.crs, obstacles=base.obstacles, cells=base.cells
    )


def large_row(share: float, name: str) -> Row:
    """A drag in the city of arrays."""
    arrays = city(share)
    facts = CameraFacts(**arrays.cameras)
    base = compute_city(facts, arrays.footprints, arrays.height_m, arrays.cells, ViewRules(), crs=CRS)
    full = timed(lambda: recomputed(base))
    trial = begin(base)
    chosen = np.random.default_rng(1).integers(0, len(facts), CAMERAS)

    def step(number: int) -> None:
        nonlocal trial
        row = int(chosen[number % CAMERAS if number < 0 else number * CAMERAS // STEPS])
        turned = {"azimuth_deg": 3.0 * number % 360}
        change = Change("set", str(facts.id[row]), facts.x[row] + 2.0 * number, facts.y[row], turned)
        trial = advance(trial, {**trial.plan, change.camera: change})
        outcome(trial)

    taken = p95_s(step)
    label = f"drag step, {name} ({len(facts):,} cameras), p95"
    return Row(label, taken, "the whole level anew", full, "50 ms")


def rows() -> list[Row]:
    """Return the table."""
    return [*demo_rows(), *(large_row(share, name) for share, name in SHARES)]


if __name__ == "__main__":
    print(markdown("What-if", rows()))
