"""Few grids are sent whole; of very many those in the window, and where that is too many, those in its middle."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from layers import REGISTRY, extent, views
from layers.base import Params, rows_of_level
from layers.extent import in_window
from tests.layers.factory import CELL, X0, Y0, town

TOWN = town()
GRIDS = TOWN["grids"]
CELLS = rows_of_level(GRIDS, "grid")
SIDES = st.tuples(*[st.floats(-50, 4 * CELL + 50)] * 4).map(
    lambda v: (X0 + min(v[0], v[2]), Y0 + min(v[1], v[3]), X0 + max(v[0], v[2]), Y0 + max(v[1], v[3]))
)


def test_few_grids_are_all_sent_wherever_the_window_is() -> None:
    shown, facts = in_window(GRIDS, CELLS, (0.0, 0.0, 1.0, 1.0))
    assert shown.tolist() == list(range(16))
    assert facts == {"windowed": False, "truncated": False}


@given(SIDES)
def test_of_many_grids_those_that_meet_the_window_are_sent(box: tuple[float, float, float, float]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(extent, "MOST", 15)
        shown, facts = in_window(GRIDS, CELLS, box)
    meets = np.flatnonzero(shapely.intersects(GRIDS.geometry[CELLS], shapely.box(*box)))
    assert facts["windowed"]
    assert facts["in_view"] == len(meets)
    assert set(shown) <= set(meets)
    assert (len(shown), facts["truncated"]) == ((15, True) if len(meets) == 16 else (len(meets), False))


def test_of_too_many_the_nearest_to_the_middle_are_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extent, "MOST", 4)
    shown, facts = in_window(GRIDS, CELLS, None)
    centres = shapely.centroid(GRIDS.geometry[CELLS][shown])
    assert facts == {"windowed": True, "in_view": 16, "shown": 4, "truncated": True}
    middle = shapely.Point(X0 + 2 * CELL, Y0 + 2 * CELL)
    assert shapely.distance(centres, middle) == pytest.approx(CELL / 2**0.5)


@pytest.mark.parametrize("name", ["grids", "density"])
def test_a_limited_layer_keeps_the_legend_of_the_whole(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = REGISTRY[name].frame(TOWN, Params(level="grid"))
    monkeypatch.setattr(extent, "MOST", 4)
    part = REGISTRY[name].frame(TOWN, Params(level="grid"))
    assert part.legend == whole.legend
    assert (len(part.features), part.meta["shown"], part.meta["rows"]) == (4, 4, 16)
    expected = whole.features.set_index("code").loc[part.features["code"]].drop(columns="geometry")
    assert part.features.set_index("code").drop(columns="geometry").equals(expected)


def test_coverage_of_any_size_is_computed() -> None:
    frame = REGISTRY["coverage"].frame(TOWN, Params(level="grid"))
    assert len(frame.features) == 16


def test_of_many_views_those_nearest_to_the_middle_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    every = REGISTRY["views"].frame(TOWN, Params())
    seen = set(every.features["camera"])
    monkeypatch.setattr(views, "LIMIT", 2)
    part = REGISTRY["views"].frame(TOWN, Params())
    shown = set(part.features["camera"])
    cameras = TOWN["cameras"]
    assert cameras.x is not None and cameras.y is not None
    middle = ((cameras.x.min() + cameras.x.max()) / 2, (cameras.y.min() + cameras.y.max()) / 2)
    away = np.hypot(cameras.x - middle[0], cameras.y - middle[1])
    ids = cameras.text("id")
    nearest = [ids[row] for row in np.argsort(away, kind="stable") if ids[row] in seen][:2]
    assert shown == set(nearest)
    assert (part.meta["shown"], part.meta["in_view"], part.meta["truncated"]) == (2, every.meta["in_view"], True)


def test_no_view_of_a_crowd_is_drawn_and_the_reader_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "LIMIT", 1)
    monkeypatch.setattr(views, "CROWD", 1)
    part = REGISTRY["views"].frame(TOWN, Params())
    assert (len(part.features), part.meta["shown"], part.meta["truncated"]) == (0, 0, True)
