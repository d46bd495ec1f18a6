"""Certain is what every allowed truth about a camera shows, possible what at least one shows: by the slow oracle.

`truths` spells out, one camera at a time and without arrays, what may be true of it; `geo.view.camera_view` draws each.
"""

from __future__ import annotations

import math
from functools import reduce

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Polygon

from geo.cameras import ViewRules, beams_of
from geo.obstacles import build_obstacles
from geo.view import GRID_M, camera_view, polygons_of
from geo.views import Views
from geo.visibility import visible
from tests.geo import zoo
from tests.geo.cameras import CRS, NAN, X, Y, facts_of

FINE = 64  # segments a quadrant: the disc is 0.01 % short
NOTHING_SEEN = {"range_m": 0.0}


def truths(camera, rules):
    """(for certain, for possible): arguments of camera_view for every sampled truth."""
    kind, azimuth, hfov, reach = camera["kind"], camera["azimuth_deg"], camera["hfov_deg"], camera["range_m"]
    slack = 0.0 if math.isnan(camera["azimuth_tolerance_deg"]) else camera["azimuth_tolerance_deg"]
    if rules.online_only and camera["online"] == 0:
        return [NOTHING_SEEN], [NOTHING_SEEN]
    if reach == 0 or hfov == 0:
        return [NOTHING_SEEN], [NOTHING_SEEN]

    if math.isnan(azimuth):
        azimuths = [15.0 * i for i in range(24)]  # no step wider than what the narrowest angle shows, the widest hides
    else:
        azimuths = [azimuth + slack * (i / 4 - 1) for i in range(9)] if slack else [azimuth]
    if not math.isnan(hfov):
        angles = [hfov]
    elif kind == "panoramic":
        angles = [hfov := 360.0]
    else:
        angles = [0.0, 90.0, 180.0] if kind == "fixed" else [0.0, 90.0, 180.0, 360.0]

    up_to = [0.0, rules.assumed_range_m] if math.isnan(reach) else [reach]
    if rules.px_per_m is None:
        reaches = up_to
    elif math.isnan(hfov) or math.isnan(camera["pixels_h"]):
        reaches = [0.0, up_to[-1]]
    else:
        radians = math.radians(hfov)
        across = radians if radians >= math.pi else 2 * math.tan(radians / 2)
        met = camera["pixels_h"] / (rules.px_per_m * across)
        reaches = [met if math.isnan(reach) else min(met, reach)]

    blind = 0.0
    if not any(math.isnan(camera[name]) for name in ("height_m", "tilt_deg", "vfov_deg")):
        down = camera["tilt_deg"] + camera["vfov_deg"] / 2
        blind = camera["height_m"] / math.tan(math.radians(down)) if 0 < down < 90 else 0.0

    recorded = [
        {"azimuth_deg": a, "hfov_deg": h, "range_m": r, "near_m": blind}
        for a in azimuths
        for h in angles
        for r in reaches
    ]
    off = [NOTHING_SEEN] if rules.online_only and camera["online"] == -1 else []
    if kind not in ("ptz", "dome"):
        return recorded + off, recorded
    home = recorded if hfov >= 360 or not (math.isnan(azimuth) or math.isnan(hfov)) else [NOTHING_SEEN]
    return home + off, [{"range_m": r} for r in (up_to[-1], reaches[-1])]  # turned and tilted anywhere, zoomed


def drawn(truth, houses, heights, height, rules):
    return camera_view(
        X,
        Y,
        houses,
        **truth,
        height_m=height,
        obstacle_height_m=heights,
        target_height_m=rules.target_height_m,
        segments_per_quadrant=FINE,
    )


def some(low, high):
    return st.one_of(st.just(NAN), st.floats(low, high))


