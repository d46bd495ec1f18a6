"""What the audit of a division holds grids against: tolerances, bounds of unit grids, layouts of codes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from types import MappingProxyType

from geo.errors import N_, ParameterError


@dataclass(frozen=True)
class Layout:
    """How the code of a unit grid is made up; every place is a digit.

    Attributes
    ----------
    name
        By which it is asked for.
    lead
        Digits before the area's own code: what kind of object it is.
    steps
        Digits of each level, coarse to fine; the last are the sequence inside the parent.
    mark
        How well the layout is known: "V2" a secondary source, "M" from memory.
    """

    name: str
    lead: int
    steps: tuple[int, ...]
    mark: str

    @property
    def length(self) -> int:
        """Digits of a unit grid's code."""
        return self.lead + sum(self.steps)

    def above(self, depth: int) -> int:
        """Return the digits of the code `depth` levels above the unit grid."""
        return sum(self.steps[: len(self.steps) - depth])


# 15 digits: Beijing DB11, GB/T 30428.1-2013; 20 digits: CJ/T 349-2010.
LAYOUTS: Mapping[str, Layout] = MappingProxyType(
    {
        "15": Layout("15", 0, (6, 3, 3, 3), "V2"),
        "20": Layout("20", 6, (6, 3, 3, 2), "V2"),
    }
)
AUTO, NO_LAYOUT = "auto", "none"


@dataclass(frozen=True)
class AuditRules:
    """Tolerances and bounds, all settable; what is found beyond them is reported, the largest first.

    Attributes
    ----------
    negligible_m2
        An area below is still reported, as a note that says so.
    resolution_m
        What is thinner on average (twice the area by the perimeter) is rounding of coordinates, not a finding.
    sliver_m
        A gap thinner on average is called a sliver.
    alike
        Two grids of one level that share this part of their union are nearly one and the same.
    unit_level
        The level of unit grids, whose size, shape and sequence are held against the bounds.
    least_m2, most_m2
        Size of a unit grid: about 10,000 m2.
    compactness
        Least 4 pi area / perimeter**2 of a unit grid; 1 is a circle, 0.785 a square.
    cut_m2
        A building of which less lies beyond a border is not cut.
    touch_m
        Grids of a team that come so near hang together.
    layout
        Name of a code layout, "auto": the one that most codes of the unit level have, "none".
    """

    negligible_m2: float = 0.01
    resolution_m: float = 1e-6
    sliver_m: float = 1.0
    alike: float = 0.95
    unit_level: str = "grid"
    least_m2: float = 1_000.0
    most_m2: float = 100_000.0
    compactness: float = 0.15
    cut_m2: float = 0.01
    touch_m: float = 0.5
    layout: str = AUTO

    def __post_init__(self) -> None:
        for name in (
            "negligible_m2", "resolution_m", "sliver_m", "alike", "least_m2", "most_m2", "compactness", "cut_m2",
            "touch_m",
        ):  # fmt: skip
            value = getattr(self, name)
            if not math.isfinite(value) or value < 0:
                raise ParameterError(
                    N_("The tolerance {field} cannot be {value}."),
                    N_("Give 0 or a positive number."),
                    field=name,
                    value=value,
                )
        if self.layout not in (AUTO, NO_LAYOUT, *LAYOUTS):
            raise ParameterError(
                N_("The code layout {value} is not known."),
                N_("Use one of: {known}."),
                field="layout",
                value=self.layout,
                known=", ".join((AUTO, NO_LAYOUT, *LAYOUTS)),
            )


def ruled(rules: AuditRules, given: Iterable[tuple[str, str]]) -> AuditRules:
    """Return `rules` with some of them set by name, as texts.

    Raises
    ------
    ParameterError
        There is no rule of this name, or the value is none of it.

    Examples
    --------
    >>> ruled(AuditRules(), [("least_m2", "2500"), ("layout", "20")]).least_m2
    2500.0
    """
    plain = {one.name: getattr(AuditRules(), one.name) for one in fields(AuditRules)}
    values: dict[str, float | str] = {}
    for name, text in given:
        if name not in plain:
            raise ParameterError(
                N_("The audit has no rule {value}."), N_("Use one of: {known}."), field="rule", value=name[:40],
                known=", ".join(plain),
            )  # fmt: skip
        if isinstance(plain[name], str):
            values[name] = text
            continue
        try:
            values[name] = float(text)
        except ValueError:
            raise ParameterError(
                N_("The tolerance {field} cannot be {value}."), N_("Give 0 or a positive number."), field=name,
                value=text[:40],
            ) from None  # fmt: skip
    return replace(rules, **values)  # type: ignore[arg-type]
