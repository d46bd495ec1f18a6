"""Nothing is called certain that does not follow from what is known of the camera, and no unknown is left out."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.camera_facts import angle_deg
from geo.cameras import FARTHEST_M, CameraFacts, ViewRules, beams_of, extents_of, px_per_m_at
from geo.crs import WGS84, transform_xy
from geo.errors import ParameterError
from geo.obstacles import build_obstacles
from tests.geo.cameras import CRS, NAN, X, Y, facts_of

NOTHING = build_obstacles([])


def sectors(rules: ViewRules | None = None, obstacles=NOTHING, **camera):
    """(certain, azimuth, angle, near, far) of each beam of one camera, rounded."""
    found = beams_of(facts_of(**camera), rules or ViewRules(), obstacles, crs=CRS)
    rows = zip(
        found.certain.tolist(),
        *(getattr(found.beams, name).round(6).tolist() for name in ("azimuth_deg", "angle_deg", "near_m", "far_m")),
        strict=True,
    )
    return list(rows)


@pytest.mark.parametrize(
    ("camera", "beams"),
    [
        ({"kind": "fixed", "azimuth_deg": 90, "hfov_deg": 60, "range_m": 30}, [(True, 90, 60, 0, 30)]),
        ({"azimuth_deg": 90, "hfov_deg": 60, "range_m": 30}, [(True, 90, 60, 0, 30)]),
        (
            {"kind": "fixed", "azimuth_deg": 90, "azimuth_tolerance_deg": 22.5, "hfov_deg": 60, "range_m": 30},
            [(True, 90, 15, 0, 30), (False, 60, 45, 0, 30), (False, 120, 45, 0, 30)],
        ),
        (
            {"kind": "fixed", "azimuth_deg": 90, "azimuth_tolerance_deg": 30, "hfov_deg": 60, "range_m": 30},
            [(False, 90, 120, 0, 30)],
        ),
        (
            {"kind": "fixed", "azimuth_deg": 90, "azimuth_tolerance_deg": 20, "hfov_deg": 350, "range_m": 30},
            [(True, 90, 310, 0, 30), (False, 270, 50, 0, 30)],
        ),
        ({"kind": "fixed", "azimuth_deg": 90, "hfov_deg": 60}, [(False, 90, 60, 0, 50)]),
        ({"kind": "fixed", "azimuth_deg": 90, "range_m": 30}, [(False, 90, 180, 0, 30)]),
        (
            {"kind": "fixed", "azimuth_deg": 90, "azimuth_tolerance_deg": 22.5, "range_m": 30},
            [(False, 90, 225, 0, 30)],
        ),
        ({"azimuth_deg": 90, "range_m": 30}, [(False, 90, 360, 0, 30)]),
        ({"kind": "fixed", "hfov_deg": 60, "range_m": 30}, [(False, 0, 360, 0, 30)]),
        (
            {"kind": "ptz", "azimuth_deg": 90, "hfov_deg": 60, "range_m": 30},
            [(True, 90, 60, 0, 30), (False, 270, 300, 0, 30)],
        ),
        (
            {"kind": "ptz", "azimuth_deg": 90, "azimuth_tolerance_deg": 10, "hfov_deg": 60, "range_m": 30},
            [(True, 90, 40, 0, 30), (False, 270, 320, 0, 30)],
        ),
        ({"kind": "ptz", "azimuth_deg": 90, "hfov_deg": 60}, [(False, 90, 360, 0, 50)]),
        ({"kind": "dome", "azimuth_deg": 90, "range_m": 30}, [(False, 90, 360, 0, 30)]),
        ({"kind": "dome", "range_m": 30}, [(False, 0, 360, 0, 30)]),
        ({"kind": "dome", "hfov_deg": 360, "range_m": 30}, [(True, 0, 360, 0, 30)]),
        ({"kind": "dome", "hfov_deg": 360}, [(False, 0, 360, 0, 50)]),
        ({"kind": "panoramic", "range_m": 30}, [(True, 0, 360, 0, 30)]),
        ({"kind": "panoramic", "azimuth_deg": 90, "hfov_deg": 180, "range_m": 30}, [(True, 90, 180, 0, 30)]),
        ({"kind": "panoramic", "hfov_deg": 180, "range_m": 30}, [(False, 0, 360, 0, 30)]),
        ({"kind": "fixed", "azimuth_deg": 90, "hfov_deg": 0, "range_m": 30}, []),
        ({"kind": "ptz", "azimuth_deg": 90, "hfov_deg": 0, "range_m": 30}, []),
        ({"hfov_deg": 0, "range_m": 30}, []),
        ({"kind": "fixed", "azimuth_deg": 90, "hfov_deg": 60, "range_m": 0}, []),
        ({"kind": "fixed", "azimuth_deg": 90, "hfov_deg": 60, "range_m": 30, "online": 0}, [(True, 90, 60, 0, 30)]),
        ({}, [(False, 0, 360, 0, 50)]),
    ],
)
def test_sectors(camera, beams):
    assert sectors(**camera) == beams


@pytest.mark.parametrize(("online", "beams"), [(1, [True]), (0, []), (-1, [False])])
def test_online_only(online, beams):
    found = sectors(ViewRules(online_only=True), azimuth_deg=90, hfov_deg=60, range_m=30, online=online)
    assert [certain for certain, *_ in found] == beams


SHARP = {"azimuth_deg": 90, "hfov_deg": 90, "pixels_h": 1920}
IDENTIFY = ViewRules(task="identify")  # 250 px/m: 3.84 m


@pytest.mark.parametrize(
    ("camera", "beams"),
    [
        ({**SHARP, "range_m": 30}, [(True, 90, 90, 0, 3.84)]),
        ({**SHARP, "range_m": 3}, [(True, 90, 90, 0, 3)]),
        (SHARP, [(True, 90, 90, 0, 3.84)]),  # the density says how far, no range is needed
        ({**SHARP, "pixels_h": NAN, "range_m": 30}, [(False, 90, 90, 0, 30)]),
        ({**SHARP, "pixels_h": NAN}, [(False, 90, 90, 0, 50)]),
        ({**SHARP, "azimuth_deg": NAN, "range_m": 30}, [(False, 0, 360, 0, 3.84)]),
        ({**SHARP, "hfov_deg": NAN, "range_m": 30, "kind": "fixed"}, [(False, 90, 180, 0, 30)]),
        (
            {**SHARP, "azimuth_tolerance_deg": 22.5, "range_m": 30},
            [(True, 90, 45, 0, 3.84), (False, 45, 45, 0, 3.84), (False, 135, 45, 0, 3.84)],
        ),
        (
            {**SHARP, "kind": "ptz", "range_m": 30},  # it can zoom
            [(True, 90, 90, 0, 3.84), (False, 270, 270, 0, 30), (False, 90, 90, 3.84, 30)],
        ),
        (
            {**SHARP, "kind": "ptz"},
            [(True, 90, 90, 0, 3.84), (False, 270, 270, 0, 50), (False, 90, 90, 3.84, 50)],
        ),
        ({"kind": "panoramic", "pixels_h": 1920}, [(True, 0, 360, 0, 1.222310)]),
        ({"kind": "panoramic", "range_m": 30}, [(False, 0, 360, 0, 30)]),
    ],
)
def test_sectors_for_a_class(camera, beams):
    assert sectors(IDENTIFY, **camera) == [pytest.approx(beam, abs=2e-6) for beam in beams]


def test_what_a_turning_camera_resolves_at_home_it_may_resolve_all_round():
    rules = ViewRules(task="detect", assumed_range_m=25)  # 38.4 m
    found = sectors(rules, kind="ptz", **SHARP)
    assert found == [pytest.approx(beam) for beam in [(True, 90, 90, 0, 38.4), (False, 270, 270, 0, 38.4)]]
    assert beams_of(facts_of(kind="ptz", **SHARP), rules, NOTHING, crs=CRS).reach_m == pytest.approx(38.4)


def test_a_long_lens_without_a_range_ends_somewhere():
    ((certain, _, _, _, far),) = sectors(IDENTIFY, azimuth_deg=0, hfov_deg=1e-6, pixels_h=1920)
    assert (certain, far) == (True, FARTHEST_M)


@pytest.mark.parametrize(("year", "task", "reach"), [
    ("2014", "identify", 3.84), ("2014", "recognise", 7.68), ("2014", "observe", 15.36), ("2014", "detect", 38.4),
    ("2025", "overview", 48.0), ("2025", "validate", 1.92), ("2025", "Validate", 1.92),
])  # fmt: skip
def test_the_vectors_of_both_editions(year, task, reach):
    rules = ViewRules(edition=year, task=task)
    ((certain, _, _, _, far),) = sectors(rules, **SHARP)
    assert (certain, far) == (True, pytest.approx(reach))
    assert px_per_m_at(facts_of(**SHARP), [0], reach)[0] == pytest.approx(rules.px_per_m)


MOUNT = {"height_m": 3, "tilt_deg": 15, "vfov_deg": 60}  # blind to 3 m


@pytest.mark.parametrize(
    ("camera", "beams"),
    [
        ({"azimuth_deg": 90, "hfov_deg": 60, "range_m": 30}, [(True, 90, 60, 3, 30)]),
        ({"range_m": 30}, [(False, 0, 360, 3, 30)]),
        ({"range_m": 3}, []),
        ({"kind": "dome", "range_m": 30}, [(False, 0, 360, 0, 30)]),
        (
            {"kind": "ptz", "azimuth_deg": 90, "hfov_deg": 60, "range_m": 30},
            [(True, 90, 60, 3, 30), (False, 270, 300, 0, 30), (False, 90, 60, 0, 3)],
        ),
        ({"kind": "ptz", "azimuth_deg": 90, "hfov_deg": 60, "range_m": 2}, [(False, 90, 360, 0, 2)]),
    ],
)
def test_the_near_blind_zone(camera, beams):
    assert sectors(**camera, **MOUNT) == [pytest.approx(beam) for beam in beams]


def test_each_missing_fact_is_told():
    nothing = extents_of(facts_of(), ViewRules(task="detect")).assumed
    assert {name for name, flags in nothing.items() if flags[0]} == {
        "range", "direction", "fov", "pixels", "near", "height", "state",
    }  # fmt: skip
    everything = facts_of(kind="fixed", **SHARP, range_m=30, online=1, **MOUNT)
    assert not any(flags[0] for flags in extents_of(everything, ViewRules(task="detect")).assumed.values())
    turning = extents_of(facts_of(kind="ptz", range_m=5), ViewRules()).assumed
    assert {name for name, flags in turning.items() if flags[0]} == {"near", "height", "turning", "state"}
    assert not extents_of(facts_of(**SHARP), ViewRules(task="detect")).assumed["range"][0]
    assert extents_of(facts_of(**SHARP), ViewRules()).assumed["range"][0]


def test_azimuth_is_from_true_north():
    x, y = (float(v[0]) for v in transform_xy([24.94], [60.17], WGS84, CRS))  # convergence 1.787 degrees
    found = beams_of(facts_of(x=x, y=y, azimuth_deg=359, hfov_deg=9, range_m=9), ViewRules(), NOTHING, crs=CRS)
    assert found.beams.azimuth_deg[0] == pytest.approx(0.787, abs=1e-3)


def test_density_at_a_distance():
    many = facts_of(hfov_deg=[90, NAN, NAN, 90], kind=["fixed", "panoramic", "fixed", "fixed"], pixels_h=1920)
    assert px_per_m_at(many, [3, 1, 2, 0], [3.84, 1.0, 5.0, 0.0]) == pytest.approx(
        [250.0, 1920 / (2 * np.pi), NAN, NAN], nan_ok=True
    )
    assert angle_deg(many).tolist()[:2] == [90, 360]


@pytest.mark.parametrize("wrong", [
    {"assumed_range_m": 0}, {"assumed_range_m": NAN}, {"assumed_range_m": np.inf}, {"target_height_m": -1},
    {"target_height_m": NAN}, {"edition": "2013"}, {"task": "overview"}, {"edition": "2025", "task": "detect"},
])  # fmt: skip
def test_rules_that_cannot_be(wrong):
    with pytest.raises(ParameterError):
        ViewRules(**wrong)


def test_equal_rules_are_one_key():
    assert len({ViewRules(task="Detect"), ViewRules(task="detect"), ViewRules()}) == 2
    assert (ViewRules().px_per_m, ViewRules(task="detect").px_per_m) == (None, 25.0)


def test_no_cameras():
    none = facts_of().take([])
    assert isinstance(none, CameraFacts)
    found = beams_of(none, ViewRules(), NOTHING, crs=CRS)
    assert (len(found), len(found.moved_m), len(found.beams.x)) == (0, 0, 0)


def test_a_camera_on_its_house_looks_from_the_facade():
    house = build_obstacles([shapely.box(X - 5, Y - 5, X + 5, Y + 5)])
    many = facts_of(azimuth_deg=[90, NAN, 90], hfov_deg=[60, NAN, 60], range_m=[20, 20, 0], x=X + 1)
    found = beams_of(many, ViewRules(), house, crs=CRS)
    assert found.moved_m == pytest.approx([4.01, 4.01, 0])  # what sees nothing is not moved
    assert found.beams.x == pytest.approx([X + 5.01] * 2)
    assert found.reach_m.tolist() == [20, 20, 0]


def hard(*values):
    return st.sampled_from([NAN, *map(float, values)])


@settings(max_examples=300)
@given(
    kind=st.sampled_from(["fixed", "ptz", "dome", "panoramic", None, "other"]),
    azimuth_deg=hard(0, 359.9999, 360, 1e-9),
    azimuth_tolerance_deg=hard(0, 1e-9, 11.25, 22.5, 180),
    hfov_deg=hard(0, 1e-12, 1e-6, 45, 179.9999, 180, 180.0001, 359.9999, 360),
    range_m=hard(0, 1e-9, 50, 10_000),
    height_m=hard(0, 1e-9, 3, 500),
    tilt_deg=hard(-90, 0, 1e-9, 89.9999, 90),
    vfov_deg=hard(0, 1e-9, 60, 180),
    pixels_h=hard(1, 1920, 100_000),
    online=st.integers(-1, 1),
    task=st.sampled_from([None, "monitor", "inspect"]),
    online_only=st.booleans(),
)
def test_every_beam_can_be_formed(task, online_only, **camera):
    found = beams_of(facts_of(**camera), ViewRules(task=task, online_only=online_only), NOTHING, crs=CRS)
    beams = found.beams
    assert np.isfinite([beams.x, beams.y, beams.azimuth_deg, beams.angle_deg, beams.near_m, beams.far_m]).all()
    assert ((beams.angle_deg > 0) & (beams.angle_deg <= 360)).all()
    assert ((beams.near_m >= 0) & (beams.near_m < beams.far_m) & (beams.far_m <= FARTHEST_M)).all()
    assert len(found) <= 4 and found.certain.sum() <= 1
    assert found.reach_m[0] == beams.far_m.max(initial=0.0)
    certain = found.certain
    if certain.any():  # never without what it takes
        assert camera["kind"] == "panoramic" or camera["hfov_deg"] > 0
        assert camera["range_m"] > 0 or (task and camera["pixels_h"] > 0)
        assert not (online_only and camera["online"] != 1)
        assert beams.angle_deg[certain][0] == 360 or np.isfinite(camera["azimuth_deg"])
