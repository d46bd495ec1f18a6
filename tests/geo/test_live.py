"""However grids come, move and go, the live index answers as the bulk locator and the oracle do."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import shapely
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from geo.assign import assign
from geo.errors import HierarchyError
from geo.live import GridIndex
from tests import oracles
from tests.geo import zoo

CODES = st.sampled_from([f"{n}" for n in range(12)])


class Grids(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.index = GridIndex()
        self.model = {}

    def shape(self, seed):
        rng = np.random.default_rng(seed)
        shapes = zoo.mosaic(rng, 9, 0.0, True)
        return shapes[int(rng.integers(len(shapes)))] if len(shapes) else shapely.Polygon()

    @rule(code=CODES, seed=zoo.seeds)
    def insert(self, code, seed):
        shape = self.shape(seed)
        if code in self.model:
            with pytest.raises(HierarchyError):
                self.index.insert(code, shape)
        else:
            self.index.insert(code, shape)
            self.model[code] = shape

    @rule(code=CODES)
    def delete(self, code):
        if code in self.model:
            self.index.delete(code)
            del self.model[code]
        else:
            with pytest.raises(HierarchyError):
                self.index.delete(code)

    @rule(code=CODES, seed=zoo.seeds)
    def move(self, code, seed):
        if code in self.model:
            self.model[code] = self.shape(seed)
            self.index.move(code, self.model[code])
        else:
            with pytest.raises(HierarchyError):
                self.index.move(code, shapely.box(0, 0, 1, 1))

    @precondition(lambda self: self.model)
    @rule(seed=zoo.seeds)
    def locate(self, seed):
        polygons = np.array(list(self.model.values()), dtype=object)
        codes = list(self.model)
        xy = np.round(zoo.hard_points(np.random.default_rng(seed), polygons, 10, 0.0))[:60]
        bulk = assign(xy[:, 0], xy[:, 1], polygons, codes)
        for (x, y), found in zip(xy, bulk, strict=True):
            expected = oracles.locate(x, y, self.model)
            assert self.index.locate(x, y) == expected
            assert (codes[found] if found >= 0 else None) == expected

    @invariant()
    def same_codes(self):
        assert len(self.index) == len(self.model)
        assert all(code in self.index for code in self.model)


Grids.TestCase.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
TestGrids = Grids.TestCase


def test_readers_never_see_a_moving_grid_gone():
    index = GridIndex()
    index.insert("a", shapely.box(0, 0, 10, 10))
    answers, stop = set(), threading.Event()

    def read():
        while not stop.is_set():
            answers.add(index.locate(5, 5))

    reader = threading.Thread(target=read)
    reader.start()
    for k in range(300):
        index.move("a", shapely.box(-k, -k, 10 + k, 10 + k))
    stop.set()
    reader.join()
    assert answers == {"a"}
