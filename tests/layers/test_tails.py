"""A result worked out for the added incidents only equals the one worked out for all of them."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.columns import Codes, LayerColumns, Snapshot, freeze
from geo.local_time import local_time
from layers.joins import assigned, local_times
from layers.memo import Memo, begins
from layers.tails import Tails
from store.growth import Growth

STEPS = st.lists(st.one_of(st.integers(1, 12), st.just(6_000)), min_size=1, max_size=6)


class Feed:
    """Snapshots of a town whose incidents grow as those of a store do."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.growth = Growth()
        boxes = [shapely.box(100 * i, 100 * j, 100 * i + 100, 100 * j + 100) for i in range(4) for j in range(4)]
        codes = np.array([f"g{index}" for index in range(16)], dtype=object)
        columns = {"code": codes, "level": Codes(("grid",), np.zeros(16, dtype=np.int32))}
        self.grids = LayerColumns("grids", 1, np.arange(16), MappingProxyType(columns), np.array(boxes, dtype=object))
        self.arrays = {name: freeze(part) for name, part in self.rows(0, 5).items()}
        self.revision = 1
        self.last: LayerColumns | None = None

    def rows(self, start: int, count: int) -> dict[str, np.ndarray]:
        place = np.round(self.rng.random((2, count)) * 450) - 20  # many on borders
        when = np.datetime64("2024-03-01", "ms") + self.rng.integers(0, 10**10, count).astype("m8[ms]")
        return {"fid": np.arange(start, start + count), "x": place[0], "y": place[1], "t": when}

    def add(self, count: int) -> None:
        more = self.rows(len(self.arrays["fid"]), count)
        self.arrays = {name: self.growth.extend(name, self.arrays[name], part) for name, part in more.items()}
        self.revision += 1

    def snapshot(self) -> Snapshot:
        a = self.arrays
        columns = MappingProxyType({"occurred_at": a["t"]})
        incidents = LayerColumns("incidents", self.revision, a["fid"], columns, None, a["x"], a["y"])
        self.last = incidents if self.last is None else incidents.after(self.last)
        layers = MappingProxyType({"grids": self.grids, "incidents": incidents})
        return Snapshot(self.revision, "EPSG:32635", "Europe/Helsinki", layers)


def located(snapshot: Snapshot) -> list[int]:
    """The oracle: GEOS, one point at a time, the lowest code of those that touch it."""
    grids, incidents = snapshot["grids"], snapshot["incidents"]
    order = sorted(range(16), key=lambda row: grids.text("code")[row])
    points = shapely.points(incidents.x, incidents.y)
    touch = np.array([shapely.intersects(grids.geometry[row], points) for row in order])
    return [order[int(np.argmax(column))] if column.any() else -1 for column in touch.T]


@pytest.mark.parametrize("keep", [True, False])
@given(seed=st.integers(0, 10**6), steps=STEPS)
@settings(max_examples=15, deadline=None)
def test_the_assignment_and_the_clock_follow_what_is_added(keep: bool, seed: int, steps: list[int]) -> None:
    feed, held = Feed(seed), []
    for count in steps:
        snapshot = feed.snapshot()
        assert assigned(snapshot, "grid").index.tolist() == located(snapshot)
        want = local_time(snapshot["incidents"].columns["occurred_at"], "Europe/Helsinki")
        assert np.array_equal(local_times(snapshot).hour, want.hour)
        assert np.array_equal(local_times(snapshot).day, want.day)
        held += [(snapshot, located(snapshot))] if keep else []
        feed.add(count)
    for snapshot, want_index in held:  # whoever still holds an earlier revision sees what it showed
        assert assigned(snapshot, "grid").index.tolist() == want_index


def test_only_the_added_rows_are_worked_out() -> None:
    feed, asked = Feed(1), []
    tails = Tails(2)

    def work(part: slice) -> tuple[np.ndarray, ...]:
        asked.append((part.start, part.stop))
        return (np.arange(part.start, part.stop),)

    for count in (1, 3, 2, 0):
        snapshot = feed.snapshot()["incidents"]
        assert tails.get(snapshot, (), "key", work)[0].tolist() == list(range(len(snapshot)))
        feed.add(count)
    assert asked == [(0, 5), (5, 6), (6, 9), (9, 11)]


def test_rows_that_were_written_anew_are_no_beginning() -> None:
    feed = Feed(2)
    old = feed.snapshot()["incidents"]
    feed.add(2)
    feed.last = None
    assert not begins(old, feed.snapshot()["incidents"])
    assert begins(old, old)
    feed.add(1)
    assert not begins(replace(feed.last, columns={}), feed.snapshot()["incidents"])


def test_of_incidents_that_grow_only_the_newest_results_are_kept() -> None:
    feed, memo = Feed(1), Memo(32)
    other = feed.snapshot()["incidents"]
    for number in range(10):
        feed.add(3_000)  # the columns move now and then
        owners = (feed.grids, feed.snapshot()["incidents"])
        for key in ("a", "b"):
            assert memo.get(owners, key, lambda number=number: number) == number
    memo.get((feed.grids, other), "c", lambda: "another key stays")
    assert len(memo) == 2 * 2 + 1
    assert memo.kept(owners, "a") == 9
    assert memo.kept((feed.grids, other), "c") == "another key stays"
