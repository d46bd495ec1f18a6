"""A bulletin in words: its figures as texts of one language, for the printed page."""

from __future__ import annotations

from typing import Any

from geo.errors import N_
from web import phrases
from web.bulletin_notes import UNIT_WORDS
from web.charts import daily_chart, shade
from web.words import KINDS, Words

Json = dict[str, Any]
TOP, TOP_CATEGORIES = 20, 15


def title_of(facts: Json, words: Words) -> str:
    """Return the bulletin's title."""
    return words(N_("Monthly bulletin of incidents, {month}"), month=words.month(facts["month"]))


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
        before, shown, _ = words.change(total)
        note = words(N_("{before} before; {mark}"), before=before, mark=words(KINDS[total["kind"]]))
        cards.append({"label": words(label), "figure": shown, "note": note})
    return cards


def change_head(words: Words) -> list[str]:
    """Return the heads of the six cells of both changes."""
    return [
        words(N_("Month before")), words(N_("Change per day")), words(N_("More than chance?")),
        words(N_("Year before")), words(N_("Change per day")), words(N_("More than chance?")),
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
