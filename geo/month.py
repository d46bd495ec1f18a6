"""A calendar month on the clock of a town."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date, datetime

from geo.errors import N_, ParameterError
from geo.periods import Window, moment

_FORM = re.compile(r"(\d{4})-(\d{2})", re.ASCII)


@dataclass(frozen=True, order=True)
class Month:
    """A month of the Gregorian calendar.

    Attributes
    ----------
    year, number
        2 to 9998; 1 to 12.
    """

    year: int
    number: int

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"

    @property
    def first(self) -> date:
        """Its first day."""
        return date(self.year, self.number, 1)

    @property
    def days(self) -> int:
        """How many days it has.

        Examples
        --------
        >>> Month(2024, 2).days
        29
        """
        return calendar.monthrange(self.year, self.number)[1]

    def earlier(self, months: int) -> Month:
        """Return the month so many months before.

        Examples
        --------
        >>> str(Month(2024, 1).earlier(1)), str(Month(2024, 1).earlier(12))
        ('2023-12', '2023-01')
        """
        year, number = divmod(self.year * 12 + self.number - 1 - months, 12)
        return Month(year, number + 1)

    def window(self, timezone: str) -> Window:
        """Return the month from local midnight to local midnight, in UTC.

        Examples
        --------
        >>> found = Month(2018, 12).window("America/Chicago")
        >>> str(found.start)[:16], str(found.end)[:16]
        ('2018-12-01T06:00', '2019-01-01T06:00')
        """
        after = self.earlier(-1)
        return Window(
            moment(datetime(self.year, self.number, 1), timezone),
            moment(datetime(after.year, after.number, 1), timezone),
        )


def parse_month(text: str) -> Month:
    """Return the month written as YYYY-MM.

    Raises
    ------
    ParameterError
        It is written otherwise, or there is no such month.

    Examples
    --------
    >>> parse_month("2018-12")
    Month(year=2018, number=12)
    """
    found = _FORM.fullmatch(text)
    if found and 2 <= int(found[1]) <= 9998 and 1 <= int(found[2]) <= 12:
        return Month(int(found[1]), int(found[2]))
    raise ParameterError(N_("“{value}” is not a month."), N_("Write it as 2024-05."), field="month", value=text[:40])
