"""The road sections of a city with the grids they run along, kept for a state of what they were made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from geo.columns import LayerColumns, Snapshot
from layers.base import Params
from layers.joins import assigned, selected
from layers.memo import Memo

if TYPE_CHECKING:
    from geo.sections import Sections

NEEDS = ("grids", "streets", "incidents")
REACH_M = 50.0  # an incident farther from every street is on none
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_memo = Memo(8)


@dataclass(frozen=True)
class Sectioned:
    """Road sections of a level's ground.

    Attributes
    ----------
    sections
        Those that run in or along a grid of the level.
    incidents
        int64 (s,): of the choice, nearest to each section and within `REACH_M`; None: there are none in the store.
    section, row, metres, share_m
        Pairs of a section and a grid (position in the grids layer), see `geo.sections_along.grids_along`.
    """

    sections: Sections
    incidents: Ints | None
    section: Ints
    row: Ints
    metres: Floats
    share_m: Floats

    def at(self, section: int) -> slice:
        """Return the pairs of one section."""
        first, last = np.searchsorted(self.section, [section, section + 1])
        return slice(int(first), int(last))


def kept_sections(snapshot: Snapshot, level: str | None, params: Params) -> Sectioned | None:
    """Return the sections where they were made before, None where not."""
    found: Sectioned | None = _memo.kept(_owners(snapshot), _key(level, params))
    return found


def sectioned(snapshot: Snapshot, level: str | None, params: Params) -> Sectioned:
    """Return the road sections along the grids of a level."""
    return _memo.get(_owners(snapshot), _key(level, params), lambda: _make(snapshot, level, params))


def _owners(snapshot: Snapshot) -> tuple[LayerColumns, ...]:
    return tuple(snapshot[name] for name in NEEDS)


def _key(level: str | None, params: Params) -> tuple[Any, ...]:
    return level, params.choice, params.balance.section_m, params.balance.section_incidents


def _make(snapshot: Snapshot, level: str | None, params: Params) -> Sectioned:
    from geo.draft import street_mask
    from geo.sections import nearest_section, of_some, road_sections
    from geo.sections_along import grids_along

    streets, incidents, grids = snapshot["streets"], snapshot["incidents"], snapshot["grids"]
    lines: Any = np.zeros(0, dtype=object) if streets.geometry is None else streets.geometry
    roads = street_mask(streets.text("kind"))
    points = None
    if len(incidents) and incidents.x is not None and incidents.y is not None:
        wanted = selected(snapshot, params)
        points = incidents.x[wanted], incidents.y[wanted]
    wish = params.balance
    by = points if wish.section_incidents is not None else None
    found = road_sections(
        lines[roads],
        streets.text("name")[roads],
        float(wish.section_incidents or wish.section_m) if by is not None else wish.section_m,
        points=by,
        reach_m=REACH_M,
    )
    rows = assigned(snapshot, level).rows
    cells: Any = np.zeros(0, dtype=object) if grids.geometry is None else grids.geometry[rows]
    section, cell, metres, share = grids_along(found, cells)
    some, place = np.unique(section, return_inverse=True)
    found = of_some(found, some)
    counts = None if points is None else nearest_section(found, *points, REACH_M)
    return Sectioned(found, counts, place.astype(np.int64), rows[cell], metres, share)
