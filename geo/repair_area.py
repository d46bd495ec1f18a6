"""Repairs that draw borders anew: what each kind of finding can be mended by, before it is held against the audit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import shapely

from geo.audit import Audit
from geo.audit_findings import as_objects
from geo.audit_things import moved_valid
from geo.errors import N_
from geo.repair_look import Seen
from geo.repair_moves import MOST_TAKERS, Moves, kids, neighbours, takers
from geo.repair_pieces import border_m, rest, shared, tidy
from geo.repair_snap import snapped


@dataclass(frozen=True)
class Edit:
    """A way to mend a finding, not held against anything yet.

    Attributes
    ----------
    method
        By which it is asked for again, unique among those of a finding.
    text, params
        What is done, for a reader.
    ways
        Areas of the changed grids by position, measured from the division's origin, None for one that ends. The first
        that holds is taken: those after it draw the grids above or below anew as well.
    level
        The level whose total area is counted.
    grows_m2
        By how much the total is to grow; None: by as much as the areas that are mended differ.
    """

    method: str
    text: str
    params: Mapping[str, Any]
    ways: tuple[Callable[[], Mapping[int, Any]], ...]
    level: str
    grows_m2: float | None


GIVE_LONGEST = N_("Give the area to {to}: it has the longest border with it, {border} m.")
GIVE = N_("Give the area to {to}, which has {border} m of border with it.")
KEEP_LONGEST = N_("Leave the area to {to} and take it from {from_}: {to} has the longest border with it, {border} m.")
KEEP = N_("Leave the area to {to} and take it from {from_}; {to} has {border} m of border with it.")
SNAP = N_("Move the corners of {grid} onto the border of {to}, where they are at most {within} m from it.")
END = N_("Take {grid} out; {to} stays.")
END_EMPTY = N_("Take {grid} out: it has no area.")
RING_LINEWORK = N_("Redraw the ring by the even parts of its lines, as the audit reads it (make_valid, linework).")
RING_STRUCTURE = N_("Redraw the ring by its shells without its holes (make_valid, structure).")
CLIP = N_("Cut {grid} at the border of its parent {to}.")
HAND_OVER = N_("Give what lies beyond {parent} to {to}.")
WIDEN = N_("Widen {to} by what {grid} reaches beyond it.")
TAKE_OUT = N_("Take the area out of {grid}.")
PARTS = N_("Give the smaller parts to the neighbours with the longest borders: {to}.")
AROUND = N_("Lead the border around building {building}, so that all of it lies in {to}.")


def edits(audit: Audit, index: int, seen: Seen) -> Iterator[Edit]:
    """Yield the ways to mend a finding by drawing, the best first."""
    makers: Mapping[str, Callable[[], Iterator[Edit]]] = {
        "gap": lambda: _gap(audit, seen),
        "sliver": lambda: _gap(audit, seen),
        "hole": lambda: _hole(audit, seen),
        "overlap": lambda: _overlap(audit, seen),
        "duplicate": lambda: _end(audit, seen),
        "near_duplicate": lambda: _end(audit, seen),
        "spill": lambda: _spill(audit, seen),
        "invalid": lambda: _ring(audit, seen),
        "multipart": lambda: _parts(audit, seen),
        "building_cut": lambda: _building(audit, index, seen),
    }
    if seen.kind in makers:
        yield from makers[seen.kind]()


def name(audit: Audit, row: int) -> str:
    """What a grid is called."""
    return str(audit.grids.code[row])


def _metres(value: float) -> str:
    return f"{value:,.1f}"


def _gap(audit: Audit, seen: Seen) -> Iterator[Edit]:
    level = str(audit.grids.level[seen.rows[0]])
    yield from _given(audit, seen, np.array(seen.rows), level)
    yield from _snap(audit, seen, list(seen.rows))


def _given(audit: Audit, seen: Seen, rows: Any, level: str) -> Iterator[Edit]:
    for i, (row, border) in enumerate(takers(audit, seen.shape, rows)):
        ways = [
            lambda row=row, down=down: _with_gain(audit, row, seen.shape, down=down) for down in (False, True)
        ]  # fmt: skip
        params = {"to": name(audit, row), "border": _metres(border)}
        yield Edit(f"give:{name(audit, row)}", GIVE if i else GIVE_LONGEST, params, tuple(ways), level, seen.measure)


def _with_gain(audit: Audit, row: int, piece: Any, *, down: bool) -> Mapping[int, Any]:
    moves = Moves(audit, up=True, down=down)
    moves.gain(row, piece)
    return moves.shapes


def _hole(audit: Audit, seen: Seen) -> Iterator[Edit]:
    parent = seen.rows[0]
    below = kids(audit, parent)
    if len(below):
        yield from _given(audit, seen, below, str(audit.grids.level[below[0]]))

    def out(up: bool) -> Mapping[int, Any]:
        moves = Moves(audit, up=up)
        moves.lose(parent, seen.shape)
        return moves.shapes

    yield Edit(
        "take_out", TAKE_OUT, {"grid": name(audit, parent)}, (lambda: out(False), lambda: out(True)),
        str(audit.grids.level[parent]), -seen.measure,
    )  # fmt: skip


def _overlap(audit: Audit, seen: Seen) -> Iterator[Edit]:
    level = str(audit.grids.level[seen.rows[0]])
    around = float(shapely.length(seen.shape))
    # The border of what both claim is made of both borders: what of it is not a grid's own runs inside that grid.
    length = {row: max(0.0, around - border_m(seen.shape, audit.grids.shapes[row])) for row in seen.rows}
    order = sorted(seen.rows, key=lambda row: (-length[row], name(audit, row)))
    for i, keeper in enumerate(order):
        other = order[1 - i]

        def give(keeper: int = keeper, other: int = other, *, up: bool, down: bool) -> Mapping[int, Any]:
            moves = Moves(audit, up=up, down=down)
            moves.lose(other, seen.shape, keeper)
            moves.corner(keeper, seen.shape)
            return moves.shapes

        ways = [
            lambda up=up, down=down, give=give: give(up=up, down=down)
            for up, down in ((False, False), (True, False), (False, True), (True, True))
        ]
        params = {"to": name(audit, keeper), "from_": name(audit, other), "border": _metres(length[keeper])}
        yield Edit(
            f"give:{name(audit, keeper)}", KEEP if i else KEEP_LONGEST, params, tuple(ways), level, -seen.measure
        )
    yield from _snap(audit, seen, order)


def _snap(audit: Audit, seen: Seen, rows: list[int]) -> Iterator[Edit]:
    """The two grids with the longest borders, each onto the other, within three times the finding's mean thickness."""
    level = str(audit.grids.level[seen.rows[0]])
    found = [row for row, _ in takers(audit, seen.shape, np.array(rows))][:2]
    if len(found) < 2:
        return
    thick = 2 * float(shapely.area(seen.shape)) / max(1e-12, float(shapely.length(seen.shape)))
    within = min(3 * thick, audit.rules.sliver_m)
    if within < thick:
        return
    for row, other in (found, found[::-1]):

        def snap(row: int = row, other: int = other) -> Mapping[int, Any]:
            drawn, met = snapped(audit.grids.shapes[row], audit.grids.shapes[other], within)
            return {row: drawn, other: met}

        params = {"grid": name(audit, row), "to": name(audit, other), "within": f"{within:.2g}"}
        yield Edit(f"snap:{name(audit, row)}", SNAP, params, (snap,), level, None)


