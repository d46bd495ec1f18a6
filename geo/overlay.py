"""Grids, buildings and views laid over one another at once, exactly: what of each grid is seen, blind and built.

All borders of a grid go into one planar graph on a lattice of a micrometre (`geo.overlay_nodes`), a sweep counts what
lies over each of its faces (`geo.overlay_sweep`), and the faces of a class are its polygons (`geo.overlay_faces`).
Orientations are whole numbers, so that nothing is nearly left or nearly right, and there is nothing to fail as plain
overlays do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.overlay_cells import CLASSES, SOUND, cover_cells
from geo.overlay_sweep import CERTAIN, POSSIBLE, SOLID

__all__ = ["CERTAIN", "LEAST_M2", "POSSIBLE", "SOLID", "Flat", "Parts", "flatten", "lay_over", "warm"]

Floats = NDArray[np.float64]
Objects = NDArray[Any]
Rows = NDArray[np.int64]

SLACK_M2 = 0.01  # by which sums within one graph may differ
LEAST_M2 = 1e-4  # a square centimetre: smaller faces are traces of the lattice along walls


@dataclass(frozen=True)
class Flat:
    """Polygons as plain arrays.

    Attributes
    ----------
    xy
        float64 (p, 2): corners of all rings, the first repeated at the end.
    rings
        int64 (r + 1,): where each ring begins.
    signs
        int64 (r,): 1 where a shell runs counter-clockwise or a hole clockwise, else -1.
    firsts
        int64 (n + 1,): the first ring of each shape; None has no rings.
    """

    xy: Floats
    rings: Rows
    signs: Rows
    firsts: Rows

    @property
    def arrays(self) -> tuple[Floats, Rows, Rows, Rows]:
        """As the compiled loops take them."""
        return self.xy, self.rings, self.signs, self.firsts


def flatten(polygons: Objects) -> Flat:
    """Return polygons and multipolygons (n,) as arrays."""
    parts, part_of = shapely.get_parts(polygons, return_index=True)
    rings, ring_of = shapely.get_rings(parts, return_index=True)
    xy, owner = shapely.get_coordinates(rings, return_index=True)
    starts = np.searchsorted(owner, np.arange(len(rings) + 1)).astype(np.int64)
    if not len(rings):
        return Flat(np.zeros((0, 2)), starts, np.zeros(0, np.int64), np.zeros(len(polygons) + 1, np.int64))
    local = xy - xy[starts[:-1]][owner]
    cross = np.zeros(len(xy))
    cross[:-1] = local[:-1, 0] * local[1:, 1] - local[1:, 0] * local[:-1, 1]
    cross[starts[1:] - 1] = 0.0
    turning = np.add.reduceat(cross, starts[:-1])
    shell = np.concatenate([[True], ring_of[1:] != ring_of[:-1]])
    signs = np.where((turning > 0) == shell, 1, -1).astype(np.int64)
    firsts = np.searchsorted(part_of[ring_of], np.arange(len(polygons) + 1)).astype(np.int64)
    return Flat(np.ascontiguousarray(xy), starts, signs, firsts)


@dataclass(frozen=True)
class Parts:
    """What became of some grids; arrays (k,).

    Attributes
    ----------
    sound
        bool: False where the graph contradicts itself; nothing else of such a row must be used.
    measures
        float64 (k, 10), m2: certain, possible, blind, built; of what is not built: seen by at least 1, 2, 3 views,
        and certainly seen by at least 1, 2, 3.
    alone_m2
        float64, one for each pair of `items`: what of the grid this view alone sees.
    polygons
        Object (k, 3): certain, possible, blind multipolygons, valid; empty where there is nothing. Faces and holes
        below `LEAST_M2` are left out of them, but not of the measures.
    """

    sound: NDArray[np.bool_]
    measures: Floats
    alone_m2: Floats
    polygons: Objects


def lay_over(bases: Objects, layers: Objects, kinds: Rows, starts: Rows, items: Rows) -> Parts:
    """Lay buildings or views over grids.

    Parameters
    ----------
    bases
        Polygons or multipolygons (k,); an empty one measures 0.
    layers
        Polygons or multipolygons (n,), None for none.
    kinds
        int64 (n,): `SOLID`, `CERTAIN` or `POSSIBLE`.
    starts, items
        int64 (k + 1,) and rows of `layers`: those that may lie over each base.
    """
    used, local = np.unique(items, return_inverse=True)
    states, measures, alone, points, rings, shells, multis = cover_cells(
        shapely.bounds(bases),
        flatten(bases).arrays,
        flatten(layers[used]).arrays,
        np.ascontiguousarray(kinds[used]),
        starts,
        local.astype(np.int64),
        SLACK_M2,
        LEAST_M2,
    )
    made = shapely.from_ragged_array(shapely.GeometryType.MULTIPOLYGON, points, (rings, shells, multis))
    return Parts(states == SOUND, measures, alone, np.asarray(made, dtype=object).reshape(len(bases), CLASSES))


def warm() -> None:
    """Compile the loops, or load them from disk, so that no reader waits for it."""
    cell = np.array([shapely.box(0, 0, 1, 1)], dtype=object)
    lay_over(cell, cell, np.array([CERTAIN]), np.array([0, 1]), np.array([0]))
