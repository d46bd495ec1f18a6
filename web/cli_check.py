"""`flask check`: whether this machine, its settings and its store are fit to serve."""

from __future__ import annotations

from typing import Any

import click

from geo.errors import N_
from web.checks import Finding, findings
from web.cli import command, safe_line, show
from web.errors import fill
from web.i18n import gettext
from web.state import atlas

WORDS = {"ok": N_("good"), "doubt": N_("doubtful"), "fault": N_("wrong")}


@command("check", "Check settings, store, disk, rights, fonts and libraries; status 1 when something is wrong.")
@click.option("--strict", is_flag=True, help="Status 1 for doubts too.")
def check_command(strict: bool, form: str) -> None:
    """Check and tell."""
    found = findings(atlas().settings)
    bad = {"fault", "doubt"} if strict else {"fault"}
    answer = {"ok": not any(one.state in bad for one in found), "findings": [_told(one) for one in found]}
    show(form, answer, lambda: _tell(found))
    if not answer["ok"]:
        click.get_current_context().exit(1)


def _told(one: Finding) -> dict[str, Any]:
    return {
        "name": one.name,
        "state": one.state,
        "message": fill(one.message, one.params),
        "remedy": fill(one.remedy, one.params),
    }


def _tell(found: list[Finding]) -> None:
    for one in found:
        told = _told(one)
        click.echo(safe_line(f"{gettext(WORDS[one.state]):<8} {told['message']} {told['remedy']}".rstrip()))
