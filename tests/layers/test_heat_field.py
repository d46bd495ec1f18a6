"""What the heat map keeps between revisions is what it would work out anew."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from geo.columns import Codes, LayerColumns, Snapshot
from layers import heat_field as heat_module
from layers.base import Params
from layers.heat_field import heat_counts, heat_field, rows_before, sorted_incidents
from layers.joins import selected
from tests import oracles
from tests.layers.factory import X0, Y0, snapshot, town

TOWN = town(incidents=800)
ALL = TOWN["incidents"]


def first(count: int, **columns: object) -> LayerColumns:
    """The first incidents of the town, as a revision of their own."""
    cut = {
        name: Codes(value.values, value.codes[:count]) if isinstance(value, Codes) else value[:count]
        for name, value in ALL.columns.items()
    }
    assert ALL.x is not None and ALL.y is not None
    found = replace(ALL, fid=ALL.fid[:count], x=ALL.x[:count], y=ALL.y[:count], columns={**cut, **columns})
    return found.after(ALL)


def store(incidents: LayerColumns) -> Snapshot:
    return snapshot({**TOWN.layers, "incidents": incidents})


def check(state: Snapshot, params: Params) -> None:
    incidents = state["incidents"]
    mask = selected(state, params)
    assert incidents.x is not None and incidents.y is not None
    field = heat_field(state, params)
    at_x, at_y = np.meshgrid(np.linspace(X0 + 5, X0 + 395, 6), np.linspace(Y0 + 5, Y0 + 395, 6))
    area = field.boundary.area  # type: ignore[union-attr]
    exact = oracles.heat_at(incidents.x[mask], incidents.y[mask], at_x, at_y, radius_m=params.radius_m, area=area)
    assert field.at(at_x, at_y) == pytest.approx(exact, rel=0.005)
    assert heat_counts(state, params).shown == field.cells.chosen


@pytest.mark.parametrize(
    "params", [Params(radius_m=80), Params(radius_m=80, categories=("noise",), hours=(3, 4, 5, 6))]
)
def test_incidents_that_come_one_after_the_other_are_on_the_map(params: Params) -> None:
    grids = TOWN.layers
    for count in (790, 791, 795, 800):
        check(snapshot({**grids, "incidents": first(count)}), params)


def test_only_a_revision_that_goes_on_is_put_in() -> None:
    old = first(700)
    assert rows_before(old, first(705)) == 700
    assert rows_before(old, first(700)) == 700
    assert rows_before(first(705), old) is None
    assert rows_before(old, replace(first(705), fid=ALL.fid[:705].copy())) is None  # read anew
    kinds = ALL.columns["category"]
    assert isinstance(kinds, Codes)
    assert rows_before(old, first(705, category=Codes(("noise", "other"), kinds.codes[:705]))) is None


def test_a_changed_incident_is_not_shown_where_it_was() -> None:
    before = store(first(800))
    check(before, Params(radius_m=80))
    assert ALL.x is not None
    turned = replace(ALL, fid=ALL.fid.copy(), x=ALL.x[::-1].copy())
    check(store(turned), Params(radius_m=80))
    assert sorted_incidents(before).columns is not sorted_incidents(store(turned)).columns


def test_only_the_last_revisions_of_a_feed_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heat_module, "_kept", heat_module._Kept())
    for count in range(100, 800, 50):
        state = store(first(count))
        for radius in (60, 80, 100):
            heat_field(state, Params(radius_m=radius))
    assert [len(found.inside) for _, found in heat_module._kept._sorted.values()] == [700, 750]
    assert len(heat_module._kept._fields) == 6
