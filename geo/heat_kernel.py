"""The kernels of a heat map: what one incident adds around itself, in 1 / m2.

- quartic: K(d) = 3 / (pi h^2) (1 - (d / h)^2)^2 for d < h, else 0 (Silverman, Density Estimation, 1986, eq. 4.5).
  `radius_m` is h: where the kernel ends.
- gaussian: K(d) = exp(-d^2 / (2 s^2)) / (2 pi s^2 (1 - e^-8)) for d < 4 s, else 0. `radius_m` is s, its standard
  deviation; what lies beyond 4 s (0.03 %) is left out and made up for.

Both add up to 1 over the plane.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.errors import N_, ParameterError

Floats = NDArray[np.float64]
QUARTIC, GAUSSIAN = "quartic", "gaussian"
KERNELS = (QUARTIC, GAUSSIAN)
STEPS = 9  # steps of the finest lattice within the kernel's reach
TAIL = 4.0  # standard deviations at which the Gaussian ends
_MARGIN = 2  # taps beyond the reach: what the spline's inverse filter leaves there
_DOT = 0.3  # reach in steps below which a kernel is a dot
_FAR = 14  # samples beyond that, so that the inverse filter does not see the end


@dataclass(frozen=True)
class Kernel:
    """A kernel with its bandwidth.

    Raises
    ------
    ParameterError
        Unknown name; a radius that is not a positive number.

    Examples
    --------
    >>> kernel = Kernel("quartic", 100.0)
    >>> round(float(kernel.at(0.0)) * 1e6, 1)  # incidents per km2 above a single one
    95.5
    >>> Kernel("gaussian", 100.0).reach_m
    400.0
    """

    name: str = QUARTIC
    radius_m: float = 120.0

    def __post_init__(self) -> None:
        if self.name not in KERNELS:
            raise ParameterError(
                N_("The kernel {value} is not known."),
                N_("Use one of: {known}."),
                value=self.name,
                known=", ".join(KERNELS),
            )
        if not (math.isfinite(self.radius_m) and self.radius_m > 0):
            raise ParameterError(
                N_("The radius of a heat map, {radius_m} m, cannot be used."),
                N_("Give a radius above 0."),
                radius_m=self.radius_m,
            )

    @property
    def reach_m(self) -> float:
        """Where the kernel ends."""
        return self.radius_m * (TAIL if self.name == GAUSSIAN else 1.0)

    @property
    def step_m(self) -> float:
        """Step of the finest lattice on which its density is worked out."""
        return self.reach_m / STEPS

    @property
    def gaussian(self) -> bool:
        return self.name == GAUSSIAN

    def at(self, distance_m: ArrayLike) -> Floats:
        """Return the kernel at distances from the incident, 1 / m2."""
        return _unit(self.name, np.asarray(distance_m, np.float64) / self.reach_m) / self.reach_m**2

    def taps(self, coarser: int, order: int) -> NDArray[np.float32]:
        """Return what a lattice is convolved with so that splines on both sides of it give the kernel.

        Parameters
        ----------
        coarser
            The lattice's step is ``step_m * 2**coarser``.
        order
            Of the spline that spreading and reading make together (5 for two quadratic ones).

        Returns
        -------
        float32 (2 r + 1, 2 r + 1), its sum 1: the kernel's samples through the spline's inverse filter, so that the
        spline goes through them (Unser, Splines: a perfect fit, IEEE SPM 16, 1999).
        """
        return _taps(self.name, coarser, order)

    def smooth(self, lattice: NDArray[np.float32], coarser: int, order: int) -> NDArray[np.float32]:
        """Return the inner part of a lattice convolved with `taps`, by FFT: half their size is cut off on each side."""
        from scipy import fft  # slow to import, and only heat needs it

        far = self.taps(coarser, order).shape[0] // 2
        rows, columns = lattice.shape
        size = (fft.next_fast_len(rows, real=True), fft.next_fast_len(columns, real=True))
        spectrum = fft.rfft2(lattice, size) * _spectrum(self.name, coarser, order, size)
        smooth = fft.irfft2(spectrum, size)  # what wraps around falls on what is cut off
        return np.ascontiguousarray(smooth[2 * far : rows, 2 * far : columns])


def _unit(name: str, share: Floats) -> Floats:
    """The kernel of reach 1."""
    square = np.square(share)
    if name == QUARTIC:
        return np.asarray(3 / np.pi * np.maximum(1 - square, 0) ** 2)
    top = TAIL**2 / (2 * np.pi * (1 - math.exp(-(TAIL**2) / 2)))
    return np.asarray(np.where(square < 1, top * np.exp(-square * (TAIL**2 / 2)), 0.0))


@lru_cache(maxsize=128)
def _taps(name: str, coarser: int, order: int) -> NDArray[np.float32]:
    from scipy import ndimage  # slow to import, and only heat needs it

    within = STEPS / 2**coarser
    far = math.ceil(within) + _MARGIN
    at = np.arange(-far - _FAR, far + _FAR + 1)
    # Where the lattice is coarse beside the kernel a sample would miss it: the mean over a step is taken instead.
    fine = 1 if coarser == 0 else 16
    sub = (np.arange(fine) + 0.5) / fine - 0.5
    axis = (at[:, None] + sub).ravel()
    if within < _DOT:  # all of it lies at one node
        samples = (np.hypot(at[:, None], at) == 0).astype(np.float64)
    else:
        samples = _unit(name, np.hypot(axis[:, None], axis) / within)
        samples = samples.reshape(len(at), fine, len(at), fine).mean(axis=(1, 3))
    if coarser <= 1:  # beyond, the splines' own width keeps incidents from falling between the pixels
        samples = ndimage.spline_filter(samples, order=order, mode="mirror")
    taps = samples[_FAR:-_FAR, _FAR:-_FAR]
    found: NDArray[np.float32] = (taps / taps.sum()).astype(np.float32)
    found.flags.writeable = False
    return found


@lru_cache(maxsize=24)
def _spectrum(name: str, coarser: int, order: int, size: tuple[int, int]) -> NDArray[np.complex64]:
    from scipy import fft

    return np.asarray(fft.rfft2(_taps(name, coarser, order), size), np.complex64)
