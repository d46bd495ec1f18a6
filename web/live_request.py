"""What a program sends as incidents, every value checked before anything is stored: places and times, no persons."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from flask import request

from geo.columns import Snapshot
from geo.crs import WGS84, try_transform_xy
from geo.errors import N_, ParameterError
from geo.extent import SAYS_WHERE, Box, city_box
from layers.memo import Memo
from store.errors import PersonalDataError
from store.intake.guard import by_header, cell_kind
from store.intake.guard_words import PHONE
from store.live import MOST_AT_ONCE, NEVER, LiveIncident
from store.values import FIRST_TIME
from web.errors import RequestError
from web.params import moment

LONGEST_ID, LONGEST_TEXT = 200, 200
AHEAD = np.timedelta64(24, "h")  # of a sender's clock
OUTSKIRTS_M = 10_000.0
FIELDS = ("id", "lon", "lat", "occurred_at", "category", "status", "severity", "grid_code", "simulated")
_boxes = Memo(16)


def body() -> tuple[list[Any], bool]:
    """Return the objects of the request, and whether it was a list.

    Raises
    ------
    RequestError
        It is no JSON object or list of 1 to `MOST_AT_ONCE`, or holds text that cannot be stored.
    """
    try:
        found = request.get_json()
        json.dumps(found, ensure_ascii=False, allow_nan=True).encode()
    except (RecursionError, UnicodeEncodeError):
        found = None
    if isinstance(found, dict):
        return [found], False
    if not isinstance(found, list) or not 0 < len(found) <= MOST_AT_ONCE:
        raise RequestError(
            400,
            "parameter",
            N_("The request must be one incident as a JSON object, or a list of them."),
            N_("Send 1 to {limit} incidents at a time."),
            limit=MOST_AT_ONCE,
        )
    return found, True


def incidents(
    sent: list[Any], snapshot: Snapshot, now: np.datetime64, *, listed: bool
) -> tuple[list[LiveIncident], bool]:
    """Return the incidents that were sent, and whether they are an exercise ("simulated").

    Raises
    ------
    ParameterError
        With the field ("[3].lon"), the value and a remedy; nothing of the request is taken then.
    PersonalDataError
        A field or a text looks like data about a person.
    """
    marks = set()
    found = []
    for index, one in enumerate(sent):
        at = f"[{index}]." if listed else ""
        if not isinstance(one, dict):
            raise _fault(f"[{index}]", one, N_("Send each incident as a JSON object."))
        _check_names(one, at)
        mark = one.get("simulated", False)
        if not isinstance(mark, bool):
            raise _fault(f"{at}simulated", mark, N_("Give true or false."))
        marks.add(mark)
        found.append(_incident(one, at, snapshot, now))
    if len(marks) > 1:
        raise _fault("simulated", "…", N_("Send simulated incidents in a request of their own."))
    return found, marks.pop()


def _incident(one: Mapping[str, Any], at: str, snapshot: Snapshot, now: np.datetime64) -> LiveIncident:
    name = one.get("id")
    if isinstance(name, int) and not isinstance(name, bool):
        name = str(name)
    if name is None or name == "":
        raise ParameterError(
            N_("The incident has no id."),
            N_(
                "Give it the id it has in your system: by it a repeated request is known, so that nothing counts twice."
            ),
            field=f"{at}id",
        )
    name = _text(name, f"{at}id", LONGEST_ID, phones=not str(name).isdigit())
    assert name is not None
    x, y = _place(one, at, snapshot)
    return LiveIncident(
        name,
        x,
        y,
        _text(one.get("category"), f"{at}category"),
        _time(one.get("occurred_at"), f"{at}occurred_at", snapshot.timezone, now),
        _text(one.get("grid_code"), f"{at}grid_code"),
        _text(one.get("status"), f"{at}status"),
        _severity(one.get("severity"), f"{at}severity"),
    )


def _fault(field: str, value: object, remedy: str, **params: Any) -> ParameterError:
    return ParameterError(
        N_("“{value}” cannot be used for {field}."), remedy, field=field, value=str(value)[:80], **params
    )


def _check_names(one: Mapping[str, Any], at: str) -> None:
    for name in one:
        if name in FIELDS:
            continue
        what = by_header(name)
        if what is not None:
            raise PersonalDataError(
                N_("“{column}” looks like data about persons ({what}), which GridAtlas never stores."),
                N_("Leave the field out of what you send."),
                column=name[:80],
                what=what,
                field=f"{at}{name[:80]}",
            )
        raise ParameterError(
            N_("An incident has no field “{value}”."),
            N_("Use: {known}."),
            field=f"{at}{name[:80]}",
            value=name[:80],
            known=", ".join(FIELDS),
        )


def _text(value: Any, field: str, longest: int = LONGEST_TEXT, *, phones: bool = True) -> str | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise _fault(field, value, N_("Give a text."))
    value = value.strip()
    if len(value) > longest or any(letter < " " or letter == "\x7f" for letter in value):
        raise _fault(field, value, N_("Give at most {limit} characters, none of them a control."), limit=longest)
    what = cell_kind(value)
    # A serial number of eleven digits may look like a mobile's; an id that is nothing but digits is taken for one.
    if what is not None and (phones or what != PHONE):
        raise PersonalDataError(
            N_("The text holds data about a person ({what})."),
            N_("Remove it from the text; GridAtlas is about places."),
            what=what,
            field=field,
        )
    return value or None


def _number(value: Any, field: str, low: float, high: float) -> float:
    plain = isinstance(value, (int, float)) and not isinstance(value, bool)
    try:
        number = float(value) if plain else math.nan
    except OverflowError:
        number = math.nan
    if not low <= number <= high or not math.isfinite(number):
        raise _fault(field, value, N_("Give a number from {low} to {high}."), low=low, high=high)
    return number


def _severity(value: Any, field: str) -> float | None:
    if value is None:
        return None
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 <= value < 1e12:
        raise _fault(field, value, N_("Give a number of 0 or more by your own scale, more being graver, or null."))
    return float(value)


def _time(value: Any, field: str, timezone: str, now: np.datetime64) -> np.datetime64:
    if value is None or value == "":
        return NEVER
    if not isinstance(value, str):
        raise _fault(field, value, N_("Write it as 2024-05-31T08:00+08:00."))
    found = moment(value, field, timezone)
    if found is None or found < FIRST_TIME:
        raise _fault(field, value, N_("Write it as 2024-05-31T08:00+08:00."))
    if found > now + AHEAD:
        raise _fault(field, value, N_("The time is more than a day ahead: check the clock and the time zone."))
    return found


def _place(one: Mapping[str, Any], at: str, snapshot: Snapshot) -> tuple[float, float]:
    lon = _number(one.get("lon"), f"{at}lon", -180.0, 180.0)
    lat = _number(one.get("lat"), f"{at}lat", -90.0, 90.0)
    crs = snapshot.crs
    assert crs is not None
    place = _metres(lon, lat, crs)
    box = allowed_box(snapshot)
    if place is not None and (box is None or _inside(place, box)):
        return place
    turned = _metres(lat, lon, crs) if abs(lon) <= 90 else None
    remedy = N_("Give longitude and latitude in degrees (WGS 84); it must lie within {km} km of the city.")
    if turned is not None and box is not None and _inside(turned, box):
        remedy = N_("Longitude and latitude seem to be swapped: lon is the first, east of Greenwich.")
    raise ParameterError(
        N_("The place {value} is far outside the city of this store."),
        remedy,
        field=f"{at}lon",
        value=f"{lon:.6g}, {lat:.6g}",
        km=int(OUTSKIRTS_M / 1000),
    )


def _metres(lon: float, lat: float, crs: str) -> tuple[float, float] | None:
    x, y, ok = try_transform_xy(np.array([lon]), np.array([lat]), WGS84, crs)
    return (float(x[0]), float(y[0])) if ok[0] else None


def _inside(place: tuple[float, float], box: Box) -> bool:
    return box[0] <= place[0] <= box[2] and box[1] <= place[1] <= box[3]


def allowed_box(snapshot: Snapshot) -> Box | None:
    """Return the box (metres) that a place must lie in: the city and its outskirts. None: not known.

    Never that of the incidents themselves, which would let one stray place make room for the next.
    """
    box = _boxes.get(tuple(snapshot[name] for name in SAYS_WHERE), "box", lambda: city_box(snapshot))
    if box is None:
        return None
    west, south, east, north = box
    return west - OUTSKIRTS_M, south - OUTSKIRTS_M, east + OUTSKIRTS_M, north + OUTSKIRTS_M
