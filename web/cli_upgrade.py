"""`flask upgrade`: bring the store up to this version; `--dry-run` tries it on a copy first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from geo.errors import N_
from store.store import Store
from store.upgrade import pending, rehearse
from web.cli import command, show
from web.cli_table import print_table
from web.i18n import gettext
from web.state import atlas

PLACE = click.Path(exists=True, file_okay=False, writable=True, path_type=Path)


@command("upgrade", "Apply the migrations that the store still needs; stop the service first.")
@click.option("--dry-run", is_flag=True, help="Try them on a copy and say how long they take; change nothing.")
@click.option("--scratch", type=PLACE, help="Folder for the copy; that of the store when absent.")
def upgrade_command(dry_run: bool, scratch: Path | None, form: str) -> None:
    """Apply the pending migrations, or try them."""
    file = Path(atlas().settings.store).absolute()
    names = pending(file)
    answer: dict[str, Any] = {"pending": list(names), "applied": [], "dry_run": dry_run}
    if dry_run:
        tried = rehearse(file, scratch or file.parent)
        answer["copy_s"] = round(tried.copy_s, 3)
        answer["steps"] = [{"name": step.name, "seconds": round(step.seconds, 3)} for step in tried.steps]
        answer["rows"] = tried.rows
    elif names:
        # Opening is what migrates; each migration is one transaction with its record.
        Store.open(file, create=False).close()
        answer["applied"] = list(names)
    show(form, answer, lambda: _tell(answer))


def _tell(answer: dict[str, Any]) -> None:
    if not answer["pending"]:
        click.echo(gettext(N_("The store is up to date: there is nothing to apply.")))
    elif answer["dry_run"]:
        rows = [[step["name"], f"{step['seconds']:.2f}"] for step in answer["steps"]]
        print_table([gettext(N_("Migration")), gettext(N_("Seconds"))], rows, left=1)
        click.echo(
            gettext(
                N_("All of them work on a copy, which took {seconds} s to make; no row was lost; nothing was changed."),
                seconds=f"{answer['copy_s']:.2f}",
            )
        )
    else:
        click.echo(gettext(N_("Applied: {names}."), names=", ".join(answer["applied"])))
