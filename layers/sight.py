"""Views of a snapshot's cameras by the rules of `geo.cameras`, computed when first asked for and kept."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.cameras import CameraStates, camera_states, camera_views
from geo.columns import Snapshot
from layers.memo import Memo

_memo = Memo(6)


class Sight:
    """Views of the cameras of one snapshot.

    Parameters
    ----------
    snapshot
        Its cameras and buildings are read; it must have a CRS when it has cameras.
    assumed_range_m
        Reach of a camera whose range is unknown, in metres.
    online_only
        Cameras recorded as offline see nothing, those of unknown state only possibly.
    """

    def __init__(self, snapshot: Snapshot, assumed_range_m: float, online_only: bool) -> None:
        cameras = snapshot["cameras"]
        geometry = snapshot["buildings"].geometry
        self._crs = snapshot.crs
        self._x = np.zeros(0) if cameras.x is None else cameras.x
        self._y = np.zeros(0) if cameras.y is None else cameras.y
        self._buildings = np.zeros(0, dtype=object) if geometry is None else geometry
        self.states: CameraStates = camera_states(
            cameras.text("kind"),
            cameras.number("azimuth_deg"),
            cameras.number("azimuth_tolerance_deg"),
            cameras.number("hfov_deg"),
            cameras.number("range_m"),
            np.asarray(cameras.columns["online"]),
            assumed_range_m=assumed_range_m,
            online_only=online_only,
        )
        self._certain = np.full(len(cameras), None, dtype=object)
        self._possible = np.full(len(cameras), None, dtype=object)
        self._moved_m = np.zeros(len(cameras))
        self._known = np.zeros(len(cameras), dtype=bool)
        self._lock = threading.Lock()

    def views(self, rows: NDArray[np.int64]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return (certain, possible) polygons of the cameras at `rows`, None where nothing; disjoint per camera."""
        with self._lock:
            missing = rows[~self._known[rows]]
            if len(missing) and self._crs is not None:
                states = CameraStates(**{name: values[missing] for name, values in vars(self.states).items()})
                found = camera_views(self._x[missing], self._y[missing], states, self._buildings, crs=self._crs)
                self._certain[missing], self._possible[missing] = found.certain, found.possible
                self._moved_m[missing] = found.moved_m
                self._known[missing] = True
            return self._certain[rows], self._possible[rows]

    def moved_m(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return how far each camera at `rows`, recorded inside a building, was moved to the façade; 0 for none."""
        self.views(rows)
        with self._lock:
            return self._moved_m[rows]


def sight(snapshot: Snapshot, assumed_range_m: float, online_only: bool) -> Sight:
    """Return the views of `snapshot`, shared between requests while cameras and buildings stay the same."""
    return _memo.get(
        (snapshot["cameras"], snapshot["buildings"]),
        (snapshot.crs, assumed_range_m, online_only),
        lambda: Sight(snapshot, assumed_range_m, online_only),
    )


def drawable(views: NDArray[Any]) -> NDArray[np.bool_]:
    """Return which views exist and are not empty."""
    return ~(shapely.is_missing(views) | shapely.is_empty(views))


def assumptions(snapshot: Snapshot, rows: NDArray[np.int64], assumed_range_m: float) -> dict[str, float | int]:
    """Return how many of the cameras at `rows` lack which fact, and what was assumed for them."""
    cameras = snapshot["cameras"]
    kinds = cameras.text("kind")[rows]
    turning = np.array([kind in ("ptz", "dome") for kind in kinds], dtype=bool)
    round_view = turning | (kinds == "panoramic")
    azimuth = cameras.number("azimuth_deg")[rows]
    online = np.asarray(cameras.columns["online"])[rows]
    return {
        "cameras": len(rows),
        "assumed_range_m": assumed_range_m,
        "range_unknown": int(np.isnan(cameras.number("range_m")[rows]).sum()),
        "direction_unknown": int((np.isnan(azimuth) & ~round_view).sum()),
        "fov_unknown": int((np.isfinite(azimuth) & np.isnan(cameras.number("hfov_deg")[rows]) & ~round_view).sum()),
        "turning": int(turning.sum()),
        "state_unknown": int((online == -1).sum()),
        "offline": int((online == 0).sum()),
    }
