"""Grids have a code, a level and a parent above them; ids are unique; faults are rejects that name the other row."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.intake import grids, ids
from store.intake.raw import object_array
from store.intake.reasons import Ledger
from tests.store.raw_tables import notes, points, reasons, square, understand


def grid_file(**columns: list[Any]) -> Any:
    count = len(next(iter(columns.values())))
    return understand(
        "grids", columns, [square(24.9 + 0.002 * n) for n in range(count)], file_crs="EPSG:4326", driver="GeoJSON"
    )


def parents(
    codes: list[str],
    above: list[str | None],
    levels: list[str] | None = None,
    stored: list[tuple[str, str, str | None]] | None = None,
) -> Ledger:
    ledger = Ledger(np.arange(1, len(codes) + 1))
    columns = {
        "code": object_array(codes),
        "level": object_array(levels or ["grid"] * len(codes)),
        "parent": object_array(above),
    }
    grids.check_parents(columns, ledger, stored or [])
    return ledger


def chains(ledger: Ledger) -> dict[int, str]:
    return {reject.row: str(reject.params.get("chain", "own")) for reject in ledger.rejects}


def test_names_become_codes_where_there_are_no_codes() -> None:
    found = grid_file(name=["North", "South"])
    assert found.batch.columns["code"].tolist() == ["North", "South"]
    assert found.batch.columns["level"].tolist() == ["grid", "grid"]
    assert "names, which are all different" in notes(found) and "No level was given" in notes(found)


def test_equal_names_cannot_be_codes() -> None:
    found = grid_file(name=["North", "North"])
    assert len(found.batch) == 0
    assert {field for _, field, _ in reasons(found)} == {"code"}


def test_a_code_is_unique_within_its_level() -> None:
    found = grid_file(code=["1", 1, 1.0, "1"], level=["a", "a", "b", None])
    assert [(row, field) for row, field, _ in reasons(found)] == [(2, "code"), (4, "level")]
    assert "row 1" in reasons(found)[0][2]
    assert found.batch.columns["code"].tolist() == ["1", "1"]


@pytest.mark.parametrize(
    ("value", "good"), [("120", True), (" ", True), ("-1", False), ("1.5", False), ("1,200", True)]
)
def test_population(value: str, good: bool) -> None:
    found = grid_file(code=["1"], population=[value])
    assert len(found.batch) == int(good)


def test_a_grid_is_not_its_own_parent() -> None:
    assert chains(parents(["a", "b"], ["a", None])) == {1: "own"}
    # The same code on another level is another grid.
    assert chains(parents(["1", "1"], ["1", None], ["ward", "city"])) == {}


def test_circles_are_rejected_with_their_chain() -> None:
    found = chains(parents(["a", "b", "c", "d"], ["b", "c", "a", "a"]))
    assert set(found) == {1, 2, 3}
    assert found[1] == "a → b → c → a"


def test_circles_through_the_store() -> None:
    stored = [("ward", "w", "b"), ("city", "x", None)]
    assert set(chains(parents(["b"], ["w"], stored=stored))) == {1}
    # The file's own row replaces the stored one.
    assert chains(parents(["b", "w"], ["w", None], ["grid", "ward"], stored)) == {}


def test_parents_that_are_nowhere_are_noted() -> None:
    ledger = parents(["a", "b"], ["x", "a"])
    assert not ledger.rejects
    assert "1 grids name a parent" in ledger.notes[0].text() and "(x)" in ledger.notes[0].text()


@given(st.lists(st.integers(-1, 11), min_size=1, max_size=12))
def test_what_is_left_after_the_check_has_no_circle(above: list[int]) -> None:
    codes = [str(n) for n in range(len(above))]
    ledger = parents(codes, [None if n < 0 else str(n) for n in above])
    alive = set(np.flatnonzero(ledger.alive).tolist())
    in_circle = set()
    for start in range(len(above)):
        seen, at = [], start
        while 0 <= at < len(above) and at not in seen:
            seen.append(at)
            at = above[at]
        if at == start:
            in_circle.add(start)
    assert alive == set(range(len(above))) - in_circle


def test_repeated_ids_are_rejected_and_name_the_first_row() -> None:
    found = understand("incidents", points(5) | {"id": [12.0, "12", None, " ", "x"]})
    assert [(row, field) for row, field, _ in reasons(found)] == [(2, "id")]
    assert found.batch.columns["id"].tolist() == ["12", None, None, "x"]
    assert "(row 1)" in reasons(found)[0][2]


def test_a_rejected_row_does_not_take_its_id_away_from_a_later_one() -> None:
    columns = points(2) | {"id": ["a", "a"]}
    columns["lon"][0] = 500.0
    found = understand("incidents", columns)
    assert found.batch.columns["id"].tolist() == ["a"]


def test_ids_in_the_store() -> None:
    ledger = Ledger(np.array([4, 5, 6]))
    ids.reject_stored([object_array(["a", None, "b"])], {("b",), ("z",)}, ledger, "id")
    assert [reject.row for reject in ledger.rejects] == [6]
    ledger = Ledger(np.array([1, 2]))
    ids.reject_stored([object_array(["l", "m"]), object_array(["1", "1"])], {("m", "1")}, ledger, "code")
    assert [reject.row for reject in ledger.rejects] == [2]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.one_of(st.none(), st.sampled_from("xyz"))), max_size=20))
def test_combined_codes_are_equal_exactly_where_keys_are(keys: list[tuple[str, str | None]]) -> None:
    if not keys:
        return
    codes = ids.combined_codes([object_array([key[0] for key in keys]), object_array([key[1] for key in keys])])
    for i, left in enumerate(keys):
        assert (codes[i] == -1) == (left[1] is None)
        for j, right in enumerate(keys):
            if left[1] is not None and right[1] is not None:
                assert (codes[i] == codes[j]) == (left == right)
