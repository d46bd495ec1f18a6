"""What the hot spots promise: what is there is found; where nothing is, alarms are no more often than allowed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import norm

from geo.discovery import adjusted
from geo.emerging import categories
from geo.hotspots import gi_star
from geo.neighbours import lattice_neighbours
from geo.trend import mann_kendall

Q, CITIES, SIDE = 0.05, 300, 24
MOST = 28  # of 300; more alarms than that at a rate of 5 % happen once in 1,400 runs
COLUMN, ROW = (part.ravel() for part in np.meshgrid(np.arange(SIDE), np.arange(SIDE)))
N = len(COLUMN)
LATTICE = lattice_neighbours(COLUMN, ROW, hexagons=True)
AREA = np.random.default_rng(9).uniform(0.2, 1, N)
Draw = Callable[[np.random.Generator], np.ndarray]


def bunches(rng: np.random.Generator) -> np.ndarray:
    """Incidents in bunches of 3 on average that fall anywhere."""
    k = rng.poisson(N / 3)
    return np.bincount(rng.integers(0, N, k), weights=rng.geometric(1 / 3, k), minlength=N)


NULLS: dict[str, tuple[Draw, np.ndarray | None]] = {
    "anywhere, 0.2 a cell": (lambda rng: rng.multinomial(N // 5, np.ones(N) / N), None),
    "anywhere, 5 a cell": (lambda rng: rng.multinomial(5 * N, np.ones(N) / N), None),
    "by area": (lambda rng: rng.multinomial(5 * N, AREA / AREA.sum()), AREA),
    "each cell its own rate": (lambda rng: rng.poisson(5 * rng.gamma(0.5, 2, N)), None),
    "each cell its own rate, by area": (lambda rng: rng.poisson(5 * AREA * rng.gamma(0.5, 2, N)), AREA),
    "bunches": (bunches, None),
}


@pytest.mark.parametrize("name", list(NULLS))
def test_alarms_without_a_hot_spot_are_as_rare_as_promised(name: str) -> None:
    draw, exposure = NULLS[name]
    rng = np.random.default_rng(17)
    alarms = sum(bool((adjusted(gi_star(draw(rng), LATTICE, exposure).p) <= Q).any()) for _ in range(CITIES))
    assert alarms <= MOST


def test_the_normal_law_does_not_keep_that_promise() -> None:
    """Why the chance is not the usual one: else the tests above would say little."""
    rng = np.random.default_rng(17)
    alarms = 0
    for _ in range(CITIES):
        z = gi_star(NULLS["anywhere, 0.2 a cell"][0](rng), LATTICE).z
        alarms += bool((adjusted(2 * norm.sf(np.abs(z))) <= Q).any())
    assert alarms > 3 * MOST


def test_a_hot_spot_is_found_and_little_else() -> None:
    rng = np.random.default_rng(5)
    middle = (np.abs(COLUMN - 12) <= 1) & (np.abs(ROW - 12) <= 1)
    near = (np.abs(COLUMN - 12) <= 2) & (np.abs(ROW - 12) <= 2)
    found = false = hits = 0
    for _ in range(100):
        x = rng.poisson(np.where(middle, 4.0, 1.0))
        answer = gi_star(x, LATTICE)
        sure = (adjusted(answer.p) <= Q) & (answer.z > 0)
        hits += bool(sure[(COLUMN == 12) & (ROW == 12)][0])
        found += int(sure.sum())
        false += int((sure & ~near).sum())
    assert hits >= 95
    assert false <= 0.1 * found


def test_a_quiet_place_is_found() -> None:
    rng = np.random.default_rng(6)
    middle = (np.abs(COLUMN - 12) <= 2) & (np.abs(ROW - 12) <= 2)
    hits = 0
    for _ in range(100):
        answer = gi_star(rng.poisson(np.where(middle, 1.0, 10.0)), LATTICE)
        hits += bool(((adjusted(answer.p) <= Q) & (answer.z < 0))[(COLUMN == 12) & (ROW == 12)][0])
    assert hits >= 95


def test_a_busy_town_all_over_is_no_hot_spot_of_its_busy_parts_when_people_say_why() -> None:
    """A background that is not even: by area its centre is hot, by people nothing is."""
    rng = np.random.default_rng(7)
    people = 20 + 300 * np.exp(-((COLUMN - 12) ** 2 + (ROW - 12) ** 2) / 30)
    by_area = by_people = 0
    for _ in range(100):
        x = rng.multinomial(6 * N, people / people.sum())
        by_area += bool((adjusted(gi_star(x, LATTICE).p) <= Q).any())
        by_people += bool((adjusted(gi_star(x, LATTICE, people).p) <= Q).any())
    assert by_area == 100
    assert by_people <= 12


def test_chances_agree_with_permutations() -> None:
    """Dealing the other counts out anew: the conditional permutation of the field, where it can tell."""
    rng = np.random.default_rng(8)
    x = rng.poisson(4, N).astype(float)
    answer = gi_star(x, LATTICE)
    units = rng.choice(N, 40, replace=False)
    ratio = []
    for i in units:
        others = np.delete(x, i)
        k = LATTICE.size[i] - 1
        sums = x[i] + np.array([rng.choice(others, k, replace=False).sum() for _ in range(999)])
        high, low = ((sums >= answer.near[i]).sum() + 1) / 1000, ((sums <= answer.near[i]).sum() + 1) / 1000
        ratio.append((answer.p[i], min(1.0, 2 * min(high, low))))
    ours, dealt = np.array(ratio).T
    # Conditional: the unit's own count stays. So they agree in rank and on the whole, not each to the digit.
    assert np.corrcoef(ours, dealt)[0, 1] > 0.7
    assert abs(ours.mean() - dealt.mean()) < 0.1


def cube(x: np.ndarray) -> np.ndarray:
    answer = gi_star(x, LATTICE)
    sure = np.stack([adjusted(answer.p[:, t]) for t in range(x.shape[1])], axis=1) <= Q
    return categories(sure & (answer.z > 0), sure & (answer.z < 0), mann_kendall(np.nan_to_num(answer.z)))


def test_patterns_without_a_cause_are_as_rare_as_promised() -> None:
    rng = np.random.default_rng(10)
    fixed = [rng.gamma(0.5, 2, (N, 1)) for _ in range(100)]
    assert sum(bool((cube(rng.poisson(0.5, (N, 12))) != "none").any()) for _ in range(100)) <= 12
    assert sum(bool((cube(rng.poisson(rate * np.ones((1, 12)))) != "none").any()) for rate in fixed) <= 12


@pytest.mark.parametrize(
    ("pattern", "rates"),
    [
        ("hot-new", [1.0] * 11 + [9.0]),
        ("hot-consecutive", [1.0] * 8 + [9.0] * 4),
        ("hot-persistent", [9.0] * 12),
        ("hot-historical", [9.0] * 11 + [1.0]),
        ("hot-intensifying", np.linspace(6.0, 18.0, 12).tolist()),
        ("hot-diminishing", np.linspace(18.0, 6.0, 12).tolist()),
        ("hot-sporadic", [9.0, 1.0] * 5 + [1.0, 9.0]),
    ],
)
def test_a_planted_pattern_is_told_by_its_name(pattern: str, rates: list[float]) -> None:
    rng = np.random.default_rng(11)
    middle = (np.abs(COLUMN - 12) <= 1) & (np.abs(ROW - 12) <= 1)
    at = np.flatnonzero((COLUMN == 12) & (ROW == 12))[0]
    told = [cube(rng.poisson(np.where(middle[:, None], np.array(rates), 1.0)))[at] for _ in range(20)]
    assert told.count(pattern) >= 16
