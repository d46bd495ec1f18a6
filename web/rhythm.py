"""Answers about the rhythm of incidents: hour by weekday, months, weekdays; JSON-ready values from one snapshot."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.columns import Snapshot
from geo.rhythm import HourWeek, Months, by_month, day_span, hour_week, rate
from layers.base import Params, chosen_level
from layers.by_grid import bucketed, position
from layers.joins import local_times, selected

Json = dict[str, Any]


def rhythm_answer(snapshot: Snapshot, params: Params, code: str | None) -> Json:
    """Return the matrix, the months and the weekdays of the selected incidents, of one grid only when `code` is given.

    The matrix leaves the filters of hours and weekdays aside, the weekdays that of weekdays: what they would choose
    from is to be seen.
    """
    level = chosen_level(snapshot["grids"], params.level)
    every = replace(params, hours=(), weekdays=())
    local = local_times(snapshot)
    span = day_span(local.day, snapshot.timezone, params.start, params.end)
    matrix = hour_week(local, _of_grid(snapshot, level, every, code), span)
    months = by_month(local, _of_grid(snapshot, level, params, code), span, params.weekdays)
    return {
        "level": level,
        "code": code,
        "matrix": matrix_json(matrix),
        "weekdays": weekdays_json(matrix, params.hours),
        **months_json(months),
    }


def _of_grid(snapshot: Snapshot, level: str | None, params: Params, code: str | None) -> NDArray[Any]:
    chosen = selected(snapshot, params)
    if code is None:
        return chosen
    rows = bucketed(snapshot, level).of(position(snapshot, level, code))
    found: NDArray[Any] = rows[chosen[rows]]
    return found


def matrix_json(matrix: HourWeek) -> Json:
    """Return counts by weekday (Monday first) and hour, days of each weekday, and the sum with its unknown part."""
    return {
        "counts": matrix.counts.tolist(),
        "days": matrix.days.tolist(),
        "unknown": matrix.unknown,
        "total": int(matrix.counts.sum()) + matrix.unknown,
    }


def weekdays_json(matrix: HourWeek, hours: tuple[int, ...]) -> list[Json]:
    """Return incidents of each weekday in the chosen hours, and per such day."""
    counts = matrix.counts[:, list(hours)].sum(axis=1) if hours else matrix.counts.sum(axis=1)
    per_day = rate(counts, matrix.days)
    return [
        {"weekday": i + 1, "incidents": int(counts[i]), "days": int(matrix.days[i]), "per_day": number(per_day[i])}
        for i in range(len(counts))
    ]


def months_json(months: Months) -> Json:
    """Return the months in order, the mean year, and how many incidents have no time."""
    per_day = months.per_day
    return {
        "months": [
            {
                "year": int(months.year[i]),
                "month": int(months.month[i]),
                "incidents": int(months.counts[i]),
                "days": int(months.days[i]),
                "per_day": number(per_day[i]),
                "partial": bool(months.partial[i]),
            }
            for i in range(len(months.year))
        ],
        "mean_year": [number(value) for value in months.mean_year()],
        "unknown": months.unknown,
        "total": int(months.counts.sum()) + months.unknown,
    }


def number(value: float) -> float | None:
    """Return a finite number to 6 decimals, None for another."""
    return round(float(value), 6) if np.isfinite(value) else None
