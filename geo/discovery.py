"""Many tests at once: which chances are small enough when a known share of the finds may be false."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Method = Literal["bh", "by"]


def adjusted(p: ArrayLike, method: Method = "bh") -> NDArray[np.float64]:
    """Return the level of false discovery at which each test is just found.

    Tests whose value is at most q are found; of these, at most the share q is false in the long run.

    Parameters
    ----------
    p
        Any shape: chances of all tests made, NaN for those that were not. They are one family.
    method
        "bh": Benjamini and Hochberg (1995), holds for independent tests and for such that rise together, as those of
        overlapping neighbourhoods do. "by": Benjamini and Yekutieli (2001), holds whatever the dependence, and finds
        much less: q is divided by 1 + 1/2 + ... + 1/m.

    Returns
    -------
    float64 of the same shape, NaN where not tested.

    Examples
    --------
    >>> adjusted([0.01, 0.04, 0.03, np.nan]).round(3).tolist()
    [0.03, 0.04, 0.04, nan]
    """
    given = np.asarray(p, np.float64)
    out = np.full(given.shape, np.nan)
    tested = ~np.isnan(given)
    values = given[tested]
    m = len(values)
    if m == 0:
        return out
    order = np.argsort(values, kind="stable")
    factor = m / np.arange(1, m + 1)
    if method == "by":
        factor = factor * (1 / np.arange(1, m + 1)).sum()
    least = np.minimum.accumulate((values[order] * factor)[::-1])[::-1]
    found = np.empty(m)
    found[order] = np.minimum(least, 1.0)
    out[tested] = found
    return out
