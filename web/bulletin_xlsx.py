"""The monthly bulletin as a workbook: the figures of the PDF as figures, and all grids instead of the first twenty."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from geo.columns import Snapshot
from geo.errors import N_
from web import bulletin_notes, bulletin_view, phrases
from web.bulletin_pdf import NEEDS
from web.state import Atlas
from web.words import KINDS, Words
from web.workbook import Page, to_xlsx

Json = dict[str, Any]


def bulletin_xlsx(state: Atlas, snapshot: Snapshot, facts: Json, lang: str, made: datetime) -> bytes:
    """Return the bulletin as XLSX."""
    words = Words(lang)
    when = made.astimezone(ZoneInfo(snapshot.timezone)).strftime("%Y-%m-%d %H:%M %Z")
    pages = [make(facts, words) for make in PAGES]
    origin: list[list[Any]] = [[text] for text in bulletin_notes.method(facts, words)]
    origin += [list(line) for line in bulletin_notes.origin_lines(snapshot, facts, words, NEEDS, when)]
    origin.append([words(N_("Data revision")), facts["revision"]])
    approval = phrases.approval_text(state.settings.map_approval, lang)
    if approval:
        origin.append([approval])
    return to_xlsx([*pages, Page(words(N_("Method and data")), (), origin, (42, 60))])


def _summary(facts: Json, words: Words) -> Page:
    rows: list[list[Any]] = [
        [bulletin_view.title_of(facts, words)],
        [words(N_("Grid level")), phrases.word(facts["level"], words.lang)],
    ]
    rows += [[note] for note in (bulletin_notes.partial_note(facts, words),) if note]
    rows += [[note] for note in bulletin_notes.against_notes(facts, words)]
    note = bulletin_notes.coverage_note(facts, words)
    rows += [[note]] if note else []
    rows += [[words(N_("Incidents")), facts["total"]], [words(N_("In no grid")), facts["outside"]]]
    for name, label in (("month", N_("Against the month before")), ("year", N_("Against the same month last year"))):
        rows.append([words(label), *_change(facts["windows"][name]["total"], words)[:3]])
    return Page(words(N_("Summary")), (), rows, (42, 16, 16, 24))


def _days(facts: Json, words: Words) -> Page:
    head = [words(N_("Date")), words(N_("Weekday (1 Monday)")), words(N_("Incidents"))]
    rows = [[datetime.fromisoformat(day["date"]), day["weekday"], day["incidents"]] for day in facts["days"]]
    return Page(words(N_("Incidents per day")), head, rows)


def _hours(facts: Json, words: Words) -> Page:
    head = [words(N_("Weekday")), *(f"{hour:02}:00" for hour in range(24))]
    counts = facts["matrix"]["counts"]
    rows = [[words(day), *row] for day, row in zip(phrases.WEEKDAYS, counts, strict=True)]
    return Page(words(N_("Hour of the day and weekday")), head, rows)


def _change_head(words: Words) -> list[str]:
    found = []
    for name in (N_("Month before"), N_("Year before")):
        earlier = words(name)
        found += [
            earlier,
            f"{earlier}: {words(N_('Change per day'))} (%)",
            f"{earlier}: {words(N_('More than chance?'))}",
            f"{earlier}: q",
        ]
    return found


def _change(row: Json | None, words: Words) -> list[Any]:
    """Return count before, change of the mean per day in percent, mark, q; None where it cannot be compared."""
    if row is None:
        return [None, None, None, None]
    percent = None if row["percent"] is None or row["percent"] != row["percent"] else row["percent"]
    q = row["q"] if row["q"] is None or row["q"] == row["q"] else None
    return [row["before"], percent, words(KINDS[row["kind"]]), q]


def _categories(facts: Json, words: Words) -> Page:
    head = [words(N_("Category")), words(N_("Incidents")), *_change_head(words)]
    rows = [
        [phrases.word(row["category"], words.lang), row["incidents"], *_change(row["month"], words),
         *_change(row["year"], words)]
        for row in facts["categories"]
    ]  # fmt: skip
    return Page(words(N_("By category")), head, rows)


def _grids(facts: Json, words: Words) -> Page:
    units = [words(N_("Area")), words(N_("incidents per km²")), words(N_("incidents per 10,000 people"))]
    head = [words(N_("Code")), words(N_("Name")), words(N_("Incidents")), f"{units[0]} (km²)", *units[1:],
            *_change_head(words)]  # fmt: skip
    rows = [
        [row["code"], row["name"], row["incidents"], row["area_km2"], _known(row["per_km2"]), _known(row["per_10k"]),
         *_change(row["month"], words), *_change(row["year"], words)]
        for row in facts["grids"]
    ]  # fmt: skip
    return Page(words(N_("Grids")), head, rows)


def _known(value: float | None) -> float | None:
    return None if value is None or value != value else value


def _levels(facts: Json, words: Words) -> Page:
    head = [words(N_("Level")), words(N_("Grids"))]
    for name in (N_("Month before"), N_("Year before")):
        head += [f"{words(name)}: ▲ {words(N_('more'))}", f"{words(name)}: ▼ {words(N_('fewer'))}"]
    rows = [
        [phrases.word(row["level"], words.lang), row["grids"],
         *(None if row[name] is None else row[name][side] for name in ("month", "year") for side in ("up", "down"))]
        for row in facts["levels"]
    ]  # fmt: skip
    return Page(words(N_("Grid levels")), head, rows)


def _coverage(facts: Json, words: Words) -> Page:
    keys = (
        ("open_m2", N_("Open area"), "m²"), ("certain_m2", N_("Certain"), "m²"), ("possible_m2", N_("Possible"), "m²"),
        ("blind_m2", N_("Blind"), "m²"), ("streets_m", N_("Streets"), "m"), ("streets_seen_m", N_("Streets seen"), "m"),
        ("incidents", N_("Incidents"), ""), ("incidents_seen", N_("Incidents seen"), ""),
        ("places", N_("Key places"), ""), ("places_seen", N_("Key places seen"), ""),
    )  # fmt: skip
    head = [words(N_("Level")), *(f"{words(title)} ({unit})" if unit else words(title) for _, title, unit in keys)]
    rows = []
    for row in facts["coverage"]:
        total = row["totals"]
        values = [words(N_("not computed"))] if total is None else [total[key] for key, _, _ in keys]
        rows.append([phrases.word(row["level"], words.lang), *values])
    return Page(words(N_("Coverage by cameras")), head, rows)


def _spots(facts: Json, words: Words) -> Page:
    head = [words(N_("Hot or cold")), words(N_("Code")), words(N_("Name")), words(N_("Grid")), words(N_("Incidents")),
            "Gi* z", "p"]  # fmt: skip
    rows = [
        [words(N_("hot") if row["hot"] else N_("cold")), row["code"], row["name"], row["grid"], row["incidents"],
         row["z"], row["p"]]
        for row in facts["spots"]["places"]
    ]  # fmt: skip
    return Page(words(N_("Hot spots")), head, rows)


PAGES: tuple[Callable[[Json, Words], Page], ...] = (
    _summary, _categories, _grids, _days, _hours, _levels, _spots, _coverage,
)  # fmt: skip
