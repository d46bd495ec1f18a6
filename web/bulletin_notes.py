"""What a bulletin says of its own figures: what is missing or partial, how they were made, where they come from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np

from geo.columns import Snapshot
from geo.errors import N_
from geo.month import parse_month
from web import phrases
from web.words import Words

Json = dict[str, Any]
UNIT_WORDS = {"grid": N_("grids"), "hex": N_("hexagons")}
STATES = {
    "no_dates": N_("No incident has a time."),
    "now_not_covered": N_("The data do not cover this month well enough to compare it."),
    "before_not_covered": N_("The data do not cover {month}."),
}


def second_map(facts: Json) -> str:
    """Return the layer of the second map: significant hot spots where there are any, else the heat."""
    return "hotspots" if facts["spots"]["places"] else "heat"


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


def division_texts(facts: Json, timezone: str, words: Words) -> list[str]:
    """Return by which division the month was counted; only where the history has something to tell."""
    by = facts.get("division")
    if not by or (by["by"] == "today" and not by["changes"]):
        return []

    def day(text: str) -> str:
        return phrases.day_text(phrases.local(np.datetime64(text.rstrip("Z"), "ms"), timezone).date(), words.lang)

    text = words(N_("Counted by today's division, in force since {day}."), day=day(by["since"]))
    if by["by"] == "then":
        text = words(N_("Counted by the division in force at the end of the month, since {day}."), day=day(by["since"]))
    texts = [text]
    if by["changes"]:
        days = words.listed([day(one["at"]) for one in by["changes"]][:12])
        texts.append(words(N_("The division changed within the month: {days}."), days=days))
    if by["before_history"]:
        texts.append(words(N_("No history of the division before {day}."), day=day(by["history_from"])))
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
        *((words(N_("Division")), text) for text in division_texts(facts, snapshot.timezone, words)),
        (words(N_("Made on")), made),
    ]
    if snapshot.scope is not None:
        lines.append((words(N_("Area")), phrases.area_text(snapshot, words.lang)))
    sources = phrases.source_texts(snapshot, needs, words.lang)
    lines += [(words(N_("Source")), text) for text in sources] or [
        (words(N_("Source")), words(N_("not recorded at import")))
    ]
    simulated = phrases.simulated_text(snapshot, needs, words.lang)
    return [*lines, (words(N_("Note")), simulated)] if simulated else lines
