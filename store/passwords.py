"""Passwords: what is taken as one, and how it is kept.

Rules after NIST SP 800-63B-4, 3.1.1.2, and OWASP ASVS 5.0, 6.2: length, no common ones, no rule about kinds of signs,
no change by the calendar. Kept by Argon2id with the parameters that RFC 9106 names second (64 MiB, three passes).
"""

from __future__ import annotations

import hashlib
import secrets
import unicodedata
from functools import cache
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from geo.errors import N_, ParameterError

LEAST, MOST = 12, 256
_KINDS = 5  # different signs at least: "aaaaaaaaaaaa" and "121212121212" are guessed first
_COMMON = Path(__file__).with_name("common_passwords.txt")
_HASHER = PasswordHasher(time_cost=3, memory_cost=65536, parallelism=4)
# Of a password that nobody knows: checked for accounts that are not there, so that the answer takes as long.
DUMMY = "$argon2id$v=19$m=65536,t=3,p=4$7ha4O1D25rxXWVL9DUdTvA$fmEjfwk64aTqRiLUoYh7cgS2PZYSenHR9kk+SVqUefw"


def normal(password: str) -> str:
    """Return a password as it is hashed: the same signs typed on any keyboard are the same password.

    Of a longer text than any password the beginning: to put marks in order takes the square of their number.
    """
    return unicodedata.normalize("NFKC", password[: MOST + 1])


@cache
def common() -> frozenset[str]:
    """Return passwords that are known to be tried first, in lower case."""
    lines = _COMMON.read_text("utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


def check(password: str, name: str) -> None:
    """Refuse a password that is too short, too long or easily guessed.

    Raises
    ------
    ParameterError
        With the rule that it breaks; the password itself is never in it.
    """
    text = normal(password)
    if len(password) > MOST or not LEAST <= len(text) <= MOST:
        raise ParameterError(
            N_("A password has {least} to {most} signs."),
            N_("A few words that only you put together are long and easy to keep."),
            field="password", least=LEAST, most=MOST,
        )  # fmt: skip
    folded = text.casefold()
    own = normal(name).casefold()
    known = (len(own) >= 4 and own in folded) or "gridatlas" in folded
    # What is appended to a common one to pass a rule adds next to nothing.
    stem = folded.strip("0123456789!?.,;:-_*#@$%&+ ")
    half = folded[: len(folded) // 2]
    listed = {folded, stem, half if half * 2 == folded else folded} & common()
    if known or len(set(folded)) < _KINDS or listed:
        raise ParameterError(
            N_("This password is easily guessed."),
            N_("Choose one that is not on lists of common passwords and does not hold the sign-in name."),
            field="password",
        )


def hashed(password: str) -> str:
    """Return what is kept of a password."""
    return _HASHER.hash(normal(password))


def matches(kept: str | None, password: str) -> bool:
    """Return whether `password` is the one that `kept` was made from; takes as long when nothing is kept."""
    # A longer text is no password that was ever taken: not worth more work.
    text = normal(password) if len(password) <= MOST else ""
    try:
        _HASHER.verify(kept or DUMMY, text)
    except VerifyMismatchError:
        return False
    return kept is not None


def outdated(kept: str) -> bool:
    """Return whether `kept` was made with other parameters than today's."""
    return _HASHER.check_needs_rehash(kept)


def new_secret() -> str:
    """Return 256 random bits as text for an address or a cookie."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> bytes:
    """Return what is kept of a random secret; there is nothing to guess, so it needs no salt and no slow hash."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
