"""What is lost without one camera: the union of all views less the union of the others, camera by camera."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings

from geo.cameras import CameraFacts, ViewRules
from geo.city import compute_city
from geo.fragility import LEAST_M2, fragility, worst_losses
from tests.geo import zoo

CRS = "EPSG:32650"
LEFT, BOTTOM = 440_000.0, 3_540_000.0


def city(rng, cameras=9):
    """Four grids of 50 m, some houses, cameras of which every third looks all round and the others as they please."""
    boxes = [shapely.box(LEFT + 50 * i, BOTTOM + 50 * j, LEFT + 50 * i + 50, BOTTOM + 50 * j + 50)
             for i in range(2) for j in range(2)]  # fmt: skip
    houses = [zoo.wedge(rng, LEFT + rng.uniform(0, 100), BOTTOM + rng.uniform(0, 100), 12) for _ in range(4)]
    unknown = np.full(cameras, np.nan)
    facts = CameraFacts(
        id=np.array([f"c{n}" for n in range(cameras)], dtype=object),
        x=LEFT + rng.uniform(-10, 110, cameras), y=BOTTOM + rng.uniform(-10, 110, cameras),
        kind=np.full(cameras, "fixed", dtype=object),
        azimuth_deg=rng.uniform(0, 360, cameras), azimuth_tolerance_deg=np.where(rng.random(cameras) < 0.5, 10.0, 0.0),
        hfov_deg=np.where(np.arange(cameras) % 3 == 0, 360.0, rng.uniform(30, 120, cameras)),
        range_m=rng.uniform(5, 40, cameras), height_m=unknown, tilt_deg=unknown, vfov_deg=unknown, pixels_h=unknown,
        online=np.ones(cameras, np.int8),
    )  # fmt: skip
    return compute_city(facts, houses, None, np.array(boxes, dtype=object), ViewRules(), crs=CRS)


def losses(made):
    """(cells, cameras) by the definition: what is in view of the open part before, less what is after."""
    views, camera, n = made.views.polygons, made.views.of.camera, len(made.facts.x)
    table = np.zeros((len(made.cells), n))
    for i, free in enumerate(made.cells.free):
        whole = shapely.intersection(free, shapely.union_all(views), grid_size=1e-6)
        for name in range(n):
            rest = shapely.intersection(free, shapely.union_all(views[camera != name]), grid_size=1e-6)
            table[i, name] = whole.area - rest.area
    return table


@settings(max_examples=20)
@given(seed=zoo.seeds)
def test_the_losses_are_those_of_the_definition(seed):
    made = city(np.random.default_rng(seed))
    table = losses(made)
    found = fragility(made.coverage, top=5)
    assert found.loss_m2 == pytest.approx(table.max(axis=1), abs=0.02)
    for i, camera in enumerate(found.loss_camera):
        assert table[i, camera] >= table[i].max() - 0.02 if camera >= 0 else table[i].max() <= 0.02
    total = table.sum(axis=0)
    assert np.diff(found.camera_m2).max(initial=0) <= 0
    assert found.camera_m2 == pytest.approx(total[found.camera], abs=0.05)
    assert len(found.camera) == min(5, (total > LEAST_M2).sum())
    assert found.camera_m2 == pytest.approx(np.sort(total)[::-1][: len(found.camera)], abs=0.05)
    for camera, cells in zip(found.camera, found.cells, strict=True):
        assert {*np.flatnonzero(table[:, camera] > 2 * LEAST_M2)} <= {*cells} <= {*np.flatnonzero(table[:, camera] > 0)}


def test_of_equal_losses_the_first_camera():
    found = worst_losses([4, 9, 2], [0, 0, 0], [100.0, 100.0, 100.0], 1, top=2)
    assert (found.loss_camera.tolist(), found.loss_m2.tolist()) == ([2], [100])
    assert (found.camera.tolist(), found.camera_m2.tolist()) == ([2, 4], [100, 100])


def test_what_rounding_leaves_is_no_loss():
    found = worst_losses([4, 4], [0, 1], [LEAST_M2 / 2, 3.0], 2)
    assert (found.loss_camera.tolist(), found.cells[0].tolist(), found.camera_m2.tolist()) == ([-1, 4], [1], [3])


def test_nothing_at_all():
    found = worst_losses([], [], [], 2)
    assert (found.loss_m2.tolist(), found.loss_camera.tolist(), len(found.camera), found.cells) == (
        [0, 0],
        [-1, -1],
        0,
        [],
    )
