"""Where rows lie: the source's CRS or datum, coordinates that cannot be, and the way into the store's metric CRS."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geo.crs import WGS84, choose_metric_crs, parse_crs, try_transform_xy, within_area
from geo.datum import bd09_to_wgs84, gcj02_to_wgs84
from geo.errors import N_
from store.errors import IntakeError
from store.intake.reasons import Ledger
from store.intake.source_crs import Source

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Box = tuple[float, float, float, float]

FAR_FROM_STORE_KM = 300.0
FAR_FROM_OTHERS_KM = 500.0
_KM_PER_DEG = 111.195
_CHINA: Box = (73.5, 18.0, 135.1, 53.6)  # mainland, roughly; only decides whether a note is given
_AREA_MARGIN_DEG = 3.0

_NO_PLACE = (N_("The row has no coordinates."), N_("Give the place, or leave the row out."))
_HALF = (N_("One of the two coordinates is missing or not a number."), N_("Give both, or leave the row out."))
_NOT_FINITE = (N_("A coordinate is not a finite number."), N_("Write plain numbers."))
_ZERO = (N_("The coordinates 0, 0 stand for an unknown place."), N_("Give the true place, or leave the row out."))
_RANGE = (
    N_("Longitude must be within ±180 and latitude within ±90."),
    N_("Check the coordinates and the coordinate reference system."),
)
_SWAPPED = (N_("Longitude and latitude are probably swapped."), N_("Swap them: --map lon=… --map lat=…"))
_OUTSIDE = (N_("The place lies outside the area for which “{crs}” is made."), N_("Check the coordinates and --crs."))
_FAR_STORE = (
    N_("The place lies {km} km from everything in the store."),
    N_("Check the coordinates and --crs, or use another store."),
)
_FAR_OTHERS = (
    N_("The place lies {km} km from the middle of the other rows."),
    N_("Check the coordinates; a store holds one city."),
)
_UNPROJECTABLE = (
    N_("The place cannot be projected from “{source}” to “{target}”."),
    N_("Check the coordinates and --crs."),
)


def bring_in(
    x: Floats,
    y: Floats,
    owner: NDArray[np.int64],
    source: Source,
    target: str | None,
    area: Box | None,
    ledger: Ledger,
    store_crs: str | None = None,
) -> tuple[Floats, Floats, str]:
    """Check coordinates and project them; rows with one that cannot be are rejected.

    Parameters
    ----------
    x, y
        Shape (m,), in the source's CRS; `owner` int64 (m,) is the row each belongs to.
    target
        The store's CRS; None chooses the UTM zone of the median.
    area
        Box (west, south, east, north) of what the store holds; None while it is empty.
    store_crs
        A CRS to suggest where the numbers do not fit the stated one.

    Returns
    -------
    x, y, target
        NaN at coordinates of rejected rows.

    Raises
    ------
    IntakeError
        If most numbers do not fit the CRS at all, or most places lie far away.
    """
    x, y = x.copy(), y.copy()
    geographic = bool(parse_crs(source.crs).is_geographic)
    checker = _Checker(x, y, owner, ledger)
    checker.reject(np.isnan(x) & np.isnan(y), *_NO_PLACE)
    checker.reject(np.isnan(x) ^ np.isnan(y), *_HALF)
    checker.reject(~(np.isfinite(x) & np.isfinite(y)), *_NOT_FINITE)
    checker.reject((x == 0) & (y == 0), *_ZERO)
    used = checker.used()
    if used.any():
        _check_unit(x[used], y[used], source, geographic=geographic, store_crs=store_crs)
    if geographic:
        out = (np.abs(x) > 180) | (np.abs(y) > 90)
        checker.reject(out & (np.abs(x) <= 90) & (np.abs(y) <= 180), *_SWAPPED)
        checker.reject(out, *_RANGE)
    lon, lat = _to_lonlat(x, y, checker.used(), source)
    if source.datum:
        x, y = lon, lat
    else:
        checker.reject(checker.used() & ~np.isfinite(lon), *_UNPROJECTABLE, source=source.label, target=WGS84)
        if not geographic:
            checker.reject(~within_area(lon, lat, source.crs, _AREA_MARGIN_DEG), *_OUTSIDE, crs=source.label[:60])
    _check_distance(lon, lat, checker, area, geographic=geographic)
    used = checker.used()
    if not used.any():
        return np.full(len(x), np.nan), np.full(len(x), np.nan), target or ""
    if target is None:
        target = choose_metric_crs(lon[used], lat[used])
    if geographic and not source.stated:
        ledger.note(N_("Columns named as longitude and latitude were taken as WGS 84."))
    if source.crs == WGS84 and not source.datum and _mostly_china(lon[used], lat[used]):
        ledger.note(
            N_(
                "The coordinates were taken as WGS 84. If these are places in mainland China from a map "
                "there, they may be offset by some hundred metres (GCJ-02, BD-09): then give --crs gcj02 or "
                "bd09."
            )
        )
    out_x, out_y, ok = try_transform_xy(np.where(used, x, np.nan), np.where(used, y, np.nan), source.crs, target)
    checker.reject(used & ~ok, *_UNPROJECTABLE, source=source.label[:60], target=target)
    return out_x, out_y, target


class _Checker:
    """Turns faults of single coordinates into rejects of the rows they belong to."""

    def __init__(self, x: Floats, y: Floats, owner: NDArray[np.int64], ledger: Ledger) -> None:
        self.x, self.y, self.owner, self.ledger = x, y, owner, ledger

    def used(self) -> Mask:
        return self.ledger.alive[self.owner]

    def reject(self, where: Mask, reason: str, remedy: str, **params: object) -> None:
        found = np.flatnonzero(where & self.used())
        if not len(found):
            return
        rows, first = np.unique(self.owner[found], return_index=True)
        mask = np.zeros(len(self.ledger), dtype=bool)
        mask[rows] = True
        values = np.full(len(self.ledger), "", dtype=object)
        at = found[first]
        values[rows] = [f"{_said(a)} {_said(b)}" for a, b in zip(self.x[at].tolist(), self.y[at].tolist(), strict=True)]
        per_row: dict[str, object] = {}
        for name, value in params.items():
            if isinstance(value, np.ndarray):
                spread = np.zeros(len(self.ledger))
                spread[rows] = value[at]
                per_row[name] = spread.astype(np.int64)
            else:
                per_row[name] = value
        self.ledger.reject(mask, "geometry", values, reason, remedy, **per_row)


def _middle(values: Floats) -> float:
    # The lower of two middle values: their mean may overflow.
    return float(np.sort(values)[(len(values) - 1) // 2])


def _said(number: float) -> str:
    return "–" if np.isnan(number) else f"{number:.10g}"


def _to_lonlat(x: Floats, y: Floats, used: Mask, source: Source) -> tuple[Floats, Floats]:
    lon, lat = np.full(len(x), np.nan), np.full(len(y), np.nan)
    if source.datum:
        back = gcj02_to_wgs84 if source.datum == "gcj02" else bd09_to_wgs84
        lon[used], lat[used] = back(x[used], y[used])
        return lon, lat
    found_lon, found_lat, _ = try_transform_xy(x[used], y[used], source.crs, WGS84)
    lon[used], lat[used] = found_lon, found_lat
    return lon, lat


def _check_unit(x: Floats, y: Floats, source: Source, *, geographic: bool, store_crs: str | None) -> None:
    """Refuse metres that are called degrees, and degrees that are called metres."""
    large = (np.abs(x) > 720) | (np.abs(y) > 720)
    if geographic and large.mean() > 0.5:
        raise IntakeError(
            N_("The coordinates are not degrees, although “{crs}” is stated: {x}, {y}."),
            N_("They look like metres or feet. Say in which system: --crs, {suggestion}"),
            crs=source.label[:60],
            x=f"{_middle(x):.10g}",
            y=f"{_middle(y):.10g}",
            suggestion=suggest_crs(_middle(x), _middle(y), store_crs),
        )
    if not geographic and len(x) and ((np.abs(x) <= 180) & (np.abs(y) <= 90)).mean() > 0.5:
        raise IntakeError(
            N_("The coordinates are degrees, although “{crs}” is stated: {x}, {y}."),
            N_("Say so: --crs EPSG:4326."),
            crs=source.label[:60],
            x=f"{_middle(x):.10g}",
            y=f"{_middle(y):.10g}",
        )


def suggest_crs(x: float, y: float, store_crs: str | None = None) -> str:
    """Return a text that names coordinate reference systems in which `x`, `y` may be."""
    if store_crs is not None:
        lon, lat, ok = try_transform_xy([x], [y], store_crs, WGS84)
        if ok[0] and within_area(lon, lat, store_crs)[0]:
            return f"such as {store_crs} (the store's)."
    zone = int(abs(x) // 1_000_000)
    if 25 <= zone <= 45 and 1_500_000 < y < 6_500_000:
        return f"such as EPSG:{4513 + zone - 25} (CGCS2000, zone {zone})."
    if 100_000 <= x <= 900_000 and 0 <= y <= 10_000_000:
        return "such as EPSG:326nn, the UTM zone of the place, or the national grid."
    return "such as EPSG:3857 (web maps) or the national grid."


def _check_distance(lon: Floats, lat: Floats, checker: _Checker, area: Box | None, *, geographic: bool) -> None:
    used = checker.used()
    if not used.any():
        return
    if area is None:
        middle = float(np.median(lon[used])), float(np.median(lat[used]))
        area, limit, far_texts = (*middle, *middle), FAR_FROM_OTHERS_KM, _FAR_OTHERS
    else:
        limit, far_texts = FAR_FROM_STORE_KM, _FAR_STORE
    km = distance_km(lon, lat, area)
    far = used & (km > limit)
    if not far.any():
        return
    swapped = far & (distance_km(lat, lon, area) <= limit) if geographic else np.zeros(len(lon), dtype=bool)
    if far_texts is _FAR_STORE and far.sum() > 0.5 * used.sum():
        if swapped.sum() > 0.5 * used.sum():
            raise IntakeError(
                N_(
                    "Longitude and latitude are probably swapped: as they are, {count} of {total} places lie far from "
                    "everything in the store; the other way round they fit."
                ),
                N_("Swap them: --map lon=… --map lat=…"),
                count=int(far.sum()),
                total=int(used.sum()),
            )
        raise IntakeError(
            N_("{count} of {total} places lie more than {km} km from everything in the store."),
            N_("Check --crs, or import them into another store: a store holds one city."),
            count=int(far.sum()),
            total=int(used.sum()),
            km=int(limit),
        )
    checker.reject(swapped, *_SWAPPED)
    checker.reject(far, *far_texts, km=np.nan_to_num(km))


def distance_km(lon: Floats, lat: Floats, area: Box) -> Floats:
    """Return how far places (degrees) lie from a box, roughly (equirectangular); NaN where unknown."""
    west, south, east, north = area
    middle = (west + east) / 2
    around = np.mod(lon - middle + 180.0, 360.0) - 180.0
    dx = np.maximum(np.abs(around) - (east - west) / 2, 0.0)
    dy = np.maximum(np.maximum(south - lat, lat - north), 0.0)
    nearest = np.clip(lat, south, north)
    return np.asarray(_KM_PER_DEG * np.hypot(dx * np.cos(np.radians((lat + nearest) / 2)), dy), dtype=np.float64)


def _mostly_china(lon: Floats, lat: Floats) -> bool:
    west, south, east, north = _CHINA
    return bool(west <= np.median(lon) <= east and south <= np.median(lat) <= north)


def metres_between(lon0: Floats, lat0: Floats, lon1: Floats, lat1: Floats) -> Floats:
    """Return the distance of places in degrees, good to a per cent over some kilometres."""
    dx = (lon1 - lon0) * np.cos(np.radians((lat0 + lat1) / 2))
    return np.asarray(1000.0 * _KM_PER_DEG * np.hypot(dx, lat1 - lat0), dtype=np.float64)
