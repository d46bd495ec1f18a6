"""`flask assignment` and `flask responsible`."""

from __future__ import annotations

from typing import Any

import click
from werkzeug.datastructures import MultiDict

from geo.errors import N_, ParameterError, UnknownLevelError
from web import assignments, responsible
from web.cli import command, safe_line, show
from web.cli_table import print_table
from web.i18n import current_lang, gettext
from web.params import layer_params
from web.phrases import word
from web.sightings import place
from web.state import atlas

SHOWN = 40
QUEUE_HEAD = (N_("Incident"), N_("Doubt"), N_("Recorded grid"), N_("Located grid"), N_("Decided grid"), "m")
FLOW_HEAD = (N_("Recorded grid"), N_("Counted in"), N_("Incidents"))
WHY = {"outside": N_("In no grid"), "differs": N_("Recorded in another grid"), "near_border": N_("Close to a border")}


@command("assignment", "List incidents whose grid is doubtful, or the flows between grids.")
@click.option("--level", help="Grid level; the finest one when absent.")
@click.option("--near-m", default="15", metavar="M", help="What counts as close to a border, metres.")
@click.option("--state", type=click.Choice(assignments.STATES), default="open", help="Open, decided, or all.")
@click.option("--from", "start", metavar="T", help="First moment, ISO 8601; a date is local midnight.")
@click.option("--to", "end", metavar="T", help="End, ISO 8601; not part of the window.")
@click.option("--flows", is_flag=True, help="Recorded in one grid, counted in another: how many incidents.")
def assignment_command(
    level: str | None, near_m: str, state: str, start: str | None, end: str | None, flows: bool, form: str
) -> None:
    """Print the queue or the flows."""
    store, snapshot = atlas().store, atlas().snapshot()
    if level is not None and not len(snapshot["grids"]):  # a page shows its empty state; a script must not go on
        raise UnknownLevelError(
            N_("There is no grid level {level}: the store holds no grids."), N_("Import grids first."), level=level
        )
    given = {"level": level, "near_m": near_m, "from": start, "to": end}
    params = layer_params(MultiDict({name: one for name, one in given.items() if one}), snapshot, current_lang())
    if flows:
        answer = assignments.flows_answer(snapshot, params, assignments.MOST_FLOWS)
        show(form, answer, lambda: _print_flows(answer))
        return
    queue = assignments.Queue(state=state, limit=assignments.MOST_FLOWS)
    found = assignments.assignment_answer(snapshot, params, queue, store)
    show(form, found, lambda: _print_queue(found))


def _print_queue(found: dict[str, Any]) -> None:
    click.echo(
        gettext(
            N_("Level {level}: {differs} recorded in another grid, {outside} in no grid, {near_border} close to a "
               "border, {decided} decided."),
            level=safe_line(found["level"] or "–"), differs=found["differs"], outside=found["outside"],
            near_border=found["near_border"], decided=found["decided"],
        )
    )  # fmt: skip
    rows = [
        [
            safe_line(one["id"]), ", ".join(gettext(WHY[why]) for why in one["why"]), safe_line(one["recorded"] or "–"),
            safe_line(one["located"] or "–"), safe_line((one["decision"] or {}).get("grid") or "–"),
            "–" if one["distance_m"] is None else f"{one['distance_m']:.1f}",
        ]
        for one in found["rows"][:SHOWN]
    ]  # fmt: skip
    if rows:
        print_table([gettext(text) for text in QUEUE_HEAD], rows, left=5)
    if found["listed"] > SHOWN:
        click.echo(gettext("… and {count} more.", count=found["listed"] - SHOWN))


def _print_flows(found: dict[str, Any]) -> None:
    rows = [
        [safe_line(one["recorded"]), safe_line(one["located"] or "–"), str(one["incidents"])]
        for one in found["flows"][:SHOWN]
    ]
    if rows:
        print_table([gettext(text) for text in FLOW_HEAD], rows, left=2)
    else:
        click.echo(gettext(N_("Every incident counts in the grid it was recorded in.")))
    if found["pairs"] > SHOWN:
        click.echo(gettext("… and {count} more.", count=found["pairs"] - SHOWN))


@command("responsible", "Say which grids and which team are responsible for a name, a code, or a place LON,LAT.")
@click.argument("text")
@click.option("--limit", default=10, type=click.IntRange(1, 50), help="At most so many answers.")
def responsible_command(text: str, limit: int, form: str) -> None:
    """Print who is responsible."""
    snapshot = atlas().snapshot()
    if not text.strip() or len(text) > 200:
        raise ParameterError(
            N_("Nothing is asked for."), N_("Give q, or lon and lat, in degrees (WGS 84)."), field="text"
        )
    point, more = responsible.point_of(text), False
    if point is not None:
        point = place(MultiDict({"lon": str(point[0]), "lat": str(point[1])}), snapshot.crs)
        found = responsible.at_lonlat(snapshot, *point)
    else:
        found, more = responsible.search(snapshot, text, limit)
    answer = {"results": found, "more": more}
    show(form, answer, lambda: _print_responsible(found, current_lang()))


def _print_responsible(found: list[dict[str, Any]], lang: str) -> None:
    if not found:
        click.echo(gettext(N_("Nothing of that name, and no grid there, in what you may see.")))
    for one in found:
        named = one["text"] or f"{one['lon']:.6f}, {one['lat']:.6f}"
        team = one["team"]["team"] if one["team"] else "–"
        click.echo(f"{safe_line(named)} – {safe_line(team)}")
        for grid in one["grids"]:
            name = f" {grid['name']}" if grid["name"] and grid["name"] != grid["code"] else ""
            click.echo(f"  {safe_line(word(grid['level'], lang))}: {safe_line(grid['code'] + name)}")
