"""How much work each grid has against an even share, coloured by the bounds that the reader set."""

from __future__ import annotations

import numpy as np
from branca.element import Element
from numpy.typing import NDArray

from geo.columns import Snapshot
from geo.errors import N_
from layers.balance_params import BalanceParams
from layers.balanced import NEEDS, balanced
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
from layers.drawn import fetched_layer
from layers.extent import in_window

# From the most to the least loaded; what is missing is its own class.
SYMBOLS = ("change-up-2", "change-up-1", "change-chance", "change-down-1", "change-down-2")
WEIGHT_NAMES = ["w_incidents", "w_area", "w_population", "w_streets", "w_places", "w_cameras"]


def edges(wish: BalanceParams) -> NDArray[np.float64]:
    """Return the four loads between the five classes, falling: the bounds, and half way from each to an even share."""
    return np.array([wish.high, (1 + wish.high) / 2, (1 + wish.low) / 2, wish.low])


def symbols(load: NDArray[np.float64], wish: BalanceParams) -> NDArray[np.object_]:
    """Return the legend symbol of each load; a load on a bound is inside it."""
    high, more, less, low = edges(wish)
    place = np.select([load > high, load > more, load >= less, load >= low], [0, 1, 2, 3], 4)
    found = np.array(SYMBOLS, dtype=object)[place]
    found[~np.isfinite(load)] = "no-data"
    return found


class BalanceLayer:
    """Which grids have more work than others, and which less."""

    name = "balance"
    title = N_("Workload")
    needs = NEEDS

    def frame(self, snapshot: Snapshot, params: Params) -> LayerFrame:
        """Return the grids of the level with their load, among all of the level; of very many those in the window."""
        grids = snapshot["grids"]
        level = chosen_level(grids, params.level)
        found = balanced(snapshot, level, params)
        keep = np.flatnonzero(np.isin(found.rows, rows_of_level(grids, level, params.parent)))
        shown, window = in_window(grids, found.rows[keep], params.bbox)
        sent = keep[shown]
        rows = found.rows[sent]
        symbol = symbols(found.load, params.balance)
        geometry = np.zeros(0, dtype=object) if grids.geometry is None else grids.geometry[rows]
        frame = features(
            snapshot.crs,
            geometry,
            {
                "code": text_or_none(grids.text("code")[rows]),
                "name": text_or_none(grids.text("name")[rows]),
                "team": text_or_none(grids.text("team")[rows]),
                "load": number_or_none(found.load[sent]),
                "share": number_or_none(found.work.share[sent]),
                **{name: number_or_none(values[sent]) for name, values in found.amounts.items()},
                "symbol": symbol[sent],
            },
        )
        legend = self._legend(symbol[keep], params.balance) if len(keep) else None
        return LayerFrame(frame, legend, {"level": level, "rows": len(keep), **window})

    def _legend(self, symbol: NDArray[np.object_], wish: BalanceParams) -> Legend:
        tops = [None, *edges(wish).tolist()]
        items = [
            LegendItem(name, "", float(low), top, int((symbol == name).sum()))
            for name, top, low in zip(SYMBOLS, tops, [*edges(wish).tolist(), 0.0], strict=True)
        ]
        if (symbol == "no-data").any():
            items.append(LegendItem("no-data", N_("no data"), count=int((symbol == "no-data").sum())))
        return Legend(
            self.title, N_("× even share"), tuple(items),
            N_(
                "1 is what each grid of the level would have if all had the same;"
                " the outer classes lie outside the bounds."
            ),
        )  # fmt: skip

    def draw(self, url: str, title: str) -> Element:
        """Return the element that registers the layer with the page."""
        depends = ["level", "parent", "from", "to", "category", "hours", "weekdays", "bbox", *WEIGHT_NAMES]
        return fetched_layer(self.name, url, title, depends=[*depends, "load_low", "load_high"])
