"""`flask bulletin`: the monthly bulletin as a file."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from geo.errors import N_
from geo.month import parse_month
from layers.base import Params
from web import coverage_service
from web.bulletin_file import FORMS, make_bulletin
from web.cli import command, show
from web.cli_rules import FILE, complete_of
from web.divisions import DIVISIONS, TODAY
from web.i18n import current_lang, gettext
from web.noted import note_file
from web.runs import Shown
from web.state import atlas


@command("bulletin", "Write the monthly bulletin of a grid level as PDF or XLSX.")
@click.option("--month", required=True, metavar="YYYY-MM", help="The month, by the calendar of the store's time zone.")
@click.option("--level", help="Grid level; the finest one when absent.")
@click.option("--lang", type=click.Choice(["zh", "en"]), help="Language of the bulletin; ATLAS_LANG when absent.")
@click.option("-o", "--output", "file", type=FILE, required=True, help="The file; .pdf or .xlsx says the format.")
@click.option("--division", type=click.Choice(DIVISIONS), default=TODAY, help="Count by today's, or that of then.")
@click.option("--no-coverage", is_flag=True, help="Do not work coverage out; only what is known of it is shown.")
def bulletin_command(
    month: str, level: str | None, lang: str | None, file: Path, division: str, no_coverage: bool, form: str
) -> None:
    """Write the bulletin."""
    suffix = file.suffix.lower().removeprefix(".")
    if suffix not in FORMS:
        raise click.BadParameter(gettext(N_("The file must end in .pdf or .xlsx.")), param_hint="--output")
    state = atlas()
    snapshot = state.snapshot()

    def coverage_of(params: Params) -> Shown:
        if no_coverage:
            return state.runs.ask(snapshot, coverage_service.slot_of(snapshot, params), begin=False)
        complete = complete_of(snapshot, params)
        return Shown(complete, False, "none" if complete is None else "ready", coverage_service.revision_of(snapshot))

    body, facts = make_bulletin(
        state,
        snapshot,
        parse_month(month),
        level,
        suffix,
        lang or current_lang(),
        datetime.now(UTC),
        coverage_of,
        division,
    )
    note_file("bulletin", file, month=facts["month"], level=facts["level"])
    write_aside(file, body)
    answer: dict[str, Any] = {
        "file": str(file), "month": facts["month"], "level": facts["level"], "revision": facts["revision"],
        "total": facts["total"], "partial": facts["partial"] is not None,
    }  # fmt: skip
    show(
        form,
        answer,
        lambda: click.echo(
            gettext(N_("The bulletin of {month} was written to {file}."), month=facts["month"], file=str(file))
        ),
    )


def write_aside(file: Path, body: bytes) -> None:
    """Write `file` whole or not at all."""
    aside = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    try:
        aside.write_bytes(body)
        aside.replace(file)
    finally:
        aside.unlink(missing_ok=True)
