"""Heat: a quartic kernel density of points on a raster, in incidents per km2.

K(d) = 3 / (pi h^2) * (1 - (d / h)^2)^2 for d < h, else 0 (Silverman, Density Estimation, 1986, eq. 4.5, scaled to the
bandwidth h). Points are shared out to the four nearest lattice nodes and convolved with the kernel by FFT, so the
cost does not depend on how many points overlap. The kernel is normalised on the lattice: every point adds exactly 1
where its whole kernel lies on the raster, however small the bandwidth.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.errors import N_, ParameterError

_RADIUS_MOST = 40  # lattice steps in a bandwidth; a finer raster is interpolated from such a lattice
_PEAK_STEPS = 8  # lattice steps in a bandwidth when the peak is looked for
_PEAK_BLOCK = 256  # nodes along a block when the peak is looked for

Floats = NDArray[np.float64]
Box = tuple[float, float, float, float]


def heat_grid(x: ArrayLike, y: ArrayLike, bbox: Box, shape: tuple[int, int], bandwidth_m: float) -> Floats:
    """Return the density at the pixel centres of a raster.

    Points outside the box count as far as their kernel reaches in. Neighbouring rasters of one pixel size whose boxes
    lie on one lattice agree at their seam.

    Parameters
    ----------
    x, y
        Shape (n,), metres, finite.
    bbox
        (x0, y0, x1, y1), metres; pixels need not be square.
    shape
        (rows, columns); row 0 is the north.
    bandwidth_m
        h, > 0: where the kernel ends.

    Returns
    -------
    float64 (rows, columns), incidents per km2, >= 0.

    Raises
    ------
    ParameterError
        Empty box, raster without pixels, or unusable bandwidth.

    Examples
    --------
    >>> grid = heat_grid([500.0], [500.0], (0, 0, 1000, 1000), (100, 100), 200.0)
    >>> round(float(grid.sum()) * 0.01 * 0.01, 6)  # km2 of a pixel: one incident in all
    1.0
    """
    rows, columns = shape
    x0, y0, x1, y1 = bbox
    if not (np.isfinite([*bbox, bandwidth_m]).all() and x1 > x0 and y1 > y0 and rows > 0 and columns > 0):
        raise _unusable(bandwidth_m, bbox)
    if bandwidth_m <= 0:
        raise _unusable(bandwidth_m, bbox)
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    step_x, step_y = (x1 - x0) / columns, (y1 - y0) / rows
    thin_x = max(1, int(np.ceil(bandwidth_m / step_x / _RADIUS_MOST)))
    thin_y = max(1, int(np.ceil(bandwidth_m / step_y / _RADIUS_MOST)))
    if thin_x == thin_y == 1:
        nodes = _nodes(x, y, x0 + step_x / 2, y0 + step_y / 2, step_x, step_y, (rows, columns), bandwidth_m)
        return nodes[::-1]
    # A coarser lattice through multiples of its step, so that neighbouring rasters interpolate the same nodes.
    wide_x, wide_y = step_x * thin_x, step_y * thin_y
    left, low = np.floor(x0 / wide_x) - 1, np.floor(y0 / wide_y) - 1
    size = (int(np.ceil(y1 / wide_y) - low) + 2, int(np.ceil(x1 / wide_x) - left) + 2)
    nodes = _nodes(x, y, left * wide_x, low * wide_y, wide_x, wide_y, size, bandwidth_m)
    at_x = (x0 + (np.arange(columns) + 0.5) * step_x) / wide_x - left
    at_y = (y1 - (np.arange(rows) + 0.5) * step_y) / wide_y - low
    from scipy import ndimage  # slow to import, and only heat needs it

    fine = ndimage.map_coordinates(nodes, np.meshgrid(at_y, at_x, indexing="ij"), order=1, mode="nearest")
    return np.asarray(fine, dtype=np.float64)


def peak(x: ArrayLike, y: ArrayLike, bandwidth_m: float) -> float:
    """Return the highest density anywhere, in incidents per km2, so that a legend is the same on every raster.

    Found on a lattice of an eighth of the bandwidth: within about 2 % of the highest. 0 without points.
    """
    if not np.isfinite(bandwidth_m) or bandwidth_m <= 0:
        raise _unusable(bandwidth_m, ())
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if len(x) == 0:
        return 0.0
    step = bandwidth_m / _PEAK_STEPS
    side = step * _PEAK_BLOCK
    column, row = np.floor(x / side).astype(np.int64), np.floor(y / side).astype(np.int64)
    low, left, across = row.min(), column.min(), int(np.ptp(column)) + 1
    block = (row - low) * across + (column - left)
    if block.max() < 1 << 16:  # numpy sorts 16 bits by radix, in a tenth of the time
        block = block.astype(np.uint16)
    order = np.argsort(block, kind="stable")
    sorted_ = block[order]
    start = np.append(np.flatnonzero(np.r_[True, sorted_[1:] != sorted_[:-1]]), len(x))
    found = sorted_[start[:-1]].astype(np.int64)
    keys = np.column_stack([found // across + low, found % across + left])
    place = {(int(r), int(c)): i for i, (r, c) in enumerate(keys)}
    highest = 0.0
    for here in np.argsort(start[:-1] - start[1:], kind="stable"):  # the fullest first, so that most can be left out
        r, c = (int(n) for n in keys[here])
        near = [place[r + i, c + j] for i in (-1, 0, 1) for j in (-1, 0, 1) if (r + i, c + j) in place]
        members = np.concatenate([order[start[i] : start[i + 1]] for i in near])
        if len(members) * _kernel_top(bandwidth_m) <= highest:
            continue  # even if all of them lay on one spot
        nodes = _nodes(x[members], y[members], c * side, r * side, step, step, (_PEAK_BLOCK + 1,) * 2, bandwidth_m)
        highest = max(highest, float(nodes.max()))
    return highest


def _kernel_top(bandwidth_m: float) -> float:
    """The kernel's height at its centre in 1 / km2, with a margin for its normalisation on a lattice."""
    return 1.1 * 3e6 / (np.pi * bandwidth_m**2)


