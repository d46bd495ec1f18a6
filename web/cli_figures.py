"""`flask density` and `flask demo`."""

from __future__ import annotations

from typing import Any

import click

from geo.columns import Snapshot
from geo.errors import N_, UnknownLevelError
from layers.base import Params
from store.intake.scratch import scratch_folder
from web import service
from web.cli import Progress, command, safe_line, show
from web.cli_table import print_table
from web.divisions import DIVISIONS, TODAY, counted
from web.i18n import current_lang, gettext
from web.intake import limits
from web.params import window
from web.state import atlas


def _params(
    snapshot: Snapshot, level: str | None, start: str | None, end: str | None, category: tuple[str, ...], division: str
) -> Params:
    first, last = window(start, end, snapshot.timezone)
    chosen = tuple(sorted(set(category)))
    return Params(level=level, start=first, end=last, categories=chosen, lang=current_lang(), division=division)


@command("density", "Count incidents per grid of a level: by area and by population.")
@click.option("--level", help="Grid level; the finest one when absent.")
@click.option("--from", "start", metavar="T", help="First moment, ISO 8601; a date is local midnight.")
@click.option("--to", "end", metavar="T", help="End, ISO 8601; not part of the window.")
@click.option("--category", multiple=True, help="Only this category. Repeat.")
@click.option("--division", type=click.Choice(DIVISIONS), help="Count by today's, or that of then; and say which.")
def density_command(
    level: str | None, start: str | None, end: str | None, category: tuple[str, ...], division: str | None, form: str
) -> None:
    """Print the density of a level."""
    snapshot = atlas().snapshot()
    if level is not None and len(snapshot["grids"]) == 0:  # a page shows its empty state; a script must not go on
        raise UnknownLevelError(
            N_("There is no grid level {level}: the store holds no grids."), N_("Import grids first."), level=level
        )
    params = _params(snapshot, level, start, end, category, division or TODAY)
    by = counted(atlas(), snapshot, params)
    answer = service.density_answer(by.snapshot, params) | ({"division": by.facts} if division else {})
    show(form, answer, lambda: _print_density(answer))


def _print_density(answer: dict[str, Any]) -> None:
    click.echo(
        gettext(
            "Level {level}: {total} incidents, {outside} in no grid.",
            level=answer["level"] or "–",
            total=answer["total"],
            outside=answer["outside"],
        )
    )
    rows = sorted(answer["grids"], key=lambda grid: -grid["incidents"])
    head = [
        gettext("Code"),
        gettext("Name"),
        gettext("Incidents"),
        "km²",
        gettext("per km²"),
        gettext("per 10,000 people"),
    ]
    table = [head] + [
        [
            safe_line(grid["code"]),
            safe_line(grid["name"] or ""),
            str(grid["incidents"]),
            f"{grid['area_km2']:.4f}",
            _rate(grid["per_km2"]),
            _rate(grid["per_10k"]),
        ]
        for grid in rows
    ]
    print_table(table[0], table[1:], left=2)


def _rate(value: float) -> str:
    return f"{value:.1f}" if value == value else "–"


@command("demo", "Load the bundled demo (central Helsinki, simulated incidents) into the store.")
@click.option("--if-empty", is_flag=True, help="Do nothing when the store holds data.")
def demo_command(if_empty: bool, form: str) -> None:
    """Load the demo."""
    from store.demo import load_demo, needs_demo  # brings in GDAL, which no other command needs

    store = atlas().store
    revision = store.revision()
    if if_empty and not needs_demo(store):
        show(form, {"loaded": False, "revision": revision, "layers": {}}, lambda: None)
        return
    progress = Progress()
    try:
        with scratch_folder(atlas().folder("scratch")) as scratch:
            load_demo(store, scratch=scratch, limits=limits(atlas()), progress=progress)
    finally:
        progress.end()
    snapshot = store.snapshot()
    rows = {name: len(layer) for name, layer in snapshot.layers.items() if len(layer)}
    answer = {
        "loaded": True,
        "revision": snapshot.revision,
        "layers": rows,
        "simulated": [name for name in rows if snapshot[name].simulated],
    }
    show(
        form,
        answer,
        lambda: click.echo(
            gettext(
                "The demo is loaded: {rows}. Its incidents are simulated.",
                rows=", ".join(f"{count} {name}" for name, count in rows.items()),
            )
        ),
    )
