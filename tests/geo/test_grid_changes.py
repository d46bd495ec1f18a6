"""Changes of a division undo, fold and apply."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import box

from geo.grid_changes import GridChange, GridState, Key, applied, folded, inverse

STATES = st.none() | st.builds(
    GridState, geometry=st.sampled_from([box(0, 0, 1, 1), box(0, 0, 2, 1)]), team=st.sampled_from([None, "A", "B"])
)


@st.composite
def histories(draw: st.DrawFn) -> tuple[dict[Key, GridState], list[GridChange]]:
    """Return a division and changes that fit it, one after the other."""
    keys = [("grid", "1"), ("grid", "2"), ("community", "1")]
    start = {key: state for key in keys if (state := draw(STATES)) is not None}
    now, changes = dict(start), []
    for key in draw(st.lists(st.sampled_from(keys), max_size=8)):
        changes.append(GridChange(*key, now.get(key), draw(STATES)))
        now = applied(now, changes[-1:])
    return start, changes


@given(histories())
def test_what_is_applied_is_undone_by_the_inverse_and_is_the_same_folded(
    history: tuple[dict[Key, GridState], list[GridChange]],
) -> None:
    start, changes = history
    after = applied(start, changes)
    assert applied(after, inverse(changes)) == start
    assert applied(start, folded(changes)) == after
    assert len({one.key for one in folded(changes)}) == len(folded(changes))


def test_a_grid_that_is_not_what_the_change_began_with_is_named() -> None:
    change = GridChange("grid", "1", GridState(box(0, 0, 1, 1)), None)
    with pytest.raises(KeyError, match="grid"):
        applied({("grid", "1"): GridState(box(0, 0, 2, 1))}, [change])
    with pytest.raises(ValueError, match="does not begin"):
        folded([change, change])
