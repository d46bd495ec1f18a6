"""Geometry as a layer stores it: of the right family, two-dimensional, valid, multi-part where polygons and lines are.

Repairs never move a boundary unseen: a repair that changes the area by more than one per cent is a reject.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geo.errors import N_
from store.intake.reasons import Ledger
from store.schema import Layer

Geometries = NDArray[Any]
Mask = NDArray[np.bool_]

_FAMILY_OF = {0: "point", 1: "line", 2: "line", 3: "polygon", 4: "point", 5: "line", 6: "polygon", 7: "collection"}
LARGEST_CHANGE = 0.01
_SMALLEST_M2 = 1e-4
_NULL = (N_("The row has no geometry."), N_("Draw the place, or give its coordinates in columns."))
_EMPTY = (N_("The geometry is empty."), N_("Draw the place anew."))
_WRONG = (N_("“{layer}” takes {families}, not {found}."), N_("Import it into another layer, or convert it first."))
_BROKEN = (
    N_("The geometry is not valid ({kind}); repairing it would change its area by {change} per cent."),
    N_("Repair it in a GIS, where you can see what it should be."),
)
_FLAT = (N_("The polygon has no area."), N_("Draw the area anew."))
_MANY = (N_("The geometry has {parts} separate points; a row is one place."), N_("Split it into one row per point."))


def prepare(geometry: Geometries, layer: Layer, ledger: Ledger) -> Geometries:
    """Reject what `layer` cannot hold, drop heights, and take what is wanted out of mixed collections.

    Works in any CRS. Entries of rejected rows become None.
    """
    geometry = geometry.copy()
    kind = shapely.get_type_id(geometry)
    ledger.reject(kind < 0, "geometry", None, *_NULL)
    ledger.reject(shapely.is_empty(geometry), "geometry", None, *_EMPTY)
    high = ledger.alive & (shapely.has_z(geometry) | shapely.has_m(geometry))
    if high.any():
        geometry[high] = shapely.force_2d(geometry[high])
        ledger.note(N_("{count} geometries had heights or measures, which were dropped."), count=int(high.sum()))
    _open_collections(geometry, layer, ledger)
    kind = shapely.get_type_id(geometry)
    names = np.array(
        ["nothing", "point", "line", "line", "polygon", "point", "line", "polygon", "collection"], dtype=object
    )[np.clip(kind, -1, 7) + 1]
    allowed = np.isin(names, sorted(layer.families))
    ledger.reject(
        ~allowed, "geometry", names, *_WRONG, layer=layer.name, families=", ".join(sorted(layer.families)), found=names
    )
    geometry[~ledger.alive] = None
    return geometry


def _open_collections(geometry: Geometries, layer: Layer, ledger: Ledger) -> None:
    opened = dropped = 0
    for index in np.flatnonzero(ledger.alive & (shapely.get_type_id(geometry) == 7)).tolist():
        parts = _leaves(geometry[index])
        families = [_FAMILY_OF.get(int(shapely.get_type_id(part)), "") for part in parts]
        wanted = [part for part, family in zip(parts, families, strict=True) if family in layer.families]
        if not wanted or len({_FAMILY_OF[int(shapely.get_type_id(part))] for part in wanted}) > 1:
            continue
        opened += 1
        dropped += len(parts) - len(wanted)
        geometry[index] = wanted[0] if len(wanted) == 1 else shapely.union_all(np.array(wanted, dtype=object))
    if opened:
        ledger.note(
            N_("{count} geometry collections were opened; {dropped} parts that “{layer}” cannot hold were left out."),
            count=opened,
            dropped=dropped,
            layer=layer.name,
        )


def _leaves(geometry: Any) -> list[Any]:
    if shapely.get_type_id(geometry) != 7:
        return [geometry]
    return [leaf for part in shapely.get_parts(geometry) for leaf in _leaves(part) if not leaf.is_empty]


def points(geometry: Geometries, ledger: Ledger) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return x and y (NaN for rejected rows) of prepared points; multi-points of one member are that point."""
    multi = shapely.get_type_id(geometry) == 4
    if multi.any():
        parts = shapely.get_num_geometries(geometry)
        ledger.reject(multi & (parts > 1), "geometry", None, *_MANY, parts=parts)
        single = multi & (parts == 1)
        geometry = geometry.copy()
        geometry[single] = shapely.get_geometry(geometry[single], 0)
        geometry[~ledger.alive] = None
    return shapely.get_x(geometry), shapely.get_y(geometry)


