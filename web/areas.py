"""The one door to what a reader may see: the store as one area knows it, kept in step with the store cheaply.

Base map (buildings, streets, water) is everybody's: what stands outside an area decides what its cameras see. Of the
other layers a scoped snapshot holds the rows of the area only, so that whatever is worked out from it (counts, class
breaks, exports, error texts) cannot tell of anything outside. It carries its area (`Snapshot.scope`), which every cache
has in its keys.

A layer that did not change inside keeps its revision, its time and its columns: so readers of an area are not told that
something changed elsewhere, and nothing is worked out anew for them.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.area import Area
from geo.columns import LayerColumns, Snapshot
from geo.decided import within
from geo.scope import LEAST_M2, cut, members, rows_of, same_rows, without_parents
from layers.base import hierarchy_of
from layers.joins import located, placed
from layers.memo import begins
from layers.tiles.parts import WATER
from store.growth import Growth

EVERYBODYS = ("buildings", "streets")
MOST_AREAS = 256
MOST_ROWS = 6_000_000  # of incidents, in all areas together


@dataclass
class _Seen:
    """One area as it was seen last; guarded by its lock."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    whole: Snapshot | None = None
    scoped: Snapshot | None = None
    mine: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=bool))  # of the grids of `whole`
    area: Any = None  # the union of the area's grids (m)
    growth: dict[str, Growth] = field(default_factory=dict)
    settled: tuple[int, int, Snapshot | None] = (-1, -1, None)


class Areas:
    """Snapshots of areas, the least recently used ones dropped first; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[Area, _Seen] = OrderedDict()

    def of(self, whole: Snapshot, area: Area) -> Snapshot:
        """Return what `area` knows of a snapshot of the whole city."""
        seen, grown = self._seen(area), False
        with seen.lock:
            before = seen.whole
            # A reader that still holds an earlier revision is handed the newer one.
            if before is None or seen.scoped is None or (whole is not before and whole.revision >= before.revision):
                seen.scoped = _scoped(seen, whole, area)
                seen.whole, grown = whole, True
            found = seen.scoped
        if grown:
            self._drop()
        return found

    def holds(self, whole: Snapshot, area: Area, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which places (m) lie in `area`."""
        return _inside(whole, members(area, hierarchy_of(whole["grids"])), x, y)

    def covers(self, whole: Snapshot, area: Area, shapes: NDArray[Any], slack_m: float) -> NDArray[np.bool_]:
        """Return which shapes (m) lie in `area` as a whole, but for `slack_m`."""
        mine = members(area, hierarchy_of(whole["grids"]))
        if whole["grids"].geometry is None or not mine.any():
            return np.zeros(len(shapes), dtype=bool)
        return np.asarray(shapely.covers(_union(whole["grids"], mine).buffer(slack_m), shapes))

    def settled(self, whole: Snapshot, area: Area, revision: int) -> int:
        """Return the last of the store's settled revisions (`store.live`) at which something changed in `area`."""
        scoped = self.of(whole, area)
        seen = self._seen(area)
        with seen.lock:
            last, told, then = seen.settled
            if revision != last:
                if then is None or any(then[name] is not scoped[name] for name in scoped.layers):
                    told = revision
                seen.settled = (revision, told, scoped)
            elif then is not scoped:  # what came live since is known
                seen.settled = (last, told, scoped)
            return told

    def __len__(self) -> int:
        return len(self._kept)

    def _seen(self, area: Area) -> _Seen:
        with self._lock:
            seen = self._kept.setdefault(area, _Seen())
            self._kept.move_to_end(area)
            return seen

    def _drop(self) -> None:
        with self._lock:
            rows = sum(len(seen.scoped["incidents"]) for seen in self._kept.values() if seen.scoped is not None)
            while len(self._kept) > 1 and (len(self._kept) > MOST_AREAS or rows > MOST_ROWS):
                _, gone = self._kept.popitem(last=False)
                rows -= 0 if gone.scoped is None else len(gone.scoped["incidents"])


