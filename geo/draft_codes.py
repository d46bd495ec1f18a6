"""Codes of drafted grids: the layout is configuration, the order inside a parent is one stated rule."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.draft_blocks import Geometries
from geo.errors import N_, ParameterError

BAND = 0.6  # height of a row of siblings, in sides of a square of their mean area


@dataclass(frozen=True)
class CodeLayout:
    """Layout of a code: a fixed prefix, then one number per drafted level, coarse to fine.

    Attributes
    ----------
    prefix
        Digits of what lies above the drafted levels (by default six of the county or district).
    widths
        Digits of the number at each drafted level; the default with the prefix gives 6 + 3 + 3 + 3 = 15.
    first
        The first number inside a parent.
    """

    prefix: str = "000000"
    widths: tuple[int, ...] = (3, 3, 3)
    first: int = 1

    def code(self, parent: str, depth: int, position: int) -> str:
        """Return the code of the child at `position` (from 0) of `parent` at level number `depth`."""
        number, width = self.first + position, self.widths[depth]
        if number >= 10**width:
            raise ParameterError(
                N_("{count} areas below {parent} do not fit into {width} digits."),
                N_("Choose a wider code layout or larger grids."),
                count=position + 1,
                parent=parent or "-",
                width=width,
            )
        return f"{parent}{number:0{width}d}"


def reading_order(polygons: Geometries) -> NDArray[np.int64]:
    """Return the order of polygons, rows north -> south and inside a row west -> east.

    The rule: each polygon stands at its centroid. Rows are bands counted from the northernmost centroid down; a band
    is `BAND` times as high as the side of a square of the mean area. Inside a band the order is by x, then north first.

    Parameters
    ----------
    polygons
        Object array of polygons in metres, the children of one parent.

    Returns
    -------
    int64, shape (n,): indices into `polygons` in the order of their numbers.
    """
    row, x, y = reading_rows(polygons)
    return np.lexsort((-y, x, row)).astype(np.int64)


def reading_rows(polygons: Geometries) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the band number and the centroid (metres, to the millimetre) of each polygon."""
    centre = shapely.centroid(polygons)
    x, y = np.round(shapely.get_x(centre), 3), np.round(shapely.get_y(centre), 3)
    band = BAND * np.sqrt(shapely.area(polygons).mean())
    return np.floor((y.max() - y) / band).astype(np.int64), x, y
