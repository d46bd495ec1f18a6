"""`flask views` and `flask seen-by`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from werkzeug.datastructures import MultiDict

from geo.errors import N_
from web import coverage_service, coverage_tables, sightings
from web.cli import command, safe_line, show
from web.cli_rules import FILE, WHY, WRITTEN, Options, params_of, rules
from web.cli_table import print_table
from web.i18n import gettext
from web.noted import note_file
from web.state import atlas

SEEN_HEAD = (N_("Camera"), N_("Name"), N_("State"), "m", "px/m", N_("online"))


@command("views", "Write what cameras see to FILE, as polygons: certain views, and what is only possible beside them.")
@click.option("--camera", multiple=True, metavar="ID", help="Only this camera. Repeat.")
@rules
@click.option("-o", "--output", "file", type=FILE, required=True, help="The suffix says the format: .geojson, .gpkg …")
def views_command(camera: tuple[str, ...], file: Path, form: str, **given: Any) -> None:
    """Write views."""
    snapshot = atlas().snapshot()
    params = params_of(snapshot, given)
    rows = sightings.rows_of_cameras(snapshot, list(camera))
    frame = sightings.views_frame(snapshot, params, rows)
    note_file("views", file, cameras=len(rows))
    found = coverage_tables.frame_table("views", frame, snapshot, coverage_service.description(snapshot, params))
    answer = {"cameras": len(rows), "rows": found.write(file), "file": str(file)}
    answer |= {"meta": {**sightings.sighting_meta(snapshot, params), **frame.meta}}

    def text() -> None:
        for line in coverage_service.doubts(answer["meta"]):
            click.echo(f"- {line}")
        click.echo(gettext(WRITTEN, rows=answer["rows"], layer="views", file=file))

    show(form, answer, text)


@command("seen-by", "Say which cameras see the place at LON LAT (degrees, WGS 84), nearest first.")
@click.argument("lon")
@click.argument("lat")
@click.option("--level", help="Grid level; the finest one when absent.")
@rules
def seen_by_command(lon: str, lat: str, form: str, **given: Any) -> None:
    """Print who sees a place."""
    snapshot = atlas().snapshot()
    params = params_of(snapshot, given)
    place = sightings.place(MultiDict({"lon": lon, "lat": lat}), snapshot.crs)
    answer = sightings.seen_by_answer(snapshot, params, *place)
    answer |= {"meta": sightings.sighting_meta(snapshot, params)}
    show(form, answer, lambda: _print_seen_by(answer))


STATES = {
    "certain": N_("certainly visible"),
    "possible": N_("possibly visible"),
    "blind": N_("not visible"),
    "built": N_("inside a building"),
}


# A longitude west of Greenwich begins with a minus and is no option.
seen_by_command.context_settings = {"ignore_unknown_options": True}


def _print_seen_by(answer: Options) -> None:
    grid = safe_line(answer["grid"] or "–")
    click.echo(gettext("{state}; grid {grid}; {count} cameras.", state=gettext(STATES[answer["state"]]), grid=grid,
                       count=len(answer["cameras"])))  # fmt: skip
    head = [gettext(text) for text in SEEN_HEAD]
    rows = [[*_camera(camera), gettext(STATES[camera["state"]]), *_distance(camera)] for camera in answer["cameras"]]
    if rows:
        print_table(head, rows, left=3)
    others = [[*_camera(camera), gettext(WHY[camera["why"]]), *_distance(camera)] for camera in answer["not_seen_by"]]
    if others:
        click.echo(gettext("The nearest cameras that do not see it:"))
        print_table([*head[:2], gettext("Why not"), *head[3:]], others, left=3)


def _camera(camera: Options) -> list[str]:
    return [safe_line(camera["id"]), safe_line(camera["name"] or "")]


def _distance(camera: Options) -> list[str]:
    online = {True: gettext("yes"), False: gettext("no"), None: "–"}[camera["online"]]
    density = "–" if camera["px_per_m"] is None else f"{camera['px_per_m']:.1f}"
    return [f"{camera['distance_m']:.1f}", density, online]
