"""The history of the division: every way to change grids is in it, and any past division comes back exactly."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from geo.grid_changes import applied
from store.actor import Actor, acting
from store.batch import Provenance
from store.errors import UnknownRevisionError
from store.store import Store
from tests.store.checks import assert_sound
from tests.store.division_town import change, fill, squares
from tests.store.factories import DEMO, SOURCE, batch


@pytest.fixture
def store(tmp_path: Path):
    with Store.open(tmp_path / "s.gpkg") as made:
        yield fill(made)


def test_every_way_of_changing_grids_is_in_the_history(store: Store) -> None:
    past = {store.revision(): store.grid_states()}
    with acting(Actor("account", "steward")):
        names = np.array([f"Name {index}" for index in range(7)], dtype=object)
        store.write(squares(name=names), "upsert", Provenance("new.geojson"))
    past[store.revision()] = store.grid_states()
    store.write(squares(), "replace", SOURCE)
    past[store.revision()] = store.grid_states()
    store.change_division([change(store.grid_states(), "g00", team="B")], "asked for")
    past[store.revision()] = store.grid_states()
    with store._writing(bookkeeping=True) as connection:  # as another program does it
        connection.execute("DELETE FROM grids WHERE code = 'g11'")
        connection.execute("UPDATE gpkg_contents SET last_change = '2030-01-01' WHERE table_name = 'grids'")
    past[store.revision()] = store.grid_states()
    store.clear(["grids"])
    past[store.revision()] = store.grid_states()
    assert len(past) == 6 and past[store.revision()] == {}
    for revision, states in past.items():
        assert store.division_at(revision) == states
    told = [(one.kind, one.by, one.why, one.added, one.changed, one.removed) for one in store.division_changes()]
    assert told == [
        ("clear", "gridatlas", "", 0, 0, 6),
        ("edit", "another program", "", 0, 0, 1),
        ("division", "gridatlas", "asked for", 0, 1, 0),
        ("replace", "gridatlas", "file.csv", 0, 7, 0),
        ("upsert", "steward", "new.geojson", 0, 7, 0),
        ("append", "gridatlas", "file.csv", 7, 0, 0),
    ]
    revisions = sorted(past)
    for before, after in pairwise(revisions):
        assert applied(past[before], store.division_change(after)[1]) == past[after]
    versions = store.grid_versions("grid", "g00")
    assert [(one.since, one.until) for one in versions] == list(zip(revisions[:4], [*revisions[1:4], 6], strict=True))
    assert_sound(store.path)


def test_what_changes_no_grid_makes_no_history(store: Store) -> None:
    store.write(squares(), "replace", SOURCE)  # the same rows again
    store.write(batch("cameras", 5), "append", SOURCE)
    assert [one.revision for one in store.division_changes()] == [1]
    assert store.division_at(store.revision()) == store.grid_states()
    for unknown in (0, store.revision() + 1):
        with pytest.raises(UnknownRevisionError):
            store.division_at(unknown)
    with pytest.raises(UnknownRevisionError):
        store.division_change(store.revision())


def test_the_demo_goes_and_the_history_says_so(tmp_path: Path) -> None:
    with Store.open(tmp_path / "s.gpkg") as store:
        store.write(batch("grids", 3), "append", DEMO)
        fill(store)
        (heading, _) = store.division_changes()
        assert (heading.added, heading.removed) == (7, 3)
        assert store.division_at(2) == store.grid_states()


def test_an_older_store_begins_its_history_with_what_it_holds(store: Store) -> None:
    with store._writing(bookkeeping=True) as connection:
        for table in ("atlas_draft_steps", "atlas_drafts", "atlas_grid_history", "atlas_divisions"):
            connection.execute(f"DROP TABLE {table}")
        connection.execute("DELETE FROM atlas_migrations WHERE name = '0010-drafts'")
    states = store.grid_states()
    store.close()
    with Store.open(store.path) as again:
        assert again.drafts() == []
        (first,) = again.division_changes()
        assert (first.kind, first.revision, first.by, first.added) == ("begin", 1, "", 7)
        again.write(batch("cameras", 5), "append", SOURCE)
        assert again.division_at(1) == states == again.grid_states()
