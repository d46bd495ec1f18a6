"""A bulletin in words: its figures as texts of one language, for the printed page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from babel.dates import format_date

from geo.columns import Snapshot
from geo.errors import N_
from geo.month import parse_month
from web import phrases
from web.charts import daily_chart, shade
from web.i18n import LANGUAGES, translate

Json = dict[str, Any]
TOP, TOP_CATEGORIES = 20, 15
KINDS = {
    "up": N_("▲ more than chance"), "down": N_("▼ fewer than chance"), "chance": N_("within chance"), "none": "–",
}  # fmt: skip
UNIT_WORDS = {"grid": N_("grids"), "hex": N_("hexagons")}
STATES = {
    "no_dates": N_("No incident has a time."),
    "now_not_covered": N_("The data do not cover this month well enough to compare it."),
    "before_not_covered": N_("The data do not cover {month}."),
}


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
        """Return the three cells of a change: count before, change of the daily mean, mark."""
        if row is None:
            return ["–", "–", "–"]
        new = row["percent"] is None or row["percent"] != row["percent"]
        shown = self(N_("new")) if new and row["difference"] > 0 else self.percent(row["percent"])
        return [self.number(row["before"]), shown, self(KINDS[row["kind"]])]

    def listed(self, texts: Sequence[str]) -> str:
        """Return texts in a line."""
        return ("、" if self.lang == "zh" else ", ").join(texts)


def title_of(facts: Json, words: Words) -> str:
    """Return the bulletin's title."""
    return words(N_("Monthly bulletin of incidents, {month}"), month=words.month(facts["month"]))


def against_notes(facts: Json, words: Words) -> list[str]:
    """Return sentences on what could not be compared, or only in part."""
    notes = []
    month = parse_month(facts["month"])
    for name, back in (("month", 1), ("year", 12)):
        window = facts["windows"][name]
        earlier = words.month(str(month.earlier(back)))
        if window["state"] != "ok":
            notes.append(words(STATES[window["state"]], month=earlier))
        elif window["before"]["partial"]:
            notes.append(
                words(
                    N_("Of {month} the data cover {days} days; it is compared by the mean of these days."),
                    month=earlier,
                    days=round(window["before"]["covered_days"]),
                )
            )
    return list(dict.fromkeys(notes))


def partial_note(facts: Json, words: Words) -> str:
    """Return the sentence on a month that the data do not cover whole, "" for one they do."""
    part = facts["partial"]
    if part is None:
        return ""
    if part["first"] is None:
        return words(N_("The data of this month are too few to be a proper part of the record."))
    first, last = (phrases.day_text(date.fromisoformat(part[side]), words.lang) for side in ("first", "last"))
    return words(N_("Partial month: the data cover {first} to {last} only."), first=first, last=last)


def key_figures(facts: Json, words: Words) -> list[Json]:
    """Return the cards above: label, figure, notes."""
    cards = [{"label": words(N_("Incidents")), "figure": words.number(facts["total"]),
              "note": words(N_("{count} in no grid"), count=words.number(facts["outside"]))}]  # fmt: skip
    labels = {"month": N_("Against the month before"), "year": N_("Against the same month last year")}
    for name, label in labels.items():
        total = facts["windows"][name]["total"]
        if total is None:
            cards.append({"label": words(label), "figure": "–", "note": words(N_("not in the data"))})
            continue
        before, shown, mark = words.change(total)
        note = words(N_("{before} before; {mark}"), before=before, mark=mark)
        cards.append({"label": words(label), "figure": shown, "note": note})
    return cards


def change_head(words: Words) -> list[str]:
    """Return the heads of the six cells of both changes."""
    return [
        words(N_("Month before")), words(N_("Change per day")), words(N_("Chance?")),
        words(N_("Year before")), words(N_("Change per day")), words(N_("Chance?")),
    ]  # fmt: skip


