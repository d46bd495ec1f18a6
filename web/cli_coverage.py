"""`flask coverage`, `flask views`, `flask blindspots`, `flask seen-by`."""

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
from web import coverage_service, coverage_tables, sightings, spots
from web.cli import Progress, command, safe_line, show
from web.cli_table import print_table
from web.i18n import current_lang, gettext
from web.params import layer_params
from web.runs import STEPS, Shown
from web.state import atlas

SHOWN = 40
QUIET_S = 1.0
Options = dict[str, Any]

WRITTEN = N_("{rows} rows of {layer} written to {file}.")
COVERAGE_HEAD = (
    N_("Code"), N_("Name"), N_("open m²"), N_("certain"), N_("possible"), N_("blind"), N_("streets seen"),
    N_("incidents seen"), N_("places seen"),
)  # fmt: skip
SPOTS_HEAD = (
    N_("Grid"), N_("Name"), N_("Why not"), N_("Nearest camera"), "m", N_("Rank"), N_("blind m²"),
    N_("unseen incidents"), N_("Place"),
)  # fmt: skip
SEEN_HEAD = (N_("Camera"), N_("Name"), N_("State"), "m", "px/m", N_("online"))

_FILE = click.Path(dir_okay=False, path_type=Path)


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
    engine, slot = atlas().runs.engine, coverage_service.slot_of(snapshot, params)
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


def _shown(complete: Complete | None, snapshot: Snapshot) -> Shown:
    revision = coverage_service.revision_of(snapshot)
    return Shown(complete, False, "none" if complete is None else "ready", revision)


@command("coverage", "Measure how much of each grid cameras certainly see, possibly see, or do not see.")
@click.option("--level", help="Grid level; the finest one when absent.")
@click.option("--parent", help="Only grids whose parent has this code.")
@rules
@window
@click.option("-o", "--output", "file", type=_FILE, help="Write the grids to this file; the suffix says the format.")
def coverage_command(file: Path | None, form: str, **given: Any) -> None:
    """Print or write the coverage of a level."""
    snapshot = atlas().snapshot()
    params = params_of(snapshot, given)
    complete = complete_of(snapshot, params)
    found = _shown(complete, snapshot)
    answer = coverage_service.coverage_answer(found, snapshot, params)
    answer |= {"meta": coverage_service.coverage_meta(found, snapshot, params)}
    if file is not None:
        text = coverage_service.description(snapshot, params)
        answer |= {
            "file": str(file),
            "rows": coverage_tables.coverage_table(complete, snapshot, params, text).write(file),
        }
    show(form, answer, lambda: _print_coverage(answer))


def _print_coverage(answer: Options) -> None:
    total = answer["totals"]
    click.echo(gettext("Level {level}: {count} grids.", level=answer["level"] or "–", count=len(answer["grids"])))
    for line in coverage_service.doubts(answer["meta"]):
        click.echo(f"- {line}")
    if total is not None and answer["grids"]:
        rows = sorted(answer["grids"], key=lambda grid: -grid["blind_m2"])
        table = [_row(grid, safe_line(grid["code"]), safe_line(grid["name"] or "")) for grid in rows]
        print_table([gettext(text) for text in COVERAGE_HEAD], [*table, _row(total, gettext("All"), "")], left=2)
    if "file" in answer:
        click.echo(
            gettext(
                "{rows} rows of {layer} written to {file}.", rows=answer["rows"], layer="coverage", file=answer["file"]
            )
        )


def _row(grid: Options, code: str, name: str) -> list[str]:
    open_m2 = grid["open_m2"]
    return [
        code,
        name,
        f"{open_m2:,.0f}",
        *(_share(grid[key], open_m2) for key in ("certain_m2", "possible_m2", "blind_m2")),
        _share(grid["streets_seen_m"], grid["streets_m"]),
        f"{grid['incidents_seen']}/{grid['incidents']}",
        f"{grid['places_seen']}/{grid['places']}",
    ]


def _share(part: float, whole: float) -> str:
    return f"{100 * part / whole:.1f} %" if whole > 0 else "–"


