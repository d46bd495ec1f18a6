"""Incidents: clusters by zoom while there are many in view, single points when there are few."""

from __future__ import annotations

import math

import numpy as np
from branca.element import Element
from numpy.typing import NDArray

from geo.cluster import cluster_points
from geo.columns import LayerColumns, Snapshot
from geo.crs import lonlat
from geo.errors import N_
from layers.base import LayerFrame, Legend, LegendItem, Params, features, in_bbox, number_or_none, points, text_or_none
from layers.drawn import fetched_layer
from layers.joins import selected

FEW = 300
CLUSTER_PX = 72
EARTH_PX_M = 156_543.033_928  # metres per pixel at the equator, zoom 0, tiles of 256 px


def metres_per_pixel(x: float, y: float, crs: str, zoom: int) -> float:
    """Return the ground size of one screen pixel at a place, in metres."""
    _, lat = lonlat(np.array([x]), np.array([y]), crs)
    return EARTH_PX_M * math.cos(math.radians(float(lat[0]))) / 2.0**zoom


def iso_times(values: NDArray[np.datetime64]) -> NDArray[np.object_]:
    """Return times as ISO 8601 text in UTC, None where missing."""
    return np.array(
        [None if np.isnat(value) else f"{np.datetime_as_string(value, unit='s')}Z" for value in values], dtype=object
    )


class IncidentsLayer:
    """The incidents in view."""

    name = "incidents"
    title = N_("Incidents")
    needs = ("incidents",)

    def frame(self, snapshot: Snapshot, params: Params) -> LayerFrame:
        """Return points (property `count` 1) or clusters (`count` > 1) of the selected incidents in the box."""
        incidents = snapshot["incidents"]
        chosen = selected(snapshot, params)
        if snapshot.crs is None or incidents.x is None or incidents.y is None or not chosen.any():
            return LayerFrame(
                features(snapshot.crs, np.zeros(0, dtype=object), {}),
                None,
                {"selected": int(chosen.sum()), "in_view": 0, "clustered": False},
            )
        rows = np.flatnonzero(chosen & in_bbox(incidents.x, incidents.y, params.bbox))
        meta = {"selected": int(chosen.sum()), "in_view": len(rows), "clustered": False}
        if len(rows) <= FEW or params.zoom is None:
            return LayerFrame(self._points(snapshot.crs, incidents, rows), self._legend(False, len(rows)), meta)
        x, y = incidents.x[rows], incidents.y[rows]
        cell_m = CLUSTER_PX * metres_per_pixel(float(np.median(x)), float(np.median(y)), snapshot.crs, params.zoom)
        clusters = cluster_points(x, y, cell_m)
        single = clusters.count == 1
        ids, categories = incidents.text("id"), incidents.text("category")
        times = iso_times(incidents.columns["occurred_at"][rows[clusters.first]])
        first = rows[clusters.first]
        # A cluster stands at the mean of its points, but in the middle half of its cell, so that neighbours stay apart.
        middle_x = np.clip(clusters.x, *((np.floor(clusters.x / cell_m) + share) * cell_m for share in (0.25, 0.75)))
        middle_y = np.clip(clusters.y, *((np.floor(clusters.y / cell_m) + share) * cell_m for share in (0.25, 0.75)))
        frame = points(
            snapshot.crs,
            np.where(single, clusters.x, middle_x),
            np.where(single, clusters.y, middle_y),
            {
                "count": clusters.count.astype(np.int64),
                "id": np.where(single, ids[first], None),
                "category": np.where(single, categories[first], None),
                "occurred_at": np.where(single, times, None),
            },
        )
        return LayerFrame(frame, self._legend(True, len(rows)), {**meta, "clustered": True})

    def _points(self, crs: str, incidents: LayerColumns, rows: NDArray[np.int64]) -> object:
        assert incidents.x is not None and incidents.y is not None
        return points(
            crs,
            incidents.x[rows],
            incidents.y[rows],
            {
                "count": np.ones(len(rows), dtype=np.int64),
                "id": text_or_none(incidents.text("id")[rows]),
                "category": text_or_none(incidents.text("category")[rows]),
                "occurred_at": iso_times(incidents.columns["occurred_at"][rows]),
                "grid_code": text_or_none(incidents.text("grid_code")[rows]),
                "status": text_or_none(incidents.text("status")[rows]),
                "severity": number_or_none(incidents.number("severity")[rows]),
            },
        )

    def _legend(self, clustered: bool, count: int) -> Legend:
        items = [LegendItem("incident", N_("one incident"))]
        if clustered:
            items.append(LegendItem("cluster", N_("several incidents (number inside)")))
        return Legend(self.title, N_("incidents"), tuple(items), N_("{count} in view"), {"count": count})

    def draw(self, url: str, title: str) -> Element:
        """Return the element that registers the layer with the page."""
        return fetched_layer(
            self.name, url, title, depends=["from", "to", "category", "hours", "weekdays", "bbox", "zoom"]
        )
