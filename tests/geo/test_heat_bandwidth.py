"""The chosen bandwidth is the top of a leave-one-out curve, which equals the sum written out."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from geo.heat_bandwidth import EVENLY, FEWEST, TIE_M, choose_bandwidth, radii_for
from geo.heat_boundary import Boundary
from geo.heat_columns import choice_of, heat_columns
from layers.base import KERNELS
from tests import oracles

AREA = shapely.box(0, 0, 4000, 3000)
CITY = Boundary(AREA)


def clusters(spread_m, count=1500, seed=5):
    random = np.random.default_rng(seed)
    middle = random.uniform([200, 200], [3800, 2800], (25, 2))
    xy = middle[random.integers(0, 25, count)] + random.normal(0, spread_m, (count, 2))
    return xy[(xy >= 0).all(axis=1) & (xy[:, 0] <= 4000) & (xy[:, 1] <= 3000)].T


def curve(x, y, name, radii, area, picked):
    """The definition, pair by pair."""
    distance = np.hypot(x[picked][:, None] - x, y[picked][:, None] - y)
    elsewhere = distance > TIE_M
    found = []
    for radius in radii:
        density = (oracles.kernel(distance, name, radius) * elsewhere).sum(axis=1) / elsewhere.sum(axis=1)
        if area is not None:
            density /= oracles.kernel_mass(x[picked], y[picked], name, radius, area)
        found.append(np.log((1 - EVENLY) * density + EVENLY / AREA.area).mean())
    return np.array(found)


@pytest.mark.parametrize("name", KERNELS)
def test_the_curve_is_the_definition(name):
    x, y = clusters(120, 90)
    x, y = np.append(x, x[:20]), np.append(y, y[:20])  # places that repeat
    radii = np.array([40.0, 150.0, 500.0]) / (2.65 if name == "gaussian" else 1)
    found = choose_bandwidth(heat_columns(x, y), name, boundary=CITY, radii_m=radii)
    assert found.sampled == found.incidents == len(x)
    assert found.score == pytest.approx(curve(x, y, name, radii, AREA, np.arange(len(x))), abs=3e-3)


@pytest.mark.parametrize("name", KERNELS)
def test_wider_clusters_ask_for_a_wider_kernel(name):
    radius = [choose_bandwidth(heat_columns(*clusters(spread)), name, boundary=CITY).radius_m for spread in (40, 160)]
    assert 1.7 * radius[0] < radius[1]


def test_the_radius_is_near_the_best_of_all_on_new_incidents():
    """What cross-validation promises: another draw from the same town is foretold about as well as can be."""
    x, y = clusters(120)
    found = choose_bandwidth(heat_columns(x, y), "quartic", boundary=CITY)
    new = np.column_stack(clusters(120, 3000, seed=5))[1500:2300]
    tried = np.geomspace(40, 1500, 25)
    score = [
        np.log((1 - EVENLY) * oracles.heat_at(x, y, *new.T, radius_m=radius) / 1e6 / len(x) + EVENLY / AREA.area).mean()
        for radius in [*tried, found.radius_m]
    ]
    assert score[-1] > max(score) - 0.03
    assert found.score.argmax() not in (0, len(found.score) - 1) and not found.at_edge


def test_repeated_addresses_do_not_shrink_the_kernel():
    x, y = clusters(120, 600)
    once = choose_bandwidth(heat_columns(x, y), "quartic", boundary=CITY)
    often = choose_bandwidth(heat_columns(np.repeat(x, 30), np.repeat(y, 30)), "quartic", boundary=CITY)
    assert often.radius_m == pytest.approx(once.radius_m, rel=0.15)


def test_a_sample_gives_about_the_same_and_always_the_same():
    x, y = clusters(120, 4000)
    columns = heat_columns(x, y)
    whole, part = choose_bandwidth(columns, "quartic", sample=9999), choose_bandwidth(columns, "quartic", sample=500)
    assert (part.incidents, part.sampled) == (len(x), 500)
    assert part.radius_m == pytest.approx(whole.radius_m, rel=0.3)
    assert choose_bandwidth(columns, "quartic", sample=500).radius_m == part.radius_m


def test_only_the_chosen_incidents_decide():
    x, y = clusters(60, 800)
    far = clusters(300, 800, seed=9)
    both = heat_columns(np.append(x, far[0]), np.append(y, far[1]), code=np.repeat([0, 1], [len(x), len(far[0])]))
    found = choose_bandwidth(both, "quartic", choice_of(None, None, ("near",), (), (), ("near", "wide")), CITY)
    alone = choose_bandwidth(heat_columns(x, y), "quartic", boundary=CITY)
    assert found.incidents == len(x)
    assert found.score == pytest.approx(alone.score, abs=1e-5)


def test_too_few_or_all_at_one_place_choose_nothing():
    few = choose_bandwidth(heat_columns(*np.random.default_rng(0).uniform(0, 900, (2, FEWEST - 1))), "quartic")
    assert few.radius_m is None and few.sampled == 0
    assert choose_bandwidth(heat_columns([5.0] * 50, [5.0] * 50), "quartic").radius_m is None
    assert choose_bandwidth(heat_columns([], []), "gaussian").radius_m is None


def test_what_is_tried_suits_the_city():
    assert radii_for("quartic", 4e8)[[0, -1]] == pytest.approx([20, 2500])
    assert radii_for("quartic", 1e6)[-1] == pytest.approx(200)
    assert radii_for("gaussian", 1e6) == pytest.approx(radii_for("quartic", 1e6) / 2.65)
