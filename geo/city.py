"""The coverage of a whole city and how it follows single changes.

`compute_city` does everything; `with_cameras` and `with_buildings` return a new city that equals what `compute_city`
would say, but compute only what the change touches. A city is never changed in place, so that one can be drawn while
the next is made.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from geo.cameras import CameraFacts
from geo.cells import update_cells
from geo.city_whole import City, compute_city
from geo.coverage import cover, replaced
from geo.errors import N_, ParameterError
from geo.obstacles import Obstacles, build_obstacles
from geo.parallel import Cancelled, never
from geo.views import Views, replace_views

__all__ = ["Cancelled", "City", "compute_city", "match_cameras", "with_buildings", "with_cameras"]

Floats = NDArray[np.float64]
Objects = NDArray[Any]
Rows = NDArray[np.int64]

_MOST_OTHER = 0.2  # share of the solids that are other ones from which on everything is computed anew


def with_cameras(
    city: City,
    facts: CameraFacts,
    changed: ArrayLike | None = None,
    *,
    origin: ArrayLike | None = None,
    threads: int | None = None,
    cancelled: Callable[[], bool] = never,
) -> tuple[City, Rows]:
    """Return the city with other cameras: moved, turned, switched, added or removed; and the cells computed anew.

    Parameters
    ----------
    city
        As it was.
    facts
        All cameras as they are now (n,).
    changed
        Rows of `facts` that differ from what they were; new cameras need not be named. None: they are found by
        comparing all.
    origin
        int (n,): the row in `city.facts` of each camera, -1 for a new one; cameras not named are gone. None: the same
        cameras in the same order, new ones behind them. See `match_cameras`.

    Returns
    -------
    The new city, and the rows of the cells whose coverage was computed anew.

    Raises
    ------
    ParameterError
        There are fewer cameras than before and no `origin`.
    """
    n, before = len(facts), len(city.facts)
    if origin is None:
        if n < before:
            raise ParameterError(N_("A camera is missing."), N_("Say which cameras are left."))
        rows = np.arange(n)
        rows[before:] = -1
    else:
        rows = np.asarray(origin, dtype=np.int64)
    known = np.flatnonzero(rows >= 0)
    fresh = np.flatnonzero(rows < 0)
    if changed is None:
        differ = known[_differ(facts.take(known), city.facts.take(rows[known]))]
    else:
        differ = np.asarray(changed, dtype=np.int64)
    again = np.union1d(differ, fresh)
    gone = np.ones(before, dtype=bool)
    gone[rows[known]] = False
    gone[rows[again][rows[again] >= 0]] = True
    views = replace_views(city.views, facts, again, city.rules, city.obstacles, crs=city.crs, kept=rows)
    became = None
    if origin is not None:
        became = np.full(before, -1, np.int64)
        became[rows[known]] = known
    return _with_views(city, views, np.flatnonzero(gone), again, facts, threads, cancelled, became=became)


def _with_views(
    city: City,
    views: Views,
    before: Rows,
    after: Rows,
    facts: CameraFacts,
    threads: int | None,
    cancelled: Callable[[], bool],
    *,
    also: Rows | None = None,
    became: Rows | None = None,
) -> tuple[City, Rows]:
    """The city with other views: `before` and `after` are the cameras whose views went and came."""
    polygons = np.concatenate([_seen_by(city.views, before), _seen_by(views, after)])
    touched = city.cells.touching(polygons) if len(polygons) else np.zeros(0, np.int64)
    if also is not None:
        touched = np.union1d(touched, also)
    new = cover(city.cells, views, rows=touched, threads=threads, cancelled=cancelled)
    coverage = city.coverage if became is None and not len(touched) else replaced(city.coverage, touched, new, became)
    return replace(city, facts=facts, views=views, coverage=coverage), touched


def _seen_by(views: Views, cameras: Rows) -> Objects:
    """All polygons of some cameras."""
    starts, ends = (np.searchsorted(views.of.camera, cameras, side) for side in ("left", "right"))
    rows = [np.arange(start, end) for start, end in zip(starts, ends, strict=True)]
    found: Objects = views.polygons[np.concatenate(rows)] if rows else np.zeros(0, dtype=object)
    seen: Objects = found[~shapely.is_missing(found)]
    return seen


def match_cameras(old: CameraFacts, new: CameraFacts) -> Rows:
    """Return the row in `old` of each camera of `new` by its id, -1 for a new one."""
    if len(old) == len(new) and (old.id == new.id).all():
        return np.arange(len(new))
    where = {key: row for row, key in enumerate(old.id)}
    return np.array([where.get(key, -1) for key in new.id], dtype=np.int64)


def _differ(left: CameraFacts, right: CameraFacts) -> NDArray[np.bool_]:
    """Which cameras are not the same in all that matters to what they see."""
    result = np.zeros(len(left), dtype=bool)
    for item in fields(CameraFacts):
        a, b = getattr(left, item.name), getattr(right, item.name)
        if item.name == "id" or a is b:
            continue
        unlike = a != b
        if a.dtype.kind == "f":
            unlike &= ~(np.isnan(a) & np.isnan(b))
        result |= unlike
    return result


def with_buildings(
    city: City,
    footprints: ArrayLike,
    height_m: ArrayLike | None,
    *,
    obstacles: Obstacles | None = None,
    threads: int | None = None,
    cancelled: Callable[[], bool] = never,
) -> tuple[City, Rows]:
    """Return the city with other buildings, and the cells computed anew.

    All footprints are dissolved again, which is quick; then only cameras are looked at that a solid concerns which
    has come, gone or changed its height, and only cells that it or one of their views touches. Where a large share of
    the solids are other ones everything is computed.

    Parameters
    ----------
    footprints, height_m
        All buildings as they are now; not looked at where `obstacles` are given.
    obstacles
        The same dissolved, where that was done already.
    """
    if obstacles is None:
        obstacles = build_obstacles(footprints, height_m)
    other = np.concatenate([_only_in(obstacles, city.obstacles), _only_in(city.obstacles, obstacles)])
    if len(other) > _MOST_OTHER * max(len(obstacles.solids), len(city.obstacles.solids)) + 64:
        new = compute_city(
            city.facts, [], None, city.cells.polygons, city.rules, crs=city.crs, obstacles=obstacles, threads=threads,
            cancelled=cancelled,
        )  # fmt: skip
        return new, np.arange(len(city.cells))
    cameras = _concerned(city, other)
    cells = city.cells
    built = cells.touching(other) if len(other) else np.zeros(0, np.int64)
    if len(built):
        cells = update_cells(cells, obstacles, built, threads=threads)
    views = replace_views(city.views, city.facts, cameras, city.rules, obstacles, crs=city.crs)
    now = replace(city, obstacles=obstacles, cells=cells)
    return _with_views(now, views, cameras, cameras, city.facts, threads, cancelled, also=built)


def _only_in(one: Obstacles, other: Obstacles) -> Objects:
    """The solids of `one` that `other` has not, or has with another height."""
    there = set(zip(shapely.to_wkb(other.solids), _key(other.height_m), strict=True))
    keys = zip(shapely.to_wkb(one.solids), _key(one.height_m), strict=True)
    found = [row for row, key in enumerate(keys) if key not in there]
    return one.solids[np.array(found, dtype=np.int64)]


def _key(height_m: Floats) -> list[float]:
    """Heights that can be compared: NaN equals itself."""
    keys: list[float] = np.where(np.isnan(height_m), -1.0, height_m).tolist()
    return keys


def _concerned(city: City, solids: Objects) -> Rows:
    """Cameras whose views or places one of the solids can change.

    A camera is moved out of a building along a line no longer than `moved_m`, and sees no farther than `reach_m` from
    where that ends; other places tried for it lie within `moved_m` of where it is drawn.
    """
    if not len(solids):
        return np.zeros(0, np.int64)
    of = city.views.of
    here = np.asarray(shapely.points(city.facts.x, city.facts.y), dtype=object)
    within = of.moved_m + np.maximum(of.reach_m, of.moved_m) + 1.0
    tree = shapely.STRtree(here)
    solid, camera = tree.query(solids, predicate="dwithin", distance=float(within.max(initial=0.0)))
    near = shapely.dwithin(here[camera], solids[solid], within[camera])
    return np.unique(camera[near]).astype(np.int64)
