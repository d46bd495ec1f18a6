"""Figures and months as texts of one language, for printed pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from babel.dates import format_date

from geo.errors import N_
from geo.month import parse_month
from web import phrases
from web.i18n import LANGUAGES, translate

Json = dict[str, Any]
KINDS = {
    "up": N_("▲ more than chance"), "down": N_("▼ fewer than chance"), "chance": N_("within chance"), "none": "–",
}  # fmt: skip

# In the cells of tables, under the head "more than chance?".
MARKS = {"up": N_("▲ more"), "down": N_("▼ fewer"), "chance": N_("no"), "none": "–"}


class Words:
    """Texts of one language."""

    def __init__(self, lang: str) -> None:
        self.lang = lang

    def __call__(self, template: str, **params: object) -> str:
        return phrases.say(template, self.lang, **params) if params else translate(template, self.lang)

    def month(self, month: str) -> str:
        """Return a month in words."""
        form = "LLLL y" if self.lang == "en" else "y年M月"
        return str(format_date(parse_month(month).first, form, locale=LANGUAGES[self.lang]))

    def number(self, value: float | None, decimals: int = 0) -> str:
        """Return a figure with separators, a dash for a missing one."""
        return "–" if value is None or value != value else f"{value:,.{decimals}f}"

    def percent(self, value: float | None) -> str:
        """Return a change with its sign; a change from nothing has no percentage."""
        return "–" if value is None or value != value else f"{value:+,.1f}\u00a0%".replace("-", "−")

    def share(self, part: float, whole: float) -> str:
        """Return part of a whole in percent."""
        return "–" if not whole > 0 else f"{100 * part / whole:.1f}\u00a0%"

    def change(self, row: Json | None) -> list[str]:
        """Return the three cells of a change: count before, change of the mean per day, whether more than chance."""
        if row is None:
            return ["–", "–", "–"]
        new = row["percent"] is None or row["percent"] != row["percent"]
        shown = self(N_("new")) if new and row["difference"] > 0 else self.percent(row["percent"])
        return [self.number(row["before"]), shown, self(MARKS[row["kind"]])]

    def listed(self, texts: Sequence[str]) -> str:
        """Return texts in a line."""
        return ("、" if self.lang == "zh" else ", ").join(texts)
