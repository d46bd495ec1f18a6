"""The written forms of dates and times, read column-wise: values of one shape are cut at the same places.

A shape is the text with every digit made "0". Whether a shape is a time, and where its parts stand, is found once per
shape; the digits of all its values are then read as arrays. What the digits mean (day or month first, which zone)
is decided in `times`.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from store.intake.texts import LOOKED_AT

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

LONGEST = 48
_MONTH_NAMES = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_MONTHS = {name: number for number, name in enumerate(_MONTH_NAMES, 1)}
_CHINESE = (
    ("年", "-"),
    ("月", "-"),
    ("日", " "),
    ("号", " "),
    ("时", ":"),
    ("時", ":"),
    ("点", ":"),
    ("分", ":"),
    ("秒", " "),
    ("上午", " AM "),
    ("下午", " PM "),
    ("\u2212", "-"),
    ("\u2013", "-"),
)

_CLOCK = (
    r"(?:(?:T|[ ,]+)(?P<am>AM|PM)? ?(?P<h>00?)(?::(?P<mi>00?)(?::(?P<s>00?)(?:[.,](?P<f>0{1,9}))?)?)?:?"
    r" ?(?P<pm>[AP]\.?M\.?)?)?"
)
_ZONE = r" ?(?P<zone>Z|(?:UTC|GMT)? ?(?P<sign>[+-])(?P<zh>00?)(?::?(?P<zm>00))?|UTC|GMT)?"
_END = _CLOCK + _ZONE + r" *$"
_FORMS = tuple(
    (name, re.compile(date + _END))
    for name, date in (
        ("year first", r"(?P<Y>0000)(?P<sep>[-/.])(?P<M>00?)(?P=sep)(?P<D>00?)"),
        ("year last", r"(?P<a>00?)(?P<sep>[-/.])(?P<b>00?)(?P=sep)(?P<Y>0000)"),
        ("month name", r"(?:[A-Z]{3,9},? )?(?P<D>00?)[- ](?P<mon>[A-Z]{3})[A-Z]{0,6}[- ,]+(?P<Y>0000)"),
        ("month name", r"(?:[A-Z]{3,9},? )?(?P<mon>[A-Z]{3})[A-Z]{0,6}\.? (?P<D>00?),? (?P<Y>0000)"),
    )
)
_COMPACT = re.compile(
    r"(?P<Y>0000)(?P<M>00)(?P<D>00)(?:T?(?P<h>00)(?P<mi>00)(?:(?P<s>00)(?:[.,](?P<f>0{1,9}))?)?)?" + _ZONE + r" *$"
)
_SHORT_YEAR = re.compile(r"00?(?P<sep>[-/.])00?(?P=sep)00" + _END)


@dataclass
class Parts:
    """Parts of n texts, read by their shapes.

    Attributes
    ----------
    form
        Object array: name of the written form, "" where the text is none.
    year, month, day, hour, minute, second, ms
        int64; 0 where the text has no such part.
    first, second_number
        int64: the two numbers before a year that stands last, whose order is still to be decided; else 0.
    has_clock, has_zone
        Whether a time of day, and whether a zone, is written.
    offset_min
        int64, minutes east of UTC where a zone is written.
    short_year
        Texts like 3/4/24, which are never read.
    """

    form: NDArray[np.object_]
    year: Ints
    month: Ints
    day: Ints
    hour: Ints
    minute: Ints
    second: Ints
    ms: Ints
    first: Ints
    second_number: Ints
    offset_min: Ints
    has_clock: Mask
    has_zone: Mask
    short_year: Mask
    impossible: Mask = field(repr=False)


def tidy(values: list[str]) -> list[str]:
    """Return `values` in capitals with Chinese date words, wide digits and runs of blanks made plain."""
    joined = "\n".join(" ".join(value.split())[:LOOKED_AT] for value in values) if values else ""
    if not joined.isascii():
        joined = unicodedata.normalize("NFKC", joined)
        for word, plain in _CHINESE:
            joined = joined.replace(word, plain)
        joined = re.sub(" +", " ", joined).replace(" \n", "\n")
    result = joined.upper().split("\n")
    return [value.strip(" ") for value in result] if values else []


def read_parts(values: list[str]) -> Parts:
    """Return the parts of `values` (already tidied)."""
    n = len(values)

    def number() -> Ints:
        return np.zeros(n, dtype=np.int64)

    def flag() -> Mask:
        return np.zeros(n, dtype=np.bool_)

    parts = Parts(
        np.full(n, "", dtype=object),
        number(),
        number(),
        number(),
        number(),
        number(),
        number(),
        number(),
        number(),
        number(),
        number(),
        flag(),
        flag(),
        flag(),
        flag(),
    )
    usable = [value if value.isascii() and len(value) <= LONGEST and "\0" not in value else "" for value in values]
    if not any(usable):
        return parts
    text = np.array(usable, dtype=f"S{max(map(len, usable))}")
    bytes_ = np.ascontiguousarray(text).view(np.uint8).reshape(n, -1)
    shape = bytes_.copy()
    shape[(bytes_ >= 48) & (bytes_ <= 57)] = 48
    shapes, which = np.unique(shape.view(text.dtype).ravel(), return_inverse=True)
    order = np.argsort(which, kind="stable")
    ends = np.cumsum(np.bincount(which, minlength=len(shapes)))
    for position, raw in enumerate(shapes.tolist()):
        at = order[ends[position - 1] if position else 0 : ends[position]]
        _read_shape(raw.decode("ascii"), bytes_, at, parts)
    return parts


def _read_shape(shape: str, bytes_: NDArray[np.uint8], at: Ints, parts: Parts) -> None:
    if _SHORT_YEAR.match(shape):
        parts.short_year[at] = True
        return
    name, match = "compact", _COMPACT.match(shape)
    if match is None:
        name, match = next(((name, m) for name, form in _FORMS if (m := form.match(shape))), ("", None))
    if match is None:
        return
    groups = match.re.groupindex

    def number(group: str) -> Ints:
        if group not in groups or match.group(group) is None:
            return np.zeros(len(at), dtype=np.int64)
        total = np.zeros(len(at), dtype=np.int64)
        for column in range(*match.span(group)):
            total = total * 10 + (bytes_[at, column].astype(np.int64) - 48)
        return total

    def written(group: str) -> str:
        return (match.group(group) or "") if group in groups else ""

    month = _MONTHS.get(written("mon"), 0) if "mon" in groups else None
    if month == 0:
        return
    parts.form[at] = name
    parts.year[at], parts.day[at] = number("Y"), number("D")
    parts.month[at] = number("M") if month is None else month
    parts.first[at], parts.second_number[at] = number("a"), number("b")
    parts.minute[at], parts.second[at] = number("mi"), number("s")
    fraction = written("f")
    parts.ms[at] = number("f") * 1000 // 10 ** len(fraction) if fraction else 0
    parts.has_clock[at] = bool(written("h"))
    hour = number("h")
    half = (written("am") or written("pm")).replace(".", "")
    if half:
        parts.impossible[at] |= (hour < 1) | (hour > 12)
        hour = hour % 12 + (12 if half == "PM" else 0)
    parts.hour[at] = hour
    if written("zone"):
        parts.has_zone[at] = True
        sign = -1 if written("sign") == "-" else 1
        hours, minutes = number("zh"), number("zm")
        parts.offset_min[at] = sign * (hours * 60 + minutes)
        parts.impossible[at] |= (hours > 15) | (minutes > 59)
