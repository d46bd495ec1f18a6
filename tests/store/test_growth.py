"""Columns that grow in place: a view once given never changes, and is what copying would have made."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.columns import Codes
from store.growth import Growth
from store.schema import Kind
from store.values import from_sql, join

TEXTS = st.lists(st.one_of(st.none(), st.sampled_from(["a", "b", "井盖", ""])), max_size=8)


def decoded(column: object) -> list[object]:
    return column.decode().tolist() if isinstance(column, Codes) else np.asarray(column).tolist()


@given(parts=st.lists(TEXTS, min_size=2, max_size=8), forks=st.sets(st.integers(0, 7)))
def test_views_stay_what_they_were(parts: list[list[str | None]], forks: set[int]) -> None:
    for kind in (Kind.TEXT, Kind.CODE):
        growth = Growth()
        column = from_sql(kind, parts[0])
        given_out = [(column, decoded(column))]
        for index, part in enumerate(parts[1:]):
            if index in forks:  # two readers that go on from the same revision
                aside = growth.extend("c", column, from_sql(kind, ["fork", *part]))
                given_out.append((aside, decoded(aside)))
            plain = decoded(join(column, from_sql(kind, part)))
            column = growth.extend("c", column, from_sql(kind, part))
            given_out.append((column, plain))
        for view, was in given_out:
            assert decoded(view) == was


def test_what_was_given_out_cannot_be_written_and_is_not_copied() -> None:
    growth = Growth()
    first = growth.extend("x", np.arange(3.0), np.arange(2.0))
    second = growth.extend("x", first, np.arange(4.0))
    assert isinstance(first, np.ndarray) and isinstance(second, np.ndarray)
    assert first.ctypes.data == second.ctypes.data and (len(first), len(second)) == (5, 9)
    for view in (first, second):
        with pytest.raises(ValueError, match="read-only"):
            view[0] = 1.0
