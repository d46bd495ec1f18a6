"""Boundaries of the grids of one level."""

from __future__ import annotations

import numpy as np
import shapely
from branca.element import Element

from geo.columns import Snapshot
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
from layers.drawn import fetched_layer
from layers.extent import in_window


class GridsLayer:
    """Whose grid is this: code, name, team, population, area and the number of children."""

    name = "grids"
    title = N_("Grid boundaries")
    needs = ("grids",)

    def frame(self, snapshot: Snapshot, params: Params) -> LayerFrame:
        """Return the grids of the level (below the parent, when one is given); of very many, those in the window."""
        grids = snapshot["grids"]
        level = chosen_level(grids, params.level)
        every = rows_of_level(grids, level, params.parent)
        shown, window = in_window(grids, every, params.bbox)
        rows = every[shown]
        geometry = np.zeros(0, dtype=object) if grids.geometry is None else grids.geometry[rows]
        codes = grids.text("code")
        parents = [code for code in grids.text("parent") if code is not None]
        names, counts = np.unique(np.array(parents, dtype=object), return_counts=True) if parents else ((), ())
        children = dict(zip(names, (int(count) for count in counts), strict=True))
        frame = features(
            snapshot.crs,
            geometry,
            {
                "code": text_or_none(codes[rows]),
                "name": text_or_none(grids.text("name")[rows]),
                "level": text_or_none(grids.text("level")[rows]),
                "parent": text_or_none(grids.text("parent")[rows]),
                "team": text_or_none(grids.text("team")[rows]),
                "population": number_or_none(grids.number("population")[rows]),
                "area_km2": shapely.area(geometry) / 1e6,
                "children": np.array([children.get(code, 0) for code in codes[rows]], dtype=np.int64),
            },
        )
        legend = None
        if len(every):
            legend = Legend(self.title, N_("grids"), (LegendItem("grid-line", level or "", count=len(every)),))
        return LayerFrame(frame, legend, {"level": level, "parent": params.parent, "rows": len(every), **window})

    def draw(self, url: str, title: str) -> Element:
        """Return the element that registers the layer with the page."""
        return fetched_layer(self.name, url, title, depends=["level", "parent", "bbox"])
