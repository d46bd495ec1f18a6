"""Sentences that go with figures when they leave the service: window, filters, origin, sources."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from babel.dates import format_date, format_datetime

from geo.columns import Snapshot
from geo.errors import N_
from layers.base import Params
from web.errors import fill
from web.i18n import LANGUAGES, translate
from web.jstext import TEXTS

WEEKDAYS = (N_("Mon"), N_("Tue"), N_("Wed"), N_("Thu"), N_("Fri"), N_("Sat"), N_("Sun"))
LAYER_WORDS = {
    "grids": N_("Grids"), "incidents": N_("Incidents"), "cameras": N_("Cameras"), "buildings": N_("Buildings"),
    "streets": N_("Streets"), "places": N_("Key places"), "zones": N_("Zones"),
}  # fmt: skip


MOST_NAMED = 4  # grids of an area in a line


def say(template: str, lang: str, **params: object) -> str:
    """Return a template in `lang`, filled in."""
    return fill(template, params, lang)


def word(value: object, lang: str) -> str:
    """Return a value of the data as pages show it: known words of the schema and the demo translated."""
    if value is None or value == "":
        return "–"
    return translate(TEXTS[f"value.{value}"], lang) if f"value.{value}" in TEXTS else str(value)


def local(moment: np.datetime64, timezone: str) -> datetime:
    """Return a UTC time on the clock of a time zone."""
    since = int(moment.astype("datetime64[ms]").astype(np.int64))
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=since)).astimezone(ZoneInfo(timezone))


def day_text(value: date, lang: str) -> str:
    """Return a date in words of the language."""
    return str(format_date(value, "medium", locale="en_GB" if lang == "en" else LANGUAGES[lang]))


def moment_text(value: datetime, lang: str) -> str:
    """Return a time, without seconds where they are 0."""
    if (value.hour, value.minute) == (0, 0):
        return day_text(value.date(), lang)
    locale = "en_GB" if lang == "en" else LANGUAGES[lang]
    return f"{day_text(value.date(), lang)} {format_datetime(value, 'HH:mm', locale=locale, tzinfo=value.tzinfo)}"


def bounds_of(snapshot: Snapshot) -> tuple[np.datetime64, np.datetime64] | None:
    """Return the first and the last known time of the incidents, None where there is none."""
    times = np.asarray(snapshot["incidents"].columns["occurred_at"])
    known = times[~np.isnat(times)]
    return (known.min(), known.max()) if len(known) else None


def window_text(snapshot: Snapshot, params: Params, lang: str) -> str:
    """Return the days of the window, both ends included; an open side is that of the data."""
    found = bounds_of(snapshot)
    start = params.start if params.start is not None else found[0] if found else None
    end = params.end - np.timedelta64(1, "ms") if params.end is not None else found[1] if found else None
    if start is None or end is None:
        return translate(N_("No incident with a time yet."), lang)
    first, last = local(start, snapshot.timezone), local(end, snapshot.timezone)
    whole = params.start is None or (first.hour, first.minute) == (0, 0)
    after = local(end + np.timedelta64(1, "ms"), snapshot.timezone)
    whole_end = params.end is None or (after.hour, after.minute) == (0, 0)
    begin = day_text(first.date(), lang) if whole else moment_text(first, lang)
    close = day_text(last.date(), lang) if whole_end else moment_text(after, lang)
    return say(N_("{first} to {last} ({timezone})"), lang, first=begin, last=close, timezone=snapshot.timezone)


def filter_texts(params: Params, lang: str) -> list[str]:
    """Return what else was chosen: categories, hours, weekdays."""
    found = []
    if params.categories:
        names = [word(name, lang) for name in params.categories]
        shown = ("、" if lang == "zh" else ", ").join(names[:8])
        more = say(N_(" and {count} more"), lang, count=len(names) - 8) if len(names) > 8 else ""
        found.append(say(N_("Categories: {names}"), lang, names=shown + more))
    if params.hours:
        found.append(say(N_("Hours: {hours}"), lang, hours=_ranges(params.hours)))
    if params.weekdays:
        days = [translate(WEEKDAYS[day - 1], lang) for day in params.weekdays]
        found.append(say(N_("Weekdays: {days}"), lang, days=("、" if lang == "zh" else ", ").join(days)))
    return found


def _ranges(hours: Sequence[int]) -> str:
    """Return hours as clock times: runs of neighbours together."""
    runs: list[list[int]] = []
    for hour in hours:
        if runs and hour == runs[-1][1]:
            runs[-1][1] = hour + 1
        else:
            runs.append([hour, hour + 1])
    return ", ".join(f"{first:02}:00–{last:02}:00" for first, last in runs)


def origin_text(snapshot: Snapshot, revision: int, lang: str, made: date) -> str:
    """Return where figures come from, and when the file was made."""
    return say(
        N_("Data revision {revision}; areas and distances in {crs}. Made on {date} with GridAtlas."), lang,
        revision=revision, crs=snapshot.crs or "–", date=day_text(made, lang),
    )  # fmt: skip


def area_names(snapshot: Snapshot, lang: str) -> str:
    """Return the grids that name the area of a snapshot, "" for the whole city."""
    if snapshot.scope is None:
        return ""
    named = [f"{word(level, lang)} {code}" for level, code in snapshot.scope.grids]
    listed = ("、" if lang == "zh" else ", ").join(named[:MOST_NAMED]) or "–"
    more = len(named) - MOST_NAMED
    return say(N_("{grids} and {count} more"), lang, grids=listed, count=more) if more > 0 else listed


def area_text(snapshot: Snapshot, lang: str) -> str:
    """Return that figures are of an area only, and what that means; "" for the whole city."""
    names = area_names(snapshot, lang)
    if not names:
        return ""
    return say(
        N_("Only of the area {grids}; what lies outside is not counted, nor are cameras there."), lang, grids=names
    )


def source_texts(snapshot: Snapshot, needs: Sequence[str], lang: str) -> list[str]:
    """Return the attributions of the layers that were read, each once."""
    found: dict[str, None] = {}
    for name in needs:
        if len(snapshot[name]):
            found.update(dict.fromkeys(translate(text, lang) for text in snapshot.sources.get(name, ())))
    return list(found)


def sources_line(snapshot: Snapshot, needs: Sequence[str], lang: str) -> str:
    """Return all attributions in a line."""
    texts = [text.rstrip(".。") for text in source_texts(snapshot, needs, lang)]
    if not texts:
        return translate(N_("Sources: not recorded at import."), lang)
    return say(N_("Sources: {sources}"), lang, sources=("；" if lang == "zh" else "; ").join(texts))


def simulated_text(snapshot: Snapshot, needs: Sequence[str], lang: str) -> str:
    """Return which of the layers that were read are simulated, "" for none."""
    names = [name for name in needs if snapshot[name].simulated and len(snapshot[name])]
    if not names:
        return ""
    layers = ("、" if lang == "zh" else ", ").join(translate(LAYER_WORDS[name], lang) for name in names)
    return say(N_("Simulated data: {layers}"), lang, layers=layers)


def approval_text(approval: str, lang: str) -> str:
    """Return the map approval number with its name, "" where none is set."""
    return say(N_("Map approval number: {number}"), lang, number=approval) if approval else ""


def today(timezone: str) -> date:
    """Return the date in a time zone."""
    return datetime.now(ZoneInfo(timezone)).date()


def origin_rows(
    snapshot: Snapshot, needs: Sequence[str], params: Params, lang: str, made: datetime
) -> list[tuple[str, str | int]]:
    """Return label and value of everything that says where the rows of a file come from."""
    revision = max(snapshot[name].revision for name in needs)
    rows: list[tuple[str, str | int]] = [
        (N_("Data revision"), revision),
        (N_("Reference system of areas and distances"), snapshot.crs or "–"),
        (N_("Time zone"), snapshot.timezone),
        (N_("Grid level"), word(params.level, lang)),
    ]
    if snapshot.scope is not None:
        rows.append((N_("Area"), area_text(snapshot, lang)))
    if "incidents" in needs:
        rows.append((N_("Incidents of the time"), window_text(snapshot, params, lang)))
    rows += [(N_("Filter"), text) for text in filter_texts(params, lang)]
    if params.parent:
        rows.append((N_("Filter"), say(N_("Grids below {parent}"), lang, parent=params.parent)))
    rows += [(N_("Source"), text) for text in source_texts(snapshot, needs, lang)]
    simulated = simulated_text(snapshot, needs, lang)
    if simulated:
        rows.append((N_("Note"), simulated))
    rows.append((N_("Made on"), made.astimezone(ZoneInfo(snapshot.timezone)).strftime("%Y-%m-%d %H:%M %Z")))
    return [(translate(label, lang), value) for label, value in rows]
