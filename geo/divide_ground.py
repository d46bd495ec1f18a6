"""What lies on some polygons: the amounts that make up their workload."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Geometries = NDArray[Any]

_TOUCH = 1e-9  # of a polygon's area: less overlap is rounding


@dataclass(frozen=True)
class Ground:
    """What is counted; what is absent is not recorded, which is not the same as none.

    Attributes
    ----------
    points
        By measure (incidents, places, cameras), x and y as float64 (m,) in metres.
    streets
        Object array of lines in metres, None: not recorded.
    people
        Polygons (p,) and float64 (p,) of people living in each, NaN where not recorded; None: not recorded at all.
    """

    points: Mapping[str, tuple[Floats, Floats]] = field(default_factory=dict)
    streets: Geometries | None = None
    people: tuple[Geometries, Floats] | None = None


def amounts_on(polygons: Geometries, ground: Ground) -> dict[str, Floats]:
    """Return the amounts of every measure that is recorded on each of n polygons, float64 (n,).

    Points on a border, and streets along one, count for the polygon that comes first. People are shared out by area,
    as if they lived evenly in each polygon they are recorded for; where one of those has no figure there is none.

    Examples
    --------
    >>> west, east = shapely.box(0, 0, 1, 1), shapely.box(1, 0, 3, 1)
    >>> points = {"incidents": (np.array([0.5, 1.0, 2.0]), np.array([0.5, 0.5, 0.5]))}
    >>> both = np.array([shapely.box(0, 0, 3, 1)], dtype=object)
    >>> found = amounts_on(np.array([west, east]), Ground(points, people=(both, np.array([90.0]))))
    >>> {name: values.tolist() for name, values in found.items()}
    {'area': [1.0, 2.0], 'incidents': [2.0, 1.0], 'population': [30.0, 60.0]}
    """
    from geo.assign import Locator  # brings in the compiler

    n = len(polygons)
    found: dict[str, Floats] = {"area": np.asarray(shapely.area(polygons), np.float64)}
    order = np.array([f"{i:09d}" for i in range(n)], dtype=object)
    locator = Locator(polygons, order)
    for name, (x, y) in ground.points.items():
        where = locator.locate(x, y) if len(x) else np.zeros(0, np.int64)
        found[name] = np.bincount(where[where >= 0], minlength=n).astype(np.float64)
    if ground.streets is not None:
        from geo.streets import streets_by_cell

        near = shapely.STRtree(ground.streets).query(shapely.union_all(shapely.box(*shapely.bounds(polygons).T)))
        found["streets"] = streets_by_cell(ground.streets[np.sort(near)], polygons, order, locator=locator).length_m()
    if ground.people is not None:
        found["population"] = people_on(polygons, *ground.people)
    return found


def people_on(polygons: Geometries, homes: Geometries, people: Floats) -> Floats:
    """Return how many people live on each polygon, were they spread evenly over each of `homes`; NaN: not known."""
    which, home, area = overlaps(polygons, homes)
    share = area / np.asarray(shapely.area(homes), np.float64)[home]
    sums = np.bincount(which, weights=people[home] * share, minlength=len(polygons))
    return np.where(np.bincount(which, minlength=len(polygons)) > 0, sums, np.nan)


def overlaps(polygons: Geometries, others: Geometries) -> tuple[Ints, Ints, Floats]:
    """Return which polygons overlap which others, and on how many m2; mere touches are left out."""
    which, other = shapely.STRtree(others).query(polygons, predicate="intersects")
    area = np.asarray(shapely.area(shapely.intersection(polygons[which], others[other])), np.float64)
    least = _TOUCH * np.minimum(shapely.area(polygons)[which], shapely.area(others)[other])
    order = np.lexsort((other, which))
    order = order[area[order] > least[order]]
    return which[order].astype(np.int64), other[order].astype(np.int64), area[order]
