"""Times of a column: explicit zones, day and month order by evidence, nothing guessed silently.

A time without a zone is read on the local clock of the given time zone, never of the machine or the store. A date
without a time is local midnight. Which of the first two numbers of 03/04/2024 is the day is decided by the column as a
whole; where the column holds no evidence it is refused, and where the evidence contradicts itself the
undecidable rows are rejected.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.errors import N_
from store.batch import Note
from store.errors import IntakeError
from store.intake import time_faults
from store.intake.texts import NOTHING, texts
from store.intake.time_faults import Fault
from store.intake.time_forms import Parts, read_parts, tidy
from store.intake.zones import localise, zone_of

Mask = NDArray[np.bool_]

_DAY_MS = 86_400_000
_EPOCH_S = (10**9 // 10, 4_102_444_800)  # 1973 to 2100


@dataclass(frozen=True)
class Times:
    """A column of times: `utc` is datetime64[ms], NaT where missing or at fault."""

    utc: NDArray[np.datetime64]
    faults: tuple[Fault, ...]
    notes: tuple[Note, ...]
    used_timezone: bool


def read_times(
    values: NDArray[Any],
    column: str,
    *,
    timezone: str | None = None,
    date_order: str | None = None,
    utc: bool = False,
    epoch: bool = False,
) -> Times:
    """Return the times written in `values`.

    Parameters
    ----------
    values
        Shape (n,): object (str, datetime, date, number, None), numbers, or datetime64.
    column
        Name of the source column, for messages.
    timezone
        IANA name of the clock on which times without a zone are read; None where none was given.
    date_order
        "dmy", "mdy" or "ymd" where the user states it.
    utc
        Whether datetime64 values are UTC; else they are local.
    epoch
        Whether plain numbers may be read as seconds or milliseconds since 1970 (the column was named by the user).

    Raises
    ------
    IntakeError
        If times without a zone come without `timezone`, or nothing decides the order of day and month.
    """
    reader = _Reader(column, timezone, date_order)
    if values.dtype.kind == "M":
        stamps = values.astype("datetime64[ms]")
        known = ~np.isnat(stamps)
        instant = np.where(known, stamps.astype(np.int64), 0)
        bad = np.zeros(len(values), dtype=np.uint8)
        if not utc and known.any():
            distinct, inverse = np.unique(instant[known], return_inverse=True)
            moved, wrong = reader.to_utc(distinct, np.zeros(len(distinct), dtype=bool), np.bincount(inverse))
            instant[known], bad[known] = moved[inverse], wrong[inverse]
        year = stamps.astype("datetime64[Y]").astype(np.int64) + 1970
        bad[known & ((year < time_faults.FIRST_YEAR) | (year > time_faults.LAST_YEAR)) & (bad == 0)] = time_faults.YEAR
        return reader.result(np.where(known & (bad == 0), instant, np.iinfo(np.int64).min), bad)
    column_texts = texts(values)
    instant, bad = reader.read(tidy(column_texts.values), column_texts.counts(), epoch=epoch)
    codes = column_texts.codes
    return reader.result(np.append(instant, np.iinfo(np.int64).min)[codes], np.append(bad, np.uint8(0))[codes])


class _Reader:
    """State while one column is read: its options and the notes that come up."""

    def __init__(self, column: str, timezone: str | None, date_order: str | None) -> None:
        self.column = column
        self.timezone = timezone
        self.order = date_order
        self.notes: list[Note] = []
        self.used_timezone = False

    def note(self, message: str, **params: Any) -> None:
        self.notes.append(Note(message, {"column": self.column} | params))

    def result(self, instant: NDArray[np.int64], bad: NDArray[np.uint8]) -> Times:
        params = {
            "column": self.column,
            "timezone": self.timezone or "",
            "order": self.order or "",
            "first": time_faults.FIRST_YEAR,
            "last": time_faults.LAST_YEAR,
        }
        faults = tuple(
            Fault(bad == code, reason, remedy, params)
            for code, (reason, remedy) in time_faults.FAULTS.items()
            if bool((bad == code).any())
        )
        return Times(instant.astype("datetime64[ms]"), faults, tuple(self.notes), self.used_timezone)

    def read(
        self, values: list[str], counts: NDArray[np.int64], *, epoch: bool
    ) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
        """Return per distinct value its instant (ms UTC; NaT's number where none) and its fault (0 for none)."""
        n = len(values)
        instant = np.full(n, np.iinfo(np.int64).min, dtype=np.int64)
        bad = np.zeros(n, dtype=np.uint8)
        nothing = np.fromiter((value.lower() in NOTHING for value in values), dtype=bool, count=n)
        if nothing.any():
            self.note(
                N_("{count} values of “{column}” say that no time is known; they stay empty."),
                count=int(counts[nothing].sum()),
            )
        parts = read_parts(values)
        form = parts.form
        readable = (form != "") & ~nothing
        bad[~readable & ~nothing] = time_faults.UNREADABLE
        bad[parts.short_year] = time_faults.SHORT
        self._epochs(values, counts, readable | nothing, instant, bad, epoch=epoch)
        self._order(parts, counts, readable, bad)
        self._forms(parts, counts, readable)
        local = self._calendar(parts, readable, bad)
        zoned = readable & parts.has_zone & (bad == 0)
        instant[zoned] = local[zoned] - parts.offset_min[zoned] * 60_000
        naive = readable & ~parts.has_zone & (bad == 0)
        if naive.any():
            moved, wrong = self.to_utc(local[naive], ~parts.has_clock[naive], counts[naive])
            instant[naive], bad[naive] = moved, wrong
            instant[bad != 0] = np.iinfo(np.int64).min
        return instant, bad

    def _epochs(
        self,
        values: list[str],
        counts: NDArray[np.int64],
        done: Mask,
        instant: NDArray[np.int64],
        bad: NDArray[np.uint8],
        *,
        epoch: bool,
    ) -> None:
        taken = {"seconds": 0, "milliseconds": 0}
        for index in np.flatnonzero(~done).tolist():
            value = values[index]
            whole, _, fraction = value.partition(".")
            if len(whole) not in (9, 10, 12, 13) or not whole.isdigit() or (fraction and not fraction.isdigit()):
                continue
            unit = "seconds" if len(whole) <= 10 else "milliseconds"
            number = round(float(value) * (1000 if unit == "seconds" else 1))
            if not _EPOCH_S[0] * 1000 <= number < _EPOCH_S[1] * 1000:
                continue
            bad[index] = 0 if epoch else time_faults.NUMBER
            if epoch:
                instant[index] = number
                taken[unit] += int(counts[index])
        for unit, count in taken.items():
            if count:
                self.note(
                    N_("{count} plain numbers in “{column}” were read as {unit} since 1970 (UTC)."),
                    count=count,
                    unit=unit,
                )

    def _order(self, parts: Parts, counts: NDArray[np.int64], readable: Mask, bad: NDArray[np.uint8]) -> None:
        """Decide which of the two numbers before a last year is the day."""
        slashed = readable & (parts.first + parts.second_number > 0) & (parts.form == "year last")
        if not slashed.any():
            return
        a, b = parts.first, parts.second_number
        day_first = slashed & (a > 12) & (b <= 12)
        month_first = slashed & (b > 12) & (a <= 12)
        open_ = slashed & (a <= 12) & (b <= 12) & (a != b)
        if self.order == "ymd":
            bad[slashed] = time_faults.ORDER
            return
        if self.order is not None:
            dmy = np.full(len(a), self.order == "dmy")
            bad[month_first if self.order == "dmy" else day_first] = time_faults.ORDER
        elif day_first.any() and month_first.any():
            dmy = day_first
            bad[open_] = time_faults.UNDECIDED
            self.note(
                N_(
                    "“{column}” holds dates in both orders: {dmy} rows with the day first, {mdy} with the month first, "
                    "{undecided} that cannot be decided and are rejected."
                ),
                dmy=int(counts[day_first].sum()),
                mdy=int(counts[month_first].sum()),
                undecided=int(counts[open_].sum()),
            )
        elif day_first.any() or month_first.any():
            dmy = np.full(len(a), bool(day_first.any()))
            proof = day_first if day_first.any() else month_first
            self.note(
                N_("Dates in “{column}” are read as {order}: {count} rows can only be read so, none contradicts."),
                order="day/month/year" if day_first.any() else "month/day/year",
                count=int(counts[proof].sum()),
            )
        elif open_.any():
            raise IntakeError(
                time_faults.NO_ORDER,
                N_("State it: --date-order dmy, mdy or ymd."),
                column=self.column,
            )
        else:
            dmy = np.zeros(len(a), dtype=bool)
        parts.day[slashed] = np.where(dmy, a, b)[slashed]
        parts.month[slashed] = np.where(dmy, b, a)[slashed]

    def _forms(self, parts: Parts, counts: NDArray[np.int64], readable: Mask) -> None:
        seen: Counter[str] = Counter()
        for form, zone, clock, count in zip(
            parts.form[readable],
            parts.has_zone[readable],
            parts.has_clock[readable],
            counts[readable].tolist(),
            strict=True,
        ):
            seen[f"{form}{'' if clock else ', no time of day'}{', zone' if zone else ''}"] += count
        if len(seen) > 1:
            forms = "; ".join(f"{form}: {count}" for form, count in seen.most_common())
            self.note(N_("“{column}” mixes written forms of times, each read by its own rule ({forms})."), forms=forms)

    def _calendar(self, parts: Parts, readable: Mask, bad: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Return the written date and time as ms on its own clock; mark what the calendar does not have."""
        year, month, day = parts.year, parts.month, parts.day
        bad[readable & (bad == 0) & ((year < time_faults.FIRST_YEAR) | (year > time_faults.LAST_YEAR))] = (
            time_faults.YEAR
        )
        good = readable & (bad == 0)
        months = (year - 1970) * 12 + month - 1
        start = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
        length = (months + 1).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64) - start
        midnight = (parts.hour == 24) & (parts.minute == 0) & (parts.second == 0) & (parts.ms == 0)
        wrong = (month < 1) | (month > 12) | (day < 1) | (day > length) | parts.impossible
        wrong |= ((parts.hour > 23) & ~midnight) | (parts.minute > 59) | (parts.second > 59)
        bad[good & wrong] = time_faults.IMPOSSIBLE
        seconds = (parts.hour * 60 + parts.minute) * 60 + parts.second
        return (start + day - 1) * _DAY_MS + seconds * 1000 + parts.ms

    def to_utc(
        self, local: NDArray[np.int64], date_only: Mask, counts: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
        """Return UTC of local times (ms) and faults; the first occurrence of a repeated hour is taken."""
        if self.timezone is None:
            raise IntakeError(
                N_("“{column}” holds {count} times without a zone."),
                N_("Say on which clock they were read: --timezone, such as Asia/Shanghai or America/New_York."),
                column=self.column,
                count=int(counts.sum()),
            )
        self.used_timezone = True
        found = localise(local, zone_of(self.timezone))
        bad = np.where(found.skipped & ~date_only, time_faults.SKIPPED, 0).astype(np.uint8)
        if found.repeated.any():
            self.note(
                N_(
                    "{count} times in “{column}” occur twice on the clock of {timezone} (it was put back); the first "
                    "occurrence is taken."
                ),
                count=int(counts[found.repeated].sum()),
                timezone=self.timezone,
            )
        if (found.skipped & date_only).any():
            self.note(
                N_("{count} dates in “{column}” have no midnight in {timezone}; the first moment of the day is taken."),
                count=int(counts[found.skipped & date_only].sum()),
                timezone=self.timezone,
            )
        return found.utc, bad
