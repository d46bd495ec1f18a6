"""Answers of /api/displacement: before and after a measure, against a control area, with the ring around both."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import shapely

from geo.columns import Snapshot
from geo.crs import WGS84, transform_xy
from geo.displacement import AREAS, Difference
from geo.errors import N_
from geo.periods import around
from layers.base import Params, features
from layers.compared import Side
from layers.measure import MOST_GRIDS, Measure, Outcome, outcome
from web.jsonio import collection, iso
from web.params import MAX_TEXT, Query, fault, moment, number
from web.sightings import place as place_of

Json = dict[str, Any]
MOST_DAYS, MOST_RING_M, MOST_RADIUS_M = 3_660, 5_000.0, 10_000.0


def codes(query: Query, name: str) -> tuple[str, ...]:
    """Return the grid codes of a repeated parameter, each once."""
    found = tuple(dict.fromkeys(code for code in query.getlist(name) if code))
    if len(found) > MOST_GRIDS or any(len(code) > MAX_TEXT for code in found):
        raise fault(
            name,
            len(found),
            N_("{value} grids are too many."),
            N_("Give at most {limit}."),
            limit=MOST_GRIDS,
        )
    return found


def measure_of(query: Query, snapshot: Snapshot) -> Measure:
    """Return the measure a request asks about: treated grids or a place with a radius, a date, lengths, the ring."""
    when = moment(query.get("date"), "date", snapshot.timezone)
    if when is None:
        raise fault("date", "", N_("The date of the measure is missing."), N_("Give it as 2024-05-31."))
    treated = codes(query, "code")
    place = None
    if not treated:
        if not query.get("lon") and not query.get("lat"):
            raise fault(
                "code",
                "",
                N_("It is not said where the measure was taken."),
                N_("Give codes of grids, or lon and lat."),
            )
        lon, lat = place_of(query, snapshot.crs)
        radius = number(query, "place_m", 250.0, 10.0, MOST_RADIUS_M)
        if snapshot.crs is not None:
            x, y = transform_xy([lon], [lat], WGS84, snapshot.crs)
            place = (float(x[0]), float(y[0]), radius)
    days_before, days_after = (
        int(number(query, name, 90, 1, MOST_DAYS, whole=True)) for name in ("days_before", "days_after")
    )
    before, after = around(when, days_before, days_after, snapshot.timezone)
    return Measure(
        treated, place, codes(query, "control"), before, after, number(query, "ring_m", 200.0, 10.0, MOST_RING_M)
    )


def displacement_answer(snapshot: Snapshot, params: Params, measure: Measure, origin: Json) -> bytes:
    """Return the four areas as GeoJSON, WGS 84, with their counts and the difference."""
    found = outcome(snapshot, params, measure)
    none = np.zeros(0, dtype=object)
    drawn = found.areas is not None and snapshot.crs is not None
    shapes = found.areas if drawn and found.areas is not None else none
    columns: dict[str, Any] = {"area": np.array(AREAS[: len(shapes)], dtype=object)}
    for name, counts in (("before", found.first), ("after", found.last)):
        columns[name] = np.zeros(0, np.int64) if counts is None else counts
    columns["area_km2"] = shapely.area(shapes) / 1e6
    return collection(features(snapshot.crs, shapes, columns), {**_facts(found, measure), "meta": origin})


def displacement_rows(snapshot: Snapshot, params: Params, measure: Measure) -> list[Json]:
    """Return the four areas with their counts, then the differences, then other grids judged as if treated.

    `what` is one of `geo.displacement.AREAS`, "total", "local", "spill", "placebo". None where nothing can be judged.
    """
    found = outcome(snapshot, params, measure)
    if found.areas is None or found.first is None or found.last is None:
        return []
    windows = {
        f"{side}_{end}": value
        for side, facts in (("before", _side(found.before)), ("after", _side(found.after)))
        for end, value in (facts or {}).items()
        if end in ("from", "to")
    }
    codes_of = {"treated": measure.codes, "control": found.control}
    rows: list[Json] = [
        {"what": name, "grids": ", ".join(codes_of.get(name, ())), "area_km2": area_m2 / 1e6, "before": before,
         "after": after, "change": after - before, **windows}
        for name, area_m2, before, after in zip(
            AREAS, shapely.area(found.areas).tolist(), found.first.tolist(), found.last.tolist(), strict=True
        )
    ]  # fmt: skip
    for name in ("total", "local", "spill"):
        difference = getattr(found, name)
        if difference is not None:
            rows.append({"what": name, **asdict(difference), **windows})
    if found.placebo is not None:
        rows.append({"what": "placebo", **asdict(found.placebo), "p": found.placebo.p})
    return rows


def _facts(found: Outcome, measure: Measure) -> Json:
    return {
        "state": found.state,
        "level": found.level,
        "treated": list(measure.codes),
        "control": list(found.control),
        "control_by": "reader" if measure.control else "similarity",
        "ring_m": measure.ring_m,
        "before": _side(found.before),
        "after": _side(found.after),
        "total": _difference(found.total),
        "local": _difference(found.local),
        "spill": _difference(found.spill),
        "placebo": None
        if found.placebo is None
        else {"tried": found.placebo.tried, "as_large": found.placebo.as_large, "p": found.placebo.p},
    }


def _side(side: Side | None) -> Json | None:
    if side is None:
        return None
    return {
        "from": iso(side.window.start),
        "to": iso(side.window.end),
        "days": side.window.days,
        "counted_days": side.exposure_s / 86_400,
        "partial": side.partial,
    }


def _difference(found: Difference | None) -> Json | None:
    return None if found is None else asdict(found)
