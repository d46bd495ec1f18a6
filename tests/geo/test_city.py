"""What follows a change equals computing the whole city anew."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st

from geo import city as changes
from geo.cameras import CameraFacts, ViewRules
from geo.city import compute_city, match_cameras, with_buildings, with_cameras
from geo.errors import ParameterError
from geo.view import GRID_M
from tests.geo import overlay_cases as cases
from tests.geo import zoo

AREAS = ("area_m2", "built_m2", "open_m2", "certain_m2", "possible_m2", "blind_m2", "seen_by_m2", "certain_by_m2")


def whole(facts, town, rules):
    return compute_city(facts, town.footprints, town.height_m, town.cells, rules, crs=cases.CRS, threads=1)


def joined(*facts: CameraFacts) -> CameraFacts:
    """One set of cameras after the other."""
    return CameraFacts(
        **{
            item.name: np.concatenate([getattr(some, item.name) for some in facts])
            for item in dataclasses.fields(CameraFacts)
        }
    )


def same(one, other) -> None:
    """Assert that two cities are the same, in areas and in shape."""
    for name in AREAS:
        assert getattr(one.coverage, name) == pytest.approx(getattr(other.coverage, name), abs=1e-6)
    for name in ("certain", "possible", "blind"):
        left, right = getattr(one.coverage, name), getattr(other.coverage, name)
        for a, b in zip(left, right, strict=True):
            assert shapely.symmetric_difference(a, b, grid_size=GRID_M).area < 1e-6
    for name in ("camera", "cell"):
        assert getattr(one.coverage.alone, name).tolist() == getattr(other.coverage.alone, name).tolist()
    assert one.coverage.alone.m2 == pytest.approx(other.coverage.alone.m2, abs=1e-6)
    assert one.views.of.camera.tolist() == other.views.of.camera.tolist()
    assert one.views.area_m2 == pytest.approx(other.views.area_m2, abs=1e-6)
    assert one.views.of.moved_m == pytest.approx(other.views.of.moved_m)
    assert len(one.facts) == len(other.facts)


@settings(max_examples=40)
@given(seed=zoo.seeds, rule=st.integers(0, 3), named=st.booleans())
def test_changed_cameras(seed, rule, named):
    """Moved, turned, switched and appended ones."""
    rng = np.random.default_rng(seed)
    town, rules = cases.town(seed, cameras=8), cases.rules(rule)
    city = whole(town.facts, town, rules)
    kept = town.facts.x.copy()
    n = len(town.facts)
    rows = np.flatnonzero(rng.random(n) < 0.4)
    now = cases.facts(rng, town.facts.x, town.facts.y)
    columns = {item.name: getattr(town.facts, item.name).copy() for item in dataclasses.fields(CameraFacts)}
    for name in columns:
        if name != "id" and rng.random() < 0.5:
            columns[name][rows] = getattr(now, name)[rows]
    columns["x"][rows] += rng.choice([0.0, 3.0, 60.0])
    facts = CameraFacts(**columns)
    if rng.random() < 0.5:
        place = rng.uniform(0, 100, (2, 2)) + np.array([town.facts.x.mean(), town.facts.y.mean()])[:, None]
        more = cases.facts(rng, *place)
        facts = joined(facts, dataclasses.replace(more, id=np.array(["new 1", "new 2"], dtype=object)))
    new, touched = with_cameras(city, facts, rows if named else None, threads=1)
    same(new, whole(facts, town, rules))
    untouched = np.setdiff1d(np.arange(len(town.cells)), touched)
    assert all(new.coverage.blind[i] is city.coverage.blind[i] for i in untouched)
    assert city.facts.x.tolist() == kept.tolist()


@settings(max_examples=30)
@given(seed=zoo.seeds)
def test_removed_and_reordered_cameras(seed):
    rng = np.random.default_rng(seed)
    town, rules = cases.town(seed, cameras=8), ViewRules()
    city = whole(town.facts, town, rules)
    order = rng.permutation(len(town.facts))[: int(rng.integers(0, len(town.facts) + 1))]
    facts = town.facts.take(order)
    if rng.random() < 0.5 and len(facts):
        more = cases.facts(rng, facts.x[:1] + 5.0, facts.y[:1])
        facts = joined(dataclasses.replace(more, id=np.array(["new"], dtype=object)), facts)
    new, _ = with_cameras(city, facts, origin=match_cameras(town.facts, facts), threads=1)
    same(new, whole(facts, town, rules))


@settings(max_examples=40)
@given(seed=zoo.seeds, rule=st.integers(0, 3))
@example(seed=0, rule=0)
def test_changed_buildings(seed, rule):
    """Moved, added, removed, raised; most of them, or one."""
    rng = np.random.default_rng(seed)
    town, rules = cases.town(seed, houses=14), cases.rules(rule)
    city = whole(town.facts, town, rules)
    keep = rng.random(len(town.footprints)) < rng.choice([0.5, 0.9])
    shapes, height = town.footprints[keep], town.height_m[keep].copy()
    height[rng.random(len(height)) < 0.2] = 12.0
    if rng.random() < 0.6:
        x, y = rng.uniform(0, 100, 2)
        place = shapely.box(x, y, x + 9, y + 9)
        mean = [town.facts.x.mean() - 50, town.facts.y.mean() - 50]
        shapes = np.append(shapes, shapely.transform(place, lambda xy: xy + mean))
        height = np.append(height, rng.choice([np.nan, 5.0]))
    town = dataclasses.replace(town, footprints=shapes, height_m=height)
    new, touched = with_buildings(city, shapes, height, threads=1)
    same(new, whole(town.facts, town, rules))
    untouched = np.setdiff1d(np.arange(len(town.cells)), touched)
    assert all(new.coverage.blind[i] is city.coverage.blind[i] for i in untouched)


def spread() -> cases.Town:
    """Four cells in a row, a camera and a house in each."""
    x = np.arange(4) * 200.0 + 50.0
    town = cases.town(1)
    facts = cases.facts(np.random.default_rng(4), x, np.full(4, 50.0))
    facts = dataclasses.replace(
        facts, kind=np.full(4, "panoramic", object), range_m=np.full(4, 30.0), online=np.ones(4, np.int8),
        hfov_deg=np.full(4, np.nan),
    )  # fmt: skip
    return dataclasses.replace(
        town,
        facts=facts,
        footprints=shapely.box(x + 10, 40, x + 20, 60),
        height_m=np.full(4, np.nan),
        cells=shapely.box(np.arange(4) * 200.0, 0, np.arange(4) * 200.0 + 200, 100),
    )


def test_only_what_a_change_touches_is_computed(monkeypatch):
    town = spread()
    city = whole(town.facts, town, ViewRules())
    x = town.facts.x.copy()
    x[1] += 1.0
    seen = []
    views = changes.replace_views
    monkeypatch.setattr(
        changes, "replace_views", lambda *given, **named: seen.append(given[2]) or views(*given, **named)
    )
    new, touched = with_cameras(city, dataclasses.replace(town.facts, x=x))
    assert touched.tolist() == [1]
    houses = town.footprints.copy()
    houses[2] = shapely.box(460, 40, 471, 60)
    again, touched = with_buildings(new, houses, town.height_m)
    assert touched.tolist() == [2]
    raised, touched = with_buildings(again, houses, np.array([3.0, np.nan, np.nan, np.nan]))
    assert touched.tolist() == [0]
    nothing, touched = with_cameras(raised, raised.facts)
    assert len(touched) == 0
    assert nothing.coverage is raised.coverage
    assert [rows.tolist() for rows in seen] == [[1], [2], [0], []]
    far = dataclasses.replace(nothing.facts, x=nothing.facts.x + np.array([0, 0, 0, -500.0]))
    _, touched = with_cameras(nothing, far, [3])
    assert touched.tolist() == [0, 3]


def test_another_set_of_buildings_is_computed_anew(monkeypatch):
    town = cases.town(2, houses=14)
    many = np.array([shapely.box(x, y, x + 1, y + 1) for x in range(0, 40, 2) for y in range(0, 40, 2)], dtype=object)
    city = whole(town.facts, town, ViewRules())
    monkeypatch.setattr(changes, "replace_views", None)
    new, touched = with_buildings(city, many, None)
    assert touched.tolist() == list(range(len(town.cells)))
    same(new, compute_city(town.facts, many, None, town.cells, ViewRules(), crs=cases.CRS))


def test_fewer_cameras_need_to_be_said():
    town = spread()
    with pytest.raises(ParameterError):
        with_cameras(whole(town.facts, town, ViewRules()), town.facts.take([0, 1]))
