"""What can be wrong with a time, and what the user can do about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.errors import N_

Mask = NDArray[np.bool_]

NO_ORDER = N_("Nothing in “{column}” tells whether the day or the month comes first.")
FIRST_YEAR, LAST_YEAR = 1900, 2100
_REWRITE = N_("Write times as 2024-05-03T14:05:00+08:00.")
UNREADABLE, SHORT, UNDECIDED, IMPOSSIBLE, SKIPPED, YEAR, ORDER, NUMBER = range(1, 9)
FAULTS = {
    UNREADABLE: (N_("This is not a date or time in a known form."), _REWRITE),
    SHORT: (N_("A year of two digits does not say its century."), _REWRITE),
    UNDECIDED: (
        N_("Day and month cannot be told apart: other rows of “{column}” are written in both orders."),
        N_("Write the dates in one order, or state it with --date-order."),
    ),
    IMPOSSIBLE: (N_("There is no such date or time."), N_("Check day, month, hour and minute.")),
    SKIPPED: (
        N_("The clock of {timezone} never shows this time: it was put forward over it."),
        N_("Check the time zone, or write the time with its offset."),
    ),
    YEAR: (N_("The year is outside {first} to {last}."), N_("Check the year.")),
    ORDER: (
        N_("This date does not fit the stated order “{order}”."),
        N_("Check the row, or state another --date-order."),
    ),
    NUMBER: (
        N_("A plain number is read as a time only where the column was named with --map."),
        N_("Add --map occurred_at={column} if these are seconds or milliseconds since 1970."),
    ),
}


@dataclass(frozen=True)
class Fault:
    """Values of a column that are no usable times; `where` marks rows."""

    where: Mask
    reason: str
    remedy: str
    params: dict[str, Any] = field(default_factory=dict)
