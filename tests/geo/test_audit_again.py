"""After an edit the audit that looks only at what changed finds what a whole audit finds."""

from __future__ import annotations

from dataclasses import replace
from unittest import mock

import numpy as np
import pytest
import shapely
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from geo import audit_again as module
from geo import audit_cover_again
from geo.audit import Audit, audit
from geo.audit_again import audit_again, audit_points_again
from geo.audit_things import Things
from tests.geo.audit_town import Town, array, town
from tests.geo.test_audit_seeded import MIDDLE, stretched


def same(quick: Audit, whole: Audit) -> None:
    mine, theirs = ({one.id: one for one in found.findings} for found in (quick, whole))
    assert {key: (one.kind, one.rows) for key, one in mine.items()} == {
        key: (one.kind, one.rows) for key, one in theirs.items()
    }
    for key, one in mine.items():
        other = theirs[key]
        assert one.measure == pytest.approx(other.measure, abs=1e-6)
        assert (one.severity, one.message, one.remedy) == (other.severity, other.message, other.remedy)
    assert quick.unchecked == whole.unchecked and (quick.above == whole.above).all()


def again(before: Audit, made: Town) -> Audit:
    return audit_again(before, array(made.shape), array(made.team), np.array(made.population))


def whole(made: Town) -> Audit:
    return audit(made.division(), made.things)


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32 - 1), edits=st.integers(1, 5), size_m=st.sampled_from([0.001, 0.5, 20.0, 130.0]))
def test_a_chain_of_edits(seed: int, edits: int, size_m: float) -> None:
    rng = np.random.default_rng(seed)
    made = town(seed)
    for row in rng.choice(len(made.code), 3, replace=False).tolist():  # faults from the beginning
        made.shape[row] = stretched(made.shape[row], float(rng.uniform(-9, 9)))
    found = whole(made)
    for _ in range(edits):
        row = int(rng.integers(len(made.code)))
        what = rng.integers(4)
        if what == 0:
            made.team[row] = rng.choice(np.array([None, "team 420606001002", "town"], dtype=object))
        elif what == 1:
            made.population[row] = float(rng.choice([np.nan, 5.0]))
        elif what == 2:
            dx, dy = rng.uniform(-size_m, size_m, 2)
            made.shape[row] = shapely.transform(made.shape[row], lambda xy, by=(dx, dy): xy + np.array(by))
        else:
            made.shape[row] = stretched(made.shape[row], float(rng.uniform(-size_m, size_m)))
        found = again(found, made)
        same(found, whole(made))


def test_an_edit_and_its_undoing() -> None:
    made = town(7)
    found = whole(made)
    shape = made.shape[made.row(MIDDLE)]
    for changed in (stretched(shape, 3.0), None, shapely.MultiPolygon(), shape):
        made.shape[made.row(MIDDLE)] = changed
        found = again(found, made)
        same(found, whole(made))
    assert len(found.findings) == 0


def test_a_gap_that_opens_far_from_the_edit_and_a_grid_in_another_parent() -> None:
    made = town(3, across=3)
    made.shape[made.row("420606001005005")] = made.shape[made.row("420606001001001")]  # leaves its own parent
    found = whole(made)
    for code in ("420606001002005", "420606001002002", "420606001005004"):
        made.shape[made.row(code)] = stretched(made.shape[made.row(code)], -40.0)
        found = again(found, made)
        same(found, whole(made))


def test_other_points_on_the_same_grids() -> None:
    made = town(2)
    found = whole(made)
    assert made.things.incidents is not None
    incidents = made.things.incidents
    made.things = replace(made.things, incidents=replace(incidents, x=incidents.x + 60.0), cameras=None)
    found = audit_points_again(found, made.things)
    same(found, whole(made))
    assert len(found.findings) > 0
    made.shape[made.row(MIDDLE)] = stretched(made.shape[made.row(MIDDLE)], 30.0)
    same(again(found, made), whole(made))


def test_nothing_changed_and_too_much_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    made = town(1)
    found = whole(made)
    assert again(found, made) is found
    monkeypatch.setattr(module, "MOST", 0)
    made.team[made.row(MIDDLE)] = None
    same(again(found, made), whole(made))


@settings(max_examples=25, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(seed=st.integers(0, 2**32 - 1), edits=st.integers(1, 4), size_m=st.sampled_from([0.001, 0.5, 20.0, 130.0]))
def test_only_the_pieces_of_borders_that_changed_are_looked_at(seed: int, edits: int, size_m: float) -> None:
    """In a town with faults everywhere, where looking at a part could go wrong."""
    rng = np.random.default_rng(seed)
    made = town(seed, across=3)
    made.things = Things()
    unit = [row for row, level in enumerate(made.level) if level == "grid"]
    for row in rng.choice(unit, 12, replace=False).tolist():
        made.shape[row] = stretched(made.shape[row], float(rng.uniform(-15, 15)))
    found = whole(made)
    with mock.patch.object(audit_cover_again, "_FEW", 0), mock.patch.object(audit_cover_again, "_MOST", 1.1):
        for _ in range(edits):
            row = int(rng.choice(unit))
            by = rng.uniform(-size_m, size_m, 2)
            made.shape[row] = shapely.transform(made.shape[row], lambda xy, by=by: xy + by)
            found = again(found, made)
            same(found, whole(made))
