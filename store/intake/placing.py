"""Geometry or coordinates of all rows, from wherever the source keeps them, in the target CRS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.crs import WGS84, try_transform_xy
from geo.errors import N_
from store.errors import IntakeError
from store.intake import geometry, locate
from store.intake.aliases import LAT, LON
from store.intake.mapping import FieldMap
from store.intake.numbers import read_numbers
from store.intake.raw import RawTable
from store.intake.reasons import NOT_A_NUMBER, NOT_A_NUMBER_REMEDY, Ledger
from store.intake.source_crs import Source, source_crs
from store.intake.texts import plain
from store.schema import Layer

Values = NDArray[Any]
FAR_COLUMNS_M = 50.0


@dataclass(frozen=True)
class Placed:
    """Geometry or x and y of all rows in the target CRS, and how the source's coordinates were understood."""

    crs: str
    source_label: str
    geometry: Values | None = None
    x: NDArray[np.float64] | None = None
    y: NDArray[np.float64] | None = None


@dataclass(frozen=True)
class Target:
    """Where rows go: the store's CRS (None: to be chosen), the box it covers, and a CRS to suggest."""

    crs: str | None = None
    area: locate.Box | None = None
    store_crs: str | None = None


def place_rows(
    raw: RawTable,
    columns: dict[str, Values],
    mapping: FieldMap,
    crs: str | None,
    layer: Layer,
    target: Target,
    ledger: Ledger,
) -> Placed:
    """Return where the rows of `raw` lie; rows that cannot lie anywhere are rejected.

    Parameters
    ----------
    crs
        As the user stated it; None takes what the file says.

    Raises
    ------
    IntakeError
        If there are no places, no CRS, or most places cannot be.
    """
    fields = mapping.columns
    pair = ("lon", "lat") if "lon" in fields else ("x", "y") if "x" in fields else None
    if pair is None and raw.geometry is None:
        raise IntakeError(
            N_("The file has no places: no geometry, and no columns of coordinates."),
            N_("Name the columns: --map lon=… --map lat=…, or --map x=… --map y=… with --crs. It has: {columns}."),
            columns=", ".join(raw.columns) or "-",
        )
    lonlat_named = pair is not None and pair[0] == "lon"
    # What a file says of its geometry is not said of columns beside it.
    stated = None if pair is not None and raw.geometry is not None else raw.crs
    source = source_crs(crs, stated, lonlat_named=lonlat_named, ledger=ledger)
    if pair is not None:
        x, y = (_coordinate(columns[fields[name]], name, ledger) for name in pair)
        return _place_points(x, y, layer, source, target, ledger)
    assert raw.geometry is not None
    shapes = geometry.prepare(raw.geometry, layer, ledger)
    if layer.pure_points:
        x, y = geometry.points(shapes, ledger)
        return _place_points(x, y, layer, source, target, ledger)
    xy, owner = shapely.get_coordinates(shapes, return_index=True)
    x, y, into = locate.bring_in(xy[:, 0], xy[:, 1], owner, source, target.crs, target.area, ledger, target.store_crs)
    keep = ledger.alive[owner]
    shapes[~ledger.alive] = None
    shapes = shapely.set_coordinates(shapes, np.column_stack([x[keep], y[keep]]))
    return Placed(into, source.label, geometry=geometry.repair(shapes, layer, ledger))


def _coordinate(values: Values, name: str, ledger: Ledger) -> NDArray[np.float64]:
    numbers = read_numbers(values, "deg" if name in ("lon", "lat") else "m")
    ledger.reject(numbers.bad, name, values, NOT_A_NUMBER, NOT_A_NUMBER_REMEDY)
    return numbers.value


def _place_points(
    x: NDArray[np.float64], y: NDArray[np.float64], layer: Layer, source: Source, target: Target, ledger: Ledger
) -> Placed:
    owner = np.arange(len(ledger))
    x, y, into = locate.bring_in(x, y, owner, source, target.crs, target.area, ledger, target.store_crs)
    if layer.pure_points:
        return Placed(into, source.label, x=x, y=y)
    shapes = np.full(len(ledger), None, dtype=object)
    shapes[ledger.alive] = shapely.points(x[ledger.alive], y[ledger.alive])
    return Placed(into, source.label, geometry=shapes)


def compare_columns(raw: RawTable, columns: dict[str, Values], ledger: Ledger) -> None:
    """Note how many rows have longitude and latitude columns far from their own geometry."""
    by_plain = {plain(name): name for name in columns}
    lon_name = next((by_plain[alias] for alias in LON if alias in by_plain), None)
    lat_name = next((by_plain[alias] for alias in LAT if alias in by_plain), None)
    if lon_name is None or lat_name is None or raw.geometry is None or not raw.crs:
        return
    lon, lat = read_numbers(columns[lon_name], "deg").value, read_numbers(columns[lat_name], "deg").value
    simple = raw.geometry.copy()
    simple[shapely.get_type_id(simple) != 0] = None
    own_lon, own_lat, ok = try_transform_xy(shapely.get_x(simple), shapely.get_y(simple), raw.crs, WGS84)
    metres = locate.metres_between(own_lon, own_lat, lon, lat)
    with np.errstate(invalid="ignore"):
        far = int((ok & (metres > FAR_COLUMNS_M)).sum())
    if far:
        ledger.note(
            N_(
                "In {count} rows “{lon}” and “{lat}” lie more than {metres} m from the geometry; the geometry "
                "was taken."
            ),
            count=far,
            lon=lon_name,
            lat=lat_name,
            metres=int(FAR_COLUMNS_M),
        )
