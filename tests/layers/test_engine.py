"""The engine: what follows single changes equals starting anew, what is kept is bounded and is of the right state."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
import shapely

from geo.camera_facts import CameraFacts, ViewRules
from geo.columns import Codes, Snapshot
from geo.parallel import Cancelled
from layers import engine as engines
from layers.base import Params
from layers.complete import Complete, Slot
from layers.engine import Engine, compute
from layers.fingerprint import CAMERA_FACTS, mark
from layers.measures import MEASURES, measure
from tests.layers.seeded import changed, moved, town, without

SLOT = Slot("grid", ViewRules())


def same(left: Complete, right: Complete, snapshot: Snapshot) -> None:
    """Assert that two results say the same of every grid, street, incident and place."""
    assert (left.slot, left.mark, left.codes.tolist()) == (right.slot, right.mark, right.codes.tolist())
    for name in ("area_m2", "built_m2", "open_m2", "certain_m2", "possible_m2", "blind_m2"):
        assert np.allclose(getattr(left.city.coverage, name), getattr(right.city.coverage, name), atol=1e-6), name
    assert np.allclose(left.city.coverage.seen_by_m2, right.city.coverage.seen_by_m2, atol=1e-6)
    lost = [found.fragility() for found in (left, right)]
    assert np.allclose(lost[0].loss_m2, lost[1].loss_m2, atol=1e-6)
    assert np.array_equal(lost[0].loss_camera, lost[1].loss_camera)
    measured = [measure(found, snapshot, Params()) for found in (left, right)]
    for name in MEASURES:
        assert np.allclose(getattr(measured[0], name), getattr(measured[1], name), atol=1e-6), name
    assert left.city.facts.id.tolist() == right.city.facts.id.tolist()


def test_every_fact_that_views_depend_on_is_part_of_the_state() -> None:
    read = {field.name for field in fields(CameraFacts)} - {"x", "y"}
    assert read == set(CAMERA_FACTS)


@pytest.mark.parametrize("seed", range(4))
def test_following_changes_equals_starting_anew(seed: int) -> None:
    now, engine = town(seed), Engine()
    measure(engine.compute(now, SLOT), now, Params())  # so that streets and incidents are followed too
    houses = now["buildings"].geometry
    assert houses is not None
    other = houses.copy()
    other[3] = shapely.transform(other[3], lambda xy: xy + 4.0)
    for change in (
        lambda was: moved(was, 3),
        lambda was: without(was, "cameras", [1, 5]),
        lambda was: changed(was, "buildings", replace(was["buildings"], geometry=other)),
        lambda was: moved(without(was, "buildings", [0]), 2),
    ):
        now = change(now)
        same(engine.compute(now, SLOT), compute(now, *SLOT[:2]), now)


def test_other_rules_share_what_does_not_depend_on_them() -> None:
    now, engine = town(1), Engine()
    first = engine.compute(now, SLOT)
    other = Slot("grid", ViewRules(task="detect"))
    second = engine.compute(now, other)
    assert second.city.obstacles is first.city.obstacles
    assert second.city.cells is first.city.cells
    same(second, compute(now, *other[:2]), now)


def test_a_result_is_complete_for_one_state_only() -> None:
    now, engine = town(2), Engine()
    assert engine.get(now, SLOT) is None
    assert engine.latest(SLOT) is None
    found = engine.compute(now, SLOT)
    assert engine.get(now, SLOT) is found
    later = moved(now, 0)
    assert engine.get(later, SLOT) is None
    assert engine.latest(SLOT) is found
    assert engine.get(later, Slot("grid", ViewRules(online_only=True))) is None


def test_what_was_only_written_again_is_the_same_state() -> None:
    now = town(3)
    again = changed(now, "cameras", replace(now["cameras"], x=now["cameras"].x.copy()))  # type: ignore[union-attr]
    renamed = changed(now, "cameras", replace(now["cameras"], columns={
        **now["cameras"].columns, "name": np.array(["other"] * len(now["cameras"]), dtype=object)}))  # fmt: skip
    assert again.revision != now.revision
    assert mark(again, "grid") == mark(now, "grid") == mark(renamed, "grid")


@pytest.mark.parametrize("change", ["cameras", "buildings", "grids", "crs"])
def test_every_change_that_matters_is_another_state(change: str) -> None:
    now = town(3)
    then = replace(now, crs="EPSG:32636") if change == "crs" else without(now, change, [0])
    assert mark(then, "grid") != mark(now, "grid")


@pytest.mark.parametrize("fact", CAMERA_FACTS)
def test_every_fact_of_a_camera_is_part_of_the_state(fact: str) -> None:
    cameras = town(3)["cameras"]
    column = cameras.columns[fact]
    if isinstance(column, Codes):
        other: Any = replace(column, codes=np.roll(column.codes, 1))
    else:
        given = {"id": np.arange(len(cameras)).astype(str), "masks": np.array(["10-20", *[""] * (len(cameras) - 1)])}
        other = np.roll(given[fact].astype(object) if fact in given else column, 1)
    then = changed(town(3), "cameras", replace(cameras, columns={**cameras.columns, fact: other}))
    assert mark(then, "grid") != mark(town(3), "grid")


def test_few_results_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    now, engine = town(4, cameras=2, side=1), Engine()
    monkeypatch.setattr(engines, "MOST_KEPT", 6)
    slots = [Slot("grid", ViewRules(assumed_range_m=10.0 + i)) for i in range(engines.MOST_KEPT + 2)]
    for slot in slots:
        engine.compute(now, slot)
    assert len(engine) == engines.MOST_KEPT
    assert engine.latest(slots[0]) is None
    assert engine.latest(slots[-1]) is not None
    monkeypatch.setattr(engines, "MOST_ROWS", 10)
    engine.compute(now, slots[0])
    assert len(engine) == 1


def test_what_is_cancelled_leaves_the_last_result() -> None:
    now, engine = town(5), Engine()
    first = engine.compute(now, SLOT)
    other = Slot("grid", ViewRules(task="detect"))
    with pytest.raises(Cancelled):
        engine.compute(now, other, cancelled=lambda: True)
    assert engine.latest(other) is None
    assert engine.latest(SLOT) is first


def test_progress_runs_from_nothing_to_all() -> None:
    told: list[tuple[float, str]] = []
    Engine().compute(town(6), SLOT, lambda share, step: told.append((share, step)))
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert 0 <= shares[0] <= shares[-1] <= 1
    assert {step for _, step in told} >= {"buildings", "grids", "views", "coverage", "measures"}


@pytest.mark.parametrize("empty", ["cameras", "buildings", "grids"])
def test_a_town_without_one_kind_of_rows(empty: str) -> None:
    now = town(7)
    bare = without(now, empty, list(range(len(now[empty]))))
    level = None if empty == "grids" else "grid"
    found = compute(bare, level, ViewRules())
    coverage = found.city.coverage
    assert len(found) == (0 if empty == "grids" else 9)
    if empty == "cameras":
        assert np.allclose(coverage.blind_m2, coverage.open_m2)
    if empty == "buildings":
        assert coverage.built_m2.sum() == 0
    measured = measure(found, bare, Params())
    assert len(measured.streets_m) == len(found)


def test_added_incidents_are_placed_like_all() -> None:
    now = town(8)
    early = without(now, "incidents", list(range(40, 60)))
    found = compute(now, *SLOT[:2])
    for snapshot in (early, now, without(now, "incidents", [0])):
        measured = measure(found, snapshot, Params())
        anew = measure(compute(now, *SLOT[:2]), snapshot, Params())
        for name in MEASURES:
            assert np.array_equal(getattr(measured, name), getattr(anew, name)), name


class Shelf:
    """A keeper that remembers what was saved."""

    def __init__(self) -> None:
        self.saved: list[Complete] = []

    def load(self, slot: Slot) -> Complete | None:
        return None

    def save(self, complete: Complete) -> None:
        self.saved.append(complete)


def test_a_result_read_late_does_not_replace_a_newer_one() -> None:
    class Late(Shelf):
        def load(self, slot: Slot) -> Complete:
            engine._put(newer)  # made by another thread while the file is read
            return older

    now = town(9, cameras=3, side=1)
    older, newer = compute(now, *SLOT[:2]), compute(moved(now, 0), *SLOT[:2])
    engine = Engine(Late())
    assert engine.latest(SLOT) is newer
    assert engine.latest(SLOT) is newer


@pytest.mark.parametrize("large", [False, True])
def test_a_large_result_is_not_written_at_every_change(large: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if large:
        monkeypatch.setattr(engines, "LARGE_ROWS", 1)
    shelf, now = Shelf(), town(9, cameras=3, side=1)
    engine = Engine(shelf)
    made = [engine.compute(now := moved(now, 0), SLOT) for _ in range(3)]
    for complete in made:
        engine.keep(complete)
    assert [id(found) for found in shelf.saved] == [id(found) for found in (made[:1] if large else made)]
    engine.flush()
    assert shelf.saved[-1] is made[-1]
    assert len(shelf.saved) == (2 if large else 3)
