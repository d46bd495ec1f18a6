"""A new division of one parent, drafted from what a snapshot holds, beside today's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.columns import LayerColumns, Snapshot
from geo.errors import N_, ParameterError, UnknownGridError
from geo.grid_changes import GridChange, GridState
from geo.parallel import never
from geo.standing import states_of
from layers.balanced import NEEDS as BALANCE_NEEDS
from layers.balanced import amounts_of, spots_of
from layers.base import Params, chosen_level, hierarchy_of, rows_of_level
from layers.joins import assigned, located, selected
from layers.memo import Memo

if TYPE_CHECKING:
    from geo.divide import Lines
    from geo.divide_compare import Side
    from geo.divide_ground import Ground

NEEDS = (*BALANCE_NEEDS, "buildings", "zones")
WATER = "water"
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_memo = Memo(8)


@dataclass(frozen=True)
class Ask:
    """Which division is wanted; weights, bounds, and which incidents count, are those of `params`.

    Attributes
    ----------
    parent
        Code; None where the grids of the level have none.
    count, target_m2
        See `geo.divide.DivideOptions`; both None: as many as there are today.
    """

    level: str | None
    parent: str | None
    count: int | None
    target_m2: float | None


@dataclass(frozen=True)
class Divided:
    """A drafted division.

    Attributes
    ----------
    level, parent
        Where.
    changes
        What makes it today's.
    polygons
        Object array (k,), in the order of the new codes, as are `new` and all that follows.
    states
        (k,): code and state of each new grid.
    amounts, today_amounts
        float64 by measure, of the new grids and of today's.
    today_rows
        int64: today's grids of the parent, positions in the grids layer.
    new, today
        Figures of both.
    heir
        int64 (k,): which of today's each new grid stands for, -1 for none.
    incidents, moved, moved_team
        Incidents of the choice inside the parent; how many of them come into another grid, and under another team
        (None: no team is recorded).
    left_out
        Measures that were weighed and could not count.
    """

    level: str
    parent: str | None
    changes: tuple[GridChange, ...]
    polygons: NDArray[Any]
    states: tuple[tuple[str, GridState], ...]
    amounts: Mapping[str, Floats]
    today_amounts: Mapping[str, Floats]
    today_rows: Ints
    new: Side
    today: Side
    heir: Ints
    incidents: int
    moved: int
    moved_team: int | None
    left_out: Mapping[str, str]


def _quiet(share: float, step: str) -> None:
    """Nobody looks at the progress."""


def kept_division(snapshot: Snapshot, ask: Ask, params: Params) -> Divided | None:
    """Return the division where it was drafted before, None where not."""
    found: Divided | None = _memo.kept(_owners(snapshot), _key(snapshot, ask, params))
    return found


def divided(
    snapshot: Snapshot,
    ask: Ask,
    params: Params,
    progress: Callable[[float, str], None] = _quiet,
    cancelled: Callable[[], bool] = never,
) -> Divided:
    """Draft a division of the grids of a level inside a parent; kept for the state of what it was drafted from.

    Raises
    ------
    ParameterError, UnknownGridError
        It is not said inside which parent, there is no such parent, or the level has finer grids below it.
    geo.parallel.Cancelled
        `cancelled()` said so.
    """
    return _memo.get(
        _owners(snapshot), _key(snapshot, ask, params), lambda: _draft(snapshot, ask, params, progress, cancelled)
    )


def _owners(snapshot: Snapshot) -> tuple[LayerColumns, ...]:
    return tuple(snapshot[name] for name in NEEDS)


def _key(snapshot: Snapshot, ask: Ask, params: Params) -> tuple[Any, ...]:
    return snapshot.crs, snapshot.timezone, ask, params.choice, params.balance


def _draft(
    snapshot: Snapshot,
    ask: Ask,
    params: Params,
    progress: Callable[[float, str], None],
    cancelled: Callable[[], bool],
) -> Divided:
    from geo.divide import DivideOptions, divide
    from geo.divide_changes import division_changes
    from geo.divide_compare import side
    from geo.draft_codes import reading_order
    from geo.draft_names import main_streets

    grids = snapshot["grids"]
    level, rows, extent = area_of(snapshot, ask)
    count = ask.count if ask.count is not None or ask.target_m2 is not None else max(1, len(rows))
    lines = lines_of(snapshot)
    weights, wish = params.balance.weighed(), params.balance
    ground = ground_of(snapshot, level, params)
    options = DivideOptions(count=count, target_m2=ask.target_m2, weights=weights)
    found = divide(extent, lines, ground, options, progress=progress, cancelled=cancelled)
    order = reading_order(found.polygons)  # of their codes
    polygons = found.polygons[order]
    names = main_streets(polygons, lines.streets, _names(snapshot)) if len(lines.streets) else None
    changes = division_changes(states_of(grids), level, ask.parent, polygons, names)
    new = tuple((one.code, one.after) for one in changes if one.after is not None)
    amounts = {name: values[order] for name, values in found.amounts.items()}
    here = np.isin(assigned(snapshot, level).rows, rows)
    today = {name: values[here] for name, values in amounts_of(snapshot, level, params).items()}
    return Divided(
        level, ask.parent, changes, polygons, new, amounts, today, rows,
        side(amounts, weights, wish.low, wish.high), side(today, weights, wish.low, wish.high),
        *_hands(snapshot, level, rows, polygons, [state.team for _, state in new], params),
        found.left_out,
    )  # fmt: skip


def area_of(snapshot: Snapshot, ask: Ask) -> tuple[str, Ints, Any]:
    """Return the level, today's grids (positions in the grids layer) and the area that is to be divided."""
    grids = snapshot["grids"]
    level = chosen_level(grids, ask.level)
    if level is None or grids.geometry is None:
        raise ParameterError(N_("There are no grids to divide anew."), N_("Import grids first."))
    tree = hierarchy_of(grids)
    every = rows_of_level(grids, level)
    if any(len(tree.children(int(row))) for row in every):
        raise ParameterError(
            N_("Grids of the level {level} have finer grids below them."),
            N_("Divide the finest level: {finest}."),
            level=level,
            finest=tree.levels[-1],
        )
    parents = grids.text("parent")[every]
    if ask.parent is None:
        if any(parents):
            raise ParameterError(
                N_("It is not said inside which parent the grids are to be drafted."),
                N_("Give the code of a parent of grids of this level."),
            )
        return level, every, shapely.union_all(shapely.make_valid(grids.geometry[every]))
    rows = every[parents == ask.parent]
    above = tree.parent_index[rows] if len(rows) else np.zeros(0, np.int64)
    above = above[above >= 0]
    if not len(rows) or not len(above):
        raise UnknownGridError(
            N_("No grid of the level {level} has the parent {code}."),
            N_("Give the code of a parent of grids of this level."),
            level=level,
            code=ask.parent,
        )
    shape = shapely.make_valid(grids.geometry[int(np.bincount(above).argmax())])
    parts = shapely.get_parts(shape)
    return level, rows, shapely.union_all(parts[shapely.get_dimensions(parts) == 2])


