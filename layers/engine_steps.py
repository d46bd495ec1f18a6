"""How the next city is worked out: from the last one where little differs, else anew with what can be shared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from geo.camera_facts import CameraFacts, ViewRules
from geo.city import City, compute_city, match_cameras, with_buildings, with_cameras
from geo.columns import Snapshot
from layers.base import rows_of_level
from layers.fingerprint import Mark
from layers.sight import obstacles_of

if TYPE_CHECKING:
    from layers.complete import Complete

MOST_CHANGED = 0.3  # share of the cameras from which on all are worked out anew


@dataclass(frozen=True)
class Followed:
    """A city, and how it came from the last one: the grids that were worked out anew, None for all."""

    city: City
    before: Complete | None
    touched: NDArray[np.int64] | None


def city_of(
    snapshot: Snapshot,
    level: str | None,
    rules: ViewRules,
    state: Mark,
    kept: tuple[Complete, ...],
    progress: Callable[[float, str], None],
    cancelled: Callable[[], bool],
) -> Followed:
    """Return the city of `snapshot`, and how it came from the last one; see `layers.engine.compute`."""
    crs, grids_mark, buildings_mark, cameras_mark = state
    facts = CameraFacts.of(snapshot["cameras"])
    grids = snapshot["grids"]
    slot = (level, rules, snapshot.scope)
    before = kept[0] if kept and kept[0].slot == slot and kept[0].mark[:2] == (crs, grids_mark) else None
    if before is not None and few_changed(before.city.facts, facts):
        city, touched = before.city, np.zeros(0, np.int64)
        if before.mark[2] != buildings_mark:
            progress(0.0, "buildings")
            city, touched = with_buildings(city, (), None, obstacles=obstacles_of(snapshot), cancelled=cancelled)
        if before.mark[3] != cameras_mark:
            progress(0.5, "views")
            origin = match_cameras(city.facts, facts)
            city, more = with_cameras(city, facts, origin=origin, cancelled=cancelled)
            touched = np.union1d(touched, more)
        return Followed(city, before, touched)
    same = [found for found in kept if found.mark[0] == crs and found.mark[2] == buildings_mark]
    cells = next((found.city for found in same if found.level == level and found.mark[1] == grids_mark), None)
    obstacles = cells.obstacles if cells else same[0].city.obstacles if same else None
    if obstacles is None:
        progress(0.0, "buildings")
        obstacles = obstacles_of(snapshot)
    rows = rows_of_level(grids, level)
    polygons = np.zeros(0, dtype=object) if grids.geometry is None else grids.geometry[rows]
    city = compute_city(
        facts,
        (),
        None,
        polygons,
        rules,
        crs=crs,
        obstacles=obstacles,
        cells=None if cells is None else cells.cells,
        progress=progress,
        cancelled=cancelled,
    )
    return Followed(city, None, None)


def few_changed(old: CameraFacts, new: CameraFacts) -> bool:
    """Return whether most cameras are still where they were; a camera is found again by its id."""
    if len(old) == 0 or len(new) == 0:
        return len(old) == len(new)
    origin = match_cameras(old, new)
    stay = origin >= 0
    if len(np.unique(origin[stay])) < stay.sum():
        return False  # ids that repeat say nothing
    same = (old.x[origin[stay]] == new.x[stay]) & (old.y[origin[stay]] == new.y[stay])
    return bool(same.sum() >= (1.0 - MOST_CHANGED) * max(len(old), len(new)))
