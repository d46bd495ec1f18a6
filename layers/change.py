"""What changed against an earlier window, grid by grid; what is no more than chance stays grey."""

from __future__ import annotations

import numpy as np
from branca.element import Element
from numpy.typing import NDArray

from geo.columns import Snapshot
from geo.compare import DOWN, KINDS, NONE, UP, Change
from geo.errors import N_
from layers.base import (
    LayerFrame,
    Legend,
    LegendItem,
    Params,
    chosen_level,
    features,
    number_or_none,
    rows_of_level,
    text_or_none,
)
from layers.compared import compared
from layers.drawn import fetched_layer
from layers.extent import in_window
from layers.joins import assigned

MUCH_MORE, MUCH_LESS = 100.0, -50.0  # percent: twice the rate, half of it
LABELS = {
    "change-up-2": N_("at least twice as many, or new"),
    "change-up-1": N_("more"),
    "change-chance": N_("not more than chance"),
    "change-down-1": N_("fewer"),
    "change-down-2": N_("at most half as many"),
    "ramp-zero": N_("no incident in either window"),
}
DEPENDS = ["level", "parent", "from", "to", "category", "hours", "weekdays", "bbox"]
AGAINST_DEPENDS = ["against", "against_from", "against_to"]


def symbols(found: Change) -> NDArray[np.object_]:
    """Return the legend symbol of each change."""
    much_more = np.isnan(found.percent) | (found.percent >= MUCH_MORE)
    symbol = np.full(found.now.shape, "change-chance", dtype=object)
    symbol[found.kind == NONE] = "ramp-zero"
    symbol[found.kind == UP] = "change-up-1"
    symbol[(found.kind == UP) & much_more] = "change-up-2"
    symbol[found.kind == DOWN] = "change-down-1"
    symbol[(found.kind == DOWN) & (found.percent <= MUCH_LESS)] = "change-down-2"
    return symbol


class ChangeLayer:
    """Which grids have more or fewer incidents than before, beyond chance."""

    name = "change"
    title = N_("Change against before")
    needs = ("grids", "incidents")

    def frame(self, snapshot: Snapshot, params: Params) -> LayerFrame:
        """Return the grids of the level with both counts, the change, its q-value and its class.

        Without features where the windows cannot be compared; ``meta["state"]`` says why.
        """
        grids = snapshot["grids"]
        level = chosen_level(grids, params.level)
        result = compared(snapshot, params, level)
        found = result.grids()
        none = np.zeros(0, dtype=object)
        if found is None or grids.geometry is None:
            return LayerFrame(features(snapshot.crs, none, {}), None, {"level": level, "state": result.state})
        every = assigned(snapshot, level).rows
        keep = np.flatnonzero(np.isin(every, rows_of_level(grids, level, params.parent)))
        shown, window = in_window(grids, every[keep], params.bbox)
        sent = keep[shown]
        rows = every[sent]
        symbol = symbols(found)
        frame = features(
            snapshot.crs,
            grids.geometry[rows],
            {
                "code": text_or_none(grids.text("code")[rows]),
                "name": text_or_none(grids.text("name")[rows]),
                "now": found.now[sent],
                "before": found.before[sent],
                "expected": found.expected[sent],
                "percent": number_or_none(found.percent[sent]),
                "q": number_or_none(found.q[sent]),
                "kind": np.array([KINDS[kind] for kind in found.kind[sent]], dtype=object),
                "symbol": symbol[sent],
            },
        )
        meta = {"level": level, "state": result.state, "rows": len(keep), "tests": found.tests, **window}
        return LayerFrame(frame, self._legend(symbol[keep], found) if len(keep) else None, meta)

    def _legend(self, symbol: NDArray[np.object_], found: Change) -> Legend:
        items = tuple(LegendItem(name, label, count=int((symbol == name).sum())) for name, label in LABELS.items())
        note = N_("Rate against the window before; exact test for counts over {tests} grids, false discoveries 5 %.")
        return Legend(self.title, N_("incidents"), items, note, {"tests": found.tests})

    def draw(self, url: str, title: str) -> Element:
        """Return the element that registers the layer with the page."""
        return fetched_layer(self.name, url, title, depends=[*DEPENDS, *AGAINST_DEPENDS, "division"])
