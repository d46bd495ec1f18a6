"""The table of the audit's findings."""

from __future__ import annotations

from geo.errors import N_
from layers.audited import NEEDS
from layers.findings import SEVERITY_TITLES
from web.finding_notes import noted
from web.findings import findings_answer
from web.i18n import translate
from web.tables import Asked, Column, Listed, Table, register
from web.tables_known import LAT, LON, limit_of

WAIT_S = 60.0
STATE_TITLES = {"open": N_("To be dealt with"), "accepted": N_("Accepted as it is")}


def _findings(asked: Asked) -> Listed:
    shown = asked.state.audits.ask(asked.snapshot, WAIT_S)
    found = findings_answer(shown.audit, asked.snapshot, asked.params, limit_of(asked), noted(asked.state.store))
    lang = asked.params.lang
    rows = [
        {
            **one,
            "severity": translate(SEVERITY_TITLES[one["severity"]], lang),
            "unit": translate(one["unit"], lang) if one["unit"] else "",
            "grids": ", ".join(map(str, one["grids"])),
            "state": translate(STATE_TITLES[one["state"]], lang),
        }
        for one in found["findings"]
    ]
    return Listed(rows, found["total"])


register(Table("findings", N_("Worklist"), NEEDS, (
    Column("severity", N_("Severity")), Column("title", N_("Kind")), Column("level", N_("Level"), kind="word"),
    Column("grids", N_("Grids")), Column("measure", N_("Amount"), kind="number"), Column("unit", N_("Unit")),
    Column("message", N_("Defect")), Column("remedy", N_("What to do")), Column("state", N_("State")),
    Column("team", N_("Assigned to")), Column("reason", N_("Accepted because")), Column("id", "ID"), LON, LAT,
), _findings))  # fmt: skip