def _end(audit: Audit, seen: Seen) -> Iterator[Edit]:
    for row in sorted(seen.rows, key=lambda row: (audit.grids.area[row], name(audit, row))):
        if len(kids(audit, row)):
            continue
        other = next(one for one in seen.rows if one != row)
        params = {"grid": name(audit, row), "to": name(audit, other)}
        yield Edit(
            f"end:{name(audit, row)}", END, params, (partial(_without_grid, row),), str(audit.grids.level[row]),
            -float(audit.grids.area[row]),
        )  # fmt: skip


def _without_grid(row: int) -> Mapping[int, Any]:
    return {row: None}


def _ring(audit: Audit, seen: Seen) -> Iterator[Edit]:
    row = seen.rows[0]
    level = str(audit.grids.level[row])
    if audit.grids.area[row] <= 0:
        if not len(kids(audit, row)):
            yield Edit("end", END_EMPTY, {"grid": name(audit, row)}, (lambda: {row: None},), level, 0.0)
        return
    read = tidy(audit.grids.shapes[row])
    yield Edit("ring:linework", RING_LINEWORK, {}, (lambda: {row: read},), level, 0.0)
    raw = shapely.transform(audit.grids.drawn[row], lambda xy: xy - audit.grids.origin)
    whole = tidy(shapely.make_valid(raw, method="structure", keep_collapsed=False))
    if not whole.is_empty and abs(whole.area - read.area) > seen.slack:
        yield Edit("ring:structure", RING_STRUCTURE, {}, (lambda: {row: whole},), level, float(whole.area - read.area))


