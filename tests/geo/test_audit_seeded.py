"""Every kind of defect sown in a clean town is found, alone, with the right measure."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import shapely

from geo.audit import audit
from geo.audit_findings import Finding
from geo.audit_kinds import TEXTS, TITLES, UNITS
from geo.audit_rules import AuditRules
from geo.audit_things import Incidents, Spots, Things
from tests.geo.audit_town import BOTTOM, LEFT, Town, array, town

MIDDLE = "420606001001005"  # a unit grid with neighbours of its own community all around
EAST = "420606001001006"


def findings(made: Town, **rules: Any) -> list[Finding]:
    return list(audit(made.division(), made.things, AuditRules(**rules)).findings)


def only(made: Town, kind: str, **rules: Any) -> Finding:
    """The one finding that there is."""
    found = findings(made, **rules)
    assert [one.kind for one in found] == [kind]
    return found[0]


def codes(made: Town, finding: Finding) -> list[str]:
    return [made.code[row] for row in finding.rows]


def stretched(shape: Any, east_m: float) -> Any:
    """Its eastern half moved to the east."""
    middle = shapely.centroid(shape).x
    return shapely.transform(shape, lambda xy: xy + np.outer(np.where(xy[:, 0] > middle, east_m, 0.0), [1, 0]))


@pytest.mark.parametrize("seed", range(3))
def test_a_clean_town_has_no_finding(seed: int) -> None:
    made = town(seed, across=3)
    found = audit(made.division(), made.things)
    assert len(found.findings) == 0
    assert found.layout == "15" and found.unchecked == ()


@pytest.mark.parametrize("by_m", [1e-4, 0.01, 0.3, 7.0, 30.0])
def test_overlap(by_m: float) -> None:
    made = town()
    row, east = made.row(MIDDLE), made.row(EAST)
    made.shape[row] = stretched(made.shape[row], by_m)
    exact = shapely.intersection(
        *(shapely.transform(made.shape[k], lambda xy: xy - [LEFT, BOTTOM]) for k in (row, east))
    ).area
    found = [one for one in findings(made) if one.kind == "overlap" and set(one.rows) == {row, east}]
    assert len(found) == 1
    assert found[0].measure == pytest.approx(exact, abs=1e-6)
    assert found[0].severity == ("note" if exact < 0.01 else "error")
    assert ("under 0.01 m²" in found[0].remedy) == (exact < 0.01)
    assert found[0].geometry.area == pytest.approx(exact, abs=1e-6)


@pytest.mark.parametrize(("by_m", "kind"), [(-1e-4, "sliver"), (-0.01, "sliver"), (-0.9, "sliver"), (-9.0, "gap")])
def test_gap(by_m: float, kind: str) -> None:
    made = town(jitter_m=0.0)
    row = made.row(MIDDLE)
    made.shape[row] = stretched(made.shape[row], by_m)
    found = only(made, kind)
    assert found.measure == pytest.approx(-by_m * 100, abs=1e-6)
    assert {MIDDLE, EAST} <= set(codes(made, found))
    assert found.severity == "error" if -by_m * 100 >= 0.01 else "note"


def test_hole_at_the_edge_of_the_parent_and_in_every_parent_above() -> None:
    made = town(jitter_m=0.0)
    made.without("420606001001001")  # in the north-west corner
    made.things = Things()
    found = only(made, "hole")
    assert codes(made, found) == ["420606001001"] and found.measure == pytest.approx(10_000, abs=1e-6)


def test_a_hole_that_is_a_gap_is_told_once() -> None:
    made = town(jitter_m=0.0)
    made.without(MIDDLE)
    made.things = Things()
    found = only(made, "gap")
    assert found.measure == pytest.approx(10_000, abs=1e-6) and len(found.rows) == 8


def test_spill_beyond_the_outer_border() -> None:
    made = town(jitter_m=0.0)
    corner = "420606001002003"  # in the north-east corner
    made.shape[made.row(corner)] = stretched(made.shape[made.row(corner)], 4.0)
    found = only(made, "spill")
    assert codes(made, found) == [corner, "420606001002"] and found.measure == pytest.approx(400, abs=1e-6)


def test_duplicate_and_near_duplicate() -> None:
    made = town(jitter_m=0.0)
    for code, shape in (("420606001001010", made.shape[made.row(MIDDLE)]),
                        ("420606001004010", stretched(made.shape[made.row("420606001004005")], -2.0))):  # fmt: skip
        made.code.append(code)
        made.level.append("grid")
        made.parent.append(code[:12])
        made.team.append(f"team {code[:12]}")
        made.population.append(900.0)
        made.shape.append(shapely.normalize(shape))
    made.things = Things()
    kinds = {one.kind: one for one in findings(made, layout="none")}
    assert set(kinds) == {"duplicate", "near_duplicate"}
    assert kinds["duplicate"].measure == pytest.approx(10_000, abs=1e-6)
    assert kinds["near_duplicate"].measure == pytest.approx(9_800, abs=1e-6)
    assert kinds["near_duplicate"].params["share"] == "98.00"


def test_invalid_ring_and_no_area() -> None:
    made = town(jitter_m=0.0)
    row = made.row("420606001002003")
    x0, y0, x1, y1 = shapely.bounds(made.shape[row])
    # A spike of no width, outward: the ring runs over itself.
    made.shape[row] = shapely.Polygon([(x0, y0), (x1, y0), (x1, y1), (x1 + 5, y1), (x1, y1), (x0, y1)])
    found = only(made, "invalid")
    assert codes(made, found) == ["420606001002003"] and found.measure == pytest.approx(0, abs=1e-6)
    assert found.geometry.geom_type == "Point"
    made.shape[row] = shapely.Polygon([(x0, y0), (x1, y0), (x0, y1), (x1, y1)])  # a bow tie: half of it is left
    kinds = {one.kind: one for one in findings(made)}
    assert kinds["invalid"].measure == pytest.approx(5_000, abs=1e-6)
    made.shape[row] = None
    assert "has no area" in {one.kind: one for one in findings(made)}["invalid"].message


def test_multipart() -> None:
    made = town(jitter_m=0.0)
    row, other = made.row("420606001001001"), made.row("420606001001009")
    made.shape[row] = shapely.MultiPolygon([*made.shape[row].geoms, *made.shape[other].geoms])
    made.without("420606001001009")
    made.things = Things()
    found = only(made, "multipart", layout="none")
    assert codes(made, found) == ["420606001001001"] and found.measure == 2 and found.unit == "parts"


def test_parents_that_are_missing_wrong_and_circular() -> None:
    made = town(jitter_m=0.0)
    made.parent[made.row(MIDDLE)] = None
    assert only(made, "parent_missing").message == TEXTS["parent_missing"]["blank"][0]
    made.parent[made.row(MIDDLE)] = "999"
    assert only(made, "parent_missing").params["parent"] == "999"
    made.parent[made.row(MIDDLE)] = EAST
    assert only(made, "parent_wrong").message == TEXTS["parent_wrong"]["level"][0]
    made.parent[made.row(MIDDLE)] = "420606001001"
    made.parent[made.row("420606001")] = MIDDLE
    assert {one.kind for one in findings(made, layout="none")} >= {"parent_cycle"}


def test_a_parent_that_is_wrong_by_place_and_by_code() -> None:
    made = town(jitter_m=0.0)
    made.parent[made.row(MIDDLE)] = "420606001004"
    found = only(made, "parent_wrong")
    assert codes(made, found) == [MIDDLE, "420606001004", "420606001001"]
    assert found.measure == pytest.approx(10_000, abs=1e-6)
    made = town(jitter_m=0.0)
    row = made.row("420606001002009")
    made.code[row] = "420606001003010"  # the digits of another community
    made.things = Things()
    assert only(made, "code_parent").params["parent"] == "420606001002"


def test_codes_used_twice_and_of_another_layout() -> None:
    made = town(jitter_m=0.0)
    made.things = Things()
    made.code[made.row(MIDDLE)] = EAST
    assert {one.kind for one in findings(made, layout="none")} == {"code_duplicate"}
    made = town(jitter_m=0.0)
    made.things = Things()
    made.code[made.row(MIDDLE)] = "4206060010015"
    assert only(made, "code_layout").params["digits"] == 15


@pytest.mark.parametrize("seed", range(4))
def test_sequence(seed: int) -> None:
    made = town(seed)
    first, last = made.row("420606001003001"), made.row("420606001003008")
    made.shape[first], made.shape[last] = made.shape[last], made.shape[first]
    made.things = Things()
    found = only(made, "sequence")
    assert made.code[found.rows[0]] == "420606001003" and found.measure == 2 and found.unit == "grids"


def test_size_and_shape() -> None:
    made = town(jitter_m=0.0)
    assert {one.kind for one in findings(made, least_m2=10_001)} == {"size"}
    assert {one.kind for one in findings(made, most_m2=9_999)} == {"size"}
    found = findings(made, compactness=0.8)
    assert {one.kind for one in found} == {"shape"} and found[0].measure == pytest.approx(np.pi / 4, rel=1e-9)


def test_building_cut() -> None:
    made = town(jitter_m=0.0)
    assert made.things.buildings is not None
    houses = made.things.buildings.copy()
    houses[0] = shapely.box(LEFT + 90, BOTTOM + 20, LEFT + 103, BOTTOM + 40)
    houses[1] = shapely.box(LEFT + 80, BOTTOM + 60, LEFT + 100, BOTTOM + 70)  # only touches
    houses[2] = shapely.box(LEFT - 5, BOTTOM + 60, LEFT + 20, BOTTOM + 70)  # beyond all grids: cut by nothing
    made.things = replace(made.things, buildings=houses)
    found = only(made, "building_cut")
    assert found.params["building"] == "b0" and found.measure == pytest.approx(60, abs=1e-6) and len(found.rows) == 2


def test_a_building_in_an_overlap_is_measured_once() -> None:
    made = town(jitter_m=0.0)
    row = made.row(MIDDLE)
    made.shape[row] = stretched(made.shape[row], 30.0)
    x = shapely.bounds(made.shape[row])[2]  # 30 m into the next grid, with the building around that line
    made.things = Things(buildings=array([shapely.box(x - 6, BOTTOM + 430, x + 4, BOTTOM + 440)]))
    cut = [one for one in findings(made) if one.kind == "building_cut"]
    assert [one.measure for one in cut] == []  # all of it lies in one grid


def test_teams() -> None:
    made = town(jitter_m=0.0)
    made.team[made.row(MIDDLE)] = None
    assert codes(made, only(made, "team_missing")) == [MIDDLE]
    made = town(jitter_m=0.0)
    far = "420606001004009"
    made.team[made.row(far)] = "team 420606001001"
    found = only(made, "team_split")
    assert codes(made, found) == [far] and found.measure == 2


def test_teams_hang_together_across_borders_that_do_not_share_corners() -> None:
    made = town(jitter_m=0.0)
    row = made.row("420606001002004")
    made.shape[row] = shapely.segmentize(made.shape[row], 30.0)  # corners of its own
    made.team[row] = "team 420606001001"
    assert findings(made) == []


def test_what_lies_in_no_grid_or_another_one() -> None:
    made = town(jitter_m=0.0)
    outside = Spots(array(["x"]), np.array([LEFT - 40.0]), np.array([BOTTOM + 30.0]))
    for kind, field in (("camera_outside", "cameras"), ("place_outside", "places")):
        alone = Town(**{**vars(made), "things": Things(**{field: outside})})
        found = only(alone, kind)
        assert found.measure == pytest.approx(40, abs=1e-6) and found.unit == "m" and found.params["item"] == "x"
    x, y = np.array([LEFT - 1, LEFT - 2, LEFT + 250, LEFT + 250, LEFT + 250]), BOTTOM + np.array([1.0, 2, 50, 51, 52])
    recorded = array([MIDDLE, None, MIDDLE, "nowhere", "420606001003"])
    made.things = Things(incidents=Incidents(x, y, recorded))
    found = findings(made)
    assert sorted((one.kind, one.measure) for one in found) == [
        ("incident_elsewhere", 1), ("incident_elsewhere", 1), ("incident_outside", 1), ("incident_outside", 1)
    ]  # fmt: skip
    assert codes(made, next(one for one in found if one.kind == "incident_elsewhere" and len(one.rows) == 2)) == [
        MIDDLE, "420606001003009"
    ]  # fmt: skip


def test_population_and_team_are_only_missing_where_others_have_them() -> None:
    made = town(jitter_m=0.0)
    made.population[made.row(MIDDLE)] = np.nan
    assert only(made, "population_missing").severity == "note"
    made.population = [np.nan] * len(made.code)
    made.team = [None] * len(made.code)
    result = audit(made.division(), made.things)
    assert len(result.findings) == 0
    assert {kind for kind, _ in result.unchecked} == {"population_missing", "team_missing", "team_split"}


def test_every_kind_has_texts_a_unit_and_a_title() -> None:
    assert set(TEXTS) == set(UNITS) == set(TITLES)
