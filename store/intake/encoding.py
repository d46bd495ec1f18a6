"""Text encodings: byte order marks, strict UTF-8, then a guess that is always noted."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from dataclasses import dataclass

from geo.errors import N_
from store.errors import IntakeError
from store.intake.notebook import NoteBook
from store.intake.plausibility import plausibility

# What a guess may choose from, in the order of preference among equals.
CANDIDATES = ("gb18030", "big5", "big5hkscs", "shift_jis", "euc_kr", "cp1252", "cp1251", "latin-1")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark is its beginning
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE_BYTES = 1 << 16
_PREVIEW_CHARACTERS = 60

GUESSED = N_("The encoding is not stated; {encoding} was guessed from the text. Check the preview, or give --encoding.")
DAMAGED = N_("{count} characters were already lost before this file was written (U+FFFD); they stay as they are.")
MARKED = N_("The file starts with a byte order mark; it was read as {encoding}.")


@dataclass(frozen=True)
class Detected:
    """An encoding and how it was found: "bom", "ascii", "utf-8" or "guess"."""

    name: str
    how: str

    @property
    def guessed(self) -> bool:
        return self.how == "guess"


def detect(data: bytes) -> Detected:
    """Tell the encoding of `data`: byte order mark, ASCII, strict UTF-8, else the most plausible candidate.

    Raises `IntakeError` where nothing is plausible.
    """
    for mark, name in _BOMS:
        if data.startswith(mark):
            return Detected(name, "bom")
    wide = _unmarked_utf16(data)
    if wide:
        return Detected(wide, "guess")
    if data.isascii():
        return Detected("utf-8", "ascii")
    if decodes(data, "utf-8"):
        return Detected("utf-8", "utf-8")
    ranked = _ranked(data)
    if not ranked or ranked[0][1] <= 0:
        raise IntakeError(
            N_("The encoding of the text cannot be told."),
            N_("Give it with --encoding; possible are: {candidates}."),
            candidates=", ".join(name for name, _ in ranked) or "-",
        )
    return Detected(ranked[0][0], "guess")


def decode(data: bytes, encoding: str | None, book: NoteBook) -> tuple[str, str]:
    """Decode a whole text strictly.

    Parameters
    ----------
    data
        The bytes of the file.
    encoding
        The user's choice; None detects.
    book
        Takes the notes: a guess, a byte order mark, characters lost earlier.

    Returns
    -------
    text, encoding
        The text without byte order mark and the name of the encoding.

    Raises
    ------
    IntakeError
        Unknown encoding, or bytes that are not in it.
    """
    if encoding is None:
        found = detect(data)
        name = found.name
        if found.guessed:
            book.add(GUESSED, encoding=name)
        elif found.how == "bom":
            book.add(MARKED, encoding=name)
    else:
        name = known_encoding(encoding)
    try:
        text = data.decode(name)
    except UnicodeDecodeError as error:
        raise wrong_encoding(name, data) from error
    text = text.removeprefix("\ufeff")
    note_damage(text, book)
    return text, name


def note_damage(text: str, book: NoteBook) -> None:
    """Note replacement characters that an earlier program left in the text."""
    if "\ufffd" in text:
        book.add(DAMAGED, count=text.count("\ufffd"))


def known_encoding(name: str) -> str:
    """Return `name` if it is a text encoding that Python knows; else raise `IntakeError`."""
    try:
        "".encode(name)
    except (LookupError, UnicodeError, ValueError) as error:
        raise IntakeError(
            N_("There is no encoding named {encoding}."),
            N_("Use a name such as utf-8, gb18030, big5, shift_jis or cp1252."),
            encoding=name,
        ) from error
    return name


def wrong_encoding(name: str, data: bytes) -> IntakeError:
    """Return the error for bytes that are not in the encoding `name`, listing what they may be in."""
    candidates = ", ".join(candidate for candidate, _ in encoding_candidates(data)) or "-"
    return IntakeError(
        N_("The text is not in {encoding}."),
        N_("Give the right one with --encoding; possible are: {candidates}."),
        encoding=name,
        candidates=candidates,
    )


def decodes(data: bytes, name: str) -> bool:
    """Whether all of `data` is valid in the encoding."""
    try:
        data.decode(name)
    except UnicodeDecodeError:
        return False
    return True


def encoding_candidates(data: bytes) -> list[tuple[str, str]]:
    """Return the encodings that `data` may be in, the most plausible first, each with a preview of its text.

    `data` may be the beginning of a file, cut within a character.
    """
    names = [name for mark, name in _BOMS if data.startswith(mark)][:1]
    wide = _unmarked_utf16(data[: len(data) // 2 * 2])
    if wide and not names:
        names.append(wide)
    sample = _sample(data) if not names else data[:4096]
    if not names:
        if _begins(sample, "utf-8"):
            names.append("utf-8")
        if not sample.isascii():
            names.extend(name for name, _ in _ranked(sample, _begins))
    return [(name, _preview(sample, name)) for name in names]


def preview_choices(data: bytes, limit: int | None) -> tuple[tuple[str, str], ...]:
    """Return `encoding_candidates` for a preview of a text that is more than ASCII, else nothing."""
    return () if limit is None or data.isascii() else tuple(encoding_candidates(data))


def _begins(data: bytes, name: str) -> bool:
    """Whether `data` is valid in the encoding but for a last character that may be incomplete."""
    try:
        codecs.getincrementaldecoder(name)().decode(data, final=False)
    except UnicodeDecodeError:
        return False
    return True


def _preview(sample: bytes, name: str) -> str:
    text = sample[:4096].decode(name, "replace").removeprefix("\ufeff")
    words = " ".join(text.split())
    first = next((at for at, char in enumerate(words) if not char.isascii()), 0)
    start = max(0, first - 20)
    return words[start : start + _PREVIEW_CHARACTERS].rstrip("\ufffd")


def _unmarked_utf16(data: bytes) -> str | None:
    """Recognise UTF-16 without a mark by its zero bytes, which lie on one side of each pair."""
    head = data[:4096]
    if len(head) < 4 or len(data) % 2:
        return None
    even, odd = head[::2].count(0), head[1::2].count(0)
    half = len(head) // 2
    if odd > half * 0.3 and even * 10 < odd and decodes(data, "utf-16-le"):
        return "utf-16-le"
    if even > half * 0.3 and odd * 10 < even and decodes(data, "utf-16-be"):
        return "utf-16-be"
    return None


def _sample(data: bytes) -> bytes:
    """Return lines that hold more than ASCII, up to 64 KiB."""
    if len(data) <= _SAMPLE_BYTES:
        return data
    kept, size = [], 0
    for line in data.splitlines():
        if not line.isascii():
            kept.append(line[:4096])
            size += len(kept[-1])
            if size > _SAMPLE_BYTES:
                break
    return b"\n".join(kept) or data[:_SAMPLE_BYTES]


def _ranked(data: bytes, valid: Callable[[bytes, str], bool] = decodes) -> list[tuple[str, float]]:
    """Return the candidates in which `data` is valid with their plausibility from -1 to 1, the best first."""
    scores = []
    sample = _sample(data)
    for order, name in enumerate(CANDIDATES):
        if valid(data, name):
            text = sample.decode(name, "ignore")
            scores.append((-plausibility(name, text), order, name))
    return [(name, -score) for score, _, name in sorted(scores)]
