"""Single values that are personal data: identity numbers, phones, e-mails, plates, pictures, names.

Each test is about a text alone. Whether a column is refused is decided in `guard` by how many of its texts are found.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from types import MappingProxyType

import phonenumbers
from stdnum.cn import ric
from stdnum.es import dni
from stdnum.fi import hetu
from stdnum.it import codicefiscale
from stdnum.no import fodselsnummer
from stdnum.se import personnummer
from stdnum.us import ssn

from store.intake.guard_words import (
    COMPOUND_SURNAMES,
    EMAIL,
    FACE,
    FAMILY_NAMES,
    GIVEN_NAMES,
    IDENTITY,
    PHONE,
    PLACE_ENDS,
    PLACE_PAIRS,
    PLACE_WORDS,
    PLATE,
    PROVINCES,
    SURNAMES,
)

_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{2,24}(?![\w-])")
_RIC = re.compile(
    r"(?<![0-9A-Za-z])[1-9]\d{5}(?:1[89]|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?![0-9A-Za-z])"
)
_HETU = re.compile(r"(?<![0-9A-Za-z])[0-3]\d[01]\d{3}[-+A-FU-Y]\d{3}[0-9A-Y](?![0-9A-Za-z])")
_SSN = re.compile(r"(?<![\d-])\d{3}-\d{2}-\d{4}(?![\d-])")
_CHINESE_MOBILE = re.compile(
    r"(?<![0-9A-Za-z.])(?:(?:\+|00)?86[- ]?)?(1[3-9]\d)([- ]?)(\d{4})\2(\d{4})(?![0-9A-Za-z.]|[-/]\d)"
)
_CHINESE_LINE = re.compile(r"(?<!\d)\(?0\d{2,3}[)\- ]+[2-9]\d{6,7}(?!\d)")
_AMERICAN = re.compile(r"(?<![\d-])(?:\+?1[-. ])?(?:\([2-9]\d{2}\) ?|[2-9]\d{2}[-.])[2-9]\d{2}[-.]\d{4}(?![\d-])")
_PLUS = re.compile(r"(?<![\w+])\+\d[\d ()./-]{6,20}\d")
_PLATE = re.compile(
    r"(?<![\w])[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-HJ-NP-Z][·•\- ]?"
    r"(?:[A-HJ-NP-Z0-9]{4}[A-HJ-NP-Z0-9挂学警港澳]|[DF][A-HJ-NP-Z0-9]\d{4}|\d{5}[DF])(?!\w)"
)
_PICTURE = re.compile(r"data:image/|^(?:/9j/[A-Za-z0-9+/]{40}|iVBORw0KGgo|R0lGOD(?:lh|dh))")
_HAN_NAME = re.compile(r"[\u4e00-\u9fff]{2,4}$")
_LATIN_NAME = re.compile(r"[A-Za-zÀ-ÿ][A-Za-zÀ-ÿ'’-]*\.?(?:,? [A-Za-zÀ-ÿ][A-Za-zÀ-ÿ'’-]*\.?){1,3}$")
_DIGIT_OR_AT = re.compile(r"[0-9@]")


def identity_number(text: str) -> bool:
    """Return whether `text` holds an identity number: by checksum and date, or the written form of a US SSN."""
    if any(_resident(match) for match in _RIC.findall(text)):
        return True
    if any(hetu.is_valid(match) for match in _HETU.findall(text)):
        return True
    if any(ssn.is_valid(match) for match in _SSN.findall(text)):
        return True
    return _national(text)


def _resident(number: str) -> bool:
    """Return whether `number` has a Chinese province, a date of birth and the check digit (GB 11643-1999).

    The county is not asked: python-stdnum knows only those of the year of birth, and not all of them.
    """
    if number[:2] not in PROVINCES:
        return False
    try:
        dt.date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    return bool(ric.calc_check_digit(number) == number[-1].upper())


def _national(text: str) -> bool:
    """Numbers of a written form of their own, whole cells only; bare digits would meet too many codes by chance."""
    if len(text) in (11, 13) and text[-5:-4] in "-+" and text.replace("-", "").replace("+", "").isdigit():
        return bool(personnummer.is_valid(text))
    if len(text) == 12 and text[6:7] == " " and text.replace(" ", "").isdigit():
        return bool(fodselsnummer.is_valid(text))
    if len(text) == 16 and text[:6].isalpha() and text.isalnum():
        return bool(codicefiscale.is_valid(text))
    return len(text) in (9, 10) and text[:8].isdigit() and text[-1:].isalpha() and bool(dni.is_valid(text))


def phone_number(text: str) -> bool:
    """Return whether `text` holds a phone number: Chinese, North American as written, or international with "+"."""
    if _CHINESE_MOBILE.search(text) or _CHINESE_LINE.search(text) or _AMERICAN.search(text):
        return True
    for match in _PLUS.findall(text):
        try:
            if phonenumbers.is_valid_number(phonenumbers.parse(match, None)):
                return True
        except phonenumbers.NumberParseException:
            continue
    return False


def email(text: str) -> bool:
    """Return whether `text` holds an e-mail address."""
    return "@" in text and bool(_EMAIL.search(text))


def plate(text: str) -> bool:
    """Return whether `text` holds a vehicle plate of mainland China (others are known by their header only)."""
    return bool(_PLATE.search(text.upper()))


def picture(text: str) -> bool:
    """Return whether `text` is an embedded picture."""
    return len(text) > 10 and bool(_PICTURE.search(text))


def chinese_name(text: str) -> bool:
    """Return whether `text` is written like a Chinese personal name and unlike a place or a unit."""
    if not _HAN_NAME.match(text):
        return False
    if text[:2] in COMPOUND_SURNAMES:
        return len(text) in (3, 4) and text[-1] not in PLACE_ENDS
    if len(text) > 3 or text[0] not in SURNAMES:
        return False
    return text[-1] not in PLACE_ENDS and not any(pair in text for pair in PLACE_PAIRS)


def western_name(text: str) -> bool:
    """Return whether `text` is a common given name with a common family name, in either order, and no place word."""
    if not _LATIN_NAME.match(text):
        return False
    words = [word.strip(".,").lower() for word in text.split()]
    if any(word in PLACE_WORDS for word in words):
        return False
    first, last = words[0], words[-1]
    if "," in text:
        first, last = words[1], words[0]
    return first in GIVEN_NAMES and last in FAMILY_NAMES


def may_hold_number(text: str) -> bool:
    """Return whether `text` has a digit or an @, without which no number or address can be in it."""
    return bool(_DIGIT_OR_AT.search(text))


TESTS: MappingProxyType[str, Callable[[str], bool]] = MappingProxyType(
    {
        IDENTITY: identity_number,
        PHONE: phone_number,
        EMAIL: email,
        PLATE: plate,
        FACE: picture,
    }
)
