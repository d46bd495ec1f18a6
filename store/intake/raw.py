"""A source table as it was found: what the readers produce and the meaning of columns is derived from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from store.batch import Note, Reject

VALUE_CHARACTERS = 80


@dataclass(frozen=True)
class RawTable:
    """The rows of one source file, with nothing guessed about their meaning.

    Attributes
    ----------
    columns
        Source columns by their own names, in their order, each of length n: object arrays
        (str, int, float, bool, datetime or None; a nested JSON value is its JSON text) or typed numpy
        (float64 with NaN, int64, bool, datetime64[ms] with NaT, naive as in the file unless it states UTC).
    geometry
        Object array of shapely geometries, None where null; None when the source has no geometry column.
    row
        int64, the source row number (from 1, headers not counted) of each kept row, increasing.
    crs
        The CRS as the file states it ("EPSG:4326" or WKT); None when it states none.
    encoding
        The encoding the text was read with.
    driver
        Format that was read, such as "GeoJSON" or "CSV".
    layer_name
        Name of the layer, sheet or file inside the source; "" where there is none.
    notes
        Repairs and doubts.
    rejects
        Rows that could not be read at all.
    total
        Rows in the source; always ``len(row) + len(rejects)``.
    utc
        Names of the datetime64 columns whose source states a zone: their times are UTC. Times of
        a datetime64 column that is not named here are naive, as the file gives them.
    encodings
        For a preview (`limit` given) of a text that is more than ASCII: the encodings it may be in, the most
        plausible first, each with a piece of the text read so.
    """

    columns: dict[str, NDArray[Any]]
    geometry: NDArray[Any] | None
    row: NDArray[np.int64]
    crs: str | None
    encoding: str
    driver: str
    layer_name: str
    notes: tuple[Note, ...]
    rejects: tuple[Reject, ...]
    total: int
    utc: frozenset[str] = frozenset()
    encodings: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        lengths = {len(column) for column in self.columns.values()}
        if self.geometry is not None:
            lengths.add(len(self.geometry))
        if lengths - {len(self.row)}:
            raise ValueError(f"columns of lengths {sorted(lengths)} beside {len(self.row)} rows")
        if self.total != len(self.row) + len(self.rejects):
            raise ValueError(f"{len(self.row)} rows + {len(self.rejects)} rejects is not {self.total}")

    def __len__(self) -> int:
        return len(self.row)


def shorten(value: object) -> str:
    """Return `value` as text of at most 80 characters, cut with an ellipsis."""
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= VALUE_CHARACTERS else text[: VALUE_CHARACTERS - 1] + "…"


def object_array(values: list[Any]) -> NDArray[Any]:
    """Return a 1-D object array of `values`, also where these are sequences themselves."""
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array
