"""Drafts of the division: steps, undo, review, approval; two editors at once; nothing half done."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.errors import ParameterError, ReshapeError
from geo.grid_changes import GridChange, GridState, applied, folded
from store.actor import Actor, acting
from store.draft import Draft
from store.errors import (
    ConflictError,
    DivisionConflictError,
    DraftStateError,
    OwnDraftError,
    UnknownDraftError,
)
from store.grid_states import as_stored, packed, unpacked
from store.store import Store
from tests.kills import Say, Witness
from tests.store.checks import assert_sound
from tests.store.division_town import SIDE, X0, Y0, change, fill, moved

PLANNER, APPROVER = Actor("account", "planner"), Actor("account", "approver")


@pytest.fixture
def store(tmp_path: Path):
    with Store.open(tmp_path / "s.gpkg") as made:
        yield fill(made)


def begun(store: Store, by: float = 10.0) -> Draft:
    """Return a draft with one step, that moves a border."""
    made = store.add_draft("North")
    return store.add_step(made.id, 1, "reshape", {"by": by}, moved(store.grid_states(), by))


def approved(store: Store, draft: Draft) -> Any:
    with acting(PLANNER):
        handed = store.submit_draft(draft.id, draft.version, "the new road")
    with acting(APPROVER):
        return store.approve_draft(handed.id, handed.version)


def test_a_draft_keeps_its_steps_over_a_restart_and_changes_nothing(store: Store) -> None:
    revision, states = store.revision(), store.grid_states()
    draft = begun(store)
    store.close()
    with Store.open(store.path) as again:
        found = again.draft(draft.id)
        assert found == draft and found.step == 1 and found.can_undo and not found.can_redo
        assert found.changes == tuple(as_stored(one) for one in moved(states, 10.0))
        assert again.revision() == revision and again.grid_states() == states
        undone = again.undo_step(draft.id, 2)
        assert (undone.step, undone.can_redo, undone.changes) == (0, True, ())
        assert again.redo_step(draft.id, 3).changes == found.changes


def test_a_step_after_an_undone_one_takes_its_place(store: Store) -> None:
    draft = begun(store)
    draft = store.undo_step(draft.id, draft.version)
    with pytest.raises(DraftStateError, match="no step"):
        store.undo_step(draft.id, draft.version)
    team = change(store.grid_states(), "g10", team="B")
    draft = store.add_step(draft.id, draft.version, "team", {}, [team])
    assert [step.op for step in draft.steps] == ["team"] and not draft.can_redo
    with pytest.raises(DraftStateError, match="no step"):
        store.redo_step(draft.id, draft.version)


def test_a_hundred_steps_are_undone_and_done_again(store: Store) -> None:
    draft = store.add_draft("Long")
    states = store.grid_states()
    seen = [states]
    for number in range(100):
        step = [change(states, "g00", team=f"team {number + 100}")]
        draft = store.add_step(draft.id, draft.version, "team", {}, step)
        states = applied(states, [as_stored(one) for one in step])
        seen.append(states)
    for number in reversed(range(100)):
        draft = store.undo_step(draft.id, draft.version)
        assert applied(store.grid_states(), draft.changes) == seen[number]
    for _ in range(100):
        draft = store.redo_step(draft.id, draft.version)
    assert applied(store.grid_states(), draft.changes) == seen[-1]


def test_of_two_editors_of_one_draft_the_later_is_told_both_versions(store: Store) -> None:
    draft = begun(store)
    store.undo_step(draft.id, 2)
    for late in (
        lambda: store.undo_step(draft.id, 2),
        lambda: store.add_step(draft.id, 2, "team", {}, [change(store.grid_states(), "g10", team="B")]),
        lambda: store.submit_draft(draft.id, 2),
        lambda: store.delete_draft(draft.id, 2),
    ):
        with pytest.raises(ConflictError, match=r"version 3, you saw 2") as told:
            late()
        assert (told.value.params["present"], told.value.params["seen"]) == (3, 2)


def test_a_step_must_go_on_from_the_steps_before_it(store: Store) -> None:
    draft = begun(store)
    states = store.grid_states()
    with pytest.raises(ConflictError, match="another state"):
        store.add_step(draft.id, 2, "reshape", {}, moved(states, 20.0))
    with pytest.raises(ReshapeError, match="changes nothing"):
        store.add_step(draft.id, 2, "team", {}, [change(states, "g11", team="team 1")])
    bow = shapely.Polygon([(X0, Y0), (X0 + 1, Y0 + 1), (X0 + 1, Y0), (X0, Y0 + 1)])
    for bad in ({"geometry": bow}, {"geometry": None}, {"team": ""}, {"team": "x" * 201}):
        with pytest.raises(ReshapeError, match="cannot be kept"):
            store.add_step(draft.id, 2, "x", {}, [change(states, "g11", **bad)])
    assert store.draft(draft.id) == draft


def test_approval_makes_one_revision_with_history_and_trail(store: Store) -> None:
    states, revision = store.grid_states(), store.revision()
    with acting(PLANNER):
        draft = begun(store)
    done, changed = approved(store, draft)
    assert (done.state, done.applied_revision, changed.changed) == ("applied", revision + 1, 2)
    wanted = applied(states, draft.changes)
    assert store.grid_states() == wanted and store.revision() == revision + 1
    (entry,) = [one for one in store.whole_trail() if one.action == "division.change"]
    assert (entry.revision, entry.actor, entry.target) == (revision + 1, "approver", "grid g00, grid g10")
    (heading, *_) = store.division_changes()
    assert (heading.revision, heading.kind, heading.by, heading.why, heading.draft, heading.changed) == (
        revision + 1, "division", "approver", "the new road", draft.id, 2,
    )  # fmt: skip
    assert set(store.division_change(revision + 1)[1]) == set(folded(draft.changes))
    assert store.division_at(revision) == states and store.division_at(revision + 1) == wanted
    assert_sound(store.path)
    for late in (store.undo_step, store.submit_draft, store.delete_draft):
        with pytest.raises(DraftStateError, match="is applied"):
            late(done.id, done.version)


def test_grids_begin_and_end(store: Store) -> None:
    states = store.grid_states()
    draft = store.add_draft("Merge")
    whole = shapely.box(X0, Y0, X0 + 2 * SIDE, Y0 + SIDE)
    steps = [
        change(states, "g00", geometry=whole, population=30.4),
        GridChange("grid", "g10", states["grid", "g10"], None),
        GridChange("grid", "new", None, GridState(shapely.box(X0, Y0 + 900, X0 + 5, Y0 + 905), parent="T")),
    ]
    draft = store.add_step(draft.id, 1, "merge", {}, steps)
    _, done = approved(store, draft)
    assert (done.added, done.changed, done.removed) == (1, 1, 1)
    found = store.grid_states()
    assert found == applied(states, draft.changes) and found["grid", "g00"].population == 30.0
    assert_sound(store.path)


def test_nobody_approves_what_he_worked_on(store: Store) -> None:
    with acting(APPROVER):
        draft = begun(store)
    with acting(PLANNER):
        handed = store.submit_draft(draft.id, draft.version)
    for own in (PLANNER, APPROVER):
        with acting(own), pytest.raises(OwnDraftError):
            store.approve_draft(draft.id, handed.version)
    with acting(PLANNER):
        assert store.approve_draft(draft.id, handed.version, own=True)[0].state == "applied"
    (entry,) = [one for one in store.whole_trail() if one.action == "draft.approve"]
    assert '"own":true' in (entry.after or "")


def test_the_later_of_two_drafts_gets_both_versions_and_loses_nothing(store: Store) -> None:
    with acting(PLANNER):
        first, second = begun(store, 10.0), begun(store, 25.0)
    approved(store, first)
    there = store.grid_states()
    with pytest.raises(DivisionConflictError, match="g00, g10") as told:
        approved(store, second)
    (change_of, present), _ = told.value.params["conflicts"]
    assert present == there["grid", "g00"] and change_of.after.geometry.bounds[2] == X0 + SIDE + 25.0
    assert store.grid_states() == there
    kept = store.draft(second.id)
    assert (kept.state, kept.steps) == ("submitted", second.steps)
    other = store.add_draft("Elsewhere")  # of other grids: no conflict
    other = store.add_step(other.id, 1, "team", {}, [change(there, "g21", team="B")])
    assert approved(store, other)[1].changed == 1


def test_a_refused_or_withdrawn_draft_can_be_worked_on(store: Store) -> None:
    draft = begun(store)
    handed = store.submit_draft(draft.id, draft.version)
    with pytest.raises(DraftStateError, match="submitted"):
        store.undo_step(draft.id, handed.version)
    no = store.reject_draft(draft.id, handed.version, "  the  school\nis cut ")
    assert (no.state, no.reason) == ("rejected", "the school is cut")
    again = store.undo_step(draft.id, no.version)
    assert again.state == "draft"
    again = store.submit_draft(draft.id, store.redo_step(draft.id, again.version).version)
    back = store.withdraw_draft(draft.id, again.version)
    assert back.state == "withdrawn"
    store.delete_draft(draft.id, back.version)
    with pytest.raises(UnknownDraftError):
        store.draft(draft.id)
    assert store.drafts() == []


def test_an_empty_draft_is_not_handed_in(store: Store) -> None:
    draft = store.add_draft("Nothing")
    with pytest.raises(DraftStateError, match="changes nothing"):
        store.submit_draft(draft.id, 1)
    with pytest.raises(ParameterError, match="A draft needs a name"):
        store.add_draft(" ")


numbers = st.floats(-1e7, 1e7, allow_nan=False)
texts = st.none() | st.text(max_size=20)


@settings(max_examples=50)
@given(st.lists(st.tuples(numbers, numbers, st.floats(0.001, 1e6)), max_size=4), texts, st.none() | st.integers(0, 9))
def test_changes_come_back_as_they_were_kept(boxes: list[Any], text: str | None, people: int | None) -> None:
    states = [
        GridState(shapely.MultiPolygon([shapely.box(x, y, x + w, y + w)]), text, text, text, people)
        for x, y, w in boxes
    ]
    changes = tuple(GridChange("grid", str(i), None, state) for i, state in enumerate(states))
    assert unpacked(packed(changes)) == changes


def test_approvals_that_are_killed(tmp_path: Path) -> None:
    path = tmp_path / "s.gpkg"
    with Store.open(path) as store:
        fill(store)
    witness = Witness(path)
    last = 0.0
    times = 30 if os.environ.get("ATLAS_FULL") == "1" else 4
    for _ in range(times):

        def work(say: Say) -> None:
            with Store.open(path) as store:
                say("open")
                for _ in range(10_000):
                    by = (store.grid_states()["grid", "g00"].geometry.bounds[2] - X0 + 1.0) % 90.0
                    draft = begun(store, by - SIDE + 5.0)
                    handed = store.submit_draft(draft.id, draft.version)
                    say(str(store.approve_draft(draft.id, handed.version, own=True)[1].revision))

        said = witness.run(work, 0.2)
        with Store.open(path) as store:
            states = store.grid_states()
            pair = [states["grid", code].geometry for code in ("g00", "g10")]
            assert pair[0].bounds[2] == pair[1].bounds[0]  # both sides of the border moved, or neither
            newest = store.division_changes(1)[0]
            drafts = [one for one in store.drafts() if one.state == "applied"]
            assert store.division_at(store.revision()) == states
            assert newest.revision == max((one.applied_revision or 0 for one in drafts), default=1)
            assert newest.revision >= (int(said[-1]) if len(said) > 1 else last)
            last = newest.revision
    assert witness.caught == times