def _nodes(
    x: Floats, y: Floats, x0: float, y0: float, step_x: float, step_y: float, shape: tuple[int, int], bandwidth_m: float
) -> Floats:
    """Density at lattice nodes (row 0 is the south); node (0, 0) is at x0, y0."""
    from scipy import fft  # slow to import, and only heat needs it

    kernel = _kernel(bandwidth_m / step_x, bandwidth_m / step_y)
    pad_y, pad_x = kernel.shape[0] // 2 + 1, kernel.shape[1] // 2 + 1
    rows, columns = shape[0] + 2 * pad_y, shape[1] + 2 * pad_x
    at_x, at_y = (x - x0) / step_x + pad_x, (y - y0) / step_y + pad_y
    inside = (at_x >= 0) & (at_x < columns - 1) & (at_y >= 0) & (at_y < rows - 1)
    at_x, at_y = at_x[inside], at_y[inside]
    j, i = np.floor(at_x).astype(np.int64), np.floor(at_y).astype(np.int64)
    right, up = at_x - j, at_y - i
    first = i * columns + j
    binned = np.zeros(rows * columns)
    for offset, share in (
        (0, (1 - right) * (1 - up)),
        (1, right * (1 - up)),
        (columns, (1 - right) * up),
        (columns + 1, right * up),
    ):
        binned += np.bincount(first + offset, share, minlength=rows * columns)
    full = (rows + kernel.shape[0] - 1, columns + kernel.shape[1] - 1)
    size = [fft.next_fast_len(n, real=True) for n in full]
    spectrum = fft.rfft2(binned.reshape(rows, columns), size) * fft.rfft2(kernel, size)
    smooth = fft.irfft2(spectrum, size)
    top, left = kernel.shape[0] // 2 + pad_y, kernel.shape[1] // 2 + pad_x
    cut = smooth[top : top + shape[0], left : left + shape[1]]
    # The FFT leaves noise of about 1e-16 of the largest value; a density is never negative.
    return np.asarray(np.where(cut > 1e-12, cut, 0.0) * (1e6 / (step_x * step_y)), dtype=np.float64)


@lru_cache(maxsize=64)
def _kernel(radius_x: float, radius_y: float) -> Floats:
    """The quartic kernel on a lattice, its sum 1; a bandwidth within one step is a single node."""
    far_x, far_y = int(radius_x), int(radius_y)
    u = np.arange(-far_x, far_x + 1) / radius_x
    v = np.arange(-far_y, far_y + 1) / radius_y
    inside = np.maximum(1.0 - (u[None, :] ** 2 + v[:, None] ** 2), 0.0) ** 2
    kernel: Floats = inside / inside.sum()
    kernel.flags.writeable = False
    return kernel


def _unusable(bandwidth_m: float, bbox: tuple[float, ...]) -> ParameterError:
    return ParameterError(
        N_("A heat map of the section {bbox} with the radius {bandwidth_m} m cannot be made."),
        N_("Give a section that is not empty and a radius above 0."),
        bbox=",".join(map(str, bbox)),
        bandwidth_m=bandwidth_m,
    )
