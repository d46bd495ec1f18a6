"""A decision is there with its entry in the trail or not at all; what was decided stays; what changed is a conflict."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import shapely

from store.batch import Batch, Provenance
from store.decisions import Seen
from store.errors import ConflictError
from store.store import Store
from tests.web.conftest import CRS, batch

X = [10.0, 20.0, 90.0]


def _write(store: Store, found: Batch, mode: str = "append") -> None:
    store.write(found, mode, Provenance("f.csv"))  # type: ignore[arg-type]


def _incidents(x: list[float], ids: list[str]) -> Batch:
    return batch("incidents", x=x, y=[5.0] * len(x), id=ids, grid_code=["e"] * len(x))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store.open(tmp_path / "s.gpkg")
    squares = [shapely.MultiPolygon([shapely.box(x, 0, x + 50, 50)]) for x in (0, 50)]
    _write(made, batch("grids", squares, code=["w", "e"], level=["grid"] * 2))
    _write(made, _incidents(X, ["a", "b", "c"]))
    return made


def seen(name: str, before: int | None = None, x: float | None = None) -> Seen:
    return Seen(name, before, "e", "w", X["abc".index(name)] if x is None else x, 5.0)


def decide(store: Store, grid: str | None, *incidents: Seen) -> list[int]:
    revision = store.snapshot()["grids"].revision
    found = store.decide("grid", grid, incidents, "why", revision=store.revision(), grids=revision)
    return [one.id for one in found]


def held(store: Store) -> dict[str, str | None]:
    incidents = store.snapshot()["incidents"]
    if incidents.decided is None:
        return {}
    rows = incidents.decided.rows_in(incidents.fid)
    return dict(zip(incidents.text("id")[rows], incidents.decided.code, strict=True))


def test_a_decision_makes_a_revision_and_an_entry_and_no_row(store: Store) -> None:
    before, revision = store.snapshot(), store.revision()
    (number,) = decide(store, "w", seen("a"))
    after = store.snapshot()
    assert after.revision == revision + 1 == after["incidents"].revision
    assert after["incidents"].x is before["incidents"].x  # nothing was read again
    assert after.updated_at == before.updated_at  # no datum is newer
    assert held(store) == {"a": "w"}
    (one,) = store.decisions()
    assert (one.id, one.grid, one.recorded, one.located, one.seen) == (number, "w", "e", "w", revision)
    (entry,) = [line for line in store.whole_trail() if line.action == "decision.add"]
    assert entry.revision == revision + 1 and "why" in str(entry.after)
    reopened = Store.open(store.path)
    assert held(reopened) == {"a": "w"}
    reopened.close()


def test_a_superseded_decision_stays_and_comes_back_when_the_later_is_undone(store: Store) -> None:
    (first,) = decide(store, "w", seen("a"))
    (second,) = decide(store, "e", seen("a", first))
    assert held(store) == {"a": "e"}
    every = {one.id: one for one in store.decisions(ended=True)}
    assert (every[first].ended_why, every[second].ended_why) == ("superseded", None)
    _, ended, again = store.undo_decisions([second])
    assert [one.ended_why for one in ended] == ["undone"] and [one.grid for one in again] == ["w"]
    assert held(store) == {"a": "w"}
    store.undo_decisions([again[0].id])
    assert held(store) == {} and len(store.decisions(ended=True)) == 3
    with pytest.raises(ConflictError):
        store.undo_decisions([second])


@pytest.mark.parametrize("stale", [seen("b", before=99), seen("b", x=21.0), Seen("zz", None, "e", "w", 1.0, 5.0),
                                   Seen("b", None, "other", "w", 20.0, 5.0)])  # fmt: skip
def test_one_that_is_not_as_it_was_seen_refuses_all(store: Store, stale: Seen) -> None:
    before = store.revision()
    with pytest.raises(ConflictError):
        decide(store, "w", seen("a"), stale)
    assert store.decisions(ended=True) == [] and store.revision() == before
    with pytest.raises(ConflictError):
        store.decide("grid", "w", [seen("a")], "why", revision=before, grids=99)


def test_two_who_decide_at_once_are_told(store: Store) -> None:
    decide(store, "w", seen("a"))
    with pytest.raises(ConflictError) as refused:
        decide(store, "e", seen("a"))
    assert refused.value.params["by"]
    assert held(store) == {"a": "w"}


def test_a_decision_follows_its_incident_and_lapses_where_that_was_moved(store: Store) -> None:
    decide(store, "w", seen("a"), seen("b"))
    _write(store, _incidents([10.0, 20.0], ["x", "y"]))  # more rows
    assert held(store) == {"a": "w", "b": "w"}
    _write(store, _incidents([10.0, 33.0, 90.0], ["a", "b", "c"]), "replace")  # other row numbers; b was moved
    assert held(store) == {"a": "w"}
    _write(store, _incidents([90.0], ["c"]), "replace")
    assert held(store) == {}
    _write(store, _incidents([10.0], ["a"]))  # it is back at its place
    assert held(store) == {"a": "w"}


def test_another_connection_sees_what_was_decided(store: Store) -> None:
    other = Store.open(store.path)
    assert held(other) == {}
    decide(store, None, seen("a"))
    assert held(other) == {"a": None}
    assert np.array_equal(other.snapshot()["incidents"].fid, store.snapshot()["incidents"].fid)
    assert other.crs() == CRS
    other.close()
