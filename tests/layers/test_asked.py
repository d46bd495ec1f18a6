"""Who sees a place or a line: by hand on a small scene, and lines against places on seeded towns."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from geo.camera_facts import ViewRules
from geo.columns import Snapshot
from layers.asked import along_line, at_point
from layers.sight import Sight, sight
from tests.layers.factory import X0, Y0, layer, snapshot
from tests.layers.seeded import town


def scene() -> Snapshot:
    """A fixed camera at the corner looking east (certain, 60 degrees, 100 m), a dome 200 m further, a house between."""
    house = shapely.MultiPolygon([shapely.box(X0 + 40, Y0 - 10, X0 + 50, Y0 + 10)])
    cameras = layer(
        "cameras", 3, x=[X0, X0 + 200, X0], y=[Y0, Y0, Y0 + 500], id=["fixed", "dome", "off"],
        kind=["fixed", "dome", "fixed"], azimuth_deg=[90.0, np.nan, 0.0], hfov_deg=[60.0, np.nan, 60.0],
        range_m=[100.0, 50.0, 0.0], pixels_h=[1920.0, np.nan, np.nan], height_m=[3.0, np.nan, np.nan],
        tilt_deg=[45.0, np.nan, np.nan], vfov_deg=[30.0, np.nan, np.nan],
    )  # fmt: skip
    return snapshot({"cameras": cameras, "buildings": layer("buildings", 1, geometry=[house], id=["b"])})


@pytest.fixture(scope="module")
def known() -> Sight:
    return sight(scene(), ViewRules())


@pytest.mark.parametrize(
    ("east", "north", "state", "seen", "why"),
    [
        (30, 0, "certain", {"fixed": "certain"}, {"dome": "range", "off": "off"}),
        (1, 0, "blind", {}, {"fixed": "near"}),  # 3 m / tan(60 degrees) = 1.73 m
        (30, 30, "blind", {}, {"fixed": "direction"}),
        (60, 0, "blind", {}, {"fixed": "wall"}),
        (120, 0, "blind", {}, {"fixed": "range", "dome": "range"}),
        (170, 0, "possible", {"dome": "possible"}, {"fixed": "range"}),
        (45, 0, "built", {}, {"fixed": "wall"}),
    ],
)
def test_a_place_by_hand(
    known: Sight, east: float, north: float, state: str, seen: dict[str, str], why: dict[str, str]
) -> None:
    found = at_point(known, X0 + east, Y0 + north)
    ids = known.facts.id
    assert found.state == state
    assert dict(zip(ids[found.seen.rows], found.seen.word, strict=True)) == seen
    assert why.items() <= dict(zip(ids[found.unseen.rows], found.unseen.word, strict=True)).items()
    for part in (found.seen, found.unseen):
        assert (np.diff(part.distance_m) >= 0).all()


def test_distance_bearing_and_density_by_hand(known: Sight) -> None:
    found = at_point(known, X0 + 30, Y0).seen
    assert found.distance_m.tolist() == pytest.approx([30.0])
    assert found.px_per_m.tolist() == pytest.approx([1920 / (2 * 30 * np.tan(np.radians(30)))])
    # Grid north of zone 35 lies 1.8 degrees west of true north here: a camera to the grid's west is at 268.2.
    assert found.bearing_deg.tolist() == pytest.approx([268.2], abs=0.1)


def test_a_line_by_hand(known: Sight) -> None:
    steps = along_line(known, np.array([X0, X0 + 250.0]), np.array([Y0, Y0]))
    found = [(step.state, round(step.from_m, 2), round(step.to_m, 2)) for step in steps]
    # North is not quite up, so the sector's middle is not quite on the line; its near edge is.
    near = 3 / np.tan(np.radians(60))
    assert found == [
        ("blind", 0.0, pytest.approx(near, abs=0.01)),
        ("certain", pytest.approx(near, abs=0.01), 40.0),
        ("built", 40.0, 50.0),
        ("blind", 50.0, 150.0),
        ("possible", 150.0, 250.0),
    ]
    assert [step.certain for step in steps][1] == (0,)


@pytest.mark.parametrize("seed", range(6))
def test_a_line_says_what_its_places_say(seed: int) -> None:
    now = town(seed)
    known = sight(now, ViewRules())
    rng = np.random.default_rng(seed)
    x, y = X0 + rng.uniform(0, 300, 5), Y0 + rng.uniform(0, 300, 5)
    steps = along_line(known, x, y)
    lengths = np.hypot(np.diff(x), np.diff(y))
    starts = np.concatenate([[0], np.cumsum(lengths)])
    assert steps[0].from_m == 0.0
    assert steps[-1].to_m == pytest.approx(starts[-1], abs=1e-3)
    assert [step.from_m for step in steps[1:]] == [step.to_m for step in steps[:-1]]
    for step in steps:
        if step.length_m < 0.5:  # the views' arcs are drawn as chords
            continue
        place = (step.from_m + step.to_m) / 2
        part = int(np.searchsorted(starts, place, side="right")) - 1
        along = (place - starts[part]) / lengths[part]
        found = at_point(known, *(c[part] + along * (c[part + 1] - c[part]) for c in (x, y)))
        assert found.state == step.state
        assert set(found.seen.rows.tolist()) == {*step.certain, *step.possible}


def test_without_cameras_and_buildings_nothing_is_seen() -> None:
    bare = snapshot({"cameras": layer("cameras", 0), "buildings": layer("buildings", 0)})
    known = sight(bare, ViewRules())
    found = at_point(known, X0, Y0)
    assert (found.state, len(found.seen.rows), len(found.unseen.rows)) == ("blind", 0, 0)
    assert [step.state for step in along_line(known, np.array([X0, X0 + 9]), np.array([Y0, Y0]))] == ["blind"]


def test_a_line_that_stands_still_or_turns_back() -> None:
    known = sight(scene(), ViewRules())
    steps = along_line(known, np.array([X0 + 10, X0 + 10, X0 + 30, X0 + 10]), np.array([Y0, Y0, Y0, Y0]))
    assert [(step.state, step.length_m) for step in steps] == [("certain", pytest.approx(40.0))]
