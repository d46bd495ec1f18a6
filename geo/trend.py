"""Mann and Kendall's test: does a series rise or fall over its steps?"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Trend:
    """One entry per series (n,).

    Attributes
    ----------
    tau
        float64: Kendall's tau-b of value and step, -1 to 1; 0 where all values are equal.
    p
        float64: chance of a trend at least as clear, on either side, in a series without one.
    """

    tau: Floats
    p: Floats


def mann_kendall(values: ArrayLike) -> Trend:
    """Return the trend of each series.

    ``S`` counts the pairs that rise less those that fall. Its variance with ties is
    ``(t (t - 1) (2 t + 5) - sum(u (u - 1) (2 u + 5))) / 18`` over the groups of u equal values (Kendall 1975); the
    chance is that of the normal law at ``(|S| - 1) / sd``, the 1 being the correction for continuity.

    Parameters
    ----------
    values
        (n, t), finite; steps in their order.

    Examples
    --------
    >>> found = mann_kendall([[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], [3, 3, 3, 3, 3, 3, 3, 3, 3, 3]])
    >>> found.tau.tolist(), found.p.round(5).tolist()
    ([1.0, 0.0], [8e-05, 1.0])
    """
    series = np.ascontiguousarray(values, np.float64)
    if series.ndim != 2 or not np.isfinite(series).all():
        raise ValueError("finite values of shape (series, steps) are needed")
    tau, p = np.zeros(len(series)), np.ones(len(series))
    _trends(series, tau, p)
    return Trend(tau, p)


@njit(cache=True, nogil=True)
def _trends(series: Floats, tau: Floats, p: Floats) -> None:
    n, t = series.shape
    pairs = t * (t - 1) / 2.0
    for i in range(n):
        rises = falls = 0
        ties = 0.0
        for a in range(t):
            equal = 1  # of the values so far, this one included
            for b in range(a):
                if series[i, a] > series[i, b]:
                    rises += 1
                elif series[i, a] < series[i, b]:
                    falls += 1
                else:
                    equal += 1
            u = float(equal)
            # A group of u grows one by one: add what it has now, take away what it had.
            ties += u * (u - 1) * (2 * u + 5) - (u - 1) * (u - 2) * (2 * u + 3)
        score = rises - falls
        variance = (t * (t - 1) * (2 * t + 5) - ties) / 18.0
        if score != 0 and variance > 0:
            tau[i] = score / math.sqrt(pairs * (rises + falls))
            p[i] = math.erfc((abs(score) - 1) / math.sqrt(2 * variance))
