"""The ledger of one import: each row is taken or rejected once, and every repair or doubt becomes a note."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.errors import N_
from store.batch import Note, Reject
from store.intake.raw import shorten

Mask = NDArray[np.bool_]

MISSING = N_("A value is needed here and there is none.")
MISSING_REMEDY = N_("Fill it in, or give one value for all rows with --const.")
OUT_OF_RANGE = N_("{number} is outside {low} to {high}.")
OUT_OF_RANGE_REMEDY = N_("Check the number and its unit ({unit}).")
NOT_A_NUMBER = N_("This is not a number.")
NOT_A_NUMBER_REMEDY = N_("Write a plain number, or leave the cell empty.")
NOT_YES_NO = N_("This is neither yes nor no.")
NOT_YES_NO_REMEDY = N_("Write yes or no, 1 or 0, or leave the cell empty.")


class Ledger:
    """Which rows of a source are still taken, and why the others are not.

    Parameters
    ----------
    row
        int64, shape (n,): source row numbers.
    """

    def __init__(self, row: NDArray[np.int64]) -> None:
        self.row = row
        self.alive: Mask = np.ones(len(row), dtype=bool)
        self.rejects: list[Reject] = []
        self.notes: list[Note] = []

    def __len__(self) -> int:
        return len(self.row)

    def note(self, message: str, **params: Any) -> None:
        """Add a note once; the same text is not repeated."""
        note = Note(message, params)
        if note not in self.notes:
            self.notes.append(note)

    def reject(
        self,
        where: Mask,
        field: str,
        values: NDArray[Any] | str | None,
        reason: str,
        remedy: str,
        **params: Any,
    ) -> int:
        """Reject the rows in `where` that are still taken and return how many these were.

        `values` has one entry per row of the source (or is one text for all). A parameter that is an array of
        length n gives each row its own value.
        """
        found = np.flatnonzero(where & self.alive)
        if not len(found):
            return 0
        self.alive[found] = False
        single = values if isinstance(values, str) else "" if values is None else None
        per_row = {name: value for name, value in params.items() if isinstance(value, np.ndarray)}
        common = {name: value for name, value in params.items() if name not in per_row}
        for index, row in zip(found.tolist(), self.row[found].tolist(), strict=True):
            value = single if single is not None else _show(values[index])  # type: ignore[index]
            own = common | {name: _plain(value_at[index]) for name, value_at in per_row.items()} if per_row else common
            self.rejects.append(Reject(row, field, value, reason, remedy, own))
        return len(found)


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _show(value: Any) -> str:
    if value is None:
        return ""
    plain = _plain(value)
    return shorten(plain if isinstance(plain, str) else str(plain))
