"""What a reader asks of the balance beside the filters that every figure of incidents has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from geo.balance import MEASURES

# What of the whole work each measure stands for, where a reader says nothing else; they need not add up to anything.
SHARES: Mapping[str, float] = {
    "incidents": 50.0,
    "area": 15.0,
    "population": 20.0,
    "streets": 15.0,
    "places": 0.0,
    "cameras": 0.0,
}
MOST_WEIGHT = 1000.0
MOST_LOAD = 100.0
LEAST_SECTION_M, MOST_SECTION = 20.0, 100_000.0


@dataclass(frozen=True)
class BalanceParams:
    """See `layers.base.Params`; hashable, as caches are keyed by it.

    Attributes
    ----------
    weights
        Of the measures of `geo.balance.MEASURES`, in their order.
    low, high
        Bounds of the load, against an even share: a grid outside them has too little or too much.
    section_m, section_incidents
        Wished length of a road section; how many incidents one is to have instead, None: it goes by length.
    """

    weights: tuple[float, ...] = tuple(SHARES[name] for name in MEASURES)
    low: float = 0.5
    high: float = 1.5
    section_m: float = 300.0
    section_incidents: int | None = None

    def weighed(self) -> dict[str, float]:
        """Return the weights by measure."""
        return dict(zip(MEASURES, self.weights, strict=True))
