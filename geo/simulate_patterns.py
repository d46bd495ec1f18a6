"""When and how often each simulated category occurs, and what pages call it."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from geo.errors import N_

_DAY = range(24)


def _hours(*peaks: tuple[float, float, float], floor: float = 0.15) -> tuple[float, ...]:
    """Weight of each hour: bumps (hour, width in hours, height) on a floor, around the clock."""
    return tuple(
        floor + sum(high * np.exp(-0.5 * (((hour + 0.5 - at + 12) % 24 - 12) / wide) ** 2) for at, wide, high in peaks)
        for hour in _DAY
    )


@dataclass(frozen=True)
class Pattern:
    """How often a category occurs, and when.

    Attributes
    ----------
    share
        Relative frequency.
    hours
        24 weights, local time.
    weekdays
        7 weights, Monday first.
    peak_month, season
        Month (1-12) of the yearly maximum and its strength, 0 (none) to 1.
    trend
        Relative change per year.
    hot
        Share that happens near hot spots; the rest is spread along all streets.
    days
        If above 0, everything falls on so many days (rain), else on any day.
    """

    share: float
    hours: tuple[float, ...]
    weekdays: tuple[float, ...] = (1.0, 1.0, 1.0, 1.0, 1.0, 0.9, 0.8)
    peak_month: float = 7.0
    season: float = 0.0
    trend: float = 0.0
    hot: float = 0.5
    days: int = 0


_WORK = (1.15, 1.1, 1.1, 1.1, 1.15, 0.7, 0.4)
_LEISURE = (0.6, 0.6, 0.7, 0.9, 1.5, 1.9, 1.1)
PATTERNS = MappingProxyType(
    {
        "illegal_parking": Pattern(0.27, _hours((9, 2, 1), (17.5, 2, 1)), _WORK, 10, 0.15, 0.12, 0.6),
        "waste": Pattern(0.22, _hours((8, 2.5, 1)), (1.5, 1.1, 0.9, 0.9, 1.0, 1.0, 0.9), 7, 0.4, 0.05, 0.55),
        "noise": Pattern(0.15, _hours((23.5, 2.5, 1.4), floor=0.08), _LEISURE, 7, 0.5, 0.0, 0.75),
        "road_damage": Pattern(0.12, _hours((10, 3, 1)), _WORK, 3.5, 0.7, -0.1, 0.35),
        "street_light_fault": Pattern(
            0.11, _hours((18, 2.5, 1.2), (6.5, 1.5, 0.6)), peak_month=12, season=0.75, hot=0.3
        ),
        "facility_damage": Pattern(0.09, _hours((1, 3, 1), (16, 3, 0.5)), _LEISURE, 6, 0.25, 0.08, 0.6),
        "flooding": Pattern(0.04, _hours((15, 5, 0.6), floor=0.5), peak_month=9, season=0.6, hot=0.8, days=14),
    }
)
# What a page shows for the neutral keys that are stored: catalogue keys.
CATEGORY_TITLES = MappingProxyType(
    {
        "illegal_parking": N_("Illegal parking"),
        "waste": N_("Dumped waste"),
        "noise": N_("Noise"),
        "road_damage": N_("Road damage"),
        "street_light_fault": N_("Street light fault"),
        "facility_damage": N_("Damaged public facility"),
        "flooding": N_("Standing water"),
    }
)
STATUS_TITLES = MappingProxyType({"open": N_("Open"), "closed": N_("Closed")})
