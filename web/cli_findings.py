"""`flask audit`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
from werkzeug.datastructures import MultiDict

from geo.audit_kinds import SEVERITIES, TITLES
from geo.audit_rules import ruled
from geo.errors import N_, UnknownLevelError
from layers.audited import audit_of
from layers.base import chosen_level
from layers.findings import STATES
from web import findings
from web.audit_runs import STEPS, ShownAudit
from web.cli import Progress, command, safe_line, show
from web.cli_rules import FILE, WRITTEN, Options
from web.cli_table import print_table
from web.finding_notes import keep_findings, noted
from web.i18n import current_lang, gettext
from web.params import layer_params
from web.state import atlas

SHOWN = 40
HEAD = (N_("Severity"), N_("Kind"), N_("Grids"), N_("Defect"), N_("Amount"))


@command("audit", "List every defect of the division: overlaps, gaps, wrong parents, cut buildings and more.")
@click.option("--level", help="Only findings of this grid level.")
@click.option("--kind", multiple=True, type=click.Choice(list(TITLES)), help="Only findings of this kind. Repeat.")
@click.option("--severity", type=click.Choice(list(reversed(SEVERITIES))), help="Only findings of this severity.")
@click.option("--state", type=click.Choice(STATES), help="Only findings that are open, or accepted as they are.")
@click.option(
    "--rule", "rules", multiple=True, help="Hold against this rule instead: NAME=VALUE, as least_m2=2000. Repeat."
)
@click.option("-o", "--output", "file", type=FILE, help="Write the findings to this file; the suffix says the format.")
def audit_command(
    level: str | None, kind: tuple[str, ...], severity: str | None, state: str | None, rules: tuple[str, ...],
    file: Path | None, form: str,
) -> None:  # fmt: skip
    """Print or write the findings."""
    snapshot = atlas().snapshot()
    if level is not None:
        if not len(snapshot["grids"]):  # a page shows its empty state; a script must not go on
            raise UnknownLevelError(
                N_("There is no grid level {level}: the store holds no grids."), N_("Import grids first."), level=level
            )
        chosen_level(snapshot["grids"], level)
    query: MultiDict[str, str] = MultiDict([("kind", one) for one in kind])
    query.update(
        {name: value for name, value in (("at_level", level), ("severity", severity), ("state", state)) if value}
    )
    params = layer_params(query, snapshot, current_lang())
    held = ruled(atlas().audit_rules, [_rule(one) for one in rules])
    audit = None
    if len(snapshot["grids"]):
        progress = Progress(STEPS)
        try:
            audit = audit_of(snapshot, progress, rules=held)
        finally:
            progress.end()
        if held == atlas().audit_rules and snapshot.scope is None:
            keep_findings(atlas().store, snapshot, audit)
    notes = noted(atlas().store)
    shown = ShownAudit(audit, "none" if audit is None else "ready")
    answer = findings.findings_answer(audit, snapshot, params, notes=notes)
    answer |= {"meta": findings.findings_meta(shown, snapshot, params.lang)}
    if file is not None:
        text = findings.description(snapshot, audit)
        table = findings.findings_table(audit, snapshot, params, text, notes)
        answer |= {"file": str(file), "rows": table.write(file)}
    show(form, answer, lambda: _print(answer))


def _rule(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign:
        raise click.BadParameter(gettext(N_("Give a rule as NAME=VALUE.")), param_hint="--rule")
    return name.strip(), value.strip()


def _print(answer: Options) -> None:
    if not answer["total"]:
        click.echo(gettext(N_("No finding.")))
    else:
        click.echo(
            gettext(
                N_("{count} findings: {errors} errors, {warnings} warnings, {notes} remarks."), count=answer["total"],
                errors=answer["severities"]["error"], warnings=answer["severities"]["warning"],
                notes=answer["severities"]["note"],
            )
        )  # fmt: skip
    for levels, kinds in _silent(answer["meta"].get("unchecked", ())).items():
        line = gettext(
            N_("Not looked for at {levels}, as nothing of the sort is recorded there: {kinds}."),
            levels=safe_line(levels), kinds=", ".join(kinds),
        )  # fmt: skip
        click.echo(f"- {line}")
    if "file" in answer:
        click.echo(gettext(WRITTEN, rows=answer["rows"], layer="findings", file=answer["file"]))
        return
    rows: list[list[str]] = [_row(one) for one in answer["findings"][:SHOWN]]
    if rows:
        print_table([gettext(text) for text in HEAD], rows, left=4)
    if len(answer["findings"]) > SHOWN:
        click.echo(gettext("… and {count} more.", count=len(answer["findings"]) - SHOWN))


def _silent(unchecked: Iterable[dict[str, str]]) -> dict[str, list[str]]:
    """Kinds that could not be looked for, by the levels where that is so."""
    levels: dict[str, list[str]] = {}
    for one in unchecked:
        levels.setdefault(one["title"], []).append(one["level"])
    found: dict[str, list[str]] = {}
    for title, where in levels.items():
        found.setdefault(", ".join(where), []).append(title)
    return found


def _row(one: dict[str, Any]) -> list[str]:
    grids = [safe_line(code) for code in one["grids"]]
    named = ", ".join(grids[:2]) + (", …" if len(grids) > 2 else "")
    return [
        gettext(SEVERITY_WORDS[one["severity"]]),
        one["title"],
        named,
        safe_line(one["message"]),
        f"{one['measure']:,.6g} {gettext(one['unit'])}".strip(),
    ]


SEVERITY_WORDS = {"error": N_("Error"), "warning": N_("Warning"), "note": N_("Remark")}
