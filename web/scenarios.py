"""Scenarios between the pages and the store: what they were planned on, what applying does, comparison, files."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from geo.columns import Snapshot
from geo.crs import lonlat
from geo.errors import AtlasError, ParameterError
from geo.plans import Change, Plan, fold
from layers.base import Params
from layers.engine import Complete
from layers.joins import located as lying_in
from layers.joins import selected
from store.edits import CameraEdit, differences
from store.export_tables import safe_text
from store.scenario import Scenario
from web.jsonio import DECIMALS, dumps
from web.planned import options_of
from web.whatif_answer import AREAS, collections
from web.whatif_request import COLUMNS, camera_row, change_json, changes_of, located, plan_of, rows_by_id
from web.whatif_trials import TRIALS

if TYPE_CHECKING:
    from geo.whatif import Trial

Json = dict[str, Any]
OPTIONS = (
    "level", "edition", "task", "online_only", "assumed_range_m", "target_height_m", "from", "to", "category",
    "hours", "weekdays",
)  # fmt: skip


def read_plan(changes: Any, snapshot: Snapshot, level: str | None) -> dict[str, Change]:
    """Return the plan of a scenario as it stands against the present store; raises where it does not fit it."""
    return plan_of({"changes": list(changes)}, snapshot, level)


def base_of_plan(plan: Plan, snapshot: Snapshot) -> Json:
    """Return what each camera of the store that a plan touches is recorded as, now."""
    rows = rows_by_id(snapshot)
    return {name: camera_row(snapshot["cameras"], rows[name]) for name in plan if name in rows}


def kept_changes(plan: Plan, snapshot: Snapshot) -> list[Json]:
    """Return a plan as it is kept: one change for each camera, in degrees."""
    return [change_json(change, snapshot.crs or "") for change in plan.values()]


def stale(scenario: Scenario, snapshot: Snapshot) -> list[Json]:
    """Return the cameras of a scenario that are not as they were when it was saved, and in which columns."""
    rows = rows_by_id(snapshot)
    found = []
    for name, base in scenario.base.items():
        columns = differences(base, camera_row(snapshot["cameras"], rows[name])) if name in rows else None
        if columns is None or columns:
            found.append({"camera": name, "gone": columns is None, "columns": columns or []})
    return found


def whole(scenario: Scenario, snapshot: Snapshot) -> Json:
    """Return all of a scenario, and which of its cameras changed meanwhile."""
    return {
        **asdict(scenario.heading),
        "changes": list(scenario.changes),
        "options": dict(options_of(scenario, snapshot)),
        "base_revision": scenario.base_revision,
        "cameras_revision": snapshot["cameras"].revision,
        "stale": stale(scenario, snapshot),
    }


def edits_of(scenario: Scenario, plan: Plan) -> list[CameraEdit]:
    """Return what applying a scenario changes in the store, each camera checked against its base."""
    return [
        CameraEdit(
            change.op,
            None if change.op == "place" else change.camera,
            change.x,
            change.y,
            change.values,
            None if change.op == "place" else scenario.base.get(change.camera),
        )
        for change in plan.values()
    ]


# --- comparing ---------------------------------------------------------------------------------------------------


def compared(
    complete: Complete, snapshot: Snapshot, params: Params, chosen: list[Scenario], own: Plan | None = None
) -> Json:
    """Return the store and each scenario side by side: totals, and the grids where one differs from the store.

    `own` is a plan that is not kept yet; it comes last. A scenario that does not fit the store any more has an `error`
    in the place of its figures.
    """
    from geo.whatif import begin

    sides: list[Json] = [{"id": None, "name": None, **_figures(complete, snapshot, params, begin(complete.city))}]
    plans: list[tuple[Json, Any]] = [({"id": one.id, "name": one.name, "version": one.version}, one) for one in chosen]
    if own is not None:
        plans.append(({"id": "", "name": None}, own))
    trials: list[Trial | None] = []
    for head, given in plans:
        try:
            plan = read_plan(given.changes, snapshot, complete.level) if isinstance(given, Scenario) else given
            trial = TRIALS.reach(complete.city, plan)
            sides.append({**head, **_figures(complete, snapshot, params, trial)})
            trials.append(trial)
        except AtlasError as error:
            from web.errors import body

            sides.append({**head, "error": body(error)})
            trials.append(None)
    return {"level": complete.level, "sides": sides, "grids": _grids(complete, trials)}


def _figures(complete: Complete, snapshot: Snapshot, params: Params, trial: Trial) -> Json:
    coverage = trial.city.coverage
    areas = {name: float(getattr(coverage, name).sum()) for name in ("area_m2", "built_m2", "open_m2", *AREAS)}
    ops = [change.op for change in trial.plan.values()]
    cameras_now = len(snapshot["cameras"]) + ops.count("place") - ops.count("remove")
    return {
        **areas,
        **_incidents(complete, snapshot, params, trial),
        "cameras": cameras_now,
        "placed": ops.count("place"),
        "changed": ops.count("set"),
        "removed": ops.count("remove"),
    }


def _incidents(complete: Complete, snapshot: Snapshot, params: Params, trial: Trial) -> Json:
    """Count the incidents of the window in the level's open area, and those that no view reaches."""
    from geo.denominators import incident_states

    incidents = snapshot["incidents"]
    if incidents.x is None or incidents.y is None or not len(incidents):
        return {"incidents": 0, "incidents_seen": 0, "incidents_unseen": 0}
    chosen = np.flatnonzero(selected(snapshot, params))
    cell = lying_in(snapshot, complete.level).index[chosen]
    states = incident_states(incidents.x[chosen], incidents.y[chosen], cell, trial.city.coverage)
    seen = int(((states == 0) | (states == 1)).sum())
    unseen = int((states == 2).sum())
    return {"incidents": seen + unseen, "incidents_seen": seen, "incidents_unseen": unseen}


