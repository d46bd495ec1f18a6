"""Filtering in the compiled loops chooses what masks choose, whatever the order, cells and method."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.columns import Codes
from geo.density import select
from geo.errors import ParameterError
from geo.heat_columns import choice_of, heat_columns, with_more
from geo.heat_field import HeatField
from geo.heat_kernel import Kernel
from geo.local_time import matches
from tests import oracles

N = 3000
RNG = np.random.default_rng(11)
# Many share a place, as geocoded incidents do.
PLACES = np.array([500_000, 4_000_000]) + RNG.uniform(0, 3000, (400, 2))
X, Y = PLACES[RNG.integers(0, 400, N)].T
WHEN = np.datetime64("2024-01-01", "ms") + RNG.integers(0, 366 * 86_400_000, N).astype("timedelta64[ms]")
WHEN[RNG.random(N) < 0.05] = np.datetime64("NaT")
CODES = Codes(("fire", "noise", "theft"), RNG.integers(-1, 3, N).astype(np.int32))
LOCAL = SimpleNamespace(
    hour=np.where(np.isnat(WHEN), -1, RNG.integers(0, 24, N)).astype(np.int8),
    weekday=np.where(np.isnat(WHEN), -1, RNG.integers(1, 8, N)).astype(np.int8),
)
SEVERITY = np.where(RNG.random(N) < 0.3, np.nan, RNG.integers(0, 5, N).astype(float))
COLUMNS = heat_columns(
    X, Y, occurred_at=WHEN, code=CODES.codes, hour=LOCAL.hour, weekday=LOCAL.weekday, weight=SEVERITY
)
DAYS = st.none() | st.integers(-10, 380)


def mask_of(start, end, categories, hours, weekdays):
    mask = select(WHEN, CODES, start=start, end=end, categories=categories)
    if hours:
        mask &= matches(LOCAL.hour, hours, 24)
    if weekdays:
        mask &= matches(LOCAL.weekday, weekdays, 8)
    return mask


def day(offset):
    return None if offset is None else np.datetime64("2024-01-01T06:30", "ms") + np.timedelta64(offset, "D")


@settings(max_examples=60, deadline=None)
@given(
    start=DAYS,
    end=DAYS,
    categories=st.sets(st.sampled_from(["fire", "noise", "theft", "no such"])).map(lambda one: tuple(sorted(one))),
    hours=st.sets(st.integers(0, 23)).map(lambda one: tuple(sorted(one))),
    weekdays=st.sets(st.integers(1, 7)).map(lambda one: tuple(sorted(one))),
    weighted=st.booleans(),
)
def test_filtering_in_the_loops_is_masking_first(start, end, categories, hours, weekdays, weighted):
    given_ = (day(start), day(end), categories, hours, weekdays)
    mask = mask_of(*given_)
    weights = SEVERITY if weighted else np.ones(N)
    mask &= ~np.isnan(weights)
    field = HeatField(COLUMNS, Kernel("quartic", 300.0), choice_of(*given_, CODES.values), weighted=weighted)
    assert field.cells.chosen == mask.sum()
    assert field.cells.weight == pytest.approx(weights[mask].sum())
    at_x, at_y = PLACES[:25].T
    exact = oracles.heat_at(X[mask], Y[mask], at_x, at_y, radius_m=300.0, weights=weights[mask])
    assert field.at(at_x, at_y) == pytest.approx(exact, abs=1e-3 + 1e-5 * exact.max(initial=0))
    alone = weights[mask].max(initial=1.0) * 3e6 / (np.pi * 300**2)  # the height of the heaviest incident's kernel
    assert field.sampled(at_x, at_y) == pytest.approx(exact, abs=0.006 * max(exact.max(), alone))


@pytest.mark.parametrize("edge", ["2024-03-01T00:00:00.000", "2024-03-01T00:00:00.001"])
def test_a_window_is_half_open_to_the_millisecond(edge):
    moments = np.array(["2024-03-01T00:00:00.000", "2024-03-01T00:00:00.001", "NaT"], "datetime64[ms]")
    columns = heat_columns([0.0, 0.0, 0.0], [0.0, 0.0, 0.0], occurred_at=moments)
    at = np.datetime64(edge, "ms")
    for start, end in ((at, None), (None, at), (at, at + np.timedelta64(1, "ms"))):
        chosen = HeatField(columns, Kernel(), choice_of(start, end, (), (), (), ())).cells.chosen
        none = Codes((), np.full(3, -1, np.int32))
        assert chosen == select(moments, none, start=start, end=end).sum()


def test_far_pictures_from_sums_of_cells_agree_with_those_from_rows():
    random = np.random.default_rng(3)
    x, y = random.uniform(0, 4000, 60_000), random.normal(2000, 600, 60_000)
    field = HeatField(heat_columns(x, y), Kernel("quartic", 500.0))
    window = (-20, -20, 120, 120)
    assert field.columns.cell_m <= field.kernel.step_m
    by_cells = field.plain(0, window)
    few = heat_columns(np.append(x, 1e7), np.append(y, 1e7))  # so far away that cells are large: rows are read
    assert few.cell_m > field.kernel.step_m
    by_rows = HeatField(few, Kernel("quartic", 500.0)).plain(0, window)
    assert np.abs(by_cells - by_rows).max() < 0.002 * by_rows.max()


def test_cells_hold_every_incident_once():
    assert COLUMNS.start[-1] == len(COLUMNS) == N
    assert (np.diff(COLUMNS.start) >= 0).all()
    assert len(heat_columns([], [])) == 0
    assert len(heat_columns([5.0] * 9, [7.0] * 9)) == 9
    with pytest.raises(ParameterError):
        heat_columns([np.inf], [0.0])


@settings(max_examples=25, deadline=None)
@given(cut=st.integers(N - 60, N), steps=st.integers(1, 3), hours=st.sampled_from([(), (7, 8, 9)]))
def test_incidents_put_in_later_lie_as_if_all_were_sorted_at_once(cut, steps, hours):
    facts = {"occurred_at": WHEN, "code": CODES.codes, "hour": LOCAL.hour, "weekday": LOCAL.weekday, "weight": SEVERITY}
    first = slice(0, cut)
    grown = heat_columns(X[first], Y[first], **{name: value[first] for name, value in facts.items()})
    for part in np.array_split(np.arange(cut, N), steps):
        grown = with_more(grown, heat_columns(X[part], Y[part], **{name: value[part] for name, value in facts.items()}))
        assert grown is not None
    assert len(grown) == N == grown.start[-1]
    for cell in range(len(grown.start) - 1):
        when = grown.rows[2][grown.start[cell] : grown.start[cell + 1]]
        assert (when[1:] >= when[:-1]).all()
    choice = choice_of(day(40), day(200), ("fire", "theft"), hours, (), CODES.values)
    at_x, at_y = PLACES[:30].T
    for weighted in (False, True):
        fields = [HeatField(one, Kernel("quartic", 300.0), choice, weighted=weighted) for one in (grown, COLUMNS)]
        assert fields[0].cells.chosen == fields[1].cells.chosen
        assert fields[0].at(at_x, at_y) == pytest.approx(fields[1].at(at_x, at_y), rel=1e-4, abs=1e-4)


def test_a_row_beyond_the_cells_asks_for_a_sort():
    assert with_more(COLUMNS, heat_columns([400_000.0], [4_000_000.0], weight=[1.0])) is None
    assert with_more(COLUMNS, heat_columns([], [])) is COLUMNS
