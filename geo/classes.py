"""Class breaks of a choropleth, honest where there is little to classify."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import jenkspy
import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.errors import N_, ParameterError

Method = Literal["quantiles", "fisher_jenks", "equal"]

_FISHER_JENKS_MOST = 3000  # values; its time grows with their square


@dataclass(frozen=True)
class Classes:
    """Classes of a set of values.

    Attributes
    ----------
    low
        Smallest value classified (above the class of zeros, if there is one); NaN if there is none.
    breaks
        float64 (k,), ascending: upper bound of each class, included. A value v is in the first class with v <= break.
    counts
        int64 (k,): values in each class, none of them empty for quantiles.
    zeros
        Values in the class of their own "0", if that was asked for; else 0.
    missing
        Values that are NaN or infinite and in no class.
    """

    low: float
    breaks: NDArray[np.float64]
    counts: NDArray[np.int64]
    zeros: int
    missing: int

    def of(self, values: ArrayLike, *, zero_class: bool = False) -> NDArray[np.int64]:
        """Return the class of each value: 0..k-1, -1 where missing, and -2 for zero where zeros have their class."""
        array = np.asarray(values, np.float64)
        finite = np.isfinite(array)
        found = np.searchsorted(self.breaks, np.where(finite, array, 0.0), side="left")
        result = np.where(finite, np.minimum(found, max(len(self.breaks) - 1, 0)), -1)
        return np.where(finite & (array == 0), -2, result) if zero_class else result


def class_breaks(values: ArrayLike, k: int = 5, method: Method = "quantiles", *, zero_class: bool = False) -> Classes:
    """Divide values into at most `k` classes.

    Fewer distinct values than `k` make one class each: no empty or repeated class is shown. All equal is one class,
    nothing finite is none.

    Parameters
    ----------
    values
        Any shape; NaN and infinite ones are counted as missing.
    k
        1 to 12.
    method
        "quantiles": equal numbers; "fisher_jenks": natural breaks; "equal": equal steps from minimum to maximum
        (as mapclassify's `Quantiles`, `EqualInterval`, `FisherJenks`, whose import takes seconds). Natural breaks of
        more than 3,000 values are those of every n-th value in order, the extremes included.
    zero_class
        True gives exact zeros a class of their own, outside `breaks`: "none" is another thing than "few".

    Raises
    ------
    ParameterError
        Unknown method or unusable `k`.

    Examples
    --------
    >>> result = class_breaks([0, 0, 1, 2, 2, 9], 5, zero_class=True)
    >>> result.breaks.tolist(), result.counts.tolist(), result.zeros
    ([1.0, 2.0, 9.0], [1, 2, 1], 2)
    """
    if method not in ("quantiles", "fisher_jenks", "equal") or not 1 <= k <= 12:
        raise ParameterError(
            N_("Classes by “{method}”, {k} of them, cannot be made."),
            N_("Choose quantiles, fisher_jenks or equal, and 1 to 12 classes."),
            method=str(method)[:40],
            k=k,
        )
    array = np.ravel(np.asarray(values, np.float64))
    finite = array[np.isfinite(array)]
    missing = len(array) - len(finite)
    zeros = int((finite == 0).sum()) if zero_class else 0
    if zero_class:
        finite = finite[finite != 0]
    distinct = np.unique(finite)
    if len(distinct) == 0:
        return Classes(float("nan"), np.zeros(0), np.zeros(0, np.int64), zeros, missing)
    breaks = distinct if len(distinct) <= k else _breaks(finite, distinct, k, method)
    counts = np.bincount(np.searchsorted(breaks, finite, side="left"), minlength=len(breaks)).astype(np.int64)
    if method != "equal":  # a quantile between two values, or a natural break met twice, can leave a class empty
        breaks, counts = breaks[counts > 0], counts[counts > 0]
    return Classes(float(distinct[0]), breaks, counts, zeros, missing)


def _breaks(finite: NDArray[np.float64], distinct: NDArray[np.float64], k: int, method: Method) -> NDArray[np.float64]:
    if k == 1:
        return distinct[-1:]
    if method == "equal":
        bins = np.linspace(distinct[0], distinct[-1], k + 1)[1:]
    elif method == "fisher_jenks":
        values = np.sort(finite)
        if len(values) > _FISHER_JENKS_MOST:
            values = _every_nth(values)
            if len(np.unique(values)) < k:  # a few values have nearly all the weight
                values = _every_nth(distinct)
        bins = np.asarray(jenkspy.jenks_breaks(values, n_classes=k)[1:])
    else:
        # Many equal values can make two quantiles equal: the distinct ones remain.
        bins = np.unique(np.quantile(finite, np.arange(1, k + 1) / k))
    breaks = np.asarray(bins, np.float64).copy()
    breaks[-1] = distinct[-1]  # the maximum itself, not its neighbour by rounding
    return breaks


def _every_nth(values: NDArray[np.float64]) -> NDArray[np.float64]:
    count = min(len(values), _FISHER_JENKS_MOST)
    return values[np.linspace(0, len(values) - 1, count).round().astype(np.int64)]
