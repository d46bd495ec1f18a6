"""One grid among the grids of its level: its rate against the average, and what its incidents are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geo.columns import Codes


@dataclass(frozen=True)
class RateRatio:
    """A count against the one expected.

    Attributes
    ----------
    expected
        What the grid would hold at the average rate.
    ratio
        count / expected.
    low, high
        Exact 95 % interval of the ratio for a Poisson count; the average is taken as known.
    """

    expected: float
    ratio: float
    low: float
    high: float


def rate_ratio(
    count: int, exposure: float, total: int, total_exposure: float, *, confidence: float = 0.95
) -> RateRatio | None:
    """Compare the rate of one grid with that of all grids together.

    Parameters
    ----------
    count, exposure
        Incidents of the grid, and what they are measured by: square metres, people.
    total, total_exposure
        The same of all grids, this one included.
    confidence
        Of the interval. Its limits are those of Garwood (1936), "Fiducial limits for the Poisson distribution": the
        smallest and the largest mean under which a count as high, or as low, has a chance of (1 - confidence) / 2.

    Returns
    -------
    None where there is nothing to compare: an exposure that is unknown or zero, or no incident anywhere.

    Examples
    --------
    >>> found = rate_ratio(10, 1.0, 50, 10.0)
    >>> found.expected, found.ratio, round(found.low, 3), round(found.high, 3)
    (5.0, 2.0, 0.959, 3.678)
    """
    from scipy.special import gammaincinv  # slow to import, and only profiles need it

    if not (exposure > 0 and total_exposure > 0 and total > 0):
        return None
    expected = total * exposure / total_exposure
    tail = (1 - confidence) / 2
    low = float(gammaincinv(count, tail)) if count else 0.0
    high = float(gammaincinv(count + 1, 1 - tail))
    return RateRatio(expected, count / expected, low / expected, high / expected)


@dataclass(frozen=True)
class Share:
    """Incidents of one category; None: of those whose category is not known."""

    category: str | None
    count: int
    share: float
    everywhere: float


def breakdown(category: Codes, here: NDArray[np.int64], everywhere: NDArray[np.bool_]) -> tuple[Share, ...]:
    """Count the categories of some incidents, the most frequent first.

    Parameters
    ----------
    category
        Of every incident.
    here
        Positions of the incidents to count.
    everywhere
        bool (n,): the incidents whose shares are the comparison.

    Examples
    --------
    >>> what = Codes(("fire", "theft"), np.array([0, 1, 1, -1], np.int32))
    >>> breakdown(what, np.array([1, 2]), what.codes > -2)
    (Share(category='theft', count=2, share=1.0, everywhere=0.5),)
    """
    size = len(category.values) + 1
    mine = np.bincount(category.codes[here] + 1, minlength=size)
    all_of = np.bincount(category.codes[everywhere] + 1, minlength=size)
    names = (None, *category.values)
    whole = max(int(all_of.sum()), 1)
    order = sorted(np.flatnonzero(mine).tolist(), key=lambda i: (-int(mine[i]), names[i] or ""))
    return tuple(Share(names[i], int(mine[i]), int(mine[i]) / len(here), int(all_of[i]) / whole) for i in order)