def _grids(complete: Complete, trials: list[Trial | None]) -> list[Json]:
    """Blind, certain and possible areas of every grid that a scenario changes; a place for the store comes first."""
    from geo.whatif import SAME_M2

    base = complete.city.coverage
    sides = [None if trial is None else trial.city.coverage for trial in trials]
    differs = np.zeros(len(complete), dtype=bool)
    for side in sides:
        if side is not None:
            for name in AREAS:
                differs |= np.abs(getattr(side, name) - getattr(base, name)) > SAME_M2
    return [
        {
            "code": complete.codes[cell],
            "name": complete.names[cell],
            "open_m2": float(base.open_m2[cell]),
            **{name: [None if side is None else float(getattr(side, name)[cell]) for side in (base, *sides)]
               for name in AREAS},
        }
        for cell in np.flatnonzero(differs).tolist()
    ]  # fmt: skip


# --- files -------------------------------------------------------------------------------------------------------


def geojson(scenario: Scenario, snapshot: Snapshot) -> bytes:
    """Return a scenario as GeoJSON: a point for each camera, as planned (a removed one as recorded)."""
    crs = snapshot.crs or ""
    drawn = []
    for row in _rows(scenario, plan_of_file(scenario, snapshot), crs):
        x, y = row.pop("xy")
        drawn.append((shapely.Point(x, y), row))
    text = collections({"features": drawn}, crs)["features"]
    facts = {"name": scenario.name, "scenario": asdict(scenario.heading), "base_revision": scenario.base_revision}
    return (text[:-1] + "," + dumps(facts)[1:]).encode()


def csv_file(scenario: Scenario, snapshot: Snapshot) -> bytes:
    """Return a scenario as CSV with a byte order mark: a row for each camera, columns as planned, then as recorded."""
    names = [column.name for column in COLUMNS]
    head = ["op", "id", "lon", "lat", *names, *(f"before_{name}" for name in ("lon", "lat", *names))]
    text = io.StringIO()
    writer = csv.DictWriter(text, head, extrasaction="ignore")
    writer.writeheader()
    for row in _rows(scenario, plan_of_file(scenario, snapshot), snapshot.crs or ""):
        writer.writerow({name: _cell(value) for name, value in row.items()})
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return safe_text(value) if isinstance(value, str) else value


def plan_of_file(scenario: Scenario, snapshot: Snapshot) -> dict[str, Change]:
    """Return the plan of a scenario for a file: cameras that are gone meanwhile stand in it too."""
    place = located(snapshot, None)
    known = {**dict.fromkeys(scenario.base, 0), **place.rows}
    try:
        return fold(changes_of(list(scenario.changes), snapshot, place), known)
    except ParameterError:  # a placed camera has the key of one that came meanwhile: keys are only names here
        return fold(changes_of(list(scenario.changes), snapshot, place), dict.fromkeys(scenario.base, 0))


def _rows(scenario: Scenario, plan: Plan, crs: str) -> list[Json]:
    """Return one row for each camera: as planned, and as it was recorded when the scenario was saved."""
    made = []
    for name, change in plan.items():
        before = dict(scenario.base.get(name, {}))
        old = (before.pop("x", None), before.pop("y", None))
        if old[0] is not None:
            before |= _degrees(old, crs)
        xy = old if change.x is None else (change.x, change.y)
        planned = {column.name: change.values.get(column.name, before.get(column.name)) for column in COLUMNS}
        recorded = {f"before_{each}": before.get(each) for each in ("lon", "lat", *planned)}
        made.append({"op": change.op, "id": name, "xy": xy, **_degrees(xy, crs), **planned, **recorded})
    return made


def _degrees(xy: tuple[Any, Any], crs: str) -> Json:
    lon, lat = lonlat(np.array([xy[0]], np.float64), np.array([xy[1]], np.float64), crs)
    return {"lon": round(float(lon[0]), DECIMALS), "lat": round(float(lat[0]), DECIMALS)}
