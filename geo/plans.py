"""Plans of changes to cameras: steps as a reader makes them, and what they come to for each camera."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from geo.errors import N_, ParameterError

Op = Literal["place", "set", "remove"]


@dataclass(frozen=True)
class Change:
    """One step of a plan.

    Attributes
    ----------
    op
        "place" a camera, "set" facts or the place of one, "remove" it.
    camera
        Id of a camera of the city, or the key that a placed one was given.
    x, y
        Metres in the city's CRS; None: where it is.
    values
        Column -> value, None for not known. Columns of which coverage knows nothing (a name) are kept along.
    """

    op: Op
    camera: str
    x: float | None = None
    y: float | None = None
    values: Mapping[str, Any] = field(default_factory=dict)


Plan = Mapping[str, Change]  # camera -> all that is planned for it, in the order of the first mention


def fold(changes: Iterable[Change], known: Mapping[str, int]) -> dict[str, Change]:
    """Return what the changes come to, one for each camera.

    Parameters
    ----------
    changes
        In the order they were made.
    known
        Camera of the city -> its row.

    Raises
    ------
    ParameterError
        A camera that is not there (any more), or a key that is taken; `field` names the place in the list.
    """
    plan: dict[str, Change] = {}
    for i, change in enumerate(changes):
        name, before = change.camera, plan.get(change.camera)
        where = f"changes[{i}].{'key' if change.op == 'place' else 'id'}"
        if change.op == "place":
            if name in known or before is not None:
                raise ParameterError(
                    N_("There is a camera “{value}” already."), N_("Give each placed camera a key of its own."),
                    field=where, value=name,
                )  # fmt: skip
            plan[name] = change
            continue
        if (before is None and name not in known) or (before is not None and before.op == "remove"):
            raise ParameterError(
                N_("There is no camera “{value}”."), N_("Use the id of a camera that is there."),
                field=where, value=name,
            )  # fmt: skip
        if before is None:
            plan[name] = change
        elif change.op == "remove":
            del plan[name]
            if before.op == "set":
                plan[name] = change
        else:
            values = {**before.values, **change.values}
            x, y = (before.x, before.y) if change.x is None else (change.x, change.y)
            plan[name] = replace(before, x=x, y=y, values=values)
    return plan
