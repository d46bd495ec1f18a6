"""Immutable columns of one revision: what the store hands out and `geo` and `layers` read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.area import Area
from geo.decided import Decided

Column = NDArray[Any]


def freeze(values: Column) -> Column:
    """Return `values` made read-only (in place)."""
    values.flags.writeable = False
    return values


@dataclass(frozen=True)
class Codes:
    """A dictionary-encoded text column.

    Attributes
    ----------
    values
        The distinct texts, sorted.
    codes
        int32, shape (n,): position in `values`, -1 where the text is missing.
    """

    values: tuple[str, ...]
    codes: NDArray[np.int32]

    def decode(self) -> Column:
        """Return an object array of str, None where missing."""
        table = np.array([*self.values, None], dtype=object)
        return table[self.codes]

    def __len__(self) -> int:
        return len(self.codes)


@dataclass(frozen=True)
class LayerColumns:
    """One layer at one revision, as arrays of equal length, sorted by `fid`.

    Attributes
    ----------
    layer
        Name of the layer ("grids", "incidents", ...).
    revision
        The last revision that changed this layer.
    fid
        int64, the row's identity in the store.
    columns
        Canonical columns. Text with many distinct values: object array of str or None.
        Repeating text: `Codes`. Numbers: float64, NaN where missing. Yes/no: int8 (1, 0, -1 missing).
        Times: datetime64[ms] in UTC, NaT where missing.
    geometry
        Object array of shapely geometries in the snapshot's CRS; None for a pure point layer,
        whose coordinates are `x` and `y`.
    x, y
        float64 metres in the snapshot's CRS, for pure point layers (incidents, cameras); else None.
    simulated
        True where rows of the layer were simulated, not observed.
    decided
        Of incidents: the decisions about their grids; None without any.
    line
        Shared with the states before it that these rows begin with, see `after`; else an object of its own, which
        `dataclasses.replace` makes anew.
    """

    layer: str
    revision: int
    fid: NDArray[np.int64]
    columns: Mapping[str, Column | Codes]
    geometry: Column | None = None
    x: NDArray[np.float64] | None = None
    y: NDArray[np.float64] | None = None
    simulated: bool = False
    decided: Decided | None = None
    line: object = field(init=False, repr=False, compare=False, default_factory=object)

    def __len__(self) -> int:
        return len(self.fid)

    def after(self, earlier: LayerColumns) -> LayerColumns:
        """Return itself, known from now on as the rows of `earlier`, unchanged, and maybe others behind them.

        For whoever made it, before anybody else has it.
        """
        object.__setattr__(self, "line", earlier.line)
        return self

    def text(self, name: str) -> Column:
        """Return a text column as an object array of str, None where missing."""
        column = self.columns[name]
        return column.decode() if isinstance(column, Codes) else column

    def number(self, name: str) -> NDArray[np.float64]:
        """Return a numeric column as float64, NaN where missing."""
        column = self.columns[name]
        if isinstance(column, Codes):
            raise TypeError(f"{name} is text")
        return np.asarray(column, dtype=np.float64)


@dataclass(frozen=True)
class Snapshot:
    """All layers at one revision; safe to share between threads.

    Attributes
    ----------
    revision
        Number of the last change.
    crs
        The store's one projected metric CRS, such as "EPSG:32635"; None while the store is empty.
    timezone
        IANA name in which dates without a time are read and times are shown.
    layers
        Every canonical layer by name; an empty one has length 0.
    updated_at
        ISO 8601 time in UTC of the last change of each layer that ever changed.
    sources
        Per layer, the attribution texts of what was imported.
    scope
        The area that this is all there is of (see `geo.scope`); None: the whole city.
    """

    revision: int
    crs: str | None
    timezone: str
    layers: Mapping[str, LayerColumns]
    updated_at: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    sources: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    scope: Area | None = None

    def __getitem__(self, layer: str) -> LayerColumns:
        return self.layers[layer]
