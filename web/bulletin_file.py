"""A bulletin as a file, for the web and for the command line alike."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from geo.columns import Snapshot
from geo.month import Month
from web import bulletin
from web.bulletin import CoverageOf
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
    coverage_of: CoverageOf,
) -> tuple[bytes, Json]:  # fmt: skip
    """Return the file and its figures."""
    facts = bulletin.facts(snapshot, month, level, coverage_of)
    if form == "pdf":
        from web.bulletin_pdf import bulletin_pdf

        return bulletin_pdf(state, snapshot, facts, lang, made), facts
    from web.bulletin_xlsx import bulletin_xlsx

    return bulletin_xlsx(state, snapshot, facts, lang, made), facts
