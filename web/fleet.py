"""Answers about the cameras as a fleet: what is recorded of them, and what is lost if one fails."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from geo.columns import Snapshot
from geo.inventory import PIXELS_FROM, Targets, inventory
from layers.base import Params
from layers.complete import Complete
from web.cache import Caching
from web.coverage_service import areas_of, rows_of
from web.service import LevelData, cameras_index, level_data

if TYPE_CHECKING:
    from geo.inventory import Tally

Json = dict[str, Any]
SIDES = ("open_m2", "certain_m2", "possible_m2", "blind_m2")


def inventory_answer(cache: Caching, snapshot: Snapshot, params: Params, targets: Targets) -> Json:
    """Return what is recorded of the cameras: by grid of a level, by owner, and of all."""
    data: LevelData = level_data(snapshot, params.level)
    found = inventory(snapshot["cameras"], cameras_index(cache, snapshot, data), len(data.rows), targets)
    grids, parents = snapshot["grids"], snapshot["grids"].text("parent")
    names = grids.text("name")
    return {
        "level": data.level,
        "targets": asdict(targets),
        "pixels_from": list(PIXELS_FROM),
        "grids": [
            {"code": data.codes[i], "name": names[row], **_tally(found.by_cell, i)}
            for i, row in enumerate(data.rows)
            if params.parent is None or parents[row] == params.parent
        ],
        "owners": [{"owner": owner, **_tally(found.by_owner, i)} for i, owner in enumerate(found.owners)],
        "totals": _tally(found.total, 0),
    }


def _tally(tally: Tally, i: int) -> Json:
    return {
        "cameras": int(tally.cameras[i]),
        **{
            name: dict(zip(("yes", "no", "unknown"), counts[i].tolist(), strict=True))
            for name, counts in tally.flags.items()
        },
        "pixels": tally.pixels[i].tolist(),
        "missing": {name: int(counts[i]) for name, counts in tally.missing.items()},
        "share": {name: float(values[i]) for name, values in tally.share.items()},
        "known": {name: float(values[i]) for name, values in tally.known.items()},
        "meets": {name: None if values[i] < 0 else bool(values[i]) for name, values in tally.meets.items()},
    }


def fragility_answer(complete: Complete | None, online: Complete | None, snapshot: Snapshot, params: Params) -> Json:
    """Return what is lost if one camera fails, and the areas with all cameras against those recorded as online.

    `online` is the result by the same rules with only the cameras recorded as online, None while it is not there.
    """
    if complete is None:
        return {"level": None, "cameras": [], "grids": [], "nominal": None, "online": None}
    found = complete.fragility()
    facts, rows = complete.city.facts, rows_of(complete, params.parent)
    names = _names(snapshot)
    return {
        "level": complete.level,
        "cameras": [
            {
                "id": facts.id[camera],
                "name": names.get(facts.id[camera]),
                "kind": facts.kind[camera],
                "online": None if facts.online[camera] < 0 else bool(facts.online[camera]),
                "loss_m2": float(area),
                "grids": complete.codes[cells].tolist(),
            }
            for camera, area, cells in zip(found.camera.tolist(), found.camera_m2, found.cells, strict=True)
        ],
        "grids": [
            {
                "code": complete.codes[i],
                "name": complete.names[i],
                "loss_m2": float(found.loss_m2[i]),
                "camera": None if found.loss_camera[i] < 0 else facts.id[found.loss_camera[i]],
            }
            for i in rows.tolist()
        ],
        "nominal": _sides(complete, params.parent),
        "online": None if online is None else _sides(online, params.parent),
    }


def _sides(complete: Complete, parent: str | None) -> Json:
    areas, rows = areas_of(complete), rows_of(complete, parent)
    return {name: float(np.sum(areas[name][rows])) for name in SIDES}


def _names(snapshot: Snapshot) -> dict[Any, Any]:
    """Name of each camera by its id, as the store has it now."""
    cameras = snapshot["cameras"]
    return dict(zip(cameras.text("id"), cameras.text("name"), strict=True))
