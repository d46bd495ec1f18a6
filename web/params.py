"""Query parameters and command options, read in one place; what cannot be used is a ParameterError."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from werkzeug.datastructures import MultiDict

from geo.audit_kinds import SEVERITIES, TITLES
from geo.columns import Snapshot
from geo.crs import bbox_from_lonlat
from geo.errors import N_, ParameterError
from geo.reach import EDITIONS
from layers.base import AGAINST, KERNELS, METHODS, METRICS, RAMP_NAMES, WEIGHTS, Params
from layers.findings import GONE, STATES
from layers.hotspot_params import LEAST_SIZE_M, MOST_SIZE_M, MOST_STEPS, STEPS, UNITS, HotspotParams

Query = MultiDict[str, str]
TRUE, FALSE = frozenset({"1", "true", "yes", "on"}), frozenset({"0", "false", "no", "off", ""})
MAX_CATEGORIES = 500
MAX_TEXT = 200
SCALE_NAMES = ("scale_from", "scale_to")
RANGE = "range"  # the task of who asks for none


def fault(field: str, value: object, message: str, remedy: str, **params: Any) -> ParameterError:
    """Return the error of one parameter; `value` is shortened."""
    return ParameterError(message, remedy, field=field, value=str(value)[:80], **params)


# A day within what a calendar of any time zone can hold.
_EARLIEST, _LATEST = np.datetime64("0001-01-02", "ms"), np.datetime64("9999-12-30", "ms")


def moment(text: str | None, field: str, timezone: str) -> np.datetime64 | None:
    """Return an ISO 8601 date or time as datetime64[ms] in UTC.

    A date is local midnight in `timezone`; a time without an offset is local too. A local time that a clock change
    skips or repeats is read with the offset before the change.
    """
    if text is None or not text.strip():
        return None
    bad = fault(
        field,
        text,
        N_("“{value}” is not a date or time for {field}."),
        N_("Write it as 2024-05-31, 2024-05-31T08:00 or 2024-05-31T08:00+08:00."),
    )
    text = text.strip()
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
            found = datetime.combine(date.fromisoformat(text), datetime.min.time())
        elif re.match(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}", text, re.ASCII):
            # A "+" of an offset that came unescaped in a query is a blank.
            found = datetime.fromisoformat(re.sub(r" (\d{2}:?\d{2})$", r"+\1", text) if "T" in text else text)
        else:
            raise bad
        local = found if found.tzinfo else found.replace(tzinfo=ZoneInfo(timezone))
        known = np.datetime64(local.astimezone(UTC).replace(tzinfo=None), "ms")
    except (ValueError, OverflowError):
        raise bad from None
    if not _EARLIEST <= known <= _LATEST:
        raise bad
    return known


def window(
    start: str | None, end: str | None, timezone: str, names: tuple[str, str] = ("from", "to")
) -> tuple[np.datetime64 | None, np.datetime64 | None]:
    """Return the half-open time window ``start <= t < end``; None leaves a side open."""
    first, last = moment(start, names[0], timezone), moment(end, names[1], timezone)
    if first is not None and last is not None and first >= last:
        raise fault(
            names[1],
            end,
            N_("The time window ends before it begins ({start} to {value})."),
            N_("Give a later end; the end itself is not part of the window."),
            start=str(start)[:80],
        )
    return first, last


def number(query: Query, name: str, default: float, low: float, high: float, *, whole: bool = False) -> float:
    """Return a finite number from `low` to `high`."""
    text = query.get(name)
    if text is None or text == "":
        return default
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not low <= value <= high or (whole and value != int(value)):
        raise fault(
            name,
            text,
            N_("“{value}” cannot be used for {field}."),
            N_("Give a number from {low} to {high}."),
            low=low,
            high=high,
        )
    return value


def flag(query: Query, name: str) -> bool:
    """Return a yes/no parameter; absent is no."""
    text = query.get(name, "").lower()
    if text not in TRUE | FALSE:
        raise fault(name, text, N_("“{value}” cannot be used for {field}."), N_("Give 1 or 0."))
    return text in TRUE


def short_text(query: Query, name: str) -> str | None:
    """Return a text parameter, None when absent or empty."""
    text = query.get(name) or None
    if text is not None and len(text) > MAX_TEXT:
        raise fault(
            name, text, N_("The value of {field} is too long."), N_("Give at most {limit} characters."), limit=MAX_TEXT
        )
    return text


def one_of(query: Query, name: str, known: tuple[str, ...], default: str) -> str:
    """Return one of the `known` words."""
    text = query.get(name) or default
    if text not in known:
        raise fault(
            name, text, N_("“{value}” cannot be used for {field}."), N_("Use one of: {known}."), known=", ".join(known)
        )
    return text


def categories(query: Query) -> tuple[str, ...]:
    """Return the wished categories, sorted and once each; empty means all."""
    wished = sorted(set(query.getlist("category")))
    if len(wished) > MAX_CATEGORIES:
        raise fault(
            "category",
            len(wished),
            N_("{value} categories are too many."),
            N_("Give at most {limit}, or none for all."),
            limit=MAX_CATEGORIES,
        )
    return tuple(wished)


def members(query: Query, name: str, low: int, high: int) -> tuple[int, ...]:
    """Return whole numbers from `low` to `high`, sorted and once each: "8", "8,9", "22-5" (both ends, around the end).

    All of them is the same as none: the filter is off.
    """
    text = query.get(name, "")
    found: set[int] = set()
    size = high - low + 1
    for part in text.split(",") if text.strip() else []:
        match = re.fullmatch(r"\s*(\d{1,2})(?:-(\d{1,2}))?\s*", part, re.ASCII)
        first = int(match[1]) if match else -1
        last = int(match[2]) if match and match[2] else first
        if not (low <= first <= high and low <= last <= high):
            raise fault(
                name,
                text,
                N_("“{value}” cannot be used for {field}."),
                N_("Give numbers from {low} to {high}, such as {low},{high} or {low}-{high}."),
                low=low,
                high=high,
            )
        found.update(low + (first - low + step) % size for step in range((last - first) % size + 1))
    return () if len(found) == size else tuple(sorted(found))


def metric_bbox(query: Query, crs: str | None) -> tuple[float, float, float, float] | None:
    """Return ``bbox=west,south,east,north`` (degrees) as a box in metres of `crs`; None when not asked."""
    text = query.get("bbox")
    if not text or crs is None:
        return None
    try:
        parts = [float(part) for part in text.split(",")]
    except ValueError:
        parts = []
    bad = fault(
        "bbox", text, N_("The map section {value} cannot be used."), N_("Give west, south, east, north in degrees.")
    )
    if len(parts) != 4 or not all(map(math.isfinite, parts)) or not -90 <= parts[1] <= parts[3] <= 90:
        raise bad
    west, south, east, north = parts
    return bbox_from_lonlat(west, south, east, north, crs)


def edition_of(query: Query) -> str:
    """Return the year of the edition of the standard's table."""
    return one_of(query, "edition", tuple(EDITIONS), "2014")


