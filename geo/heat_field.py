"""One heat map: the density of the chosen incidents, at any place, on any lattice, and its peak.

On a lattice through the CRS's origin the chosen incidents are shared out to nodes by quadratic splines, convolved with
the kernel's taps, and read by quadratic splines again (`geo.heat_kernel.Kernel.taps`): within 0.5 % of the height of a
single incident's kernel wherever it lies, and far closer where many lie together. The step is a ninth of the kernel's
reach, or that times a power of 2 where the picture is coarser.
"""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.heat_boundary import Boundary
from geo.heat_columns import CHOOSE_ALL, Choice, HeatColumns
from geo.heat_kernel import Kernel
from geo.heat_lattice import highest, nodes_of
from geo.heat_loops import count_cells, read_at, read_inside, read_mesh, spread_cells, spread_rows, sum_at

Floats = NDArray[np.float64]
Box = tuple[float, float, float, float]
KM2 = 1e6
_LEAST_MASS = 1e-3  # of a kernel inside: below that no density is claimed
_MOST_NODES = 6_000_000  # of a lattice from which single places are read
_MOST_NODES_PEAK = 1_000_000  # of the lattice on which the peak is looked for
_LEAST_SHARE = 0.02  # of a lattice cell inside: the peak is not looked for beyond
_FEW, _MANY = 5, 40  # places where the peak may be
_COARSEST = 8
_MARGIN, _SIZES = 3, 32
_LEAST_ROWS = 20_000  # fewer incidents in a window are read one by one


@dataclass(frozen=True)
class CellSums:
    """Of each cell the chosen incidents' weight, and x and y times weight (float32); how many, their weight."""

    sums: NDArray[np.float32]
    chosen: int
    weight: float


