"""How evenly work is shared out among grids and teams.

The workload of a grid is the weighted mean of its shares of the whole: with a weight v_m for each measure m (incidents,
area, population, ...) and the amounts x_m of a grid, its share is sum(v_m x_m / X_m) / sum(v_m), X_m being the sum over
all grids. So shares add up to one, no unit is traded for another by a hidden factor, and a weight says how much of the
whole work a measure stands for. The load is the share against an even one: 1.0 is what each would have if all had the
same.

What is not recorded is missing and never zero: a measure that no grid has falls out of the weights, and a grid that
lacks one that others have has no load.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Why = Literal["missing", "nothing"]

# Amounts that may be weighed, with the unit they are given in.
MEASURES: Mapping[str, str] = {
    "incidents": "",
    "area": "m2",
    "population": "",
    "streets": "m",
    "places": "",
    "cameras": "",
}


@dataclass(frozen=True)
class Workload:
    """What each of n units (grids, teams, blocks) has of the whole work.

    Attributes
    ----------
    share
        float64 (n,): part of the whole, NaN where an amount is missing.
    weights
        Of the measures that count, adding up to one; empty where none does.
    left_out
        Measures that were weighed but cannot count: no unit has a value ("missing"), or all have zero ("nothing").
    """

    share: Floats
    weights: Mapping[str, float]
    left_out: Mapping[str, Why]

    @property
    def load(self) -> Floats:
        """float64 (n,): the share against the mean of those that are known; 1.0 is an even share."""
        return loads(self.share)


@dataclass(frozen=True)
class Inequality:
    """How unequal some loads are; every figure is None where fewer than one of them is known or all are zero.

    Attributes
    ----------
    count, missing
        Units whose load is known, and whose is not.
    gini
        Mean difference of two units over twice the mean, 0 (all alike) to 1 - 1/n (one has all): with loads x_1 <= ...
        <= x_n it is sum((2 i - n - 1) x_i) / (n sum(x)) (Gini, Variabilita e mutabilita, 1912; the form by ranks in
        Damgaard & Weiner, Describing inequality in plant size or fecundity, Ecology 81, 2000).
    cv
        Coefficient of variation: standard deviation (divisor n) over mean.
    max_mean, min_mean
        The largest and the smallest over the mean.
    moved
        Part of all work that would change hands to make all alike: half the sum of |x_i / sum(x) - 1 / n| (Hoover,
        Interstate redistribution of population, Journal of Economic History 1, 1941).
    """

    count: int
    missing: int
    gini: float | None
    cv: float | None
    max_mean: float | None
    min_mean: float | None
    moved: float | None


def workload(amounts: Mapping[str, ArrayLike], weights: Mapping[str, float]) -> Workload:
    """Return the share that each unit has of the whole work.

    Parameters
    ----------
    amounts
        float64 (n,) by measure, NaN where missing; each of a unit that adds up (counts, m, m2).
    weights
        By measure, not negative; those of zero or that are absent do not count.

    Examples
    --------
    >>> found = workload({"incidents": [30, 10], "area": [100.0, 300.0]}, {"incidents": 3, "area": 1})
    >>> found.share.tolist(), found.load.tolist()
    ([0.625, 0.375], [1.25, 0.75])
    >>> nan = float("nan")
    >>> workload({"area": [1.0, nan, 3.0], "places": [nan, nan, nan]}, {"area": 1, "places": 1}).left_out
    {'places': 'missing'}
    """
    size = len(np.atleast_1d(next(iter(amounts.values())))) if amounts else 0
    counting: dict[str, tuple[float, Floats]] = {}
    left_out: dict[str, Why] = {}
    for name, weight in weights.items():
        if weight <= 0:
            continue
        values = np.asarray(amounts.get(name, np.full(size, np.nan)), np.float64)
        known = np.isfinite(values)
        if not known.any():
            left_out[name] = "missing"
        elif not values[known].sum() > 0:
            left_out[name] = "nothing"
        else:
            counting[name] = (float(weight), values / values[known].sum())
    whole = sum(weight for weight, _ in counting.values())
    if not counting:
        return Workload(np.full(size, np.nan), {}, left_out)
    share = np.zeros(size)
    for weight, part in counting.values():
        share += weight / whole * part
    return Workload(share, {name: weight / whole for name, (weight, _) in counting.items()}, left_out)


def loads(share: ArrayLike) -> Floats:
    """Return shares against the mean of those that are known; NaN stays, as does everything where the mean is zero."""
    values = np.asarray(share, np.float64)
    known = values[np.isfinite(values)]
    mean = known.mean() if len(known) else np.nan
    return values / mean if mean > 0 else np.full(values.shape, np.nan)


def grouped(values: ArrayLike, group: ArrayLike, count: int) -> Floats:
    """Return sums over groups, float64 (count,): NaN for a group without members or of which a value is missing.

    Parameters
    ----------
    values
        float64 (n,).
    group
        int64 (n,): group of each, -1 for none.

    Examples
    --------
    >>> grouped([1.0, 2.0, float("nan"), 4.0], [0, 0, 1, -1], 3).tolist()
    [3.0, nan, nan]
    """
    given, which = np.asarray(values, np.float64), np.asarray(group, np.int64)
    inside = which >= 0
    members = np.bincount(which[inside], minlength=count)
    sums = np.bincount(which[inside], weights=given[inside], minlength=count)  # NaN makes the whole sum NaN
    return np.where(members > 0, sums, np.nan)


def inequality(values: ArrayLike) -> Inequality:
    """Return how unequal loads (or shares) are; missing ones are counted, and left out of every figure.

    Examples
    --------
    >>> inequality([1.0, 1.0, 1.0, 5.0])
    Inequality(count=4, missing=0, gini=0.375, cv=0.8660254037844386, max_mean=2.5, min_mean=0.5, moved=0.375)
    """
    given = np.asarray(values, np.float64)
    known = np.sort(given[np.isfinite(given)])
    n, missing = len(known), int(len(given) - np.isfinite(given).sum())
    total = float(known.sum())
    if n == 0 or not total > 0:
        return Inequality(n, missing, None, None, None, None, None)
    mean = total / n
    ranks = 2 * np.arange(1, n + 1) - n - 1
    return Inequality(
        n,
        missing,
        gini=float((ranks * known).sum() / (n * total)),
        cv=float(known.std() / mean),
        max_mean=float(known[-1] / mean),
        min_mean=float(known[0] / mean),
        moved=float(np.abs(known / total - 1 / n).sum() / 2),
    )


def lorenz(values: ArrayLike, most: int = 101) -> list[tuple[float, float]]:
    """Return points of the Lorenz curve: the least loaded part p of the units has the part l of all work.

    From (0, 0) to (1, 1), at most `most` of them (Lorenz, Methods of measuring the concentration of wealth,
    Publications of the American Statistical Association 9, 1905); empty where nothing is known or all is zero.

    Examples
    --------
    >>> lorenz([3.0, 1.0])
    [(0.0, 0.0), (0.5, 0.25), (1.0, 1.0)]
    """
    given = np.asarray(values, np.float64)
    known = np.sort(given[np.isfinite(given)])
    if len(known) == 0 or not known.sum() > 0:
        return []
    held = np.concatenate([[0.0], np.cumsum(known)]) / known.sum()
    held[-1] = 1.0
    at = np.unique(np.round(np.linspace(0, len(known), min(most, len(known) + 1))).astype(np.int64))
    return [(float(i / len(known)), float(held[i])) for i in at]


def histogram(values: ArrayLike, bins: int = 12, top: float = 3.0) -> dict[str, Any]:
    """Return how many loads lie in each of equal bins from 0 to `top`, and one more for what lies above.

    Returns
    -------
    {"edges": floats (bins + 1,), "counts": ints (bins + 1,)}; the last count is of those above `top`.

    Examples
    --------
    >>> histogram([0.1, 0.9, 1.0, 3.0, 7.5, float("nan")], bins=3)
    {'edges': [0.0, 1.0, 2.0, 3.0], 'counts': [2, 1, 1, 1]}
    """
    given = np.asarray(values, np.float64)
    known = given[np.isfinite(given)]
    edges = np.linspace(0.0, top, bins + 1)
    counts, _ = np.histogram(known[known <= top], edges)
    return {"edges": edges.tolist(), "counts": [*counts.tolist(), int((known > top).sum())]}


def outside(load: ArrayLike, low: float, high: float) -> NDArray[np.int8]:
    """Return -1 where a load lies below `low`, 1 above `high`, else (missing too) 0."""
    given = np.asarray(load, np.float64)
    return np.where(given < low, -1, np.where(given > high, 1, 0)).astype(np.int8)
