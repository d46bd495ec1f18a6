"""A bulletin as a file, for the web and for the command line alike."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, Literal

from geo.columns import Snapshot
from geo.month import Month
from web import bulletin
from web.bulletin import CoverageOf
from web.divisions import TODAY, counted
from web.state import Atlas

Form = Literal["pdf", "xlsx"]
FORMS: tuple[Form, ...] = ("pdf", "xlsx")
Json = dict[str, Any]


def file_name(facts: Json, form: str) -> str:
    """Return a name for the file, of letters, digits and hyphens only."""
    level = "".join(sign if sign.isascii() and sign.isalnum() else "-" for sign in facts["level"] or "all").strip("-")
    return f"bulletin-{facts['month']}-{level or 'level'}.{form}"


def make_bulletin(
    state: Atlas, snapshot: Snapshot, month: Month, level: str | None, form: Form, lang: str, made: datetime,
    coverage_of: CoverageOf, division: str = TODAY,
) -> tuple[bytes, Json]:  # fmt: skip
    """Return the file and its figures; `division` says by which one the month is counted (`web.divisions`)."""
    params = replace(bulletin.params_of(snapshot, month, None), division=division)
    by = counted(state, snapshot, params)
    facts = bulletin.facts(by.snapshot, month, level, coverage_of if by.snapshot is snapshot else None)
    facts["division"] = by.facts
    if by.snapshot is not snapshot:  # cameras see what they see today, whatever the grids were
        facts["coverage"] = bulletin.coverage(snapshot, replace(params, level=facts["level"]), coverage_of)
        facts["revision"] = max(snapshot[name].revision for name in bulletin.NEEDS)
        snapshot = by.snapshot
    if form == "pdf":
        from web.bulletin_pdf import bulletin_pdf

        return bulletin_pdf(state, snapshot, facts, lang, made), facts
    from web.bulletin_xlsx import bulletin_xlsx

    return bulletin_xlsx(state, snapshot, facts, lang, made), facts
