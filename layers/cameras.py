"""Cameras: kind, direction and state, as symbols that stay apart without colour."""

from __future__ import annotations

import numpy as np
from branca.element import Element

from geo.cluster import cluster_points
from geo.columns import Snapshot
from geo.errors import N_
from layers.base import (
    LayerFrame,
    Legend,
    LegendItem,
    Params,
    features,
    in_bbox,
    number_or_none,
    points,
    text_or_none,
)
from layers.drawn import fetched_layer
from layers.incidents import CLUSTER_PX, metres_per_pixel

MANY = 3_000
KINDS = (
    ("fixed", N_("fixed camera")),
    ("ptz", N_("turning camera (PTZ)")),
    ("dome", N_("dome camera")),
    ("panoramic", N_("panoramic camera")),
)
STATES = ((1, "online", N_("online")), (0, "offline", N_("offline")), (-1, "unknown", N_("state not known")))


class CamerasLayer:
    """The cameras in view."""

    name = "cameras"
    title = N_("Cameras")
    needs = ("cameras",)

    def frame(self, snapshot: Snapshot, params: Params) -> LayerFrame:
        """Return one feature a camera (`count` 1), or clusters where more than 3,000 are in the box."""
        cameras = snapshot["cameras"]
        if snapshot.crs is None or cameras.x is None or cameras.y is None or len(cameras) == 0:
            return LayerFrame(features(snapshot.crs, np.zeros(0, dtype=object), {}), None, {"in_view": 0, "total": 0})
        keep = in_bbox(cameras.x, cameras.y, params.bbox)
        online = np.asarray(cameras.columns["online"])
        if params.online_only:
            keep &= online != 0  # as in coverage, those of unknown state stay
        rows = np.flatnonzero(keep)
        meta = {"in_view": len(rows), "total": len(cameras), "clustered": False}
        if len(rows) > MANY and params.zoom is not None:
            x, y = cameras.x[rows], cameras.y[rows]
            cell_m = CLUSTER_PX * metres_per_pixel(float(np.median(x)), float(np.median(y)), snapshot.crs, params.zoom)
            clusters = cluster_points(x, y, cell_m)
            frame = points(snapshot.crs, clusters.x, clusters.y, {"count": clusters.count.astype(np.int64)})
            legend = Legend(self.title, N_("cameras"), (LegendItem("camera-cluster", N_("several cameras")),))
            return LayerFrame(frame, legend, {**meta, "clustered": True})
        kind = cameras.text("kind")[rows]
        frame = points(
            snapshot.crs,
            cameras.x[rows],
            cameras.y[rows],
            {
                "count": np.ones(len(rows), dtype=np.int64),
                "id": text_or_none(cameras.text("id")[rows]),
                "name": text_or_none(cameras.text("name")[rows]),
                "kind": text_or_none(kind),
                "owner": text_or_none(cameras.text("owner")[rows]),
                "online": np.array([None if value < 0 else bool(value) for value in online[rows]], dtype=object),
                **{
                    name: number_or_none(cameras.number(name)[rows])
                    for name in ("azimuth_deg", "azimuth_tolerance_deg", "hfov_deg", "range_m", "height_m")
                },
            },
        )
        known = {name for name, _ in KINDS}
        items = [
            LegendItem(f"camera-{name}", label, count=int((kind == name).sum()))
            for name, label in KINDS
            if (kind == name).any()
        ]
        other = sum(1 for value in kind if value not in known)
        if other:
            items.append(LegendItem("camera-other", N_("kind not known"), count=other))
        items += [
            LegendItem(f"state-{token}", label, count=int((online[rows] == value).sum()))
            for value, token, label in STATES
            if (online[rows] == value).any()
        ]
        if any(value is not None for value in frame["azimuth_deg"]):
            items.append(LegendItem("camera-wedge", N_("recorded direction")))
        return LayerFrame(frame, Legend(self.title, N_("cameras"), tuple(items)) if len(rows) else None, meta)

    def draw(self, url: str, title: str) -> Element:
        """Return the element that registers the layer with the page."""
        return fetched_layer(self.name, url, title, depends=["bbox", "zoom", "online_only"])
