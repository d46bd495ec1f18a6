"""How much private ground cameras see: closed forms to 1 %, an oracle of plain shapely, and what takes it away."""

from __future__ import annotations

from itertools import pairwise
from math import acos, atan2, degrees, hypot, pi, radians, tan
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.camera_facts import CameraFacts, ViewRules
from geo.cameras import beams_of
from geo.exposure import NONE_M2, Exposure, expose, masked, seen_zones
from geo.exposure_turn import GONE_M2, MOST_LOSS, Masks, Remedies, remedies
from geo.obstacles import build_obstacles
from geo.private import FORBIDDEN, STRIP_M, Private, in_pieces, is_kind, private_ground
from geo.view import camera_view
from geo.views import Views, views_of
from tests.geo.cameras import CRS, X, Y, facts_of

NO_MASKS = Masks(np.zeros(0, dtype=object), np.zeros(0, np.int64))
RULES = ViewRules()
WITHIN = 0.01


def box(x0: float, y0: float, x1: float, y1: float) -> shapely.Polygon:
    """A rectangle about the camera."""
    return shapely.box(X + x0, Y + y0, X + x1, Y + y1)


def ground(*zones: shapely.Geometry, kind: str = "garden") -> Private:
    return private_ground(list(zones), [kind] * len(zones), [])


def seen(facts: CameraFacts, private: Private, buildings: list[shapely.Geometry] | None = None) -> Exposure:
    return expose(look(facts, buildings), facts, private)


def look(facts: CameraFacts, buildings: list[shapely.Geometry] | None = None) -> Views:
    solid = build_obstacles(buildings or [])
    return views_of(beams_of(facts, RULES, solid, crs=CRS), solid, target_height_m=1.6)


def north(hfov: float = 90.0, **more: Any) -> CameraFacts:
    return facts_of(**{"kind": "fixed", "azimuth_deg": 0.0, "hfov_deg": hfov, "range_m": 50.0, **more})


@pytest.mark.parametrize(
    ("facts", "zone", "m2"),
    [
        (north(), box(-5, 20, 5, 30), 100.0),  # inside
        (north(azimuth_deg=45.0), box(-10, 10, 10, 20), 100.0),  # halved by an edge of the view
        (north(), box(-100, -100, 100, 100), pi / 4 * 50**2),  # all of it
        (facts_of(kind="panoramic", range_m=50.0), box(-100, 30, 100, 100), 50**2 * acos(0.6) - 30 * 40),  # a segment
        (north(60.0), box(-2, -30, 2, -10), 0.0),  # behind it
        (north(), box(-50, 0, 50, 10), 100.0),  # a triangle
    ],
)
def test_a_sector_on_a_rectangle(facts: CameraFacts, zone: shapely.Polygon, m2: float) -> None:
    found = seen(facts, ground(zone))
    assert found.certain_m2[0] == pytest.approx(m2, rel=WITHIN, abs=1e-6)
    assert found.possible_m2[0] == 0
    assert found.exposed[0] == (m2 > 0)


def test_what_is_not_known_of_the_direction_makes_it_possible() -> None:
    facts = north(60.0, azimuth_tolerance_deg=10.0)
    found = seen(facts, ground(box(-100, -100, 100, 100)))
    assert found.certain_m2[0] == pytest.approx(40 / 360 * pi * 50**2, rel=WITHIN)
    assert found.possible_m2[0] == pytest.approx(40 / 360 * pi * 50**2, rel=WITHIN)
    assert found.view_certain_m2[0] == pytest.approx(found.certain_m2[0], rel=WITHIN)


def test_pixel_classes_are_rings() -> None:
    facts = north(pixels_h=1920.0)
    found = seen(facts, ground(box(-100, -100, 100, 100)))
    reach = [50.0, 50.0, 38.4, 15.36, 7.68, 3.84, 0.96, 0.0]
    rings = [pi / 4 * (far**2 - near**2) for far, near in pairwise(reach)]
    assert found.classes == ("monitor", "detect", "observe", "recognise", "identify", "inspect")
    assert found.by_class_m2[0, :-1] == pytest.approx(rings, rel=WITHIN, abs=1e-6)
    assert found.by_class_m2[0, -1] == 0
    unknown = seen(north(), ground(box(-5, 20, 5, 30)))
    assert unknown.by_class_m2[0].tolist() == [0] * 7 + [pytest.approx(100, rel=WITHIN)]


