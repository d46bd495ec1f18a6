"""`flask publish`: files for outside the house."""

from __future__ import annotations

from pathlib import Path

import click

from geo.errors import N_
from geo.month import parse_month
from geo.suppress import K
from web.api_public import running_month
from web.cli import command, show
from web.cli_rules import WRITTEN
from web.i18n import gettext
from web.noted import note_file
from web.public import NAMES, Wish, public_file
from web.state import atlas

SAID = N_("k {k}; revision {revision}; simulated: {simulated}.")


@command("publish", "Write counts or points that may leave the house to FILE (.geojson, .csv, .xlsx or .gpkg).")
@click.argument("what", type=click.Choice(list(NAMES)))
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--k", type=int, default=K, show_default=True, help="Least count shown, least addresses behind a point.")
@click.option("--from-month", metavar="YYYY-MM", help="First month; all that have ended when absent.")
@click.option("--to-month", metavar="YYYY-MM", help="Last month.")
@click.option("--level", help="counts: only this grid level; all when absent.")
@click.option("--alone", is_flag=True, help="points: no counts of the same months are published beside them.")
def publish_command(
    what: str,
    file: Path,
    k: int,
    from_month: str | None,
    to_month: str | None,
    level: str | None,
    alone: bool,
    form: str,
) -> None:
    """Write a public file."""
    snapshot = atlas().snapshot()
    wish = Wish(
        k=k,
        first=None if from_month is None else parse_month(from_month),
        last=None if to_month is None else parse_month(to_month),
        level=level,
        alone=alone,
    )
    made = public_file(what, snapshot, wish, running_month(snapshot))
    note_file(f"public {what}", file, k=k, months=made.about["months"])
    rows = made.write(file)
    answer = {"what": what, "rows": rows, "file": str(file), "about": made.about}

    def text() -> None:
        click.echo(gettext(WRITTEN, rows=rows, layer=what, file=file))
        simulated = ", ".join(made.about["simulated"]) or "–"
        click.echo(gettext(SAID, k=k, revision=made.about["revision"], simulated=simulated))

    show(form, answer, text)