def category_rows(facts: Json, words: Words) -> list[list[str]]:
    """Return the table of categories: the most frequent, and the others in one row, so that the sum holds."""
    every = facts["categories"]
    shown = every if len(every) <= TOP_CATEGORIES + 1 else every[:TOP_CATEGORIES]
    rows = [
        [phrases.word(row["category"], words.lang), words.number(row["incidents"]),
         words.share(row["incidents"], facts["total"]), *words.change(row["month"]), *words.change(row["year"])]
        for row in shown
    ]  # fmt: skip
    others = every[len(shown) :]
    if others:
        count = sum(row["incidents"] for row in others)
        label = words(N_("{count} other categories (all in the XLSX)"), count=words.number(len(others)))
        rows.append([label, words.number(count), words.share(count, facts["total"]), *[""] * 6])
    return rows


def grid_rows(facts: Json, words: Words) -> list[list[str]]:
    """Return the table of the grids with most incidents."""
    return [
        [str(place), row["code"] or "–", row["name"] or "", words.number(row["incidents"]),
         words.number(row["per_km2"]), *words.change(row["month"]), *words.change(row["year"])]
        for place, row in enumerate(facts["grids"][:TOP], start=1)
        if row["incidents"] > 0
    ]  # fmt: skip


def level_rows(facts: Json, words: Words) -> list[list[str]]:
    """Return, by level, how many grids changed more than chance explains."""

    def cells(row: Json | None) -> list[str]:
        return ["–", "–"] if row is None else [words.number(row["up"]), words.number(row["down"])]

    return [
        [phrases.word(row["level"], words.lang), words.number(row["grids"]), *cells(row["month"]), *cells(row["year"])]
        for row in facts["levels"]
    ]


def coverage_rows(facts: Json, words: Words) -> list[list[str]]:
    """Return the table of coverage; a level that was not worked out says so."""
    rows = []
    for row in facts["coverage"]:
        level, total = phrases.word(row["level"], words.lang), row["totals"]
        if total is None:
            rows.append([level, words(N_("not computed")), "–", "–", "–", "–", "–"])
            continue
        shares = [words.share(total[name], total["open_m2"]) for name in ("certain_m2", "possible_m2", "blind_m2")]
        seen = words.share(total["incidents_seen"], total["incidents"])
        streets = words.share(total["streets_seen_m"], total["streets_m"])
        rows.append([level, words.number(total["open_m2"] / 1e6, 3), *shares, streets, seen])
    return rows


def coverage_note(facts: Json, words: Words) -> str:
    """Return why coverage is missing or old, "" where it is neither."""
    if not facts["coverage"]:
        return words(N_("No coverage: the store holds no cameras or no grids."))
    notes = []
    if any(row["totals"] is None for row in facts["coverage"]):
        notes.append(
            words(N_("Not computed: open the planner's page or run `flask coverage`, then make the bulletin again."))
        )
    old = sorted({row["revision"] for row in facts["coverage"] if row["stale"] and row["revision"] is not None})
    if old:
        notes.append(
            words(N_("Of an older revision of the data: {revisions}."), revisions=words.listed(list(map(str, old))))
        )
    return " ".join(notes)


def chart(facts: Json, words: Words) -> Any:
    """Return the chart of the days."""
    days, part = facts["days"], facts["partial"]
    covered = [
        part is None or (part["first"] is not None and part["first"] <= day["date"] <= part["last"]) for day in days
    ]
    return daily_chart(
        [day["incidents"] for day in days], [day["weekday"] for day in days], covered, words(N_("Incidents per day"))
    )


def matrix(facts: Json, words: Words) -> list[Json]:
    """Return the rows of hours by weekday: label and cells with text and colours."""
    counts = facts["matrix"]["counts"]
    most = max((value for row in counts for value in row), default=0)
    rows = []
    for day, row in zip(phrases.WEEKDAYS, counts, strict=True):
        cells = []
        for value in row:
            ground, ink = shade(value, most)
            cells.append({"text": words.number(value) if value else "", "ground": ground, "ink": ink})
        rows.append({"label": words(day), "cells": cells, "total": words.number(sum(row))})
    return rows


