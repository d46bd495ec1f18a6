"""`flask exposure`: what cameras see of private places, and what is not recorded of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from geo.errors import N_
from layers.engine import rules_of
from web.cli import Progress, command, safe_line, show
from web.cli_rules import FILE, WRITTEN, Options, params_of, rules
from web.cli_table import print_table
from web.exposures import STEPS
from web.i18n import gettext
from web.noted import note_file
from web.runner import Told
from web.state import atlas

SHOWN = 40
HEAD = (
    N_("Camera"), N_("Name"), N_("certain m²"), N_("possible m²"), N_("turn"), N_("mask"), N_("Forbidden place"),
    N_("Not recorded"),
)  # fmt: skip
NO_ZONES = N_("No private places are known: import zones (kind “private” or “residential”), or buildings with a kind.")


@command("exposure", "Measure how much of what each camera sees is private, and what is not recorded of it.")
@rules
@click.option("-o", "--output", "file", type=FILE, help="Write the cameras to this file; the suffix says the format.")
def exposure_command(file: Path | None, form: str, **given: Any) -> None:
    """Print or write the audit."""
    from layers.exposure_audit import audited  # both bring in the compiler
    from web.exposure_answer import answer, exposure_table

    snapshot = atlas().snapshot()
    params = params_of(snapshot, given)
    found = None
    if snapshot.crs is not None:
        progress = Progress(STEPS)
        try:
            found = audited(snapshot, rules_of(params), progress)
        finally:
            progress.end()
    told = answer(Told(found, "none" if found is None else "ready"), snapshot, params)
    if file is not None:
        note_file("exposure", file)
        told |= {"file": str(file), "rows": exposure_table(found, snapshot, params).write(file)}
    show(form, told, lambda: _print(told))


def _print(told: Options) -> None:
    total, private = told["totals"], told["meta"]["private"]
    if private is None or not (private["zones"] or private["dwellings"]):
        click.echo(gettext(NO_ZONES))
    if total is None:
        return
    click.echo(
        gettext(
            "{exposed} of {cameras} cameras see private ground: {certain} m² certainly, {possible} m² possibly.",
            exposed=total["exposed"],
            cameras=total["cameras"],
            certain=f"{total['certain_m2']:,.0f}",
            possible=f"{total['possible_m2']:,.0f}",
        )
    )
    if "file" in told:
        click.echo(gettext(WRITTEN, rows=told["rows"], layer="exposure", file=told["file"]))
        return
    rows = [_row(one) for one in told["cameras"][:SHOWN]]
    if rows:
        print_table([gettext(text) for text in HEAD], rows, left=2)
    if told["listed"] > SHOWN:
        click.echo(gettext("… and {count} more.", count=told["listed"] - SHOWN))


def _row(one: Options) -> list[str]:
    helps = one["remedies"] or {}
    turn, mask = helps.get("turn"), helps.get("mask")
    place = next(iter(one["forbidden"]), None)
    return [
        safe_line(one["id"]),
        safe_line(one["name"] or ""),
        f"{one['certain_m2']:,.1f}",
        f"{one['possible_m2']:,.1f}",
        "–" if turn is None else f"{turn['deg']:+.1f}°",
        "–" if mask is None else f"{mask['from_deg']:.0f}–{mask['to_deg']:.0f}°",
        "–" if place is None else safe_line(f"{place['name'] or place['id']} ({place['kind']})"),
        str(len(one["missing"]) + one["without_sign"] + one["retention_short"]),
    ]
