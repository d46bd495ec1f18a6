"""What is lost without one camera: the union of all views less the union of the others, camera by camera."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import shapely
from hypothesis import given, settings

from geo.fragility import fragility, worst_losses
from geo.multiplicity import count_cameras
from tests.geo import zoo
from tests.geo.test_multiplicity import bound, scene


def losses(areas, views, camera):
    """(cells, cameras) by the definition: what the grid has in view, before and after."""
    names = np.unique(camera)
    table = np.zeros((len(areas), len(names)))
    for i, area in enumerate(areas):
        whole = shapely.intersection(area, shapely.union_all(views))
        for k, name in enumerate(names):
            rest = shapely.intersection(area, shapely.union_all(views[camera != name]))
            table[i, k] = 0.0 if area is None else whole.area - rest.area
    return names, table


@settings(max_examples=30)
@given(seed=zoo.seeds)
def test_the_losses_are_those_of_the_definition(seed):
    areas, views, camera, certain = scene(seed)
    names, table = losses(areas, views, camera)
    found = worst_losses(views, camera, areas, count_cameras(areas, views, camera, certain), top=5)
    total = table.sum(axis=0)
    assert np.diff(found.camera_m2).max(initial=0) <= 0
    for name, lost, cells in zip(found.camera, found.camera_m2, found.cells, strict=True):
        column = int(np.searchsorted(names, name))
        assert lost == pytest.approx(total[column], abs=1e-3)
        assert set(np.flatnonzero(table[:, column] > 1e-3)) <= set(cells.tolist())
        assert set(np.flatnonzero(table[:, column] > -1e-3)) >= set(cells.tolist())
    assert found.camera_m2 == pytest.approx(np.sort(total[total > 1e-6])[::-1][:5], abs=1e-3)
    for i, area in enumerate(areas):
        most = 0.0 if area is None or area.is_empty else bound(area, views, 1.0)
        assert found.loss_m2[i] == pytest.approx(table[i].max(), abs=most)
        if found.loss_camera[i] >= 0:
            assert table[i, np.searchsorted(names, found.loss_camera[i])] >= table[i].max() - 2 * most
        else:
            assert found.loss_m2[i] == 0


def test_of_equal_losses_the_first_camera():
    cell = shapely.box(0, 0, 30, 10)
    views = [shapely.box(20, 0, 30, 10), shapely.box(0, 0, 10, 10), shapely.box(10, 0, 20, 10)]
    found = worst_losses(views, [4, 9, 2], [cell], count_cameras([cell], views, [4, 9, 2], [True] * 3), top=2)
    assert (found.loss_camera.tolist(), found.loss_m2.tolist()) == ([2], [100])
    assert (found.camera.tolist(), found.camera_m2.tolist()) == ([2, 4], [100, 100])


def test_two_that_see_the_same_are_no_loss_and_two_beams_of_one_are():
    cell = shapely.box(0, 0, 10, 10)
    both = worst_losses([cell, cell], [0, 1], [cell], count_cameras([cell], [cell, cell], [0, 1], [True, False]))
    assert (both.loss_m2.tolist(), both.loss_camera.tolist(), both.camera.tolist()) == ([0], [-1], [])
    one = worst_losses([cell, cell], [1, 1], [cell], count_cameras([cell], [cell, cell], [1, 1], [True, False]))
    assert (one.loss_m2.tolist(), one.loss_camera.tolist(), one.camera_m2.tolist()) == ([100], [1], [100])


def test_what_lies_outside_the_cells_is_no_loss():
    cell, view = shapely.box(0, 0, 10, 10), shapely.box(5, 0, 50, 10)
    found = worst_losses([view], [0], [cell, None], count_cameras([cell, None], [view], [0], [True]))
    assert found.camera_m2.tolist() == [50]
    assert found.cells[0].tolist() == [0]
    assert found.loss_m2.tolist() == [50, 0]


def test_nothing_at_all():
    found = worst_losses([], [], [], count_cameras([], [], [], []))
    assert len(found.loss_m2) == len(found.camera) == len(found.cells) == 0


def test_of_views_and_cells():
    cell = shapely.box(0, 0, 10, 10)
    views = np.array([cell, None], dtype=object)
    of = SimpleNamespace(camera=np.array([3, 4]), certain=np.array([True, True]))
    measured = count_cameras([cell], views, of.camera, of.certain)
    found = fragility(SimpleNamespace(polygons=views, of=of), SimpleNamespace(free=np.array([cell])), measured)
    assert (found.camera.tolist(), found.camera_m2.tolist()) == ([3], [100])