def test_before_a_dwelling_the_strip_along_its_walls_is_private() -> None:
    """Of the front all, of the sides what is seen past the corners: two triangles of 4 m2."""
    house = box(-10, 20, 10, 30)
    private = private_ground([box(-50, 0, 50, 60)], ["residential"], [house, box(-10, -40, 10, -30)])
    assert private.dwellings.tolist() == [0]
    found = seen(north(), private, [house])
    assert found.certain_m2[0] == pytest.approx(24 * STRIP_M + 8, rel=WITHIN)
    by_kind = private_ground([], [], [house], ["apartments"])
    assert seen(north(), by_kind, [house]).certain_m2[0] == pytest.approx(56, rel=WITHIN)
    assert len(private_ground([], [], [house], ["office"])) == 0


def test_private_places_that_overlap_count_once() -> None:
    found = seen(north(), ground(box(-5, 20, 5, 30), box(-5, 25, 5, 35), box(-5, 20, 5, 30)))
    assert found.certain_m2[0] == pytest.approx(150, rel=WITHIN)


def test_pieces_are_the_ground_and_disjoint() -> None:
    shapes = np.array([box(-200, -3, 300, 90), box(10, 10, 20, 20), box(50, 50, 70, 400)], dtype=object)
    pieces = in_pieces(shapes)
    assert shapely.area(pieces).sum() == pytest.approx(shapely.union_all(shapes).area, rel=1e-9)
    assert shapely.union_all(pieces).area == pytest.approx(shapely.area(pieces).sum(), rel=1e-9)


def test_a_mask_takes_off_what_it_hides() -> None:
    facts, private = (
        facts_of(kind="fixed", azimuth_deg=[0.0, 0.0], hfov_deg=90.0, range_m=50.0),
        ground(box(-5, 20, 5, 30)),
    )
    views = look(facts)
    own = masked(views, [box(-5, 18, 0, 32)], [1])
    assert expose(own, facts, private).certain_m2 == pytest.approx([100, 50], rel=WITHIN)
    everybody = masked(views, [box(-6, 18, 6, 32)], [-1])
    found = expose(everybody, facts, private)
    assert found.certain_m2.max() == 0
    assert found.view_certain_m2 == pytest.approx([pi / 4 * 2500 - 12 * 14] * 2, rel=WITHIN)


def test_kinds_are_read_without_case_and_signs() -> None:
    kinds = np.array(["Changing Room", "nursing-room", "更衣室", "park", None, " TOILETS "], dtype=object)
    assert is_kind(kinds, FORBIDDEN).tolist() == [True, True, True, False, False, True]


def test_zones_in_view_are_named() -> None:
    zones = np.array([box(-5, 20, 5, 30), box(-5, -30, 5, -20), shapely.Point(X, Y + 10)], dtype=object)
    camera, zone = seen_zones(look(north()), zones)
    assert (camera.tolist(), zone.tolist()) == ([0, 0], [0, 2])


def advice(
    facts: CameraFacts, private: Private, buildings: list[shapely.Geometry] | None = None, masks: Masks = NO_MASKS
) -> Remedies:
    solid = build_obstacles(buildings or [])
    views = masked(look(facts, buildings), masks.polygons, masks.camera)
    return remedies(facts, np.arange(len(facts)), views, private, masks, RULES, solid, crs=CRS)


def test_the_smallest_turn_and_what_else_helps() -> None:
    """The view ends at 30 degrees; the left corner of the garden lies at atan(10 / 22)."""
    facts, zone = north(60.0), box(10, 20, 12, 22)
    found = advice(facts, ground(zone))
    left = degrees(atan2(10, 22))
    assert found.turn_deg[0] == pytest.approx(left - 30, abs=0.1)
    assert found.turn_loss[0] <= 0.001
    assert found.hfov_deg[0] == pytest.approx(2 * left, abs=0.2)
    assert found.hfov_loss[0] == pytest.approx(1 - left / 30, abs=0.005)
    assert found.range_m[0] == pytest.approx(hypot(10, 20), rel=0.001)
    assert found.range_loss[0] == pytest.approx(1 - 500 / 2500, rel=WITHIN)
    assert found.mask_from_deg[0] == pytest.approx(left, abs=0.1)
    assert found.mask_to_deg[0] == pytest.approx(30, abs=0.1)
    assert 0 < found.mask_loss[0] < 0.1


EDGE = box(10, 17, 12, 10 / tan(radians(29)))  # its left corner lies at 29 degrees, the view ends at 30
SECTOR = pi / 360 * 50**2  # square metres of a degree of the view


