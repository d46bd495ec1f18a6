"""Names for drafted areas, from the streets they lie at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.draft_blocks import Geometries


def main_streets(
    polygons: Geometries, streets: Geometries, names: Sequence[str | None] | NDArray[Any], *, reach_m: float = 12.0
) -> NDArray[Any]:
    """Return for each polygon the name of the street of which the longest part lies in it or along its edge.

    Parameters
    ----------
    polygons
        Object array of polygons in metres.
    streets, names
        Object array of lines in metres and their names; lines without a name are ignored.
    reach_m
        A street within this distance of the polygon lies along its edge.

    Returns
    -------
    Object array of str, None where no named street is near; of equal lengths (to the millimetre) the first name in
    text order.
    """
    labels = np.array([name if isinstance(name, str) and name else None for name in names], dtype=object)
    lines, labels = streets[labels != None], labels[labels != None]  # noqa: E711  (elementwise)
    wide: Any = shapely.buffer(polygons, reach_m, quad_segs=4)
    polygon, line = shapely.STRtree(lines).query(wide, predicate="intersects")
    length = shapely.length(shapely.intersection(lines[line], wide[polygon]))
    best: dict[int, dict[str, float]] = {}
    for owner, label, metres in zip(polygon.tolist(), labels[line], length.tolist(), strict=True):
        street = best.setdefault(owner, {})
        street[label] = street.get(label, 0.0) + metres
    found = np.full(len(polygons), None, dtype=object)
    for owner, lengths in best.items():
        found[owner] = min(lengths, key=lambda label, lengths=lengths: (-round(lengths[label], 3), label))  # type: ignore[misc]
    return found
