"""Defects of many kinds and sizes sown at once in a turned town: all are found, rightly measured, and no more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
import shapely

from geo.audit import audit
from geo.audit_rules import AuditRules
from geo.audit_things import Incidents, Spots
from tests.geo.audit_town import BOTTOM, LEFT, Town, town
from tests.geo.test_audit_seeded import stretched

ACROSS = 6
SIDE = 100.0
AROUND = ("001", "002", "003", "004", "006", "007", "008", "009")
SEEN_BOTH = ("002", "003", "005", "006", "008", "009")  # who borders on a gap between 005 and 006

Expected = tuple[str, tuple[str, ...], float]


@dataclass
class Field:
    """A community in which one defect is sown; `by` is its size in metres, `other` a community far away."""

    made: Town
    code: str
    by: float
    other: str

    def unit(self, number: str) -> int:
        return self.made.row(self.code + number)

    def codes(self, *numbers: str) -> tuple[str, ...]:
        return tuple(sorted(self.code + number for number in numbers))

    def thing(self, number: str) -> int:
        """Which building, camera, place and incident stands in a unit grid."""
        x, y = shapely.centroid(self.made.shape[self.unit(number)]).coords[0]
        return int((y - BOTTOM) // SIDE) * 3 * ACROSS + int((x - LEFT) // SIDE)

    def stretch(self, number: str, by: float) -> None:
        self.made.shape[self.unit(number)] = stretched(self.made.shape[self.unit(number)], by)

    def record(self, number: str, code: str) -> None:
        incidents = self.made.things.incidents
        assert incidents is not None
        incidents.recorded[self.thing(number)] = code


def overlap(at: Field) -> Iterator[Expected]:
    at.stretch("005", at.by)
    yield "overlap", at.codes("005", "006"), SIDE * at.by


def gap(at: Field) -> Iterator[Expected]:
    at.stretch("005", -at.by)
    wide = SIDE * at.by / (SIDE + at.by) >= 1
    yield "gap" if wide else "sliver", at.codes(*SEEN_BOTH), SIDE * at.by


def hole(at: Field) -> Iterator[Expected]:
    at.stretch("006", -at.by)
    yield "hole", (at.code,), SIDE * at.by


def spill(at: Field) -> Iterator[Expected]:
    at.stretch("006", at.by)
    yield "spill", (at.code, at.code + "006"), SIDE * at.by


def gap_of_a_missing_grid(at: Field) -> Iterator[Expected]:
    for kind in ("camera_outside", "place_outside"):
        yield kind, (), SIDE / 2 - 3
    at.record("005", at.code + "004")
    yield "incident_outside", at.codes("004"), 1
    at.made.without(at.code + "005")
    yield "gap", at.codes(*AROUND), SIDE**2


def twice(at: Field) -> Iterator[Expected]:
    _add(at, "010", shapely.normalize(at.made.shape[at.unit("009")]))
    yield "duplicate", at.codes("009", "010"), SIDE**2


def nearly_twice(at: Field) -> Iterator[Expected]:
    by = min(at.by, 4.0)
    _add(at, "010", stretched(at.made.shape[at.unit("009")], -by))
    thin = by < 1e-5
    yield "duplicate" if thin else "near_duplicate", at.codes("009", "010"), SIDE * (SIDE - by)


def spike(at: Field) -> Iterator[Expected]:
    row = at.unit("005")
    ring = shapely.get_coordinates(at.made.shape[row])[:-1]
    out = ring[0] + [at.by, 0.0] if ring[0, 0] < ring[:, 0].mean() else ring[0] - [at.by, 0.0]
    at.made.shape[row] = shapely.Polygon([*ring, ring[0], out])
    yield "invalid", at.codes("005"), 0.0


def no_parent(at: Field) -> Iterator[Expected]:
    at.made.parent[at.unit("005")] = None
    yield "parent_missing", at.codes("005"), SIDE**2


def wrong_parent(at: Field) -> Iterator[Expected]:
    at.made.parent[at.unit("005")] = at.other
    yield "parent_wrong", tuple(sorted((at.code + "005", at.code, at.other))), SIDE**2


def tiny(at: Field) -> Iterator[Expected]:
    """The border to the neighbour moves until one is too small, and a strip if it is narrow."""
    left = 2.0 + at.by / 5
    row, east = at.unit("005"), at.unit("006")
    line = shapely.bounds(at.made.shape[row])[2]
    at.record("005", at.code + "006")
    for one in (row, east):
        at.made.shape[one] = shapely.transform(
            at.made.shape[one], lambda xy: xy - np.outer(xy[:, 0] == line, [SIDE - left, 0])
        )
    yield "size", at.codes("005"), left * SIDE
    compact = 4 * np.pi * left * SIDE / (2 * left + 2 * SIDE) ** 2
    if compact < 0.15:
        yield "shape", at.codes("005"), compact


def cut(at: Field) -> Iterator[Expected]:
    houses = at.made.things.buildings
    assert houses is not None
    over = min(max(at.by, 1e-3), 11.0)  # of a house of 24 x 18 m
    k = at.thing("005")
    houses[k] = shapely.transform(houses[k], lambda xy: xy + np.array([SIDE / 2 - 12 + over, 0.0]))
    yield "building_cut", at.codes("005", "006"), 18 * over


def no_team(at: Field) -> Iterator[Expected]:
    at.made.team[at.unit("005")] = None
    yield "team_missing", at.codes("005"), SIDE**2


def nobody(at: Field) -> Iterator[Expected]:
    at.made.population[at.unit("005")] = np.nan
    yield "population_missing", at.codes("005"), SIDE**2


def astray(at: Field) -> Iterator[Expected]:
    at.made.team[at.unit("005")] = f"team {at.other}"
    yield "team_split", at.codes("005"), 2


def elsewhere(at: Field) -> Iterator[Expected]:
    at.record("005", at.other + "005")
    yield "incident_elsewhere", tuple(sorted((at.code + "005", at.other + "005"))), 1


def in_two_parts(at: Field) -> Iterator[Expected]:
    row, other = at.unit("001"), at.unit("009")
    at.record("009", at.code + "001")
    at.made.shape[row] = shapely.MultiPolygon([*at.made.shape[row].geoms, *at.made.shape[other].geoms])
    at.made.without(at.code + "009")
    yield "multipart", at.codes("001"), 2


def code_twice(at: Field) -> Iterator[Expected]:
    at.record("005", at.code + "006")
    at.made.code[at.unit("005")] = at.code + "006"
    yield "code_duplicate", at.codes("006"), SIDE**2  # told at the one that is read second


def _add(at: Field, number: str, shape: Any) -> None:
    at.made.code.append(at.code + number)
    at.made.level.append("grid")
    at.made.parent.append(at.code)
    at.made.team.append(f"team {at.code}")
    at.made.population.append(900.0)
    at.made.shape.append(shape)


SOWN: tuple[Callable[[Field], Iterator[Expected]], ...] = (
    overlap, overlap, overlap, overlap, gap, gap, gap, gap, gap_of_a_missing_grid, twice, nearly_twice, spike, spike,
    no_parent, wrong_parent, tiny, tiny, cut, cut, no_team, nobody, astray, elsewhere, in_two_parts, code_twice,
)  # fmt: skip


AT_THE_EDGE = (hole, spill, hole, spill)


def turned(made: Town, angle: float) -> None:
    """Turn a town with all that is in it: no border runs along an axis any more."""
    cos, sin = np.cos(angle), np.sin(angle)

    def turn(xy: Any) -> Any:
        x, y = (xy - [LEFT, BOTTOM]).T
        return np.stack([LEFT + cos * x - sin * y, BOTTOM + sin * x + cos * y], axis=-1)

    def spots(one: Spots) -> Spots:
        return Spots(one.name, *turn(np.stack([one.x, one.y], axis=-1)).T)

    made.shape = [shapely.transform(shape, turn) for shape in made.shape]
    old = made.things
    assert old.buildings is not None and old.cameras is not None and old.places is not None
    assert old.incidents is not None
    x, y = turn(np.stack([old.incidents.x, old.incidents.y], axis=-1)).T
    made.things = replace(
        old, buildings=shapely.transform(old.buildings, turn), cameras=spots(old.cameras), places=spots(old.places),
        incidents=Incidents(x, y, old.incidents.recorded),
    )  # fmt: skip


def sown(seed: int) -> tuple[Town, list[Expected]]:
    """Return a town with a defect in most of its communities, and what must be found."""
    rng = np.random.default_rng(seed)
    made = town(seed, across=ACROSS, jitter_m=0.0)
    communities = [code for code, level in zip(made.code, made.level, strict=True) if level == "community"]
    order = rng.permutation(len(communities))
    eastern = order % ACROSS == ACROSS - 1
    inner, outer = order[~eastern].tolist(), order[eastern].tolist()
    far = communities[inner[-1]]  # nothing is sown there
    expected: list[Expected] = []
    for sow, k in [*zip(SOWN, inner[:-1], strict=False), *zip(AT_THE_EDGE, outer, strict=False)]:
        expected += sow(Field(made, communities[k], float(10 ** rng.uniform(-5, 1.48)), far))
    turned(made, float(rng.uniform(0, 2 * np.pi)))
    return made, expected


def kind_and_grids(one: Expected) -> tuple[str, tuple[str, ...]]:
    return one[0], one[1]


@pytest.mark.parametrize("seed", range(12))
def test_all_that_was_sown_is_found_and_nothing_else(seed: int) -> None:
    made, expected = sown(seed)
    found = audit(made.division(), made.things, AuditRules(layout="none")).findings
    told = [
        (one.kind, tuple(sorted(made.code[row] for row in one.rows)) if "outside" not in one.kind else (), one.measure)
        for one in found
    ]
    expected = [(kind, () if "outside" in kind else codes, measure) for kind, codes, measure in expected]
    told, expected = sorted(told), sorted(expected)
    assert [kind_and_grids(one) for one in told] == [kind_and_grids(one) for one in expected]
    for (kind, codes, measure), (_, _, right) in zip(told, expected, strict=True):
        assert measure == pytest.approx(right, abs=1e-6), (kind, codes)


def test_a_turned_town_without_a_defect_is_clean() -> None:
    for seed in range(4):
        made = town(seed, across=3, jitter_m=0.0)
        turned(made, 0.7 + seed)
        assert len(audit(made.division(), made.things, AuditRules(layout="none")).findings) == 0
