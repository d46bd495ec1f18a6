"""Direction texts: degrees, compass points, arcs, lists, directions of travel, Chinese words, GB/T 28181 codes.

A direction of travel ("N/B", "West Bound", "s/b @ 31st Pl") says which way the watched traffic goes. It is the only
direction such a source gives, so it is kept as the azimuth with the width of its sector as tolerance,
and a note says where it comes from.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Form = Literal["degrees", "compass", "travel", "code", "arc", "panorama", "list", "unknown", "range"]

_POINTS = ["N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE", "S", "SSW", "SW", "WSW", "W", "WNW", "NW", "NNW"]
COMPASS = MappingProxyType({point: index * 22.5 for index, point in enumerate(_POINTS)})
_WORDS = {"NORTH": "N", "SOUTH": "S", "EAST": "E", "WEST": "W", "东": "E", "南": "S", "西": "W", "北": "N", "東": "E"}
_CHINESE = MappingProxyType(
    {
        "东": "E",
        "南": "S",
        "西": "W",
        "北": "N",
        "东南": "SE",
        "东北": "NE",
        "西南": "SW",
        "西北": "NW",
        "南东": "SE",
        "北东": "NE",
        "南西": "SW",
        "北西": "NW",
    }
)
# GB/T 28181 DirectionType, the optical axis; not in compass order (FACTS: secondary source).
GBT28181 = MappingProxyType({"1": "E", "2": "W", "3": "S", "4": "N", "5": "SE", "6": "NE", "7": "SW", "8": "NW"})
GBT28181_COLUMNS = frozenset({"directiontype", "方向类型", "监视方位", "摄像机方向类型"})

_NUMBER = r"[+-]?\d+(?:[.,]\d+)?"
_DEGREES = re.compile(rf"({_NUMBER}) ?(?:°|º|˚|DEG(?:REES?)?|度)?$", re.IGNORECASE)
_ARC = re.compile(r"(\d+(?:[.,]\d+)?) ?(?:°|º)? ?(?:-|–|—|~|TO) ?(\d+(?:[.,]\d+)?) ?(?:°|º)?$", re.IGNORECASE)
_POINT_ARC = re.compile(r"([NESW]{1,3}) ?(?:-|–|TO) ?([NESW]{1,3})$")
_WORD_POINT = re.compile(r"(NORTH|SOUTH|EAST|WEST)[ -]?(NORTH|SOUTH|EAST|WEST)?[ -]?(NORTH|SOUTH|EAST|WEST)?$")
_TRAVEL = re.compile(
    r"(?<![A-Z0-9])(?:(?P<short>[NS]?[EW]?)(?: ?/ ?B)(?![A-Z0-9])"
    r"|(?P<word>(?:NORTH|SOUTH)?[ -]?(?:EAST|WEST)?)[ -]?BOUN[DT](?![A-Z0-9]))"
)
_BOUND = re.compile(r"([NS]?[EW]?)B$")
_CHINESE_POINT = re.compile(r"(?:.*?[向往朝至])?正?([东南西北]{1,2})(?:方|面|侧|方向|向)?$")


@dataclass(frozen=True)
class Direction:
    """What a direction text says.

    Attributes
    ----------
    form
        How it was written; "range" for degrees outside 0 to 360.
    azimuth_deg
        Clockwise from true north, None where the text does not give one.
    tolerance_deg
        Half-width of what is known: 0 for degrees, half a sector for compass points.
    hfov_deg
        Width where the text is an arc.
    """

    form: Form
    azimuth_deg: float | None = None
    tolerance_deg: float | None = None
    hfov_deg: float | None = None


UNKNOWN = Direction("unknown")


def read_direction(text: str) -> Direction:
    """Return what `text` (not blank) says about a camera's direction."""
    plain = " ".join(text.split())
    upper = plain.upper().rstrip(".")
    parts = [part for part in re.split(r"\s*[;&|]\s*", upper) if part]
    if len(parts) > 1:
        return Direction("list") if any(_single(part).form != "unknown" for part in parts) else UNKNOWN
    found = _single(upper)
    return found if found.form != "unknown" else read_travel(plain)


def read_travel(text: str) -> Direction:
    """Return the direction of travel inside a longer text such as "Fort Lincoln Dr s/b @ 31st Pl NE"."""
    points: list[str] = []
    for match in _TRAVEL.finditer(text.upper().replace("\u00a0", " ")):
        point = match["short"] or _from_words(match["word"] or "")
        if point and point not in points:
            points.append(point)
    if not points:
        return UNKNOWN
    return _compass(points[0], "travel") if len(points) == 1 else Direction("list")


def read_gbt28181(text: str) -> Direction:
    """Return the optical axis of a GB/T 28181 DirectionType, 1 to 8."""
    point = GBT28181.get(text)
    return UNKNOWN if point is None else _compass(point, "code")


def _single(text: str) -> Direction:
    if match := _DEGREES.match(text):
        degrees = float(match[1].replace(",", "."))
        if not 0 <= degrees <= 360:
            return Direction("range")
        return Direction("degrees", degrees % 360.0, 0.0)
    if match := _ARC.match(text):
        return _arc(float(match[1].replace(",", ".")), float(match[2].replace(",", ".")))
    if text in COMPASS:
        return _compass(text, "compass")
    if (match := _POINT_ARC.match(text)) and match[1] in COMPASS and match[2] in COMPASS:
        return _arc(COMPASS[match[1]], COMPASS[match[2]])
    if _WORD_POINT.match(text) and (point := _from_words(text)) in COMPASS:
        return _compass(point, "compass")
    if (match := _BOUND.match(text)) and match[1]:
        return _compass(match[1], "travel")
    if (match := _CHINESE_POINT.match(text.replace("東", "东"))) and match[1] in _CHINESE:
        moving = re.search("[往至]|由|从", text)
        return _compass(_CHINESE[match[1]], "travel" if moving else "compass")
    return UNKNOWN


def _from_words(words: str) -> str:
    return "".join(_WORDS[word] for word in re.findall("NORTH|SOUTH|EAST|WEST", words))


def _compass(point: str, form: Form) -> Direction:
    return Direction(form, COMPASS[point], 11.25 if len(point) == 3 else 22.5)


def _arc(start: float, end: float) -> Direction:
    """Return the clockwise arc from `start` to `end`; the whole circle has no direction."""
    if not (0 <= start <= 360 and 0 <= end <= 360):
        return Direction("range")
    if abs(end - start) == 360:
        return Direction("panorama", hfov_deg=360.0)
    width = (end - start) % 360.0
    if width == 0:
        return UNKNOWN
    return Direction("arc", (start + width / 2) % 360.0, 0.0, width)
