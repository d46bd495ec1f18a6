"""`flask coverage` and `flask blindspots`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from geo.columns import Snapshot
from geo.errors import N_
from layers.complete import Complete
from web import coverage_service, coverage_tables, spots
from web.cli import command, safe_line, show
from web.cli_rules import FILE, WHY, WRITTEN, Options, complete_of, params_of, rules, window
from web.cli_table import print_table
from web.i18n import gettext
from web.noted import note_file
from web.runs import Shown
from web.state import atlas

SHOWN = 40
COVERAGE_HEAD = (
    N_("Code"), N_("Name"), N_("open m²"), N_("certain"), N_("possible"), N_("blind"), N_("streets seen"),
    N_("incidents seen"), N_("places seen"),
)  # fmt: skip
SPOTS_HEAD = (
    N_("Grid"), N_("Name"), N_("Why not"), N_("Nearest camera"), "m", N_("Rank"), N_("blind m²"),
    N_("unseen incidents"), N_("Place"),
)  # fmt: skip


def _shown(complete: Complete | None, snapshot: Snapshot) -> Shown:
    revision = coverage_service.revision_of(snapshot)
    return Shown(complete, False, "none" if complete is None else "ready", revision)


@command("coverage", "Measure how much of each grid cameras certainly see, possibly see, or do not see.")
@click.option("--level", help="Grid level; the finest one when absent.")
@click.option("--parent", help="Only grids whose parent has this code.")
@rules
@window
@click.option("-o", "--output", "file", type=FILE, help="Write the grids to this file; the suffix says the format.")
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
        note_file("coverage", file, level=answer["level"])
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


@command("blindspots", "List or write what no camera sees: first where most incidents happen, then the largest.")
@click.option("--level", help="Grid level; the finest one when absent.")
@click.option("--parent", help="Only grids whose parent has this code.")
@rules
@window
@click.option("--limit", type=click.IntRange(min=0), metavar="N", help="At most so many.")
@click.option("-o", "--output", "file", type=FILE, help="Write them to this file; the suffix says the format.")
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
        note_file("blindspots", file, level=answer["level"])
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
