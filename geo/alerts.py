"""Which grids hold more incidents just now than the same hours of the week usually bring.

For each grid the incidents of the last hours are held against a Poisson distribution whose mean comes from the same
hours of the week in the weeks before. How unlikely a count must be follows from how many false alarms a day the reader
puts up with, shared out over all grids and windows of a day (Bonferroni), so that a large city does not cry wolf.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from geo.errors import N_, ParameterError

HOURS_OF_WEEK = 168
LEAST_WEEKS = 4  # of history: with fewer nothing can be called unusual
_WEEK = np.timedelta64(7 * 24 * 3600 * 1000, "ms")
LIMITS = {"hours": (1, 48), "weeks": (LEAST_WEEKS, 104), "false_per_day": (0.001, 100.0), "least": (2, 1_000)}

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class AlertRule:
    """When a grid raises an alert.

    Attributes
    ----------
    hours
        Length of the window that ends now.
    weeks
        How far back the usual is looked for.
    false_per_day
        False alarms a day, over all grids, that are put up with.
    least
        Fewer incidents than this raise nothing, however unlikely.
    """

    hours: int = 3
    weeks: int = 26
    false_per_day: float = 1.0
    least: int = 3

    def __post_init__(self) -> None:
        for name, (low, high) in LIMITS.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise ParameterError(
                    N_("“{value}” cannot be used for {field}."), N_("Give a number from {low} to {high}."),
                    field=name, value=str(value)[:80], low=low, high=high,
                )  # fmt: skip

    def threshold(self, grids: int) -> float:
        """Return the probability from which a count is unusual: the false alarms shared over grids and windows."""
        return self.false_per_day * self.hours / (24.0 * max(grids, 1))


@dataclass(frozen=True)
class Unusual:
    """Counts of the window that ends now, per grid.

    Attributes
    ----------
    count
        int64 (grids,): incidents in the window.
    expected
        float64 (grids,): the mean of the distribution it is held against.
    probability
        float64 (grids,): of as many or more by chance.
    raised
        bool (grids,): unusual by the rule.
    threshold
        What `probability` must not exceed.
    weeks
        Weeks of history that were used; below `LEAST_WEEKS` nothing is raised.
    """

    count: NDArray[np.int64]
    expected: Floats
    probability: Floats
    raised: NDArray[np.bool_]
    threshold: float
    weeks: int


def same_hours(end: np.datetime64, hours: int, weeks: int, timezone: str) -> NDArray[np.datetime64]:
    """Return the window that ends at `end` and the same hours of the local week before it.

    Parameters
    ----------
    end
        UTC.
    timezone
        IANA name: a change of the clocks moves the windows with the clocks.

    Returns
    -------
    datetime64[ms] (weeks + 1, 2), UTC: start (included) and end (not included); the present window first.

    Examples
    --------
    >>> same_hours(np.datetime64("2024-04-01T10:00"), 3, 1, "Europe/Berlin").astype("datetime64[h]").tolist()[1]
    [datetime.datetime(2024, 3, 25, 8, 0), datetime.datetime(2024, 3, 25, 11, 0)]
    """
    zone = ZoneInfo(timezone)
    local = datetime.fromisoformat(str(end.astype("datetime64[ms]"))).replace(tzinfo=UTC).astimezone(zone)
    ends = [(local - timedelta(weeks=week)).astimezone(UTC).replace(tzinfo=None) for week in range(weeks + 1)]
    last = np.array(ends, dtype="datetime64[ms]")
    return np.column_stack([last - np.timedelta64(hours, "h"), last])


def unusual(
    index: NDArray[np.int64],
    occurred_at: NDArray[np.datetime64],
    grids: int,
    end: np.datetime64,
    timezone: str,
    rule: AlertRule,
) -> Unusual:
    """Return how unusual the last hours are in each grid.

    The mean of a grid is ``(S + m) / (K + 1)``: S incidents in the same hours of the K weeks before, and one imagined
    week whose m incidents are, at any hour alike, half those of the grid's own mean week and half those of the mean
    week of all grids. So a grid that never had one is not taken for one that cannot. Weeks without any incident in the
    whole city are gaps of the record and do not count. The probability is the exact upper tail of the Poisson
    distribution, ``P(X >= n) = P(n, mean)``, the regularised lower incomplete gamma function (Abramowitz and Stegun,
    26.4.21 with 6.5.1).

    Parameters
    ----------
    index
        int64 (incidents,): grid of each incident, -1 in none.
    occurred_at
        datetime64[ms] (incidents,) UTC, NaT unknown.
    end
        The present, UTC; what happened then or later is not counted.

    Examples
    --------
    >>> week = np.arange(20).repeat(2)  # two in twenty weeks each, at the same hour, in the first of two grids
    >>> before = np.datetime64("2024-06-03T11:00", "ms") - week * np.timedelta64(7, "D")
    >>> now = np.full(9, np.datetime64("2024-06-03T11:30", "ms"))
    >>> noon, rule = np.datetime64("2024-06-03T12:00", "ms"), AlertRule(false_per_day=0.1)
    >>> found = unusual(np.zeros(49, int), np.r_[before, now], 2, noon, "UTC", rule)
    >>> found.count.tolist(), found.expected.round(2).tolist(), found.raised.tolist()
    ([11, 0], [1.9, 0.0], [True, False])
    """
    from scipy.special import gammainc  # slow to import

    windows = same_hours(end, rule.hours, rule.weeks, timezone)
    first = min(windows[-1, 0], windows[0, 0] - rule.weeks * _WEEK)
    recent = np.flatnonzero((occurred_at >= first) & (occurred_at < windows[0, 1]) & (index >= -1))
    order = recent[np.argsort(occurred_at[recent], kind="stable")]
    times, cells = occurred_at[order], index[order]
    found = np.searchsorted(times, windows)
    count = _per_grid(cells[found[0, 0] : found[0, 1]], grids)
    # Whole weeks that end where the present window begins: what is now must not be part of the usual.
    edges = np.searchsorted(times, windows[0, 0] - np.arange(rule.weeks + 1) * _WEEK)
    used = [week for week in range(1, rule.weeks + 1) if edges[week - 1] > edges[week]]
    k = len(used)
    same, every = np.zeros(grids), np.zeros(grids)
    for week in used:
        same += _per_grid(cells[found[week, 0] : found[week, 1]], grids)
        every += _per_grid(cells[edges[week] : edges[week - 1]], grids)
    mean_week = every / max(k, 1)
    imagined = 0.5 * (mean_week + mean_week.mean() if grids else mean_week) * rule.hours / HOURS_OF_WEEK
    expected = (same + imagined) / (k + 1)
    probability = np.where(count > 0, gammainc(np.maximum(count, 1), expected), 1.0)
    threshold = rule.threshold(grids)
    raised = (count >= rule.least) & (probability <= threshold) & (k >= LEAST_WEEKS)
    return Unusual(count, expected, probability, raised, threshold, k)


def _per_grid(cells: NDArray[np.int64], grids: int) -> NDArray[np.int64]:
    return np.bincount(cells[cells >= 0], minlength=grids).astype(np.int64)
