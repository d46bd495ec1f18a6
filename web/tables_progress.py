"""The table of the division's progress: findings by revision and kind."""

from __future__ import annotations

from typing import Any

from geo.audit_kinds import TITLES
from geo.errors import N_
from layers.audited import NEEDS
from layers.findings import SEVERITY_TITLES
from web.i18n import translate
from web.tables import Asked, Column, Table, register


def _progress(asked: Asked) -> list[dict[str, Any]]:
    if asked.snapshot.scope is not None:
        return []
    lang = asked.params.lang
    return [
        {
            "revision": one.revision,
            "at": one.at,
            "title": translate(TITLES[one.kind], lang),
            "severity": translate(SEVERITY_TITLES[one.severity], lang),
            "findings": one.findings,
        }
        for one in asked.state.store.finding_counts()
        if one.kind in TITLES and one.severity in SEVERITY_TITLES
    ]


register(Table("findings-progress", N_("Findings by revision"), NEEDS, (
    Column("revision", N_("Revision"), kind="whole"), Column("at", N_("Looked at"), kind="time"),
    Column("title", N_("Kind")), Column("severity", N_("Severity")), Column("findings", N_("Findings"), kind="whole"),
), _progress))  # fmt: skip
