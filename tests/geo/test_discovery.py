"""False-discovery control is scipy's, and monotone; what was not tested has no part in it."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from geo.discovery import adjusted

CHANCES = st.lists(st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.01, 0.5, 1.0])), min_size=1, max_size=60)


@given(CHANCES, st.sampled_from(["bh", "by"]))
def test_it_is_scipys(p: list[float], method: Literal["bh", "by"]) -> None:
    assert np.allclose(adjusted(p, method), false_discovery_control(p, method=method))


@given(CHANCES, st.integers(0, 5))
def test_what_was_not_tested_changes_nothing(p: list[float], more: int) -> None:
    found = adjusted([*p, *[np.nan] * more])
    assert np.array_equal(found[: len(p)], adjusted(p))
    assert np.isnan(found[len(p) :]).all()


@given(CHANCES)
def test_a_smaller_chance_is_never_found_later(p: list[float]) -> None:
    order = np.argsort(p)
    assert (np.diff(adjusted(p)[order]) >= 0).all()
    assert (adjusted(p) >= np.array(p) * (1 - 1e-12)).all()


def test_any_shape_is_one_family() -> None:
    p = np.random.default_rng(0).uniform(size=(5, 4))
    assert np.array_equal(adjusted(p), adjusted(p.ravel()).reshape(5, 4))
    assert adjusted(np.zeros((0, 3))).shape == (0, 3)


def test_the_share_of_false_finds_is_kept() -> None:
    rng = np.random.default_rng(1)
    real = np.arange(200) < 40
    shares = []
    for _ in range(400):
        p = np.where(real, rng.beta(0.05, 5, 200), rng.uniform(size=200))
        found = adjusted(p) <= 0.1
        shares.append((found & ~real).sum() / max(found.sum(), 1))
    assert np.mean(shares) == pytest.approx(0.1 * 0.8, abs=0.015)  # q times the share without cause
