"""Heat: kernel densities in incidents per km2, corrected at the edge of the city.

`surface` gives the density at any places, `heat_grid` on a raster; both show what the heat tiles show. The kernels are
those of `geo.heat_kernel`, the correction that of `geo.heat_boundary`, the method that of `geo.heat_field`. A service
that asks often about the same incidents keeps `geo.heat_columns.HeatColumns` and makes a `HeatField` for each choice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.errors import N_, ParameterError
from geo.heat_kernel import QUARTIC, Kernel

if TYPE_CHECKING:  # they bring in the compiler; only where a density is worked out
    from geo.heat_boundary import Boundary
    from geo.heat_field import HeatField

Floats = NDArray[np.float64]
Box = tuple[float, float, float, float]


def heat_field(
    x: ArrayLike,
    y: ArrayLike,
    *,
    kernel: str = QUARTIC,
    radius_m: float,
    weights: ArrayLike | None = None,
    boundary: Boundary | None = None,
) -> HeatField:
    """Return the heat map of some incidents, those outside the boundary left out; see `surface`."""
    from geo.heat_columns import heat_columns
    from geo.heat_field import HeatField

    x, y = np.asarray(x, np.float64).ravel(), np.asarray(y, np.float64).ravel()
    weight = None if weights is None else np.asarray(weights, np.float64).ravel()
    if boundary is not None and len(x):
        inside = boundary.contains(x, y)
        x, y, weight = x[inside], y[inside], None if weight is None else weight[inside]
    columns = heat_columns(x, y, weight=weight)
    return HeatField(columns, Kernel(kernel, radius_m), boundary=boundary, weighted=weight is not None)


def surface(
    x: ArrayLike,
    y: ArrayLike,
    at_x: ArrayLike,
    at_y: ArrayLike,
    *,
    kernel: str = QUARTIC,
    radius_m: float,
    weights: ArrayLike | None = None,
    boundary: Boundary | None = None,
    exact: bool = False,
) -> Floats:
    """Return the density at some places.

    Parameters
    ----------
    x, y
        (n,), metres, finite: the incidents.
    at_x, at_y
        Places, of any one shape, metres in the same CRS.
    kernel, radius_m
        See `geo.heat_kernel`.
    weights
        (n,), at least 0; NaN: the incident is left out. None: each counts 1.
    boundary
        Of the city: incidents outside it are left out, and the density is divided by the kernel's mass inside. None:
        no edge correction.
    exact
        Add up all kernels at each place; else they are added up on a lattice, within 0.5 % of a single kernel's height.

    Returns
    -------
    float64 of the places' shape, per km2; NaN outside the boundary.

    Examples
    --------
    >>> import shapely
    >>> from geo.heat_boundary import Boundary
    >>> town = Boundary(shapely.box(0, 0, 1000, 1000))
    >>> at = surface([0.0], [500.0], [0.0, -1.0], [500.0, 500.0], radius_m=100.0, boundary=town, exact=True)
    >>> np.round(at).tolist()  # half of the kernel lies inside: twice the 95.5 of an incident in the middle
    [191.0, nan]
    """
    at_x, at_y = np.broadcast_arrays(np.asarray(at_x, np.float64), np.asarray(at_y, np.float64))
    if not (np.isfinite(at_x).all() and np.isfinite(at_y).all()):
        raise ParameterError(N_("A place of the surface is not finite."), N_("Check the coordinates."))
    field = heat_field(x, y, kernel=kernel, radius_m=radius_m, weights=weights, boundary=boundary)
    return field.at(at_x, at_y) if exact else field.sampled(at_x, at_y)


def heat_grid(
    x: ArrayLike,
    y: ArrayLike,
    bbox: Box,
    shape: tuple[int, int],
    bandwidth_m: float,
    *,
    kernel: str = QUARTIC,
    weights: ArrayLike | None = None,
    boundary: Boundary | None = None,
) -> Floats:
    """Return the density at the pixel centres of a raster.

    Points outside the box count as far as their kernel reaches in. Where the pixels are larger than a third of the
    kernel's reach, a pixel shows about the mean over its area.

    Parameters
    ----------
    x, y, kernel, weights, boundary
        See `surface`.
    bbox
        (x0, y0, x1, y1), metres; pixels need not be square.
    shape
        (rows, columns); row 0 is the north.
    bandwidth_m
        The kernel's `radius_m`.

    Returns
    -------
    float64 (rows, columns), incidents per km2, >= 0; 0 outside the boundary.

    Raises
    ------
    ParameterError
        Empty box, raster without pixels, or unusable bandwidth.

    Examples
    --------
    >>> grid = heat_grid([500.0], [500.0], (0, 0, 1000, 1000), (100, 100), 200.0)
    >>> round(float(grid.sum()) * 0.01 * 0.01, 2)  # km2 of a pixel: one incident in all
    1.0
    """
    rows, columns = shape
    x0, y0, x1, y1 = bbox
    if not (np.isfinite([*bbox, bandwidth_m]).all() and x1 > x0 and y1 > y0 and rows > 0 and columns > 0):
        raise ParameterError(
            N_("A heat map of the section {bbox} with the radius {bandwidth_m} m cannot be made."),
            N_("Give a section that is not empty and a radius above 0."),
            bbox=",".join(map(str, bbox)),
            bandwidth_m=bandwidth_m,
        )
    field = heat_field(x, y, kernel=kernel, radius_m=bandwidth_m, weights=weights, boundary=boundary)
    corners = np.meshgrid(np.array([x0, x1], np.float64), np.array([y1, y0], np.float64))
    found = field.mesh(corners[0], corners[1], shape, max((x1 - x0) / columns, (y1 - y0) / rows))
    return np.zeros(shape) if found is None else found.astype(np.float64)