def _scoped(seen: _Seen, whole: Snapshot, area: Area) -> Snapshot:
    """Work out what `area` knows of `whole`, from what was seen last where that is less work."""
    before, last = seen.whole, seen.scoped
    grids = whole["grids"]
    if before is None or before["grids"] is not grids or before.crs != whole.crs:
        seen.mine = members(area, hierarchy_of(grids))
        seen.area = None
        before = None
    layers: dict[str, LayerColumns] = {name: whole[name] for name in EVERYBODYS}
    layers["grids"] = _kept(last, before, whole, "grids", lambda: _grids(seen, grids))
    layers["cameras"] = _points(seen, whole, "cameras", before, last)
    layers["incidents"] = _decided(seen, whole, _points(seen, whole, "incidents", before, last))
    layers["places"] = _kept(last, before, whole, "places", lambda: _places(seen, whole))
    layers["zones"] = _kept(last, before, whole, "zones", lambda: _zones(seen, whole))
    ordered = {name: layers[name] for name in whole.layers}
    same = {name for name in ordered if last is not None and last[name] is ordered[name]}
    updated = {
        name: (last.updated_at if last is not None and name in same else whole.updated_at).get(name) for name in ordered
    }
    return Snapshot(
        revision=max((layer.revision for layer in ordered.values()), default=0),
        crs=whole.crs,
        timezone=whole.timezone,
        layers=MappingProxyType(ordered),
        updated_at=MappingProxyType({name: at for name, at in updated.items() if at is not None}),
        # The wording that a licence asks for is made to be shown; it stands with what is shown of a layer.
        sources=MappingProxyType({name: texts for name, texts in whole.sources.items() if len(ordered[name])}),
        scope=area,
    )


def _revision(whole: Snapshot, name: str) -> int:
    # What lies in an area changes with the area's grids too.
    return max(whole[name].revision, whole["grids"].revision)


def _kept(
    last: Snapshot | None, before: Snapshot | None, whole: Snapshot, name: str, make: Callable[[], LayerColumns]
) -> LayerColumns:
    if last is not None and before is not None and before[name] is whole[name]:
        return last[name]
    made = make()
    return last[name] if last is not None and same_rows(last[name], made) else made


def _grids(seen: _Seen, grids: LayerColumns) -> LayerColumns:
    rows = np.flatnonzero(seen.mine)
    above = hierarchy_of(grids).parent_index[rows] if len(rows) else np.zeros(0, dtype=np.int64)
    foreign = np.flatnonzero((above < 0) | ~seen.mine[above]) if len(rows) else rows
    return without_parents(rows_of(grids, rows, grids.revision), foreign)


def _points(seen: _Seen, whole: Snapshot, name: str, before: Snapshot | None, last: Snapshot | None) -> LayerColumns:
    layer = whole[name]
    if before is not None and last is not None and begins(before[name], layer):
        first, old = len(before[name]), last[name]
        rows = first + np.flatnonzero(_of_layer(seen, whole, name, slice(first, len(layer))))
        if len(rows) == 0:
            return old
        more = rows_of(layer, rows, _revision(whole, name))
        return more if len(old) == 0 else _longer(old, more, seen.growth.setdefault(name, Growth()))
    rows = np.flatnonzero(_of_layer(seen, whole, name, slice(0, len(layer))))
    made = rows_of(layer, rows, _revision(whole, name))
    return last[name] if last is not None and same_rows(last[name], made) else made


def _decided(seen: _Seen, whole: Snapshot, found: LayerColumns) -> LayerColumns:
    """Give the incidents of an area the decisions about them; who may see one follows its place alone."""
    every = whole["incidents"].decided
    mine = None if every is None else within(every, found.fid, hierarchy_of(whole["grids"]), seen.mine)
    if mine is found.decided or (mine is not None and mine.same(found.decided)):
        return found
    return replace(found, decided=mine, revision=_revision(whole, "incidents")).after(found)


