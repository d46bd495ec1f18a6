"""The assignment check: is every incident in the grid it was recorded in, and how sure can one be near a border?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from geo.assign import Locator
from geo.border import border_distance
from geo.errors import N_, ParameterError


@dataclass(frozen=True)
class AssignmentCheck:
    """One entry per incident.

    Attributes
    ----------
    located
        int64: index of the grid it lies in, -1 for none.
    recorded
        int64: index of the grid whose code was recorded; -1 where the code is blank or of no grid of the level.
    unrecorded
        bool: no code was recorded.
    other_level
        bool: the recorded code is of a grid of another level only.
    unknown_code
        bool: a code was recorded that no grid of any level has.
    differs
        bool: a code was recorded, and the incident does not lie in that grid, of whichever level (it may lie in none).
    on_recorded_edge
        bool: the recorded grid touches the incident, though the tie rule gives it to another; such a one differs not.
    outside
        bool: in no grid.
    distance_m
        float64: to the nearest border of any grid of the level; infinite where there are no grids.
    near
        bool: distance_m <= near_m.
    """

    located: NDArray[np.int64]
    recorded: NDArray[np.int64]
    unrecorded: NDArray[np.bool_]
    other_level: NDArray[np.bool_]
    unknown_code: NDArray[np.bool_]
    differs: NDArray[np.bool_]
    on_recorded_edge: NDArray[np.bool_]
    outside: NDArray[np.bool_]
    distance_m: NDArray[np.float64]
    near: NDArray[np.bool_]


def check_assignment(
    x: ArrayLike,
    y: ArrayLike,
    recorded_code: ArrayLike,
    polygons: ArrayLike,
    codes: ArrayLike,
    near_m: float = 15.0,
    *,
    others: tuple[ArrayLike, ArrayLike] = ((), ()),
    locator: Locator | None = None,
) -> AssignmentCheck:
    """Compare the recorded grid of each incident with the one it lies in.

    Parameters
    ----------
    x, y
        (n,), metres, in the polygons' CRS.
    recorded_code
        Object array (n,) of str; None or blank where nothing was recorded. Compared without surrounding blanks.
    polygons, codes
        (m,) of one level; codes unique.
    near_m
        What counts as near a border.
    others
        Polygons and codes of the grids of all other levels: a code that was recorded on another level is held
        against the grids that have it there.
    locator
        One made of the same polygons and codes, to save building it.

    Raises
    ------
    ParameterError
        `near_m` is negative or not finite.

    Examples
    --------
    >>> west, east = shapely.box(0, 0, 50, 50), shapely.box(50, 0, 100, 50)
    >>> check = check_assignment([10.0, 60.0], [25.0, 25.0], ["w", "w"], [west, east], ["w", "e"])
    >>> check.differs.tolist(), check.near.tolist(), check.distance_m.tolist()
    ([False, True], [True, True], [10.0, 10.0])
    """
    if not np.isfinite(near_m) or near_m < 0:
        raise ParameterError(
            N_("The distance to a border of {near_m} m cannot be used."),
            N_("Give 0 or a positive number of metres."),
            near_m=near_m,
        )
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    shapes, names = np.asarray(polygons, dtype=object), np.asarray(codes, dtype=object)
    located = (locator or Locator(shapes, names)).locate(x, y)
    texts, text_of = _distinct(recorded_code)
    index_of = {str(name).strip(): i for i, name in reversed(list(enumerate(names)))}
    recorded = np.array([index_of.get(text, -1) for text in texts] + [-1], dtype=np.int64)[text_of]
    unrecorded = text_of < 0
    elsewhere = np.flatnonzero((recorded >= 0) & (recorded != located))
    on_edge = np.zeros(len(x), dtype=np.bool_)
    on_edge[elsewhere] = shapely.intersects_xy(shapes[recorded[elsewhere]], x[elsewhere], y[elsewhere])
    other_level, in_other = _elsewhere(x, y, np.where(recorded < 0, text_of, -1), texts, *others)
    distance = border_distance(x, y, shapes)
    return AssignmentCheck(
        located=located,
        recorded=recorded,
        unrecorded=unrecorded,
        other_level=other_level,
        unknown_code=~unrecorded & (recorded < 0) & ~other_level,
        differs=~unrecorded & ((recorded < 0) | (recorded != located)) & ~on_edge & ~in_other,
        on_recorded_edge=on_edge,
        outside=located < 0,
        distance_m=distance,
        near=distance <= near_m,
    )


def _elsewhere(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    text_of: NDArray[np.int64],
    texts: list[str],
    polygons: ArrayLike,
    codes: ArrayLike,
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Whose code (`text_of`, -1 for those not asked) a grid of another level has, and who touches such a grid."""
    known, inside = np.zeros(len(x), dtype=np.bool_), np.zeros(len(x), dtype=np.bool_)
    place = {text: i for i, text in enumerate(texts)}
    order = np.argsort(text_of, kind="stable")
    start = np.searchsorted(text_of[order], np.arange(len(texts) + 1))
    shapes = np.asarray(polygons, dtype=object)
    for shape, code in zip(shapes, np.asarray(codes, dtype=object), strict=True):
        text = place.get(str(code).strip(), -1)
        rows = order[start[text] : start[text + 1]] if text >= 0 else order[:0]
        if len(rows):
            known[rows] = True
            shapely.prepare(shape)
            inside[rows] |= shapely.intersects_xy(shape, x[rows], y[rows])
    return known, inside


def _distinct(recorded_code: ArrayLike) -> tuple[list[str], NDArray[np.int64]]:
    """The distinct codes without surrounding blanks, and for each row which one; -1 for none."""
    texts: dict[str, int] = {}
    rows: NDArray[Any] = np.asarray(recorded_code, dtype=object)
    text_of = np.full(len(rows), -1, np.int64)
    for i, value in enumerate(rows):
        text = "" if value is None else str(value).strip()
        if text:
            text_of[i] = texts.setdefault(text, len(texts))
    return list(texts), text_of
