"""What the server does behind its first answers, so that the first reader does not wait for it."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from layers.base import Params, levels_of
from layers.coverage import CoverageLayer
from layers.joins import assigned
from web.service import opening_level
from web.tiles import base_map

if TYPE_CHECKING:
    from web.state import Atlas

# Slow to import and not needed to answer /healthz.
BEHIND = ("web.maps", "geopandas", "geo.assignment", "layers.rasters.heat", "store.intake.run")


def warm(state: Atlas) -> None:
    """Import what pages need and compute what they open with; what would take long waits until it is asked for."""
    for module in BEHIND:
        importlib.import_module(module)
    snapshot = state.snapshot()
    base_map(state, snapshot)
    level = opening_level(snapshot, levels_of(snapshot["grids"]))
    assigned(snapshot, level)
    coverage = CoverageLayer()
    if coverage.too_large(snapshot, level) is None:
        coverage.result(snapshot, level, Params())
