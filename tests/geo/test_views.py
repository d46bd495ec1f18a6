"""Views of cameras: certain and possible never overlap, and a change computed alone is the same as all anew."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.cameras import CameraFacts, ViewRules, beams_of
from geo.errors import ParameterError
from geo.obstacles import build_obstacles
from geo.view import GRID_M
from geo.views import Views, replace_views, views_of
from tests.geo import zoo
from tests.geo.cameras import CRS, NAN, X, Y, facts_of

RULES = ViewRules()
NOTHING = build_obstacles([])


def compute(facts, rules=RULES, obstacles=NOTHING) -> Views:
    return views_of(beams_of(facts, rules, obstacles, crs=CRS), obstacles, target_height_m=rules.target_height_m)


def random_facts(rng, n, spread=60.0) -> CameraFacts:
    """Cameras of every kind, each fact known or not."""

    def some(low, high):
        return np.where(rng.random(n) < 0.3, NAN, rng.uniform(low, high, n))

    return facts_of(
        x=X + rng.uniform(-spread, spread, n),
        y=Y + rng.uniform(-spread, spread, n),
        kind=rng.choice(np.array(["fixed", "ptz", "dome", "panoramic", None], dtype=object), n),
        online=rng.integers(-1, 2, n),
        azimuth_deg=some(0, 360),
        azimuth_tolerance_deg=rng.choice([NAN, 0, 11.25, 22.5], n),
        hfov_deg=np.where(rng.random(n) < 0.1, 360, some(20, 200)),
        range_m=some(5, 50),
        height_m=some(2, 12),
        tilt_deg=some(0, 60),
        vfov_deg=some(20, 90),
        pixels_h=np.where(rng.random(n) < 0.3, NAN, rng.integers(320, 4000, n)),
    )


def scene(rng, n=10):
    houses = [zoo.wedge(rng, X + rng.uniform(-60, 60), Y + rng.uniform(-60, 60), rng.uniform(2, 15)) for _ in range(n)]
    return houses, np.where(rng.random(n) < 0.4, NAN, rng.uniform(1, 15, n))


RULE_SETS = st.builds(
    ViewRules,
    online_only=st.booleans(),
    task=st.sampled_from([None, "monitor", "detect", "identify"]),
    assumed_range_m=st.sampled_from([20.0, 50.0]),
)


def test_merged_by_camera():
    many = facts_of(kind=["fixed", "ptz", "fixed"], azimuth_deg=[90, 90, NAN], hfov_deg=60, range_m=[40, 40, 0])
    views = compute(many)
    certain, possible = views.by_camera()
    assert [view is None for view in certain] == [False, False, True]
    assert [view is None for view in possible] == [True, False, True]
    assert views.area_m2 == pytest.approx(np.pi * 1600 * np.array([1, 1, 5]) / 6)
    again = views.by_camera([1])
    assert (again[0][0].equals(certain[1]), again[1][0].equals(possible[1])) == (True, True)


@settings(max_examples=30)
@given(seed=zoo.seeds, rules=RULE_SETS)
def test_beams_of_a_camera_never_overlap(seed, rules):
    rng = np.random.default_rng(seed)
    houses, heights = scene(rng)
    views = compute(random_facts(rng, 6), rules, build_obstacles(houses, heights))
    for i in range(6):
        parts = views.polygons[views.of.camera == i]
        parts = [part for part in parts if part is not None]
        whole = shapely.union_all(parts, grid_size=GRID_M).area if parts else 0.0
        assert sum(part.area for part in parts) == pytest.approx(whole, abs=1e-3)


def assert_same(left: Views, right: Views) -> None:
    assert left.of.camera.tolist() == right.of.camera.tolist()
    assert left.of.camera.dtype == right.of.camera.dtype
    assert left.of.certain.tolist() == right.of.certain.tolist()
    for field in fields(left.of.beams):
        np.testing.assert_array_equal(getattr(left.of.beams, field.name), getattr(right.of.beams, field.name))
    np.testing.assert_array_equal(left.of.moved_m, right.of.moved_m)
    np.testing.assert_array_equal(left.of.reach_m, right.of.reach_m)
    assert left.of.assumed.keys() == right.of.assumed.keys()
    for name, flags in left.of.assumed.items():
        assert flags.tolist() == right.of.assumed[name].tolist()
    np.testing.assert_array_equal(left.area_m2, right.area_m2)
    assert [a is None for a in left.polygons] == [b is None for b in right.polygons]
    assert all(a.equals_exact(b, 0) for a, b in zip(left.polygons, right.polygons, strict=True) if a is not None)


@settings(max_examples=30)
@given(seed=zoo.seeds, rules=RULE_SETS)
def test_some_anew_is_as_all_anew(seed, rules):
    rng = np.random.default_rng(seed)
    houses, heights = scene(rng)
    obstacles = build_obstacles(houses, heights)
    before, other = random_facts(rng, 8), random_facts(rng, 8)
    old = compute(before, rules, obstacles)

    rows = np.flatnonzero(rng.random(8) < 0.4)  # moved, turned, switched
    mixed = CameraFacts(**{f.name: getattr(before, f.name).copy() for f in fields(CameraFacts)})
    for f in fields(CameraFacts):
        getattr(mixed, f.name)[rows] = getattr(other, f.name)[rows]
    assert_same(replace_views(old, mixed, rows, rules, obstacles, crs=CRS), compute(mixed, rules, obstacles))

    kept = np.concatenate([rng.permutation(8)[: rng.integers(0, 9)], [-1, -1]])  # removed, added, in another order
    source = np.where(kept < 0, rng.integers(0, 8, len(kept)), kept)
    now = CameraFacts(
        **{
            f.name: np.where(kept < 0, getattr(other, f.name)[source], getattr(before, f.name)[source])
            for f in fields(CameraFacts)
        }
    )
    found = replace_views(old, now, np.flatnonzero(kept < 0), rules, obstacles, crs=CRS, kept=kept)
    assert_same(found, compute(now, rules, obstacles))


def test_a_camera_left_out_is_refused():
    many = facts_of(x=[X, X + 1], range_m=9)
    old = compute(many)
    with pytest.raises(ParameterError):
        replace_views(old, many, [], RULES, NOTHING, crs=CRS, kept=[0, -1])
    with pytest.raises(ParameterError):
        replace_views(old, many, [], RULES, NOTHING, crs=CRS, kept=[0, 2])
    with pytest.raises(ParameterError):
        replace_views(old, many.take([0]), [], RULES, NOTHING, crs=CRS, kept=[0, 1])
    with pytest.raises(ParameterError):
        replace_views(old, many, [], RULES, NOTHING, crs=CRS, kept=[1, 1])
    for fewer in ([0], [0, 1, 1]):
        with pytest.raises(ParameterError):
            replace_views(old, many.take(fewer), [0], RULES, NOTHING, crs=CRS)


def test_from_none_and_to_none():
    many = facts_of(x=[X, X + 1], range_m=9)
    none = many.take([])
    empty = compute(none)
    assert_same(replace_views(empty, many, [0, 1], RULES, NOTHING, crs=CRS, kept=[-1, -1]), compute(many))
    assert_same(replace_views(compute(many), none, [], RULES, NOTHING, crs=CRS, kept=[]), empty)