CAMERAS = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["fixed", "ptz", "dome", "panoramic", None]),
        "azimuth_deg": some(0, 360),
        "azimuth_tolerance_deg": st.sampled_from([NAN, 0.0, 11.25, 22.5, 40.0]),
        "hfov_deg": st.one_of(st.just(NAN), st.floats(30, 340), st.sampled_from([0.0, 60.0, 90.0, 180.0, 360.0])),
        "range_m": st.one_of(st.just(NAN), st.floats(5, 60), st.just(0.0)),
        "pixels_h": st.one_of(st.just(NAN), st.integers(320, 4000)),
        "height_m": some(2, 12),
        "tilt_deg": some(5, 60),
        "vfov_deg": some(20, 90),
        "online": st.sampled_from([-1, 0, 1]),
    }
)
RULES = st.builds(
    ViewRules,
    assumed_range_m=st.sampled_from([25.0, 50.0]),
    online_only=st.booleans(),
    edition=st.just("2014"),
    task=st.sampled_from([None, None, "monitor", "detect", "identify"]),
)


@settings(max_examples=60)
@given(camera=CAMERAS, rules=RULES, seed=zoo.seeds)
def test_certain_is_in_every_truth_and_possible_in_one(camera, rules, seed):
    rng = np.random.default_rng(seed)
    turns, away = rng.uniform(0, 2 * np.pi, 5), rng.uniform(14, 60, 5)
    houses = [
        zoo.wedge(rng, X + d * np.sin(a), Y + d * np.cos(a), rng.uniform(2, 12))
        for a, d in zip(turns, away, strict=True)
    ]
    heights = np.where(rng.random(5) < 0.4, NAN, rng.uniform(1, 15, 5))
    check(camera, rules, houses, heights)


def check(camera, rules, houses=(), heights=()):
    obstacles = build_obstacles(list(houses), np.asarray(heights, float))
    of = beams_of(facts_of(**camera), rules, obstacles, crs=CRS)
    seen = visible(of.beams, obstacles, target_height_m=rules.target_height_m, segments_per_quadrant=FINE)
    (certain,), (possible,) = Views(of, seen.area_m2, seen.polygons).by_camera()
    for_certain, for_possible = (
        [drawn(truth, houses, heights, camera["height_m"], rules) for truth in several]
        for several in truths(camera, rules)
    )
    expected = reduce(lambda a, b: polygons_of(shapely.intersection(a, b, grid_size=GRID_M)), for_certain)
    anywhere = shapely.union_all(for_possible, grid_size=GRID_M)
    loose = 0.05 + 1e-3 * np.pi * max(of.reach_m[0], 1.0) ** 2
    got = Polygon() if certain is None else certain
    assert shapely.symmetric_difference(got, expected, grid_size=GRID_M).area < loose
    only = polygons_of(shapely.difference(polygons_of(anywhere), expected, grid_size=GRID_M))
    got = Polygon() if possible is None else possible
    assert shapely.symmetric_difference(got, only, grid_size=GRID_M).area < loose


BARE = {
    "kind": None,
    "online": 1,
    **dict.fromkeys(
        (
            "azimuth_deg",
            "azimuth_tolerance_deg",
            "hfov_deg",
            "range_m",
            "pixels_h",
            "height_m",
            "tilt_deg",
            "vfov_deg",
        ),
        NAN,
    ),
}
WALL = [shapely.box(X + 10, Y - 4, X + 12, Y + 4)]


@pytest.mark.parametrize("height", [NAN, 4.0])
@pytest.mark.parametrize("task", [None, "detect"])
@pytest.mark.parametrize("kind", ["fixed", "ptz", "dome", "panoramic", None])
def test_every_fact_left_out_in_turn(kind, task, height):
    full = {
        "kind": kind,
        "online": 1,
        "azimuth_deg": 80.0,
        "azimuth_tolerance_deg": 22.5,
        "hfov_deg": 90.0,
        "range_m": 45.0,
        "pixels_h": 1920.0,
        "height_m": 6.0,
        "tilt_deg": 20.0,
        "vfov_deg": 50.0,
    }
    check(full, ViewRules(task=task), WALL, [height])
    for name in full:
        if name not in ("kind", "online"):
            check({**full, name: NAN}, ViewRules(task=task), WALL, [height])
    check({**BARE, "kind": kind}, ViewRules(task=task), WALL, [height])