def task_of(query: Query, year: str) -> str | None:
    """Return the class of the standard in lower case, None when absent or "range" (as far as a camera's range)."""
    text = (query.get("task") or RANGE).lower()
    known = tuple(task.name for task in EDITIONS[year].tasks)
    if text not in (RANGE, *known):
        raise fault(
            "task",
            text,
            N_("The {year} edition has no class “{value}”."),
            N_("Choose one of: {tasks}."),
            year=year,
            tasks=", ".join(known),
        )
    return None if text == RANGE else text


def _against_window(query: Query, timezone: str) -> tuple[np.datetime64, np.datetime64]:
    """Return the window of ``against=custom``, whose both sides are needed."""
    names = ("against_from", "against_to")
    start, end = window(query.get(names[0]), query.get(names[1]), timezone, names)
    if start is None or end is None:
        raise fault(
            names[0] if start is None else names[1],
            "",
            N_("The window to compare with has no {field}."),
            N_("Give both against_from and against_to, or against=previous or last_year."),
        )
    return start, end


def hotspot_params(query: Query) -> HotspotParams:
    """Return what a request asks of the hot spots."""
    plain = HotspotParams()
    chosen = query.get("size_m", "") not in ("", "0", "auto")
    return HotspotParams(
        unit=one_of(query, "unit", UNITS, plain.unit),  # type: ignore[arg-type]
        size_m=number(query, "size_m", math.nan, LEAST_SIZE_M, MOST_SIZE_M) if chosen else None,
        step=one_of(query, "step", STEPS, plain.step),  # type: ignore[arg-type]
        steps=int(number(query, "steps", plain.steps, 1, MOST_STEPS, whole=True)),
        q=number(query, "q", plain.q, 0.001, 0.25),
    )


