"""One look-up answers for every level as the bulk locator does for each, however the grids change."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.assign import assign
from geo.columns import LayerColumns
from layers.base import levels_of, rows_of_level
from layers.located import LocatedGrids
from tests.layers.factory import CELL, X0, Y0, layer


def _grids(cells: dict[tuple[int, int], int]) -> LayerColumns:
    """Return two parents and a grid for each cell, `cells` metres wide and high: they may overlap and leave gaps."""
    parents = [
        shapely.box(X0, Y0, X0 + 2 * CELL, Y0 + 4 * CELL),
        shapely.box(X0 + 2 * CELL, Y0, X0 + 4 * CELL, Y0 + 4 * CELL),
    ]
    boxes = [
        shapely.box(X0 + c * CELL, Y0 + r * CELL, X0 + c * CELL + size, Y0 + r * CELL + size)
        for (c, r), size in cells.items()
    ]
    return layer(
        "grids",
        2 + len(cells),
        geometry=[shapely.MultiPolygon([shape]) for shape in [*parents, *boxes]],
        # The same code on both levels: they are different grids.
        code=["1", "2", *(f"{c}" if r == 0 else f"{r}{c}" for c, r in cells)],
        level=["community"] * 2 + ["grid"] * len(cells),
        parent=[None, None, *("1" if c < 2 else "2" for c, _ in cells)],
        team=["West", None, *(f"Team {c}" for c, _ in cells)],
    )


CELLS = st.dictionaries(
    st.tuples(st.integers(0, 3), st.integers(0, 3)), st.sampled_from([60, 100, 130]), min_size=1, max_size=10
)
SPOTS = st.lists(st.tuples(st.integers(-1, 41), st.integers(-1, 41)), min_size=1, max_size=30)


@given(states=st.lists(CELLS, min_size=1, max_size=4), spots=SPOTS)
@settings(deadline=None)
def test_every_level_answers_as_the_bulk_locator(states: Any, spots: Any) -> None:
    located = LocatedGrids()
    x, y = np.array(spots, dtype=np.float64).T * CELL / 10 + [[X0], [Y0]]
    for cells in states:
        grids = _grids(cells)
        found = [located.at(grids, *place) for place in zip(x, y, strict=True)]
        assert len(located) == len(grids)
        for level in levels_of(grids):
            rows = rows_of_level(grids, level)
            codes = grids.text("code")[rows]
            expected = assign(x, y, grids.geometry[rows], codes.tolist())
            got = [next((one for one in answer if one.level == level), None) for answer in found]
            assert [one and one.code for one in got] == [codes[k] if k >= 0 else None for k in expected]
            teams = grids.text("team")[rows]
            assert [one and one.team for one in got] == [teams[k] if k >= 0 else None for k in expected]
        assert all(
            [one.level for one in answer] in ([], ["community"], ["grid"], ["community", "grid"]) for answer in found
        )
