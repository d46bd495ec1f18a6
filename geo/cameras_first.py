"""From what is known of a camera to what it certainly sees and what it may see.

The rules of `camera_states`, in order:

1. Known to be offline: with `online_only` it sees nothing. Online unknown: with `online_only` it is only possible.
2. Range 0 or angle of view 0 sees nothing.
3. Range unknown: the stated assumption stands in for it, and nothing is certain.
4. Angle of view known to be 360: all round, whatever the kind.
5. `panoramic` without an angle: all round. With an angle below 360 it is treated like a fixed one.
6. `ptz` and `dome` can turn, and where they look now is not known: possible all round, never certain.
7. `fixed` or no kind, azimuth and angle known: azimuth within +-t (t = 0 where no tolerance is stated) makes the sector
   angle - 2 t certain, because every allowed azimuth has it in view, and angle + 2 t possible.
8. `fixed`, azimuth known, angle unknown: possible 180 + 2 t, as no fixed flat picture is wider.
9. Everything else: possible all round.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from geo.crs import grid_azimuth
from geo.errors import N_, ParameterError
from geo.view import GRID_M, polygons_of, settle, view_from

Floats = NDArray[np.float64]

WIDEST_FIXED_DEG = 180.0
_TURNING = ("ptz", "dome")


@dataclass(frozen=True)
class CameraStates:
    """One entry per camera.

    Attributes
    ----------
    certain_deg, possible_deg
        float64: angle of the sector that is certainly, and that is possibly, in view; 0 for none, 360 for all round.
        Where both are above 0 they have the same middle and possible >= certain.
    azimuth_deg
        float64: middle of the sectors, from true north, NaN where unknown. All round it still says in which
        direction a camera drawn inside a building looks out of it.
    range_m
        float64: the known range or the assumption.
    range_assumed
        bool: the range is the assumption.
    """

    certain_deg: Floats
    possible_deg: Floats
    azimuth_deg: Floats
    range_m: Floats
    range_assumed: NDArray[np.bool_]


def camera_states(
    kind: ArrayLike,
    azimuth_deg: ArrayLike,
    azimuth_tolerance_deg: ArrayLike,
    hfov_deg: ArrayLike,
    range_m: ArrayLike,
    online: ArrayLike,
    *,
    assumed_range_m: float,
    online_only: bool = False,
) -> CameraStates:
    """Decide what of each camera's view is certain and what is possible; the rules are the module's text.

    Parameters
    ----------
    kind
        Object array (n,) of "fixed", "ptz", "dome", "panoramic" or None.
    azimuth_deg, azimuth_tolerance_deg, hfov_deg, range_m
        float64 (n,), NaN where unknown.
    online
        (n,): 1, 0, -1 unknown.
    assumed_range_m
        Stands in for an unknown range; it must be shown wherever the result is.
    online_only
        True leaves out cameras that are known to be offline.

    Raises
    ------
    ParameterError
        `assumed_range_m` is not a positive finite number.

    Examples
    --------
    >>> known = camera_states(["fixed"], [90.0], [22.5], [60.0], [np.nan], [1], assumed_range_m=50)
    >>> known.certain_deg.tolist(), known.possible_deg.tolist(), known.range_m.tolist()
    ([0.0], [105.0], [50.0])
    """
    if not np.isfinite(assumed_range_m) or assumed_range_m <= 0:
        raise ParameterError(
            N_("The assumed range of {range_m} m cannot be used."),
            N_("Give a positive number of metres."),
            range_m=assumed_range_m,
        )
    kinds = np.asarray(kind, dtype=object)
    azimuth, angle = np.asarray(azimuth_deg, np.float64), np.asarray(hfov_deg, np.float64)
    slack = np.nan_to_num(np.asarray(azimuth_tolerance_deg, np.float64))
    reach, state = np.asarray(range_m, np.float64), np.asarray(online)
    assumed = np.isnan(reach)

    turning = np.isin(kinds, _TURNING)
    all_round = (angle >= 360) | ((kinds == "panoramic") & np.isnan(angle))
    aimed = ~all_round & ~turning & np.isfinite(azimuth)
    aimed_wide = aimed & np.isnan(angle) & (kinds == "fixed")
    aimed_known = aimed & np.isfinite(angle)

    certain = np.where(all_round, 360.0, np.where(aimed_known, np.maximum(angle - 2 * slack, 0.0), 0.0))
    possible = np.where(aimed_known, angle + 2 * slack, np.where(aimed_wide, WIDEST_FIXED_DEG + 2 * slack, 360.0))
    possible = np.minimum(possible, 360.0)

    certain = np.where(assumed | (online_only & (state == -1)), 0.0, certain)
    nothing = (reach == 0) | (angle == 0) | (online_only & (state == 0))
    return CameraStates(
        certain_deg=np.where(nothing, 0.0, certain),
        possible_deg=np.where(nothing, 0.0, possible),
        azimuth_deg=azimuth,
        range_m=np.where(assumed, assumed_range_m, reach),
        range_assumed=assumed,
    )


@dataclass(frozen=True)
class CameraViews:
    """Visible polygons of many cameras.

    Attributes
    ----------
    certain, possible
        Object arrays (n,) of polygons or None. `possible` is without the camera's own `certain`.
    moved_m
        float64: how far a camera drawn inside a footprint was moved to the façade, 0 for none.
    """

    certain: NDArray[Any]
    possible: NDArray[Any]
    moved_m: Floats


def camera_views(
    x: ArrayLike,
    y: ArrayLike,
    states: CameraStates,
    buildings: ArrayLike,
    *,
    crs: str,
    near_m: ArrayLike | None = None,
    segments_per_quadrant: int = 16,
) -> CameraViews:
    """Return the views of many cameras among many buildings.

    Parameters
    ----------
    x, y
        (n,), metres in `crs`.
    states
        See `camera_states`.
    buildings
        Footprints, any number, in `crs`.
    crs
        Needed to turn azimuths from true north to grid north.
    near_m
        (n,) radius below each camera that it cannot see; NaN where unknown counts as 0.
    """
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    blocks = np.asarray(buildings, dtype=object)
    tree = shapely.STRtree(blocks)
    blind = np.zeros(len(x)) if near_m is None else np.nan_to_num(np.asarray(near_m, np.float64))
    aim = grid_azimuth(states.azimuth_deg, x, y, crs) if len(x) else np.zeros(0)
    certain, possible = np.full(len(x), None, dtype=object), np.full(len(x), None, dtype=object)
    moved = np.zeros(len(x))

    def near(at_x: float, at_y: float, radius: float) -> NDArray[np.object_]:
        found: NDArray[np.object_] = blocks[tree.query(shapely.Point(at_x, at_y), predicate="dwithin", distance=radius)]
        return found

    for i in range(len(x)):
        if states.possible_deg[i] == 0 and states.certain_deg[i] == 0:
            continue
        azimuth = None if np.isnan(aim[i]) else float(aim[i])
        reach = float(states.range_m[i])
        place, solid = settle(float(x[i]), float(y[i]), near, reach, azimuth)
        moved[i] = place.moved_m
        same = states.certain_deg[i] == states.possible_deg[i]  # nothing is left that is only possible
        for degrees, views in ((states.certain_deg[i], certain), (0.0 if same else states.possible_deg[i], possible)):
            if degrees > 0:
                views[i] = view_from(
                    place, solid, reach, azimuth, float(degrees), float(blind[i]), segments_per_quadrant
                )
        if certain[i] is not None and possible[i] is not None:
            possible[i] = polygons_of(shapely.difference(possible[i], certain[i], grid_size=GRID_M))
    return CameraViews(certain, possible, moved)
