"""All that was worked out of a city for one level and one set of rules, at one revision."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.area import Area
from geo.camera_facts import ViewRules
from geo.crs import lonlat
from layers.fingerprint import Mark

if TYPE_CHECKING:  # the compiler comes with them
    from geo.city import City
    from geo.fragility import Fragility


class Slot(NamedTuple):
    """What a coverage answers, whatever the state of the store: a level, by rules, of an area (None: of the city)."""

    level: str | None
    rules: ViewRules
    scope: Area | None = None


@dataclass(frozen=True)
class Complete:
    """The coverage of one level by one set of rules, complete for one state of grids, buildings and cameras.

    Attributes
    ----------
    level, rules
        What was asked; level None: a store without grids.
    mark
        State of what was read (`layers.fingerprint.mark`).
    revision
        Latest revision of the layers read.
    codes, names, parents
        object (grids,): of each grid, in the order of `city.cells`.
    city
        See `geo.city`.
    scope
        The area whose grids and cameras these are; None: the whole city.
    """

    level: str | None
    rules: ViewRules
    mark: Mark
    revision: int
    codes: NDArray[Any]
    names: NDArray[Any]
    parents: NDArray[Any]
    city: City
    scope: Area | None = None
    _kept: dict[str, tuple[Any, Any, Any]] = field(default_factory=dict, repr=False, compare=False)
    _making: dict[str, threading.RLock] = field(default_factory=dict, repr=False, compare=False)

    def once(self, name: str, layer: object, make: Callable[[], Any], key: object = None) -> Any:
        """Return what was made of this result, `layer` and `key`: the last one of the name is kept with the result.

        Whoever asks while it is being made waits for it, so that it is made once.
        """
        with self._making.setdefault(name, threading.RLock()):
            known = self._kept.get(name)
            if known is None or known[0] is not layer or known[1] != key:
                known = self._kept[name] = (layer, key, make())
            return known[2]

    def last(self, name: str) -> tuple[Any, Any] | None:
        """Return the layer of which something was made last, and what was made of it; None if nothing was."""
        known = self._kept.get(name)
        return None if known is None else (known[0], known[2])

    def follow(self, before: Complete, touched: NDArray[np.int64], names: tuple[str, ...]) -> None:
        """Say that all but the grids at `touched` is as in `before`: what was made of that need not be made again."""
        for name in names:
            if name in before._kept:
                layer, key, value = before._kept[name]
                self._kept[f"before {name}"] = (layer, key, (value, touched))

    def before(self, name: str, layer: object) -> tuple[Any, NDArray[np.int64]] | None:
        """Return what was made of the result before and `layer`, and the grids that changed since; None if nothing."""
        known = self._kept.pop(f"before {name}", None)
        return None if known is None or known[0] is not layer else known[2]

    @property
    def slot(self) -> Slot:
        """What it answers, whatever the state of the store."""
        return Slot(self.level, self.rules, self.scope)

    @property
    def crs(self) -> str:
        """Metric CRS of every geometry."""
        return self.mark[0]

    @property
    def fallbacks(self) -> int:
        """How many grids needed a coarser lattice than plain floating point."""
        return self.city.coverage.fallbacks

    def bounds(self) -> NDArray[Any]:
        """Return object (grids,): west, south, east, north of each grid in degrees, None for an empty one."""
        boxes = shapely.bounds(self.city.cells.polygons).reshape(-1, 4)
        found = np.full(len(self), None, dtype=object)
        present = np.flatnonzero(np.isfinite(boxes).all(axis=1))
        if len(present):
            corners = np.array([(0, 1), (2, 1), (2, 3), (0, 3)])
            lon, lat = lonlat(*boxes[present][:, corners].reshape(-1, 2).T, self.crs)
            lon, lat = lon.reshape(-1, 4), lat.reshape(-1, 4)
            for row, box in zip(present, zip(lon.min(1), lat.min(1), lon.max(1), lat.max(1), strict=True), strict=True):
                found[row] = [round(float(value), 7) for value in box]
        return found

    def fragility(self) -> Fragility:
        """Return what is lost if one camera fails: per grid, and by the ten cameras that cost most."""
        from geo.fragility import fragility

        found: Fragility = self.once("fragility", None, lambda: fragility(self.city.coverage))
        return found

    def worst_loss(self, rows: NDArray[np.int64]) -> tuple[float, int]:
        """Return what the grids at `rows` lose together if one camera fails, and which one; -1 for none."""
        alone = self.city.coverage.alone
        mine = np.isin(alone.cell, rows)
        total = np.bincount(alone.camera[mine], alone.m2[mine], minlength=1)
        worst = int(total.argmax())
        return (float(total[worst]), worst) if total[worst] > 0 else (0.0, -1)

    def __len__(self) -> int:
        return len(self.codes)
