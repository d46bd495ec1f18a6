"""Road sections on the map, told apart by how much of the work each has."""

from __future__ import annotations

import numpy as np
import shapely
from branca.element import Element

from geo.balance import loads
from geo.columns import Snapshot
from geo.errors import N_
from layers.balance import SYMBOLS, edges, symbols
from layers.base import LayerFrame, Legend, LegendItem, Params, chosen_level, features, text_or_none
from layers.drawn import fetched_layer
from layers.sectioned import NEEDS, sectioned

LIMIT = 3_000


class SectionsLayer:
    """Stretches of road for which a post may answer."""

    name = "sections"
    title = N_("Road sections")
    needs = NEEDS

    def frame(self, snapshot: Snapshot, params: Params) -> LayerFrame:
        """Return at most 3,000 sections that meet the box, with length, incidents and load among all of them."""
        level = chosen_level(snapshot["grids"], params.level)
        if level is None or snapshot["streets"].geometry is None:
            return LayerFrame(features(snapshot.crs, np.zeros(0, dtype=object), {}), None, {"level": level, "rows": 0})
        found = sectioned(snapshot, level, params)
        lines = found.sections.lines
        shown = np.arange(len(lines))
        if params.bbox is not None and len(lines):
            shown = np.sort(shapely.STRtree(lines).query(shapely.box(*params.bbox)))
        sent = shown[:LIMIT]
        load = loads(found.sections.work)
        symbol = symbols(load, params.balance)
        incidents = found.incidents
        frame = features(
            snapshot.crs,
            lines[sent],
            {
                "id": np.array([f"{i + 1}" for i in sent.tolist()], dtype=object),
                "name": text_or_none(found.sections.name[sent]),
                "length_m": np.round(found.sections.length_m[sent], 1),
                "incidents": np.full(len(sent), None, dtype=object) if incidents is None else incidents[sent],
                "symbol": symbol[sent],
            },
        )
        meta = {"level": level, "rows": len(lines), "in_view": len(shown), "truncated": len(shown) > LIMIT}
        tops = [None, *edges(params.balance).tolist()]
        lows = [*edges(params.balance).tolist(), 0.0]
        items = tuple(
            LegendItem(name, "", float(low), top, int((symbol == name).sum()))
            for name, top, low in zip(SYMBOLS, tops, lows, strict=True)
        )
        by = N_("incidents against the mean of all sections")
        if params.balance.section_incidents is None or incidents is None:
            by = N_("length against the mean of all sections")
        return LayerFrame(frame, Legend(self.title, by, items), meta)

    def draw(self, url: str, title: str) -> Element:
        """Return the element that registers the layer with the page."""
        depends = ["level", "from", "to", "category", "hours", "weekdays", "bbox", "load_low", "load_high"]
        return fetched_layer(self.name, url, title, depends=[*depends, "section_m", "section_incidents"])
