"""What is found is what a plain loop over the folded texts finds, best first; short and mixed texts included."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from geo.find_text import BEGINS, CONTAINS, EXACT, TextIndex, folded

WORDS = st.text(alphabet="aAbB主街 \n１1-", max_size=6)


@given(st.lists(st.none() | WORDS, max_size=30), WORDS)
def test_it_agrees_with_a_loop(texts: list[str | None], wanted: str) -> None:
    goal = folded(wanted)
    expected = {}
    for row, text in enumerate(texts):
        here = folded(text or "")
        if goal and goal in here:
            expected[row] = EXACT if here == goal else BEGINS if here.startswith(goal) else CONTAINS
    found = TextIndex(texts).find(wanted)
    assert {row: rank for rank, row in found} == expected
    assert found == sorted(found)


def test_forms_of_a_letter_are_one() -> None:
    index = TextIndex(["Ｍain Street", "主街", None, "straße"])
    assert index.find("main") == [(BEGINS, 0)]
    assert index.find("街") == [(CONTAINS, 1)]
    assert index.find("STRASSE") == [(EXACT, 3)]
    assert index.find("  ") == []


def test_no_more_than_asked_for_each_rank() -> None:
    assert len(TextIndex(["ab", "ab", "ab", "abc"]).find("ab", most=2)) == 2 + 1 + 1
