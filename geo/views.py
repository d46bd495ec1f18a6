"""What cameras see among buildings: the visible part of every beam, and how to keep it up to date."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.cameras import CameraBeams, CameraFacts, ViewRules, beams_of
from geo.errors import N_, ParameterError
from geo.obstacles import Obstacles
from geo.view import merged
from geo.visibility import Beams, visible

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Views:
    """The visible part of each beam, in the order of `of.camera`.

    Attributes
    ----------
    of
        The beams.
    area_m2
        float64 (b,): exact, arcs as arcs.
    polygons
        Object (b,): Polygon, MultiPolygon or None where nothing is seen; arcs as chords.
    """

    of: CameraBeams
    area_m2: Floats
    polygons: NDArray[Any]

    def by_camera(self, rows: ArrayLike | None = None) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return the certain and the possible polygons of cameras, merged, None where nothing; disjoint per camera.

        Parameters
        ----------
        rows
            Cameras, (k,); None for all.
        """
        chosen = np.arange(len(self.of.moved_m)) if rows is None else np.asarray(rows, dtype=np.int64)
        certain, possible = np.full(len(chosen), None, dtype=object), np.full(len(chosen), None, dtype=object)
        starts, ends = (np.searchsorted(self.of.camera, chosen, side) for side in ("left", "right"))
        for i, (start, end) in enumerate(zip(starts, ends, strict=True)):
            sure = self.of.certain[start:end]
            certain[i] = merged(self.polygons[start:end][sure])
            possible[i] = merged(self.polygons[start:end][~sure])
        return certain, possible


def views_of(camera_beams: CameraBeams, obstacles: Obstacles, *, target_height_m: float) -> Views:
    """Compute what every beam sees among `obstacles` (see `geo.visibility.visible`)."""
    seen = visible(camera_beams.beams, obstacles, target_height_m=target_height_m)
    return Views(camera_beams, seen.area_m2, seen.polygons)


def replace_views(
    old: Views,
    facts: CameraFacts,
    rows: ArrayLike,
    rules: ViewRules,
    obstacles: Obstacles,
    *,
    crs: str,
    kept: ArrayLike | None = None,
) -> Views:
    """Compute the views of some cameras anew and keep those of the others; equal to computing all of them.

    Parameters
    ----------
    old
        Views by the same rules, of cameras of which those kept have not changed and see no changed obstacle.
    facts
        All cameras as they are now, (n,).
    rows
        The cameras of `facts` to compute.
    rules, obstacles, crs
        As for `geo.cameras.beams_of`.
    kept
        int (n,): row in `old` of each camera of `facts`, -1 for a new one; new ones must be among `rows`. None: the
        same cameras in the same order. Cameras of `old` that are not named are gone.

    Raises
    ------
    ParameterError
        A camera is neither kept nor among `rows`, or two keep the same.
    """
    n = len(facts)
    source = np.arange(n) if kept is None else np.array(kept, dtype=np.int64)
    changed = np.unique(np.asarray(rows, dtype=np.int64))
    source[changed] = -1
    stay = np.flatnonzero(source >= 0)
    before_count = len(old.of.moved_m)
    fits = len(source) == n and len(stay) + len(changed) == n and (kept is not None or n == before_count)
    if (
        not fits
        or np.bincount(source[stay], minlength=before_count).max(initial=0) > 1
        or source.max(initial=-1) >= before_count
    ):
        raise ParameterError(
            N_("A camera has neither a view of its own to keep nor one to compute."), N_("Compute all views.")
        )
    fresh = beams_of(facts.take(changed), rules, obstacles, crs=crs)
    seen = views_of(fresh, obstacles, target_height_m=rules.target_height_m)

    of_beams, camera = _beam_splice(old.of.camera, changed, fresh.camera, source, n)

    def of_cameras(before: NDArray[Any], after: NDArray[Any]) -> NDArray[Any]:
        result = before.copy() if kept is None else np.empty(n, dtype=after.dtype)
        if kept is not None:
            result[stay] = before[source[stay]]
        result[changed] = after
        return result

    was = old.of
    return Views(
        of=CameraBeams(
            beams=Beams(*(of_beams(getattr(was.beams, f.name), getattr(fresh.beams, f.name)) for f in fields(Beams))),
            camera=camera,
            certain=of_beams(was.certain, fresh.certain),
            moved_m=of_cameras(was.moved_m, fresh.moved_m),
            reach_m=of_cameras(was.reach_m, fresh.reach_m),
            assumed={name: of_cameras(was.assumed[name], flags) for name, flags in fresh.assumed.items()},
        ),
        area_m2=of_beams(old.area_m2, seen.area_m2),
        polygons=of_beams(old.polygons, seen.polygons),
    )


def _beam_splice(
    was: NDArray[np.int32], changed: Rows, fresh: NDArray[np.int32], source: Rows, n: int
) -> tuple[Callable[[NDArray[Any], NDArray[Any]], NDArray[Any]], NDArray[np.int32]]:
    """How to put fresh values of beams among those that stay, and the camera of each beam then."""
    stay = np.flatnonzero(source >= 0)
    if n and (source[stay] == stay).all() and (len(was) == 0 or was[-1] < n):
        starts, ends = np.searchsorted(was, changed), np.searchsorted(was, changed, "right")
        counts = ends - starts
        if np.array_equal(counts, np.bincount(fresh, minlength=len(changed))):  # only values change
            places = np.repeat(starts - (np.cumsum(counts) - counts), counts) + np.arange(len(fresh))

            def put(before: NDArray[Any], after: NDArray[Any]) -> NDArray[Any]:
                result = before.copy()
                result[places] = after
                return result

            return put, was
    becomes = np.full(int(was[-1]) + 1 if len(was) else 0, -1, dtype=np.int64)
    named = stay[source[stay] < len(becomes)]
    becomes[source[named]] = named
    camera = becomes[was]
    left = np.flatnonzero(camera >= 0)
    camera = np.concatenate([camera[left], changed[fresh]])
    order = np.argsort(camera, kind="stable")

    def gather(before: NDArray[Any], after: NDArray[Any]) -> NDArray[Any]:
        return np.concatenate([before[left], after])[order]

    return gather, camera[order].astype(np.int32)
