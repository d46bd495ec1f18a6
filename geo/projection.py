"""Bring coordinates from one reference system into another: all of them, or say which could not be.

Coordinates are always in the order x, y (east, north; longitude, latitude), whatever the CRS's own axis order is.
"""

from __future__ import annotations

import re
import threading
from functools import lru_cache
from typing import Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from pyproj import CRS, Transformer, network
from pyproj.exceptions import CRSError

from geo.errors import N_, NonFiniteError, ParameterError

WGS84 = "EPSG:4326"

Floats = NDArray[np.float64]

_local = threading.local()
# No transformation fetches a grid, whatever the environment says.
network.set_network_enabled(active=False)  # type: ignore[attr-defined]

# How a system may be named: by a register and a code, or written out as WKT, PROJJSON or PROJ text.
_FORMS = re.compile(
    r"\s*(?:(?:EPSG|ESRI|OGC|IGNF|IAU_2015|NKG):[A-Z0-9_.]+\s*$|urn:ogc:def:crs:[\w.:-]+\s*$"
    r"|[A-Z_0-9]+\s*[\[(]|\{|\+proj=(?!pipeline)|\d{4,6}\s*$)",
    re.IGNORECASE,
)
# What makes PROJ open a file or look for a grid; `nadgrids=@null` means that there is none.
_FILES = re.compile(
    r"""grids\s*=\s*(?!@null(?:[\s'"]|$))|\+init\s*=|\bpipeline\b|\+step\b"""
    r"""|PARAMETERFILE\s*[\[(]\s*"[^"]*"\s*,\s*(?!"@null")""",
    re.IGNORECASE,
)
_LONGEST = 20_000


@lru_cache(maxsize=256)
def parse_crs(crs: str) -> CRS:
    """Return the pyproj CRS named by `crs` ("EPSG:n", WKT, PROJ text ...).

    Raises
    ------
    ParameterError
        Where PROJ does not know it, or where it names files or grids, which PROJ would open.
    """
    try:
        if len(crs) > _LONGEST or not _FORMS.match(crs) or _FILES.search(crs):
            raise CRSError("not a form that is taken")
        return CRS.from_user_input(crs)
    except CRSError as error:
        raise ParameterError(
            N_("The coordinate reference system “{crs}” is not known."),
            N_("Name it by its code, such as EPSG:4326."),
            crs=str(crs)[:80],
        ) from error


def try_transform_xy(x: ArrayLike, y: ArrayLike, source: str, target: str) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Project coordinates and say which of them could be.

    Parameters
    ----------
    x, y
        Shape (n,), in `source`; degrees where it is geographic.
    source, target
        CRS names.

    Returns
    -------
    x, y, ok
        float64 (n,) in `target`, NaN where not `ok`. `ok` needs finite input (within +-180 and +-90 where `source` is
        geographic) and a finite result.
    """
    x, y = np.ravel(np.asarray(x, np.float64)), np.ravel(np.asarray(y, np.float64))
    ok = usable(x, y, geographic=parse_crs(source).is_geographic)
    if source == target:
        return np.where(ok, x, np.nan), np.where(ok, y, np.nan), ok
    out_x, out_y = np.full(x.shape, np.nan), np.full(x.shape, np.nan)
    if ok.any():
        out_x[ok], out_y[ok] = _transformer(source, target).transform(x[ok], y[ok])
    ok &= np.isfinite(out_x) & np.isfinite(out_y)
    out_x[~ok] = out_y[~ok] = np.nan
    return out_x, out_y, ok


def transform_xy(x: ArrayLike, y: ArrayLike, source: str, target: str) -> tuple[Floats, Floats]:
    """Project coordinates; all of them must come through.

    Raises
    ------
    NonFiniteError
        A coordinate is not finite or out of range before, or not finite after. `params["positions"]` holds the
        positions (from 0) of all of them.

    Examples
    --------
    >>> x, y = transform_xy([27.0], [0.0], "EPSG:4326", "EPSG:32635")
    >>> round(float(x[0])), round(float(y[0]))
    (500000, 0)
    """
    out_x, out_y, ok = try_transform_xy(x, y, source, target)
    _require_all(ok, np.arange(len(ok)), source, target)
    return out_x, out_y


def transform_geometry(geometry: ArrayLike, source: str, target: str) -> NDArray[Any]:
    """Project geometries vertex by vertex (edges are not densified; third dimensions are dropped).

    Parameters
    ----------
    geometry
        Object array (n,) of shapely geometries or None.

    Raises
    ------
    NonFiniteError
        As `transform_xy`; positions count geometries.
    """
    flat = shapely.force_2d(np.atleast_1d(np.asarray(geometry, dtype=object)))
    xy, index = shapely.get_coordinates(flat, return_index=True)
    x, y, ok = try_transform_xy(xy[:, 0], xy[:, 1], source, target)
    _require_all(ok, index, source, target)
    moved: NDArray[Any] = shapely.set_coordinates(flat, np.column_stack([x, y]))
    return moved


def lonlat(x: ArrayLike, y: ArrayLike, crs: str) -> tuple[Floats, Floats]:
    """Return WGS 84 longitude and latitude (degrees) of coordinates in `crs`."""
    return transform_xy(x, y, crs, WGS84)


def _transformer(source: str, target: str) -> Transformer:
    """Return this thread's own transformer: PROJ objects are not shared between threads."""
    cache: dict[tuple[str, str], Transformer] = _local.__dict__.setdefault("transformers", {})
    key = (source, target)
    if key not in cache:
        cache[key] = Transformer.from_crs(parse_crs(source), parse_crs(target), always_xy=True)
    return cache[key]


def usable(x: Floats, y: Floats, *, geographic: bool) -> NDArray[np.bool_]:
    """Return which coordinates are finite and, where geographic, within +-180 and +-90."""
    ok = np.isfinite(x) & np.isfinite(y)
    return np.asarray(ok & (np.abs(x) <= 180.0) & (np.abs(y) <= 90.0) if geographic else ok, dtype=np.bool_)


def wrap(lon: Floats) -> Floats:
    """Return longitudes in [-180, 180)."""
    return np.asarray(np.mod(lon + 180.0, 360.0) - 180.0, dtype=np.float64)


def _require_all(ok: NDArray[np.bool_], owner: NDArray[Any], source: str, target: str) -> None:
    if ok.all():
        return
    positions = np.unique(owner[~ok])
    raise NonFiniteError(
        N_("{count} place(s) cannot be brought from “{source}” to “{target}”; the first is number {first}."),
        N_("Check the coordinates and the coordinate reference system: they must be finite and in its range."),
        count=len(positions),
        first=int(positions[0]) + 1,
        source=str(source)[:80],
        target=str(target)[:80],
        positions=positions,
    )