def lines_of(snapshot: Snapshot) -> Lines:
    """Return what bounds blocks: streets but for footways and the like, banks of water, buildings."""
    from geo.divide import Lines
    from geo.draft import minor_mask, street_mask

    streets, zones = snapshot["streets"], snapshot["zones"]
    lines, kinds = _shapes(streets), streets.text("kind")
    return Lines(
        lines[street_mask(kinds)],
        lines[minor_mask(kinds)],
        _shapes(zones)[zones.text("kind") == WATER],
        _shapes(snapshot["buildings"]),
    )


def ground_of(snapshot: Snapshot, level: str, params: Params) -> Ground:
    """Return what is counted on blocks: incidents of the choice, places, cameras, streets, people by today's grids."""
    from geo.divide_ground import Ground

    grids, incidents, streets = snapshot["grids"], snapshot["incidents"], snapshot["streets"]
    points: dict[str, tuple[Floats, Floats]] = {}
    if len(incidents) and incidents.x is not None and incidents.y is not None:
        wanted = selected(snapshot, params)
        points["incidents"] = incidents.x[wanted], incidents.y[wanted]
    for name in ("places", "cameras"):
        if len(snapshot[name]):
            points[name] = spots_of(snapshot[name])
    rows = rows_of_level(grids, level)
    people = grids.number("population")[rows]
    homes = _shapes(grids)[rows]
    return Ground(
        points,
        _shapes(streets) if len(streets) else None,
        (homes, people) if np.isfinite(people).any() else None,
    )


def _shapes(layer: LayerColumns) -> Any:
    return np.zeros(0, dtype=object) if layer.geometry is None else layer.geometry


def _names(snapshot: Snapshot) -> Any:
    from geo.draft import street_mask

    streets = snapshot["streets"]
    return streets.text("name")[street_mask(streets.text("kind"))]


def _hands(
    snapshot: Snapshot, level: str, rows: Ints, polygons: NDArray[Any], teams: list[str | None], params: Params
) -> tuple[Ints, int, int, int | None]:
    """Heirs, incidents inside, and how many of them change grid and team."""
    from geo.assign import Locator
    from geo.divide_compare import changed_hands, changed_teams, heirs

    grids, incidents = snapshot["grids"], snapshot["incidents"]
    heir = heirs(polygons, _shapes(grids)[rows])
    old_teams = grids.text("team")[rows].tolist()
    if not len(incidents) or incidents.x is None or incidents.y is None:
        return heir, 0, 0, 0 if any(old_teams) else None
    wanted = selected(snapshot, params)
    joined = located(snapshot, level)
    place = np.full(len(grids) + 1, -1, np.int64)
    place[rows] = np.arange(len(rows))
    before = place[np.append(joined.rows, -1)[joined.index[wanted]]]
    order = np.array([f"{i:09d}" for i in range(len(polygons))], dtype=object)
    after = Locator(polygons, order).locate(incidents.x[wanted], incidents.y[wanted])
    here = (before >= 0) | (after >= 0)
    before, after = before[here], after[here]
    return heir, int(here.sum()), changed_hands(before, after, heir), changed_teams(before, after, old_teams, teams)
