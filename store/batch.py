"""What intake hands to the writer: accepted rows as arrays, rejected rows as data, notes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from dataclasses import field as _field
from typing import Any, Literal

import numpy as np
import shapely
from numpy.typing import NDArray

Mode = Literal["append", "replace", "upsert"]


@dataclass(frozen=True)
class Reject:
    """One row that was not taken.

    `row` counts data rows of the source from 1 (a header is not a row). `reason` and `remedy` are English
    templates (catalogue keys) whose fields are filled from `params`; `value` is shortened to 80 characters.
    """

    row: int
    field: str
    value: str
    reason: str
    remedy: str
    params: dict[str, Any] = _field(default_factory=dict)


@dataclass(frozen=True)
class Note:
    """A repair or doubt that the user should know; `message` is a template like an error's."""

    message: str
    params: dict[str, Any] = _field(default_factory=dict)

    def text(self) -> str:
        return self.message.format(**self.params)


@dataclass(frozen=True)
class Batch:
    """Accepted rows of one layer, in the store's metric CRS.

    Attributes
    ----------
    columns
        Every canonical column of the layer, length n: object array of str or None (TEXT, CODE),
        float64 with NaN (REAL, INTEGER), int8 with -1 (BOOL), datetime64[ms] UTC with NaT (TIME).
    geometry
        Object array of shapely geometries (2-D, valid, of the layer's stored type); None for pure points.
    x, y
        float64 metres for pure point layers, else None.
    """

    layer: str
    crs: str
    columns: dict[str, NDArray[Any]]
    geometry: NDArray[Any] | None = None
    x: NDArray[np.float64] | None = None
    y: NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))


def digest(batch: Batch) -> str:
    """Return the SHA-256 of the rows, for those that come from no file."""
    found = hashlib.sha256(f"{batch.layer} {batch.crs} {len(batch)}".encode())
    for part in (batch.x, batch.y):
        found.update(b"" if part is None else np.ascontiguousarray(part).tobytes())
    if batch.geometry is not None:
        found.update(b"".join(shapely.to_wkb(batch.geometry).tolist()))
    for name, column in batch.columns.items():
        found.update(f"{name} {column.tolist()!r}".encode("utf-8", "replace"))
    return found.hexdigest()


@dataclass(frozen=True)
class Within:
    """What a write may touch of a layer: some rows, as they were at a state of the store.

    Attributes
    ----------
    settled
        `Store.settled_revision` of that state; at another one the write is refused.
    fids
        int64: rows that `replace` clears, instead of the whole layer.
    """

    settled: int
    fids: NDArray[np.int64]


@dataclass(frozen=True)
class Provenance:
    """Where a batch came from; written with it in the same transaction."""

    file_name: str
    sha256: str = ""
    source_crs: str = ""
    encoding: str = ""
    timezone: str = ""
    attribution: str = ""
    simulated: bool = False
    demo: bool = False
    rejects: tuple[Reject, ...] = ()
    notes: tuple[Note, ...] = ()
