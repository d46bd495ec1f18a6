"""Incident heat: tiles drawn by the server from a kernel density, and the legend of their one scale."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
from branca.element import Element

from geo.columns import Snapshot
from geo.errors import N_
from geo.heat_kernel import GAUSSIAN
from layers.base import LayerFrame, Legend, LegendItem, Params, features
from layers.density import SCALE_KEPT, scale_days
from layers.drawn import tiled_layer
from layers.rasters.ramps import HOUSE, STEPS

if TYPE_CHECKING:
    from layers.heat_field import HeatCounts

PER_KM2, WEIGHT_PER_KM2 = N_("incidents per km²"), N_("severity per km²")
Sentence = tuple[str, Mapping[str, Any]]


class HeatLayer:
    """Where incidents concentrate, regardless of grid borders."""

    name = "heat"
    title = N_("Heat map")
    needs = ("grids", "incidents")

    def frame(self, snapshot: Snapshot, params: Params) -> LayerFrame:
        """Return no features (the tiles carry the picture) and the legend of their one scale."""
        from layers.heat_field import heat_counts, heat_field, kept_top  # brings in the compiler

        none = features(snapshot.crs, np.zeros(0, dtype=object), {})
        field = heat_field(snapshot, params)
        top, counts = kept_top(snapshot, params), heat_counts(snapshot, params)
        highest = top or field.peak()
        weighted = params.weight == "severity"
        meta = {
            "selected": counts.selected,
            "shown": counts.shown,
            "outside": counts.outside,
            "without_severity": counts.unweighted if weighted else None,
            "highest_per_km2": field.peak() or None,
            "unit": "severity per km2" if weighted else "incidents per km2",
            "kernel": params.kernel,
            "radius_m": params.radius_m,
            "reach_m": field.kernel.reach_m,
            "edge_corrected": field.boundary is not None,
            "weight": params.weight,
        }
        if counts.selected == 0:
            return LayerFrame(none, None, meta)
        edges = np.linspace(0.0, highest, STEPS + 1)
        token = "ramp" if params.ramp == HOUSE else f"ramp-{params.ramp}"
        items = tuple(
            LegendItem(
                f"{token}-{step}",
                low=float(edges[step]),
                high=None if top and step == STEPS - 1 else float(edges[step + 1]),
            )
            for step in reversed(range(STEPS))
        )
        first, *more = sentences(snapshot, params, counts, edge=field.boundary is not None)
        if top:
            more.append((SCALE_KEPT, scale_days(snapshot, params)))
        unit = WEIGHT_PER_KM2 if weighted else PER_KM2
        legend = Legend(self.title, unit, items if highest > 0 else (), first[0], first[1], tuple(more))
        return LayerFrame(none, legend, meta)

    def draw(self, url: str, title: str) -> Element:
        """Return the tile layer; the page appends the choice of incidents, the kernel and the scale 2.

        Its tiles are 512 px wide, those of the next smaller zoom level at scale 2: a quarter of the requests.
        """
        size = {"tile_size": 512, "zoom_offset": -1}
        return tiled_layer(
            self.name, "/tiles/heat/{z}/{x}/{y}.png", title, max_zoom=20, min_zoom=2, opacity=0.75, **size
        )


def kernel_sentence(params: Params) -> Sentence:
    """Say which kernel, and what its radius is."""
    radius = {"radius": round(params.radius_m)}
    if params.kernel == GAUSSIAN:
        return N_("Gaussian kernel, standard deviation {radius} m."), radius
    return N_("Quartic kernel, radius {radius} m."), radius


def window_sentence(snapshot: Snapshot, params: Params, count: int) -> Sentence:
    """Say how many incidents of which time."""
    if params.start is None and params.end is None:
        return N_("{count} incidents of the whole record."), {"count": count}
    start, end = (local_text(moment, snapshot.timezone) for moment in (params.start, params.end))
    if start is None:
        return N_("{count} incidents before {end}."), {"count": count, "end": end}
    if end is None:
        return N_("{count} incidents since {start}."), {"count": count, "start": start}
    return N_("{count} incidents from {start} until before {end}."), {"count": count, "start": start, "end": end}


def local_text(moment: np.datetime64 | None, timezone: str) -> str | None:
    """Return a UTC time as the town's clocks show it; midnight as a date."""
    if moment is None:
        return None
    from datetime import UTC, datetime

    utc = datetime.fromisoformat(str(moment.astype("datetime64[s]"))).replace(tzinfo=UTC)
    local = utc.astimezone(ZoneInfo(timezone))
    midnight = local.hour == local.minute == local.second == 0
    return local.strftime("%Y-%m-%d" if midnight else "%Y-%m-%d %H:%M")


def sentences(snapshot: Snapshot, params: Params, counts: HeatCounts, *, edge: bool) -> list[Sentence]:
    """Say what the heat map stands on, and what it leaves out."""
    said = [kernel_sentence(params), window_sentence(snapshot, params, counts.shown)]
    if edge:
        said.append((N_("Corrected at the edge of the city, the outline of its grids."), {}))
        if counts.outside:
            said.append((N_("{outside} outside are left out."), {"outside": counts.outside}))
    else:
        said.append((N_("Not corrected at the edge: there are no grids."), {}))
    if params.weight == "severity":
        said.append((N_("Weighted by severity: {count} without one are left out."), {"count": counts.unweighted}))
    said.append((N_("One scale for every zoom."), {}))
    return said
