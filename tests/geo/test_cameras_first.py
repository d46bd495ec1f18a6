"""Nothing is called certain that does not follow from what is known of the camera."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.cameras_first import camera_states, camera_views
from geo.crs import WGS84, transform_xy
from geo.errors import ParameterError
from geo.view import GRID_M

NAN = float("nan")
CRS = "EPSG:32635"
X, Y = (float(v[0]) for v in transform_xy([27.0], [60.17], WGS84, CRS))  # central meridian: grid north is true north


def states(kind, azimuth, tolerance, hfov, range_m, online, **options):
    columns = (np.array([kind], dtype=object), *([float(v)] for v in (azimuth, tolerance, hfov, range_m)), [online])
    return camera_states(*columns, assumed_range_m=50, **options)


@pytest.mark.parametrize(
    ("camera", "certain", "possible"),
    [
        # kind, azimuth, tolerance, angle, range, online
        (("fixed", 90, 0, 60, 30, 1), 60, 60),
        (("fixed", 90, NAN, 60, 30, 1), 60, 60),
        ((None, 90, 0, 60, 30, 1), 60, 60),
        (("fixed", 90, 22.5, 60, 30, 1), 15, 105),
        (("fixed", 90, 45, 60, 30, 1), 0, 150),
        (("fixed", 90, 180, 60, 30, 1), 0, 360),
        (("fixed", 90, 0, 60, NAN, 1), 0, 60),  # range assumed
        (("fixed", 90, 0, NAN, 30, 1), 0, 180),
        (("fixed", 90, 22.5, NAN, 30, 1), 0, 225),
        ((None, 90, 0, NAN, 30, 1), 0, 360),
        (("fixed", NAN, NAN, 60, 30, 1), 0, 360),
        (("ptz", 90, 0, 60, 30, 1), 0, 360),
        (("dome", NAN, NAN, NAN, 30, 1), 0, 360),
        (("dome", NAN, NAN, 360, 30, 1), 360, 360),
        (("dome", NAN, NAN, 360, NAN, 1), 0, 360),
        (("panoramic", NAN, NAN, NAN, 30, 1), 360, 360),
        (("panoramic", 90, 0, 180, 30, 1), 180, 180),
        (("panoramic", NAN, NAN, 180, 30, 1), 0, 360),
        (("fixed", 90, 0, 0, 30, 1), 0, 0),
        (("fixed", 90, 0, 60, 0, 1), 0, 0),
        (("fixed", 90, 0, 60, 30, 0), 60, 60),  # offline counts unless asked for
    ],
)
def test_rules(camera, certain, possible):
    result = states(*camera)
    assert (result.certain_deg[0], result.possible_deg[0]) == (certain, possible)
    assert result.range_m[0] == (50 if np.isnan(camera[4]) else camera[4])
    assert result.range_assumed[0] == np.isnan(camera[4])


@pytest.mark.parametrize(("online", "certain", "possible"), [(1, 60, 60), (0, 0, 0), (-1, 0, 60)])
def test_online_only(online, certain, possible):
    result = states("fixed", 90, 0, 60, 30, online, online_only=True)
    assert (result.certain_deg[0], result.possible_deg[0]) == (certain, possible)


@given(
    kind=st.sampled_from(["fixed", "ptz", "dome", "panoramic", None]),
    azimuth=st.one_of(st.just(NAN), st.floats(0, 360)),
    tolerance=st.one_of(st.just(NAN), st.floats(0, 180)),
    hfov=st.one_of(st.just(NAN), st.floats(0, 360)),
    range_m=st.one_of(st.just(NAN), st.floats(0, 1000)),
    online=st.sampled_from([-1, 0, 1]),
    online_only=st.booleans(),
)
def test_certain_is_within_possible_and_needs_knowledge(kind, azimuth, tolerance, hfov, range_m, online, online_only):
    result = states(kind, azimuth, tolerance, hfov, range_m, online, online_only=online_only)
    certain, possible = result.certain_deg[0], result.possible_deg[0]
    assert 0 <= certain <= possible <= 360
    if certain > 0:
        assert range_m > 0
        assert (np.isfinite(azimuth) and np.isfinite(hfov)) or hfov >= 360 or kind == "panoramic"
        assert not (online_only and online != 1)
        assert certain <= (360 if np.isnan(hfov) else hfov)
    if certain > 0 and certain < 360:
        assert np.isfinite(result.azimuth_deg[0])


@pytest.mark.parametrize("assumed", [0, -1, NAN, np.inf])
def test_an_assumption_must_be_a_range(assumed):
    with pytest.raises(ParameterError):
        camera_states([None], [0.0], [0.0], [0.0], [0.0], [1], assumed_range_m=assumed)


def test_views_of_three_cameras():
    kinds = np.array(["fixed", "fixed", "fixed"], dtype=object)
    known = camera_states(
        kinds, [90.0, 90.0, NAN], [0.0, 20.0, NAN], [60.0, 60.0, NAN], [40.0, 40.0, 0.0], [1, 1, 1], assumed_range_m=50
    )
    wall = shapely.box(X + 10, Y - 1, X + 11, Y + 1)
    views = camera_views([X, X, X], [Y, Y, Y], known, [wall], crs=CRS)
    assert views.certain[2] is None
    assert views.possible[2] is None
    assert views.possible[0] is None  # all of it is certain
    assert views.moved_m.tolist() == [0, 0, 0]
    full = np.pi * 40**2 * 60 / 360
    assert full * 0.5 < views.certain[0].area < full * 0.9
    assert views.certain[1].area < views.certain[0].area
    assert shapely.intersection(views.certain[1], views.possible[1], grid_size=GRID_M).area < 1e-3
    together = shapely.union(views.certain[1], views.possible[1], grid_size=GRID_M)
    assert shapely.difference(views.certain[0], together, grid_size=GRID_M).area < 0.5  # chords at the ends of the arc
    assert views.certain[0].bounds[0] == pytest.approx(X)


def test_azimuth_is_from_true_north_and_moves_out_of_the_building():
    x, y = (float(v[0]) for v in transform_xy([24.94], [60.17], WGS84, CRS))  # convergence 1.787 degrees
    house = shapely.box(x - 5, y - 5, x + 5, y + 5)
    known = camera_states(["fixed"], [0.0], [0.0], [2.0], [100.0], [1], assumed_range_m=50)
    views = camera_views([x], [y], known, [house], crs=CRS)
    assert views.moved_m[0] == pytest.approx(5 / np.cos(np.radians(1.787)) + 0.01, abs=1e-3)
    middle = views.certain[0].centroid
    assert np.degrees(np.arctan2(middle.x - x, middle.y - y)) == pytest.approx(1.787, abs=0.01)


def test_near_blind_and_nothing():
    known = camera_states(["panoramic"], [NAN], [NAN], [NAN], [20.0], [1], assumed_range_m=50)
    whole = camera_views([X], [Y], known, [], crs=CRS).certain[0].area
    ring = camera_views([X], [Y], known, [], crs=CRS, near_m=[10.0]).certain[0].area
    assert ring == pytest.approx(whole * 0.75)
    assert camera_views([X], [Y], known, [], crs=CRS, near_m=[NAN]).certain[0].area == whole
    empty = camera_states([], [], [], [], [], [], assumed_range_m=50)
    assert len(camera_views([], [], empty, [], crs=CRS).certain) == 0
