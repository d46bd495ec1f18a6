"""Counts by grid and owner add up to all cameras, and no unknown is taken for a no, nor for a yes."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.columns import LayerColumns
from geo.errors import ParameterError
from geo.inventory import ATTRIBUTES, FLAGS, NUMBERS, PIXELS_FROM, TEXTS, Targets, inventory
from store.schema import LAYERS


def layer(rows):
    """Cameras from dicts; what is not given is not recorded."""
    columns = {name: np.array([row.get(name) for row in rows], dtype=object) for name in TEXTS}
    columns |= {name: np.array([row.get(name, np.nan) for row in rows], dtype=np.float64) for name in NUMBERS}
    columns |= {name: np.array([row.get(name, -1) for row in rows], dtype=np.int8) for name in FLAGS}
    return LayerColumns("cameras", 1, np.arange(len(rows)), columns)


def of_one(rows, targets=None):
    return inventory(layer(rows), np.zeros(len(rows), int), 1, targets).by_cell


flags = st.sampled_from([-1, 0, 1])
camera = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(FLAGS, flags)
    | {"pixels_h": st.sampled_from([1, 1279, 1280, 1919, 1920, 2559, 2560, 3839, 3840, 9999])}
    | {"owner": st.sampled_from(["b", "a", "", None, "甲"]), "kind": st.sampled_from(["fixed", None])}
    | {"range_m": st.just(0.0), "cell": st.integers(-1, 3)},
)


@given(rows=st.lists(camera, max_size=40))
def test_every_camera_counts_once_in_each_table(rows):
    cell = [row.get("cell", -1) for row in rows]
    found = inventory(layer(rows), cell, 4)
    assert found.total.cameras.tolist() == [len(rows)]
    assert found.by_owner.cameras.sum() == len(rows)
    assert found.by_cell.cameras.sum() == sum(c >= 0 for c in cell)
    assert [*found.owners] == sorted({row["owner"] for row in rows if row.get("owner")}) + (
        [None] if any(not row.get("owner") for row in rows) else []
    )
    groups = [("total", 0, rows)]
    groups += [("by_cell", i, [r for r, c in zip(rows, cell, strict=True) if c == i]) for i in range(4)]
    groups += [("by_owner", i, [r for r in rows if (r.get("owner") or None) == o]) for i, o in enumerate(found.owners)]
    for table, i, mine in groups:
        tally = getattr(found, table)
        assert tally.cameras[i] == len(mine)
        for name in FLAGS:
            counts = Counter(row.get(name, -1) for row in mine)
            assert tally.flags[name][i].tolist() == [counts[1], counts[0], counts[-1]]
        sizes = Counter(np.searchsorted(PIXELS_FROM, row["pixels_h"], "right") for row in mine if "pixels_h" in row)
        assert tally.pixels[i].tolist() == [*(sizes[k] for k in range(5)), sum("pixels_h" not in row for row in mine)]
        for name in ATTRIBUTES:
            assert tally.missing[name][i] == sum(row.get(name) in (None, "", -1) for row in mine)


@given(
    yes=st.integers(0, 60), no=st.integers(0, 3), unknown=st.integers(0, 3), target=st.sampled_from([0, 0.5, 0.98, 1])
)
def test_a_target_is_decided_as_soon_as_the_unknown_cannot_change_it(yes, no, unknown, target):
    rows = [{"online": 1}] * yes + [{"online": 0}] * no + [{}] * unknown
    found = of_one(rows, Targets(online=target))
    outcomes = {yes + good >= target * len(rows) - 1e-9 for good in range(unknown + 1)} if rows else {True, False}
    assert found.meets["online"][0] == (int(outcomes.pop()) if len(outcomes) == 1 else -1)
    share = yes / (yes + no) if yes + no else np.nan
    assert found.share["online"][0] == pytest.approx(share, nan_ok=True)
    assert found.known["online"][0] == pytest.approx((yes + no) / len(rows) if rows else np.nan, nan_ok=True)


def test_forty_nine_of_fifty_are_98_per_cent():
    found = of_one([{"online": 1, "networked": 1}] * 49 + [{"online": 0}])
    assert {name: value.tolist() for name, value in found.meets.items()} == {
        "online": [0],
        "networked": [-1],
        "intact": [1],
    }
    assert of_one([{"online": 1}] * 48 + [{"online": 0}] * 2).meets["intact"].tolist() == [0]


def test_a_share_that_is_just_the_target_meets_it():
    """0.55 * 100 is more than 55 in floating point."""
    found = of_one([{"online": 1}] * 55 + [{"online": 0}] * 45, Targets(online=0.55))
    assert found.meets["online"].tolist() == [1]


def test_nothing_recorded_decides_nothing():
    found = of_one([{}, {}])
    assert [int(value[0]) for value in found.meets.values()] == [-1, -1, -1]
    assert np.isnan([value[0] for value in found.share.values()]).all()


@pytest.mark.parametrize("share", [-0.1, 1.1, np.nan, 98])
def test_refuses_a_target_that_is_no_share(share):
    with pytest.raises(ParameterError):
        Targets(intact=share)


def test_every_column_of_a_camera_is_asked_for():
    """What the store keeps and this module does not count is named here; `geo.duties` counts what must be there."""
    duties = {"purpose", "sign", "retention_days"}
    assert {*LAYERS["cameras"].names} - {*ATTRIBUTES} == {"id", "azimuth_tolerance_deg", "masks", *duties}


def test_no_cameras():
    found = inventory(layer([]), [], 2)
    assert (found.owners, found.by_cell.cameras.tolist(), found.total.cameras.tolist()) == ((), [0, 0], [0])
    assert SimpleNamespace(**found.by_cell.meets).online.tolist() == [-1, -1]
