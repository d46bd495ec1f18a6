"""What is recorded of cameras, and what a reader asks of them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.columns import LayerColumns
from geo.errors import N_, ParameterError
from geo.reach import density_px_per_m, edition

Floats = NDArray[np.float64]

_NUMBERS = (
    "azimuth_deg",
    "azimuth_tolerance_deg",
    "hfov_deg",
    "range_m",
    "height_m",
    "tilt_deg",
    "vfov_deg",
    "pixels_h",
)


@dataclass(frozen=True)
class CameraFacts:
    """What is recorded of each camera; arrays of equal length (n,), NaN where a number is not known.

    Attributes
    ----------
    id
        Object array of str.
    x, y
        float64, metres in the metric CRS, where the camera is drawn.
    kind
        Object array of "fixed", "ptz", "dome", "panoramic" or None.
    azimuth_deg
        Middle of the view, clockwise from true north; of a turning camera that of its home view.
    azimuth_tolerance_deg
        Half-width of what is known of the azimuth: 22.5 for eight compass points; NaN counts as 0.
    hfov_deg, vfov_deg
        Horizontal and vertical angle of view; of a turning camera those of its home view.
    range_m
        How far the camera is said to see.
    height_m
        Of the camera above the ground.
    tilt_deg
        Middle of the picture below the horizontal.
    pixels_h
        Pixels across the picture.
    online
        int8: 1, 0, -1 not known.
    masks
        Object array of str or None: sectors that the picture does not show (`geo.sectors`); None for no camera.
    """

    id: NDArray[Any]
    x: Floats
    y: Floats
    kind: NDArray[Any]
    azimuth_deg: Floats
    azimuth_tolerance_deg: Floats
    hfov_deg: Floats
    range_m: Floats
    height_m: Floats
    tilt_deg: Floats
    vfov_deg: Floats
    pixels_h: Floats
    online: NDArray[np.int8]
    masks: NDArray[Any] = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        if self.masks is None:
            object.__setattr__(self, "masks", np.full(len(self.x), None, dtype=object))

    def __len__(self) -> int:
        return len(self.x)

    def take(self, rows: ArrayLike) -> Self:
        """Return the cameras at `rows` (positions or a mask), in that order."""
        chosen = np.asarray(rows)
        chosen = chosen if chosen.dtype == bool else chosen.astype(np.int64)
        return type(self)(**{field.name: getattr(self, field.name)[chosen] for field in fields(self)})

    @classmethod
    def of(cls, columns: LayerColumns) -> Self:
        """Return the facts of a snapshot's cameras, in their order."""
        none = np.zeros(0)
        return cls(
            id=columns.text("id"),
            x=none if columns.x is None else columns.x,
            y=none if columns.y is None else columns.y,
            kind=columns.text("kind"),
            **{name: columns.number(name) for name in _NUMBERS},
            online=np.asarray(columns.columns["online"], dtype=np.int8),
            masks=columns.text("masks"),
        )


@dataclass(frozen=True)
class ViewRules:
    """What a reader asks for; equal rules are equal keys.

    Attributes
    ----------
    assumed_range_m
        Stands in for a range that is not recorded; it must be shown wherever the result is. Never certain.
    online_only
        Cameras recorded as offline see nothing, those of unknown state see only possibly.
    edition, task
        Edition of IEC/EN 62676-4 and the class that must be met (see `geo.reach`); None: as far as the range says.
    target_height_m
        Height of what is to be seen; a camera above a building sees it behind that sooner than the ground.

    Raises
    ------
    ParameterError
        A number cannot be used, or there is no such edition or class.

    Examples
    --------
    >>> ViewRules(edition="2025", task="Discern").px_per_m
    80.0
    """

    assumed_range_m: float = 50.0
    online_only: bool = False
    edition: str = "2014"
    task: str | None = None
    target_height_m: float = 1.6

    def __post_init__(self) -> None:
        if not np.isfinite(self.assumed_range_m) or self.assumed_range_m <= 0:
            raise ParameterError(
                N_("The assumed range of {range_m} m cannot be used."),
                N_("Give a positive number of metres."),
                range_m=self.assumed_range_m,
            )
        if not np.isfinite(self.target_height_m) or self.target_height_m < 0:
            raise ParameterError(
                N_("The target height of {height_m} m cannot be used."),
                N_("Give a number of metres, 0 or more."),
                height_m=self.target_height_m,
            )
        known = edition(self.edition)
        if self.task is not None:
            object.__setattr__(self, "task", known.task(self.task).name)

    @property
    def px_per_m(self) -> float | None:
        """The density that the class asks for, pixels per metre; None without a class."""
        return None if self.task is None else edition(self.edition).task(self.task).px_per_m


def angle_deg(facts: CameraFacts) -> Floats:
    """Return the horizontal angle of view, 360 for a panoramic camera without one, NaN where unknown."""
    return np.where(np.isnan(facts.hfov_deg) & (facts.kind == "panoramic"), 360.0, facts.hfov_deg)


def px_per_m_at(facts: CameraFacts, rows: ArrayLike, distance_m: ArrayLike) -> Floats:
    """Return the pixels per metre at a distance along the optical axis; of a turning camera those of its home view.

    Parameters
    ----------
    facts, rows
        Cameras, and the positions of those asked for, (k,).
    distance_m
        (k,) or one number, > 0.

    Returns
    -------
    float64 (k,), NaN where pixels or angle of view are not known; formula of `geo.reach.reach_m`.
    """
    chosen = np.asarray(rows)
    return density_px_per_m(facts.pixels_h[chosen], angle_deg(facts)[chosen], distance_m)
