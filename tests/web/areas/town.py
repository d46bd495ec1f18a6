"""A town of two districts, and readers of one of them: what lies in the other must never be told to them.

`write` fills a store with both districts or with the inside one only. Row numbers, revisions and what lies inside are
the same in both, so that an answer to a reader of the inside district must be the same, whatever lies outside.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from wsgiref.types import WSGIEnvironment

import numpy as np
import pytest
import shapely
from flask import Flask, g, request

from app import create_app
from geo.area import Area
from settings import Settings
from store.alerts import Raised
from store.batch import Provenance
from store.decisions import Seen
from store.live import LiveIncident
from store.store import Store
from tests.web.conftest import X0, Y0, batch, square
from web import identity
from web.identity import Reader
from web.limits import Limits
from web.permissions import ROLES

OF_ENVIRON = identity.of_environ  # before a test lets a header say who asks
CANARY = "KANARIE"  # in every text of every row outside, and in no other
COUNT = 7919  # incidents of one kind outside: a number that is nowhere else
INSIDE = Area((("district", "DA"),))
OUTSIDE = Area((("district", "DB"),))
ZONE = "Asia/Shanghai"
# What lies across the border of the districts: its part inside, and a street in everybody's base map.
ACROSS = shapely.box(X0 + 1900, Y0 + 1500, X0 + 2050, Y0 + 1600)
DA = square(0, 0, 2, 2)


def name(text: str, *, outside: bool) -> str:
    return f"{CANARY} {text}" if outside else text


def _grids(*, outside: bool) -> Any:
    if outside:
        return batch(
            "grids", [square(0, 0, 4, 2), square(2, 0, 2, 2), square(2, 0), square(3, 0), square(2, 1, 2, 1)],
            code=["CITY", "DB", "B1", "B2", "B3"], name=[f"{CANARY} {i}" for i in range(5)],
            level=["city", "district", "grid", "grid", "grid"], parent=[None, "CITY", "DB", "DB", "DB"],
            team=[f"{CANARY} team"] * 5, population=[90_001, 40_009, 10_007, 10_009, 20_011],
        )  # fmt: skip
    return batch(
        "grids", [DA, square(0, 0), square(1, 0), square(0, 1, 2, 1)], code=["DA", "A1", "A2", "A3"],
        name=["District", "West", "East", "North"], level=["district", "grid", "grid", "grid"],
        parent=["CITY", "DA", "DA", "DA"], team=["Post", "Team 1", None, "Team 3"],
        population=[9000, 5000, 0, 4000],
    )  # fmt: skip


def _incidents(*, outside: bool, seed: int, count: int) -> Any:
    rng = np.random.default_rng(seed)
    x, y = X0 + rng.uniform(20, 1980, count), Y0 + rng.uniform(20, 1980, count)
    if outside:
        x += 2000
        x[:3] = X0 + 9000  # in no grid at all
    times = np.datetime64("2023-01-01", "ms") + rng.integers(0, 540 * 86_400_000, count)
    kinds = [CANARY, "theft"] if outside else ["theft", "noise", None]
    return batch(
        "incidents", x=x, y=y, id=[name(f"i{i}", outside=outside) for i in range(count)],
        category=[kinds[i % len(kinds)] for i in range(count)], occurred_at=list(times),
        grid_code=[CANARY if outside else "A1"] * count, status=[CANARY if outside else "open"] * count,
        severity=list(rng.integers(1, 5, count).astype(float) * (1000 if outside else 1)),
    )  # fmt: skip


def _cameras(*, outside: bool) -> Any:
    rng = np.random.default_rng(5 + outside)
    count = 8
    x, y = X0 + rng.uniform(50, 1950, count) + 2000 * outside, Y0 + rng.uniform(50, 1950, count)
    if outside:
        x[0], y[0] = X0 + 2010, Y0 + 500  # looks into the inside district
    return batch(
        "cameras", x=x, y=y, id=[name(f"c{i}", outside=outside) for i in range(count)],
        name=[name("gate", outside=outside)] * count, kind=["fixed", "ptz"] * 4, azimuth_deg=[270.0] * count,
        hfov_deg=[90.0] * count, range_m=[120.0] * count, online=[1, 0] * 4,
        owner=[CANARY if outside else "city"] * count,
    )  # fmt: skip


def _places(*, outside: bool) -> Any:
    if outside:
        far = shapely.box(X0 + 1990, Y0 + 1200, X0 + 2300, Y0 + 1300)  # reaches in, but lies outside
        return batch("places", [shapely.Point(X0 + 2500, Y0 + 300), far], id=[f"{CANARY}1", f"{CANARY}2"],
                     name=[CANARY] * 2, kind=[CANARY, "school"])  # fmt: skip
    return batch("places", [shapely.Point(X0 + 300, Y0 + 300), ACROSS], id=["p1", "p2"], name=["School", "Hall"],
                 kind=["school", "hazard"])  # fmt: skip


def _zones(*, outside: bool) -> Any:
    if outside:
        touching = shapely.MultiPolygon([shapely.box(X0 + 2000, Y0 + 700, X0 + 2100, Y0 + 800)])
        return batch("zones", [square(3, 1, 0.2, 0.2), touching], id=[f"{CANARY}1", f"{CANARY}2"], name=[CANARY] * 2,
                     kind=["private", CANARY])  # fmt: skip
    across = shapely.MultiPolygon([ACROSS])
    return batch("zones", [square(1.4, 0.4, 0.2, 0.2), across, square(1.5, 0, 1, 0.05)], id=["z1", "z2", "w1"],
                 name=["Court", "Yard", "River"], kind=["private", "private", "water"])  # fmt: skip


def _base(store: Store) -> None:
    rng = np.random.default_rng(11)
    corners = [(X0 + a, Y0 + b) for a, b in rng.uniform(0, 3900, (120, 2)) * [1, 0.5]]
    houses = [shapely.MultiPolygon([shapely.box(x, y, x + 25, y + 20)]) for x, y in corners]
    store.write(batch("buildings", houses, id=[f"b{i}" for i in range(120)], height_m=[12.0] * 120), "append",
                Provenance("b.csv", timezone=ZONE))  # fmt: skip
    lines = [shapely.MultiLineString([[(X0, Y0 + y), (X0 + 4000, Y0 + y)]]) for y in range(100, 2000, 200)]
    lines += [shapely.MultiLineString([[(X0 + x, Y0), (X0 + x, Y0 + 2000)]]) for x in range(100, 4000, 200)]
    store.write(batch("streets", lines, id=[f"s{i}" for i in range(len(lines))], name=["Main"] * len(lines),
                      kind=["primary"] * len(lines)), "append", Provenance("s.csv", timezone=ZONE))  # fmt: skip


def write(store: Store, *, outside: bool, many: int = 700) -> None:
    """Fill an empty store; without `outside` the same revisions are made by nothing."""

    def part(found: Any, *, mine: bool) -> None:
        if mine or outside:
            what = f"{found.layer}-{'in' if mine else CANARY}.csv"
            store.write(found, "append", Provenance(what, timezone=ZONE, attribution="Office of maps"))
        else:
            store.clear(())

    _base(store)
    for make in (_grids, _cameras, _places, _zones):
        part(make(outside=False), mine=True)
        part(make(outside=True), mine=False)
    part(_incidents(outside=False, seed=3, count=many), mine=True)
    store.receive([[_live("n1", 300), _live("n2", 700)]])
    part(_incidents(outside=True, seed=4, count=COUNT), mine=False)
    if outside:
        store.receive([[_live(f"{CANARY} n{i}", 2300 + i) for i in range(5)]])
    else:
        store.clear(())
    _decide(store, "i3", "A2")
    if outside:
        _decide(store, f"{CANARY} i7", "B2")
    else:
        store.clear(())
    raised = ["A1", "A3"] + ["B1"] * outside
    store.settle_alerts("grid", [_raised(code) for code in raised])
    # All that lies in the district is of this revision then, in both stores.
    store.write(_grids(outside=False), "upsert", Provenance("grids-in.csv", timezone=ZONE))


def _decide(store: Store, name: str, grid: str) -> None:
    snapshot = store.snapshot()
    incidents = snapshot["incidents"]
    row = incidents.text("id").tolist().index(name)
    assert incidents.x is not None and incidents.y is not None
    seen = Seen(name, None, incidents.text("grid_code")[row], None, float(incidents.x[row]), float(incidents.y[row]))
    store.decide("grid", grid, [seen], grid, revision=store.revision(), grids=snapshot["grids"].revision)


def _live(text: str, east: float) -> LiveIncident:
    kind = CANARY if CANARY in text else "theft"
    return LiveIncident(text, X0 + east, Y0 + 400, kind, np.datetime64("2024-06-20T08:00", "ms"), kind, kind, 2.0)


def _raised(code: str) -> Raised:
    count = COUNT if code == "B1" else 9
    return Raised(code, "2024-06-20T05:00:00Z", "2024-06-20T08:00:00Z", count, 1.5, 1e-5, 40, 1e-4)


# --- readers ---------------------------------------------------------------------------------------------------


def area_header(area: Area | None) -> dict[str, str]:
    """Return the header by which a test says of which area it asks."""
    return {} if area is None else {"X-Test-Area": json.dumps(area.grids)}


def _asked(text: str | None) -> Reader:
    area = None if text is None else Area(tuple(tuple(one) for one in json.loads(text)))
    return Reader("account", f"of {text}", frozenset(ROLES), area)


def readers(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the header of a request say who asks, ahead of Flask too; as often as it likes."""
    clock = itertools.count(0.0, 1_000.0)
    app.extensions["atlas"].limits = Limits(lambda: next(clock))
    monkeypatch.setattr(identity, "of_environ", lambda environ, state: _of(environ))

    def tell() -> None:
        if "HTTP_AUTHORIZATION" not in request.environ:
            g.reader = _of(request.environ)
            g.session = None

    app.before_request_funcs.setdefault(None, []).insert(0, tell)


def _of(environ: WSGIEnvironment) -> Reader:
    return _asked(environ.get("HTTP_X_TEST_AREA"))


@contextmanager
def served(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """Serve the town that is written in a folder."""
    app = create_app(Settings(store=str(folder / "atlas.gpkg"), instance=folder, lang="en"))
    readers(app, monkeypatch)
    try:
        yield app
    finally:
        app.extensions["atlas"].close()


def rows(app: Flask, layer: str) -> dict[str, tuple[Any, ...]]:
    """Return the rows of a layer by id, as the store holds them."""
    columns = app.extensions["atlas"].store.snapshot()[layer]
    key = "code" if layer == "grids" else "id"
    shapes = columns.geometry if columns.geometry is not None else np.column_stack([columns.x, columns.y])
    facts = zip(columns.text("name" if layer != "incidents" else "status"), shapes, strict=True)
    return {str(name): (text, str(shape)) for name, (text, shape) in zip(columns.text(key), facts, strict=True)}
