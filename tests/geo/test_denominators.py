"""Incidents and key places by state: point by point and place by place, as the rules say it."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import shapely
from hypothesis import given, settings

from geo import denominators as module
from geo.assign import assign
from geo.denominators import BLIND, BUILT, CERTAIN, OUTSIDE, POSSIBLE, incident_states, place_states
from tests.geo import zoo
from tests.geo.test_streets import coverage_of, tilted_cells

EMPTY = shapely.Polygon()
LAYERS = ("certain", "possible", "blind")


@settings(max_examples=40)
@given(seed=zoo.seeds)
def test_an_incident_has_the_state_of_its_place_in_its_grid(seed):
    rng = np.random.default_rng(seed)
    offset = float(rng.choice(zoo.OFFSETS))
    cells, codes = tilted_cells(rng, offset)
    coverage = coverage_of(rng, cells, offset)
    everything = np.concatenate([getattr(coverage, name) for name in LAYERS])
    x, y = zoo.hard_points(rng, everything, 60, offset).T
    cell = assign(x, y, cells, codes)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_CHUNK", int(rng.integers(1, 9)))
        patch.setattr(module, "_MANY", int(rng.integers(0, 20)))
        found = incident_states(x, y, cell, coverage)
    for i, point in enumerate(shapely.points(x, y)):
        touched = [getattr(coverage, name)[cell[i]].intersects(point) for name in LAYERS]
        expected = OUTSIDE if cell[i] < 0 else BUILT if not any(touched) else touched.index(True)
        assert found[i] == expected


def test_the_polygons_of_others_stay_unprepared():
    cells = np.array([shapely.box(0, 0, 10, 10)])
    coverage = SimpleNamespace(certain=cells, possible=np.array([EMPTY]), blind=np.array([EMPTY]))
    assert incident_states([5.0] * 99, [5.0] * 99, [0] * 99, coverage).tolist() == [CERTAIN] * 99
    assert not shapely.is_prepared(cells).any()


def test_no_incidents():
    coverage = SimpleNamespace(**dict.fromkeys(LAYERS, np.array([EMPTY])))
    assert incident_states([], [], [], coverage).tolist() == []
    assert incident_states([1.0], [1.0], [-1], coverage).tolist() == [OUTSIDE]
    assert incident_states([1.0], [1.0], [0], coverage).tolist() == [BUILT]


HOUSE = shapely.box(0, 0, 10, 10)
CITY = SimpleNamespace(
    certain=np.array([shapely.box(20, 0, 30, 10), shapely.box(10.9, 100, 20, 110)]),
    possible=np.array([shapely.box(30, 0, 40, 10), shapely.box(-20, 100, -0.5, 110)]),
    blind=np.array([EMPTY, EMPTY]),
)


@pytest.mark.parametrize(
    ("place", "state"),
    [
        (shapely.Point(25, 5), CERTAIN),
        (shapely.Point(30, 5), CERTAIN),  # on the edge of both
        (shapely.Point(35, 5), POSSIBLE),
        (shapely.Point(40.5, 5), BLIND),  # a point in the open is seen where it is
        (shapely.box(40.5, 0, 50, 5), POSSIBLE),  # an area is seen if a view comes within 1 m
        (shapely.box(41.5, 0, 50, 5), BLIND),
        (shapely.box(0, -50, 100, 50), CERTAIN),  # or lies in it
        (shapely.Point(5, 105), CERTAIN),  # in a house 0.9 m from a certain and 0.5 m from a possible view
        (shapely.Point(0, 105), CERTAIN),  # on its wall
        (shapely.Point(5, 205), BLIND),  # in a house far from all views
        (shapely.Point(5, 5), BLIND),
        (None, OUTSIDE),
        (shapely.Point(), OUTSIDE),
        (shapely.MultiPoint([(35, 5)]), POSSIBLE),
    ],
)
def test_a_place_by_the_rule(place, state):
    houses = [HOUSE, shapely.box(0, 100, 10, 110), None, shapely.box(0, 200, 10, 210)]
    assert place_states([place], houses, CITY).tolist() == [state]


def test_a_point_in_two_footprints_is_seen_if_one_is():
    far, near = shapely.box(0, 0, 10, 10), shapely.box(4, 4, 19.5, 6)
    assert place_states([shapely.Point(5, 5)], [far], CITY).tolist() == [BLIND]
    assert place_states([shapely.Point(5, 5)], [far, near], CITY).tolist() == [CERTAIN]


@settings(max_examples=30)
@given(seed=zoo.seeds)
def test_places_among_random_houses(seed):
    rng = np.random.default_rng(seed)
    cells, _ = tilted_cells(rng, 0.0)
    coverage = coverage_of(rng, cells, 0.0)
    houses = [zoo.wedge(rng, *rng.uniform(0, 100, 2), 8) for _ in range(15)]
    places = [shapely.Point(*rng.uniform(0, 120, 2)) for _ in range(20)]
    places += [zoo.wedge(rng, *rng.uniform(0, 120, 2), 5) for _ in range(10)]
    found = place_states(places, houses, coverage)
    for place, state in zip(places, found, strict=True):
        around = [house for house in houses if house.intersects(place)] if place.area == 0 else [place]
        near = 1.0 if around else 0.0
        shapes = around or [place]
        seen = [any(shape.distance(view) <= near for shape in shapes for view in getattr(coverage, name))
                for name in ("certain", "possible")]  # fmt: skip
        assert state == (seen.index(True) if any(seen) else BLIND)


def test_no_places():
    assert place_states([], [HOUSE], CITY).tolist() == []
    assert place_states([shapely.Point(25, 5)], [], CITY).tolist() == [CERTAIN]
