"""What each camera sees, certainly or possibly: which facts of a camera are taken as known.

Certain needs a recorded range and either a panoramic kind, or a recorded azimuth and field of view on a camera that
does not turn; the tolerance of the azimuth narrows it on both sides. Possible is everything the facts do not exclude:
an unknown azimuth or a turning camera is a disc, an unknown field of view with a known azimuth a half disc, an unknown
range the assumed one. Nothing is invented: an assumed figure never makes anything certain.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.columns import LayerColumns, Snapshot
from geo.view import camera_view
from layers.memo import Memo

_memo = Memo(6)
WIDEST_UNKNOWN_DEG = 180.0


@dataclass(frozen=True)
class Facts:
    """What is assumed of one camera, before any building is looked at; a width of None is a full circle."""

    reach_m: float
    range_known: bool
    certain: bool
    certain_width_deg: float | None
    possible_width_deg: float | None
    azimuth_deg: float | None


def facts(cameras: LayerColumns, row: int, assumed_range_m: float) -> Facts:
    """Return what can be said of the camera at `row`."""
    range_m = float(cameras.number("range_m")[row])
    azimuth = float(cameras.number("azimuth_deg")[row])
    hfov = float(cameras.number("hfov_deg")[row])
    tolerance = float(cameras.number("azimuth_tolerance_deg")[row])
    tolerance = tolerance if np.isfinite(tolerance) else 0.0
    kind = cameras.text("kind")[row]
    range_known = bool(np.isfinite(range_m))
    reach = range_m if range_known else assumed_range_m
    if kind == "panoramic" or hfov >= 360.0:
        return Facts(reach, range_known, range_known, None, None, None)
    if kind == "ptz" or not np.isfinite(azimuth):
        return Facts(reach, range_known, False, None, None, None)
    if not np.isfinite(hfov):
        return Facts(reach, range_known, False, None, min(360.0, WIDEST_UNKNOWN_DEG + 2 * tolerance), azimuth)
    narrow = hfov - 2 * tolerance
    return Facts(reach, range_known, range_known and narrow > 0, narrow, min(360.0, hfov + 2 * tolerance), azimuth)


class Sight:
    """Views of the cameras of one snapshot, each computed when first asked for.

    Parameters
    ----------
    snapshot
        Its cameras and buildings are read.
    assumed_range_m
        Reach of a camera whose range is unknown, in metres.
    """

    def __init__(self, snapshot: Snapshot, assumed_range_m: float) -> None:
        self._cameras = snapshot["cameras"]
        geometry = snapshot["buildings"].geometry
        self._buildings = np.zeros(0, dtype=object) if geometry is None else geometry
        self._tree = shapely.STRtree(self._buildings)
        self.facts = [facts(self._cameras, row, assumed_range_m) for row in range(len(self._cameras))]
        self._views: dict[int, tuple[shapely.Geometry, shapely.Geometry]] = {}

    def view(self, row: int) -> tuple[shapely.Geometry, shapely.Geometry]:
        """Return (certain, possible) of the camera at `row`; possible excludes what is certain. Either may be empty."""
        found = self._views.get(row)
        if found is None:
            found = self._views[row] = self._compute(row)
        return found

    def _compute(self, row: int) -> tuple[shapely.Geometry, shapely.Geometry]:
        known = self.facts[row]
        assert self._cameras.x is not None and self._cameras.y is not None
        x, y = float(self._cameras.x[row]), float(self._cameras.y[row])
        near = self._tree.query(shapely.Point(x, y), predicate="dwithin", distance=known.reach_m)
        obstacles = self._buildings[np.sort(near)]

        def polygon(width: float | None) -> shapely.Geometry:
            directed = width is not None and width < 360.0
            return camera_view(x, y, obstacles, range_m=known.reach_m,
                               azimuth_deg=known.azimuth_deg if directed else None,
                               hfov_deg=width if directed else None)

        certain = polygon(known.certain_width_deg) if known.certain else shapely.Polygon()
        if known.certain and known.certain_width_deg == known.possible_width_deg:
            return certain, shapely.Polygon()
        possible = polygon(known.possible_width_deg)
        return certain, shapely.difference(possible, certain) if known.certain else possible


def sight(snapshot: Snapshot, assumed_range_m: float) -> Sight:
    """Return the views of `snapshot`, shared between requests while cameras and buildings stay the same."""
    return _memo.get((snapshot["cameras"], snapshot["buildings"]), assumed_range_m,
                     lambda: Sight(snapshot, assumed_range_m))


def considered(snapshot: Snapshot, online_only: bool) -> NDArray[np.int64]:
    """Return the positions of the cameras that count: all, or those recorded as online."""
    cameras = snapshot["cameras"]
    if not online_only:
        return np.arange(len(cameras), dtype=np.int64)
    return np.flatnonzero(np.asarray(cameras.columns["online"]) == 1)


def assumptions(snapshot: Snapshot, rows: NDArray[np.int64], assumed_range_m: float) -> dict[str, float | int]:
    """Return how many of the cameras at `rows` lack which fact, and what was assumed for them."""
    cameras = snapshot["cameras"]
    turning = np.isin(cameras.text("kind")[rows], np.array(["ptz", "panoramic"], dtype=object))
    azimuth = cameras.number("azimuth_deg")[rows]
    return {
        "cameras": len(rows),
        "assumed_range_m": assumed_range_m,
        "range_unknown": int(np.isnan(cameras.number("range_m")[rows]).sum()),
        "direction_unknown": int((np.isnan(azimuth) & ~turning).sum()),
        "fov_unknown": int((np.isfinite(azimuth) & np.isnan(cameras.number("hfov_deg")[rows]) & ~turning).sum()),
        "turning": int((cameras.text("kind")[rows] == "ptz").sum()),
        "state_unknown": int((np.asarray(cameras.columns["online"])[rows] == -1).sum()),
        "offline": int((np.asarray(cameras.columns["online"])[rows] == 0).sum()),
    }
