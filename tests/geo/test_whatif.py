"""What if: a plan carried out step by step equals the city computed anew with the changed cameras."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.cameras import CameraFacts, ViewRules
from geo.city import City, compute_city
from geo.errors import ParameterError
from geo.plans import Change, fold
from geo.whatif import AREAS, Trial, advance, begin, outcome

CRS = "EPSG:32635"
X0, Y0, CELL_M, ACROSS = 385_000.0, 6_671_000.0, 100.0, 4
COVER_M2 = 0.02  # two ways to the same polygon; below the identity's 0.05


def facts_of(rng: np.random.Generator, count: int) -> CameraFacts:
    unknown = rng.random((8, count)) < 0.3
    numbers = [
        rng.uniform(0, 360, count), np.zeros(count), rng.uniform(20, 360, count), rng.uniform(0, 80, count),
        rng.uniform(2, 20, count), rng.uniform(0, 40, count), rng.uniform(20, 60, count),
        rng.integers(640, 4000, count),
    ]  # fmt: skip
    kinds = np.array(["fixed", "ptz", "dome", "panoramic", None], dtype=object)
    return CameraFacts(
        np.array([f"c{i}" for i in range(count)], dtype=object),
        X0 + rng.uniform(0, ACROSS * CELL_M, count),
        Y0 + rng.uniform(0, ACROSS * CELL_M, count),
        kinds[rng.integers(0, 5, count)],
        *[np.where(gap, np.nan, column) for gap, column in zip(unknown, numbers, strict=True)],
        rng.integers(-1, 2, count).astype(np.int8),
    )


def grounds(rng: np.random.Generator) -> tuple[Any, Any, Any]:
    """Footprints, heights, cells."""
    x, y = X0 + rng.uniform(0, 400, 25), Y0 + rng.uniform(0, 400, 25)
    size = rng.uniform(4, 30, (2, 25))
    heights = np.where(rng.random(25) < 0.3, np.nan, rng.uniform(2, 15, 25))
    left, low = (edge.ravel() for edge in np.meshgrid(*[np.arange(ACROSS) * CELL_M] * 2))
    cells = shapely.box(X0 + left, Y0 + low, X0 + left + CELL_M, Y0 + low + CELL_M)
    return shapely.box(x, y, x + size[0], y + size[1]), heights, cells


def town(seed: int, rules: ViewRules, count: int = 12) -> City:
    rng = np.random.default_rng(seed)
    facts = facts_of(rng, count)
    return compute_city(facts, *grounds(rng), rules, crs=CRS, threads=1)


def known(city: City) -> dict[str, int]:
    return {name: row for row, name in enumerate(city.facts.id.tolist())}


def written(city: City, plan: dict[str, Change]) -> CameraFacts:
    """The cameras with the plan written into the records; one that was switched off is taken away."""
    rows: list[dict[str, Any]] = []
    names = [each.name for each in fields(CameraFacts)]
    for i, name in enumerate(city.facts.id.tolist()):
        row = {each: getattr(city.facts, each)[i] for each in names}
        change = plan.get(name)
        if change is not None:
            off = change.values.get("online") is False and row["online"] != 0
            if change.op == "remove" or off:
                continue
            row |= given_values(change)
        rows.append(row)
    blank = {**dict.fromkeys(names, np.nan), "kind": None, "masks": None, "online": -1}
    for change in plan.values():
        if change.op == "place" and change.values.get("online") is not False:
            rows.append({**blank, "id": change.camera, **given_values(change)})
    columns = {
        each: np.array([row[each] for row in rows], dtype=object if each in ("id", "kind", "masks") else None)
        for each in names
    }
    columns["online"] = columns["online"].astype(np.int8)
    return CameraFacts(**{each: column if each in ("id", "kind", "online", "masks") else column.astype(float)
                          for each, column in columns.items()})  # fmt: skip


def given_values(change: Change) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in change.values.items():
        if name == "online":
            found[name] = -1 if value is None else int(value)
        else:
            found[name] = np.nan if value is None and name not in ("kind", "masks") else value
    if change.x is not None:
        found |= {"x": change.x, "y": change.y}
    return found


def assert_same(trial: Trial, plan: dict[str, Change]) -> None:
    fresh = compute_city(
        written(trial.base, plan), None, None, None, trial.base.rules, crs=CRS, obstacles=trial.base.obstacles,
        cells=trial.base.cells, threads=1,
    )  # fmt: skip
    for name in AREAS:
        np.testing.assert_allclose(
            getattr(trial.city.coverage, name), getattr(fresh.coverage, name), atol=COVER_M2, err_msg=name
        )
    apart = shapely.area(shapely.symmetric_difference(trial.city.coverage.blind, fresh.coverage.blind, grid_size=1e-6))
    assert apart.max() < COVER_M2


VALUES = st.fixed_dictionaries(
    {},
    optional={
        "kind": st.sampled_from(["fixed", "ptz", "dome", "panoramic", None]),
        "azimuth_deg": st.none() | st.floats(0, 360),
        "hfov_deg": st.none() | st.just(0.0) | st.floats(1e-9, 360),
        "range_m": st.none() | st.floats(0, 90),
        "height_m": st.none() | st.floats(0, 25),
        "pixels_h": st.none() | st.integers(600, 4000).map(float),
        "online": st.sampled_from([True, False, None]),
        "masks": st.sampled_from([None, "0-90", "350-10; 120-121.5", "0-360"]),
        "name": st.just("text that coverage knows nothing of"),
    },
)
PLACE = st.tuples(st.floats(0, 400), st.floats(0, 400))
STEPS = st.lists(
    st.tuples(st.sampled_from(["place", "set", "set", "remove"]), st.integers(0, 15), PLACE, st.booleans(), VALUES),
    min_size=1,
    max_size=6,
)
RULES = st.builds(
    ViewRules,
    online_only=st.booleans(),
    task=st.sampled_from([None, "detect"]),
    assumed_range_m=st.sampled_from([50.0]),
)


def changes_from(steps: list[Any], city: City) -> list[Change]:
    """Random steps as changes that are allowed: only cameras that are there, only keys that are free."""
    there, taken = set(city.facts.id.tolist()), set(city.facts.id.tolist())
    made = []
    for op, number, (x, y), moves, values in steps:
        name = f"c{number}"
        if op == "place":
            name = f"new-{number}"
            if name in taken:
                op = "set"
            else:
                there.add(name)
                taken.add(name)
        if name not in there:
            continue
        place = (X0 + x, Y0 + y) if moves or op == "place" else (None, None)
        made.append(Change(op, name, *place, values if op != "remove" else {}))
        if op == "remove":
            there.discard(name)
            if name.startswith("new"):
                taken.discard(name)
    return made


@settings(max_examples=40)
@given(st.integers(0, 5), RULES, STEPS)
def test_every_step_equals_the_city_computed_anew(seed: int, rules: ViewRules, steps: list[Any]) -> None:
    city = town(seed, rules)
    changes = changes_from(steps, city)
    trial = begin(city)
    for count in range(1, len(changes) + 1):
        plan = fold(changes[:count], known(city))
        trial = advance(trial, plan)
    if changes:
        assert_same(trial, plan)
    at_once = advance(begin(city), fold(changes, known(city)))
    for name in AREAS:
        left, right = (getattr(each.city.coverage, name) for each in (trial, at_once))
        np.testing.assert_allclose(left, right, atol=COVER_M2)
    back = advance(trial, {})
    for name in AREAS:
        np.testing.assert_allclose(getattr(back.city.coverage, name), getattr(city.coverage, name), atol=COVER_M2)
    result = outcome(back)
    assert (result.views_before, result.views_after) == ((), ())
    np.testing.assert_allclose(result.totals_before, result.totals_after, atol=COVER_M2)


@settings(max_examples=25)
@given(st.integers(0, 5), RULES, STEPS)
def test_what_is_gained_and_lost_is_what_the_blind_area_changes(seed: int, rules: ViewRules, steps: list[Any]) -> None:
    city = town(seed, rules)
    trial, changes = begin(city), changes_from(steps, city)
    for count in range(1, len(changes) + 1):
        trial = advance(trial, fold(changes[:count], known(city)))
    result = outcome(trial)
    untouched = np.setdiff1d(np.arange(len(city.cells)), result.cells)
    for name in AREAS:
        left, right = (getattr(each.coverage, name)[untouched] for each in (city, trial.city))
        np.testing.assert_allclose(left, right, atol=0.01)
    for i, cell in enumerate(result.cells.tolist()):
        lost, gained = (0.0 if part[i] is None else part[i].area for part in (result.lost, result.gained))
        assert result.after[i, 2] - result.before[i, 2] == pytest.approx(lost - gained, abs=COVER_M2)
        assert result.after[i].sum() == pytest.approx(result.before[i].sum(), abs=0.1)
        if result.blind[i] is not None:
            outside = shapely.difference(result.blind[i], city.cells.polygons[cell], grid_size=1e-6)
            assert outside.area < COVER_M2
    assert result.totals_after.sum() == pytest.approx(result.totals_before.sum(), abs=0.5)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ([Change("set", "gone")], "changes[0].id"),
        ([Change("remove", "c1"), Change("remove", "c1")], "changes[1].id"),
        ([Change("remove", "c1"), Change("set", "c1")], "changes[1].id"),
        ([Change("place", "c1", 0.0, 0.0)], "changes[0].key"),
        ([Change("place", "n", 0.0, 0.0), Change("place", "n", 0.0, 0.0)], "changes[1].key"),
        ([Change("place", "n", 0.0, 0.0), Change("remove", "n"), Change("set", "n")], "changes[2].id"),
    ],
)
def test_a_change_of_what_is_not_there_names_its_place_in_the_list(changes: list[Change], field: str) -> None:
    with pytest.raises(ParameterError) as found:
        fold(changes, {"c1": 0})
    assert found.value.params["field"] == field


def test_changes_of_one_camera_come_to_one() -> None:
    folded = fold(
        [
            Change("set", "c1", 1.0, 2.0, {"range_m": 5.0}),
            Change("place", "n", 3.0, 4.0, {"kind": "dome"}),
            Change("set", "c1", None, None, {"azimuth_deg": 9.0}),
            Change("set", "n", 5.0, 6.0, {"kind": "fixed"}),
            Change("set", "c2"),
            Change("remove", "c2"),
        ],
        {"c1": 0, "c2": 1},
    )
    assert folded == {
        "c1": Change("set", "c1", 1.0, 2.0, {"range_m": 5.0, "azimuth_deg": 9.0}),
        "n": Change("place", "n", 5.0, 6.0, {"kind": "fixed"}),
        "c2": Change("remove", "c2"),
    }
    assert fold([Change("place", "n", 1.0, 1.0), Change("remove", "n")], {}) == {}


def test_switching_off_shows_the_loss_even_where_offline_cameras_count() -> None:
    rules = ViewRules(online_only=False)
    city = town(1, rules)
    facts = replace(city.facts, online=np.zeros(len(city.facts), np.int8))
    facts.online[0] = 1
    city = compute_city(facts, None, None, None, rules, crs=CRS, obstacles=city.obstacles, cells=city.cells, threads=1)
    off = advance(begin(city), {name: Change("set", name, None, None, {"online": False}) for name in ("c0", "c1")})
    gone = advance(begin(city), {"c0": Change("remove", "c0")})
    for name in AREAS:  # c1 was recorded as offline before: nothing changes for it
        np.testing.assert_allclose(getattr(off.city.coverage, name), getattr(gone.city.coverage, name), atol=1e-6)


def test_a_step_computes_only_the_cameras_that_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    city = town(2, ViewRules())
    computed: list[list[int]] = []
    from geo import whatif

    def spy(before: City, facts: CameraFacts, rows: Any, **more: Any) -> Any:
        computed.append(rows.tolist())
        return real(before, facts, rows, **more)

    real = whatif.with_cameras
    monkeypatch.setattr(whatif, "with_cameras", spy)
    plan = {f"c{i}": Change("set", f"c{i}", X0 + 10 * i, Y0 + 50) for i in range(5)}
    trial = advance(begin(city), plan)
    moved = advance(trial, {**plan, "c3": Change("set", "c3", X0 + 99, Y0 + 50)})
    placed = advance(moved, {**moved.plan, "n": Change("place", "n", X0 + 5, Y0 + 5, {"range_m": 30.0})})
    assert advance(placed, dict(placed.plan)) is placed
    assert computed == [[0, 1, 2, 3, 4], [3], [12]]
    assert [trial.apart(each.plan) for each in (trial, moved, placed)] == [0, 1, 2]


def test_views_of_cameras_beside_are_told_without_a_change() -> None:
    city = town(3, ViewRules())
    result = outcome(begin(city), ["c4", "no such camera"])
    assert [view.camera for view in result.views_before] == [view.camera for view in result.views_after] == ["c4"]
    assert len(result.cells) == 0
