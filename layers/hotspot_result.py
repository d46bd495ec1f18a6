"""Hot spots of a snapshot: counted, tested, followed over the steps; kept until what they stand on changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.columns import Snapshot
from geo.discovery import adjusted
from geo.emerging import LEAST_STEPS, NONE, categories
from geo.hotspots import Hotspots, gi_star
from geo.rates import smoothed_rate
from geo.trend import Trend, mann_kendall
from layers.base import Metric, Params
from layers.hotspot_steps import Times, step_edges, step_of
from layers.hotspot_units import Places, places
from layers.joins import selected
from layers.memo import Memo

LEAST_UNITS = 8
LEAST_INCIDENTS = 10
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
_memo = Memo(24)


@dataclass(frozen=True)
class Found:
    """Everything that is known of each place (n,), over `t` steps.

    Attributes
    ----------
    places, edges
        What was tested and between which times; t + 1 edges, in UTC.
    by
        What incidents were expected to follow: "per_km2" the area, "per_10k" the people, "count" nothing, as many in
        each place.
    counts
        int64 (n, t).
    outside, total
        Selected incidents of these steps in no place, and all of them: ``counts.sum() + outside == total``.
    whole
        Gi* over all steps together.
    level
        float64: level of false discovery at which each is just found; NaN where not tested.
    step_hot, step_cold
        bool (n, t): found in that step, among all places.
    trend
        Of Gi* over the steps; None with too few of them.
    category
        Words of `geo.emerging`; "none" with too few steps.
    eb_global, eb_local
        float64: smoothed incidents per 10,000 people, NaN without population.
    reason
        Why nothing was tested: "no_grids", "no_incidents", "short_window", "few_incidents", "few_units",
        "no_population"; None when it was.
    """

    places: Places
    edges: Times
    by: Metric
    counts: Ints
    outside: int
    total: int
    whole: Hotspots
    level: Floats
    step_hot: NDArray[np.bool_]
    step_cold: NDArray[np.bool_]
    trend: Trend | None
    category: NDArray[Any]
    eb_global: Floats
    eb_local: Floats
    reason: str | None

    @property
    def count(self) -> Ints:
        """int64 (n,): incidents of all steps."""
        return self.counts.sum(axis=1)

    def found(self, q: float) -> NDArray[np.bool_]:
        """bool (n,): hot or cold over all steps at this level of false discovery."""
        return self.level <= q  # NaN is not


def hotspots(snapshot: Snapshot, params: Params) -> Found:
    """Return the hot spots that `params` asks for.

    Raises
    ------
    ParameterError
        The cells would be too many, or the level is not known.
    """
    owners = (snapshot["grids"], snapshot["incidents"])
    key = (snapshot.timezone, params.level, params.choice, params.metric, params.hotspots)
    return _memo.get(owners, key, lambda: _find(snapshot, params))


def _find(snapshot: Snapshot, params: Params) -> Found:
    wish = params.hotspots
    where = places(snapshot, params.level, wish)
    edges = _edges(snapshot, params)
    steps = len(edges) - 1
    n = len(where)
    counts, outside = np.zeros((n, max(steps, 1)), np.int64), 0
    if steps > 0:
        chosen = np.flatnonzero(selected(snapshot, params))
        at = step_of(np.asarray(snapshot["incidents"].columns["occurred_at"])[chosen], edges)
        chosen, at = chosen[at >= 0], at[at >= 0]
        place = where.index[chosen]
        outside = int((place < 0).sum())
        inside = place >= 0
        flat = np.bincount(place[inside] * steps + at[inside], minlength=n * steps)
        counts = flat.reshape(n, steps).astype(np.int64)
    by: Metric = "per_km2" if wish.unit != "grid" and params.metric == "per_10k" else params.metric
    exposure = {"count": np.ones(n), "per_km2": where.area_m2, "per_10k": where.population}[by]
    reason = _reason(snapshot, n, steps, int(counts.sum()), exposure)
    count = counts.sum(axis=1)
    if reason is not None:
        exposure = np.zeros(n)  # nothing is tested, but counts are shown
    whole = gi_star(count, where.neighbours, exposure)
    level = adjusted(np.where(np.isnan(whole.z), np.nan, whole.p))
    trend, category = None, np.full(n, NONE, dtype=object)
    hot, cold = np.zeros(counts.shape, bool), np.zeros(counts.shape, bool)
    if reason is None and steps >= LEAST_STEPS:
        each = gi_star(counts, where.neighbours, exposure)
        # Each step is a family of its own: what was found in it does not change when one looks further back.
        chances = np.where(np.isnan(each.z), np.nan, each.p)
        sure = np.stack([adjusted(chances[:, t]) for t in range(steps)], axis=1) <= wish.q
        hot, cold = sure & (each.z > 0), sure & (each.z < 0)
        # A step without any incident says nothing of a place: neither high nor low.
        trend = mann_kendall(np.nan_to_num(each.z, nan=0.0))
        category = categories(hot, cold, trend)
        category[np.isnan(whole.z)] = NONE
    eb = [1e4 * smoothed_rate(count, where.population, near) for near in (None, where.neighbours)]
    return Found(where, edges, by, counts, outside, int(counts.sum()) + outside, whole, level, hot, cold, trend,
                 category, *eb, reason=reason)  # fmt: skip


def _edges(snapshot: Snapshot, params: Params) -> Times:
    times = np.asarray(snapshot["incidents"].columns["occurred_at"])
    known = times[~np.isnat(times)]
    if len(known) == 0:
        return np.zeros(1, "datetime64[ms]")
    first = known.min() if params.start is None else max(known.min(), params.start)
    wish = params.hotspots
    return step_edges(first, known.max(), params.end, wish.step, wish.steps, snapshot.timezone)


def _reason(snapshot: Snapshot, n: int, steps: int, incidents: int, exposure: Floats) -> str | None:
    if len(snapshot["grids"]) == 0:
        return "no_grids"
    if len(snapshot["incidents"]) == 0:
        return "no_incidents"
    if steps < 1:
        return "short_window"
    if n < LEAST_UNITS:
        return "few_units"
    if (np.nan_to_num(exposure) > 0).sum() < LEAST_UNITS:
        return "no_population"
    return "few_incidents" if incidents < LEAST_INCIDENTS else None
