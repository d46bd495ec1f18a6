"""Hot spots as an answer: figures of each place and a sentence that says what they mean."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from geo.columns import Snapshot
from geo.crs import lonlat
from geo.errors import N_
from layers.base import Params
from layers.hotspot_params import HotspotParams
from layers.hotspot_result import LEAST_INCIDENTS, LEAST_UNITS, Found, hotspots
from layers.hotspot_units import middles
from layers.hotspots import columns, rows_of_parent, totals
from web.jsonio import DECIMALS, iso

Json = dict[str, Any]
Translate = Callable[[str], str]

MILLION = 1_000_000
SCATTERED = 1.5  # dispersion from which on it is worth telling
ALONE_P = 0.05  # what would be found if it were the only place looked at

COUNTS = {
    "week": N_("{count} in {steps} weeks where {expected} were expected."),
    "month": N_("{count} in {steps} months where {expected} were expected."),
}
NEAR = N_("With the {neighbours} places around it {near} where {near_expected} were expected.")
VERDICTS = {
    "hot": N_("Unlikely by chance (about 1 in {odds}): a hot spot."),
    "cold": N_("Unlikely by chance (about 1 in {odds}): a cold spot."),
    "alone": N_("About 1 in {odds} where counts scatter as here: of {tested} places, some are so without any cause."),
    "none": N_("No more than chance brings."),
    "usual": N_("Not out of the ordinary here, where counts scatter {scatter} times as much as by chance alone."),
    "untested": N_("Not tested: nothing is known of what would be expected here."),
}
PATTERNS = {
    "hot-new": N_("New: a hot spot in the last step and never before."),
    "hot-consecutive": N_("Consecutive: a hot spot in the last {run} steps without a break, never before."),
    "hot-intensifying": N_("Intensifying: a hot spot in {often} of {steps} steps, more and more so."),
    "hot-diminishing": N_("Diminishing: a hot spot in {often} of {steps} steps, less and less so."),
    "hot-persistent": N_("Persistent: a hot spot in {often} of {steps} steps, neither more nor less so."),
    "hot-historical": N_("Historical: a hot spot in {often} of {steps} steps, but not in the last one."),
    "hot-oscillating": N_("Oscillating: a hot spot in the last step, a cold one in some step before."),
    "hot-sporadic": N_("Sporadic: a hot spot in the last step and on and off before, in {often} of {steps} steps."),
    "cold-new": N_("New: a cold spot in the last step and never before."),
    "cold-consecutive": N_("Consecutive: a cold spot in the last {run} steps without a break, never before."),
    "cold-intensifying": N_("Intensifying: a cold spot in {often} of {steps} steps, more and more so."),
    "cold-diminishing": N_("Diminishing: a cold spot in {often} of {steps} steps, less and less so."),
    "cold-persistent": N_("Persistent: a cold spot in {often} of {steps} steps, neither more nor less so."),
    "cold-historical": N_("Historical: a cold spot in {often} of {steps} steps, but not in the last one."),
    "cold-oscillating": N_("Oscillating: a cold spot in the last step, a hot one in some step before."),
    "cold-sporadic": N_("Sporadic: a cold spot in the last step and on and off before, in {often} of {steps} steps."),
}
EXPECTED = {
    "per_km2": N_("Expected: as many per km² as in all places together."),
    "per_10k": N_("Expected: as many per 10,000 people as in all places together."),
    "count": N_("Expected: as many in each place as in all others on average."),
}
REASONS = {
    "no_grids": (N_("There are no grids yet."), N_("Import grids: they are the places, and bound the city.")),
    "no_incidents": (N_("There are no incidents yet."), N_("Import incidents with their times.")),
    "short_window": (
        N_("The time window is shorter than one step."),
        N_("Choose a wider window, or weeks instead of months."),
    ),
    "few_units": (
        N_("There are only {places} places to compare, at least {least} are needed."),
        N_("Choose a finer grid level, or smaller cells."),
    ),
    "no_population": (
        N_("Fewer than {least} of these places have a known area or population."),
        N_("Choose density per km² or count, or import populations."),
    ),
    "few_incidents": (
        N_("Only {incidents} incidents lie in these steps, at least {need} are needed."),
        N_("Choose more steps, months instead of weeks, or more categories."),
    ),
}


def hotspots_answer(snapshot: Snapshot, params: Params, limit: int, translate: Translate) -> Json:
    """Return the answer of ``/api/hotspots``: the places in the order of their chance, at most `limit`."""
    wish = params.hotspots
    found = hotspots(snapshot, params)
    figures = columns(found, wish.q)
    listed = rows_of_parent(found, params.parent)
    rows = listed[np.lexsort((-np.abs(np.nan_to_num(found.whole.z[listed])), -found.count[listed],
                              found.whole.p[listed]))]  # fmt: skip
    # What has a pattern is told before what has none, else the reader of a short list would miss the new ones.
    rows = rows[np.argsort(figures["kind"][rows] == "none", kind="stable")][:limit]
    facts = totals(found, wish.q)
    lon, lat = (
        lonlat(*middles(found.places.polygons[rows]), str(snapshot.crs)) if len(rows) else (np.zeros(0), np.zeros(0))
    )
    names = list(figures)
    values = [figures[name][rows].tolist() for name in names]
    runs = final_runs(found)[rows].tolist()
    places = []
    for k, row in enumerate(zip(*values, strict=True)):
        place = dict(zip(names, row, strict=True))
        place["lon"], place["lat"] = round(float(lon[k]), DECIMALS), round(float(lat[k]), DECIMALS)
        place["explanation"] = explain(place, found, wish, facts["tested"], runs[k], translate)
        places.append(place)
    return {
        "unit": wish.unit,
        "level": found.places.level,
        "size_m": found.places.size_m,
        "step": wish.step,
        "steps": len(found.edges) - 1,
        "steps_asked": wish.steps,
        "edges": [iso(edge) for edge in found.edges],
        "by": found.by,
        "expected": translate(EXPECTED[found.by]),
        "level_of_false_discovery": wish.q,
        **facts,
        "reason": _reason(found, translate),
        "listed": len(listed),
        "places": places,
    }


def final_runs(found: Found) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return for how many steps up to the last each place was what it is in the last, hot or cold; 0 for neither."""
    runs = np.zeros(len(found.places), np.int64)
    for state in (found.step_hot, found.step_cold):
        back = state[:, ::-1]
        length = np.where(back.all(axis=1), back.shape[1], np.argmin(back, axis=1)) if back.shape[1] else 0
        runs += length
    return runs


