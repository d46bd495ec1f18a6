"""The demo: real things through the real import, drafted grids, simulated incidents, marked as what they are."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from geo.assign import assign
from store.batch import Batch, Provenance
from store.demo import DRAFTED, OPTIONS, OSM, SIMULATED, load_demo, needs_demo
from store.errors import StoreError
from store.store import Store


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    steps = []
    with Store.open(folder / "atlas.gpkg") as store:
        assert needs_demo(store)
        report = load_demo(store, scratch=folder, progress=lambda share, step: steps.append((share, step)))
        yield store, report, folder, steps


def test_the_demo_holds_the_whole_file(demo):
    store, report, _, steps = demo
    assert report.revision == store.revision() > 0
    assert report.rows == {
        "grids": report.rows["grids"],
        "incidents": 8_000,
        "cameras": 223,
        "buildings": 453,
        "streets": 2_385,
        "places": 48,
        "zones": 8,
    }
    assert store.crs() == "EPSG:32635" and store.timezone() == "Europe/Helsinki"
    assert store.is_demo() and not needs_demo(store)
    assert [share for share, _ in steps] == sorted(share for share, _ in steps) and steps[-1][0] == 1.0
    assert all(record.rejected == 0 for record in store.imports())


def test_only_incidents_are_simulated_and_everything_says_where_it_is_from(demo):
    snapshot = demo[0].snapshot()
    assert {name for name, layer in snapshot.layers.items() if layer.simulated} == {"incidents"}
    for name in ("buildings", "streets", "cameras", "places", "zones"):
        assert snapshot.sources[name] == (OSM,)
    assert snapshot.sources["incidents"] == (SIMULATED,)
    assert snapshot.sources["grids"] == (DRAFTED,) and OSM in DRAFTED


def test_the_grids_are_nested_about_the_wished_size_and_cut_no_building(demo):
    snapshot = demo[0].snapshot()
    grids = snapshot["grids"]
    level, code, parent = grids.text("level"), grids.text("code"), grids.text("parent")
    assert set(level) == set(OPTIONS.levels)
    unit = grids.geometry[level == "grid"]
    assert 60 < len(unit) < 200
    assert 5_000 < np.median(shapely.area(unit)) < 20_000
    assert all(len(text) == 15 and text.startswith("000091") for text in code[level == "grid"])
    for number in range(1, len(OPTIONS.levels)):
        above = set(code[level == OPTIONS.levels[number - 1]])
        assert set(parent[level == OPTIONS.levels[number]]) == above
    total = [shapely.area(grids.geometry[level == name]).sum() for name in OPTIONS.levels]
    assert total == pytest.approx([total[0]] * 3, rel=1e-6)
    land = shapely.union_all(unit)
    for building in snapshot["buildings"].geometry:
        for part in shapely.get_parts(building.intersection(land)):
            inside = shapely.area(shapely.intersection(unit, part))
            assert inside.sum() - inside.max() < 0.05
    assert np.isnan(grids.number("population")).all()  # unknown, not invented


def test_incidents_lie_outdoors_in_two_years_of_local_time(demo):
    snapshot = demo[0].snapshot()
    incidents = snapshot["incidents"]
    when = incidents.columns["occurred_at"]
    assert when.min() >= np.datetime64("2023-12-31T22:00") and when.max() < np.datetime64("2025-12-31T22:00")
    hits = shapely.STRtree(snapshot["buildings"].geometry).query(shapely.points(incidents.x, incidents.y), "intersects")
    outside_all = np.ones(len(incidents), dtype=bool)
    outside_all[hits[0]] = False
    grids = snapshot["grids"]
    unit = grids.text("level") == "grid"
    where = assign(incidents.x, incidents.y, grids.geometry[unit], grids.text("code")[unit])
    assert outside_all[where >= 0].all()
    located = np.append(grids.text("code")[unit], None)[where]
    assert 20 < (where < 0).sum() < 120
    assert 80 < ((located != incidents.text("grid_code")) & (where >= 0)).sum() < 300


def test_loading_again_changes_nothing_but_the_revision(demo):
    store, report, folder, _ = demo
    before = store.snapshot()
    again = load_demo(store, scratch=folder)
    after = store.snapshot()
    assert again.rows == report.rows and again.revision > report.revision
    for name in before.layers:
        old, new = before[name], after[name]
        for column in old.columns:
            if name in ("grids", "incidents") and column not in ("population", "occurred_at", "severity"):
                assert old.text(column).tolist() == new.text(column).tolist(), (name, column)
        if old.x is not None:
            assert np.array_equal(old.x, new.x) and np.array_equal(old.y, new.y)


def test_a_load_that_was_cut_short_is_seen(demo, tmp_path):
    with Store.open(tmp_path / "atlas.gpkg") as store:
        point = {"id": ["a"], "name": [None], "kind": [None]}
        batch = Batch(
            "places",
            "EPSG:32635",
            {k: np.array(v, object) for k, v in point.items()},
            np.array([shapely.Point(385_700, 6_672_300)], object),
        )
        store.write(batch, "append", Provenance("x", demo=True))
        assert needs_demo(store)


def test_the_demo_never_goes_over_real_data(tmp_path):
    with Store.open(tmp_path / "atlas.gpkg") as store:
        point = {"id": ["a"], "name": [None], "kind": [None]}
        batch = Batch(
            "places",
            "EPSG:32635",
            {k: np.array(v, object) for k, v in point.items()},
            np.array([shapely.Point(385_700, 6_672_300)], object),
        )
        store.write(batch, "append", Provenance("x"))
        assert not needs_demo(store)
        with pytest.raises(StoreError, match="demo cannot be loaded"):
            load_demo(store, scratch=tmp_path)
        assert len(store.snapshot()["places"]) == 1 and not len(store.snapshot()["buildings"])
