"""Incidents per grid as a choropleth: count, per square kilometre, per 10,000 people."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from branca.element import Element
from numpy.typing import NDArray

from geo.classes import Classes, class_breaks
from geo.columns import Snapshot
from geo.density import Density, density
from geo.errors import N_
from geo.local_time import NO_DAY, local_time
from layers.base import (
    LayerFrame,
    Legend,
    LegendItem,
    Method,
    Metric,
    Params,
    chosen_level,
    features,
    number_or_none,
    rows_of_level,
    text_or_none,
)
from layers.drawn import fetched_layer
from layers.extent import in_window
from layers.joins import assigned, selected

CLASSES = 5
NO_DATA, ZERO = -1, -2
UNITS = {
    "count": N_("incidents"),
    "per_km2": N_("incidents per km²"),
    "per_10k": N_("incidents per 10,000 people"),
}

SCALE_KEPT = N_("Scale kept: that of {start} to {end}")
NOTES: dict[Method, str] = {
    "quantiles": N_("Classes with equal numbers of grids"),
    "fisher_jenks": N_("Natural classes (Fisher-Jenks)"),
    "equal": N_("Classes of equal width"),
}


def classify(values: NDArray[np.float64], method: Method) -> tuple[NDArray[np.int64], Classes]:
    """Return the class of each value (-1 missing, -2 zero, else 0 .. k-1) and the classes of those above zero."""
    classes = class_breaks(values, k=CLASSES, method=method, zero_class=True)
    return classes.of(values, zero_class=True), classes


def _values(result: Density, metric: Metric) -> NDArray[np.float64]:
    return {"count": result.counts.astype(np.float64), "per_km2": result.per_km2, "per_10k": result.per_10k}[metric]


def scale_days(snapshot: Snapshot, params: Params) -> dict[str, str]:
    """Return the first and the last local day of the window of the scale as text, a dash for an open end."""
    ends = np.array([params.scale_start, params.scale_end], dtype="datetime64[ms]")
    ends[1] -= np.timedelta64(1, "ms")
    days = local_time(ends, snapshot.timezone).day
    start, end = ("–" if day == NO_DAY else str(np.datetime64(int(day), "D")) for day in days)
    return {"start": start, "end": end}


class DensityLayer:
    """Where incidents concentrate, grid by grid."""

    name = "density"
    title = N_("Incident density")
    needs = ("grids", "incidents")

    def result(self, snapshot: Snapshot, level: str | None, params: Params) -> Density:
        """Return the density of the level, over the time window and categories of `params`."""
        joined = assigned(snapshot, level)
        population = snapshot["grids"].number("population")[joined.rows]
        return density(joined.index, joined.area_m2, population, selected(snapshot, params))

    def frame(self, snapshot: Snapshot, params: Params) -> LayerFrame:
        """Return the grids of the level with counts, rates, the shaded value and its class (among all of the level).

        Of very many grids only those in the window are features; legend and facts are of all.
        """
        grids = snapshot["grids"]
        level = chosen_level(grids, params.level)
        result = self.result(snapshot, level, params)
        every = assigned(snapshot, level).rows
        keep = np.flatnonzero(np.isin(every, rows_of_level(grids, level, params.parent)))
        value = _values(result, params.metric)[keep]
        classes, found = classify(value, params.method)
        scaled = self._scale(snapshot, level, params, keep)
        if scaled is not None:
            classes, found = scaled.of(value, zero_class=True), scaled
        shown, window = in_window(grids, every[keep], params.bbox)
        sent = keep[shown]
        rows = every[sent]
        geometry = np.zeros(0, dtype=object) if grids.geometry is None else grids.geometry[rows]
        frame = features(
            snapshot.crs,
            geometry,
            {
                "code": text_or_none(grids.text("code")[rows]),
                "name": text_or_none(grids.text("name")[rows]),
                "parent": text_or_none(grids.text("parent")[rows]),
                "incidents": result.counts[sent],
                "area_km2": result.area_km2[sent],
                "per_km2": number_or_none(result.per_km2[sent]),
                "per_10k": number_or_none(result.per_10k[sent]),
                "symbol": symbols(classes[shown], len(found.breaks)),
            },
        )
        meta = {
            "level": level,
            "metric": params.metric,
            "method": params.method,
            "total": int(result.total),
            "outside": int(result.outside),
            "rows": len(keep),
            **window,
        }
        note: tuple[str, dict[str, Any]] = (NOTES[params.method], {})
        if scaled is not None:
            note = (SCALE_KEPT, scale_days(snapshot, params))
        return LayerFrame(frame, self._legend(classes, found, params, note) if len(keep) else None, meta)

    def _scale(self, snapshot: Snapshot, level: str | None, params: Params, keep: NDArray[np.int64]) -> Classes | None:
        """Return the classes of the window whose scale is asked for; None: none is, or nothing happened in it.

        The lowest class begins at nothing and the highest has no end: other windows may hold less and more.
        """
        if params.scale_start is None and params.scale_end is None:
            return None
        base = self.result(snapshot, level, replace(params, start=params.scale_start, end=params.scale_end))
        _, found = classify(_values(base, params.metric)[keep], params.method)
        if len(found.breaks) == 0:
            return None
        return replace(found, low=1.0 if params.metric == "count" else 0.0, breaks=np.append(found.breaks[:-1], np.inf))

    def _legend(
        self, classes: NDArray[np.int64], found: Classes, params: Params, note: tuple[str, dict[str, Any]]
    ) -> Legend:
        items = []
        counts = params.metric == "count"
        low = found.low
        for position, high in enumerate(found.breaks):
            # Counts are whole: "3 - 5" and "6 - 9" say more than bounds that repeat.
            top = math.floor(high) if counts and math.isfinite(high) else float(high)
            symbol = f"ramp-{_spread(position, len(found.breaks))}"
            upper = float(top) if math.isfinite(top) else None
            items.append(LegendItem(symbol, "", float(low), upper, int((classes == position).sum())))
            low = top + 1 if counts else top
        items.reverse()
        items.append(LegendItem("ramp-zero", N_("no incident"), count=int((classes == ZERO).sum())))
        if (classes == NO_DATA).any():
            items.append(LegendItem("no-data", N_("no data"), count=int((classes == NO_DATA).sum())))
        text, fields = note
        return Legend(self.title, UNITS[params.metric], tuple(items), text, fields)

    def draw(self, url: str, title: str) -> Element:
        """Return the element that registers the layer with the page."""
        return fetched_layer(
            self.name,
            url,
            title,
            depends=[
                "level",
                "parent",
                "from",
                "to",
                "category",
                "hours",
                "weekdays",
                "metric",
                "method",
                "bbox",
                "scale_from",
                "scale_to",
                "division",
            ],
        )


def symbols(classes: NDArray[np.int64], count: int) -> NDArray[np.object_]:
    """Return the legend symbol of each class of `classify`; `count` is the number of classes above zero."""
    named = {NO_DATA: "no-data", ZERO: "ramp-zero"} | {place: f"ramp-{_spread(place, count)}" for place in range(count)}
    return np.array([named[int(place)] for place in classes], dtype=object)


def _spread(position: int, count: int) -> int:
    """Return the step of the five-step ramp for class `position` of `count`: the highest class is always darkest."""
    return CLASSES - 1 if count == 1 else round(position * (CLASSES - 1) / (count - 1))
