"""Emerging hot spots: what a place was over the steps of a space-time cube, in one of seventeen words.

The words and their rules are those of Esri's Emerging Hot Spot Analysis ("How Emerging Hot Spot Analysis works", ArcGIS
Pro), read for hot spots and, with the sides exchanged, for cold ones. Where its text lets a place have two words, the
first of this list is taken:

============ ======================================================================================================
new          hot in the last step and never before
consecutive  hot in the last two or more steps without a break, never before these, in less than 90 % of the steps
intensifying hot in 90 % of the steps or more, the last one too; Gi* rises
diminishing  the same; Gi* falls
persistent   the same; Gi* does neither
oscillating  hot in the last step and cold in some step before, hot in less than 90 %
sporadic     hot in the last step, on and off before, never cold, in less than 90 %
historical   hot in 90 % of the steps or more, but not in the last one
none         anything else
============ ======================================================================================================
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.trend import Trend

PATTERNS = ("new", "consecutive", "intensifying", "diminishing", "persistent", "oscillating", "sporadic", "historical")
NONE = "none"
MOSTLY = 0.9  # share of the steps
TREND_P = 0.05  # a trend is one when chance makes it so clear less often than this
LEAST_STEPS = 10  # fewer say nothing of a trend, and 90 % of them is all of them

Bools = NDArray[np.bool_]


def categories(hot: ArrayLike, cold: ArrayLike, trend: Trend) -> NDArray[Any]:
    """Return the word of each place, such as "hot-new", "cold-persistent" or "none".

    Parameters
    ----------
    hot, cold
        bool (n, t): in which steps each place was a hot, a cold spot; never both.
    trend
        Of its Gi* over the steps.

    Raises
    ------
    ValueError
        A place is hot and cold at once, or there are fewer than `LEAST_STEPS` steps.

    Examples
    --------
    >>> hot = np.zeros((3, 10), bool)
    >>> hot[0, -1], hot[1, 7:], hot[2] = True, True, True
    >>> categories(hot, np.zeros_like(hot), Trend(np.array([0, 0, 0.8]), np.array([1, 1, 0.01]))).tolist()
    ['hot-new', 'hot-consecutive', 'hot-intensifying']
    """
    warm, cool = np.asarray(hot, bool), np.asarray(cold, bool)
    if (warm & cool).any():
        raise ValueError("a place cannot be hot and cold in one step")
    if warm.shape[1] < LEAST_STEPS:
        raise ValueError(f"at least {LEAST_STEPS} steps are needed")
    up, down = (trend.p < TREND_P) & (trend.tau > 0), (trend.p < TREND_P) & (trend.tau < 0)
    found = np.full(len(warm), NONE, dtype=object)
    sides = {"hot": _patterns(warm, cool, up, down), "cold": _patterns(cool, warm, down, up)}
    # What a place is in the last step goes before what it was: all but the last pattern need that step.
    for pattern in PATTERNS:
        for side, patterns in sides.items():
            found[patterns[pattern] & (found == NONE)] = f"{side}-{pattern}"
    return found


def _patterns(this: Bools, other: Bools, rises: Bools, falls: Bools) -> dict[str, Bools]:
    steps = this.shape[1]
    often, last = this.sum(axis=1), this[:, -1]
    run = np.where(this.all(axis=1), steps, np.argmin(this[:, ::-1], axis=1))
    # In whole numbers: 9 of 10 are 90 %, whatever 0.9 is in binary.
    mostly = often * 10 >= steps * round(MOSTLY * 10)
    only_now = last & (often == run) & ~mostly
    return {
        "new": only_now & (run == 1),
        "consecutive": only_now & (run > 1),
        "intensifying": mostly & last & rises,
        "diminishing": mostly & last & falls,
        "persistent": mostly & last & ~rises & ~falls,
        "oscillating": last & ~mostly & other.any(axis=1),
        "sporadic": last & ~mostly & ~other.any(axis=1),
        "historical": mostly & ~last,
    }
