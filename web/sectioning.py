"""Road sections behind the pages, and what readers are told of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import shapely

from geo.columns import Snapshot
from geo.crs import lonlat
from geo.errors import N_
from layers.base import Params, chosen_level
from layers.sectioned import NEEDS, Sectioned, kept_sections, sectioned
from web.jsonio import DECIMALS
from web.run_answers import fault_answer, progress_answer
from web.runner import Runner, Told, Wish
from web.service import origin, revisions

Json = dict[str, Any]
STEPS = {"": N_("Waiting"), "sections": N_("Joining roads to sections")}
MOST = 100_000


class SectionRuns:
    """The road sections that one process makes; `log` is told what went wrong inside."""

    def __init__(self, log: Callable[[str], None]) -> None:
        self.runner: Runner[Sectioned] = Runner("sections", log)

    def ask(self, snapshot: Snapshot, params: Params, wait_s: float = 0.0) -> Told[Sectioned]:
        """Return the sections, or how far they are after at most `wait_s`; begun when nobody asked before."""
        level = chosen_level(snapshot["grids"], params.level)
        if level is None:
            return Told(None, "none")

        def work(progress: Callable[[float, str], None], stop: Callable[[], bool]) -> Sectioned:
            progress(0.0, "sections")
            return sectioned(snapshot, level, params)

        wish = params.balance
        return self.runner.ask(
            Wish(
                (snapshot.scope, level, params.choice, wish.section_m, wish.section_incidents),
                revisions(snapshot, NEEDS),
                work,
                lambda: kept_sections(snapshot, level, params),
            ),
            wait_s,
        )

    def close(self) -> None:
        """Stop at once."""
        self.runner.close()


def sections_answer(told: Told[Sectioned], snapshot: Snapshot, params: Params, limit: int = MOST) -> Json:
    """Return the answer of ``/api/sections``: the sections with most work first, with their grids and metres."""
    meta = origin(snapshot, NEEDS, params) | {
        "state": told.state,
        "computing": progress_answer(told, STEPS, params.lang),
        "error": fault_answer(told.error, params.lang),
    }
    found = told.result
    level = chosen_level(snapshot["grids"], params.level)
    if found is None:
        return {"level": level, "sections": [], "total": 0, "length_m": 0.0, "meta": meta}
    grids = snapshot["grids"]
    code, team = grids.text("code"), grids.text("team")
    every = found.sections
    middle: Any = shapely.line_interpolate_point(
        np.array([shapely.get_parts(line)[0] for line in every.lines], dtype=object), 0.5, normalized=True
    )
    lon, lat = lonlat(shapely.get_x(middle), shapely.get_y(middle), str(snapshot.crs)) if len(middle) else ((), ())
    listed = []
    for at in np.lexsort((np.arange(len(every.lines)), -every.length_m, -every.work)).tolist():
        pairs = found.at(at)
        along = sorted(
            zip(found.row[pairs].tolist(), found.metres[pairs].tolist(), found.share_m[pairs].tolist(), strict=True),
            key=lambda one: (-one[1], str(code[one[0]])),
        )
        if params.parent is not None and not any(grids.text("parent")[row] == params.parent for row, _, _ in along):
            continue
        listed.append(
            {
                "id": str(at + 1),
                "name": every.name[at],
                "length_m": round(float(every.length_m[at]), 1),
                "incidents": None if found.incidents is None else int(found.incidents[at]),
                "grids": [
                    {"code": code[row], "team": team[row], "metres": round(metres, 1), "share_m": round(share, 1)}
                    for row, metres, share in along
                ],
                "lon": round(float(lon[at]), DECIMALS),
                "lat": round(float(lat[at]), DECIMALS),
            }
        )
    return {
        "level": level,
        "sections": listed[:limit],
        "total": len(listed),
        "length_m": round(float(every.length_m.sum()), 1),
        "meta": meta,
    }
