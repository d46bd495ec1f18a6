"""What a reader asks of the hot spots beside the filters that every figure of incidents has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Unit = Literal["grid", "hex", "square"]
Step = Literal["week", "month"]

UNITS: tuple[Unit, ...] = ("grid", "hex", "square")
STEPS: tuple[Step, ...] = ("week", "month")
LEAST_SIZE_M, MOST_SIZE_M = 50.0, 10_000.0
MOST_STEPS = 120


@dataclass(frozen=True)
class HotspotParams:
    """See `layers.base.Params`; every field has the meaning of the query of the same name.

    Attributes
    ----------
    unit
        What is tested: the grids of a level, or the cells of a regular lattice of hexagons or squares.
    size_m
        Size of those cells (`geo.tessellation.cell_of`); None: chosen by the size of the city.
    step, steps
        Length of a step (7 days, or a month from day to day) and how many are asked for, counted back from the end of
        the window.
    q
        Share of false finds that is put up with among all found.
    """

    unit: Unit = "hex"
    size_m: float | None = None
    step: Step = "week"
    steps: int = 12
    q: float = 0.05