def beside(azimuth: float, hfov: float) -> CameraFacts:
    """The camera that looks north over 60 degrees, and another one at its place."""
    return facts_of(kind="fixed", azimuth_deg=[0.0, azimuth], hfov_deg=[60.0, hfov], range_m=50.0)


def test_the_loss_of_a_turn_is_what_no_camera_sees_any_more() -> None:
    """Another camera sees all that the turn would gain: the degree that is given up is lost to all."""
    private = float(seen(north(60.0), ground(EDGE)).certain_m2[0])
    found = advice(beside(300.0, 60.0), ground(EDGE))
    turn = -found.turn_deg[0]
    assert turn == pytest.approx(1.0, abs=0.11)
    assert found.turn_loss[0] == pytest.approx((turn * SECTOR - private) / (60 * SECTOR - private), rel=WITHIN)
    alone = advice(north(60.0), ground(EDGE))
    assert alone.turn_loss[0] == pytest.approx(-private / (60 * SECTOR - private), rel=0.05, abs=2e-4)


def test_a_turn_that_only_gives_up_what_nobody_else_sees_is_none() -> None:
    """5.6 of 60 degrees are more than may be lost: allowed where as much other ground is gained, not where none is."""
    zone = ground(box(10, 20, 12, 22))
    assert np.isfinite(advice(north(60.0), zone).turn_deg[0])
    assert np.isnan(advice(beside(180.0, 300.0), zone).turn_deg[0])  # all round about is seen by the other one


def test_ground_that_another_camera_sees_as_well_is_not_lost() -> None:
    zone = ground(box(10, 20, 12, 22))
    found = advice(beside(30.0, 20.0), zone)
    turn = -found.turn_deg[0]
    private = float(seen(north(60.0), zone).certain_m2[0])
    assert turn == pytest.approx(30 - degrees(atan2(10, 22)), abs=0.11)
    assert found.turn_loss[0] == pytest.approx(-turn * SECTOR / (60 * SECTOR - private), rel=WITHIN)
    assert found.mask_loss[0] == pytest.approx(0, abs=1e-6)
    assert found.hfov_loss[0] == pytest.approx(turn * SECTOR / (60 * SECTOR - private), rel=WITHIN)
    half = advice(beside(0.0, 60.0), zone)  # both see the same
    assert half.range_loss[0] == pytest.approx(0, abs=1e-6) and half.hfov_loss[0] == pytest.approx(0, abs=1e-6)


def test_walls_let_a_turn_be_where_another_camera_sees_what_it_gives_up() -> None:
    walls = [box(-40, 3, -2, 4), box(2, 3, 40, 4), box(-40, -4, 40, -3)]
    private = ground(box(1, 20, 4, 30))
    across = {"azimuth_deg": [0.0, 180.0], "hfov_deg": [40.0, 170.0], "range_m": [50.0, 56.0]}
    facts = facts_of(y=[Y, Y + 60.0], kind="fixed", **across)
    assert np.isnan(advice(facts.take([0]), private, walls).turn_deg[0])
    assert advice(facts, private, walls).turn_loss[0] <= MOST_LOSS


@pytest.mark.parametrize(("masks", "left"), [("20-40", 50 / 60), ("350-10", 40 / 60), ("0-360", 0.0), ("100-200", 1.0)])
def test_a_masked_sector_is_not_seen(masks: str, left: float) -> None:
    """A garden that fills the view: as much of it is seen as the mask leaves."""
    facts = north(60.0, masks=masks)
    found = seen(facts, ground(box(-100, -100, 100, 100)))
    assert found.certain_m2[0] == pytest.approx(left * 60 * SECTOR, rel=WITHIN)
    assert found.view_certain_m2[0] == pytest.approx(left * 60 * SECTOR, rel=1e-9)


def test_with_the_mask_that_was_advised_nothing_private_is_seen() -> None:
    zone = ground(box(10, 20, 12, 22))
    told = advice(north(60.0), zone)
    masks = f"{told.mask_from_deg[0]:.1f}-{told.mask_to_deg[0]:.1f}"
    facts = north(60.0, masks=masks)
    assert not seen(facts, zone).exposed[0]
    lost = 1 - look(facts).area_m2[look(facts).of.camera == 0].sum() / (60 * SECTOR)
    private = float(seen(north(60.0), zone).certain_m2[0])
    assert told.mask_loss[0] == pytest.approx((lost * 60 * SECTOR - private) / (60 * SECTOR - private), abs=0.003)


