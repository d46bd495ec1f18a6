"""Is a change of a count more than chance? The exact test for two Poisson counts, and its correction for many tests.

Given the sum n of two Poisson counts with exposures t1 and t0 (lengths of time, say) and one common rate, the first is
binomial with n trials and the share t1 / (t1 + t0) (Przyborowski and Wilenski 1940). The two-sided p-value is that of
minimum likelihood: the probability of all outcomes that are no more likely than the one seen, as in
`scipy.stats.binomtest`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_TIE = np.log1p(1e-7)  # outcomes that differ in likelihood by less are equally likely, as scipy and R have it


def exact_test(now: ArrayLike, before: ArrayLike, share: float) -> Floats:
    """Return the two-sided p-value of each pair of counts.

    Parameters
    ----------
    now, before
        Counts >= 0, of one shape.
    share
        Exposure of `now` divided by that of both, between 0 and 1.

    Returns
    -------
    float64 of the shape of `now`; NaN where both counts are 0, which says nothing.

    Raises
    ------
    ValueError
        A count is negative, or the share is not between 0 and 1.

    Examples
    --------
    >>> exact_test([7, 4, 0], [1, 4, 0], 0.5).round(4).tolist()
    [0.0703, 1.0, nan]
    """
    k, other = np.asarray(now, np.int64), np.asarray(before, np.int64)
    if k.shape != other.shape or (k < 0).any() or (other < 0).any():
        raise ValueError("counts must be of one shape and not negative")
    if not 0.0 < share < 1.0:
        raise ValueError("the share of the exposure must lie between 0 and 1")
    p_value = np.full(k.shape, np.nan)
    some = (k + other) > 0
    if not some.any():
        return p_value
    k, other = k[some], other[some]
    # Counts repeat: of a hundred thousand pairs a few thousand differ.
    across = int(other.max()) + 1
    if int(k.max()) < (1 << 62) // across:
        known, place = _distinct(k * across + other)
        p_value[some] = _tails(known // across, known % across, share)[place]
    else:
        p_value[some] = _tails(k, other, share)
    return p_value


def _distinct(keys: Ints) -> tuple[Ints, Ints]:
    """Return the distinct keys and which of them each is; by a table where that is small, else by sorting."""
    most = int(keys.max()) + 1
    if most > max(4 * len(keys), 1 << 16):
        known, place = np.unique(keys, return_inverse=True)
        return known, place
    present = np.zeros(most, np.bool_)
    present[keys] = True
    known = np.flatnonzero(present)
    number = np.zeros(most, np.int64)
    number[known] = np.arange(len(known))
    return known, number[keys]


def _tails(now: Ints, before: Ints, share: float) -> Floats:
    """p-values of pairs (m,) whose sum is above 0."""
    from scipy import special  # slow to import, and only tests need it

    n = now + before
    upper = now > n * share
    # Mirrored where the count is high, so that the count always lies below its mean.
    k = np.where(upper, before, now)
    p = np.where(upper, 1.0 - share, share)
    ways = special.gammaln(n + 1.0)

    def log_likelihood(x: Ints) -> Floats:
        inside = x <= n
        kept = np.where(inside, x, n)
        value = (
            ways
            - special.gammaln(kept + 1.0)
            - special.gammaln(n - kept + 1.0)
            + special.xlogy(kept, p)
            + special.xlog1py(n - kept, -p)
        )
        return np.where(inside, value, -np.inf)

    seen = log_likelihood(k) + _TIE
    # The first outcome above the mean that is no more likely; from the mean on the likelihood only falls.
    low, high = np.ceil(n * p).astype(np.int64), n + 1
    while (low < high).any():
        middle = (low + high) // 2
        rare = log_likelihood(middle) <= seen
        low, high = np.where(rare | (low >= high), low, middle + 1), np.where(rare, middle, high)
    below = special.betainc(n - k, k + 1.0, 1.0 - p)
    above = np.where(low <= n, special.betainc(np.maximum(low, 1), np.maximum(n - low, 0) + 1.0, p), 0.0)
    both: Floats = np.minimum(below + above, 1.0)
    # At the mean itself every outcome is at most as likely.
    return np.where(now == n * share, 1.0, both)
