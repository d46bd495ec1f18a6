"""Certain + possible + blind + built is the cell, and each is what counting points finds it to be."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import example, given, settings

from geo import coverage
from geo.coverage import TOLERANCE_M2, first_coverage
from geo.errors import ConservationError
from geo.view import camera_view
from tests.geo import zoo

CELL = shapely.box(0, 0, 10, 10)


def parts(result):
    names = ("area", "built", "open", "certain", "possible", "blind")
    return [float(getattr(result, f"{name}_m2")[0]) for name in names]


def test_by_hand():
    house, sure, maybe = shapely.box(0, 0, 2, 10), shapely.box(1, 0, 5, 10), shapely.box(4, 0, 8, 20)
    result = first_coverage([CELL], [house], [sure, None], [maybe, shapely.Polygon()])
    assert parts(result) == pytest.approx([100, 20, 80, 30, 30, 20])
    assert result.blind[0].equals(shapely.box(8, 0, 10, 10))


def test_nothing_but_the_cell():
    assert parts(first_coverage([CELL], [], [], [])) == pytest.approx([100, 0, 100, 0, 0, 100])
    assert len(first_coverage([], [CELL], [], []).area_m2) == 0


def test_cell_full_of_a_building():
    result = first_coverage([CELL], [CELL.buffer(5)], [CELL], [])
    assert parts(result) == pytest.approx([100, 100, 0, 0, 0, 0])
    assert result.blind[0].is_empty


def test_missing_cells_keep_their_place():
    result = first_coverage([None, CELL, shapely.Polygon()], [], [CELL], [])
    assert result.area_m2.tolist() == [0, 100, 0]
    assert result.certain_m2.tolist() == [0, 100, 0]
    assert [gap.is_empty for gap in result.blind] == [True, True, True]


def test_cells_are_measured_by_themselves():
    result = first_coverage([CELL, CELL, shapely.box(20, 20, 21, 21)], [], [CELL], [])
    assert result.certain_m2.tolist() == [100, 100, 0]


@settings(max_examples=25)
@given(seed=zoo.seeds)
@example(seed=907)  # a difference that left lines beside its areas
def test_identity_and_counted_points(seed):
    rng = np.random.default_rng(seed)
    offset = float(rng.choice(zoo.OFFSETS))
    cells = zoo.mosaic(rng, 9, offset, False)
    houses = [zoo.wedge(rng, *(rng.uniform(0, 100, 2) + offset), rng.uniform(2, 15)) for _ in range(15)]
    places = rng.uniform(0, 100, (8, 2)) + offset
    views = [
        camera_view(x, y, houses, range_m=40, azimuth_deg=float(rng.uniform(0, 360)), hfov_deg=90) for x, y in places
    ]
    result = first_coverage(cells, houses, views[:4], views[4:])
    total = result.certain_m2 + result.possible_m2 + result.blind_m2 + result.built_m2
    assert (np.abs(total - result.area_m2) <= TOLERANCE_M2).all()
    assert (np.abs(result.open_m2 + result.built_m2 - result.area_m2) <= TOLERANCE_M2).all()
    assert shapely.area(result.blind) == pytest.approx(result.blind_m2)
    built, sure, maybe = (shapely.union_all(layer) for layer in (houses, views[:4], views[4:]))
    for i, cell in enumerate(cells):
        if cell.area < 1:  # slivers of the order of the overlay lattice are within the tolerance of the identity
            continue
        x0, y0, x1, y1 = cell.bounds
        # Points at random: those of a lattice fall on the edges of these cells by rows.
        x, y = rng.uniform(x0, x1, 40_000), rng.uniform(y0, y1, 40_000)
        keep = shapely.intersects_xy(cell, x, y)
        if keep.sum() < 4000:
            continue
        x, y = x[keep], y[keep]
        in_built, in_sure, in_maybe = (shapely.intersects_xy(shape, x, y) for shape in (built, sure, maybe))
        shares = [in_built, ~in_built & in_sure, ~in_built & ~in_sure & in_maybe]
        for share, area in zip(shares, (result.built_m2, result.certain_m2, result.possible_m2), strict=True):
            five_sigma = 5 * 0.5 / keep.sum() ** 0.5
            assert share.mean() == pytest.approx(area[i] / cell.area, abs=five_sigma)


def test_a_broken_sum_is_an_error(monkeypatch):
    monkeypatch.setattr(coverage, "_measure_first", lambda cell, layers: ((100.0, 20.0, 80.0, 30.0, 30.0, 20.2), cell))
    with pytest.raises(ConservationError):
        first_coverage([CELL], [], [], [])