@command("views", "Write what cameras see to FILE, as polygons: certain views, and what is only possible beside them.")
@click.option("--camera", multiple=True, metavar="ID", help="Only this camera. Repeat.")
@rules
@click.option("-o", "--output", "file", type=_FILE, required=True, help="The suffix says the format: .geojson, .gpkg …")
def views_command(camera: tuple[str, ...], file: Path, form: str, **given: Any) -> None:
    """Write views."""
    snapshot = atlas().snapshot()
    params = params_of(snapshot, given)
    rows = sightings.rows_of_cameras(snapshot, list(camera))
    frame = sightings.views_frame(snapshot, params, rows)
    found = coverage_tables.frame_table("views", frame, snapshot, coverage_service.description(snapshot, params))
    answer = {"cameras": len(rows), "rows": found.write(file), "file": str(file)}
    answer |= {"meta": {**sightings.sighting_meta(snapshot, params), **frame.meta}}

    def text() -> None:
        for line in coverage_service.doubts(answer["meta"]):
            click.echo(f"- {line}")
        click.echo(gettext(WRITTEN, rows=answer["rows"], layer="views", file=file))

    show(form, answer, text)


@command("blindspots", "List or write what no camera sees: first where most incidents happen, then the largest.")
@click.option("--level", help="Grid level; the finest one when absent.")
@click.option("--parent", help="Only grids whose parent has this code.")
@rules
@window
@click.option("--limit", type=click.IntRange(min=0), metavar="N", help="At most so many.")
@click.option("-o", "--output", "file", type=_FILE, help="Write them to this file; the suffix says the format.")
def blindspots_command(limit: int | None, file: Path | None, form: str, **given: Any) -> None:
    """Print or write blind spots."""
    snapshot = atlas().snapshot()
    params = params_of(snapshot, given)
    complete = complete_of(snapshot, params)
    frame = spots.spots_frame(complete, snapshot, params, limit)
    columns = frame.features.drop(columns=frame.features.geometry.name) if len(frame.features) else frame.features
    meta = coverage_service.coverage_meta(_shown(complete, snapshot), snapshot, params) | frame.meta
    answer = {
        "level": frame.meta["level"],
        "count": frame.meta["count"],
        "spots": columns.to_dict("records"),
        "meta": meta,
    }
    if file is not None:
        text = coverage_service.description(snapshot, params)
        written = coverage_tables.frame_table("blindspots", frame, snapshot, text).write(file)
        answer |= {"file": str(file), "rows": written}
    show(form, answer, lambda: _print_spots(answer))


def _print_spots(answer: Options) -> None:
    click.echo(gettext("Level {level}: {count} blind spots.", level=answer["level"] or "–", count=answer["count"]))
    for line in coverage_service.doubts(answer["meta"]):
        click.echo(f"- {line}")
    if "file" in answer:
        click.echo(gettext(WRITTEN, rows=answer["rows"], layer="blindspots", file=answer["file"]))
        return
    rows = [
        [
            safe_line(spot["grid"]),
            safe_line(spot["grid_name"] or ""),
            gettext(WHY[spot["why"]]),
            safe_line(spot["nearest_camera"] or "–"),
            "–" if spot["nearest_camera"] is None else f"{spot['nearest_m']:.0f}",
            str(spot["rank"]),
            f"{spot['blind_m2']:,.0f}",
            str(spot["incidents_unseen"]),
            f"{spot['lon']:.6f} {spot['lat']:.6f}",
        ]
        for spot in answer["spots"][:SHOWN]
    ]
    if rows:
        print_table([gettext(text) for text in SPOTS_HEAD], rows, left=4)
    if len(answer["spots"]) > SHOWN:
        click.echo(gettext("… and {count} more.", count=len(answer["spots"]) - SHOWN))


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
WHY = {
    "range": N_("too far away"),
    "near": N_("beneath the camera's picture"),
    "direction": N_("outside its angle of view"),
    "wall": N_("a building is in the way"),
    "off": N_("it sees nothing by these rules"),
    "no_camera": N_("no camera"),
}


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
