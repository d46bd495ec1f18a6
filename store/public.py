"""The last look at texts before they leave the house: the place-only guard of the intake, once more.

What was imported has been looked at. A store can also be edited by other programs; nothing of that leaves unseen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from geo.errors import N_
from store.errors import PersonalDataError

_CODES = frozenset({"code", "grid"})


def require_places(columns: Mapping[str, Iterable[str | None]]) -> None:
    """Refuse texts that hold data about persons.

    Parameters
    ----------
    columns
        What would be written, by column. Codes of grids are judged as a whole: one of them may look like a phone.

    Raises
    ------
    PersonalDataError
        A text holds a number or address of a person, or a column is written like personal names. What was found is
        not repeated.
    """
    from store.intake.guard import by_values, cell_kind  # slow to import

    for column, texts in columns.items():
        found, counts = np.unique([text for text in texts if text], return_counts=True)
        values = found.tolist()
        cells = () if column in _CODES else map(cell_kind, values)
        what = next((kind for kind in cells if kind), None) or by_values(values, counts)
        if what is not None:
            raise PersonalDataError(
                N_("“{column}” holds data about a person ({what}); the public file was not made."),
                N_("Correct it in the source and import that again: GridAtlas is about places."),
                column=column,
                what=what,
            )
