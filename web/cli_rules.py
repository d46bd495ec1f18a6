"""What the commands about coverage share: the options that say what counts as seen, and the result they speak of."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from werkzeug.datastructures import MultiDict

from geo.columns import Snapshot
from geo.errors import N_, UnknownLevelError
from geo.reach import EDITIONS
from layers.base import Params
from layers.complete import Complete
from web.cli import Progress
from web.coverage_service import slot_of
from web.i18n import current_lang
from web.params import layer_params
from web.runs import STEPS
from web.state import atlas

QUIET_S = 1.0
WRITTEN = N_("{rows} rows of {layer} written to {file}.")
WHY = {
    "range": N_("too far away"),
    "near": N_("beneath the camera's picture"),
    "direction": N_("outside its angle of view"),
    "wall": N_("a building is in the way"),
    "off": N_("it sees nothing by these rules"),
    "no_camera": N_("no camera"),
}

FILE = click.Path(dir_okay=False, path_type=Path)
Options = dict[str, Any]


def rules(function: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say what counts as seen."""
    for option in reversed(
        (
            click.option(
                "--edition", type=click.Choice(list(EDITIONS)), help="Edition of IEC/EN 62676-4; 2014 if absent."
            ),
            click.option("--task", metavar="CLASS", help="Class of the edition; as far as the range when absent."),
            click.option("--online-only", is_flag=True, help="Only cameras recorded as online."),
            click.option("--assumed-range-m", metavar="M", help="Range of a camera whose range is unknown; 50 m."),
            click.option("--target-height-m", metavar="M", help="Height of what is to be seen; 1.6 m."),
        )
    ):
        function = option(function)
    return function


def window(function: Callable[..., None]) -> Callable[..., None]:
    """Add the options that select incidents."""
    for option in reversed(
        (
            click.option("--from", "start", metavar="T", help="First moment of incidents, ISO 8601."),
            click.option("--to", "end", metavar="T", help="End, ISO 8601; not part of the window."),
            click.option("--category", multiple=True, help="Only incidents of this category. Repeat."),
        )
    ):
        function = option(function)
    return function


def params_of(snapshot: Snapshot, given: Options) -> Params:
    """Return the parameters as the API reads them from a query."""
    level = given.get("level")
    if level is not None and len(snapshot["grids"]) == 0:  # a page shows its empty state; a script must not go on
        raise UnknownLevelError(
            N_("There is no grid level {level}: the store holds no grids."), N_("Import grids first."), level=level
        )
    names = {"start": "from", "end": "to"}
    query: MultiDict[str, str] = MultiDict()
    for name, value in given.items():
        for item in value if isinstance(value, tuple) else (value,):
            if item is not None:
                query.add(names.get(name, name), "1" if item is True else "0" if item is False else str(item))
    return layer_params(query, snapshot, current_lang())


def complete_of(snapshot: Snapshot, params: Params) -> Complete | None:
    """Return the coverage of this state of the store, kept on disk or worked out here; None in an empty store."""
    if snapshot.crs is None:
        return None
    engine, slot = atlas().runs.engine, slot_of(snapshot, params)
    found = engine.get(snapshot, slot)
    if found is None:
        progress, started = Progress(STEPS), time.monotonic()

        def told(share: float, step: str) -> None:
            if time.monotonic() - started >= QUIET_S:
                progress(share, step)

        try:
            found = engine.compute(snapshot, slot, told)
        finally:
            progress.end()
        engine.keep(found)
    return found
