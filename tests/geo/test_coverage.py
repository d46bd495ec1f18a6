"""Certain + possible + blind + built is the cell, and a graph that fails is stood in for, never passed over."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import shapely

from geo import overlay
from geo.cameras import CameraFacts, ViewRules
from geo.cells import prepare_cells, update_cells
from geo.city import compute_city
from geo.coverage import cover
from geo.errors import ConservationError
from geo.fragility import fragility
from geo.obstacles import build_obstacles
from geo.overlay_geos import TOLERANCE_M2
from geo.parallel import Cancelled
from tests.geo import overlay_cases as cases

CELL = shapely.box(0, 0, 10, 10)
AREAS = ("area", "built", "open", "certain", "possible", "blind")


def camera(x: float, y: float, **known) -> CameraFacts:
    """One fixed camera, what is not said is not known."""
    columns = {
        "kind": np.array([known.pop("kind", "fixed")], dtype=object),
        "id": np.array(["c0"], dtype=object),
        "online": np.array([1], np.int8),
        "x": np.array([float(x)]),
        "y": np.array([float(y)]),
        "masks": np.array([None], dtype=object),
    }
    for item in dataclasses.fields(CameraFacts):
        if item.name not in columns:
            columns[item.name] = np.array([float(known.pop(item.name, np.nan))])
    return CameraFacts(**columns)


def city(facts, houses, cells, **rules):
    return compute_city(facts, houses, None, cells, ViewRules(**rules), crs=cases.CRS)


def parts(coverage, row=0):
    return [float(getattr(coverage, f"{name}_m2")[row]) for name in AREAS]


def test_by_hand():
    """A camera all round in a corner sees a quarter of its circle, less what a wall across the cell hides."""
    house = shapely.box(4, 0, 6, 10)
    made = city(camera(0, 0, kind="panoramic", range_m=3.0), [house], [CELL]).coverage
    quarter = 9 * np.sin(np.pi / 32) * 16 / 2  # sixteen chords a quadrant
    assert parts(made) == pytest.approx([100, 20, 80, quarter, 0, 80 - quarter], abs=1e-3)
    assert made.blind[0].area == pytest.approx(80 - quarter, abs=1e-3)
    assert made.seen_by_m2[0].tolist() == pytest.approx([quarter, 0, 0], abs=1e-3)
    assert made.alone.camera.tolist() == [0]
    assert made.alone.cell.tolist() == [0]
    assert made.alone.m2 == pytest.approx([quarter], abs=1e-3)


def test_unknown_range_is_only_possible():
    made = city(camera(0, 0, kind="panoramic"), [], [CELL], assumed_range_m=3.0).coverage
    assert made.certain_m2[0] == 0
    assert made.possible_m2[0] > 7
    assert made.seen_by_m2[0, 0] == pytest.approx(made.possible_m2[0])
    assert made.certain_by_m2[0].tolist() == [0, 0, 0]


def test_cells_missing_built_over_and_over_one_another():
    made = city(camera(5, 5, kind="panoramic", range_m=30), [shapely.box(50, 0, 70, 20)],
                [None, CELL, CELL, shapely.box(55, 5, 60, 10), shapely.Polygon()])  # fmt: skip
    assert made.coverage.area_m2.tolist() == [0, 100, 100, 25, 0]
    assert made.coverage.certain_m2 == pytest.approx([0, 100, 100, 0, 0])
    assert made.coverage.built_m2 == pytest.approx([0, 0, 0, 25, 0])
    assert shapely.is_empty(made.coverage.blind).all()


def test_nothing_at_all():
    made = city(camera(0, 0).take([]), [], [])
    assert len(made.coverage.area_m2) == 0
    assert made.coverage.fallbacks == 0
    alone = city(camera(0, 0), [], [])
    assert len(alone.coverage.blind) == 0


def test_chosen_rows_are_as_among_all():
    town = cases.town(5, cameras=12)
    whole = compute_city(town.facts, town.footprints, town.height_m, town.cells, ViewRules(), crs=cases.CRS)
    rows = np.arange(len(town.cells))[::2]
    some = cover(whole.cells, whole.views, rows=rows, threads=1)
    assert some.certain_m2.tolist() == whole.coverage.certain_m2[rows].tolist()
    keep = np.isin(whole.coverage.alone.cell, rows)
    assert some.alone.cell.tolist() == whole.coverage.alone.cell[keep].tolist()
    assert some.alone.m2.tolist() == whole.coverage.alone.m2[keep].tolist()


def broken(monkeypatch):
    """Let no graph be sound."""
    monkeypatch.setattr(overlay, "SLACK_M2", -1.0)


@pytest.mark.parametrize("seed", range(6))
def test_geos_stands_in_where_the_graph_fails(seed, monkeypatch):
    town = cases.town(seed, cameras=10)
    obstacles = build_obstacles(town.footprints, town.height_m)

    def run():
        return compute_city(town.facts, [], None, town.cells, ViewRules(), crs=cases.CRS, obstacles=obstacles)

    graph = run()
    broken(monkeypatch)
    other = run()
    assert not graph.coverage.fallbacks
    assert other.coverage.fallbacks == len(town.cells)
    for name in AREAS:
        left, right = (getattr(made.coverage, f"{name}_m2") for made in (graph, other))
        assert left == pytest.approx(right, abs=0.01)
    total = other.coverage.certain_m2 + other.coverage.possible_m2 + other.coverage.blind_m2 + other.coverage.built_m2
    assert (np.abs(total - other.coverage.area_m2) <= TOLERANCE_M2).all()
    assert other.coverage.seen_by_m2[:, 0] == pytest.approx(graph.coverage.seen_by_m2[:, 0], abs=0.01)
    # What GEOS does not tell is not known, and not nothing.
    assert np.isnan(other.coverage.seen_by_m2[:, 1:]).all() and np.isnan(other.coverage.certain_by_m2[:, 1:]).all()
    assert len(other.coverage.alone.m2) == 0 and np.isnan(fragility(other.coverage).loss_m2).all()


def test_what_adds_up_in_no_way_is_an_error(monkeypatch):
    made = city(camera(0, 0), [], [CELL])
    wrong = dataclasses.replace(made.cells, built_m2=np.array([7.0]))
    with pytest.raises(ConservationError, match="grid 1 add up to 7"):
        cover(wrong, made.views)


def test_updated_cells_are_as_prepared():
    town = cases.town(8, houses=20)
    before = build_obstacles(town.footprints[:-1], town.height_m[:-1])
    after = build_obstacles(town.footprints, town.height_m)
    old = prepare_cells(town.cells, before)
    rows = old.touching(town.footprints[-1:])
    new, expected = update_cells(old, after, rows), prepare_cells(town.cells, after)
    assert new.built_m2 == pytest.approx(expected.built_m2, abs=1e-6)
    assert shapely.area(shapely.symmetric_difference(new.free, expected.free, grid_size=1e-6)).max(initial=0) < 1e-3
    assert old.built_m2.tolist() == prepare_cells(town.cells, before).built_m2.tolist()


def test_cancelled_and_progress():
    town = cases.town(3)
    told = []
    made = compute_city(
        town.facts, town.footprints, town.height_m, town.cells, ViewRules(), crs=cases.CRS,
        progress=lambda share, step: told.append((share, step)),
    )  # fmt: skip
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert shares[-1] == pytest.approx(1)
    assert list(dict.fromkeys(step for _, step in told)) == ["buildings", "grids", "views", "coverage"]
    for asked in range(8):
        left = iter([False] * asked)
        with pytest.raises(Cancelled):
            compute_city(town.facts, town.footprints, town.height_m, town.cells, ViewRules(), crs=cases.CRS,
                         cancelled=lambda left=left: next(left, True))  # fmt: skip
    with pytest.raises(Cancelled):
        cover(made.cells, made.views, cancelled=lambda: True)
