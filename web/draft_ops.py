"""The steps a draft can take: name -> what makes the changes. Whoever adds a kind of step adds a line to `OPS`.

A step is a function of the division as the draft leaves it (`Standing` of `web.draft_standing`: states, levels, sheets,
snapshot, crs) and of the request's fields; it returns changes and touches nothing. What may be changed by whom is
checked by the caller.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.crs import WGS84, try_transform_xy
from geo.errors import N_, NoDataError, ReshapeError
from geo.grid_changes import GridChange, Key
from web.divide_op import divide
from web.draft_standing import Standing, mine, reaches_out
from web.params import fault
from web.state import atlas

Params = Mapping[str, Any]
Op = Callable[[Standing, Params], Sequence[GridChange]]
MAX_TEXT = 200
MAX_CODES = 2_000
MAX_PLACES = 2_000


# --- fields ----------------------------------------------------------------------------------------------------------


def text(params: Params, name: str) -> str:
    """Return a text; raises ParameterError where there is none."""
    found = params.get(name)
    if not isinstance(found, str) or not found.strip() or len(found) > MAX_TEXT or not found.isprintable():
        raise fault(name, str(found)[:80], N_("The field {field} is missing."), N_("Give a text."))
    return found.strip()


def texts(params: Params, name: str) -> list[str]:
    """Return a list of texts; raises ParameterError."""
    found = params.get(name)
    if not isinstance(found, list) or not 0 < len(found) <= MAX_CODES:
        raise fault(name, str(found)[:80], N_("The field {field} is missing."), N_("Give a list of texts."))
    return [text({name: one}, name) for one in found]


def yes_no(params: Params, name: str, default: bool) -> bool:
    """Return a yes or no; raises ParameterError."""
    found = params.get(name, default)
    if not isinstance(found, bool):
        raise fault(name, str(found)[:80], N_("The field {field} is not a yes or no."), N_("Give true or false."))
    return found


def amount(params: Params, name: str, default: float, low: float, high: float) -> float:
    """Return a number; raises ParameterError."""
    found = params.get(name, default)
    if isinstance(found, bool) or not isinstance(found, (int, float)) or not low <= found <= high:
        raise fault(
            name, str(found)[:80], N_("The field {field} cannot be used."), N_("Give a number from {low} to {high}."),
            low=low, high=high,
        )  # fmt: skip
    return float(found)


def places(found: object, name: str, crs: str) -> NDArray[np.float64]:
    """Return pairs of longitude and latitude as metres in `crs`, (n, 2); raises ParameterError."""
    pairs = found if isinstance(found, list) and 0 < len(found) <= MAX_PLACES else [None]
    ok = all(
        isinstance(one, list)
        and len(one) == 2
        and all(isinstance(part, (int, float)) and not isinstance(part, bool) and math.isfinite(part) for part in one)
        for one in pairs
    )
    if ok:
        lonlat = np.array(pairs, np.float64)
        x, y, usable = try_transform_xy(lonlat[:, 0], lonlat[:, 1], WGS84, crs)
        if usable.all():
            return np.column_stack([x, y])
    raise fault(
        name, str(found)[:80], N_("The places in {field} cannot be used."), N_("Give pairs of longitude and latitude.")
    )


# --- steps -----------------------------------------------------------------------------------------------------------


def reshape(at: Standing, params: Params) -> Sequence[GridChange]:
    """`moves` [{from, to}], `level`, `family` (parents and children follow, yes), `outer` (the outer border, no)."""
    from geo.reshape import REACH_M, no_border
    from geo.reshape import reshape as work

    moves = params.get("moves")
    pairs = moves if isinstance(moves, list) and all(isinstance(one, Mapping) for one in moves) else [{}]
    start, end = ([one.get(side) for one in pairs] for side in ("from", "to"))
    level, from_ = text(params, "level"), places(start, "moves", at.crs)
    own = mine(at.changes)
    if own is not None:
        for place in from_:  # what lies outside the reader's area is not there for him
            if not any(at.sheets.keys[row] in own for row in at.sheets.near(place[None, :], REACH_M, level)):
                raise no_border()
    return work(
        at.states, level, from_, places(end, "moves", at.crs),
        family=yes_no(params, "family", True), outer=yes_no(params, "outer", False), sheets=at.sheets,
    )  # fmt: skip


def split(at: Standing, params: Params) -> Sequence[GridChange]:
    """`level`, `code`, `line`, `codes` (of the parts, the largest first; the next free ones without)."""
    from geo.split import split as work

    codes = texts(params, "codes") if params.get("codes") is not None else None
    line = places(params.get("line"), "line", at.crs)
    return work(at.states, at.levels, text(params, "level"), text(params, "code"), line, codes)


def merge(at: Standing, params: Params) -> Sequence[GridChange]:
    """`level`, `codes`, `into` (one of them)."""
    from geo.merge import merge as work

    return work(at.states, at.levels, text(params, "level"), texts(params, "codes"), text(params, "into"))


def redraw(at: Standing, params: Params) -> Sequence[GridChange]:
    """`level`, `code`, `tolerance_m` (25)."""
    from geo.redraw import TOLERANCE_M
    from geo.redraw import redraw as work

    streets = at.base["streets"].geometry
    tolerance = amount(params, "tolerance_m", TOLERANCE_M, 0.5, 200.0)
    lines = np.zeros(0, dtype=object) if streets is None else streets
    return work(at.states, text(params, "level"), text(params, "code"), lines, tolerance, at.sheets)


def parent(at: Standing, params: Params) -> Sequence[GridChange]:
    """`level`, `code`, `parent`."""
    from geo.merge import to_parent

    return to_parent(at.states, at.levels, text(params, "level"), text(params, "code"), text(params, "parent"))


def team(at: Standing, params: Params) -> Sequence[GridChange]:
    """`level`, `codes`, `team` (null: nobody)."""
    from geo.merge import to_team

    name = text(params, "team") if params.get("team") not in (None, "") else None
    return to_team(at.states, text(params, "level"), texts(params, "codes"), name)


def restore(at: Standing, params: Params) -> Sequence[GridChange]:
    """`revision`, and `level` with `codes` where only some grids go back; of an area only its own do."""
    from geo.merge import to_past

    past = atlas().store.division_at(int(amount(params, "revision", -1, 1, 2**53)))
    if params.get("codes") is not None:
        level = text(params, "level")
        return to_past(at.states, past, [(level, code) for code in texts(params, "codes")])
    own = mine(at.changes)
    return to_past(at.states, past, None if own is None else own)


def repair(at: Standing, params: Params) -> Sequence[GridChange]:
    """`finding` (its id in the audit of the draft), `method` (of one of its proposals)."""
    from web.repairs import repair as work

    return work(at.snapshot, params, atlas().audit_rules)


OPS: dict[str, Op] = {
    "reshape": reshape,
    "split": split,
    "merge": merge,
    "redraw": redraw,
    "parent": parent,
    "team": team,
    "repair": repair,
    "restore": restore,
    "divide": divide,
}


def changes_of(op: str, at: Standing, params: Params) -> list[GridChange]:
    """Return what a step changes.

    Raises
    ------
    ParameterError
        There is no such step, or a field cannot be used.
    AtlasError
        The step cannot be made; see `geo`.
    """
    work = OPS.get(op)
    if work is None:
        raise fault("op", op[:80], N_("There is no such step."), N_("Use one of: {known}."), known=", ".join(OPS))
    if not at.crs:
        raise NoDataError(
            N_("The store holds no data of a town yet."), N_("Import grids or incidents of your town first.")
        )
    own = mine(at.changes)
    if own is None:
        return list(work(at, params))
    _require_named(at, params, own)
    try:
        return list(work(at, params))
    except ReshapeError as error:
        code = error.params.get("code")
        if code is not None and code not in {key[1] for key in own}:  # a neighbour that the reader may not know
            raise reaches_out() from error
        raise


def _require_named(at: Standing, params: Params, own: set[Key]) -> None:
    """Answer of a grid outside the reader's area as of one that is not there."""
    from geo.split import state_of

    level, codes = str(params.get("level")), params.get("codes")
    named = [params.get("code"), params.get("into"), *(codes if isinstance(codes, list) else [])]
    for code in named:
        if isinstance(code, str) and (level, code.strip()) not in own and (level, code.strip()) in at.states:
            state_of({}, level, code.strip())
    above = params.get("parent")
    if isinstance(above, str) and above.strip() not in {key[1] for key in own}:
        state_of({}, level, above.strip())
