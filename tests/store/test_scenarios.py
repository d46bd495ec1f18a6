"""Scenarios: kept, changed, deleted, restored and applied, with a version so that nobody's work is lost unseen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import ParameterError
from store import scenario, scenarios
from store.edits import CameraEdit
from store.errors import ConflictError, StoreError, UnknownScenarioError
from store.scenario import MAX_NAME, Scenario, clean_name
from store.store import Store
from tests.store.factories import SOURCE, X0, Y0, batch

CHANGES: list[dict[str, Any]] = [{"op": "set", "id": "n0-1", "range_m": 30.5}, {"op": "remove", "id": "n0-2"}]


@pytest.fixture
def store(tmp_path: Path):
    with Store.open(tmp_path / "s.gpkg") as made:
        made.write(batch("cameras", 10), "append", SOURCE)
        yield made


def add(store: Store, name: str = "North gate") -> Scenario:
    return store.add_scenario(name, CHANGES, base={"n0-1": {"x": 1.0}}, options={"task": "face"}, base_revision=1)


def test_a_scenario_is_kept_as_given_and_makes_no_revision(store: Store) -> None:
    revision = store.revision()
    made = add(store)
    store.close()
    with Store.open(store.path) as again:
        found = again.scenario(made.id)
        assert found == made
        assert (found.version, found.base, found.options, found.base_revision) == (
            1, {"n0-1": {"x": 1.0}}, {"task": "face"}, 1,
        )  # fmt: skip
        assert list(found.changes) == CHANGES
        assert again.scenarios() == [made.heading]
        assert again.scenarios() == [made.heading]
        assert again.revision() == revision


def test_of_two_people_the_second_is_told(store: Store) -> None:
    made = add(store)
    first = store.change_scenario(made.id, 1, name="South gate")
    assert (first.version, first.name, first.changes) == (2, "South gate", made.changes)
    for second in (
        lambda: store.change_scenario(made.id, 1, name="East gate"),
        lambda: store.delete_scenario(made.id, 1),
        lambda: store.apply_scenario(made.id, 1, [CameraEdit("remove", "n0-2")]),
    ):
        with pytest.raises(ConflictError, match=r"South gate.*somebody else"):
            second()
    assert store.scenario(made.id) == first
    assert len(store.snapshot()["cameras"]) == 10


def test_a_name_belongs_to_one_scenario_until_it_is_deleted(store: Store) -> None:
    made, other = add(store), add(store, "Other")
    with pytest.raises(ConflictError, match="already"):
        add(store, "  North   gate ")
    with pytest.raises(ConflictError, match="already"):
        store.change_scenario(other.id, 1, name="North gate")
    store.delete_scenario(made.id, 1)
    with pytest.raises(UnknownScenarioError):
        store.scenario(made.id)
    taken = add(store)
    with pytest.raises(ConflictError, match="already"):
        store.restore_scenario(made.id)
    store.delete_scenario(taken.id, 1)
    assert store.restore_scenario(made.id).name == "North gate"
    assert store.restore_scenario(made.id).deleted_at is None
    assert {one.name for one in store.scenarios()} == {"North gate", "Other"}


def test_what_was_deleted_long_ago_is_forgotten(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    made = add(store)
    monkeypatch.setattr(scenarios, "now", lambda: "2024-01-01T00:00:00.000Z")
    store.delete_scenario(made.id, 1)
    monkeypatch.setattr(scenarios, "now", lambda: "2024-01-30T00:00:00.000Z")
    add(store, "A")
    assert store.restore_scenario(made.id).id == made.id
    monkeypatch.setattr(scenarios, "now", lambda: "2024-01-01T00:00:00.000Z")
    store.delete_scenario(made.id, 2)
    monkeypatch.setattr(scenarios, "now", lambda: "2024-02-01T00:00:00.000Z")
    add(store, "B")
    with pytest.raises(UnknownScenarioError):
        store.restore_scenario(made.id)


def test_applying_is_one_transaction_done_once(store: Store) -> None:
    made = add(store)
    revision = store.revision()
    with pytest.raises(ConflictError, match="gone"):
        store.apply_scenario(made.id, 1, [CameraEdit("remove", "n0-2"), CameraEdit("remove", "gone")])
    assert store.scenario(made.id) == made and store.revision() == revision
    found, done = store.apply_scenario(made.id, 1, [CameraEdit("remove", "n0-2"), CameraEdit("place", None, X0, Y0)])
    assert (found.applied_revision, found.version, done.revision) == (revision + 1, 2, revision + 1)
    with pytest.raises(ConflictError, match="applied already"):
        store.apply_scenario(made.id, 2, [CameraEdit("remove", "n0-3")])
    assert store.change_scenario(made.id, 2, name="Renamed").applied_revision == revision + 1
    assert store.change_scenario(made.id, 3, changes=CHANGES).applied_revision is None


@given(st.text(alphabet=st.characters(), max_size=120))
def test_any_name_is_one_line_of_what_can_be_shown_or_refused(text: str) -> None:
    try:
        name = clean_name(text)
    except ParameterError as error:
        assert error.params["field"] == "name"
        return
    assert 0 < len(name) <= MAX_NAME and name == clean_name(name) and name.strip() == name
    assert not any(letter in name for letter in "\n\r\t\x00\u202e\u200b\ud800")


@pytest.mark.parametrize(
    "name", ["<img src=x onerror=alert(1)>", "'; DROP TABLE atlas_scenarios; --", "=1+1", "${1}", "方案一", "../../etc"]
)
def test_a_hostile_name_is_only_a_text(store: Store, name: str) -> None:
    made = add(store, name)
    assert store.scenario(made.id).name == name == store.scenarios()[0].name


@pytest.mark.parametrize("name", ["", "  ", "\u200b", "x" * 81, None, 3])
def test_a_name_must_be_one(store: Store, name: Any) -> None:
    with pytest.raises(ParameterError):
        add(store, name)


def test_there_is_an_end_to_how_many_and_how_large(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scenarios, "MAX_SCENARIOS", 1)
    add(store, "A")
    with pytest.raises(ConflictError, match="1 scenarios"):
        add(store, "B")
    monkeypatch.setattr(scenarios, "MAX_SCENARIOS", 2)
    monkeypatch.setattr(scenarios, "MAX_DELETED", 2)
    moments = iter(f"2026-01-01T00:00:{second:02}.000Z" for second in range(60))
    monkeypatch.setattr(scenarios, "now", lambda: next(moments))
    gone = [store.delete_scenario(add(store, f"B{n}").id, 1) for n in range(4)]
    last = add(store, "C")
    for one in gone[:2]:
        with pytest.raises(UnknownScenarioError):
            store.restore_scenario(one.id)
    assert [store.restore_scenario(one.id).name for one in gone[2:]] == ["B2", "B3"]
    monkeypatch.setattr(scenario, "MAX_BYTES", 10)
    with pytest.raises(StoreError, match="too large"):
        store.change_scenario(last.id, 1, changes=CHANGES * 10)
