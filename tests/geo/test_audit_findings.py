"""A finding is known again: by kind, grids and place, whatever else changes; and it is gone once it is mended."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import shapely

from geo.audit import audit
from geo.audit_edges import _flat
from geo.audit_findings import figure
from geo.audit_kinds import SEVERITIES, SMALL_IS_WORSE, TEXTS
from geo.audit_names import named, together
from geo.audit_rules import AuditRules
from geo.errors import ParameterError
from geo.overlay import flatten
from geo.parallel import Cancelled
from tests.geo.audit_town import Town, array, town
from tests.geo.test_audit_seeded import MIDDLE, stretched

OTHER = "420606001004005"


def faulty() -> Town:
    """An overlap and a gap at MIDDLE, a missing team, a cut building."""
    made = town(5)
    row = made.row(MIDDLE)
    made.shape[row] = shapely.transform(made.shape[row], lambda xy: xy + np.array([3.0, 0.0]))
    made.team[made.row(OTHER)] = None
    assert made.things.buildings is not None
    houses = made.things.buildings.copy()
    houses[0] = shapely.transform(houses[0], lambda xy: xy + np.array([50.0, 0.0]))
    made.things = replace(made.things, buildings=houses)
    return made


def ids(made: Town) -> dict[str, str]:
    found = audit(made.division(), made.things).findings
    assert len(set(found.id)) == len(found)
    return dict(zip(found.id.tolist(), found.kind.tolist(), strict=True))


def test_ids_outlast_a_new_order_of_the_rows_and_changes_elsewhere() -> None:
    before = ids(faulty())
    made = faulty()
    order = np.random.default_rng(0).permutation(len(made.code)).tolist()
    for name in ("code", "level", "parent", "team", "population", "shape"):
        setattr(made, name, [getattr(made, name)[i] for i in order])
    assert ids(made) == before
    made = faulty()
    far = made.row("420606001002003")
    made.team[far] = None
    after = ids(made)
    assert set(before) < set(after) and [after[one] for one in set(after) - set(before)] == ["team_missing"]
    made.shape[far] = stretched(made.shape[far], 2.0)  # beyond the outer border
    after = ids(made)
    assert set(before) < set(after) and "spill" in {after[one] for one in set(after) - set(before)}


def test_a_mended_finding_is_gone_and_no_other() -> None:
    before = ids(faulty())
    made, clean = faulty(), town(5)
    row = made.row(MIDDLE)
    made.shape[row] = clean.shape[row]
    after = ids(made)
    assert sorted(after.values()) == ["building_cut", "team_missing"]
    assert set(after) < set(before)


def test_the_gravest_and_largest_come_first() -> None:
    found = audit(faulty().division(), faulty().things).findings
    assert found.severity.tolist() == sorted(found.severity.tolist(), reverse=True)
    overlaps = [one.measure for one in found if one.kind == "overlap"]
    assert overlaps == sorted(overlaps, reverse=True) and len(overlaps) > 1
    keys = [
        (-SEVERITIES.index(one.severity), list(TEXTS).index(one.kind),
         one.measure if one.kind in SMALL_IS_WORSE else -one.measure, one.id)
        for one in found
    ]  # fmt: skip
    assert keys == sorted(keys)
    boxes = shapely.bounds(found.shape)
    assert (boxes[:, 0] > 440_000).all() and (boxes[:, 1] > 3_500_000).all()  # where they are


def test_names_are_ordered_as_numbers_as_they_are_as_texts_and_none_occurs_twice() -> None:
    made = named([str(i) for i in range(200)])
    assert np.argsort(made.text.astype(str)).tolist() == np.argsort(made.number).tolist()
    twice = together([made, made[np.arange(3)], named([])])
    assert twice.text[:200].tolist() == made.text.tolist() and len(set(twice.text)) == len(set(twice.number)) == 203
    assert [int(text, 16) for text in twice.text] == twice.number.tolist()


def test_it_stops_when_asked_and_says_how_far_it_is() -> None:
    steps: list[tuple[float, str]] = []
    audit(faulty().division(), faulty().things, progress=lambda share, step: steps.append((share, step)))
    assert [share for share, _ in steps] == sorted(share for share, _ in steps) and steps[-1][0] == 1.0
    assert {step for _, step in steps} == {"grids", "borders", "codes", "buildings", "points"}
    with pytest.raises(Cancelled):
        audit(faulty().division(), cancelled=lambda: True)


def test_tolerances_are_checked() -> None:
    for wrong in ({"sliver_m": -1.0}, {"cut_m2": float("nan")}, {"layout": "17"}):
        with pytest.raises(ParameterError):
            AuditRules(**wrong)


def test_figures_show_the_digits_they_need() -> None:
    assert [figure(*one) for one in ((1234.567, "m²"), (0.0001234, "m²"), (0.0, "m²"), (3.0, "parts"))] == [
        "1,234.57", "0.00012", "0.00", "3"
    ]  # fmt: skip


def test_polygons_of_one_ring_are_read_as_all_others_are() -> None:
    shapes = array([shape for shape in town(4).shape if shape is not None])
    shapes[3] = shapely.reverse(shapes[3])
    plain, parted = _flat(shapes), flatten(shapes)
    for left, right in zip(plain.arrays, parted.arrays, strict=True):
        assert (left == right).all()
    holed = array([shapely.Polygon(shapely.box(0, 0, 9, 9).exterior, [shapely.box(1, 1, 2, 2).exterior])])
    assert len(_flat(holed).rings) == 3
    assert len(_flat(array([shapely.MultiPolygon()])).rings) == 1