def _spill(audit: Audit, seen: Seen) -> Iterator[Edit]:
    row, parent = seen.rows
    level = str(audit.grids.level[row])
    names = {"grid": name(audit, row), "to": name(audit, parent), "parent": name(audit, parent)}

    def clip(down: bool) -> Mapping[int, Any]:
        moves = Moves(audit, down=down)
        moves.lose(row, seen.shape)
        return moves.shapes

    others = neighbours(audit, level, seen.shape)
    others = others[others != row]
    yield Edit("clip", CLIP, names, (lambda: clip(False), lambda: clip(True)), level, -seen.measure)
    free = not len(others) or rest(seen.shape, audit.grids.shapes[others]).area > seen.measure - seen.slack
    if free:
        for other, _ in takers(audit, seen.shape, others[audit.above[others] != parent]):

            def hand_over(other: int = other, *, down: bool) -> Mapping[int, Any]:
                moves = Moves(audit, down=down)
                moves.lose(row, seen.shape)
                moves.gain(other, seen.shape)
                return moves.shapes

            ways = tuple(lambda down=down, move=hand_over: move(down=down) for down in (False, True))
            params = {**names, "to": name(audit, other)}
            yield Edit(f"give:{name(audit, other)}", HAND_OVER, params, ways, level, 0.0)

    def widen() -> Mapping[int, Any]:
        moves = Moves(audit, up=True)
        moves.gain(parent, seen.shape)
        return moves.shapes

    yield Edit("widen", WIDEN, names, (widen,), str(audit.grids.level[parent]), seen.measure)


def _parts(audit: Audit, seen: Seen) -> Iterator[Edit]:
    row = seen.rows[0]
    level = str(audit.grids.level[row])
    moves, names = Moves(audit), []
    for piece in shapely.get_parts(seen.shape).tolist():
        others = neighbours(audit, level, piece)
        others = others[others != row]
        own = others[audit.above[others] == audit.above[row]]
        best = takers(audit, piece, own) or takers(audit, piece, others)
        if not best:
            return
        moves.lose(row, piece)
        moves.gain(best[0][0], piece)
        names.append(name(audit, best[0][0]))
    to = ", ".join(dict.fromkeys(names[:MOST_TAKERS])) + (", …" if len(names) > MOST_TAKERS else "")
    yield Edit("parts", PARTS, {"to": to}, (lambda: moves.shapes,), level, 0.0)


def _building(audit: Audit, index: int, seen: Seen) -> Iterator[Edit]:
    item = audit.findings.item(index)
    if item is None or audit.things.buildings is None:
        return
    house = moved_valid(as_objects([audit.things.buildings[item]]), -audit.grids.origin)[0]
    held = {row: shared(audit.grids.shapes[row], house) for row in seen.rows}
    main = max(seen.rows, key=lambda row: (held[row].area, -row))
    moves = Moves(audit)
    for row in seen.rows:
        if row != main and not held[row].is_empty:
            moves.lose(row, held[row])
            moves.gain(main, held[row])
    building = audit.findings[index].params["building"]
    params = {"building": building, "to": name(audit, main)}
    yield Edit("around", AROUND, params, (lambda: moves.shapes,), str(audit.grids.level[main]), 0.0)
