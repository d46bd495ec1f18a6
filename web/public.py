"""Public files as tables: what they hold, and what they say of themselves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.columns import LayerColumns, Snapshot
from geo.crs import lonlat
from geo.errors import N_, ParameterError
from geo.month import Month
from geo.suppress import LEAST_K, K
from layers.base import chosen_level
from layers.public import (
    NEEDS,
    PublicCounts,
    Sorted,
    addresses,
    area_km2,
    month_name,
    months_of,
    public_counts,
    public_points,
    sort_incidents,
)
from store.public import require_places
from store.schema import Column, Kind, Layer
from web.service import Json, origin

NAMES = ("counts", "points")
SUFFIXES = (".geojson", ".csv", ".xlsx", ".gpkg")
MOST_K = 1000
MOST_ROWS = 2_000_000
METHODS = {"counts": "gridatlas-counts-1", "points": "gridatlas-points-1"}  # described in docs/privacy.md
TOTAL = "*"
_DEGREES = 6
_POINT, _POLYGON = frozenset({"point"}), frozenset({"polygon"})


@dataclass(frozen=True)
class Wish:
    """What a public file is asked to hold; see `flask publish`."""

    k: int = K
    first: Month | None = None
    last: Month | None = None
    level: str | None = None
    alone: bool = False

    def __post_init__(self) -> None:
        if not LEAST_K <= self.k <= MOST_K:
            raise ParameterError(
                N_("A k of {value} cannot be used."),
                N_("Use a whole number from {least} to {most}."),
                field="k", value=self.k, least=LEAST_K, most=MOST_K,
            )  # fmt: skip


@dataclass(frozen=True)
class PublicFile:
    """A table ready to be written, and what it says of itself."""

    layer: Layer
    columns: LayerColumns
    crs: str | None
    about: Json

    def write(self, file: Path) -> int:
        """Write the rows in the format of the suffix of `file`; return their number.

        Raises
        ------
        PersonalDataError
            A text that would be written holds data about a person.
        """
        from store.export import export_derived  # brings in GDAL and Arrow, which little else needs

        spec = self.layer.columns
        require_places({column.name: self.columns.text(column.name) for column in spec if column.name in _TEXTS})
        layer = self.layer
        if not file.name.lower().endswith((".csv", ".xlsx")):  # there the geometry says it
            layer = replace(layer, columns=tuple(column for column in spec if column.name not in ("lon", "lat")))
        lines = tuple((name, _text(value)) for name, value in self.about.items() if value not in (None, [], ""))
        text = "; ".join(f"{name} {value}" for name, value in lines)
        return export_derived(layer, self.columns, self.crs, file, None, text, lines)


_TEXTS = ("level", "code", "name", "grid", "category")


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def public_file(name: str, snapshot: Snapshot, wish: Wish, running: Month) -> PublicFile:
    """Return the public file of one of `NAMES`; `running` is the month that has not ended."""
    found = sort_incidents(snapshot)
    months = months_of(found, wish.first, wish.last, running)
    about: Json = {
        "method": METHODS[name],
        "k": wish.k,
        "revision": max(snapshot[layer].revision for layer in NEEDS),
        "simulated": origin(snapshot, NEEDS)["simulated"],
        "timezone": snapshot.timezone,
        "months": [str(month) for month in months],
        "sources": sorted({text for layer in NEEDS for text in snapshot.sources.get(layer, ())}),
    }
    make = _counts if name == "counts" else _points
    return make(snapshot, found, months, wish, about)


def _counts(snapshot: Snapshot, found: Sorted, months: list[Month], wish: Wish, about: Json) -> PublicFile:
    """The table of counts, one row for each grid, category and month, and for their totals."""
    grids = snapshot["grids"]
    level = None if wish.level is None else chosen_level(grids, wish.level)
    keep = np.ones(len(grids) + 1, dtype=bool)
    if level is not None:
        keep = np.append(False, grids.text("level") == level)
    rows = np.flatnonzero(keep)
    size = len(months) * len(rows) * (len(found.categories) + 1)
    if size > MOST_ROWS:
        raise ParameterError(
            N_("A public file of {value} rows is too large."),
            N_("Choose fewer months (at most {most} rows), or one level."),
            field="from_month", value=size, most=MOST_ROWS,
        )  # fmt: skip
    tables = [public_counts(snapshot, month, wish.k) for month in months] if len(grids) else []
    values, shown = _stacked(tables, rows)
    per_row = values.shape[2]
    area, people = area_km2(snapshot)[rows], np.append(np.nan, grids.number("population"))[rows]
    count = np.where(shown, values, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        per_km2 = np.where((area > 0)[:, None], count / area[:, None], np.nan)
        per_10k = np.where((people > 0)[:, None], 1e4 * count / people[:, None], np.nan)
    names = {
        name: np.append(np.array([None], dtype=object), grids.text(name))[rows] for name in ("level", "code", "name")
    }
    categories = np.array([TOTAL, *found.categories][:per_row], dtype=object)
    months_text = np.array([str(month) for month in months], dtype=object)
    grid_row, size = np.tile(np.repeat(np.arange(len(rows)), per_row), len(tables)), count.size
    columns: dict[str, NDArray[Any]] = {
        **{name: values[grid_row] for name, values in names.items()},
        "month": np.repeat(months_text, len(rows) * per_row)[:size],
        "category": np.tile(categories, len(tables) * len(rows)),
        "incidents": count.ravel(),
        "per_km2": per_km2.ravel(),
        "per_10k": per_10k.ravel(),
        "suppressed": (~shown.ravel()).astype(np.int8),
    }
    shapes = np.full(len(rows), None, dtype=object)
    if grids.geometry is not None:
        shapes[rows > 0] = grids.geometry[rows[rows > 0] - 1]
    about |= {"level": level, "rows": size, "suppressed": int((~shown).sum()), "protection": wish.k}
    return _file("counts", columns, about, snapshot, shapes[grid_row], "MULTIPOLYGON", _POLYGON)


def _stacked(tables: list[PublicCounts], rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Counts and whether they are shown, (months, rows, total and categories)."""
    if not tables:
        return np.zeros((0, len(rows), 1), np.int64), np.zeros((0, len(rows), 1), bool)
    counts = [np.column_stack([table.counts.sum(axis=1), table.counts])[rows] for table in tables]
    shown = [np.column_stack([table.shown.totals, table.shown.counts])[rows] for table in tables]
    return np.stack(counts), np.stack(shown)


