"""Incidents sorted once by square cells, so that a tile reads what lies near it and filters while it reads."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.errors import N_, ParameterError

Floats = NDArray[np.float64]
WEEK_H = 168
_ROWS_A_CELL = 8
_MOST_CELLS = 1 << 20
_MOST_ALONG = 1 << 14
_LEAST_CELL_M = 1.0


@dataclass(frozen=True)
class Choice:
    """Which incidents are chosen, as tables that the compiled loops look up; `CHOOSE_ALL` is everything.

    Attributes
    ----------
    start_ms, end_ms
        Half-open window in milliseconds since 1970 UTC; None leaves a side open.
    codes
        bool (categories + 1,): which categories, the last for the unknown; None: all.
    hours
        bool (169,): which hours of the week, the last for the unknown; None: all.
    """

    start_ms: int | None = None
    end_ms: int | None = None
    codes: NDArray[np.bool_] | None = None
    hours: NDArray[np.bool_] | None = None

    def tables(self) -> tuple[Any, ...]:
        """Return it as the loops take it."""
        whole = np.iinfo(np.int64)
        none = np.ones(1, np.bool_)
        # Rows of unknown time have the smallest number, and lie in no window.
        begin = whole.min + 1 if self.start_ms is None else self.start_ms
        end = whole.max if self.end_ms is None else self.end_ms
        timed = self.start_ms is not None or self.end_ms is not None
        codes = none if self.codes is None else self.codes
        hours = none if self.hours is None else self.hours
        return timed, begin, end, self.codes is not None, codes, self.hours is not None, hours


CHOOSE_ALL = Choice()


def choice_of(
    start: np.datetime64 | None,
    end: np.datetime64 | None,
    categories: tuple[str, ...],
    hours: tuple[int, ...],
    weekdays: tuple[int, ...],
    names: tuple[str, ...],
) -> Choice:
    """Return the tables of a choice; empty tuples choose all (see `geo.density.select`, `geo.local_time.matches`).

    Parameters
    ----------
    names
        Of the categories, in the order of their codes.

    Examples
    --------
    >>> found = choice_of(None, None, ("theft",), (8,), (), ("fire", "theft"))
    >>> found.codes.tolist(), int(found.hours.sum())
    ([False, True, False], 7)
    """
    codes = None
    if categories:
        wanted = set(categories)
        codes = np.array([*(name in wanted for name in names), False], np.bool_)
    table = None
    if hours or weekdays:
        week = np.zeros((7, 24), np.bool_)
        days = [day - 1 for day in weekdays] or list(range(7))
        week[np.ix_(days, list(hours) or list(range(24)))] = True
        table = np.append(week.ravel(), False)
    return Choice(_ms(start), _ms(end), codes, table)


def _ms(moment: np.datetime64 | None) -> int | None:
    return None if moment is None else int(moment.astype("datetime64[ms]").astype(np.int64))


@dataclass(frozen=True)
class HeatColumns:
    """Incidents sorted by cell, then by time; see `geo.heat_loops`.

    Attributes
    ----------
    west, south
        Of the first cell, metres; `rows` holds x and y from there (float32, a few millimetres in a city).
    cell_m, across, down
        Size of a cell, number of cells.
    start
        int64 (across * down + 1,).
    rows
        x, y, when, code, hour, weight.
    weighted
        Whether `rows` has weights (NaN: none known).
    """

    west: float
    south: float
    cell_m: float
    across: int
    down: int
    start: NDArray[np.int64]
    rows: tuple[NDArray[Any], ...]
    weighted: bool

    def __len__(self) -> int:
        return len(self.rows[0])

    def window(self, x0: float, y0: float, x1: float, y1: float) -> tuple[int, int, int, int] | None:
        """Return the cells that meet a box (first and last, in x and y), None where there are none."""
        first_x, last_x = (int(np.floor((x - self.west) / self.cell_m)) for x in (x0, x1))
        first_y, last_y = (int(np.floor((y - self.south) / self.cell_m)) for y in (y0, y1))
        first_x, first_y = max(first_x, 0), max(first_y, 0)
        last_x, last_y = min(last_x, self.across - 1), min(last_y, self.down - 1)
        return (first_x, first_y, last_x, last_y) if first_x <= last_x and first_y <= last_y else None


def heat_columns(
    x: ArrayLike,
    y: ArrayLike,
    *,
    occurred_at: NDArray[np.datetime64] | None = None,
    code: ArrayLike | None = None,
    hour: ArrayLike | None = None,
    weekday: ArrayLike | None = None,
    weight: ArrayLike | None = None,
) -> HeatColumns:
    """Sort incidents for the heat map.

    Parameters
    ----------
    x, y
        (n,), metres, finite.
    occurred_at, code, hour, weekday
        As in a snapshot and `geo.local_time.LocalTime`; None: unknown for all.
    weight
        At least 0, NaN where unknown: such an incident is in no weighted map. None: only counts are asked for.

    Raises
    ------
    ParameterError
        A coordinate is not finite.
    """
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    n = len(x)
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ParameterError(N_("A place of an incident is not finite."), N_("Check the incidents' coordinates."))
    west, south = (float(x.min()), float(y.min())) if n else (0.0, 0.0)
    width, height = (float(np.ptp(x)), float(np.ptp(y))) if n else (0.0, 0.0)
    cells = min(max(n // _ROWS_A_CELL, 1), _MOST_CELLS)
    cell_m = max((width * height / cells) ** 0.5, max(width, height) / min(cells, _MOST_ALONG), _LEAST_CELL_M)
    across, down = int(width / cell_m) + 1, int(height / cell_m) + 1
    cell = ((y - south) / cell_m).astype(np.int64) * across + ((x - west) / cell_m).astype(np.int64)
    when = np.zeros(n, np.int64) if occurred_at is None else occurred_at.astype("datetime64[ms]").astype(np.int64)
    order = np.lexsort((when, cell)) if occurred_at is not None else np.argsort(cell, kind="stable")
    start = np.zeros(across * down + 1, np.int64)
    np.cumsum(np.bincount(cell, minlength=across * down), out=start[1:])
    of_week = np.full(n, WEEK_H, np.uint8)
    if hour is not None and weekday is not None:
        hour, weekday = np.asarray(hour, np.int16), np.asarray(weekday, np.int16)
        of_week = np.where((hour >= 0) & (weekday >= 1), (weekday - 1) * 24 + hour, WEEK_H).astype(np.uint8)
    codes = np.full(n, -1, np.int32) if code is None else np.asarray(code, np.int32)
    weights = np.zeros(1, np.float32) if weight is None else np.asarray(weight, np.float32)[order]
    rows = (
        (x - west)[order].astype(np.float32),
        (y - south)[order].astype(np.float32),
        when[order],
        codes[order],
        of_week[order],
        weights,
    )
    for row in (start, *rows):
        row.flags.writeable = False
    return HeatColumns(west, south, cell_m, across, down, start, rows, weight is not None)


def with_more(columns: HeatColumns, more: HeatColumns) -> HeatColumns | None:
    """Return columns with more rows put in their places: what a full sort gives, at a fraction of the cost.

    Parameters
    ----------
    more
        Made by `heat_columns`, with weights if `columns` has them.

    Returns
    -------
    None where a row lies beyond the cells of `columns`: sort all of them anew.
    """
    if len(more) == 0:
        return columns
    x, y = more.rows[0].astype(np.float64) + (more.west - columns.west), more.rows[1] + (more.south - columns.south)
    across, down = np.floor(x / columns.cell_m), np.floor(y / columns.cell_m)
    if ((across < 0) | (across >= columns.across) | (down < 0) | (down >= columns.down)).any():
        return None
    cell = (down * columns.across + across).astype(np.int64)
    order = np.lexsort((more.rows[2], cell))
    cell = cell[order]
    at = np.empty(len(cell), np.int64)
    when, start = columns.rows[2], columns.start
    for k, (here, moment) in enumerate(zip(cell.tolist(), more.rows[2][order].tolist(), strict=True)):
        at[k] = start[here] + np.searchsorted(when[start[here] : start[here + 1]], moment, "right")
    grown = start + np.concatenate([[0], np.cumsum(np.bincount(cell, minlength=len(start) - 1))])
    values = (x[order].astype(np.float32), y[order].astype(np.float32), *(one[order] for one in more.rows[2:5]))
    rows = [np.insert(old, at, new) for old, new in zip(columns.rows[:5], values, strict=True)]
    rows.append(np.insert(columns.rows[5], at, more.rows[5][order]) if columns.weighted else columns.rows[5])
    for row in (grown, *rows):
        row.flags.writeable = False
    return replace(columns, start=grown, rows=tuple(rows))
