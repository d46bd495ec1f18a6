"""What beams see equals the oracle, an independent sweep and dense rays, on every hostile scene; always valid."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.errors import ParameterError
from geo.obstacles import build_obstacles
from geo.view import GRID_M
from geo.visibility import Beams, visible
from tests import view_cases as cases

NAMES = [case.name for case in cases.HOSTILE]
SMALL = [case for case in cases.HOSTILE if not case.large]


def beam(x=0.0, y=0.0, azimuth=0.0, angle=360.0, near=0.0, far=10.0, height=np.nan):
    return Beams(*(np.array([value], np.float64) for value in (x, y, azimuth, angle, near, far, height)))


def seen(*shapes, heights=None, **given):
    return visible(beam(**given), build_obstacles(list(shapes), heights))


def valid(polygons):
    return all(p is None or (not p.is_empty and p.geom_type in ("Polygon", "MultiPolygon")) for p in polygons) and bool(
        shapely.is_valid([p for p in polygons if p is not None]).all()
    )


@pytest.mark.parametrize("how", cases.IMPLEMENTATIONS, ids=lambda how: how.name)
@pytest.mark.parametrize("view", SMALL, ids=[case.name for case in SMALL])  # see test_a_building_of_100_000_corners
def test_areas_agree(view, how):
    if view.heights is not None and not how.knows_heights:
        view = replace(view, heights=None)
    areas = visible(view.beams, view.obstacles).area_m2
    for i, area in enumerate(areas):
        slack = how.of_disc * view.far_m[i] ** 2 * min(1, view.angle_deg[i] / 90)
        assert area == pytest.approx(how.area(view, i), rel=how.relative, abs=slack), (i, how.name)


@pytest.mark.parametrize("view", SMALL, ids=[case.name for case in SMALL])
def test_polygons_are_the_oracles(view):
    polygons = visible(view.beams, view.obstacles).polygons
    assert valid(polygons)
    for i, polygon in enumerate(polygons):
        expected = cases.oracle_view(view, i)
        other = shapely.Polygon() if polygon is None else polygon
        differ = shapely.symmetric_difference(expected, other, grid_size=GRID_M).area
        assert differ <= 1e-5 * (expected.length + 1), i  # the lattice, along the outline


def test_a_building_of_100_000_corners():
    view = cases.HOSTILE[NAMES.index("100,000 corners")]
    outside, inside = visible(view.beams, view.obstacles).area_m2

    # Between the views past a circle of the inner and of the outer radius; tangents touch it at the length of `along`.
    def past(radius):
        along, half = np.sqrt(60**2 - radius**2), np.arcsin(radius / 60)
        return (np.pi - half) * 100**2 + along * radius - radius**2 * (np.pi / 2 - half)

    assert past(20.01) < outside < past(20.0)
    assert inside == pytest.approx(np.pi * 100**2 / 2, rel=0.03)  # put before the façade, between two teeth
    assert valid(visible(view.beams, view.obstacles).polygons)


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32), heights=st.booleans())
def test_random_scenes_agree_with_the_oracle(seed, heights):
    rng = np.random.default_rng(seed)
    view = cases.random_scene(rng, int(rng.integers(0, 40)), 4, heights=heights)
    result = visible(view.beams, view.obstacles)
    assert valid(result.polygons)
    for i, polygon in enumerate(result.polygons):
        expected = cases.oracle_view(view, i)
        other = shapely.Polygon() if polygon is None else polygon
        assert shapely.symmetric_difference(expected, other, grid_size=GRID_M).area <= 1e-5 * (expected.length + 1)
        assert other.area <= result.area_m2[i] * (1 + 1e-9) + 0.0017 * view.near_m[i] ** 2 * 4 + 1e-4
        assert other.area >= result.area_m2[i] - 0.0017 * view.far_m[i] ** 2 * 4 - 1e-4


@settings(max_examples=100)
@given(seed=st.integers(0, 2**32))
def test_random_scenes_agree_with_pysovist(seed):
    rng = np.random.default_rng(seed)
    view = cases.random_scene(rng, int(rng.integers(0, 40)), 2)
    for i, area in enumerate(visible(view.beams, view.obstacles).area_m2):
        # Seams of a millionth of a metre between solids are all that a different rounding can open.
        assert area == pytest.approx(cases.pysovist_area(view, i), rel=1e-6, abs=1e-6 * view.far_m[i] ** 2)


@pytest.mark.slow
def test_polygons_of_random_scenes_are_valid():
    rng = np.random.default_rng(0)
    for _ in range(300):
        view = cases.random_scene(rng, int(rng.integers(0, 60)), 10, heights=bool(rng.integers(0, 2)))
        assert valid(visible(view.beams, view.obstacles).polygons)


def test_a_sector_and_the_ring_beyond_it_share_their_chords():
    rng = np.random.default_rng(3)
    view = cases.random_scene(rng, 40, 30)
    inner, outer = replace(view.beams, near_m=0 * view.far_m), replace(view.beams, near_m=view.beams.far_m)
    first, ring = visible(inner, view.obstacles), visible(replace(outer, far_m=2 * view.far_m), view.obstacles)
    whole = visible(replace(inner, far_m=2 * view.far_m), view.obstacles)
    np.testing.assert_allclose(first.area_m2 + ring.area_m2, whole.area_m2, rtol=1e-9, atol=1e-6)
    for a, b, c in zip(first.polygons, ring.polygons, whole.polygons, strict=True):
        if a is None or b is None:
            continue
        assert shapely.intersection(a, b, grid_size=GRID_M).area <= 1e-5 * c.length
        assert shapely.union(a, b, grid_size=GRID_M).area == pytest.approx(c.area, abs=1e-5 * c.length)


def test_sees_by_formula():
    assert seen(far=10).area_m2[0] == pytest.approx(100 * np.pi, rel=1e-14)
    assert seen(far=10, near=6, angle=90).area_m2[0] == pytest.approx((100 - 36) * np.pi / 4, rel=1e-14)
    hidden = 2 * np.arctan(0.5)
    wall = seen(shapely.box(2, -1, 3, 1), far=10)
    assert wall.area_m2[0] == pytest.approx(100 * np.pi - (hidden / 2 * 100 - 2), rel=1e-12)
    yard = shapely.box(-20, -20, 20, 20).difference(shapely.box(-2, -2, 2, 2))
    assert seen(yard).area_m2[0] == pytest.approx(16, rel=1e-14)
    assert seen(yard, near=1).area_m2[0] == pytest.approx(16 - np.pi, rel=1e-12)
    assert seen(yard, near=2.9).polygons[0] is None


def test_looks_over_by_formula():
    # A wall of no depth to speak of, 2 m high, 10 m off: a camera of 4 m sees targets of 1 m again from 15 m on.
    wall = shapely.box(9.999999, -100, 10, 100)
    over = seen(wall, heights=[2.0], azimuth=90.0, angle=1e-3, far=100, height=4.0)
    half = np.radians(1e-3)
    k = (4 - 1.6) / (4 - 2)
    assert over.area_m2[0] == pytest.approx(half / 2 * (100**2 - (10 * k) ** 2 + 10**2), rel=1e-6)
    blocked = seen(wall, heights=[2.0], azimuth=90.0, angle=1e-3, far=100, height=2.0)
    assert blocked.area_m2[0] == pytest.approx(half / 2 * 100, rel=1e-6)
    assert seen(wall, heights=[np.nan], azimuth=90.0, angle=1e-3, far=100, height=99.0).area_m2[0] == pytest.approx(
        half / 2 * 100, rel=1e-6
    )


def test_higher_sees_more():
    view = cases.random_scene(np.random.default_rng(5), 40, 40, heights=True)
    areas = [
        visible(replace(view.beams, height_m=np.full(40, height)), view.obstacles).area_m2
        for height in (1.0, 2.0, 4.0, 9.0, 13.0, 50.0)
    ]
    assert (np.diff(areas, axis=0) >= -1e-6).all()


def test_beams_of_no_angle_or_depth_see_nothing():
    for given_ in ({"angle": 0.0}, {"far": 0.0}, {"far": 1e-300}, {"near": 10.0}, {"near": 20.0}, {"angle": 1e-300}):
        nothing = seen(shapely.box(3, 3, 4, 4), **given_)
        assert nothing.area_m2[0] == 0
        assert nothing.polygons[0] is None


def test_numbers_that_are_none_are_refused():
    for given_ in ({"x": np.nan}, {"far": np.inf}, {"azimuth": np.nan}, {"near": -1.0}, {"angle": np.nan}):
        with pytest.raises(ParameterError):
            seen(**given_)


def test_threads_and_order_do_not_matter():
    view = cases.random_scene(np.random.default_rng(7), 50, 300, heights=True)
    one, two = visible(view.beams, view.obstacles, threads=1), visible(view.beams, view.obstacles, threads=3)
    assert (one.area_m2 == two.area_m2).all()
    assert (shapely.to_wkb(one.polygons) == shapely.to_wkb(two.polygons)).all()


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32), moved=st.sampled_from([(0, 0), (1000, -2000), (-499_000, -6_599_000)]))
def test_where_the_scene_lies_does_not_matter(seed, moved):
    rng = np.random.default_rng(seed)
    view = cases.random_scene(rng, 30, 5)
    there = [shapely.transform(shape, lambda xy: xy + moved) for shape in view.obstacles.solids]
    b = view.beams
    again = visible(replace(b, x=b.x + moved[0], y=b.y + moved[1]), build_obstacles(there))
    np.testing.assert_allclose(
        again.area_m2, visible(b, view.obstacles).area_m2, rtol=1e-6, atol=1e-6 * float(b.far_m.max() ** 2)
    )


def test_real_cities(shared_data):
    for view in cases.real(shared_data):
        some = slice(None, None, max(1, len(view.x) // 20))
        result = visible(view.beams, view.obstacles)
        assert valid(result.polygons)
        for i in range(len(view.x))[some]:
            assert result.area_m2[i] == pytest.approx(cases.pysovist_area(view, i), rel=1e-6, abs=1e-3), (view.name, i)