def _points(snapshot: Snapshot, found: Sorted, months: list[Month], wish: Wish, about: Json) -> PublicFile:
    """The incidents at shared points."""
    points = public_points(snapshot, months, wish.k, beside_counts=not wish.alone)
    of = points.points
    names = np.array([*found.categories, None], dtype=object)
    x, y = of.x[points.at], of.y[points.at]
    lon, lat = lonlat(x, y, str(snapshot.crs)) if len(x) else (x, y)
    columns = {
        "month": np.array([month_name(number) for number in points.month.tolist()], dtype=object),
        "category": names[points.category],
        "grid": snapshot["grids"].text("code")[of.grid[points.at]],
        "addresses": of.addresses[points.at].astype(np.float64),
        "lon": np.round(lon, _DEGREES),
        "lat": np.round(lat, _DEGREES),
    }
    about |= {
        "rows": len(x),
        "beside_counts": not wish.alone,
        "addresses_are": _addresses(snapshot),
        **{f"not_shown_{why}": few(count, wish.k) for why, count in points.left_out.items()},
    }
    shapes = np.asarray(shapely.points(columns["lon"], columns["lat"]), dtype=object).reshape(-1)
    return _file("points", columns, about, snapshot, shapes, "POINT", _POINT)


def few(count: int, k: int) -> str | int:
    """Return a number that may be told: 0, k or more as it is, else that it is less than k."""
    return count if count == 0 or count >= k else f"<{k}"


_KINDS = {"incidents": Kind.INTEGER, "addresses": Kind.INTEGER, "suppressed": Kind.BOOL, "simulated": Kind.BOOL,
          "k": Kind.INTEGER, "revision": Kind.INTEGER, "per_km2": Kind.REAL, "per_10k": Kind.REAL, "lon": Kind.REAL,
          "lat": Kind.REAL}  # fmt: skip


def _file(
    name: str,
    columns: dict[str, NDArray[Any]],
    about: Json,
    snapshot: Snapshot,
    shapes: NDArray[Any],
    geometry: str,
    families: frozenset[str],
) -> PublicFile:
    """Every row says how it was made: a CSV has no other place for it."""
    size = len(shapes)
    columns |= {
        "k": np.full(size, float(about["k"])),
        "method": np.full(size, about["method"], dtype=object),
        "revision": np.full(size, float(about["revision"])),
        "simulated": np.full(size, int("incidents" in about["simulated"]), np.int8),
    }
    spec = tuple(Column(key, _KINDS.get(key, Kind.TEXT)) for key in columns)
    rows = LayerColumns(f"public_{name}", snapshot.revision, np.arange(size), MappingProxyType(columns), shapes)
    crs = snapshot.crs if families == _POLYGON else "EPSG:4326"
    return PublicFile(Layer(f"public_{name}", spec, geometry, families), rows, crs, about)


def snapshot_facts(snapshot: Snapshot, wish: Wish, running: Month) -> Json:
    """Return what public files of these wishes would hold, for a page: nothing that is not in the files themselves."""
    found = sort_incidents(snapshot)
    months = months_of(found, wish.first, wish.last, running)
    points = public_points(snapshot, months, wish.k, beside_counts=not wish.alone)
    tables = [public_counts(snapshot, month, wish.k) for month in months] if len(snapshot["grids"]) else []
    shown = sum(int(table.shown.counts.sum() + table.shown.totals.sum()) for table in tables)
    cells = sum(table.counts.size + len(table.counts) for table in tables)
    return {
        "k": wish.k,
        "months": [str(month) for month in months],
        "months_known": [str(month) for month in months_of(found, None, None, running)],
        "counts": {"cells": cells, "shown": shown},
        "points": {
            "shown": len(points.at),
            "shared_points": len(points.points),
            "addresses_are": _addresses(snapshot),
            "beside_counts": not wish.alone,
            **{f"not_shown_{why}": few(count, wish.k) for why, count in points.left_out.items()},
        },
        "meta": origin(snapshot, NEEDS),
    }


def _addresses(snapshot: Snapshot) -> str:
    """What stands behind the points, in English as all that a file says of itself."""
    bare = addresses(snapshot)[3]
    if not len(snapshot["buildings"]):
        return "places of incidents"
    return f"buildings; places of incidents in {bare} grids without any" if bare else "buildings"
