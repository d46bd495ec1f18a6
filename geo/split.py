"""Splitting a grid by a line, merging grids, and the codes that new grids get."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import shapely
from numpy.typing import ArrayLike

from geo.errors import N_, ReshapeError, UnknownGridError
from geo.grid_changes import GridChange, GridState, Key

OVER_M = 1.0  # a line that ends this near to the border reaches it
LEAST_M2 = 0.01  # a part below this is no part
MOST_PARTS = 50


def state_of(states: Mapping[Key, GridState], level: str, code: str) -> GridState:
    """Return one grid; raises UnknownGridError."""
    found = states.get((level, code))
    if found is None:
        raise UnknownGridError(
            N_("The level “{level}” has no grid “{code}”."), N_("Choose one of its grids."),
            level=level[:80], code=code[:80], field="code",
        )  # fmt: skip
    return found


def children_of(
    states: Mapping[Key, GridState], levels: Sequence[str], level: str, code: str
) -> list[tuple[Key, GridState]]:
    """Return the grids of finer levels that name a grid as their parent.

    Parameters
    ----------
    levels
        Coarse to fine. A code that a nearer level has too is taken as that level's.
    """
    place = {name: number for number, name in enumerate(levels)}
    found = []
    for key, state in states.items():
        if state.parent != code or place.get(key[0], -1) <= place[level]:
            continue
        between = levels[place[level] + 1 : place[key[0]]]
        if not any((name, code) in states for name in between):
            found.append((key, state))
    return found


def split(
    states: Mapping[Key, GridState], levels: Sequence[str], level: str, code: str, line: ArrayLike,
    codes: Sequence[str] | None = None,
) -> list[GridChange]:  # fmt: skip
    """Return the changes that split a grid by a line.

    The largest part keeps the code, where `codes` does not say otherwise; the others get the next free ones. Name,
    parent and team stay; the population of parts is not known, and so is missing. A child goes to the part that most
    of it lies in.

    Parameters
    ----------
    levels
        Coarse to fine.
    line
        (n, 2), metres. Ends within `OVER_M` of the border are drawn out to it.
    codes
        Of the parts, the largest first.

    Raises
    ------
    UnknownGridError, ReshapeError
        There is no such grid; the line does not split it; a code is taken, or there are too few.
    """
    old = state_of(states, level, code)
    places = np.asarray(line, np.float64).reshape(-1, 2)
    if len(places) < 2 or not np.isfinite(places).all() or (places == places[0]).all():
        raise ReshapeError(N_("The line needs two places that differ."), N_("Draw it anew."), field="line")
    parts = _parts(old.geometry, shapely.LineString(_drawn_out(places)))
    if not 2 <= len(parts) <= MOST_PARTS:
        raise ReshapeError(
            N_("The line does not split grid {code}."), N_("Draw it from border to border."), code=code, field="line"
        )
    names = _names(states, level, code, old.parent, len(parts), codes)
    changes = []
    made: dict[str, Any] = dict(zip(names, parts, strict=True))
    if code not in made:
        changes.append(GridChange(level, code, old, None))
    for name, shape in made.items():
        before = old if name == code else None
        changes.append(GridChange(level, name, before, replace(old, geometry=shape, population=None)))
    for key, child in children_of(states, levels, level, code):
        areas = shapely.area(shapely.intersection(parts, child.geometry))
        parent = names[int(np.argmax(areas))]
        if parent != code:
            changes.append(GridChange(*key, child, replace(child, parent=parent)))
    return changes


def _drawn_out(places: Any) -> Any:
    """Return a line whose ends reach `OVER_M` further."""
    out = places.copy()
    for end, other in ((0, 1), (-1, -2)):
        along = places[end] - places[other]
        length = np.hypot(*along)
        if length > 0:
            out[end] = places[end] + along / length * OVER_M
    return out


def _parts(shape: Any, line: Any) -> Any:
    """Return the multipolygons that a line makes of a shape, the largest first."""
    found: list[Any] = []
    for part in shapely.get_parts(shape).tolist():
        noded = shapely.union_all([part.boundary, line])
        faces = shapely.get_parts(shapely.polygonize([noded]))
        inside = faces[shapely.covers(part.buffer(1e-6), faces) & (shapely.area(faces) > LEAST_M2)]
        found += inside.tolist() if len(inside) > 1 else [part]
    found.sort(key=lambda one: (-one.area, one.bounds))
    if len(found) == len(shapely.get_parts(shape)):
        return np.zeros(0, dtype=object)
    return np.array([shapely.MultiPolygon([one]) for one in found], dtype=object)


def _names(
    states: Mapping[Key, GridState], level: str, code: str, parent: str | None, count: int, codes: Sequence[str] | None
) -> list[str]:
    if codes is None:
        return [code, *free_codes(states, level, code, parent, count - 1)]
    names = [str(one).strip() for one in codes]
    if len(names) != count or len(set(names)) != count or not all(names):
        raise ReshapeError(
            N_("The line makes {count} grids, each of which needs a code of its own."), N_("Give as many codes."),
            count=count, field="codes",
        )  # fmt: skip
    taken = [one for one in names if one != code and (level, one) in states]
    if taken:
        raise ReshapeError(
            N_("The code {code} is taken."), N_("Give another one, or let the next free one be chosen."),
            code=taken[0][:80], field="codes",
        )  # fmt: skip
    return names


def free_codes(states: Mapping[Key, GridState], level: str, code: str, parent: str | None, count: int) -> list[str]:
    """Return the next free codes beside a grid: after the last of its siblings, in the same layout.

    The number that is counted on is what follows the parent's code, else the digits at the end. Where it has no room
    left, the first unused numbers are taken; a code without digits gets "-2", "-3" and so on.

    Examples
    --------
    >>> states = {("grid", "420001"): GridState(None, parent="420"), ("grid", "420007"): GridState(None, parent="420")}
    >>> free_codes(states, "grid", "420001", "420", 2)
    ['420008', '420009']
    """
    if parent and code.startswith(parent) and code[len(parent) :].isdigit():
        head, digits = parent, code[len(parent) :]
    else:
        found = re.search(r"[0-9]{1,9}$", code)
        digits = found.group() if found else ""
        head = code[: len(code) - len(digits)]
    taken = {key[1] for key in states if key[0] == level}
    if not digits:
        tries = (f"{code}-{number}" for number in range(2, 2 + count + len(taken)))
        return [one for one in tries if one not in taken][:count]
    width = len(digits)
    pattern = re.compile(re.escape(head) + r"([0-9]{" + str(width) + r"})\Z")
    used = {int(match.group(1)) for match in map(pattern.match, taken) if match}
    top = 10**width
    after = range(max(used, default=0) + 1, top)
    numbers = [number for number in (*after[:count], *range(1, min(top, len(used) + count + 2))) if number not in used]
    chosen = list(dict.fromkeys(numbers))[:count]
    if len(chosen) < count:
        tries = (f"{code}-{number}" for number in range(2, 2 + count + len(taken)))
        return [one for one in tries if one not in taken][:count]
    return [f"{head}{number:0{width}d}" for number in chosen]