STATE_ASKED = {"": None, "all": None, **{name: name for name in (*STATES, GONE)}}


def finding_params(query: Query) -> dict[str, Any]:
    """Return which findings a request asks for: ``kind`` (repeated), ``severity``, ``at_level``, ``state``."""
    kinds = tuple(dict.fromkeys(text for text in query.getlist("kind") if text))
    for kind in kinds:
        if kind not in TITLES:
            raise fault(
                "kind", kind, N_("There is no kind of finding “{value}”."), N_("Use one of: {known}."),
                known=", ".join(TITLES),
            )  # fmt: skip
    severity = one_of(query, "severity", ("", *SEVERITIES), "") or None
    state, level = STATE_ASKED[one_of(query, "state", tuple(STATE_ASKED), "")], short_text(query, "at_level")
    return {"finding_kinds": kinds, "finding_severity": severity, "finding_level": level, "finding_state": state}


def layer_params(query: Query, snapshot: Snapshot, lang: str) -> Params:
    """Return what a request asks of a layer."""
    from web.work_params import balance_params  # reads its numbers as this module does

    start, end = window(query.get("from"), query.get("to"), snapshot.timezone)
    against = one_of(query, "against", AGAINST, "previous")
    earlier = _against_window(query, snapshot.timezone) if against == "custom" else (None, None)
    scale_start, scale_end = window(query.get("scale_from"), query.get("scale_to"), snapshot.timezone, SCALE_NAMES)
    zoom = query.get("zoom")
    return Params(
        level=short_text(query, "level"),
        parent=short_text(query, "parent"),
        start=start,
        end=end,
        categories=categories(query),
        hours=members(query, "hours", 0, 23),
        weekdays=members(query, "weekdays", 1, 7),
        bbox=metric_bbox(query, snapshot.crs),
        zoom=None if not zoom else int(number(query, "zoom", 0, 0, 24)),
        near_m=number(query, "near_m", 15.0, 0.0, 1000.0),
        assumed_range_m=number(query, "assumed_range_m", 50.0, 1.0, 1000.0),
        online_only=flag(query, "online_only"),
        edition=(table := edition_of(query)),
        task=task_of(query, table),
        target_height_m=number(query, "target_height_m", 1.6, 0.0, 100.0),
        radius_m=number(query, "radius_m", 120.0, 5.0, 5000.0),
        kernel=one_of(query, "kernel", KERNELS, "quartic"),
        weight=one_of(query, "weight", WEIGHTS, "none"),
        ramp=one_of(query, "ramp", RAMP_NAMES, RAMP_NAMES[0]),
        lang=lang,
        metric=one_of(query, "metric", METRICS, "per_km2"),  # type: ignore[arg-type]
        method=one_of(query, "method", METHODS, "quantiles"),  # type: ignore[arg-type]
        against=against,  # type: ignore[arg-type]
        against_start=earlier[0],
        against_end=earlier[1],
        hotspots=hotspot_params(query),
        balance=balance_params(query),
        **finding_params(query),
        division=one_of(query, "division", ("today", "then"), "today"),
        scale_start=scale_start,
        scale_end=scale_end,
    )
