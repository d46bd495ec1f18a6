"""Rates of small populations, steadied by empirical Bayes.

A grid of 40 people with one incident has 250 per 10,000, its neighbour without one has 0; neither says much. Marshall
(1991, Applied Statistics 40: 283-294) moves each rate towards a mean m, the less the larger its population n is::

    r = d / n      m = sum(d) / sum(n)      A = max(sum(n (r - m)^2) / sum(n) - m / mean(n), 0)

    smoothed = m + A / (A + m / n) * (r - m)

Global: the sums run over all units. Local: over each unit and its neighbours, so that it is moved towards its own part
of the city.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.neighbours import Neighbours

Floats = NDArray[np.float64]


def smoothed_rate(counts: ArrayLike, population: ArrayLike, neighbours: Neighbours | None = None) -> Floats:
    """Return Marshall's empirical Bayes rate of each unit, per head.

    Parameters
    ----------
    counts
        (n,): incidents.
    population
        (n,): people; NaN and 0 are missing, such a unit gets no rate and lends none.
    neighbours
        For the local rate; None for the global one.

    Returns
    -------
    float64 (n,), NaN where the population is missing.

    Examples
    --------
    >>> smoothed_rate([9, 0, 90, 300], [100, 100, 10_000, 10_000]).round(4).tolist()
    [0.0478, 0.0119, 0.0092, 0.0298]
    """
    d, people = np.asarray(counts, np.float64), np.asarray(population, np.float64)
    known = np.isfinite(people) & (people > 0)
    d, people = np.where(known, d, 0.0), np.where(known, people, 0.0)

    def near(values: Floats) -> Floats:
        if neighbours is not None:
            return neighbours.sums(values)
        whole: Floats = np.broadcast_to(values.sum(), values.shape)
        return whole

    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.where(known, d / people, 0.0)
        heads, units = near(people), near(known.astype(np.float64))
        mean = near(d) / heads
        # sum n (r - m)^2 = sum n r^2 - m^2 sum n, as m is the mean of r by n
        scatter = np.maximum(near(people * rate**2) / heads - mean**2, 0.0)
        between = np.maximum(scatter - mean * units / heads, 0.0)
        weight = np.where(between > 0, between / (between + mean / people), 0.0)
        smoothed: Floats = mean + weight * (rate - mean)
    smoothed[~known] = np.nan
    return smoothed
