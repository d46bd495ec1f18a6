"""Makes raw tables as the readers would, for tests of their meaning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import shapely

from store.intake.normalise import Normalised, normalise
from store.intake.options import ImportOptions
from store.intake.raw import RawTable, object_array

HELSINKI = (24.94, 60.17)


def raw(
    columns: Mapping[str, Sequence[Any] | np.ndarray],
    geometry: Sequence[Any] | None = None,
    crs: str | None = None,
    driver: str = "CSV",
    utc: frozenset[str] = frozenset(),
) -> RawTable:
    arrays = {
        name: values if isinstance(values, np.ndarray) else object_array(list(values))
        for name, values in columns.items()
    }
    count = len(geometry) if geometry is not None else len(next(iter(arrays.values())))
    shapes = None if geometry is None else object_array(list(geometry))
    return RawTable(arrays, shapes, np.arange(1, count + 1), crs, "utf-8", driver, "", (), (), count, utc)


def understand(
    layer: str,
    columns: Mapping[str, Sequence[Any] | np.ndarray],
    geometry: Sequence[Any] | None = None,
    *,
    file_crs: str | None = None,
    driver: str = "CSV",
    place: Mapping[str, Any] | None = None,
    **options: Any,
) -> Normalised:
    """Normalise a small table; `place` holds target_crs, area and store_crs."""
    found = normalise(raw(columns, geometry, file_crs, driver), layer, ImportOptions(**options), **(place or {}))
    assert len(found.batch) + len(found.rejects) == found.total
    return found


def points(count: int, step: float = 0.001) -> dict[str, list[float]]:
    """Columns lon and lat of `count` different places."""
    return {
        "lon": [HELSINKI[0] + step * n for n in range(count)],
        "lat": [HELSINKI[1] + step * n for n in range(count)],
    }


def square(x: float = HELSINKI[0], y: float = HELSINKI[1], side: float = 0.001) -> Any:
    return shapely.box(x, y, x + side, y + side)


def notes(found: Normalised) -> str:
    return "\n".join(note.text() for note in found.notes)


def reasons(found: Normalised) -> list[tuple[int, str, str]]:
    return [(reject.row, reject.field, reject.reason.format(**reject.params)) for reject in found.rejects]


def said(table: RawTable) -> str:
    """Return the notes of a table in one line."""
    return " | ".join(note.text() for note in table.notes)


def by_n(table: RawTable) -> dict[int, tuple[str, float, float]]:
    """Return name and place of each row by its number `n`."""
    return {
        int(n): (name, g.x, g.y)
        for n, name, g in zip(table.columns["n"], table.columns["name"], table.geometry, strict=True)
    }
