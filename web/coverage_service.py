"""Answers about coverage, as JSON-ready values: what is shown of a level, and how fresh it is."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.camera_facts import ViewRules
from geo.columns import Snapshot
from geo.errors import N_
from geo.reach import EDITIONS
from layers.base import Params, chosen_level
from layers.complete import Complete, Slot
from layers.coverage import AREAS
from layers.engine import NEEDS, revision_of, rules_of
from layers.measures import MEASURES, Measured, measure
from layers.sight import assumptions, sight_of
from web.errors import fill
from web.i18n import translate
from web.jsonio import iso
from web.run_answers import fault_answer, progress_answer
from web.runs import STEPS, Runs, Shown
from web.service import origin

Json = dict[str, Any]
READS = (*NEEDS, "streets", "incidents", "places")
AREA_KEYS = (*AREAS, "seen_by_2_m2", "seen_by_3_m2")


def slot_of(snapshot: Snapshot, params: Params) -> Slot:
    """Return what a request asks to be worked out: a level (None without grids), the rules, and whose."""
    return Slot(chosen_level(snapshot["grids"], params.level), rules_of(params), snapshot.scope)


def shown(runs: Runs, snapshot: Snapshot, params: Params, wait_s: float) -> Shown:
    """Return what can be shown now, after at most `wait_s`."""
    return runs.ask(snapshot, slot_of(snapshot, params), wait_s)


def status_answer(found: Shown, lang: str | None = None) -> Json:
    """Return how a level's computation stands."""
    complete = found.complete
    return {
        "state": found.state,
        "progress": 1.0 if found.state == "ready" else round(found.progress, 3),
        "step": translate(STEPS.get(found.step, found.step), lang) if found.state == "computing" else "",
        "job": found.job,
        "computed_revision": None if complete is None else complete.revision,
        "revision": found.revision,
        "error": fault_answer(found.error, lang),
    }


def coverage_meta(found: Shown, snapshot: Snapshot, params: Params) -> Json:
    """Return where figures of coverage come from: revisions, rules, assumptions, how they were measured."""
    rules, complete = rules_of(params), found.complete
    meta = origin(snapshot, READS, params) | {
        "revision": found.revision,
        "computed_revision": None if complete is None else complete.revision,
        "stale": found.stale,
        "state": found.state,
        "computing": progress_answer(found, STEPS, params.lang),
        "error": fault_answer(found.error, params.lang),
        "edition": rules.edition,
        "task": rules.task,
        "px_per_m": rules.px_per_m,
        "assumed_range_m": rules.assumed_range_m,
        "online_only": rules.online_only,
        "target_height_m": rules.target_height_m,
        "buildings": len(snapshot["buildings"]),
    }
    if complete is not None:
        meta |= assumptions(sight_of(complete.city))
        meta |= {"fallbacks": complete.fallbacks}
    return meta


def coverage_answer(found: Shown, snapshot: Snapshot, params: Params) -> Json:
    """Return the areas and the shares of every grid of a level (of one parent when asked), and their sums."""
    level = chosen_level(snapshot["grids"], params.level)
    if found.complete is None:
        return {"level": level, "grids": [], "totals": None}
    complete = found.complete
    rows = rows_of(complete, params.parent)
    columns = grid_columns(complete, measure(complete, snapshot, params))
    lists = {name: values[rows].tolist() for name, values in columns.items()}
    grids = [{name: values[i] for name, values in lists.items()} for i in range(len(rows))]
    return {"level": level, "grids": grids, "totals": totals(complete, columns, rows)}


def rows_of(complete: Complete, parent: str | None) -> NDArray[np.int64]:
    """Return the grids whose parent has this code; all of them when none is asked."""
    wanted = np.ones(len(complete), dtype=bool) if parent is None else complete.parents == parent
    return np.flatnonzero(wanted)


