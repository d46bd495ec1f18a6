"""Hot and cold spots on the map: what each place was over the steps, told apart without colour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from branca.element import Element
from numpy.typing import NDArray

from geo.columns import Snapshot
from geo.errors import N_
from layers.base import LayerFrame, Legend, LegendItem, Params, features, number_or_none, text_or_none
from layers.drawn import fetched_layer
from layers.extent import shapes_in_window

if TYPE_CHECKING:
    from layers.hotspot_result import Found

NONE = "none"  # as `geo.emerging` says, which brings in the compiler
QUERY = ["unit", "size_m", "step", "steps", "q"]
TITLES = {
    "hot-new": N_("hot: new"),
    "hot-consecutive": N_("hot: consecutive"),
    "hot-intensifying": N_("hot: intensifying"),
    "hot-diminishing": N_("hot: diminishing"),
    "hot-persistent": N_("hot: persistent"),
    "hot-historical": N_("hot: historical"),
    "hot-oscillating": N_("hot: oscillating"),
    "hot-sporadic": N_("hot: sporadic"),
    "hot": N_("hot, no pattern"),
    "cold-new": N_("cold: new"),
    "cold-consecutive": N_("cold: consecutive"),
    "cold-intensifying": N_("cold: intensifying"),
    "cold-diminishing": N_("cold: diminishing"),
    "cold-persistent": N_("cold: persistent"),
    "cold-historical": N_("cold: historical"),
    "cold-oscillating": N_("cold: oscillating"),
    "cold-sporadic": N_("cold: sporadic"),
    "cold": N_("cold, no pattern"),
    "none": N_("neither hot nor cold"),
}


def kinds(found: Found, q: float) -> NDArray[Any]:
    """Return what each place is shown as: its pattern; without one "hot" or "cold" over all steps, or "none"."""
    sure = found.found(q)
    plain = np.where(sure & (found.whole.z > 0), "hot", np.where(sure & (found.whole.z < 0), "cold", NONE))
    return np.where(found.category == NONE, plain, found.category).astype(object)


def columns(found: Found, q: float) -> dict[str, NDArray[Any]]:
    """Return the figures of each place by name; the layer and the API show the same."""
    none = np.full(len(found.places), np.nan)
    trend = found.trend
    return {
        "code": text_or_none(found.places.codes),
        "name": text_or_none(found.places.names),
        "grid": text_or_none(found.places.within),
        "grid_name": text_or_none(found.places.within_name),
        "kind": kinds(found, q),
        "category": found.category,
        "count": found.count,
        "expected": number_or_none(np.where(np.isnan(found.whole.z), np.nan, found.whole.expected)),
        "neighbours": found.places.neighbours.size - 1,
        "near": found.whole.near.astype(np.int64),
        "near_expected": number_or_none(np.where(np.isnan(found.whole.z), np.nan, found.whole.near_expected)),
        "z": number_or_none(found.whole.z),
        "p": number_or_none(np.where(np.isnan(found.whole.z), np.nan, found.whole.p)),
        "q": number_or_none(found.level),
        "significant": found.found(q),
        "tau": number_or_none(none if trend is None else np.where(np.isnan(found.whole.z), np.nan, trend.tau)),
        "trend_p": number_or_none(none if trend is None else np.where(np.isnan(found.whole.z), np.nan, trend.p)),
        "steps_hot": found.step_hot.sum(axis=1),
        "steps_cold": found.step_cold.sum(axis=1),
        "eb_per_10k": number_or_none(found.eb_global),
        "eb_local_per_10k": number_or_none(found.eb_local),
    }


def totals(found: Found, q: float) -> dict[str, Any]:
    """Return how much was tested and found, and how many finds may be false."""
    sure = found.found(q)
    return {
        "tested": int((~np.isnan(found.level)).sum()),
        "significant": int(sure.sum()),
        "hot": int((sure & (found.whole.z > 0)).sum()),
        "cold": int((sure & (found.whole.z < 0)).sum()),
        "expected_false": q * int(sure.sum()),
        "patterns": found.trend is not None,
        "total": found.total,
        "outside": found.outside,
        "dispersion": float(found.whole.dispersion),
    }


class HotspotsLayer:
    """Where there are more or fewer incidents than chance would bring, and since when."""

    name = "hotspots"
    title = N_("Hot spots")
    needs = ("grids", "incidents")

    def frame(self, snapshot: Snapshot, params: Params) -> LayerFrame:
        """Return the places with their figures; of very many only those in the window, the legend is of all."""
        from layers.hotspot_result import hotspots  # brings in the compiler

        wish = params.hotspots
        found = hotspots(snapshot, params)
        every = columns(found, wish.q)
        listed = rows_of_parent(found, params.parent)
        shown, window = shapes_in_window(found.places.polygons[listed], params.bbox)
        sent = listed[shown]
        cut = {name: values[sent] for name, values in every.items()}
        cut["symbol"] = np.array([f"spot-{kind}" for kind in cut["kind"]], dtype=object)
        cut["unit"] = np.full(len(sent), wish.unit, dtype=object)
        frame = features(snapshot.crs, found.places.polygons[sent], cut)
        meta = {
            "unit": wish.unit,
            "level": found.places.level,
            "size_m": found.places.size_m,
            "reason": found.reason,
            "rows": len(listed),
            **totals(found, wish.q),
            **window,
        }
        return LayerFrame(frame, self._legend(every["kind"], found, wish.q) if len(found.places) else None, meta)

    def _legend(self, kinds: NDArray[Any], found: Found, q: float) -> Legend:
        items = [
            LegendItem(f"spot-{kind}", title, count=int((kinds == kind).sum()))
            for kind, title in TITLES.items()
            if kind == NONE or (kinds == kind).any()
        ]
        facts = totals(found, q)
        note = N_("{tested} places tested; of the {found} found over all steps about {false} may be false.")
        return Legend(self.title, N_("places tested"), tuple(items), note,
                      {"tested": facts["tested"], "found": facts["significant"],
                       "false": f"{facts['expected_false']:.1f}"})  # fmt: skip

    def draw(self, url: str, title: str) -> Element:
        """Return the element that registers the layer with the page."""
        choice = ["from", "to", "category", "hours", "weekdays"]
        return fetched_layer(self.name, url, title, depends=["level", "parent", *choice, "metric", *QUERY, "bbox"])


def rows_of_parent(found: Found, parent: str | None) -> NDArray[np.int64]:
    """Return the places whose parent has this code; all of them for None, and all cells of a lattice."""
    if parent is None or found.places.level is None:
        return np.arange(len(found.places))
    return np.flatnonzero(found.places.parents == parent)