def second_map(facts: Json) -> str:
    """Return the layer of the second map: significant hot spots where there are any, else the heat."""
    return "hotspots" if facts["spots"]["places"] else "heat"


def heat_caption(facts: Json, words: Words) -> str:
    """Return what stands under the heat map, which stands where no hot spot is significant."""
    caption = words(N_("Heat map of incidents, {month}"), month=words.month(facts["month"]))
    if facts["spots"]["unit"] is None:
        return caption
    tested = words(
        N_("No hot or cold spot of the {tested} {unit} tested is more than chance."),
        tested=words.number(facts["spots"]["tested"]),
        unit=words(UNIT_WORDS[facts["spots"]["unit"]]),
    )
    return f"{caption}{'。' if words.lang == 'zh' else '. '}{tested}"


def spots_caption(facts: Json, words: Words) -> str:
    """Return what stands under the map of hot spots."""
    places = facts["spots"]["places"]
    hot = sum(place["hot"] for place in places)
    return words(
        N_("Significant hot and cold spots, {month}: {hot} hot, {cold} cold, of {tested} {unit} tested"),
        month=words.month(facts["month"]),
        hot=words.number(hot),
        cold=words.number(len(places) - hot),
        tested=words.number(facts["spots"]["tested"]),
        unit=words(UNIT_WORDS[facts["spots"]["unit"]]),
    )


def method(facts: Json, words: Words) -> list[str]:
    """Return the paragraphs on how the figures were made."""
    texts = [
        words(
            N_(
                "Counts are of incidents whose time lies in the month on the clock of {timezone}; one without a time "
                "is counted nowhere. Each is counted in the grid its place lies in: on a border, in the grid with the "
                "lowest code."
            ),
            timezone=facts["timezone"],
        ),
        words(
            N_(
                "Changes are of the mean per day, since months differ in length; where the data cover a month only in "
                "part, its covered days count. “More than chance” is the exact test for two Poisson counts; over the "
                "rows of a table the share of false findings is held at {percent} % (Benjamini and Hochberg)."
            ),
            percent=f"{100 * facts['alpha']:g}",
        ),
        words(N_("Density is incidents per square kilometre of a grid's area in {crs}."), crs=facts["crs"] or "–"),
    ]
    if facts["spots"]["unit"] is not None:
        texts.append(
            words(
                N_(
                    "Hot and cold spots: {unit} whose surroundings, themselves included, hold more or fewer incidents "
                    "than chance explains over the whole month (Gi* with binary weights; of those found at most 5 % "
                    "are expected to be chance)."
                ),
                unit=words(UNIT_WORDS[facts["spots"]["unit"]]),
            )
        )
    if second_map(facts) == "heat":
        texts.append(
            words(N_("Heat: kernel density with a radius of {radius} m."), radius=words.number(facts["radius_m"]))
        )
    if facts["coverage"]:
        texts.append(words(N_("Coverage: what cameras see by their recorded direction, angle and range; certain where "
                              "all that decides is recorded, possible where a part is assumed. Shares are of the area "
                              "outside buildings.")))  # fmt: skip
    return texts


def origin_lines(
    snapshot: Snapshot, facts: Json, words: Words, needs: Sequence[str], made: str
) -> list[tuple[str, str]]:
    """Return label and text of where the figures come from."""
    lines = [
        (words(N_("Data revision")), str(facts["revision"])),
        (words(N_("Reference system of areas and distances")), facts["crs"] or "–"),
        (words(N_("Time zone")), facts["timezone"]),
        (words(N_("Grid level")), phrases.word(facts["level"], words.lang)),
        (words(N_("Made on")), made),
    ]
    sources = phrases.source_texts(snapshot, needs, words.lang)
    lines += [(words(N_("Source")), text) for text in sources] or [
        (words(N_("Source")), words(N_("not recorded at import")))
    ]
    simulated = phrases.simulated_text(snapshot, needs, words.lang)
    return [*lines, (words(N_("Note")), simulated)] if simulated else lines
