"""How far a camera resolves: pixel densities of both editions of IEC/EN 62676-4, and the distance they are met at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.errors import N_, ParameterError

Mark = Literal["V", "V2", "M"]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Task:
    """A class of the standard: least pixels per metre on the target.

    `mark` says how well the number is known: "V" read in the source, "V2" in a secondary source, "M" from memory.
    """

    name: str
    px_per_m: float
    mark: Mark


@dataclass(frozen=True)
class Edition:
    """One edition of the table, from the lowest density to the highest."""

    standard: str
    year: str
    tasks: tuple[Task, ...]

    def task(self, name: str) -> Task:
        """Return a class by name, whatever its case.

        Raises
        ------
        ParameterError
            This edition has no such class.
        """
        for task in self.tasks:
            if task.name == name.lower():
                return task
        raise ParameterError(
            N_("The {year} edition has no class “{task}”."),
            N_("Choose one of: {tasks}."),
            year=self.year,
            task=name[:40],
            tasks=", ".join(task.name for task in self.tasks),
        )


_2014 = Edition(
    "IEC/EN 62676-4",
    "2014",
    (
        Task("monitor", 12.5, "V2"),
        Task("detect", 25.0, "V2"),
        Task("observe", 62.5, "V2"),
        Task("recognise", 125.0, "V2"),
        Task("identify", 250.0, "V2"),
        Task("inspect", 1000.0, "M"),
    ),
)
_2025 = Edition(
    "IEC/EN 62676-4",
    "2025",
    (  # secondary sources disagree on the lower three
        Task("overview", 20.0, "V2"),
        Task("outline", 40.0, "V2"),
        Task("discern", 80.0, "V2"),
        Task("perceive", 125.0, "V2"),
        Task("characterise", 250.0, "V2"),
        Task("validate", 500.0, "V2"),
        Task("scrutinise", 1500.0, "V2"),
    ),
)

EDITIONS: Mapping[str, Edition] = MappingProxyType({edition.year: edition for edition in (_2014, _2025)})


def edition(year: str) -> Edition:
    """Return an edition by its year.

    Raises
    ------
    ParameterError
        There is no such edition.
    """
    if year not in EDITIONS:
        raise ParameterError(
            N_("There is no edition “{year}” of the table."),
            N_("Choose one of: {years}."),
            year=year[:40],
            years=", ".join(EDITIONS),
        )
    return EDITIONS[year]


def reach_m(pixels_h: ArrayLike, hfov_deg: ArrayLike, px_per_m: float) -> Floats:
    """Return the distance at which a density is met, metres along the optical axis.

    Below 180 degrees d = H / (2 px_per_m tan(HFOV / 2)), the pixels spread over a plane; from 180 degrees on
    d = H / (px_per_m HFOV_rad), the pixels spread over an arc (IEC/EN 62676-4's flat formula has no meaning there).

    Parameters
    ----------
    pixels_h
        Horizontal pixels, (n,); NaN where unknown.
    hfov_deg
        Horizontal angle of view, (n,), 0 < angle <= 360; NaN where unknown.
    px_per_m
        The density, > 0 (see `EDITIONS`).

    Returns
    -------
    float64, NaN where a number is unknown or the angle is not in its range.

    Raises
    ------
    ParameterError
        `px_per_m` is not above 0.

    Examples
    --------
    >>> reach_m([1920.0, 1920.0], [90.0, 360.0], 250.0).round(2).tolist()
    [3.84, 1.22]
    """
    _require_positive(px_per_m)
    return _distance_times_density(pixels_h, hfov_deg) / px_per_m


def density_px_per_m(pixels_h: ArrayLike, hfov_deg: ArrayLike, distance_m: ArrayLike) -> Floats:
    """Return the pixels per metre at a distance (> 0, else NaN); the inverse of `reach_m`."""
    distance = np.asarray(distance_m, np.float64)
    return _distance_times_density(pixels_h, hfov_deg) / np.where(distance > 0, distance, np.nan)


def capped_reach_m(reach: ArrayLike, range_m: ArrayLike) -> Floats:
    """Return the smaller of reach and stated range; where one is unknown the other; NaN where both are."""
    return np.fmin(np.asarray(reach, np.float64), np.asarray(range_m, np.float64))


def near_blind_m(height_m: ArrayLike, tilt_deg: ArrayLike, vfov_deg: ArrayLike) -> Floats:
    """Return the radius below the camera that it cannot see: h / tan(tilt + VFOV / 2).

    0 where the lower edge of the picture reaches straight down (90 degrees) or further; NaN where a number is unknown
    or the lower edge does not look down at all.

    Examples
    --------
    >>> float(near_blind_m(3.0, 15.0, 60.0).round(6))
    3.0
    """
    height = np.asarray(height_m, np.float64)
    down = np.asarray(tilt_deg, np.float64) + np.asarray(vfov_deg, np.float64) / 2
    usable = np.where((down > 0) & (down < 90), down, np.nan)
    return np.where(down >= 90, height * 0.0, height / np.tan(np.radians(usable)))


def _distance_times_density(pixels_h: ArrayLike, hfov_deg: ArrayLike) -> Floats:
    pixels, angle = np.asarray(pixels_h, np.float64), np.radians(np.asarray(hfov_deg, np.float64))
    angle = np.where((angle > 0) & (angle <= 2 * np.pi), angle, np.nan)
    flat = np.where(angle < np.pi, angle, np.nan)
    with np.errstate(over="ignore"):  # the angle of a line resolves without end
        return np.where(angle < np.pi, pixels / (2 * np.tan(flat / 2)), pixels / angle)


def _require_positive(px_per_m: float) -> None:
    if not np.isfinite(px_per_m) or px_per_m <= 0:
        raise ParameterError(
            N_("A pixel density of {px_per_m} px/m cannot be used."), N_("Give a number above 0."), px_per_m=px_per_m
        )
