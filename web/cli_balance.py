"""`flask balance`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from geo.balance import MEASURES
from geo.errors import N_
from web.balance import MOST, NAMES, balance_answer
from web.cli import command, pairs, safe_line, show
from web.cli_rules import FILE, WRITTEN, params_of, window
from web.cli_table import print_table
from web.i18n import current_lang, gettext
from web.noted import note_file
from web.phrases import today
from web.state import atlas

SHOWN = 40


@command("balance", "Workload of each grid and team of a level, how unequal it is, and who lies outside the bounds.")
@click.option("--level", help="Grid level; the finest one when absent.")
@click.option("--parent", metavar="CODE", help="Only grids below this parent.")
@window
@click.option(
    "--weight", multiple=True, metavar="MEASURE=N",
    help=f"Weight of a measure in the workload: {', '.join(MEASURES)}. Repeat; others keep theirs.",
)  # fmt: skip
@click.option("--low", "load_low", metavar="X", help="A load below this, against an even share, is too little; 0.5.")
@click.option("--high", "load_high", metavar="X", help="A load above this is too much; 1.5.")
@click.option("-o", "--output", "file", type=FILE, help="Write the grids to this file: .csv or .xlsx.")
def balance_command(weight: tuple[str, ...], file: Path | None, form: str, **given: Any) -> None:
    """Print or write the balance."""
    for name, value in pairs(weight, "--weight").items():
        if name not in MEASURES:
            raise click.BadParameter(
                gettext(N_("Use one of: {known}."), known=", ".join(MEASURES)), param_hint="--weight"
            )
        given[f"w_{name}"] = value
    snapshot = atlas().snapshot()
    params = params_of(snapshot, given)
    answer = balance_answer(snapshot, params, MOST)
    if file is not None:
        rows = _write(file, answer, snapshot.timezone)
        answer |= {"file": str(file), "rows": rows}
    show(form, answer, lambda: _print(answer))


def _write(file: Path, answer: dict[str, Any], timezone: str) -> int:
    from web import workbook  # brings in openpyxl
    from web.tables import TABLES
    from web.tables_balance import said

    if file.suffix not in (".csv", ".xlsx"):
        raise click.BadParameter(gettext(N_("Use one of: {known}."), known=".csv, .xlsx"), param_hint="--output")
    lang, table = current_lang(), TABLES["balance"]
    page = workbook.page_of(table, said(answer["grids"], lang), lang, timezone)
    note_file("balance", file, day=today(timezone).isoformat())
    body = workbook.to_csv(page, table.columns, timezone) if file.suffix == ".csv" else workbook.to_xlsx([page])
    file.write_bytes(body)
    return len(answer["grids"])


def _print(answer: dict[str, Any]) -> None:
    found = answer["inequality"]["grids"]
    click.echo(
        gettext(
            N_("Level {level}: {count} grids; {above} above and {below} below the bounds, {missing} without figures."),
            level=answer["level"] or "–", count=answer["total"], missing=found["missing"], **answer["outside"],
        )
    )  # fmt: skip
    for who, one in (("grids", found), ("teams", answer["inequality"]["teams"])):
        if one and one["gini"] is not None:
            click.echo(
                gettext(
                    GRIDS_LINE if who == "grids" else TEAMS_LINE,
                    gini=f"{one['gini']:.3f}", cv=f"{one['cv']:.3f}", most=f"{one['max_mean']:.2f}",
                    moved=f"{100 * one['moved']:.1f}",
                )
            )  # fmt: skip
    for one in answer["left_out"]:
        click.echo(f"- {gettext(N_('{name} does not count: {reason}.'), name=one['name'], reason=one['reason'])}")
    if "file" in answer:
        click.echo(gettext(WRITTEN, rows=answer["rows"], layer="balance", file=answer["file"]))
        return
    head = [gettext(N_("Code")), gettext(N_("Name")), gettext(N_("Load")), *(gettext(NAMES[one]) for one in MEASURES)]
    rows = [
        [safe_line(one["code"]), safe_line(one["name"] or ""), _figure(one["load"], 2),
         *(_figure(one[key]) for key in ("incidents", "area_m2", "population", "streets_m", "places", "cameras"))]
        for one in answer["grids"][:SHOWN]
    ]  # fmt: skip
    if rows:
        print_table(head, rows, left=2)
    if len(answer["grids"]) > SHOWN:
        click.echo(gettext("… and {count} more.", count=len(answer["grids"]) - SHOWN))


def _figure(value: float | None, digits: int = 0) -> str:
    return "–" if value is None else f"{value:,.{digits}f}"


GRIDS_LINE = N_(
    "Grids: Gini {gini}, coefficient of variation {cv}, most loaded {most} times the mean;"
    " {moved} % of the work would change hands to make all alike."
)
TEAMS_LINE = N_(
    "Teams: Gini {gini}, coefficient of variation {cv}, most loaded {most} times the mean;"
    " {moved} % of the work would change hands to make all alike."
)