class HeatField:
    """The density of chosen incidents; safe to share between threads, and made in no time.

    Parameters
    ----------
    columns
        The incidents inside the boundary.
    kernel
        With its bandwidth.
    choice
        Which of them.
    boundary
        None: no edge correction.
    weighted
        Whether incidents count by their weight; those without one are left out.
    """

    def __init__(
        self,
        columns: HeatColumns,
        kernel: Kernel,
        choice: Choice = CHOOSE_ALL,
        boundary: Boundary | None = None,
        weighted: bool = False,
    ) -> None:
        self.columns, self.kernel, self.choice = columns, kernel, choice
        self.boundary, self.weighted = boundary, weighted
        self._lock = threading.RLock()
        self._cells: CellSums | None = None
        self._peak: float | None = None

    @property
    def cells(self) -> CellSums:
        """What is chosen in each cell: one pass over the columns, at first use."""
        with self._lock:
            if self._cells is None:
                start = self.columns.start
                sums = np.zeros((len(start) - 1, 3), np.float32)
                chosen = count_cells(start, self.columns.rows, self.choice.tables(), self.weighted, sums)
                self._cells = CellSums(sums, int(chosen), float(sums[:, 0].sum(dtype=np.float64)))
            return self._cells

    def coarser(self, pixel_m: float) -> int:
        """Return how often the lattice's step is doubled for pixels of a size.

        Not at all down to a reach of three pixels. Where the reach is less than about a pixel, the step is about a
        pixel: the picture then shows means, and no incident falls between the pixels.
        """
        ratio = pixel_m / (3 * self.kernel.step_m)
        doubled = 0 if ratio <= 1 else math.ceil(math.log2(ratio))
        return doubled + (doubled > 1)

    def plain(self, coarser: int, window: tuple[int, int, int, int]) -> NDArray[np.float32] | None:
        """Return the density without edge correction on a lattice, as spline coefficients in 1 / m2.

        Parameters
        ----------
        coarser, window
            See `Boundary.lattice`.

        Returns
        -------
        float32 (rows, columns), row 0 the south; None where nothing is chosen within reach.
        """
        columns = self.columns
        step = self.kernel.step_m * 2**coarser
        far = self.kernel.taps(coarser, 5).shape[0] // 2
        column, row, wide, high = window
        west, south = (column - far) * step, (row - far) * step
        near = columns.window(west, south, west + (wide + 2 * far) * step, south + (high + 2 * far) * step)
        if near is None or len(columns) == 0:
            return None
        lattice = np.zeros((high + 2 * far, wide + 2 * far), np.float32)
        west, south = west - columns.west, south - columns.south
        if columns.cell_m <= step and self._rows(near) > _LEAST_ROWS:
            spread_cells(self.cells.sums, columns.across, near, lattice, west, south, step)
        else:
            tables = self.choice.tables()
            spread_rows(
                columns.start, columns.across, near, columns.rows, tables, self.weighted, lattice, west, south, step
            )
        if not lattice.any():
            return None
        lattice *= np.float32(1 / step**2)
        return self.kernel.smooth(lattice, coarser, 5)

    def mesh(
        self, mesh_x: Floats, mesh_y: Floats, shape: tuple[int, int], pixel_m: float
    ) -> NDArray[np.float32] | None:
        """Return the density at the pixel centres of a picture.

        Parameters
        ----------
        mesh_x, mesh_y
            (n + 1, n + 1), metres: places of the corners of n x n equal parts of the picture; row 0 is the north.
        shape
            Rows and columns of pixels.
        pixel_m
            Size of a pixel on the ground.

        Returns
        -------
        float32 of that shape, incidents per km2; 0 outside the boundary; None where it is 0 throughout.
        """
        coarser = self.coarser(pixel_m)
        step = self.kernel.step_m * 2**coarser
        window = self._cut((mesh_x.min(), mesh_y.min(), mesh_x.max(), mesh_y.max()), coarser)
        if window is None:
            return None
        west, south = window[0] * step, window[1] * step
        mass = 1.0 if self.boundary is None else self.boundary.lattice(self.kernel, coarser, window)
        if isinstance(mass, float) and mass == 0:
            return None
        nodes = self.plain(coarser, window)
        if nodes is None:
            return None
        values = np.zeros(shape, np.float32)
        if isinstance(mass, float) or self.boundary is None:
            read_mesh(nodes, west, south, step, mesh_x, mesh_y, values)
        else:
            inside = np.zeros(shape, np.float32)
            read_inside(nodes, mass[0], mass[1], west, south, step, mesh_x, mesh_y, _LEAST_MASS, values, inside)
            self.boundary.blank(values, inside, mesh_x, mesh_y)
        values *= np.float32(KM2)
        return np.maximum(values, 0, out=values)

    def sampled(self, x: ArrayLike, y: ArrayLike) -> Floats:
        """Return what `at` does, read from a lattice where that is less work."""
        x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
        if x.size == 0:
            return np.zeros(x.shape)
        step = self.kernel.step_m
        window = nodes_of((x.min(), y.min(), x.max(), y.max()), step)
        if window[2] * window[3] > _MOST_NODES:
            return self.at(x, y)
        nodes = self.plain(0, window)
        flat_x, flat_y = np.ascontiguousarray(x.ravel()), np.ascontiguousarray(y.ravel())
        values = np.zeros(x.size)
        if nodes is not None:
            read_at(nodes, window[0] * step, window[1] * step, step, flat_x, flat_y, values)
            values = np.maximum(values, 0)
        mass = None if self.boundary is None else self.boundary.lattice(self.kernel, 0, window)
        if isinstance(mass, tuple):
            inside = np.zeros(x.size)
            read_at(mass[0], window[0] * step, window[1] * step, step, flat_x, flat_y, inside)
        else:
            inside = np.full(x.size, 1.0 if mass is None else mass)
        return self._corrected(flat_x, flat_y, values, inside).reshape(x.shape)

    def at(self, x: ArrayLike, y: ArrayLike) -> Floats:
        """Return the exact density at some places, incidents per km2; NaN outside the boundary."""
        x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
        shape = np.broadcast_shapes(x.shape, y.shape)
        x, y = (np.ascontiguousarray(np.broadcast_to(one, shape).ravel()) for one in (x, y))
        return self._corrected(x, y, self._sums(x, y)).reshape(shape)

    def _corrected(self, x: Floats, y: Floats, values: Floats, mass: Floats | None = None) -> Floats:
        """From the plain density at some places to the density per km2; `mass` inside when it is known."""
        if self.boundary is not None:
            mass = self.boundary.mass(x, y, self.kernel) if mass is None else mass
            known = self.boundary.contains(x, y) & (mass > _LEAST_MASS)
            values = np.where(known, values / np.where(known, mass, 1.0), np.nan)
        return np.asarray(values * KM2, np.float64)

    def _sums(self, x: Floats, y: Floats) -> Floats:
        """The plain density at some places, 1 / m2."""
        columns, kernel = self.columns, self.kernel
        out = np.zeros(len(x))
        if len(columns):
            sum_at(
                x - columns.west, y - columns.south, columns.start, columns.across, columns.cell_m, columns.rows,
                self.choice.tables(), self.weighted, kernel.reach_m, kernel.gaussian, out,
            )  # fmt: skip
        return out * float(kernel.at(0.0))

    def peak(self) -> float:
        """Return the highest density anywhere, incidents per km2; 0 where nothing is chosen.

        Looked for on a lattice, then exactly around its highest nodes; worked out once. Where the radius is tiny
        beside the city the lattice is coarser, and the peak that is found may lie a little below the highest.
        """
        with self._lock:
            if self._peak is None:
                self._peak = self._highest()
            return self._peak

    def _highest(self) -> float:
        if self.cells.weight <= 0:
            return 0.0
        columns = self.columns
        west, south = columns.west, columns.south
        east, north = west + columns.across * columns.cell_m, south + columns.down * columns.cell_m
        if self.boundary is not None:  # the correction may put the peak between the last incident and the edge
            reach, box = self.kernel.reach_m, self.boundary.box
            west, south = max(west - reach, box[0]), max(south - reach, box[1])
            east, north = min(east + reach, box[2]), min(north + reach, box[3])
        nodes_m2 = (east - west) * (north - south) / _MOST_NODES_PEAK
        coarser = 0
        while coarser < _COARSEST and (self.kernel.step_m * 2**coarser) ** 2 < nodes_m2:
            coarser += 1
        step = self.kernel.step_m * 2**coarser
        window = nodes_of((west, south, east, north), step)
        nodes = self.plain(coarser, window)
        if nodes is None:
            return 0.0
        mass = 1.0 if self.boundary is None else self.boundary.lattice(self.kernel, coarser, window)
        if not isinstance(mass, float):
            nodes = np.where(mass[1] > _LEAST_SHARE, nodes / np.maximum(mass[0], _LEAST_SHARE), 0)
        # A coarse lattice tells less about how high its peaks are, but then there is little to add up at each.
        x, y = highest(nodes, window, step, _FEW if coarser <= 1 else _MANY)
        best = 0.0
        for width in (step, step / 4):
            offset = np.linspace(-width, width, 9)
            around = self.at(x[:, None, None] + offset, y[:, None, None] + offset[:, None])
            around = np.nan_to_num(around, nan=0.0).reshape(len(x), -1)
            best = max(best, float(around.max()))
            place = around.argmax(axis=1)
            keep = around.max(axis=1) >= 0.98 * best
            x, y = (x + offset[place % 9])[keep], (y + offset[place // 9])[keep]
        return best

    def _cut(self, box: Box, coarser: int) -> tuple[int, int, int, int] | None:
        """The nodes needed to read a lattice in a box: none beyond the incidents' reach, where the density is 0."""
        columns, step = self.columns, self.kernel.step_m * 2**coarser
        far = self.kernel.taps(coarser, 5).shape[0] // 2 * step  # of the taps: no less than the reach
        east, north = columns.west + columns.across * columns.cell_m, columns.south + columns.down * columns.cell_m
        west, south = max(box[0], columns.west - far), max(box[1], columns.south - far)
        column, row, wide, high = nodes_of((west, south, min(box[2], east + far), min(box[3], north + far)), step)
        if wide <= _MARGIN or high <= _MARGIN:
            return None
        # Few sizes: the kernel's spectrum is kept for each.
        return column, row, -(-wide // _SIZES) * _SIZES, -(-high // _SIZES) * _SIZES

    def _rows(self, near: tuple[int, int, int, int]) -> int:
        """How many incidents lie in a window of cells."""
        x0, y0, x1, y1 = near
        row = np.arange(y0, y1 + 1) * self.columns.across
        return int((self.columns.start[row + x1 + 1] - self.columns.start[row + x0]).sum())
