"""Privacy on real data: public files of Washington DC's crimes, the exposure audit of Helsinki's cameras."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
from flask import Flask

from geo.assign import Locator
from geo.camera_facts import ViewRules
from geo.month import Month
from layers.exposure_audit import audited
from layers.public import NEEDS, addresses, public_counts, public_points, sort_incidents
from settings import Settings
from tests.geo.test_suppress import intervals
from tests.web.test_dc import run

FILES = (("wards_2012", "WARD_ID", "ward"), ("anc_2013", "ANC_ID", "anc"), ("smd_2013", "SMD_ID", "smd"))


@pytest.fixture
def served(tmp_path: Path) -> Any:
    from app import create_app

    app = create_app(Settings(store=str(tmp_path / "atlas.gpkg"), instance=tmp_path))
    yield app
    app.extensions["atlas"].close()


def washington(app: Flask, folder: Path, data: Path) -> Any:
    """Wards, their commissions and these' districts, linked by their names; the reported crimes of early 2024."""
    for file, code, level in FILES:
        frame = pyogrio.read_dataframe(data / "dc" / f"{file}.geojson")
        frame["code"], frame["level"] = frame[code].astype(str), level
        frame["parent"] = {"ward": None, "anc": frame["code"].str[:1], "smd": frame["code"].str[:2]}[level]
        pyogrio.write_dataframe(frame[["code", "level", "parent", "geometry"]], folder / f"{level}.geojson")
        run(app, "import", "grids", str(folder / f"{level}.geojson"))
    run(app, "import", "incidents", str(data / "dc" / "crime_2024_ytd.csv"), "--map", "category=OFFENSE", "--map",
        "occurred_at=REPORT_DAT", "--timezone", "America/New_York")  # fmt: skip
    run(app, "import", "buildings", str(data / "dc" / "buildings_downtown.gpkg"))
    run(app, "import", "streets", str(data / "dc" / "major_roads.geojson"))
    return app.extensions["atlas"].store.snapshot()


def test_washington_cannot_be_worked_out_and_its_points_are_shared(
    served: Flask, tmp_path: Path, shared_data: Path
) -> None:
    snapshot = washington(served, tmp_path, shared_data)
    found, month = sort_incidents(snapshot), Month(2024, 1)
    table = public_counts(snapshot, month, 8)
    assert (table.counts[0].sum(), table.shown.totals[0]) == (int((found.month == 54 * 12).sum()), True)
    above = np.concatenate([[-1], found.tree.parent_index + 1])
    ends = list(intervals(table.counts, above, table.shown, 10).values())
    assert len(ends) >= 10 and all(high - low >= 8 - 1e-6 for low, high in ends)

    points = public_points(snapshot, [month], 8, beside_counts=False)
    of = points.points
    polygons, codes = snapshot["grids"].geometry, snapshot["grids"].text("code")
    smd = found.tree.at_level("smd")
    located = Locator(polygons[smd], codes[smd]).locate(of.x, of.y)
    assert (smd[located] == of.grid).all()
    x, y, grid, bare = addresses(snapshot)
    near = of.nearest(x, y, grid)
    assert (np.bincount(near[near >= 0], minlength=len(of)) == of.addresses).all()
    assert len(of) > 100 and of.addresses.min() >= 8 and bare > 100
    assert len(points.at) + sum(points.left_out.values()) == int((found.month == 54 * 12).sum())
    assert set(NEEDS) <= set(snapshot.layers)


def test_helsinki_cameras_and_its_dwellings(served: Flask, tmp_path: Path, shared_data: Path) -> None:
    """No camera there has a direction: nothing is certain, no turn helps, a mask does; buildings say what they are."""
    for layer in ("buildings", "cameras"):
        frame = pyogrio.read_dataframe(shared_data / "osm" / "helsinki.gpkg", layer=layer)
        pyogrio.write_dataframe(frame, tmp_path / f"{layer}.geojson")
        run(served, "import", layer, str(tmp_path / f"{layer}.geojson"))
    answer = run(served, "exposure")
    kinds = pyogrio.read_dataframe(shared_data / "osm" / "helsinki.gpkg", layer="buildings")["building"]
    assert answer["meta"]["private"]["dwellings"] == int(kinds.isin(["apartments", "residential", "house"]).sum()) > 20
    totals = answer["totals"]
    assert totals["exposed"] > 5 and totals["certain_m2"] == 0 and totals["turn_helps"] == 0
    assert totals["no_purpose"] == totals["no_sign"] == 223
    audit = audited(served.extensions["atlas"].store.snapshot(), ViewRules())
    assert np.isfinite(audit.remedies.mask_from_deg).all()
    assert (audit.remedies.mask_loss >= 0).all() and (audit.remedies.mask_loss <= 1).all()
