"""The coverage of a whole city, from arrays; `geo.city` keeps it up to date."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.cameras import CameraFacts, ViewRules, beams_of
from geo.cells import Cells, prepare_cells
from geo.coverage import Coverage, cover
from geo.obstacles import Obstacles, build_obstacles
from geo.parallel import Cancelled, chunks_of, in_chunks, never, patiently
from geo.views import Views
from geo.visibility import visible

Progress = Callable[[float, str], None]

_BEAMS = 4096.0  # computed in a piece of work: some tenths of a second

# Shares of the whole time, for the progress.
_STEPS = (("buildings", 0.12), ("grids", 0.16), ("views", 0.22), ("coverage", 0.50))


@dataclass(frozen=True)
class City:
    """What is known of a city and what follows from it.

    Attributes
    ----------
    facts
        The cameras (n,).
    rules, crs
        What was asked for; the metric CRS of everything.
    obstacles, cells, views, coverage
        The dissolved buildings, the grids without them, what every beam sees, and the coverage of each grid.
    """

    facts: CameraFacts
    rules: ViewRules
    crs: str
    obstacles: Obstacles
    cells: Cells
    views: Views
    coverage: Coverage


def silent(share: float, step: str) -> None:
    """Nobody looks at the progress."""


def compute_city(
    facts: CameraFacts,
    footprints: ArrayLike,
    height_m: ArrayLike | None,
    cell_polygons: ArrayLike,
    rules: ViewRules,
    *,
    crs: str,
    obstacles: Obstacles | None = None,
    cells: Cells | None = None,
    threads: int | None = None,
    progress: Progress = silent,
    cancelled: Callable[[], bool] = never,
) -> City:
    """Compute views and coverage of a whole city.

    Parameters
    ----------
    facts
        Cameras, in `crs`.
    footprints, height_m
        Of the buildings, see `geo.obstacles.build_obstacles`; not looked at where `obstacles` are given.
    cell_polygons
        Grids of one level, see `geo.cells.prepare_cells`; not looked at where `cells` are given.
    rules
        What is asked for.
    obstacles, cells
        From a former city of the same buildings (and the same grids).
    threads
        See `geo.parallel.in_chunks`.
    progress
        Called with the share done, 0..1, and the step: "buildings", "grids", "views", "coverage".
    cancelled
        Asked several times a second.

    Raises
    ------
    Cancelled
        `cancelled()` said so.
    ConservationError, ParameterError
        See `geo.coverage.cover`, `geo.obstacles.build_obstacles`.
    """
    told = _Told(progress, cancelled)
    told.begin("buildings")
    if obstacles is None:
        obstacles = patiently(lambda: build_obstacles(footprints, height_m), cancelled)
    told.begin("grids")
    if cells is None:
        cells = prepare_cells(cell_polygons, obstacles, threads=threads, progress=told.share, cancelled=cancelled)
    told.begin("views")
    views = _views(facts, rules, obstacles, crs, threads, told)
    told.begin("coverage")
    coverage = cover(cells, views, threads=threads, progress=told.share, cancelled=cancelled)
    progress(1.0, "coverage")
    return City(facts, rules, crs, obstacles, cells, views, coverage)


def _views(
    facts: CameraFacts, rules: ViewRules, obstacles: Obstacles, crs: str, threads: int | None, told: _Told
) -> Views:
    """What all cameras see, beams by beams."""
    of = patiently(lambda: beams_of(facts, rules, obstacles, crs=crs), told.cancelled)
    area, polygons = np.zeros(len(of)), np.full(len(of), None, dtype=object)

    def work(rows: NDArray[np.int64]) -> None:
        seen = visible(of.take(rows), obstacles, target_height_m=rules.target_height_m, threads=1)
        area[rows], polygons[rows] = seen.area_m2, seen.polygons

    pieces = chunks_of(np.ones(len(of)), _BEAMS, threads)
    in_chunks(work, pieces, threads=threads, progress=told.share, cancelled=told.cancelled)
    return Views(of, area, polygons)


class _Told:
    """Tells how far the whole is while its steps tell how far they are."""

    def __init__(self, progress: Progress, cancelled: Callable[[], bool]) -> None:
        self._progress, self.cancelled = progress, cancelled
        self._step, self._start, self._size = "", 0.0, 0.0

    def begin(self, step: str) -> None:
        """Begin a step."""
        self._step, self._start, self._size = step, self._start + self._size, dict(_STEPS)[step]
        self.share(0.0)

    def share(self, done: float) -> None:
        """Tell how much of the step is done."""
        if self.cancelled():
            raise Cancelled
        self._progress(self._start + self._size * done, self._step)
