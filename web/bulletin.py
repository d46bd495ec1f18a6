"""The figures of a monthly bulletin: a month at one grid level, against the month before and the year before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import shapely

from geo.columns import Snapshot
from geo.compare import ALPHA
from geo.errors import N_, NoDataError, UnknownLevelError
from geo.month import Month
from geo.periods import clock
from layers.base import Against, Params, chosen_level, levels_of
from layers.compared import known_record
from layers.complete import Complete
from layers.hotspot_params import Unit
from layers.joins import local_times, selected
from web import coverage_service, phrases, service
from web.comparing import compare_answer
from web.rhythm import rhythm_answer
from web.runs import Shown

Json = dict[str, Any]
CoverageOf = Callable[[Params], Shown]
NEEDS = ("grids", "incidents", "cameras", "buildings", "streets", "places")
AGAINST: tuple[tuple[str, Against], ...] = (("month", "previous"), ("year", "last_year"))
UNITS: tuple[Unit, ...] = ("hex", "grid")
HEAT_M = (100.0, 1000.0)  # least and largest radius of the heat map


def params_of(snapshot: Snapshot, month: Month, level: str | None) -> Params:
    """Return the parameters of a month's figures; the heat's radius fits the size of the town."""
    if level is not None and len(snapshot["grids"]) == 0:
        raise UnknownLevelError(
            N_("There is no grid level {level}: the store holds no grids."), N_("Import grids first."), level=level
        )
    window = month.window(snapshot.timezone)
    return Params(
        level=chosen_level(snapshot["grids"], level), start=window.start, end=window.end, radius_m=heat_radius(snapshot)
    )


def heat_radius(snapshot: Snapshot) -> float:
    """Return a radius in metres at which a heat map of the whole town can be read on a page: a 40th of its width."""
    shapes = snapshot["grids"].geometry
    if shapes is None or len(shapes) == 0:
        return 120.0
    west, south, east, north = shapely.total_bounds(shapes)
    wide = float(np.sqrt((east - west) * (north - south))) / 40
    return round(min(max(wide, HEAT_M[0]), HEAT_M[1]) / 10) * 10.0


def refuse_without_data(snapshot: Snapshot, month: Month) -> None:
    """Raise NoDataError, with what there is, when the month holds no incident."""
    found = phrases.bounds_of(snapshot)
    if found is None:
        raise NoDataError(
            N_("There is no bulletin of {month}: no incident of the store has a time."),
            N_("Import incidents with their times first."), month=str(month),
        )  # fmt: skip
    window = month.window(snapshot.timezone)
    if not selected(snapshot, Params(start=window.start, end=window.end)).any():
        first, last = (clock(value, snapshot.timezone) for value in found)
        raise NoDataError(
            N_("There is no bulletin of {month}: the store holds no incident of that month."),
            N_("Choose a month from {first} to {last}."),
            month=str(month), first=f"{first:%Y-%m}", last=f"{last:%Y-%m}",
        )  # fmt: skip


def facts(snapshot: Snapshot, month: Month, level: str | None, coverage_of: CoverageOf | None) -> Json:
    """Return every figure of the bulletin, JSON-ready.

    Parameters
    ----------
    level
        None: the finest.
    coverage_of
        Returns the coverage of a level by the parameters; None leaves coverage out.

    Raises
    ------
    NoDataError
        The month holds no incident.
    UnknownLevelError
        The store has no such level.
    """
    params = params_of(snapshot, month, level)
    refuse_without_data(snapshot, month)
    density = service.density_answer(snapshot, params)
    windows: Json = {}
    tables: dict[str, Json] = {}
    for name, against in AGAINST:
        asked = replace(params, against=against)
        tables[name] = {by: compare_answer(snapshot, asked, by, None, 0) for by in ("grids", "categories", "level")}
        answer = tables[name]["grids"]
        windows[name] = {"state": answer["state"], "before": answer["before"], "total": answer["total"],
                         "tests": {by: tables[name][by]["tests"] for by in ("grids", "categories")}}  # fmt: skip
        windows["now"] = answer["now"]
    rhythm = rhythm_answer(snapshot, params, None)
    return {
        "month": str(month),
        "level": params.level,
        "from": params.start,
        "to": params.end,
        "timezone": snapshot.timezone,
        "total": density["total"],
        "outside": density["outside"],
        "alpha": ALPHA,
        "windows": windows,
        "partial": partial(snapshot, month),
        "grids": merged(density["grids"], tables, "grids", "code"),
        "categories": categories(snapshot, params, tables),
        "levels": levels(snapshot, tables),
        "days": day_counts(snapshot, params, month),
        "matrix": rhythm["matrix"],
        "radius_m": params.radius_m,
        "spots": hotspots_of(snapshot, params)[0],
        "coverage": coverage(snapshot, params, coverage_of),
        "revision": max(snapshot[name].revision for name in NEEDS),
        "crs": snapshot.crs,
    }


def hotspots_of(snapshot: Snapshot, params: Params) -> tuple[Json, Params | None]:
    """Return the significant hot and cold spots of the month, and the parameters that show them on a map.

    Tested are hexagons, as the page opens with; where they are too few, the grids of the level. None: there is too
    little to test.
    """
    from layers.hotspot_result import hotspots  # brings in the compiler

    for unit in UNITS:
        asked = replace(params, hotspots=replace(params.hotspots, unit=unit, step="month", steps=1))
        found = hotspots(snapshot, asked)
        if found.reason is None:
            sure = found.found(asked.hotspots.q)
            rows = np.flatnonzero(sure)
            rows = rows[np.argsort(-found.whole.z[rows], kind="stable")]
            places = [
                {
                    "code": found.places.codes[row],
                    "name": found.places.names[row],
                    "grid": found.places.within[row],
                    "incidents": int(found.count[row]),
                    "z": float(found.whole.z[row]),
                    "p": float(found.whole.p[row]),
                    "hot": bool(found.whole.z[row] > 0),
                }
                for row in rows
            ]
            return {"unit": unit, "tested": int((~np.isnan(found.level)).sum()), "places": places}, asked
    return {"unit": None, "tested": 0, "places": []}, None


def partial(snapshot: Snapshot, month: Month) -> Json | None:
    """Return the days of the month that the data cover, None when they cover all of it."""
    record = known_record(snapshot)
    window = month.window(snapshot.timezone)
    covered = None if record is None else window.within(record)
    if covered == window:
        return None
    if covered is None:
        return {"first": None, "last": None, "days": 0}
    first = clock(covered.start, snapshot.timezone).date()
    last = (clock(covered.end, snapshot.timezone) - timedelta(days=1)).date()
    return {"first": first.isoformat(), "last": last.isoformat(), "days": (last - first).days + 1}


def merged(rows: list[Json], tables: dict[str, Json], by: str, key: str) -> list[Json]:
    """Return `rows` with the change against each earlier window (None where it cannot be compared), most first."""
    changes = {name: {row[key]: row for row in tables[name][by]["rows"]} for name, _ in AGAINST}
    found = [{**row, **{name: change_of(changes[name].get(row[key])) for name, _ in AGAINST}} for row in rows]
    return sorted(found, key=lambda row: (-row["incidents"], str(row[key])))


def change_of(row: Json | None) -> Json | None:
    """Return what a bulletin says of a change."""
    return None if row is None else {name: row[name] for name in ("before", "difference", "percent", "q", "kind")}


def categories(snapshot: Snapshot, params: Params, tables: dict[str, Json]) -> list[Json]:
    """Return incidents of each category that occurs in one of the months."""
    chosen = selected(snapshot, params)
    names, counts = np.unique(
        np.array([name or "" for name in snapshot["incidents"].text("category")[chosen]], dtype=str), return_counts=True
    )
    known = {str(name) or None: int(count) for name, count in zip(names, counts, strict=True)}
    for name, _ in AGAINST:
        for row in tables[name]["categories"]["rows"]:
            known.setdefault(row["category"], 0)
    return merged(
        [{"category": name, "incidents": count} for name, count in known.items()], tables, "categories", "category"
    )


def levels(snapshot: Snapshot, tables: dict[str, Json]) -> list[Json]:
    """Return, for each level, how many grids have more and fewer incidents than chance explains."""
    found = []
    for level in levels_of(snapshot["grids"]):
        row: Json = {"level": level, "grids": int((snapshot["grids"].text("level") == level).sum())}
        for name, _ in AGAINST:
            mine = next((one for one in tables[name]["level"]["rows"] if one["level"] == level), None)
            row[name] = None if mine is None else {"up": mine["grids_up"], "down": mine["grids_down"]}
        found.append(row)
    return found


def day_counts(snapshot: Snapshot, params: Params, month: Month) -> list[Json]:
    """Return date, weekday (1 Monday) and incidents of each day of the month."""
    first = (month.first - date(1970, 1, 1)).days
    day = local_times(snapshot).day[selected(snapshot, params)]
    counts = np.bincount(day - first, minlength=month.days)
    days = [month.first + timedelta(days=number) for number in range(month.days)]
    return [
        {"date": one.isoformat(), "weekday": one.isoweekday(), "incidents": int(count)}
        for one, count in zip(days, counts, strict=True)
    ]


def coverage(snapshot: Snapshot, params: Params, coverage_of: CoverageOf | None) -> list[Json]:
    """Return the sums of each level's coverage, with the incidents of the month; `totals` None: not worked out."""
    if coverage_of is None or len(snapshot["cameras"]) == 0 or len(snapshot["grids"]) == 0:
        return []
    found = []
    for level in levels_of(snapshot["grids"]):
        asked = replace(params, level=level)
        shown = coverage_of(asked)
        answer = coverage_service.coverage_answer(shown, snapshot, asked)
        found.append({"level": level, "totals": answer["totals"], "stale": shown.stale, "revision": revision(shown)})
    return found


def revision(shown: Shown) -> int | None:
    """Return the revision of the data that a coverage was worked out of."""
    complete: Complete | None = shown.complete
    return None if complete is None else complete.revision
