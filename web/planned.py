"""Which scenarios and plans are of the present reader's area: those all of whose cameras stand in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from geo.columns import Snapshot
from geo.crs import WGS84, try_transform_xy
from geo.errors import N_, ParameterError
from geo.plans import Change
from layers.base import levels_of
from store.errors import UnknownScenarioError
from store.scenario import Heading, Scenario
from web.service import revisions
from web.state import atlas


def seen(scenario_id: str, *, deleted: bool = False) -> Scenario:
    """Return a scenario that the present reader may see.

    Raises
    ------
    UnknownScenarioError
        There is none, or it is not of the reader's area: which of these is not told.
    """
    state = atlas()
    found = state.store.scenario(scenario_id, deleted=deleted)
    if not _of_area(found, state.snapshot()):
        raise UnknownScenarioError(
            N_("There is no such scenario."), N_("It may have been deleted; open the list of scenarios."),
            scenario=scenario_id[:80],
        )  # fmt: skip
    return found


def listed() -> list[Heading]:
    """Return the scenarios that the present reader may see, the last changed first."""
    state = atlas()
    snapshot, headings = state.snapshot(), state.store.scenarios()
    if snapshot.scope is None:
        return headings

    def mine(one: Heading) -> bool:
        key = ("scenario of area", one.id, one.version, revisions(snapshot, ("grids",)))
        return state.cache.get(key, lambda: _of_area(state.store.scenario(one.id), snapshot))

    return [one for one in headings if mine(one)]


def options_of(scenario: Scenario, snapshot: Snapshot) -> Mapping[str, Any]:
    """Return what was looked at when a scenario was saved, as far as it is of the reader's area."""
    options = dict(scenario.options)
    if snapshot.scope is not None and options.get("level") not in (None, *levels_of(snapshot["grids"])):
        del options["level"]
    if snapshot.scope is not None and "category" in options:
        known = set(snapshot["incidents"].text("category").tolist())
        given = options["category"] if isinstance(options["category"], list) else [options["category"]]
        options["category"] = [one for one in given if one in known]
    return options


def require_area(plan: Iterable[Change], snapshot: Snapshot) -> None:
    """Refuse a plan that places or moves a camera to where the reader of an area may not plan.

    Raises
    ------
    ParameterError
        A camera would stand outside.
    """
    if snapshot.scope is None:
        return
    state = atlas()
    for change in plan:
        if change.x is None or change.y is None:
            continue
        place = (np.array([change.x]), np.array([change.y]))
        if not state.areas.holds(state.whole(), snapshot.scope, *place)[0]:
            raise ParameterError(
                N_("The camera {camera} would stand outside your area."),
                N_("Choose a place in one of your grids."),
                field="changes", camera=change.camera[:80],
            )  # fmt: skip


def _of_area(scenario: Scenario, snapshot: Snapshot) -> bool:
    """Return whether all cameras that a scenario touches stand in the area, before and after; there must be one."""
    if snapshot.scope is None:
        return True
    planned = [(one["lon"], one["lat"]) for one in scenario.changes if "lon" in one and "lat" in one]
    before = [(one["x"], one["y"]) for one in scenario.base.values()]
    touched = {one["id"] for one in scenario.changes if one["op"] != "place"}
    if not (planned or before) or not touched <= set(scenario.base) or snapshot.crs is None:
        return False
    x, y, ok = try_transform_xy(*np.array(planned, np.float64).reshape(-1, 2).T, WGS84, snapshot.crs)
    x, y = (
        np.append(given, recorded)
        for given, recorded in zip((x, y), np.array(before, np.float64).reshape(-1, 2).T, strict=True)
    )
    state = atlas()
    return bool(ok.all()) and bool(state.areas.holds(state.whole(), snapshot.scope, x, y).all())
