"""The bundled demo: central Helsinki from OpenStreetMap, grids drafted from it, incidents simulated in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
import pyogrio
import shapely
from shapely.geometry.base import BaseGeometry

from geo.columns import Snapshot
from geo.crs import WGS84, transform_geometry
from geo.draft import Draft, DraftOptions, draft_grids, minor_mask, street_mask
from geo.draft_codes import CodeLayout
from geo.draft_names import main_streets
from geo.errors import N_
from geo.simulate import simulate_incidents
from store.batch import Batch, Note, Provenance
from store.intake.options import ImportOptions, Limits
from store.intake.run import import_file
from store.store import Store

DEMO_FILE = Path(__file__).resolve().parents[1] / "data" / "demo" / "helsinki.gpkg"
TIMEZONE = "Europe/Helsinki"
FIRST_DAY, DAY_AFTER = np.datetime64("2024-01-01"), np.datetime64("2026-01-01")
SEED = 20240101
INCIDENTS = 8_000
# 091 is the official number of the municipality of Helsinki.
OPTIONS = DraftOptions(layout=CodeLayout(prefix="000091"))
OSM = "© OpenStreetMap contributors, ODbL 1.0"
DRAFTED = N_(
    "Drafted from street blocks (© OpenStreetMap contributors, ODbL 1.0); these are nobody's administrative units."
)
SIMULATED = N_("Simulated: none of these incidents happened.")
# Layer of the store: layer of the file, and the field of the store for a column of the file.
_IMPORTS = MappingProxyType(
    {
        "buildings": ("buildings", {"id": "osm_id", "height_m": "height"}),
        "streets": ("streets", {"id": "osm_id", "name": "name", "kind": "highway"}),
        "cameras": ("cameras", {"id": "osm_id"}),
        "places": ("places", {"id": "osm_id", "name": "name", "kind": "kind"}),
        "zones": ("water", {"id": "osm_id", "name": "name", "kind": "kind"}),
    }
)
# Ways on which no incident is put: they are indoors, or no street yet.
_INDOORS = frozenset({"construction", "corridor", "elevator", "platform", "proposed"})

Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class DemoReport:
    """What the store holds after the demo was loaded: revision and rows per layer."""

    revision: int
    rows: dict[str, int]


def needs_demo(store: Store) -> bool:
    """Return whether the store is empty, or a load of the demo into it was cut short."""
    snapshot = store.snapshot()
    if store.is_demo():
        return not len(snapshot["incidents"])  # they are written last
    return not any(len(layer) for layer in snapshot.layers.values())


def load_demo(
    store: Store,
    *,
    scratch: Path,
    limits: Limits | None = None,
    progress: Progress | None = None,
    source: Path = DEMO_FILE,
) -> DemoReport:
    """Load the demo into an empty store, or again into a store that holds the demo.

    The same input, seed and period always give the same rows. What is there of the demo is replaced.

    Parameters
    ----------
    scratch
        Existing folder for files between the import's child and this process.
    progress
        Called with a fraction (0 to 1) and the name of a step.

    Raises
    ------
    StoreError
        The store holds real data.
    """
    tell = progress or (lambda fraction, step: None)
    for number, (layer, (name, mapping)) in enumerate(_IMPORTS.items()):
        tell(number * 0.15, layer)
        options = ImportOptions(
            mode="replace", map=dict(mapping), layer_name=name, timezone=TIMEZONE, attribution=OSM, demo=True
        )
        import_file(store, layer, source, options, scratch=scratch, limits=limits)
    tell(0.75, "grids")
    snapshot = store.snapshot()
    draft = _draft(snapshot, _extent(source, str(snapshot.crs)))
    store.write(_grids(draft, snapshot), "replace", _provenance(source, attribution=DRAFTED, note=DRAFTED))
    tell(0.85, "incidents")
    written = store.write(
        _incidents(draft, snapshot),
        "replace",
        _provenance(source, attribution=SIMULATED, note=SIMULATED, simulated=True),
    )
    tell(1.0, "done")
    return DemoReport(written.revision, {name: len(layer) for name, layer in store.snapshot().layers.items()})


def _provenance(source: Path, *, attribution: str, note: str, simulated: bool = False) -> Provenance:
    return Provenance(
        file_name=source.name,
        timezone=TIMEZONE,
        attribution=attribution,
        simulated=simulated,
        demo=True,
        notes=(Note(note),),
    )


def _extent(source: Path, crs: str) -> BaseGeometry:
    """Return the area in which grids are drafted, in `crs`."""
    _, _, wkb, _ = pyogrio.raw.read(source, layer="extent")
    return shapely.union_all(transform_geometry(shapely.from_wkb(wkb), WGS84, crs))


def _draft(snapshot: Snapshot, extent: BaseGeometry) -> Draft:
    lines, kinds = _streets(snapshot)
    return draft_grids(
        lines[street_mask(kinds)],
        _shapes(snapshot, "buildings"),
        extent,
        minor=lines[minor_mask(kinds)],
        options=OPTIONS,
    )


def _grids(draft: Draft, snapshot: Snapshot) -> Batch:
    count = len(draft.polygons)
    near = main_streets(draft.polygons, _shapes(snapshot, "streets"), snapshot["streets"].text("name"))
    names = [
        number if street is None else f"{number} {street}" for number, street in zip(draft.name, near, strict=True)
    ]
    columns: dict[str, Any] = {
        "code": draft.code,
        "name": np.array(names, dtype=object),
        "level": draft.level,
        "parent": draft.parent,
        "team": np.full(count, None, dtype=object),
        "population": np.full(count, np.nan),
    }
    shapes = [shapely.multipolygons(shapely.get_parts(polygon)) for polygon in draft.polygons]
    return Batch("grids", str(snapshot.crs), columns, np.array(shapes, dtype=object))


def _incidents(draft: Draft, snapshot: Snapshot) -> Batch:
    lines, kinds = _streets(snapshot)
    grids = draft.at(OPTIONS.levels[-1])
    outdoors = np.array([kind not in _INDOORS for kind in kinds], dtype=bool)
    found = simulate_incidents(
        np.random.default_rng(SEED),
        streets=lines[outdoors],
        buildings=_shapes(snapshot, "buildings"),
        polygons=draft.polygons[grids],
        codes=draft.code[grids],
        start=FIRST_DAY,
        end=DAY_AFTER,
        count=INCIDENTS,
    )
    local = pd.DatetimeIndex(found.occurred_local).tz_localize(
        TIMEZONE,
        ambiguous=np.zeros(INCIDENTS, dtype=bool),
        nonexistent="shift_forward",
    )
    columns: dict[str, Any] = {
        "id": np.array([f"sim-{number:05d}" for number in range(1, INCIDENTS + 1)], dtype=object),
        "category": found.category,
        "occurred_at": local.tz_convert(None).to_numpy().astype("datetime64[ms]"),
        "grid_code": found.grid_code,
        "status": found.status,
        "severity": np.full(INCIDENTS, np.nan),
    }
    return Batch("incidents", str(snapshot.crs), columns, x=found.x, y=found.y)


def _streets(snapshot: Snapshot) -> tuple[Any, Any]:
    return _shapes(snapshot, "streets"), snapshot["streets"].text("kind")


def _shapes(snapshot: Snapshot, layer: str) -> Any:
    return np.asarray(snapshot[layer].geometry, dtype=object)
