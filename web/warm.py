"""What the server does behind its first answers, so that the first reader does not wait for it."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from layers.base import Params, levels_of
from layers.complete import Slot
from layers.engine import rules_of
from layers.joins import assigned
from web.base_tiles import present
from web.service import opening_level
from web.tiles import base_map

if TYPE_CHECKING:
    from geo.columns import Snapshot
    from web.state import Atlas

# Slow to import and not needed to answer /healthz.
BEHIND = ("web.maps", "geopandas", "geo.assignment", "layers.rasters.heat", "store.intake.run")


def warm(state: Atlas) -> None:
    """Import what pages need and compute what they open with; what would take long waits until it is asked for."""
    for module in BEHIND:
        importlib.import_module(module)
    snapshot = state.whole()
    present(state, snapshot)
    base_map(state, snapshot)
    level = opening_level(snapshot, levels_of(snapshot["grids"]))
    assigned(snapshot, level)
    from layers.heat_field import sorted_incidents  # brings in the compiler

    sorted_incidents(snapshot)
    state.live.facts.prepare(snapshot)
    state.live.watch.start()
    begin_coverage(state, snapshot, level)


def begin_coverage(state: Atlas, snapshot: Snapshot, level: str | None) -> None:
    """Begin to work out what the planner's page opens with, and what a killed process had begun; waits for nothing."""
    slot = Slot(level, rules_of(Params()))
    if len(snapshot["cameras"]) and state.runs.may_begin(slot):
        state.runs.ask(snapshot, slot)
    state.runs.resume(snapshot)