def explain(place: Json, found: Found, wish: HotspotParams, tested: int, run: int, translate: Translate) -> str:
    """Return what the figures of a place mean, in sentences for somebody who knows no statistics."""
    steps = len(found.edges) - 1
    facts: Json = {
        "count": f"{place['count']:,}",
        "steps": steps,
        "expected": rounded(place["expected"]),
        "neighbours": place["neighbours"],
        "near": f"{place['near']:,}",
        "near_expected": rounded(place["near_expected"]),
        "tested": f"{tested:,}",
        "run": run,
        "scatter": rounded(float(found.whole.dispersion)),
        "often": place["steps_hot"] if str(place["category"]).startswith("hot") else place["steps_cold"],
    }
    if place["p"] is None:
        return translate(VERDICTS["untested"])
    facts["odds"] = odds(place["p"])
    sentences = [COUNTS[wish.step]]
    if place["neighbours"]:
        sentences.append(NEAR)
    if place["significant"]:
        sentences.append(VERDICTS["hot" if place["z"] > 0 else "cold"])
    else:
        ordinary = "usual" if found.whole.dispersion > SCATTERED else "none"
        sentences.append(VERDICTS["alone" if place["p"] < ALONE_P else ordinary])
    if place["category"] in PATTERNS:
        sentences.append(PATTERNS[place["category"]])
    gap = "" if translate(VERDICTS["none"]) != VERDICTS["none"] else " "
    return gap.join(translate(sentence).format(**facts) for sentence in sentences)


def rounded(value: float | None) -> str:
    """Return an expected number with as many digits as mean something."""
    if value is None:
        return "–"
    return f"{value:.2f}" if value < 1 else f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def odds(p: float) -> str:
    """Return how seldom a chance `p` comes true: "400" for 1 in 400, to two digits.

    >>> odds(0.00247), odds(0.3), odds(1e-9)
    ('400', '3', '1,000,000+')
    """
    if p <= 1 / MILLION:
        return f"{MILLION:,}+"
    times = 1 / p
    digits = 10.0 ** max(len(str(int(times))) - 2, 0)
    return f"{int(round(times / digits) * digits):,}"


def _reason(found: Found, translate: Translate) -> Json | None:
    if found.reason is None:
        return None
    message, remedy = REASONS[found.reason]
    facts = {
        "places": len(found.places),
        "least": LEAST_UNITS,
        "incidents": int(found.counts.sum()),
        "need": LEAST_INCIDENTS,
    }
    return {
        "code": found.reason,
        "message": translate(message).format(**facts),
        "remedy": translate(remedy).format(**facts),
    }