def repair(geometry: Geometries, layer: Layer, ledger: Ledger) -> Geometries:
    """Return prepared geometry, in metres, made valid and multi-part; hopeless ones are rejected.

    Polygons are repaired by structure: shells are united, holes are cut out, collapsed parts are dropped.
    """
    geometry = geometry.copy()
    geometry[~ledger.alive] = None
    invalid = np.flatnonzero(~shapely.is_valid(geometry) & ledger.alive)
    if len(invalid):
        _repair_invalid(geometry, invalid, ledger)
    kind = shapely.get_type_id(geometry)
    area = shapely.area(geometry)
    ledger.reject(np.isin(kind, (3, 6)) & (area < _SMALLEST_M2), "geometry", None, *_FLAT)
    if layer.geometry != "GEOMETRY":
        for one, build in ((3, shapely.multipolygons), (1, shapely.multilinestrings)):
            single = ledger.alive & (kind == one)
            if single.any():
                geometry[single] = build(geometry[single].reshape(-1, 1))
    geometry[~ledger.alive] = None
    _note_duplicates(geometry, ledger)
    return geometry


def _repair_invalid(geometry: Geometries, invalid: NDArray[np.int64], ledger: Ledger) -> None:
    broken = geometry[invalid]
    reasons = shapely.is_valid_reason(broken)
    kinds = np.array([str(reason).split("[", maxsplit=1)[0] for reason in reasons], dtype=object)
    flat = shapely.get_dimensions(broken) < 2
    mended = shapely.make_valid(broken, method="structure", keep_collapsed=False)
    before = np.abs(shapely.area(broken))  # what the rings enclose as drawn: shells minus holes
    after = shapely.area(mended)
    with np.errstate(divide="ignore", invalid="ignore"):
        change = np.where(before > 0, np.abs(after - before) / before, np.inf)
    polygonal = np.isin(shapely.get_type_id(mended), (3, 6))
    good = np.where(flat, shapely.is_valid(mended) & ~shapely.is_empty(mended), polygonal & (change < LARGEST_CHANGE))
    geometry[invalid[good]] = mended[good]
    where = np.zeros(len(ledger), dtype=bool)
    where[invalid[~good]] = True
    kind_at, change_at = np.full(len(ledger), "", dtype=object), np.full(len(ledger), "", dtype=object)
    kind_at[invalid] = kinds
    change_at[invalid] = [f"{100 * value:.3g}" if np.isfinite(value) else "100" for value in change]
    ledger.reject(where, "geometry", kind_at, *_BROKEN, kind=kind_at, change=change_at)
    for kind in sorted(set(kinds[good])):
        same = good & (kinds == kind)
        largest = float(np.max(np.where(flat[same], 0.0, np.abs(after[same] - before[same]))))
        rows = ledger.row[invalid[same]]
        ledger.note(
            N_(
                "{count} geometries were not valid ({kind}) and were repaired (rows {rows}); the largest change of "
                "area is {area} m2."
            ),
            count=int(same.sum()),
            kind=kind,
            area=f"{largest:.3g}",
            rows=", ".join(map(str, rows[:5].tolist())) + (" …" if len(rows) > 5 else ""),
        )


def _note_duplicates(geometry: Geometries, ledger: Ledger) -> None:
    alive = geometry[ledger.alive]
    if len(alive) < 2:
        return
    again = int(pd.Series(shapely.to_wkb(shapely.normalize(alive))).duplicated().sum())
    if again:
        ledger.note(N_("{count} rows have the same geometry as an earlier row; they were taken."), count=again)