def grid_columns(complete: Complete, measured: Measured) -> dict[str, NDArray[Any]]:
    """Return the columns of the table of grids, each (grids,); loss: what the grid loses if one camera fails."""
    lost = complete.fragility()
    return {
        "code": complete.codes,
        "name": complete.names,
        "parent": complete.parents,
        "bounds": complete.bounds(),
        **areas_of(complete),
        **{name: getattr(measured, name) for name in MEASURES},
        "loss_m2": lost.loss_m2,
        "loss_camera": np.array(
            [None if row < 0 else complete.city.facts.id[row] for row in lost.loss_camera], dtype=object
        ),
    }


def areas_of(complete: Complete) -> dict[str, NDArray[np.float64]]:
    """Return the areas of every grid, in square metres."""
    found = {name: np.asarray(getattr(complete.city.coverage, name)) for name in AREAS}
    seen = complete.city.coverage.seen_by_m2
    return {**found, "seen_by_2_m2": seen[:, 1], "seen_by_3_m2": seen[:, 2]}


def totals(complete: Complete, columns: dict[str, NDArray[Any]], rows: NDArray[np.int64]) -> Json:
    """Return the sums over the grids at `rows`; loss: the camera whose failure costs all of them most."""
    summed = (*AREA_KEYS, *MEASURES)
    found: Json = {"grids": len(rows), **{name: columns[name][rows].sum().item() for name in summed}}
    loss_m2, camera = complete.worst_loss(rows)
    return found | {"loss_m2": loss_m2, "loss_camera": None if camera < 0 else complete.city.facts.id[camera]}


# Names of the classes, as a reader is told of them.
TASKS = {
    "monitor": N_("Monitor"),
    "detect": N_("Detect"),
    "observe": N_("Observe"),
    "recognise": N_("Recognise"),
    "identify": N_("Identify"),
    "inspect": N_("Inspect"),
    "overview": N_("Overview"),
    "outline": N_("Outline"),
    "discern": N_("Discern"),
    "perceive": N_("Perceive"),
    "characterise": N_("Characterise"),
    "validate": N_("Validate"),
    "scrutinise": N_("Scrutinise"),
}


def standards_answer(lang: str | None = None) -> Json:
    """Return the tables of the standard: editions, classes, densities and how well each number is known."""
    return {
        "default": ViewRules().edition,
        "editions": [
            {
                "edition": year,
                "title": f"{found.standard}:{year}",
                "tasks": [
                    {
                        "task": task.name,
                        "title": translate(TASKS[task.name], lang),
                        "px_per_m": task.px_per_m,
                        "mark": task.mark,
                    }
                    for task in found.tasks
                ],
            }
            for year, found in EDITIONS.items()
        ],
    }


# What is missing of the cameras, as a reader of a terminal is told of it.
DOUBTS = {
    "range_unknown": N_("Cameras without a range: {count}; {range_m} m is assumed, and nothing of them is certain."),
    "direction_unknown": N_("Cameras without a direction: {count}; they may look anywhere."),
    "fov_unknown": N_("Cameras without an angle of view: {count}."),
    "pixels_unknown": N_("Cameras without pixels: {count}; how far they meet the class is not known."),
    "height_unknown": N_("Cameras without a height: {count}; every building hides what is behind it."),
    "turning": N_("Cameras that turn: {count}; where they look now is not known."),
    "state_unknown": N_("Cameras of which it is not known whether they work: {count}."),
}


def doubts(meta: Json) -> list[str]:
    """Return a sentence for each fact that some cameras lack."""
    params = {"range_m": f"{meta['assumed_range_m']:g}"}
    return [
        fill(text, {"count": meta[name], **params})
        for name, text in DOUBTS.items()
        if meta.get(name) and not (name == "pixels_unknown" and meta.get("task") is None)
    ]


def description(snapshot: Snapshot, params: Params) -> str:
    """Return where exported figures come from, in English, for formats that have a place for it."""
    rules = rules_of(params)
    facts = {
        "revision": revision_of(snapshot),
        "level": params.level,
        **vars(rules),
        "from": None if params.start is None else iso(params.start),
        "to": None if params.end is None else iso(params.end),
        "categories": ", ".join(params.categories) or None,
        "hours": ", ".join(map(str, params.hours)) or None,
        "weekdays": ", ".join(map(str, params.weekdays)) or None,
    }
    return "; ".join(f"{name} {value}" for name, value in facts.items() if value is not None)
