"""Chooses the bandwidth of the heat map by the data: leave-one-out likelihood.

Each incident of a sample is left out, and the heat map of the others, as a probability per m2, is asked how likely it
makes the place (Silverman, Density Estimation, 1986, section 3.4.4; for point processes Loader, Local Regression and
Likelihood, 1999). The bandwidth with the highest mean logarithm foretells an unseen incident best.

Two things keep the answer sane on recorded data. All incidents of one place (within `TIE_M`) are left out together:
addresses repeat, and a kernel shrunk onto them would foretell them perfectly. And one part in a hundred of the
probability lies evenly over the city, so that a lone incident out of reach of all others does not decide.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from geo import heat_loops
from geo.heat_boundary import Boundary
from geo.heat_columns import CHOOSE_ALL, Choice, HeatColumns
from geo.heat_kernel import GAUSSIAN, TAIL, Kernel
from geo.heat_loops import first_at
from geo.kernel_cache import stamped

Floats = NDArray[np.float64]
TIE_M = 1.0
EVENLY = 0.01  # of the probability lies evenly over the city
FEWEST = 30
_LEAST_M, _MOST_M = 20.0, 2500.0
_PER_STEP = 1.25
_MOST_OF_CITY = 0.2  # of its width
_SAMPLE, _LEAST_SAMPLE = 2000, 150
_MOST_PAIRS = 4e7


@dataclass(frozen=True)
class BandwidthChoice:
    """The curve of the cross-validation and its top.

    Attributes
    ----------
    radius_m
        The chosen bandwidth; None with fewer than `FEWEST` incidents or all of them at one place.
    radii_m, score
        float64 (k,): bandwidths tried, and the mean logarithm of the probability per m2 of a left-out incident.
    incidents, sampled
        How many were chosen, and how many of them were left out one by one.
    at_edge
        Whether the top is the smallest or largest bandwidth tried: the best may lie beyond.
    """

    radius_m: float | None
    radii_m: Floats
    score: Floats
    incidents: int
    sampled: int
    at_edge: bool = False


def radii_for(kernel: str, area_m2: float) -> Floats:
    """Return the bandwidths to try for a city: 20 m to 2,500 m for the quartic, equally wide ones for the Gaussian.

    A Gaussian of the standard deviation h / 2.65 is as wide as a quartic of the radius h (equal variance: h^2 / 8 on
    each axis would be h / 2.83; 2.65 is the ratio of the canonical bandwidths of Marron and Nolan, 1988).
    """
    most = max(min(_MOST_M, _MOST_OF_CITY * math.sqrt(area_m2)), 2 * _LEAST_M)
    steps = max(3, round(math.log(most / _LEAST_M) / math.log(_PER_STEP)))
    radii = np.geomspace(_LEAST_M, most, steps + 1)
    return np.asarray(radii / (2.65 if kernel == GAUSSIAN else 1.0))


def choose_bandwidth(
    columns: HeatColumns,
    kernel: str,
    choice: Choice = CHOOSE_ALL,
    boundary: Boundary | None = None,
    *,
    radii_m: Floats | None = None,
    sample: int | None = None,
    seed: int = 0,
) -> BandwidthChoice:
    """Return the bandwidth under which a left-out incident is most likely.

    Parameters
    ----------
    columns, choice, boundary
        As of a `geo.heat_field.HeatField`; each incident counts 1.
    kernel
        See `geo.heat_kernel`.
    radii_m
        To be tried, increasing; None: those of `radii_for`. The top is found between them by a parabola.
    sample
        How many incidents are left out, drawn with `seed`; None: 2,000, fewer where many lie within reach.
    """
    x, y = columns.rows[0], columns.rows[1]
    chosen = np.zeros(len(columns), np.bool_)
    _choose(columns.start, columns.rows, choice.tables(), chosen)
    rows = np.flatnonzero(chosen)
    area_m2 = boundary.area_m2 if boundary is not None else _extent_m2(columns, rows)
    radii = radii_for(kernel, area_m2) if radii_m is None else np.asarray(radii_m, np.float64)
    none = BandwidthChoice(None, radii, np.full(len(radii), np.nan), len(rows), 0)
    if len(rows) < FEWEST:
        return none
    reach = radii * (TAIL if kernel == GAUSSIAN else 1.0)
    if sample is None:
        near = len(rows) * min(1.0, math.pi * float(reach[-1]) ** 2 / area_m2)
        sample = int(min(max(_MOST_PAIRS / max(near, 1.0), _LEAST_SAMPLE), _SAMPLE))
    picked = rows
    if sample < len(rows):
        picked = np.sort(np.random.default_rng(seed).choice(rows, sample, replace=False))
    at_x, at_y = x[picked].astype(np.float64), y[picked].astype(np.float64)
    sums = np.zeros((len(picked), len(radii)))
    ties = np.zeros(len(picked), np.int64)
    _leave_out(
        at_x, at_y, columns.start, columns.across, columns.cell_m, columns.rows, choice.tables(), reach,
        kernel == GAUSSIAN, TIE_M, sums, ties,
    )  # fmt: skip
    others = len(rows) - ties
    apart = others > 0
    if not apart.any():
        return none
    score = np.empty(len(radii))
    for k, radius in enumerate(radii.tolist()):
        one = Kernel(kernel, radius)
        density = sums[apart, k] * float(one.at(0.0)) / others[apart]
        if boundary is not None:
            mass = boundary.mass(at_x[apart] + columns.west, at_y[apart] + columns.south, one)
            density = np.where(mass > 0, density / np.where(mass > 0, mass, 1.0), 0.0)
        score[k] = np.log((1 - EVENLY) * density + EVENLY / area_m2).mean()
    best = int(score.argmax())
    at_edge = best in (0, len(radii) - 1)
    radius_m = float(radii[best]) if at_edge else _top(np.log(radii[best - 1 : best + 2]), score[best - 1 : best + 2])
    return BandwidthChoice(radius_m, radii, score, len(rows), len(picked), at_edge)


def _top(log_radius: Floats, score: Floats) -> float:
    """The radius at the top of the parabola through three points."""
    a, b, _ = np.polyfit(log_radius - log_radius[1], score, 2)
    return float(np.exp(log_radius[1] - (b / (2 * a) if a < 0 else 0.0)))


def _extent_m2(columns: HeatColumns, rows: NDArray[np.int64]) -> float:
    if len(rows) == 0:
        return 1.0
    x, y = columns.rows[0][rows], columns.rows[1][rows]
    return max(float(np.ptp(x)) * float(np.ptp(y)), 1.0)


@njit(cache=True, nogil=True)
def _choose(start: Any, rows: Any, choice: Any, out: Any) -> None:
    """Mark the chosen rows."""
    when, code, hour = rows[2], rows[3], rows[4]
    timed, begin_ms, end_ms, by_code, codes, by_hour, hours = choice
    for cell in range(len(start) - 1):
        a, b = start[cell], start[cell + 1]
        if timed:
            a = first_at(when, a, b, begin_ms)
            b = first_at(when, a, b, end_ms)
        for i in range(a, b):
            out[i] = not ((by_code and not codes[code[i]]) or (by_hour and not hours[hour[i]]))


@njit(cache=True, nogil=True)
def _leave_out(
    at_x: Any, at_y: Any, start: Any, across: int, cell_m: float, rows: Any, choice: Any, reach: Any, gaussian: bool,
    tie_m: float, sums: Any, ties: Any,
) -> None:  # fmt: skip
    """Add up, for each place and each reach, the kernels of the chosen rows that lie elsewhere; count the others.

    A kernel is 1 at its incident. `reach` increases.
    """
    x, y, when, code, hour = rows[0], rows[1], rows[2], rows[3], rows[4]
    timed, begin_ms, end_ms, by_code, codes, by_hour, hours = choice
    down = (len(start) - 1) // across
    most, many = reach[-1], len(reach)
    per = 1.0 / (reach * reach)
    for k in range(len(at_x)):
        px, py = at_x[k], at_y[k]
        x0, x1 = max(0, int((px - most) / cell_m)), min(across - 1, int((px + most) / cell_m))
        y0, y1 = max(0, int((py - most) / cell_m)), min(down - 1, int((py + most) / cell_m))
        for row in range(y0, y1 + 1):
            for cell in range(row * across + x0, row * across + x1 + 1):
                a, b = start[cell], start[cell + 1]
                if timed:
                    a = first_at(when, a, b, begin_ms)
                    b = first_at(when, a, b, end_ms)
                for i in range(a, b):
                    square = (x[i] - px) ** 2 + (y[i] - py) ** 2
                    if square >= most * most or (by_code and not codes[code[i]]) or (by_hour and not hours[hour[i]]):
                        continue
                    if square <= tie_m * tie_m:
                        ties[k] += 1
                        continue
                    for m in range(many - 1, -1, -1):
                        share = square * per[m]
                        if share >= 1:
                            break
                        sums[k, m] += math.exp(-8.0 * share) if gaussian else (1 - share) * (1 - share)


stamped(_choose, heat_loops)
stamped(_leave_out, heat_loops)