def _longer(old: LayerColumns, more: LayerColumns, growth: Growth) -> LayerColumns:
    grow: Callable[[str, Any, Any], Any] = growth.extend
    columns = {name: grow(f"column {name}", old.columns[name], column) for name, column in more.columns.items()}
    fid, x, y = grow("fid", old.fid, more.fid), grow("x", old.x, more.x), grow("y", old.y, more.y)
    return LayerColumns(
        old.layer,
        more.revision,
        fid,
        MappingProxyType(columns),
        None,
        x,
        y,
        old.simulated or more.simulated,
        old.decided,
    ).after(old)


def _of_layer(seen: _Seen, whole: Snapshot, name: str, part: slice) -> NDArray[np.bool_]:
    """Return which rows of a part of a layer of points lie in the area."""
    layer = whole[name]
    if layer.x is None or layer.y is None:
        return np.zeros(0, dtype=bool)
    if name != "incidents":
        return _inside(whole, seen.mine, layer.x[part], layer.y[part])
    found = np.zeros(part.stop - part.start, dtype=bool)
    for level in _levels(whole, seen.mine):  # shared with all that counts incidents by grid
        joined = located(whole, level)
        found |= np.append(seen.mine[joined.rows], False)[joined.index[part]]
    return found


def _levels(whole: Snapshot, mine: NDArray[np.bool_]) -> list[str]:
    tree = hierarchy_of(whole["grids"])
    return [level for level in tree.levels if mine[tree.level == level].any()] if mine.any() else []


def _inside(
    whole: Snapshot, mine: NDArray[np.bool_], x: NDArray[np.float64], y: NDArray[np.float64]
) -> NDArray[np.bool_]:
    found = np.zeros(len(x), dtype=bool)
    for level in _levels(whole, mine):
        found |= np.append(mine, False)[placed(whole, level, x, y)]
    return found


def _places(seen: _Seen, whole: Snapshot) -> LayerColumns:
    """Places by a point of theirs, as they are counted; what of a polygon reaches outside is cut off."""
    layer = whole["places"]
    if layer.geometry is None or len(layer) == 0 or not seen.mine.any():
        return rows_of(layer, np.zeros(0, dtype=np.int64), _revision(whole, "places"))
    at = shapely.point_on_surface(layer.geometry)
    rows = np.flatnonzero(_inside(whole, seen.mine, shapely.get_x(at), shapely.get_y(at)))
    found = rows_of(layer, rows, _revision(whole, "places"))
    assert found.geometry is not None
    shapes = found.geometry.copy()
    areal = np.flatnonzero(shapely.get_dimensions(shapes) == 2)
    shapes[areal] = cut(shapes[areal], _area(seen, whole))
    return replace(found, geometry=shapes)


def _zones(seen: _Seen, whole: Snapshot) -> LayerColumns:
    """Water as it is; of other zones what reaches into the area."""
    layer = whole["zones"]
    if layer.geometry is None or len(layer) == 0:
        return layer
    water = np.array([kind in WATER for kind in layer.text("kind")], dtype=bool)
    shapes = layer.geometry.copy()
    parts = np.zeros(len(layer), dtype=bool)
    if seen.mine.any():
        area = _area(seen, whole)
        near = np.flatnonzero(~water & np.asarray(shapely.intersects(area, shapes)))
        shapes[near] = cut(shapes[near], area)
        parts[near] = np.nan_to_num(shapely.area(shapes[near])) >= LEAST_M2
    rows = np.flatnonzero(water | parts)
    return replace(rows_of(layer, rows, _revision(whole, "zones")), geometry=shapes[rows])


def _area(seen: _Seen, whole: Snapshot) -> Any:
    if seen.area is None:
        seen.area = _union(whole["grids"], seen.mine)
    return seen.area


def _union(grids: LayerColumns, mine: NDArray[np.bool_]) -> Any:
    assert grids.geometry is not None
    found = shapely.union_all(shapely.make_valid(grids.geometry[mine]))
    shapely.prepare(found)
    return found
