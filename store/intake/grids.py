"""What grids need beyond their columns: a code, a level, and parents that lead somewhere else than back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.errors import N_
from store.intake.reasons import MISSING, MISSING_REMEDY, Ledger
from store.intake.texts import missing

Column = NDArray[Any]
DEFAULT_LEVEL = "grid"
_SHOWN = 8  # codes of a circle that are shown

_OWN = (N_("The grid is its own parent."), N_("Name the grid above it, or leave the parent empty."))
_CYCLE = (N_("The parents lead in a circle: {chain}."), N_("Correct the parent of one of these grids."))


def code_and_level(columns: dict[str, Column], taken: set[str], ledger: Ledger) -> None:
    """Fill in codes from names where no code was given, and the level "grid"; reject rows without a code.

    Parameters
    ----------
    columns
        Canonical columns; changed in place.
    taken
        Canonical columns that have a source (a column, a constant, or empty by the user's word).
    """
    if "code" not in taken:
        names = columns["name"]
        known = [name for name in names[ledger.alive].tolist() if name is not None]
        if known and len(set(known)) == len(known):
            columns["code"] = names.copy()
            ledger.note(N_("There is no column of codes; the names, which are all different, are used as codes."))
        else:
            ledger.note(
                N_("There is no column of codes, and the names cannot serve as codes: map one with --map code=…")
            )
    if "level" not in taken:
        columns["level"] = np.full(len(ledger), DEFAULT_LEVEL, dtype=object)
        ledger.note(
            N_("No level was given; all grids are of level “{level}”. Give one with --const level=…"),
            level=DEFAULT_LEVEL,
        )
    for name in ("code", "level"):
        ledger.reject(missing(columns[name]), name, None, MISSING, MISSING_REMEDY)


def check_parents(
    columns: dict[str, Column], ledger: Ledger, stored: Iterable[tuple[str, str, str | None]] = ()
) -> None:
    """Reject grids that are their own parent or whose parents lead in a circle; note parents that are nowhere.

    A parent is the grid of that code on another level; where several levels hold the code, geometry decides later
    and no circle is assumed.

    Parameters
    ----------
    stored
        (level, code, parent) of the grids that stay in the store beside those of the file.
    """
    code, level, parent = columns["code"], columns["level"], columns["parent"]
    nodes: list[tuple[str, str]] = []
    above: dict[tuple[str, str], str] = {}
    row_of: dict[tuple[str, str], int] = {}
    for key_level, key_code, key_parent in stored:
        nodes.append((key_level, key_code))
        if key_parent is not None:
            above[key_level, key_code] = key_parent
    for index in np.flatnonzero(ledger.alive).tolist():
        key = (level[index], code[index])
        nodes.append(key)
        row_of[key] = index
        above.pop(key, None)
        if parent[index] is not None:
            above[key] = parent[index]
    holders: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for key in nodes:
        holders[key[1]].add(key)
    link: dict[tuple[str, str], tuple[str, str]] = {}
    own = np.zeros(len(ledger), dtype=bool)
    for key, name in above.items():
        elsewhere = {other for other in holders.get(name, ()) if other[0] != key[0]}
        if not elsewhere and name == key[1]:
            if key in row_of:
                own[row_of[key]] = True
            continue
        candidates = elsewhere or (holders.get(name, set()) - {key})
        if len(candidates) == 1:
            link[key] = next(iter(candidates))
    ledger.reject(own, "parent", parent, *_OWN)
    _reject_circles(link, row_of, parent, ledger)
    lost = [
        index
        for index in np.flatnonzero(ledger.alive).tolist()
        if parent[index] is not None and parent[index] not in holders
    ]
    if lost:
        examples = sorted({str(parent[index]) for index in lost})
        ledger.note(
            N_(
                "{count} grids name a parent that is neither in the file nor in the store ({parents}); they were "
                "taken and stand without a parent until it comes."
            ),
            count=len(lost),
            parents=", ".join(examples[:5]) + (" …" if len(examples) > 5 else ""),
        )


def _reject_circles(
    link: dict[tuple[str, str], tuple[str, str]], row_of: dict[tuple[str, str], int], parent: Column, ledger: Ledger
) -> None:
    done: set[tuple[str, str]] = set()
    chain_at = np.full(len(ledger), "", dtype=object)
    where = np.zeros(len(ledger), dtype=bool)
    for start in link:
        path: dict[tuple[str, str], int] = {}
        key: tuple[str, str] | None = start
        while key is not None and key not in done and key not in path:
            path[key] = len(path)
            key = link.get(key)
        if key is not None and key in path:
            circle = list(path)[path[key] :]
            for place, member in enumerate(circle):
                if member in row_of:
                    around = [code for _, code in circle[place:] + circle[:place]]
                    shown = [*around[:_SHOWN], *(["…"] if len(around) > _SHOWN else []), around[0]]
                    where[row_of[member]] = True
                    chain_at[row_of[member]] = " → ".join(shown)
        done.update(path)
    ledger.reject(where, "parent", parent, *_CYCLE, chain=chain_at)
