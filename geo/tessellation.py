"""Regular squares and hexagons over a city, anchored to the metric reference system.

The cell of a place follows from its coordinates and the size alone: square (i, j) covers [i s, (i + 1) s) in x and
[j s, (j + 1) s) in y; hexagon (q, r) has its middle at (s (q + r / 2), s r sqrt(3) / 2). New incidents or other grids
never move a cell.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from geo.errors import N_, ParameterError
from geo.neighbours import Neighbours, lattice_neighbours

Shape = Literal["hex", "square"]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

MOST_CELLS = 50_000
FEW_CELLS = 600  # a city in so many can be looked over, and each is tested against enough others
_ROUND = (1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0)
_BLOCK = 16  # cells along a block, in which the boundary is cut before the cells are
_TALL = math.sqrt(3) / 2  # rows of hexagons lie so far apart, in sizes
_LEAST_SHARE = 1e-9  # of a cell's area inside the city: less is rounding


def fitting_size_m(area_m2: float, shape: Shape, least_m: float = 50.0) -> float:
    """Return the smallest round size, at least `least_m`, whose cells divide an area into at most `FEW_CELLS`.

    Examples
    --------
    >>> fitting_size_m(170e6, "hex"), fitting_size_m(1.7e6, "square"), fitting_size_m(0, "hex")
    (600.0, 60.0, 50.0)
    """
    side = math.sqrt(area_m2 / FEW_CELLS / (1.0 if shape == "square" else _TALL))
    if side <= least_m:
        return least_m
    power = 10.0 ** math.floor(math.log10(side))
    return next(size for size in (*(part * power for part in _ROUND), 10 * power) if size >= side)


def cell_of(x: ArrayLike, y: ArrayLike, shape: Shape, size_m: float) -> tuple[Ints, Ints]:
    """Return the two numbers of the cell that holds each place.

    Parameters
    ----------
    x, y
        (m,), metres, finite.
    shape, size_m
        Side of the squares, or distance between opposite sides of the hexagons (and between middles of neighbours).

    Examples
    --------
    >>> [part.tolist() for part in cell_of([0.0, 260.0, -1.0], [0.0, 0.0, 0.0], "square", 250)]
    [[0, 1, -1], [0, 0, 0]]
    >>> [part.tolist() for part in cell_of([0.0, 260.0, -125.0], [0.0, 0.0, 216.5], "hex", 250)]
    [[0, 1, -1], [0, 0, 1]]
    """
    px, py = np.asarray(x, np.float64) / size_m, np.asarray(y, np.float64) / size_m
    if shape == "square":
        return np.floor(px).astype(np.int64), np.floor(py).astype(np.int64)
    r = py / _TALL
    q = px - r / 2
    # Nearest middle: round the three cube coordinates, mend the worst.
    a, c = np.rint(q), np.rint(r)
    b = np.rint(-q - r)
    da, db, dc = np.abs(a - q), np.abs(b + q + r), np.abs(c - r)
    worst_a, worst_c = (da > db) & (da > dc), ~((da > db) & (da > dc)) & (dc > db)
    a = np.where(worst_a, -b - c, a)
    c = np.where(worst_c, -a - b, c)
    return a.astype(np.int64), c.astype(np.int64)


def outlines(i: ArrayLike, j: ArrayLike, shape: Shape, size_m: float) -> NDArray[Any]:
    """Return the polygons of cells; those of neighbours have the same corners to the last bit.

    Examples
    --------
    >>> [round(outlines([3], [-2], shape, 100)[0].area, 1) for shape in ("hex", "square")]
    [8660.3, 10000.0]
    """
    a, b = np.asarray(i, np.int64), np.asarray(j, np.int64)
    if shape == "square":
        return np.asarray(shapely.box(a * size_m, b * size_m, (a + 1) * size_m, (b + 1) * size_m), dtype=object)
    # Corners on whole numbers of half sizes and of sixths of the row's height, which neighbours compute alike.
    column, row = 2 * a + b, 3 * b
    around = np.array([(0, 2), (-1, 1), (-1, -1), (0, -2), (1, -1), (1, 1)])
    corners = np.stack([column[:, None] + around[:, 0], row[:, None] + around[:, 1]], axis=-1)
    return np.asarray(shapely.polygons(corners * np.array([size_m / 2, size_m * _TALL / 3])), dtype=object)


@dataclass(frozen=True)
class Lattice:
    """The cells of a lattice that lie in a city, at least in part.

    Attributes
    ----------
    shape, size_m
        See `cell_of`.
    i, j
        int64 (n,): numbers of each cell, in the order of i, then j.
    polygons
        (n,): the part of each inside the city.
    area_m2
        float64 (n,): its area.
    """

    shape: Shape
    size_m: float
    i: Ints
    j: Ints
    polygons: NDArray[Any]
    area_m2: Floats

    def __len__(self) -> int:
        return len(self.i)

    def codes(self) -> NDArray[Any]:
        """Return a short name of each cell, the same whenever the size is: "H250.1540.-33"."""
        head = f"{self.shape[0].upper()}{self.size_m:g}"
        return np.array(
            [f"{head}.{i}.{j}" for i, j in zip(self.i.tolist(), self.j.tolist(), strict=True)], dtype=object
        )

    def neighbours(self) -> Neighbours:
        """Return which cells touch."""
        return lattice_neighbours(self.i, self.j, hexagons=self.shape == "hex")

    def locate(self, x: ArrayLike, y: ArrayLike) -> Ints:
        """Return the position of the cell of each place, -1 where none of the lattice holds it."""
        i, j = cell_of(x, y, self.shape, self.size_m)
        if len(self) == 0:
            return np.full(len(i), -1, np.int64)
        low, wide = int(self.j.min()), int(self.j.max() - self.j.min()) + 1
        keys = self.i * wide + (self.j - low)
        place = np.minimum(np.searchsorted(keys, i * wide + (j - low)), len(keys) - 1)
        return np.where((self.i[place] == i) & (self.j[place] == j), place, -1)


def tessellate(city: shapely.Geometry, shape: Shape, size_m: float) -> Lattice:
    """Return the cells that cover a city.

    Parameters
    ----------
    city
        Its area in a metric CRS, valid.
    shape, size_m
        See `cell_of`.

    Raises
    ------
    ParameterError
        There would be more than `MOST_CELLS` cells.

    Examples
    --------
    >>> cells = tessellate(shapely.box(100, 100, 900, 900), "square", 400)
    >>> cells.codes().tolist()[0], len(cells), float(cells.area_m2.sum())
    ('S400.0.0', 9, 640000.0)
    """
    per_cell = size_m**2 * (1.0 if shape == "square" else _TALL)
    area_m2 = float(shapely.area(city))
    if area_m2 / per_cell > MOST_CELLS:
        least = math.ceil(math.sqrt(area_m2 / MOST_CELLS / (per_cell / size_m**2)) / 10) * 10
        raise ParameterError(
            N_("Cells of {size} m would be about {count}, more than {limit}."),
            N_("Give a size of at least {least} m."),
            size=f"{size_m:g}",
            count=round(area_m2 / per_cell),
            limit=MOST_CELLS,
            least=least,
        )
    i, j, pieces = _cut(city, shape, size_m)
    area = shapely.area(pieces)
    keep = np.flatnonzero(area > _LEAST_SHARE * per_cell)
    keep = keep[np.lexsort((j[keep], i[keep]))]
    return Lattice(shape, size_m, i[keep], j[keep], pieces[keep], area[keep])


def _cut(city: shapely.Geometry, shape: Shape, size_m: float) -> tuple[Ints, Ints, NDArray[Any]]:
    """The cells of each block that the city meets, cut by its boundary where they meet that."""
    if shapely.is_empty(city):
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, dtype=object)
    own = shapely.from_wkb(shapely.to_wkb(city))  # preparing changes it, and the caller's may be in use
    shapely.prepare(own)
    x0, y0, x1, y1 = shapely.bounds(own).tolist()
    corners_i, corners_j = cell_of([x0, x1, x0, x1], [y0, y0, y1, y1], shape, size_m)
    low_i, low_j = int(corners_i.min()) - 1, int(corners_j.min()) - 1
    wide, tall = int(corners_i.max()) + 2 - low_i, int(corners_j.max()) + 2 - low_j
    found: list[tuple[Ints, Ints, NDArray[Any]]] = []
    for a in range(0, wide, _BLOCK):
        for b in range(0, tall, _BLOCK):
            i, j = (part.ravel() for part in np.meshgrid(np.arange(a, min(a + _BLOCK, wide)) + low_i,
                                                         np.arange(b, min(b + _BLOCK, tall)) + low_j))  # fmt: skip
            cells = outlines(i, j, shape, size_m)
            meets = shapely.intersects(own, cells)
            i, j, cells = i[meets], j[meets], cells[meets]
            if not len(cells):
                continue
            cut = np.flatnonzero(~shapely.covers(own, cells))
            if len(cut):
                here = shapely.box(*shapely.total_bounds(cells))
                cells[cut] = _areas(shapely.intersection(cells[cut], shapely.intersection(own, here)))
            found.append((i, j, cells))
    i, j = (np.concatenate([part[k] for part in found]).astype(np.int64) for k in (0, 1))
    return i, j, np.concatenate([cells for _, _, cells in found])


def _areas(shapes: NDArray[Any]) -> NDArray[Any]:
    """Keep only what has an area: where a cell just touches the boundary, lines and points come along."""
    mixed = np.flatnonzero(shapely.get_type_id(shapes) == 7)
    for k in mixed.tolist():
        shapes[k] = shapely.union_all([part for part in shapely.get_parts(shapes[k]) if part.geom_type == "Polygon"])
    return shapes
