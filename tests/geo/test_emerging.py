"""The seventeen words: each rule as Esri writes it, one word for each place, hot and cold alike."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.emerging import PATTERNS, categories
from geo.trend import Trend
from layers.hotspots import TITLES

STATES = st.lists(st.sampled_from("h.c"), min_size=10, max_size=14).map("".join)
CASES = {
    ".........h": "hot-new",
    "c........h": "hot-new",
    "......hhhh": "hot-consecutive",
    "cc....hhhh": "hot-consecutive",
    "h.....hhhh": "hot-sporadic",
    "h........h": "hot-sporadic",
    "hc.......h": "hot-oscillating",
    "hhhhhhhhh.": "hot-historical",
    "hhhhhhhhhc": "cold-new",
    "hhhhhhhhhh": "hot-persistent",
    ".hhhhhhhhh": "hot-persistent",
    "chhhhhhhhh": "hot-persistent",
    "hhhhhhhh..": "none",
    "..........": "none",
    "hhhhh.....": "none",
    ".........c": "cold-new",
    "ccccccccch": "hot-new",
    "ccccccccc.": "cold-historical",
    "cccccccc.h": "hot-new",
}


def word(states: str, tau: float = 0.0, p: float = 1.0) -> str:
    hot, cold = (np.array([[state == one for state in states]]) for one in "hc")
    return str(categories(hot, cold, Trend(np.array([tau]), np.array([p])))[0])


@pytest.mark.parametrize("states", list(CASES))
def test_the_rules(states: str) -> None:
    assert word(states) == CASES[states]


@pytest.mark.parametrize(
    ("tau", "p", "hot", "cold"),
    [
        (0.6, 0.01, "hot-intensifying", "cold-diminishing"),
        (-0.6, 0.01, "hot-diminishing", "cold-intensifying"),
        (0.6, 0.05, "hot-persistent", "cold-persistent"),
    ],
)
def test_a_trend_has_its_word(tau: float, p: float, hot: str, cold: str) -> None:
    """A cold spot whose Gi* falls grows colder."""
    assert word("h" * 12, tau, p) == hot
    assert word("c" * 12, tau, p) == cold


@given(STATES, st.floats(-1, 1), st.sampled_from([0.001, 0.2]))
def test_cold_is_hot_turned_over(states: str, tau: float, p: float) -> None:
    turned = word(states.translate(str.maketrans("hc", "ch")), -tau, p)
    swap = {"hot": "cold", "cold": "hot"}
    side, _, pattern = word(states, tau, p).partition("-")
    assert turned == (f"{swap[side]}-{pattern}" if pattern else "none")


@given(STATES)
def test_a_word_says_what_the_last_step_was(states: str) -> None:
    found = word(states)
    if found == "none":
        # Nothing in the last step, and not nearly always.
        assert states[-1] == "." and max(states.count("h"), states.count("c")) * 10 < 9 * len(states)
    elif not found.endswith("historical"):
        assert states[-1] == found[0]


def test_nine_of_ten_are_ninety_percent_and_less_is_not() -> None:
    assert word("h" * 9 + ".") == "hot-historical"
    assert word("h" * 8 + "..") == "none"
    assert word("h" * 18 + "..") == "hot-historical"
    assert word("h" * 17 + "...") == "none"


def test_what_makes_no_sense_is_refused() -> None:
    both = np.ones((1, 12), bool)
    trend = Trend(np.zeros(1), np.ones(1))
    with pytest.raises(ValueError, match="hot and cold"):
        categories(both, both, trend)
    with pytest.raises(ValueError, match="at least 10"):
        categories(both[:, :9], ~both[:, :9], trend)


def test_every_word_has_a_title_and_no_other() -> None:
    assert set(TITLES) == {"hot", "cold", "none", *(f"{side}-{one}" for side in ("hot", "cold") for one in PATTERNS)}
    assert len([title for title in TITLES if "-" in title]) + 1 == 17
