"""Counts of two windows held against each other: how much they changed, and whether that is more than chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.discovery import adjusted
from geo.poisson import exact_test

ALPHA = 0.05
NONE, CHANCE, UP, DOWN = 0, 1, 2, 3
KINDS = ("none", "chance", "up", "down")

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Change:
    """The change of each count; arrays of one shape.

    Attributes
    ----------
    now, before
        int64.
    expected
        float64: what `now` would be at the rate of before: before x exposure now / exposure before.
    difference
        int64: now - before.
    percent
        float64: 100 x (now / expected - 1), the change of the rate; NaN where nothing was before ("new", not infinite).
    p, q
        float64: exact two-sided p-value (`geo.poisson.exact_test`); the same adjusted for all pairs that are not both
        0. NaN where both are 0.
    kind
        int8 of NONE (0 and 0), CHANCE (q above alpha), UP, DOWN; see `KINDS`.
    """

    now: Ints
    before: Ints
    expected: Floats
    difference: Ints
    percent: Floats
    p: Floats
    q: Floats
    kind: NDArray[np.int8]

    @property
    def tests(self) -> int:
        """How many pairs were tested together."""
        return int((~np.isnan(self.p)).sum())


def change(
    now: ArrayLike, before: ArrayLike, exposure_now: float, exposure_before: float, *, alpha: float = ALPHA
) -> Change:
    """Compare counts.

    Parameters
    ----------
    now, before
        Counts >= 0 of one shape.
    exposure_now, exposure_before
        Lengths of the windows (or of the part that the data cover), > 0, in one unit.
    alpha
        Share of false findings that is expected among those called up or down, at most.

    Examples
    --------
    >>> found = change([30, 5, 0, 3], [10, 5, 0, 0], 31.0, 31.0)
    >>> found.percent.tolist(), [KINDS[kind] for kind in found.kind]
    ([200.0, 0.0, nan, nan], ['up', 'chance', 'none', 'chance'])
    """
    a, b = np.asarray(now, np.int64), np.asarray(before, np.int64)
    if not (exposure_now > 0 and exposure_before > 0):
        raise ValueError("exposures must be above 0")
    expected: Floats = np.asarray(b * (exposure_now / exposure_before), np.float64)
    percent: Floats = np.full(a.shape, np.nan)
    some = expected > 0
    percent[some] = 100.0 * (a[some] / expected[some] - 1.0)
    p = exact_test(a, b, exposure_now / (exposure_now + exposure_before))
    q = adjusted(p)
    kind = np.full(a.shape, CHANCE, np.int8)
    kind[np.isnan(p)] = NONE
    more = q <= alpha
    kind[more & (a > expected)] = UP
    kind[more & (a < expected)] = DOWN
    return Change(a, b, expected, a - b, percent, p, q, kind)
