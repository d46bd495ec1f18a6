"""Blind spots by their definition: which there are, in which order, and why; each test by the plain rule."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import shapely
from hypothesis import given, settings

from geo import blindspots as module
from geo.blindspots import BlindSpots, blind_spots, reasons
from geo.obstacles import build_obstacles
from geo.visibility import Beams
from tests.geo import zoo
from tests.geo.test_streets import coverage_of, tilted_cells


def blind(*shapes):
    array = np.empty(len(shapes), dtype=object)
    array[:] = shapes
    return SimpleNamespace(blind=array)


def ragged(rng):
    """Blind areas in which some parts are slivers, and incidents in and beside them."""
    cells, codes = tilted_cells(rng, 0.0)
    area = coverage_of(rng, cells, 0.0)
    combs = []
    for shape in area.blind:
        x, y = rng.uniform(0, 90, 2)
        teeth = [shapely.box(x + 3 * k, y, x + 3 * k + rng.uniform(0.3, 2.9), y + rng.uniform(2, 40)) for k in range(6)]
        cut = shapely.union_all([shapely.difference(shape, shapely.union_all(teeth))])
        combs.append(shapely.MultiPolygon([part for part in shapely.get_parts(cut) if part.geom_type == "Polygon"]))
    x, y = rng.uniform(0, 120, (2, 150))
    return blind(*combs), codes, x, y, rng.integers(-1, 12, 150)


@settings(max_examples=40)
@given(seed=zoo.seeds)
def test_the_spots_and_their_order(seed):
    rng = np.random.default_rng(seed)
    coverage, codes, x, y, cell = ragged(rng)
    cameras = rng.uniform(0, 120, (2, 9))
    least, width = float(rng.choice([0, 10, 40])), float(rng.choice([0.5, 1, 4]))
    expected = []
    for i, shape in enumerate(coverage.blind):
        for part in shapely.get_parts(shape):
            if part.area >= least and not part.buffer(-width / 2).is_empty:
                inside = sum(part.intersects(shapely.Point(a, b)) for a, b, c in zip(x, y, cell, strict=True) if c == i)
                expected.append((-inside, -round(part.area, 2), codes[i], *part.bounds[:2], i, part))
    expected.sort(key=lambda row: row[:5])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_CHUNK", int(rng.integers(1, 9)))
        found = blind_spots(coverage, codes, (x, y, cell), cameras, min_area_m2=least, min_width_m=width)
        some = blind_spots(coverage, codes, (x, y, cell), cameras, min_area_m2=least, min_width_m=width, limit=3)
    assert found.incidents_unseen.tolist() == [-row[0] for row in expected]
    assert found.cell.tolist() == [row[5] for row in expected]
    assert [a.equals(row[6]) for a, row in zip(found.polygons, expected, strict=True)] == [True] * len(expected)
    assert found.blind_m2.tolist() == [row[6].area for row in expected]
    assert shapely.contains_xy(found.polygons, found.x, found.y).all()
    away = np.hypot(found.x[:, None] - cameras[0], found.y[:, None] - cameras[1])
    assert found.nearest_camera.tolist() == away.argmin(axis=1).tolist()
    assert found.nearest_m == pytest.approx(away.min(axis=1))
    for name in vars(found):
        assert (getattr(some, name) == getattr(found, name)[:3]).all()


def test_more_incidents_before_more_area_before_the_lower_code():
    square = shapely.box(0, 0, 10, 10)
    shapes = [square, shapely.box(20, 0, 40, 10), shapely.box(50, 0, 60, 10.0001), shapely.box(70, 0, 80, 10)]
    found = blind_spots(blind(*shapes), ["d", "c", "b", "a"], ([1.0, 5.0], [1.0, 5.0], [0, 0]))
    # The areas of the last two are equal to a hundredth of a square metre.
    assert found.cell.tolist() == [0, 1, 3, 2]
    assert found.incidents_unseen.tolist() == [2, 0, 0, 0]
    pair = shapely.MultiPolygon([shapely.box(20, 0, 30, 10), shapely.box(0, 50, 10, 60), square])
    assert shapely.bounds(blind_spots(blind(pair), ["a"]).polygons)[:, :2].tolist() == [[0, 0], [0, 50], [20, 0]]


@pytest.mark.parametrize(
    ("shape", "is_one"),
    [
        (shapely.box(0, 0, 3, 3), False),  # under 10 m2
        (shapely.box(0, 0, 10, 1), True),  # 10 m2, just 1 m wide
        (shapely.box(0, 0, 100, 0.99), False),  # too narrow however long
        (shapely.Polygon([(0, 0), (40, 0), (40, 40), (39.2, 40), (39.2, 0.8), (0, 0.8)]), False),  # a narrow L
        (shapely.Polygon([(0, 0), (40, 0), (40, 40), (39.1, 40), (39.1, 0.9), (0, 0.9)]), True),  # wide in its corner
        (shapely.Polygon([(0, 0), (40, 0), (40, 3), (38, 3), (38, 0.5), (0, 0.5)]), True),  # a tail with a head
        (shapely.Point(0, 0).buffer(9).difference(shapely.Point(0, 0).buffer(8.1)), False),  # a narrow ring
    ],
)
def test_slivers(shape, is_one):
    found = blind_spots(blind(shape), ["a"])
    assert len(found) == is_one
    if is_one:
        assert shape.exterior.distance(shapely.Point(found.x[0], found.y[0])) >= 0.24


def test_an_incident_on_the_edge_of_two_spots_is_in_the_larger():
    both = shapely.MultiPolygon([shapely.box(0, 0, 5, 5), shapely.box(5, 5, 15, 15)])
    found = blind_spots(blind(both), ["a"], ([5.0], [5.0], [0]))
    assert (found.blind_m2.tolist(), found.incidents_unseen.tolist()) == ([100, 25], [1, 0])


def test_nothing():
    for coverage in (blind(), blind(shapely.Polygon()), blind(None)):
        found = blind_spots(coverage, ["a"] * len(coverage.blind), ([1.0], [1.0], [0]), ([1.0], [1.0]))
        assert len(found) == 0
    found = blind_spots(blind(shapely.box(0, 0, 9, 9)), ["a"])
    assert (found.nearest_camera.tolist(), np.isnan(found.nearest_m).tolist()) == ([-1], [True])
    assert len(blind_spots(blind(shapely.box(0, 0, 9, 9)), ["a"], limit=0)) == 0


def test_of_equally_near_cameras_the_first():
    found = blind_spots(blind(shapely.box(0, 0, 10, 10)), ["a"], cameras=([5, 15, -5, 5], [90, 5, 5, -5]))
    assert found.nearest_camera.tolist() == [1]
    assert found.nearest_m.tolist() == [10]


# Why


def spot_at(x, y):
    """A spot whose place is that."""
    one = np.zeros(1, np.int64)
    place = np.array([float(x)]), np.array([float(y)])
    return BlindSpots(np.empty(1, dtype=object), one, np.zeros(1), one, *place, one, np.zeros(1))


def beams(*rows):
    """Camera, x, y, azimuth, angle, near, far; of unknown height."""
    camera, *columns = np.array(rows, dtype=float).reshape(-1, 7).T
    return SimpleNamespace(camera=camera.astype(int), beams=Beams(*columns, np.full(len(camera), np.nan)))


WALL = build_obstacles([shapely.box(-5, 10, 5, 11)])
NORTH = (7, 0, 0, 0, 90, 2, 50)


@pytest.mark.parametrize(
    ("place", "rows", "why", "camera"),
    [
        ((0, 20), [NORTH], "wall", 7),
        ((20, 0), [NORTH], "direction", 7),
        ((0, 1), [NORTH], "near", 7),
        ((0, 100), [NORTH], "range", 7),  # just twice the reach
        ((0, 100.1), [NORTH], "no_camera", -1),
        ((0, 20), [], "no_camera", -1),
        # The camera that comes closest to seeing it is not the nearest.
        ((0, 20), [(1, 0, 30, 0, 90, 0, 50), (2, 0, -5, 0, 90, 0, 50)], "wall", 2),
        ((0, 60), [(1, 0, 75, 0, 360, 0, 10), (2, 40, 60, 90, 90, 0, 50)], "direction", 2),
        # Of two with the same answer the nearer.
        ((0, 60), [(1, 0, 0, 0, 90, 0, 50), (2, 0, 120, 0, 90, 0, 50), (3, 0, 115, 0, 90, 0, 50)], "range", 3),
        # The beams of one camera: what is near for the ring beyond is behind a wall for the sector.
        ((0, 20), [(4, 0, 0, 0, 90, 0, 30), (4, 0, 0, 0, 90, 30, 60)], "wall", 4),
        ((0, 40), [(4, 0, 0, 0, 90, 0, 30), (4, 0, 0, 0, 90, 30, 60)], "wall", 4),
        # On the true arc and beyond the chord: the edge of reach.
        ((30, 0), [(5, 0, 0, 90, 90, 0, 30)], "range", 5),
    ],
)
def test_why(place, rows, why, camera):
    found, which = reasons(spot_at(*place), beams(*rows), WALL, target_height_m=1.6)
    assert (found.tolist(), which.tolist()) == ([why], [camera])


def test_only_the_nearest_are_asked():
    """Ten that do not reach stand nearer than one that is only hidden by a wall."""
    rows = [(k, k, 35, 0, 360, 0, 12) for k in range(10)] + [(10, 0, 0, 0, 90, 0, 50)]
    assert reasons(spot_at(0, 20), beams(*rows), WALL, target_height_m=1.6)[0].tolist() == ["range"]
    assert reasons(spot_at(0, 20), beams(*rows[1:]), WALL, target_height_m=1.6)[0].tolist() == ["wall"]


def test_some_spots():
    spots = BlindSpots(*([np.empty(3, dtype=object)] + [np.zeros(3, np.int64)] * 3), np.array([0.0, 20, 0]),
                       np.array([20.0, 0, 300]), np.zeros(3, np.int64), np.zeros(3))  # fmt: skip
    found, which = reasons(spots, beams(NORTH), WALL, target_height_m=1.6, rows=[2, 0])
    assert (found.tolist(), which.tolist()) == (["no_camera", "wall"], [-1, 7])