def test_a_turned_camera_keeps_its_masks() -> None:
    """What a turn by a degree would look at is private, and masked: it is allowed, and gains nothing there."""
    beyond = box(-20.6, 34.6, -20.3, 34.8)  # from 30.3 to 30.8 degrees left of north
    zones, private = ground(EDGE, beyond), float(seen(north(60.0), ground(EDGE)).certain_m2[0])
    assert abs(advice(north(60.0), zones).turn_deg[0]) > 2
    found = advice(north(60.0, masks="329-330"), zones)
    turn = -found.turn_deg[0]
    assert turn == pytest.approx(1.0, abs=0.11)
    lost = SECTOR * (turn - max(turn - 1.0, 0.0)) - private  # a tenth beyond the mask is gained again
    assert found.turn_loss[0] == pytest.approx(lost / (60 * SECTOR - private), rel=WITHIN)


def test_where_every_turn_sees_private_ground_there_is_none() -> None:
    ring = shapely.difference(box(-30, -30, 30, 30), box(-20, -20, 20, 20))
    assert np.isnan(advice(north(60.0), ground(ring)).turn_deg[0])


def test_a_turn_that_loses_more_is_none() -> None:
    """Walls left and right of the view: every turn looks at them."""
    walls = [box(-40, 3, -2, 4), box(2, 3, 40, 4), box(-40, -4, 40, -3)]
    private = ground(box(1, 20, 4, 30))
    found = advice(north(40.0), private, walls)
    assert np.isnan(found.turn_deg[0])
    assert found.mask_loss[0] < 0.5


@pytest.mark.parametrize("kind", ["ptz", "panoramic"])
def test_what_looks_all_round_needs_a_mask(kind: str) -> None:
    found = advice(facts_of(kind=kind, azimuth_deg=0.0, hfov_deg=60.0, range_m=50.0) if kind == "ptz" else
                   facts_of(kind=kind, range_m=50.0), ground(box(-3, -30, 3, -20)))  # fmt: skip
    assert np.isnan(found.turn_deg[0]) and np.isnan(found.hfov_deg[0])
    half = degrees(atan2(3, 20))
    assert found.mask_from_deg[0] == pytest.approx(180 - half, abs=0.11)
    assert found.mask_to_deg[0] == pytest.approx(180 + half, abs=0.11)


Squares = list[tuple[int, int, int]]

scenes = st.tuples(
    st.floats(0, 359), st.floats(20, 120),
    st.lists(st.tuples(st.integers(-40, 40), st.integers(-40, 40), st.integers(2, 8)), min_size=1, max_size=4),
    st.lists(st.tuples(st.integers(-35, 35), st.integers(-35, 35), st.integers(3, 12)), max_size=3),
)  # fmt: skip


@settings(max_examples=40)
@given(scenes)
def test_against_plain_shapely(
    scene: tuple[float, float, Squares, Squares],
) -> None:
    """Exposure, and that the turn works and no whole degree below it does, by the definition of a view."""
    azimuth, hfov, squares, houses = scene
    solids = [box(x, y, x + size, y + size) for x, y, size in houses]
    solids = [solid for solid in solids if solid.distance(shapely.Point(X, Y)) > 1]
    zones = [box(x, y, x + size, y + size) for x, y, size in squares]
    facts, union = north(hfov, azimuth_deg=azimuth), shapely.union_all(zones)

    def private_and_other(at: float) -> tuple[float, float]:
        view = camera_view(X, Y, solids, range_m=50.0, azimuth_deg=at, hfov_deg=hfov)
        inside = shapely.intersection(view, union, grid_size=1e-6).area
        return inside, view.area - inside

    found = seen(facts, ground(*zones), solids)
    inside, other = private_and_other(azimuth)
    assert found.certain_m2[0] == pytest.approx(inside, rel=WITHIN, abs=0.01)
    if not found.exposed[0]:
        return
    told = float(advice(facts, ground(*zones), solids).turn_deg[0])
    slack = 0.005 * other  # chords of the arcs
    if np.isfinite(told):
        after, kept = private_and_other(azimuth + told)
        assert after <= NONE_M2
        assert kept >= (1 - MOST_LOSS) * other - slack
    for size in np.arange(1.0, abs(told) - 0.2 if np.isfinite(told) else 180.0, 4.0):
        for turn in (size, -size):
            after, kept = private_and_other(azimuth + turn)
            assert after > GONE_M2 / 2 or kept < (1 - MOST_LOSS) * other + slack
