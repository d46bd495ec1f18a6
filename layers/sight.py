"""Cameras of a snapshot made ready to be asked: what each is pointed at, and what stands in the way."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.camera_facts import CameraFacts, ViewRules
from geo.columns import Snapshot
from geo.view import merged
from layers.memo import Memo

if TYPE_CHECKING:  # the compiler comes with them
    from geo.cameras import CameraBeams
    from geo.city import City
    from geo.obstacles import Obstacles

_obstacles = Memo(2)
_sights = Memo(16)
_building = threading.Lock()


@dataclass(frozen=True)
class Sight:
    """The cameras of one state of a store, ready to be asked what they see.

    Attributes
    ----------
    facts, rules
        What is recorded, and what a reader chose.
    crs
        Metric CRS of every coordinate.
    obstacles
        What stands in the way.
    beams
        Where each camera looks.
    """

    facts: CameraFacts
    rules: ViewRules
    crs: str
    obstacles: Obstacles
    beams: CameraBeams
    _kept: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.facts)

    def stands(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return where each camera looks from, in metres: its place, or the façade where it is drawn in a building."""
        if "stands" not in self._kept:
            x, y = np.array(self.facts.x, np.float64), np.array(self.facts.y, np.float64)
            x[self.beams.camera], y[self.beams.camera] = self.beams.beams.x, self.beams.beams.y
            self._kept["stands"] = (x, y)
        found: tuple[NDArray[np.float64], NDArray[np.float64]] = self._kept["stands"]
        return found

    def nearest(self) -> Any:
        """Return a `scipy.spatial.cKDTree` of where the cameras look from."""
        if "nearest" not in self._kept:
            from scipy.spatial import cKDTree  # slow to import

            self._kept["nearest"] = cKDTree(np.column_stack(self.stands()))
        return self._kept["nearest"]

    def views(self, rows: NDArray[np.int64]) -> list[View]:
        """Return what the cameras at `rows` see: certain and possible views, none that is empty."""
        from geo.visibility import visible

        if len(rows) == 0:
            return []
        of = self.beams
        mine = np.flatnonzero(np.isin(of.camera, rows))
        seen = visible(of.take(mine), self.obstacles, target_height_m=self.rules.target_height_m)
        camera, certain = of.camera[mine], of.certain[mine]
        found = []
        starts, ends = (np.searchsorted(camera, rows, side) for side in ("left", "right"))
        for row, start, end in zip(rows.tolist(), starts.tolist(), ends.tolist(), strict=True):
            for state, wanted in (("certain", True), ("possible", False)):
                which = start + np.flatnonzero(certain[start:end] == wanted)
                shape = merged(seen.polygons[which])
                if shape is not None:
                    found.append(View(row, state, shape, float(seen.area_m2[which].sum())))
        return found


@dataclass(frozen=True)
class View:
    """What one camera certainly, or only possibly, sees; `area_m2` is exact, the polygon has chords for arcs."""

    row: int
    state: str
    polygon: shapely.Geometry
    area_m2: float


def obstacles_of(snapshot: Snapshot, made: Obstacles | None = None) -> Obstacles:
    """Return the buildings of a snapshot as obstacles, shared while they stay the same: `made`, or built here."""
    buildings = snapshot["buildings"]
    shapes = np.zeros(0, dtype=object) if buildings.geometry is None else buildings.geometry

    def make() -> Obstacles:
        from geo.obstacles import build_obstacles

        return made if made is not None else build_obstacles(shapes, buildings.number("height_m"))

    with _building:  # a large city takes seconds: whoever comes second waits instead of doing it again
        return _obstacles.get((buildings,), "obstacles", make)


def sight(snapshot: Snapshot, rules: ViewRules) -> Sight:
    """Return the cameras of `snapshot`, shared between requests while cameras and buildings stay the same."""
    from geo.cameras import beams_of

    cameras, crs = snapshot["cameras"], snapshot.crs
    assert crs is not None

    def make() -> Sight:
        facts, obstacles = CameraFacts.of(cameras), obstacles_of(snapshot)
        return Sight(facts, rules, crs, obstacles, beams_of(facts, rules, obstacles, crs=crs))

    return _sights.get((cameras, snapshot["buildings"]), (crs, rules), make)


def sight_kept(snapshot: Snapshot, rules: ViewRules) -> Sight | None:
    """Return the cameras of `snapshot` if they are ready to be asked; None where `sight` would have to work."""
    found: Sight | None = _sights.kept((snapshot["cameras"], snapshot["buildings"]), (snapshot.crs, rules))
    return found


def sight_of(city: City) -> Sight:
    """Return the cameras of a city that is worked out."""
    return Sight(city.facts, city.rules, city.crs, city.obstacles, city.views.of)


def assumptions(sight: Sight, rows: NDArray[np.int64] | None = None) -> dict[str, float | int]:
    """Return how many of the cameras at `rows` (None: all) lack which fact, and what was assumed for them."""
    chosen: Any = slice(None) if rows is None else rows
    assumed, online = sight.beams.assumed, sight.facts.online[chosen]
    counts = {f"{name}_unknown": assumed[name] for name in ("range", "direction", "fov", "pixels", "near", "height")}
    return {
        "cameras": len(online),
        "assumed_range_m": sight.rules.assumed_range_m,
        **{name: int(np.count_nonzero(flags[chosen])) for name, flags in counts.items()},
        "turning": int(np.count_nonzero(assumed["turning"][chosen])),
        "state_unknown": int(np.count_nonzero(online == -1)),
        "offline": int(np.count_nonzero(online == 0)),
    }
