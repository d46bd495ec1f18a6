"""Simulated incidents: two years of a city that never happened, to try the maps on. Always marked as simulated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.assign import assign
from geo.errors import N_, ParameterError
from geo.simulate_patterns import PATTERNS, Pattern

Floats = NDArray[np.float64]
_ROUNDS = 500  # draws for a point that falls into a building, before the place counts as unusable


@dataclass(frozen=True)
class Simulated:
    """Simulated incidents in order of time.

    Attributes
    ----------
    x, y
        float64 metres, in the CRS of the streets.
    category, status
        Object arrays of str: keys of `PATTERNS`; "open" or "closed".
    occurred_local
        datetime64[ms] without a zone: local wall-clock time.
    grid_code
        Object array of str or None: the grid as "recorded", about 2 % of them wrong or missing.
    """

    x: Floats
    y: Floats
    category: NDArray[Any]
    occurred_local: NDArray[np.datetime64]
    grid_code: NDArray[Any]
    status: NDArray[Any]


def simulate_incidents(
    rng: np.random.Generator,
    *,
    streets: NDArray[Any],
    buildings: NDArray[Any],
    polygons: NDArray[Any],
    codes: NDArray[Any],
    start: np.datetime64,
    end: np.datetime64,
    count: int = 8_000,
    hot_spots: int = 14,
    wrong: float = 0.02,
    stray: float = 0.006,
) -> Simulated:
    """Simulate incidents of places along streets, uneven in space and time.

    A point lies near a street and never in a building. The hot spots are common to all categories, each of which
    weighs them in its own way; the first fades and the last grows over the period. `stray` of the points are moved
    beyond the outer edge, as a bad position fix would.

    Parameters
    ----------
    rng
        The only source of chance: the same generator state gives the same incidents.
    streets
        Object array of lines along which incidents happen, metres.
    buildings
        Object array of polygons, metres, in which nothing happens.
    polygons, codes
        The unit grids and their codes, which partition the area.
    start, end
        Local dates or times; ``start <= occurred_local < end``.
    count
        Number of incidents.
    hot_spots
        Number of hot spots.
    wrong
        Share of recorded grid codes that are a neighbour's (two thirds) or missing (one third).
    stray
        Share of points outside all grids.

    Raises
    ------
    ParameterError
        There is no street in the grids, or the period is empty.
    """
    start, end = start.astype("datetime64[ms]"), end.astype("datetime64[ms]")
    area = shapely.union_all(polygons)
    if not end > start or not len(polygons) or not shapely.intersects(area, streets).any():
        raise ParameterError(
            N_("Incidents cannot be simulated without streets inside grids and a period of time."),
            N_("Give streets, grids and an end after the start."),
        )
    names = list(PATTERNS)
    shares = np.array([PATTERNS[name].share for name in names])
    kind = rng.choice(len(names), count, p=shares / shares.sum())
    when = np.empty(count, dtype="datetime64[ms]")
    x, y = np.empty(count), np.empty(count)
    ground = _Ground(rng, streets, buildings, area, hot_spots)
    for number, name in enumerate(names):
        chosen = np.flatnonzero(kind == number)
        when[chosen] = _times(rng, PATTERNS[name], start, end, len(chosen))
        elapsed = (when[chosen] - start).astype(np.float64) / float((end - start).astype(np.int64))
        x[chosen], y[chosen] = ground.places(elapsed, PATTERNS[name].hot)
    recorded = _recorded(rng, x, y, polygons, codes, wrong)
    _stray(rng, x, y, area, stray)
    order = np.argsort(when, kind="stable")
    age_days = (end - when[order]).astype("timedelta64[s]").astype(np.float64) / 86_400
    status = np.where(rng.random(count) < 0.03 + 0.75 * np.exp(-age_days / 12.0), "open", "closed").astype(object)
    category = np.array(names, dtype=object)[kind]
    return Simulated(x[order], y[order], category[order], when[order], recorded[order], status)


def _times(
    rng: np.random.Generator, pattern: Pattern, start: np.datetime64, end: np.datetime64, count: int
) -> NDArray[np.datetime64]:
    """Draw local times by trend, season, weekday and hour."""
    last = (end - np.timedelta64(1, "ms")).astype("datetime64[D]")
    days: NDArray[Any] = np.arange(start.astype("datetime64[D]"), last + 1)
    month = (days - days.astype("datetime64[Y]")) / np.timedelta64(1, "D") / 30.4375 + 1
    weight = 1 + pattern.season * np.cos(2 * np.pi * (month - pattern.peak_month - 0.5) / 12)
    weight *= np.array(pattern.weekdays)[(days.astype(np.int64) + 3) % 7]  # 1970-01-01 was a Thursday
    weight *= (1 + pattern.trend) ** ((days - days[0]) / np.timedelta64(1, "D") / 365.25)
    if 0 < pattern.days < len(days):
        wet = rng.choice(len(days), pattern.days, replace=False, p=weight / weight.sum())
        mask = np.zeros(len(days))
        mask[wet] = rng.exponential(1.0, pattern.days)
        weight = weight * mask
    hours = np.array(pattern.hours) / sum(pattern.hours)
    day = rng.choice(days, count, p=weight / weight.sum())
    second = rng.choice(24, count, p=hours) * 3600 + rng.integers(0, 3600, count)
    when = day.astype("datetime64[ms]") + second * np.timedelta64(1, "s")
    return np.asarray(np.clip(when, start, end - np.timedelta64(1, "ms")))


class _Ground:
    """Where something can happen: near a street, inside the area, outside buildings."""

    def __init__(
        self, rng: np.random.Generator, streets: NDArray[Any], buildings: NDArray[Any], area: Any, hot_spots: int
    ) -> None:
        inner = shapely.get_parts(shapely.intersection(streets, area))
        self.lines = shapely.get_parts(inner[shapely.get_dimensions(inner) == 1])
        self.weight = shapely.length(self.lines) / shapely.length(self.lines).sum()
        self.streets = shapely.STRtree(self.lines)
        self.buildings = shapely.STRtree(buildings)
        self.area = area
        shapely.prepare(area)
        self.rng = rng
        self.centres = self._apart(hot_spots)
        self.spread_m = rng.uniform(20.0, 55.0, hot_spots)
        self.size = rng.dirichlet(np.full(hot_spots, 4.0))

    def places(self, elapsed: Floats, hot: float) -> tuple[Floats, Floats]:
        """Return a place for each moment (share of the period, 0 to 1)."""
        size = self.size * self.rng.gamma(2.0, 1.0, len(self.size))
        drift = np.ones((len(elapsed), len(size)))
        drift[:, 0] = 1.6 - 1.2 * elapsed  # one fades,
        drift[:, -1] = 0.3 + 1.8 * elapsed  # one grows
        odds = np.cumsum(drift * size, axis=1)
        spot = (self.rng.random(len(elapsed))[:, None] * odds[:, -1:] > odds).sum(axis=1)
        near = self.rng.random(len(elapsed)) < hot
        xy = np.empty((len(elapsed), 2))
        left = np.arange(len(elapsed))
        for _ in range(_ROUNDS):
            if not len(left):
                break
            drawn = self._along(self.rng.choice(len(self.lines), len(left), p=self.weight))
            at = self.centres[spot[left]] + self.rng.normal(0, 1, (len(left), 2)) * self.spread_m[spot[left], None]
            drawn = np.where(near[left, None], self._nearest_street(at), drawn)
            drawn = drawn + self.rng.normal(0, 4.0, drawn.shape)
            points = shapely.points(drawn)
            free = shapely.covers(self.area, points)
            free[self.buildings.query(points, predicate="intersects")[0]] = False
            xy[left[free]] = drawn[free]
            left = left[~free]
        if len(left):
            raise ParameterError(
                N_("Too little street lies outside buildings to simulate incidents."),
                N_("Check that streets and buildings are of the same place."),
            )
        return xy[:, 0], xy[:, 1]

    def _apart(self, count: int) -> Floats:
        """Return `count` places along streets, as far apart as a few hundred draws allow."""
        drawn = self._along(self.rng.choice(len(self.lines), 20 * count, p=self.weight))
        chosen = [drawn[0]]
        least = 0.6 * np.sqrt(shapely.area(self.area) / count)
        for place in drawn[1:]:
            if len(chosen) < count and np.hypot(*(np.array(chosen) - place).T).min() >= least:
                chosen.append(place)
        return np.array([*chosen, *drawn[len(drawn) - count + len(chosen) :]])

    def _along(self, line: NDArray[np.int64]) -> Floats:
        chosen = self.lines[line]
        return shapely.get_coordinates(
            shapely.line_interpolate_point(chosen, self.rng.random(len(line)), normalized=True)
        )

    def _nearest_street(self, xy: Floats) -> Floats:
        points = shapely.points(xy)
        line = self.lines[self.streets.nearest(points)]
        return shapely.get_coordinates(shapely.line_interpolate_point(line, shapely.line_locate_point(line, points)))


def _recorded(
    rng: np.random.Generator, x: Floats, y: Floats, polygons: NDArray[Any], codes: NDArray[Any], wrong: float
) -> NDArray[Any]:
    """Return the code of the grid of each point, `wrong` of them a neighbour's or missing."""
    where = assign(x, y, polygons, codes)
    recorded = np.array([*codes, None], dtype=object)[where]
    fault = rng.random(len(x)) < wrong
    missing = fault & (rng.random(len(x)) < 1 / 3)
    swapped = np.flatnonzero(fault & ~missing & (where >= 0))
    tree = shapely.STRtree(polygons)
    for position in swapped.tolist():
        near = np.sort(tree.query(polygons[where[position]], predicate="touches"))
        if len(near):
            recorded[position] = codes[rng.choice(near)]
    recorded[missing] = None
    return recorded


def _stray(rng: np.random.Generator, x: Floats, y: Floats, area: Any, share: float) -> None:
    """Move `share` of the points (in place) 15 to 80 m beyond the outer edge nearest to them."""
    moved = np.flatnonzero(rng.random(len(x)) < share)
    hull = shapely.boundary(shapely.convex_hull(area))
    centre = np.array(shapely.get_coordinates(shapely.centroid(area))[0])
    points = shapely.points(x[moved], y[moved])
    edge = shapely.get_coordinates(shapely.line_interpolate_point(hull, shapely.line_locate_point(hull, points)))
    away = edge - centre
    away /= np.maximum(np.hypot(*away.T), 1e-9)[:, None]
    # The outward ray from the centre of a convex hull leaves it for good.
    beyond = edge + away * rng.uniform(15.0, 80.0, len(moved))[:, None]
    x[moved], y[moved] = beyond[:, 0], beyond[:, 1]
